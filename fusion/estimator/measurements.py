"""What each sensor should read, and how that changes with the state: residual-ready predictions and Jacobians.

Every function fills ``H`` (3 rows over the full error state, zeroed here where it writes) and returns the
prediction; the columns that it touches are written to ``columns`` and their number is returned with it. Segment
chains are rows of ``chain_segments`` (-1 after the end) and ``chain_offsets`` (m, segment axes).

Gyro            M = w + b
Accelerometer   f = R' (a_root + sum_j R_j (alpha_j x r_j + w_j x (w_j x r_j)) - g)
Up              u = R' e_z, the direction of gravity found by a sensor's own attitude filter
Posture         d = log(R_proximal' R_distal), the joint's rotation; proximal = -1 is the world
Point           X(t + d) = p_root + d v_root + h_side + sum_j R_j (r_j + d w_j x r_j),  d = tau + row * line time
Pinhole         u = f_u X_c / Z_c + c_u,  v = f_v Y_c / Z_c + c_v,  X_c = C (X - position)
"""

from __future__ import annotations

import numpy as np
from numba import njit

from fusion.estimator._algebra import cross, log_so3
from fusion.estimator.state import E_HIP, E_SEGMENT, E_STRIDE, E_TAU, X_HIP, X_SEGMENT, X_STRIDE, X_TAU
from fusion.frames import GRAVITY_MPS2
from fusion.types import Floats, Samples

NEAREST_M = 0.05
"""Points closer to the camera plane than this cannot be projected."""


@njit(cache=True)
def _turned_units(v: Floats) -> Floats:
    """Return the matrix whose column i is e_i x v, shape (3, 3)."""
    M = np.zeros((3, 3))
    M[1, 0], M[2, 0] = -v[2], v[1]
    M[0, 1], M[2, 1] = v[2], -v[0]
    M[0, 2], M[1, 2] = -v[1], v[0]
    return M


@njit(cache=True)
def gyro(x: Floats, segment: int, H: Floats, columns: Samples) -> tuple[Floats, int]:
    """Return the predicted gyro reading, rad/s, segment axes, shape (3,), and the touched columns' number."""
    s = X_SEGMENT + X_STRIDE * segment
    e = E_SEGMENT + E_STRIDE * segment
    for i in range(6):
        columns[i] = e + 3 + i if i < 3 else e + 6 + i
    for row in range(3):
        for i in range(6):
            H[row, columns[i]] = 0.0
        H[row, e + 3 + row] = 1.0
        H[row, e + 9 + row] = 1.0
    return x[s + 9 : s + 12] + x[s + 15 : s + 18], 6


@njit(cache=True)
def accelerometer(
    x: Floats, segment: int, chain: Samples, offsets: Floats, H: Floats, columns: Samples
) -> tuple[Floats, int]:
    """Return the predicted specific force, m/s^2, in the axes of the last segment of the chain, shape (3,)."""
    s0 = X_SEGMENT + X_STRIDE * segment
    back = np.ascontiguousarray(x[s0 : s0 + 9].reshape(3, 3).T)
    total = x[6:9].copy()
    total[2] += GRAVITY_MPS2
    count = 3
    for i in range(3):
        columns[i] = 6 + i
        for row in range(3):
            H[row, 6 + i] = back[row, i]
    for j in range(chain.shape[0]):
        if chain[j] < 0:
            break
        s = X_SEGMENT + X_STRIDE * chain[j]
        e = E_SEGMENT + E_STRIDE * chain[j]
        R = x[s : s + 9].reshape(3, 3)
        w, alpha, r = x[s + 9 : s + 12], x[s + 12 : s + 15], offsets[j]
        w_r = cross(w, r)
        local = cross(alpha, r) + cross(w, w_r)
        total += R @ local
        turn = back @ R
        for i in range(9):
            columns[count + i] = e + i
        count += 9
        by_rotation = turn @ _turned_units(local)
        lever = _turned_units(r)
        by_accel = turn @ lever
        whirl = _turned_units(w_r)
        for i in range(3):
            whirl[0, i] += w[1] * lever[2, i] - w[2] * lever[1, i]
            whirl[1, i] += w[2] * lever[0, i] - w[0] * lever[2, i]
            whirl[2, i] += w[0] * lever[1, i] - w[1] * lever[0, i]
        by_rate = turn @ whirl
        for i in range(3):
            for row in range(3):
                H[row, e + i] = by_rotation[row, i]
                H[row, e + 3 + i] = by_rate[row, i]
                H[row, e + 6 + i] = by_accel[row, i]
    f = back @ total
    e = E_SEGMENT + E_STRIDE * segment
    # d(R'c) for a right error of R is  [f]x d : the sensor's own tilt against gravity and acceleration
    H[0, e + 1] += -f[2]
    H[0, e + 2] += f[1]
    H[1, e + 0] += f[2]
    H[1, e + 2] += -f[0]
    H[2, e + 0] += -f[1]
    H[2, e + 1] += f[0]
    return f, count


