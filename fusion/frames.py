"""Frames and rotations: the only place where a convention is converted.

World: x forward (walking direction at the start), y left, z up. Segments: same axes in quiet standing.
Camera: x right, y down, z forward. Quaternions are wxyz and unit. ``a_from_b`` maps b coordinates into a.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from fusion.types import Floats

GRAVITY_MPS2 = 9.80665
"""Standard gravity, m/s^2 (CGPM 1901)."""

SIDE_CAMERA_FROM_WORLD: Floats = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
"""A level camera on the subject's right that looks left: image right is forward, image down is down."""

ISB_FROM_WORLD: Floats = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
"""ISB axes (x forward, y up, z right) from ours (x forward, y left, z up); Wu et al. 2002."""


def skew(vector: Floats) -> Floats:
    """Return the matrix of the cross product, shape (3, 3): ``skew(a) @ b = a x b``."""
    x, y, z = vector
    return np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])


def pitch_matrix(angle_rad: float) -> Floats:
    """Return the rotation about the leftward axis, shape (3, 3); positive leans the top forward."""
    return rotation_about("y", angle_rad)


def rotation_about(axis: str, angle_rad: float) -> Floats:
    """Return the rotation about a coordinate axis (``"x"``, ``"y"`` or ``"z"``), shape (3, 3)."""
    return np.asarray(Rotation.from_euler(axis, angle_rad).as_matrix())


def matrix_from_quaternion(quaternion: Floats) -> Floats:
    """Return rotation matrices, shape (..., 3, 3), of wxyz quaternions, shape (..., 4)."""
    flat = np.reshape(quaternion, (-1, 4))
    matrices = Rotation.from_quat(flat, scalar_first=True).as_matrix()
    return np.asarray(matrices).reshape(*np.shape(quaternion)[:-1], 3, 3)


def quaternion_from_matrix(matrix: Floats) -> Floats:
    """Return unit wxyz quaternions, shape (..., 4), of rotation matrices, shape (..., 3, 3)."""
    flat = np.reshape(matrix, (-1, 3, 3))
    quaternions = Rotation.from_matrix(flat).as_quat(canonical=True, scalar_first=True)
    return np.asarray(quaternions).reshape(*np.shape(matrix)[:-2], 4)


def exp_map(rotation_vector: Floats) -> Floats:
    """Return rotation matrices, shape (..., 3, 3), of rotation vectors, rad, shape (..., 3)."""
    flat = np.reshape(rotation_vector, (-1, 3))
    matrices = Rotation.from_rotvec(flat).as_matrix()
    return np.asarray(matrices).reshape(*np.shape(rotation_vector)[:-1], 3, 3)


def log_map(matrix: Floats) -> Floats:
    """Return rotation vectors, rad, shape (..., 3), of rotation matrices, shape (..., 3, 3)."""
    flat = np.reshape(matrix, (-1, 3, 3))
    vectors = Rotation.from_matrix(flat).as_rotvec()
    return np.asarray(vectors).reshape(*np.shape(matrix)[:-2], 3)


def wrap(angle_rad: Floats) -> Floats:
    """Return angles in [-pi, pi), rad, same shape."""
    return np.asarray((angle_rad + np.pi) % (2.0 * np.pi) - np.pi)


def nearest_rotation(matrix: Floats) -> Floats:
    """Return the rotation closest to a 3 x 3 matrix (orthogonal Procrustes, determinant +1)."""
    left, _, right = np.linalg.svd(matrix)
    turn = np.diag([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    return np.asarray(left @ turn @ right)
