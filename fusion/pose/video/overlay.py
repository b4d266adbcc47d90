"""A video with the skeleton, its confidence and the contacts drawn in; the face is blurred unless it is asked for.

Left is blue, right is red; a point that is hardly trusted is a ring. Every face is blurred: the patient's by the
network's own points, others' by the finder's paths; where a face is not found the place before and after it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from fusion.pose.video.extract import VideoPose
from fusion.pose.video.frame import Picture
from fusion.pose.video.keypoints import heights_px
from fusion.pose.video.reader import read_frames
from fusion.types import SIDES, Floats, GaitEvents, Keypoints

LEFT, RIGHT, MIDDLE = (40, 110, 230), (225, 60, 50), (235, 235, 235)
"""Colours, RGB."""

LONGEST_SIDE_PX = 1280
"""Larger pictures are written smaller."""

_TICKS_PER_S = 90_000
_HEAD = ("nose", "left_eye", "right_eye", "left_ear", "right_ear")
_HEAD_HEIGHTS = 0.14
_LIMBS = (("hip", "knee"), ("knee", "ankle"), ("ankle", "heel"), ("heel", "toe"), ("shoulder", "elbow"))
_FARTHER_LIMBS = (("elbow", "wrist"), ("shoulder", "hip"))
_OTHERS = 2.4
"""Others are looked for a few times a second only, and move in between: what is blurred is as much larger."""

_SHOWN_S = 0.25
_SURE = 0.5
_LEAST_SCORE = 0.15
_KINDS = {"ic": "initial contact", "fc": "final contact"}


@dataclass(frozen=True, slots=True)
class Overlay:
    """What is drawn.

    Attributes
    ----------
    keypoints
        Points on their legs (after repair), in px of the video.
    events
        Contacts on the clock of the video; None draws none.
    angles_deg
        Name as it is shown -> angle at each frame of ``keypoints``, shape (n,); side-view flexion of the joints.
    keep_face
        Leave faces as they are.
    """

    keypoints: Keypoints
    events: GaitEvents | None = None
    angles_deg: dict[str, Floats] = field(default_factory=dict)
    keep_face: bool = False


def write_overlay(
    pose: VideoPose, overlay: Overlay, target: Path, progress: Callable[[str, float], None] | None = None
) -> None:
    """Write the video of a patient with what was found drawn in, at the true times of its frames (H.264, MP4)."""
    faces = None if overlay.keep_face else face_places(pose)
    height = heights_px(pose)
    with _writer(target, pose.info.size_px) as put:
        for index, frame in enumerate(read_frames(pose.info.path)):
            if index >= len(pose.time_s):
                break
            picture = np.array(frame.picture)
            if faces is not None:
                blur_faces(picture, faces[index], height[index])
                for path in pose.subject.others:
                    body = path.at(frame.time_s, margin_s=1.0)
                    if body is not None:
                        head = body.centre_px - [0.0, 0.43 * body.height_px]
                        blur_faces(picture, head, _OTHERS * body.height_px)
            _draw(picture, overlay, index, float(height[index]))
            put(picture, frame.time_s - float(pose.time_s[0]))
            if progress is not None:
                progress("overlay", index / len(pose.time_s))


def face_places(pose: VideoPose) -> Floats:
    """Return the middle of the patient's head in each frame, px, shape (n, 2); the nearest known where unsure."""
    columns = [k for k, name in enumerate(pose.points) if name in _HEAD]
    score = np.where(pose.score[:, columns] >= _LEAST_SCORE, pose.score[:, columns], 0.0)
    weight = score.sum(axis=1)
    total = (np.nan_to_num(pose.position_px[:, columns]) * score[..., None]).sum(axis=1)
    place = np.full((len(weight), 2), np.nan)
    known = weight > 0.0
    place[known] = total[known] / weight[known, None]
    index = np.arange(len(weight))
    if known.any():
        place = np.stack([np.interp(index, index[known], place[known, axis]) for axis in (0, 1)], axis=1)
    return place


