"""Cut the walk into strides: from one initial contact to the next one of the same foot.

Definitions after Kluge et al. (2021), *PLoS ONE* 16(8), e0256541, doi:10.1371/journal.pone.0256541 (Mobilise-D
consensus). A stride that cannot count stays in the list, marked, with the reason in words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from fusion.gait.lengths import stride_length
from fusion.types import SIDES, Floats, GaitEvents, Motion, Stride

Span = tuple[float, float]
Lengths = Mapping[tuple[str, float], tuple[float, float]]
"""(side, start of the stride in s) -> (length, standard deviation), m."""

SHORTEST_S = 0.3
LONGEST_S = 3.0
"""Outside these limits it is no walking stride: sprinters need about 0.4 s, the slowest walkers about 2.5 s."""

_OUTLIER_SD = 4.0
_OUTLIER_FRACTION = 0.25
"""A stride is an outlier when it differs from the median by more than both of these."""

_ENOUGH_FOR_MEDIAN = 5
_KEY_TOLERANCE_S = 1e-3


def segment_strides(
    events: GaitEvents,
    motion: Motion | None = None,
    *,
    surface: str = "overground",
    belt_speed_mps: float = np.nan,
    turning: tuple[Span, ...] = (),
    lengths: Lengths | None = None,
) -> tuple[Stride, ...]:
    """Return all strides of both feet in order of time.

    1. Pair each initial contact with the next one of the same foot.
    2. Find the contacts in between: own final contact, the other foot's final and initial contact.
    3. Mark strides that do not count: turn, implausible duration, contacts missing or out of order.
    4. Mark outliers against the median duration of what is left.
    5. Add the length: as supplied, else from the motion.

    Parameters
    ----------
    events
        Contacts of both feet. A kind of contact that a foot never shows is not asked for.
    motion
        Body in the world frame; None leaves lengths open.
    surface
        ``"overground"`` or ``"treadmill"``; on a treadmill the belt's way is added.
    belt_speed_mps
        NaN on a treadmill makes lengths not assessable.
    turning
        Spans ``[start, end)`` of turns, s; strides that touch one do not count.
    lengths
        Lengths from elsewhere (a foot sensor's path), preferred where present.

    Returns
    -------
    tuple of Stride
        Sorted by start; those that do not count have ``is_valid`` False and a ``reason``.
    """
    found = [_check(stride, events, turning) for side in SIDES for stride in _pair(events, side)]
    marked = _mark_outliers(sorted(found, key=lambda stride: stride.start_s))
    belt = belt_speed_mps if surface == "treadmill" else 0.0
    return tuple(_with_length(stride, motion, belt, lengths or {}) for stride in marked)


def _pair(events: GaitEvents, side: str) -> list[Stride]:
    """Return the strides of one foot with the contacts found inside each."""
    other = SIDES[1 - SIDES.index(side)]
    contact, contact_sd = events.select(side, "ic"), events.select_sd(side, "ic")
    strides = []
    for k in np.flatnonzero(np.diff(contact) > 0.0):
        start, end = float(contact[k]), float(contact[k + 1])
        other_fc = _within(events.select(other, "fc"), start, end)
        other_ic = _within(events.select(other, "ic"), start, end)
        own_fc = _within(events.select(side, "fc"), start, end)
        strides.append(
            Stride(
                side,
                start,
                end,
                fc_s=_only(own_fc),
                other_fc_s=_only(other_fc),
                other_ic_s=_only(other_ic),
                timing_sd_s=float(np.hypot(contact_sd[k], contact_sd[k + 1])),
                reason="" if max(len(own_fc), len(other_fc), len(other_ic)) <= 1 else "a contact was missed",
            )
        )
    return strides


def _within(time_s: Floats, start_s: float, end_s: float) -> Floats:
    return time_s[(time_s >= start_s) & (time_s < end_s)]


def _only(time_s: Floats) -> float:
    """Return the single contact of a stride; NaN when there is none or it is ambiguous."""
    return float(time_s[0]) if len(time_s) == 1 else np.nan


def _check(stride: Stride, events: GaitEvents, turning: tuple[Span, ...]) -> Stride:
    """Mark a stride that cannot count on its own account."""
    reason = _reason(stride, events, turning)
    return replace(stride, is_valid=not reason, reason=reason)


def _reason(stride: Stride, events: GaitEvents, turning: tuple[Span, ...]) -> str:
    if any(stride.start_s < end and start < stride.end_s for start, end in turning):
        return "turn"
    if stride.duration_s > LONGEST_S:
        return f"longer than {LONGEST_S:g} s: a stop or a missed contact"
    if stride.duration_s < SHORTEST_S:
        return f"shorter than {SHORTEST_S:g} s: a contact was found twice"
    missing = _missing(stride, events)
    if missing:
        return stride.reason or f"incomplete: {missing} not found"
    order = [stride.start_s, stride.other_fc_s, stride.other_ic_s, stride.fc_s, stride.end_s]
    known = [time for time in order if np.isfinite(time)]
    return "" if known == sorted(known) else "contacts out of order"


def _missing(stride: Stride, events: GaitEvents) -> str:
    """Name the contact that this recording has in general and this stride lacks; else empty."""
    other = SIDES[1 - SIDES.index(stride.side)]
    wanted = (
        (stride.fc_s, stride.side, "fc", "final contact"),
        (stride.other_fc_s, other, "fc", "final contact of the other foot"),
        (stride.other_ic_s, other, "ic", "initial contact of the other foot"),
    )
    for time_s, side, kind, words in wanted:
        if not np.isfinite(time_s) and events.select(side, kind).size:
            return words
    return ""


def _mark_outliers(strides: list[Stride]) -> list[Stride]:
    """Mark strides far from the median duration: hesitations, stops, a contact missed on both feet."""
    duration = np.array([stride.duration_s for stride in strides if stride.is_valid])
    if len(duration) < _ENOUGH_FOR_MEDIAN:
        return strides
    middle = float(np.median(duration))
    # 1.4826: standard deviation of a normal distribution over its median absolute deviation
    spread = 1.4826 * float(np.median(np.abs(duration - middle)))
    limit = max(_OUTLIER_SD * spread, _OUTLIER_FRACTION * middle)
    return [
        replace(stride, is_valid=False, reason=f"outlier: {stride.duration_s:.2f} s, median {middle:.2f} s")
        if stride.is_valid and abs(stride.duration_s - middle) > limit
        else stride
        for stride in strides
    ]


def _with_length(stride: Stride, motion: Motion | None, belt_mps: float, lengths: Lengths) -> Stride:
    """Add the length of one stride: as supplied, else from the motion, else NaN."""
    for (side, start_s), (length_m, sd_m) in lengths.items():
        if side == stride.side and abs(start_s - stride.start_s) < _KEY_TOLERANCE_S:
            return replace(stride, length_m=length_m, length_sd_m=sd_m)
    if motion is None:
        return stride
    length_m, sd_m = stride_length(stride, motion, belt_mps)
    return replace(stride, length_m=length_m, length_sd_m=sd_m)
