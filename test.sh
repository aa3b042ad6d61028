#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Installs what is missing, builds (plain, with sanitizers, the fuzzers) and runs every test.
# Ends with what was skipped and why, and ctest's own summary.
set -euo pipefail
cd "$(dirname "$0")"
. ./packages.sh

FUZZ_SECONDS=${FUZZ_SECONDS:-10}

# shellcheck disable=SC2086
install_packages $DEMO_PACKAGES $TEST_PACKAGES

build() {
	echo "== build: $1"
	cmake --preset "$1" -DST_BUILD_TESTS="$2" >/dev/null
	cmake --build --preset "$1"
}

build default ON
build asan ON
build fuzz OFF

echo "== tests with AddressSanitizer and UndefinedBehaviorSanitizer"
# Shards are the same code once more for each share.
ctest --preset asan -L "unit|simnet|replay|signatures" -E replay.shard -j 2 >build-asan/test.log || {
	cat build-asan/test.log
	exit 1
}
grep "tests passed" build-asan/test.log

echo "== fuzzers, $FUZZ_SECONDS s each"
tests/fuzz/run.sh build-fuzz "$FUZZ_SECONDS"

echo "== all tests"
log=build/test.log
result=0
ctest --preset default -j 2 | tee "$log" || result=$?

echo
echo "Skipped:"
grep -h "^skipped: " build/Testing/Temporary/LastTest.log | sort | uniq -c || echo "  nothing"
echo
sed -n '/tests passed/,$p' "$log"
exit "$result"
