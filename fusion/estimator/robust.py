"""One measurement into the filter: gate, reweight, update; and which of two points is left.

A block of at most three rows is judged by its normalised innovation squared d2 = r' S^-1 r:

1. above the chi-square gate it is rejected, and the rejections of that sensor in a row are counted; after
   ``LOCKOUT`` of them the next one is let in with its covariance scaled so that it sits on the gate, so that a
   filter that is wrong recovers instead of locking the sensor out;
2. otherwise its covariance is scaled by (nu + d2) / (nu + m), the weight of a Student-t with nu degrees of
   freedom (Roth, Ozkan & Gustafsson 2013, doi:10.1109/ICASSP.2013.6638776), when that makes it larger.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from fusion.estimator._algebra import inject
from fusion.types import Floats, Samples

LOCKOUT = 6
"""Rejections in a row after which a measurement is let in again."""

ACCEPTED, REJECTED, RESCUED = 0, 1, 2


@njit(cache=True)
def reduce_rows(
    H: Floats, columns: Samples, count: int, rows: Samples, place: Samples, H_free: Floats, free: Samples
) -> int:
    """Copy the free, non-zero columns of the wanted rows; returns how many columns remain."""
    kept = 0
    for k in range(count):
        target = place[columns[k]]
        if target < 0:
            continue
        used = False
        for i in range(rows.shape[0]):
            H_free[i, kept] = H[rows[i], columns[k]]
            used = used or H_free[i, kept] != 0.0
        if used:
            free[kept] = target
            kept += 1
    return kept


@njit(cache=True)
def innovation_covariance(
    P: Floats, H_free: Floats, free: Samples, kept: int, m: int, R: Floats
) -> tuple[Floats, Floats]:
    """Return H P, shape (m, n), and S = H P H' + diag(R), shape (m, m)."""
    n = P.shape[0]
    HP = np.zeros((m, n))
    for i in range(m):
        for k in range(kept):
            h = H_free[i, k]
            if h != 0.0:
                row = P[free[k]]
                for j in range(n):
                    HP[i, j] += h * row[j]
    S = np.zeros((m, m))
    for i in range(m):
        for j in range(m):
            total = 0.0
            for k in range(kept):
                total += H_free[i, k] * HP[j, free[k]]
            S[i, j] = total
        S[i, i] += R[i]
    return HP, S


@njit(cache=True)
def inverse_of(S: Floats) -> Floats:
    """Return the inverse of a symmetric matrix of one, two or three rows; in closed form for one and two."""
    if S.shape[0] == 1:
        return np.full((1, 1), 1.0 / S[0, 0])
    if S.shape[0] == 2:
        inverse = np.empty((2, 2))
        determinant = S[0, 0] * S[1, 1] - S[0, 1] * S[1, 0]
        inverse[0, 0] = S[1, 1] / determinant
        inverse[1, 1] = S[0, 0] / determinant
        inverse[0, 1] = -S[0, 1] / determinant
        inverse[1, 0] = -S[1, 0] / determinant
        return inverse
    inverse = np.empty((3, 3))
    inverse[:, :] = np.linalg.inv(S)
    return inverse


@njit(cache=True)
def update(
    x: Floats,
    P: Floats,
    active: Samples,
    place: Samples,
    H_free: Floats,
    free: Samples,
    kept: int,
    residual: Floats,
    R: Floats,
    gate: float,
    nu: float,
    rejected_before: int,
) -> tuple[float, int]:
    """Take one block of rows into x and P, in place; returns d2 and what became of it.

    ``gate`` <= 0 accepts everything; ``nu`` <= 0 switches the reweighting off.
    """
    m = residual.shape[0]
    HP, S = innovation_covariance(P, H_free, free, kept, m, R)
    S_inverse = inverse_of(S)
    d2 = 0.0
    for i in range(m):
        for j in range(m):
            d2 += residual[i] * S_inverse[i, j] * residual[j]
    outcome = ACCEPTED
    scale = 1.0
    if gate > 0.0 and d2 > gate:
        if rejected_before < LOCKOUT:
            return d2, REJECTED
        outcome = RESCUED
        scale = d2 / gate * 4.0
    elif nu > 0.0 and d2 > m:
        scale = (nu + d2) / (nu + m)
    if scale > 1.0:
        for i in range(m):
            S[i, i] += (scale - 1.0) * R[i]
        S_inverse = inverse_of(S)
    n = P.shape[0]
    gain = np.zeros((m, n))  # K'
    for i in range(m):
        for k in range(m):
            weight, row = S_inverse[i, k], HP[k]
            for j in range(n):
                gain[i, j] += weight * row[j]
    error = np.zeros(place.shape[0])
    for i in range(m):
        for j in range(n):
            error[active[j]] += gain[i, j] * residual[i]
    inject(x, error)
    for i in range(m):
        for a in range(n):
            k = gain[i, a]
            row, seen = P[a], HP[i]
            for b in range(n):
                row[b] -= k * seen[b]
    for a in range(n):
        for b in range(a):
            P[b, a] = P[a, b]
    return d2, outcome
