"""What the parameters of this folder are read from, and how values of strides become an estimate."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np

from fusion.body.skeleton import Skeleton
from fusion.gait._bootstrap import mean_estimate, within
from fusion.gait.further.definitions import UNIT_OF
from fusion.types import SIDES, Estimate, Floats, Motion, Parameter, PlacedImu, Stride, Turn, WorldPoints

MIN_VALUES = 3
GOOD_VALUES = 10
"""As for the means of times and lengths (``gait.parameters``)."""

_SIGNED = ("step_width_m", "toe_clearance_m", "foot_angle_at_contact_deg", "toe_out_deg")
"""A foot may cross over, dip below the line of its stances, land on its toes, turn inwards."""


@dataclass(frozen=True, slots=True)
class Walk:
    """Everything that the parameters of this folder may be read from.

    Attributes
    ----------
    strides, turns
        Of this recording.
    motion
        Of the estimator.
    placed
        Wearables in segment axes.
    points
        Keypoints of the used cameras.
    length_scale_sd
        Relative doubt of every length.
    length_reason
        Why there is no length; empty when there is.
    zero_sd_deg
        Doubt of an angle's zero.
    skeleton
        Where heel and toe lie on the foot.
    """

    strides: tuple[Stride, ...]
    turns: tuple[Turn, ...] = ()
    motion: Motion | None = None
    placed: tuple[PlacedImu, ...] = ()
    points: tuple[WorldPoints, ...] = ()
    length_scale_sd: float = 0.03
    length_reason: str = ""
    zero_sd_deg: float = 2.0
    skeleton: Skeleton = field(default_factory=lambda: Skeleton.from_height(np.nan))

    def of_side(self, side: str) -> list[Stride]:
        """Return the valid strides of a foot, of both feet in order of time for ``"both"``."""
        chosen = [stride for stride in self.strides if stride.is_valid and side in (stride.side, "both")]
        return sorted(chosen, key=lambda stride: stride.start_s)

    def imu(self, *segments: str) -> PlacedImu | None:
        """Return the first wearable of these segments, else None."""
        worn = {imu.segment: imu for imu in self.placed}
        return next((worn[name] for name in segments if name in worn), None)


def withheld(name: str, side: str, reason: str, n: int = 0) -> Parameter:
    """Return a parameter that is not assessable, and why."""
    return Parameter(name, side, Estimate.not_assessable(UNIT_OF[name], reason, n))


def mean_of(name: str, side: str, values: Floats, shared_sd: float, what: str = "strides") -> Parameter:
    """Return the mean over strides with its interval and grade.

    Parameters
    ----------
    values
        One per stride, NaN where it was not measured, shape (n,).
    shared_sd
        Standard deviation of what all strides share, in the unit of the parameter.
    what
        What was counted.
    """
    known = values[np.isfinite(values)]
    if len(known) < MIN_VALUES:
        reason = f"measured in {len(known)} of {len(values)} {what}, {MIN_VALUES} needed: walk longer"
        return withheld(name, side, reason, len(known))
    few = len(known) < GOOD_VALUES
    remark = f"measured in {len(known)} of {len(values)} {what}, {GOOD_VALUES} needed: walk longer" if few else ""
    grade = "limited" if few else "good"
    found = mean_estimate(known, UNIT_OF[name], shared_sd, grade=grade, reason=remark)
    low, high = within(found.value, (found.low, found.high), _possible(name))
    return Parameter(name, side, replace(found, low=low, high=high))


def _possible(name: str) -> tuple[float, float]:
    """Return what the mean can be at all."""
    if "regularity" in name:
        return -math.inf, 1.0
    return (-math.inf, math.inf) if name in _SIGNED else (0.0, math.inf)


def per_side_and_both(name: str, values: dict[str, Floats], shared_sd: float) -> tuple[Parameter, ...]:
    """Return left, right and both; both weighs each foot alike by pairing its strides in order.

    Parameters
    ----------
    values
        Side -> one value per stride.
    """
    sides = [mean_of(name, side, values[side], shared_sd) for side in SIDES]
    known = [values[side][np.isfinite(values[side])] for side in SIDES]
    count = min(map(len, known))
    paired = 0.5 * (known[0][:count] + known[1][:count]) if count else np.empty(0)
    return (*sides, mean_of(name, "both", paired, shared_sd, "pairs of strides"))
