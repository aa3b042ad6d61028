#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What is installed can be used: the example compiles by pkg-config against the
# installed headers, with the shared and with the static library, and runs.
#   check_install.sh BUILD_FOLDER SOURCE_FOLDER
set -eu
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
cmake --install "$1" --prefix "$root" >/dev/null
PKG_CONFIG_PATH=$(dirname "$(find "$root" -name servicetrace.pc)")
export PKG_CONFIG_PATH
libraries=$(dirname "$PKG_CONFIG_PATH")
# shellcheck disable=SC2046
gcc -o "$root/shared" "$2/examples/monitor.c" $(pkg-config --cflags --libs servicetrace libpcap)
# shellcheck disable=SC2046
gcc -o "$root/static" "$2/examples/monitor.c" $(pkg-config --cflags servicetrace) \
	"$libraries/libservicetrace.a" $(pkg-config --libs glib-2.0 jansson libgcrypt libpcap) -lm
for program in shared static; do
	if LD_LIBRARY_PATH=$libraries "$root/$program" /nonexistent 2>"$root/said"; then
		echo "$program: no error for a missing capture"
		exit 1
	fi
	grep -q "^monitor: " "$root/said"
done
for page in st-inject st-replay st-signatures; do
	test -s "$root/share/man/man1/$page.1"
	test -x "$root/bin/$page"
done
echo "install: the example builds and runs with both libraries"
