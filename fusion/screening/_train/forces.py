"""Foot contacts from the total vertical force under each foot (instrumented insoles)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fusion.types import Floats, GaitEvents

CONTACT_SHARE = 0.05
"""Contact begins and ends at 5 % of the foot's usual peak, 30-50 N: the customary 20-50 N of force plates. Lower
levels measure how a lifted foot brushes the ground and the preload of the insole, which no other sensor sees."""

LOADED_SHARE = 0.40
"""A contact that never bears this share of the usual peak is a brush of the ground, not a step."""

SHORTEST_SWING_S = 0.12
SHORTEST_STANCE_S = 0.15
CONTACT_SD_S = 0.005


def contacts(force_n: Mapping[str, Floats], rate_hz: float) -> GaitEvents:
    """Return initial and final contacts of both feet.

    1. Take off the unloaded level: the 10th percentile of the force.
    2. Find the spans above 5 % of the usual peak (95th percentile).
    3. Join spans that are parted by less than any swing; drop those that never bear weight.
    4. Place each contact between samples by linear interpolation.

    Parameters
    ----------
    force_n
        Side -> total vertical force, N, shape (n,).
    rate_hz
        Sampling rate.
    """
    time_s: list[float] = []
    side_of: list[str] = []
    kind_of: list[str] = []
    for side, force in force_n.items():
        for start_s, end_s in _spans(np.asarray(force, dtype=np.float64), rate_hz):
            time_s += [start_s, end_s]
            side_of += [side, side]
            kind_of += ["ic", "fc"]
    count = len(time_s)
    return GaitEvents(
        np.array(time_s),
        np.array(side_of, dtype=np.str_),
        np.array(kind_of, dtype=np.str_),
        np.full(count, CONTACT_SD_S),
        np.full(count, "model", dtype=np.str_),
    )


def _spans(force: Floats, rate_hz: float) -> list[tuple[float, float]]:
    if not len(force):
        return []
    lifted = force - np.percentile(force, 10.0)
    peak = np.percentile(lifted, 95.0)
    level = CONTACT_SHARE * peak
    above = lifted > level
    rises = np.flatnonzero(~above[:-1] & above[1:])
    falls = np.flatnonzero(above[:-1] & ~above[1:])
    joined: list[tuple[int, int]] = []
    for rise in rises:
        later = falls[falls > rise]
        if not later.size or lifted[rise : later[0] + 1].max() <= LOADED_SHARE * peak:
            continue
        if joined and rise - joined[-1][1] < SHORTEST_SWING_S * rate_hz:
            joined[-1] = (joined[-1][0], int(later[0]))
        else:
            joined.append((int(rise), int(later[0])))
    stances = [span for span in joined if span[1] - span[0] > SHORTEST_STANCE_S * rate_hz]
    return [
        (_crossing(lifted, rise, level, rate_hz), _crossing(lifted, fall, level, rate_hz)) for rise, fall in stances
    ]


def _crossing(force: Floats, before: int, level: float, rate_hz: float) -> float:
    return float((before + (level - force[before]) / (force[before + 1] - force[before])) / rate_hz)
