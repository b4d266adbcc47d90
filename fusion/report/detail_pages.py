"""Pages 3 and 4: every parameter, and how far the measurement can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np

from fusion.errors import SignalError
from fusion.gait.numbers import format_estimate
from fusion.report.blocks import Block, Cell, Columns, Drawing, Figure, NewPage, Pairs, Section, Table, Text
from fusion.report.curves import (
    hidden_spans,
    knee_error_deg,
    knee_track,
    more_hidden_side,
    timeline_window,
)
from fusion.report.figures import Lines, timeline_svg
from fusion.report.first_page import (
    COMPARISON_MARK,
    findings_table,
    norm_words,
    offset_words,
    ranked_findings,
    software_words,
    strip_figure,
)
from fusion.report.words import (
    GROUP_ORDER,
    clean,
    date_words,
    parameter_group,
    parameter_words,
    sentence,
)
from fusion.types import SIDES, Analysis, Estimate, Finding, JointAngles

IDENTITY_TOLERANCE_PERCENT = 0.1
"""Stance and swing of one side add up to 100 %; a larger gap is a mistake, and nothing is printed."""

_OTHER_DASHES = ((6.0, 2.0, 1.0, 2.0), (3.0, 2.0), (1.0, 2.0))
_TRUTH_DASH = (1.0, 1.5)


def parameters_page(analysis: Analysis) -> list[Block]:
    """Return the blocks of page 3: findings without room on page 1, then every parameter."""
    check_identities(analysis)
    blocks: list[Block] = [NewPage("All parameters")]
    more = ranked_findings(analysis.findings)[1]
    if more:
        blocks += [Section("Further findings"), findings_table(more, "more")]
    if not analysis.parameters.items:
        return [*blocks, Text("No parameter could be computed from this recording.")]
    return [*blocks, Section("Parameters"), parameters_table(analysis), _parameters_notes()]


def check_identities(analysis: Analysis) -> None:
    """Check that the phases of each side add up.

    Raises
    ------
    SignalError
        Stance and swing of one side differ from 100 % by more than ``IDENTITY_TOLERANCE_PERCENT``.
    """
    found = {(one.name, one.side): one.estimate for one in analysis.parameters.items}
    for (name, side), stance in found.items():
        swing = found.get((name.replace("stance", "swing"), side))
        if "stance" not in name or swing is None or stance.unit != "%" or swing.unit != "%":
            continue
        if not (stance.is_assessable and swing.is_assessable and stance.n == swing.n):
            continue
        gap = abs(stance.value + swing.value - 100.0)
        if gap > IDENTITY_TOLERANCE_PERCENT:
            raise SignalError(
                f"stance and swing of the {side} side must add up to 100 %; got {stance.value:.2f} and "
                f"{swing.value:.2f}. Check the contact events; no report is printed from them."
            )


def parameters_table(analysis: Analysis) -> Table:
    """Return every parameter, grouped, left beside right, its reason below it."""
    norms = {finding.key: finding for finding in analysis.findings}
    named: dict[str, dict[str, Estimate]] = {}
    for item in analysis.parameters.items:
        named.setdefault(item.name, {})[item.side] = item.estimate
    order = sorted(named, key=lambda name: GROUP_ORDER.index(parameter_group(name)))
    rows: list[tuple[Cell, ...]] = []
    groups: dict[str, str] = {}
    last_group, last_reason = "", ""
    for name in order:
        if parameter_group(name) != last_group:
            last_group, last_reason = parameter_group(name), ""
            groups[str(len(rows))] = last_group
        rows.append(_parameter_row(name, named[name], norms.get(_finding_key(name, norms))))
        reason = _reason(named[name])
        if reason:
            told = "as above" if reason == last_reason else reason
            rows[-1] = (*rows[-1][:-1], Cell(text=rows[-1][-1].text, small=told))
        last_reason = reason
    head = ("Parameter", "L left or both", "R right", "strip", "Norm range", "n", "Grade and why")
    return Table(head, (31.0, 32.0, 32.0, 29.0, 17.0, 12.0, 0.0), tuple(rows), True, groups, 3)


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
        _checks_table(analysis),
        *_placements(analysis),
        Section("Method and limits"),
        _method(analysis),
        Section("Provenance"),
        _provenance(analysis, created_on, analysis_id),
    ]


def _parameter_row(name: str, found: Mapping[str, Estimate], norm: Finding | None) -> tuple[Cell, ...]:
    pair = [found[side] for side in SIDES if side in found]
    shown = {side: found[side] for side in SIDES if side in found} or {"both": found["both"]}
    unit = next(iter(shown.values())).unit
    title = Cell(text=parameter_words(name), small="" if unit == "1" else unit)
    if pair:
        cells = [_value(found[side]) if side in found else Cell(small="–") for side in SIDES]
    else:
        cells = [_value(found["both"]), Cell()]
    counts = " / ".join(str(one.n) for one in shown.values())
    grades = list(dict.fromkeys(one.grade for one in shown.values()))
    letters = {side: f"{side[0].upper()} " for side in SIDES}
    worded = [f"{letters.get(side, '')}{one.grade}" for side, one in shown.items()]
    grade = grades[0] if len(grades) == 1 else ", ".join(worded)
    strip, limits = Cell(), Cell()
    if norm is not None:
        figure = strip_figure(f"strip_{name}", title.text, shown, norm.norm_low, norm.norm_high, 76.0)
        strip = Cell(figure=figure) if figure is not None else Cell()
        first = next((format_estimate(one).value for one in shown.values() if one.is_assessable), "")
        limits = Cell(text=norm_words(norm.norm_low, norm.norm_high, first), small=COMPARISON_MARK[norm.comparison])
    return (title, *cells, strip, limits, Cell(small=counts), Cell(text=grade))


def _finding_key(name: str, norms: Mapping[str, Finding]) -> str:
    """Return the key of the finding that is about this parameter: equal, or equal but for the unit."""
    return next((key for key in norms if name == key or name.rpartition("_")[0] == key), "")


def _value(estimate: Estimate) -> Cell:
    if not estimate.is_assessable:
        return Cell(hatched=True)
    shown = format_estimate(estimate)
    return Cell(strong=shown.value, text=shown.interval)


def _reason(found: Mapping[str, Estimate]) -> str:
    reasons = {side: one.reason for side, one in found.items() if one.reason}
    distinct = set(reasons.values())
    if len(distinct) == 1 and len(reasons) == len(found):
        return clean(distinct.pop(), 300)
    return clean("; ".join(f"{side}: {reason}" for side, reason in reasons.items()), 300)


def _parameters_notes() -> Columns:
    norm = (
        "▼ below, ▲ above: the whole interval lies outside the norm range; ◇ borderline: it crosses a limit; "
        "within: it lies inside. One value in twenty falls outside its range in a healthy person."
    )
    grade = (
        "of the measurement, not of the patient. n: strides or steps behind the value. Variation: standard "
        "deviation over mean. Stride: initial contact to the next of the same foot."
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
    for (name, other), dash in zip(compared.items(), _OTHER_DASHES, strict=False):
        found = knee_track(other, track.side)
        if found is not None:
            others.append(Lines(clean(name, 30), found.time_s, found.angle_deg, dash))
    name = f"knee_flexion_{track.side}_deg"
    if truth is not None and name in truth.names:
        others.append(Lines("truth", truth.time_s, truth.angle(name), _TRUTH_DASH))
    svg = timeline_svg(track, window, analysis.events, others, 8.5)
    seen = bool(np.isfinite(track.camera_deg).any())
    keys = (f"fused {track.side}", *(("camera", "hidden") if seen else ()))
    caption = _timeline_caption(analysis, track.side, [line.name for line in others])
    alt = f"{sentence(track.side)} knee flexion from {window[0]:.1f} to {window[1]:.1f} s. {caption}"
    figure = Figure("timeline", svg, clean(alt, 600))
    return [Section(f"{sentence(track.side)} knee over time", keys=keys), Drawing(figure, caption)]


def _timeline_caption(analysis: Analysis, side: str, others: list[str]) -> str:
    spans = hidden_spans(analysis, side)
    parts = []
    if not analysis.points:
        parts.append("No camera was used: the line rests on wearables alone.")
    elif spans:
        total, longest = sum(b - a for a, b in spans), max(b - a for a, b in spans)
        span = analysis.motion.time_s[-1] - analysis.motion.time_s[0]
        parts.append(
            f"The {side} leg was hidden {len(spans)} times, {100.0 * total / span:.0f} % of the recording, at most "
            f"{longest:.2f} s; the line there rests on the wearables, with a wider band."
        )
        if not analysis.recording.imus:
            parts[-1] = parts[-1].replace("the wearables", "the model of walking")
    else:
        parts.append(f"The {side} leg was never hidden from the camera.")
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
        rows.append((Cell(text=clean(name, 40)), *(Cell(strong=_rms(pooled[kind])) for kind in pooled)))
    head = ("Source", "Leg in view, deg", "Leg hidden, deg")
    aside = "root mean square of estimate minus truth, both knees"
    return [
        Section("Against the truth of this simulated walk", aside=aside),
        Table(head, (0.0, 50.0, 50.0), tuple(rows), True),
    ]


def _rms(errors: list[np.ndarray]) -> str:
    values = np.concatenate(errors) if errors else np.empty(0)
    values = values[np.isfinite(values)]
    return f"{np.sqrt(np.mean(values**2)):.1f}" if values.size else "–"


def _checks_table(analysis: Analysis) -> Table:
    rows = []
    for result in analysis.sync:
        words = "✓ safe to fuse" if result.verdict == "safe to fuse" else "! not fused"
        skew = f", skew {result.skew_ppm:.0f} ppm" if result.skew_ppm else ""
        found = clean(offset_words(result) + skew, 60)
        tone = "good" if result.verdict == "safe to fuse" else "care"
        remark = "; ".join(part for part in (result.reason, result.method) if part)
        rows.append(
            (
                Cell(text=clean(f"Camera {result.stream} to wearables", 60)),
                Cell(strong=words, tone=tone),
                Cell(text=found),
                Cell(small=clean(remark, 300)),
            )
        )
    marks = {"good": ("✓ good", "good"), "limited": ("! limited", "care"), "not usable": ("× not usable", "stop")}
    for check in analysis.quality:
        words, tone = marks[check.status]
        rows.append(
            (
                Cell(text=clean(check.name, 80)),
                Cell(strong=words, tone=tone),
                Cell(text=clean(check.value, 120)),
                Cell(small=clean(check.remark, 300)),
            )
        )
    if not rows:
        rows = [(Cell(text="No check was made of this recording.", columns=4),)]
    return Table(("Check", "Status", "Found", "What it means"), (46.0, 27.0, 45.0, 0.0), tuple(rows), True)


def _placements(analysis: Analysis) -> list[Block]:
    if not analysis.placements:
        return []
    rows = []
    for one in analysis.placements:
        issue = one.issue
        if not issue and one.worn_on and one.worn_on != one.segment:
            issue = f"the signal fits the {_segment(one.worn_on)} better; check the sensor names"
        axis = f"axis known to {np.degrees(1.96 * one.axis_sd_rad):.0f} deg" if np.isfinite(one.axis_sd_rad) else ""
        status = Cell(strong="! look", tone="care") if issue else Cell(strong="✓ good", tone="good")
        details = "; ".join(part for part in (one.method, axis) if part)
        found = Cell(text=clean(details, 80))
        rows.append((Cell(text=sentence(_segment(one.segment))), status, found, Cell(small=clean(issue, 300))))
    head = ("Wearable on", "Status", "Placement found by", "What was found")
    return [Section("Wearables on the body"), Table(head, (46.0, 27.0, 45.0, 0.0), tuple(rows), True)]


def _method(analysis: Analysis) -> Columns:
    sources = {"camera": "camera keypoints", "imu": "wearables"}
    used = " and ".join(sources.get(source, source) for source in analysis.use)
    method = (
        f"One Kalman filter joins {used or 'no source'} on one clock and one jointed body, then smooths. Values "
        "print with their 95 % interval; what a sensor did not measure is withheld or marked."
    )
    limits = (
        "Walking aids, running, slopes and long skirts. Absolute joint angles differ between laboratories "
        "by 5 to 8 deg; compare curves within one system. Lengths need the height of the person."
    )
    return Columns((Text(method, "Method.", small=True), Text(limits, "Not validated.", small=True)))


def _provenance(analysis: Analysis, created_on: date, analysis_id: str) -> Pairs:
    kept = ("analysis_id", "software_version")
    settings = [
        (sentence(clean(key).replace("_", " ")), clean(_flat(value), 260))
        for key, value in sorted(analysis.provenance.items())
        if key not in kept
    ][:8]
    held = sum(finding.comparison == "not assessable" for finding in analysis.findings)
    return Pairs(
        (
            ("Recording", clean(analysis.recording.identifier, 120)),
            ("Analysis", f"{analysis_id}; sources: {', '.join(analysis.use) or 'none'}"),
            ("Report made on", date_words(created_on)),
            ("Software", software_words(analysis)),
            *settings,
            ("Withheld", f"{held} finding{'' if held == 1 else 's'}"),
        )
    )


def _flat(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_flat(item)}".replace("_", " ") for key, item in value.items())
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(_flat(item) for item in value)
    return str(value)


def _segment(name: str) -> str:
    return name.replace("_", " ")
