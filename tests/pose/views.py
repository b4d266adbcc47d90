"""Views of the small walker: lifted, calibrated and uncalibrated."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from fusion.frames import SIDE_CAMERA_FROM_WORLD
from fusion.types import Camera, Keypoints, WorldPoints
from tests.body.walker import world_points

TIME_S = np.arange(0.0, 5.0, 1 / 30)


def tracks(lateral: float = 1.0) -> tuple[tuple[str, ...], np.ndarray]:
    """Return names and world positions, m, shape (n, k, 3)."""
    points = world_points(TIME_S, lateral)
    return tuple(points), np.stack(list(points.values()), axis=1)


def true_points() -> WorldPoints:
    """Return the truth as world points."""
    names, position = tracks()
    return WorldPoints("truth", TIME_S, names, position, np.full_like(position, 0.01), np.ones(position.shape[:2]))


def lifted(tilt_deg: float = 0.0, away: bool = True, in_place: bool = False) -> Keypoints:
    """Return what a perfect lifting camera sees along the walkway, camera axes, m."""
    names, position = tracks()
    if in_place:
        position = position - position[:, :1]
    # Camera behind the walker (away) or before: forward is depth, or its opposite.
    right, forward = ([0.0, -1.0, 0.0], [1.0, 0.0, 0.0]) if away else ([0.0, 1.0, 0.0], [-1.0, 0.0, 0.0])
    camera_from_world = np.array([right, [0.0, 0.0, -1.0], forward])
    start = np.array([0.0, 1.0, 3.0 if away else 11.0]) * (0.0 if in_place else 1.0)
    seen = position @ camera_from_world.T + start
    seen = Rotation.from_euler("x", tilt_deg, degrees=True).apply(seen.reshape(-1, 3)).reshape(seen.shape)
    return Keypoints("hall", TIME_S, names, seen, np.ones(seen.shape[:2]), "camera_m")


def side_camera(distortion: float = 0.0) -> Camera:
    """Return a calibrated camera 5 m to the right of the walkway."""
    return Camera(
        "side",
        size_px=np.array([1920.0, 1080.0]),
        focal_px=np.array([1100.0, 1100.0]),
        centre_px=np.array([960.0, 540.0]),
        distortion=np.array([distortion, 0.0, 0.0, 0.0, 0.0]),
        camera_from_world=SIDE_CAMERA_FROM_WORLD,
        position_m=np.array([3.0, -5.0, 1.0]),
    )


def image(camera: Camera, backward: bool = False, lateral: float = 1.0) -> Keypoints:
    """Return pixels of the walker by the pinhole model; ``backward``: walking towards image left."""
    names, position = tracks(lateral)
    if backward:
        position = position * np.array([-1.0, -1.0, 1.0]) + np.array([6.0, 0.0, 0.0])
    local = (position - camera.position_m) @ camera.camera_from_world.T
    flat = local[..., :2] / local[..., 2:]
    radius2 = (flat**2).sum(axis=-1, keepdims=True)
    pixels = camera.focal_px * flat * (1.0 + camera.distortion[0] * radius2) + camera.centre_px
    return Keypoints("side", TIME_S, names, pixels, np.ones(pixels.shape[:2]))
