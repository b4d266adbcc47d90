"""One sensor on the lower back: steps, sides, missed steps, bouts, turns and the pendulum's step length."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.events._trunk_cues import _alternating, trunk_signals, trunk_steps
from fusion.events.fused import FusedEvents
from fusion.events.lumbar import LumbarEvents
from fusion.gait.bouts import walking_bouts
from fusion.gait.pendulum import ROLLING_FACTOR, trunk_lengths
from fusion.gait.strides import segment_strides
from fusion.gait.turns import find_turns
from fusion.types import GaitEvents, PlacedImu
from tests.events import walker

STRIDE_S = 1.1


def lumbar(imu):
    return LumbarEvents().detect(None, (imu,), ())


@pytest.mark.parametrize("stride_s", [0.9, 1.1, 1.4])
def test_contacts_and_sides_of_a_steady_walk_are_right(stride_s):
    events, truth = lumbar(walker.trunk(20.0, stride_s)), walker.contacts(20.0, stride_s)
    for side in ("left", "right"):
        wanted = truth.select(side, "ic")
        wanted = wanted[(wanted > 1.0) & (wanted < 19.0)]
        error_s = np.abs(wanted[:, None] - events.select(side, "ic")).min(axis=1)
        assert error_s.max() < 0.04


def test_sides_survive_a_turning_walk():
    straight, turning = (lumbar(walker.trunk(20.0, STRIDE_S, turn_dps=rate)) for rate in (0.0, 40.0))
    assert len(turning.time_s) == len(straight.time_s)
    assert (turning.side == straight.side).all()


def test_a_gap_keeps_its_steps_missing_and_the_sides_after_it_right():
    imu = walker.trunk(20.0, STRIDE_S)
    gone = (imu.time_s > 8.0) & (imu.time_s < 9.5)
    holed = replace(
        imu,
        accel_mps2=np.where(gone[:, None], np.nan, imu.accel_mps2),
        gyro_radps=np.where(gone[:, None], np.nan, imu.gyro_radps),
    )
    whole, events = lumbar(imu), lumbar(holed)
    assert not ((events.time_s > 8.0) & (events.time_s < 9.4)).any()
    for time_s, side in zip(events.time_s, events.side, strict=True):
        assert whole.side[np.argmin(np.abs(whole.time_s - time_s))] == side


@given(missed=st.integers(2, 8))
def test_a_missed_step_does_not_exchange_the_feet(missed):
    push = np.where(np.arange(12) % 2 == 0, -1.0, 1.0)
    gap_s = np.full(12, 0.55)
    kept = np.delete(np.arange(12), missed)
    shorter_gap = np.delete(gap_s, missed)
    shorter_gap[missed - 1] += 0.55
    sides = _alternating(push[kept], shorter_gap)
    assert sides[0] == "left"
    assert sides[missed - 1] == sides[missed]
    assert all(sides[k] != sides[k + 1] for k in range(missed, len(sides) - 2))


def test_sitting_down_and_single_jerks_are_no_steps():
    time_s = np.arange(0.0, 20.0, 0.01)
    accel = np.random.default_rng(0).normal([0.0, 0.0, 9.80665], 0.05, (len(time_s), 3))
    for moment in (4.0, 11.0, 17.0):
        accel[:, 2] += 2.0 * np.exp(-(((time_s - moment) / 0.2) ** 2))
    gyro = np.random.default_rng(1).normal(0.0, 0.01, (len(time_s), 3))
    assert not len(lumbar(PlacedImu("pelvis", time_s, accel, gyro, 100.0)).time_s)


def test_legs_are_believed_where_they_are_measured():
    legs, trunk = walker.imus(12.0, STRIDE_S), walker.trunk(12.0, STRIDE_S)
    with_legs = FusedEvents().detect(None, (*legs, trunk), ())
    np.testing.assert_array_equal(with_legs.time_s, FusedEvents().detect(None, legs, ()).time_s)
    alone = FusedEvents().detect(None, (trunk,), ())
    assert set(alone.kind) == {"ic"}


@pytest.mark.parametrize("amplitude_mps2", [1.5, 2.5])
def test_the_pendulum_gives_the_step_that_its_rise_allows(amplitude_mps2):
    imu = walker.trunk(20.0, STRIDE_S)
    scaled = imu.accel_mps2.copy()
    scaled[:, 2] = 9.80665 + amplitude_mps2 / 2.0 * (scaled[:, 2] - 9.80665)
    lengths = trunk_lengths(replace(imu, accel_mps2=scaled), 0.9)
    omega = 4.0 * np.pi / STRIDE_S
    rise = 2.0 * amplitude_mps2 / omega**2
    stride = 2.0 * ROLLING_FACTOR * 2.0 * np.sqrt(2.0 * 0.9 * rise - rise**2)
    # The pelvis of the made-up walker turns to and fro, which shortens its steps by a few per cent.
    assert np.median([length for length, _ in lengths.values()]) == pytest.approx(stride, rel=0.08)
    assert trunk_lengths(imu, np.nan) == {}


def test_a_turning_step_is_shorter():
    straight, turning = (
        np.median([length for length, _ in trunk_lengths(walker.trunk(20.0, STRIDE_S, turn_dps=rate), 0.9).values()])
        for rate in (0.0, 50.0)
    )
    assert turning == pytest.approx(straight * np.cos(np.deg2rad(50.0) * STRIDE_S), rel=0.15)


def turning_trunk(angle_deg, start_s=8.0, seconds=2.5):
    imu = walker.trunk(20.0, STRIDE_S)
    gyro = imu.gyro_radps.copy()
    inside = (imu.time_s >= start_s) & (imu.time_s < start_s + seconds)
    gyro[inside, 2] += np.deg2rad(angle_deg) / seconds
    return replace(imu, gyro_radps=gyro)


@settings(max_examples=10)
@given(angle_deg=st.floats(60.0, 200.0), to_left=st.booleans())
def test_a_turn_is_found_with_its_angle_and_its_direction(angle_deg, to_left):
    signed = angle_deg if to_left else -angle_deg
    turns = find_turns((turning_trunk(signed),))
    assert len(turns) == 1
    assert turns[0].angle_deg == pytest.approx(signed, abs=6.0)
    assert turns[0].start_s == pytest.approx(8.0, abs=0.6)
    assert turns[0].end_s == pytest.approx(10.5, abs=0.6)


def test_straight_walking_and_standing_have_no_turn():
    imu = walker.trunk(20.0, STRIDE_S)
    assert find_turns((imu,)) == ()
    still = walker.still((imu,), walker.camera(4.0, STRIDE_S))[0]
    assert find_turns(still) == ()
    assert find_turns(()) == ()


def test_feet_show_the_turn_where_the_trunk_wears_nothing():
    turned = []
    for imu in walker.imus(20.0, STRIDE_S, ("foot",)):
        time_s = imu.time_s
        inside = (time_s >= 8.0) & (time_s < 10.0)
        gyro = imu.gyro_radps * [1.0, 0.0, 1.0]
        gyro[inside, 2] += np.deg2rad(90.0)
        level = np.tile([0.0, 0.0, 9.80665], (len(time_s), 1))
        turned.append(replace(imu, gyro_radps=gyro, accel_mps2=level))
    (turn,) = find_turns(tuple(turned))
    assert turn.source == "feet"
    assert turn.angle_deg == pytest.approx(180.0, abs=8.0)
    assert find_turns(tuple(turned[:1])) == ()


def cut(events, start_s, end_s):
    keep = ~((events.time_s > start_s) & (events.time_s < end_s))
    return GaitEvents(
        events.time_s[keep], events.side[keep], events.kind[keep], events.sd_s[keep], events.source[keep]
    )


def test_a_pause_parts_two_bouts_and_a_short_one_does_not():
    events = walker.contacts(40.0, STRIDE_S)
    assert len(walking_bouts(segment_strides(events))) == 1
    assert len(walking_bouts(segment_strides(cut(events, 18.0, 24.5)))) == 2
    assert len(walking_bouts(segment_strides(cut(events, 18.0, 19.5)))) == 1


def test_a_bout_counts_turning_strides_and_gives_cadence_with_an_interval():
    events = walker.contacts(20.0, STRIDE_S)
    turns = find_turns((turning_trunk(180.0),))
    strides = segment_strides(events, turning=tuple((turn.start_s, turn.end_s) for turn in turns))
    (bout,) = walking_bouts(strides, turns)
    assert bout.turns == 1
    assert bout.strides == len(strides) > sum(stride.is_valid for stride in strides)
    assert bout.cadence_spm.value == pytest.approx(120.0 / STRIDE_S)
    assert bout.cadence_spm.low <= bout.cadence_spm.value <= bout.cadence_spm.high
    assert "height" in bout.stride_length_m.reason


def test_three_strides_are_no_bout():
    assert walking_bouts(segment_strides(walker.contacts(2.7, STRIDE_S))) == ()


def test_signals_of_an_empty_stream_are_none():
    imu = walker.trunk(20.0, STRIDE_S)
    short = replace(imu, time_s=imu.time_s[:1], accel_mps2=imu.accel_mps2[:1], gyro_radps=imu.gyro_radps[:1])
    assert trunk_signals(short) is None
    assert trunk_steps(trunk_signals(imu))
