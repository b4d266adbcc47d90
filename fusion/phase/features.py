"""From wearables in segment axes to the ticks of a phase estimator.

A right leg is turned into a left one by mirroring in the sagittal plane, so that one model serves both and left
and right exchange exactly: y of the specific force (a vector) changes its sign, and so do x and z of the angular rate
(a pseudovector).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fusion.errors import UsageError
from fusion.phase.base import CHANNELS, FEATURES, FORCE_SCALE_MPS2, PARTS, RATE_SCALE_RADPS, TICK_RATE_HZ
from fusion.types import SIDES, Floats, PlacedImu

OLDEST_S = 0.05
"""A part whose latest sample is older than this is silent: five ticks."""

MIRROR = np.array([1.0, -1.0, 1.0, -1.0, 1.0, -1.0])
"""Signs of the channels of a right leg."""

SCALE = np.repeat([1.0 / FORCE_SCALE_MPS2, 1.0 / RATE_SCALE_RADPS], 3)


@dataclass(frozen=True, slots=True)
class Ticks:
    """The features of one leg at regular instants.

    Attributes
    ----------
    time_s
        Reference time, ``TICK_RATE_HZ``, shape (n,).
    features
        Shape (n, ``FEATURES``); a silent part is all zeros, its flag too.
    """

    time_s: Floats
    features: Floats


def leg_segments(side: str) -> tuple[str, ...]:
    """Return the segment names of ``PARTS`` for one leg."""
    if side not in SIDES:
        raise UsageError(f"the side of a leg must be one of {', '.join(SIDES)}; got {side!r}.")
    return tuple(part if part == "pelvis" else f"{side}_{part}" for part in PARTS)


def part_features(side: str, accel_mps2: Floats, gyro_radps: Floats) -> Floats:
    """Return scaled and mirrored channels of samples in segment axes, shape (n, 6)."""
    channels = np.concatenate((np.atleast_2d(accel_mps2), np.atleast_2d(gyro_radps)), axis=1) * SCALE
    return np.asarray(channels * MIRROR if side == "right" else channels)


def leg_ticks(imus: Sequence[PlacedImu], side: str) -> Ticks:
    """Return the ticks of one leg from recorded wearables, as a live system would have seen them.

    Each tick takes the latest sample at or before it; nothing later is used.

    Raises
    ------
    UsageError
        No wearable on the leg or the pelvis.
    """
    wanted = dict(zip(leg_segments(side), range(len(PARTS)), strict=True))
    used = [imu for imu in imus if imu.segment in wanted]
    if not used:
        raise UsageError(f"the phase of the {side} leg needs a wearable on {', '.join(wanted)}; there is none.")
    start_s, end_s = min(imu.time_s[0] for imu in used), max(imu.time_s[-1] for imu in used)
    time_s = start_s + np.arange(int((end_s - start_s) * TICK_RATE_HZ) + 1) / TICK_RATE_HZ
    features = np.zeros((len(time_s), FEATURES))
    for imu in used:
        part = wanted[imu.segment]
        channels = part_features(side, imu.accel_mps2, imu.gyro_radps)
        whole = np.isfinite(channels).all(axis=1)
        latest = np.searchsorted(imu.time_s[whole], time_s, side="right") - 1
        heard = latest >= 0
        heard[heard] &= time_s[heard] - imu.time_s[whole][latest[heard]] <= OLDEST_S
        rows = channels[whole][latest[heard]]
        features[heard, part * CHANNELS : (part + 1) * CHANNELS] = rows
        features[heard, len(PARTS) * CHANNELS + part] = 1.0
    return Ticks(time_s, features)
