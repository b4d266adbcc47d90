"""Stride and step lengths from the way of the ankles in the world frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fusion.types import SIDES, Floats, Motion, Stride


def stride_length(stride: Stride, motion: Motion, belt_mps: float) -> tuple[float, float]:
    """Return length and standard deviation of one stride, m.

    The foot has the same posture at both initial contacts, so the ankle travels as far as the heel.

    Parameters
    ----------
    stride
        Its initial contacts say when to look.
    motion
        Body in the world frame (x forward, y left, z up).
    belt_mps
        Speed of the treadmill belt; 0 overground, NaN where unknown (the length is then NaN).
    """
    first, first_sd = _ankle(motion, stride.side, stride.start_s)
    last, last_sd = _ankle(motion, stride.side, stride.end_s)
    way = last - first
    if belt_mps != 0.0:
        way = np.array([way[0] + belt_mps * stride.duration_s, 0.0])
    # A planar motion has no sideways coordinate: then the forward way is the whole way.
    length = float(np.hypot(way[0], np.nan_to_num(way[1])))
    # The ends are taken as independent: a smoother's errors correlate, so this errs on the wide side.
    return length, float(np.hypot(first_sd[0], last_sd[0]))


def step_lengths(
    strides: Sequence[Stride], motion: Motion, belt_mps: float = 0.0
) -> dict[tuple[str, float], tuple[float, float]]:
    """Return the length of the step that ends each stride: other foot's contact to own contact.

    The two steps of a stride add up to its length exactly.

    Returns
    -------
    dict
        (side, start of the stride in s) -> (length, standard deviation), m; strides without the other
        foot's contact are left out.
    """
    found = {}
    for stride in strides:
        if not np.isfinite(stride.other_ic_s):
            continue
        other = SIDES[1 - SIDES.index(stride.side)]
        first, _ = _ankle(motion, stride.side, stride.start_s)
        middle, middle_sd = _ankle(motion, other, stride.other_ic_s)
        last, last_sd = _ankle(motion, stride.side, stride.end_s)
        direction = _direction(last - first) if belt_mps == 0.0 else np.array([1.0, 0.0])
        way = last - middle
        forward = way[0] * direction[0] + np.nan_to_num(way[1]) * direction[1]
        length = float(forward) + belt_mps * (stride.end_s - stride.other_ic_s)
        if np.isfinite(length):
            found[(stride.side, stride.start_s)] = (length, float(np.hypot(middle_sd[0], last_sd[0])))
    return found


def _direction(way: Floats) -> Floats:
    flat = np.nan_to_num(way)
    size = float(np.hypot(*flat))
    return np.asarray(flat / size) if size > 0.0 else np.array([1.0, 0.0])


def _ankle(motion: Motion, side: str, time_s: float) -> tuple[Floats, Floats]:
    """Return horizontal position and standard deviation of an ankle at one time, m, shapes (2,).

    NaN outside the recording; nothing is extrapolated.
    """
    name = f"{side}_ankle"
    if name not in motion.point_names or not len(motion.time_s):
        return np.full(2, np.nan), np.full(2, np.nan)
    index = motion.point_names.index(name)
    interpolated = [
        np.array(
            [np.interp(time_s, motion.time_s, track[:, index, axis], left=np.nan, right=np.nan) for axis in range(2)]
        )
        for track in (motion.point_position_m, motion.point_sd_m)
    ]
    return interpolated[0], interpolated[1]
