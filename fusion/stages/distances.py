"""Stage 5: stride lengths, from the best source that the recording has.

A foot sensor measures its own way (``estimator.foot_inertial``) without any scale; otherwise the distance comes from
the estimator's root and legs, whose scale is a calibrated camera's or the body height's. Where no camera sees the
body its position runs away, so that there is no length.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fusion.errors import DataError
from fusion.estimator.foot_inertial import foot_trajectory, stride_lengths
from fusion.types import Floats, GaitEvents, Motion, PlacedImu

UNSEEN_S = 0.5
"""A step: so long a known position is carried on by the legs' motion within a few centimetres."""

MOST_SD_M = 0.2
"""A stride with such an end would be known to a seventh of its length."""

Lengths = dict[tuple[str, float], tuple[float, float]]


def foot_lengths(placed: tuple[PlacedImu, ...], events: GaitEvents) -> Lengths:
    """Return (side, start of the stride) -> (length, sd), m, of every foot that carries a sensor."""
    out: Lengths = {}
    for imu in placed:
        side, _, part = imu.segment.partition("_")
        contacts = events.select(side, "ic") if part == "foot" else np.empty(0)
        if contacts.size < 2:
            continue
        try:
            trajectory = foot_trajectory(imu.time_s, imu.accel_mps2, imu.gyro_radps)
            length, sd = stride_lengths(trajectory, contacts)
        except DataError:
            continue  # this foot's lengths stay open, and the strides say so
        known = np.isfinite(length)
        for start, value, doubt in zip(contacts[:-1][known], length[known], sd[known], strict=True):
            out[(side, float(start))] = (float(value), float(doubt))
    return out


def placed_in_world(motion: Motion) -> Motion | None:
    """Return the motion with the positions that a camera ties to the ground; None when none is.

    Positions more than ``UNSEEN_S`` away from any frame that shows the body are NaN, and points whose forward
    standard deviation is beyond ``MOST_SD_M``: nothing but the process model carries them.
    """
    seen_s = motion.time_s[motion.observed.any(axis=1)]
    if not seen_s.size:
        return None
    lost = _distance(motion.time_s, seen_s) > UNSEEN_S
    position, sd = motion.point_position_m.copy(), motion.point_sd_m
    position[lost] = np.nan
    position[sd[..., 0] > MOST_SD_M] = np.nan
    return replace(motion, point_position_m=position)


def _distance(time_s: Floats, seen_s: Floats) -> Floats:
    """Return the time from each of ``time_s`` to the nearest of ``seen_s``, s."""
    after = np.clip(np.searchsorted(seen_s, time_s), 1, max(1, len(seen_s) - 1))
    nearest = np.stack([seen_s[after - 1], seen_s[np.minimum(after, len(seen_s) - 1)]])
    return np.asarray(np.abs(nearest - time_s).min(axis=0))
