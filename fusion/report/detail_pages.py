"""Pages 3 and 4: every parameter, and how far the measurement can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from itertools import groupby

import numpy as np

from fusion.errors import SignalError
from fusion.gait.definitions import KEY_ANGLES
from fusion.gait.norms import norm_for
from fusion.gait.numbers import EN_DASH, format_estimate
from fusion.report.angles import norm_cells
from fusion.report.blocks import Block, Cell, Columns, Drawing, Figure, NewPage, Pairs, Section, Table, Text
from fusion.report.checks import checks_table, placements
from fusion.report.curves import (
    filmed_span,
    hidden_spans,
    knee_error_deg,
    knee_track,
    more_hidden_side,
    strays,
    timeline_window,
)
from fusion.report.figures import Lines, timeline_svg
from fusion.report.first_page import (
    findings_table,
    ranked_findings,
    sided,
    software_words,
    strip_figure,
)
from fusion.report.words import (
    GROUP_ORDER,
    clean,
    date_words,
    listed,
    parameter_group,
    parameter_unit,
    parameter_words,
    sentence,
    walking_speed_mps,
)
from fusion.types import SIDES, Analysis, Estimate, JointAngles

SHORTEST_UNFILMED_S = 0.5
"""From here on a camera that starts late or stops early is told: the line rests on wearables alone there."""

IDENTITY_TOLERANCE = 0.1
"""Largest gap, % or steps/min, in a sum that must hold; a larger one is a mistake, and nothing is printed."""

_OTHER_DASHES = (("dash-dot", (6.0, 2.0, 1.0, 2.0)), ("short dashes", (3.0, 2.0)))
_TRUTH_DASH = ("dotted", (1.0, 1.5))


def parameters_page(analysis: Analysis) -> list[Block]:
    """Return the blocks of page 3: findings without room on page 1, then every parameter."""
    check_identities(analysis)
    blocks: list[Block] = [NewPage("All parameters")]
    more = ranked_findings(analysis.findings)[1]
    if more:
        blocks += [Section("Further findings"), findings_table(more, "more")]
    if not analysis.parameters.items:
        return [*blocks, Text("No parameter could be computed from this recording.")]
    heading = [Section("Parameters")] if more else []
    return [*blocks, *heading, parameters_table(analysis), _parameters_notes()]


def check_identities(analysis: Analysis) -> None:
    """Check that the phases add up and that cadence is 120 over stride time.

    Raises
    ------
    SignalError
        One of these sums is off by more than ``IDENTITY_TOLERANCE``.
    """
    get = analysis.parameters.get
    for side in (*SIDES, "both"):
        stance, swing = get("stance_percent", side), get("swing_percent", side)
        _check(f"stance plus swing ({side})", (stance, swing), stance.value + swing.value, 100.0)
    single, double = get("single_support_percent"), get("double_support_percent")
    _check("twice single plus double support", (single, double), 2.0 * single.value + double.value, 100.0)
    cadence, stride_time = get("cadence_spm"), get("stride_time_s")
    _check("cadence", (cadence, stride_time), cadence.value, 120.0 / stride_time.value)


def _check(what: str, parts: tuple[Estimate, ...], got: float, expected: float) -> None:
    """Raise when parts that rest on the same strides contradict each other."""
    same_strides = len({part.n for part in parts}) == 1
    if same_strides and all(part.is_assessable for part in parts) and abs(got - expected) > IDENTITY_TOLERANCE:
        raise SignalError(
            f"{what} must be {expected:.1f}; got {got:.2f}. No report is printed from numbers that contradict each "
            "other: check the contact events."
        )


def parameters_table(analysis: Analysis) -> Table:
    """Return every parameter that is not on page 2, grouped, left beside right, reasons below the rows."""
    on_page_two = {point.name for point in KEY_ANGLES}
    named: dict[str, dict[str, Estimate]] = {}
    for item in analysis.parameters.items:
        if item.name not in on_page_two:
            named.setdefault(item.name, {})[item.side] = item.estimate
    rows: list[tuple[Cell, ...]] = []
    groups: dict[str, str] = {}
    for group in GROUP_ORDER:
        members = [name for name in named if parameter_group(name) == group]
        if members:
            groups[str(len(rows))] = group
        for reason, names in groupby(members, key=lambda name: _reason(named[name])):
            same = list(names)
            rows += [_parameter_row(analysis, name, named[name]) for name in same]
            if reason:
                lead = f"These {len(same)} rows: " if len(same) > 1 else ""
                rows.append((Cell(small=lead + reason, columns=7),))
    head = ("Parameter", "L left or both", "R right", "strip", "Norm range", "n", "Grade")
    return Table(head, (41.0, 31.6, 31.6, 25.0, 20.0, 12.5, 0.0), tuple(rows), True, groups, 3)


def quality_page(
    analysis: Analysis,
    compared: Mapping[str, Analysis],
    truth: JointAngles | None,
    created_on: date,
    analysis_id: str,
) -> list[Block]:
    """Return the blocks of page 4: what was seen when, checks, placements, method, provenance."""
    return [
        NewPage("How it was measured, and how far to trust it"),
        *_timeline(analysis, compared, truth),
        *_truth(analysis, compared, truth),
        Section("What limits this recording"),
        checks_table(analysis),
        *placements(analysis),
        *method_blocks(analysis, created_on, analysis_id),
    ]


def method_blocks(analysis: Analysis, created_on: date, analysis_id: str = "") -> list[Block]:
    """Return how it was measured, what was not validated, and where every number comes from."""
    name = analysis_id or str(analysis.provenance.get("analysis_id", ""))
    return [
        Section("Method and limits"),
        _method(analysis),
        Section("Provenance"),
        _provenance(analysis, created_on, name),
    ]


def _parameter_row(analysis: Analysis, name: str, found: Mapping[str, Estimate]) -> tuple[Cell, ...]:
    shown = sided(found)
    unit = parameter_unit(name, next(iter(shown.values())).unit)
    title = Cell(text=parameter_words(name), unit=unit)
    if "both" not in shown:
        cells = [_value(found[side]) if side in found else Cell(small=EN_DASH) for side in SIDES]
    else:
        cells = [_value(found["both"], columns=2)]
    counts = " / ".join(str(one.n) for one in shown.values())
    grades = [EN_DASH if not one.is_assessable else one.grade for one in shown.values()]
    grade = " / ".join(dict.fromkeys(grades))
    norm = norm_for(name, analysis.recording.subject, walking_speed_mps(analysis))
    figure = strip_figure(f"strip_{name}", title.text, shown, norm.low, norm.high, (68.0, 18.0))
    limits, words = norm_cells(analysis, name, shown)
    limits = Cell(text=limits.text, small=words.small)
    strip = Cell(figure=figure)
    return (title, *cells, strip, limits, Cell(small=counts), Cell(text=grade))


def _value(estimate: Estimate, columns: int = 1) -> Cell:
    if not estimate.is_assessable:
        return Cell(hatched=True, columns=columns)
    shown = format_estimate(estimate)
    return Cell(strong=shown.value, text=shown.interval, columns=columns)


def _reason(found: Mapping[str, Estimate]) -> str:
    shown = sided(found)
    reasons = {side: one.reason for side, one in shown.items() if one.reason}
    distinct = set(reasons.values())
    if len(distinct) == 1 and len(reasons) == len(shown):
        return clean(distinct.pop(), 300)
    told = [reason if reason.startswith(side) else f"{side}: {reason}" for side, reason in reasons.items()]
    return clean("; ".join(told), 300)


def _parameters_notes() -> Columns:
    norm = (
        "▼ below, ▲ above: the whole interval lies outside the norm range; ◇ borderline: it crosses a limit; "
        "within: it lies inside. One value in twenty falls outside its range in a healthy person."
    )
    grade = (
        "of the measurement, not of the patient. n: strides or steps behind the value. SD: standard deviation; "
        "CV: SD over mean. Stride: initial contact to the next of the same foot. Angles are on page 2."
    )
    return Columns((Text(norm, "Against norm.", small=True), Text(grade, "Grade", small=True)))


def _timeline(analysis: Analysis, compared: Mapping[str, Analysis], truth: JointAngles | None) -> list[Block]:
    first = more_hidden_side(analysis)
    sides = (first, *(side for side in SIDES if side != first))
    track = next((found for side in sides if (found := knee_track(analysis, side)) is not None), None)
    if track is None:
        reasons = list(dict.fromkeys(analysis.joint_angles.reasons.values()))
        why = reasons[0] if reasons else "neither knee was measured"
        return [Section("Knee over time"), Text(clean(f"Not assessable: {why}.", 300))]
    window = timeline_window(track)
    others = []
    for (name, other), (drawn, dash) in zip(compared.items(), _OTHER_DASHES, strict=False):
        found = knee_track(other, track.side)
        if found is not None:
            others.append(Lines(f"{clean(name, 30)} ({drawn})", found.time_s, found.angle_deg, dash))
    name = f"knee_flexion_{track.side}_deg"
    if truth is not None and name in truth.names:
        others.append(Lines(f"truth ({_TRUTH_DASH[0]})", truth.time_s, truth.angle(name), _TRUTH_DASH[1]))
    svg = timeline_svg(track, window, analysis.events, others, 8.5)
    seen = bool(np.isfinite(track.camera_deg).any())
    keys = (f"fused {track.side}", *(("camera", "hidden") if seen else ()))
    caption = _timeline_caption(analysis, track.side, strays(track, window), [line.name for line in others])
    alt = f"{sentence(track.side)} knee flexion from {window[0]:.1f} to {window[1]:.1f} s. {caption}"
    figure = Figure("timeline", svg, clean(alt, 600))
    return [Section(f"{sentence(track.side)} knee over time", keys=keys), Drawing(figure, caption)]


def _timeline_caption(analysis: Analysis, side: str, outside: int, others: list[str]) -> str:
    spans = hidden_spans(analysis, side)
    parts = []
    filmed = filmed_span(analysis)
    motion_s = analysis.motion.time_s
    if filmed is None:
        refused = " The keypoints shown were refused; the checks below say why." if analysis.points else ""
        parts.append(f"No camera was used: the line rests on wearables alone.{refused}")
    elif spans:
        total, longest = sum(b - a for a, b in spans), max(b - a for a, b in spans)
        span = filmed[1] - filmed[0]
        times = "once" if len(spans) == 1 else f"{len(spans)} times"
        parts.append(
            f"The {side} leg was hidden {times}, {100.0 * total / span:.0f} % of the film, at most "
            f"{longest:.2f} s; the line there rests on the wearables."
        )
        if not (analysis.recording.imus and "imu" in analysis.use):
            parts[-1] = parts[-1].replace("the wearables", "the model of walking")
    else:
        parts.append(f"The {side} leg was never hidden from the camera.")
    if filmed is not None and max(filmed[0] - motion_s[0], motion_s[-1] - filmed[1]) > SHORTEST_UNFILMED_S:
        parts.append(f"The camera filmed from {filmed[0]:.1f} to {filmed[1]:.1f} s.")
    if outside:
        points = "keypoint lies" if outside == 1 else "keypoints lie"
        parts.append(f"{outside} camera {points} outside of the axis.")
    if others:
        parts.append(f"Thin lines: {', '.join(others)}.")
    return " ".join(parts)


def _truth(analysis: Analysis, compared: Mapping[str, Analysis], truth: JointAngles | None) -> list[Block]:
    """Return the knee error of each source where the truth is known: a simulated walk."""
    if truth is None:
        return []
    rows = []
    for name, one in (("this report", analysis), *compared.items()):
        pooled: dict[str, list[np.ndarray]] = {"seen": [], "hidden": []}
        for side in SIDES:
            if f"knee_flexion_{side}_deg" not in truth.names:
                continue
            exact = truth.angle(f"knee_flexion_{side}_deg")
            error = knee_error_deg(one, truth.time_s, exact, side)
            hidden = np.zeros(len(error), dtype=bool)
            for begin, end in hidden_spans(analysis, side):
                hidden |= (one.joint_angles.time_s >= begin) & (one.joint_angles.time_s <= end)
            pooled["seen"].append(error[~hidden])
            pooled["hidden"].append(error[hidden])
        rows.append((Cell(text=clean(name, 40)), *(_rms(pooled[kind]) for kind in pooled)))
    head = ("Source", "Leg in view, deg", "Leg hidden, deg")
    aside = "root mean square of estimate minus truth, both knees"
    return [
        Section("Against the truth of this simulated walk", aside=aside),
        Table(head, (0.0, 50.0, 50.0), tuple(rows), True),
    ]


def _rms(errors: list[np.ndarray]) -> Cell:
    values = np.concatenate(errors) if errors else np.empty(0)
    values = values[np.isfinite(values)]
    return Cell(strong=f"{np.sqrt(np.mean(values**2)):.1f}") if values.size else Cell(hatched=True)


def _method(analysis: Analysis) -> Columns:
    method = (
        f"One Kalman filter joins {_sources(analysis)} on one clock and one jointed body, then smooths. Values "
        "print with their 95 % interval; what a sensor did not measure is withheld or marked."
    )
    limits = (
        "Walking aids, running, slopes and long skirts. Absolute joint angles differ between laboratories "
        "by 5 to 8 deg; compare curves within one system. Lengths need the height of the person."
    )
    return Columns((Text(method, "Method.", small=True), Text(limits, "Not validated.", small=True)))


def _provenance(analysis: Analysis, created_on: date, analysis_id: str) -> Pairs:
    kept = ("analysis_id", "software", "software_version", "use")
    settings = [
        (_key_words(key), clean(_flat(value), 260))
        for key, value in sorted(analysis.provenance.items())
        if key not in kept and _flat(value)
    ][:8]
    held = sum(finding.comparison == "not assessable" for finding in analysis.findings)
    return Pairs(
        (
            ("Recording", clean(analysis.recording.identifier, 120)),
            ("Analysis", f"{analysis_id}, from {_sources(analysis)}"),
            ("Report made on", date_words(created_on)),
            ("Software", software_words(analysis)),
            *settings,
            ("Withheld", f"{held} finding{'' if held == 1 else 's'}"),
        )
    )


def _key_words(key: str) -> str:
    """Return a provenance key as words: ``stage_times_s`` is "Stage times, s"."""
    known = {"seconds": "Computing time, s", "input_sha256": "Fingerprint of the data"}
    stem = key.removesuffix("_s")
    return known.get(key) or sentence(clean(stem, 40).replace("_", " ")) + (", s" if stem != key else "")


def _sources(analysis: Analysis) -> str:
    words = {"camera": "camera keypoints", "imu": "wearables"}
    return listed([words.get(source, source) for source in analysis.use]) or "no source"


def _flat(value: object) -> str:
    if isinstance(value, Mapping):
        # Why a camera was refused is told among the checks.
        told = {key: item for key, item in value.items() if item not in (None, "") and key != "refusal"}
        return ", ".join(f"{key} {_flat(item)}".replace("_", " ") for key, item in told.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(_flat(item) for item in value)
    return str(value)
