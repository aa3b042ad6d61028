# SPDX-License-Identifier: GPL-2.0-or-later
"""A browser by WebDriver (W3C), with nothing but the standard library: chromedriver is started on a free port of the
loopback, its browser without a window. Knows nothing of the page."""

import base64
import http.client
import json
import os
import re
import shutil
import subprocess
import tempfile

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # what the standard calls an element's id
KEYS = {"Tab": "\ue004", "Enter": "\ue007", "Escape": "\ue00c", "Home": "\ue011", "End": "\ue010", "ArrowLeft": "\ue012",
        "ArrowUp": "\ue013", "ArrowRight": "\ue014", "ArrowDown": "\ue015", "Shift": "\ue008"}
DRIVERS = ("chromedriver",)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
START_S = 60


def available():
    return any(map(shutil.which, DRIVERS)) and any(map(shutil.which, BROWSERS))


class Browser:
    """One window, from with to end."""

    def __init__(self, width=1400, height=1000):
        self.size = f"--window-size={width},{height}"
        self.session = None

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self):
        self.folder = tempfile.TemporaryDirectory(prefix="st-browser-")
        environment = {**os.environ, "HOME": self.folder.name}
        driver = next(filter(None, map(shutil.which, DRIVERS)))
        self.driver = subprocess.Popen([driver, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                       env=environment)
        port = None
        while port is None:
            line = self.driver.stdout.readline()
            if not line:
                raise RuntimeError("chromedriver does not start")
            found = re.search(r"successfully on port (\d+)", line)
            port = int(found.group(1)) if found else None
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_S)
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", self.size,
                     f"--user-data-dir={self.folder.name}/profile", "--no-first-run", "--disable-background-networking",
                     "--host-resolver-rules=MAP * ~NOTFOUND"]
        options = {"binary": next(filter(None, map(shutil.which, BROWSERS))), "args": arguments}
        answer = self._call("POST", "/session", {"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}}})
        self.session = answer["sessionId"]

    def __exit__(self, *_):
        try:
            if self.session:
                self._call("DELETE", f"/session/{self.session}")
        finally:
            self.driver.terminate()
            self.driver.wait()
            self.driver.stdout.close()
            self.folder.cleanup()

    def _call(self, method, path, body=None):
        self.connection.request(method, path, json.dumps(body or {}) if method == "POST" else None,
                                {"Content-Type": "application/json"})
        answer = json.loads(self.connection.getresponse().read())["value"]
        if isinstance(answer, dict) and "error" in answer:
            raise RuntimeError(f"{path}: {answer['error']}: {answer['message'][:300]}")
        return answer

    def _post(self, path, body=None):
        return self._call("POST", f"/session/{self.session}/{path}", body)

    def open(self, path):
        self._post("url", {"url": path.absolute().as_uri()})

    def run(self, script, *arguments):
        """What the script returns."""
        return self._post("execute/sync", {"script": script, "args": list(arguments)})

    def press(self, *keys):
        """Keys to whatever has the focus; "Shift+Tab" is one of both."""
        actions = []
        for key in keys:
            parts = [KEYS.get(part, part) for part in key.split("+")] if len(key) > 1 else [key]
            actions += [{"type": "keyDown", "value": part} for part in parts]
            actions += [{"type": "keyUp", "value": part} for part in reversed(parts)]
        self._post("actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def click(self, selector):
        found = self._post("element", {"using": "css selector", "value": selector})
        self._post(f"element/{found[ELEMENT]}/click")

    def command(self, name, **parameters):
        """A command of the DevTools protocol."""
        return self._post("goog/cdp/execute", {"cmd": name, "params": parameters})

    def emulate(self, **features):
        self.command("Emulation.setEmulatedMedia", features=[{"name": name.replace("_", "-"), "value": value}
                                                             for name, value in features.items()])

    def screenshot(self, height_max=4000):
        height = min(height_max, self.run("return document.documentElement.scrollHeight"))
        width = self.run("return document.documentElement.clientWidth")
        return base64.b64decode(self.command("Page.captureScreenshot", captureBeyondViewport=True, clip={
            "x": 0, "y": 0, "width": width, "height": height, "scale": 1})["data"])

    def pdf(self):
        return base64.b64decode(self.command("Page.printToPDF", preferCSSPageSize=True)["data"])

    def complaints(self):
        """What the page's console said since the last call."""
        return [entry["message"] for entry in self._post("se/log", {"type": "browser"})]

    def requests(self):
        """The addresses that were asked for since the last call."""
        messages = [json.loads(entry["message"])["message"] for entry in self._post("se/log", {"type": "performance"})]
        return [message["params"]["request"]["url"] for message in messages
                if message["method"] == "Network.requestWillBeSent"]
