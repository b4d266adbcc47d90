"""What the filter runs on: ticks, frames, noise; and the settings with their sources."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from fusion.body.skeleton import Skeleton
from fusion.estimator.level import LevelledImu
from fusion.types import Camera, Floats, PlacedImu, SyncResult, WorldPoints


@dataclass(frozen=True, slots=True)
class PixelPoints:
    """One calibrated camera's keypoints on the reference clock, in pixels.

    Attributes
    ----------
    camera
        Calibrated geometry.
    time_s
        Reference time of each frame, shape (n,).
    names
        Point names, k of them.
    position_px, sd_px
        u right, v down, shape (n, k, 2); NaN where not seen.
    confidence
        In [0, 1], shape (n, k).
    """

    camera: Camera
    time_s: Floats
    names: tuple[str, ...]
    position_px: Floats
    sd_px: Floats
    confidence: Floats


@dataclass(frozen=True, slots=True)
class Settings:
    """Noise and robustness of the estimator: bodies, not data sheets.

    Attributes
    ----------
    prior
        What carries a segment that nothing measures: ``"posture"``, ``"habit"`` (``prior``), ``"gait"``
        (``gait_prior``) or ``"gait+habit"``.
    tick_rate_hz
        Rate at which wearables are taken in; faster ones are averaged over the tick.
    gyro_density_radps_rthz
        Effective gyro noise against the bone per segment part, rad/s/sqrt(Hz). Soft tissue makes the gyro of
        a thigh or shank worth 40-60 deg/s at 100 Hz, a hundred times its data sheet.
    accel_sd_mps2
        Effective accelerometer noise at 100 Hz per segment part. Soft tissue and lever arms known to some
        centimetres only; smaller values pull the knee towards the errors of the chain.
    turn_accel_sd_radps2, turn_correlation_s, root_accel_sd_mps2, root_correlation_s
        Singer model of segments and root (``process``).
    up_sd, up_correlation_s
        Error of the upward direction that a wearable's own attitude filter gives, and how long it lasts.
    posture_correlation_s
        How long the weak knowledge of human posture (``prior.POSTURE``) stays the same.
    hip_sd_m, hip_correlation_s
        Gauss-Markov displacement of each hip joint against the plane (``state``).
    keypoint_correlation_s
        Correlation time of a keypoint detector's error; the frame covariance is inflated by
        1 + 2 rate * time, so that many frames of one error do not count as many measurements.
    least_confidence
        Keypoints below are not used.
    gate
        Chi-square limit per row of a block.
    student_nu
        Degrees of freedom of the reweighting.
    """

    planar: bool = True
    prior: str = "habit"
    tick_rate_hz: float = 100.0
    gyro_density_radps_rthz: dict[str, float] = field(
        default_factory=lambda: {
            "pelvis": 0.035,
            "trunk": 0.035,
            "thigh": 0.1,
            "shank": 0.1,
            "foot": 0.052,
        }
    )
    accel_sd_mps2: dict[str, float] = field(
        default_factory=lambda: {"pelvis": 5.0, "trunk": 6.0, "thigh": 10.0, "shank": 10.0, "foot": 15.0}
    )
    turn_accel_sd_radps2: dict[str, float] = field(
        default_factory=lambda: {"pelvis": 15.0, "trunk": 15.0, "thigh": 45.0, "shank": 60.0, "foot": 80.0}
    )
    turn_correlation_s: float = 0.08
    root_accel_sd_mps2: float = 4.0
    root_correlation_s: float = 0.15
    bias_walk_radps_rts: float = 5e-5
    tau_walk_s_rts: float = 1e-5
    belt_walk_mps_rts: float = 0.05
    initial_pitch_sd_rad: float = 0.35
    initial_bias_sd_radps: float = 0.012
    up_sd: float = 0.035
    up_correlation_s: float = 0.5
    posture_correlation_s: float = 0.3
    hip_sd_m: float = 0.02
    hip_correlation_s: float = 0.3
    keypoint_correlation_s: float = 0.0
    least_confidence: float = 0.3
    gate: float = 16.0
    student_nu: float = 5.0
    swap_margin: float = 6.0
    use_accelerometers: bool = True


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything that one run of the estimator needs.

    Attributes
    ----------
    skeleton
        Segment lengths.
    imus
        Wearables in segment axes on the reference clock.
    levelled
        The same with their own attitude, when it is already known; else it is found here.
    points
        Cameras whose keypoints are world positions (3-D, or a scaled side view).
    pixels
        Calibrated cameras, measured in the image.
    time_offset_sd_s
        Camera name -> standard deviation of what the coarse synchronisation left over; a camera that is
        not named keeps its time offset fixed.
    span_s
        Start and end of the analysis on the reference clock.
    """

    skeleton: Skeleton
    imus: tuple[PlacedImu, ...] = ()
    levelled: tuple[LevelledImu, ...] = ()
    points: tuple[WorldPoints, ...] = ()
    pixels: tuple[PixelPoints, ...] = ()
    time_offset_sd_s: dict[str, float] = field(default_factory=dict)
    span_s: tuple[float, float] | None = None


def part_of(segment: str) -> str:
    """Return the segment without its side: ``"left_thigh"`` -> ``"thigh"``."""
    return segment.split("_")[-1]


def time_offset_sd(sync: SyncResult) -> float:
    """Return the standard deviation behind a synchronisation's 95 % interval, s."""
    return float(np.clip((sync.high_s - sync.low_s) / (2.0 * 1.96), 0.0, 0.05))
