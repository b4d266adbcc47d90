"""What a pose network is, and what it says about a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fusion.types import Floats

Pixels = NDArray[np.uint8]
"""A picture, RGB, shape (height, width, 3)."""

COCO_POINTS = (
    "nose",
    "left_eye",
    "right_eye",
    "left_ear",
    "right_ear",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
)
"""Points of PoseNet and MoveNet, in their order. Eyes and ears are used to find the face, and nowhere else."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a network saw in pictures of its own input size.

    Attributes
    ----------
    position_px
        Points, shape (n, k, 2): u right, v down, origin at the centre of the top-left pixel of the input.
    score
        The network's own score in [0, 1], shape (n, k). It ranks; what it means in pixels is ``confidence``'s work.
    present
        The network's own belief that a person is there, in [0, 1], shape (n,).
    """

    position_px: Floats
    score: Floats
    present: Floats


class PoseModel(Protocol):
    """One pose network, loaded; what it needs in memory is held from construction on.

    Attributes
    ----------
    name
        Plugin name.
    points
        Point names in order, k of them.
    input_px
        Side of the square input.
    """

    name: str
    points: tuple[str, ...]
    input_px: int

    def see(self, pictures: NDArray[np.uint8]) -> Seen:
        """Return what is seen in RGB pictures, shape (n, input_px, input_px, 3)."""
        ...

    def see_prepared(self, inputs: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """Run the bare network on prepared inputs; for measuring what everything else costs."""
        ...

    def prepared(self, pictures: NDArray[np.uint8]) -> NDArray[Any]:
        """Return the numbers that the network takes for pictures."""
        ...


def sigmoid(values: NDArray[Any]) -> Floats:
    """Return 1 / (1 + exp(-x)), safe for large numbers."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * values.astype(np.float64))))
