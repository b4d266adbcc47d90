"""Stride length of a foot IMU alone against a heel marker (layout of the gaitmap example data).

Matching rule: a boundary of a reference stride belongs to the nearest own stance instant at most 0.35 s
away (the reference instant, least marker velocity, lies up to 0.25 s before the instant of least rotation).
A reference stride counts as found when its two boundaries belong to different own instants; its length is
the horizontal way of the heel between them. Errors are over the found strides.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fusion.errors import SignalError
from fusion.estimator.foot_inertial import FootTrajectory, foot_trajectory
from fusion.types import Floats
from tests.validation.load_gaitmap import FootRecording, load_gaitmap

TOLERANCE_S = 0.35
LONG_M = 1.0


def evaluate(folder: Path) -> dict[str, float]:
    """Return the figures over all feet found under a folder; empty when there are none."""
    feet = list(load_gaitmap(folder))
    if not feet:
        return {}
    matched = [_measure(foot) for foot in feet]
    own = np.concatenate([length for length, _ in matched])
    sd = np.concatenate([doubt for _, doubt in matched])
    reference = np.concatenate([foot.length_m for foot in feet])
    found = np.isfinite(own)
    error = (own - reference)[found]
    straight = error[reference[found] > LONG_M]
    return {
        "gaitmap/stride_length_mae_m/imu": _mean(np.abs(error)),
        "gaitmap/stride_length_mae_m/imu_over_1m": _mean(np.abs(straight)),
        "gaitmap/stride_length_me_m/imu": _mean(error),
        "gaitmap/stride_length_me_m/imu_over_1m": _mean(straight),
        "gaitmap/stride_length_sd_m/imu_over_1m": float(np.std(straight)) if len(straight) else np.nan,
        "gaitmap/stride_length_coverage_95/imu": _mean(np.abs(error) < 1.96 * sd[found]),
        "gaitmap/strides_found_fraction": _mean(found),
        "gaitmap/n": float(len(reference)),
    }


def _measure(foot: FootRecording) -> tuple[Floats, Floats]:
    try:
        trajectory = foot_trajectory(foot.time_s, foot.accel_mps2, foot.gyro_radps)
    except SignalError:
        missing = np.full(len(foot.length_m), np.nan)
        return missing, missing
    return match(foot, trajectory)


def match(foot: FootRecording, trajectory: FootTrajectory) -> tuple[Floats, Floats]:
    """Return own length and sd of each reference stride, m; NaN where it was not found."""
    instant_s, heel = trajectory.instant_s, trajectory.heel_m
    distance = np.abs(foot.stride_s[:, :, None] - instant_s)
    nearest = np.argmin(distance, axis=2)
    close = np.min(distance, axis=2) <= TOLERANCE_S
    first, last = nearest.T
    found = close.all(axis=1) & (last > first)
    way = heel[last] - heel[first]
    variance = np.concatenate([[0.0], np.cumsum(trajectory.path_sd_m**2)])
    length = np.where(found, np.hypot(way[:, 0], way[:, 1]), np.nan)
    return length, np.sqrt(np.maximum(variance[last] - variance[first], 0.0))


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
