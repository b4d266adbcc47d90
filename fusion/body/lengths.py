"""Leg lengths as a camera saw them, shrunk towards those that the height suggests."""

from __future__ import annotations

import numpy as np

from fusion.body.skeleton import Skeleton
from fusion.types import SIDES, Floats, WorldPoints

TABLE_SD = 0.04
"""Spread of a leg segment around its share of the height (Drillis & Contini 1966), relative."""

CAMERA_SD = 0.05
"""Error of a length from keypoints: 2 cm at a joint whose place the detector learned, not measured."""

_PLANAR_QUANTILE = 0.9
_MIN_FRAMES = 15
_LARGEST_RATIO = 1.25


def measured_lengths(points: WorldPoints, skeleton: Skeleton) -> tuple[float, float]:
    """Return thigh and shank length, m; NaN keeps the table's.

    Parameters
    ----------
    points
        Keypoints in the world. In a planar view a segment looks at most as long as it is, so the 90 %
        quantile counts; in three dimensions the median.
    skeleton
        Lengths from the height.

    Notes
    -----
    The mean of table and camera, weighted by their variances (``TABLE_SD``, ``CAMERA_SD``). A length more
    than a quarter off the table is a wrong scale or a wrong joint and is refused.
    """
    return (
        _length(points, ("hip", "knee"), skeleton.thigh_m),
        _length(points, ("knee", "ankle"), skeleton.shank_m),
    )


def _length(points: WorldPoints, ends: tuple[str, str], table_m: float) -> float:
    planar = not np.isfinite(points.position_m[..., 1]).any()
    seen: list[Floats] = []
    for side in SIDES:
        vector = points.point(f"{side}_{ends[0]}") - points.point(f"{side}_{ends[1]}")
        length = np.linalg.norm(vector[:, ::2] if planar else vector, axis=1)
        seen.append(length[np.isfinite(length)])
    every = np.concatenate(seen)
    if len(every) < _MIN_FRAMES:
        return np.nan
    camera_m = float(np.quantile(every, _PLANAR_QUANTILE) if planar else np.median(every))
    if not 1.0 / _LARGEST_RATIO < camera_m / table_m < _LARGEST_RATIO:
        return np.nan
    weight = TABLE_SD**2 / (TABLE_SD**2 + CAMERA_SD**2)
    return table_m + weight * (camera_m - table_m)
