from dataclasses import replace

import numpy as np
import pytest

from fusion.pose.segments import depth_gain, segment_pitch, walking_window
from tests.body.walker import pitch
from tests.pose.views import TIME_S, true_points

LEGS = ("left_thigh", "left_shank", "right_thigh", "right_shank")


def wearables(names=LEGS):
    time_s = np.arange(0.0, 5.0, 0.01)
    return {name: (time_s, pitch(name, time_s)) for name in names}


def walked(path):
    points = true_points()
    return replace(points, position_m=points.position_m - points.point("pelvis")[:, None] + path[:, None])


def path(heading_rad, speed_mps=1.2):
    velocity = speed_mps * np.stack([np.cos(heading_rad), np.sin(heading_rad), 0.0 * heading_rad], axis=1)
    return np.cumsum(velocity / 30.0, axis=0)


def test_straight_walk_is_one_window():
    windows = walking_window(true_points())
    assert len(windows) == 1
    assert windows[0] == pytest.approx((TIME_S[0], TIME_S[-1]), abs=0.2)


def test_turn_ends_the_window_and_the_way_back_counts():
    heading = np.pi * np.clip((TIME_S - 2.0) / 1.0, 0.0, 1.0)
    windows = walking_window(walked(path(heading)))
    assert len(windows) == 2
    assert windows[0][1] < 2.6
    assert windows[1][0] > 2.4


def test_standing_is_no_walking():
    path_m = path(0.0 * TIME_S, np.where(TIME_S < 2.0, 0.0, 1.2)[:, None])
    assert walking_window(walked(path_m))[0][0] > 1.5


def test_treadmill_walks_all_the_time():
    assert walking_window(walked(0.0 * path(0.0 * TIME_S))) == [(TIME_S[0], TIME_S[-1])]


def test_nobody_in_sight_gives_no_window():
    points = true_points()
    assert walking_window(replace(points, position_m=np.full_like(points.position_m, np.nan))) == []


@pytest.mark.parametrize("shrink", [0.75, 0.9, 1.0, 1.2])
def test_depth_gain_undoes_the_shrinking_of_depth(shrink):
    points = true_points()
    shrunk = replace(points, position_m=points.position_m * np.array([shrink, 1.0, 1.0]))
    gain = depth_gain(shrunk, wearables())
    # The measured length shrinks a little too, with the mean inclination of the segment.
    assert gain * shrink == pytest.approx(1.0, abs=0.04)


def test_depth_gain_is_bounded_and_one_when_unknown():
    points = true_points()
    flat = replace(points, position_m=points.position_m * np.array([0.1, 1.0, 1.0]))
    assert depth_gain(flat, wearables()) == 1.6
    assert depth_gain(points, {}) == 1.0
    assert depth_gain(points, wearables(("left_foot",))) == 1.0
    backwards = {name: (time_s, -angle) for name, (time_s, angle) in wearables().items()}
    assert depth_gain(points, backwards) == 1.0


def test_unseen_segments_are_left_out_and_angles_are_continuous():
    points = true_points()
    points.position_m[:, points.names.index("left_toe")] = np.nan
    seen = segment_pitch(points)
    assert "left_foot" not in seen
    assert all(np.abs(np.diff(track)).max() < 1.0 for track in seen.values())
