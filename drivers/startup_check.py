"""Is everything on, where it claims to be, the right way up, in time and in view? Asked before the first trial.

1. Every stream delivers at about its rate, loses nothing, is not saturated, has battery left.
2. Every wearable moves like the segment that it is labelled with, and sits the right way up (``fusion.body``).
3. Every camera sees the whole person.
4. Every clock is known well enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from fusion.body.skeleton import Skeleton
from fusion.errors import DataError
from fusion.recording.clean import clean
from fusion.stages.wearables import wear
from fusion.types import Keypoints, Recording, SyncResult

BAD, WARNING = "bad", "warning"

LEAST_RATE, MOST_RATE = 0.9, 1.1
LOW_BATTERY = 0.2
LEAST_CONFIDENCE = 0.3
LEAST_SEEN = 0.8
UNSURE_SYNC_S = 0.02


class Status(Protocol):
    """What is asked of a stream's status; ``drivers.recorder.StreamStatus`` has it."""

    @property
    def name(self) -> str:
        """Return the stream's name."""
        ...

    @property
    def state(self) -> str:
        """Return its state."""
        ...

    @property
    def reason(self) -> str:
        """Return why it is in that state."""
        ...

    @property
    def rate_hz(self) -> float:
        """Return the measured rate."""
        ...

    @property
    def nominal_hz(self) -> float:
        """Return the rate that was set."""
        ...

    @property
    def samples(self) -> int:
        """Return how many came."""
        ...

    @property
    def lost(self) -> int:
        """Return how many are missing."""
        ...

    @property
    def saturated(self) -> int:
        """Return how many are at full scale."""
        ...

    @property
    def battery(self) -> float:
        """Return the charge."""
        ...

    @property
    def sync(self) -> SyncResult | None:
        """Return how well its clock is known."""
        ...


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that is wrong, and what to do."""

    stream: str
    severity: str
    text: str

    def __str__(self) -> str:
        """Return it as one line."""
        return f"{self.stream}: {self.text}"


@dataclass(frozen=True, slots=True)
class SetupReport:
    """What the check found; ``is_good`` when nothing bad was found."""

    remarks: tuple[Remark, ...]

    @property
    def is_good(self) -> bool:
        """Say whether recording can begin."""
        return all(remark.severity != BAD for remark in self.remarks)


def check_setup(recording: Recording, statuses: Sequence[Status] = ()) -> SetupReport:
    """Return what is wrong with a set-up, worst first.

    Parameters
    ----------
    recording
        Some seconds of walking, on the host's clock.
    statuses
        How the streams are.
    """
    remarks = [remark for status in statuses for remark in _of_status(status)]
    remarks += _of_placement(recording)
    remarks += [remark for points in recording.keypoints for remark in _of_view(points)]
    return SetupReport(tuple(sorted(remarks, key=lambda remark: remark.severity != BAD)))


def _of_status(status: Status) -> list[Remark]:
    name = status.name
    if status.state != "streaming":
        return [Remark(name, BAD, status.reason or f"it is {status.state}. Switch it on and come closer.")]
    found = []
    share = status.rate_hz / status.nominal_hz
    if np.isfinite(share) and not LEAST_RATE <= share <= MOST_RATE:
        told = f"{status.rate_hz:.0f} Hz arrive of {status.nominal_hz:g} Hz"
        found.append(Remark(name, BAD, f"{told}. Set its rate again, or come closer if the link is poor."))
    if status.samples and status.lost > 0.01 * status.samples:
        percent = 100.0 * status.lost / (status.samples + status.lost)
        found.append(Remark(name, WARNING, f"{percent:.1f} % of its samples are lost. Come closer."))
    if status.saturated:
        found.append(Remark(name, WARNING, f"{status.saturated} samples at full scale. Choose a wider range."))
    if status.battery < LOW_BATTERY:
        found.append(Remark(name, WARNING, f"its battery is at {100.0 * status.battery:.0f} %. Charge it."))
    if status.sync is not None:
        half_s = 0.5 * (status.sync.high_s - status.sync.low_s)
        if half_s > UNSURE_SYNC_S:
            found.append(
                Remark(name, WARNING, f"its clock is known to +-{1e3 * half_s:.0f} ms only. Wait some seconds.")
            )
    return found


def _of_placement(recording: Recording) -> list[Remark]:
    if not recording.imus:
        return []
    skeleton = Skeleton.from_height(recording.subject.height_m, recording.subject.leg_length_m)
    try:
        worn = wear(clean(recording), skeleton)
    except DataError as error:
        return [Remark("wearables", WARNING, f"where they sit could not be checked: {error}")]
    found = [Remark(segment, BAD, reason) for segment, reason in worn.left_out.items()]
    for placement in worn.placements:
        if placement.issue and placement.segment not in worn.left_out:
            found.append(Remark(placement.segment, BAD, placement.issue))
    return found


def _of_view(points: Keypoints) -> list[Remark]:
    if not len(points.time_s):
        return [Remark(points.camera, BAD, "no frame came. Check its cable and address.")]
    sure = np.isfinite(points.position).all(axis=2) & (points.confidence >= LEAST_CONFIDENCE)
    seen = sure.mean(axis=0)
    sides = {name.removeprefix("left_").removeprefix("right_") for name in points.names}
    # The far leg is hidden at times; a part of which neither side is seen is out of the picture.
    hidden = [
        part
        for part in sorted(sides & {"hip", "knee", "ankle", "heel", "toe", "shoulder"})
        if max(share for name, share in zip(points.names, seen, strict=True) if name.endswith(part)) < LEAST_SEEN
    ]
    if not hidden:
        return []
    return [Remark(points.camera, BAD, f"it does not see the {' and the '.join(hidden)}. Show the whole person.")]
