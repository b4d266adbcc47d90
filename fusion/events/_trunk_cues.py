"""Initial contacts from one sensor on pelvis or trunk.

1. Level the sensor by its own attitude; work with vertical and sideways acceleration.
2. A step: the body is caught and lifted again once a step, so the upward acceleration below 2.5 Hz peaks once in
   each double support (Zijlstra & Hof 2003 [1]_; the same maximum as McCamley et al. 2012 [2]_ time from).
3. The peak follows the contact by about a third of the double support, whose length at this cadence is taken from
   walkway norms of adults [3]_.
4. Left or right: in the step after a left contact the body is over the left foot and is pushed to the right [1]_.
   Sides alternate, unless a step was missed: the most likely sequence is found by dynamic programming.
5. Only runs of steps count; a single jerk of the trunk is no step, and a run begins and ends with a clear one.

Final contacts do not show at the trunk well enough to be given.

References
----------
.. [1] Zijlstra & Hof (2003), Gait Posture 18:1, doi:10.1016/S0966-6362(02)00190-X
.. [2] McCamley et al. (2012), Gait Posture 36:316, doi:10.1016/j.gaitpost.2012.02.019
.. [3] GAITRite normals of adults, slow to fast pace, as in ``gait/walkway_norms.csv``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import peak_prominences

from fusion.errors import SignalError
from fusion.estimator.attitude import inclination
from fusion.events._merge import Cue, as_events
from fusion.events._signals import Track, adaptive_peaks, smooth_track, vertex
from fusion.frames import GRAVITY_MPS2, matrix_from_quaternion
from fusion.types import Floats, GaitEvents, PlacedImu, Samples

TRUNK = ("pelvis", "trunk")
STEP_S = 0.01
STEP_HZ = 2.5
"""The step rate lies at 0.8 to 2.5 Hz; twice of it, where a slow step shows a second peak, is damped."""

EDGE_S = 0.2
"""Half a period of ``STEP_HZ``: nearer to an end a low-passed peak leans on samples that were never recorded."""

PEAK_FLOOR_MPS2 = 0.4
"""Least prominence of a step: 4 % of gravity, half of what steps of 0.3 m show and above breathing and sway."""

PEAK_SHARE = 0.12
END_SHARE = 0.35
"""A first or last step is at least this part of the usual one; weight shifts before and after walking are less."""

SHORTEST_STEP_S, LONGEST_STEP_S = 0.28, 1.25
MIN_STEPS = 4
"""Mobilise-D: a walking bout has at least two strides of each foot (Kluge et al. 2021); four steps are the least
that shows an alternation."""

SUPPORT_SLOPE, SUPPORT_AT_ZERO_S = 0.26, -0.145
"""One double support in s = slope * stride time + constant: 0.10 s at 0.93 s, 0.15 at 1.13, 0.19 at 1.29 [3]_."""

LAG_SHARE = 1.0 / 3.0
SD_S = 0.030
"""Assumed: a tenth of the 2.5 Hz band's period; the validation reports what comes out."""

_SAME_SIDE_COST = 1.5
"""In units of the usual sideways push: two steps of the same foot must be this much more likely."""


@dataclass(frozen=True, slots=True)
class TrunkSignals:
    """A trunk sensor in level axes on an even grid; NaN in gaps.

    Attributes
    ----------
    up, left
        Acceleration without gravity, m/s^2, below ``STEP_HZ`` and 5 Hz.
    lift
        As ``up``, below 10 Hz: what is integrated to height.
    yaw_radps
        Turning about the vertical, positive to the left, below 3 Hz.
    """

    up: Track
    left: Track
    lift: Track
    yaw_radps: Track


@dataclass(frozen=True, slots=True)
class Step:
    """One step: time of its contact, s, side of the foot that lands, index of its peak in ``TrunkSignals.up``."""

    time_s: float
    side: str
    peak: int


def trunk_sensor(imus: tuple[PlacedImu, ...]) -> PlacedImu | None:
    """Return the pelvis sensor, else the trunk sensor, else None."""
    worn = {imu.segment: imu for imu in imus}
    return next((worn[name] for name in TRUNK if name in worn), None)


def trunk_signals(imu: PlacedImu) -> TrunkSignals | None:
    """Return step 1; None when the stream is too short or empty."""
    try:
        turned = matrix_from_quaternion(inclination(imu.time_s, imu.accel_mps2, imu.gyro_radps))
    except SignalError:
        return None
    force = np.einsum("nij,nj->ni", turned, imu.accel_mps2)
    rate = np.einsum("nij,nj->ni", turned, imu.gyro_radps)
    heading = np.arctan2(turned[:, 1, 0], turned[:, 0, 0])
    left = np.cos(heading) * force[:, 1] - np.sin(heading) * force[:, 0]
    tracks = (
        smooth_track(imu.time_s, force[:, 2] - GRAVITY_MPS2, STEP_S, STEP_HZ),
        smooth_track(imu.time_s, left, STEP_S, 5.0),
        smooth_track(imu.time_s, force[:, 2] - GRAVITY_MPS2, STEP_S, 10.0),
        smooth_track(imu.time_s, rate[:, 2], STEP_S, 3.0),
    )
    if not all(len(track.value) for track in tracks):
        return None
    edge = tracks[0].samples(EDGE_S)
    tracks[0].value[:edge] = np.nan
    tracks[0].value[-edge:] = np.nan
    return TrunkSignals(*tracks)


