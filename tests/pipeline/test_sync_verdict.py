"""The verdict on each camera decides: what is not sure to show the same walk at a known time is not fused."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from fusion.pipeline import Known, analyse
from fusion.simulate import CameraSettings, ImuSettings, SimulationSettings, WalkerSettings, simulate
from fusion.types import NOT_FUSED, SAFE, SyncResult
from tests.pipeline.walks import CAMERA, FUSED, IMU, SECONDS, analysed, blanked, cameras, told, values, walk


@cache
def identical_strides():
    """Return a walk in which no stride differs from the next, before a camera with a clock of its own."""
    walker = WalkerSettings(stride_time_cv=0.0, stride_length_cv=0.0)
    imu = ImuSettings(errors=False)
    view = CameraSettings(errors=False)
    simulation = simulate(SimulationSettings(duration_s=SECONDS, seed=2, walker=walker, imu=imu, cameras=(view,)))
    return cameras(simulation.recording, lambda points: replace(points, clock="own"))


def another_walk():
    """Return the wearables of one walk with the camera of another."""
    slow = WalkerSettings(speed_mps=1.0, cadence_spm=96.0)
    other = simulate(SimulationSettings(duration_s=SECONDS, seed=5, walker=slow)).recording
    return replace(walk().recording, keypoints=other.keypoints, cameras=other.cameras)


def assert_wearables_alone(analysis, recording):
    """Check that every number is that of the wearables."""
    alone = analyse(recording, IMU)
    assert values(analysis) == values(alone)
    assert np.array_equal(analysis.motion.world_from_segment, alone.motion.world_from_segment, equal_nan=True)


def test_an_ambiguous_offset_is_not_fused_and_the_wearables_are_analysed_alone():
    analysis = analyse(identical_strides())
    assert analysis.sync[0].verdict == NOT_FUSED
    assert "one stride looks like the next" in told(analysis)
    assert not analysis.provenance["cameras"]["side"]["used"]
    assert_wearables_alone(analysis, identical_strides())


def test_a_known_synchronisation_makes_the_same_recording_safe():
    truth_s = simulate(SimulationSettings(duration_s=SECONDS, seed=2)).truth.cameras["side"].clock.offset_s
    hardware = SyncResult("side", truth_s, truth_s - 1e-3, truth_s + 1e-3, method="hardware", verdict=SAFE)
    analysis = analyse(identical_strides(), known=Known(sync={"side": hardware}))
    assert analysis.provenance["cameras"]["side"]["used"]
    assert analysis.parameters.get("walking_speed_mps").value == pytest.approx(1.30, abs=0.03)


def test_a_camera_that_shows_another_walk_is_not_tied_to_the_wearables():
    analysis = analyse(another_walk())
    assert "do not show the same movement" in told(analysis)
    assert_wearables_alone(analysis, another_walk())


def test_a_camera_that_shows_another_walk_is_rejected_even_if_its_clock_is_known():
    hardware = SyncResult("side", 0.0, -1e-3, 1e-3, method="hardware", verdict=SAFE)
    analysis = analyse(another_walk(), known=Known(sync={"side": hardware}))
    view = analysis.provenance["cameras"]["side"]
    assert not view["used"]
    assert view["correlation"] < 0.8
    assert "Camera rejected" in view["refusal"]
    assert "Camera rejected" in told(analysis)
    assert_wearables_alone(analysis, another_walk())


def test_lengths_are_given_where_the_camera_saw_the_way_and_nowhere_else():
    recording = cameras(walk().recording, lambda points: blanked(points, points.time_s > points.time_s[0] + 5.0))
    analysis = analyse(recording)
    start_s = analysis.sync[0].to_reference(recording.keypoints[0].time_s)[0]
    known = {stride.end_s - start_s: np.isfinite(stride.length_m) for stride in analysis.strides}
    assert all(known[end_s] for end_s in known if end_s < 5.0)
    assert not any(known[end_s] for end_s in known if end_s > 6.0)
    assert analysis.parameters.get("walking_speed_mps").value == pytest.approx(1.30, abs=0.05)


@cache
def two_cameras():
    views = tuple(
        CameraSettings(name=name, clock_offset_s=offset_s) for name, offset_s in (("one", 0.2), ("two", -0.3))
    )
    return simulate(SimulationSettings(duration_s=SECONDS, seed=2, cameras=views)).recording


def with_one_bad(name):
    def spoil(points):
        return blanked(points, slice(None)) if points.camera == name else points

    return cameras(two_cameras(), spoil)


def only(name):
    return replace(two_cameras(), keypoints=tuple(each for each in two_cameras().keypoints if each.camera == name))


@pytest.mark.parametrize("use", [CAMERA, FUSED], ids=["camera only", "fused"])
@pytest.mark.parametrize(("bad", "good"), [("one", "two"), ("two", "one")])
def test_of_two_cameras_a_bad_one_is_named_and_the_good_one_decides(bad, good, use):
    analysis = analyse(with_one_bad(bad), use)
    assert f"Camera {bad}: not fused" in told(analysis)
    assert analysis.provenance["cameras"][good]["used"]
    assert values(analysis) == values(analyse(only(good), use))


def test_two_good_cameras_are_both_used_beside_wearables():
    analysis = analyse(two_cameras())
    assert all(view["used"] for view in analysis.provenance["cameras"].values())
    assert analysis.parameters.get("walking_speed_mps").value == pytest.approx(1.30, abs=0.03)


def test_without_wearables_cameras_with_clocks_of_their_own_are_not_mixed():
    recording = cameras(two_cameras(), lambda points: replace(points, clock="own"))
    analysis = analyse(recording, CAMERA)
    assert [view["used"] for view in analysis.provenance["cameras"].values()] == [True, False]
    assert "Camera two: not fused: no wearable ties its clock" in told(analysis)
    assert values(analysis) == values(analyse(replace(only("one")), CAMERA))


def test_the_default_walk_is_safe_to_fuse():
    sync = analysed(walk, 2, FUSED).sync[0]
    truth_s = walk().truth.cameras["side"].clock.offset_s
    assert sync.verdict == SAFE
    assert sync.low_s <= truth_s <= sync.high_s
