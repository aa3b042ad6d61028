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

# Wireshark's part: below any prefix, in a home folder, and where the machine's Wireshark looks.
installed() {
	for path in "$@"; do
		test -s "$path" || {
			echo "not installed: $path"
			exit 1
		}
	done
}
if [ -d "$1/plugins" ]; then
	plugin=$(cd "$1" && ls -d plugins/*/epan/st.so)
	installed "$root/lib/wireshark/$plugin" "$root/lib/wireshark/extcap/st-inject" \
		"$root/share/wireshark/profiles/Service Traceroute/colorfilters"
	HOME=$root/home XDG_CONFIG_HOME='' cmake --install "$1" --prefix "$root/home/.local" >/dev/null
	installed "$root/home/.local/lib/wireshark/$plugin" \
		"$root/home/.config/wireshark/profiles/Service Traceroute/colorfilters"
	test "$(find "$root/home" -path '*wireshark/extcap/st-inject' -exec readlink -f {} \;)" = \
		"$(readlink -f "$root/home/.local/bin/st-inject")"
	build=$(cd "$1" && pwd)
	(cd "$root" && cmake --install "$build" --prefix ./below >/dev/null)
	installed "$root/below/lib/wireshark/extcap/st-inject"
	DESTDIR=$root/machine cmake --install "$1" --prefix /usr >/dev/null
	test -n "$(find "$root/machine" -path '*wireshark/extcap/st-inject' -type l)" || {
		echo "no capture program where the machine's Wireshark looks"
		exit 1
	}
	installed "$root/machine$(pkg-config --variable=plugindir wireshark)/epan/st.so" \
		"$root/machine/usr/share/wireshark/profiles/Service Traceroute/colorfilters"
fi
echo "install: the example builds and runs with both libraries; Wireshark's part is in its places"
