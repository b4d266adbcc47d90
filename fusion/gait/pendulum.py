"""Stride lengths from one sensor on the lower back: the inverted pendulum.

The body rolls over the standing leg and so rises by h in each step; over a leg of length l that takes a step of
2 sqrt(2 l h - h^2). A pendulum with a foot that rolls goes further: by a quarter (Zijlstra & Hof 2003, *Gait Posture*
18:1, doi:10.1016/S0966-6362(02)00190-X; the factor is theirs, no figure here is fitted).

1. Height: vertical acceleration integrated twice. What rises and sinks slower than 0.4 times the step rate is drift
   of the integration or a change of posture, and is removed.
2. h: highest minus lowest within the step.
3. A foot swings once a stride and is carried round by the turn of both steps: a turning step advances less, by the
   cosine of the turn over a stride around it.

The factor differs between people by about a tenth, which no recording averages out: ``SCALE_SD``.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.signal import butter, sosfiltfilt

from fusion.events._signals import Track
from fusion.events._trunk_cues import Step, TrunkSignals, trunk_signals, trunk_steps
from fusion.types import Floats, PlacedImu

ROLLING_FACTOR = 1.25
SCALE_SD = 0.10
STEP_SD = 0.12
"""Relative scatter of single steps around the pendulum (Zijlstra & Hof 2003, fig. 5, about 12 %)."""

SLOWEST_SHARE = 0.4
LONGEST_STEP_S = 1.25

Lengths = dict[tuple[str, float], tuple[float, float]]


def trunk_lengths(imu: PlacedImu, leg_length_m: float) -> Lengths:
    """Return (side, start of the stride, s) -> (length, sd), m, of every stride that the lower back shows.

    Parameters
    ----------
    imu
        Sensor on pelvis or trunk in segment axes.
    leg_length_m
        Floor to greater trochanter; NaN gives nothing.
    """
    signals = trunk_signals(imu)
    if signals is None or not np.isfinite(leg_length_m):
        return {}
    lengths: Lengths = {}
    for run in trunk_steps(signals):
        lengths.update(_strides(run, step_lengths(signals, run, leg_length_m)))
    return lengths


def step_lengths(signals: TrunkSignals, run: tuple[Step, ...], leg_length_m: float) -> Floats:
    """Return the length of each step of a run, m, shape (k - 1,); NaN over gaps."""
    peaks = np.array([step.peak for step in run])
    # 1.
    height = _height(signals.lift, float(np.median(np.diff(peaks))) * signals.lift.step_s)
    offset = round((signals.up.start_s - signals.lift.start_s) / signals.lift.step_s)
    yaw = np.concatenate([[0.0], np.cumsum(np.nan_to_num(signals.yaw_radps.value)) * signals.yaw_radps.step_s])
    lengths = np.full(len(run) - 1, np.nan)
    for k, (first, last) in enumerate(pairwise(peaks.tolist())):
        rise = height[first + offset : last + offset + 1]
        if len(rise) < 2 or not np.isfinite(rise).all():
            continue
        # 2.
        h = min(float(np.ptp(rise)), leg_length_m)
        way = ROLLING_FACTOR * 2.0 * np.sqrt(2.0 * leg_length_m * h - h**2)
        # 3.
        half = (last - first) // 2
        turned = abs(float(yaw[min(last + half, len(yaw) - 1)] - yaw[min(max(first - half, 0), len(yaw) - 1)]))
        lengths[k] = way * np.cos(min(turned, 0.5 * np.pi))
    return lengths


def _height(lift: Track, step_s: float) -> Floats:
    known = np.isfinite(lift.value)
    slowest_hz = SLOWEST_SHARE / max(step_s, 0.2)
    sos = butter(2, slowest_hz, btype="high", fs=1.0 / lift.step_s, output="sos")
    velocity = sosfiltfilt(sos, np.cumsum(np.where(known, lift.value, 0.0)) * lift.step_s)
    height = sosfiltfilt(sos, np.cumsum(velocity) * lift.step_s)
    return np.where(known, height, np.nan)


def _strides(run: tuple[Step, ...], length_m: Floats) -> Lengths:
    found: Lengths = {}
    for k in range(len(run) - 2):
        whole = run[k].side == run[k + 2].side != run[k + 1].side
        pair = length_m[k : k + 2]
        if whole and np.isfinite(pair).all():
            found[(run[k].side, run[k].time_s)] = (float(pair.sum()), float(STEP_SD * np.hypot(*pair)))
    return found
