"""Steps too small for the swing detector: the first, the last, and those on the spot in a turn.

A foot on the floor hardly rotates; a foot that is moved does, about whatever axis. So a step is a spell of rotation
of one foot between two rests, while the other foot stands, close to steps that were found by their swing.

1. Size of the foot's angular rate, low-passed at 8 Hz; rest is below 1 rad/s (a pivoting foot turns slower).
2. Spells less than 0.15 s apart are one: a landing heel rings.
3. A spell counts when it lasts 0.2 to 1.3 s, reaches 1.6 rad/s, holds no swing already found, and the other foot
   rests for at least 40 % of it.
4. The contacts are where the rate passes half of the spell's peak, with much doubt.

The limits are assumptions about how slowly a foot can be set, guarded by tests on standing and on short steps.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fusion.events._merge import Cue
from fusion.events._signals import Track, smooth_track
from fusion.types import SIDES, Floats, GaitEvents, PlacedImu

STEP_S = 0.005
CUTOFF_HZ = 8.0
REST_RADPS, PEAK_RADPS = 1.0, 1.6
MERGE_S = 0.15
SHORTEST_S, LONGEST_S = 0.2, 1.3
OTHER_RESTS = 0.4
NEAR_S = 2.0
MARGIN_S = 0.1
SD_S = 0.06

Spell = tuple[int, int]


def small_steps(imus: tuple[PlacedImu, ...], events: GaitEvents) -> list[Cue]:
    """Return the contacts of small steps that ``events`` lacks; both feet must carry a sensor.

    Parameters
    ----------
    events
        Contacts found by the swing detector.
    """
    feet = _feet(imus)
    if len(feet) < 2 or not len(events.time_s):
        return []
    cues = []
    for side in SIDES:
        for start, end in _spells(feet[side]):
            if _is_step(feet, side, (start, end), events):
                cues += _contacts(feet[side], side, start, end)
    return cues


def _feet(imus: tuple[PlacedImu, ...]) -> dict[str, Track]:
    feet = {}
    for imu in imus:
        side, _, part = imu.segment.partition("_")
        if part == "foot":
            track = smooth_track(imu.time_s, np.linalg.norm(imu.gyro_radps, axis=1), STEP_S, CUTOFF_HZ)
            if len(track.value):
                feet[side] = track
    return feet


def _spells(rate: Track) -> list[Spell]:
    active = (np.nan_to_num(rate.value) > REST_RADPS).astype(np.int8)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], active, [0]])))
    merged: list[Spell] = []
    for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if merged and start - merged[-1][1] < rate.samples(MERGE_S):
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def _is_step(feet: Mapping[str, Track], side: str, spell: Spell, events: GaitEvents) -> bool:
    rate, other = feet[side], feet[SIDES[1 - SIDES.index(side)]]
    values = rate.value[slice(*spell)]
    start_s, end_s = rate.time_s(spell[0]), rate.time_s(spell[1])
    if not SHORTEST_S <= end_s - start_s <= LONGEST_S or not np.isfinite(values).all():
        return False
    if float(values.max()) < PEAK_RADPS or np.abs(events.time_s - start_s).min() > NEAR_S:
        return False
    if _holds_swing(events, side, start_s, end_s):
        return False
    return float(np.mean(_at(other, start_s, end_s) < REST_RADPS)) >= OTHER_RESTS


def _holds_swing(events: GaitEvents, side: str, start_s: float, end_s: float) -> bool:
    inside = (events.time_s > start_s - MARGIN_S) & (events.time_s < end_s + MARGIN_S)
    return bool((inside & (events.side == side)).any())


def _at(track: Track, start_s: float, end_s: float) -> Floats:
    first, last = (round((time_s - track.start_s) / track.step_s) for time_s in (start_s, end_s))
    values = track.value[max(first, 0) : max(last, 1)]
    # Where the other foot is not known it does not count as resting.
    return np.where(np.isfinite(values), values, np.inf) if len(values) else np.array([np.inf])


def _contacts(rate: Track, side: str, start: int, end: int) -> list[Cue]:
    values = rate.value[start:end]
    fast = np.flatnonzero(values >= 0.5 * values.max())
    return [
        Cue(rate.time_s(start + int(fast[0])), side, "fc", SD_S),
        Cue(rate.time_s(start + int(fast[-1])), side, "ic", SD_S),
    ]