def blur_faces(picture: Picture, centre_px: Floats, height_px: float) -> None:
    """Blur a head in a picture in place, so that no feature is left."""
    import cv2

    if not np.isfinite(centre_px).all() or not np.isfinite(height_px):
        return
    half = max(4, int(0.5 * _HEAD_HEIGHTS * height_px))
    u, v = (int(value) for value in np.round(centre_px))
    left, top = max(0, u - half), max(0, v - half)
    right, bottom = min(picture.shape[1], u + half), min(picture.shape[0], v + half)
    if right - left < 2 or bottom - top < 2:
        return
    # a picture of four by four cells holds no face; blurring alone can be undone in part
    cells = cv2.resize(picture[top:bottom, left:right], (4, 4), interpolation=cv2.INTER_AREA)
    picture[top:bottom, left:right] = cv2.resize(cells, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)


def _draw(picture: Picture, overlay: Overlay, index: int, height_px: float) -> None:
    import cv2

    points = overlay.keypoints
    width = max(1, round(height_px / 120.0))
    for side, colour in zip(SIDES, (LEFT, RIGHT), strict=True):
        for upper, lower in (*_LIMBS, *_FARTHER_LIMBS):
            ends = [points.point(f"{side}_{part}")[index] for part in (upper, lower)]
            if np.isfinite(ends).all():
                start, end = (tuple(int(value) for value in np.round(place)) for place in ends)
                cv2.line(picture, start, end, colour, width, cv2.LINE_AA)
    for column, name in enumerate(points.names):
        place = points.position[index, column]
        if np.isfinite(place).all():
            colour = LEFT if name.startswith("left") else RIGHT if name.startswith("right") else MIDDLE
            filled = -1 if points.confidence[index, column] >= _SURE else width
            centre = tuple(int(value) for value in np.round(place))
            cv2.circle(picture, centre, 2 * width, colour, filled, cv2.LINE_AA)
    _write_texts(picture, _texts(overlay, index))


def _texts(overlay: Overlay, index: int) -> list[tuple[str, tuple[int, int, int]]]:
    time_s = float(overlay.keypoints.time_s[index])
    lines = [(f"{time_s:6.2f} s", MIDDLE)]
    for name, angle in overlay.angles_deg.items():
        value = f"{angle[index]:5.0f} deg" if np.isfinite(angle[index]) else "   -"
        lines.append((f"{name} {value}", LEFT if "left" in name else RIGHT))
    if overlay.events is not None:
        events = overlay.events
        for place in np.flatnonzero(np.abs(events.time_s - time_s) <= _SHOWN_S / 2.0):
            side, kind = str(events.side[place]), str(events.kind[place])
            lines.append((f"{side} {_KINDS[kind]}", LEFT if side == "left" else RIGHT))
    return lines


def _write_texts(picture: Picture, lines: list[tuple[str, tuple[int, int, int]]]) -> None:
    import cv2

    scale = max(0.5, picture.shape[0] / 1000.0)
    height, width = round((16 + 32 * len(lines)) * scale), round(330 * scale)
    picture[:height, :width] = picture[:height, :width] // 4  # a dark plate, so that every colour can be read
    for row, (text, colour) in enumerate(lines):
        origin = (round(14 * scale), round((34 + 32 * row) * scale))
        light = tuple(min(255, value + 60) for value in colour)
        cv2.putText(
            picture, text, origin, cv2.FONT_HERSHEY_SIMPLEX, scale, light, max(1, round(2 * scale)), cv2.LINE_AA
        )


@contextmanager
def _writer(target: Path, size_px: tuple[int, int]) -> Iterator[Callable[[Picture, float], None]]:
    """Give a function that takes a picture and its time; sizes are even, as H.264 needs them."""
    import av
    import cv2

    shrink = min(1.0, LONGEST_SIDE_PX / max(size_px))
    width, height = (max(2, 2 * round(side * shrink / 2)) for side in size_px)
    with av.open(str(target), "w") as container:
        stream: Any = container.add_stream("libx264", rate=30, options={"crf": "23", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, _TICKS_PER_S)

        def put(picture: Picture, time_s: float) -> None:
            small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(small, dtype=np.uint8), format="rgb24")
            frame.pts, frame.time_base = round(time_s * _TICKS_PER_S), Fraction(1, _TICKS_PER_S)
            container.mux(stream.encode(frame))

        yield put
        container.mux(stream.encode(None))
