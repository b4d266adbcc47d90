"""BlazePose GHUM: one person, 33 points, heels and toes among them.

Bazarevsky et al. 2020, arXiv:2006.10204; Grishchenko et al. 2022, arXiv:2206.11678. The network expects a square
about the middle of the hips, a quarter larger than the circle about the whole body. Six auxiliary points are dropped.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.pose.models._session import Session
from fusion.pose.models.base import Seen, sigmoid

_KEPT = {
    0: "nose",
    2: "left_eye",
    5: "right_eye",
    7: "left_ear",
    8: "right_ear",
    11: "left_shoulder",
    12: "right_shoulder",
    13: "left_elbow",
    14: "right_elbow",
    15: "left_wrist",
    16: "right_wrist",
    23: "left_hip",
    24: "right_hip",
    25: "left_knee",
    26: "right_knee",
    27: "left_ankle",
    28: "right_ankle",
    29: "left_heel",
    30: "right_heel",
    31: "left_toe",
    32: "right_toe",
}
_LANDMARKS, _NUMBERS = 39, 5


class BlazePose:
    """One of the networks; they share everything but their weights."""

    points = tuple(_KEPT.values())
    input_px = 256

    def __init__(self, name: str, weights: Path | None, threads: int) -> None:
        self.name = name
        self._session = Session(name, ("landmarks", "present"), weights, threads)

    def prepared(self, pictures: NDArray[np.uint8]) -> NDArray[Any]:
        """Return pictures scaled to [0, 1]."""
        return np.asarray(pictures * np.float32(1.0 / 255.0), dtype=np.float32)

    def see_prepared(self, inputs: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """Run the bare network."""
        return self._session.run(inputs)

    def see(self, pictures: NDArray[np.uint8]) -> Seen:
        """Return the person in each square picture; see ``base``."""
        landmarks, present = self.see_prepared(self.prepared(pictures))
        kept = landmarks.reshape(len(pictures), _LANDMARKS, _NUMBERS)[:, list(_KEPT)].astype(np.float64)
        # u, v in pixels from the edge of the picture; then depth, and logits of visibility and of presence
        return Seen(kept[..., :2] - 0.5, sigmoid(kept[..., 3]), present.reshape(len(pictures)).astype(np.float64))
