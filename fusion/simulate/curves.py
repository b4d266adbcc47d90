"""Mean sagittal joint angles of people without impairment, by speed, as Fourier coefficients.

Source: Schwartz, Rozumalski & Trost (2008), The effect of walking speed on the gait of typically developing
children, J Biomech 41:1639-1650, doi:10.1016/j.jbiomech.2008.03.015: mean pelvic tilt and hip, knee and ankle
angle in five groups of non-dimensional speed v / sqrt(g L). Each mean curve (51 points per cycle) was closed
by a linear ramp and expanded by a discrete Fourier transform; 8 harmonics stay within 0.7 deg of it.
Normalising the speed makes the curves of different leg lengths comparable, so they stand for adults as well.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.interpolate import CubicSpline

from fusion.types import Floats

SPEED_GROUPS = (0.159, 0.295, 0.432, 0.568, 0.704)
"""Centre of each speed group, non-dimensional (the groups part at 0.227, 0.363, 0.500 and 0.636)."""

FOOT_OFF = (0.68, 0.62, 0.59, 0.58, 0.56)
"""Final contact, fraction of the cycle, of the same groups (ibid., cycle events)."""

_COEFFICIENTS_DEG: dict[str, str] = {
    "pelvis": """
        11.98 -0.02 0.02 -0.08 0.36 0.02 0 -0.01 0 0 0 0 0.02 0 0 -0.01 0.01
        11.05 -0.01 -0.04 0.4 -0.25 0 -0.01 0.06 -0.05 0 0 -0.01 0.05 0 0 0 0.01
        11.59 0.02 0.01 0.41 -0.75 0 -0.01 0.15 -0.05 0 0 -0.05 0.05 0 0 -0.02 0.02
        13.25 -0.02 0.05 0.12 -1.13 0 -0.01 0.25 0.01 0 0.01 -0.05 0.05 0 0 -0.03 0.02
        16.59 -0.08 0 -0.12 -1.63 -0.02 -0.01 0.29 0.08 -0.01 0.01 -0.02 0.05 0 0.01 -0.04 0.01
    """,
    "hip": """
        16.78 14.2 -1.12 -0.09 -3.07 -0.49 0.47 0.02 -0.07 -0.15 0.03 -0.01 0.03 -0.02 -0.02 -0.03 -0.02
        17.7 17.41 -3.34 -2.16 -2.45 -0.07 1.48 0.09 -0.17 -0.24 0.2 0.07 0.1 -0.04 -0.03 0.01 0.01
        18.44 20.86 -3.31 -3.15 -1.6 -0.11 1.58 -0.11 -0.11 -0.28 0.24 -0.02 0.08 -0.05 -0.01 0 0.02
        20 24 -3.51 -3.91 -0.99 -0.09 1.65 -0.13 -0.09 -0.23 0.2 -0.06 0.02 -0.05 -0.02 -0.02 0
        22.43 25.69 -5.26 -4.31 -1.37 -0.33 1.37 -0.2 -0.05 -0.17 0.09 -0.04 -0.02 -0.01 -0.03 -0.02 -0.02
    """,
    "knee": """
        16.13 -0.35 -15.46 -9.39 -0.37 -1.69 3.65 0.19 0.7 -0.23 0.32 0.01 0.22 0.03 0.06 0.01 0.02
        20.02 -2.94 -18.28 -12.21 4.5 -0.04 4.59 -0.17 0.3 -0.48 0.6 0.13 0.26 0.03 0.01 0.05 0.02
        22.87 -1.91 -18.81 -13.64 6.97 -0.7 4.29 -0.87 0.62 -0.55 0.72 0.07 0.19 -0.05 0.02 0.04 0.03
        24 -0.39 -19.09 -14.04 9.03 -0.74 4.17 -1.13 0.5 -0.51 0.67 0.01 0.04 -0.08 -0.03 0.05 0.01
        23.42 1.11 -21.72 -13.83 9.1 -0.83 3.61 -1.3 0.33 -0.34 0.47 0.01 -0.1 -0.04 -0.06 0.07 -0.03
    """,
    "ankle": """
        3.15 -6.09 1.15 1.83 -3.33 -2.74 -1.75 -0.14 0.92 0.52 -0.27 0.03 -0.11 0.2 0.01 0.17 -0.11
        2 -4.97 4.14 1.81 -5.9 -4.3 -0.19 1.6 1.25 0.36 -1.44 -0.2 0.26 0.63 -0.11 0.05 -0.27
        0.75 -2.05 7.02 0.81 -7.25 -4.6 0.84 2.2 0.22 -0.53 -1.39 0.26 0.54 0.52 -0.5 -0.08 -0.05
        -0.63 0.15 7.37 -1.14 -7.54 -4.16 1.68 2.08 -0.79 -0.94 -0.88 0.6 0.33 0.2 -0.56 0.04 0.11
        -1.3 2.5 6.51 -3.37 -7.72 -2.99 1.93 1.36 -1.34 -0.7 -0.33 0.58 -0.06 0.03 -0.31 0.17 0.05
    """,
}
"""One line per speed group: mean, cosine and sine of harmonics 1 to 8, deg; 0 is initial contact."""

JOINTS = tuple(_COEFFICIENTS_DEG)

RUNNING_FOOT_OFF = 0.38
"""Final contact of running at about 3 m/s, fraction of the cycle (Novacheck 1998, Gait & Posture 7:77)."""

_RUNNING_DEG: dict[str, str] = {
    "pelvis": "0:15 .1:16 .25:14 .4:17 .5:15 .6:16 .75:14 .9:17",
    "hip": "0:38 .08:36 .12:33 .2:26 .3:11 .4:0 .45:1 .55:18 .65:36 .75:47 .82:50 .9:47",
    "knee": "0:15 .08:29 .13:37 .19:41 .28:34 .36:22 .4:20 .48:40 .58:75 .66:91 .71:92 .78:78 .88:38 .95:17",
    "ankle": "0:5 .05:5 .12:16 .2:24 .26:21 .34:-3 .4:-18 .45:-17 .55:-2 .65:5 .75:6 .9:5",
}
"""Key points (phase:angle) of running at about 3 m/s, rounded after the figures of Novacheck (1998) and of Fukuchi
et al. (2017, PeerJ 5:e3298): a shape for simulation, no norm. Mid-stance knee 41 deg, swing knee 92 deg."""


def foot_off_fraction(speed: float) -> float:
    """Return the final contact as a fraction of the cycle at a non-dimensional speed."""
    return float(np.interp(speed, SPEED_GROUPS, FOOT_OFF))


def coefficients_deg(joint: str, speed: float) -> Floats:
    """Return Fourier coefficients between two speed groups, deg, shape (17,).

    Parameters
    ----------
    joint
        ``"pelvis"``, ``"hip"``, ``"knee"`` or ``"ankle"``.
    speed
        Non-dimensional walking speed; beyond the groups the outermost group holds.
    """
    lines = _COEFFICIENTS_DEG[joint].strip().splitlines()
    table = np.array([line.split() for line in lines], dtype=np.float64)
    return np.array([np.interp(speed, SPEED_GROUPS, column) for column in table.T])


def curve_deg(coefficients: Floats, phase: Floats) -> Floats:
    """Return the Fourier series at gait phases (1 = one cycle), deg, shape of ``phase``."""
    value = np.full(np.shape(phase), coefficients[0])
    for harmonic in range(1, (len(coefficients) + 1) // 2):
        turn = 2.0 * np.pi * harmonic * phase
        cosine, sine = coefficients[2 * harmonic - 1], coefficients[2 * harmonic]
        value += cosine * np.cos(turn) + sine * np.sin(turn)
    return value


@cache
def _running_series(joint: str) -> tuple[float, ...]:
    points = np.array([item.split(":") for item in _RUNNING_DEG[joint].split()], dtype=np.float64)
    closed = np.vstack([points, [1.0, points[0, 1]]])
    spline = CubicSpline(closed[:, 0], closed[:, 1], bc_type="periodic")
    spectrum = np.fft.rfft(spline(np.arange(200) / 200.0)) / 200.0
    pairs = [(2.0 * spectrum[k].real, -2.0 * spectrum[k].imag) for k in range(1, 9)]
    return (float(spectrum[0].real), *(float(value) for pair in pairs for value in pair))


def running_coefficients_deg(joint: str) -> Floats:
    """Return Fourier coefficients of running, deg, shape (17,)."""
    return np.array(_running_series(joint))
