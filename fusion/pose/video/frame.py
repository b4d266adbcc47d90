"""One frame: its time, its picture, and square cuts of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
"""RGB, shape (height, width, 3)."""

_PLANAR = ("yuv420p", "yuvj420p")


@dataclass(frozen=True, slots=True)
class Square:
    """A square of a frame: its top-left pixel and its side, whole px; it may reach beyond the frame."""

    left: int
    top: int
    side: int

    @classmethod
    def about(cls, centre_px: NDArray[np.float64], side_px: float) -> Square:
        """Return the square about a point, its corners on multiples of 4 px, where colour planes can be cut."""
        side = max(32, 4 * round(side_px / 4.0))
        left, top = (4 * round((float(middle) + 0.5 - side / 2.0) / 4.0) for middle in centre_px)
        return cls(left, top, side)

    def to_frame(self, position_px: NDArray[np.float64], input_px: int) -> NDArray[np.float64]:
        """Return frame pixels of pixels in the square scaled to ``input_px``, any leading shape."""
        scaled = (position_px + 0.5) * (self.side / input_px) - 0.5
        return np.asarray(scaled + np.array([self.left, self.top], dtype=np.float64))


class Frame:
    """One picture of a video.

    Parameters
    ----------
    time_s
        Presentation time on the clock of the file or the camera.
    index
        Place in the file, for messages only; time never comes from it.
    source
        Picture, RGB, or a frame of PyAV, which is turned into one when it is asked for.
    quarter_turns
        Counter-clockwise quarter turns that make it upright.
    """

    __slots__ = ("_picture", "_source", "index", "quarter_turns", "time_s")

    def __init__(self, time_s: float, index: int, source: Any, quarter_turns: int = 0) -> None:  # noqa: ANN401
        self.time_s, self.index, self.quarter_turns = time_s, index, quarter_turns
        self._source = source
        self._picture: Picture | None = source if isinstance(source, np.ndarray) else None

    @property
    def picture(self) -> Picture:
        """The upright picture, RGB, shape (height, width, 3)."""
        if self._picture is None:
            stored = self._source.to_ndarray(format="rgb24")
            self._picture = np.ascontiguousarray(np.rot90(stored, self.quarter_turns))
        return self._picture

    @property
    def size_px(self) -> tuple[int, int]:
        """Upright width and height."""
        if self._picture is not None:
            return self._picture.shape[1], self._picture.shape[0]
        size = (self._source.width, self._source.height)
        return size[::-1] if self.quarter_turns % 2 else size

    def is_like(self, other: Frame, square: Square) -> bool:
        """Return whether a square shows exactly the same in both frames: a picture that was only repeated.

        Every fourth row is compared; noise of a camera changes some pixel in any of them.
        """
        width, height = self.size_px
        rows = slice(max(0, square.top), min(height, square.top + square.side), 4)
        columns = slice(max(0, square.left), min(width, square.left + square.side))
        return self.size_px == other.size_px and np.array_equal(
            self._luma()[rows, columns], other._luma()[rows, columns]
        )

    def _luma(self) -> NDArray[np.uint8]:
        if self._picture is None and self.quarter_turns % 4 == 0 and self._source.format.name in _PLANAR:
            plane = self._source.planes[0]
            return np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height]
        return self.picture[..., 1]

    def cut(self, square: Square, input_px: int) -> Picture:
        """Return a square of the frame scaled to a network's input; black beyond the frame's edge."""
        import cv2

        width, height = self.size_px
        left, top = max(0, square.left), max(0, square.top)
        right, bottom = min(width, square.left + square.side), min(height, square.top + square.side)
        if right <= left or bottom <= top:
            return np.zeros((input_px, input_px, 3), dtype=np.uint8)
        inside = self._part(left, top, right, bottom)
        edges = (top - square.top, square.top + square.side - bottom)
        sides = (left - square.left, square.left + square.side - right)
        if any(edges) or any(sides):
            inside = np.asarray(cv2.copyMakeBorder(inside, *edges, *sides, cv2.BORDER_CONSTANT), dtype=np.uint8)
        method = cv2.INTER_AREA if square.side > input_px else cv2.INTER_LINEAR
        return np.asarray(cv2.resize(inside, (input_px, input_px), interpolation=method), dtype=np.uint8)

    def _part(self, left: int, top: int, right: int, bottom: int) -> Picture:
        planar = self._picture is None and self.quarter_turns % 4 == 0 and self._source.format.name in _PLANAR
        if planar and not (right - left) % 4 and not (bottom - top) % 4:
            return _from_planes(self._source, left, top, right, bottom)
        return self.picture[top:bottom, left:right]


def _from_planes(source: Any, left: int, top: int, right: int, bottom: int) -> Picture:  # noqa: ANN401
    """Return a part as RGB without turning the whole frame; corners on multiples of 4 px."""
    import cv2

    luma, blue, red = (
        np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height] for plane in source.planes
    )
    half = (slice(top // 2, bottom // 2), slice(left // 2, right // 2))
    stacked = np.concatenate([luma[top:bottom, left:right].ravel(), blue[half].ravel(), red[half].ravel()])
    rows = (bottom - top) * 3 // 2
    return np.asarray(cv2.cvtColor(stacked.reshape(rows, right - left), cv2.COLOR_YUV2RGB_I420), dtype=np.uint8)
