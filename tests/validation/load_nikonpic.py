"""Read the set nikonpic: optical markers of the legs, and a video reconstruction of the same walk.

Per walk ``<trial>.csv.gz`` holds the markers (row 2 the rate, row 3 the names, data from row 6) and
``<trial>.json.gz`` the keypoints that a network lifted to 3-D, in a body-fixed place, z up. The video has half the
markers' rate and starts with them.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fusion.types import Floats

JOINTS = {
    "pelvis": 0,
    "right_hip": 1,
    "right_knee": 2,
    "right_ankle": 3,
    "left_hip": 4,
    "left_knee": 5,
    "left_ankle": 6,
    "neck": 8,
    "nose": 9,
    "head": 10,
    "left_shoulder": 11,
    "left_elbow": 12,
    "left_wrist": 13,
    "right_shoulder": 14,
    "right_elbow": 15,
    "right_wrist": 16,
}
"""Order of Human3.6M; left and right fit the side to which knees and toes bend."""

CAMERA_FROM_UPRIGHT: Floats = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
"""Camera axes (x right, y down, z depth) from the reconstruction's (z up; the person faces -y, the camera)."""

_HEADER_ROWS = 5


@dataclass(frozen=True, slots=True)
class MarkerWalk:
    """One walk as two systems saw it.

    Attributes
    ----------
    trial
        Name of the files.
    rate_hz, marker_m
        Rate and tracks of the markers, laboratory axes (z up), m, each (n, 3); NaN where not seen.
    video_time_s, video_position
        Frames on the markers' clock, and joints in camera axes (unit-free), shape (m, k, 3), order of ``JOINTS``.
    """

    trial: str
    rate_hz: float
    marker_m: dict[str, Floats]
    video_time_s: Floats
    video_position: Floats


def names(folder: Path) -> list[str]:
    """Return the walks of which both files are there."""
    found = sorted(path.name.removesuffix(".csv.gz") for path in folder.glob("*.csv.gz"))
    return [name for name in found if (folder / f"{name}.json.gz").exists()]


def load_walk(folder: Path, trial: str) -> MarkerWalk:
    """Return one walk."""
    rate_hz, markers = _markers(folder / f"{trial}.csv.gz")
    with gzip.open(folder / f"{trial}.json.gz", "rt", encoding="utf-8") as file:
        upright = np.asarray(json.load(file)["Reconstruction"], dtype=np.float64)
    return MarkerWalk(
        trial=trial,
        rate_hz=rate_hz,
        marker_m=markers,
        video_time_s=np.arange(len(upright)) / (0.5 * rate_hz),
        video_position=upright[:, list(JOINTS.values())] @ CAMERA_FROM_UPRIGHT.T,
    )


def _markers(path: Path) -> tuple[float, dict[str, Floats]]:
    with gzip.open(path, "rt", encoding="utf-8-sig") as file:
        lines = file.read().splitlines()
    labels = [label.rsplit(":", 1)[-1] for label in lines[2].split(",") if label]
    rows = list(_rows(lines[_HEADER_ROWS:], 2 + 3 * len(labels)))
    tracks = 1e-3 * np.array(rows).reshape(len(rows), -1)[:, 2:].reshape(len(rows), len(labels), 3)
    return float(lines[1].split(",")[0]), {label: tracks[:, k] for k, label in enumerate(labels)}


def _rows(lines: list[str], columns: int) -> Iterator[list[float]]:
    for line in lines:
        if not line.strip(", "):
            return  # a further table of the export may follow an empty row
        cells = line.split(",")[:columns]
        cells += [""] * (columns - len(cells))
        yield [float(cell) if cell else np.nan for cell in cells]
