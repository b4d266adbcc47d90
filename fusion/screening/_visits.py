"""What changed between two visits of one person, against the error of measuring twice.

The error has two parts: that of the two recordings (their intervals) and what a person differs from day to day. The
second is known only where somebody measured people twice; without it a change is told with the first alone, and so
it says.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fusion.gait.definitions import definition
from fusion.gait.numbers import decimals_for, format_number
from fusion.types import Analysis, Estimate, VisitChange


@dataclass(frozen=True, slots=True)
class _Known:
    """Published changes of one number, with words for its direction."""

    less: str
    more: str
    detectable: float = np.nan
    detectable_source: str = ""
    meaningful: float = np.nan
    meaningful_source: str = ""


_COMBS = "88 people with Parkinson's disease, comfortable 10-m walk (Combs et al. 2014, Gait Posture 39:784)"
_MCID = "382 people with Parkinson's disease (2024, Gait Posture 108:257, doi:10.1016/j.gaitpost.2023.11.016)"

CHANGES = {
    "walking_speed_mps": _Known("Slower", "Faster", 0.09, _COMBS, 0.082, _MCID),
    "stride_length_m": _Known(
        "Shorter strides", "Longer strides", meaningful=0.072, meaningful_source=f"twice the step length of {_MCID}"
    ),
    "cadence_spm": _Known("Fewer steps", "More steps"),
    "stride_time_cv_percent": _Known("Stride time varies less", "Stride time varies more"),
    "double_support_percent": _Known("Less time on both feet", "More time on both feet"),
}


def compare_visits(before: Analysis, after: Analysis) -> tuple[VisitChange, ...]:
    """Return how the walk changed, one entry a number, in the order in which a reader expects them.

    A number that one of the visits does not have is told as not assessable with that visit's reason. Whether the two
    visits are of one person is for the caller to know; other surfaces or walking aids are told in the reason.
    """
    conflict = _conflict(before, after)
    return tuple(_change(name, before.parameters.get(name), after.parameters.get(name), conflict) for name in CHANGES)


def _conflict(before: Analysis, after: Analysis) -> str:
    one, other = before.recording, after.recording
    if one.subject.identifier != other.subject.identifier:
        return "the two visits are of different people: choose two visits of one person"
    if one.surface != other.surface:
        return f"one visit is {one.surface}, the other {other.surface}: repeat one of them"
    if one.walking_aid != other.walking_aid:
        return "the walking aid differs between the visits: repeat one of them"
    return ""


def _change(name: str, before: Estimate, after: Estimate, conflict: str) -> VisitChange:
    known, label = CHANGES[name], definition(name).label
    reason = conflict or next((each.reason for each in (before, after) if not each.is_assessable), "")
    if reason or not (before.is_assessable and after.is_assessable):
        withheld = Estimate.not_assessable(before.unit or after.unit, reason or "not computed")
        return VisitChange(name, label, before, after, withheld, f"{label.capitalize()}: {withheld.reason}", False)
    value = after.value - before.value
    reach = float(np.hypot(0.5 * (before.high - before.low), 0.5 * (after.high - after.low)))
    difference = Estimate(value, value - reach, value + reach, after.unit, min(before.n, after.n))
    error = float(np.nanmax([reach, known.detectable]))
    return VisitChange(
        name,
        label,
        before,
        after,
        difference,
        _sentence(known, label, difference, error),
        abs(value) > error,
        known.detectable,
        known.meaningful,
        known.detectable_source,
        known.meaningful_source,
    )


def _sentence(known: _Known, label: str, difference: Estimate, error: float) -> str:
    decimals = decimals_for(max(0.5 * (difference.high - difference.low), 1e-4))
    unit = "" if difference.unit == "1" else f" {difference.unit}"
    size = format_number(abs(difference.value), decimals)
    ends = sorted(np.sign(difference.value or 1.0) * np.array([difference.low, difference.high]))
    span = f"[{format_number(ends[0], decimals)}, {format_number(ends[1], decimals)}]"
    least = f"{format_number(error, decimals)}{unit}"
    if abs(difference.value) <= error:
        return f"{label.capitalize()}: no detectable change (less than the error of {least})."
    text = f"{known.more if difference.value > 0.0 else known.less}, by {size}{unit} {span}."
    if not np.isfinite(known.detectable):
        text += " More than the error of the two recordings; how much people differ from day to day is not known."
    else:
        text += f" More than the measurement error of {least}."
    if np.isfinite(known.meaningful):
        reaches = "reaches" if abs(difference.value) >= known.meaningful else "does not reach"
        text += f" It {reaches} the smallest change that matters to people, {known.meaningful:g}{unit}."
    return text
