from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from fusion.errors import UsageError
from fusion.frames import GRAVITY_MPS2
from fusion.simulate import CameraSettings, ImuSettings, SimulationSettings, WalkerSettings, simulate
from fusion.simulate.clocks import Clock, arrival_s
from fusion.types import SEGMENTS

IDEAL = ImuSettings(segments=SEGMENTS, errors=False, clock="host", rate_hz=200.0)


@cache
def ideal():
    camera = CameraSettings(errors=False, clock_offset_s=0.0, skew_ppm=0.0)
    front = replace(camera, name="front", view="frontal_3d")
    return simulate(SimulationSettings(duration_s=8.0, imu=IDEAL, cameras=(camera, front)))


@cache
def default():
    return simulate()


def in_segment(simulation, segment):
    imu, truth = simulation.recording.imu(segment), simulation.truth.imus[segment]
    return imu.accel_mps2 @ truth.segment_from_sensor.T, imu.gyro_radps @ truth.segment_from_sensor.T


def in_world(vector, pitch):
    sine, cosine = np.sin(pitch), np.cos(pitch)
    x, y, z = vector.T
    return np.column_stack((cosine * x + sine * z, y, -sine * x + cosine * z))


def pitch_at(simulation, segment, time_s):
    truth = simulation.truth
    return np.interp(time_s, truth.time_s, truth.pitch_rad[:, SEGMENTS.index(segment)])


def test_the_mean_specific_force_over_whole_strides_is_gravity():
    simulation = ideal()
    strides = [stride for stride in simulation.truth.strides if stride.side == "left"]
    for segment in SEGMENTS:
        imu = simulation.recording.imu(segment)
        force = in_world(in_segment(simulation, segment)[0], pitch_at(simulation, segment, imu.time_s))
        whole = (imu.time_s >= strides[0].start_s) & (imu.time_s < strides[-1].end_s)
        np.testing.assert_allclose(force[whole].mean(axis=0), [0.0, 0.0, GRAVITY_MPS2], atol=0.25)


def test_ideal_gyros_integrate_to_the_true_pitch():
    simulation = ideal()
    for segment in SEGMENTS:
        imu = simulation.recording.imu(segment)
        _, gyro = in_segment(simulation, segment)
        steps = np.diff(imu.time_s) * 0.5 * (gyro[1:, 1] + gyro[:-1, 1])
        pitch = pitch_at(simulation, segment, imu.time_s)
        integrated = pitch[0] + np.concatenate(([0.0], np.cumsum(steps)))
        assert np.degrees(np.abs(integrated - pitch).max()) < 0.5
        assert np.abs(gyro[:, [0, 2]]).max() < 1e-9


def test_ideal_accelerometers_are_the_second_derivative_of_the_place_they_sit_on():
    simulation = ideal()
    time_s, truth = simulation.truth.time_s, simulation.truth
    for segment, joint in (("left_shank", "left_knee"), ("right_foot", "right_ankle"), ("pelvis", "pelvis")):
        imu, imu_truth = simulation.recording.imu(segment), truth.imus[segment]
        index = SEGMENTS.index(segment)
        lever = np.broadcast_to(imu_truth.lever_arm_m, (len(time_s), 3))
        place = truth.point(joint) + in_world(lever, truth.pitch_rad[:, index])
        acceleration = (place[2:] - 2.0 * place[1:-1] + place[:-2]) / np.diff(time_s[:2]) ** 2
        acceleration[:, 2] += GRAVITY_MPS2
        force = in_world(in_segment(simulation, segment)[0], pitch_at(simulation, segment, imu.time_s))
        inside = (imu.time_s > time_s[1]) & (imu.time_s < time_s[-2])
        for axis in range(3):
            expected = np.interp(imu.time_s[inside], time_s[1:-1], acceleration[:, axis])
            assert np.sqrt(np.mean((force[inside, axis] - expected) ** 2)) < 0.25


def test_soft_tissue_moves_thigh_and_shank_sensors_by_tens_of_deg_per_s_and_the_others_less():
    imu = ImuSettings(segments=("pelvis", "left_thigh", "right_shank", "left_foot"))
    simulation = simulate(SimulationSettings(duration_s=10.0, imu=imu, cameras=()))
    worth_dps = {}
    for segment in imu.segments:
        samples, truth = simulation.recording.imu(segment), simulation.truth.imus[segment]
        error = (samples.gyro_radps - truth.bone_rate_radps) @ truth.segment_from_sensor.T
        worth_dps[segment] = np.degrees(np.sqrt(np.mean(error[:, 1] ** 2)))
    assert 20.0 < worth_dps["left_thigh"] < 80.0
    assert 20.0 < worth_dps["right_shank"] < 60.0
    assert max(worth_dps["pelvis"], worth_dps["left_foot"]) < 20.0


