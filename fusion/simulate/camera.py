"""What a camera and its keypoint detector deliver: exact projection, then the errors that detectors make."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import lfilter

from fusion.frames import SIDE_CAMERA_FROM_WORLD
from fusion.simulate.body import Walk
from fusion.simulate.clocks import Clock
from fusion.simulate.faults import LEG_PARTS, blackout, guesses, other_side, swapped_frames
from fusion.simulate.settings import CameraSettings, SimulationSettings
from fusion.simulate.truth import CameraTruth
from fusion.types import Camera, Flags, Floats, Keypoints

SIZE_PX = np.array([1280.0, 720.0])
FOCAL_PX = 900.0
HEIGHT_M = 1.0

FRONT_CAMERA_FROM_WORLD: Floats = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, -1.0], [-1.0, 0.0, 0.0]])
"""A level camera in front of the subject that looks back: image right is the subject's left."""

DRIFT_TIME_S = 0.25
JITTER_TIME_S = 0.03
"""1/e time of a detector's frame-to-frame jitter: neighbouring frames of a fast camera look alike to it."""

FAR_LEG = 1.4
BLUR_SPEED_MPS = 3.0
"""Point speed at which motion blur doubles the jitter."""

OUTLIER_M = 0.12
DEPTH_NOISE = 4.0
"""A monocular lifter's depth is this much noisier than its lateral position."""

HIDDEN_BEHIND_M = 0.05
"""A far point this close (in the image) to the same point of the near leg is partly hidden."""


def place_camera(settings: CameraSettings, simulation: SimulationSettings) -> Camera:
    """Return the true geometry of a camera."""
    treadmill = simulation.surface == "treadmill"
    if settings.view == "side":
        distance_m = settings.distance_m if np.isfinite(settings.distance_m) else (3.5 if treadmill else 6.5)
        position_m, rotation = np.array([0.0, -distance_m, HEIGHT_M]), SIDE_CAMERA_FROM_WORLD
    else:
        ahead_m = 0.0 if treadmill else 0.5 * simulation.walkway_m
        distance_m = settings.distance_m if np.isfinite(settings.distance_m) else 4.0
        position_m, rotation = np.array([ahead_m + distance_m, 0.0, HEIGHT_M]), FRONT_CAMERA_FROM_WORLD
    return Camera(
        name=settings.name,
        size_px=SIZE_PX,
        focal_px=np.full(2, FOCAL_PX),
        centre_px=0.5 * (SIZE_PX - 1.0),
        camera_from_world=rotation,
        position_m=position_m,
        rate_hz=settings.rate_hz,
    )


def to_camera(camera: Camera, world_m: Floats) -> Floats:
    """Return world points in the camera frame (x right, y down, z forward), m, shape (..., 3)."""
    return np.asarray((world_m - camera.position_m) @ camera.camera_from_world.T)


def to_pixels(camera: Camera, camera_m: Floats) -> Floats:
    """Return the pinhole projection of points in the camera frame, px, shape (..., 2)."""
    return np.asarray(camera.centre_px + camera.focal_px * camera_m[..., :2] / camera_m[..., 2:])


def record_camera(
    settings: CameraSettings, simulation: SimulationSettings, walk: Walk, rng: np.random.Generator
) -> tuple[Keypoints, Camera, CameraTruth]:
    """Return the keypoints of one camera, its geometry as far as it is given away, and the truth.

    1. Exposures on the camera's clock and exact points in its frame.
    2. Errors at the body, m: constant, locked to the gait phase, correlated, white with blur, outliers.
    3. Projection (side view) or depth errors (frontal).
    4. Left and right exchanged, far leg hidden by the near one, blackouts, image border.
    """
    camera = place_camera(settings, simulation)
    clock = _clock(settings, rng)
    stream_s, time_s = clock.ticks(rng.uniform(0.0, 0.02), simulation.walking_s, settings.rate_hz)
    names = settings.points
    motion = [walk.point_motion(walk.anatomy.point(name), time_s) for name in names]
    exact_m = to_camera(camera, np.stack([item[0] for item in motion], axis=1))
    speed_mps = np.linalg.norm(np.stack([item[1] for item in motion], axis=1), axis=2)
    hidden = _behind_near_leg(names, exact_m, settings, rng)
    error_m, outlier = _errors(settings, names, speed_mps, walk.feet["right"].phase(time_s), rng)
    error_m[hidden] *= 2.0
    position = _in_units(settings, camera, exact_m + error_m)
    _move(position, time_s, settings)
    confidence = _confidence(settings, error_m, outlier, rng)
    confidence[hidden] *= 0.6
    swapped = swapped_frames(time_s, settings.swap_fraction if settings.errors else 0.0, settings.swaps, rng)
    twin = other_side(names, ("hip", *LEG_PARTS))
    position[swapped] = position[swapped][:, twin]
    confidence[swapped] = confidence[swapped][:, twin]
    lost = hidden & (rng.random(hidden.shape) < 0.3)
    occluded = blackout(time_s, names, settings.blackouts) | lost
    _darken(position, confidence, occluded, settings, camera, rng)
    occluded |= _outside(settings, position, confidence)
    keypoints = Keypoints(
        settings.name,
        stream_s,
        names,
        position,
        confidence,
        "image_px" if settings.view == "side" else "camera_m",
        clock="host",
    )
    clean = _in_units(settings, camera, exact_m, exact=True)
    truth = CameraTruth(clock, time_s, names, clean, occluded, outlier & ~occluded, swapped)
    given = camera if settings.calibrated else Camera(settings.name, SIZE_PX, rate_hz=settings.rate_hz)
    return keypoints, given, truth


