"""Bias, scale and misalignment from rests on the faces of the case and from whole turns.

Model, reading = S true + b, in the axes of the case. What is stored is its inverse: matrix = S^-1, bias = b.

1. Accelerometer: a face that lies on a surface makes the specific force g (n + t) / |n + t|, with n the face's normal
   and t the tilt of the surface seen by the case. After half a turn on the same spot t has the opposite sign, so
   pairs of rests tell the tilt from the misalignment. S, b and the tilts are found together by least squares.
2. Gyroscope: its bias is the reading at rest. Turned flat on a surface by k whole turns, the true angle is 2 pi k
   about the face's normal, whatever the speed, so the integral of the reading is a column of S.

References
----------
.. [1] Tedaldi, Pretto, Menegatti (2014), A robust and easy to implement method for IMU calibration without external
   equipments, ICRA, doi:10.1109/ICRA.2014.6907297 (sensor model; here the faces replace its free poses).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares
from scipy.stats import t as student_t

from fusion.errors import SignalError
from fusion.frames import GRAVITY_MPS2
from fusion.types import Floats

MOST_SCALE_ERROR = 0.05
MOST_ACCEL_BIAS_MPS2 = 1.5
MOST_GYRO_BIAS_RADPS = float(np.radians(10.0))
MOST_TILT_RAD = float(np.radians(5.0))
MOST_RESIDUAL_MPS2 = 0.05
"""Repeated rests that differ by more were not still, or not on one spot: 0.05 m/s^2 is a tilt of 0.3 deg."""

MOST_TURN_DISAGREEMENT = 0.005
"""Both directions must give one scale: five turns that end 9 deg off the edge differ by so much."""

_FEWEST_TURNS = 2


@dataclass(frozen=True, slots=True)
class Face:
    """A face of the case: the axis that points up (0, 1, 2) and its sign."""

    axis: int
    sign: int

    def __str__(self) -> str:
        """Return the mark on the case, such as ``+x``."""
        return f"{'+' if self.sign > 0 else '-'}{'xyz'[self.axis]}"

    @property
    def normal(self) -> Floats:
        """Return the unit vector that points up, shape (3,)."""
        vector = np.zeros(3)
        vector[self.axis] = self.sign
        return vector


@dataclass(frozen=True, slots=True)
class Rest:
    """Mean readings of a rest.

    Attributes
    ----------
    is_turned
        The second rest of a pair, after half a turn on the same spot.
    accel_mps2, gyro_radps
        Shape (3,).
    """

    face: Face
    is_turned: bool
    accel_mps2: Floats
    gyro_radps: Floats


@dataclass(frozen=True, slots=True)
class Turn:
    """Whole turns flat on a surface.

    Attributes
    ----------
    angle_rad
        Integral of the reading without its bias, shape (3,).
    turns
        Their true number about the face's normal, anticlockwise positive seen from above.
    """

    face: Face
    angle_rad: Floats
    turns: int


@dataclass(frozen=True, slots=True)
class AccelFit:
    """Accelerometer: correction, half-widths of 95 % intervals, and how well the rests agree.

    Attributes
    ----------
    bias_mps2, bias_half_mps2
        Shape (3,).
    matrix, matrix_half
        S^-1, shape (3, 3); half-widths of S, to first order those of S^-1: scale on the diagonal, rad beside it.
    tilt_rad
        Largest tilt of the surface; NaN when the surface was taken as level.
    residual_mps2
        Root mean square of what the model leaves.
    """

    bias_mps2: Floats
    bias_half_mps2: Floats
    matrix: Floats
    matrix_half: Floats
    tilt_rad: float
    residual_mps2: float


@dataclass(frozen=True, slots=True)
class GyroFit:
    """Gyroscope: correction and half-widths of 95 % intervals.

    Attributes
    ----------
    bias_radps, bias_half_radps
        Shape (3,).
    matrix
        S^-1, shape (3, 3).
    disagreement
        Largest difference between clockwise and anticlockwise turns, as a share of the angle.
    """

    bias_radps: Floats
    bias_half_radps: Floats
    matrix: Floats
    disagreement: float


def fit_accel(rests: Sequence[Rest], *, level: bool = False) -> AccelFit:
    """Return bias and matrix of the accelerometer.

    Parameters
    ----------
    rests
        All six faces; each before and after half a turn unless ``level``.
    level
        The surface is known to be level: one rest on each face is enough.

    Raises
    ------
    SignalError
        A face is missing, or what was found cannot be a working sensor at rest on one spot.
    """
    faces = sorted({rest.face for rest in rests}, key=lambda face: (face.axis, face.sign))
    wanted = {(face, turned) for face in faces for turned in ((False,) if level else (False, True))}
    if len(faces) != 6 or not wanted <= {(rest.face, rest.is_turned) for rest in rests}:
        got = ", ".join(map(str, faces))
        need = "once" if level else "twice, half a turn apart"
        raise SignalError(f"the accelerometer needs rests on all six faces, each {need}; got {got}. Calibrate again.")
    read = np.array([rest.accel_mps2 for rest in rests]) / GRAVITY_MPS2
    normal = np.array([rest.face.normal for rest in rests])
    place = np.array([faces.index(rest.face) for rest in rests])
    sign = np.array([-1.0 if rest.is_turned else 1.0 for rest in rests])
    start = np.concatenate([np.eye(3).ravel(), np.zeros(3), np.zeros(0 if level else 12)])

    def residuals(x: Floats) -> Floats:
        up = normal + _tilts(x[12:], faces, level)[place] * sign[:, None]
        up /= np.linalg.norm(up, axis=1, keepdims=True)
        return np.asarray((up @ x[:9].reshape(3, 3).T + x[9:12] - read).ravel())

    found = least_squares(residuals, start, method="lm", x_scale=0.01)
    half = _half_widths(np.asarray(found.jac), found.fun)
    tilt = _tilts(found.x[12:], faces, level)
    fit = AccelFit(
        found.x[9:12] * GRAVITY_MPS2,
        half[9:12] * GRAVITY_MPS2,
        _inverse(found.x[:9].reshape(3, 3)),
        half[:9].reshape(3, 3),
        np.nan if level else float(np.linalg.norm(tilt, axis=1).max()),
        float(np.sqrt(np.mean(found.fun**2))) * GRAVITY_MPS2,
    )
    _check_accel(fit)
    return fit


def fit_gyro(rests: Sequence[Rest], turns: Sequence[Turn]) -> GyroFit:
    """Return bias and matrix of the gyroscope.

    Parameters
    ----------
    rests
        Three or more.
    turns
        In both directions about each of the three axes.

    Raises
    ------
    SignalError
        A turn is missing, or what was found cannot be a working sensor.
    """
    still = np.array([rest.gyro_radps for rest in rests])
    if len(still) < 3:
        raise SignalError(f"the bias of the gyroscope needs three rests; got {len(still)}. Calibrate again.")
    half = student_t.ppf(0.975, len(still) - 1) * still.std(axis=0, ddof=1) / np.sqrt(len(still))
    columns, disagreement = np.empty((3, 3)), 0.0
    for axis in range(3):
        forth, back = (_turned(turns, axis, direction) for direction in (1, -1))
        columns[:, axis] = 0.5 * (forth + back)
        disagreement = max(disagreement, float(np.abs(forth - back).max()))
    fit = GyroFit(still.mean(axis=0), np.asarray(half, dtype=np.float64), _inverse(columns), disagreement)
    _check_gyro(fit, columns)
    return fit


def _turned(turns: Sequence[Turn], axis: int, direction: int) -> Floats:
    """Return reading per true angle about an axis, shape (3,)."""
    true, angle = 0.0, np.zeros(3)
    for turn in turns:
        count = turn.turns * turn.face.sign  # about the axis, not about up
        if turn.face.axis == axis and np.sign(turn.turns) == direction:
            true += 2.0 * np.pi * count
            angle += turn.angle_rad
    if abs(true) < 2.0 * np.pi * _FEWEST_TURNS:
        way = "anticlockwise" if direction > 0 else "clockwise"
        raise SignalError(
            f"the gyroscope needs at least {_FEWEST_TURNS} whole turns {way} about {'xyz'[axis]}. Calibrate again."
        )
    return angle / true


def _tilts(values: Floats, faces: Sequence[Face], level: bool) -> Floats:
    """Return the tilt under each face before the half turn: two components across the normal, shape (6, 3)."""
    tilts = np.zeros((len(faces), 3))
    if not level:
        for row, (face, pair) in enumerate(zip(faces, values.reshape(-1, 2), strict=True)):
            tilts[row, [axis for axis in range(3) if axis != face.axis]] = pair
    return tilts


def _half_widths(jacobian: Floats, residual: Floats) -> Floats:
    """Return half-widths of the 95 % intervals of a least-squares fit, from the scatter that it leaves."""
    freedom = len(residual) - jacobian.shape[1]
    variance = float(residual @ residual) / freedom
    covariance = variance * np.linalg.inv(jacobian.T @ jacobian)
    return np.asarray(student_t.ppf(0.975, freedom) * np.sqrt(np.diag(covariance)))


def _check_accel(fit: AccelFit) -> None:
    if fit.residual_mps2 > MOST_RESIDUAL_MPS2:
        raise SignalError(
            f"the rests disagree by {fit.residual_mps2:.3f} m/s^2 (at most {MOST_RESIDUAL_MPS2:g}). Use a hard, flat "
            "surface, one spot, let go of the case, and calibrate again."
        )
    if fit.tilt_rad > MOST_TILT_RAD:
        raise SignalError(
            f"the surface seems tilted by {np.degrees(fit.tilt_rad):.1f} deg (at most 5). Choose a level one."
        )
    if np.abs(fit.bias_mps2).max() > MOST_ACCEL_BIAS_MPS2 or _scale_error(fit.matrix) > MOST_SCALE_ERROR:
        raise SignalError(
            f"bias {np.abs(fit.bias_mps2).max():.2f} m/s^2 and scale or axis error {_scale_error(fit.matrix):.1%} "
            "are no working accelerometer's. Check that the marks on the case are right; else replace the board."
        )


def _check_gyro(fit: GyroFit, columns: Floats) -> None:
    if fit.disagreement > MOST_TURN_DISAGREEMENT:
        raise SignalError(
            f"clockwise and anticlockwise turns differ by {fit.disagreement:.2%} (at most "
            f"{MOST_TURN_DISAGREEMENT:.1%}). End each turn against the same edge, and calibrate again."
        )
    if np.abs(fit.bias_radps).max() > MOST_GYRO_BIAS_RADPS or _scale_error(columns) > MOST_SCALE_ERROR:
        raise SignalError(
            f"bias {np.degrees(np.abs(fit.bias_radps).max()):.2f} deg/s and scale or axis error "
            f"{_scale_error(columns):.1%} are no working gyroscope's. Calibrate again; else replace the board."
        )


def _inverse(matrix: Floats) -> Floats:
    return np.asarray(np.linalg.inv(matrix), dtype=np.float64)


def _scale_error(matrix: Floats) -> float:
    return float(np.abs(matrix - np.eye(3)).max())
