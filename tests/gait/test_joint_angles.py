from dataclasses import replace

import numpy as np
import pytest

from fusion.frames import quaternion_from_matrix, rotation_about
from fusion.gait.definitions import KEY_ANGLES
from fusion.gait.joint_angles import ANGLES, joint_angles
from fusion.gait.key_angles import key_angles
from fusion.gait.strides import segment_strides
from fusion.types import SEGMENTS
from tests.gait.walks import STRIDE_S, walk_events, walk_motion

PHASE = 2 * np.pi / STRIDE_S


def walk(count=12, **settings):
    return walk_motion(**settings), segment_strides(walk_events(count))


def estimate(keys, name, side):
    return next(item.estimate for item in keys if (item.name, item.side) == (name, side))


def test_angles_are_the_differences_of_the_segments_with_flexion_positive_on_both_sides():
    motion, strides = walk()
    angles = joint_angles(motion, strides)
    time = motion.time_s
    left_thigh = -(10 + 20 * np.sin(PHASE * time))
    left_shank = 10 + 10 * np.cos(PHASE * time)
    np.testing.assert_allclose(angles.angle("knee_flexion_left_deg"), left_shank - left_thigh, atol=1e-6)
    np.testing.assert_allclose(angles.angle("hip_flexion_left_deg"), -left_thigh, atol=1e-6)
    np.testing.assert_allclose(angles.angle("thigh_elevation_left_deg"), -left_thigh, atol=1e-6)
    np.testing.assert_allclose(angles.angle("ankle_dorsiflexion_left_deg"), left_shank, atol=1e-6)
    right_shank = 8 + 12 * np.cos(PHASE * time)
    np.testing.assert_allclose(angles.angle("ankle_dorsiflexion_right_deg"), right_shank, atol=1e-6)
    np.testing.assert_allclose(angles.angle("pelvis_tilt_deg"), 0.0, atol=1e-6)


def test_turning_the_whole_body_about_the_vertical_changes_no_joint_angle():
    motion, strides = walk()
    turned = quaternion_from_matrix(rotation_about("z", 1.0))
    w, x, y, z = np.moveaxis(motion.world_from_segment, -1, 0)
    a, _, _, d = turned
    rotated = np.stack([a * w - d * z, a * x - d * y, a * y + d * x, a * z + d * w], axis=-1)
    names = [k for k, angle in enumerate(ANGLES) if angle.proximal]
    before = joint_angles(motion, strides).angle_deg[:, names]
    after = joint_angles(replace(motion, world_from_segment=rotated), strides).angle_deg[:, names]
    np.testing.assert_allclose(after, before, atol=1e-6)


def test_the_standard_deviation_is_that_of_the_difference_plus_calibration():
    motion, strides = walk(sd_rad=np.deg2rad(3.0))
    covariance = motion.pitch_covariance_rad2.copy()
    thigh, shank = SEGMENTS.index("left_thigh"), SEGMENTS.index("left_shank")
    covariance[:, thigh, shank] = covariance[:, shank, thigh] = 0.5 * np.deg2rad(3.0) ** 2
    angles = joint_angles(replace(motion, pitch_covariance_rad2=covariance), strides, calibration_sd_deg=4.0)
    np.testing.assert_allclose(angles.sd("knee_flexion_left_deg"), 5.0)
    np.testing.assert_allclose(angles.sd("knee_flexion_right_deg"), np.hypot(np.sqrt(18.0), 4.0))
    np.testing.assert_allclose(angles.sd("pelvis_tilt_deg"), 5.0)


def test_a_segment_that_was_never_measured_makes_its_angles_not_assessable_and_says_why():
    motion, strides = walk(measured=("left_foot", "pelvis"))
    angles = joint_angles(motion, strides)
    assert "left foot" in angles.reasons["ankle_dorsiflexion_left_deg"]
    assert "thigh elevation" in angles.reasons["hip_flexion_right_deg"]
    assert "knee_flexion_left_deg" not in angles.reasons
    assert np.isnan(angles.angle("ankle_dorsiflexion_left_deg")).all()
    assert np.isfinite(angles.angle("thigh_elevation_left_deg")).all()
    key = estimate(key_angles(angles, strides), "ankle_dorsiflexion_range_deg", "left")
    assert key.reason == angles.reasons["ankle_dorsiflexion_left_deg"]


