# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs Wireshark's programs with the plugin of a build folder, with a home of their own and as nobody: Wireshark ignores
plugins from elsewhere for uid 0. What they say on standard error is checked.

Usage as a program: shark.py COMMAND... runs that with the plugin, as nobody, e.g. shark.py tshark -G plugins. ST_BUILD
tells the build folder. Files named there have to be readable for all.

Leaves the meaning of what programs print to the tests.
"""

import json
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
SKIPPED = 77  # ctest's SKIP_RETURN_CODE
NOBODY = 65534
SEPARATOR = "\t"  # between columns of fields()
REPEATED = "\x1f"  # between the values of one field in one frame
TIME_LIMIT_S = 120  # of one program; sanitizers and a busy machine are slow

# What programs say on standard error when all is well: of a capture's begin and end. The rest is noise.
_HARMLESS = re.compile(r"\s*(Capturing on .*|.*\[Main MESSAGE\] -- (Capture started\.|File: .*|Capture stopped\.)|"
                       r"[\d\s]*(packets? (captured|dropped from .*))?|Hello in child\.|load: filename=.*|"
                       r"sharkd_session_process_tap\(\) count=\d+)", re.ASCII)
_STAND_INS = {"home": "HOME", "config": "XDG_CONFIG_HOME", "data": "XDG_DATA_HOME", "cache": "XDG_CACHE_HOME",
              "run": "XDG_RUNTIME_DIR", "tmp": "TMPDIR"}


class Noise(AssertionError):
    """A program said on standard error what it should not have to."""


def skip(reason):
    """Ends the process the way ctest understands as "skipped"."""
    print(f"skipped: {reason}", flush=True)
    sys.exit(SKIPPED)


def noise(text):
    """The lines of a program's standard error that have no place there."""
    return [line for line in text.splitlines() if not _HARMLESS.fullmatch(line)]


def build_folder():
    """The build under test: ST_BUILD, else build/."""
    return pathlib.Path(os.environ.get("ST_BUILD") or SOURCE / "build").absolute()


def version():
    """(major, minor) of the machine's Wireshark."""
    said = subprocess.run(["tshark", "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(map(int, re.search(r"(\d+)\.(\d+)\.\d+", said).groups()))


def system_plugins():
    """The folder of the plugins that Wireshark of this version brings along."""
    said = subprocess.run(["tshark", "-G", "folders"], capture_output=True, text=True, check=True).stdout
    return pathlib.Path(re.search(r"^Global Plugins:\s*(.*)$", said, re.M).group(1))


class Shark:
    """A home, a plugin folder and nobody's rights. with Shark() as shark: ...

    plugins: whether st.so of the build is in the plugin folder, which takes the place of the system's.
    beside: names of Wireshark's own plugins (such as transum) to put beside it.
    """

    def __init__(self, build=None, plugins=True, beside=()):
        self.build = pathlib.Path(build).absolute() if build else build_folder()
        self._prefix = _as_nobody()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="st-shark-"))
        self.home = self.folder / "home"
        self.plugins = self.folder / "plugins"
        for name in (*_STAND_INS, "files"):
            (self.folder / name).mkdir(mode=0o700 if name == "run" else 0o755)
        self._preload = ""
        self._copies = {}
        if plugins:
            self._take_plugin()
        for name in beside:
            self._put(system_plugins() / "epan" / f"{name}.so")
        self.plugins.mkdir(exist_ok=True)
        self._hand_over(self.folder)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Removes the folder. Programs are ended by who has started them."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _take_plugin(self):
        found = self.build / "plugins" / _folder_name() / "epan" / "st.so"
        if not found.exists():
            self.close()
            print(f"FAILED  {found} is not built (set ST_BUILD to the build folder)")
            sys.exit(1)
        self._put(found)
        if (self.build / "share").exists():
            (self.folder / "share").symlink_to(self.build / "share")  # the plugin looks there for signatures
        linked = subprocess.run(["ldd", found], capture_output=True, text=True, check=True).stdout
        self._preload = " ".join(re.findall(r"=> (\S*lib(?:asan|ubsan)\S*)", linked))

    def _put(self, library):
        folder = self.plugins / _folder_name() / "epan"
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, folder)

    def _hand_over(self, top):
        """Gives a folder and all in it to nobody."""
        if not self._prefix:
            return
        for path in (top, *top.rglob("*")):
            os.chown(path, NOBODY, NOBODY, follow_symlinks=False)

    def env(self, **more):
        """The environment of all programs, with more (None takes a name away)."""
        kept = {name: os.environ[name] for name in ("PATH", "DISPLAY", "LD_LIBRARY_PATH") if name in os.environ}
        stand_ins = {variable: str(self.folder / name) for name, variable in _STAND_INS.items()}
        made = {**kept, **stand_ins, "WIRESHARK_PLUGIN_DIR": str(self.plugins), "LC_ALL": "C.UTF-8", "TZ": "UTC",
                "USER": "nobody", **self._sanitizers(), **more}
        return {name: str(value) for name, value in made.items() if value is not None}

    def _sanitizers(self):
        if not self._preload:
            return {}
        # Wireshark's programs never free all they have; and what libwireshark defines twice is not ours to report.
        return {"LD_PRELOAD": self._preload, "ASAN_OPTIONS": "detect_leaks=0:detect_odr_violation=0:exitcode=99",
                "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1:exitcode=99"}

    def command(self, argv):
        """argv with what makes it run as nobody; to be started with env()."""
        return [*self._prefix, *map(str, argv)]

    def run(self, argv, env=None, quiet=True, timeout=TIME_LIMIT_S, **options):
        """Runs to the end; a CompletedProcess with text. One that hangs is ended and gets the return code 124.

        quiet: raises Noise for warnings on standard error. options: of subprocess.Popen.
        """
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
                   "encoding": "utf-8", "errors": "backslashreplace", "cwd": self.folder, **options}
        text = options.pop("input", None)
        if text is not None:
            options["stdin"] = subprocess.PIPE
        command = self.command(argv)
        with subprocess.Popen(command, env=env or self.env(), start_new_session=True, **options) as process:
            try:
                out, err = process.communicate(text, timeout=timeout)
                code = process.returncode
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                out, err = process.communicate()
                code, err = 124, f"{err or ''}\n{argv[0]} hangs ({timeout} s)"
        if quiet and noise(err or ""):
            raise Noise(f"{' '.join(map(str, argv))}:\n" + "\n".join(noise(err)[:10]))
        return subprocess.CompletedProcess(command, code, out, err)

    def tshark(self, *arguments, **options):
        """tshark without the names of addresses and ports: nobody is asked."""
        report = arguments[:1] == ("-G",)  # has to come first
        return self.run(["tshark", *([] if report else ["-n"]), *arguments], **options)

    def file(self, path):
        """A copy of a capture (or other file) that nobody can read."""
        path = pathlib.Path(path)
        if path not in self._copies:
            folder = self.folder / "files" / str(len(self._copies))  # files of several folders may have one name
            folder.mkdir()
            shutil.copyfile(path, folder / path.name)
            (folder / path.name).chmod(0o644)
            self._hand_over(folder)
            self._copies[path] = folder / path.name
        return self._copies[path]

    def fields(self, path, condition, fields, extra=(), **options):
        """The named fields of the frames for which the display filter holds: a list of rows, each a list of texts. Values
        of a field that a frame has several times are told apart by REPEATED. extra: such as ["-2"]."""
        chosen = [word for field in fields for word in ("-e", field)]
        only = ["-Y", condition] if condition else []
        done = self.tshark(*extra, "-r", self.file(path), *only, "-T", "fields", "-E", f"separator={SEPARATOR}",
                           "-E", "occurrence=a", "-E", f"aggregator={REPEATED}", *chosen, **options)
        if done.returncode:
            raise RuntimeError(f"tshark on {path}: exit {done.returncode}: {done.stderr[:600]}")
        return [line.split(SEPARATOR) for line in done.stdout.split("\n")[:-1]]

    def sharkd(self, **more):
        """A running sharkd; with shark.sharkd() as sharkd: ... more: for env()."""
        return Sharkd(self, self.env(**more))


