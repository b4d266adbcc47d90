"""People in a whole frame, by PoseNet's multi-person decoding; the finder of every network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fusion.pose.models.base import COCO_POINTS
from fusion.pose.models.posenet import PoseNet
from fusion.pose.video.frame import Picture
from fusion.types import Floats

LONG_SIDE_PX = 513
"""A body that is a fifth of the frame's long side is then 100 px, which PoseNet finds."""

NOSE_TO_ANKLE = 0.89
"""Share of the body height from the ankles (0.04 of it) to the nose (0.93): Drillis & Contini 1966."""

_LEAST_SCORE = 0.3
_LEAST_POINTS = 6


@dataclass(frozen=True, slots=True)
class Body:
    """A person as far as looking at them needs it, in frame px.

    Attributes
    ----------
    centre_px
        Middle between the hips horizontally, half the body height vertically, shape (2,).
    height_px
        Body height as it looks in the frame.
    score
        How sure the finder is, in [0, 1].
    """

    centre_px: Floats
    height_px: float
    score: float


class PeopleFinder:
    """Finds people in frames of any size."""

    def __init__(self, model: PoseNet | None = None, long_side_px: int = LONG_SIDE_PX) -> None:
        self._model = model or PoseNet()
        self._long_side_px = long_side_px

    def find(self, picture: Picture, most: int = 6) -> list[Body]:
        """Return the people in a frame, surest first."""
        import cv2

        height, width = picture.shape[:2]
        scale = self._long_side_px / max(height, width)
        size = tuple(16 * max(8, round((side * scale - 1) / 16)) + 1 for side in (width, height))
        small = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        stretch = np.array([width / size[0], height / size[1]])
        found = self._model.see_people(small, most=most)
        bodies = [body_of((p.position_px + 0.5) * stretch - 0.5, p.score, COCO_POINTS, p.total) for p in found]
        return [body for body in bodies if body is not None]


def body_of(
    position_px: Floats, score: Floats, points: tuple[str, ...], total: float, least_score: float = _LEAST_SCORE
) -> Body | None:
    """Return where a person is and how tall they look, from points, shape (k, 2); None when too few are sure.

    The height comes from what is seen of the body's vertical extent: nose or shoulders down to ankles or knees.
    """
    sure = score >= least_score
    if int(sure.sum()) < _LEAST_POINTS:
        return None

    def level(part: str) -> float:
        chosen = [k for k, name in enumerate(points) if name.endswith(part) and sure[k]]
        return float(np.mean(position_px[chosen, 1])) if chosen else np.nan

    # heights of joints above the floor as shares of the body height: Drillis & Contini 1966
    joints = ((0.93, "nose"), (0.818, "shoulder"), (0.53, "hip"), (0.285, "knee"), (0.04, "ankle"))
    share, v = np.array([[part_share, level(part)] for part_share, part in joints]).T
    known = np.isfinite(v)
    if known.sum() < 2 or np.ptp(share[known]) < 0.25:
        return None
    slope, start = np.polynomial.polynomial.polyfit(share[known], v[known], 1)[::-1]
    hips = [k for k, name in enumerate(points) if name.endswith(("hip", "shoulder")) and sure[k]]
    if slope >= -8.0 or not hips:
        return None
    u = float(np.mean(position_px[hips, 0]))
    return Body(np.array([u, start + 0.5 * slope]), float(-slope), float(total))
