"""A laboratory's own labelled frames: COCO keypoint JSON and pictures, as squares that a network learns from.

The file is the COCO keypoint format (Lin et al. 2014, doi:10.1007/978-3-319-10602-1_48): ``images`` with ``id`` and
``file_name``; ``annotations`` with ``image_id`` and 17 keypoints ``x, y, v``, where v = 0 is not labelled, 1 is
hidden and 2 is seen. What most labelling programs export.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.errors import FormatError, StorageError
from fusion.pose.models.base import COCO_POINTS
from fusion.pose.track.follow import SQUARE_HEIGHTS
from fusion.pose.video.frame import Frame, Square
from fusion.types import Floats

_LEAST_POINTS = 5
_OTHER_SIDE = {"left": "right", "right": "left"}
_MIRRORED = [
    COCO_POINTS.index("_".join(_OTHER_SIDE.get(word, word) for word in name.split("_"))) for name in COCO_POINTS
]
"""Column of the same point on the other side."""


@dataclass(frozen=True, slots=True)
class LabelledImage:
    """One picture and its people: pixels, shape (people, 17, 2), NaN where not labelled."""

    file: Path
    people_px: Floats


@dataclass(frozen=True, slots=True)
class Example:
    """One square cut: picture (h, w, 3), points of the person it is about first, shape (people, 17, 2), in its px."""

    picture: NDArray[np.uint8]
    people_px: Floats


def read_labels(labels: Path, images: Path) -> list[LabelledImage]:
    """Return the labelled pictures of a COCO keypoint file.

    Raises
    ------
    StorageError
        A file is missing.
    FormatError
        It is no such file, or its keypoints are not COCO's 17.
    """
    if not labels.is_file():
        raise StorageError(f"'{labels}' is not there. Check the path.")
    try:
        content = json.loads(labels.read_text(encoding="utf-8"))
        _check_names(content)
        people: dict[Any, list[Floats]] = {}
        for entry in content["annotations"]:
            points = _points(entry["keypoints"])
            if np.isfinite(points).all(axis=1).sum() >= _LEAST_POINTS:
                people.setdefault(entry["image_id"], []).append(points)
        found = [
            LabelledImage(images / entry["file_name"], np.stack(people[entry["id"]]))
            for entry in content["images"]
            if entry["id"] in people
        ]
    except (KeyError, TypeError, ValueError) as cause:
        raise FormatError(
            f"'{labels}' is no COCO keypoint file ({cause}). Export the labels as COCO keypoints, 17 points a person."
        ) from cause
    missing = [image.file.name for image in found if not image.file.is_file()]
    if missing:
        raise StorageError(f"{len(missing)} pictures are not in '{images}', such as '{missing[0]}'. Check --images.")
    if not found:
        raise FormatError(f"'{labels}' labels nobody with {_LEAST_POINTS} points or more. Label whole people.")
    return found


def example(image: LabelledImage, which: int, input_px: int, rng: np.random.Generator | None = None) -> Example:
    """Return the square about one person.

    Parameters
    ----------
    rng
        Draws shift, size and mirror image; None cuts as analysis does.
    """
    people = image.people_px
    points = people[which][np.isfinite(people[which]).all(axis=1)]
    low, high = points.min(axis=0), points.max(axis=0)
    side = SQUARE_HEIGHTS * max(1.1 * float(high[1] - low[1]), float(high[0] - low[0]), 32.0)
    centre = 0.5 * (low + high)
    if rng is not None:
        side *= float(np.exp(rng.normal(0.0, 0.12)))
        centre = centre + rng.normal(0.0, 0.05, 2) * side
    square = Square.about(centre, side)
    cut = Frame(0.0, 0, _picture(image.file)).cut(square, input_px)
    corner = np.array([square.left, square.top], dtype=np.float64)
    inside = (people - corner + 0.5) * (input_px / square.side) - 0.5
    inside = np.concatenate([inside[which : which + 1], np.delete(inside, which, axis=0)])
    if rng is not None and rng.random() < 0.5:
        cut, inside = np.ascontiguousarray(cut[:, ::-1]), mirrored(inside, input_px)
    return Example(cut, inside)


def mirrored(people_px: Floats, width_px: int) -> Floats:
    """Return points as in the mirror image: left is right."""
    return np.asarray(people_px[:, _MIRRORED] * np.array([-1.0, 1.0]) + np.array([width_px - 1.0, 0.0]))


def _check_names(content: dict[str, Any]) -> None:
    for category in content.get("categories", []):
        names = tuple(category.get("keypoints", COCO_POINTS))
        if names != COCO_POINTS:
            raise ValueError(f"its keypoints are {', '.join(names[:4])}, ... and not COCO's 17 in their order")


def _points(flat: list[float]) -> Floats:
    values = np.asarray(flat, dtype=np.float64).reshape(len(COCO_POINTS), 3)
    return np.where(values[:, 2:] > 0, values[:, :2], np.nan)


def _picture(file: Path) -> NDArray[np.uint8]:
    import cv2

    stored = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if stored is None:
        raise FormatError(f"'{file}' is no picture that can be read. Save it as PNG or JPEG.")
    return np.asarray(cv2.cvtColor(stored, cv2.COLOR_BGR2RGB), dtype=np.uint8)
