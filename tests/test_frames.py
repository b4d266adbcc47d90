"""Properties of the only place where a convention is converted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fusion import frames

component = st.floats(-1.0, 1.0, allow_subnormal=False)
vectors = arrays(np.float64, 3, elements=component)
angles = st.floats(-3.0, 3.0)


def turns(limit):
    """Rotation vectors, not longer than ``limit`` rad."""
    return vectors.map(lambda v: limit * v / max(1.0, float(np.linalg.norm(v))))


@given(turns(3.1))
def test_log_undoes_exp_below_half_a_turn(turn):
    np.testing.assert_allclose(frames.log_map(frames.exp_map(turn)), turn, atol=1e-9)


@given(turns(6.0))
def test_exp_undoes_log_of_any_rotation(turn):
    matrix = frames.exp_map(turn)
    np.testing.assert_allclose(frames.exp_map(frames.log_map(matrix)), matrix, atol=1e-9)


@given(turns(6.0))
def test_a_quaternion_and_back_is_the_same_rotation(turn):
    matrix = frames.exp_map(turn)
    quaternion = frames.quaternion_from_matrix(matrix)
    assert quaternion.shape == (4,)
    assert np.linalg.norm(quaternion) == pytest.approx(1.0)
    assert quaternion[0] >= -1e-12
    np.testing.assert_allclose(frames.matrix_from_quaternion(quaternion), matrix, atol=1e-9)


@given(turns(3.0), vectors)
def test_every_rotation_keeps_lengths_and_handedness(turn, vector):
    matrix = frames.exp_map(turn)
    np.testing.assert_allclose(np.linalg.norm(matrix @ vector), np.linalg.norm(vector), atol=1e-12)
    assert np.linalg.det(matrix) == pytest.approx(1.0)


@given(vectors, vectors)
def test_skew_is_the_cross_product(a, b):
    np.testing.assert_allclose(frames.skew(a) @ b, np.cross(a, b), atol=1e-12)


@given(angles)
def test_a_positive_pitch_leans_the_upper_end_forward(angle):
    head = frames.pitch_matrix(angle) @ np.array([0.0, 0.0, 1.0])
    np.testing.assert_allclose(head, [np.sin(angle), 0.0, np.cos(angle)], atol=1e-12)


def test_a_flexed_thigh_has_negative_pitch():
    knee = frames.pitch_matrix(np.deg2rad(-30.0)) @ np.array([0.0, 0.0, -0.4])
    assert knee[0] == pytest.approx(0.2)  # the knee is ahead of the hip


@given(angles, angles)
def test_turns_about_one_axis_add(first, second):
    together = frames.rotation_about("z", first) @ frames.rotation_about("z", second)
    np.testing.assert_allclose(together, frames.rotation_about("z", first + second), atol=1e-12)


@given(st.floats(-1e4, 1e4))
def test_wrap_changes_an_angle_by_whole_turns_only(angle):
    wrapped = float(frames.wrap(np.array(angle)))
    assert -np.pi <= wrapped < np.pi
    turns_taken = (angle - wrapped) / (2.0 * np.pi)
    assert turns_taken == pytest.approx(round(turns_taken), abs=1e-9)


@given(turns(3.0), arrays(np.float64, (3, 3), elements=st.floats(-0.05, 0.05)))
def test_the_nearest_rotation_is_a_rotation_close_by(turn, noise):
    exact = frames.exp_map(turn)
    repaired = frames.nearest_rotation(exact + noise)
    np.testing.assert_allclose(repaired @ repaired.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(repaired) == pytest.approx(1.0)
    assert np.abs(repaired - exact).max() < 0.2


def test_the_nearest_rotation_of_a_mirror_is_no_mirror():
    assert np.linalg.det(frames.nearest_rotation(np.diag([1.0, 1.0, -1.0]))) == pytest.approx(1.0)


@pytest.mark.parametrize("matrix", [frames.SIDE_CAMERA_FROM_WORLD, frames.ISB_FROM_WORLD])
def test_the_fixed_frames_are_rotations(matrix):
    np.testing.assert_array_equal(matrix @ matrix.T, np.eye(3))
    assert np.linalg.det(matrix) == pytest.approx(1.0)


def test_up_in_the_world_is_up_in_the_image_and_y_for_isb():
    up = np.array([0.0, 0.0, 1.0])
    np.testing.assert_array_equal(frames.SIDE_CAMERA_FROM_WORLD @ up, [0.0, -1.0, 0.0])
    np.testing.assert_array_equal(frames.ISB_FROM_WORLD @ up, [0.0, 1.0, 0.0])


@given(arrays(np.float64, (2, 5, 3), elements=component))
def test_many_rotations_at_once_are_each_by_itself(turn):
    matrices = frames.exp_map(turn)
    assert matrices.shape == (2, 5, 3, 3)
    np.testing.assert_allclose(matrices[1, 3], frames.exp_map(turn[1, 3]), atol=1e-15)
    quaternions = frames.quaternion_from_matrix(matrices)
    assert quaternions.shape == (2, 5, 4)
    np.testing.assert_allclose(frames.matrix_from_quaternion(quaternions), matrices, atol=1e-9)
    np.testing.assert_allclose(frames.log_map(matrices), turn, atol=1e-9)
