"""Repair streams before they are analysed: order, repeats, clock jumps, saturation. Nothing is invented."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fusion.recording._timeline import repair
from fusion.types import Flags, Floats, ImuSamples, Keypoints, Recording

SATURATED_FROM = 0.999
"""Fraction of the full scale at which a sample counts as saturated; 16-bit sensors stop within 1e-4 of it."""

MOST_OF_A_SENSOR = 1e5
MOST_PX = 1e6
MOST_M = 1e4
"""Beyond these no device reads, whatever its unit: what a broken converter wrote, and a danger to any sum."""


def without_absurd(recording: Recording) -> Recording:
    """Return the recording with NaN where a value is infinite or beyond what any device can read."""
    return replace(
        recording,
        imus=tuple(_possible_imu(imu) for imu in recording.imus),
        keypoints=tuple(_possible_keypoints(points) for points in recording.keypoints),
    )


def clean(recording: Recording) -> Recording:
    """Return the recording with every stream cleaned; see ``clean_imu`` and ``clean_keypoints``."""
    return replace(
        recording,
        imus=tuple(clean_imu(imu) for imu in recording.imus),
        keypoints=tuple(
            clean_keypoints(points, recording.camera(points.camera).rate_hz) for points in recording.keypoints
        ),
    )


def clean_imu(imu: ImuSamples) -> ImuSamples:
    """Return the samples with strictly increasing times and NaN where a sensor was saturated.

    1. Rows without a time, with a stray time, or sent twice are dropped; late packets are sorted in.
    2. Clock jumps: with arrival times the pieces are put where they arrived; without them only the
       longest piece is kept, so that what follows a jump becomes a gap.
    3. A sensor's three axes become NaN where one of them is infinite, NaN or at full scale: the size and
       direction of what it felt are then unknown.

    Applying it twice changes nothing more.
    """
    imu = _possible_imu(imu)
    rows = np.hstack([imu.accel_mps2, imu.gyro_radps])
    timeline = repair(imu.time_s, rows, imu.rate_hz, imu.arrival_s)
    accel = _without_clipped(imu.accel_mps2[timeline.kept], imu.accel_range_mps2)
    gyro = _without_clipped(imu.gyro_radps[timeline.kept], imu.gyro_range_radps)
    arrival_s = None if imu.arrival_s is None else imu.arrival_s[timeline.kept]
    return replace(imu, time_s=timeline.time_s, accel_mps2=accel, gyro_radps=gyro, arrival_s=arrival_s)


def clean_keypoints(points: Keypoints, rate_hz: float = np.nan) -> Keypoints:
    """Return the frames with strictly increasing times; a point with an axis that is not finite is NaN.

    Frames are ordered as the samples of a wearable without arrival times are. A confidence that is NaN is 0
    where the point is missing; others are limited to [0, 1].
    """
    points = _possible_keypoints(points)
    flat = points.position.reshape(len(points.time_s), len(points.names) * points.position.shape[2])
    timeline = repair(points.time_s, flat, rate_hz)
    position = points.position[timeline.kept].copy()
    missing = ~np.isfinite(position).all(axis=2)
    position[missing] = np.nan
    confidence = np.clip(points.confidence[timeline.kept], 0.0, 1.0)
    confidence[missing & np.isnan(confidence)] = 0.0
    return replace(
        points,
        time_s=timeline.time_s,
        position=position,
        confidence=confidence,
        other_side=None if points.other_side is None else points.other_side[timeline.kept],
        sd_px=None if points.sd_px is None else points.sd_px[timeline.kept],
    )


def saturated(values: Floats, full_scale: float) -> Flags:
    """Return where an axis of a sensor is at full scale, shape (n,); nowhere when that is unknown."""
    if not np.isfinite(full_scale) or full_scale <= 0:
        return np.zeros(len(values), dtype=bool)
    return np.asarray((np.abs(values) >= SATURATED_FROM * full_scale).any(axis=1))


def _possible_imu(imu: ImuSamples) -> ImuSamples:
    return replace(
        imu,
        accel_mps2=_within(imu.accel_mps2, MOST_OF_A_SENSOR),
        gyro_radps=_within(imu.gyro_radps, MOST_OF_A_SENSOR),
    )


def _possible_keypoints(points: Keypoints) -> Keypoints:
    most = MOST_PX if points.space == "image_px" else MOST_M
    return replace(points, position=_within(points.position, most))


def _within(values: Floats, most: float) -> Floats:
    absurd = ~(np.abs(values) <= most)
    return np.where(absurd, np.nan, values) if absurd.any() else values


def _without_clipped(values: Floats, full_scale: float) -> Floats:
    kept = values.copy()
    kept[saturated(values, full_scale) | ~np.isfinite(values).all(axis=1)] = np.nan
    return kept
