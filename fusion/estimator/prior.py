"""What is known about a segment that nothing measures for a moment.

Two priors, both weak beside any measurement:

Posture. A joint's pitch is Gauss-Markov about the middle of its walking range (``POSTURE``). It bounds every gap: a
segment that nobody sees drifts to the middle of its range with that range as its uncertainty, never around.

Habit. Where a bare segment is hidden, its pitch follows from the segments that carry wearables as it did while
it was seen: a ridge regression of its pitch on the wearables' pitches and rates, with their squares and products,
learned from this person's own visible part (before the gap only, when the estimate is to be causal). It knows no
normal gait, so it cannot pull a patient towards one; its uncertainty is its own error on visible stretches that it
was not fitted on. What it fills in is marked as predicted (``Motion.measured`` is False there).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fusion.estimator.filter import POSTURE_EVERY
from fusion.estimator.inputs import Settings, part_of
from fusion.types import SEGMENTS, Flags, Floats, Motion

POSTURE = {
    "pelvis": (None, 0.0, 0.14),
    "trunk": (None, 0.03, 0.17),
    "thigh": ("pelvis", -0.17, 0.40),
    "shank": ("thigh", 0.40, 0.45),
    "foot": ("shank", 0.0, 0.30),
}
"""Segment -> (proximal segment or world, mean pitch, standard deviation), rad.

Middle and half of the range over the gait cycle of adults and children, free and fast, widened by half for pathology
(Schwartz et al. 2008, doi:10.1016/j.jbiomech.2008.03.015): hip -20 to 40, knee 0 to 70, ankle -25 to 15 deg.
"""

RATE_SD_RADPS = {"pelvis": 1.0, "trunk": 1.0, "thigh": 3.0, "shank": 5.0, "foot": 6.0}
"""Angular rates about zero: a shank swings at up to 8 rad/s in fast walking. Keeps the unseen from spinning."""

HABITUAL = ("thigh", "shank", "foot")
"""Segments whose motion the other legs' sensors tell."""

SHORTEST_GAP_S = 0.08
LEAST_VISIBLE_S = 3.0
RIDGE = 1e-3
USUAL_PITCH_RAD = 0.4
USUAL_RATE_RADPS = 3.0
"""What a leg segment does in walking; scales the features, whatever the recording holds."""

BLOCKS = 5
"""Contiguous parts for the cross-validated error of the habit."""

INFLATION = 1.5
"""On the habit's cross-validated error, for steps unlike the visible ones."""

_CORRELATION_S = 0.1
_RATE_CORRELATION_S = 0.1


@dataclass(frozen=True, slots=True)
class Habit:
    """Predicted upward directions of hidden segments, shape (t, 8, 3), and their variances, shape (t, 8)."""

    up: Floats
    variance: Floats


def posture_rows(segments: tuple[int, ...], settings: Settings) -> Floats:
    """Return the posture prior per free segment: distal, proximal (-1 world), mean, variance, rate's variance."""
    rows = []
    per_tick = settings.tick_rate_hz / POSTURE_EVERY
    inflation = 1.0 + 2.0 * settings.posture_correlation_s * per_tick
    for index in segments:
        segment = SEGMENTS[index]
        parent, mean, sd = POSTURE[part_of(segment)]
        above = _proximal(segment, parent)
        if above >= 0 and above not in segments:
            continue
        rate = RATE_SD_RADPS[part_of(segment)] ** 2 * (1.0 + 2.0 * _RATE_CORRELATION_S * per_tick)
        rows.append([float(index), float(above), mean, sd**2 * inflation, rate])
    return np.array(rows).reshape(len(rows), 5)


def _proximal(segment: str, parent: str | None) -> int:
    if parent is None:
        return -1
    side = segment.split("_")[0]
    return SEGMENTS.index(parent if parent == "pelvis" else f"{side}_{parent}")


def habit(motion: Motion, instrumented: tuple[int, ...], settings: Settings, *, causal: bool) -> Habit | None:
    """Return what the wearables say about hidden bare segments; None when nothing is hidden or learned.

    1. Features: pitch and rate of the instrumented leg segments in units of walking, to second order.
    2. For each bare segment and each of its gaps: fit on the ticks at which it was seen.
    3. Predict in the gap, with the cross-validated error as uncertainty.
    """
    ticks = motion.time_s.size
    up = np.full((ticks, len(SEGMENTS), 3), np.nan)
    variance = np.full((ticks, len(SEGMENTS)), np.nan)
    leg = [index for index in instrumented if part_of(SEGMENTS[index]) in HABITUAL]
    if not leg:
        return None
    features = _features(motion, leg)
    usable: Flags = np.asarray(motion.measured[:, leg].all(axis=1))
    found = False
    for index in range(len(SEGMENTS)):
        bare = index not in instrumented and part_of(SEGMENTS[index]) in HABITUAL
        if not bare or not np.isfinite(motion.pitch_covariance_rad2[:, index, index]).all():
            continue
        pitch = motion.pitch_rad(SEGMENTS[index])
        for gap in _gaps(~motion.measured[:, index], motion.time_s):
            seen = motion.measured[:, index] & usable
            if causal:
                seen[gap.start :] = False
            learned = _learn(features, pitch, seen, settings)
            if learned is None:
                continue
            weights, error_rad = learned
            angle = features[gap] @ weights
            up[gap, index] = np.stack([-np.sin(angle), np.zeros_like(angle), np.cos(angle)], axis=1)
            up[gap.start : gap.stop][~usable[gap.start : gap.stop], index] = np.nan
            inflation = 1.0 + 2.0 * _CORRELATION_S * settings.tick_rate_hz
            variance[gap, index] = (INFLATION * error_rad) ** 2 * inflation
            found = True
    return Habit(up, variance) if found else None


def _features(motion: Motion, leg: list[int]) -> Floats:
    pitch = np.stack([motion.pitch_rad(SEGMENTS[index]) for index in leg], axis=1)
    rate = motion.angular_rate_radps[:, leg, 1]
    first = np.concatenate([pitch / USUAL_PITCH_RAD, rate / USUAL_RATE_RADPS], axis=1)
    count = first.shape[1]
    second = [first[:, i] * first[:, j] for i in range(count) for j in range(i, count)]
    return np.column_stack([np.ones(len(first)), first, *second])


def _gaps(hidden: Flags, time_s: Floats) -> list[slice]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], hidden.astype(np.int8), [0]])))
    period = float(np.median(np.diff(time_s)))
    return [
        slice(int(a), int(b))
        for a, b in zip(edges[::2], edges[1::2], strict=True)
        if (b - a) * period >= SHORTEST_GAP_S
    ]


def _learn(features: Floats, pitch: Floats, seen: Flags, settings: Settings) -> tuple[Floats, float] | None:
    """Return the weights and the cross-validated error, rad; None with too little to learn from."""
    rows = np.flatnonzero(seen)
    if rows.size < LEAST_VISIBLE_S * settings.tick_rate_hz:
        return None
    X, y = features[rows], pitch[rows]
    errors = np.empty(rows.size)
    for block in np.array_split(np.arange(rows.size), BLOCKS):
        rest = np.setdiff1d(np.arange(rows.size), block, assume_unique=True)
        errors[block] = y[block] - X[block] @ _ridge(X[rest], y[rest])
    return _ridge(X, y), float(np.sqrt(np.mean(errors**2)))


def _ridge(X: Floats, y: Floats) -> Floats:
    normal = X.T @ X + RIDGE * len(X) * np.eye(X.shape[1])
    return np.asarray(np.linalg.solve(normal, X.T @ y))
