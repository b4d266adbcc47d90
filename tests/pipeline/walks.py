"""Simulated walks and their analyses, each made once, and ways to change a recording."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np

from fusion.pipeline import analyse
from fusion.simulate import CameraSettings, ImuSettings, Simulation, SimulationSettings, simulate
from fusion.types import Analysis, ImuSamples, Keypoints, Recording

CAMERA, IMU, FUSED = ("camera",), ("imu",), ("camera", "imu")
USES = {"camera only": CAMERA, "wearables only": IMU, "fused": FUSED}
SECONDS = 10.0

LEGS = tuple(f"{side}_{part}" for side in ("left", "right") for part in ("thigh", "shank", "foot"))


@cache
def walk(seed: int = 2, seconds: float = SECONDS) -> Simulation:
    """Return a healthy adult on a treadmill: one calibrated side camera, wearables on pelvis and shanks."""
    return simulate(SimulationSettings(duration_s=seconds, seed=seed))


@cache
def overground(seed: int = 2) -> Simulation:
    """Return fourteen metres along a walkway with a wearable on every segment but the trunk."""
    imu = ImuSettings(segments=("pelvis", *LEGS))
    return simulate(SimulationSettings(duration_s=12.0, seed=seed, surface="overground", walkway_m=14.0, imu=imu))


@cache
def in_front(seed: int = 2) -> Simulation:
    """Return a walk before a camera whose skeleton is lifted to three dimensions."""
    camera = CameraSettings(name="front", view="frontal_3d")
    return simulate(SimulationSettings(duration_s=SECONDS, seed=seed, cameras=(camera,)))


@cache
def analysed(make: Callable[..., Simulation], seed: int, use: tuple[str, ...]) -> Analysis:
    """Return the analysis of one of the walks above."""
    return analyse(make(seed).recording, use)


def values(analysis: Analysis) -> dict[tuple[str, str], float]:
    """Return (name, side) -> value of every assessable parameter."""
    items = analysis.parameters.items
    return {(item.name, item.side): item.estimate.value for item in items if item.estimate.is_assessable}


def told(analysis: Analysis) -> str:
    """Return all that a person is told about limits: quality checks and reasons of numbers withheld."""
    checks = [f"{check.name}: {check.value}: {check.remark}" for check in analysis.quality if check.status != "good"]
    reasons = {item.estimate.reason for item in analysis.parameters.items if item.estimate.grade != "good"}
    return "\n".join([*checks, *sorted(reasons)])


def wearables(recording: Recording, change: Callable[[ImuSamples], ImuSamples], *names: str) -> Recording:
    """Return the recording with the named wearables changed; all without names."""
    changed = (change(imu) if not names or imu.segment in names else imu for imu in recording.imus)
    return replace(recording, imus=tuple(changed))


def cameras(recording: Recording, change: Callable[[Keypoints], Keypoints]) -> Recording:
    """Return the recording with every camera's keypoints changed."""
    return replace(recording, keypoints=tuple(change(points) for points in recording.keypoints))


def streams(recording: Recording, change: Callable) -> Recording:
    """Return the recording with every stream changed in the same way."""
    return cameras(wearables(recording, change), change)


def rows(stream, which):
    """Return a stream reduced or reordered to some of its rows."""
    taken = {name: getattr(stream, name)[which] for name in _row_fields(stream)}
    return replace(stream, **taken)


def between(stream, start_s: float, end_s: float):
    """Return the part of a stream from ``start_s`` to ``end_s`` after its beginning."""
    elapsed_s = stream.time_s - stream.time_s[0]
    return rows(stream, np.flatnonzero((elapsed_s >= start_s) & (elapsed_s < end_s)))


def without(stream, start_s: float, end_s: float):
    """Return a stream that lacks the rows from ``start_s`` to ``end_s`` after its beginning."""
    elapsed_s = stream.time_s - stream.time_s[0]
    return rows(stream, np.flatnonzero((elapsed_s < start_s) | (elapsed_s >= end_s)))


def blanked(stream, which):
    """Return a stream with NaN in some of its rows."""
    return replace(stream, **{name: _with_nan(getattr(stream, name), which) for name in _value_fields(stream)})


def _with_nan(array, which):
    array = array.copy()
    array[which] = np.nan
    return array


def _value_fields(stream) -> tuple[str, ...]:
    return ("position",) if isinstance(stream, Keypoints) else ("accel_mps2", "gyro_radps")


def _row_fields(stream) -> tuple[str, ...]:
    if isinstance(stream, Keypoints):
        return ("time_s", "position", "confidence")
    return ("time_s", "accel_mps2", "gyro_radps", *(("arrival_s",) if stream.arrival_s is not None else ()))
