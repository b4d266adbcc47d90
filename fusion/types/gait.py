"""What is read from the motion: events, strides, curves, numbers with their doubt."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from fusion.errors import SignalError
from fusion.types.arrays import SIDES, Flags, Floats, Words, floats, one_of, same_length

GRADES = ("good", "limited", "not assessable")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number that leaves the library: value, 95 % interval, count behind it, validity.

    Attributes
    ----------
    value, low, high
        Value and its 95 % interval, in ``unit``; NaN when not assessable.
    unit
        ``"m"``, ``"m/s"``, ``"s"``, ``"%"``, ``"deg"``, ``"steps/min"``, ``"1"``.
    n
        How many strides, steps or samples stand behind it.
    grade
        ``"good"``, ``"limited"`` or ``"not assessable"``.
    reason
        Why it is limited or not assessable, and the cure; ``""`` when good.
    """

    value: float
    low: float
    high: float
    unit: str
    n: int = 0
    grade: str = "good"
    reason: str = ""

    def __post_init__(self) -> None:
        """Check that grade, value and reason agree."""
        one_of("grade", self.grade, GRADES)
        if self.grade == "not assessable" and not self.reason:
            raise SignalError("an estimate that is not assessable must say why; give a reason.")
        if self.grade != "not assessable" and not np.isfinite(self.value):
            raise SignalError(f"an assessable estimate must be finite; got {self.value} {self.unit}.")

    @classmethod
    def not_assessable(cls, unit: str, reason: str, n: int = 0) -> Estimate:
        """Return the estimate that says why there is no number."""
        return cls(np.nan, np.nan, np.nan, unit, n, "not assessable", reason)

    @property
    def is_assessable(self) -> bool:
        """True when there is a number."""
        return self.grade != "not assessable"


@dataclass(frozen=True, slots=True)
class GaitEvents:
    """Initial and final contacts of both feet, sorted by time.

    Attributes
    ----------
    time_s
        Reference time, shape (m,).
    side
        ``"left"`` or ``"right"``, shape (m,).
    kind
        ``"ic"`` (initial contact) or ``"fc"`` (final contact), shape (m,).
    sd_s
        Standard deviation of each time, s, shape (m,).
    source
        What the event rests on: ``"imu"``, ``"camera"``, ``"imu+camera"``, ``"model"`` or ``"person"`` (corrected
        by hand), shape (m,).
    """

    time_s: Floats
    side: Words
    kind: Words
    sd_s: Floats
    source: Words

    def __post_init__(self) -> None:
        """Check the words and sort by time."""
        time_s = floats("event time_s", self.time_s, (None,))
        order = np.argsort(time_s, kind="stable")
        object.__setattr__(self, "time_s", time_s[order])
        object.__setattr__(self, "sd_s", floats("event sd_s", self.sd_s, (None,))[order])
        for name in ("side", "kind", "source"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=np.str_)[order])
        same_length("events", time_s=self.time_s, side=self.side, kind=self.kind, sd_s=self.sd_s)
        for word in np.unique(self.side):
            one_of("event side", str(word), SIDES)
        for word in np.unique(self.kind):
            one_of("event kind", str(word), ("ic", "fc"))

    @classmethod
    def none(cls) -> GaitEvents:
        """Return no events."""
        empty = np.empty(0)
        words = np.empty(0, dtype=np.str_)
        return cls(empty, words, words, empty, words)

    def select(self, side: str, kind: str) -> Floats:
        """Return the times of one kind of event of one side, shape (k,)."""
        return np.asarray(self.time_s[(self.side == side) & (self.kind == kind)])

    def select_sd(self, side: str, kind: str) -> Floats:
        """Return the standard deviations that belong to ``select``, shape (k,)."""
        return np.asarray(self.sd_s[(self.side == side) & (self.kind == kind)])


