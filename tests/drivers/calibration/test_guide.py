"""What the guide says when a hand does something else than it was told."""

import numpy as np
import pytest

from drivers.calibration.fit import Face
from drivers.calibration.guide import Guide, Step
from tests.drivers.calibration.hand import Hand, Sensor, guided

UP, DOWN = Face(2, 1), Face(2, -1)
PERFECT = Sensor(np.eye(3), np.zeros(3), np.eye(3), np.zeros(3))


def hand():
    return Hand(np.random.default_rng(1))


def after(hand, *plan):
    return guided(Guide(plan), hand.readings(PERFECT))


def test_a_rest_on_the_wrong_face_is_named_and_waited_out():
    wrong = hand()
    wrong.up(DOWN)
    guide = after(wrong, Step("rest", UP))
    assert guide.problem == "it lies with -z up; +z is wanted"
    wrong.up(UP)
    assert after(wrong, Step("rest", UP)).step is None


def test_a_case_that_leans_is_no_rest_on_a_face():
    leaning = Hand(np.random.default_rng(1), tilt_deg=(40.0, 0.0))
    leaning.up(UP)
    guide = after(leaning, Step("rest", UP))
    assert guide.done == 0
    assert "leaning" in guide.problem


def test_nothing_is_taken_from_a_case_in_the_hand():
    moving = hand()
    moving.turn(UP, 0.2)
    moving._path = moving._path[: -round(100 * 3.0)]  # let go 2 s ago
    assert after(moving, Step("rest", UP)).rests == []


@pytest.mark.parametrize("wrong", [0.25, 0.8])
def test_less_or_more_than_half_a_turn_is_told_and_can_be_completed(wrong):
    turned = hand()
    turned.up(UP)
    turned.turn(UP, wrong)
    plan = (Step("rest", UP), Step("half", UP))
    assert f"{360 * wrong:.0f} deg so far" in after(turned, *plan).problem
    turned.turn(UP, 0.5 - wrong)
    guide = after(turned, *plan)
    assert guide.step is None
    assert [rest.is_turned for rest in guide.rests] == [False, True]


TURN = (Step("place", UP), Step("turn", UP, 1, 5))


def test_a_pause_in_the_turns_is_told_and_the_rest_completes_them():
    paused = hand()
    paused.up(UP)
    paused.turn(UP, 2.3, ends_at_edge=False)
    assert "+2.30 turns so far" in after(paused, *TURN).problem
    paused.turn(UP, 2.7)
    guide = after(paused, *TURN)
    assert guide.step is None
    assert [turn.turns for turn in guide.turns] == [5]
    assert guide.turns[0].angle_rad[2] == pytest.approx(10 * np.pi, rel=2e-3)


def test_turns_to_the_wrong_side_do_not_count():
    wrong = hand()
    wrong.up(UP)
    wrong.turn(UP, -5)
    guide = after(wrong, *TURN)
    assert guide.done == 1
    assert "-5.0" in guide.problem
    assert guide.turns == []


def test_another_number_of_whole_turns_is_seen_and_counted():
    four = hand()
    four.up(UP)
    four.turn(UP, 4)
    assert [turn.turns for turn in after(four, *TURN).turns] == [4]


def test_samples_that_were_lost_in_a_turn_send_it_back_to_the_edge():
    lossy = hand()
    lossy.up(UP)
    lossy.turn(UP, 5)
    time_s, accel, gyro = lossy.readings(PERFECT)
    kept = (time_s < 9.0) | (time_s > 9.3)
    guide = guided(Guide(TURN), (time_s[kept], accel[kept], gyro[kept]))
    assert (guide.done, guide.rests, guide.turns) == (1, guide.rests, [])
    assert guide.step.kind == "turn"  # the rest at the end is the new beginning
    lossy.turn(UP, 5)
    time_s, accel, gyro = lossy.readings(PERFECT)
    kept = (time_s < 9.0) | (time_s > 9.3)
    assert guided(Guide(TURN), (time_s[kept], accel[kept], gyro[kept])).step is None


def test_missing_readings_are_no_rest():
    quiet = hand()
    quiet.up(UP)
    time_s, accel, gyro = quiet.readings(PERFECT)
    gyro[::20] = np.nan
    assert guided(Guide((Step("rest", UP),)), (time_s, accel, gyro)).done == 0


def test_any_split_of_the_stream_measures_the_same():
    whole = hand()
    whole.up(UP)
    whole.turn(UP, 5)
    readings = whole.readings(PERFECT)
    results = [guided(Guide(TURN), readings, piece=piece) for piece in (1, 8, 16)]
    for guide in results:
        assert guide.turns[0].angle_rad == pytest.approx(results[0].turns[0].angle_rad, abs=2e-4)
        assert guide.rests[0].accel_mps2 == pytest.approx(results[0].rests[0].accel_mps2, abs=2e-3)
