"""Gaps, filters and extrema: what the cues share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, find_peaks, sosfiltfilt

from fusion.events.base import MAX_STRIDE_S, MIN_STRIDE_S
from fusion.types import Flags, Floats, Samples

GAP_S = 0.08
"""Longest hole bridged by a straight line; a fifth of the shortest swing phase, so no extremum hides in it."""

EDGE_S = 0.04
"""Samples this near to a hole or an end are not trusted: a zero-phase filter leans on invented data there."""


USUAL_STRIDE_S = 1.1
"""Adults at free speed, 110 steps/min; only used for feature offsets of a few per cent of it."""


@dataclass(frozen=True, slots=True)
class Track:
    """One signal on an even grid; NaN where the sensor was silent.

    Attributes
    ----------
    start_s, step_s
        Time of the first sample and sample interval.
    value
        Samples, shape (n,).
    """

    start_s: float
    step_s: float
    value: Floats

    def time_s(self, index: float) -> float:
        """Return the time of a fractional sample index."""
        return self.start_s + self.step_s * index

    def samples(self, duration_s: float) -> int:
        """Return how many samples a duration spans."""
        return max(1, round(duration_s / self.step_s))


def smooth_track(time_s: Floats, value: Floats, step_s: float, cutoff_hz: float) -> Track:
    """Return a signal on an even grid, low-passed without delay, with its long holes kept.

    Parameters
    ----------
    time_s
        Sample times, shape (n,); need not be even.
    value
        Samples, shape (n,); NaN where missing.
    step_s
        Interval of the grid.
    cutoff_hz
        -3 dB frequency of a second-order Butterworth filter, run both ways.
    """
    seen = np.isfinite(value) & np.isfinite(time_s)
    if np.count_nonzero(seen) < 16:
        return Track(0.0, step_s, np.empty(0))
    known_s, known = time_s[seen], value[seen]
    count = int((known_s[-1] - known_s[0]) / step_s + 1e-6) + 1
    if count < 32:
        return Track(0.0, step_s, np.empty(0))
    grid_s = known_s[0] + step_s * np.arange(count)
    even = np.interp(grid_s, known_s, known)
    sos = butter(2, min(cutoff_hz, 0.4 / step_s), fs=1.0 / step_s, output="sos")
    smoothed = np.asarray(sosfiltfilt(sos, even), dtype=np.float64)
    limit_s = max(GAP_S, 2.5 * float(np.median(np.diff(known_s))))
    smoothed[~_trusted(grid_s, known_s, limit_s)] = np.nan
    return Track(float(known_s[0]), step_s, smoothed)


def _trusted(grid_s: Floats, known_s: Floats, limit_s: float) -> Flags:
    trusted: Flags = np.ones(len(grid_s), dtype=np.bool_)
    trusted[grid_s < known_s[0] + EDGE_S] = False
    trusted[grid_s > known_s[-1] - EDGE_S] = False
    for hole in np.flatnonzero(np.diff(known_s) > limit_s):
        trusted[(grid_s > known_s[hole] - EDGE_S) & (grid_s < known_s[hole + 1] + EDGE_S)] = False
    return trusted


def adaptive_peaks(track: Track, floor: float, share: float, distance_s: float, prominence: bool = False) -> Samples:
    """Return peaks that stand out by the person's own measure, shape (k,).

    1. Take all peaks above an absolute floor, apart by ``distance_s``.
    2. Keep those above ``share`` of the median of the upper half: small peaks of trembling or of a foot that
       is only shifted fall below it, and a shuffling person's own steps do not.

    Parameters
    ----------
    floor
        Least height, or least prominence when ``prominence`` is set, in the unit of the signal.
    share
        Part of the typical height that a peak must reach.
    """
    value = np.where(np.isfinite(track.value), track.value, -np.inf)
    if not np.isfinite(value).any():
        return np.empty(0, dtype=np.int64)
    lowest = float(np.min(value[np.isfinite(value)]))
    filled = np.maximum(value, lowest)
    apart = track.samples(distance_s)
    # 1.
    found, info = find_peaks(filled, height=-np.inf if prominence else floor, prominence=floor, distance=apart)
    size = np.asarray(info["prominences" if prominence else "peak_heights"])
    found = np.asarray(found, dtype=np.int64)
    if not found.size:
        return found
    # 2.
    typical = float(np.median(size[size >= np.median(size)]))
    return np.asarray(found[size >= share * typical])


def usual_stride_s(swings: Iterable[Samples], step_s: float) -> float:
    """Return the median time between swings of the same leg, s; the usual adult's where there are none."""
    gaps = [np.diff(leg) * step_s for leg in swings]
    pooled = np.concatenate(gaps) if gaps else np.empty(0)
    steady = pooled[(pooled >= MIN_STRIDE_S) & (pooled <= MAX_STRIDE_S)]
    return float(np.median(steady)) if steady.size else USUAL_STRIDE_S


def vertex(value: Floats, index: int) -> float:
    """Return the fractional index of the extremum near ``index`` by a parabola through three samples."""
    if not 0 < index < len(value) - 1:
        return float(index)
    before, here, after = value[index - 1 : index + 2]
    bend = before - 2.0 * here + after
    if not np.isfinite(bend) or bend == 0.0:
        return float(index)
    return index + float(np.clip(0.5 * (before - after) / bend, -0.5, 0.5))


def first_crossing(value: Floats, level: float, start: int, stop: int, rising: bool) -> float:
    """Return the fractional index of the first crossing of a level in [start, stop); NaN when none."""
    window = value[max(start, 0) : max(stop, 0)]
    sign = 1.0 if rising else -1.0
    above = sign * (window - level)
    hits = np.flatnonzero((above[:-1] < 0.0) & (above[1:] >= 0.0))
    if not hits.size:
        return np.nan
    hit = int(hits[0])
    return max(start, 0) + hit + float(above[hit] / (above[hit] - above[hit + 1]))


def first_maximum(value: Floats, start: int, stop: int) -> float:
    """Return the fractional index of the first local maximum in [start, stop); NaN when none or unseen."""
    window = value[max(start, 1) - 1 : stop + 1]
    inner = window[1:-1]
    hits = np.flatnonzero((inner >= window[:-2]) & (inner > window[2:]))
    if not hits.size or not np.isfinite(window[: int(hits[0]) + 3]).all():
        return np.nan
    return vertex(value, max(start, 1) + int(hits[0]))
