"""Bring contacts of several kinds of evidence to one definition and one list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from fusion.events.base import MIN_STANCE_S, MIN_STRIDE_S, MIN_SWING_S
from fusion.types import SIDES, Flags, Floats, GaitEvents, Samples

KINDS = ("ic", "fc")
PAIR_S = 0.15
"""Two sources speak of the same contact when they lie this close: less than the shortest swing."""

LEAST_PAIRS = 3
"""Fewer pairs do not tell a systematic difference from chance."""

UNALIGNED_SD_S = 0.020
"""Assumed difference of definition that remains between features when too few pairs could remove it."""


@dataclass(frozen=True, slots=True)
class Cue:
    """One contact as one feature shows it."""

    time_s: float
    side: str
    kind: str
    sd_s: float


def as_events(cues: Iterable[Cue], source: str) -> GaitEvents:
    """Return cues as events of one source."""
    listed = list(cues)
    return GaitEvents(
        np.array([cue.time_s for cue in listed], dtype=np.float64),
        np.array([cue.side for cue in listed], dtype=np.str_),
        np.array([cue.kind for cue in listed], dtype=np.str_),
        np.array([cue.sd_s for cue in listed], dtype=np.float64),
        np.array([source] * len(listed), dtype=np.str_),
    )


def join(*parts: GaitEvents) -> GaitEvents:
    """Return all events of several lists in one."""
    fields = ("time_s", "side", "kind", "sd_s", "source")
    return GaitEvents(*(np.concatenate([getattr(part, name) for part in parts]) for name in fields))


def subset(events: GaitEvents, keep: Flags) -> GaitEvents:
    """Return the events where ``keep``, shape (m,), is True."""
    return GaitEvents(
        events.time_s[keep], events.side[keep], events.kind[keep], events.sd_s[keep], events.source[keep]
    )


def fill(first: GaitEvents, second: GaitEvents, kind: str) -> GaitEvents:
    """Return one kind of contact from ``first``, and from ``second`` where ``first`` has none."""
    leading = subset(first, first.kind == kind)
    helping, _ = align(leading, subset(second, second.kind == kind))
    partner = _partners(leading, helping)
    alone = np.ones(len(helping.time_s), dtype=np.bool_)
    alone[partner[partner >= 0]] = False
    return join(leading, subset(helping, alone & ~_crowded(helping, leading)))


def align(reference: GaitEvents, other: GaitEvents) -> tuple[GaitEvents, dict[str, float]]:
    """Return ``other`` moved to the definition of ``reference``, and the shift per kind, s.

    The shift is the median difference of the pairs in this recording. Per kind, not per side: the
    difference belongs to the feature, and sharing it lets one leg's pairs serve the other leg.
    """
    partner = _partners(reference, other)
    time_s, sd_s = other.time_s.copy(), other.sd_s.copy()
    shift_s = dict.fromkeys(KINDS, 0.0)
    for kind in KINDS:
        paired = (partner >= 0) & (reference.kind == kind)
        of_kind = other.kind == kind
        if np.count_nonzero(paired) < LEAST_PAIRS:
            sd_s[of_kind] = np.hypot(sd_s[of_kind], UNALIGNED_SD_S)
            continue
        difference = other.time_s[partner[paired]] - reference.time_s[paired]
        shift_s[kind] = float(np.median(difference))
        time_s[of_kind] -= shift_s[kind]
        # What two features differ by beyond their stated doubt belongs to the weaker one.
        spread = 1.4826 * float(np.median(np.abs(difference - shift_s[kind])))
        excess = spread**2 - float(np.median(reference.sd_s[paired])) ** 2
        sd_s[of_kind] = np.maximum(sd_s[of_kind], np.sqrt(max(excess, 0.0)))
    return GaitEvents(time_s, other.side, other.kind, sd_s, other.source), shift_s


def blend(first: GaitEvents, second: GaitEvents, both: str) -> GaitEvents:
    """Return two aligned lists as one: pairs by inverse variance, the rest as they are.

    Parameters
    ----------
    both
        Source word of a paired event.
    """
    second, _ = align(first, second)
    partner = _partners(first, second)
    paired = np.flatnonzero(partner >= 0)
    matched = partner[paired]
    one, two = first.sd_s[paired], second.sd_s[matched]
    gain = one**2 / (one**2 + two**2)
    # A pair further apart than its doubt allows has an outlier in it: the better one stands alone.
    apart = np.abs(second.time_s[matched] - first.time_s[paired])
    gain[apart > 3.0 * np.hypot(one, two)] = 0.0
    time_s, sd_s, source = first.time_s.copy(), first.sd_s.copy(), first.source.astype("<U10")
    time_s[paired] += gain * (second.time_s[matched] - first.time_s[paired])
    sd_s[paired] = np.hypot((1.0 - gain) * one, gain * two)
    source[paired[gain > 0.0]] = both
    fused = GaitEvents(time_s, first.side, first.kind, sd_s, source)
    alone = np.ones(len(second.time_s), dtype=np.bool_)
    alone[matched] = False
    return join(fused, subset(second, alone & ~_crowded(second, first)))


def alternate(events: GaitEvents) -> GaitEvents:
    """Return events in which each foot lands and leaves in turn.

    Of two contacts of one foot that no human could make so shortly after each other, the more certain one
    stays. A missing contact stays missing.
    """
    keep = np.ones(len(events.time_s), dtype=np.bool_)
    for side in SIDES:
        index = np.flatnonzero(events.side == side)
        kept: list[int] = []
        for here in index:
            while kept and _too_close(events, kept[-1], int(here)) and _worse(events, kept[-1], int(here)):
                keep[kept.pop()] = False
            if kept and _too_close(events, kept[-1], int(here)):
                keep[here] = False
            else:
                kept.append(int(here))
    return subset(events, keep)


def _too_close(events: GaitEvents, before: int, after: int) -> bool:
    gap_s = float(events.time_s[after] - events.time_s[before])
    if events.kind[before] == events.kind[after]:
        return gap_s < MIN_STRIDE_S
    return gap_s < (MIN_STANCE_S if events.kind[before] == "ic" else MIN_SWING_S)


def _worse(events: GaitEvents, one: int, other: int) -> bool:
    return bool(events.sd_s[one] > events.sd_s[other])


def _partners(first: GaitEvents, second: GaitEvents) -> Samples:
    """Return the index in ``second`` of each contact of ``first``; -1 when it has none."""
    partner = np.full(len(first.time_s), -1, dtype=np.int64)
    for side in SIDES:
        for kind in KINDS:
            mine = np.flatnonzero((first.side == side) & (first.kind == kind))
            theirs = np.flatnonzero((second.side == side) & (second.kind == kind))
            if not mine.size or not theirs.size:
                continue
            distance = np.abs(first.time_s[mine][:, None] - second.time_s[theirs][None, :])
            nearest = np.argmin(distance, axis=1)
            mutual = np.argmin(distance, axis=0)[nearest] == np.arange(len(mine))
            close = distance[np.arange(len(mine)), nearest] <= PAIR_S
            partner[mine[mutual & close]] = theirs[nearest[mutual & close]]
    return partner


def _crowded(candidates: GaitEvents, present: GaitEvents) -> Flags:
    """Return which candidates lie within half a shortest stride of a present contact of the same kind."""
    crowded = np.zeros(len(candidates.time_s), dtype=np.bool_)
    for side in SIDES:
        for kind in KINDS:
            mine = (candidates.side == side) & (candidates.kind == kind)
            theirs: Floats = present.select(side, kind)
            if theirs.size and mine.any():
                gap = np.abs(candidates.time_s[mine][:, None] - theirs[None, :]).min(axis=1)
                crowded[mine] = gap < 0.5 * MIN_STRIDE_S
    return crowded
