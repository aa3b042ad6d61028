#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Shows that ./demo.sh or ./test.sh works in a fresh clone on a bare Debian of
# another release: a minimal system by debootstrap, a clone of the last commit
# in it, and nothing else. As root; needs debootstrap and about 2 GB.
#
#   tests/debian.sh SUITE FOLDER [COMMAND...]      e.g. trixie /var/tmp/trixie ./demo.sh
#
# The mirror is the one that the machine's own apt uses. The folder is kept for
# the next run; the clone in it is made anew.
set -eu

suite=${1:?suite, e.g. trixie}
tree=${2:?folder for the tree}
shift 2
[ $# -gt 0 ] || set -- ./demo.sh
source=$(cd "$(dirname "$0")/.." && pwd)
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' |
	grep '/debian/*$' | head -n 1)

if [ ! -e "$tree/etc/debian_version" ]; then
	debootstrap --variant=minbase "$suite" "$tree" "$mirror"
fi
rm -rf "$tree/clone"
git clone -q "$source" "$tree/clone"

# The mounts are the new mount namespace's and go with it.
exec unshare --mount --fork --kill-child sh -eu -c '
	tree=$1
	shift
	mount --bind "$tree" "$tree" # a root that is a mount can be made private again
	mount -t proc proc "$tree/proc"
	mount --rbind /sys "$tree/sys"
	mount --rbind /dev "$tree/dev"
	cp /etc/resolv.conf "$tree/etc/resolv.conf" 2>/dev/null || true
	cp /etc/hosts "$tree/etc/hosts"
	rm -rf "$tree/etc/apt/apt.conf.d/90machine"
	cat /etc/apt/apt.conf.d/*proxy* >"$tree/etc/apt/apt.conf.d/90machine" 2>/dev/null || true
	exec chroot "$tree" sh -c "cd /clone && exec \"\$@\"" sh "$@"
' sh "$tree" "$@"
