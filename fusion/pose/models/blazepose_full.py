"""BlazePose GHUM full: 256 px, 33 points with heels and toes; the ankle can be measured."""

from __future__ import annotations

from pathlib import Path

from fusion.pose.models._blazepose import BlazePose


class Full(BlazePose):
    """BlazePose GHUM full; see ``_blazepose``."""

    def __init__(self, weights: Path | None = None, threads: int = 0) -> None:
        super().__init__("blazepose_full", weights, threads)


PLUGIN = Full
