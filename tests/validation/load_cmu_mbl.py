"""Read the set cmu_mbl: one planar stride per file, with keypoints, wearables and optical truth.

Axes of the files: x forward, y up, so that a positive rate ``wz`` turns the lower end of a hanging segment forward.
The accelerations are already turned into these axes and free of gravity (they equal the second derivative of the
optical positions to 0.3-0.9 m/s^2 without any further rotation, and have no mean): a processed output that needed
somebody's orientation, not what a wearable measures. They are not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.io import loadmat

from fusion.types import SIDES, Floats

POINTS = {
    "pelvis": "hipjoint",
    "neck": "proxtorso",
    "left_hip": "hipjoint",
    "left_knee": "lkneejoint",
    "left_ankle": "lanklejoint",
    "right_hip": "hipjoint",
    "right_knee": "rkneejoint",
    "right_ankle": "ranklejoint",
}
"""The planar model has one hip for both legs."""

SENSORS = {
    "trunk": "torso",
    "left_thigh": "lthigh",
    "left_shank": "lshank",
    "left_foot": "lfoot",
    "right_thigh": "rthigh",
    "right_shank": "rshank",
    "right_foot": "rfoot",
}


@dataclass(frozen=True, slots=True)
class PlanarStride:
    """One stride.

    Attributes
    ----------
    time_s
        Shape (n,).
    keypoint_m
        Point -> forward and up, m, shape (n, 2).
    pitch_rate_radps
        Segment -> rate about +y (left), shape (n,).
    knee_flexion_deg
        Side -> optical knee angle, never an input, shape (n,).
    """

    name: str
    time_s: Floats
    keypoint_m: dict[str, Floats]
    pitch_rate_radps: dict[str, Floats]
    knee_flexion_deg: dict[str, Floats]


def load_strides(folder: Path) -> Iterator[PlanarStride]:
    """Yield the stride of every file."""
    for path in sorted(folder.glob("*.mat")):
        data = {name: np.ravel(values) for name, values in loadmat(path).items() if not name.startswith("__")}
        if "t_cycle" in data:
            yield _stride(path.stem, data)


def _stride(name: str, data: dict[str, Floats]) -> PlanarStride:
    return PlanarStride(
        name=name,
        time_s=np.asarray(data["t_cycle"], dtype=np.float64),
        keypoint_m={
            point: np.column_stack([data[f"{joint}_{axis}_keypoint_cycle"] for axis in "xy"])
            for point, joint in POINTS.items()
        },
        pitch_rate_radps={segment: -data[f"{key}_wz_imu_cycle"] for segment, key in SENSORS.items()},
        knee_flexion_deg={side: -np.rad2deg(data[f"q{side[0]}k_cycle"]) for side in SIDES},
    )
