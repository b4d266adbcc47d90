"""What the laboratory reads from: batches of samples as they come, and the posture estimated from them so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from fusion.types import Floats, Recording


@dataclass(frozen=True, slots=True)
class ImuBatch:
    """Samples of one wearable that came since the last look; the columns of ``fusion.types.ImuSamples``."""

    segment: str
    time_s: Floats
    accel_mps2: Floats
    gyro_radps: Floats
    arrival_s: Floats | None


@dataclass(frozen=True, slots=True)
class FrameBatch:
    """Keypoints of one camera that came since the last look; the columns of ``fusion.types.Keypoints``."""

    camera: str
    time_s: Floats
    position: Floats
    confidence: Floats


Batch = ImuBatch | FrameBatch


@dataclass(frozen=True, slots=True)
class Posture:
    """The body at one moment, as known by then.

    Attributes
    ----------
    measured_at
        Unix time at which the newest sample in it was measured, s.
    points_m
        Point -> (x relative to the pelvis, z), m; absent when unknown.
    angles_deg
        ``knee_flexion_left`` and so on; absent when unknown.
    phase
        Side -> ``"stance"`` or ``"swing"``.
    steps
        Side -> initial contacts so far.
    travelled_m
        Distance along the walk.
    """

    measured_at: float
    points_m: dict[str, tuple[float, float]] = field(default_factory=dict)
    angles_deg: dict[str, float] = field(default_factory=dict)
    phase: dict[str, str] = field(default_factory=dict)
    steps: dict[str, int] = field(default_factory=dict)
    travelled_m: float = 0.0


class Source(Protocol):
    """Devices that run: real ones, or a virtual laboratory.

    Attributes
    ----------
    declaration
        The streams without samples, as a recorder declares them.
    can_fail
        Faults that can be caused on purpose; empty for real devices.
    """

    declaration: Recording
    can_fail: tuple[str, ...]

    def start(self) -> None:
        """Begin to deliver."""
        ...

    def begin_pass(self) -> None:
        """Be told that a recording begins; real devices do nothing."""
        ...

    def read(self) -> tuple[Batch, ...]:
        """Return what came since the last call; never waits."""
        ...

    def posture(self) -> Posture | None:
        """Return the newest posture, or None when nothing can be said yet."""
        ...

    def fail(self, fault: str, *, on: bool) -> None:
        """Cause a fault on purpose, or end it."""
        ...

    def swap(self, first: str, second: str) -> None:
        """Exchange the names of two wearables."""
        ...

    def close(self) -> None:
        """Stop the devices."""
        ...
