"""The report: complete, readable by machines, the same every time, and whole when parts are missing."""

import json
import re
import sys
from dataclasses import replace
from datetime import date
from io import BytesIO

import numpy as np
import pytest
from pypdf import PdfReader

from fusion.errors import SignalError, StorageError, UsageError
from fusion.gait.numbers import format_estimate
from fusion.report import build_document, write_report
from fusion.report import figures as figures_module
from fusion.report.pdf import figures, render_pdf
from fusion.report.tokens import DISCLAIMER
from fusion.types import Estimate, GaitParameters, JointAngles, Parameter, QualityCheck, Subject
from tests.report.example_analysis import make_analysis

DAY = date(2026, 11, 24)
NASTY = 'Müller "#eval(1)" $x$ *b* <h> \\ \u202e 张 \U0001f600 \x00 ' + "W" * 90


@pytest.fixture(scope="module", autouse=True)
def drawn_once():
    """Draw equal figures once: most tests here change words, not curves."""
    drawn, draw = {}, figures_module.svg_of

    def remember(spec, size):
        key = (json.dumps(spec, sort_keys=True), size)
        if key not in drawn:
            drawn[key] = draw(spec, size)
        return drawn[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figures_module, "svg_of", remember)
        yield


@pytest.fixture(scope="module")
def full():
    return make_analysis()


@pytest.fixture(scope="module")
def full_pdf(full):
    return render_pdf(build_document(full, created_on=DAY), DAY)


@pytest.fixture(scope="module")
def full_pages(full_pdf):
    return pages_of(full_pdf)


def pages_of(pdf):
    pages = [page.extract_text() for page in PdfReader(BytesIO(pdf)).pages]
    return [re.sub(r"\s+", " ", page) for page in pages]


def pages(analysis, **extra):
    return pages_of(render_pdf(build_document(analysis, created_on=DAY, **extra), DAY))


def is_on(page, *words):
    missing = [word for word in words if word not in page]
    assert not missing, missing


def test_the_report_has_four_pages_with_their_titles(full_pages):
    found = full_pages
    assert len(found) == 4
    titles = ("Gait report", "Joint angles and timing", "All parameters", "How it was measured")
    for page, title in zip(found, titles, strict=True):
        assert title in page


def test_every_page_carries_disclaimer_id_date_and_number(full_pages):
    for number, page in enumerate(full_pages, start=1):
        is_on(page, DISCLAIMER, "P-0417", "21 Oct 2026", "analysis 7f3a-91c2", f"page {number} of 4")


def test_page_one_says_who_when_and_with_what(full_pages):
    page = full_pages[0]
    is_on(page, "67 years", "male", "1.74 m", "10:42", "op-02", "1 camera 60 Hz", "pelvis, both shanks", "0.1.0")


def test_the_quality_verdict_stands_above_every_number_of_the_walk(full_pages):
    page = full_pages[0]
    assert page.index("usable, with 2 limits") < page.index("12.4 ms [11.0, 13.8]") < page.index("Key findings")
    assert page.index("Key findings") < page.index("[0.95, 1.01]")


def test_every_finding_is_printed_with_its_number_and_interval(full, full_pages):
    page = full_pages[0]
    for finding in full.findings:
        is_on(page, finding.sentence, finding.detail)
        for estimate in finding.estimates.values():
            shown = format_estimate(estimate)
            is_on(page, *(() if not estimate.is_assessable else (shown.value, shown.interval)))
    is_on(page, "not assessable", "61 % of frames", "no earlier visit")


def test_every_parameter_is_printed_once_with_its_interval(full, full_pages):
    text = " ".join(full_pages[1:3])
    for item in full.parameters.items:
        if item.side != "both" and item.estimate.is_assessable:
            is_on(text, format_estimate(item.estimate).value)
    is_on(text, "Stride time CV", "Walking speed", "Knee range", "51 strides; 100 needed for a firm spread")


def test_screening_abstains_in_words(full_pages):
    is_on(full_pages[0], "No score given: No score was asked of this recording")


@pytest.mark.parametrize(("status", "words"), [("good", "Recording quality: good"), ("not usable", "not usable")])
def test_the_verdict_is_the_worst_check(full, status, words):
    document = build_document(replace(full, quality=(QualityCheck("Sync", status, "x"),)), created_on=DAY)
    assert words.split(": ")[-1] == document.blocks[1].words


def test_the_pdf_is_tagged_titled_and_in_english(full_pdf):
    reader = PdfReader(BytesIO(full_pdf))
    root = reader.trailer["/Root"]
    assert root["/Lang"].startswith("en")
    assert root["/MarkInfo"]["/Marked"]
    assert reader.metadata.title == "Gait report P-0417"
    assert b"pdfuaid" in reader.xmp_metadata.stream.get_data()


def test_the_same_analysis_and_date_give_the_same_bytes(full, full_pdf):
    assert render_pdf(build_document(full, created_on=DAY), DAY) == full_pdf


def test_every_figure_has_an_alternative_text_and_draws_text_in_inter(full):
    found = list(figures(build_document(full, created_on=DAY)))
    assert len({figure.name for figure in found}) == len(found) >= 8
    for figure in found:
        assert len(figure.alt) > 20
        assert set(re.findall(r'font-family="([^"]*)"', figure.svg)) <= {"Inter", "&quot;Inter&quot;"}


