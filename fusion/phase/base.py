"""What every live estimator of the gait phase promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from fusion.types import Floats

TICK_RATE_HZ = 100.0
"""Estimators run at this rate; streams of other rates are brought to it by their latest sample."""

PARTS = ("foot", "shank", "thigh", "pelvis")
"""Segments that an estimator may listen to: three of the leg and the pelvis. Any one of them is enough."""

CHANNELS = 6
"""Of each part: specific force x, y, z, then angular rate x, y, z, in segment axes."""

FORCE_SCALE_MPS2 = 10.0
RATE_SCALE_RADPS = 5.0
"""Both bring walking to the order of one."""

FEATURES = len(PARTS) * (CHANNELS + 1)
"""Channels of all parts, then one flag per part: 1 heard, 0 silent."""


@dataclass(frozen=True, slots=True)
class PhaseState:
    """Where one leg is in its stride, now.

    Attributes
    ----------
    time_s
        Reference time of the tick.
    phase_percent
        0 at the leg's initial contact, 100 at its next, linear in time between them; NaN while not walking.
    phase_sd_percent
        Standard deviation of the phase, percent of the stride; NaN while not walking.
    stride_rate_hz
        Strides per second; NaN while not walking.
    next_ic_s, next_ic_sd_s
        Predicted reference time of the next initial contact, and its standard deviation; NaN while not walking.
    walking
        Probability that the person walks, 0 to 1.
    """

    time_s: float
    phase_percent: float
    phase_sd_percent: float
    stride_rate_hz: float
    next_ic_s: float
    next_ic_sd_s: float
    walking: float

    @property
    def is_walking(self) -> bool:
        """True when the phase can be used."""
        return bool(np.isfinite(self.phase_percent))

    @classmethod
    def standing(cls, time_s: float, walking: float) -> PhaseState:
        """Return the state of somebody who does not walk: no phase."""
        return cls(time_s, np.nan, np.nan, np.nan, np.nan, np.nan, walking)


class PhaseEstimator(Protocol):
    """Follows the phase of one leg causally; one object per leg."""

    def step(self, time_s: float, features: Floats) -> PhaseState:
        """Take one tick and return the state after it.

        Parameters
        ----------
        time_s
            Reference time, ``1 / TICK_RATE_HZ`` after the last.
        features
            Shape (``FEATURES``,), see ``phase.features``.
        """
        ...


def wrapped(phase_turn: Floats) -> Floats:
    """Return differences of phases, turns, in [-0.5, 0.5)."""
    return np.asarray((phase_turn + 0.5) % 1.0 - 0.5)
