"""Innovations that are off are said in words; usual ones are not."""

import pytest

from fusion.estimator.estimate import estimate_motion
from fusion.estimator.verdict import LEAST_ROWS, MOST, SENSORS, verdicts
from tests.estimator.walked import walk


def _of(kind, *, nis=0.5, rows=1000.0, rejected=0.0):
    return {f"nis_{kind}": nis, f"rows_{kind}": rows, f"rejected_{kind}": rejected}


@pytest.mark.parametrize("kind", SENSORS)
def test_what_disagrees_is_named_with_what_to_check(kind):
    (said,) = verdicts(_of(kind, nis=3.0))
    assert SENSORS[kind][1:] in said
    assert "3.0" in said
    assert "Check" in said


@pytest.mark.parametrize("kind", SENSORS)
def test_usual_values_need_no_words(kind):
    assert verdicts(_of(kind)) == ()
    assert verdicts(_of(kind, nis=MOST)) == ()


def test_many_refused_readings_are_said():
    (said,) = verdicts(_of("camera", rows=1400.0, rejected=300.0))
    assert said.startswith("30 %")


def test_a_sensor_whose_error_is_set_far_too_wide_is_said():
    (said,) = verdicts(_of("gyro", nis=0.001))
    assert "wider" in said


def test_too_few_readings_say_nothing():
    assert verdicts(_of("gyro", nis=9.0, rows=LEAST_ROWS - 1.0)) == ()
    assert verdicts({}) == ()


def test_a_clean_walk_gives_no_verdict():
    assert verdicts(estimate_motion(walk().inputs, causal=True).diagnostics) == ()