def test_a_reason_known_from_elsewhere_is_passed_on():
    motion, strides = walk()
    angles = joint_angles(motion, strides, not_assessable={"right_foot": "no heel or toe points"})
    assert angles.reasons == {"ankle_dorsiflexion_right_deg": "no heel or toe points"}


def test_a_span_without_measurement_is_marked_predicted_and_its_cycles_are_left_out():
    motion, strides = walk()
    measured = motion.measured.copy()
    gap = (motion.time_s > 5.0) & (motion.time_s < 6.0)
    measured[gap, SEGMENTS.index("left_shank")] = False
    angles = joint_angles(replace(motion, measured=measured), strides)
    column = angles.names.index("knee_flexion_left_deg")
    np.testing.assert_array_equal(angles.predicted[:, column], gap)
    assert np.isfinite(angles.angle("knee_flexion_left_deg")).all()
    left = [s for s in strides if s.side == "left" and s.is_valid]
    lost = [s.start_s < 6.0 - 0.1 * STRIDE_S and s.end_s > 5.0 + 0.1 * STRIDE_S for s in left]
    assert any(lost)
    np.testing.assert_array_equal(np.isnan(angles.cycles_deg["knee_flexion_left_deg"]).all(axis=1), lost)
    assert np.isfinite(angles.cycles_deg["hip_flexion_left_deg"]).all()


def test_cycles_are_the_curve_from_contact_to_contact():
    motion, strides = walk()
    cycles = joint_angles(motion, strides).cycles_deg["hip_flexion_right_deg"]
    valid = [s for s in strides if s.side == "right" and s.is_valid]
    assert cycles.shape == (len(valid), 101)
    time = np.linspace(valid[3].start_s, valid[3].end_s, 101)
    np.testing.assert_allclose(cycles[3], 12 + 18 * np.sin(PHASE * time), atol=0.05)


def test_tilts_take_the_cycles_of_both_feet():
    motion, strides = walk()
    valid = [s for s in strides if s.is_valid]
    assert len(joint_angles(motion, strides).cycles_deg["pelvis_tilt_deg"]) == len(valid)


def test_strides_that_do_not_count_have_no_cycle():
    motion, strides = walk()
    refused = tuple(replace(s, is_valid=False, reason="turn") for s in strides)
    assert joint_angles(motion, refused).cycles_deg["knee_flexion_left_deg"].shape == (0, 101)


def test_a_missing_orientation_stays_missing():
    motion, strides = walk()
    quaternions = motion.world_from_segment.copy()
    quaternions[100:200, SEGMENTS.index("left_shank")] = np.nan
    angle = joint_angles(replace(motion, world_from_segment=quaternions), strides).angle("knee_flexion_left_deg")
    np.testing.assert_array_equal(np.isnan(angle), (np.arange(len(angle)) >= 100) & (np.arange(len(angle)) < 200))


def test_key_points_are_those_of_the_sinusoid_and_their_interval_holds_the_calibration():
    motion, strides = walk()
    keys = key_angles(joint_angles(motion, strides), strides)
    assert [(k.name, k.side) for k in keys] == [(d.name, s) for d in KEY_ANGLES for s in d.sides]
    hip = estimate(keys, "hip_flexion_range_deg", "left")
    assert hip.value == pytest.approx(40.0, abs=0.1)
    assert (hip.grade, hip.n) == ("good", 11)
    assert 0.5 * (hip.high - hip.low) == pytest.approx(1.96 * 2.0, rel=0.15)
    assert estimate(keys, "hip_flexion_range_deg", "right").value == pytest.approx(36.0, abs=0.1)
    cycles = joint_angles(motion, strides).cycles_deg["hip_flexion_left_deg"]
    extension = estimate(keys, "hip_extension_peak_deg", "left")
    assert extension.value == pytest.approx(np.mean(-cycles[:, 30:76].min(axis=1)))


def test_too_few_cycles_give_no_key_point_but_a_reason():
    motion, strides = walk(count=2)
    keys = key_angles(joint_angles(motion, strides), strides)
    assert "measured in 2 of 2 strides" in estimate(keys, "knee_flexion_swing_deg", "right").reason
    motion, strides = walk(count=5)
    keys = key_angles(joint_angles(motion, strides), strides)
    assert estimate(keys, "knee_flexion_swing_deg", "left").grade == "limited"
