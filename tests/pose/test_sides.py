"""Swapped and collapsed legs are found, put right where that can be known, and told with a true probability."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.pose.sides.pair import KEEP, SWAP, track_pair
from fusion.pose.sides.repair import repair
from tests.pose.walkers import LEG_PX, NAMES, faulty, walking

LEFT, RIGHT = NAMES.index("left_ankle"), NAMES.index("right_ankle")


def apart(keypoints):
    """Frames in which the feet are clearly apart."""
    return np.linalg.norm(keypoints.position[:, LEFT] - keypoints.position[:, RIGHT], axis=1) > 0.25 * LEG_PX


def wrong(keypoints, true):
    """Frames in which an ankle lies nearer to the other foot than to its own."""
    bad = np.zeros(len(true.time_s), dtype=bool)
    for own, other in ((LEFT, RIGHT), (RIGHT, LEFT)):
        to_own = np.linalg.norm(keypoints.position[:, own] - true.position[:, own], axis=1)
        to_other = np.linalg.norm(keypoints.position[:, own] - true.position[:, other], axis=1)
        bad |= to_other < to_own
    return bad & apart(true)


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000))
def test_points_without_a_fault_stay_where_they_are(seed):
    keypoints, _ = walking(4.0, seed=seed)
    result = repair(keypoints)
    changed = np.abs(result.keypoints.position - keypoints.position)
    assert np.nanmax(changed) < 1e-6
    assert np.isfinite(result.keypoints.position).mean() > 0.97
    assert np.median(result.other_side[:, [LEFT, RIGHT]]) < 0.05


@pytest.mark.parametrize("seed", range(6))
def test_most_swapped_and_collapsed_frames_are_put_right_without_wearables(seed):
    true, _ = walking(8.0, seed=seed)
    seen, done = faulty(true, np.random.default_rng(seed))
    result = repair(seen)
    before, after = wrong(seen, true).sum(), wrong(result.keypoints, true).sum()
    assert before > 20
    assert after <= 0.05 * apart(true).sum()
    found = np.isfinite(result.keypoints.position[:, [LEFT, RIGHT]]).all(axis=2).mean()
    assert found > 1.0 - np.isin(done, (2, 3)).mean() - 0.05


@pytest.mark.parametrize("seed", range(4))
def test_wearables_decide_where_the_detector_is_mostly_wrong(seed):
    """Half of all frames exchanged: continuity can follow the legs, but only a wearable knows which is which."""
    true, pitch = walking(8.0, seed=seed)
    seen, _ = faulty(true, np.random.default_rng(seed), swapped=0.65, collapsed=0.2)
    alone, held = repair(seen), repair(seen, pitch)
    assert wrong(alone.keypoints, true).sum() > 0.5 * apart(true).sum()
    assert wrong(held.keypoints, true).sum() <= 0.02 * apart(true).sum()


@pytest.mark.parametrize("seed", range(3))
def test_one_shank_pitch_on_each_leg_is_enough_for_the_wearables(seed):
    true, pitch = walking(8.0, seed=seed, sense=-1.0)
    seen, _ = faulty(true, np.random.default_rng(seed), swapped=0.65, collapsed=0.2)
    shanks = {name: track for name, track in pitch.items() if name.endswith("shank")}
    assert wrong(repair(seen, shanks).keypoints, true).sum() <= 0.05 * apart(true).sum()


def test_the_probability_of_the_other_side_is_calibrated():
    """Of the points given 20 to 80 %, about as many are wrong; sure ones are right."""
    said, happened = [], []
    for seed in range(8):
        true, _ = walking(8.0, seed=seed)
        seen, done = faulty(true, np.random.default_rng(seed), swapped=0.2, collapsed=0.2)
        result = repair(seen)
        clear = apart(true)
        for column, kinds in ((LEFT, (1, 3)), (RIGHT, (1, 2))):
            said.append(result.other_side[clear, column])
            happened.append(np.isin(done[clear], kinds))
    said, happened = np.concatenate(said), np.concatenate(happened).astype(float)
    assert happened[said > 0.95].mean() > 0.9
    assert happened[said < 0.05].mean() < 0.05
    assert np.mean((said - happened) ** 2) < 0.04


def test_a_mirrored_walk_gives_the_mirrored_result():
    true, _ = walking(6.0, seed=3)
    seen, _ = faulty(true, np.random.default_rng(3))
    mirrored = replace(seen, position=seen.position * np.array([-1.0, 1.0]))
    one, other = repair(seen), repair(mirrored)
    assert one.keypoints.position == pytest.approx(other.keypoints.position * np.array([-1.0, 1.0]), nan_ok=True)


@settings(max_examples=10)
@given(scale=st.floats(0.2, 4.0), shift=st.floats(-2000.0, 2000.0))
def test_scale_and_place_in_the_picture_do_not_matter(scale, shift):
    true, _ = walking(4.0, seed=5)
    seen, _ = faulty(true, np.random.default_rng(5))
    moved = replace(seen, position=scale * seen.position + shift)
    assert (repair(moved).mode["ankle"] == repair(seen).mode["ankle"]).mean() > 0.98


def test_holes_are_bridged_for_contacts_only_and_with_their_doubt():
    true, _ = walking(6.0, seed=1)
    seen, _ = faulty(true, np.random.default_rng(1), swapped=0.0, collapsed=0.3)
    result = repair(seen)
    missing = np.isnan(result.keypoints.position[:, LEFT, 0])
    filled = missing & np.isfinite(result.bridged.position[:, LEFT, 0])
    assert filled.sum() > 3
    error = np.linalg.norm(result.bridged.position[filled, LEFT] - true.position[filled, LEFT], axis=1)
    assert np.median(error) < 0.15 * LEG_PX
    assert result.bridged.confidence[filled, LEFT].max() <= 1.0
    assert (result.keypoints.confidence[missing, LEFT] == 0.0).all()


def test_hidden_legs_and_empty_streams_are_no_reason_to_fail():
    true, _ = walking(2.0)
    nothing = replace(true, position=np.full_like(true.position, np.nan))
    assert np.isnan(repair(nothing).keypoints.position).all()
    gap = replace(true, position=np.where((np.arange(60) // 20 == 1)[:, None, None], np.nan, true.position))
    assert np.isnan(repair(gap).keypoints.position[25]).all()
    few = replace(true, time_s=true.time_s[:3], position=true.position[:3], confidence=true.confidence[:3])
    assert repair(few).keypoints.position.shape == (3, 6, 2)


def test_the_tracker_calls_a_point_that_lies_nowhere_clutter():
    true, _ = walking(4.0, noise_px=2.0)
    pelvis = true.position[:, :2].mean(axis=1, keepdims=True)
    points = (true.position[:, [LEFT, RIGHT]] - pelvis) / LEG_PX * np.array([1.0, -1.0])
    points[50, 0] += [1.2, 0.9]
    track = track_pair(true.time_s, points)
    assert track.clutter[50, 0] > 0.5
    assert (track.mode == KEEP).mean() > 0.9
    assert (track.mode != SWAP).all()
