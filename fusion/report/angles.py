"""Joint angles as panels and as a table: the curves of page 1 and page 2."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fusion.gait.definitions import KEY_ANGLES
from fusion.gait.findings import compare
from fusion.gait.norms import curve_norm, norm_for
from fusion.gait.numbers import EN_DASH, MINUS, format_estimate
from fusion.report.blocks import Block, Cell, Drawing, Figure, Section, Table, Text
from fusion.report.curves import MeanCurve, mean_contacts, mean_curve
from fusion.report.figures import NormBand, Panel, joint_curves_svg
from fusion.report.strips import cycle_svg
from fusion.report.words import COMPARISON_MARK, clean, norm_words, sentence, walking_speed_mps
from fusion.types import SIDES, Analysis, Estimate


@dataclass(frozen=True, slots=True)
class Joint:
    """How one angle is named, drawn and limited."""

    key: str
    title: str
    axis: str
    domain_deg: tuple[float, float]
    sides: tuple[str, ...] = SIDES


PELVIS = Joint("pelvis_tilt", "Pelvis", "forward tilt, deg", (-8.0, 38.0), ("both", *SIDES))
HIP = Joint("hip_flexion", "Hip", "flexion, deg", (-25.0, 50.0))
KNEE = Joint("knee_flexion", "Knee", "flexion, deg", (-10.0, 75.0))
ANKLE = Joint("ankle_dorsiflexion", "Ankle", "dorsiflexion, deg", (-30.0, 25.0))

_NOT_COMPUTED = Estimate.not_assessable("deg", "not computed for this recording")


def panel(analysis: Analysis, joint: Joint) -> Panel:
    """Return one joint's curves, or a panel that says what is missing."""
    curves = curves_of(analysis, joint)
    missing = [side for side in SIDES if side not in {curve.side for curve in curves}]
    note = ""
    if not curves:
        note = "not assessable"
    elif missing and curves[0].side != "both":
        note = f"{missing[0][0].upper()}: not assessable"
    return Panel(joint.title, joint.axis, joint.domain_deg, curves, norm_band(analysis, joint), note)


def curves_of(analysis: Analysis, joint: Joint) -> tuple[MeanCurve, ...]:
    """Return the mean curves of a joint that could be assessed."""
    curves = (mean_curve(analysis, joint.key, side) for side in joint.sides)
    return tuple(curve for curve in curves if curve is not None)


def norm_band(analysis: Analysis, joint: Joint) -> NormBand | None:
    """Return the range of healthy peers at this walking speed, or None when there is none that fits.

    Hip and pelvis have none: their norms count from the pelvic landmarks, about 10 deg from the zero in
    standing that this report uses, and a band in the wrong place is worse than none.
    """
    if joint not in (KNEE, ANKLE):
        return None
    norm = curve_norm(joint.key, analysis.recording.subject, walking_speed_mps(analysis))
    if norm is None:
        return None
    half = 1.96 * norm.sd_deg
    return NormBand(norm.mean_deg - half, norm.mean_deg + half, norm.name)


def page_one_panels(analysis: Analysis) -> tuple[list[Panel], str]:
    """Return the three panels of page 1 with their text equal."""
    panels = [panel(analysis, joint) for joint in (HIP, KNEE, ANKLE)]
    return panels, curves_alt(panels)


def curves_alt(panels: list[Panel]) -> str:
    """Return in words what the curves show."""
    told = []
    for one in panels:
        name = f"{one.title} {one.axis.removesuffix(', deg')}"
        ranges = [
            f"{curve.side} {np.min(curve.mean_deg):.0f} to {np.max(curve.mean_deg):.0f} deg" for curve in one.curves
        ]
        told.append(f"{name}: {', '.join(ranges) or 'not assessable'}" + (f"; {one.note}" if one.note else ""))
    text = ". ".join(told).replace("both ", "")
    return clean(f"Mean joint angles over the gait cycle. {text}.", 900).replace("-", MINUS)


def angles_page(analysis: Analysis) -> list[Block]:
    """Return the blocks of page 2 below its title."""
    panels = [panel(analysis, joint) for joint in (PELVIS, HIP, KNEE, ANKLE)]
    svg = joint_curves_svg(panels, columns=2, width_px=232, height_px=142, size=9.0)
    keys = ("left", "right", *(("norm",) if any(one.norm for one in panels) else ()), "ribbon")
    figure = Figure("joints_large", svg, curves_alt(panels))
    return [
        Section("Curves", keys=keys),
        Drawing(figure, curves_caption(panels)),
        *_reasons(analysis),
        Section("Read with the curves"),
        curve_points_table(analysis),
        Text(_points_note(analysis), small=True),
        *_cycle(analysis),
    ]


def curve_points_table(analysis: Analysis) -> Table:
    """Return the points read off the curves, left beside right, with the reason of those withheld."""
    found = {(one.name, one.side): one.estimate for one in analysis.parameters.items}
    told = {*analysis.joint_angles.reasons.values(), _NOT_COMPUTED.reason, *_shared_reasons(analysis)}
    rows = []
    for point in KEY_ANGLES:
        pair = [found.get((point.name, side), _NOT_COMPUTED) for side in SIDES]
        if all(one is _NOT_COMPUTED for one in pair):
            continue
        reasons = [one for one in dict.fromkeys(one.reason for one in pair if one.reason) if one not in told]
        count = " / ".join(str(one.n) for one in pair)
        label = Cell(text=sentence(point.label), small=clean("; ".join(reasons), 160))
        sides = dict(zip(SIDES, pair, strict=True))
        limits, words = norm_cells(analysis, point.name, sides)
        rows.append((label, *(_number(one) for one in pair), limits, words, Cell(small=count)))
    head = ("Point on the curve", "L left", "R right", "Norm range", "Against norm", "Strides")
    return Table(head, (0.0, 27.0, 27.0, 20.0, 36.0, 16.0), tuple(rows), dense=True)


