"""Stage 5: stride lengths, from the best source that the recording has.

A foot sensor measures its own way (``estimator.foot_inertial``) without any scale; otherwise the distance comes from
the estimator's root and legs, whose scale is a calibrated camera's or the body height's.
"""

from __future__ import annotations

import numpy as np

from fusion.errors import DataError
from fusion.estimator.foot_inertial import foot_trajectory, stride_lengths
from fusion.types import GaitEvents, PlacedImu

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
