#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# clang-tidy over the product's own code.
#   check_tidy.sh SOURCE_FOLDER BUILD_FOLDER
command -v clang-tidy >/dev/null || {
	echo "skipped: clang-tidy is not installed"
	exit 77
}
cd "$1" || exit 1
findings=$(find core pcap-tools examples -name '*.c' -print0 |
	xargs -0 -P 2 -n 4 clang-tidy --quiet -p "$2" 2>/dev/null | grep -E 'warning:|error:' | sort -u)
if [ -n "$findings" ]; then
	echo "$findings"
	exit 1
fi
echo "tidy: nothing to complain of"