def _shared_reasons(analysis: Analysis) -> dict[str, list[str]]:
    """Return reason -> labels of the points that it limits, for reasons that limit several points."""
    labels = {point.name: point.label for point in KEY_ANGLES}
    limited: dict[str, list[str]] = {}
    for item in analysis.parameters.items:
        reason = item.estimate.reason
        if item.name in labels and reason and labels[item.name] not in limited.get(reason, ()):
            limited.setdefault(reason, []).append(labels[item.name])
    known = set(analysis.joint_angles.reasons.values())
    return {reason: points for reason, points in limited.items() if len(points) > 1 and reason not in known}


def _points_note(analysis: Analysis) -> str:
    """Return what holds for the whole table of points, and for several of its rows."""
    note = "Values in degrees with 95 % interval; extension and plantarflexion positive where named."
    found = {item.name for item in analysis.parameters.items}
    count = sum(point.name in found for point in KEY_ANGLES)
    for reason, points in _shared_reasons(analysis).items():
        which = "All points" if len(points) == count else sentence(", ".join(points))
        note += f" {which}: {reason}."
    return clean(note, 700)


def norm_cells(analysis: Analysis, name: str, found: Mapping[str, Estimate]) -> tuple[Cell, Cell]:
    """Return the norm range of a parameter and where each side lies against it."""
    norm = norm_for(name, analysis.recording.subject, walking_speed_mps(analysis))
    if not norm.is_known:
        return Cell(small=EN_DASH), Cell()
    unknown = "0" if all(one.unit == "deg" for one in found.values()) else ""
    value = next((format_estimate(one).value for one in found.values() if one.is_assessable), unknown)
    marks = {side: COMPARISON_MARK[compare(one, norm)] for side, one in found.items()}
    told = dict.fromkeys(mark for mark in marks.values() if mark)
    if len(told) > 1 or (told and not all(marks.values())):
        told = dict.fromkeys(f"{side[0].upper()} {mark}" for side, mark in marks.items() if mark)
    return Cell(text=norm_words(norm.low, norm.high, value)), Cell(small=", ".join(told))


def _number(estimate: Estimate) -> Cell:
    if estimate is _NOT_COMPUTED:
        return Cell(small=EN_DASH)
    if not estimate.is_assessable:
        return Cell(hatched=True)
    shown = format_estimate(estimate)
    return Cell(strong=shown.value, text=shown.interval)


def curves_caption(panels: list[Panel]) -> str:
    """Return what the curves are the mean of, and how to read them."""
    counts = {curve.side: curve.strides for one in panels for curve in one.curves if curve.side != "both"}
    mean = " and ".join(f"{count} {side}" for side, count in counts.items())
    lead = f"Mean of {mean} strides. " if mean else ""
    names = {one.norm.name: one.title for one in panels if one.norm is not None}
    norms = " No norm curves for this person: they need age, height and walking speed."
    if names:
        norms = f" Grey: {'; '.join(names)}, 95 %. Hip and pelvis have none: their published zero is not standing."
    return (
        f"{lead}0 % = initial contact of the same side, thin upright lines = toe-off. Flexion, forward tilt and "
        "dorsiflexion are positive. The interval joins the scatter of the strides with the error that "
        f"all strides share. Zero = standing, of the person after a standing pose, else of healthy adults.{norms}"
    )


def _reasons(analysis: Analysis) -> list[Block]:
    """Return why angles are missing, equal reasons told once."""
    told: dict[str, list[str]] = {}
    for name, reason in analysis.joint_angles.reasons.items():
        told.setdefault(reason, []).append(name.removesuffix("_deg").replace("_", " "))
    words = [f"{', '.join(names)}: {reason}." for reason, names in told.items()]
    return [Text(clean(" ".join(words), 900), strong="Not assessable:", small=True)] if words else []


def _cycle(analysis: Analysis) -> list[Block]:
    """Return the bars of one average gait cycle; the left side's where it has strides."""
    title = "One average gait cycle"
    found = [(side, mean_contacts(analysis.strides, side)) for side in SIDES]
    complete = [(side, contacts) for side, contacts in found if contacts is not None]
    if not complete:
        return [
            Section(title),
            Text("Not assessable: no stride with all four contacts. Record both feet for at least 10 strides."),
        ]
    side, (other_fc, other_ic, own_fc, count) = complete[0]
    other = "right" if side == "left" else "left"
    shared = other_fc + own_fc - other_ic
    parts = {f"{side} foot alone": other_ic - other_fc, f"{other} foot alone": 100.0 - own_fc, "both": shared}
    told = ", ".join(f"{name} {share:.1f} %" for name, share in parts.items())
    svg = cycle_svg(other_fc, other_ic, own_fc, side)
    alt = f"Average of {count} {side} strides: {told}."
    return [
        Section(title, keys=("left foot", "right foot", "both feet")),
        Drawing(Figure("cycle", svg, alt), f"{alt} 0 % = initial contact of the {side} foot."),
    ]
