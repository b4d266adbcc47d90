"""MoveNet Thunder: 256 px, 17 points; slower and surer than Lightning."""

from __future__ import annotations

from pathlib import Path

from fusion.pose.models._movenet import MoveNet


class Thunder(MoveNet):
    """MoveNet SinglePose Thunder; see ``_movenet``."""

    def __init__(self, weights: Path | None = None, threads: int = 0) -> None:
        super().__init__("movenet_thunder", 256, weights, threads)


PLUGIN = Thunder
