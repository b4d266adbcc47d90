"""Page 1, the one page a clinician reads: trust first, then findings, then the curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from fusion.gait.findings import all_findings
from fusion.gait.numbers import EN_DASH, format_estimate
from fusion.report import strips
from fusion.report.angles import page_one_panels
from fusion.report.blocks import (
    Block,
    Cell,
    Comment,
    Drawing,
    Figure,
    Header,
    Section,
    Table,
    Text,
    Verdict,
    VerdictCell,
)
from fusion.report.changes import LESS, UNKNOWN, change
from fusion.report.figures import joint_curves_svg
from fusion.report.screening import page_one_screening
from fusion.report.words import COMPARISON_MARK, clean, duration_words, listed, norm_words, recorded_at
from fusion.types import SIDES, Analysis, Estimate, Finding, QualityCheck, SyncResult

MOST_ROWS = 8
MOST_GIVEN = 7
MOST_WITHHELD = 3
MOST_VERDICT_CELLS = 5

MOST_NOTE = 26
"""Letters that fit on one line of a verdict cell."""

_SURFACE = {"overground": "over ground", "treadmill": "treadmill"}


def first_page(analysis: Analysis, previous: Analysis | None = None, prevalence_percent: float = 30.0) -> list[Block]:
    """Return the blocks of page 1; what does not fit goes to ``further_findings``."""
    shown, more = ranked_findings(analysis.findings)
    keys = ("range", "now", *(("before",) if previous is not None else ()))
    return [
        header(analysis, previous),
        verdict(analysis),
        Section("Key findings", keys=keys if shown else ()),
        *findings_blocks(shown, more, previous),
        *page_one_screening(analysis, prevalence_percent),
        *_curves(analysis),
        Comment(),
    ]


def ranked_findings(findings: Sequence[Finding]) -> tuple[list[Finding], list[Finding]]:
    """Return the findings for page 1 and the rest, both in order of rank, withheld ones last."""
    held = [finding for finding in findings if finding.comparison == "not assessable"]
    given = [finding for finding in findings if finding.comparison != "not assessable"]
    room_held = min(len(held), MOST_WITHHELD, max(1, MOST_ROWS - len(given)))
    room_given = min(MOST_GIVEN, MOST_ROWS - room_held)
    shown = given[:room_given] + held[:room_held]
    return shown, given[room_given:] + held[room_held:]


def findings_table(findings: Sequence[Finding], prefix: str, previous: Analysis | None = None) -> Table:
    """Return findings as rows: sentence, value with interval, strip, norm range, change."""
    before = {} if previous is None else {one.key: one for one in earlier_findings(previous)}
    told = "no earlier visit" if previous is None else ""
    return Table(
        head=("Finding", "Value [95 % interval]", "strip", "Norm range", "Since last visit"),
        widths=(0.0, 34.0, 44.0, 22.0, 28.0),
        rows=tuple(
            _finding_row(finding, f"{prefix}_{k}", before.get(finding.key), told)
            for k, finding in enumerate(findings)
        ),
        strip_column=2,
    )


def earlier_findings(previous: Analysis) -> tuple[Finding, ...]:
    """Return every finding of an earlier visit, also those that its own first page had no room for."""
    return all_findings(previous.parameters, (), previous.recording.subject) or previous.findings


def header(analysis: Analysis, previous: Analysis | None = None) -> Header:
    """Return the head of the report: whom, when, with what."""
    recording = analysis.recording
    day, clock = recorded_at(recording.started_at)
    length = duration_words(_length_s(analysis))
    by = f"by operator {recording.operator}" if recording.operator else "operator not given"
    when = [day or "date not given", clock, length, by]
    rows = (
        ("Subject", clean(", ".join(_subject_words(analysis)), 70)),
        ("Recorded", clean(", ".join(part for part in when if part), 80)),
        ("Surface", _SURFACE.get(recording.surface, recording.surface)),
        ("Devices", clean(_device_words(analysis), 80)),
        ("Compared", clean(_compared_words(analysis, previous), 80)),
        ("Software", clean(software_words(analysis), 80)),
    )
    return Header("Gait report", clean(recording.protocol or "walking", 45), identifier(analysis), rows)


def identifier(analysis: Analysis) -> str:
    """Return the subject's pseudonym as it can be printed."""
    return clean(analysis.recording.subject.identifier, 40) or "no id"


