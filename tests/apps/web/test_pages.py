"""Each page in each state: nothing there, working, an error, not assessable, abstaining, a result."""

import json
from dataclasses import replace
from datetime import date
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from apps.index.accounts import User
from apps.web import session
from apps.web.analyses import Job
from apps.web.pages import PAGES
from fusion.types import Estimate, ScreeningResult
from tests.apps.web.conftest import add

WEB = Path(__file__).parents[3] / "apps" / "web"
DISCLAIMER = "Research software, not a medical device"

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def open_page(name):
    file = WEB / "app_pages" / f"{name}.py"
    script = "import runpy\nfrom apps.web.parts.frame import framed\n"
    script += f"framed(lambda: lambda: runpy.run_path({str(file)!r}))"
    page = AppTest.from_string(script, default_timeout=60).run()
    assert not page.exception, [one.message for one in page.exception]
    return page


def words(page):
    """Return everything that a page says."""
    told = [
        str(getattr(one, "value", ""))
        for kind in ("markdown", "caption", "info", "error", "warning", "success")
        for one in getattr(page, kind)
    ]
    told += [one.proto.body for one in page.get("html")]
    told += [one.label for one in (*page.button, *page.selectbox)]
    return " ".join(told)


def test_the_first_file_leads_to_review_and_the_bar_to_the_other_pages(services, visit):
    page = AppTest.from_file(str(WEB / "main.py"), default_timeout=60).run()
    assert "Key findings" in words(page)
    page = page.switch_page("app_pages/settings.py").run()
    assert "Accounts" in words(page)
    assert not page.exception


@pytest.mark.parametrize("name", PAGES)
def test_every_page_opens_with_nothing_in_it_and_says_what_it_is_not(services, name):
    assert DISCLAIMER in words(open_page(name))


@pytest.mark.parametrize("name", PAGES)
def test_every_page_opens_with_a_recording_in_it(services, visit, name):
    assert DISCLAIMER in words(open_page(name))


@pytest.mark.parametrize("name", ["review", "screening", "compare", "report"])
def test_with_nothing_recorded_there_are_three_ways_in(services, name):
    told = words(open_page(name))
    assert "No recording yet" in told
    for way in ("Record", "Bring files", "Show the example"):
        assert way in told


@pytest.mark.parametrize("name", ["review", "screening", "report"])
def test_a_running_analysis_shows_its_stages(services, walked, name):
    key = add(services, walked, analysed=False)
    job = Job(key, "both", services.library.fingerprint(key))
    job.stages.extend([("reading", 0.3), ("wearables", 0.9), ("motion", 0.0)])
    services.analyses._jobs[key, "both"] = job
    told = words(open_page(name))
    assert "Body model and filter …" in told
    assert "0.9 s" in told
    assert "Stop" in told


def test_stop_ends_a_running_analysis_and_says_that_nothing_was_lost(services, walked):
    key = add(services, walked, analysed=False)
    job = services.analyses.job(key)
    job.stop.set()
    assert job.done.wait(60.0)
    told = words(open_page("review"))
    assert "You stopped this analysis" in told
    assert "Analyse again" in told


@pytest.mark.parametrize("name", ["review", "screening", "report"])
def test_a_recording_that_was_changed_to_nonsense_says_what_kept_cure(services, visit, name):
    (services.library.folder_of(visit) / "recording.json").write_text("{broken")
    services.analyses.job(visit).done.wait(60.0)
    told = words(open_page(name))
    assert "could not be analysed" in told
    assert "What:" in told
    assert "Cure:" in told
    assert "Traceback" not in told


def test_a_folder_that_vanished_under_the_app_is_told(services, visit):
    folder = services.library.folder_of(visit)
    folder.rename(folder.with_name("gone"))
    told = words(open_page("review"))
    assert "gone or was renamed" in told
    assert "Put it back" in told


def test_review_shows_the_verdict_before_any_finding(services, visit):
    told = words(open_page("review"))
    assert told.index("Recording quality") < told.index("Key findings")