def trunk_steps(signals: TrunkSignals) -> tuple[tuple[Step, ...], ...]:
    """Return steps 2 to 5: one tuple of successive steps per run."""
    peaks = adaptive_peaks(signals.up, PEAK_FLOOR_MPS2, PEAK_SHARE, SHORTEST_STEP_S, prominence=True)
    runs = []
    gaps_s = np.diff(peaks) * STEP_S
    for together in np.split(peaks, np.flatnonzero(gaps_s > LONGEST_STEP_S) + 1):
        run = _clear_ends(signals.up, together)
        if len(run) >= MIN_STEPS:
            runs.append(_run(signals, run.astype(np.int64)))
    return tuple(runs)


def trunk_events(imu: PlacedImu) -> GaitEvents:
    """Return the initial contacts that a trunk sensor shows."""
    signals = trunk_signals(imu)
    runs = () if signals is None else trunk_steps(signals)
    return as_events((Cue(step.time_s, step.side, "ic", SD_S) for run in runs for step in run), "imu")


def _clear_ends(up: Track, peaks: Samples) -> Samples:
    """Return a run without the weak movements before its first and after its last clear step."""
    if len(peaks) < MIN_STEPS:
        return peaks
    value = np.where(np.isfinite(up.value), up.value, np.nanmin(up.value))
    size = peak_prominences(value, peaks)[0]
    clear = np.flatnonzero(size >= END_SHARE * np.median(size))
    return peaks[clear[0] : clear[-1] + 1]


def _run(signals: TrunkSignals, peaks: Samples) -> tuple[Step, ...]:
    # 3.
    at = np.array([vertex(signals.up.value, int(peak)) for peak in peaks])
    gap_s = np.diff(at) * STEP_S
    stride_s = 2.0 * np.append(gap_s, gap_s[-1])
    lag_s = LAG_SHARE * np.maximum(SUPPORT_SLOPE * stride_s + SUPPORT_AT_ZERO_S, 0.0)
    contact_s = np.array([signals.up.time_s(place) for place in at]) - lag_s
    # 4.
    push = _push_to_left(signals.left, contact_s)
    sides = _alternating(push, gap_s)
    return tuple(
        Step(float(time_s), side, int(peak)) for time_s, side, peak in zip(contact_s, sides, peaks, strict=True)
    )


def _push_to_left(left: Track, contact_s: Floats) -> Floats:
    """Return the mean sideways acceleration of each step, scaled to a median size of 1; positive to the left."""
    index = np.clip(np.round((contact_s - left.start_s) / left.step_s).astype(int), 0, len(left.value) - 1)
    total = np.concatenate([[0.0], np.cumsum(np.nan_to_num(left.value))])
    width = np.maximum(np.diff(index), 1)
    mean = (total[index[1:]] - total[index[:-1]]) / width
    # What is the same for both feet is a turn or a slant of the sensor.
    mean = mean - np.median(mean)
    usual = float(np.median(np.abs(mean)))
    return np.asarray(mean / usual if usual > 0.0 else mean)


def _alternating(push: Floats, gap_s: Floats) -> list[str]:
    """Return the sides of a run's steps by dynamic programming over (side, place)."""
    # Positive evidence: the step after this contact pushes to the right, so this is the left foot.
    evidence = np.append(np.clip(-push, -3.0, 3.0), 0.0)
    usual_s = float(np.median(gap_s))
    score = np.zeros((len(evidence), 2))
    came_from = np.zeros((len(evidence), 2), dtype=int)
    score[0] = evidence[0], -evidence[0]
    for k in range(1, len(evidence)):
        # A gap of two steps hides one: there the same foot follows itself.
        missed = gap_s[k - 1] > 1.6 * usual_s
        same, other = (0.0, -_SAME_SIDE_COST) if missed else (-_SAME_SIDE_COST, 0.0)
        for side in (0, 1):
            ways = [score[k - 1, before] + (same if before == side else other) for before in (0, 1)]
            came_from[k, side] = int(ways[1] > ways[0])
            score[k, side] = max(ways) + (evidence[k] if side == 0 else -evidence[k])
    path = [int(score[-1, 1] > score[-1, 0])]
    for k in range(len(evidence) - 1, 0, -1):
        path.append(int(came_from[k, path[-1]]))
    return [("left", "right")[side] for side in reversed(path)]
