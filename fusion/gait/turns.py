"""Turns: when the walking direction changes, by how much and how fast.

After El-Gohary et al. (2013), *Sensors* 14:356, doi:10.3390/s140100356, for a sensor on the lower back; the feet
serve where none is worn there. Numbers of the method:

1. Yaw rate about the vertical, low-passed at 1.5 Hz.
2. A turn is a peak above 15 deg/s; it lasts as long as the rate stays above 5 deg/s.
3. Turns of the same direction less than 0.05 s apart are one.
4. A turn takes 0.5 to 10 s and at least 45 deg.

A pelvis turns to and fro with every step by up to 10 deg. Two neighbouring steps cancel, so that the angle is not
affected, but a slow turn is cut where the rate falls below 5 deg/s. Here the rate is therefore averaged over a stride
(1.1 s) in step 1, and the least duration includes this blur.
"""

from __future__ import annotations

import numpy as np

from fusion.errors import SignalError
from fusion.estimator.attitude import inclination
from fusion.events._signals import Track, smooth_track
from fusion.frames import matrix_from_quaternion
from fusion.types import SIDES, Floats, PlacedImu, Turn

STEP_S = 0.01
PEAK_DPS, EDGE_DPS = 15.0, 5.0
MERGE_S = 0.05
SHORTEST_S, LONGEST_S = 0.5, 10.0
LEAST_DEG = 45.0
STRIDE_S = 1.1


def find_turns(imus: tuple[PlacedImu, ...]) -> tuple[Turn, ...]:
    """Return the turns in order of time from the best-placed wearables: pelvis, else trunk, else both feet."""
    worn = {imu.segment: imu for imu in imus}
    for name in ("pelvis", "trunk"):
        if name in worn:
            return turns_of_rate(_yaw_rate(worn[name]), name)
    feet = [_yaw_rate(worn[f"{side}_foot"]) for side in SIDES if f"{side}_foot" in worn]
    return turns_of_rate(_mean(feet), "feet") if len(feet) == 2 else ()


def turns_of_rate(rate: Track | None, source: str) -> tuple[Turn, ...]:
    """Return the turns of one yaw rate.

    Parameters
    ----------
    rate
        Yaw rate, rad/s, positive to the left; None where there is none.
    source
        Goes into ``Turn.source``.
    """
    if rate is None or not len(rate.value):
        return ()
    # 1.
    slow_dps = np.rad2deg(_stride_mean(rate))
    # 2. and 3.
    spans = _merged(_spans(slow_dps), rate, slow_dps)
    # 4.
    angle = np.concatenate([[0.0], np.cumsum(np.nan_to_num(slow_dps)) * rate.step_s])
    turns = []
    for start, end in spans:
        turned = float(angle[end] - angle[start])
        if SHORTEST_S <= (end - start) * rate.step_s <= LONGEST_S and abs(turned) >= LEAST_DEG:
            peak = float(np.max(np.abs(slow_dps[start:end])))
            turns.append(Turn(rate.time_s(start), rate.time_s(end), turned, peak, source))
    return tuple(turns)


def _yaw_rate(imu: PlacedImu) -> Track | None:
    try:
        turned = matrix_from_quaternion(inclination(imu.time_s, imu.accel_mps2, imu.gyro_radps))
    except SignalError:
        return None
    rate = np.einsum("nij,nj->ni", turned, imu.gyro_radps)[:, 2]
    track = smooth_track(imu.time_s, rate, STEP_S, 3.0)
    return track if len(track.value) else None


def _mean(tracks: list[Track | None]) -> Track | None:
    """Return the mean of two tracks over the time that they share."""
    known = [track for track in tracks if track is not None]
    if len(known) < 2:
        return None
    start = max(track.start_s for track in known)
    end = min(track.time_s(len(track.value) - 1) for track in known)
    grid = np.arange(start, end, STEP_S)
    rows = [np.interp(grid, track.start_s + STEP_S * np.arange(len(track.value)), track.value) for track in known]
    return Track(start, STEP_S, np.mean(rows, axis=0)) if len(grid) else None


def _stride_mean(rate: Track) -> Floats:
    width = min(rate.samples(STRIDE_S), len(rate.value))
    padded = np.nan_to_num(rate.value)
    return np.asarray(np.convolve(padded, np.ones(width) / width, mode="same"))


def _spans(rate_dps: Floats) -> list[tuple[int, int]]:
    """Return [start, end) of the stretches above the edge rate, in one direction, that reach the peak rate."""
    spans = []
    for sign in (1.0, -1.0):
        above = sign * rate_dps > EDGE_DPS
        edges = np.flatnonzero(np.diff(np.concatenate([[0], above.astype(np.int8), [0]])))
        spans += [
            (int(a), int(b))
            for a, b in zip(edges[::2], edges[1::2], strict=True)
            if np.max(sign * rate_dps[a:b]) >= PEAK_DPS
        ]
    return sorted(spans)


def _merged(spans: list[tuple[int, int]], rate: Track, rate_dps: Floats) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start - merged[-1][1] <= rate.samples(MERGE_S):
            before = merged[-1]
            if np.sign(np.sum(rate_dps[slice(*before)])) == np.sign(np.sum(rate_dps[start:end])):
                merged[-1] = (before[0], end)
                continue
        merged.append((start, end))
    return merged
