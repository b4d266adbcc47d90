"""BlazePose GHUM heavy: 256 px, 33 points with heels and toes; the most accurate here and the slowest."""

from __future__ import annotations

from pathlib import Path

from fusion.pose.models._blazepose import BlazePose


class Heavy(BlazePose):
    """BlazePose GHUM heavy; see ``_blazepose``."""

    def __init__(self, weights: Path | None = None, threads: int = 0) -> None:
        super().__init__("blazepose_heavy", weights, threads)


PLUGIN = Heavy