@njit(cache=True)
def up(x: Floats, segment: int, H: Floats, columns: Samples) -> tuple[Floats, int]:
    """Return the upward direction in segment axes, unit vector, shape (3,), and the touched columns' number."""
    s = X_SEGMENT + X_STRIDE * segment
    e = E_SEGMENT + E_STRIDE * segment
    u = x[s + 6 : s + 9].copy()  # last row of world_from_segment
    for i in range(3):
        columns[i] = e + i
        for row in range(3):
            H[row, e + i] = 0.0
    H[0, e + 1] = -u[2]
    H[0, e + 2] = u[1]
    H[1, e + 0] = u[2]
    H[1, e + 2] = -u[0]
    H[2, e + 0] = -u[1]
    H[2, e + 1] = u[0]
    return u, 3


@njit(cache=True)
def rate(x: Floats, segment: int, H: Floats, columns: Samples) -> tuple[Floats, int]:
    """Return the angular rate of a segment, rad/s, segment axes, shape (3,), and the touched columns' number."""
    s = X_SEGMENT + X_STRIDE * segment
    e = E_SEGMENT + E_STRIDE * segment
    for i in range(3):
        columns[i] = e + 3 + i
        for row in range(3):
            H[row, e + 3 + i] = 1.0 if row == i else 0.0
    return x[s + 9 : s + 12].copy(), 3


@njit(cache=True)
def joint_rotation(x: Floats, proximal: int, distal: int, H: Floats, columns: Samples) -> tuple[Floats, int]:
    """Return the rotation vector from one segment to the next, rad, shape (3,), and the columns' number.

    The Jacobian is that of small rotations off the measured axis; about one axis it is exact.
    """
    s = X_SEGMENT + X_STRIDE * distal
    e = E_SEGMENT + E_STRIDE * distal
    relative = x[s : s + 9].reshape(3, 3).copy()
    count = 3
    for i in range(3):
        columns[i] = e + i
        for row in range(3):
            H[row, e + i] = 1.0 if row == i else 0.0
    if proximal >= 0:
        s = X_SEGMENT + X_STRIDE * proximal
        e = E_SEGMENT + E_STRIDE * proximal
        relative = np.ascontiguousarray(x[s : s + 9].reshape(3, 3).T) @ relative
        count = 6
        for i in range(3):
            columns[3 + i] = e + i
            for row in range(3):
                H[row, e + i] = -relative[i, row]
    return log_so3(relative), count


