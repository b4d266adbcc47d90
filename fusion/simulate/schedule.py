"""When and where the feet touch the ground: the plan that the body then fulfils.

Places are counted in the frame of the ground (the belt on a treadmill), x forward from the start.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.signal import lfilter

from fusion.frames import GRAVITY_MPS2
from fusion.simulate.curves import RUNNING_FOOT_OFF, foot_off_fraction
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

RUNNING_CADENCE_SPM = 164.0
"""Recreational runners at 3 m/s (Fukuchi et al. 2017)."""

FIRST_STEP = 0.75
"""Length of the first step from standing, share of a usual one."""

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
    stands
        (index of the stance, begin, end, phase) of each stop: the foot stands in mid-stance all the while.
    stops
        From the contact that closes the feet to the first contact after it, s.
    """

    ic_s: Floats
    fc_s: Floats
    heel_x_m: Floats
    norm_foot_off: float
    stands: tuple[tuple[int, float, float, float], ...] = ()
    stops: tuple[tuple[float, float], ...] = ()

    def phase(self, time_s: Floats) -> Floats:
        """Return the gait phase on the axis of the published curves: whole numbers are initial contacts."""
        count = np.arange(len(self.ic_s), dtype=np.float64)
        knots_s = np.column_stack((self.ic_s, self.fc_s)).ravel()
        phases = np.column_stack((count, count + self.norm_foot_off)).ravel()
        for index, begin_s, end_s, phase in self.stands:
            knots_s = np.append(knots_s, (begin_s, end_s))
            phases = np.append(phases, (index + phase, index + phase + 0.03))
        order = np.argsort(knots_s)
        return np.asarray(PchipInterpolator(knots_s[order], phases[order])(time_s))

    def standing(self, time_s: Floats) -> Floats:
        """Return how far the walker has come to a stand, 0 walks and 1 stands, shape (n,)."""
        share = np.zeros(len(time_s))
        for begin_s, end_s in self.stops:
            share = np.maximum(share, np.interp(time_s, _ramp(begin_s, end_s), (0.0, 1.0, 1.0, 0.0)))
        return np.asarray(share**2 * (3.0 - 2.0 * share))


def _ramp(begin_s: float, end_s: float) -> tuple[float, float, float, float]:
    """Return when the walker slows, stands, moves again and walks; the closing step is already a part of it."""
    return begin_s - 0.45, begin_s + 0.05, end_s - 0.6, end_s - 0.15


def nondimensional_speed(speed_mps: float, leg_length_m: float) -> float:
    """Return v / sqrt(g L) (Hof 1996)."""
    return float(speed_mps / np.sqrt(GRAVITY_MPS2 * leg_length_m))


def cadence_spm(walker: WalkerSettings) -> float:
    """Return the cadence that was set, or the one that goes with speed and height by the walk ratio."""
    if np.isfinite(walker.cadence_spm):
        return walker.cadence_spm
    if walker.pattern == "running":
        return RUNNING_CADENCE_SPM
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
    count = _step_count(walker, step_s, walking_s)
    ratio = walker.step_time_ratio
    share = np.where(np.arange(count) % 2 == 0, 2.0 * ratio / (1.0 + ratio), 2.0 / (1.0 + ratio))
    varied = 1.0 + np.sqrt(2.0) * walker.stride_time_cv * _bounded(rng, count)
    times = step_s * share * varied / varied.mean()
    # An even step ends at a left contact.
    start_s = -MARGIN_S - 4.0 * step_s - rng.uniform(0.0, 2.0 * step_s)
    contact_s = _contacts(times, start_s, walker.cadence_changes)
    deviation = lfilter([0.8], [1.0, -0.6], _bounded(rng, count))
    stride_m = 2.0 * step_s * walker.speed_mps
    place_m = walker.speed_mps * contact_s + walker.stride_length_cv / np.sqrt(0.8) * stride_m * deviation
    contact_s, place_m, stops, stood_s = _with_stops(walker, contact_s, place_m, 0.5 * stride_m)
    norm_off, fraction = _foot_off(walker, speed_norm)
    plans = {}
    for offset, side in enumerate(SIDES):
        ic_s, heel_x_m = contact_s[offset::2], place_m[offset::2]
        duration_s = np.append(np.diff(ic_s), 2.0 * step_s)
        stands = tuple((k // 2, begin, end, phase) for k, begin, end, phase in stops if k % 2 == offset)
        paused_s = np.zeros(len(ic_s))
        for index, _, _, _ in stands:
            paused_s[index] = max(0.0, duration_s[index] - 2.0 * step_s)
        stance = fraction + 0.004 * _bounded(rng, len(ic_s))
        fc_s = ic_s + paused_s + stance * (duration_s - paused_s)
        plans[side] = FootPlan(ic_s, fc_s, heel_x_m, norm_off, stands, stood_s)
    return plans


def _foot_off(walker: WalkerSettings, speed_norm: float) -> tuple[float, float]:
    """Return the phase at which the curves lift the foot, and the stance fraction."""
    running = walker.pattern == "running"
    norm_off = RUNNING_FOOT_OFF if running else foot_off_fraction(speed_norm)
    usual = norm_off if running else norm_off + ADULT_STANCE_EXCESS
    return norm_off, walker.stance_fraction if np.isfinite(walker.stance_fraction) else usual


def _step_count(walker: WalkerSettings, step_s: float, walking_s: float) -> int:
    fastest = max((factor for _, factor in walker.cadence_changes), default=1.0)
    return 2 * int(np.ceil((walking_s + 2.0 * MARGIN_S) * max(fastest, 1.0) / (2.0 * step_s))) + 8


def _contacts(times: Floats, start_s: float, changes: tuple[tuple[float, float], ...]) -> Floats:
    contact_s = np.cumsum(times) + start_s
    for time_s, factor in sorted(changes):
        after = contact_s >= time_s
        times = np.where(after, times / factor, times)
        contact_s = np.cumsum(times) + start_s
    return np.asarray(contact_s)


Stop = tuple[int, float, float, float]


def _with_stops(
    walker: WalkerSettings, contact_s: Floats, place_m: Floats, step_m: float
) -> tuple[Floats, Floats, tuple[Stop, ...], tuple[tuple[float, float], ...]]:
    """Return contacts and places with the stops put in, both feet's long stances, and (begin, end) of each stop.

    The first contact after the wanted time closes the feet; what follows is later by the stop and starts from there.
    """
    contact_s, place_m = contact_s.copy(), place_m.copy()
    stops: list[Stop] = []
    stood_s: list[tuple[float, float]] = []
    for start_s, duration_s in sorted(walker.stops):
        k = int(np.searchsorted(contact_s, start_s))
        if not 1 < k < len(contact_s) - 2:
            continue
        place_m[k] = place_m[k - 1]
        place_m[k + 1 :] += place_m[k - 1] + FIRST_STEP * step_m - place_m[k + 1]
        contact_s[k + 1 :] += duration_s
        begin, end = float(contact_s[k]), float(contact_s[k + 1])
        stood_s.append((begin, end))
        # The foot behind leaves 0.4 s before its contact at the end; the one that closed leaves a step later.
        stops += [(k - 1, begin, end - 0.65, 0.20), (k, begin + 0.2, end - 0.15, 0.15)]
    return contact_s, place_m, tuple(stops), tuple(stood_s)


def _bounded(rng: np.random.Generator, count: int) -> Floats:
    return np.clip(rng.standard_normal(count), -2.5, 2.5)
