"""Turns as parameters: how many, how far, how long, how fast."""

from __future__ import annotations

import numpy as np

from fusion.gait._bootstrap import mean_estimate
from fusion.gait.further.definitions import UNIT_OF
from fusion.gait.further.evidence import Walk, withheld
from fusion.types import SIDES, Estimate, Floats, Parameter

ANGLE_SHARED = 0.02
"""Relative: scale of the gyro and a slanting sensor."""

DURATION_SHARED_S = 0.2
"""Where a turn begins and ends is where the stride's mean rate passes 5 deg/s; a step of doubt at each end."""

RATE_SHARED = 0.05
GOOD_TURNS = 3

_NO_SENSOR = "no sensor shows turning: put one on the pelvis, the trunk or both feet"


def turning(walk: Walk) -> tuple[Parameter, ...]:
    """Return the parameters of this file."""
    names = ("turn_angle_deg", "turn_duration_s", "turn_peak_rate_dps")
    seen = walk.imu("pelvis", "trunk") or all(walk.imu(f"{side}_foot") for side in SIDES)
    if not seen:
        return tuple(withheld(name, "both", _NO_SENSOR) for name in ("turns_counted", *names))
    count = len(walk.turns)
    counted = Parameter("turns_counted", "both", Estimate(float(count), float(count), float(count), "1", count))
    if not count:
        return (counted, *(withheld(name, "both", "no turn in this walk") for name in names))
    angle = np.array([abs(turn.angle_deg) for turn in walk.turns])
    duration = np.array([turn.end_s - turn.start_s for turn in walk.turns])
    rate = np.array([turn.peak_rate_dps for turn in walk.turns])
    means = (
        _mean(names[0], angle, ANGLE_SHARED * float(angle.mean())),
        _mean(names[1], duration, DURATION_SHARED_S),
        _mean(names[2], rate, RATE_SHARED * float(rate.mean())),
    )
    return (counted, *means)


def _mean(name: str, values: Floats, shared_sd: float) -> Parameter:
    """Return the mean over the turns that were walked; of one turn the interval holds only its own error."""
    few = len(values) < GOOD_TURNS
    remark = f"{len(values)} of {GOOD_TURNS} turns: their spread is not known" if few else ""
    grade = "limited" if few else "good"
    return Parameter(name, "both", mean_estimate(values, UNIT_OF[name], shared_sd, grade=grade, reason=remark))
