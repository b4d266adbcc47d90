"""What the filter learns about a person's gait while it runs: curves, their doubt, posture, and the phase.

Beside the state proper, per segment s the coefficients of its series (``_gait_law``) with a covariance of their own:

    y = f_s(phi) + delta sigma^2 / (sigma^2 - P),   R = P sigma^2 / (sigma^2 - P)

is what the sensors alone said about the pitch, the law's own pull N(f, sigma^2) taken out of the estimate
N(f + delta, P); a segment that nobody measures has P = sigma^2 and teaches nothing. y is taken into the coefficients
by a Kalman filter with R + sigma^2 + f'^2 var(phi), inflated for the time that a deviation lasts. Both sides share
one filter of 22 coefficients: the right ones are the left ones half a cycle later with a prior correlation that data
can break.

The covariance between coefficients and state is left out: the joint filter would have 120 states instead of 45, and
its smoother 20 times the work (docs/adr/0011-gait-law.md).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from fusion.estimator._gait_law import (
    FORGET,
    FREE,
    GAIT,
    HOLD,
    LAW_DECAY,
    LAW_PHASE,
    LAW_PHASE_VARIANCE,
    LAW_POSTURE,
    LAW_SERIES,
    LAW_VARIANCE,
    MODE,
    TERMS,
    series_terms,
)
from fusion.estimator._gait_phase import FASTEST, HISTORY, LEAST_EXPLAINED, SLOWEST, find_phase
from fusion.estimator.process import pitch_of
from fusion.estimator.state import E_PHASE, E_SEGMENT, E_STRIDE, N_SEGMENTS, X_PHASE, X_SEGMENT, X_STRIDE
from fusion.types import Flags, Floats, Samples

ABSENT, BARE, WORN = 0, 1, 2
"""Roles of a segment: not estimated; without a wearable; with one."""

ENABLED, SINCE, TROUBLE, TICKS, LAST_S, TRIED_S, PENDING, LEARNED = range(8)
VARIANCE = 8
POSTURE_VARIANCE = VARIANCE + 8
STATUS_SIZE = POSTURE_VARIANCE + 8
"""Places in ``GaitMemory.status``; ``SINCE`` is when the present mode began."""

BARE_DECAY, WORN_DECAY = 8.0, 15.0
"""lambda, 1/s. A bare segment's deviation lasts a third of a second; a wearable can follow faster ones."""

LEAST_SD, FIRST_SD, MOST_SD, HELD_SD = np.deg2rad(2.5), np.deg2rad(5.0), np.deg2rad(20.0), np.deg2rad(10.0)
"""sigma: of the steadiest walker (stride-to-stride sd of joint angles, 2-3 deg), at first, at most, when held."""

STILL_RAD, STILL_RADPS = np.deg2rad(6.0), 0.7
"""A posture that varied less, while it was seen, is held in the dark; a worn leg turning faster breaks the hold."""

RUNNING_RATE = 2.0 * np.pi / 0.95
"""Phase rate above which a first phase may be that of running: strides below 0.95 s."""

AXIAL_SD = np.deg2rad(3.0)
"""sigma of a pelvis or trunk that nobody measures; its curve is not learned, for keypoints do not show its pitch."""

GROWS_S, SHRINKS_S = 0.15, 2.0
"""How fast sigma^2 follows larger and smaller deviations."""

DRIFT_RAD_PER_SQRT_S = np.deg2rad(0.3)
"""Random walk of the coefficients."""

TAUGHT_SD, LASTS_S = np.deg2rad(3.0), 0.05
"""Deviation of a steady walker from the own curve, and how long it lasts; ticks in a row count for as much less."""

RECENT_S = 0.12
"""A segment counts as seen this long after the last frame that showed both its ends."""

TROUBLE_RAD, EARLY_TROUBLE_RAD, EARLY_S, TROUBLE_S = 0.15, 0.33, 2.0, 0.1
"""RMS deviation of the seen legs above which the phase counts as lost; more is allowed just after it was found."""