def software_words(analysis: Analysis) -> str:
    """Return name and version of the software that made the analysis."""
    version = analysis.provenance.get("software_version") or analysis.recording.software_version
    return f"Tandem Gait {version or _installed_version()}"


def verdict(analysis: Analysis, details: str = "page 4") -> Verdict:
    """Return how far the recording can be trusted, in the words of the worst check.

    ``details`` names the place where the checks are listed.
    """
    checks = analysis.quality
    limited = [check for check in checks if check.status == "limited"]
    stopped = [check for check in checks if check.status == "not usable"]
    unsafe = [result for result in unchecked_sync(analysis) if result.verdict == "not fused"]
    held = [finding for finding in analysis.findings if finding.comparison == "not assessable"]
    count = len(limited) + (len(unsafe) if not stopped else 0)
    words, status = "good", "good"
    told = f"All {len(checks)} checks passed."
    if not checks:
        words, status, told = "usable, with 1 limit", "care", "The recording was not checked."
    elif stopped:
        words, status = "not usable", "stop"
        told = f"Record again. Reason: {listed([_lower(check.name) for check in stopped[:3]])}."
    elif count:
        words, status = f"usable, with {count} limit{'s' if count > 1 else ''}", "care"
        names = [_lower(check.name) for check in limited] + [f"{r.stream} not fused" for r in unsafe]
        told = f"Limited by: {listed(names[:3])}."
    if held:
        told += f" {len(held)} value{'s' if len(held) > 1 else ''} withheld."
    return Verdict(status, words, clean(told, 130), tuple(_verdict_cells(analysis, held, details)))


def is_camera_check(check: QualityCheck) -> bool:
    """Return True for the check that ties a camera to the wearables."""
    return check.name.startswith("Camera")


def camera_sync(analysis: Analysis) -> list[SyncResult]:
    """Return the results that tie a camera to the wearables; the others tie the wearables to each other."""
    cameras = {points.camera for points in analysis.recording.keypoints}
    return [result for result in analysis.sync if result.stream in cameras]


def unchecked_sync(analysis: Analysis) -> list[SyncResult]:
    """Return the results that no quality check speaks of, so that none is told twice."""
    checked = camera_sync(analysis) if any(is_camera_check(check) for check in analysis.quality) else []
    return [result for result in analysis.sync if result not in checked]


def found_words(check: QualityCheck, analysis: Analysis) -> str:
    """Return what a check found: of a camera that is tied to the wearables, its offset."""
    results = camera_sync(analysis)
    if is_camera_check(check) and check.status == "good" and len(results) == 1:
        return offset_words(results[0])
    return check.value


def offset_words(result: SyncResult) -> str:
    """Return an offset with its interval, ms below one second and s above."""
    scale, unit = (1e3, "ms") if abs(result.offset_s) < 1.0 else (1.0, "s")
    shown = format_estimate(Estimate(scale * result.offset_s, scale * result.low_s, scale * result.high_s, unit))
    return f"{shown.value} {shown.unit} {shown.interval}".strip()


def strip_figure(
    name: str,
    what: str,
    estimates: dict[str, Estimate],
    low: float,
    high: float,
    size_pt: tuple[float, float],
    before: Mapping[str, Estimate] | None = None,
) -> Figure | None:
    """Return a dot-and-range strip, or None without a norm range or a value."""
    earlier = {side: one.value for side, one in (before or {}).items()}
    marks = [
        strips.Mark(side, given.value, given.low, given.high, earlier.get(side, np.nan))
        for side, given in estimates.items()
        if given.is_assessable
    ]
    if not marks or not (np.isfinite(low) and np.isfinite(high) and high > low):
        return None
    numbers = [f"{side} {format_estimate(estimates[side]).value}" for side in estimates]
    value = format_estimate(estimates[marks[0].side]).value
    alt = f"{what}: {', '.join(numbers)}; norm range {norm_words(low, high, value)}"
    width, height = size_pt
    svg = strips.strip_svg(low, high, marks, width, height if len(marks) > 1 else min(height, 14.0))
    return Figure(name, svg, clean(alt.replace("both ", "")), width * 25.4 / 72.0)


