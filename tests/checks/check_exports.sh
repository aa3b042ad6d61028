#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Both libraries show exactly the functions of the public headers.
#   check_exports.sh SHARED_LIBRARY STATIC_LIBRARY
set -eu
shared=$(nm -D --defined-only "$1" | awk '$2 == "T" {print $3}' | sort)
static=$(nm -g --defined-only "$2" | awk '$2 == "T" {print $3}' | sort)
headers=$(cd "$(dirname "$0")/../../core/include/servicetrace" &&
	tr '\n' ' ' <./base.h >/dev/null && cat ./*.h | tr '\n' ' ' |
	grep -o 'ST_API [^;(]*(' | grep -o 'st_[a-z_0-9]*(' | tr -d '(' | sort -u)
status=0
for list in "$shared" "$static"; do
	if [ "$list" != "$headers" ]; then
		echo "exported, and declared in the headers:"
		printf '%s\n' "$list" >"${TMPDIR:-/tmp}/exports.$$"
		printf '%s\n' "$headers" | diff "${TMPDIR:-/tmp}/exports.$$" - || status=1
		rm -f "${TMPDIR:-/tmp}/exports.$$"
	fi
done
[ "$status" -eq 0 ] && echo "exports: $(echo "$headers" | wc -l) functions, all public"
exit "$status"
