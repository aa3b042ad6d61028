# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# The one place that names Debian packages; demo.sh and test.sh read it.

# To build, and to run the demonstration.
DEMO_PACKAGES="
	gcc libc6-dev cmake ninja-build pkg-config
	libglib2.0-dev libjansson-dev libpcap-dev libgcrypt20-dev libpsl-dev
	libwiretap-dev libwsutil-dev libwireshark-dev libmaxminddb-dev
	scdoc
	iproute2 util-linux ethtool nftables python3 nginx-light curl dnsmasq-base"

# What only tests need: peers to compare with, independent decoders, checkers.
TEST_PACKAGES="
	git tshark wireshark wireshark-common xvfb xdotool imagemagick tcpdump conntrack iperf3 openssl libcap2-bin procps
	traceroute scamper mtr-tiny dublin-traceroute tcptraceroute lft nmap hping3 iputils-tracepath
	graphviz chromium chromium-driver
	ngtcp2-server ngtcp2-client socat netcat-openbsd
	python3-jsonschema
	clang clang-format clang-tidy libclang-rt-dev"

# Installs what of "$@" is missing; says what to do where it may not.
install_packages() {
	missing=""
	for package in "$@"; do
		dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q "ok installed" ||
			missing="$missing $package"
	done
	[ -z "$missing" ] && return 0
	if [ "$(id -u)" -ne 0 ]; then
		echo "These Debian packages are missing; as root: apt-get install$missing" >&2
		return 1
	fi
	echo "Installing:$missing"
	export DEBIAN_FRONTEND=noninteractive
	# shellcheck disable=SC2086
	apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing >/dev/null
}
