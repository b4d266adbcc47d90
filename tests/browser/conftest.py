"""A real Chromium before a real server; without either the tests skip, or fail with TANDEM_REQUIRE_BROWSER=1."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REQUIRED = os.environ.get("TANDEM_REQUIRE_BROWSER", "") == "1"
PATIENCE_MS = 150_000


def _give_up(reason):
    if REQUIRED:
        pytest.fail(f"{reason}; it must be there (TANDEM_REQUIRE_BROWSER=1)")
    pytest.skip(reason)


@pytest.fixture(scope="module")
def chromium():
    """Return a running Chromium."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _give_up("playwright is not installed")
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        _give_up("no Chromium is installed")
    with sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Return the address of a server with one visit in it."""
    folder = tmp_path_factory.mktemp("app") / "data"
    with (folder.parent / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.browser.server", str(folder)],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        found = next((match for line in server.stdout if (match := re.search(r"http://\S+", line))), None)
        assert found, (folder.parent / "server.log").read_text()
        yield found.group()
        server.terminate()
        server.wait(20)
        server.stdout.close()


class Watched:
    """A page that remembers what went wrong in it."""

    def __init__(self, page, address):
        self.page, self.address, self.complaints = page, address, []
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda said: said.type == "error" and self.complaints.append(said.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, name):
        """Go to a page of the app and wait until it is whole."""
        self.page.goto(f"{self.address}/{name}")
        self.settle()

    def settle(self):
        """Wait until the page has been drawn to its foot."""
        self.page.locator(".tg-foot").wait_for()
        self.page.wait_for_function("!document.querySelector('[data-stale=\"true\"]')")

    def go(self, title):
        """Follow the bar at the top."""
        self.page.get_by_role("link", name=title, exact=True).click()
        self.page.wait_for_url(f"**/{title.split()[0].lower()}*")
        self.settle()


@pytest.fixture
def look(chromium, address):  # in this order: no server where there is no browser
    """Return a function that opens a browser window of a width and theme, and looks for complaints at the end."""
    windows = []

    def make(width=1440, theme="light"):
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme, accept_downloads=True
        )
        windows.append((context, Watched(context.new_page(), address)))
        return windows[-1][1]

    yield make
    for context, watched in windows:
        context.close()
        assert not watched.complaints