@njit(cache=True)
def point(
    x: Floats, chain: Samples, offsets: Floats, hip: int, delay_s: float, H: Floats, columns: Samples
) -> tuple[Floats, Floats, int]:
    """Return a body point's world position ``delay_s`` later and its velocity, m and m/s, and the columns."""
    X = x[0:3] + delay_s * x[3:6]
    V = x[3:6].copy()
    count = 6
    for i in range(3):
        columns[i] = i
        columns[3 + i] = 3 + i
        for row in range(3):
            H[row, i] = 1.0 if row == i else 0.0
            H[row, 3 + i] = delay_s if row == i else 0.0
    for j in range(chain.shape[0]):
        if chain[j] < 0:
            break
        s = X_SEGMENT + X_STRIDE * chain[j]
        e = E_SEGMENT + E_STRIDE * chain[j]
        R = x[s : s + 9].reshape(3, 3)
        r = offsets[j]
        w_r = cross(x[s + 9 : s + 12], r)
        moved = r + delay_s * w_r
        X += R @ moved
        V += R @ w_r
        by_rotation = R @ _turned_units(moved)
        by_rate = R @ _turned_units(r)
        for i in range(3):
            columns[count + i] = e + i
            columns[count + 3 + i] = e + 3 + i
            for row in range(3):
                H[row, e + i] = by_rotation[row, i]
                H[row, e + 3 + i] = delay_s * by_rate[row, i]
        count += 6
    if hip >= 0:
        for i in range(3):
            column = E_HIP + 3 * hip + i
            columns[count + i] = column
            X[i] += x[X_HIP + 3 * hip + i]
            for row in range(3):
                H[row, column] = 1.0 if row == i else 0.0
        count += 3
    return X, V, count


@njit(cache=True)
def world_point(
    x: Floats, camera: int, chain: Samples, offsets: Floats, hip: int, H: Floats, columns: Samples
) -> tuple[Floats, Floats, int]:
    """Return where a camera that measures world positions sees a point, its velocity, and the columns."""
    X, V, count = point(x, chain, offsets, hip, x[X_TAU + camera], H, columns)
    columns[count] = E_TAU + camera
    for row in range(3):
        H[row, E_TAU + camera] = V[row]
    return X, V, count + 1


@njit(cache=True)
def pinhole_point(
    x: Floats,
    camera: int,
    chain: Samples,
    offsets: Floats,
    hip: int,
    geometry: Floats,
    line_time_s: float,
    H: Floats,
    columns: Samples,
) -> tuple[Floats, Floats, int]:
    """Return the pixel at which a point appears and its speed in the image, px and px/s, shape (3,) each.

    ``geometry``: focal 2, centre 2, rotation 9, position 3. The third row is unused and zero. A point behind
    the camera gives NaN. The row's own dependence on the state is neglected in ``H``: at walking speed and
    30 ms read-out it is below 1 % of the other terms.
    """
    C = np.ascontiguousarray(geometry[4:13]).reshape(3, 3)
    delay = x[X_TAU + camera]
    X, V, count = point(x, chain, offsets, hip, delay, H, columns)
    Y = C @ (X - geometry[13:16])
    pixel = np.full(3, np.nan)
    if Y[2] <= NEAREST_M:
        return pixel, np.zeros(3), count
    if line_time_s > 0.0:
        # one fixed-point step: the row at which the point is read decides when it is read
        delay += line_time_s * (geometry[1] * Y[1] / Y[2] + geometry[3])
        X, V, count = point(x, chain, offsets, hip, delay, H, columns)
        Y = C @ (X - geometry[13:16])
    D = np.zeros((3, 3))
    D[0, 0] = geometry[0] / Y[2]
    D[0, 2] = -geometry[0] * Y[0] / (Y[2] * Y[2])
    D[1, 1] = geometry[1] / Y[2]
    D[1, 2] = -geometry[1] * Y[1] / (Y[2] * Y[2])
    D = D @ C
    pixel[0] = geometry[0] * Y[0] / Y[2] + geometry[2]
    pixel[1] = geometry[1] * Y[1] / Y[2] + geometry[3]
    pixel[2] = 0.0
    speed = D @ V
    for i in range(count):
        column = np.array([H[0, columns[i]], H[1, columns[i]], H[2, columns[i]]])
        seen = D @ column
        for row in range(3):
            H[row, columns[i]] = seen[row]
    columns[count] = E_TAU + camera
    for row in range(3):
        H[row, E_TAU + camera] = speed[row]
    return pixel, speed, count + 1
