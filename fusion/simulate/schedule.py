"""When and where the feet touch the ground: the plan that the body then fulfils.

Places are counted in the frame of the ground (the belt on a treadmill), x forward from the start.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.signal import lfilter

from fusion.frames import GRAVITY_MPS2
from fusion.simulate.curves import foot_off_fraction
from fusion.simulate.settings import WalkerSettings
from fusion.types import SIDES, Floats

WALK_RATIO_PER_HEIGHT = 0.0036
"""Step length over cadence, m / (steps/min), per metre of height.

Sekiya & Nagasaki (1998, Gait & Posture 7:225-227): the ratio is constant over speed; about
0.0063 m/(steps/min) at a height of 1.75 m.
"""

ADULT_STANCE_EXCESS = 0.022
"""Stance fraction of adults above that of the children whose curves are used (59 % at free speed): walkways
of adults read 61 to 63 % at 1.3 m/s (Hollman et al. 2011, doi:10.1016/j.gaitpost.2011.03.024)."""

MARGIN_S = 2.5
"""The walker walks this long before and after the recording, so that nothing starts or stops in it."""


@dataclass(frozen=True, slots=True)
class FootPlan:
    """Contacts of one foot.

    Attributes
    ----------
    ic_s, fc_s
        Initial contacts and the final contact that follows each, s, shape (k,).
    heel_x_m
        Where the sole's heel stands from each initial contact on, shape (k,).
    norm_foot_off
        Phase at which the published curves lift the foot; the cycle is warped so that it falls on ``fc_s``.
    """

    ic_s: Floats
    fc_s: Floats
    heel_x_m: Floats
    norm_foot_off: float

    def phase(self, time_s: Floats) -> Floats:
        """Return the gait phase on the axis of the published curves: whole numbers are initial contacts."""
        count = np.arange(len(self.ic_s), dtype=np.float64)
        knots_s = np.column_stack((self.ic_s, self.fc_s)).ravel()
        phases = np.column_stack((count, count + self.norm_foot_off)).ravel()
        return np.asarray(PchipInterpolator(knots_s, phases)(time_s))


def nondimensional_speed(speed_mps: float, leg_length_m: float) -> float:
    """Return v / sqrt(g L) (Hof 1996)."""
    return float(speed_mps / np.sqrt(GRAVITY_MPS2 * leg_length_m))


def cadence_spm(walker: WalkerSettings) -> float:
    """Return the cadence that was set, or the one that goes with speed and height by the walk ratio."""
    if np.isfinite(walker.cadence_spm):
        return walker.cadence_spm
    shorter = 0.6 if walker.pattern == "shuffling" else 1.0
    ratio = WALK_RATIO_PER_HEIGHT * walker.height_m * shorter
    return float(np.sqrt(60.0 * walker.speed_mps / ratio))


def plan_feet(
    walker: WalkerSettings, speed_norm: float, walking_s: float, rng: np.random.Generator
) -> dict[str, FootPlan]:
    """Return the contacts of both feet from ``-MARGIN_S`` to ``walking_s + MARGIN_S``.

    1. Step times: mean from the cadence, side ratio, independent variation.
    2. Places: what the mean speed asks for plus a correlated deviation, so that the mean speed is exact and
       nobody falls off the treadmill.
    3. Final contacts: stance fraction of each stride.
    """
    step_s = 60.0 / cadence_spm(walker)
    count = 2 * int(np.ceil((walking_s + 2.0 * MARGIN_S) / (2.0 * step_s))) + 8
    ratio = walker.step_time_ratio
    share = np.where(np.arange(count) % 2 == 0, 2.0 * ratio / (1.0 + ratio), 2.0 / (1.0 + ratio))
    varied = 1.0 + np.sqrt(2.0) * walker.stride_time_cv * _bounded(rng, count)
    times = step_s * share * varied / varied.mean()
    # An even step ends at a left contact.
    contact_s = np.cumsum(times) - MARGIN_S - 4.0 * step_s - rng.uniform(0.0, 2.0 * step_s)
    deviation = lfilter([0.8], [1.0, -0.6], _bounded(rng, count))
    stride_m = 2.0 * step_s * walker.speed_mps
    place_m = walker.speed_mps * contact_s + walker.stride_length_cv / np.sqrt(0.8) * stride_m * deviation
    norm_off = foot_off_fraction(speed_norm)
    fraction = walker.stance_fraction if np.isfinite(walker.stance_fraction) else norm_off + ADULT_STANCE_EXCESS
    plans = {}
    for offset, side in enumerate(SIDES):
        ic_s, heel_x_m = contact_s[offset::2], place_m[offset::2]
        duration_s = np.append(np.diff(ic_s), 2.0 * step_s)
        stance = fraction + 0.004 * _bounded(rng, len(ic_s))
        plans[side] = FootPlan(ic_s, ic_s + stance * duration_s, heel_x_m, norm_off)
    return plans


def _bounded(rng: np.random.Generator, count: int) -> Floats:
    return np.clip(rng.standard_normal(count), -2.5, 2.5)
