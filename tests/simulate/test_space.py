"""Beyond the plane, curves, running, stops: the motion stays one exact motion and the feet stay where they stand."""

from functools import cache

import numpy as np
import pytest

from fusion.errors import UsageError
from fusion.frames import GRAVITY_MPS2, log_map
from fusion.simulate import CameraSettings, ImuSettings, SimulationSettings, WalkerSettings, simulate
from fusion.types import SEGMENTS, SIDES

IDEAL = ImuSettings(segments=SEGMENTS, errors=False, clock="host", rate_hz=200.0, aligned=True)
TURNING = WalkerSettings(out_of_plane=1.0, turn_deg=40.0)
RUNNING = WalkerSettings(pattern="running", speed_mps=3.0, out_of_plane=1.0)
STOPPING = WalkerSettings(stops=((5.0, 3.0),), out_of_plane=1.0)


@cache
def walked(walker, surface="treadmill", seconds=10.0):
    return simulate(
        SimulationSettings(
            duration_s=seconds, surface=surface, walkway_m=200.0, walker=_WALKERS[walker], imu=IDEAL, cameras=()
        )
    )


_WALKERS = {
    "plane": WalkerSettings(),
    "almost_plane": WalkerSettings(out_of_plane=1e-9),
    "space": WalkerSettings(out_of_plane=1.0),
    "turning": TURNING,
    "running": RUNNING,
    "stopping": STOPPING,
    "faster": WalkerSettings(cadence_changes=((5.0, 1.15),)),
}


def turning():
    return walked("turning", "overground", 12.0)


@pytest.mark.parametrize("segment", ["pelvis", "left_thigh", "right_foot"])
def test_ideal_gyros_integrate_to_the_orientation_in_space(segment):
    truth, imu = turning().truth, turning().recording.imu(segment)
    rotation = truth.world_from_segment[:, SEGMENTS.index(segment)]
    turn = log_map(np.swapaxes(rotation[:-1], 1, 2) @ rotation[1:]) * 200.0
    middle_s = 0.5 * (truth.time_s[1:] + truth.time_s[:-1])
    rate = np.column_stack([np.interp(middle_s, imu.time_s, column) for column in imu.gyro_radps.T])
    inside = (middle_s > imu.time_s[0]) & (middle_s < imu.time_s[-1])
    assert np.degrees(np.abs(turn - rate)[inside].max()) < 3.0


@pytest.mark.parametrize("who", ["turning", "running"])
def test_ideal_accelerometers_are_the_second_derivative_of_their_place_in_space(who):
    simulation = turning() if who == "turning" else walked("running")
    truth = simulation.truth
    imu, mounted = simulation.recording.imu("left_shank"), truth.imus["left_shank"]
    rotation = truth.world_from_segment[:, SEGMENTS.index("left_shank")]
    place = truth.point("left_knee") + rotation @ mounted.lever_arm_m
    acceleration = (place[2:] - 2.0 * place[1:-1] + place[:-2]) * 200.0**2
    force = np.einsum("nji,nj->ni", rotation[1:-1], acceleration + np.array([0.0, 0.0, GRAVITY_MPS2]))
    inside = (truth.time_s[1:-1] > imu.time_s[0]) & (truth.time_s[1:-1] < imu.time_s[-1])
    for axis in range(3):
        read = np.interp(truth.time_s[1:-1], imu.time_s, imu.accel_mps2[:, axis])
        assert np.sqrt(np.mean((read - force[:, axis])[inside] ** 2)) < 0.5


def test_without_amplitude_space_is_the_plane_but_for_the_step_width():
    plane, space = walked("plane").truth, walked("almost_plane").truth
    for name, angle_deg in plane.joint_angle_deg.items():
        np.testing.assert_allclose(space.joint_angle_deg[name], angle_deg, atol=0.05)
    np.testing.assert_allclose(space.root_position_m, plane.root_position_m, atol=5e-4)


def test_pelvis_and_legs_leave_the_plane_as_adults_do():
    truth = walked("space").truth
    sway_m = np.ptp(truth.root_position_m[:, 1])
    assert 0.03 < sway_m < 0.045
    pelvis = truth.world_from_segment[:, 0]
    assert 6.0 < np.degrees(np.ptp(np.arctan2(pelvis[:, 1, 0], pelvis[:, 0, 0]))) < 10.0
    apart_m = truth.point("left_ankle")[:, 1] - truth.point("right_ankle")[:, 1]
    np.testing.assert_allclose(apart_m, 0.10, atol=0.005)


@pytest.mark.parametrize("who", ["space", "turning"])
def test_the_loaded_ankle_hardly_slides(who):
    simulation = turning() if who == "turning" else walked("space")
    truth = simulation.truth
    belt_mps = simulation.settings.walker.speed_mps if who == "space" else 0.0
    for side in SIDES:
        velocity = np.gradient(truth.point(f"{side}_ankle"), truth.time_s, axis=0) + np.array([belt_mps, 0.0, 0.0])
        single = np.zeros(len(truth.time_s), dtype=bool)
        for stride in truth.strides:
            if stride.side == side:
                flat = (
                    stride.start_s + 0.35 * (stride.fc_s - stride.start_s),
                    stride.start_s + 0.5 * (stride.fc_s - stride.start_s),
                )
                single |= (truth.time_s > flat[0]) & (truth.time_s < flat[1])
        assert np.abs(velocity[single][:, :2]).max() < 0.08


def test_the_heading_swings_and_the_walker_follows_it():
    truth = turning().truth
    assert np.degrees(truth.heading_rad.max()) == pytest.approx(40.0, abs=0.5)
    way = np.arctan2(truth.root_velocity_mps[:, 1], truth.root_velocity_mps[:, 0])
    assert np.degrees(np.sqrt(np.mean((way - truth.heading_rad) ** 2))) < 8.0


