"""Every Jacobian against central differences on the manifold, in three dimensions."""

import numpy as np
import pytest

from fusion.body.skeleton import SKELETON_POINTS, Skeleton, segment_index
from fusion.estimator import measurements
from fusion.estimator._algebra import difference, inject
from fusion.estimator._gait_law import (
    GAIT,
    HOLD,
    LAW_DECAY,
    LAW_POSTURE,
    LAW_SERIES,
    LAW_VARIANCE,
    MODE,
)
from fusion.estimator.process import move, transition
from fusion.estimator.schedule import chains
from fusion.estimator.state import E_SEGMENT, E_STRIDE, E_TAU, N_SEGMENTS, X_PHASE, active_errors
from fusion.types import SEGMENTS
from tests.estimator.states import CAMERAS, NO_LAW, STEP, analytic, numeric, places, process_parameters, random_state

SKELETON = Skeleton.from_height(1.75)
POINTS = chains([SKELETON.point_chain(name) for name in SKELETON_POINTS])
SENSORS = chains(
    [(*SKELETON.joint_chain(name), (name, SKELETON.sensor_position_m(name) + 0.02)) for name in SEGMENTS]
)
SEEDS = range(5)
CAMERA = 1
FULL = np.zeros((3, E_TAU + CAMERAS)), np.zeros(E_TAU + CAMERAS + 8, dtype=np.int64)
"""Work arrays for predictions whose Jacobian is not looked at."""


def _check(found, wanted):
    assert np.abs(wanted).max() > 0.0
    assert found == pytest.approx(wanted, rel=1e-6, abs=2e-9 * np.abs(wanted).max())


def _geometry(rng):
    turn = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, -1.0], [-1.0, 0.0, 0.0]])
    slant = np.linalg.qr(np.eye(3) + 0.1 * rng.normal(size=(3, 3)))[0]
    slant *= np.sign(np.diag(slant))
    return np.concatenate([[1100.0, 1080.0], [960.0, 540.0], (slant @ turn).ravel(), [9.0, 0.3, 1.1]])


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("segment", range(N_SEGMENTS))
@pytest.mark.parametrize("name", ["gyro", "up", "rate"])
def test_own_readings(name, segment, seed):
    x, function = random_state(np.random.default_rng(seed)), getattr(measurements, name)
    found = analytic(lambda H, columns: function(x, segment, H, columns)[1])
    _check(found, numeric(lambda at: function(at, segment, *FULL)[0], x))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("segment", range(N_SEGMENTS))
def test_accelerometer_with_the_full_chain(segment, seed):
    x = random_state(np.random.default_rng(seed))
    chain, offsets = SENSORS.segments[segment], SENSORS.offsets[segment]
    found = analytic(lambda H, columns: measurements.accelerometer(x, segment, chain, offsets, H, columns)[1])
    _check(found, numeric(lambda at: measurements.accelerometer(at, segment, chain, offsets, *FULL)[0], x))


