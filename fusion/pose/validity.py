"""Is a camera right at all? Over the whole walk its segments must turn as the wearables say.

Innovation gates look at one sample and cannot see a camera that is consistently wrong; its errors are
correlated in time and pass for truth. The rates of a whole walk show it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, sosfiltfilt

from fusion.types import SIDES, Flags, Floats

LEAST_CORRELATION = 0.8
"""Of segments: a camera that measures what no wearable does helps even where it is poor."""

LEAST_KNEE_CORRELATION = 0.87
"""Where wearables measure thigh and shank themselves. Simulated cameras of every quality begin to harm the knee at
0.9 to 0.94 and double its error at 0.8 where they copy the other leg; real useful cameras reach 0.92 and more (kam
0.94 to 0.98 on steps of one second, mea_lab 0.92 to 0.98), a useless one 0.34 to 0.67 (nikonpic): docs/sync.md."""

AMPLITUDE_RANGE = (0.5, 2.0)
"""Monocular lifting shrinks motion by up to 40 %; less than half of it is no measurement."""

_GRID_HZ = 50.0
_CUTOFF_HZ = 6.0
_MIN_OVERLAP_S = 0.7
_BRIDGE_S = 0.1
_SPIKE_MADS = 4.0
_MOST_SPIKES = 0.15

Track = tuple[Floats, Floats]


@dataclass(frozen=True, slots=True)
class CameraValidity:
    """Verdict on one camera.

    Attributes
    ----------
    correlation
        Of camera and gyro rate, pooled over segments; NaN when there was nothing to compare.
    amplitude_ratio
        Camera over gyro standard deviation of the rate.
    keep
        The camera may be used.
    reason
        Why, in words.
    """

    correlation: float
    amplitude_ratio: float
    keep: bool
    reason: str


def check_camera(points_pitch: Mapping[str, Track], imu_rate: Mapping[str, Track]) -> CameraValidity:
    """Return whether a camera agrees with the wearables over the walk.

    Parameters
    ----------
    points_pitch
        Segment -> (reference times, pitch, rad) by the camera.
    imu_rate
        Segment -> (reference times, pitch rate, rad/s) by the wearables.

    Notes
    -----
    Where thigh and shank of a side are measured, the knee's rate is compared, which no error of heading or
    travel touches; else the rates of the segments. Both are low-passed at 6 Hz.
    """
    pairs = [_compared(points_pitch, imu_rate, names) for names in _comparisons(points_pitch, imu_rate)]
    pairs = [pair for pair in pairs if pair is not None]
    if not pairs:
        return CameraValidity(
            np.nan, np.nan, True, "No wearable measures a segment that the camera sees; used unchecked."
        )
    camera = np.concatenate([pair[0] for pair in pairs if pair is not None])
    gyro = np.concatenate([pair[1] for pair in pairs if pair is not None])
    ratio = float(np.std(camera) / max(float(np.std(gyro)), 1e-9))
    correlation = float(np.mean(camera * gyro) / max(float(np.std(camera) * np.std(gyro)), 1e-12))
    return _verdict(correlation, ratio, _least(points_pitch, imu_rate))


def _least(points_pitch: Mapping[str, Track], imu_rate: Mapping[str, Track]) -> float:
    """Return the correlation that is asked for: more where the knee itself is compared."""
    is_knee = any(len(names) == 2 for names in _comparisons(points_pitch, imu_rate))
    return LEAST_KNEE_CORRELATION if is_knee else LEAST_CORRELATION


def _verdict(correlation: float, ratio: float, least: float) -> CameraValidity:
    low, high = AMPLITUDE_RANGE
    if correlation < least:
        reason = (
            f"Camera rejected: its joints move unlike the wearables (correlation {correlation:.2f}, needed "
            f"{least:.2f}). Check the view, the clocks and left and right."
        )
        return CameraValidity(correlation, ratio, False, reason)
    if not low <= ratio <= high:
        reason = (
            f"Camera rejected: it shows {ratio:.0%} of the motion that the wearables measure "
            f"({low:.0%} to {high:.0%} is usable). Check the view and the calibration."
        )
        return CameraValidity(correlation, ratio, False, reason)
    reason = f"Camera agrees with the wearables (correlation {correlation:.2f}, amplitude {ratio:.0%})."
    return CameraValidity(correlation, ratio, True, reason)


def _comparisons(camera: Mapping[str, Track], imu: Mapping[str, Track]) -> list[tuple[str, ...]]:
    both = set(camera) & set(imu)
    knees = [(f"{side}_shank", f"{side}_thigh") for side in SIDES if {f"{side}_shank", f"{side}_thigh"} <= both]
    return list(knees) if knees else [(name,) for name in sorted(both)]


def _compared(
    camera: Mapping[str, Track], imu: Mapping[str, Track], names: tuple[str, ...]
) -> tuple[Floats, Floats] | None:
    """Return camera and gyro rate of a segment, or of the first minus the second, means removed."""
    start_s = max(float(track[name][0][0]) for track in (camera, imu) for name in names)
    end_s = min(float(track[name][0][-1]) for track in (camera, imu) for name in names)
    if end_s - start_s < _MIN_OVERLAP_S:
        return None
    grid = np.arange(start_s, end_s, 1.0 / _GRID_HZ)
    angle, rate = np.zeros(len(grid)), np.zeros(len(grid))
    for name, sign in zip(names, (1.0, -1.0), strict=False):
        angle += sign * _at(grid, *camera[name])
        rate += sign * _at(grid, *imu[name])
    seen = np.isfinite(angle) & np.isfinite(rate)
    if seen.sum() < _MIN_OVERLAP_S * _GRID_HZ:
        return None
    turned = np.gradient(_smooth(_filled(angle)), 1.0 / _GRID_HZ)[seen]
    measured = _smooth(_filled(rate))[seen]
    usual = _usual(turned, measured)
    turned, measured = turned[usual], measured[usual]
    return turned - turned.mean(), measured - measured.mean()


def _usual(turned: Floats, measured: Floats) -> Flags:
    """Leave out what a few swapped or misplaced keypoints did; a camera that is wrong as a rule stays so.

    Samples whose difference is beyond ``_SPIKE_MADS`` deviations go, but never more than ``_MOST_SPIKES`` of them.
    """
    error = np.abs(turned - measured - np.median(turned - measured))
    limit = _SPIKE_MADS * 1.4826 * float(np.median(error))
    return np.asarray(error <= max(limit, float(np.quantile(error, 1.0 - _MOST_SPIKES))))


def _at(grid: Floats, time_s: Floats, values: Floats) -> Floats:
    """Values on a grid; NaN where the nearest sample on either side is missing or frames were lost."""
    result = np.interp(grid, time_s, np.nan_to_num(values))
    hole = np.interp(grid, time_s, (~np.isfinite(values)).astype(np.float64))
    after = np.clip(np.searchsorted(time_s, grid), 1, len(time_s) - 1)
    step_s = np.diff(time_s)
    lost = step_s[after - 1] > max(_BRIDGE_S, 2.5 * float(np.median(step_s)))
    result[(hole > 0.0) | lost] = np.nan
    return result


def _filled(values: Floats) -> Floats:
    known = np.isfinite(values)
    index = np.arange(len(values))
    return np.interp(index, index[known], values[known])


def _smooth(values: Floats) -> Floats:
    sos = butter(2, _CUTOFF_HZ, fs=_GRID_HZ, output="sos")
    return np.asarray(sosfiltfilt(sos, values, padlen=min(len(values) - 1, 25)))
