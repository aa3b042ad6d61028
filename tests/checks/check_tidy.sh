#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# clang-tidy over the product's own code.
#   check_tidy.sh SOURCE_FOLDER BUILD_FOLDER
command -v clang-tidy >/dev/null || {
	echo "skipped: clang-tidy is not installed"
	exit 77
}
# Each version finds other things; Debian 12's is the one that has to be content.
clang-tidy --version | grep -q "version 14\." || {
	echo "skipped: clang-tidy 14 is the measure, here is another version"
	exit 77
}
cd "$1" || exit 1
findings=$(find core pcap-tools wireshark-plugin examples -name '*.c' -print0 |
	xargs -0 -P 2 -n 4 clang-tidy --quiet -p "$2" 2>/dev/null | grep -E 'warning:|error:' | sort -u)
if [ -n "$findings" ]; then
	echo "$findings"
	exit 1
fi
echo "tidy: nothing to complain of"
