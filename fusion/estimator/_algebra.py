"""Compiled small algebra on the manifold: rotations, and moving between nominal and error state."""

from __future__ import annotations

import numpy as np
from numba import njit

from fusion.estimator.state import E_HIP, E_SEGMENT, E_STRIDE, N_SEGMENTS, X_HIP, X_SEGMENT, X_STRIDE
from fusion.types import Floats


@njit(cache=True)
def exp_so3(v: Floats) -> Floats:
    """Return the rotation matrix of a rotation vector (Rodrigues)."""
    angle = np.sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2])
    if angle < 1e-9:
        a, b = 1.0, 0.5
    else:
        a = np.sin(angle) / angle
        b = (1.0 - np.cos(angle)) / (angle * angle)
    x, y, z = v[0], v[1], v[2]
    out = np.empty((3, 3))
    out[0, 0] = 1.0 - b * (y * y + z * z)
    out[1, 1] = 1.0 - b * (x * x + z * z)
    out[2, 2] = 1.0 - b * (x * x + y * y)
    out[0, 1] = b * x * y - a * z
    out[1, 0] = b * x * y + a * z
    out[0, 2] = b * x * z + a * y
    out[2, 0] = b * x * z - a * y
    out[1, 2] = b * y * z - a * x
    out[2, 1] = b * y * z + a * x
    return out


@njit(cache=True)
def log_so3(R: Floats) -> Floats:
    """Return the rotation vector of a rotation matrix; angles below pi."""
    v = np.array([R[2, 1] - R[1, 2], R[0, 2] - R[2, 0], R[1, 0] - R[0, 1]])
    sine = 0.5 * np.sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2])
    cosine = 0.5 * (R[0, 0] + R[1, 1] + R[2, 2] - 1.0)
    angle = np.arctan2(sine, cosine)
    scale = 0.5 if sine < 1e-9 else 0.5 * angle / sine
    for i in range(3):
        v[i] *= scale
    return v


@njit(cache=True)
def right_jacobian(v: Floats) -> Floats:
    """Return J with Exp(v + d) = Exp(v) Exp(J d) for small d (Sola et al. 2018, arXiv:1812.01537, eq. 143)."""
    square = v[0] * v[0] + v[1] * v[1] + v[2] * v[2]
    angle = np.sqrt(square)
    if angle < 1e-4:
        a, b = 0.5 - square / 24.0, 1.0 / 6.0 - square / 120.0
    else:
        a, b = (1.0 - np.cos(angle)) / square, (angle - np.sin(angle)) / (square * angle)
    J = np.empty((3, 3))
    for i in range(3):
        for j in range(3):
            J[i, j] = b * v[i] * v[j]
        J[i, i] += 1.0 - b * square
    J[0, 1] += a * v[2]
    J[1, 0] -= a * v[2]
    J[0, 2] -= a * v[1]
    J[2, 0] += a * v[1]
    J[1, 2] += a * v[0]
    J[2, 1] -= a * v[0]
    return J


@njit(cache=True)
def cross(a: Floats, b: Floats) -> Floats:
    """Return a x b."""
    return np.array([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])


@njit(cache=True)
def turn_by(R: Floats, v: Floats) -> None:
    """Replace R by R Exp(v), in place; a turn about y alone, all that a planar filter knows, needs no matrix."""
    if v[0] == 0.0 and v[2] == 0.0:
        if v[1] == 0.0:
            return
        sine, cosine = np.sin(v[1]), np.cos(v[1])
        for i in range(3):
            forward, up = R[i, 0], R[i, 2]
            R[i, 0] = cosine * forward - sine * up
            R[i, 2] = sine * forward + cosine * up
        return
    turned = R @ exp_so3(v)
    for i in range(3):
        for j in range(3):
            R[i, j] = turned[i, j]


@njit(cache=True)
def inject(x: Floats, error: Floats) -> None:
    """Add an error-state vector, shape (115 + cameras,), to the nominal state in place."""
    for i in range(9):
        x[i] += error[i]
    for segment in range(N_SEGMENTS):
        e = E_SEGMENT + E_STRIDE * segment
        s = X_SEGMENT + X_STRIDE * segment
        turn_by(x[s : s + 9].reshape(3, 3), error[e : e + 3])
        for i in range(9):
            x[s + 9 + i] += error[e + 3 + i]
    for i in range(x.shape[0] - X_HIP):
        x[X_HIP + i] += error[E_HIP + i]


@njit(cache=True)
def difference(x1: Floats, x0: Floats) -> Floats:
    """Return the error-state vector that takes x0 to x1, shape (115 + cameras,)."""
    error = np.zeros(E_HIP + x1.shape[0] - X_HIP)
    for i in range(9):
        error[i] = x1[i] - x0[i]
    for segment in range(N_SEGMENTS):
        e = E_SEGMENT + E_STRIDE * segment
        s = X_SEGMENT + X_STRIDE * segment
        relative = np.ascontiguousarray(x0[s : s + 9].reshape(3, 3).T) @ x1[s : s + 9].reshape(3, 3)
        error[e : e + 3] = log_so3(relative)
        for i in range(9):
            error[e + 3 + i] = x1[s + 9 + i] - x0[s + 9 + i]
    for i in range(x1.shape[0] - X_HIP):
        error[E_HIP + i] = x1[X_HIP + i] - x0[X_HIP + i]
    return error