def test_device_times_map_to_true_sample_times_by_the_true_clock():
    simulation = default()
    for imu in simulation.recording.imus:
        truth = simulation.truth.imus[imu.segment]
        np.testing.assert_allclose(truth.clock.to_reference(imu.time_s), truth.sample_s, atol=1e-9)
        assert abs(truth.clock.skew_ppm) <= 50.0
        assert (imu.arrival_s > truth.sample_s).all()
        assert (np.diff(imu.arrival_s) >= 0.0).all()
        assert np.percentile(imu.arrival_s - truth.sample_s, 99) < 0.1


def test_clocks_are_their_own_inverse():
    clock = Clock(3.2, 40.0)
    times = np.linspace(0.0, 60.0, 7)
    np.testing.assert_allclose(clock.to_stream(clock.to_reference(times)), times, atol=1e-12)


def test_a_sample_never_arrives_before_it_was_taken():
    sample_s = np.arange(1000) / 100.0
    arrived_s = arrival_s(sample_s, 0.03, np.random.default_rng(1))
    assert (arrived_s > sample_s).all()
    assert np.median(arrived_s - sample_s) < 0.04


def test_lost_packets_leave_gaps_and_not_repeated_values():
    imu = ImuSettings(loss_fraction=0.2)
    simulation = simulate(SimulationSettings(duration_s=10.0, imu=imu, cameras=()))
    for samples in simulation.recording.imus:
        assert 0.65 < len(samples.time_s) / 1000.0 < 0.92
        assert (np.diff(samples.time_s) > 0.0).all()
        assert np.diff(samples.time_s).max() > 0.04


def test_a_small_range_saturates():
    imu = ImuSettings(gyro_range_dps=250.0)
    shank = simulate(SimulationSettings(duration_s=4.0, imu=imu, cameras=())).recording.imu("left_shank")
    assert np.abs(shank.gyro_radps).max() == pytest.approx(np.radians(250.0))


def test_swapped_sensors_carry_each_others_names():
    swapped = replace(IDEAL, segments=("left_shank", "right_shank"), swapped=(("left_shank", "right_shank"),))
    right = replace(swapped, swapped=())
    a, b = (simulate(SimulationSettings(duration_s=4.0, imu=imu, cameras=())) for imu in (swapped, right))
    np.testing.assert_array_equal(a.recording.imu("left_shank").gyro_radps, b.recording.imu("right_shank").gyro_radps)
    assert a.truth.imus["left_shank"].worn_on == "right_shank"
    assert b.truth.imus["left_shank"].worn_on == "left_shank"


def test_an_upside_down_sensor_reads_minus_one_g():
    imu = ImuSettings(segments=("pelvis", "left_shank"), aligned=True, upside_down=("left_shank",))
    recording = simulate(SimulationSettings(duration_s=4.0, imu=imu, cameras=())).recording
    assert recording.imu("pelvis").accel_mps2[:, 2].mean() > 8.0
    assert recording.imu("left_shank").accel_mps2[:, 2].mean() < -7.0


def test_a_pixel_is_the_ray_through_its_point():
    simulation = ideal()
    camera, keypoints = simulation.recording.camera("side"), simulation.recording.keypoints[0]
    assert camera.is_calibrated
    frame_s = simulation.truth.cameras["side"].frame_s
    for name in ("left_ankle", "right_hip"):
        pixel = keypoints.point(name)
        track = simulation.truth.point(name)
        true = np.stack([np.interp(frame_s, simulation.truth.time_s, axis) for axis in track.T], axis=1)
        ray = np.column_stack(((pixel - camera.centre_px) / camera.focal_px, np.ones(len(pixel))))
        ray = ray @ camera.camera_from_world
        scale = (true[:, 1] - camera.position_m[1]) / ray[:, 1]
        np.testing.assert_allclose(camera.position_m + ray * scale[:, None], true, atol=0.002)