TROUBLE_SHARE = 0.3
"""The same relative to the RMS of the curves, for large movements."""

LOST_PHASE_SD = 1.5


class GaitMemory(NamedTuple):
    """Arrays that the filter changes as it goes.

    ``law``: of the next step. ``mean`` (8, 11) and ``doubt`` (5, 22, 22): coefficients, rad, and covariances of
    thighs, shanks, feet, pelvis, trunk. ``status``: see above. ``history`` (200, 17): pitches, whether seen,
    time. ``running`` (8, 11): series to begin with when the person runs.
    ``role`` (8,). ``ends`` (8, 2): columns of the keypoints at both ends of a segment, -1 where there is none.
    ``seen_s``: when each keypoint was last taken.
    """

    law: Floats
    mean: Floats
    doubt: Floats
    status: Floats
    history: Floats
    running: Floats
    role: Samples
    ends: Samples
    seen_s: Floats


@njit(cache=True)
def block_of(segment: int) -> tuple[int, int]:
    """Return the block of ``doubt`` that holds a segment and its first row there."""
    if segment < 2:
        return 3 + segment, 0
    return (segment - 2) % 3, 0 if segment < 5 else TERMS


@njit(cache=True)
def prepare_step(x: Floats, P: Floats, place: Samples, memory: GaitMemory) -> None:
    """Write the law of the next step; set the phase anew where it was just found or lost."""
    law, status = memory.law, memory.status
    law[FORGET] = 0.0
    if status[ENABLED] == 0.0:
        law[MODE] = FREE
        return
    if status[PENDING] > 0.0:
        status[PENDING] = 0.0
        law[FORGET] = 1.0
        for i in range(3):
            row = place[E_PHASE + i]
            x[X_PHASE + i] = law[LAW_PHASE + i]
            P[row, :] = 0.0
            P[:, row] = 0.0
            P[row, row] = law[LAW_PHASE_VARIANCE + i]
    if law[MODE] != GAIT:
        for segment in range(N_SEGMENTS):
            law[LAW_VARIANCE + segment] = HELD_SD**2
        return
    terms = np.zeros((4, TERMS))
    series_terms(x[X_PHASE], terms)
    for segment in range(N_SEGMENTS):
        law[LAW_DECAY + segment] = 0.0
        if memory.role[segment] == ABSENT:
            continue
        law[LAW_DECAY + segment] = WORN_DECAY if memory.role[segment] == WORN else BARE_DECAY
        for i in range(TERMS):
            law[LAW_SERIES + TERMS * segment + i] = memory.mean[segment, i]
        law[LAW_VARIANCE + segment] = status[VARIANCE + segment] + _series_variance(memory, segment, terms)


@njit(cache=True)
def _series_variance(memory: GaitMemory, segment: int, terms: Floats) -> float:
    block, first = block_of(segment)
    total = 0.0
    for i in range(TERMS):
        for j in range(TERMS):
            total += terms[0, i] * memory.doubt[block, first + i, first + j] * terms[0, j]
    return total


@njit(cache=True)
def after_tick(x: Floats, P: Floats, place: Samples, now_s: float, sampled: Flags, memory: GaitMemory) -> None:
    """Learn from the estimate at a tick, and find, keep or give up the phase; ``sampled``: wearables that spoke."""
    status, law = memory.status, memory.law
    if status[ENABLED] == 0.0:
        return
    dt = min(max(now_s - status[LAST_S], 0.0), 0.1)
    status[LAST_S] = now_s
    seen = np.zeros(N_SEGMENTS, dtype=np.bool_)
    row = memory.history[int(status[TICKS]) % HISTORY]
    for segment in range(N_SEGMENTS):
        seen[segment] = _is_seen(segment, now_s, sampled, memory)
        row[segment] = pitch_of(x, segment)
        row[8 + segment] = 1.0 if seen[segment] else 0.0
    row[16] = now_s
    status[TICKS] += 1.0
    if law[MODE] == GAIT:
        _follow(x, P, place, now_s, dt, seen, memory)
    else:
        _search(x, now_s, dt, seen, memory)


