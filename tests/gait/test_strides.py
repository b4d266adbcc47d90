from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion.gait.lengths import step_lengths
from fusion.gait.strides import segment_strides
from tests.gait.walks import (
    STANCE,
    STRIDE_M,
    STRIDE_S,
    edit,
    make_events,
    mirrored,
    walk_events,
    walk_motion,
)


def test_one_hand_written_stride_has_every_contact_in_its_place():
    events = make_events(
        [0.0, 0.1, 0.5, 0.6, 1.0],
        ["left", "right", "right", "left", "left"],
        ["ic", "fc", "ic", "fc", "ic"],
    )
    (stride,) = [stride for stride in segment_strides(events) if stride.side == "left"]
    assert (stride.start_s, stride.other_fc_s, stride.other_ic_s, stride.fc_s, stride.end_s) == (
        0.0,
        0.1,
        0.5,
        0.6,
        1.0,
    )
    assert stride.is_valid
    assert stride.timing_sd_s == pytest.approx(0.005 * np.sqrt(2))


def test_a_regular_walk_gives_every_stride_of_both_feet_except_where_the_other_foot_had_not_started():
    strides = segment_strides(walk_events(12))
    assert len(strides) == 24
    assert [stride.start_s for stride in strides] == sorted(stride.start_s for stride in strides)
    refused = [stride for stride in strides if not stride.is_valid]
    assert [stride.side for stride in refused] == ["left"]
    assert "final contact of the other foot" in refused[0].reason


@given(st.floats(-100.0, 100.0))
def test_a_time_shift_moves_every_stride_and_changes_no_verdict(shift_s):
    events = walk_events(5)
    moved = segment_strides(edit(events, time_s=events.time_s + shift_s))
    for before, after in zip(segment_strides(events), moved, strict=True):
        assert after.start_s == pytest.approx(before.start_s + shift_s)
        assert (after.is_valid, after.reason) == (before.is_valid, before.reason)


def test_exchanging_the_sides_exchanges_the_strides_exactly():
    events = walk_events(8, stride_sd_s=0.03)
    swapped = segment_strides(mirrored(events))
    for before, after in zip(segment_strides(events), swapped, strict=True):
        assert replace(after, side=before.side) == before
        assert after.side != before.side


def test_strides_that_touch_a_turn_do_not_count():
    strides = segment_strides(walk_events(10), turning=((5.0, 6.0),))
    for stride in strides:
        assert (stride.reason == "turn") == (stride.start_s < 6.0 and stride.end_s > 5.0)


@pytest.mark.parametrize(
    ("side", "kind", "reason"),
    [
        ("left", "fc", "incomplete: final contact not found"),
        ("right", "fc", "incomplete: final contact of the other foot"),
        ("right", "ic", "incomplete: initial contact of the other foot"),
    ],
)
def test_a_missing_contact_makes_the_stride_around_it_incomplete(side, kind, reason):
    events = walk_events(10)
    where = np.flatnonzero((events.side == side) & (events.kind == kind))[5]
    keep = np.arange(len(events.time_s)) != where
    lost_s = events.time_s[where]
    (around,) = [
        stride
        for stride in segment_strides(edit(events, keep))
        if stride.side == "left" and stride.start_s < lost_s < stride.end_s
    ]
    assert not around.is_valid
    assert reason in around.reason


def test_a_lost_initial_contact_doubles_a_stride_and_is_noticed():
    events = walk_events(10)
    where = np.flatnonzero((events.side == "left") & (events.kind == "ic"))[5]
    strides = segment_strides(edit(events, np.arange(len(events.time_s)) != where))
    double = max(strides, key=lambda stride: stride.duration_s)
    assert double.duration_s == pytest.approx(2 * STRIDE_S)
    assert "missed" in double.reason


def test_a_stop_and_a_hesitation_do_not_count():
    events = walk_events(12)
    late = np.where(events.time_s > 8.0, events.time_s + 4.0, events.time_s)
    assert any("stop" in stride.reason for stride in segment_strides(edit(events, time_s=late)))
    late = np.where(events.time_s > 8.0, events.time_s + 0.6, events.time_s)
    refused = [stride for stride in segment_strides(edit(events, time_s=late)) if "outlier" in stride.reason]
    assert {stride.side for stride in refused} == {"left", "right"}


def test_contacts_out_of_order_do_not_count():
    events = make_events(
        [0.0, 0.1, 0.5, 0.6, 1.0],
        ["left", "left", "right", "right", "left"],
        ["ic", "fc", "ic", "fc", "ic"],
    )
    assert segment_strides(events)[0].reason == "contacts out of order"


def test_one_foot_alone_still_gives_its_strides():
    strides = segment_strides(walk_events(6, sides=("left",)))
    assert all(stride.is_valid for stride in strides)
    assert np.isnan([stride.other_ic_s for stride in strides]).all()


def test_no_events_give_no_strides():
    assert segment_strides(make_events([], [], [])) == ()


def test_the_length_is_the_way_of_the_ankle():
    strides = segment_strides(walk_events(5), walk_motion())
    assert [stride.length_m for stride in strides] == pytest.approx([STRIDE_M] * len(strides), abs=1e-6)
    assert strides[0].length_sd_m == pytest.approx(0.01 * np.sqrt(2))


def test_walking_backwards_along_the_camera_gives_the_same_length():
    motion = walk_motion()
    back = replace(motion, point_position_m=-motion.point_position_m)
    assert segment_strides(walk_events(3), back)[0].length_m == pytest.approx(STRIDE_M)


def test_a_treadmill_adds_the_way_of_the_belt_and_asks_for_its_speed():
    still = walk_motion(speed_mps=0.0)
    strides = segment_strides(walk_events(5), still, surface="treadmill", belt_speed_mps=1.5)
    assert strides[0].length_m == pytest.approx(1.5 * STRIDE_S)
    strides = segment_strides(walk_events(5), still, surface="treadmill")
    assert np.isnan([stride.length_m for stride in strides]).all()


def test_lengths_from_a_foot_sensor_come_before_those_from_the_motion():
    events = walk_events(5)
    first = segment_strides(events)[0]
    lengths = {(first.side, first.start_s): (1.31, 0.02)}
    strides = segment_strides(events, walk_motion(), lengths=lengths)
    assert (strides[0].length_m, strides[0].length_sd_m) == (1.31, 0.02)
    assert strides[1].length_m == pytest.approx(STRIDE_M)


def test_strides_outside_the_recording_have_no_length():
    strides = segment_strides(walk_events(5, start_s=28.0), walk_motion(30.0))
    assert np.isfinite(strides[0].length_m)
    assert np.isnan(strides[-1].length_m)


@pytest.mark.parametrize("belt_mps", [0.0, 1.2])
def test_the_two_steps_of_a_stride_add_up_to_its_length(belt_mps):
    motion = walk_motion()
    surface = "treadmill" if belt_mps else "overground"
    strides = segment_strides(walk_events(6), motion, surface=surface, belt_speed_mps=belt_mps)
    steps = step_lengths(strides, motion, belt_mps)
    left, right = (
        [steps[(s.side, s.start_s)][0] for s in strides if s.side == side and s.is_valid]
        for side in ("left", "right")
    )
    assert left[0] + right[0] == pytest.approx(strides[0].length_m, abs=1e-6)


def test_stance_of_the_made_up_walk_is_what_was_put_in():
    for stride in segment_strides(walk_events(5)):
        if stride.is_valid:
            assert (stride.fc_s - stride.start_s) / stride.duration_s == pytest.approx(STANCE[stride.side])
