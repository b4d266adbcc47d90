import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from fusion.body.placement import apply, place, sagittal_rate
from fusion.body.placement_axes import walking
from fusion.errors import SignalError
from tests.body.walker import SKELETON, imu, pitch

LEGS = tuple(f"{side}_{part}" for side in ("left", "right") for part in ("thigh", "shank", "foot"))

mountings = st.tuples(*[st.floats(-1.0, 1.0)] * 4).filter(lambda q: np.linalg.norm(q) > 0.1).map(Rotation.from_quat)


def placed(stream, **settings):
    placement = place((stream,), SKELETON, **settings)[0]
    return placement, apply(stream, placement, stream.time_s)


def error_deg(placement, mounting):
    difference = Rotation.from_matrix(placement.segment_from_sensor) * mounting.inv()
    return np.rad2deg(difference.as_rotvec())


def leg(mounting=None, names=LEGS, swaps=()):
    labels = dict(swaps) | {b: a for a, b in swaps}
    return tuple(imu(name, mounting, label=labels.get(name, name)) for name in names)


def camera_view(names=LEGS):
    time_s = np.arange(0.0, 9.0, 1 / 30)
    return {name: (time_s, pitch(name, time_s)) for name in names}


@settings(max_examples=12, deadline=None)
@given(mounting=mountings, segment=st.sampled_from(LEGS))
def test_any_mounting_on_a_leg_is_found_from_walking(mounting, segment):
    around_x, around_y, around_z = error_deg(placed(imu(segment, mounting))[0], mounting)
    assert abs(around_x) < 4.0
    assert abs(around_z) < 6.0
    # Without a pose the pitch zero rests on the mean of healthy adults.
    assert abs(around_y) < 9.0


@pytest.mark.parametrize("segment", LEGS)
def test_forward_swing_is_a_negative_pitch_rate_whatever_the_mounting(segment):
    stream = imu(segment, Rotation.from_euler("XYZ", [170.0, 20.0, -130.0], degrees=True))
    rate = sagittal_rate(placed(stream)[1])
    true = np.gradient(pitch(segment, stream.time_s), stream.time_s)
    assert np.corrcoef(rate, true)[0, 1] > 0.97


@settings(max_examples=8, deadline=None)
@given(mounting=mountings)
def test_pelvis_heading_is_found_from_the_step(mounting):
    error = error_deg(placed(imu("pelvis", mounting))[0], mounting)
    assert np.abs(error).max() < 6.0


def test_standing_pose_sets_the_pitch_zero_exactly():
    mounting = Rotation.from_euler("XYZ", [100.0, 40.0, 20.0], degrees=True)
    for segment in ("left_shank", "right_thigh", "left_foot", "pelvis"):
        stream = imu(segment, mounting, still_s=2.0)
        placement, _ = placed(stream, standing_s=(0.2, 1.8))
        assert placement.method == "standing pose"
        assert abs(error_deg(placement, mounting)[1]) < 1.0, segment


def test_pose_that_is_not_still_is_left_out():
    stream = imu("left_shank")
    assert placed(stream, standing_s=(1.0, 3.0))[0].method == "functional"


def test_foot_needs_no_pose_because_it_is_flat_in_stance():
    assert abs(error_deg(placed(imu("left_foot"))[0], Rotation.identity())[1]) < 3.0


def test_stomp_does_not_move_the_axis():
    stream = imu("right_shank")
    calm = place((stream,), SKELETON)[0].segment_from_sensor
    gyro, accel = stream.gyro_radps.copy(), stream.accel_mps2.copy()
    gyro[120:125] += [30.0, 0.0, 0.0]
    gyro[125:130] -= [30.0, 0.0, 0.0]
    accel[120:130] += [0.0, 0.0, 250.0]
    shaken = replace(stream, gyro_radps=gyro, accel_mps2=accel)
    assert not walking(shaken)[110:140].any()
    assert walking(shaken)[200:700].all()
    after = place((shaken,), SKELETON)[0].segment_from_sensor
    assert np.rad2deg(Rotation.from_matrix(calm @ after.T).magnitude()) < 1.5


def test_turn_does_not_move_the_axis():
    stream = imu("left_thigh", seconds=14.0)
    calm = place((stream,), SKELETON)[0].segment_from_sensor
    gyro = stream.gyro_radps.copy()
    gyro[500:700, 2] += 2.0
    turned = replace(stream, gyro_radps=gyro)
    assert not walking(turned)[540:660].any()
    assert walking(turned)[100:400].all()
    after = place((turned,), SKELETON)[0].segment_from_sensor
    assert np.rad2deg(Rotation.from_matrix(calm @ after.T).magnitude()) < 1.5


def test_gaps_are_left_out():
    stream = imu("left_shank")
    gyro = stream.gyro_radps.copy()
    gyro[200:260] = np.nan
    after = place((replace(stream, gyro_radps=gyro),), SKELETON)[0].segment_from_sensor
    assert np.abs(np.rad2deg(Rotation.from_matrix(after).as_rotvec())[[0, 2]]).max() < 6.0