def sided(estimates: Mapping[str, Estimate]) -> dict[str, Estimate]:
    """Return the estimates to print: left and right where given, else both."""
    pair = {side: estimates[side] for side in SIDES if side in estimates}
    return pair or dict(estimates)


def _compared_words(analysis: Analysis, previous: Analysis | None) -> str:
    if previous is None:
        return "no earlier visit"
    day = recorded_at(previous.recording.started_at)[0] or "date not given"
    same = previous.recording.protocol == analysis.recording.protocol
    return f"{day}; {'same' if same else 'another'} protocol"


def findings_blocks(
    shown: list[Finding], more: list[Finding], previous: Analysis | None, details: str = "page 3"
) -> list[Block]:
    """Return the table of findings with its note; ``more`` counts those without room."""
    if not shown:
        return [Text(f"No finding could be stated from this recording. All values are on {details}.")]
    names = dict.fromkeys(one.norm_name for one in shown if np.isfinite(one.norm_low) and one.norm_name)
    note = f"{len(more)} more on {details}. " if more else ""
    note += f"Norm ranges: {'; '.join(names)}." if names else ""
    blocks: list[Block] = [findings_table(shown, "finding", previous)]
    return [*blocks, Text(clean(note, 260), small=True)] if note else blocks


def _finding_row(finding: Finding, name: str, before: Finding | None, told: str) -> tuple[Cell, ...]:
    title = Cell(strong=clean(finding.sentence, 60), small=clean(finding.detail, 60))
    estimates = sided(finding.estimates)
    given = {side: one for side, one in estimates.items() if one.is_assessable}
    if not given:
        reasons = [one.reason for one in estimates.values()] or ["not computed"]
        if reasons[0] in finding.detail:
            title = Cell(strong=title.strong)
        return (
            title,
            Cell(small=clean(reasons[0], 88), columns=1),
            Cell(hatched=True, strong="wide"),
            Cell(small=EN_DASH),
            Cell(small=told or EN_DASH),
        )
    numbers = {side: format_estimate(one) for side, one in given.items()}
    letters = {"left": "L ", "right": "R ", "both": ""}
    value = " · ".join(letters[side] + (numbers[side].value if side in given else EN_DASH) for side in estimates)
    intervals = " · ".join(numbers[side].interval for side in given if numbers[side].interval)
    first = next(iter(numbers.values()))
    missing = [f"{side}: {one.reason}" for side, one in estimates.items() if side not in given]
    earlier = dict(before.estimates) if before is not None else {}
    limits = (finding.norm_low, finding.norm_high)
    strip = strip_figure(name, finding.detail, estimates, *limits, (117.0, 20.0), earlier)
    mark = COMPARISON_MARK[finding.comparison]
    return (
        title if not missing else Cell(strong=title.strong, small=clean(missing[0], 80)),
        Cell(strong=value, text=first.unit, small=intervals),
        Cell(figure=strip) if strip is not None else Cell(small="no norm range"),
        Cell(text=norm_words(*limits, first.value), small=mark),
        Cell(small=told) if told else change_cell(estimates, earlier),
    )


def change_cell(now: Mapping[str, Estimate], before: Mapping[str, Estimate]) -> Cell:
    """Return the change since the last visit: the number always, then what it means."""
    changes = {side: change(one, before[side]) for side, one in now.items() if side in before}
    known = {side: one for side, one in changes.items() if one.verdict != UNKNOWN}
    if not known:
        reasons = [one.words for one in changes.values()]
        return Cell(small=reasons[0] if reasons else "not recorded at the visit before")
    letters = {"left": "L ", "right": "R ", "both": ""}
    numbers = " · ".join(f"{letters[side]}{one.number}" for side, one in known.items())
    words = dict.fromkeys(one.words for one in known.values())
    if any(one.is_real for one in known.values()):
        told = [f"{letters[side]}{one.words}" for side, one in known.items()] if len(words) > 1 else list(words)
        return Cell(strong=numbers, small=clean("; ".join(told), 70))
    less = [word for word in words if word.startswith("less")]
    return Cell(text=numbers, small=clean("; ".join((LESS, *less)), 70))


