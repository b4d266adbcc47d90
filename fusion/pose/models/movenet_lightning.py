"""MoveNet Lightning: 192 px, 17 points; the fastest that tells left from right."""

from __future__ import annotations

from pathlib import Path

from fusion.pose.models._movenet import MoveNet


class Lightning(MoveNet):
    """MoveNet SinglePose Lightning; see ``_movenet``."""

    def __init__(self, weights: Path | None = None, threads: int = 0) -> None:
        super().__init__("movenet_lightning", 192, weights, threads)


PLUGIN = Lightning