def _move(position: Floats, time_s: Floats, settings: CameraSettings) -> None:
    """Shift the image, in place, from each time at which the camera was touched."""
    for moved_s, right_px, down_px in settings.moves:
        position[time_s >= moved_s, :, :2] += np.array([right_px, down_px])


def _clock(settings: CameraSettings, rng: np.random.Generator) -> Clock:
    drawn_s, skew_ppm = rng.uniform(-0.5, 0.5), rng.uniform(-settings.skew_ppm, settings.skew_ppm)
    given = np.isfinite(settings.clock_offset_s)
    return Clock(settings.clock_offset_s if given else drawn_s, skew_ppm)


def _errors(
    settings: CameraSettings, names: tuple[str, ...], speed_mps: Floats, phase: Floats, rng: np.random.Generator
) -> tuple[Floats, Flags]:
    """Return the detector's errors at the body, m, shape (n, k, 3), and which of them are outliers, (n, k)."""
    frames, count = speed_mps.shape
    if not settings.errors:
        return np.zeros((frames, count, 3)), np.zeros((frames, count), dtype=np.bool_)
    blur = 1.0 + speed_mps / BLUR_SPEED_MPS
    error = keypoint_noise(settings, phase, count, rng, blur)
    far = np.array([name.startswith("left_") and settings.view == "side" for name in names])
    error *= np.where(far, FAR_LEG, 1.0)[:, None]
    if settings.view == "frontal_3d":
        error[..., 2] *= DEPTH_NOISE
    outlier = rng.random((frames, count)) < settings.outlier_fraction
    error[outlier] += OUTLIER_M * rng.standard_t(3, size=(int(outlier.sum()), 3))
    return error, outlier


def keypoint_noise(
    settings: CameraSettings, phase: Floats, count: int, rng: np.random.Generator, blur: Floats | None = None
) -> Floats:
    """Return a detector's errors at the body, m, shape (n, count, 3): constant, gait-locked, drift, jitter.

    Parameters
    ----------
    phase
        Gait phase of each frame, strides, shape (n,).
    blur
        Factor on the jitter, shape (n, count); 1 when left out.
    """
    shape = (len(phase), count, 3)
    constant = settings.offset_m * rng.standard_normal((count, 3))
    locked = settings.curve_m * _phase_curves(phase, count, rng)
    keep = np.exp(-1.0 / (settings.rate_hz * DRIFT_TIME_S))
    drive = rng.standard_normal(shape)
    drive[0] /= np.sqrt(1.0 - keep**2)
    drift = settings.drift_m * lfilter([np.sqrt(1.0 - keep**2)], [1.0, -keep], drive, axis=0)
    jitter = settings.noise_m * _jitter(shape, settings.rate_hz, rng)
    if blur is not None:
        jitter *= blur[:, :, None]
    return np.asarray(constant + locked + drift + jitter)