def test_the_side_camera_sees_the_walk_forward_to_the_right_and_upright():
    keypoints = simulate(
        SimulationSettings(surface="overground", cameras=(CameraSettings(errors=False),))
    ).recording.keypoints[0]
    pelvis = 0.5 * (keypoints.point("left_hip") + keypoints.point("right_hip"))
    assert pelvis[-1, 0] > pelvis[0, 0] + 700.0
    assert (keypoints.point("left_shoulder")[:, 1] < pelvis[:, 1]).all()


def test_the_front_camera_gives_metres_in_its_own_frame():
    simulation = ideal()
    keypoints = simulation.recording.keypoints[1]
    camera = simulation.recording.camera("front")
    assert keypoints.space == "camera_m"
    world = keypoints.point("left_knee") @ camera.camera_from_world + camera.position_m
    frame_s = simulation.truth.cameras["front"].frame_s
    track = simulation.truth.point("left_knee")
    for axis in range(3):
        np.testing.assert_allclose(
            world[:, axis], np.interp(frame_s, simulation.truth.time_s, track[:, axis]), atol=0.002
        )


def test_a_monocular_lifter_shortens_depth():
    camera = CameraSettings(name="front", view="frontal_3d", outlier_fraction=0.0, swap_fraction=0.0)
    simulation = simulate(SimulationSettings(duration_s=20.0, cameras=(camera,)))
    measured = simulation.recording.keypoints[0].position[..., 2]
    true = simulation.truth.cameras["front"].position[..., 2]
    apart = [z[:, 7] - z[:, 8] for z in (measured, true)]
    slope = np.polyfit(apart[1], apart[0], 1)[0]
    assert slope == pytest.approx(camera.depth_scale, abs=0.08)


def knee_error_deg(simulation, side):
    keypoints, truth = simulation.recording.keypoints[0], simulation.truth.cameras["side"]

    def knee(position):
        hip, knee, ankle = (position[:, keypoints.names.index(f"{side}_{part}")] for part in ("hip", "knee", "ankle"))
        thigh, shank = hip - knee, knee - ankle
        return np.degrees(np.arctan2(shank[:, 0], -shank[:, 1]) - np.arctan2(thigh[:, 0], -thigh[:, 1]))

    used = [keypoints.names.index(f"{side}_{part}") for part in ("hip", "knee", "ankle")]
    clear = ~(truth.swapped | truth.outlier[:, used].any(axis=1) | truth.occluded[:, used].any(axis=1))
    return (knee(keypoints.position) - knee(truth.position))[clear]


def test_a_visible_knee_is_off_by_two_to_three_degrees_and_the_far_one_by_more():
    near, far = [], []
    for seed in range(3):
        simulation = simulate(SimulationSettings(duration_s=10.0, seed=seed))
        near.append(np.std(knee_error_deg(simulation, "right")))
        far.append(np.std(knee_error_deg(simulation, "left")))
    assert 1.8 < np.mean(near) < 3.0
    assert np.mean(far) > 1.1 * np.mean(near)


def test_confidence_falls_with_the_error():
    simulation = default()
    keypoints, truth = simulation.recording.keypoints[0], simulation.truth.cameras["side"]
    error_px = np.linalg.norm(keypoints.position - truth.position, axis=2)
    fine = ~(truth.swapped[:, None] | truth.outlier | truth.occluded)
    assert np.corrcoef(error_px[fine], keypoints.confidence[fine])[0, 1] < -0.3
    assert np.median(keypoints.confidence) > 0.75


def blacked_out(walker):
    camera = CameraSettings(blackouts=((3.0, 1.0, "both"), (6.0, 0.5, "left")), clock_offset_s=0.3)
    return simulate(SimulationSettings(duration_s=8.0, cameras=(camera,), walker=walker))


def test_a_blackout_is_dark_where_it_was_set_and_nowhere_else():
    simulation = blacked_out(WalkerSettings())
    keypoints, truth = simulation.recording.keypoints[0], simulation.truth.cameras["side"]
    both = (truth.frame_s >= 3.0) & (truth.frame_s < 4.0)
    left = (truth.frame_s >= 6.0) & (truth.frame_s < 6.5)
    for name in keypoints.names:
        track = truth.occluded[:, keypoints.names.index(name)]
        leg = name.split("_")[-1] in ("knee", "ankle", "heel", "toe")
        assert track[both].all() == leg
        assert track[left].all() == (leg and name.startswith("left"))
        if leg:
            confidence = keypoints.confidence[both, keypoints.names.index(name)]
            assert confidence.max() <= 0.25
            assert np.isnan(keypoints.point(name)[both]).any(axis=1).mean() > 0.5
    assert truth.occluded[~both & ~left].mean() < 0.05