def test_left_and_right_differ_without_colour(full):
    document = build_document(full, created_on=DAY)
    svg = {figure.name: figure.svg for figure in figures(document)}
    for name in ("joints_small", "joints_large"):
        assert re.search(r'stroke="#B85300"[^>]*stroke-dasharray="5,2.5"', svg[name])
        assert not re.search(r'stroke="#0B4F8A"[^>]*stroke-dasharray="5,2.5"', svg[name])
        assert ">L<" in svg[name]
        assert ">R<" in svg[name]
    knee = svg["finding_5"]
    assert knee.count("<circle") == 1
    assert 'fill="white" stroke="#B85300"' in knee


@pytest.mark.parametrize(("findings", "withheld"), [(0, 0), (1, 0), (0, 5), (12, 5)])
def test_page_one_stays_one_page_and_no_finding_is_lost(findings, withheld):
    analysis = make_analysis(findings=findings, withheld=withheld)
    found = pages(analysis)
    is_on(found[0], "Comment by the clinician")
    is_on(found[1], "Joint angles and timing")
    for finding in analysis.findings:
        assert sum(finding.sentence in page for page in (found[0], *found[2:-1])) >= 1
    if findings == 12:
        is_on(found[0], "more on page 3.")


def test_names_with_odd_characters_and_very_long_reasons_stay_on_one_page(full):
    subject = Subject(NASTY, 67.0, "male", 1.74)
    recording = replace(full.recording, subject=subject, operator=NASTY, protocol=NASTY, identifier=NASTY)
    reason = "W" * 60 + " because of " + "a very long story " * 40
    held = tuple(
        replace(
            one,
            sentence=NASTY,
            detail=reason,
            estimates={"both": Estimate.not_assessable("m", reason)},
            comparison="not assessable",
        )
        for one in full.findings[:4]
    )
    checks = tuple(QualityCheck(NASTY, "limited", reason, reason) for _ in range(6))
    found = pages(replace(full, recording=recording, findings=full.findings[:6] + held, quality=checks))
    is_on(found[0], 'Müller "#eval(1)" $x$ *b* <h> \\', "[U+5F20]", "Comment by the clinician")
    is_on(found[1], "Joint angles and timing")


def test_a_report_without_camera_says_so():
    found = pages(make_analysis(camera=False))
    is_on(found[-1], "No camera was used", "from wearables")
    assert "Camera to wearables" not in found[0]


def test_a_report_without_wearables_says_so():
    found = pages(make_analysis(imus=False))
    is_on(found[-1], "from camera keypoints")
    assert "Wearables on the body" not in found[-1]


def test_one_side_only_prints_one_side():
    found = pages(make_analysis(sides=("left",)))
    is_on(found[1], "R: not assessable")
    assert "not computed" not in found[1]


def test_an_ankle_that_is_not_assessable_is_told_with_its_reason():
    found = pages(make_analysis(ankle=False))
    is_on(found[1], "ankle dorsiflexion left, ankle dorsiflexion right: seen in 9 strides")


def test_an_analysis_without_any_result_still_makes_a_report(full):
    none = JointAngles((), full.motion.time_s, *[np.empty((len(full.motion.time_s), 0))] * 3)
    bare = replace(full, joint_angles=none, strides=(), parameters=GaitParameters(), findings=(), quality=())
    found = pages(replace(bare, sync=(), placements=(), points=(), provenance={}))
    is_on(found[0], "The recording was not checked", "No finding could be stated")
    is_on(found[2], "No parameter could be computed")
    is_on(found[3], "Not assessable")


def test_the_error_against_the_truth_of_a_simulated_walk_is_tabled(full):
    angles = full.joint_angles
    off = replace(angles, angle_deg=angles.angle_deg + 2.0)
    found = pages(replace(full, joint_angles=off), compared={"wearables only": full}, truth=angles)
    is_on(found[3], "this report 2.0 2.0", "wearables only 0.0 0.0", "truth (dotted)")


def test_numbers_that_contradict_each_other_stop_the_report(full):
    wrong = [
        replace(item, estimate=replace(item.estimate, value=60.0, low=59.0, high=61.0))
        if (item.name, item.side) == ("stance_percent", "left")
        else item
        for item in full.parameters.items
    ]
    with pytest.raises(SignalError, match=r"stance plus swing \(left\) must be 100.0; got 95.40"):
        build_document(replace(full, parameters=GaitParameters(tuple(wrong))), created_on=DAY)


def test_an_unknown_parameter_is_printed_under_words_made_from_its_name(full):
    extra = Parameter("shoulder_swing_range_deg", "left", Estimate(30.0, 28.0, 32.0, "deg", 12))
    found = pages(replace(full, parameters=GaitParameters((*full.parameters.items, extra))))
    is_on(" ".join(found[2:]), "Shoulder swing range")


def test_the_report_replaces_a_file_and_leaves_no_other(full, tmp_path):
    path = tmp_path / "report.pdf"
    path.write_text("old")
    write_report(full, path, created_on=DAY)
    assert path.read_bytes().startswith(b"%PDF")
    assert [item.name for item in tmp_path.iterdir()] == ["report.pdf"]


def test_a_folder_that_is_not_there_is_told(full, tmp_path):
    with pytest.raises(StorageError, match="Choose another folder"):
        write_report(full, tmp_path / "none" / "report.pdf", created_on=DAY)


def test_a_missing_library_says_how_to_install_it(full, monkeypatch):
    monkeypatch.setitem(sys.modules, "altair", None)
    with pytest.raises(UsageError, match=re.escape('pip install "tandem-gait[report]"')):
        build_document(full, created_on=DAY)
