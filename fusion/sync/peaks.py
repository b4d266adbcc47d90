"""Which offsets fit a camera to wearables, how far one fits better than another, and how sharply.

Peaks are strides apart. Two of them are compared by an exact fit on the frames that both cover, so that a
longer overlap is no argument; what decides is what differs from stride to stride.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.signal import find_peaks

from fusion.sync.lags import COARSE_HZ, Pair, covered, fit_at, scan_all
from fusion.types import Floats

MIN_OVERLAP_S = 2.0
"""Two strides of slow walking: less cannot tell one stride from another."""

MIN_OVERLAP_SHARE = 0.5
"""Part of the shorter stream that must lie inside the longer one."""

PARTIAL_NATS = 2.0
"""Prior odds of 7 : 1 against a camera that runs on outside the wearables' recording."""

KEYPOINT_DELAY_SD_S = 0.010
"""Exposure, read-out and smoothing shift keypoints by up to a frame in an unknown direction."""

SEPARATE_S = 0.25
"""Peaks closer than this are one peak: half a step at 120 steps per minute."""

AGREE_S = 0.1
"""A segment whose own best lag is further away saw something else (a tenth of a stride)."""

REVERSED = -0.5
"""A correlation below this at the common offset: the segment's sign is wrong."""

STRETCH_S = 2.5
"""Two strides: the shortest stretch that shows an offset of its own."""

SHOWS_NATS = 5.0
"""A stretch with less evidence, standing or hidden, shows no offset of its own."""

_CANDIDATES = 8
_NEAR_S = np.arange(-0.06, 0.061, 0.02)
_LOCAL_S = np.arange(-0.3, 0.301, 0.04)
_WIDE_S = np.arange(-0.15, 0.151, 0.01)


@dataclass(frozen=True, slots=True)
class Reading:
    """What the labels mean: which wearable belongs to a camera segment, and with which sign.

    Attributes
    ----------
    pairs
        Camera segment -> its comparison.
    sign
        -1 when every angle is taken with reversed sign.
    blame
        What is wrong, and the cure, when this reading is the right one; ``""`` for the labels as given.
    """

    pairs: Mapping[str, Pair]
    sign: float = 1.0
    blame: str = ""

    def nats(self, lag_s: float) -> float:
        """Return the pooled evidence for a lag."""
        return sum(fit_at(pair, lag_s).nats(self.sign) for pair in self.pairs.values())


@dataclass(frozen=True, slots=True)
class Candidate:
    """One lag at which one reading fits; ``correlation`` is the median of its segments."""

    reading: Reading
    lag_s: float
    nats: float
    correlation: float


@dataclass(frozen=True, slots=True)
class Precision:
    """The offset at the top of a peak, and what its segments say.

    Attributes
    ----------
    lag_s, sd_s
        Offset and its standard deviation.
    agreeing, dissenting, reversed_sign
        Segments by what they say about the offset.
    """

    lag_s: float
    sd_s: float
    agreeing: tuple[str, ...]
    dissenting: tuple[str, ...]
    reversed_sign: tuple[str, ...]


def candidates(reading: Reading, lags_s: Floats) -> list[Candidate]:
    """Return the highest peaks over all lags, refined, most evidence first."""
    if lags_s.size < 1:
        return []
    nats, common_s = scan_all(reading.pairs, lags_s, reading.sign)
    shorter_s = min(
        max(seconds(pair.time_s) for pair in reading.pairs.values()),
        max(seconds(pair.gyro.time_s) for pair in reading.pairs.values()),
    )
    nats[common_s < max(MIN_OVERLAP_S - 0.2, MIN_OVERLAP_SHARE * shorter_s)] = 0.0
    peaks, _ = find_peaks(np.pad(nats, 1), distance=round(SEPARATE_S * COARSE_HZ))
    peaks = peaks[np.argsort(-nats[peaks - 1], kind="stable")][:_CANDIDATES] - 1
    found: list[Candidate] = []
    for peak in peaks:
        candidate = _refined(reading, float(lags_s[peak]))
        if candidate and all(abs(candidate.lag_s - other.lag_s) > SEPARATE_S for other in found):
            found.append(candidate)
    return found


def advantage(one: Candidate, other: Candidate) -> float:
    """Return by how many nats ``one`` explains better what both lags cover, prior included."""
    total = 0.0
    share = []
    for segment, pair in one.reading.pairs.items():
        rival = other.reading.pairs.get(segment)
        if rival is None:
            continue
        here, there = covered(pair, one.lag_s), covered(rival, other.lag_s)
        total += fit_at(pair, one.lag_s, here & there).nats(one.reading.sign)
        total -= fit_at(rival, other.lag_s, here & there).nats(other.reading.sign)
        share.append(float(here.mean() - there.mean()))
    prior = PARTIAL_NATS * float(np.clip(np.mean(share) / 0.2, -1.0, 1.0)) if share else 0.0
    return total + prior


