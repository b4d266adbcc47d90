"""From what a network saw to the keypoints of a recording: calibrated confidence, doubt of sides, no guesses.

1. Points that a recording knows; eyes and ears are left behind.
2. A point beyond the edge of the frame is a guess and missing; so are the legs of a body that the edge cuts, and a
   body whose scores fall to half of what they are in this clip: it is hidden, or not there.
3. Confidence and scatter by ``confidence``.
4. Probability of the other side by ``sides.repair``. The points stand as the network named them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fusion.pose.confidence import in_place, scatter
from fusion.pose.sides.repair import repair
from fusion.pose.track.follow import SQUARE_HEIGHTS
from fusion.pose.video.extract import VideoPose
from fusion.types import POINTS, Camera, Flags, Floats, Keypoints, Recording, Subject

CAMERA = "video"
"""Name of the camera of a plain video."""

CUT_HEIGHTS = 0.27
"""Half a long step with its feet, in body heights: nearer to the edge of the frame the body is cut."""

WEAK_SHARE = 0.5
"""Of the clip's median score; a network looking at a tree or past the patient stays below."""

_LOWER = ("hip", "knee", "ankle", "heel", "toe")


def keypoints_of(pose: VideoPose, camera: str = CAMERA, clock: str = "own") -> Keypoints:
    """Return the keypoints of a recording; see above."""
    # 1.
    columns = [k for k, name in enumerate(pose.points) if name in POINTS]
    names = tuple(pose.points[k] for k in columns)
    position, score = pose.position_px[:, columns].copy(), pose.score[:, columns]
    # 2.
    position[~inside(position, pose.info.size_px)] = np.nan
    cut = cut_off(pose)
    position[np.ix_(cut, np.array([name.endswith(_LOWER) for name in names], dtype=bool))] = np.nan
    position[~pose.seen | hidden(pose)] = np.nan
    # 3.
    known = np.isfinite(position).all(axis=2)
    keypoints = Keypoints(
        camera=camera,
        time_s=pose.time_s,
        names=names,
        position=position,
        confidence=np.where(known, in_place(pose.model, score), 0.0),
        clock=clock,
        sd_px=scatter(pose.model, score) * heights_px(pose)[:, None],
    )
    # 4.
    return replace(keypoints, other_side=repair(keypoints).other_side)


def recording_of(
    pose: VideoPose, subject: Subject, identifier: str = "video", camera: Camera | None = None, **settings: object
) -> Recording:
    """Return a recording with one camera, uncalibrated when left out; ``settings`` are fields of ``Recording``."""
    size = np.asarray(pose.info.size_px, dtype=np.float64)
    camera = replace(camera or Camera(CAMERA), name=CAMERA, size_px=size, rate_hz=pose.info.rate_hz)
    return Recording(
        subject=subject,
        keypoints=(keypoints_of(pose),),
        cameras=(camera,),
        identifier=identifier,
        **settings,  # type: ignore[arg-type]
    )


def heights_px(pose: VideoPose) -> Floats:
    """Return the body height as it looks in each frame, px, shape (n,), by the square that follows the patient."""
    sides = np.array([square.side if square is not None else np.nan for square in pose.squares])
    return np.where(np.isfinite(sides), sides, np.nanmedian(sides)) / SQUARE_HEIGHTS


def inside(position_px: Floats, size_px: tuple[int, int]) -> Flags:
    """Return which points lie in the frame, shape (n, k)."""
    low, high = -0.5, np.asarray(size_px, dtype=np.float64) - 0.5
    with np.errstate(invalid="ignore"):
        return np.asarray(((position_px >= low) & (position_px <= high)).all(axis=2))


def hidden(pose: VideoPose) -> Flags:
    """Return the frames in which the network hardly sees a body, shape (n,)."""
    mean = pose.score.mean(axis=1)
    return np.asarray(mean < WEAK_SHARE * np.median(mean[pose.seen]))


def cut_off(pose: VideoPose) -> Flags:
    """Return the frames in which the edge of the frame cuts the walking body, shape (n,).

    The pelvis is then nearer to the left or right edge than half a step. A frame that is narrower than a step cuts
    nobody: its patient walks in place or along the view.
    """
    width = pose.info.size_px[0]
    middle = 0.5 * (pose.point("left_hip") + pose.point("right_hip"))[:, 0]
    reach = CUT_HEIGHTS * heights_px(pose)
    with np.errstate(invalid="ignore"):
        return np.asarray((width > 4.0 * reach) & ((middle < reach) | (middle > width - 1 - reach)))
