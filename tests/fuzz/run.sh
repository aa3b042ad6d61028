#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs each fuzzer for a while, from the committed seeds, with its dictionary if it has one.
#   run.sh BUILD_FOLDER SECONDS
set -eu
build=$1
seconds=$2
here=$(dirname "$0")
for fuzzer in "$build"/tests/fuzz-*; do
	[ -x "$fuzzer" ] || continue
	name=${fuzzer##*/fuzz-}
	[ "$name" = make-seeds ] && continue
	corpus=$build/corpus/$name
	mkdir -p "$corpus"
	set --
	[ -f "$here/dictionaries/$name.dict" ] && set -- -dict="$here/dictionaries/$name.dict"
	"$fuzzer" "$@" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -verbosity=0 \
		-print_final_stats=1 -artifact_prefix="$build/finding-$name-" \
		"$corpus" "$here/seeds/$name" 2>&1 |
		tee "$build/fuzz-$name.log" | grep -E "ERROR|SUMMARY|number_of_executed_units" || true
	! grep -q -E "ERROR:|SUMMARY:" "$build/fuzz-$name.log"
	echo "fuzz-$name: no finding"
done