def _jitter(shape: tuple[int, int, int], rate_hz: float, rng: np.random.Generator) -> Floats:
    """Return noise of unit variance whose correlation is a bell that falls to 1/e at ``JITTER_TIME_S``."""
    noise = rng.standard_normal(shape)
    sigma = JITTER_TIME_S / 2.0 * rate_hz  # white through a Gaussian of sd s correlates as exp(-(lag / 2 s)^2)
    if sigma < 0.3:
        return noise
    smooth = gaussian_filter1d(noise, sigma, axis=0, mode="wrap")
    offset = np.arange(-int(4.0 * sigma) - 1, int(4.0 * sigma) + 2)
    kernel = np.exp(-0.5 * (offset / sigma) ** 2)
    return np.asarray(smooth / np.sqrt(np.sum((kernel / kernel.sum()) ** 2)))


def _phase_curves(phase: Floats, count: int, rng: np.random.Generator) -> Floats:
    """Return one random periodic curve per point and axis, unit variance, shape (n, k, 3)."""
    weights = np.array([1.0, 0.7, 0.5])
    weights /= np.sqrt(np.sum(weights**2))
    shift = rng.uniform(0.0, 1.0, (3, 1, count, 3))
    curves = [
        np.sqrt(2.0) * weight * np.cos(2.0 * np.pi * ((harmonic + 1) * phase[:, None, None] + shift[harmonic]))
        for harmonic, weight in enumerate(weights)
    ]
    return np.asarray(np.sum(curves, axis=0))


def _behind_near_leg(
    names: tuple[str, ...], exact_m: Floats, settings: CameraSettings, rng: np.random.Generator
) -> Flags:
    """Return the far (left) leg's points that the near leg passes, half of the time, shape (n, k)."""
    hidden = np.zeros(exact_m.shape[:2], dtype=np.bool_)
    if settings.errors and settings.self_occlusion and settings.view == "side":
        for index, near in enumerate(other_side(names, LEG_PARTS)):
            if near != index and names[index].startswith("left_"):
                apart_m = np.linalg.norm(exact_m[:, index, :2] - exact_m[:, near, :2], axis=1)
                hidden[:, index] = (apart_m < HIDDEN_BEHIND_M) & (rng.random(len(exact_m)) < 0.5)
    return hidden


def _in_units(settings: CameraSettings, camera: Camera, camera_m: Floats, exact: bool = False) -> Floats:
    """Return pixels for the side view, metres with shortened depth (unless exact) for the frontal one."""
    if settings.view == "side":
        return to_pixels(camera, camera_m)
    position = camera_m.copy()
    if settings.errors and not exact:
        middle = np.mean(position[..., 2], axis=1, keepdims=True)
        position[..., 2] = middle + settings.depth_scale * (position[..., 2] - middle)
    return position


def _confidence(settings: CameraSettings, error_m: Floats, outlier: Flags, rng: np.random.Generator) -> Floats:
    """Return confidences that fall with the error, except that an outlier can be quite sure of itself."""
    if not settings.errors:
        return np.ones(outlier.shape)
    size_m = np.linalg.norm(error_m[..., :2], axis=2)
    confidence = 0.97 * np.exp(-size_m / 0.08) + 0.05 * rng.standard_normal(size_m.shape)
    confidence[outlier] = rng.uniform(0.2, 0.9, int(outlier.sum()))
    return np.asarray(np.clip(confidence, 0.05, 0.99))


def _darken(
    position: Floats,
    confidence: Floats,
    dark: Flags,
    settings: CameraSettings,
    camera: Camera,
    rng: np.random.Generator,
) -> None:
    """Replace, in place, what cannot be seen by nothing or by a guess that knows nothing of the body."""
    if settings.view == "side":
        centre, spread = camera.centre_px, 0.12 * camera.size_px
    else:
        centre, spread = np.array([0.0, 0.0, 4.0]), np.array([0.3, 0.4, 0.5])
    made_up = guesses(position.shape, centre, spread, rng)
    if not settings.errors:
        made_up[:] = np.nan
    position[dark] = made_up[dark]
    found = np.isfinite(made_up).all(axis=2)
    confidence[dark] = np.where(found, rng.uniform(0.02, 0.25, found.shape), 0.0)[dark]


def _outside(settings: CameraSettings, position: Floats, confidence: Floats) -> Flags:
    """Remove, in place, what lies beyond the image border; return where, shape (n, k)."""
    if settings.view != "side":
        return np.zeros(confidence.shape, dtype=np.bool_)
    outside = np.asarray(((position < -0.5) | (position > SIZE_PX - 0.5)).any(axis=2))
    position[outside] = np.nan
    confidence[outside] = 0.0
    return outside
