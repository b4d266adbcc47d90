"""The whole story in a real Chromium, as a person in a gait laboratory lives it."""

import re

import pytest

from apps.web.pages import PAGES

SERIOUS = ("serious", "critical")


def test_a_walk_is_recorded_analysed_corrected_screened_compared_reported_and_deleted(look):
    story = look()
    _record(story)
    _correct_a_contact(story)
    _screen_and_compare(story)
    _export(story)
    _delete(story)


def _record(story):
    page = story.page
    story.open("record")
    page.get_by_role("button", name=re.compile("Start the devices")).click()
    page.get_by_role("status").filter(has_text=re.compile("^ready$")).wait_for()
    root = page.locator(".root[data-frames]").first
    before = int(root.get_attribute("data-frames"))
    page.get_by_role("button", name=re.compile("^● Record")).click()
    page.get_by_role("button", name=re.compile("^Marker")).click()
    page.get_by_text("1 marker", exact=False).wait_for()
    # Eight seconds of a walk hold strides enough for a result.
    page.get_by_text(re.compile(r"Recording 0:(0[8-9]|[1-5]\d)")).wait_for()
    assert int(root.get_attribute("data-frames")) > before
    page.get_by_role("button", name=re.compile("^■ Stop")).click()
    page.get_by_role("heading", name="Key findings").wait_for()
    assert page.get_by_text(re.compile("Recording quality")).first.is_visible()
    story.settle()


def _correct_a_contact(story):
    page = story.page
    page.get_by_role("tab", name="Events").click()
    page.get_by_label("Why").fill("seen in the video one frame later")
    time = page.get_by_label("New time, s")
    time.fill(f"{float(time.input_value()) + 0.02:.3f}")
    page.get_by_role("button", name="Apply").click()
    page.get_by_text("Changes by hand").wait_for()
    assert page.get_by_text("seen in the video one frame later").first.is_visible()


def _screen_and_compare(story):
    page = story.page
    story.go("Screening")
    page.get_by_text("A description, never a diagnosis", exact=False).first.wait_for()
    story.go("Compare")
    page.get_by_text(re.compile("omparable")).first.wait_for()
    page.get_by_role("heading", name="What changed").wait_for()


def _export(story):
    page = story.page
    story.go("Report and export")
    link = page.get_by_role("link", name=re.compile("PDF report")).get_attribute("href")
    answer = page.request.get(f"{story.address}{link}" if link.startswith("/") else link)
    assert answer.ok
    assert answer.body().startswith(b"%PDF-")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Results as ZIP").click()
    assert waiting.value.suggested_filename.endswith(".zip")


def _delete(story):
    page = story.page
    story.go("Subjects")
    page.get_by_role("button", name="Delete …").click()
    dialog = page.get_by_role("dialog")
    gone = dialog.get_by_role("button", name="Delete for good")
    assert gone.is_disabled()
    box = dialog.get_by_label(re.compile("to go on"))
    box.fill("DEMO-live")
    box.press("Enter")
    gone.click()
    dialog.wait_for(state="hidden")
    page.get_by_text("This analysis could not", exact=False).wait_for(state="hidden")
    story.settle()


def test_pages_are_reached_and_findings_read_with_the_keyboard_alone(look):
    window = look()
    window.open("review")
    page = window.page
    for _ in range(30):
        page.keyboard.press("Tab")
        here = page.evaluate("document.activeElement.innerText")
        if here == "Screening":
            break
    assert here == "Screening"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    page.keyboard.press("Enter")
    page.wait_for_url("**/screening*")
    window.settle()
    page.get_by_text("One analysis, one text", exact=False).wait_for()


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (390, "dark")])
def test_no_page_shuts_anybody_out_or_scrolls_sideways(look, width, theme):
    from axe_playwright_python.sync_playwright import Axe

    window = look(width, theme)
    found = []
    for name in PAGES:
        window.open(name)
        is_wide = window.page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth > innerWidth")
        found += [f"{name} is wider than {width} px"] if is_wide else []
        for trouble in Axe().run(window.page).response["violations"]:
            if trouble["impact"] in SERIOUS:
                found += [f"{name}: {trouble['id']}: {node['html'][:160]}" for node in trouble["nodes"]]
    assert not found
