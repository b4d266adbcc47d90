"""Find the gait phase in the last two seconds of the legs' pitches, by a grid over phase and rate.

At phase phi and rate nu the curves say m_s(t) = f_s(phi - nu (now - t)). With the mean of each segment taken out of
data and curve, one amplitude common to all explains the share (sum d m)^2 / (sum d^2 sum m^2) of the variance.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from fusion.estimator._gait_law import TERMS, series_terms
from fusion.types import Flags, Floats

HISTORY = 200
"""Ticks looked back at: 2 s at 100 Hz."""

EVERY = 4
COUNT = HISTORY // EVERY

LEAST_EXPLAINED = 0.75
"""Share of the variance that the series must explain to be believed."""

LEAST_SHOWN = 0.8
"""Share of the window in which a segment must be seen to have a say."""

LEAST_SWING_RAD = 0.05
"""RMS of a segment's swing below which nobody walks."""

SLOWEST, FASTEST = 2.0 * np.pi / 2.4, 2.0 * np.pi / 0.5
"""Phase rates of the slowest and the fastest stride, rad/s."""

RATES, PHASES = 16, 24
THIGHS_AND_SHANKS = (2, 3, 5, 6)
FIRST_LEG, LAST_LEG = 2, 8


@njit(cache=True)
def find_phase(history: Floats, ticks: int, mean: Floats) -> tuple[float, float, float]:
    """Return the share of the variance that is explained at best, and the phase, rad, and rate, rad/s, that do.

    Parameters
    ----------
    history
        Ring of pitches (8), whether seen (8), and time, shape (200, 17).
    ticks
        Number of rows written so far.
    mean
        Coefficients of the series, shape (8, 11).
    """
    data, weight, ago = np.zeros((LAST_LEG, COUNT)), np.zeros((LAST_LEG, COUNT)), np.zeros(COUNT)
    used = _window(history, ticks, data, weight, ago)
    total, limbs = 0.0, 0
    for segment in THIGHS_AND_SHANKS:
        limbs += 1 if used[segment] else 0
        total += np.sum(data[segment] ** 2)
    if limbs == 0 or total < limbs * COUNT * LEAST_SWING_RAD**2:
        return 0.0, 0.0, 0.0
    total = np.sum(data**2)
    best, best_phase, best_rate = 0.0, 0.0, 0.0
    terms, rows = np.zeros((4, TERMS)), np.zeros((COUNT, TERMS))
    for a in range(RATES):
        rate = SLOWEST * (FASTEST / SLOWEST) ** (a / (RATES - 1.0))
        for b in range(PHASES):
            phase = 2.0 * np.pi * b / PHASES
            for n in range(COUNT):
                series_terms(phase - rate * ago[n], terms)
                rows[n] = terms[0]
            explained = _explained(data, weight, used, rows, mean) / total
            if explained > best:
                best, best_phase, best_rate = explained, phase, rate
    return best, best_phase, best_rate


@njit(cache=True)
def _window(history: Floats, ticks: int, data: Floats, weight: Floats, ago: Floats) -> Flags:
    """Fill centred pitches, weights and ages; returns the leg segments that were seen long enough, shape (8,)."""
    used = np.zeros(LAST_LEG, dtype=np.bool_)
    newest = history[(ticks - 1) % HISTORY, 16]
    for n in range(COUNT):
        row = history[(ticks - 1 - EVERY * n) % HISTORY]
        ago[n] = newest - row[16]
        for segment in range(FIRST_LEG, LAST_LEG):
            data[segment, n], weight[segment, n] = row[segment], row[8 + segment]
    for segment in range(FIRST_LEG, LAST_LEG):
        shown = weight[segment].sum()
        used[segment] = shown >= LEAST_SHOWN * COUNT
        middle = (weight[segment] * data[segment]).sum() / shown if used[segment] else 0.0
        for n in range(COUNT):
            data[segment, n] = weight[segment, n] * (data[segment, n] - middle) if used[segment] else 0.0
    return used


@njit(cache=True)
def _explained(data: Floats, weight: Floats, used: Flags, rows: Floats, mean: Floats) -> float:
    """Return (sum d m)^2 / sum m^2 over the used segments; 0 where the curves run against the data."""
    common, own = 0.0, 0.0
    model = np.zeros(COUNT)
    for segment in range(FIRST_LEG, LAST_LEG):
        if not used[segment]:
            continue
        middle = 0.0
        for n in range(COUNT):
            model[n] = 0.0
            for i in range(1, TERMS):
                model[n] += rows[n, i] * mean[segment, i]
            middle += weight[segment, n] * model[n]
        middle /= weight[segment].sum()
        for n in range(COUNT):
            centred = weight[segment, n] * (model[n] - middle)
            common += centred * data[segment, n]
            own += centred * centred
    return common * common / own if common > 0.0 and own > 0.0 else 0.0
