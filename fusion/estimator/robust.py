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
    """Return P H' (n, m) and S = H P H' + diag(R) (m, m)."""
    n = P.shape[0]
    PHt = np.zeros((n, m))
    for i in range(m):
        for k in range(kept):
            h = H_free[i, k]
            if h != 0.0:
                for j in range(n):
                    PHt[j, i] += h * P[j, free[k]]
    S = np.zeros((m, m))
    for i in range(m):
        for j in range(m):
            total = 0.0
            for k in range(kept):
                total += H_free[i, k] * PHt[free[k], j]
            S[i, j] = total
        S[i, i] += R[i]
    return PHt, S


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
    PHt, S = innovation_covariance(P, H_free, free, kept, m, R)
    S_inverse = np.linalg.inv(S)
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
        S_inverse = np.linalg.inv(S)
    n = P.shape[0]
    K = PHt @ S_inverse
    error = np.zeros(place.shape[0])
    for j in range(n):
        total = 0.0
        for i in range(m):
            total += K[j, i] * residual[i]
        error[active[j]] = total
    inject(x, error)
    for a in range(n):
        for b in range(a + 1):
            total = P[a, b]
            for i in range(m):
                total -= K[a, i] * PHt[b, i]
            P[a, b] = total
            P[b, a] = total
    return d2, outcome
