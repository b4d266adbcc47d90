"""The backward pass: Rauch-Tung-Striebel smoothing on the manifold, with the stored priors.

With x-, P- the prior and x, P the posterior at event k (Rauch, Tung & Striebel 1965; on manifolds: Bourmaud et al.
2015, doi:10.1007/s10851-014-0517-0):

    G = P_k F' (P-_{k+1})^-1
    x^s_k = x_k (+) G (x^s_{k+1} (-) x-_{k+1}),   P^s_k = P_k + G (P^s_{k+1} - P-_{k+1}) G'

Where the gait phase was found or lost after event k, the step forgot it: F has no entry in its columns there, and
nothing of what came later tells about the phase before.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from fusion.estimator._algebra import difference, inject
from fusion.estimator._gait_law import FORGET, LAW_PHASE
from fusion.estimator.process import transition
from fusion.estimator.state import E_PHASE, X_PHASE
from fusion.types import Floats, Samples


@njit(cache=True)
def backward(
    active: Samples,
    place: Samples,
    process: Floats,
    event_time_s: Floats,
    x_prior: Floats,
    P_prior: Floats,
    x_post: Floats,
    P_post: Floats,
    law: Floats,
) -> None:
    """Smooth in place: ``x_post`` and ``P_post`` become the smoothed states and covariances."""
    n = active.shape[0]
    free = np.empty(n)
    for k in range(event_time_s.shape[0] - 2, -1, -1):
        dt = event_time_s[k + 1] - event_time_s[k]
        correction = difference(x_post[k + 1], x_prior[k + 1])
        for i in range(n):
            free[i] = correction[active[i]]
        change = np.zeros(place.shape[0])
        if dt > 0.0:
            left = x_post[k].copy()
            if law[k + 1, FORGET] > 0.0:
                left[X_PHASE : X_PHASE + 3] = law[k + 1, LAW_PHASE : LAW_PHASE + 3]
            F = transition(left, dt, active, place, process, law[k + 1])
            if law[k + 1, FORGET] > 0.0:
                for i in range(3):
                    F[:, place[E_PHASE + i]] = 0.0
            G = np.ascontiguousarray(np.linalg.solve(P_prior[k + 1], F @ P_post[k]).T)
            step = G @ free
            spread = P_post[k] + G @ (P_post[k + 1] - P_prior[k + 1]) @ np.ascontiguousarray(G.T)
            for i in range(n):
                for j in range(n):
                    P_post[k, i, j] = 0.5 * (spread[i, j] + spread[j, i])
        else:
            step = free.copy()
            P_post[k] = P_post[k + 1]
        for i in range(n):
            change[active[i]] = step[i]
        inject(x_post[k], change)
