"""Points of the world in the picture, and points of several pictures in the world.

Pinhole with Brown-Conrady distortion. Triangulation: the point nearest to all rays in the sense of the pixels (linear
start, Hartley & Zisserman 2004, section 12.2; then Gauss-Newton on the reprojection error).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fusion.errors import UsageError
from fusion.pose.calibrate import normalised
from fusion.types import Camera, Floats

_STEPS = 5
_STEP_M = 1e-5


def project(position_m: Floats, camera: Camera) -> Floats:
    """Return pixels, shape (..., 2), of world points, shape (..., 3); NaN behind the camera."""
    seen = (position_m - camera.position_m) @ camera.camera_from_world.T
    depth = np.where(seen[..., 2] > 1e-6, seen[..., 2], np.nan)
    x, y = seen[..., 0] / depth, seen[..., 1] / depth
    k1, k2, p1, p2, k3 = np.nan_to_num(camera.distortion)
    r2 = x * x + y * y
    radial = 1.0 + r2 * (k1 + r2 * (k2 + r2 * k3))
    u = x * radial + 2.0 * p1 * x * y + p2 * (r2 + 2.0 * x * x)
    v = y * radial + p1 * (r2 + 2.0 * y * y) + 2.0 * p2 * x * y
    return np.asarray(np.stack([u, v], axis=-1) * camera.focal_px + camera.centre_px)


def triangulate(pixels: Floats, cameras: Sequence[Camera], weight: Floats | None = None) -> tuple[Floats, Floats]:
    """Return world points, m, shape (n, 3), and each camera's reprojection error, px, shape (cameras, n).

    Parameters
    ----------
    pixels
        One point as each camera saw it, shape (cameras, n, 2); NaN where it did not.
    weight
        Of each sighting, shape (cameras, n); 1 when left out.

    Raises
    ------
    UsageError
        Fewer than two calibrated cameras.
    """
    if len(cameras) < 2 or not all(camera.is_calibrated for camera in cameras):
        raise UsageError(f"triangulation needs two calibrated cameras or more; got {len(cameras)}. Calibrate them.")
    seen = np.isfinite(pixels).all(axis=2)
    weight = np.where(seen, 1.0 if weight is None else weight, 0.0)
    count = pixels.shape[1]
    points = np.full((count, 3), np.nan)
    for k in np.flatnonzero((weight > 0.0).sum(axis=0) >= 2):
        points[k] = _nearest(pixels[:, k], cameras, weight[:, k])
    error = np.stack([np.linalg.norm(project(points, cam) - pixels[c], axis=1) for c, cam in enumerate(cameras)])
    return points, error


def _nearest(pixels: Floats, cameras: Sequence[Camera], weight: Floats) -> Floats:
    rows, values = [], []
    for pixel, camera, w in zip(pixels, cameras, weight, strict=True):
        if w <= 0.0:
            continue
        flat = normalised(pixel, camera)
        # flat[k] * depth = coordinate k, both linear in the point
        R = camera.camera_from_world
        for axis in (0, 1):
            row = R[axis] - flat[axis] * R[2]
            rows.append(w * row)
            values.append(w * float(row @ camera.position_m))
    point = np.linalg.lstsq(np.asarray(rows), np.asarray(values), rcond=None)[0]
    used = [(pixel, camera, w) for pixel, camera, w in zip(pixels, cameras, weight, strict=True) if w > 0.0]
    for _ in range(_STEPS):
        residual = np.concatenate([w * (pixel - project(point, camera)) for pixel, camera, w in used])
        J = np.stack(
            [
                np.concatenate(
                    [w * (project(point + step, camera) - project(point, camera)) / _STEP_M for _, camera, w in used]
                )
                for step in _STEP_M * np.eye(3)
            ],
            axis=1,
        )
        if not (np.isfinite(residual).all() and np.isfinite(J).all()):
            return np.full(3, np.nan)
        point = point + np.linalg.lstsq(J, residual, rcond=None)[0]
    return np.asarray(point)