def test_correctly_labelled_sensors_raise_no_issue():
    for view in ({}, camera_view()):
        placements = place((*leg(), imu("pelvis")), SKELETON, camera_pitch=view)
        assert all(p.issue == "" and p.worn_on == p.segment for p in placements)


@pytest.mark.parametrize(
    "swap",
    [
        ("left_shank", "right_shank"),
        ("left_thigh", "right_thigh"),
        ("left_foot", "right_foot"),
        ("left_thigh", "left_shank"),
        ("right_shank", "right_foot"),
    ],
)
def test_two_swapped_labels_are_named(swap):
    placements = {p.segment: p for p in place(leg(swaps=(swap,)), SKELETON)}
    for label, moves_like in (swap, swap[::-1]):
        assert placements[label].worn_on == moves_like
        assert placements[label].issue == (
            f"The sensor labelled {label!r} moves like the {moves_like.replace('_', ' ')}; swap the two labels."
        )
    others = set(LEGS) - set(swap)
    assert all(placements[name].issue == "" for name in others)


def test_only_a_camera_tells_that_whole_legs_are_swapped():
    swaps = tuple((f"left_{part}", f"right_{part}") for part in ("thigh", "shank", "foot"))
    streams = leg(swaps=swaps)
    assert all(p.worn_on == p.segment for p in place(streams, SKELETON))
    seen = place(streams, SKELETON, camera_pitch=camera_view(("left_shank", "right_shank")))
    assert all(p.worn_on != p.segment and "swap" in p.issue for p in seen)


def test_thigh_and_shank_alone_leave_a_doubt_that_names_both():
    names = tuple(name for name in LEGS if "foot" not in name)
    placements = place(leg(names=names, swaps=(("left_shank", "right_shank"),)), SKELETON)
    assert all("shank sensors or of the thigh sensors" in p.issue for p in placements)


def test_upside_down_sensor_is_named_and_corrected():
    stream = imu("left_shank", Rotation.from_euler("Y", np.pi), mounting="x:forward y:left z:up")
    placement, moved = placed(stream)
    assert "upside down" in placement.issue
    assert np.median(moved.accel_mps2[:, 2]) > 7.0


def test_short_recording_uses_the_stated_mounting():
    mounting = Rotation.from_matrix([[0, 0, 1], [-1, 0, 0], [0, -1, 0]])
    stream = imu("right_shank", mounting, seconds=1.1, mounting="x:right y:down z:forward")
    placement, moved = placed(stream)
    assert placement.method == "given"
    true = np.gradient(pitch("right_shank", stream.time_s), stream.time_s)
    assert np.corrcoef(sagittal_rate(moved), true)[0, 1] > 0.97


def test_short_recording_without_mounting_says_so():
    placement = place((imu("right_shank", seconds=1.1),), SKELETON)[0]
    assert "at least 3 s of walking" in placement.issue
    assert placement.axis_sd_rad > 3.0


def test_saturated_samples_become_missing():
    stream = imu("left_foot")
    accel = np.clip(stream.accel_mps2, -14.0, 14.0)
    full = replace(stream, accel_mps2=accel, accel_range_mps2=14.0)
    moved = apply(full, place((full,), SKELETON)[0], full.time_s)
    clipped = (np.abs(accel) >= 14.0).any(axis=1)
    assert clipped.any()
    assert np.isnan(moved.accel_mps2[clipped]).all()
    assert np.isfinite(moved.accel_mps2[~clipped & (np.abs(accel) < 13.9).all(axis=1)]).all()


def test_stream_without_a_finite_sample_is_refused():
    stream = imu("left_foot")
    with pytest.raises(SignalError, match="no finite sample"):
        place((replace(stream, gyro_radps=np.full_like(stream.gyro_radps, np.nan)),), SKELETON)


def test_recorded_walks_have_the_camera_s_signs():
    folder = Path(os.environ.get("TANDEM_DATA", "../shared/data")) / "mea_lab"
    if not (folder / "index.json").exists():
        pytest.skip(f"no recorded walks in {folder}; set TANDEM_DATA")
    from fusion.pose.sagittal import to_world
    from fusion.pose.segments import segment_pitch
    from tests.validation.load_mea_lab import load_walk, trials

    wrong, flagged, count = 0, 0, 0
    for entry in trials(folder)[::6]:
        walk = load_walk(folder, entry)
        keypoints = walk.recording.keypoints[0]
        when = keypoints.time_s + walk.true_offset_s
        points = to_world(keypoints, walk.recording.camera(keypoints.camera), SKELETON, time_s=when)
        seen = segment_pitch(points)
        placements = place(walk.recording.imus, SKELETON)
        flagged += sum(bool(p.issue) for p in placements)
        for stream, placement in zip(walk.recording.imus, placements, strict=True):
            if placement.segment.endswith(("thigh", "shank")):
                rate = np.interp(when, stream.time_s, sagittal_rate(apply(stream, placement, stream.time_s)))
                camera = np.gradient(seen[placement.segment], when)
                wrong += int(np.corrcoef(rate, camera)[0, 1] < 0.5)
                count += 1
    assert count > 0
    assert (wrong, flagged) == (0, 0)
