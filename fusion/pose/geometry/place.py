"""Where a camera stands: from the board on the floor, or, weaker, from a walker whose height is known.

**Board on the floor** (``from_board``): its long side lies along the walk, its line of text towards the camera, its
middle on the line that is walked. It gives place, direction and gravity, for a floor is level.

**Height alone** (``from_walker``). Ankles and nose of a walker in many frames, each the ends of an upright of known
length on one floor (Lv, Zhao & Nevatia 2006, doi:10.1109/TPAMI.2006.178; there with unknown intrinsics):

1. Unknown are tilt, roll and height of the camera above the floor.
2. The ankles' ray meets the level of the ankles; the nose stands above that point by its share of the body height.
3. Least squares on the pixels of the nose, with a soft loss: a nodding head is no tilt.
4. The floor points of all frames give the direction of the walk and the line that is walked.

Weaker: the error of the height is the error of every length (a shoe of 3 cm is 2 %), a stooped back looks like a
tilted camera, and the walker must come nearer or cover a good part of the picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from fusion.errors import SignalError
from fusion.pose.calibrate import normalised
from fusion.pose.geometry.board import Board
from fusion.pose.geometry.intrinsics import LARGEST_ERROR_PX, Sighting
from fusion.pose.geometry.rays import project
from fusion.pose.video.frame import Frame
from fusion.types import Camera, Floats

ANKLE_SHARE, NOSE_SHARE = 0.039, 0.916
"""Heights of ankle and nose as shares of the body height: Winter 2009 (ankle); eye level 0.936 less 2 % (nose)."""

_BOARD_FROM_WORLD = np.diag([1.0, -1.0, -1.0])
"""On the floor the board's x runs along the walk, its y towards the camera and its z down; our y is left, z is up."""

_FLOOR_LOOKS = 8
_FLOOR_EVERY_S = 0.2
_LEAST_FRAMES = 20
_NOD_PX = 4.0


@dataclass(frozen=True, slots=True)
class Placed:
    """A camera with its place, and how well it fits what was seen, px (root mean square)."""

    camera: Camera
    error_px: float

    def words(self) -> str:
        """Return where it stands, in words."""
        camera = self.camera
        right, _, ahead = camera.camera_from_world
        down = float(np.rad2deg(np.arcsin(-ahead[2])))
        roll = float(np.rad2deg(np.arcsin(right[2])))
        return (
            f"{camera.position_m[2]:.2f} m above the floor, {abs(camera.position_m[1]):.2f} m beside the walk, "
            f"looking {down:.1f} deg down, rolled by {roll:.1f} deg"
        )


def floor_looks(frames: Iterable[Frame], board: Board) -> list[Sighting]:
    """Return looks at a board that lies still, a few a second."""
    looks: list[Sighting] = []
    next_s = -np.inf
    for frame in frames:
        if frame.time_s < next_s or len(looks) == _FLOOR_LOOKS:
            continue
        next_s = frame.time_s + _FLOOR_EVERY_S
        seen = board.find(frame.picture)
        if seen is not None:
            looks.append(seen)
    return looks


def from_board(camera: Camera, looks: Sequence[Sighting], board: Board) -> Placed:
    """Return a camera with its place against a board that lies on the floor along the walk.

    World: x along the board's long side, z up from the floor, origin in the middle of the board.

    Raises
    ------
    SignalError
        The board was not seen, not from above, or it or the camera moved.
    """
    import cv2

    if not looks or not board.markers:
        raise SignalError("a board with markers was not seen on the floor. Lay it flat, in the picture, markers up.")
    middle = 0.5 * board.square_m * np.array([board.columns, board.rows, 0.0])
    place = np.concatenate([place for place, _ in looks]) - middle
    pixel = np.concatenate([pixel for _, pixel in looks])
    fu, fv = camera.focal_px
    matrix = np.array([[fu, 0.0, camera.centre_px[0]], [0.0, fv, camera.centre_px[1]], [0.0, 0.0, 1.0]])
    found, turn, shift = cv2.solvePnP(place, pixel, matrix, camera.distortion)
    camera_from_world = np.asarray(cv2.Rodrigues(turn)[0], dtype=np.float64) @ _BOARD_FROM_WORLD
    position = -camera_from_world.T @ np.asarray(shift, dtype=np.float64).ravel()
    if not found or position[2] < 0.05:
        raise SignalError("the board on the floor must be seen from above. Lay it flat with its markers up.")
    standing = replace(camera, camera_from_world=camera_from_world, position_m=position)
    error = _rms(project(place @ _BOARD_FROM_WORLD.T, standing) - pixel)
    if error > 2.0 * LARGEST_ERROR_PX:
        raise SignalError(
            f"the board on the floor fits to {error:.1f} px only. Keep board and camera still, and give the size of "
            "the squares as measured."
        )
    return Placed(standing, error)