def test_accelerometer_reads_gravity_upwards_at_rest():
    x = random_state(np.random.default_rng(0))
    x[6:9] = 0.0
    for segment in range(N_SEGMENTS):
        x[18 + 18 * segment : 24 + 18 * segment] = 0.0  # no rate, no angular acceleration
    force = measurements.accelerometer(x, 3, SENSORS.segments[3], SENSORS.offsets[3], *FULL)[0]
    world_from_segment = x[9 + 18 * 3 : 18 + 18 * 3].reshape(3, 3)
    assert world_from_segment @ force == pytest.approx([0.0, 0.0, 9.80665], abs=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("joint", [("", "trunk"), ("pelvis", "left_thigh"), ("right_thigh", "right_shank")])
def test_joint_rotation_is_exact_about_one_axis(joint, seed):
    proximal, distal = (segment_index(name) if name else -1 for name in joint)
    x = random_state(np.random.default_rng(seed), planar=True)
    found = analytic(lambda H, columns: measurements.joint_rotation(x, proximal, distal, H, columns)[1])
    wanted = numeric(lambda at: measurements.joint_rotation(at, proximal, distal, *FULL)[0], x)
    about_y = [E_SEGMENT + E_STRIDE * segment + 1 for segment in range(N_SEGMENTS)]
    _check(found[1, about_y], wanted[1, about_y])


@pytest.mark.parametrize("seed", SEEDS)
def test_joint_rotation_is_exact_in_space_for_a_straight_joint(seed):
    x = random_state(np.random.default_rng(seed))
    x[9 + 18 * 3 : 18 + 18 * 3] = x[9 + 18 * 2 : 18 + 18 * 2]
    found = analytic(lambda H, columns: measurements.joint_rotation(x, 2, 3, H, columns)[1])
    _check(found, numeric(lambda at: measurements.joint_rotation(at, 2, 3, *FULL)[0], x))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("k", range(len(SKELETON_POINTS)))
def test_point_some_time_later(k, seed):
    x, delay_s = random_state(np.random.default_rng(seed)), 0.013
    chain = POINTS.segments[k], POINTS.offsets[k], POINTS.hip[k]
    found = analytic(lambda H, columns: measurements.point(x, *chain, delay_s, H, columns)[2])
    _check(found, numeric(lambda at: measurements.point(at, *chain, delay_s, *FULL)[0], x))
    velocity = measurements.point(x, *chain, delay_s, *FULL)[1]
    ends = [measurements.point(x, *chain, delay_s + step, *FULL)[0] for step in (STEP, -STEP)]
    assert velocity == pytest.approx((ends[0] - ends[1]) / (2.0 * STEP), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("k", range(len(SKELETON_POINTS)))
def test_world_point_of_a_camera_with_a_time_offset(k, seed):
    x = random_state(np.random.default_rng(seed))
    chain = POINTS.segments[k], POINTS.offsets[k], POINTS.hip[k]
    found = analytic(lambda H, columns: measurements.world_point(x, CAMERA, *chain, H, columns)[2])
    _check(found, numeric(lambda at: measurements.world_point(at, CAMERA, *chain, *FULL)[0], x))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("k", range(len(SKELETON_POINTS)))
def test_pinhole_point(k, seed):
    rng = np.random.default_rng(seed)
    x, view = random_state(rng), _geometry(rng)
    chain = POINTS.segments[k], POINTS.offsets[k], POINTS.hip[k]
    found = analytic(lambda H, columns: measurements.pinhole_point(x, CAMERA, *chain, view, 0.0, H, columns)[2])
    _check(found, numeric(lambda at: measurements.pinhole_point(at, CAMERA, *chain, view, 0.0, *FULL)[0], x))


def test_rolling_shutter_is_read_when_its_row_is_read():
    rng = np.random.default_rng(1)
    x, view, line_time_s = random_state(rng), _geometry(rng), 2e-5
    chain = POINTS.segments[6], POINTS.offsets[6], POINTS.hip[6]
    still = measurements.pinhole_point(x, CAMERA, *chain, view, 0.0, *FULL)[0]
    rolling = measurements.pinhole_point(x, CAMERA, *chain, view, line_time_s, *FULL)[0]
    late = x.copy()
    late[-CAMERAS + CAMERA] += line_time_s * still[1]
    assert rolling == pytest.approx(measurements.pinhole_point(late, CAMERA, *chain, view, 0.0, *FULL)[0], abs=1e-9)
    assert np.abs(rolling - still).max() > 1.0


def test_a_point_behind_the_camera_has_no_pixel():
    rng = np.random.default_rng(2)
    x, view = random_state(rng), _geometry(rng)
    x[0] = 30.0
    assert np.isnan(measurements.pinhole_point(x, CAMERA, *_chain("left_knee"), view, 0.0, *FULL)[0]).all()


def _chain(name):
    k = SKELETON_POINTS.index(name)
    return POINTS.segments[k], POINTS.offsets[k], POINTS.hip[k]


def _transitions(x, *, planar, law=NO_LAW):
    active = active_errors(tuple(range(N_SEGMENTS)), (0, 1), planar=planar, hips=True, phase=True, belt=True)
    parameters, dt = process_parameters(), 0.01
    found = transition(x, dt, active, places(active), parameters, law)
    ahead = x.copy()
    move(ahead, dt, parameters, law)
    wanted = np.empty_like(found)
    for column, index in enumerate(active):
        ends = []
        for sign in (1.0, -1.0):
            moved, error = x.copy(), np.zeros(E_TAU + CAMERAS)
            error[index] = sign * STEP
            inject(moved, error)
            move(moved, dt, parameters, law)
            ends.append(difference(moved, ahead)[active])
        wanted[:, column] = (ends[0] - ends[1]) / (2.0 * STEP)
    return found, wanted


@pytest.mark.parametrize("seed", SEEDS)
def test_transition_in_the_plane(seed):
    x = random_state(np.random.default_rng(seed), planar=True)
    _check(*_transitions(x, planar=True))


@pytest.mark.parametrize("seed", SEEDS)
def test_transition_in_space_of_a_body_that_does_not_turn(seed):
    rng = np.random.default_rng(seed)
    x = random_state(rng)
    for segment in range(N_SEGMENTS):
        x[18 + 18 * segment : 24 + 18 * segment] = 0.0
    _check(*_transitions(x, planar=False))


@pytest.mark.parametrize("seed", SEEDS)
def test_transition_in_space(seed):
    _check(*_transitions(random_state(np.random.default_rng(seed)), planar=False))


def _gait_law(rng, mode):
    law = NO_LAW.copy()
    law[MODE] = mode
    law[LAW_SERIES:LAW_POSTURE] = rng.normal(0.0, 0.1, LAW_POSTURE - LAW_SERIES)
    law[LAW_POSTURE : LAW_POSTURE + 8] = rng.normal(0.0, 0.3, 8)
    law[LAW_DECAY : LAW_DECAY + 8] = rng.choice([0.0, 8.0, 15.0], 8)
    law[LAW_VARIANCE : LAW_VARIANCE + 8] = 0.01
    return law


@pytest.mark.parametrize("mode", [HOLD, GAIT])
@pytest.mark.parametrize("planar", [True, False])
@pytest.mark.parametrize("seed", SEEDS)
def test_transition_by_the_gait_law(seed, planar, mode):
    rng = np.random.default_rng(seed)
    x = random_state(rng, planar=planar)
    x[X_PHASE : X_PHASE + 3] = [rng.uniform(0.0, 6.0), 6.0, 5.5]
    _check(*_transitions(x, planar=planar, law=_gait_law(rng, mode)))
