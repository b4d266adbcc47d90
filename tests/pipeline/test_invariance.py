"""What must not matter: which side, which hour, which pixel, which rate, disk or memory."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.pipeline import analyse
from fusion.recording.folder import load_recording, save_recording
from fusion.simulate import CameraSettings, ImuSettings, SimulationSettings, simulate
from tests.pipeline.walks import (
    CAMERA,
    FUSED,
    IMU,
    LEGS,
    SECONDS,
    USES,
    analysed,
    cameras,
    overground,
    told,
    values,
    walk,
    wearables,
)

BY_USE = pytest.mark.parametrize("use", USES.values(), ids=USES)
OTHER = {"left": "right", "right": "left"}
ACROSS = np.array([1.0, -1.0, 1.0])
LIMITS = {"s": 1e-5, "spm": 1e-3, "m": 5e-4, "mps": 5e-4, "percent": 0.05, "deg": 0.3, "counted": 0.0}
"""Unit -> largest difference between two tellings of one walk. Points are taken one after the other, left before
right, and each is weighed by what is known by then; a frame that falls on a tick may count to its neighbour."""
LIMITS |= dict.fromkeys(("vertical", "forward", "sideways", "alpha"), 3e-2) | {"dps": 0.1}
"""Ratios near 4: another mounting has another alignment error, which moves them by 2 %."""


def other(name):
    side, _, part = name.partition("_")
    return f"{OTHER[side]}_{part}" if side in OTHER else name


def mirrored(recording):
    """Return the recording of the walker's mirror image: sides exchanged, axial vectors reversed."""
    views, seen = [], []
    for points in recording.keypoints:
        camera, position = recording.camera(points.camera), points.position.copy()
        position[..., 0] = 2.0 * camera.centre_px[0] - position[..., 0]
        seen.append(replace(points, names=tuple(map(other, points.names)), position=position))
        turned = np.diag([-1.0, 1.0, 1.0]) @ camera.camera_from_world @ np.diag(ACROSS)
        views.append(replace(camera, camera_from_world=turned, position_m=camera.position_m * ACROSS))
    imus = [
        replace(
            imu,
            segment=other(imu.segment),
            accel_mps2=imu.accel_mps2 * ACROSS,
            gyro_radps=-imu.gyro_radps * ACROSS,
        )
        for imu in recording.imus
    ]
    return replace(recording, imus=tuple(imus), keypoints=tuple(seen), cameras=tuple(views))


def later(recording, imus_s, cameras_s):
    def moved(imu):
        return replace(imu, time_s=imu.time_s + imus_s, arrival_s=imu.arrival_s + imus_s)

    moved_imus = wearables(recording, moved)
    return cameras(moved_imus, lambda points: replace(points, time_s=points.time_s + cameras_s))


def assert_same(one, two, slack=1.0):
    assert one.keys() == two.keys()
    for name, side in one:
        limit = slack * LIMITS[name.rsplit("_", 1)[1]]
        assert one[name, side] == pytest.approx(two[name, side], abs=limit, rel=0.0), (name, side)


@BY_USE
@pytest.mark.parametrize("make", [walk, overground])
def test_the_mirror_image_exchanges_the_sides(make, use):
    straight = values(analysed(make, 3, use))
    mirror = values(analyse(mirrored(make(3).recording), use))
    exchanged = {(name, OTHER.get(side, side)): value for (name, side), value in mirror.items()}
    for key in exchanged:
        if "asymmetry" in key[0]:
            # 200 (left - right) / (left + right) changes its sign.
            exchanged[key] *= -1.0
    assert_same(straight, exchanged)
    assert abs(straight["stance_percent", "left"] - straight["stance_percent", "right"]) > 0.05


@BY_USE
def test_the_hour_of_the_recording_does_not_matter(use):
    moved = values(analyse(later(walk().recording, 4321.0, 4321.0), use))
    assert_same(values(analysed(walk, 2, use)), moved)


def test_when_the_camera_started_its_own_clock_does_not_matter():
    recording = cameras(walk().recording, lambda points: replace(points, clock="own"))
    one, two = analyse(recording), analyse(later(recording, 0.0, 37.0))
    assert two.sync[0].offset_s == pytest.approx(one.sync[0].offset_s - 37.0, abs=1e-3)
    assert_same(values(one), values(two), 10.0)


