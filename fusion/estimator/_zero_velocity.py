"""When a foot stands: one stance per stride, each with the instant at which it turns least.

Standing is told from swinging by the gyro alone, relative to the walker's own swing, as in the angular-rate
energy detector of Skog et al. [1]_; the accelerometer only vetoes runs in which gravity is clearly not all.

References
----------
.. [1] Skog, Haendel, Nilsson, Rantakokko (2010), Zero-velocity detection: an algorithm evaluation, IEEE
   Trans. Biomed. Eng. 57(11), doi:10.1109/TBME.2010.2060723
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter1d

from fusion.frames import GRAVITY_MPS2
from fusion.types import Flags, Floats, Samples

SEARCH_WINDOW_S = 0.2
"""Window of the energy that separates stances, s: long enough to hide the instant in mid-swing at which the
foot's pitch rate changes sign, short against the shortest foot-flat phase (0.2-0.3 s, running)."""

INSTANT_WINDOW_S = 0.1
"""Window of the energy whose minimum is the stance instant, s."""

QUIET_SHARE = 0.25
QUIET_LIMITS_RADPS = (0.6, 1.5)
"""A foot stands while its rate is below a quarter of its swing rate; between 35 and 85 deg/s always."""

SWING_SHARE = 2.0
"""Two stances are separate when the rate between them exceeds this many times the quiet limit."""

SHORTEST_STANCE_S = 0.06
"""A quiet run shorter than this is no stance, s."""

GRAVITY_TOLERANCE_MPS2 = 3.0
"""The specific force of a standing foot stays this close to gravity on average, m/s^2."""


@dataclass(frozen=True, slots=True)
class Stances:
    """Where the foot stands: flags, shape (n,), and one sample index per stance, shape (k,)."""

    flags: Flags
    instant: Samples


def find_stances(time_s: Floats, accel_mps2: Floats, gyro_radps: Floats, missing: Flags) -> Stances:
    """Return the stances of one foot.

    Parameters
    ----------
    time_s
        Time, s, shape (n,).
    accel_mps2, gyro_radps
        Specific force and bias-free angular rate, any axes, finite, shape (n, 3).
    missing
        Samples whose gyro was bridged and which can therefore not show a stance, shape (n,).
    """
    rate_hz = (len(time_s) - 1) / (time_s[-1] - time_s[0])
    square = np.sum(gyro_radps**2, axis=1)
    rate_radps = _root_mean(square, SEARCH_WINDOW_S * rate_hz)
    limit = float(np.clip(QUIET_SHARE * np.percentile(rate_radps, 90), *QUIET_LIMITS_RADPS))
    runs = _runs((rate_radps < limit) & ~missing)
    runs = _joined(runs, rate_radps, SWING_SHARE * limit, missing)
    off_gravity = np.abs(np.linalg.norm(accel_mps2, axis=1) - GRAVITY_MPS2)
    fine = _root_mean(square, INSTANT_WINDOW_S * rate_hz)
    flags = np.zeros(len(time_s), dtype=np.bool_)
    instants = []
    for first, stop in runs:
        if time_s[stop - 1] - time_s[first] < SHORTEST_STANCE_S:
            continue
        if np.mean(off_gravity[first:stop]) > GRAVITY_TOLERANCE_MPS2:
            continue
        inside = np.arange(first, stop)[~missing[first:stop]]
        instants.append(inside[np.argmin(fine[inside])])
        flags[inside] = fine[inside] < limit
    return Stances(flags, np.array(instants, dtype=np.int64))


def _root_mean(square: Floats, window: float) -> Floats:
    return np.asarray(np.sqrt(np.maximum(uniform_filter1d(square, max(1, round(window)), mode="nearest"), 0)))


def _runs(flags: Flags) -> list[tuple[int, int]]:
    """Return [first, stop) of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(first), int(stop)) for first, stop in zip(edges[::2], edges[1::2], strict=True)]


def _joined(
    runs: list[tuple[int, int]], rate_radps: Floats, swing_radps: float, missing: Flags
) -> list[tuple[int, int]]:
    """Join neighbours that no swing and no gap separates."""
    joined: list[tuple[int, int]] = []
    for first, stop in runs:
        if joined:
            before = joined[-1][1]
            between = rate_radps[before:first]
            if np.max(between, initial=0.0) < swing_radps and not missing[before:first].any():
                joined[-1] = (joined[-1][0], stop)
                continue
        joined.append((first, stop))
    return joined
