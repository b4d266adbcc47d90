"""Joint angles as panels and as a table: the curves of page 1 and page 2."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from fusion.gait.numbers import format_estimate
from fusion.report.blocks import Block, Cell, Drawing, Figure, Section, Table, Text
from fusion.report.curves import MeanCurve, angle_name, mean_contacts, mean_curve
from fusion.report.figures import NormBand, Panel, joint_curves_svg
from fusion.report.strips import cycle_svg
from fusion.report.words import clean
from fusion.types import SIDES, Analysis, Estimate


@dataclass(frozen=True, slots=True)
class Joint:
    """How one angle is named, drawn and limited."""

    key: str
    title: str
    axis: str
    domain_deg: tuple[float, float]
    sides: tuple[str, ...] = SIDES


PELVIS = Joint("pelvis_tilt", "Pelvis", "forward tilt, deg", (-5.0, 30.0), ("both", *SIDES))
HIP = Joint("hip_flexion", "Hip", "flexion, deg", (-25.0, 50.0))
KNEE = Joint("knee_flexion", "Knee", "flexion, deg", (-10.0, 75.0))
ANKLE = Joint("ankle_dorsiflexion", "Ankle", "dorsiflexion, deg", (-30.0, 25.0))


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """A point on the curve that a reader looks for: extreme or mean of a part of the cycle."""

    words: str
    joint: Joint
    span_percent: tuple[int, int]
    how: str


CURVE_POINTS = (
    CurvePoint("Hip flexion, least in late stance", HIP, (30, 70), "min"),
    CurvePoint("Hip flexion, peak in swing", HIP, (70, 100), "max"),
    CurvePoint("Knee flexion, loading response", KNEE, (2, 30), "max"),
    CurvePoint("Knee flexion, peak in swing", KNEE, (50, 95), "max"),
    CurvePoint("Ankle dorsiflexion, peak in stance", ANKLE, (20, 65), "max"),
    CurvePoint("Ankle dorsiflexion, least at push-off", ANKLE, (50, 85), "min"),
    CurvePoint("Pelvis forward tilt, mean", PELVIS, (0, 100), "mean"),
)


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
    """Return the range of healthy peers for a joint, or None when there is none."""
    return None


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
    return clean(f"Mean joint angles over the gait cycle. {text}.", 900).replace("-", "−")


def angles_page(analysis: Analysis) -> list[Block]:
    """Return the blocks of page 2 below its title."""
    panels = [panel(analysis, joint) for joint in (PELVIS, HIP, KNEE, ANKLE)]
    svg = joint_curves_svg(panels, columns=2, width_px=232, height_px=142, size=9.0)
    keys = ("left", "right", *(("norm",) if any(one.norm for one in panels) else ()), "ribbon")
    figure = Figure("joints_large", svg, curves_alt(panels))
    return [
        Section("Curves", aside=_norm_name(panels), keys=keys),
        Drawing(figure, _curves_caption(panels)),
        *_reasons(analysis),
        Section("Read with the curves"),
        curve_points_table(analysis),
        Text("Values in degrees with 95 % interval.", small=True),
        *_cycle(analysis),
    ]


def curve_points_table(analysis: Analysis) -> Table:
    """Return the points on the curves as a table, left beside right."""
    rows = []
    for point in CURVE_POINTS:
        curves = {side: _point_estimate(analysis, point, side) for side in point.joint.sides}
        if "both" in curves and curves["both"].is_assessable:
            cells: tuple[Cell, ...] = (_number(curves["both"], columns=2),)
            count = f"{curves['both'].n}"
        else:
            cells = tuple(_number(curves[side]) for side in SIDES)
            count = " / ".join(str(curves[side].n) for side in SIDES)
        rows.append((Cell(text=point.words), *cells, Cell(small=count)))
    head = ("Point on the curve", "L left", "R right", "Strides")
    return Table(head, (0.0, 40.0, 40.0, 22.0), tuple(rows), dense=True)


def _point_estimate(analysis: Analysis, point: CurvePoint, side: str) -> Estimate:
    name = angle_name(point.joint.key, side)
    curve = mean_curve(analysis, point.joint.key, side)
    if curve is None:
        reason = analysis.joint_angles.reasons.get(name, "no complete stride")
        return Estimate.not_assessable("deg", reason)
    cycles = analysis.joint_angles.cycles_deg[name]
    whole = cycles[np.isfinite(cycles).all(axis=1)]
    first, last = point.span_percent
    values = getattr(np, point.how)(whole[:, first : last + 1], axis=1)
    count = len(values)
    scatter = stats.t.ppf(0.975, count - 1) * np.std(values, ddof=1) / np.sqrt(count) if count > 1 else 0.0
    angles = analysis.joint_angles
    spread = angles.sd(name)[np.isfinite(angles.sd(name))] if name in angles.names else np.empty(0)
    shared = 1.96 * float(np.median(spread)) if spread.size else 0.0
    half = float(np.hypot(scatter, shared))
    value = float(np.mean(values))
    return Estimate(value, value - half, value + half, "deg", count)


def _number(estimate: Estimate, columns: int = 1) -> Cell:
    if not estimate.is_assessable:
        return Cell(hatched=True, columns=columns)
    shown = format_estimate(estimate)
    return Cell(strong=shown.value, text=shown.interval, columns=columns)


def _curves_caption(panels: list[Panel]) -> str:
    counts = {curve.side: curve.strides for one in panels for curve in one.curves if curve.side != "both"}
    mean = " and ".join(f"{count} {side}" for side, count in counts.items())
    lead = f"Mean of {mean} strides. " if mean else ""
    return (
        f"{lead}0 % = initial contact of the same side, thin upright lines = toe-off. Flexion, forward tilt and "
        "dorsiflexion are positive. The interval joins the scatter of the strides with the error that "
        "all strides share."
    )


def _norm_name(panels: list[Panel]) -> str:
    names = [one.norm.name for one in panels if one.norm is not None]
    return clean(names[0], 70) if names else "no norm curves for this person"


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
