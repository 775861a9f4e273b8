"""A headless Chromium driven over its debugging pipe: enough to load a page, look at it, press keys."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
KEYS = {"Enter": 13, "Tab": 9, "ArrowDown": 40, "ArrowUp": 38, "ArrowRight": 39, "ArrowLeft": 37, ".": 190}


def find_chromium() -> str | None:
    """Return the browser's path, None where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Browser:
    """One tab of a browser of its own. *folder* is its empty profile."""

    def __init__(self, folder: Path, *, width: int = 1280, height: int = 800, dark: bool = False) -> None:
        inward, self._out = os.pipe()  # we write commands
        self._in, outward = os.pipe()  # we read answers
        options = [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--disable-dev-shm-usage", "--remote-debugging-pipe", f"--user-data-dir={folder}",
        ]  # fmt: skip
        shell = f'exec "$0" "$@" 3<&{inward} 4>&{outward}'
        self._process = subprocess.Popen(
            ["bash", "-c", shell, str(find_chromium()), *options, "about:blank"],
            pass_fds=(inward, outward),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(inward)
        os.close(outward)
        self._rest, self._number, self._session = b"", 0, ""
        targets = self.send("Target.getTargets")["targetInfos"]
        target = next(one["targetId"] for one in targets if one["type"] == "page")
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime"):
            self.send(f"{domain}.enable")
        self.size(width, height)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.send("Emulation.setEmulatedMedia", features=scheme)

    def send(self, method: str, **parameters: Any) -> Any:
        """Return the answer to one command of the protocol; raises RuntimeError with what went wrong."""
        self._number += 1
        wire = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            wire["sessionId"] = self._session
        os.write(self._out, json.dumps(wire).encode() + b"\0")
        while True:
            told = self._next()
            if told.get("id") == self._number:
                if "error" in told:
                    raise RuntimeError(f"{method}: {told['error']}")
                return told["result"]

    def size(self, width: int, height: int, *, mobile: bool = False) -> None:
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile
        )

    def open(self, address: str) -> None:
        self.send("Page.navigate", url=address)

    def value(self, script: str) -> Any:
        """Return the value of a JavaScript expression; promises are awaited."""
        told = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in told:
            raise RuntimeError(told["exceptionDetails"]["exception"].get("description", told))
        return told["result"].get("value")

    def until(self, script: str, wait_s: float = 30.0) -> Any:
        """Return the first true value of *script*; raises AssertionError with the page's text when none comes."""
        end = time.monotonic() + wait_s
        while time.monotonic() < end:
            if found := self.value(script):
                return found
            time.sleep(0.05)
        raise AssertionError(f"{script} did not come true; the page says: {self.value('document.body.innerText')}")

    def press(self, key: str) -> None:
        """Press and let go one key, as a keyboard would."""
        code = KEYS.get(key, ord(key.upper()[0]))
        text = "\r" if key == "Enter" else key if len(key) == 1 else ""
        name = {"key": key, "code": key if len(key) > 1 else "", "windowsVirtualKeyCode": code}
        self.send("Input.dispatchKeyEvent", type="keyDown", text=text, **name)
        self.send("Input.dispatchKeyEvent", type="keyUp", **name)

    def type(self, text: str) -> None:
        """Replace what stands in the focused field."""
        self.value("document.activeElement.select?.()")
        for letter in text:
            self.press(letter)

    def picture(self, path: Path, *, whole: bool = False) -> None:
        told = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(told["data"]))

    def close(self) -> None:
        self._session = ""
        try:
            self.send("Browser.close")
            self._process.wait(20)
        except (OSError, RuntimeError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait(20)
        for end in (self._in, self._out):
            os.close(end)

    def _next(self) -> Any:
        while b"\0" not in self._rest:
            part = os.read(self._in, 65536)
            if not part:
                raise RuntimeError("the browser has ended")
            self._rest += part
        one, _, self._rest = self._rest.partition(b"\0")
        return json.loads(one)
