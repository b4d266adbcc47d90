"""How fast the app is in a real Chromium: ``python -m benchmarks.app_browser``.

Starts a server with one short visit and the virtual laboratory, and prints the first page, a change of page with
cached results, pictures a second and age of the data of the live canvas, and how soon findings follow Stop.
"""

from __future__ import annotations

import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

LIVE_S = 10.0
_CHANGES = ("Screening", "Review", "Cohort", "Review", "Settings", "Review")


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        command = [sys.executable, "-m", "tests.browser.server", str(Path(folder) / "data")]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            address = next(match.group() for line in server.stdout or () if (match := re.search(r"http://\S+", line)))
            browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.set_default_timeout(120_000)
            for name, value in {**_pages(page, address), **_live(page, address)}.items():
                print(f"{name:<52}{value}")
            browser.close()
        finally:
            server.terminate()
            server.wait()


def _pages(page: Page, address: str) -> dict[str, str]:
    began = time.perf_counter()
    page.goto(f"{address}/review")
    page.locator(".tg-foot").wait_for()
    first_s = time.perf_counter() - began
    page.get_by_role("heading", name="Key findings").wait_for()
    page.locator(".tg-foot").wait_for()
    changes = []
    for title in _CHANGES:
        began = time.perf_counter()
        page.get_by_role("link", name=title, exact=True).click()
        page.wait_for_url(f"**/{title.lower()}*")
        page.locator(".tg-foot").wait_for()
        changes.append(time.perf_counter() - began)
    return {
        "first page after the server answers": f"{first_s:.2f} s",
        "page change, median (cached results)": f"{statistics.median(changes):.2f} s",
    }


def _live(page: Page, address: str) -> dict[str, str]:
    page.goto(f"{address}/record")
    page.get_by_role("button", name=re.compile("Start the devices")).click()
    page.get_by_role("status").filter(has_text=re.compile("^ready$")).wait_for()
    page.get_by_role("button", name=re.compile("^● Record")).click()
    page.get_by_role("button", name=re.compile("^■ Stop")).wait_for()
    canvas = page.locator(".root[data-frames]").first
    began, before = time.perf_counter(), int(canvas.get_attribute("data-frames") or 0)
    ages = []
    while time.perf_counter() - began < LIVE_S:
        page.wait_for_timeout(500)
        ages.append(float(canvas.get_attribute("data-age") or "nan"))
    frames = int(canvas.get_attribute("data-frames") or 0) - before
    rate = frames / (time.perf_counter() - began)
    began = time.perf_counter()
    page.get_by_role("button", name=re.compile("^■ Stop")).click()
    page.get_by_role("heading", name="Key findings").wait_for()
    stopped_s = time.perf_counter() - began
    return {
        "live canvas while recording": f"{rate:.0f} pictures/s",
        "age of the data on it, median": f"{statistics.median(ages):.0f} ms",
        "findings after Stop (analysis included)": f"{stopped_s:.1f} s",
    }


if __name__ == "__main__":
    main()