def test_knee_and_ankle_hardly_notice_a_curve():
    straight = walked("space", seconds=12.0).truth.joint_angle_deg["knee_flexion_left_deg"]
    curved = turning().truth.joint_angle_deg["knee_flexion_left_deg"]
    assert abs(np.ptp(straight) - np.ptp(curved)) < 3.0


def test_running_has_flight_and_a_deeper_knee():
    truth = walked("running").truth
    contacts = np.zeros(len(truth.time_s), dtype=int)
    for side in SIDES:
        ends = truth.events.select(side, "fc")
        for start in truth.events.select(side, "ic"):
            later = ends[ends > start]
            if later.size:
                contacts[(truth.time_s >= start) & (truth.time_s < later[0])] += 1
    inside = (truth.time_s > 1.0) & (truth.time_s < 9.0)
    assert 0.15 < np.mean(contacts[inside] == 0) < 0.35
    assert contacts[inside].max() == 1
    assert np.ptp(truth.joint_angle_deg["knee_flexion_left_deg"]) > 70.0
    assert 0.04 < np.ptp(truth.root_position_m[inside, 2]) < 0.12
    flying = inside & (contacts == 0)
    falling = np.gradient(truth.root_velocity_mps[:, 2], truth.time_s)[flying]
    assert np.median(falling) == pytest.approx(-GRAVITY_MPS2, abs=3.0)


def test_a_stop_stands_and_is_no_stride():
    truth = walked("stopping", seconds=14.0).truth
    still = (truth.time_s > 6.2) & (truth.time_s < 7.2)
    assert np.degrees(np.abs(truth.pitch_rate_radps[still])).max() < 10.0
    assert np.abs(truth.joint_angle_deg["knee_flexion_left_deg"][still]).max() < 5.0
    assert not any(stride.start_s < 6.7 < stride.end_s for stride in truth.strides)
    assert max(stride.duration_s for stride in truth.strides) < 2.0
    walking = truth.joint_angle_deg["knee_flexion_left_deg"][truth.time_s > 10.0]
    assert np.ptp(walking) > 45.0


def test_the_belt_stops_with_the_walker():
    truth = walked("stopping", seconds=14.0).truth
    assert np.ptp(truth.root_position_m[:, 0]) < 1.0
    assert not any(np.isnan(value).any() for value in (truth.root_position_m, truth.world_from_segment))


def test_cadence_changes_when_it_should():
    strides = walked("faster").truth.strides
    before = np.mean([stride.duration_s for stride in strides if stride.end_s < 5.0])
    after = np.mean([stride.duration_s for stride in strides if stride.start_s > 5.5])
    assert before / after == pytest.approx(1.15, abs=0.05)


def test_segments_of_one_person_differ_from_the_usual_shares():
    usual = simulate(SimulationSettings(duration_s=3.0, imu=IDEAL, cameras=())).truth
    own = simulate(
        SimulationSettings(duration_s=3.0, imu=IDEAL, cameras=(), walker=WalkerSettings(proportion_sd=0.03))
    ).truth
    for truth, low, high in ((usual, 0.0, 1e-9), (own, 1e-3, 0.08)):
        thigh_m = np.linalg.norm(truth.point("left_hip") - truth.point("left_knee"), axis=1)
        assert low <= abs(thigh_m.mean() / (0.245 * 1.75) - 1.0) <= high


def test_nobody_turns_on_a_treadmill():
    with pytest.raises(UsageError, match="cannot turn"):
        SimulationSettings(walker=TURNING)


def test_a_camera_that_was_touched_shifts_every_later_frame():
    shift = CameraSettings(errors=False, moves=((4.0, 30.0, -12.0),), clock_offset_s=0.0, skew_ppm=0.0)
    simulation = simulate(SimulationSettings(duration_s=8.0, imu=ImuSettings(segments=()), cameras=(shift,)))
    seen, truth = simulation.recording.keypoints[0], simulation.truth.cameras["side"]
    moved = seen.position - truth.position
    after = truth.frame_s >= 4.0
    np.testing.assert_allclose(moved[~after], 0.0, atol=1e-9)
    np.testing.assert_allclose(moved[after], np.broadcast_to([30.0, -12.0], moved[after].shape), atol=1e-9)


def test_a_subject_who_left_shows_no_point_at_all():
    away = CameraSettings(errors=False, blackouts=((3.0, 2.0, "all"),))
    simulation = simulate(SimulationSettings(duration_s=8.0, imu=ImuSettings(segments=()), cameras=(away,)))
    truth = simulation.truth.cameras["side"]
    gone = (truth.frame_s >= 3.0) & (truth.frame_s < 5.0)
    assert np.isnan(simulation.recording.keypoints[0].position[gone]).all()
    assert np.isfinite(simulation.recording.keypoints[0].position[~gone]).all()


def test_outages_and_clock_jumps_are_in_the_stream():
    imu = ImuSettings(segments=("pelvis",), loss_fraction=0.0, outages=((2.0, 1.5),), clock_jumps=((6.0, 40.0),))
    simulation = simulate(SimulationSettings(duration_s=9.0, imu=imu, cameras=()))
    truth, samples = simulation.truth.imus["pelvis"], simulation.recording.imu("pelvis")
    assert np.diff(truth.sample_s).max() == pytest.approx(1.5, abs=0.03)
    ahead = samples.time_s - truth.clock.to_stream(truth.sample_s)
    np.testing.assert_allclose(ahead, np.where(truth.sample_s >= 6.0, 40.0, 0.0), atol=1e-9)
