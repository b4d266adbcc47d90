"""How a camera sees, from a video of the board held in many ways: focal length, centre, distortion.

1. Sightings of the board, a few a second; those that differ from the ones already taken.
2. Focal lengths, principal point and distortion by least squares on all corners (Zhang 2000, doi:10.1109/34.888718).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from fusion.errors import SignalError
from fusion.pose.geometry.board import Board
from fusion.pose.video.frame import Frame
from fusion.types import Camera, Floats

LEAST_VIEWS = 6
"""Fewer leave focal length and distance of the board confounded."""

MOST_VIEWS = 40
LARGEST_ERROR_PX = 1.5
"""A calibration above has moved focus, a bent board or a wrong board; usual is 0.1 to 0.6 px."""

_EVERY_S = 0.25
_DIFFERENT_SHARE = 0.04

Sighting = tuple[Floats, Floats]


@dataclass(frozen=True, slots=True)
class Calibration:
    """A calibrated camera and how good it is.

    Attributes
    ----------
    error_px
        Root mean square distance between seen and computed corners.
    focal_sd_px
        Standard deviation of the focal length.
    views
        Sightings used.
    coverage
        Share of the picture that corners were seen in, 0 to 1; distortion beyond is a guess.
    """

    camera: Camera
    error_px: float
    focal_sd_px: float
    views: int
    coverage: float

    def remarks(self) -> tuple[str, ...]:
        """Return what a person should do better, in words."""
        said = []
        if self.error_px > LARGEST_ERROR_PX:
            said.append(
                f"the corners lie {self.error_px:.1f} px off (usual is below {LARGEST_ERROR_PX:g}): check that the "
                "board is flat, that its squares have the given size and that focus and zoom were fixed"
            )
        if self.coverage < 0.4:
            said.append(f"the board was seen in {self.coverage:.0%} of the picture only: show it in the corners too")
        return tuple(said)


def sightings(frames: Iterable[Frame], board: Board) -> tuple[list[Sighting], tuple[int, int]]:
    """Return different sightings of the board, and the size of the pictures."""
    found: list[Sighting] = []
    size = (0, 0)
    next_s = -np.inf
    for frame in frames:
        size = frame.size_px
        if frame.time_s < next_s or len(found) == MOST_VIEWS:
            continue
        next_s = frame.time_s + _EVERY_S
        seen = board.find(frame.picture)
        if seen is not None and _is_new(seen, found, size):
            found.append(seen)
    return found, size


def calibrated(found: Sequence[Sighting], size_px: tuple[int, int], name: str = "camera") -> Calibration:
    """Return a camera's intrinsics from sightings of the board; its place stays unknown.

    Raises
    ------
    SignalError
        Too few sightings.
    """
    import cv2

    if len(found) < LEAST_VIEWS:
        raise SignalError(
            f"the board was seen in {len(found)} different ways and {LEAST_VIEWS} are needed. Hold it near and far, "
            "tilted to all sides, and in the corners of the picture; check the number of squares."
        )
    places = [place.astype(np.float32) for place, _ in found]
    pixels = [pixel.astype(np.float32) for _, pixel in found]
    error, matrix, distortion, _, _, sd, _, _ = cv2.calibrateCameraExtended(
        places, pixels, size_px, np.eye(3), np.zeros(5)
    )
    camera = Camera(
        name,
        size_px=np.asarray(size_px, dtype=np.float64),
        focal_px=np.array([matrix[0, 0], matrix[1, 1]], dtype=np.float64),
        centre_px=np.asarray(matrix[:2, 2], dtype=np.float64),
        distortion=np.asarray(distortion, dtype=np.float64).ravel()[:5],
    )
    everywhere = np.concatenate([pixel for _, pixel in found])
    return Calibration(camera, float(error), float(np.ravel(sd)[0]), len(found), _coverage(everywhere, size_px))


def _is_new(seen: Sighting, found: list[Sighting], size: tuple[int, int]) -> bool:
    """Whether the board stands elsewhere, or is turned otherwise, than in each sighting before."""
    shape = _outline(seen)
    limit = _DIFFERENT_SHARE * max(size)
    return all(float(np.abs(shape - _outline(other)).max()) > limit for other in found)


def _outline(seen: Sighting) -> Floats:
    """Corners of the board in the picture by the affine map that fits best, shape (3, 2)."""
    place, pixel = seen
    design = np.column_stack([place[:, :2], np.ones(len(place))])
    affine = np.linalg.lstsq(design, pixel, rcond=None)[0]
    span = place[:, :2].max(axis=0)
    return np.asarray(np.array([[0.0, 0.0, 1.0], [span[0], 0.0, 1.0], [0.0, span[1], 1.0]]) @ affine)


def _coverage(pixels: Floats, size_px: tuple[int, int]) -> float:
    cells = np.clip((pixels / np.asarray(size_px) * 6.0).astype(int), 0, 5)
    return len(np.unique(cells, axis=0)) / 36.0
