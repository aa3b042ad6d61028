#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What Wireshark checks its own dissectors with, run on the plugin: checkhf.pl (fields registered and used), checkAPIs.pl
# (calls that are not allowed), check_typed_item_calls.py (types, masks and lengths of items), and fuzz-test.sh over
# captures with the plugin built for AddressSanitizer, Wireshark's allocator checking itself, and dissector bugs fatal.
# They are in the source package of the machine's Wireshark, fetched from the mirror of the machine's own apt into
# FOLDER and kept there for the next time. CAPTUREs have to be readable for all; without any, fuzz-test.sh is left out.
#
#   tests/plugin/checkers.sh FOLDER [CAPTURE...]
#
# PASSES (1): how often fuzz-test.sh goes over the captures. Needs the build folder build-asan (cmake --preset asan).
set -eu

folder=$(mkdir -p "${1:?folder for the source}" && cd "$1" && pwd)
shift
source=$(cd "$(dirname "$0")/../.." && pwd)

# apt with lists and sources of its own: nothing of the machine's is changed.
fetch() {
	mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' |
		grep '/debian/*$' | head -n 1)
	release=$(. /etc/os-release && echo "$VERSION_CODENAME")
	mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial"
	echo "deb-src $mirror $release main" >"$folder/sources.list"
	set -- -qq -o Dir::Etc::sourcelist="$folder/sources.list" -o Dir::Etc::sourceparts=- \
		-o Dir::State::lists="$folder/lists" -o Dir::Cache="$folder/cache"
	apt-get "$@" update
	(cd "$folder" && apt-get "$@" source --download-only wireshark 2>/dev/null)
	mkdir -p "$folder/wireshark"
	tar -xf "$folder"/wireshark_*.orig.tar.* -C "$folder/wireshark" --strip-components=1 \
		--wildcards '*/tools/*'
}

[ -d "$folder/wireshark/tools" ] || fetch
tools=$folder/wireshark/tools
failed=""

# check NAME COMMAND...: these checkers tell by words. What they say here when all is well is in ALLOWED.
check() {
	name=$1
	shift
	echo "--- $name"
	"$@" >"$folder/$name.log" 2>&1 || true
	if grep -vE "$ALLOWED" "$folder/$name.log"; then
		failed="$failed $name"
	fi
}

# Reports as text come from the core's malloc(): free() is right.
ALLOWED='^$|^0 warnings$|^Looking for files in|^Examining:|^All dissector modules|APIs in packet-tap-hops.c: free$'

# They know dissectors by their names, and fields that are declared one a line.
rm -rf "$folder/checked"
mkdir "$folder/checked"
for file in "$source"/wireshark-plugin/*.c; do
	awk '/^static int hf_.*,/ {
		sub(/;$/, "")
		sub(/^static int /, "")
		count = split($0, names, ", ")
		for (i = 1; i <= count; i++)
			print "static int " names[i] ";"
		next
	}
	{ print }' "$file" >"$folder/checked/packet-$(basename "$file" | sed 's/^packet-//')"
done
cd "$folder/checked"
check checkhf perl "$tools/checkhf.pl" ./*.c
check checkAPIs perl "$tools/checkAPIs.pl" --group dissectors-prohibited --group dissectors-restricted \
	--group deprecated --check-hf --check-value-string-array ./*.c
cd "$folder/wireshark" # it wants to stand in the source
check typed_items python3 "$tools/check_typed_item_calls.py" --mask --label --consecutive --missing-items \
	--folder "$folder/checked"

# Neither bash nor extcap programs, which "tshark -G plugins" starts, run with AddressSanitizer put before them, so that
# only tshark gets it where it reads a capture.
fuzz() {
	scratch=$(mktemp -d)
	mkdir "$scratch/bin"
	ln -s /usr/bin/editcap /usr/bin/capinfos "$scratch/bin"
	cat >"$scratch/bin/tshark" <<-'END'
		#!/bin/sh
		[ "$1" = -G ] || LD_PRELOAD=$PRELOAD WIRESHARK_PLUGIN_DIR=$PLUGINS exec /usr/bin/tshark "$@"
		exec /usr/bin/tshark "$@"
	END
	chmod +x "$scratch/bin/tshark"
	chmod 777 "$scratch"
	: >"$folder/fuzz-test.log"
	for capture; do
		capinfos "$capture" >/dev/null 2>&1 || continue # no capture, or damaged before
		fuzz_one "$capture" >"$scratch/log" 2>&1 || is_not_ours ||
			failed="$failed $(basename "$capture")"
		cat "$scratch/log" >>"$folder/fuzz-test.log"
	done
	rm -rf "$scratch"
}

# Where it fails, it leaves the damaged capture behind.
is_not_ours() {
	for damaged in "$scratch"/fuzz-*.pcap; do
		for way in "-2 -nVxr" "-2 -nr"; do
			# shellcheck disable=SC2086
			if ! WIRESHARK_PLUGIN_DIR=/nonexistent WIRESHARK_DEBUG_WMEM_OVERRIDE=strict \
				WIRESHARK_ABORT_ON_DISSECTOR_BUG=1 tshark $way "$damaged" >/dev/null 2>&1; then
				echo "    (Wireshark alone fails, too)" >>"$scratch/log"
				mv "$damaged" "$folder"
				return 0
			fi
		done
		mv "$damaged" "$folder"
	done
	return 1
}

fuzz_one() {
	# shellcheck disable=SC2016
	ST_BUILD=$source/build-asan WIRESHARK_DEBUG_WMEM_OVERRIDE=strict WIRESHARK_ABORT_ON_DISSECTOR_BUG=1 \
		python3 "$source/tests/plugin/shark.py" sh -euc '
		export SHELL=/bin/sh PRELOAD="${LD_PRELOAD:?build-asan is no build with sanitizers}" PLUGINS="$WIRESHARK_PLUGIN_DIR"
		unset LD_PRELOAD WIRESHARK_PLUGIN_DIR
		exec bash "$@"
	' sh "$tools/fuzz-test.sh" -a -2 -b "$scratch/bin" -d "$scratch" -p "${PASSES:-1}" "$1"
}

if [ $# -gt 0 ]; then
	echo "--- fuzz-test.sh over $# captures, passes: ${PASSES:-1}"
	fuzz "$@"
	echo "$(grep -c " OK (" "$folder/fuzz-test.log") gone through," \
		"$(grep -c "Wireshark alone" "$folder/fuzz-test.log") times Wireshark failed without the plugin as well"
fi
[ -z "$failed" ] || echo "failed:$failed (see $folder/*.log)" >&2
[ -z "$failed" ]
