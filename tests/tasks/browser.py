"""Chromium without a window, for pages that come with a script."""

import shutil
import subprocess
from pathlib import Path

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),  # root, and small containers
    *("--no-proxy-server", "--host-resolver-rules=MAP * ~NOTFOUND"),  # a page is all there is
    *("--window-size=1100,1500", "--virtual-time-budget=5000", "--dump-dom"),
)


def chromium() -> str:
    """The path of Chromium; skips if it is not installed."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    return found or pytest.skip("pages are looked at with Chromium; run: apt-get install chromium")


def elements_of(page: bytes, folder: Path, script: str = "") -> str:
    """The elements of a page after it was loaded and a script of the test ran; skips if there is no browser."""
    place = folder / "page.html"
    place.write_bytes(page.replace(b"</body>", f"<script>{script}</script></body>".encode()))
    program = [chromium(), *FLAGS, f"--user-data-dir={folder / 'browser'}", place.as_uri()]
    return subprocess.run(program, capture_output=True, check=True, timeout=60).stdout.decode()  # noqa: S603 - a test's
