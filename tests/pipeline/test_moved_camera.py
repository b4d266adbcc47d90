"""A camera that is touched during the walk shifts every later frame; one that stands still is left alone."""

import numpy as np
import pytest

from fusion.pose.moved import held_still
from fusion.recording.clean import clean
from fusion.simulate import CameraSettings, SimulationSettings, WalkerSettings, simulate


def seen(seed, walker=None, surface="treadmill", **camera):
    distance_m = 12.0 if surface == "overground" else np.nan
    settings = SimulationSettings(
        duration_s=10.0,
        seed=seed,
        surface=surface,
        walkway_m=13.0,
        walker=walker or WalkerSettings(),
        cameras=(CameraSettings(distance_m=distance_m, **camera),),
    )
    return clean(simulate(settings).recording).keypoints[0]


@pytest.mark.parametrize("surface", ["treadmill", "overground"])
@pytest.mark.parametrize("shift_px", [(200.0, -80.0), (-25.0, 18.0)])
def test_the_jump_is_found_and_taken_back_to_a_few_pixels(surface, shift_px):
    for seed in range(3):
        _, jumps = held_still(seen(seed, surface=surface, moves=((5.0, *shift_px),)))
        assert len(jumps) == 1
        assert jumps[0].shift_px == pytest.approx(shift_px, abs=4.0)


def test_each_of_two_jumps_is_found():
    _, jumps = held_still(seen(0, moves=((4.0, 60.0, 0.0), (7.0, -60.0, 0.0))))
    assert [round(float(jump.shift_px[0]), -1) for jump in jumps] == [60.0, -60.0]


@pytest.mark.parametrize(
    "walk",
    [
        {},
        {"outlier_fraction": 0.10, "swap_fraction": 0.10},
        {"walker": WalkerSettings(pattern="running", speed_mps=3.0), "rate_hz": 60.0},
        {"surface": "overground"},
        {"walker": WalkerSettings(stops=((4.0, 2.0),))},
    ],
    ids=["walking", "misplaced and exchanged points", "running", "passing by", "stopping"],
)
def test_a_camera_that_stands_still_is_left_alone(walk):
    for seed in range(3):
        points = seen(seed, **walk)
        kept, jumps = held_still(points)
        assert kept is points
        assert jumps == ()


def test_one_misread_frame_is_no_jump():
    points = seen(1)
    points.position[150] += (300.0, 0.0)
    assert held_still(points)[1] == ()


def test_a_subject_who_comes_back_elsewhere_did_not_move_the_camera():
    points = seen(1)
    points.position[120:150] = np.nan
    points.position[150:] += (300.0, 0.0)
    assert held_still(points)[1] == ()