def _curves(analysis: Analysis) -> list[Block]:
    panels, alt = page_one_panels(analysis)
    svg = joint_curves_svg(panels, columns=3, width_px=150, height_px=165, size=8.0)
    keys = ("left", "right", *(("norm",) if any(panel.norm for panel in panels) else ()), "toe-off")
    return [Section("Joint angles, left and right", keys=keys), Drawing(Figure("joints_small", svg, alt))]


def _verdict_cells(analysis: Analysis, held: list[Finding], details: str) -> list[VerdictCell]:
    cells = []
    open_results = [result for result in camera_sync(analysis) if result in unchecked_sync(analysis)]
    if open_results:
        result = max(open_results, key=lambda one: (one.verdict == "not fused", one.high_s - one.low_s))
        note = "corrected" if result.verdict == "safe to fuse" else "not fused"
        cells.append(VerdictCell("Camera to wearables", offset_words(result), note))
    last = []
    if held:
        names = ", ".join(_lower(finding.sentence) for finding in held)
        last.append(VerdictCell("Withheld", clean(names, 34), "reasons below"))
    room = MOST_VERDICT_CELLS - len(cells) - len(last)
    for check in sorted(analysis.quality, key=lambda one: not is_camera_check(one))[:room]:
        # A long reason stands on page 4; here it would be cut in the middle of a word.
        note = check.remark if len(check.remark) <= MOST_NOTE else f"see {details}"
        value = found_words(check, analysis)
        value = check.status if value == "see remark" or len(value) > MOST_NOTE else value
        cells.append(VerdictCell(clean(check.name, 28), clean(value, 28), clean(note, 40)))
    return cells + last


def _subject_words(analysis: Analysis) -> list[str]:
    subject = analysis.recording.subject
    numbers = (
        (subject.age_years, "{:.0f} years", "age not given"),
        (subject.height_m, "{:.2f} m", "height not given"),
        (subject.leg_length_m, "leg length {:.2f} m", ""),
    )
    words = [form.format(value) if np.isfinite(value) else missing for value, form, missing in numbers]
    words.insert(1, subject.sex or "sex not given")
    return [word for word in words if word]


def _device_words(analysis: Analysis) -> str:
    recording = analysis.recording
    parts = []
    if recording.keypoints:
        rates = [recording.camera(points.camera).rate_hz for points in recording.keypoints]
        rate = f" {rates[0]:.0f} Hz" if np.isfinite(rates[0]) else ""
        parts.append(f"{len(rates)} camera{'s' if len(rates) > 1 else ''}{rate}")
    if recording.imus:
        worn = _worn_words([imu.segment for imu in recording.imus])
        count = len(recording.imus)
        plural = "s" if count > 1 else ""
        parts.append(f"{count} wearable{plural} {recording.imus[0].rate_hz:.0f} Hz: {worn}")
    return "; ".join(parts) or "none"


def _worn_words(segments: list[str]) -> str:
    """Return where the wearables are, pairs told once: ``pelvis, both shanks``."""
    words = []
    for segment in segments:
        side, _, part = segment.partition("_")
        paired = {f"left_{part}", f"right_{part}"} <= set(segments)
        word = (f"both {part}s".replace("foots", "feet") if paired else f"{side} {part}") if part else side
        if word not in words:
            words.append(word)
    return ", ".join(words)


def _length_s(analysis: Analysis) -> float:
    time_s = analysis.motion.time_s
    return float(time_s[-1] - time_s[0]) if len(time_s) > 1 else np.nan


def _lower(text: str) -> str:
    """Return the text with a small first letter, unless its first word is an abbreviation or a letter."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def _installed_version() -> str:
    from fusion.version import __version__

    return __version__
