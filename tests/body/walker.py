"""A small walker of smooth textbook curves: truth for the calibration tests, one signal per segment."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.spatial.transform import Rotation

from fusion.body.skeleton import Skeleton
from fusion.frames import GRAVITY_MPS2
from fusion.types import ImuSamples

STRIDE_S = 1.1
SPEED_MPS = 1.2
SKELETON = Skeleton.from_height(1.75)

# Rounded shapes of healthy walking at every tenth of the stride from initial contact, deg.
_HIP = (30, 25, 16, 7, -1, -8, -2, 17, 30, 34, 30)
_KNEE = (6, 16, 15, 8, 5, 12, 38, 60, 45, 12, 6)
_ANKLE = (0, -3, 5, 10, 13, 8, -15, -8, 2, 2, 0)
_TILT = 11.0


def pitch(segment: str, time_s: np.ndarray) -> np.ndarray:
    """Return the segment's pitch, rad, positive with the upper end forward."""
    side, _, part = segment.rpartition("_")
    phase = time_s / STRIDE_S + (0.5 if side == "right" else 0.0)
    if part in ("pelvis", "trunk"):
        return np.deg2rad(1.5) * np.sin(4 * np.pi * phase + 0.5)
    hip, knee, ankle = (_periodic(curve, phase) for curve in (_HIP, _KNEE, _ANKLE))
    thigh = _TILT - hip
    curves = {"thigh": thigh, "shank": thigh + knee, "foot": thigh + knee - ankle}
    if part == "foot":
        # Flat on the floor between 12 and 45 % of the stride, as a foot is.
        flat = _window(phase % 1.0, 0.12, 0.45)
        return np.deg2rad(curves["foot"] * (1.0 - flat))
    return np.deg2rad(curves[part])


def rotation(segment: str, time_s: np.ndarray) -> Rotation:
    """Return world_from_segment."""
    phase = 2 * np.pi * time_s / STRIDE_S
    if segment in ("pelvis", "trunk"):
        yaw, roll = np.deg2rad(5.0) * np.sin(phase), np.deg2rad(4.0) * np.cos(phase)
    else:
        yaw = np.deg2rad(4.0) * np.sin(phase + 0.7)
        roll = np.deg2rad(2.0) * np.cos(2 * phase)
    return Rotation.from_euler("ZXY", np.stack([yaw, roll, pitch(segment, time_s)], axis=1))


def position(segment: str, time_s: np.ndarray) -> np.ndarray:
    """Return where the sensor is in the world, m."""
    phase = 2 * np.pi * time_s / STRIDE_S
    root = np.stack(
        [
            SPEED_MPS * time_s + 0.015 * np.sin(2 * phase),
            0.02 * np.sin(phase + 0.3),
            0.9 - 0.02 * np.cos(2 * phase),
        ],
        axis=1,
    )
    side, _, part = segment.rpartition("_")
    if part == "foot":
        return _foot_position(time_s, side)
    for name, offset in SKELETON.joint_chain(segment):
        root = root + rotation(name, time_s).apply(offset)
    return root + rotation(segment, time_s).apply(SKELETON.sensor_position_m(segment))


def imu(
    segment: str,
    turned: Rotation | None = None,
    seconds: float = 9.0,
    still_s: float = 0.0,
    rate_hz: float = 100.0,
    seed: int = 0,
    label: str = "",
    **settings: object,
) -> ImuSamples:
    """Return a stream; ``turned`` is segment_from_sensor. Standing still comes before the walk."""
    fine = 4
    time_s = np.arange(round(seconds * rate_hz) * fine + 1) / (fine * rate_hz)
    world_from_segment = rotation(segment, time_s)
    acceleration = np.gradient(np.gradient(position(segment, time_s), time_s, axis=0), time_s, axis=0)
    force = world_from_segment.inv().apply(acceleration + np.array([0.0, 0.0, GRAVITY_MPS2]))
    step = world_from_segment[:-1].inv() * world_from_segment[1:]
    rate = np.vstack([step.as_rotvec(), step[-1].as_rotvec()]) * fine * rate_hz
    force, rate = force[::fine], rate[::fine]
    still = round(still_s * rate_hz)
    force = np.vstack([np.tile([0.0, 0.0, GRAVITY_MPS2], (still, 1)), force])
    rate = np.vstack([np.zeros((still, 3)), rate])
    noise = np.random.default_rng([seed, len(segment)])
    sensor_from_segment = (turned or Rotation.identity()).inv()
    return ImuSamples(
        segment=label or segment,
        time_s=np.arange(len(force)) / rate_hz,
        accel_mps2=sensor_from_segment.apply(force) + noise.normal(0.0, 0.05, force.shape),
        gyro_radps=sensor_from_segment.apply(rate) + noise.normal(0.0, 0.01, rate.shape),
        rate_hz=rate_hz,
        **settings,  # type: ignore[arg-type]
    )


def world_points(time_s: np.ndarray, lateral: float = 1.0) -> dict[str, np.ndarray]:
    """Return joints and feet in the world, m, of the planar walker (shape (n, 3) each)."""
    root = np.stack([SPEED_MPS * time_s, 0.0 * time_s, np.full(len(time_s), SKELETON.leg_length_m)], axis=1)
    names = ("pelvis", "neck", "left_shoulder", "right_shoulder")
    legs = [f"{side}_{part}" for side in ("left", "right") for part in ("hip", "knee", "ankle", "heel", "toe")]
    points = {}
    for name in (*names, *legs):
        track = root
        for segment, offset in SKELETON.point_chain(name):
            turned = Rotation.from_euler("y", pitch(segment, time_s)[:, None]).apply(offset * [1.0, lateral, 1.0])
            track = track + turned
        points[name] = track
    return points


def _periodic(curve: tuple[int, ...], phase: np.ndarray) -> np.ndarray:
    return CubicSpline(np.linspace(0.0, 1.0, 11), curve, bc_type="periodic")(phase % 1.0)


def _window(phase: np.ndarray, start: float, end: float, edge: float = 0.06) -> np.ndarray:
    rise = np.clip((phase - start) / edge, 0.0, 1.0)
    fall = np.clip((end - phase) / edge, 0.0, 1.0)
    both = np.minimum(rise, fall)
    return both**3 * (10.0 - 15.0 * both + 6.0 * both**2)


def _foot_position(time_s: np.ndarray, side: str) -> np.ndarray:
    phase = time_s / STRIDE_S + (0.5 if side == "right" else 0.0)
    swing = np.clip((phase % 1.0 - 0.55) / 0.45, 0.0, 1.0)
    moved = np.floor(phase) + swing**3 * (10.0 - 15.0 * swing + 6.0 * swing**2)
    lift = 0.08 * np.sin(np.pi * swing) ** 3
    x = SPEED_MPS * STRIDE_S * moved
    return np.stack([x, np.zeros_like(x), 0.05 + lift], axis=1)