@njit(cache=True)
def _is_seen(segment: int, now_s: float, sampled: Flags, memory: GaitMemory) -> bool:
    if memory.role[segment] == ABSENT:
        return False
    if sampled[segment]:
        return True
    if memory.ends[segment, 0] < 0:
        return False
    oldest = min(memory.seen_s[memory.ends[segment, 0]], memory.seen_s[memory.ends[segment, 1]])
    return bool(now_s - oldest < RECENT_S)


@njit(cache=True)
def _follow(x: Floats, P: Floats, place: Samples, now_s: float, dt: float, seen: Flags, memory: GaitMemory) -> None:
    """With a phase: adapt sigma, learn the curves, and give the phase up where the legs contradict it."""
    status, law = memory.status, memory.law
    terms, f = np.zeros((4, TERMS)), np.zeros(2)
    series_terms(x[X_PHASE], terms)
    square, size, count = 0.0, 0.0, 0
    for segment in range(N_SEGMENTS):
        if memory.role[segment] == ABSENT:
            continue
        law[LAW_POSTURE + segment] = pitch_of(x, segment)
        status[POSTURE_VARIANCE + segment] = MOST_SD**2
        f[:] = 0.0
        for i in range(TERMS):
            f[0] += terms[0, i] * memory.mean[segment, i]
            f[1] += terms[1, i] * memory.mean[segment, i]
        off = (pitch_of(x, segment) - f[0] + np.pi) % (2.0 * np.pi) - np.pi
        if seen[segment]:
            now = max(off * off, LEAST_SD**2)
            held = status[VARIANCE + segment]
            held += dt / (GROWS_S if now > held else SHRINKS_S) * (now - held)
            status[VARIANCE + segment] = min(max(held, LEAST_SD**2), MOST_SD**2)
        if seen[segment] and segment in (2, 3, 5, 6):
            square += off * off
            count += 1
            for i in range(1, TERMS):
                size += 0.5 * memory.mean[segment, i] ** 2
        if segment >= 2 or memory.role[segment] == WORN:
            p_phase = P[place[E_PHASE], place[E_PHASE]]
            pitch = place[E_SEGMENT + E_STRIDE * segment + 1]
            _learn(memory, segment, terms, off, P[pitch, pitch], f[1] * f[1] * p_phase, dt)
    if count > 0:
        status[TROUBLE] += min(1.0, dt / TROUBLE_S) * (square / count - status[TROUBLE])
    limit = EARLY_TROUBLE_RAD if now_s - status[SINCE] < EARLY_S else TROUBLE_RAD
    limit = max(limit * limit, TROUBLE_SHARE**2 * size / max(count, 1))
    rate = x[X_PHASE + 1]
    unsure = P[place[E_PHASE], place[E_PHASE]] > LOST_PHASE_SD**2
    if status[TROUBLE] > limit or rate < 0.5 * SLOWEST or rate > 1.5 * FASTEST or unsure:
        law[MODE] = FREE
        _set_phase(memory, now_s, x[X_PHASE], x[X_PHASE + 1], 0.3, 0.3)


@njit(cache=True)
def _set_phase(
    memory: GaitMemory, now_s: float, phase: float, rate: float, phase_variance: float, rate_variance: float
) -> None:
    law, status = memory.law, memory.status
    law[LAW_PHASE], law[LAW_PHASE + 1], law[LAW_PHASE + 2] = phase, rate, rate
    law[LAW_PHASE_VARIANCE] = phase_variance
    law[LAW_PHASE_VARIANCE + 1] = law[LAW_PHASE_VARIANCE + 2] = rate_variance
    status[PENDING], status[SINCE], status[TROUBLE], status[TRIED_S] = 1.0, now_s, 0.0, now_s


