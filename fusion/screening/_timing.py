"""Robust features of stride timing, read the same way from insoles, wearables and cameras.

Turns, stops and missed contacts leave single wild strides behind. Every feature here is therefore a median or a
median absolute deviation: up to half of the strides may be anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fusion.types import SIDES, Floats, Stride

FEATURES = ("stride_time_s", "swing_percent", "swing_cv_percent", "pci_percent")
"""Order of the columns of every feature array."""

SD_OF_DEVIATION = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""

_START, _END, _FC, _OTHER_IC = range(4)


@dataclass(frozen=True, slots=True)
class StrideTimes:
    """Contacts of the strides that count, one row a stride.

    Attributes
    ----------
    by_side
        Side -> start, end, own final contact, other foot's initial contact, s, shape (n, 4), all finite.
    """

    by_side: Mapping[str, Floats]

    @classmethod
    def from_strides(cls, strides: Sequence[Stride]) -> StrideTimes:
        """Return the contacts of the valid strides whose contacts were all found."""
        rows = {
            side: np.array(
                [(s.start_s, s.end_s, s.fc_s, s.other_ic_s) for s in strides if s.is_valid and s.side == side],
                dtype=np.float64,
            ).reshape(-1, 4)
            for side in SIDES
        }
        return cls({side: row[np.isfinite(row).all(axis=1)] for side, row in rows.items()})

    @property
    def fewest(self) -> int:
        """How many strides the foot with fewer strides has."""
        return min(len(self.by_side[side]) for side in SIDES)

    @property
    def total(self) -> int:
        """How many strides both feet have."""
        return sum(len(self.by_side[side]) for side in SIDES)

    def window(self, count: int, random: np.random.Generator) -> StrideTimes:
        """Return ``count`` successive strides of each foot, from a random place; all where there are no more."""
        starts = {side: random.integers(0, max(len(row) - count, 0) + 1) for side, row in self.by_side.items()}
        return StrideTimes({side: row[starts[side] :][:count] for side, row in self.by_side.items()})

    def jittered(self, sd_s: float, random: np.random.Generator) -> StrideTimes:
        """Return the strides with independent normal error on each contact; a shared contact moves once."""
        rows = [self.by_side[side] for side in SIDES]
        contacts, place = np.unique(np.concatenate([row.ravel() for row in rows]), return_inverse=True)
        moved = (contacts + sd_s * random.standard_normal(len(contacts)))[place]
        split = np.split(moved, [rows[0].size])
        return StrideTimes({side: part.reshape(-1, 4) for side, part in zip(SIDES, split, strict=True)})


def features(times: StrideTimes) -> Floats:
    """Return the features of ``FEATURES``, shape (4,).

    1. Stride time: median.
    2. Swing, share of the cycle: median.
    3. Swing time variability: 1.4826 * median absolute deviation over the median (Hausdorff et al. 1998, *Mov
       Disord* 13:428, with a robust spread).
    4. Phase coordination index (Plotnik et al. 2007, *Exp Brain Res* 181:561): spread of the phase of the other
       foot's contact, as in 3, plus the distance of its median from half a stride, both in percent.

    Each foot on its own, then the mean of the two.
    """
    indices = {side: np.arange(len(times.by_side[side]))[None, :] for side in SIDES}
    return np.asarray(_features_of(times, indices)[0])


def resampled_features(times: StrideTimes, replicates: int, seed: int) -> Floats:
    """Return the features of block draws of the strides, shape (replicates, 4).

    Blocks of neighbouring strides, as in ``fusion.gait``: strides are not independent of each other.
    """
    random = np.random.default_rng(seed)
    indices = {}
    for side in SIDES:
        count = len(times.by_side[side])
        block = min(max(round(1.5 * count ** (1.0 / 3.0)), 1), count)
        starts = random.integers(0, count, size=(replicates, -(-count // block)))
        drawn = (starts[:, :, None] + np.arange(block)) % count
        indices[side] = drawn.reshape(replicates, -1)[:, :count]
    return _features_of(times, indices)


def _features_of(times: StrideTimes, indices: Mapping[str, np.ndarray]) -> Floats:
    """Return the features of drawn strides; ``indices`` is side -> rows, shape (replicates, n)."""
    feet = []
    for side in SIDES:
        row = times.by_side[side]
        stride = row[:, _END] - row[:, _START]
        swing = row[:, _END] - row[:, _FC]
        phase = (row[:, _OTHER_IC] - row[:, _START]) / stride
        chosen = indices[side]
        swing_median = np.median(swing[chosen], axis=1)
        phase_error = np.abs(np.median(phase[chosen], axis=1) - 0.5) / 0.5
        feet.append(
            np.column_stack(
                [
                    np.median(stride[chosen], axis=1),
                    100.0 * np.median((swing / stride)[chosen], axis=1),
                    100.0 * _spread(swing[chosen]) / swing_median,
                    100.0 * (_spread(phase[chosen]) / 0.5 + phase_error),
                ]
            )
        )
    return np.asarray(np.mean(feet, axis=0))


def _spread(values: Floats) -> Floats:
    distance = np.abs(values - np.median(values, axis=1, keepdims=True))
    return np.asarray(SD_OF_DEVIATION * np.median(distance, axis=1))


LOGGED = np.array([name in ("swing_cv_percent", "pci_percent") for name in FEATURES])


def transform(values: Floats) -> Floats:
    """Return the features as the model sees them: the logarithm of spreads, which are skewed.

    Parameters
    ----------
    values
        Shape (..., 4).
    """
    # Half a millisecond in a 0.4 s swing: below it a spread says more about the sampling than about the walk.
    return np.where(LOGGED, np.log(np.maximum(values, 0.1)), values)


def inverse_transform(values: Floats) -> Floats:
    """Return features in their own units from ``transform``."""
    return np.where(LOGGED, np.exp(np.where(LOGGED, values, 0.0)), values)
