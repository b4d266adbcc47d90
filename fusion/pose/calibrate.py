"""A camera's place against gravity and the walk: rays of pixels, and up and forward of an unposed camera."""

from __future__ import annotations

import numpy as np

from fusion.errors import SignalError
from fusion.types import Camera, Floats

LEVEL_CAMERA_UP: Floats = np.array([0.0, -1.0, 0.0])
"""Up in the axes of a camera that stands level (image down is down)."""

_UNDISTORT_STEPS = 8
_MIN_TRAVEL_M = 2.0
_LARGEST_TILT_RAD = np.deg2rad(25.0)
_START_S = 1.5


def normalised(pixels: Floats, camera: Camera) -> Floats:
    """Return undistorted image coordinates X/Z, Y/Z, shape (..., 2), of pixels, shape (..., 2).

    Brown-Conrady distortion inverted by fixed-point iteration (Heikkila & Silven 1997).
    """
    seen = (pixels - camera.centre_px) / camera.focal_px
    k1, k2, p1, p2, k3 = np.nan_to_num(camera.distortion)
    ideal = np.array(seen)
    for _ in range(_UNDISTORT_STEPS):
        x, y = ideal[..., 0], ideal[..., 1]
        r2 = x * x + y * y
        radial = 1.0 + r2 * (k1 + r2 * (k2 + r2 * k3))
        shift_x = 2.0 * p1 * x * y + p2 * (r2 + 2.0 * x * x)
        shift_y = p1 * (r2 + 2.0 * y * y) + 2.0 * p2 * x * y
        ideal = (seen - np.stack([shift_x, shift_y], axis=-1)) / radial[..., None]
    return ideal


def on_plane(pixels: Floats, camera: Camera, plane_y_m: Floats) -> Floats:
    """Return world points, shape (n, k, 3), where the rays of pixels, shape (n, k, 2), meet y = ``plane_y_m``.

    Parameters
    ----------
    plane_y_m
        Plane of each point, world y, m, shape (k,).

    Raises
    ------
    SignalError
        The camera looks along the walk, so that its rays run nearly parallel to the plane.
    """
    world_from_camera = camera.camera_from_world.T
    if abs(float(world_from_camera[1, 2])) < 0.5:
        raise SignalError(
            f"camera {camera.name!r} looks along the walk; a single camera gives sagittal angles from the "
            "side only. Place it beside the walkway or add a second one."
        )
    flat = normalised(pixels, camera)
    ray = np.concatenate([flat, np.ones((*flat.shape[:-1], 1))], axis=-1) @ world_from_camera.T
    reach = (plane_y_m - camera.position_m[1]) / ray[..., 1]
    reach = np.where(reach > 0.0, reach, np.nan)
    return np.asarray(camera.position_m + reach[..., None] * ray)


def up_in_camera(root_m: Floats, up_hint: Floats | None = None) -> Floats:
    """Return up in the axes of an unposed camera, shape (3,).

    Parameters
    ----------
    root_m
        Track of the pelvis in camera axes, m, shape (n, 3).
    up_hint
        Measured up (a wearable on the camera, a plumb line); taken as it is.

    Notes
    -----
    A floor is level, so the path of the pelvis is horizontal: where the walker covers two metres or more, the
    part of the assumed up along the path is the camera's tilt and is taken out. Roll stays as assumed.
    """
    if up_hint is not None:
        return np.asarray(up_hint / np.linalg.norm(up_hint))
    up = LEVEL_CAMERA_UP
    travel = _travel(root_m)
    distance = float(np.linalg.norm(travel))
    if distance >= _MIN_TRAVEL_M:
        along = travel / distance
        tilt = float(np.arcsin(np.clip(along @ up, -1.0, 1.0)))
        if abs(tilt) < _LARGEST_TILT_RAD:
            up = up - (up @ along) * along
    return np.asarray(up / np.linalg.norm(up))


def walking_direction(root_m: Floats, time_s: Floats, up: Floats) -> Floats:
    """Return the horizontal direction of travel at the start of the walk, unit, shape (3,); NaN without travel.

    The line through the first 1.5 s of travel where that is clear, else through all of it.
    """
    level = root_m - np.outer(root_m @ up, up)
    known = np.isfinite(level).all(axis=1)
    if known.sum() < 3:
        return np.full(3, np.nan)
    t, x = time_s[known], level[known]
    far = np.linalg.norm(x - x[0], axis=1)
    moving = int(np.argmax(far > 0.25)) if (far > 0.25).any() else 0
    early = (t >= t[moving]) & (t <= t[moving] + _START_S)
    for part in (early, np.ones(len(t), dtype=bool)):
        if part.sum() < 3:
            continue
        slope = np.polynomial.polynomial.polyfit(t[part] - t[part].mean(), x[part], 1)[1]
        if np.linalg.norm(slope) * (t[part][-1] - t[part][0]) > 0.5:
            return np.asarray(slope / np.linalg.norm(slope))
    return np.full(3, np.nan)


def _travel(root_m: Floats) -> Floats:
    known = root_m[np.isfinite(root_m).all(axis=1)]
    if len(known) < 10:
        return np.zeros(3)
    tenth = max(1, len(known) // 10)
    return np.asarray(np.median(known[-tenth:], axis=0) - np.median(known[:tenth], axis=0))
