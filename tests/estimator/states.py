"""Random states, chains and finite differences on the manifold."""

from __future__ import annotations

import numpy as np

from fusion.estimator._algebra import inject
from fusion.estimator._gait_law import LAW_SIZE
from fusion.estimator.filter import KINDS, Belief
from fusion.estimator.gait_prior import new_memory
from fusion.estimator.inputs import Settings
from fusion.estimator.process import TURN_DENSITY
from fusion.estimator.state import E_HIP, E_SEGMENT, E_STRIDE, E_TAU, N_SEGMENTS, initial_state
from fusion.types import Floats, Samples

CAMERAS = 2
STEP = 1e-5
NO_LAW = np.zeros(LAW_SIZE)
"""Every segment follows the Singer model."""


def random_state(rng: np.random.Generator, *, planar: bool = False) -> Floats:
    """Return a body in the middle of a movement: turned, turning and accelerating in every free direction."""
    x = initial_state(CAMERAS)
    error = np.zeros(E_TAU + CAMERAS)
    error[:9] = rng.normal(0.0, [1.0] * 3 + [1.5] * 3 + [4.0] * 3)
    for segment in range(N_SEGMENTS):
        start = E_SEGMENT + E_STRIDE * segment
        error[start : start + E_STRIDE] = rng.normal(0.0, np.repeat([0.8, 5.0, 40.0, 0.02], 3))
        if planar:
            error[start : start + E_STRIDE].reshape(4, 3)[:, [0, 2]] = 0.0
    error[E_HIP:] = rng.normal(0.0, [0.03] * 6 + [1.0] * 3 + [0.5] + [0.02] * CAMERAS)
    inject(x, error)
    return x


def numeric(measure, x: Floats) -> Floats:
    """Return the Jacobian of ``measure(x)`` over the full error state by central differences."""
    size = E_TAU + CAMERAS
    columns = []
    for index in range(size):
        ends = []
        for sign in (1.0, -1.0):
            moved, error = x.copy(), np.zeros(size)
            error[index] = sign * STEP
            inject(moved, error)
            ends.append(measure(moved))
        columns.append((ends[0] - ends[1]) / (2.0 * STEP))
    return np.stack(columns, axis=1)


def analytic(fill) -> Floats:
    """Return the Jacobian that ``fill(H, columns)`` writes; columns that it touches must be written."""
    H = np.full((3, E_TAU + CAMERAS), np.nan)
    columns = np.zeros(E_TAU + CAMERAS + 8, dtype=np.int64)
    touched = columns[: fill(H, columns)]
    assert len(set(touched.tolist())) == len(touched)
    out = np.zeros_like(H)
    out[:, touched] = H[:, touched]
    return out


def places(active: Samples) -> Samples:
    """Return error state -> row of the covariance, -1 where it is not free."""
    place = np.full(E_TAU + CAMERAS, -1, dtype=np.int64)
    place[active] = np.arange(active.size)
    return place


def process_parameters(settings: Settings | None = None) -> Floats:
    """Return correlation times and densities in the order that ``process`` documents."""
    s = settings or Settings()
    turn = [2.0 * 50.0**2 / s.turn_correlation_s] * N_SEGMENTS
    head = [
        s.root_correlation_s,
        2.0 * s.root_accel_sd_mps2**2 / s.root_correlation_s,
        s.turn_correlation_s,
        1e-4,
        1e-5,
        s.hip_correlation_s,
        s.hip_sd_m**2,
        1e-3,
    ]
    assert len(head) == TURN_DENSITY
    return np.array(head + turn)


def new_belief(x: Floats, P: Floats, *, points: int = 0, cameras: int = 1) -> Belief:
    """Return a belief before the first event, without a gait law."""
    return Belief(
        x=x,
        P=P,
        clock=np.array([np.nan, 0.0]),
        counts=np.zeros((KINDS, 5)),
        rejected_sensor=np.zeros((4, N_SEGMENTS), dtype=np.int64),
        rejected_point=np.zeros((cameras, max(1, points)), dtype=np.int64),
        gait=new_memory((), (), np.full((N_SEGMENTS, 2), -1), points, False),
    )
