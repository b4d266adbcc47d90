"""Which end of a mediolateral axis is left, and which way a trunk faces: from the asymmetry of the step."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.signal import find_peaks

from fusion.body.placement_axes import lead_s, skewness
from fusion.types import Flags, Floats

_SURE_SKEWNESS = 0.3
_LEAD_S = 0.25
_SURE_LEAD = 0.3
_REST_RADPS = 0.6
_STRIDE_S = (0.5, 2.5)
_STEP_S = (0.3, 1.1)
_STEP_SHARE = 0.5
_SURE_REGULARITY = 0.3
_SURE_CONTRAST = 0.5
_SURE_PHASE = 0.2


def of_swing(rate_radps: Floats) -> tuple[float, bool]:
    """Return the sign that makes ``rate_radps`` a pitch rate, and whether that is sure.

    A leg is carried back for 60 % of the stride and swings forward in the rest, so the forward swing (pitch
    rate negative) has the higher, shorter peak: negative skewness.
    """
    skew = skewness(rate_radps)
    return (-1.0 if skew > 0.0 else 1.0), bool(abs(skew) > _SURE_SKEWNESS)


def of_thigh(thigh: Floats, shank: Floats, use: Flags, rate_hz: float) -> tuple[float, bool]:
    """Return the sign of a thigh's pitch rate from the pitch rate of the shank below it.

    The thigh starts its swing a tenth of a stride before the shank. With the wrong sign the best match lies
    about half a stride away.
    """
    first, last = _span(use)
    a, b = thigh[first:last], shank[first:last]
    score = [_lead_score(sign * a, b, rate_hz) for sign in (1.0, -1.0)]
    return (1.0 if score[0] >= score[1] else -1.0), bool(abs(score[0] - score[1]) > _SURE_LEAD)


def of_foot(
    accel: Floats, rate_radps: Floats, angle_rad: Floats, plane: tuple[Floats, Floats], rate_hz: float
) -> tuple[float, bool]:
    """Return the sign that makes ``plane[0]`` the walking direction of a foot.

    From one stance to the next the foot moves forward. Velocity is zero in both; what the integral of the
    acceleration leaves there is drift and taken out as a line.

    Parameters
    ----------
    accel
        Specific force, sensor axes, m/s^2, shape (n, 3).
    rate_radps, angle_rad
        Pitch rate and pitch about the mean attitude under the assumed sign, shape (n,).
    plane
        Assumed forward and up in sensor axes, each of shape (3,).
    """
    forward, up = plane
    rest = _rest_centres(rate_radps, rate_hz)
    moves = [
        _displacement(accel[a : b + 1] @ np.stack([forward, up], axis=1), angle_rad[a : b + 1] - angle_rad[a])
        / rate_hz**2
        for a, b in pairwise(rest)
        if _STRIDE_S[0] < (b - a) / rate_hz < _STRIDE_S[1]
    ]
    if len(moves) < 2:
        return of_swing(rate_radps)[0], False
    agree = float(np.mean(np.sign(moves)))
    return (1.0 if np.median(moves) >= 0.0 else -1.0), bool(abs(agree) > 0.5)


def forward_of_trunk(accel: Floats, gyro: Floats, use: Flags, up: Floats, rate_hz: float) -> tuple[Floats, bool]:
    """Return the forward direction in sensor axes, shape (3,), and whether it is sure.

    1. The vertical acceleration repeats every step: its autocorrelation gives the step time.
    2. One step apart the forward acceleration and the tilt rate (about left) are the same, the sideways
       acceleration and the obliquity rate (about forward) opposite. The line of walking is the horizontal
       direction that agrees best with both.
    3. The body is fastest where it is lowest, so forward acceleration leads the vertical one by a quarter of
       a step: it goes with the vertical's rate of change (inverted pendulum; Zijlstra & Hof 2003).
    """
    first, last = _span(use)
    accel, gyro = accel[first:last], gyro[first:last]
    vertical = accel @ up - np.mean(accel @ up)
    step, regularity = _step_samples(vertical, rate_hz)
    side = np.cross(up, np.eye(3)[int(np.argmin(np.abs(up)))])
    side /= np.linalg.norm(side)
    plane = np.stack([side, np.cross(up, side)])
    quarter = np.array([[0.0, -1.0], [1.0, 0.0]])
    repeats = _repeating(accel @ plane.T, step) + quarter.T @ _repeating(gyro @ plane.T, step) @ quarter
    values, vectors = np.linalg.eigh(repeats)
    direction = vectors[:, -1]
    level = accel @ plane.T @ direction
    match = float(np.corrcoef(level, np.gradient(vertical))[0, 1])
    forward = plane.T @ direction * (1.0 if match >= 0.0 else -1.0)
    clear = float(values[-1] - values[0]) > _SURE_CONTRAST and abs(match) > _SURE_PHASE
    return np.asarray(forward), bool(regularity > _SURE_REGULARITY and clear)


def _repeating(level: Floats, step: int) -> Floats:
    """Share of the power that repeats after a step minus the share that alternates, shape (2, 2)."""
    centred = level - level.mean(axis=0)
    same, opposite = centred[step:] + centred[:-step], centred[step:] - centred[:-step]
    power = 2.0 * max(float(np.sum(centred**2)), 1e-12)
    return np.asarray((same.T @ same - opposite.T @ opposite) / power)


def _lead_score(thigh: Floats, shank: Floats, rate_hz: float) -> float:
    lag_s, score = lead_s(thigh, shank, rate_hz, _LEAD_S)
    return score if lag_s >= 0.0 else min(score, 0.0)


def _span(use: Flags) -> tuple[int, int]:
    where = np.flatnonzero(use)
    return int(where[0]), int(where[-1]) + 1


def _rest_centres(rate_radps: Floats, rate_hz: float) -> list[int]:
    """Middle sample of each spell of at least 0.1 s without rotation."""
    rest = np.concatenate([[False], np.abs(rate_radps) < _REST_RADPS, [False]])
    edges = np.flatnonzero(np.diff(rest.astype(np.int8)))
    spells = zip(edges[::2], edges[1::2], strict=True)
    return [int((a + b) // 2) for a, b in spells if b - a > 0.1 * rate_hz]


def _displacement(force: Floats, angle_rad: Floats) -> float:
    """Forward displacement, m times rate squared, of specific force along (forward, up) of the foot."""
    level = np.cos(angle_rad) * force[:, 0] + np.sin(angle_rad) * force[:, 1]
    velocity = np.cumsum(level)
    velocity = velocity - np.linspace(velocity[0], velocity[-1], len(velocity))
    return float(velocity.sum())


def _step_samples(vertical: Floats, rate_hz: float) -> tuple[int, float]:
    """Step time in samples and the autocorrelation there."""
    low, high = round(_STEP_S[0] * rate_hz), round(_STEP_S[1] * rate_hz)
    high = min(high, len(vertical) // 2)
    power = max(float(np.mean(vertical**2)), 1e-9)
    score = np.array([np.mean(vertical[lag:] * vertical[:-lag]) / power for lag in range(low, high)])
    peaks, _ = find_peaks(score)
    # A limping step differs from the next one and the stride wins; the first high peak is still the step.
    high_peaks = [int(peak) for peak in peaks if score[peak] > _STEP_SHARE * score.max()]
    best = high_peaks[0] if high_peaks else int(np.argmax(score))
    return low + best, float(score[best])