class Sharkd:
    """One sharkd on pipes: a request a line, an answer a line."""

    def __init__(self, shark, environment):
        self._said = tempfile.TemporaryFile("w+", errors="backslashreplace")  # pylint: disable=consider-using-with
        self._process = subprocess.Popen(  # pylint: disable=consider-using-with
            shark.command(["sharkd", "-"]), env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self._said, start_new_session=True, cwd=shark.folder)
        self.pid = self._process.pid  # setpriv becomes sharkd
        self._rest = b""
        self._number = 0
        self._shark = shark

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.close(quiet=kind is None)

    def request(self, request, timeout=TIME_LIMIT_S):
        """{"method": …, "params": {…}} → the whole answer, which holds "result" or "error"."""
        self._number += 1
        line = json.dumps({"jsonrpc": "2.0", "id": self._number, **request})
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()
        deadline = time.monotonic() + timeout
        while True:
            answer = json.loads(self._line(deadline))
            if answer.get("id") == self._number:
                return answer

    def ask(self, method, **params):
        """The result of a request; raises if it is refused."""
        answer = self.request({"method": method, **({"params": params} if params else {})})
        if "result" not in answer:
            raise RuntimeError(f"sharkd: {method} {params}: {answer}")
        return answer["result"]

    def load(self, path):
        """Loads a capture in place of the one before."""
        return self.ask("load", file=str(self._shark.file(path)))

    def resident_kib(self):
        """Its memory now."""
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return int(re.search(r"^VmRSS:\s*(\d+) kB", status, re.M).group(1))

    def _line(self, deadline):
        while b"\n" not in self._rest:
            ready, _, _ = select.select([self._process.stdout], [], [], max(0, deadline - time.monotonic()))
            more = os.read(self._process.stdout.fileno(), 1 << 20) if ready else b""
            if not more:
                raise RuntimeError(f"sharkd {'ended' if ready else 'hangs'}: …{self._stderr()[-600:]}")
            self._rest += more
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def _stderr(self):
        self._said.seek(0)
        return self._said.read()

    def close(self, quiet=True):
        """Ends it; raises Noise for warnings that it has printed."""
        self._process.stdin.close()
        try:
            code = self._process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.pid, signal.SIGKILL)
            code = self._process.wait()
        self._process.stdout.close()
        said = self._stderr()
        self._said.close()
        if quiet and (code or noise(said)):
            raise Noise(f"sharkd: exit {code}: " + "\n".join(noise(said)[:10] or [said[:600]]))


def _folder_name():
    return ".".join(map(str, version()))


def _as_nobody():
    """The words before a command that make it run as nobody; none for who is somebody already."""
    if os.geteuid() != 0:
        return []
    prefix = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--"]
    try:
        if subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0:
            return prefix
    except FileNotFoundError:
        pass
    return skip("root here cannot become another user, and Wireshark ignores plugins for root")


def _main():
    with Shark() as shark:
        return subprocess.call(shark.command(sys.argv[1:]), env=shark.env(**_debugging()), cwd=shark.folder)


def _debugging():
    """What Wireshark's programs are told for debugging goes through."""
    return {name: value for name, value in os.environ.items() if name.startswith("WIRESHARK_")}


if __name__ == "__main__":
    sys.exit(_main())