@dataclass(frozen=True, slots=True)
class Stride:
    """One stride: from an initial contact to the next one of the same foot (Kluge et al. 2021).

    Attributes
    ----------
    side
        Foot that begins and ends it.
    start_s, end_s
        Its initial contacts, ``[start, end)``.
    fc_s
        Final contact of the same foot; NaN when not found.
    other_fc_s, other_ic_s
        Final and initial contact of the other foot within the stride; NaN when not found.
    length_m, length_sd_m
        Distance covered between the two initial contacts; NaN when not assessable.
    is_valid
        It counts; a stride that does not says why in ``reason`` (turn, incomplete, outlier).
    """

    side: str
    start_s: float
    end_s: float
    fc_s: float = np.nan
    other_fc_s: float = np.nan
    other_ic_s: float = np.nan
    length_m: float = np.nan
    length_sd_m: float = np.nan
    timing_sd_s: float = np.nan
    is_valid: bool = True
    reason: str = ""

    def __post_init__(self) -> None:
        """Check the side and the order of the contacts."""
        one_of("side of a stride", self.side, SIDES)
        if not self.end_s > self.start_s:
            raise SignalError(f"a stride must end after it starts; got {self.start_s} to {self.end_s} s.")

    @property
    def duration_s(self) -> float:
        """Stride time, s."""
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Turn:
    """One change of walking direction.

    Attributes
    ----------
    start_s, end_s
        When the body turns, ``[start, end)``.
    angle_deg
        Positive to the left.
    peak_rate_dps
        Fastest turning, deg/s, always positive.
    source
        What it rests on: ``"pelvis"``, ``"trunk"``, ``"feet"`` or ``"camera"``.
    """

    start_s: float
    end_s: float
    angle_deg: float
    peak_rate_dps: float
    source: str

    def __post_init__(self) -> None:
        """Check the order of its ends."""
        if not self.end_s > self.start_s:
            raise SignalError(f"a turn must end after it starts; got {self.start_s} to {self.end_s} s.")


@dataclass(frozen=True, slots=True)
class WalkingBout:
    """Walking without a longer pause, by the Mobilise-D rules; turns within it count.

    Attributes
    ----------
    start_s, end_s
        First and last initial contact.
    strides
        How many strides of both feet it holds.
    turns
        How many turns lie within it.
    stride_time_s, stride_length_m, walking_speed_mps, cadence_spm
        Means over its strides, turning ones included; "not assessable" where the length is.
    """

    start_s: float
    end_s: float
    strides: int
    turns: int
    stride_time_s: Estimate
    stride_length_m: Estimate
    walking_speed_mps: Estimate
    cadence_spm: Estimate


@dataclass(frozen=True, slots=True)
class Parameter:
    """One gait parameter: name, side (``"left"``, ``"right"`` or ``"both"``) and estimate."""

    name: str
    side: str
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class GaitParameters:
    """All gait parameters of one recording, in the order in which a reader expects them."""

    items: tuple[Parameter, ...] = ()

    def get(self, name: str, side: str = "both") -> Estimate:
        """Return one estimate; "not assessable" when the recording has no such parameter."""
        for item in self.items:
            if item.name == name and item.side == side:
                return item.estimate
        return Estimate.not_assessable("", f"{name} ({side}) was not computed for this recording")


@dataclass(frozen=True, slots=True)
class JointAngles:
    """Joint and segment angles over time and over the gait cycle.

    Attributes
    ----------
    names
        Angle names with side and unit, such as ``"knee_flexion_left_deg"``, j of them.
    time_s, angle_deg, sd_deg
        Shapes (n,), (n, j), (n, j); flexion and dorsiflexion positive on both sides.
    predicted
        True where no sensor measured a segment of the angle, shape (n, j).
    cycles_deg
        Angle name -> 101 points per valid stride, shape (strides, 101), 0 % = initial contact of the same
        side; NaN for strides in which a part was only predicted.
    reasons
        Angle name -> why it is not assessable; absent when it is.
    """

    names: tuple[str, ...]
    time_s: Floats
    angle_deg: Floats
    sd_deg: Floats
    predicted: Flags
    cycles_deg: dict[str, Floats] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the shapes once."""
        count = len(self.names)
        object.__setattr__(self, "time_s", floats("joint angle time_s", self.time_s, (None,)))
        for name in ("angle_deg", "sd_deg"):
            object.__setattr__(self, name, floats(f"joint {name}", getattr(self, name), (None, count)))
        same_length("joint angles", time_s=self.time_s, angle=self.angle_deg, predicted=self.predicted)

    def angle(self, name: str) -> Floats:
        """Return one curve over time, deg, shape (n,)."""
        return self.angle_deg[:, self.names.index(name)]

    def sd(self, name: str) -> Floats:
        """Return the standard deviation of one curve over time, deg, shape (n,)."""
        return self.sd_deg[:, self.names.index(name)]
