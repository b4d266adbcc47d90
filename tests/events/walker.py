"""A walker of smooth periodic curves with known contacts, and what sensors would see of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.interpolate import PchipInterpolator

from fusion.types import SIDES, Floats, GaitEvents, PlacedImu, WorldPoints

IMU_STEP_S = 0.01
FRAME_S = 1.0 / 60.0
FC_SHARE = 0.61

# Share of the cycle -> pitch, deg, of an adult at free speed: read off by eye, the tests are not about anatomy.
_CURVES = {
    "thigh": ((0.0, -28), (0.12, -24), (0.50, 12), (0.60, 2), (0.82, -32), (0.95, -28)),
    "shank": ((0.0, -15), (0.025, -14.4), (0.12, -3), (0.40, 12), (0.55, 38), (0.67, 56), (0.82, 15), (0.97, -17)),
    "foot": ((0.0, -18), (0.08, 0), (0.38, 2), (0.50, 22), (0.57, 50), (0.65, 66), (0.78, 20), (0.93, -19)),
}


def contacts(duration_s: float, stride_s: float) -> GaitEvents:
    """Return the true contacts; the walk begins before and ends after the recording."""
    rows = []
    for side in SIDES:
        first = 1.0 - 3.0 * stride_s + (0.5 * stride_s if side == "right" else 0.0)
        for landing in np.arange(first, duration_s, stride_s):
            rows += [(landing, side, "ic"), (landing + FC_SHARE * stride_s, side, "fc")]
    rows = [row for row in rows if 0.0 <= row[0] < duration_s]
    time_s, side, kind = (np.array(column) for column in zip(*rows, strict=True))
    return GaitEvents(time_s, side, kind, np.zeros(len(rows)), np.full(len(rows), "model"))


def pitch_rad(part: str, side: str, time_s: Floats, stride_s: float, scale: float = 1.0) -> Floats:
    """Return the pitch of a segment at any time; the walk never stops."""
    points = np.array(_CURVES[part], dtype=np.float64)
    share = np.concatenate([points[:, 0] - 1.0, points[:, 0], points[:, 0] + 1.0])
    curve = PchipInterpolator(share, np.tile(points[:, 1], 3))
    phase = (time_s - 1.0) / stride_s - (0.5 if side == "right" else 0.0)
    return scale * np.deg2rad(curve(phase % 1.0))


def imus(
    duration_s: float, stride_s: float, parts: tuple[str, ...] = ("shank", "foot"), scale: float = 1.0, seed: int = 0
) -> tuple[PlacedImu, ...]:
    """Return placed wearables of both legs."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(0.0, duration_s, IMU_STEP_S)
    made = []
    for side in SIDES:
        for part in parts:
            fine = pitch_rad(part, side, time_s + 1e-3, stride_s, scale)
            rate = (fine - pitch_rad(part, side, time_s - 1e-3, stride_s, scale)) / 2e-3
            gyro = rng.normal(0.0, 0.02, (len(time_s), 3))
            gyro[:, 1] += rate
            made.append(PlacedImu(f"{side}_{part}", time_s, np.full((len(time_s), 3), 9.8), gyro, 1.0 / IMU_STEP_S))
    return tuple(made)


def trunk(
    duration_s: float, stride_s: float, seed: int = 3, segment: str = "pelvis", turn_dps: float = 0.0
) -> PlacedImu:
    """Return a lower-back sensor: lifted once a step just after each contact, pushed away from the standing foot."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(0.0, duration_s, IMU_STEP_S)
    phase = 2.0 * np.pi * (time_s - 1.0) / stride_s
    late = 2.0 * np.pi * 0.045 / stride_s
    accel = rng.normal(0.0, 0.05, (len(time_s), 3))
    accel[:, 0] += 0.8 * np.cos(2.0 * phase)
    accel[:, 1] -= 1.0 * np.sin(phase)
    accel[:, 2] += 9.80665 + 2.0 * np.cos(2.0 * (phase - late))
    gyro = rng.normal(0.0, 0.01, (len(time_s), 3))
    gyro[:, 2] += 0.3 * np.sin(phase) + np.deg2rad(turn_dps)
    return PlacedImu(segment, time_s, accel, gyro, 1.0 / IMU_STEP_S)


def camera(
    duration_s: float, stride_s: float, speed_mps: float = 1.2, scale: float = 1.0, noise_m: float = 0.003
) -> WorldPoints:
    """Return the leg points as one camera sees them."""
    rng = np.random.default_rng(1)
    time_s = np.arange(0.0, duration_s, FRAME_S)
    names, tracks = [], []
    for side in SIDES:
        hip = np.stack(
            [speed_mps * time_s, np.full(len(time_s), 0.09 if side == "left" else -0.09), np.full(len(time_s), 0.9)],
            1,
        )
        knee = hip - 0.42 * _up(pitch_rad("thigh", side, time_s, stride_s, scale))
        ankle = knee - 0.42 * _up(pitch_rad("shank", side, time_s, stride_s, scale))
        for part, track in (("hip", hip), ("knee", knee), ("ankle", ankle)):
            names.append(f"{side}_{part}")
            tracks.append(track)
    position = np.stack(tracks, axis=1)
    position = position + rng.normal(0.0, noise_m, position.shape)
    return WorldPoints(
        "side", time_s, tuple(names), position, np.full(position.shape, 0.01), np.ones(position.shape[:2])
    )


def still(sensors: tuple[PlacedImu, ...], points: WorldPoints) -> tuple[tuple[PlacedImu, ...], WorldPoints]:
    """Return the same sensors on someone who stands."""
    rng = np.random.default_rng(2)
    quiet = tuple(
        replace(
            imu,
            gyro_radps=rng.normal(0.0, 0.05, imu.gyro_radps.shape),
            accel_mps2=rng.normal([0.0, 0.0, 9.80665], 0.1, imu.accel_mps2.shape),
        )
        for imu in sensors
    )
    position = points.position_m[:1] + rng.normal(0.0, 0.005, points.position_m.shape)
    return quiet, replace(points, position_m=position)


def mirrored(sensors: tuple[PlacedImu, ...], points: WorldPoints) -> tuple[tuple[PlacedImu, ...], WorldPoints]:
    """Return what the mirror image of the walker would give: sides exchanged, y turned round."""
    turned = tuple(
        replace(
            imu,
            segment=other(imu.segment),
            accel_mps2=imu.accel_mps2 * [1.0, -1.0, 1.0],
            gyro_radps=imu.gyro_radps * [-1.0, 1.0, -1.0],
        )
        for imu in sensors
    )
    names = tuple(other(name) for name in points.names)
    return turned, replace(points, names=names, position_m=points.position_m * [1.0, -1.0, 1.0])


def other(name: str) -> str:
    """Return the name on the other side."""
    if "_" not in name:
        return name
    side, part = name.split("_", 1)
    return f"{SIDES[1 - SIDES.index(side)]}_{part}"


def shifted(
    sensors: tuple[PlacedImu, ...], points: WorldPoints, by_s: float
) -> tuple[tuple[PlacedImu, ...], WorldPoints]:
    """Return the same on a clock that reads ``by_s`` more."""
    late = tuple(replace(imu, time_s=imu.time_s + by_s) for imu in sensors)
    return late, replace(points, time_s=points.time_s + by_s)


def _up(pitch: Floats) -> Floats:
    return np.stack([np.sin(pitch), np.zeros(len(pitch)), np.cos(pitch)], axis=1)
