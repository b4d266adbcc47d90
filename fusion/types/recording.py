"""What was measured: the subject, the streams, the cameras, one recording."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from fusion.errors import SignalError, UsageError
from fusion.types.arrays import POINTS, SEGMENTS, Floats, floats, one_of, same_length


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom the recording describes, under a pseudonym.

    Attributes
    ----------
    identifier
        Pseudonymous id, never a name.
    age_years, height_m, leg_length_m, mass_kg
        NaN where not given; lengths cannot be assessed without a height.
    sex
        ``"female"``, ``"male"`` or ``""``.
    group
        The lab's own group word, such as ``"control"``.
    """

    identifier: str = "anonymous"
    age_years: float = np.nan
    sex: str = ""
    height_m: float = np.nan
    leg_length_m: float = np.nan
    mass_kg: float = np.nan
    group: str = ""
    notes: str = ""


@dataclass(frozen=True, slots=True)
class ImuSamples:
    """What one wearable measured, in its own sensor axes.

    Attributes
    ----------
    segment
        Body segment that it is worn on, one of ``SEGMENTS``.
    time_s
        Sample times, shape (n,): on the device's own clock when ``arrival_s`` is given, else on
        the host clock. As recorded: the checks for order, gaps and jumps are in ``recording``.
    accel_mps2
        Specific force, shape (n, 3); reads +g along up at rest. NaN where missing.
    gyro_radps
        Angular rate, right-handed, shape (n, 3). NaN where missing.
    rate_hz
        Nominal sampling rate.
    arrival_s
        Host time at which each sample arrived, shape (n,), or None.
    accel_range_mps2, gyro_range_radps
        Full scale; NaN where unknown. Samples at full scale are saturated.
    ping_sent_s, ping_received_s
        Host time at which each ping was sent to the device, and device time at which it was received, shape (m,);
        None where the device was not pinged. With ``arrival_s`` they bracket its clock from both sides.
    """

    segment: str
    time_s: Floats
    accel_mps2: Floats
    gyro_radps: Floats
    rate_hz: float
    arrival_s: Floats | None = None
    accel_range_mps2: float = np.nan
    gyro_range_radps: float = np.nan
    device: str = ""
    mounting: str = ""
    ping_sent_s: Floats | None = None
    ping_received_s: Floats | None = None

    def __post_init__(self) -> None:
        """Check names, shapes and the rate once, so that no algorithm has to."""
        one_of("segment of an IMU stream", self.segment, SEGMENTS)
        what = f"stream {self.segment!r}"
        object.__setattr__(self, "time_s", floats(f"{what} time_s", self.time_s, (None,)))
        for name in ("accel_mps2", "gyro_radps"):
            object.__setattr__(self, name, floats(f"{what} {name}", getattr(self, name), (None, 3)))
        same_length(what, time_s=self.time_s, accel_mps2=self.accel_mps2, gyro_radps=self.gyro_radps)
        if self.arrival_s is not None:
            object.__setattr__(self, "arrival_s", floats(f"{what} arrival_s", self.arrival_s, (None,)))
            same_length(what, time_s=self.time_s, arrival_s=self.arrival_s)
        if self.ping_sent_s is not None and self.ping_received_s is not None:
            for name in ("ping_sent_s", "ping_received_s"):
                object.__setattr__(self, name, floats(f"{what} {name}", getattr(self, name), (None,)))
            same_length(f"{what} pings", sent=self.ping_sent_s, received=self.ping_received_s)
        if not (np.isfinite(self.rate_hz) and self.rate_hz > 0):
            raise SignalError(f"{what}: rate_hz must be positive; got {self.rate_hz}.")


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera's geometry; NaN or None where it was never calibrated.

    Attributes
    ----------
    name
        Name that the keypoint stream refers to.
    size_px
        Image width and height, px, shape (2,).
    focal_px, centre_px
        Focal lengths and principal point along u and v, px, shape (2,). NaN when unknown.
    distortion
        Brown-Conrady k1 k2 p1 p2 k3, shape (5,).
    camera_from_world
        Rotation matrix, shape (3, 3), world frame of design section 3 to camera frame (x right, y down, z
        forward). All NaN when the pose is unknown.
    position_m
        Optical centre in the world, shape (3,). NaN when unknown.
    line_time_s
        Read-out time of one image row (rolling shutter); 0 for a global shutter or unknown.
    rate_hz
        Nominal frame rate.
    """

    name: str
    size_px: Floats = field(default_factory=lambda: np.full(2, np.nan))
    focal_px: Floats = field(default_factory=lambda: np.full(2, np.nan))
    centre_px: Floats = field(default_factory=lambda: np.full(2, np.nan))
    distortion: Floats = field(default_factory=lambda: np.zeros(5))
    camera_from_world: Floats = field(default_factory=lambda: np.full((3, 3), np.nan))
    position_m: Floats = field(default_factory=lambda: np.full(3, np.nan))
    line_time_s: float = 0.0
    rate_hz: float = np.nan

    def __post_init__(self) -> None:
        """Check the shapes once."""
        shapes: dict[str, tuple[int, ...]] = {
            "size_px": (2,),
            "focal_px": (2,),
            "centre_px": (2,),
            "distortion": (5,),
            "camera_from_world": (3, 3),
            "position_m": (3,),
        }
        for name, shape in shapes.items():
            object.__setattr__(self, name, floats(f"camera {self.name!r} {name}", getattr(self, name), shape))

    @property
    def is_calibrated(self) -> bool:
        """True when intrinsics and pose are known, so that pixels are rays in the world."""
        known = (self.focal_px, self.centre_px, self.camera_from_world, self.position_m)
        return all(bool(np.isfinite(values).all()) for values in known)


@dataclass(frozen=True, slots=True)
class Keypoints:
    """Body points that one camera saw.

    Attributes
    ----------
    camera
        Name of the camera.
    time_s
        Frame times on the camera's clock, s, shape (n,).
    names
        Point names, each one of ``POINTS``, k of them.
    position
        ``space="image_px"``: u right, v down, px, shape (n, k, 2). ``space="camera_m"``: camera
        frame, m, shape (n, k, 3). NaN where the point was not found.
    confidence
        Detector confidence in [0, 1], shape (n, k).
    clock
        ``"host"``: frames are stamped by the recording host, so that only the camera's latency (below half a
        second) separates them from the wearables; ``"own"``: the camera's clock started whenever it did.
    other_side
        Probability that each point lies on the other leg than its name says, shape (n, k); None where the detector's
        sides were not doubted. The points stand as the detector named them.
    sd_px
        Standard deviation of each coordinate of a point that lies where it should, px, shape (n, k); None where the
        detector's errors are not known.
    """

    camera: str
    time_s: Floats
    names: tuple[str, ...]
    position: Floats
    confidence: Floats
    space: str = "image_px"
    clock: str = "own"
    other_side: Floats | None = None
    sd_px: Floats | None = None

    def __post_init__(self) -> None:
        """Check names and shapes once."""
        what = f"keypoints of camera {self.camera!r}"
        one_of(f"{what}: space", self.space, ("image_px", "camera_m"))
        one_of(f"{what}: clock", self.clock, ("own", "host"))
        for name in self.names:
            one_of(f"{what}: point", name, POINTS)
        if len(set(self.names)) != len(self.names):
            raise SignalError(f"{what}: a point name occurs twice in {self.names}. Rename or drop one.")
        axes = 2 if self.space == "image_px" else 3
        count = len(self.names)
        object.__setattr__(self, "time_s", floats(f"{what} time_s", self.time_s, (None,)))
        object.__setattr__(self, "position", floats(f"{what} position", self.position, (None, count, axes)))
        object.__setattr__(self, "confidence", floats(f"{what} confidence", self.confidence, (None, count)))
        same_length(what, time_s=self.time_s, position=self.position, confidence=self.confidence)
        for name in ("other_side", "sd_px"):
            values = getattr(self, name)
            if values is not None:
                object.__setattr__(self, name, floats(f"{what} {name}", values, (None, count)))
                same_length(what, time_s=self.time_s, values=getattr(self, name))

    def point(self, name: str) -> Floats:
        """Return the track of one point, shape (n, axes); NaN when this camera has no such point."""
        if name in self.names:
            return self.position[:, self.names.index(name)]
        return np.full((len(self.time_s), self.position.shape[2]), np.nan)


@dataclass(frozen=True, slots=True)
class Recording:
    """Everything that was recorded in one trial; nothing in it is derived.

    Attributes
    ----------
    imus
        At most one stream per segment.
    keypoints, cameras
        One keypoint stream per camera; ``cameras`` holds its geometry as far as known.
    surface
        ``"overground"`` or ``"treadmill"``.
    belt_speed_mps
        Treadmill speed; NaN when unknown or over ground.
    standing_s
        Start and end of a standing pose, s on the host clock, or NaN, NaN.
    started_at
        ISO 8601 date and time of the start, or ``""``.
    walking_aid
        ``"none"``, what the person walked with ("cane", "walker", "rail", "orthosis"), or ``""`` when not stated.
    """

    subject: Subject = field(default_factory=Subject)
    imus: tuple[ImuSamples, ...] = ()
    keypoints: tuple[Keypoints, ...] = ()
    cameras: tuple[Camera, ...] = ()
    identifier: str = "recording"
    started_at: str = ""
    surface: str = "overground"
    belt_speed_mps: float = np.nan
    standing_s: tuple[float, float] = (np.nan, np.nan)
    protocol: str = ""
    operator: str = ""
    software_version: str = ""
    walking_aid: str = ""

    def __post_init__(self) -> None:
        """Check that no segment and no camera occurs twice."""
        one_of("surface", self.surface, ("overground", "treadmill"))
        for what, names in (
            ("segment", [imu.segment for imu in self.imus]),
            ("keypoint camera", [points.camera for points in self.keypoints]),
            ("camera", [camera.name for camera in self.cameras]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise UsageError(f"{what} {twice[0]!r} occurs twice in the recording. Rename or drop one.")

    @classmethod
    def from_arrays(
        cls,
        *,
        imus: Mapping[str, Mapping[str, Any]] | None = None,
        keypoints: Mapping[str, Mapping[str, Any]] | None = None,
        subject: Subject | None = None,
        **settings: Any,  # noqa: ANN401 - passed on to the data class, which checks them
    ) -> Self:
        """Return a recording from plain arrays in SI units.

        Parameters
        ----------
        imus
            Segment name -> ``{"time_s": (n,), "accel_mps2": (n, 3), "gyro_radps": (n, 3)}`` and any further
            field of ``ImuSamples``; ``rate_hz`` is the median rate when left out.
        keypoints
            Camera name -> ``{"time_s": (n,), "names": (...), "position": (n, k, 2 or 3)}``; ``confidence``
            is 1 where the position is finite when left out; three axes mean ``space="camera_m"``.
        subject
            Whom it describes.
        settings
            Any further field of ``Recording``.

        Raises
        ------
        SignalError
            Shapes, names or lengths do not fit.
        """
        return cls(
            subject=subject or Subject(),
            imus=tuple(_imu_from_arrays(name, dict(data)) for name, data in (imus or {}).items()),
            keypoints=tuple(_keypoints_from_arrays(name, dict(data)) for name, data in (keypoints or {}).items()),
            **settings,
        )

    def imu(self, segment: str) -> ImuSamples | None:
        """Return the wearable on ``segment``, or None."""
        return next((imu for imu in self.imus if imu.segment == segment), None)

    def camera(self, name: str) -> Camera:
        """Return the geometry of camera ``name``; an uncalibrated one when nothing is known."""
        return next((camera for camera in self.cameras if camera.name == name), Camera(name))

    def with_sources(self, use: tuple[str, ...]) -> Recording:
        """Return the recording reduced to ``"camera"``, ``"imu"`` or both."""
        unknown = sorted(set(use) - {"camera", "imu"})
        if unknown or not use:
            raise UsageError(f"use must name 'camera', 'imu' or both; got {use!r}.")
        return replace(
            self,
            imus=self.imus if "imu" in use else (),
            keypoints=self.keypoints if "camera" in use else (),
        )


def _imu_from_arrays(segment: str, data: dict[str, Any]) -> ImuSamples:
    if "rate_hz" not in data:
        data["rate_hz"] = _median_rate(data.get("time_s", ()))
    return ImuSamples(segment=segment, **data)


def _keypoints_from_arrays(camera: str, data: dict[str, Any]) -> Keypoints:
    position = np.asarray(data["position"], dtype=np.float64)
    data.setdefault("space", "camera_m" if position.ndim == 3 and position.shape[2] == 3 else "image_px")
    data.setdefault("confidence", np.isfinite(position).all(axis=-1).astype(np.float64))
    data["names"] = tuple(data["names"])
    return Keypoints(camera=camera, **data)


def _median_rate(time_s: ArrayLike) -> float:
    steps = np.diff(np.asarray(time_s, dtype=np.float64))
    steps = steps[steps > 0]
    if not steps.size:
        raise SignalError("the rate of a stream needs two increasing times; give rate_hz or check time_s.")
    return float(1.0 / np.median(steps))
