"""Walking bouts: walking without a longer pause, kept apart from standing.

Rules of Mobilise-D (Kluge et al. 2021, *PLoS ONE* 16(8), e0256541): a bout has at least four strides, two of each
foot, and no break beyond 3 s; a stride lasts 0.2 to 3 s and, where its length is known, is at least 0.15 m long.
Strides in turns belong to the bout.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fusion.gait._bootstrap import mean_estimate
from fusion.types import Estimate, Floats, Stride, Turn, WalkingBout

BREAK_S = 3.0
SHORTEST_S, LONGEST_S = 0.2, 3.0
SHORTEST_M = 0.15
LEAST_PER_FOOT = 2


def walking_bouts(
    strides: Sequence[Stride], turns: Sequence[Turn] = (), *, length_scale_sd: float = 0.0
) -> tuple[WalkingBout, ...]:
    """Return the bouts in order of time.

    Parameters
    ----------
    strides
        Of ``segment_strides``, those in turns included.
    turns
        Of ``find_turns``.
    length_scale_sd
        Relative standard deviation of the scale of all lengths.
    """
    counted = [stride for stride in sorted(strides, key=lambda each: each.start_s) if _counts(stride)]
    runs: list[list[Stride]] = []
    for stride in counted:
        if runs and stride.start_s - max(each.end_s for each in runs[-1]) <= BREAK_S - SHORTEST_S:
            runs[-1].append(stride)
        else:
            runs.append([stride])
    return tuple(_bout(run, turns, length_scale_sd) for run in runs if _is_bout(run))


def _counts(stride: Stride) -> bool:
    long_enough = not np.isfinite(stride.length_m) or stride.length_m >= SHORTEST_M
    return SHORTEST_S <= stride.duration_s <= LONGEST_S and long_enough


def _is_bout(run: list[Stride]) -> bool:
    feet = {stride.side for stride in run}
    least = LEAST_PER_FOOT if len(feet) == 2 else 2 * LEAST_PER_FOOT
    return all(sum(stride.side == side for stride in run) >= least for side in feet)


def _bout(run: list[Stride], turns: Sequence[Turn], scale_sd: float) -> WalkingBout:
    start, end = run[0].start_s, max(stride.end_s for stride in run)
    duration = np.array([stride.duration_s for stride in run])
    length = np.array([stride.length_m for stride in run])
    known = np.isfinite(length)
    why = "no length was measured: enter the height, film the walk or put a sensor on a foot"
    return WalkingBout(
        start,
        end,
        len(run),
        sum(start <= turn.start_s < end for turn in turns),
        _estimate(duration, "s", 0.0, why),
        _estimate(length[known], "m", scale_sd, why),
        _estimate(length[known] / duration[known], "m/s", scale_sd, why),
        _cadence(run, duration),
    )


def _estimate(values: Floats, unit: str, scale_sd: float, why: str) -> Estimate:
    if len(values) < LEAST_PER_FOOT:
        return Estimate.not_assessable(unit, why, len(values))
    remark = "" if len(values) >= 10 else f"{len(values)} strides: walk longer"
    return mean_estimate(values, unit, scale_sd * float(np.mean(values)), grade=_grade(remark), reason=remark)


def _cadence(run: list[Stride], duration: Floats) -> Estimate:
    time = _estimate(duration, "s", 0.0, "")
    if not time.is_assessable:
        return Estimate.not_assessable("steps/min", f"{len(run)} strides: walk longer", len(run))
    value, low, high = (120.0 / each for each in (time.value, time.high, time.low))
    return Estimate(value, low, high, "steps/min", len(run), time.grade, time.reason)


def _grade(remark: str) -> str:
    return "limited" if remark else "good"
