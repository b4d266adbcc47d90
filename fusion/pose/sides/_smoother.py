"""Two legs' tracks through given points: Kalman filter forward, Rauch-Tung-Striebel smoother backward.

State of one axis: (left place, left speed, right place, right speed). Both legs are one state, so that the antiphase
of their forward places, a measurement of their sum, holds a leg that has no point.
"""

from __future__ import annotations

import numpy as np

from fusion.types import Floats

_START_SD = (1.0, 4.0, 1.0, 4.0)
_ANTIPHASE_FRAMES = 6.0
"""The sum of the legs' places errs alike for some frames; each of them counts for as much less."""


def smoothed_tracks(
    time_s: Floats,
    points: Floats,
    variance: Floats,
    acceleration_sd: float,
    antiphase_sd: float,
    centre: float,
) -> tuple[Floats, Floats]:
    """Return smoothed places, shape (n, 2 legs, 2 axes), and their variances, same shape.

    Parameters
    ----------
    points, variance
        Each leg's point, shape (n, 2, 2), NaN where it has none, and its variance, shape (n, 2).
    centre
        Usual sum of the forward places.
    """
    place, doubt = np.full_like(points, np.nan), np.full_like(points, np.nan)
    for axis in (0, 1):
        sum_sd = antiphase_sd * np.sqrt(_ANTIPHASE_FRAMES) if axis == 0 else np.inf
        x, P = _axis(time_s, points[:, :, axis], variance, acceleration_sd, sum_sd, centre)
        place[:, :, axis] = x[:, [0, 2]]
        doubt[:, :, axis] = P[:, [0, 2], [0, 2]]
    return place, doubt


def _axis(
    time_s: Floats, points: Floats, variance: Floats, acceleration_sd: float, sum_sd: float, centre: float
) -> tuple[Floats, Floats]:
    count = len(time_s)
    known = np.isfinite(points)
    start = np.array([points[known[:, leg], leg][:5].mean() if known[:, leg].any() else 0.0 for leg in (0, 1)])
    x, P = np.array([start[0], 0.0, start[1], 0.0]), np.diag(np.square(_START_SD))
    ahead_x, ahead_P = np.zeros((count, 4)), np.zeros((count, 4, 4))
    after_x: Floats = np.zeros((count, 4))
    after_P: Floats = np.zeros((count, 4, 4))
    moves = np.zeros((count, 4, 4))
    rows = ((np.array([1.0, 0.0, 0.0, 0.0]), 0), (np.array([0.0, 0.0, 1.0, 0.0]), 1))
    for frame in range(count):
        step_s = time_s[frame] - time_s[frame - 1] if frame else 0.0
        F, Q = _move(step_s, acceleration_sd)
        x, P = F @ x, F @ P @ F.T + Q
        moves[frame], ahead_x[frame], ahead_P[frame] = F, x, P
        for H, leg in rows:
            if known[frame, leg]:
                x, P = _measured(x, P, H, points[frame, leg], variance[frame, leg])
        if np.isfinite(sum_sd) and known[frame].any():
            x, P = _measured(x, P, np.array([1.0, 0.0, 1.0, 0.0]), centre, sum_sd**2)
        after_x[frame], after_P[frame] = x, P
    for frame in reversed(range(count - 1)):
        G = np.linalg.solve(ahead_P[frame + 1], moves[frame + 1] @ after_P[frame]).T
        after_x[frame] = after_x[frame] + G @ (after_x[frame + 1] - ahead_x[frame + 1])
        after_P[frame] = after_P[frame] + G @ (after_P[frame + 1] - ahead_P[frame + 1]) @ G.T
    return after_x, after_P


def _move(step_s: float, acceleration_sd: float) -> tuple[Floats, Floats]:
    block = np.array([[1.0, step_s], [0.0, 1.0]])
    noise = acceleration_sd**2 * np.array([[step_s**4 / 4.0, step_s**3 / 2.0], [step_s**3 / 2.0, step_s**2]])
    noise += 1e-9 * np.eye(2)
    both = np.eye(2)
    return np.asarray(np.kron(both, block), dtype=np.float64), np.asarray(np.kron(both, noise), dtype=np.float64)


def _measured(x: Floats, P: Floats, H: Floats, z: float, R: float) -> tuple[Floats, Floats]:
    PH: Floats = np.asarray(P @ H, dtype=np.float64)
    K: Floats = PH / (float(H @ PH) + R)
    after: Floats = np.asarray(x + K * (z - float(H @ x)), dtype=np.float64)
    return after, np.asarray(P - np.outer(K, PH), dtype=np.float64)
