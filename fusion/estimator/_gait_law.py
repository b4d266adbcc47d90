"""The law by which a segment moves in gait: a Fourier series of a shared phase, and a bounded deviation from it.

Pitch of segment s, with the gait phase phi, its rate nu and the slow mean of that rate nu_m:

    pitch_s = f_s(phi) + delta_s,   f_s(phi) = c_s0 + sum_k (c_s,2k-1 cos k phi + c_s,2k sin k phi),  k = 1..5
    phi' = nu,   nu' = (nu_m - nu) / T + white,   nu_m' = white
    (d/dt + lambda)^3 delta_s = white of density q = (16/3) sigma_s^2 lambda^5

The deviation is Matern with smoothness 5/2 (Hartikainen & Sarkka 2010, doi:10.1109/MLSP.2010.5589113): its stationary
standard deviation is sigma_s, so a segment that nobody sees stays about the curve and is never lost. With
(pitch, rate, acceleration) = m = r(phi) + d and r = (f, f' nu, f'' nu^2), one step is

    m+ = r(phi+) + A (m - r(phi)),   A = exp(-lambda dt) (I + N dt + N^2 dt^2 / 2),   N = companion + lambda I.

When no phase is known the same law holds with a constant f, the posture of late (``HOLD``).

``law``, one flat array, is what the step needs to know besides the state; it is stored with every event, so that the
smoother repeats the step that the filter took.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from fusion.types import Floats

HARMONICS = 5
TERMS = 2 * HARMONICS + 1

MODE, FORGET = 0, 1
"""What drives the segments; and whether the phase was set anew before this step, to ``LAW_PHASE``."""

LAW_PHASE, LAW_PHASE_VARIANCE, LAW_SERIES = 2, 5, 8
LAW_POSTURE = LAW_SERIES + 8 * TERMS
LAW_DECAY = LAW_POSTURE + 8
LAW_VARIANCE = LAW_DECAY + 8
LAW_SIZE = LAW_VARIANCE + 8
"""Places in ``law``: phase after a reset and its variances (3 each), series (8, 11), posture (8), lambda (8; 0 leaves
the segment to the Singer model), sigma^2 (8)."""

FREE, HOLD, GAIT = 0.0, 1.0, 2.0
"""Modes: Singer for every segment; about the posture of late; about the series."""

RATE_CORRELATION_S = 0.7
"""How long a step's own tempo lasts: about a step."""

RATE_DENSITY = 0.045
"""White noise on the phase rate, rad^2/s^3: with ``RATE_CORRELATION_S`` a stationary 0.13 rad/s, 2 % of a stride's
6 rad/s, the stride-time variability of healthy adults (Hausdorff 2007, doi:10.1016/j.humov.2007.05.003)."""

MEAN_RATE_DENSITY = 0.02
"""Change of tempo, rad^2/s^3: 5 % in 5 s."""


@njit(cache=True)
def series_terms(phase: float, out: Floats) -> None:
    """Fill ``out``, shape (4, 11), with the terms of the series and their first three derivatives by the phase."""
    out[0, 0] = 1.0
    out[1, 0] = out[2, 0] = out[3, 0] = 0.0
    c1, s1 = np.cos(phase), np.sin(phase)
    c, s = c1, s1
    for k in range(1, HARMONICS + 1):
        i, j = 2 * k - 1, 2 * k
        out[0, i], out[0, j] = c, s
        out[1, i], out[1, j] = -k * s, k * c
        out[2, i], out[2, j] = -k * k * c, -k * k * s
        out[3, i], out[3, j] = k**3 * s, -(k**3) * c
        c, s = c * c1 - s * s1, s * c1 + c * s1


@njit(cache=True)
def series_values(law: Floats, segment: int, terms: Floats, out: Floats) -> None:
    """Fill ``out``, shape (4,), with f and its derivatives by the phase."""
    first = LAW_SERIES + TERMS * segment
    for d in range(4):
        total = 0.0
        for i in range(TERMS):
            total += terms[d, i] * law[first + i]
        out[d] = total


@njit(cache=True)
def matern(decay: float, dt: float, A: Floats) -> None:
    """Fill ``A``, shape (3, 3), with the transition of the deviation over dt."""
    e, u = np.exp(-decay * dt), decay * dt
    A[0, 0], A[0, 1], A[0, 2] = e * (1.0 + u + 0.5 * u * u), e * dt * (1.0 + u), e * 0.5 * dt * dt
    A[1, 0] = -e * 0.5 * decay * u * u
    A[1, 1], A[1, 2] = e * (1.0 + u - u * u), e * dt * (1.0 - 0.5 * u)
    A[2, 0] = e * decay * decay * (0.5 * u * u - u)
    A[2, 1], A[2, 2] = e * decay * (u * u - 3.0 * u), e * (1.0 - 2.0 * u + 0.5 * u * u)


@njit(cache=True)
def matern_density(variance: float, decay: float) -> float:
    """Return q, the density of the white noise that keeps the deviation's variance."""
    return 16.0 / 3.0 * variance * decay**5
