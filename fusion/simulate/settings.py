"""What can be set on the simulated walker, its wearables and its camera."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from fusion.errors import UsageError
from fusion.types import POINTS, SEGMENTS, SIDES

PATTERNS = ("normal", "shuffling", "crouch", "equinus", "stiff_knee", "running")

CAMERA_POINTS = (
    "nose",
    *(f"{side}_{part}" for part in ("shoulder", "hip", "knee", "ankle", "heel", "toe") for side in ("left", "right")),
)
"""What a body-and-feet detector in the style of COCO finds on the skeleton."""


def _known(what: str, words: tuple[str, ...], allowed: tuple[str, ...]) -> None:
    for word in words:
        if word not in allowed:
            raise UsageError(f"{what} must be one of {', '.join(allowed)}; got {word!r}.")


def _positive(what: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise UsageError(f"{what} must lie between {low:g} and {high:g}; got {value}. Check its unit.")


@dataclass(frozen=True, slots=True)
class WalkerSettings:
    """How the person walks.

    Attributes
    ----------
    height_m, leg_length_m
        Body height; greater trochanter to floor, NaN for the usual proportion.
    speed_mps
        Mean walking speed.
    cadence_spm
        Steps per minute; NaN derives it from speed and height by the walk ratio.
    stride_time_cv
        Coefficient of variation of the stride time (healthy adults 0.01 to 0.025).
    stride_length_cv
        The same of the stride length.
    pattern
        ``"normal"``, ``"shuffling"`` (short flat-footed steps), ``"crouch"`` (flexed hips and knees),
        ``"equinus"`` (plantarflexed ankles, toe first), ``"stiff_knee"`` or ``"running"`` (heel first, with flight).
    amplitude
        Angle, such as ``"knee_flexion_left"`` -> factor on its excursion about its mean (of a knee: above its
        smallest angle). It is aimed at; standing feet and toe clearance take a part of it back.
    step_time_ratio
        Left over right step time; 1 is symmetric.
    stance_fraction
        Stance over stride time; NaN takes the usual one for the speed.
    standing_pelvis_tilt_deg
        Anterior tilt of the pelvis in quiet standing: the published curves count it, the segment frame of
        the pelvis does not (it is level in standing), so it is taken off pelvis and hip.
    out_of_plane
        Factor on sway, pelvis rotation and obliquity, long-axis rotations and toe-out of normal adults; 0 walks in
        the plane.
    turn_deg, turn_period_s
        The heading swings by +-``turn_deg`` as a sine of this period (over ground only).
    stops
        (start, duration), s: the walker closes the feet, stands, and goes on.
    cadence_changes
        (time, factor), s: from then on the cadence is this much higher, at the same speed.
    proportion_sd
        Relative standard deviation of each segment's length about the usual share of body height.
    """

    height_m: float = 1.75
    leg_length_m: float = np.nan
    speed_mps: float = 1.30
    cadence_spm: float = np.nan
    stride_time_cv: float = 0.018
    stride_length_cv: float = 0.015
    pattern: str = "normal"
    amplitude: dict[str, float] = field(default_factory=dict)
    step_time_ratio: float = 1.0
    stance_fraction: float = np.nan
    standing_pelvis_tilt_deg: float = 11.0
    out_of_plane: float = 0.0
    turn_deg: float = 0.0
    turn_period_s: float = 8.0
    stops: tuple[tuple[float, float], ...] = ()
    cadence_changes: tuple[tuple[float, float], ...] = ()
    proportion_sd: float = 0.0

    def __post_init__(self) -> None:
        """Check what cannot be meant."""
        _known("walking pattern", (self.pattern,), PATTERNS)
        _positive("speed_mps", self.speed_mps, 0.1, 6.0)
        _positive("step_time_ratio", self.step_time_ratio, 0.5, 2.0)
        if np.isfinite(self.cadence_spm):
            _positive("cadence_spm", self.cadence_spm, 30.0, 240.0)
        if np.isfinite(self.stance_fraction):
            _positive("stance_fraction", self.stance_fraction, 0.51, 0.85)
        _positive("out_of_plane", self.out_of_plane, 0.0, 2.0)
        _positive("turn_period_s", self.turn_period_s, 2.0, 1000.0)
        for _, duration_s in self.stops:
            _positive("duration of a stop", duration_s, 1.0, 3600.0)
        angles = [f"{a}_{s}" for a in ("hip_flexion", "knee_flexion", "ankle_dorsiflexion") for s in SIDES]
        _known("angle of amplitude", tuple(self.amplitude), tuple(angles))


@dataclass(frozen=True, slots=True)
class ImuSettings:
    """The wearables and what is wrong with them.

    Attributes
    ----------
    errors
        False gives ideal sensors: no bias, noise, soft tissue, misalignment, saturation or loss.
    soft_tissue
        Scale of the sensor's motion against the bone; 1 is a usual adult (see ``imu.LOCKED_DEG``).
    misalignment_deg
        Standard deviation of the mounting error about each axis, on top of the axis convention.
    aligned
        True mounts every sensor with its axes along the segment's (plus the misalignment).
    loss_fraction
        Part of the samples lost, a third of it in bursts.
    clock
        ``"device"``: own clock with offset and skew, and arrival times; ``"host"``: the reference clock.
    swapped
        Pairs of segments whose sensors were exchanged: the streams carry each other's names.
    upside_down
        Segments whose sensor was mounted turned by 180 deg about the mediolateral axis.
    ping_rate_hz
        How often the host pings the device, so that its clock is bracketed from both sides; 0 never.
    lever_arm_sd_m
        How far from its usual place a sensor is strapped on, per axis.
    outages
        (start, duration) on the reference clock in which no sample is delivered.
    clock_jumps
        (time, jump) on the reference clock, s: from then on the device's time stamps are this much ahead.
    """

    segments: tuple[str, ...] = ("pelvis", "left_shank", "right_shank")
    rate_hz: float = 100.0
    errors: bool = True
    soft_tissue: float = 1.0
    misalignment_deg: float = 2.0
    aligned: bool = False
    gyro_bias_dps: float = 0.5
    accel_bias_mps2: float = 0.05
    gyro_noise_dps: float = 0.1
    accel_noise_mps2: float = 0.04
    gyro_range_dps: float = 2000.0
    accel_range_mps2: float = 157.0
    loss_fraction: float = 0.01
    clock: str = "device"
    skew_ppm: float = 50.0
    connection_interval_s: float = 0.015
    swapped: tuple[tuple[str, str], ...] = ()
    upside_down: tuple[str, ...] = ()
    ping_rate_hz: float = 0.0
    lever_arm_sd_m: float = 0.01
    outages: tuple[tuple[float, float], ...] = ()
    clock_jumps: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        """Check what cannot be meant."""
        _known("segment of an IMU", self.segments, SEGMENTS)
        _known("clock", (self.clock,), ("device", "host"))
        _positive("rate_hz", self.rate_hz, 10.0, 2000.0)


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """The camera, its keypoint detector and what is wrong with them.

    Attributes
    ----------
    view
        ``"side"``: pixels of a level pinhole camera on the subject's right; ``"frontal_3d"``: metres from
        a camera in front, as a monocular lifter gives them (noisy, shortened depth).
    distance_m
        Camera to walking line; NaN fits the surface.
    calibrated
        False withholds intrinsics and pose from the recording.
    errors
        False gives exact projections with confidence 1; blackouts and given swaps still happen.
    noise_m, drift_m, curve_m, offset_m
        Standard deviations at the body: jitter (correlated over 0.03 s, growing with blur), drift (0.25 s), locked to
        the gait phase, constant per point. The far leg has 1.4 times as much.
    swap_fraction, swaps
        Part of the frames with left and right legs exchanged at random; (start, duration) on the reference
        clock where they certainly are.
    blackouts
        (start, duration, ``"both"``, ``"left"``, ``"right"`` or ``"all"``) on the reference clock: knee, ankle, heel
        and toe cannot be seen; ``"all"`` hides every point (the subject has left the image).
    self_occlusion
        The near leg passing in front degrades or hides points of the far leg.
    clock_offset_s
        Reference time minus camera time; NaN draws one within +-0.5 s.
    moves
        (time, right, down) on the reference clock: from then on the image is shifted by so many pixels, because
        somebody touched the camera.
    """

    name: str = "side"
    view: str = "side"
    rate_hz: float = 30.0
    points: tuple[str, ...] = CAMERA_POINTS
    distance_m: float = np.nan
    calibrated: bool = True
    errors: bool = True
    noise_m: float = 0.0050
    drift_m: float = 0.0015
    curve_m: float = 0.0040
    offset_m: float = 0.008
    outlier_fraction: float = 0.03
    swap_fraction: float = 0.01
    swaps: tuple[tuple[float, float], ...] = ()
    blackouts: tuple[tuple[float, float, str], ...] = ()
    self_occlusion: bool = True
    depth_scale: float = 0.88
    clock_offset_s: float = np.nan
    skew_ppm: float = 20.0
    moves: tuple[tuple[float, float, float], ...] = ()

    def __post_init__(self) -> None:
        """Check what cannot be meant."""
        _known("view", (self.view,), ("side", "frontal_3d"))
        _known("camera point", self.points, POINTS)
        _known("side of a blackout", tuple(item[2] for item in self.blackouts), ("both", "all", *SIDES))
        _positive("rate_hz", self.rate_hz, 5.0, 500.0)


@dataclass(frozen=True, slots=True)
class SimulationSettings:
    """One simulated recording.

    Attributes
    ----------
    surface
        ``"treadmill"``: the belt moves, the walker stays before the fixed camera; ``"overground"``: one
        straight pass, ``duration_s`` shortened to ``walkway_m``.
    """

    duration_s: float = 30.0
    seed: int = 0
    surface: str = "treadmill"
    walkway_m: float = 8.0
    walker: WalkerSettings = field(default_factory=WalkerSettings)
    imu: ImuSettings = field(default_factory=ImuSettings)
    cameras: tuple[CameraSettings, ...] = (CameraSettings(),)

    def __post_init__(self) -> None:
        """Check what cannot be meant."""
        _known("surface", (self.surface,), ("treadmill", "overground"))
        _positive("duration_s", self.duration_s, 2.0, 3600.0)
        _positive("walkway_m", self.walkway_m, 3.0, 1000.0)
        if self.surface == "treadmill" and self.walker.turn_deg:
            raise UsageError("a walker on a treadmill cannot turn; set surface='overground' or turn_deg=0.")

    @property
    def walking_s(self) -> float:
        """Length of the recording, s."""
        if self.surface == "treadmill":
            return self.duration_s
        return min(self.duration_s, self.walkway_m / self.walker.speed_mps)
