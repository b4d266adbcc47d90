"""Legs as rigid as bones: the skeleton's lengths along the directions that the camera saw."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.body.skeleton import Skeleton
from fusion.stages.cameras import LENGTH_RANGE, straighten
from fusion.types import WorldPoints

SKELETON = Skeleton.from_height(1.75)
PARTS = ("hip", "knee", "ankle", "heel", "toe")
NAMES = ("pelvis", *(f"{side}_{part}" for side in ("left", "right") for part in PARTS))
FRAMES = 20
BONES = {("hip", "knee"): SKELETON.thigh_m, ("knee", "ankle"): SKELETON.shank_m}


def legs(stretch=1.0, seed=0):
    """Return a body whose leg segments are ``stretch`` times as long as the skeleton's, in any posture."""
    random = np.random.default_rng(seed)
    position = np.full((FRAMES, len(NAMES), 3), np.nan)
    position[:, 0] = [0.0, np.nan, 0.93]
    for side in ("left", "right"):
        place = {part: NAMES.index(f"{side}_{part}") for part in PARTS}
        position[:, place["hip"], 0] = random.normal(0.0, 1.0, FRAMES)
        position[:, place["hip"], 2] = 0.9
        for (upper, lower), length_m in BONES.items():
            position[:, place[lower]] = position[:, place[upper]] + stretch * length_m * down(random)
        position[:, place["heel"]] = position[:, place["ankle"]] + [-0.06, 0.0, -0.07]
        position[:, place["toe"]] = position[:, place["ankle"]] + [0.20, 0.0, -0.07]
    position[:, :, 1] = np.nan
    return WorldPoints(
        "side", np.arange(FRAMES) / 30, NAMES, position, np.ones_like(position), np.ones(position.shape[:2])
    )


def down(random):
    angle = random.uniform(-1.0, 1.0, FRAMES)
    return np.stack([np.sin(angle), np.zeros(FRAMES), -np.cos(angle)], axis=1)


def along(points, side, upper, lower):
    return (points.point(f"{side}_{lower}") - points.point(f"{side}_{upper}"))[:, ::2]


@settings(max_examples=25)
@given(stretch=st.floats(LENGTH_RANGE[0] + 0.01, LENGTH_RANGE[1] - 0.01), seed=st.integers(0, 1000))
def test_lengths_become_the_skeletons_and_directions_stay(stretch, seed):
    seen = legs(stretch, seed)
    rigid = straighten(seen, SKELETON)
    for side in ("left", "right"):
        for (upper, lower), length_m in BONES.items():
            before, after = along(seen, side, upper, lower), along(rigid, side, upper, lower)
            assert np.linalg.norm(after, axis=1) == pytest.approx(np.full(FRAMES, length_m))
            turned = np.arctan2(*after.T) - np.arctan2(*before.T)
            assert turned == pytest.approx(np.zeros(FRAMES), abs=1e-9)
        for part in ("heel", "toe"):
            assert along(rigid, side, "ankle", part) == pytest.approx(along(seen, side, "ankle", part))
        assert np.array_equal(rigid.point(f"{side}_hip")[:, ::2], seen.point(f"{side}_hip")[:, ::2])
    assert np.isnan(rigid.position_m[:, :, 1]).all()


@settings(max_examples=10)
@given(seed=st.integers(0, 1000))
def test_legs_that_are_rigid_already_do_not_move(seed):
    seen = legs(seed=seed)
    once = straighten(seen, SKELETON)
    assert once.position_m == pytest.approx(seen.position_m, nan_ok=True)
    assert straighten(once, SKELETON).position_m == pytest.approx(once.position_m, nan_ok=True)


@pytest.mark.parametrize("stretch", [0.5, 1.5])
def test_a_joint_in_the_wrong_place_is_left_where_it_was_seen(stretch):
    seen = legs(seed=1)
    position = seen.position_m.copy()
    hip, knee = (NAMES.index(f"left_{part}") for part in ("hip", "knee"))
    position[7, knee] = position[7, hip] + stretch * (position[7, knee] - position[7, hip])
    rigid = straighten(replace(seen, position_m=position), SKELETON)
    assert rigid.position_m[7, knee, ::2] == pytest.approx(position[7, knee, ::2])
    others = np.arange(FRAMES) != 7
    assert rigid.position_m[others] == pytest.approx(seen.position_m[others], nan_ok=True)


@pytest.mark.parametrize("part", PARTS)
def test_what_was_not_seen_stays_unseen_and_spoils_no_other_frame(part):
    seen = legs(1.1, seed=2)
    position = seen.position_m.copy()
    position[5, NAMES.index(f"right_{part}")] = np.nan
    rigid = straighten(replace(seen, position_m=position), SKELETON)
    whole = straighten(seen, SKELETON)
    assert np.isnan(rigid.position_m[5, NAMES.index(f"right_{part}")]).all()
    others = np.arange(FRAMES) != 5
    assert rigid.position_m[others] == pytest.approx(whole.position_m[others], nan_ok=True)


def test_a_gain_lengthens_what_lies_forward_before_the_direction_is_taken():
    seen = legs(seed=3)
    shrunk = replace(seen, position_m=seen.position_m * np.array([0.8, 1.0, 1.0]))
    rigid = straighten(shrunk, SKELETON, gain=1.25)
    for side in ("left", "right"):
        for (upper, lower), _ in BONES.items():
            assert along(rigid, side, upper, lower) == pytest.approx(along(seen, side, upper, lower))


def test_a_body_without_knees_is_passed_on():
    seen = legs(seed=4)
    kept = [k for k, name in enumerate(NAMES) if not name.endswith("knee")]
    fewer = replace(
        seen,
        names=tuple(NAMES[k] for k in kept),
        position_m=seen.position_m[:, kept],
        sd_m=seen.sd_m[:, kept],
        confidence=seen.confidence[:, kept],
    )
    assert straighten(fewer, SKELETON).position_m == pytest.approx(fewer.position_m, nan_ok=True)
