"""The motion closest to the target angles that does not slip: a least-squares fit of splines.

1. Unknowns are cubic B-spline coefficients of ten channels: the pitch of the eight segments and the root's x
   and z, in the frame of the ground. Position, velocity and acceleration of any body point then follow
   exactly, and accelerations are continuous.
2. Residuals: joint angles against their targets; heel and toe against their place while in contact; sole
   above the floor in swing; small root accelerations.
3. Gauss-Newton; the normal matrix is banded because a spline only touches its four neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import BSpline
from scipy.linalg import solveh_banded

from fusion.types import SEGMENTS, Floats

CHANNELS = len(SEGMENTS) + 2
ROOT_X, ROOT_Z = len(SEGMENTS), len(SEGMENTS) + 1

_DEGREE = 3
_PER_KNOT = 4


@dataclass(frozen=True, slots=True)
class PointGoal:
    """Where a body point shall be, along one axis.

    Attributes
    ----------
    chain
        Segment indices, shape (c,), and offsets (x, z) in their frames, m, shape (c, 2).
    axis
        0 is x, 1 is z.
    goal_m
        Wanted coordinate, shape (n,).
    sd_m
        Tightness, shape (n,); inf where it does not matter.
    at_least
        The coordinate may exceed the goal.
    """

    segments: tuple[int, ...]
    offsets_m: Floats
    axis: int
    goal_m: Floats
    sd_m: Floats
    at_least: bool = False

    def residual(self, channels: Floats) -> tuple[Floats, Floats]:
        """Return weighted residuals, shape (n,), and their derivative by the channels, shape (n, 10)."""
        pitch = channels[:, list(self.segments)]
        sine, cosine = np.sin(pitch), np.cos(pitch)
        x, z = self.offsets_m.T
        # R_y(pitch) (x, z) = (x cos + z sin, -x sin + z cos)
        along = (x * cosine + z * sine, -x * sine + z * cosine)
        slope = (along[1], -along[0])
        miss = channels[:, ROOT_X + self.axis] + along[self.axis].sum(axis=1) - self.goal_m
        weight = 1.0 / self.sd_m
        if self.at_least:
            weight = np.where(miss < 0.0, weight, 0.0)
        jacobian = np.zeros_like(channels)
        jacobian[:, ROOT_X + self.axis] = weight
        jacobian[:, list(self.segments)] = slope[self.axis] * weight[:, None]
        return miss * weight, jacobian


@dataclass(frozen=True, slots=True)
class LinearGoal:
    """A weighted sum of channels (or of their second derivatives) shall have a value.

    Attributes
    ----------
    row
        Weights of the ten channels, shape (10,).
    goal
        Wanted value, shape (n,).
    """

    row: Floats
    goal: Floats
    sd: float
    derivative: int = 0


class SplineFit:
    """Uniform cubic splines over ``[start_s, end_s]`` and the samples at which goals are set."""

    def __init__(self, start_s: float, end_s: float, knot_rate_hz: float = 40.0) -> None:
        self._intervals = int(np.ceil((end_s - start_s) * knot_rate_hz))
        step_s = 1.0 / knot_rate_hz
        self._knots_s = start_s + step_s * np.arange(-_DEGREE, self._intervals + _DEGREE + 1)
        inside = (np.arange(_PER_KNOT) + 0.5) / _PER_KNOT
        self.time_s: Floats = start_s + step_s * (np.arange(self._intervals)[:, None] + inside[None, :]).ravel()
        self._basis = {order: _local_basis(inside, order, step_s) for order in (0, 2)}

    def solve(self, linear: tuple[LinearGoal, ...], points: tuple[PointGoal, ...], iterations: int = 5) -> BSpline:
        """Return the ten-channel spline that meets the goals best."""
        fixed = self._linear_equations(linear)
        coefficients = self._solve(fixed)
        for _ in range(iterations):
            coefficients = self._solve(self._point_equations(points, coefficients, fixed))
        return BSpline(self._knots_s, coefficients, _DEGREE)

    def _linear_equations(self, goals: tuple[LinearGoal, ...]) -> tuple[Floats, Floats]:
        band, right = self._empty()
        for order in self._basis:
            matrix = np.zeros((CHANNELS, CHANNELS))
            vector = np.zeros((len(self.time_s), CHANNELS))
            for goal in (goal for goal in goals if goal.derivative == order):
                row = goal.row / goal.sd
                matrix += np.outer(row, row)
                vector += row[None, :] * (goal.goal / goal.sd)[:, None]
            everywhere = np.broadcast_to(matrix, (len(self.time_s), CHANNELS, CHANNELS))
            self._add(band, right, everywhere, vector, order)
        return band, right

    def _point_equations(
        self, goals: tuple[PointGoal, ...], coefficients: Floats, fixed: tuple[Floats, Floats]
    ) -> tuple[Floats, Floats]:
        channels = self._values(coefficients)
        matrix = np.zeros((len(self.time_s), CHANNELS, CHANNELS))
        vector = np.zeros((len(self.time_s), CHANNELS))
        for goal in goals:
            residual, jacobian = goal.residual(channels)
            matrix += jacobian[:, :, None] * jacobian[:, None, :]
            # Linearised about the present channels: J y = J y0 - r.
            vector += jacobian * (np.einsum("nc,nc->n", jacobian, channels) - residual)[:, None]
        band, right = fixed[0].copy(), fixed[1].copy()
        self._add(band, right, matrix, vector, 0)
        return band, right

    def _values(self, coefficients: Floats) -> Floats:
        window = np.lib.stride_tricks.sliding_window_view(coefficients, _DEGREE + 1, axis=0)
        samples: Floats = np.einsum("ica,sa->isc", window, self._basis[0])
        return samples.reshape(-1, CHANNELS)

    def _empty(self) -> tuple[Floats, Floats]:
        count = self._intervals + _DEGREE
        return np.zeros((CHANNELS * (_DEGREE + 1), count * CHANNELS)), np.zeros((count, CHANNELS))

    def _add(self, band: Floats, right: Floats, matrix: Floats, vector: Floats, order: int) -> None:
        """Add sample-wise normal equations to the banded ones (lower form of LAPACK)."""
        basis = self._basis[order]
        n = self._intervals
        blocks = matrix.reshape(n, _PER_KNOT, CHANNELS * CHANNELS)
        sums = vector.reshape(n, _PER_KNOT, CHANNELS)
        rows, columns = np.divmod(np.arange(CHANNELS * CHANNELS), CHANNELS)
        first = CHANNELS * np.arange(n)[:, None]
        for a in range(_DEGREE + 1):
            right[a : a + n] += np.einsum("s,isc->ic", basis[:, a], sums)
            for b in range(a + 1):
                block = np.einsum("s,isk->ik", basis[:, a] * basis[:, b], blocks)
                below = CHANNELS * (a - b) + rows - columns
                keep = below >= 0
                band[below[keep], (first + CHANNELS * b + columns)[:, keep]] += block[:, keep]

    @staticmethod
    def _solve(equations: tuple[Floats, Floats]) -> Floats:
        band, right = equations
        return np.asarray(solveh_banded(band, right.ravel(), lower=True)).reshape(right.shape)


def _local_basis(inside: Floats, order: int, step_s: float) -> Floats:
    """Return the four cubic B-splines of an interval (or a derivative) at its samples, shape (s, 4)."""
    knots = np.arange(-_DEGREE, _DEGREE + 2, dtype=np.float64)
    spline = BSpline(knots, np.eye(_DEGREE + 1), _DEGREE)
    return np.asarray(spline(inside, nu=order)) / step_s**order