@njit(cache=True)
def _learn(memory: GaitMemory, segment: int, terms: Floats, off: float, P: float, by_phase: float, dt: float) -> None:
    """Take one tick's pitch into the coefficients of its pair."""
    variance = memory.law[LAW_VARIANCE + segment]
    if 0.95 * variance < P or dt <= 0.0:
        return
    block, first = block_of(segment)
    C = memory.doubt[block]
    own = variance / (variance - P)
    noise = (P * own + TAUGHT_SD**2 + by_phase) * (1.0 + 2.0 * LASTS_S / dt)
    gain = _take_series(C, first, terms, noise)
    for i in range(TERMS):
        memory.mean[segment, i] += gain[first + i] * off * own
    if segment >= 2:
        twin = segment + 3 if segment < 5 else segment - 3
        for i in range(TERMS):
            memory.mean[twin, i] += gain[TERMS - first + i] * off * own
    for i in range(TERMS):
        if C[first + i, first + i] > 0.0:
            C[first + i, first + i] += DRIFT_RAD_PER_SQRT_S**2 * dt


@njit(cache=True)
def _take_series(C: Floats, first: int, terms: Floats, noise: float) -> Floats:
    """Update the covariance of a pair by one value of the series that starts at ``first``; returns the gain."""
    size = C.shape[0]
    seen = np.zeros(size)
    for i in range(size):
        for j in range(TERMS):
            seen[i] += C[i, first + j] * terms[0, j]
    total = noise
    for j in range(TERMS):
        total += terms[0, j] * seen[first + j]
    for i in range(size):
        for j in range(size):
            C[i, j] -= seen[i] * seen[j] / total
    return seen / total


@njit(cache=True)
def _search(x: Floats, now_s: float, dt: float, seen: Flags, memory: GaitMemory) -> None:
    """Without a phase: follow the posture slowly, hold what stood still, look for the phase ten times a second."""
    status, law = memory.status, memory.law
    moving, hidden, still = False, False, 0.0
    for segment in range(N_SEGMENTS):
        if memory.role[segment] == ABSENT:
            continue
        leg = segment >= 2
        moving = moving or (leg and memory.role[segment] == WORN and abs(_rate(x, segment)) > STILL_RADPS)
        hidden = hidden or (leg and not seen[segment])
        if seen[segment]:
            off = (pitch_of(x, segment) - law[LAW_POSTURE + segment] + np.pi) % (2.0 * np.pi) - np.pi
            held = status[POSTURE_VARIANCE + segment]
            status[POSTURE_VARIANCE + segment] = held + min(1.0, dt / 0.4) * (off * off - held)
            law[LAW_POSTURE + segment] += min(1.0, dt / 0.35) * off
        if leg:
            still = max(still, status[POSTURE_VARIANCE + segment])
        law[LAW_DECAY + segment] = 0.0 if seen[segment] else BARE_DECAY
    law[MODE] = HOLD if hidden and not moving and still < STILL_RAD**2 else FREE
    if status[TICKS] >= HISTORY and now_s - status[TRIED_S] >= 0.1:
        status[TRIED_S] = now_s
        _try(memory, now_s)


@njit(cache=True)
def _rate(x: Floats, segment: int) -> float:
    return float(x[X_SEGMENT + X_STRIDE * segment + 10])


@njit(cache=True)
def _try(memory: GaitMemory, now_s: float) -> None:
    """Take the phase where the person's curves, or before anything was learned those of running, explain the legs."""
    status, law = memory.status, memory.law
    ticks = int(status[TICKS])
    explained, phase, rate = find_phase(memory.history, ticks, memory.mean)
    if status[LEARNED] == 0.0:
        runs, run_phase, run_rate = find_phase(memory.history, ticks, memory.running)
        if runs > max(explained, LEAST_EXPLAINED) and run_rate > RUNNING_RATE:
            memory.mean[:, :] = memory.running
            explained, phase, rate = runs, run_phase, run_rate
    if explained <= LEAST_EXPLAINED:
        return
    law[MODE] = GAIT
    status[LEARNED] = 1.0
    _set_phase(memory, now_s, phase, rate, 0.35**2, 0.4**2)
    for segment in range(N_SEGMENTS):
        status[VARIANCE + segment] = FIRST_SD**2 if segment >= 2 else AXIAL_SD**2
