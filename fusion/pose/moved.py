"""Was the camera moved during the walk? One frame to the next, every point then jumps by the same vector, for good.

1. Displacement of each point from frame to frame; its median over the points is the body's or the camera's.
2. What exceeds the running median by far is a jump of the whole picture.
3. It counts where the points agree about it, and where no jump back follows at once (that is a misread frame).
4. Later frames are shifted back: a camera that turns by a few degrees shifts its picture, to first order.

A camera that is panned slowly, or tilted about its axis, is not recognised. Where frames are missing, nothing is
compared: a subject who left may come back anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import median_filter

from fusion.types import Flags, Floats, Keypoints

LEAST_SHARE = 0.03
"""Of the body's height in the picture; smaller jumps hide in the detector's noise and do no harm."""

LEAST_MADS = 8.0
"""Of the displacements about their running median."""

MOST_SPREAD = 0.35
"""Median deviation of the points from a jump, as a share of it; exchanged legs deviate by more than it."""

_SEEN_FROM = 0.3
_LEAST_POINTS = 4
_RUNNING_S = 0.7
_BACK_S = 0.35


@dataclass(frozen=True, slots=True)
class Jump:
    """The whole picture jumped.

    Attributes
    ----------
    time_s
        First frame after it, camera clock.
    shift_px
        How later frames lie, shape (2,).
    """

    time_s: float
    shift_px: Floats


def held_still(points: Keypoints) -> tuple[Keypoints, tuple[Jump, ...]]:
    """Return the keypoints as if the camera had stood still, and the jumps that were taken back."""
    if points.space != "image_px" or len(points.time_s) < 10:
        return points, ()
    jumps = _jumps(points)
    position = points.position.copy()
    for jump in jumps:
        position[points.time_s >= jump.time_s] -= jump.shift_px
    return (replace(points, position=position), jumps) if jumps else (points, ())


def in_words(jumps: tuple[Jump, ...]) -> str:
    """Return what happened and what to do, or ``""``."""
    if not jumps:
        return ""
    told = ", ".join(f"by {np.hypot(*jump.shift_px):.0f} px at {jump.time_s:.1f} s" for jump in jumps)
    return (
        f"the whole picture jumps {told}: the camera was touched. Later frames were shifted back; lengths across the "
        "jump are less sure. Fix the camera and repeat the walk if you can."
    )


def _jumps(points: Keypoints) -> tuple[Jump, ...]:
    seen = np.isfinite(points.position).all(axis=2) & ~(points.confidence < _SEEN_FROM)
    place = np.where(seen[..., None], points.position, np.nan)
    # 1. Displacements; none across missing frames or with too few points.
    moved = np.diff(place, axis=0)
    step_s = np.diff(points.time_s)
    period_s = float(np.median(step_s))
    known = (np.isfinite(moved).all(axis=2).sum(axis=1) >= _LEAST_POINTS) & (step_s < 1.5 * period_s)
    if known.sum() < 10:
        return ()
    common = np.full((len(moved), 2), np.nan)
    common[known] = np.nanmedian(moved[known], axis=1)
    # 2. Against the running median.
    steady = _running_median(common, known, 1 + 2 * round(0.5 * _RUNNING_S / period_s))
    excess = common - steady
    size = np.where(known, np.hypot(*excess.T), 0.0)
    body_px = float(np.nanmedian(np.ptp(place[seen.all(axis=1)][..., 1], axis=1))) if seen.all(axis=1).any() else 0.0
    least = max(LEAST_MADS * 1.4826 * float(np.median(size[known])), LEAST_SHARE * body_px)
    # 3. Agreed on by the points, and not taken back at once.
    return tuple(
        Jump(float(points.time_s[row + 1]), excess[row])
        for row in map(int, np.flatnonzero(size > least))
        if _is_agreed(moved[row] - steady[row], excess[row]) and _stays(excess, known, row, period_s)
    )


def _running_median(values: Floats, known: Flags, width: int) -> Floats:
    rows = np.arange(len(values))
    filled = np.stack([np.interp(rows, rows[known], column[known]) for column in values.T], axis=1)
    return np.asarray(median_filter(filled, size=(width, 1), mode="nearest"))


def _is_agreed(moved: Floats, jump: Floats) -> bool:
    deviation = np.hypot(*(moved - jump).T)
    return float(np.nanmedian(deviation)) < MOST_SPREAD * float(np.hypot(*jump))


def _stays(excess: Floats, known: Flags, row: int, period_s: float) -> bool:
    """Return whether the net displacement around a jump is most of it."""
    reach = max(2, round(_BACK_S / period_s))
    around = slice(max(0, row - reach), row + reach + 1)
    net = excess[around][known[around]].sum(axis=0)
    return float(net @ excess[row]) > 0.6 * float(excess[row] @ excess[row])
