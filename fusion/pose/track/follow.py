"""The square that follows the patient from frame to frame, and what the network sees in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fusion.pose.models.base import PoseModel
from fusion.pose.track.people import Body, body_of
from fusion.pose.video.frame import Frame, Square
from fusion.types import Floats

SQUARE_HEIGHTS = 1.3
"""Side of the square in body heights: arms, a raised foot and half a body's doubt about where it is."""

LEAST_SCORE = 0.2
"""Points below are not used to place the square."""

_FARTHEST_HEIGHTS = 0.35
_SIZE_RATIO = 1.35
_LOST_S = 0.35
_KEEP_CENTRE, _KEEP_SIZE = 0.4, 0.85


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen in one frame.

    Attributes
    ----------
    position_px
        Points in frame px, shape (k, 2); NaN where the patient was not looked for or not found.
    score
        The network's scores, shape (k,).
    square
        Where the network looked; None where it did not.
    """

    position_px: Floats
    score: Floats
    square: Square | None


class Follower:
    """Looks at one patient in frame after frame.

    The square is centred where the last two looks say that the body will be. A look whose body jumps off or
    changes size is not followed, and after ``_LOST_S`` without a body the patient is lost: then only ``guide``,
    a body found in the whole frame, helps.
    """

    def __init__(self, model: PoseModel) -> None:
        self._model = model
        self._body: Body | None = None
        self._velocity_px_s = np.zeros(2)
        self._time_s = -np.inf

    @property
    def is_lost(self) -> bool:
        """There is nobody to follow."""
        return self._body is None

    def body_at(self, time_s: float) -> Body | None:
        """Return where the body is expected; None when the patient is lost."""
        if self._body is None or time_s - self._time_s > _LOST_S:
            return None
        centre = self._body.centre_px + self._velocity_px_s * (time_s - self._time_s)
        return Body(centre, self._body.height_px, self._body.score)

    def forget(self) -> None:
        """Follow nobody until guided again."""
        self._body = None

    def nothing(self) -> Look:
        """Return a look at nobody."""
        count = len(self._model.points)
        return Look(np.full((count, 2), np.nan), np.zeros(count), None)

    def look(self, frame: Frame, guide: Body | None = None) -> Look:
        """Return what is seen of the patient in a frame.

        Parameters
        ----------
        guide
            Where a finder says that the patient is; taken when nobody is followed or the two disagree.
        """
        expected = self.body_at(frame.time_s)
        if guide is not None and (expected is None or _disagree(expected, guide)):
            self._start(guide)
            expected = guide
        if expected is None:
            self.forget()
            return self.nothing()
        square = Square.about(expected.centre_px, SQUARE_HEIGHTS * expected.height_px)
        cut = frame.cut(square, self._model.input_px)
        seen = self._model.see(cut[None])
        position = square.to_frame(seen.position_px[0], self._model.input_px)
        self._follow(frame.time_s, expected, position, seen.score[0])
        return Look(position, seen.score[0], square)

    def _start(self, body: Body) -> None:
        self._body = body
        self._velocity_px_s = np.zeros(2)
        self._time_s = -np.inf

    def _follow(self, time_s: float, expected: Body, position: Floats, score: Floats) -> None:
        found = body_of(position, score, self._model.points, float(score.mean()), LEAST_SCORE)
        if found is None or _disagree(expected, found):
            if not np.isfinite(self._time_s):  # a guide that nothing was seen at
                self._time_s = time_s
            return
        if np.isfinite(self._time_s) and self._body is not None:
            velocity = (found.centre_px - self._body.centre_px) / max(time_s - self._time_s, 1e-3)
            self._velocity_px_s = _KEEP_SIZE * self._velocity_px_s + (1.0 - _KEEP_SIZE) * velocity
        centre = _KEEP_CENTRE * expected.centre_px + (1.0 - _KEEP_CENTRE) * found.centre_px
        height = _KEEP_SIZE * expected.height_px + (1.0 - _KEEP_SIZE) * found.height_px
        self._body, self._time_s = Body(centre, height, found.score), time_s


def _disagree(one: Body, other: Body) -> bool:
    away = float(np.linalg.norm(one.centre_px - other.centre_px))
    ratio = one.height_px / other.height_px
    return away > _FARTHEST_HEIGHTS * one.height_px or not 1.0 / _SIZE_RATIO < ratio < _SIZE_RATIO
