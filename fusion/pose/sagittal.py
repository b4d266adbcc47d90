"""Keypoints of one camera into the world (x forward, y left, z up), with the doubt of each coordinate.

Three kinds of camera
- 3-D keypoints of an unposed camera (monocular lifting): turned upright and into the walking direction. Across
  the ray they are good to 2 cm; along it only to 6 cm, and that error lasts for many frames.
- pixels of a calibrated camera: rays meet the sagittal plane of the walk; depth is NaN.
- pixels of a camera whose place is unknown: taken as a side view, scaled by the length of the leg; depth is NaN.
  Its distortion is taken out where it is known.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import numpy as np

from fusion.errors import SignalError
from fusion.pose import calibrate
from fusion.types import Camera, Floats, Keypoints, WorldPoints

ACROSS_SD_M = 0.02
"""Error of a keypoint across the ray: 20 to 30 mm (Needham et al. 2021, doi:10.1038/s41598-021-00212-x)."""

HIP_SD_M = 0.03
"""Hips are hidden under soft tissue and clothing; the same study finds 30 to 40 mm."""

ALONG_SD_M = 0.065
"""Error of a lifted keypoint along the ray, relative to the body: 5 to 8 cm for monocular lifting."""

_FRONTAL_LIMIT = 0.6
_SCALE_QUANTILE = 0.9
_FLOOR_QUANTILE = 0.05


class Lengths(Protocol):
    """Lengths of a person that a camera needs, m; ``body.Skeleton`` has them."""

    @property
    def thigh_m(self) -> float:
        """Hip to knee."""

    @property
    def shank_m(self) -> float:
        """Knee to ankle."""

    @property
    def ankle_height_m(self) -> float:
        """Ankle above the floor."""

    @property
    def hip_width_m(self) -> float:
        """Between the hip joint centres."""

    @property
    def shoulder_width_m(self) -> float:
        """Between the shoulders."""

    @property
    def leg_length_m(self) -> float:
        """Hip to floor."""


def to_world(
    keypoints: Keypoints,
    camera: Camera,
    skeleton: Lengths,
    *,
    up_hint: Floats | None = None,
    plane_y_m: float = 0.0,
    time_s: Floats | None = None,
) -> WorldPoints:
    """Return keypoints in world coordinates: x forward at the start of the walk, z = 0 on the floor.

    Parameters
    ----------
    camera
        Its geometry as far as known.
    skeleton
        Scales an uncalibrated image and puts the ankle above the floor.
    up_hint
        Up in camera axes, shape (3,), where it was measured.
    plane_y_m
        Calibrated camera: world y of the plane that the walker moves in.
    time_s
        Frame times on the reference clock; those of the keypoints when left out.

    Raises
    ------
    SignalError
        Too little is visible, or a single image is not a side view.
    """
    if keypoints.space == "camera_m":
        points = _from_lifted(keypoints, skeleton, up_hint)
    elif camera.is_calibrated:
        points = _from_calibrated(keypoints, camera, skeleton, plane_y_m)
    else:
        points = _from_image(_straightened(keypoints, camera), skeleton)
    return points if time_s is None else replace(points, time_s=time_s)


def root_track(points: Keypoints | WorldPoints) -> Floats:
    """Return the midpoint of the hips, or the pelvis point where there is one, shape (n, axes)."""
    middle = 0.5 * (points.point("left_hip") + points.point("right_hip"))
    pelvis = points.point("pelvis")
    return np.where(np.isfinite(pelvis), pelvis, middle)


def _from_lifted(keypoints: Keypoints, skeleton: Lengths, up_hint: Floats | None) -> WorldPoints:
    root = root_track(keypoints)
    up = calibrate.up_in_camera(root, up_hint)
    forward = calibrate.walking_direction(root, keypoints.time_s, up)
    if not np.isfinite(forward).all():
        forward = _facing(keypoints, up)
    world_from_camera = np.stack([forward, np.cross(up, forward), up])
    position = keypoints.position @ world_from_camera.T
    start = _first(root) @ world_from_camera.T
    shift = np.array([start[0], start[1], _floor(position, keypoints.names, skeleton)])
    return WorldPoints(
        camera=keypoints.camera,
        time_s=keypoints.time_s,
        names=keypoints.names,
        position_m=position - shift,
        sd_m=_lifted_sd(keypoints, root, world_from_camera),
        confidence=keypoints.confidence,
    )


def _facing(keypoints: Keypoints, up: Floats) -> Floats:
    """Forward of a body that stays in place: perpendicular to the line of the hips and to up."""
    leftward = np.zeros(3)
    for part in ("hip", "shoulder"):
        across = keypoints.point(f"left_{part}") - keypoints.point(f"right_{part}")
        across = across[np.isfinite(across).all(axis=1)]
        if len(across):
            leftward = leftward + across.mean(axis=0)
    forward = np.cross(leftward, up)
    size = float(np.linalg.norm(forward))
    if size < 1e-6:
        raise SignalError(
            f"camera {keypoints.camera!r}: neither travel nor hips show where the walker faces. "
            "Check the hip keypoints."
        )
    return np.asarray(forward / size)


def _lifted_sd(keypoints: Keypoints, root: Floats, world_from_camera: Floats) -> Floats:
    """Return standard deviations in the world, shape (n, k, 3): large along the ray, small across it."""
    distance = np.linalg.norm(root, axis=1, keepdims=True)
    # A skeleton whose root sits at the origin has no ray; the optical axis stands in for it.
    ray = np.where(distance > 1.0, root / np.maximum(distance, 1e-9), np.array([0.0, 0.0, 1.0]))
    share = np.nan_to_num(ray @ world_from_camera.T) ** 2
    across = _across_sd(keypoints) ** 2
    variance = across[..., None] * (1.0 - share[:, None, :]) + ALONG_SD_M**2 * share[:, None, :]
    return np.asarray(np.sqrt(variance))


def _across_sd(keypoints: Keypoints, metres_per_px: Floats | float = np.nan) -> Floats:
    """Return the standard deviation across the ray, m, shape (n, k).

    What the detector is known to err by, where that is known; else larger for hips and unsure points.
    """
    if keypoints.sd_px is not None:
        known = keypoints.sd_px * metres_per_px
        if np.isfinite(known).any():
            return np.asarray(np.where(np.isfinite(known), known, np.nanmedian(known)))
    base = np.array([HIP_SD_M if name.endswith(("hip", "pelvis")) else ACROSS_SD_M for name in keypoints.names])
    sure = np.clip(np.nan_to_num(keypoints.confidence, nan=0.1), 0.1, 1.0)
    return np.asarray(base / np.sqrt(sure))


def _from_calibrated(keypoints: Keypoints, camera: Camera, skeleton: Lengths, plane_y_m: float) -> WorldPoints:
    """Back-project; the near and the far leg lie half a hip width before and behind the plane."""
    plane = np.array([plane_y_m + _lateral(name, skeleton) for name in keypoints.names])
    position = calibrate.on_plane(keypoints.position, camera, plane)
    # a pixel is as many metres wide as the point is focal lengths away
    depth_m = (position - camera.position_m) @ camera.camera_from_world[2]
    if _direction(keypoints.names, position[..., 0], skeleton.leg_length_m) < 0.0:
        # The walker comes the other way: the world turns by half a turn about z, and left legs lie at -y.
        plane = np.array([plane_y_m - _lateral(name, skeleton) for name in keypoints.names])
        position = calibrate.on_plane(keypoints.position, camera, plane) * np.array([-1.0, -1.0, 1.0])
    return _planar(keypoints, position[..., 0], position[..., 2], depth_m / float(camera.focal_px.mean()))


def _straightened(keypoints: Keypoints, camera: Camera) -> Keypoints:
    """Return keypoints as a lens without distortion would see them."""
    if not (np.isfinite(camera.focal_px).all() and np.isfinite(camera.centre_px).all()):
        return keypoints
    ideal = calibrate.normalised(keypoints.position, camera) * camera.focal_px + camera.centre_px
    return replace(keypoints, position=ideal)


def _from_image(keypoints: Keypoints, skeleton: Lengths) -> WorldPoints:
    """Side view of unknown scale: pixels become metres by the longest look of thigh and shank."""
    _check_side_view(keypoints)
    metres_per_px = (skeleton.thigh_m + skeleton.shank_m) / _leg_px(keypoints)
    u, v = metres_per_px * keypoints.position[..., 0], -metres_per_px * keypoints.position[..., 1]
    x = u * (_direction(keypoints.names, u, skeleton.leg_length_m) or 1.0)
    z = v - _floor(np.stack([x, x, v], axis=-1), keypoints.names, skeleton)
    return _planar(keypoints, x, z, metres_per_px)


def _planar(keypoints: Keypoints, x: Floats, z: Floats, metres_per_px: Floats | float) -> WorldPoints:
    across = _across_sd(keypoints, metres_per_px)
    depth = np.full_like(x, np.nan)
    seen = np.flatnonzero(np.isfinite(x).any(axis=1))
    start = float(np.nanmedian(x[seen[0]])) if seen.size else 0.0
    return WorldPoints(
        camera=keypoints.camera,
        time_s=keypoints.time_s,
        names=keypoints.names,
        position_m=np.stack([x - start, depth, z], axis=-1),
        sd_m=np.stack([across, depth, across], axis=-1),
        confidence=keypoints.confidence,
    )


def _lateral(name: str, skeleton: Lengths) -> float:
    if not name.startswith(("left_", "right_")):
        return 0.0
    width = skeleton.shoulder_width_m if name.endswith("shoulder") else skeleton.hip_width_m
    return 0.5 * width * (1.0 if name.startswith("left_") else -1.0)


def _leg_px(keypoints: Keypoints) -> float:
    lengths = []
    for upper, lower in (("hip", "knee"), ("knee", "ankle")):
        both = [
            np.linalg.norm(keypoints.point(f"{side}_{upper}") - keypoints.point(f"{side}_{lower}"), axis=1)
            for side in ("left", "right")
        ]
        seen = np.concatenate(both)
        seen = seen[np.isfinite(seen)]
        if len(seen) < 5:
            raise SignalError(
                f"camera {keypoints.camera!r} hardly sees the legs; got {len(seen)} frames with {upper} and "
                f"{lower}. Check the view or the confidence limit."
            )
        lengths.append(float(np.quantile(seen, _SCALE_QUANTILE)))
    return sum(lengths)


def _check_side_view(keypoints: Keypoints) -> None:
    """Refuse a view whose hips or shoulders look wide: sagittal motion then lies along the ray."""
    leg = _leg_px(keypoints)
    # Widths over thigh plus shank of a body seen from the front: Winter 2009, see ``Skeleton``.
    for part, frontal in (("hip", 0.101 / 0.491), ("shoulder", 0.259 / 0.491)):
        width = np.abs(keypoints.point(f"left_{part}")[:, 0] - keypoints.point(f"right_{part}")[:, 0])
        width = width[np.isfinite(width)]
        if len(width) and float(np.median(width)) / leg > _FRONTAL_LIMIT * frontal:
            raise SignalError(
                f"camera {keypoints.camera!r} does not look from the side (the {part}s look "
                f"{float(np.median(width)) / leg / frontal:.0%} as wide as from the front); sagittal angles "
                "are not assessable. Calibrate the camera or place it beside the walkway."
            )


def _direction(names: tuple[str, ...], x: Floats, leg: float) -> float:
    """Return +1 when the walker faces along +x, else -1: by the feet, the path, or the nose."""

    def track(name: str) -> Floats:
        return x[:, names.index(name)] if name in names else np.full(len(x), np.nan)

    feet = np.concatenate([track(f"{side}_toe") - track(f"{side}_heel") for side in ("left", "right")])
    if np.isfinite(feet).sum() > 5:
        return float(np.sign(np.nanmedian(feet)))
    root = 0.5 * (track("left_hip") + track("right_hip"))
    root = root[np.isfinite(root)]
    if len(root) > 5 and abs(root[-1] - root[0]) > leg:
        return float(np.sign(root[-1] - root[0]))
    face = track("nose") - 0.5 * (track("left_shoulder") + track("right_shoulder"))
    return float(np.sign(np.nanmedian(face))) if np.isfinite(face).any() else 1.0


def _floor(position: Floats, names: tuple[str, ...], skeleton: Lengths) -> float:
    """Height of the floor in coordinates whose z points up: the lowest toes and heels, else ankles."""
    for parts, height_m in ((("toe", "heel"), 0.0), (("ankle",), skeleton.ankle_height_m)):
        columns = [k for k, name in enumerate(names) if name.endswith(parts)]
        heights = position[:, columns, 2]
        heights = heights[np.isfinite(heights)]
        if heights.size:
            return float(np.quantile(heights, _FLOOR_QUANTILE)) - height_m
    return 0.0


def _first(track: Floats) -> Floats:
    known = track[np.isfinite(track).all(axis=1)]
    return np.asarray(known[0]) if len(known) else np.zeros(track.shape[1])
