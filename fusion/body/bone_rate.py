"""How fast the bone turns, from a gyro that rides on soft tissue.

Skin over a thigh or shank turns more than the bone, and partly about other axes: against optical markers a thigh
gyro errs by 40-60 deg/s. A camera that measures the plane (an image from the side, not depth guessed by a network)
sees the bone's pitch slowly but without that error. So the bone's pitch rate is taken as a fixed combination of the
three gyro axes, found by least squares against the camera's pitch rate over the whole walk:

    bone rate = w . gyro,   minimise |low-pass(d camera pitch / dt) - w . low-pass(gyro)|^2

with both low-passed at 6 Hz, means removed. Without camera, or when the fit is not convincing, w = (0, 1, 0).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from scipy.signal import butter, filtfilt

from fusion.types import Floats, PlacedImu

Track = tuple[Floats, Floats]
Walk = tuple[Sequence[PlacedImu], Mapping[str, Track]]
"""Wearables in segment axes, and segment -> (reference times, pitch in rad) by a camera."""

CUTOFF_HZ = 6.0
GRID_HZ = 60.0
LEAST_SECONDS = 5.0
LEAST_PIECE_S = 0.6
"""Shorter stretches of unbroken view are not used: the filter's ends would dominate."""

LEAST_CORRELATION = 0.9
GAIN_RANGE = (0.6, 1.2)
"""On the mediolateral axis: skin turns up to 1.5 times as fast as bone, hardly slower."""

MOST_LEAK = 0.6
"""Share that the other axes may contribute."""

_STANDSTILL_RADPS = 1e-6


def bone_rate_weights(walks: Sequence[Walk]) -> dict[str, Floats]:
    """Return segment -> weights of the three gyro axes, shape (3,), for the segments where the fit convinces.

    Parameters
    ----------
    walks
        Walks of one person with one mounting.
    """
    weights = {}
    segments = {imu.segment for imus, _ in walks for imu in imus}
    for segment in sorted(segments):
        pieces = [piece for walk in walks for piece in _pieces(segment, walk)]
        if sum(len(rate) for rate, _ in pieces) < LEAST_SECONDS * GRID_HZ:
            continue
        rate = np.concatenate([piece[0] for piece in pieces])
        gyro = np.concatenate([piece[1] for piece in pieces])
        w = np.linalg.lstsq(gyro, rate, rcond=None)[0]
        fits = _correlation(gyro @ w, rate) >= LEAST_CORRELATION
        sane = GAIN_RANGE[0] <= w[1] <= GAIN_RANGE[1] and float(np.hypot(w[0], w[2])) <= MOST_LEAK
        if fits and sane:
            weights[segment] = np.asarray(w)
    return weights


def with_bone_rate(imu: PlacedImu, weights: Mapping[str, Floats]) -> PlacedImu:
    """Return the wearable with the bone's pitch rate in place of the gyro's."""
    if imu.segment not in weights:
        return imu
    gyro = imu.gyro_radps.copy()
    gyro[:, 1] = gyro @ weights[imu.segment]
    return replace(imu, gyro_radps=gyro)


def _correlation(one: Floats, other: Floats) -> float:
    """Return the correlation of two rates; 0 when one of them stands still."""
    if min(float(np.std(one)), float(np.std(other))) < _STANDSTILL_RADPS:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])


def _pieces(segment: str, walk: Walk) -> list[tuple[Floats, Floats]]:
    """Unbroken stretches seen by both: camera rate (n,) and gyro (n, 3), low-passed, means removed."""
    imus, pitches = walk
    imu = next((each for each in imus if each.segment == segment), None)
    if imu is None or segment not in pitches:
        return []
    time_s, pitch = pitches[segment]
    seen = np.isfinite(pitch)
    known = np.isfinite(imu.gyro_radps).all(axis=1)
    if seen.sum() < 3 or known.sum() < 3:
        return []
    frame_s = float(np.median(np.diff(time_s)))
    breaks = np.flatnonzero(np.diff(time_s[seen]) > 2.5 * frame_s)
    starts = [0, *(breaks + 1)]
    ends = [*(breaks + 1), int(seen.sum())]
    b, a = butter(2, CUTOFF_HZ / (0.5 * GRID_HZ))
    out = []
    for first, last in zip(starts, ends, strict=True):
        t, y = time_s[seen][first:last], pitch[seen][first:last]
        grid = np.arange(t[0], t[-1], 1.0 / GRID_HZ)
        if grid.size < LEAST_PIECE_S * GRID_HZ:
            continue
        rate = filtfilt(b, a, np.gradient(np.interp(grid, t, y), grid))
        turns = [np.interp(grid, imu.time_s[known], axis[known]) for axis in imu.gyro_radps.T]
        gyro = filtfilt(b, a, np.stack(turns, axis=1), axis=0)
        out.append((rate - rate.mean(), gyro - gyro.mean(axis=0)))
    return out
