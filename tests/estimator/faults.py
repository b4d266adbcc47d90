"""What can go wrong with the streams that reach the estimator."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum, auto

import numpy as np

from fusion.estimator.inputs import Inputs
from fusion.estimator.level import LevelledImu
from fusion.types import SIDES, Flags, Floats

FAULT_S = 7.0
"""Where every fault begins."""


class Scenario(Enum):
    NONE = auto()
    KEYPOINT_SPIKE = auto()
    KNEE_WRONG = auto()
    KEYPOINT_OUTLIERS = auto()
    SIDES_SWAPPED = auto()
    GUESSES = auto()
    CAMERA_MOVED = auto()
    CAMERA_LOST = auto()
    ONE_FRAME = auto()
    SENSOR_OFF = auto()
    SENSOR_GAP = auto()
    NAN_BURST = auto()
    GYRO_SPIKE = auto()
    ONE_SENSOR = auto()


def harm(inputs: Inputs, scenario: Scenario) -> Inputs:
    """Return the inputs with a fault; the wearables' own attitudes were found before it."""
    return _HARMS[scenario](inputs)


def _with_points(inputs: Inputs, position_m: Floats) -> Inputs:
    return replace(inputs, points=(replace(inputs.points[0], position_m=position_m),))


def _knee_off(inputs: Inputs, frames: int) -> Inputs:
    points = inputs.points[0]
    first = np.searchsorted(points.time_s, FAULT_S)
    position_m = points.position_m.copy()
    position_m[first : first + frames, points.names.index("left_knee")] += [0.5, 0.0, 0.3]
    return _with_points(inputs, position_m)


def _outliers(inputs: Inputs) -> Inputs:
    rng = np.random.default_rng(5)
    position_m = inputs.points[0].position_m.copy()
    wrong = rng.random(position_m.shape[:2]) < 0.1
    position_m[wrong] += rng.uniform(-0.4, 0.4, (int(wrong.sum()), 3))
    return _with_points(inputs, position_m)


def _swap(inputs: Inputs) -> Inputs:
    points = inputs.points[0]
    frames = during(points, (FAULT_S, FAULT_S + 0.3))
    position_m = points.position_m.copy()
    for part in ("knee", "ankle", "heel", "toe"):
        left, right = (points.names.index(f"{side}_{part}") for side in SIDES)
        position_m[np.ix_(frames, [left, right])] = position_m[np.ix_(frames, [right, left])]
    return _with_points(inputs, position_m)


def _guesses(inputs: Inputs) -> Inputs:
    """For one second the detector, sure of itself, makes the legs up."""
    points, rng = inputs.points[0], np.random.default_rng(6)
    frames = during(points, (FAULT_S, FAULT_S + 1.0))
    position_m = points.position_m.copy()
    for k, name in enumerate(points.names):
        if name.endswith(("knee", "ankle", "heel", "toe")):
            body_m = points.point(name.split("_")[0] + "_hip")[frames] - [0.0, 0.0, 0.5]
            position_m[frames, k] = body_m + rng.normal(0.0, 0.4, body_m.shape)
    return _with_points(inputs, position_m)


def _moved(inputs: Inputs) -> Inputs:
    points = inputs.points[0]
    return _with_points(inputs, points.position_m + np.where(points.time_s >= FAULT_S, 0.8, 0.0)[:, None, None])


def _frames(inputs: Inputs, keep: Flags) -> Inputs:
    points = inputs.points[0]
    kept = replace(
        points,
        time_s=points.time_s[keep],
        position_m=points.position_m[keep],
        sd_m=points.sd_m[keep],
        confidence=points.confidence[keep],
    )
    return replace(inputs, points=(kept,))


def _lost(inputs: Inputs) -> Inputs:
    return _frames(inputs, inputs.points[0].time_s < FAULT_S)


def _one_frame(inputs: Inputs) -> Inputs:
    frames = np.arange(inputs.points[0].time_s.size)
    return _frames(inputs, frames == np.searchsorted(inputs.points[0].time_s, FAULT_S))


def _sensor(inputs: Inputs, segment: str, span_s: tuple[float, float], gyro: float, other: float) -> Inputs:
    """Add to one wearable's readings within a span; NaN silences it."""
    levelled = []
    for each in inputs.levelled:
        if each.imu.segment == segment:
            hit = during(each.imu, span_s)[:, None]
            imu = replace(
                each.imu,
                gyro_radps=each.imu.gyro_radps + np.where(hit, gyro, 0.0),
                accel_mps2=each.imu.accel_mps2 + np.where(hit, other, 0.0),
            )
            each = LevelledImu(imu, each.up + np.where(hit, other, 0.0))
        levelled.append(each)
    return replace(inputs, levelled=tuple(levelled), imus=tuple(each.imu for each in levelled))


def _burst(inputs: Inputs) -> Inputs:
    for segment in ("pelvis", "left_shank", "right_shank"):
        inputs = _sensor(inputs, segment, (FAULT_S, FAULT_S + 0.2), np.nan, np.nan)
    return inputs


def _one_sensor(inputs: Inputs) -> Inputs:
    chosen = tuple(each for each in inputs.levelled if each.imu.segment == "left_shank")
    return replace(inputs, levelled=chosen, imus=tuple(each.imu for each in chosen), points=(), time_offset_sd_s={})


_HARMS = {
    Scenario.NONE: lambda inputs: inputs,
    Scenario.KEYPOINT_SPIKE: lambda inputs: _knee_off(inputs, 1),
    Scenario.KNEE_WRONG: lambda inputs: _knee_off(inputs, 5),
    Scenario.KEYPOINT_OUTLIERS: _outliers,
    Scenario.SIDES_SWAPPED: _swap,
    Scenario.GUESSES: _guesses,
    Scenario.CAMERA_MOVED: _moved,
    Scenario.CAMERA_LOST: _lost,
    Scenario.ONE_FRAME: _one_frame,
    Scenario.SENSOR_OFF: lambda inputs: _sensor(inputs, "left_shank", (FAULT_S, np.inf), np.nan, np.nan),
    Scenario.SENSOR_GAP: lambda inputs: _sensor(inputs, "left_shank", (FAULT_S, FAULT_S + 0.5), np.nan, np.nan),
    Scenario.NAN_BURST: _burst,
    Scenario.GYRO_SPIKE: lambda inputs: _sensor(inputs, "left_shank", (FAULT_S, FAULT_S + 0.015), 30.0, 0.0),
    Scenario.ONE_SENSOR: _one_sensor,
}


def during(stream, span_s: tuple[float, float]) -> Flags:
    return np.asarray((stream.time_s >= span_s[0]) & (stream.time_s < span_s[1]))