@settings(max_examples=6)
@given(
    scale=st.floats(0.2, 5.0),
    right_px=st.floats(-5e3, 5e3),
    down_px=st.floats(-5e3, 5e3),
)
def test_pixels_of_an_uncalibrated_camera_have_no_origin_and_no_unit(scale, right_px, down_px):
    recording = replace(walk().recording, cameras=())
    shift = np.array([right_px, down_px])
    moved = cameras(recording, lambda points: replace(points, position=scale * points.position + shift))
    assert_same(values(uncalibrated()), values(analyse(moved, CAMERA)))


@cache
def uncalibrated():
    return analyse(replace(walk().recording, cameras=()), CAMERA)


def test_an_uncalibrated_camera_is_less_sure_of_lengths_than_a_calibrated_one():
    names = ("walking_speed_mps", "stride_length_m")
    width = [
        [estimate.high - estimate.low for estimate in map(analysis.parameters.get, names)]
        for analysis in (analysed(walk, 2, CAMERA), uncalibrated())
    ]
    assert all(sure < unsure for sure, unsure in zip(*width, strict=True))


@BY_USE
def test_a_saved_recording_gives_the_same_analysis(use, tmp_path):
    before = analysed(walk, 2, use)
    after = analyse(load_recording(save_recording(walk().recording, tmp_path / "recording")), use)
    assert after.parameters == before.parameters
    assert after.quality == before.quality
    assert after.provenance["input_sha256"] == before.provenance["input_sha256"]


def test_analysing_twice_gives_the_same_numbers():
    assert analyse(walk().recording).parameters == analysed(walk, 2, FUSED).parameters


@pytest.mark.parametrize("rate_hz", [50.0, 400.0])
def test_slow_and_fast_wearables_tell_the_same_walk(rate_hz):
    imu = ImuSettings(rate_hz=rate_hz)
    simulation = simulate(SimulationSettings(duration_s=SECONDS, seed=2, imu=imu))
    assert_near(analyse(simulation.recording), simulation)


def test_fifteen_frames_per_second_are_enough():
    camera = CameraSettings(rate_hz=15.0)
    simulation = simulate(SimulationSettings(duration_s=SECONDS, seed=2, cameras=(camera,)))
    for use in (CAMERA, FUSED):
        assert_near(analyse(simulation.recording, use), simulation)


def assert_near(analysis, simulation):
    for name, limit in (("walking_speed_mps", 0.03), ("cadence_spm", 2.0), ("stance_percent", 4.0)):
        estimate = analysis.parameters.get(name)
        assert estimate.value == pytest.approx(simulation.truth.parameters[name, "both"], abs=limit), name


@pytest.mark.parametrize("segment", ["left_shank", "pelvis"])
def test_a_sensor_that_sits_upside_down_changes_nothing(segment):
    imu = ImuSettings(upside_down=(segment,))
    turned = analyse(simulate(SimulationSettings(duration_s=SECONDS, seed=2, imu=imu)).recording)
    assert_same(values(analysed(walk, 2, FUSED)), values(turned), 3.0)


@pytest.mark.parametrize("use", [IMU, FUSED], ids=["wearables only", "fused"])
def test_swapped_shank_sensors_are_named_with_both_labels(use):
    imu = ImuSettings(segments=("pelvis", *LEGS), swapped=(("left_shank", "right_shank"),))
    analysis = analyse(simulate(SimulationSettings(duration_s=SECONDS, seed=2, imu=imu)).recording, use)
    words = told(analysis)
    assert "labelled 'left_shank' moves like the right shank" in words
    assert "labelled 'right_shank' moves like the left shank" in words


@pytest.mark.parametrize("seed", [2, 3, 4, 5])
def test_swapped_shank_sensors_without_others_to_compare_are_not_fused(seed):
    imu = ImuSettings(swapped=(("left_shank", "right_shank"),))
    analysis = analyse(simulate(SimulationSettings(duration_s=SECONDS, seed=seed, imu=imu)).recording)
    assert not analysis.provenance["cameras"]["side"]["used"]
    assert "left and right are swapped" in told(analysis)
    assert analysis.parameters.get("walking_speed_mps").grade == "not assessable"
