import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.errors import SignalError
from fusion.pose.calibrate import normalised
from fusion.pose.sagittal import to_world
from fusion.pose.segments import segment_pitch
from fusion.types import Camera
from tests.body.walker import SKELETON, SPEED_MPS, pitch
from tests.pose.views import TIME_S, image, lifted, side_camera, tracks, true_points

LEGS = tuple(f"{side}_{part}" for side in ("left", "right") for part in ("thigh", "shank", "foot"))


def worst_pitch_error_deg(points, names=LEGS):
    seen = segment_pitch(points)
    return max(float(np.rad2deg(np.abs(seen[name] - pitch(name, TIME_S)).max())) for name in names)


@settings(max_examples=15, deadline=None)
@given(tilt_deg=st.floats(-20.0, 20.0), away=st.booleans())
def test_lifted_points_of_a_tilted_camera_come_upright_and_forward(tilt_deg, away):
    points = to_world(lifted(tilt_deg, away), Camera("hall"), SKELETON)
    assert worst_pitch_error_deg(points) < 1.5
    assert np.ptp(points.point("pelvis")[:, 0]) == pytest.approx(SPEED_MPS * TIME_S[-1], rel=0.01)
    assert np.all(points.point("left_hip")[:, 1] > points.point("right_hip")[:, 1])
    assert points.position_m[..., 2].min() == pytest.approx(0.0, abs=0.03)


def test_depth_of_a_lifted_point_is_less_sure_than_its_height():
    points = to_world(lifted(), Camera("hall"), SKELETON)
    assert np.all(points.sd_m[..., 0] > 2.0 * points.sd_m[..., 2])
    unsure = replace(lifted(), confidence=np.full(points.confidence.shape, 0.3))
    assert np.all(to_world(unsure, Camera("hall"), SKELETON).sd_m[..., 2] > points.sd_m[..., 2])


def test_body_in_place_faces_forward_by_its_hips():
    up = np.array([0.0, -1.0, 0.0])
    points = to_world(lifted(in_place=True), Camera("hall"), SKELETON, up_hint=up)
    assert worst_pitch_error_deg(points) < 1.5


def test_lifted_body_without_travel_and_hips_is_refused():
    keypoints = lifted(in_place=True)
    position = keypoints.position.copy()
    for part in ("hip", "shoulder"):
        for side in ("left", "right"):
            position[:, keypoints.names.index(f"{side}_{part}")] = np.nan
    with pytest.raises(SignalError, match="neither travel nor hips"):
        to_world(replace(keypoints, position=position), Camera("hall"), SKELETON)


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("distortion", [0.0, -0.15])
def test_calibrated_pixels_meet_the_plane_of_the_walk(backward, distortion):
    camera = side_camera(distortion)
    points = to_world(image(camera, backward), camera, SKELETON)
    assert worst_pitch_error_deg(points) < 0.5
    assert np.isnan(points.position_m[..., 1]).all()
    shank = points.point("left_knee")[:, ::2] - points.point("left_ankle")[:, ::2]
    assert np.linalg.norm(shank, axis=1) == pytest.approx(SKELETON.shank_m, rel=0.005)


def test_calibrated_camera_along_the_walk_is_refused():
    camera = replace(side_camera(), camera_from_world=np.array([[0.0, -1, 0], [0, 0, -1], [1, 0, 0]]))
    with pytest.raises(SignalError, match="looks along the walk"):
        to_world(image(side_camera()), camera, SKELETON)


@pytest.mark.parametrize("backward", [False, True])
def test_side_view_of_unknown_scale_takes_the_scale_from_the_leg(backward):
    far = replace(side_camera(), position_m=np.array([3.0, -40.0, 1.0]))
    points = to_world(image(far, backward), Camera("side"), SKELETON)
    assert worst_pitch_error_deg(points) < 1.0
    assert np.ptp(points.point("left_hip")[:, 0]) == pytest.approx(SPEED_MPS * TIME_S[-1], rel=0.03)


@settings(max_examples=10, deadline=None)
@given(scale=st.floats(0.2, 5.0), shift=st.floats(-500.0, 500.0))
def test_angles_of_a_side_view_ignore_zoom_and_place(scale, shift):
    keypoints = image(side_camera())
    moved = replace(keypoints, position=scale * keypoints.position + shift)
    before = segment_pitch(to_world(keypoints, Camera("side"), SKELETON))
    after = segment_pitch(to_world(moved, Camera("side"), SKELETON))
    assert all(np.allclose(before[name], after[name], atol=1e-9) for name in before)


def test_frontal_view_of_one_uncalibrated_camera_is_refused():
    names, position = tracks()
    frontal = replace(image(side_camera()), names=names, position=position[..., 1:] * [400.0, -400.0])
    with pytest.raises(SignalError, match="does not look from the side"):
        to_world(frontal, Camera("side"), SKELETON)


def test_image_without_legs_is_refused():
    keypoints = image(side_camera())
    with pytest.raises(SignalError, match="hardly sees the legs"):
        to_world(replace(keypoints, position=np.full_like(keypoints.position, np.nan)), Camera("side"), SKELETON)


def test_missing_points_stay_missing():
    keypoints = image(side_camera())
    keypoints.position[10:20, keypoints.names.index("left_knee")] = np.nan
    points = to_world(keypoints, Camera("side"), SKELETON)
    assert np.isnan(segment_pitch(points)["left_thigh"][10:20]).all()
    assert np.isfinite(segment_pitch(points)["left_thigh"][20:]).all()


def test_reference_times_replace_the_camera_s():
    later = TIME_S + 7.5
    assert np.array_equal(to_world(lifted(), Camera("hall"), SKELETON, time_s=later).time_s, later)


@given(x=st.floats(-0.6, 0.6), y=st.floats(-0.4, 0.4), k1=st.floats(-0.2, 0.2))
def test_undistortion_inverts_distortion(x, y, k1):
    camera = side_camera(k1)
    radial = 1.0 + k1 * (x * x + y * y)
    pixels = camera.focal_px * np.array([x, y]) * radial + camera.centre_px
    assert np.allclose(normalised(pixels, camera), [x, y], atol=2e-4)


def test_recorded_walks_come_upright():
    folder = Path(os.environ.get("TANDEM_DATA", "../shared/data")) / "mea_lab"
    if not (folder / "index.json").exists():
        pytest.skip(f"no recorded walks in {folder}; set TANDEM_DATA")
    from tests.validation.load_mea_lab import load_walk, trials

    for entry in trials(folder)[::8]:
        walk = load_walk(folder, entry)
        points = to_world(walk.recording.keypoints[0], Camera("front"), SKELETON)
        mean_deg = {name: np.rad2deg(np.nanmean(track)) for name, track in segment_pitch(points).items()}
        # Healthy means are -7 and 16 deg; a wrong up or a wrong heading leaves this range or flips the sign.
        assert -20.0 < mean_deg["left_thigh"] < 0.0
        assert 8.0 < mean_deg["left_shank"] < 30.0


def test_truth_has_its_own_pitch():
    assert worst_pitch_error_deg(true_points()) < 1e-6
