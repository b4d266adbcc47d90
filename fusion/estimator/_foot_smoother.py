"""Kalman filter and smoother of one foot's tilt error, velocity, sensor height and path since last stance.

State ``x``, shape (9,): tilt error about world x and y (rad), velocity (m/s), height of the sensor above the
sole (m), path since the last stance instant (m). World axes, z up. The path starts again at each stance
instant, so that its smoothed covariance there is the doubt of one stride and does not grow with the walk.

The size of the errors is taken from the recording: at each landing the strapdown predicts a velocity that the
rolling foot contradicts, and the median square of that misfit over its predicted variance (normalised
innovation squared) scales all covariances. It leaves the state as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fusion.frames import GRAVITY_MPS2
from fusion.types import Flags, Floats, Samples

STATES = 9
TILT, VELOCITY, HEIGHT, PATH = slice(0, 2), slice(2, 5), 5, slice(6, 9)

FIRST_SD = (0.02, 1.5)
"""Tilt error of the offline attitude, rad (1 deg: several times its error), and velocity of a foot, m/s."""

PRIOR_LANDINGS = 2.0
"""Landings that the assumed errors are worth against those seen in the recording."""

_PATH_FLOOR_M = 1e-6


@dataclass(frozen=True, slots=True)
class FootNodes:
    """What the strapdown saw: ``m + 1`` nodes with ``m`` intervals between them, world axes.

    Attributes
    ----------
    index
        Sample of each node, shape (m + 1,).
    duration_s, velocity_mps
        Length of each interval (m,) and integral of the specific force over it (m, 3).
    tilt_step_rad
        Known change of the tilt error over each interval: minus what the attitude's own correction changed,
        since only the gyro's error is a slow random walk, shape (m, 2).
    tilt_variance, velocity_variance
        Growth over each interval, rad^2 and (m/s)^2, shape (m,).
    rate_radps
        Angular rate at each node, shape (m + 1, 3).
    standing, restart
        Whether the foot stands, and whether the path starts again there, shape (m + 1,).
    """

    index: Samples
    duration_s: Floats
    velocity_mps: Floats
    tilt_step_rad: Floats
    tilt_variance: Floats
    velocity_variance: Floats
    rate_radps: Floats
    standing: Flags
    restart: Flags


@dataclass(frozen=True, slots=True)
class RollingContact:
    """Prior and noise of the rolling contact: see ``FootSettings``; ``inflation`` is for correlated errors."""

    height_m: float
    height_sd_m: float
    contact_reach_m: float
    speed_sd_mps: float
    inflation: float


def smooth(nodes: FootNodes, contact: RollingContact) -> tuple[Floats, Floats]:
    """Return state, shape (m + 1, 9), and covariance, shape (m + 1, 9, 9), given all data."""
    count = len(nodes.duration_s)
    transition, noise = _transitions(nodes), _process_noise(nodes)
    x = np.zeros(STATES)
    x[HEIGHT] = contact.height_m
    sd = np.array([FIRST_SD[0]] * 2 + [FIRST_SD[1]] * 3 + [contact.height_sd_m] + [_PATH_FLOOR_M] * 3)
    P = np.diag(sd**2)
    state, covariance = np.zeros((count + 1, STATES)), np.zeros((count + 1, STATES, STATES))
    predicted, prior = np.zeros_like(state), np.zeros_like(covariance)
    surprise: list[float] = []
    for k in range(count + 1):
        if k:
            F = transition[k - 1]
            x = F @ x
            x[TILT] += nodes.tilt_step_rad[k - 1]
            x[VELOCITY] += nodes.velocity_mps[k - 1]
            x[4] -= GRAVITY_MPS2 * nodes.duration_s[k - 1]
            P = F @ P @ F.T + noise[k - 1]
            predicted[k], prior[k] = x, P
        if nodes.standing[k]:
            if k and not nodes.standing[k - 1]:
                surprise.append(_surprise(x, P, nodes.rate_radps[k], contact))
            x, P = _roll(x, P, nodes.rate_radps[k], contact)
        state[k], covariance[k] = x, P
    for k in range(count - 1, -1, -1):
        gain = np.linalg.solve(prior[k + 1], transition[k] @ covariance[k]).T
        state[k] += gain @ (state[k + 1] - predicted[k + 1])
        covariance[k] += gain @ (covariance[k + 1] - prior[k + 1]) @ gain.T
    return state, covariance * _error_scale(surprise)


def _transitions(nodes: FootNodes) -> Floats:
    """Return F of each interval, shape (m, 9, 9)."""
    count = len(nodes.duration_s)
    F = np.tile(np.eye(STATES), (count, 1, 1))
    x, y, z = nodes.velocity_mps.T
    # velocity gained in the true frame = gained + tilt x gained
    F[:, 2, 1], F[:, 3, 0], F[:, 4, 0], F[:, 4, 1] = z, -z, y, -x
    for axis in range(3):
        F[:, 6 + axis, 2 + axis] = nodes.duration_s
        F[nodes.restart[:-1], 6 + axis, 6 + axis] = 0.0
    return F


def _process_noise(nodes: FootNodes) -> Floats:
    """Return Q of each interval, shape (m, 9, 9)."""
    count = len(nodes.duration_s)
    Q = np.zeros((count, STATES, STATES))
    for axis in range(STATES):
        if axis in (0, 1):
            Q[:, axis, axis] = nodes.tilt_variance
        elif axis in (2, 3, 4):
            Q[:, axis, axis] = nodes.velocity_variance
        elif axis != HEIGHT:
            Q[:, axis, axis] = _PATH_FLOOR_M**2
    return Q


def _roll(x: Floats, P: Floats, rate_radps: Floats, contact: RollingContact) -> tuple[Floats, Floats]:
    """Return the update with the rolling contact."""
    H, R = _contact_model(rate_radps, contact)
    K = np.linalg.solve(H @ P @ H.T + R, H @ P).T
    I_KH = np.eye(STATES) - K @ H
    return x - K @ (H @ x), np.asarray(I_KH @ P @ I_KH.T + K @ R @ K.T)


def _surprise(x: Floats, P: Floats, rate_radps: Floats, contact: RollingContact) -> float:
    """Return the normalised innovation squared of the horizontal velocity, 1 when as expected."""
    H, R = _contact_model(rate_radps, contact)
    y, S = (H @ x)[:2], (H @ P @ H.T + R)[:2, :2]
    return float(y @ np.linalg.solve(S, y)) / 2.0


def _error_scale(surprise: list[float]) -> float:
    """Return the variance ratio of seen to assumed errors; the median of chi-square(2) / 2 is ln 2."""
    seen = float(np.median(surprise)) / np.log(2.0) if surprise else 0.0
    return (PRIOR_LANDINGS + seen * len(surprise)) / (PRIOR_LANDINGS + len(surprise))


def _contact_model(rate_radps: Floats, contact: RollingContact) -> tuple[Floats, Floats]:
    """Return H and R of rolling without slip: horizontal velocity = rate x (0, 0, height), vertical 0."""
    H = np.zeros((3, STATES))
    H[:, VELOCITY] = np.eye(3)
    H[0, HEIGHT], H[1, HEIGHT] = -rate_radps[1], rate_radps[0]
    rolling, turning = rate_radps[0] ** 2 + rate_radps[1] ** 2, rate_radps[2] ** 2
    reach, height = contact.contact_reach_m**2, contact.height_sd_m**2
    horizontal = height * rolling + reach * turning + contact.speed_sd_mps**2
    vertical = reach * rolling + contact.speed_sd_mps**2
    return H, contact.inflation * np.diag([horizontal, horizontal, vertical])
