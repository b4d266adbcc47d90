"""Smoothness, regularity and sway of the trunk, from a sensor on the pelvis or the trunk.

1. Level the sensor by its own attitude; take vertical, forward and sideways acceleration below 20 Hz.
2. Harmonic ratio [1]_ [2]_: each stride's Fourier series; a stride of two equal steps has only even harmonics
   upwards and forwards and only odd ones sideways.
3. Regularity [3]_: the unbiased autocorrelation, at half a stride and at a stride.
4. Sway: how far the trunk tilts to and fro in each stride.

References
----------
.. [1] Menz, Lord, Fitzpatrick (2003), Gait Posture 18:35, doi:10.1016/S0966-6362(02)00159-5
.. [2] Bellanca et al. (2013), J Biomech 46:828, doi:10.1016/j.jbiomech.2012.12.008
.. [3] Moe-Nilssen & Helbostad (2004), J Biomech 37:121, doi:10.1016/S0021-9290(03)00233-1
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fusion.errors import SignalError
from fusion.estimator.attitude import inclination
from fusion.events._signals import Track, smooth_track
from fusion.frames import GRAVITY_MPS2, matrix_from_quaternion
from fusion.gait.further.definitions import TRUNK
from fusion.gait.further.evidence import Walk, mean_of, withheld
from fusion.types import SIDES, Floats, Parameter, PlacedImu, Stride

STEP_S = 0.01
CUTOFF_HZ = 20.0
TILT_HZ = 5.0
HARMONICS = 20
POINTS = 128
"""Per stride: three times the highest harmonic."""

STRETCH = 4
"""Strides in which the autocorrelation is taken: enough for a lag of one stride."""

LAG_SHARE = 0.2
SHARED_REGULARITY = 0.02
"""Sensor scale and alignment, relative: a correlation hardly depends on either."""

SHARED_RATIO = {"vertical": 0.10, "forward": 0.20, "sideways": 0.20}
"""Relative. What the skin adds at the wrong harmonics lowers a ratio by 10 to 20 % in simulation; sideways by more,
for there both sums are small, which is said beside the number."""

SWAY_SHARED_DEG = 1.2
"""Soft tissue, alignment and scale leave this much of a range of a few degrees."""

SIDEWAYS = "depends on how the sensor sits: compare with the same person and mounting only"

_NONE = "no sensor on the pelvis or the trunk: put one on the lower back"
_NO_TRUNK = "no sensor on the trunk: put one on the breastbone"
_SILENT = "the sensor on the pelvis or the trunk was silent: check its battery"


@dataclass(frozen=True, slots=True)
class _Level:
    """Acceleration in level axes without gravity, m/s^2, and tilts, deg, on one grid."""

    forward: Track
    sideways: Track
    vertical: Track
    tilt_sideways: Track
    tilt_forward: Track


def trunk(walk: Walk) -> tuple[Parameter, ...]:
    """Return the parameters of this file."""
    low, high = walk.imu("pelvis", "trunk"), walk.imu("trunk")
    lower = _levelled(low) if low else None
    upper = lower if high is low else (_levelled(high) if high else None)
    strides = walk.of_side("both")
    found = []
    for entry in TRUNK:
        sways = entry.name.startswith("trunk_sway")
        level, reason = (upper, _NO_TRUNK) if sways else (lower, _NONE)
        if level is None:
            reason = _SILENT if (high if sways else low) else reason
            found.append(withheld(entry.name, "both", reason))
            continue
        found.append(_read(entry.name, level, strides))
    return tuple(found)


def _read(name: str, level: _Level, strides: list[Stride]) -> Parameter:
    words = name.split("_")
    if name.startswith("harmonic_ratio"):
        values = np.array([_harmonic_ratio(level, words[2], stride) for stride in strides])
        found = mean_of(name, "both", values, SHARED_RATIO[words[2]] * _size(values))
        return _with_remark(found, SIDEWAYS) if words[2] == "sideways" else found
    if words[1] == "regularity":
        stretches = _stretches(strides)
        values = np.array([_regularity(getattr(level, words[2]), words[0], stretch) for stretch in stretches])
        return mean_of(name, "both", values, SHARED_REGULARITY * _size(values), "stretches of four strides")
    track = level.tilt_sideways if "sideways" in words else level.tilt_forward
    values = np.array([_range(track, stride) for stride in strides])
    return mean_of(name, "both", values, SWAY_SHARED_DEG)


def _with_remark(found: Parameter, remark: str) -> Parameter:
    """Return an assessable parameter as limited, with one reason more."""
    if not found.estimate.is_assessable:
        return found
    reason = "; ".join(each for each in (found.estimate.reason, remark) if each)
    return replace(found, estimate=replace(found.estimate, grade="limited", reason=reason))


def _levelled(imu: PlacedImu) -> _Level | None:
    """Step 1; None when the stream is too short or empty."""
    try:
        turned = matrix_from_quaternion(inclination(imu.time_s, imu.accel_mps2, imu.gyro_radps))
    except SignalError:
        return None
    force = np.einsum("nij,nj->ni", turned, imu.accel_mps2)
    heading = np.arctan2(turned[:, 1, 0], turned[:, 0, 0])
    ahead = np.cos(heading) * force[:, 0] + np.sin(heading) * force[:, 1]
    left = np.cos(heading) * force[:, 1] - np.sin(heading) * force[:, 0]
    # The third row is the vertical in segment axes: what of it points forward and left is the tilt.
    tilts = np.degrees(np.arcsin(np.clip(turned[:, 2, :2], -1.0, 1.0)))
    tracks = (
        smooth_track(imu.time_s, ahead, STEP_S, CUTOFF_HZ),
        smooth_track(imu.time_s, left, STEP_S, CUTOFF_HZ),
        smooth_track(imu.time_s, force[:, 2] - GRAVITY_MPS2, STEP_S, CUTOFF_HZ),
        smooth_track(imu.time_s, tilts[:, 1], STEP_S, TILT_HZ),
        smooth_track(imu.time_s, tilts[:, 0], STEP_S, TILT_HZ),
    )
    return _Level(*tracks) if all(len(track.value) for track in tracks) else None


def _piece(track: Track, start_s: float, end_s: float, count: int) -> Floats:
    """Return ``count`` even samples of [start, end); NaN where the sensor was silent."""
    grid = track.start_s + track.step_s * np.arange(len(track.value))
    when = start_s + (end_s - start_s) * np.arange(count) / count
    return np.asarray(np.interp(when, grid, track.value, left=np.nan, right=np.nan))


def _harmonic_ratio(level: _Level, axis: str, stride: Stride) -> float:
    """Step 2, of one stride."""
    signal = _piece(getattr(level, axis), stride.start_s, stride.end_s, POINTS)
    if not np.isfinite(signal).all():
        return np.nan
    # A stride is a loop: what does not close is drift.
    signal = signal - (signal[-1] - signal[0]) * np.arange(POINTS) / POINTS
    amplitude = np.abs(np.fft.rfft(signal))[1 : HARMONICS + 1]
    odd, even = float(amplitude[::2].sum()), float(amplitude[1::2].sum())
    first, second = (odd, even) if axis == "sideways" else (even, odd)
    return first / second if second > 0.0 else np.nan


def _stretches(strides: list[Stride]) -> list[tuple[float, float, float]]:
    """Return (start, end, stride time) of every four successive strides of either foot, s; they overlap."""
    found = []
    for side in SIDES:
        run: list[Stride] = []
        for stride in (one for one in strides if one.side == side):
            follows = run and abs(stride.start_s - run[-1].end_s) < STEP_S
            run = [*run, stride] if follows else [stride]
            if len(run) == STRETCH:
                found.append((run[0].start_s, run[-1].end_s, (run[-1].end_s - run[0].start_s) / STRETCH))
                run = run[1:]
    return sorted(found)


def _regularity(track: Track, what: str, stretch: tuple[float, float, float]) -> float:
    """Step 3, of one stretch."""
    start_s, end_s, stride_s = stretch
    count = round((end_s - start_s) / STEP_S)
    signal = _piece(track, start_s, end_s, count)
    if not np.isfinite(signal).all():
        return np.nan
    signal = signal - signal.mean()
    lag_s = stride_s if what == "stride" else 0.5 * stride_s
    lags = np.arange(int((1.0 - LAG_SHARE) * lag_s / STEP_S), int((1.0 + LAG_SHARE) * lag_s / STEP_S) + 1)
    power = float(np.mean(signal**2))
    products = [float(np.mean(signal[lag:] * signal[: count - lag])) for lag in lags]
    return max(products) / power if power > 0.0 else np.nan


def _range(track: Track, stride: Stride) -> float:
    """Step 4, of one stride."""
    signal = _piece(track, stride.start_s, stride.end_s, POINTS)
    return float(np.ptp(signal)) if np.isfinite(signal).all() else np.nan


def _size(values: Floats) -> float:
    return float(abs(np.nanmean(values))) if np.isfinite(values).any() else 0.0
