"""What goes wrong on the way: loss, exchanged sides, outliers, darkness."""

from __future__ import annotations

import numpy as np

from fusion.types import Flags, Floats

LEG_PARTS = ("knee", "ankle", "heel", "toe")
"""What a blackout of a leg hides; the hips belong to the pelvis and stay in view."""


def kept_samples(count: int, loss_fraction: float, rng: np.random.Generator) -> Flags:
    """Return which samples arrive, shape (n,): two thirds of the loss single, a third in bursts of 5 to 25."""
    kept = rng.random(count) >= loss_fraction * 2.0 / 3.0
    for _ in range(rng.poisson(loss_fraction / 3.0 * count / 15.0)):
        start = int(rng.integers(count))
        kept[start : start + int(rng.integers(5, 26))] = False
    return kept


def swapped_frames(
    time_s: Floats, fraction: float, given: tuple[tuple[float, float], ...], rng: np.random.Generator
) -> Flags:
    """Return the frames with left and right exchanged, shape (n,): random runs of 1 to 4, and those given."""
    swapped = within(time_s, given)
    for start in np.flatnonzero(rng.random(len(time_s)) < fraction / 2.5):
        swapped[start : start + int(rng.integers(1, 5))] = True
    return swapped


def within(time_s: Floats, intervals: tuple[tuple[float, float], ...]) -> Flags:
    """Return which times lie in any of the (start, duration) intervals, shape (n,)."""
    inside = np.zeros(len(time_s), dtype=np.bool_)
    for start_s, duration_s in intervals:
        inside |= (time_s >= start_s) & (time_s < start_s + duration_s)
    return inside


def other_side(names: tuple[str, ...], parts: tuple[str, ...]) -> list[int]:
    """Return for each point the index of its twin on the other side, or its own outside ``parts``."""
    mirror = {"left": "right", "right": "left"}
    indices = []
    for index, name in enumerate(names):
        side, _, part = name.partition("_")
        twin = f"{mirror.get(side, side)}_{part}"
        indices.append(names.index(twin) if part in parts and twin in names else index)
    return indices


def blackout(time_s: Floats, names: tuple[str, ...], given: tuple[tuple[float, float, str], ...]) -> Flags:
    """Return which points of which frames cannot be seen, shape (n, k)."""
    dark = np.zeros((len(time_s), len(names)), dtype=np.bool_)
    for start_s, duration_s, side in given:
        frames = within(time_s, ((start_s, duration_s),))
        for index, name in enumerate(names):
            owner, _, part = name.partition("_")
            if side == "all" or (part in LEG_PARTS and side in ("both", owner)):
                dark[frames, index] = True
    return dark


def guesses(shape: tuple[int, ...], centre: Floats, spread: Floats, rng: np.random.Generator) -> Floats:
    """Return what a detector makes up where it sees nothing: independent of the body, NaN four times in five.

    Parameters
    ----------
    shape
        Frames, points, axes.
    centre, spread
        Of the made-up positions, shape (axes,).
    """
    made_up = centre + spread * rng.standard_normal(shape)
    made_up[rng.random(shape[:2]) < 0.8] = np.nan
    return np.asarray(made_up)