def from_walker(camera: Camera, ankles_px: Floats, nose_px: Floats, height_m: float) -> Placed:
    """Return a camera with its place by a walker of known height; see the steps above.

    Parameters
    ----------
    ankles_px
        Middle between the ankles, px, shape (n, 2); NaN where it is not known.
    nose_px
        Shape (n, 2).

    Raises
    ------
    SignalError
        Too few frames, or they do not tell where the floor is.
    """
    known = np.isfinite(ankles_px).all(axis=1) & np.isfinite(nose_px).all(axis=1)
    if known.sum() < _LEAST_FRAMES:
        raise SignalError(
            f"ankles and nose are seen in {known.sum()} frames, {_LEAST_FRAMES} are needed. Film a walk."
        )
    feet, nose = normalised(ankles_px[known], camera), nose_px[known]
    low, tall = ANKLE_SHARE * height_m, (NOSE_SHARE - ANKLE_SHARE) * height_m
    up = np.array([0.0, 0.0, tall])

    # 1., 2.
    def residual(state: Floats) -> Floats:
        level = _level(camera, state)
        above = _on_level(feet, level, low) + up
        return np.asarray(np.nan_to_num(project(above, level) - nose, nan=1e3))

    def cost(state: Floats) -> Floats:
        return residual(state).ravel()

    # 3. start: a level camera in the middle of the body, which looks as tall as it is
    far = tall / float(np.median(np.abs(feet[:, 1] - normalised(nose, camera)[:, 1])))
    start = np.array([0.0, 0.0, low + far * float(np.median(feet[:, 1]))])
    start[2] = max(start[2], low + 0.1)
    fit = least_squares(cost, start, loss="soft_l1", f_scale=_NOD_PX)
    level = _level(camera, fit.x)
    # 4.
    floor = _on_level(feet, level, low)
    spread = floor - np.median(floor, axis=0)
    along = np.linalg.svd(spread[:, :2], full_matrices=False)[2][0]
    along = along * (1.0 if along @ level.camera_from_world[0, :2] > 0 else -1.0)
    if not fit.success or fit.x[2] <= low or np.ptp(spread[:, :2] @ along) < height_m:
        raise SignalError("the walk does not tell where the floor is. Film a longer way with head and feet in view.")
    turn = np.array([[along[0], along[1], 0.0], [-along[1], along[0], 0.0], [0.0, 0.0, 1.0]])
    origin = np.array([*np.median(floor, axis=0)[:2], 0.0])
    standing = replace(
        level,
        camera_from_world=level.camera_from_world @ turn.T,
        position_m=turn @ (level.position_m - origin),
    )
    return Placed(standing, _rms(residual(fit.x)))


def _level(camera: Camera, state: Floats) -> Camera:
    """Return the camera above the origin, looking along y of a level world."""
    tilt, roll, height_m = state
    ahead_along_y = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
    turned = Rotation.from_euler("zx", [roll, tilt]).as_matrix()
    return replace(camera, camera_from_world=turned @ ahead_along_y, position_m=np.array([0.0, 0.0, height_m]))


def _on_level(flat: Floats, camera: Camera, height_m: float) -> Floats:
    """Return where rays meet a height above the floor, shape (n, 3); NaN above the horizon."""
    ray = np.concatenate([flat, np.ones((len(flat), 1))], axis=1) @ camera.camera_from_world
    drop = ray[:, 2]
    reach = np.where(drop < -1e-6, (height_m - camera.position_m[2]) / np.where(drop < -1e-6, drop, -1.0), np.nan)
    return np.asarray(camera.position_m + reach[:, None] * ray)


def _rms(difference: Floats) -> float:
    return float(np.sqrt(np.mean(np.sum(difference**2, axis=-1))))
