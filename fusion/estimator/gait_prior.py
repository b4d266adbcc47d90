"""What is known about gait before a person was seen: curves of the population and how far people are from them.

Segment pitches over the gait phase, 0 at the left initial contact, from the slow class of Schwartz, Rozumalski &
Trost (2008, doi:10.1016/j.jbiomech.2008.03.015; speed over sqrt(g x leg length) 0.30): pelvis - hip for the thigh,
+ knee for the shank, - ankle for the foot, five harmonics. The spread between people and speeds is taken wide, so
that a few strides outweigh it: a quarter of the swing of the segment in the first harmonic, halving upwards, 7 deg in
the mean.
The right side is the left one half a cycle later, c_Rk = (-1)^k c_Lk, with a correlation of 0.9.
"""

from __future__ import annotations

import numpy as np

from fusion.estimator._gait_law import FREE, HARMONICS, LAW_SIZE, MODE, TERMS
from fusion.estimator._gait_memory import (
    ABSENT,
    AXIAL_SD,
    BARE,
    ENABLED,
    FIRST_SD,
    LAST_S,
    MOST_SD,
    POSTURE_VARIANCE,
    SINCE,
    STATUS_SIZE,
    TRIED_S,
    VARIANCE,
    WORN,
    GaitMemory,
)
from fusion.estimator._gait_phase import HISTORY
from fusion.types import SEGMENTS, Floats, Samples

_POPULATION_DEG = {
    "thigh": (-6.6, -17.4, 3.3, 2.6, 2.2, 0.1, -1.5, 0.0, 0.1, 0.2, -0.2),
    "shank": (13.4, -20.4, -15.0, -9.6, 6.7, 0.0, 3.1, -0.2, 0.4, -0.2, 0.4),
    "foot": (11.4, -15.4, -19.1, -11.5, 12.6, 4.3, 3.3, -1.8, -0.8, -0.6, 1.8),
}
"""Mean, then cosine and sine of harmonics 1 to 5, deg."""

_RUNNING_DEG = {
    "thigh": (-16.6, -18.7, 14.0, 5.0, -3.4, -0.3, -0.3, 0.6, -0.5, 0.0, 0.0),
    "shank": (29.5, -27.3, -12.5, -11.7, 12.4, -2.0, 0.1, 0.2, 0.8, 0.0, 0.0),
    "foot": (25.6, -38.7, -17.6, -4.7, 4.7, 0.8, 3.5, -0.4, 0.0, 0.0, 0.0),
}
"""The same for running at a moderate speed: four harmonics through angles at every tenth of the cycle, rounded from
the curves of Novacheck (1998, doi:10.1016/S0966-6362(97)00038-6). Only a start; what is learned replaces it."""

_MEAN_SD_DEG = 7.0
_SHARES = (0.25, 0.16, 0.09, 0.05, 0.035)
_LEAST_SD_DEG = (3.0, 2.0, 1.2, 0.8, 0.5)
_SIDES_CORRELATION = 0.9
_AXIAL_MEAN_SD_DEG, _AXIAL_SWING_SD_DEG = 8.0, 2.0

PARTS = ("thigh", "shank", "foot")


def half_cycle_later() -> Floats:
    """Return the factors that shift a series by half a cycle, shape (11,): (-1)^k."""
    return np.array([1.0] + [(-1.0) ** k for k in range(1, HARMONICS + 1) for _ in range(2)])


def population(part: str, *, running: bool = False) -> tuple[Floats, Floats]:
    """Return the coefficients of a left leg segment and their standard deviations, rad, shape (11,) each."""
    mean = np.array((_RUNNING_DEG if running else _POPULATION_DEG)[part])
    swing = float(np.linalg.norm(mean[1:]))
    spread = [max(share * swing, least) for share, least in zip(_SHARES, _LEAST_SD_DEG, strict=True)]
    return np.deg2rad(mean), np.deg2rad(np.array([_MEAN_SD_DEG, *np.repeat(spread, 2)]))


def new_memory(
    segments: tuple[int, ...], worn: tuple[int, ...], ends: Samples, points: int, enabled: bool
) -> GaitMemory:
    """Return the memory of a filter that has seen nothing yet.

    Parameters
    ----------
    segments, worn
        Places in ``SEGMENTS`` of those that are estimated; of those with a wearable.
    ends
        Keypoint columns at both ends of each segment, -1 where there is none, shape (8, 2).
    points
        Number of keypoint columns.
    enabled
        False leaves every segment to the Singer model.
    """
    mean, running, doubt = np.zeros((8, TERMS)), np.zeros((8, TERMS)), np.zeros((5, 2 * TERMS, 2 * TERMS))
    flip = half_cycle_later()
    for block, part in enumerate(PARTS):
        mean[2 + block], sd = population(part)
        running[2 + block], _ = population(part, running=True)
        for series in (mean, running):
            series[5 + block] = flip * series[2 + block]
        own, crossed = np.diag(sd**2), np.diag(_SIDES_CORRELATION * flip * sd**2)
        doubt[block] = np.block([[own, crossed], [crossed, own]])
    for block, segment in ((3, 0), (4, 1)):
        sd_deg = np.array([_AXIAL_MEAN_SD_DEG, *[_AXIAL_SWING_SD_DEG] * 4])
        if segment in worn:
            doubt[block, :5, :5] = np.diag(np.deg2rad(sd_deg) ** 2)
    status = np.zeros(STATUS_SIZE)
    status[[ENABLED, SINCE, TRIED_S, LAST_S]] = float(enabled), -np.inf, -np.inf, np.inf
    status[VARIANCE : VARIANCE + 8] = FIRST_SD**2
    status[VARIANCE : VARIANCE + 2] = AXIAL_SD**2
    status[POSTURE_VARIANCE : POSTURE_VARIANCE + 8] = MOST_SD**2
    law = np.zeros(LAW_SIZE)
    law[MODE] = FREE  # until a phase is found for the first time
    role = np.array(
        [ABSENT if s not in segments else (WORN if s in worn else BARE) for s in range(len(SEGMENTS))], dtype=np.int64
    )
    history = np.zeros((HISTORY, 17))
    return GaitMemory(law, mean, doubt, status, history, running, role, ends, np.full(max(points, 1), -np.inf))
