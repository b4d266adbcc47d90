"""Small recordings for the tests of this folder."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fusion.types import Camera, ImuSamples, Recording, Subject

G = 9.80665


def make_imu(segment="left_shank", seconds=12.0, rate_hz=100.0, seed=0, arrival=False, **settings):
    """A wearable that swings at 1 Hz under gravity with a little noise."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    swing = np.sin(2 * np.pi * time_s)
    accel = np.stack([2 * swing, 0 * swing, G + swing], axis=1) + 0.05 * rng.normal(size=(len(time_s), 3))
    gyro = np.stack([0 * swing, 4 * swing, 0 * swing], axis=1) + 0.01 * rng.normal(size=(len(time_s), 3))
    arrival_s = 1000.0 + time_s + 0.02 + 0.02 * rng.random(len(time_s)) if arrival else None
    return ImuSamples(segment, time_s, accel, gyro, rate_hz, arrival_s, **settings)


def make_recording(seconds=12.0, seed=0):
    """Two wearables and one camera, everything filled in."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(seconds * 30)) / 30.0
    names = ("pelvis", "left_hip", "left_knee", "left_ankle")
    base = Recording.from_arrays(
        keypoints={"front": {"time_s": time_s, "names": names, "position": rng.normal(size=(len(time_s), 4, 3))}},
        subject=Subject("p01", 61.5, "female", 1.68, group="control", notes="köln, \x00 \ud800 <&>"),
        cameras=(Camera("front", size_px=np.array([1280.0, 720.0]), rate_hz=30.0),),
        identifier="walk 1",
        surface="treadmill",
        belt_speed_mps=1.1,
        standing_s=(0.5, 2.25),
        operator="op",
    )
    imus = (make_imu(seconds=seconds, seed=seed, arrival=True), make_imu("pelvis", seconds, 200.0, seed))
    return replace(base, imus=imus)


def same_bits(one, other):
    """True when two arrays have the same shape, type and bytes."""
    return one.shape == other.shape and one.dtype == other.dtype and one.tobytes() == other.tobytes()