def precision(candidate: Candidate) -> Precision:
    """Return the offset, its standard deviation and which segments support it.

    The variance adds the jackknife over segments, the curvature of the evidence, and the keypoint delay.
    """
    lags_s = candidate.lag_s + _WIDE_S
    reading = candidate.reading
    curves = {
        segment: np.array([fit_at(pair, float(lag)).nats(reading.sign) for lag in lags_s])
        for segment, pair in reading.pairs.items()
    }
    own = {segment: _vertex(lags_s, curve)[0] for segment, curve in curves.items() if curve.max() > 0.0}
    near = tuple(s for s, lag in own.items() if abs(lag - candidate.lag_s) < AGREE_S)
    agreeing = near or tuple(own)
    lag_s, curvature = _vertex(lags_s, sum((curves[s] for s in agreeing), np.zeros(len(lags_s))))
    without = [
        _vertex(lags_s, sum((curves[s] for s in agreeing if s != left_out), np.zeros(len(lags_s))))[0]
        for left_out in agreeing
    ]
    count = len(agreeing)
    spread = (count - 1) * float(np.var(without)) if count > 1 else KEYPOINT_DELAY_SD_S**2
    variance = spread + 1.0 / max(curvature, 1.0) + KEYPOINT_DELAY_SD_S**2
    backwards = tuple(
        segment
        for segment, pair in reading.pairs.items()
        if reading.sign * fit_at(pair, lag_s).correlation < REVERSED
    )
    dissenting = tuple(s for s in reading.pairs if s not in near and s not in backwards)
    return Precision(lag_s, float(np.sqrt(variance)), near, dissenting, backwards)


def local_offsets(candidate: Candidate) -> Floats:
    """Return the offset that each stretch of about ``STRETCH_S`` alone would have, s, shape (k,)."""
    reading = candidate.reading
    lags_s = candidate.lag_s + _LOCAL_S
    times = [pair.time_s[covered(pair, candidate.lag_s)] for pair in reading.pairs.values()]
    seen = np.concatenate(times)
    count = max(int((seen.max() - seen.min()) / STRETCH_S), 1)
    edges = np.linspace(seen.min(), seen.max(), count + 1)
    offsets = []
    for start, end in pairwise(edges):
        curve = np.zeros(len(lags_s))
        for pair in reading.pairs.values():
            inside = (pair.time_s >= start) & (pair.time_s <= end)
            curve += [fit_at(pair, float(lag), inside).nats(reading.sign) for lag in lags_s]
        if curve.max() > SHOWS_NATS:
            offsets.append(_vertex(lags_s, curve)[0])
    return np.array(offsets or [candidate.lag_s])


def seconds(time_s: Floats) -> float:
    """Return the time from the first to the last sample, s; 0 without two samples."""
    return float(time_s[-1] - time_s[0]) if time_s.size > 1 else 0.0


def _refined(reading: Reading, lag_s: float) -> Candidate | None:
    around = lag_s + _NEAR_S
    nats = np.array([reading.nats(float(lag)) for lag in around])
    top = int(np.argmax(nats))
    if top in (0, len(nats) - 1) or nats[top] <= 0.0:
        return None  # a shoulder at the border of the search, or nothing left in the exact fit
    lag_s, _ = _vertex(around, nats)
    fits = [fit_at(pair, lag_s) for pair in reading.pairs.values()]
    values = [reading.sign * fit.correlation for fit in fits if fit.seconds > 0.0]
    return Candidate(reading, lag_s, reading.nats(lag_s), float(np.median(values)) if values else 0.0)


def _vertex(at: Floats, values: Floats) -> tuple[float, float]:
    """Return where a parabola through the highest value and its neighbours peaks, and its curvature."""
    top = int(np.clip(np.argmax(values), 1, len(values) - 2))
    before, here, after = (float(v) for v in values[top - 1 : top + 2])
    bend = before - 2.0 * here + after
    step = float(at[1] - at[0])
    if bend >= 0.0:
        return float(at[int(np.argmax(values))]), 0.0
    shift = float(np.clip(0.5 * (before - after) / bend, -1.0, 1.0))
    return float(at[top]) + shift * step, -bend / step**2