def test_what_cannot_be_assessed_is_hatched_with_its_reason(services, walked):
    reason = "hidden behind the trunk in 61 % of frames"
    held = Estimate.not_assessable("m/s", reason)
    findings = tuple(
        replace(one, estimates={"both": held}, comparison="not assessable", detail=reason) if k == 0 else one
        for k, one in enumerate(walked.findings)
    )
    add(services, replace(walked, findings=findings))
    told = words(open_page("review"))
    assert "not assessable" in told
    assert reason in told


def test_a_score_is_shown_with_band_interval_drivers_and_meaning(services, walked):
    from fusion.types import Driver, OtherGroup, Performance

    score = ScreeningResult(
        key="parkinson",
        title="Parkinsonian gait",
        status="scored",
        sentence="Deviation compatible with parkinsonian gait: moderate",
        score=Estimate(97.0, 95.0, 99.0, "%", 104),
        band="moderate",
        scale_name="further from healthy walking than … % of healthy peers",
        band_edges=(90.0, 95.0, 99.0),
        drivers=(Driver("x", "Short strides", Estimate(1.07, 1.04, 1.10, "m", 104), 1.2, 1.17, 1.55, "peers"),),
        performance=Performance(0.87, 0.81, 0.92, 0.62, 0.90, 90, 76, "split by person"),
        other_groups=(OtherGroup("people after stroke", 73, 100, "simulated"),),
    )
    held = ScreeningResult(
        key="ataxia",
        title="Ataxic pattern",
        status="no score given",
        sentence="No score given",
        score=Estimate.not_assessable("%", "Step width cannot be measured from a side camera."),
        reason="Step width cannot be measured from a side camera.",
        cure="a front camera",
    )
    add(services, replace(walked, screening=(held, score)))
    told = words(open_page("screening"))
    for part in ("parkinsonian gait: moderate", "[95, 99]", "pushes up strongly", "73 of 100 people after stroke"):
        assert part in told
    for part in ("Ataxic pattern", "no score given", "To get it:", "a front camera"):
        assert part in told
    assert "diagnosis" in told


def test_report_and_app_say_the_same_of_every_score(services, walked):
    """Results of real scores, given and withheld: every sentence, number, driver and reason stands in both."""
    from fusion.gait.numbers import format_estimate
    from fusion.report.document import build_document
    from fusion.report.html import document_html
    from fusion.screening.base import screen
    from tests.screening.visits import visit, walk

    results = screen(visit(walk(stride_s=1.12, swing=0.32, swing_cv=0.08, stride_cv=0.035, ratio=0.53), speed=0.8))
    analysis = replace(walked, screening=results)
    add(services, analysis)
    app = unescape(words(open_page("screening")))
    report = unescape(document_html(build_document(analysis, created_on=date(2026, 10, 21))))
    assert {result.is_given for result in results} == {True, False}
    for result in results:
        told = [result.sentence, format_estimate(result.score).interval] if result.is_given else [result.reason]
        told += [driver.label for driver in result.drivers if result.is_given]
        told += [result.not_specific] if result.is_given else []
        for part in told:
            assert part in app
            assert part in report


def test_a_model_card_in_the_app_has_no_picture_that_cannot_be_loaded():
    from apps.web.parts.screening import card_text

    assert card_text("general.md").startswith("# Model card")
    assert "![" not in card_text("parkinson.md")
    assert card_text("../../README.md") == ""
    assert card_text("") == ""


def test_when_every_score_abstains_the_page_says_so_and_how_to_get_one(services, walked):
    held = ScreeningResult(
        key="general",
        title="General deviation",
        status="no score given",
        sentence="No score given",
        score=Estimate.not_assessable("%", "12 strides, 30 needed"),
        reason="12 strides, 30 needed",
        cure="walk for one minute",
    )
    add(services, replace(walked, screening=(held,)))
    told = words(open_page("screening"))
    assert "<h1>No score given</h1>" in told
    assert "walk for one minute" in told


