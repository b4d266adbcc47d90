"""Two visits of one person side by side: may they be compared, and what changed by more than the error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fusion.gait.norms import norm_for
from fusion.gait.numbers import MINUS
from fusion.report.angles import Joint
from fusion.report.blocks import Cell, Figure, Table
from fusion.report.changes import UNKNOWN, Change, change
from fusion.report.comparison_figures import comparison_svg, trend_svg, two_visits_svg
from fusion.report.curves import PHASE_PERCENT, MeanCurve
from fusion.report.words import listed, parameter_words
from fusion.types import Analysis, Estimate, Subject

COMPARED = (
    ("walking_speed_mps", "both"),
    ("stride_length_m", "both"),
    ("cadence_spm", "both"),
    ("double_support_percent", "both"),
    ("stride_time_cv_percent", "both"),
    ("step_time_asymmetry_percent", "both"),
    ("knee_flexion_range_deg", "left"),
    ("knee_flexion_range_deg", "right"),
    ("hip_flexion_range_deg", "left"),
    ("hip_flexion_range_deg", "right"),
    ("ankle_dorsiflexion_range_deg", "left"),
    ("ankle_dorsiflexion_range_deg", "right"),
)
TRENDS = ("walking_speed_mps", "stride_length_m", "double_support_percent")


@dataclass(frozen=True, slots=True)
class Comparable:
    """One thing that should be the same at both visits; ``status`` is ``"good"``, ``"care"`` or ``"stop"``."""

    name: str
    status: str
    words: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed between two visits.

    Attributes
    ----------
    sentence
        What changed by more than the error, in words.
    rows
        (parameter, side, change) of what could be compared.
    missing
        (parameter, why) of what could not.
    """

    sentence: str
    rows: tuple[tuple[str, str, Change], ...]
    missing: tuple[tuple[str, str], ...]
    figure: Figure
    caption: str
    table: Table


def comparable(now: Analysis, before: Analysis, conditions: tuple[str, str] = ("", "")) -> tuple[Comparable, ...]:
    """Return what must be the same for a comparison, and whether it is."""
    ours, theirs = now.recording, before.recording
    same_person = ours.subject.identifier == theirs.subject.identifier
    worn = [tuple(sorted(imu.segment for imu in one.imus)) for one in (ours, theirs)]
    filmed = [bool(one.keypoints) for one in (ours, theirs)]
    devices = "same" if worn[0] == worn[1] and filmed[0] == filmed[1] else "not the same sensors"
    software = [str(one.provenance.get("software", "")) for one in (now, before)]
    same_use = now.use == before.use
    return (
        Comparable("Person", "good" if same_person else "stop", "same" if same_person else "two people"),
        _same("Protocol", ours.protocol, theirs.protocol),
        _same("Surface", ours.surface, theirs.surface, "stop"),
        _same("Condition", *conditions),
        Comparable("Devices", "good" if devices == "same" else "care", devices),
        Comparable("Sources", "good" if same_use else "care", "same" if same_use else "not the same sources"),
        _same("Software", *software) if all(software) else Comparable("Software", "good", "both analysed now"),
    )


def changes_of(now: Analysis, before: Analysis) -> Changes:
    """Return every change, those beyond the error first told in a sentence."""
    rows: list[tuple[str, str, Change]] = []
    missing: dict[str, str] = {}
    for name, side in COMPARED:
        ours, theirs = now.parameters.get(name, side), before.parameters.get(name, side)
        found = change(ours, theirs)
        if found.verdict == UNKNOWN:
            reason = ours.reason if not ours.is_assessable else theirs.reason
            missing[name] = f"{found.words}: {reason}"
        else:
            rows.append((name, side, found))
    real = [_change_words(name, side, one) for name, side, one in rows if one.is_real]
    sentence = "Nothing changed beyond the recordings' own uncertainty." if rows else "Nothing can be compared."
    if real:
        told = listed(real) if len(real) <= 4 else f"{', '.join(real[:4])} and {len(real) - 4} more"
        sentence = f"{told[:1].upper()}{told[1:]}. Each is more than both recordings' own uncertainty."
    drawn = [(_label(name, side), one) for name, side, one in rows]
    alt = "; ".join(f"{label} {one.number} {one.difference.unit}, {one.words}" for label, one in drawn)
    figure = Figure("changes", comparison_svg(drawn), alt or "no change could be drawn")
    caption = (
        "Change since the earlier visit, in multiples of its own 95 % half-width. Grey: within; filled: beyond. "
        "How much this person varies from day to day is not in it: no minimal detectable change is known here."
    )
    return Changes(sentence, tuple(rows), tuple(missing.items()), figure, caption, _table(drawn))


