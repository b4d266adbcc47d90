"""Arm swing from a camera that sees shoulder and wrist (Mirelman et al. 2015, doi:10.1093/gerona/glu168)."""

from __future__ import annotations

import numpy as np

from fusion.gait._bootstrap import REPLICATES, SEED, interval_of_mean, resample, weighted_means
from fusion.gait.further.evidence import MIN_VALUES, Walk, mean_of, withheld
from fusion.types import SIDES, Estimate, Floats, Parameter, WorldPoints

SHARED_DEG = 2.0
"""Keypoints beside the joint centres turn the line by a degree or two, more at one end of the swing."""

LEAST_SEEN = 0.8
"""Share of a stride's frames in which the wrist must be seen, else its turning point may be missing."""

RANGE, ASYMMETRY = "arm_swing_range_deg", "arm_swing_asymmetry_percent"


def arms(walk: Walk) -> tuple[Parameter, ...]:
    """Return the parameters of this file."""
    values: dict[str, Floats] = {}
    found = []
    for side in SIDES:
        view = next((one for one in walk.points if {f"{side}_shoulder", f"{side}_wrist"} <= set(one.names)), None)
        if view is None:
            found.append(withheld(RANGE, side, "no camera model with shoulder and wrist: film the walk with one"))
            continue
        angle = _angle_deg(view, side)
        values[side] = np.array([_range(view.time_s, angle, s.start_s, s.end_s) for s in walk.of_side(side)])
        found.append(mean_of(RANGE, side, values[side], SHARED_DEG))
    return (*found, _asymmetry(values))


def _angle_deg(view: WorldPoints, side: str) -> Floats:
    """Return the angle of the arm against the vertical, seen from the side, forward positive, shape (n,)."""
    way = view.point(f"{side}_wrist") - view.point(f"{side}_shoulder")
    return np.asarray(np.degrees(np.arctan2(way[:, 0], -way[:, 2])))


def _range(time_s: Floats, angle_deg: Floats, start_s: float, end_s: float) -> float:
    inside = angle_deg[(time_s >= start_s) & (time_s < end_s)]
    seen = np.isfinite(inside)
    return float(np.ptp(inside[seen])) if inside.size and seen.mean() >= LEAST_SEEN else np.nan


def _asymmetry(values: dict[str, Floats]) -> Parameter:
    known = {side: one[np.isfinite(one)] for side, one in values.items()}
    fewest = min((len(known.get(side, ())) for side in SIDES), default=0)
    if fewest < MIN_VALUES:
        return withheld(ASYMMETRY, "both", f"both arms are needed; seen in {fewest} strides, {MIN_VALUES} needed")
    random = np.random.default_rng(SEED + 3)
    drawn, widening = {}, 1.0
    for side in SIDES:
        draws = resample(len(known[side]), sides=1)
        widening = max(widening, draws.widening)
        drawn[side] = weighted_means(known[side][:, None], draws.counts)[:, 0]
    left, right = (known[side].mean() for side in SIDES)
    value = float(_index(left, right))
    # Each arm's own calibration error moves the index.
    shift = random.normal(0.0, SHARED_DEG, size=(2, REPLICATES))
    shared = _index(left + shift[0], right + shift[1]) - value
    low, high = interval_of_mean(value, _index(drawn["left"], drawn["right"]), shared, widening)
    return Parameter(ASYMMETRY, "both", Estimate(value, float(low), float(high), "%", fewest))


def _index(left: Floats, right: Floats) -> Floats:
    return np.asarray(200.0 * (left - right) / (left + right))