def test_compare_asks_for_a_second_visit(services, visit):
    assert "Only one visit" in words(open_page("compare"))


def test_compare_says_first_whether_the_visits_are_comparable(services, walked):
    add(services, walked, name="b")
    add(services, walked, name="a", day="2026-04-15T10:40:00")
    told = words(open_page("compare"))
    assert "Comparable" in told
    assert told.index("Comparable") < told.index("What changed")
    assert "no minimal detectable change is known" in told


def test_a_contact_is_moved_by_hand_signed_and_taken_back(services, visit):
    before = services.analyses.finished(visit).events
    page = open_page("review")
    page.radio[0].set_value("move")
    form = {one.label: one for one in (*page.number_input, *page.text_input)}
    form["New time, s"].set_value(float(before.select("left", "ic")[0]) + 0.04)
    form["Why"].set_value("seen 40 ms later in the video")
    next(one for one in page.button if one.label == "Apply").click()
    page.run()
    (edit,) = services.library.edits(visit)
    assert (edit.who, edit.change["edit"]["action"]) == ("local", "move")
    job = services.analyses.job(visit)
    assert job.done.wait(60.0)
    assert not job.error
    moved = job.analysis.events.select("left", "ic")
    assert np.isclose(moved, before.select("left", "ic")[0] + 0.04, atol=1e-3).any()


def test_a_change_without_a_reason_is_refused(services, visit):
    page = open_page("review")
    next(one for one in page.button if one.label == "Apply").click()
    page.run()
    assert "needs a reason" in words(page)
    assert services.library.edits(visit) == ()


def test_a_reviewer_may_look_and_change_nothing(services, visit, monkeypatch):
    monkeypatch.setattr(session, "user_of", lambda _services, _cookie: User("rita", "reviewer"))
    page = open_page("review")
    assert next(one for one in page.button if one.label == "Apply").disabled
    assert "needs the role operator" in words(open_page("record"))
    told = words(open_page("subjects"))
    assert "needs the role operator" in told
    assert "needs the role admin" in told


def test_a_session_that_has_ended_shows_nothing_but_the_way_in(services, visit, monkeypatch):
    monkeypatch.setattr(session, "user_of", lambda _services, _cookie: None)
    page = AppTest.from_file(str(WEB / "main.py"), default_timeout=60).run()
    told = words(page)
    assert "Your session has ended" in told
    assert "P-0417" not in told


def test_who_looked_at_a_recording_stands_in_the_log(services, visit):
    from apps.index import audit

    open_page("review")
    assert "view review" in [one.what for one in audit.entries(services.library.database, about=visit)]


def test_a_person_with_hostile_words_is_shown_as_text(services, walked):
    hostile = "<img src=x onerror=alert(1)>"
    person = replace(walked.recording.subject, identifier=hostile, group=hostile)
    add(services, replace(walked, recording=replace(walked.recording, subject=person)))
    for name in ("review", "screening", "report"):
        assert "<img src=x" not in words(open_page(name))


def test_screen_and_report_print_the_same_sentences(services, visit):
    from datetime import date

    from fusion.report.document import build_document
    from fusion.report.html import document_html

    analysis = services.analyses.finished(visit)
    told, printed = words(open_page("review")), document_html(build_document(analysis, created_on=date(2026, 11, 25)))
    for finding in analysis.findings:
        assert finding.sentence in told
        assert finding.sentence in printed


def test_the_report_is_the_same_file_for_the_same_day(services, visit):
    from datetime import date

    from apps.web.downloads import report_file

    kinds = {"kind": "pdf", "language": "en", "paper": "us-letter", "created_on": date(2026, 11, 25)}
    first = report_file(services, visit, **kinds)
    services.analyses.put(visit, replace(services.analyses.finished(visit)))
    assert first.content == report_file(services, visit, **kinds).content
    assert first.name == "P-0417_2026-10-21_gait.pdf"
    assert json.dumps(first.name).isascii()