def test_what_is_made_up_in_the_dark_knows_nothing_of_the_walk():
    fast, slow = blacked_out(WalkerSettings()), blacked_out(WalkerSettings(speed_mps=0.8))
    dark = fast.truth.cameras["side"].occluded & slow.truth.cameras["side"].occluded
    frame_s = fast.truth.cameras["side"].frame_s
    dark &= ((frame_s >= 3.0) & (frame_s < 4.0))[:, None]
    a, b = (s.recording.keypoints[0].position for s in (fast, slow))
    both = dark & np.isfinite(a).all(axis=2) & np.isfinite(b).all(axis=2)
    assert both.sum() > 10
    np.testing.assert_array_equal(a[both], b[both])


def test_a_given_swap_exchanges_the_legs():
    plain = CameraSettings(errors=False, clock_offset_s=0.0)
    swap = replace(plain, swaps=((2.0, 0.5),))
    a, b = (simulate(SimulationSettings(duration_s=4.0, cameras=(camera,))) for camera in (plain, swap))
    frame_s = b.truth.cameras["side"].frame_s
    during = (frame_s >= 2.0) & (frame_s < 2.5)
    np.testing.assert_array_equal(b.truth.cameras["side"].swapped, during)
    right, left = a.recording.keypoints[0].point("right_knee"), b.recording.keypoints[0].point("left_knee")
    np.testing.assert_array_equal(left[during], right[during])
    assert (np.abs(left[~during] - right[~during]).max(axis=1) > 0.0).all()


def test_frame_times_map_to_true_exposures_by_the_true_offset():
    camera = CameraSettings(clock_offset_s=-0.35)
    simulation = simulate(SimulationSettings(duration_s=4.0, cameras=(camera,)))
    truth = simulation.truth.cameras["side"]
    assert truth.clock.offset_s == -0.35
    offset = truth.frame_s - simulation.recording.keypoints[0].time_s
    np.testing.assert_allclose(offset, -0.35, atol=2e-4)


def test_an_uncalibrated_camera_keeps_its_geometry_to_itself():
    simulation = simulate(SimulationSettings(duration_s=4.0, cameras=(CameraSettings(calibrated=False),)))
    assert not simulation.recording.camera("side").is_calibrated


def test_the_same_seed_gives_the_same_recording_and_another_seed_another():
    short = SimulationSettings(duration_s=4.0)
    a, b, c = simulate(short), simulate(short), simulate(replace(short, seed=1))
    np.testing.assert_array_equal(a.recording.keypoints[0].position, b.recording.keypoints[0].position)
    np.testing.assert_array_equal(a.recording.imus[1].gyro_radps, b.recording.imus[1].gyro_radps)
    assert not np.array_equal(a.truth.pitch_rad, c.truth.pitch_rad)


def test_another_sensor_changes_neither_the_walk_nor_the_others():
    few = simulate(SimulationSettings(duration_s=4.0))
    more_imus = ImuSettings(segments=("pelvis", "left_thigh", "left_shank", "right_shank"))
    more = simulate(SimulationSettings(duration_s=4.0, imu=more_imus))
    np.testing.assert_array_equal(few.truth.pitch_rad, more.truth.pitch_rad)
    shanks = (s.recording.imu("right_shank").accel_mps2 for s in (few, more))
    np.testing.assert_array_equal(*shanks)


def test_the_default_is_the_demonstration():
    recording = default().recording
    assert {imu.segment for imu in recording.imus} == {"pelvis", "left_shank", "right_shank"}
    assert recording.surface == "treadmill"
    assert recording.belt_speed_mps == 1.30
    assert recording.camera("side").is_calibrated
    assert len(recording.keypoints[0].time_s) == pytest.approx(900, abs=2)
    assert np.isfinite(recording.keypoints[0].position).mean() > 0.97


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: ImuSettings(segments=("left_arm",)),
        lambda: ImuSettings(clock="wall"),
        lambda: CameraSettings(view="above"),
        lambda: CameraSettings(blackouts=((1.0, 1.0, "middle"),)),
        lambda: SimulationSettings(surface="ice"),
        lambda: simulate(SimulationSettings(cameras=(CameraSettings(points=("left_wrist",)),))),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(wrong):
    with pytest.raises(UsageError):
        wrong()
