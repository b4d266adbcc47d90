"""The planar filter is the filter in space with a mask; and the same inputs give the same bytes."""

from dataclasses import replace

import numpy as np
import pytest

from fusion.estimator.estimate import run_filter
from fusion.estimator.inputs import Settings
from fusion.estimator.level import LevelledImu
from tests.estimator.walked import ideal_inputs, walk

SPAN_S = (3.0, 6.0)
SEGMENTS = (0, 2, 3, 5, 6)
"""Pelvis, thighs and shanks."""


def _pitch_rad(x):
    return np.stack([np.arctan2(x[:, 11 + 18 * s], x[:, 9 + 18 * s]) for s in SEGMENTS], axis=1)


def _out_of_plane(x):
    """How far each segment's leftward axis leans out of the world's, and the lateral root position."""
    lean = [np.hypot(x[:, 10 + 18 * s], x[:, 16 + 18 * s]) for s in SEGMENTS]
    return max(np.abs(lean).max(), np.abs(x[:, 1]).max())


def _flat(inputs):
    """Return the inputs with a body as thin as paper: nothing in the plane depends on anything out of it."""
    levelled = []
    for each in inputs.levelled:
        gyro, accel, lever_arm = (
            values.copy() for values in (each.imu.gyro_radps, each.imu.accel_mps2, each.imu.lever_arm_m)
        )
        gyro[:, [0, 2]], accel[:, 1], lever_arm[1] = 0.0, 0.0, 0.0
        levelled.append(
            LevelledImu(replace(each.imu, gyro_radps=gyro, accel_mps2=accel, lever_arm_m=lever_arm), each.up)
        )
    skeleton = replace(inputs.skeleton, hip_width_m=0.0, shoulder_width_m=0.0)
    return replace(
        inputs, skeleton=skeleton, levelled=tuple(levelled), imus=tuple(each.imu for each in levelled), span_s=SPAN_S
    )


def test_on_a_flat_body_the_mask_changes_nothing():
    """Exact: gate and Student-t are off because they count the rows of a block, of which the mask leaves some out."""
    inputs = _flat(walk().inputs)
    exact = Settings(gate=0.0, student_nu=0.0)
    planar = run_filter(inputs, exact)
    space = run_filter(inputs, replace(exact, planar=False))
    assert space.active.size > 2 * planar.active.size
    assert _pitch_rad(space.x) == pytest.approx(_pitch_rad(planar.x), abs=1e-9)
    rows = np.searchsorted(space.active, planar.active)
    assert space.P[:, rows[:, None], rows] == pytest.approx(planar.P, abs=1e-9)
    assert _out_of_plane(space.x) < 1e-9


def test_on_a_planar_walk_both_agree():
    """Not exact: in space the two hips share the pelvis' roll and yaw, and its gyros are taken as they are."""
    inputs = replace(ideal_inputs(), span_s=SPAN_S)
    planar, space = (run_filter(inputs, Settings(planar=mask)) for mask in (True, False))
    difference_deg = np.rad2deg(_pitch_rad(space.x) - _pitch_rad(planar.x))
    assert np.abs(difference_deg).max() < 0.1
    assert _out_of_plane(space.x) < 0.03


@pytest.mark.parametrize("causal", [True, False])
def test_replay_is_bit_identical(causal):
    inputs = replace(walk(dark=True).inputs, span_s=(0.0, 11.0))
    first, second = (run_filter(inputs, Settings(), causal=causal) for _ in range(2))
    assert first.x.tobytes() == second.x.tobytes()
    assert first.P.tobytes() == second.P.tobytes()
    assert first.counts.tobytes() == second.counts.tobytes()


def test_a_run_leaves_its_inputs_as_they_were():
    inputs = walk(dark=True).inputs
    arrays = [inputs.points[0].position_m, *(each.imu.accel_mps2 for each in inputs.levelled)]
    before = [array.tobytes() for array in arrays]
    run_filter(inputs, Settings())
    assert [array.tobytes() for array in arrays] == before


def test_the_covariance_stays_symmetric_and_positive():
    run = run_filter(walk().inputs, Settings())
    assert np.array_equal(run.P, np.swapaxes(run.P, 1, 2))
    scale = np.sqrt(np.einsum("kii->ki", run.P[::50]))
    correlation = run.P[::50] / (scale[:, :, None] * scale[:, None, :])
    assert np.linalg.eigvalsh(correlation).min() > 0.0


def test_rotations_stay_rotations_over_a_minute():
    x = run_filter(walk(seconds=60.0).inputs, Settings()).x[-1]
    for segment in SEGMENTS:
        turned = x[9 + 18 * segment : 18 + 18 * segment].reshape(3, 3)
        assert turned @ turned.T == pytest.approx(np.eye(3), abs=1e-10)