def visits_svg(visits: Sequence[tuple[str, Sequence[Mapping[str, Any]]]], subject: Subject | None) -> tuple[str, str]:
    """Return three numbers over the visits with their intervals and the norm, and the same in words."""
    panels, told = [], []
    for name in TRENDS:
        points = []
        for day, parameters in visits:
            found = next((one for one in parameters if one["name"] == name and one["side"] == "both"), None)
            if found is not None and found["value"] is not None:
                points.append((day, float(found["value"]), float(found["low"]), float(found["high"])))
        speed = points[-1][1] if name == "walking_speed_mps" and points else np.nan
        norm = norm_for(name, subject, speed) if subject is not None else None
        limits = (norm.low, norm.high) if norm is not None and norm.is_known else (np.nan, np.nan)
        panels.append((parameter_words(name), points, limits))
        values = ", ".join(f"{day} {value:.2f}" for day, value, _, _ in points)
        told.append(f"{parameter_words(name)}: {values or 'not assessable'}")
    return trend_svg(panels), ". ".join(told)


def two_curves_svg(joint: Joint, now: MeanCurve, before: MeanCurve) -> tuple[str, str]:
    """Return one joint's mean curves of two visits, and where they differ most in words."""
    gap = now.mean_deg - before.mean_deg
    at = int(np.argmax(np.abs(gap)))
    error = float(np.hypot(now.half_width_deg[at], before.half_width_deg[at]))
    size = f"{gap[at]:.0f}".replace("-", MINUS)
    compared = "more" if abs(gap[at]) > error else "less"
    words = (
        f"{joint.title}, {now.side}: largest difference {size} deg, at {PHASE_PERCENT[at]:.0f} % of the cycle; "
        f"{compared} than the error of {error:.0f} deg."
    )
    return two_visits_svg(joint.axis, joint.domain_deg, now, before), words


def _same(name: str, ours: str, theirs: str, otherwise: str = "care") -> Comparable:
    if not ours and not theirs:
        return Comparable(name, "good" if otherwise == "care" else otherwise, "not noted at either visit")
    if not ours or not theirs:
        return Comparable(name, "care", f"not noted at {'this visit' if not ours else 'the visit before'}")
    return Comparable(name, "good", "same") if ours == theirs else Comparable(name, otherwise, f"{ours} / {theirs}")


def _label(name: str, side: str) -> str:
    return parameter_words(name) + ("" if side == "both" else f", {side}")


def _change_words(name: str, side: str, found: Change) -> str:
    unit = "" if found.difference.unit == "1" else f" {found.difference.unit}"
    return f"{_label(name, side).lower()} by {found.number}{unit} {found.interval}"


def _table(drawn: Sequence[tuple[str, Change]]) -> Table:
    rows = tuple(
        (
            Cell(text=label),
            Cell(strong=one.number, unit=_unit(one.difference), text=one.interval),
            Cell(small=one.words),
        )
        for label, one in drawn
    )
    return Table(("Parameter", "Change [95 % interval]", "Against the error"), (0.0, 62.0, 50.0), rows, dense=True)


def _unit(estimate: Estimate) -> str:
    return "" if estimate.unit == "1" else estimate.unit
