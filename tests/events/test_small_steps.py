"""First, last and turning steps of a foot sensor, and that standing people get none."""

import numpy as np

from fusion.events._small_steps import small_steps
from fusion.events.foot import FootEvents
from fusion.types import GaitEvents, PlacedImu

RATE_HZ = 100.0


def foot(side, spells, seed=0, seconds=12.0):
    """A foot that rests except for spells (start, duration, peak rate, axis)."""
    time_s = np.arange(0.0, seconds, 1.0 / RATE_HZ)
    gyro = np.random.default_rng(seed).normal(0.0, 0.05, (len(time_s), 3))
    for start_s, duration_s, peak_radps, axis in spells:
        inside = (time_s >= start_s) & (time_s < start_s + duration_s)
        gyro[inside, axis] += peak_radps * np.sin(np.pi * (time_s[inside] - start_s) / duration_s)
    accel = np.tile([0.0, 0.0, 9.80665], (len(time_s), 1))
    return PlacedImu(f"{side}_foot", time_s, accel, gyro, RATE_HZ)


def found(right_at_s=5.0):
    """A contact of the other foot nearby: someone is walking."""
    word = np.array(["right", "right"])
    return GaitEvents(
        np.array([right_at_s - 0.9, right_at_s - 0.5]), word, np.array(["fc", "ic"]), np.full(2, 0.01), word
    )


def times(cues, kind):
    return [cue.time_s for cue in cues if cue.kind == kind]


def test_a_step_about_any_axis_is_found_while_the_other_foot_stands():
    for axis in range(3):
        cues = small_steps((foot("left", [(5.0, 0.5, 3.0, axis)]), foot("right", [])), found())
        assert [cue.side for cue in cues] == ["left", "left"]
        assert abs(times(cues, "fc")[0] - 5.08) < 0.05
        assert abs(times(cues, "ic")[0] - 5.42) < 0.05


def test_a_step_far_from_walking_is_fidgeting():
    assert small_steps((foot("left", [(9.0, 0.5, 3.0, 0)]), foot("right", [])), found()) == []


def test_two_feet_that_move_together_do_not_step():
    spell = [(5.0, 0.5, 3.0, 2)]
    assert small_steps((foot("left", spell), foot("right", spell)), found()) == []


def test_a_slow_pivot_a_twitch_and_a_shuffle_without_end_are_no_steps():
    for spell in [(5.0, 0.5, 0.8, 2), (5.0, 0.12, 4.0, 1), (5.0, 2.0, 3.0, 1)]:
        assert small_steps((foot("left", [spell]), foot("right", [])), found()) == []


def test_one_foot_alone_and_a_standing_person_get_none():
    assert small_steps((foot("left", [(5.0, 0.5, 3.0, 0)]),), found()) == []
    standing = tuple(foot(side, [], seed) for seed, side in enumerate(("left", "right")))
    assert not len(FootEvents().detect(None, standing, ()).time_s)


def test_a_swing_that_is_known_is_not_counted_twice():
    cues = small_steps((foot("left", []), foot("right", [(4.1, 0.4, 3.0, 1)])), found())
    assert cues == []
