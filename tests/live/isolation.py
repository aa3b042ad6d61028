# SPDX-License-Identifier: GPL-2.0-or-later
"""Puts the whole test process into namespaces of its own.

Network, mount and process namespaces are private (a user namespace too when we are not root), with private tmpfs
mounts over /run and the folder for temporary files. So `ip netns add` names collide with nobody, nothing outside can be
reached, and when the process dies the kernel removes everything: there is no clean-up to forget.
Leaves to lab.py what is built inside.
"""

import os
import shutil
import subprocess
import sys

SKIPPED = 77  # ctest's SKIP_RETURN_CODE
FOLDER = "/run/lab"  # on the private tmpfs

_MARK = "ST_LAB_INSIDE"
_NAMESPACES = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
_AS_OTHER_USER = ["--user", "--map-root-user"]
# Everything a lab needs, so that a machine that cannot do it skips instead of failing later.
_TRIAL = (
    "mount -t tmpfs tmpfs /run && mkdir /run/netns && ip netns add a && ip netns add b"
    " && ip link add x netns a type veth peer name y netns b"
    " && ip netns exec a nft add table inet t"
)
_PROGRAMS = ["ip", "nft", "ethtool", "unshare", "mount"]


def skip(reason):
    """Ends the process the way ctest understands as "skipped"."""
    print(f"skipped: {reason}", flush=True)
    sys.exit(SKIPPED)


def may_change_groups():
    """False in a user namespace: programs that insist on giving up root rights do not run there."""
    with open("/proc/self/setgroups", encoding="ascii") as stream:
        return stream.read().strip() == "allow"


def enter(programs=()):
    """Re-executes the script inside fresh namespaces; returns only there. Skips where that is impossible."""
    # Users' shells often lack the folders of the administrator's programs.
    os.environ["PATH"] = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/local/sbin:/usr/sbin:/sbin"
    missing = [name for name in [*_PROGRAMS, *programs] if shutil.which(name) is None]
    if missing:
        skip("missing programs: " + " ".join(missing))
    if os.environ.get(_MARK) and os.getpid() == 1:
        _mount_private_folders()
        return
    os.environ[_MARK] = "1"
    os.execvp("unshare", ["unshare", *_usable_options(), sys.executable, *sys.argv])


def _usable_options():
    attempts = [_NAMESPACES] if os.geteuid() == 0 else []
    attempts.append(_AS_OTHER_USER + _NAMESPACES)
    for options in attempts:
        trial = subprocess.run(["unshare", *options, "sh", "-c", _TRIAL],
                               capture_output=True, text=True, timeout=20, check=False)
        if trial.returncode == 0:
            return options
    reason = trial.stderr.strip().splitlines() or ["unknown reason"]
    return skip(f"no namespaces here ({reason[-1]})")


def _mount_private_folders():
    # What the caller gave us may lie under /tmp, so only /run is covered.
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"], check=True)
    os.makedirs("/run/netns")
    os.makedirs(FOLDER)
    _keep_questions_inside()


def _keep_questions_inside():
    """Whoever asks for names asks its own node, which has no name server unless a test starts one there."""
    place = "/etc/resolv.conf"
    if os.path.isfile(place):  # else, or if /run held it, 127.0.0.1 is asked anyway
        with open(f"{FOLDER}/resolv.conf", "w", encoding="ascii") as stream:
            stream.write("nameserver 127.0.0.1\n")
        subprocess.run(["mount", "--bind", f"{FOLDER}/resolv.conf", place], check=True)
