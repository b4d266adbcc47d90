"""What connects the streams to one clock and one body."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from fusion.types.arrays import POINTS, SEGMENTS, Floats, floats, one_of, same_length

SAFE = "safe to fuse"
NOT_FUSED = "not fused"


@dataclass(frozen=True, slots=True)
class SyncResult:
    """How one stream's clock relates to the reference clock, with the doubt that remains.

    Attributes
    ----------
    stream
        Camera or device name.
    offset_s
        reference time = stream time + ``offset_s`` + 1e-6 ``skew_ppm`` (stream time - ``epoch_s``).
    low_s, high_s
        95 % interval of the offset, s.
    skew_ppm
        Rate difference of the clocks, parts per million.
    epoch_s
        Stream time at which the offset holds exactly.
    peak_ratio
        Second-highest over highest correlation peak at least half a step apart; 1 is ambiguous, 0 is
        unique. NaN where the method has no peaks.
    method
        What was compared, in words.
    verdict
        ``"safe to fuse"`` or ``"not fused"``.
    reason
        Why, in words that a person can act on.
    """

    stream: str
    offset_s: float
    low_s: float
    high_s: float
    skew_ppm: float = 0.0
    epoch_s: float = 0.0
    peak_ratio: float = np.nan
    method: str = ""
    verdict: str = NOT_FUSED
    reason: str = ""

    def __post_init__(self) -> None:
        """Check the verdict word."""
        one_of("verdict", self.verdict, (SAFE, NOT_FUSED))

    def to_reference(self, stream_time_s: Floats) -> Floats:
        """Return reference times of stream times, s, same shape."""
        skew = 1e-6 * self.skew_ppm * (stream_time_s - self.epoch_s)
        return np.asarray(stream_time_s + self.offset_s + skew, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Placement:
    """How one wearable sits on its segment.

    Attributes
    ----------
    segment
        Segment that the stream says it is worn on.
    segment_from_sensor
        Rotation matrix, shape (3, 3); segment axes are x forward, y left, z up in quiet standing.
    lever_arm_m
        Sensor origin in the segment frame from the segment's proximal joint, shape (3,).
    method
        ``"functional"``, ``"standing pose"`` or ``"given"``.
    issue
        ``""``, or what is wrong with the mounting in words: upside down, swapped with another segment.
    worn_on
        Segment that the signal fits best; differs from ``segment`` when sensors were swapped.
    axis_sd_rad
        Standard deviation of the mediolateral axis, rad.
    """

    segment: str
    segment_from_sensor: Floats
    lever_arm_m: Floats
    method: str = "given"
    issue: str = ""
    worn_on: str = ""
    axis_sd_rad: float = np.nan

    def __post_init__(self) -> None:
        """Check names and shapes once."""
        one_of("segment of a placement", self.segment, SEGMENTS)
        what = f"placement {self.segment!r}"
        object.__setattr__(self, "segment_from_sensor", floats(f"{what} rotation", self.segment_from_sensor, (3, 3)))
        object.__setattr__(self, "lever_arm_m", floats(f"{what} lever arm", self.lever_arm_m, (3,)))


@dataclass(frozen=True, slots=True)
class PlacedImu:
    """One wearable's samples on the reference clock, in the axes of its segment.

    Attributes
    ----------
    time_s
        Reference time, strictly increasing, shape (n,).
    accel_mps2, gyro_radps
        Specific force and angular rate, segment axes, shape (n, 3); NaN where missing or saturated.
    lever_arm_m
        Sensor position in the segment frame from the proximal joint, shape (3,).
    """

    segment: str
    time_s: Floats
    accel_mps2: Floats
    gyro_radps: Floats
    rate_hz: float
    lever_arm_m: Floats = field(default_factory=lambda: np.zeros(3))

    def __post_init__(self) -> None:
        """Check names and shapes once."""
        one_of("segment of a placed IMU", self.segment, SEGMENTS)
        what = f"placed IMU {self.segment!r}"
        object.__setattr__(self, "time_s", floats(f"{what} time_s", self.time_s, (None,)))
        for name in ("accel_mps2", "gyro_radps"):
            object.__setattr__(self, name, floats(f"{what} {name}", getattr(self, name), (None, 3)))
        object.__setattr__(self, "lever_arm_m", floats(f"{what} lever_arm_m", self.lever_arm_m, (3,)))
        same_length(what, time_s=self.time_s, accel=self.accel_mps2, gyro=self.gyro_radps)


@dataclass(frozen=True, slots=True)
class WorldPoints:
    """One camera's keypoints on the reference clock, in world coordinates.

    Attributes
    ----------
    time_s
        Reference time of each frame, shape (n,).
    names
        Point names, k of them.
    position_m
        World position, m, shape (n, k, 3); NaN where not seen or along an axis that this camera cannot
        measure (depth of a single side camera).
    sd_m
        Standard deviation of each coordinate, m, same shape.
    confidence
        Detector confidence in [0, 1], shape (n, k).
    """

    camera: str
    time_s: Floats
    names: tuple[str, ...]
    position_m: Floats
    sd_m: Floats
    confidence: Floats

    def __post_init__(self) -> None:
        """Check names and shapes once."""
        what = f"points of camera {self.camera!r}"
        for name in self.names:
            one_of(f"{what}: point", name, POINTS)
        count = len(self.names)
        object.__setattr__(self, "time_s", floats(f"{what} time_s", self.time_s, (None,)))
        for name in ("position_m", "sd_m"):
            object.__setattr__(self, name, floats(f"{what} {name}", getattr(self, name), (None, count, 3)))
        object.__setattr__(self, "confidence", floats(f"{what} confidence", self.confidence, (None, count)))
        same_length(what, time_s=self.time_s, position=self.position_m, confidence=self.confidence)

    def point(self, name: str) -> Floats:
        """Return the world track of one point, shape (n, 3); NaN when there is no such point."""
        if name in self.names:
            return self.position_m[:, self.names.index(name)]
        return np.full((len(self.time_s), 3), np.nan)
