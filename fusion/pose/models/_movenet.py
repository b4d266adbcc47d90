"""MoveNet single pose: one person, 17 points, by a network that knows which one is meant (centre of the picture).

Google, MoveNet SinglePose (TF Hub, 2021). The two sizes share everything but their weights and their input.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.pose.models._session import Session
from fusion.pose.models.base import COCO_POINTS, Seen


class MoveNet:
    """One of the two networks."""

    points = COCO_POINTS

    def __init__(self, name: str, input_px: int, weights: Path | None, threads: int) -> None:
        self.name, self.input_px = name, input_px
        self._session = Session(name, ("keypoints",), weights, threads)

    def prepared(self, pictures: NDArray[np.uint8]) -> NDArray[Any]:
        """Return pictures as whole numbers 0 to 255."""
        return pictures.astype(np.int32)

    def see_prepared(self, inputs: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """Run the bare network."""
        return self._session.run(inputs)

    def see(self, pictures: NDArray[np.uint8]) -> Seen:
        """Return the person in each square picture; see ``base``."""
        (found,) = self.see_prepared(self.prepared(pictures))
        found = found.reshape(len(pictures), len(self.points), 3).astype(np.float64)
        # v, u as shares of the picture from its edge, which is half a pixel before the first centre
        position = found[..., 1::-1] * self.input_px - 0.5
        score = found[..., 2]
        return Seen(position, score, score.mean(axis=1))
