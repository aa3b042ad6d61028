#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds the plugin and runs its tests with the Wireshark of other releases of Debian than the machine's: 4.4 in
# trixie, 4.6 in sid. The last commit is what is tested, in minimal systems of their own (see tests/debian.sh). As root;
# needs debootstrap and about 2 GB for each release; minutes, and a third of that when the systems are there already.
#
#   tests/plugin/versions.sh FOLDER [SUITE...]      e.g. tests/plugin/versions.sh /var/tmp/trees
#
# Without a display or a lab: tests with the labels gui and live are left out.
set -eu

folder=${1:?folder for the systems}
shift
[ $# -gt 0 ] || set -- trixie sid
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$folder"
failed=""
for suite in "$@"; do
	echo "=== $suite"
	# shellcheck disable=SC2016
	"$here/../debian.sh" "$suite" "$folder/$suite" sh -eu -c '
		# A mirror may stand still; what it holds is signed all the same.
		echo "Acquire::Check-Valid-Until \"false\";" >/etc/apt/apt.conf.d/91still
		. ./packages.sh
		install_packages $DEMO_PACKAGES tshark wireshark-common
		tshark --version 2>/dev/null | head -n 1
		cmake --preset default >/dev/null
		cmake --build --preset default | tail -n 1
		ctest --preset default -L plugin -LE "gui|live"
	' || failed="$failed $suite"
done
[ -z "$failed" ] || echo "failed in:$failed" >&2
[ -z "$failed" ]
