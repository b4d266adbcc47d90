"""The change between two visits against the error of measuring twice."""

from dataclasses import replace

import numpy as np
import pytest

from fusion.screening.base import compare_visits
from fusion.types import Estimate, GaitParameters, Parameter, Subject


def at(analysis, speed=1.0, half=0.02, **recording):
    """Return an analysis with this walking speed, m/s, and its half interval."""
    fast = Estimate(speed, speed - half, speed + half, "m/s", 50)
    varied = Estimate(2.0, 1.8, 2.2, "%", 50)
    parameters = (Parameter("walking_speed_mps", "both", fast), Parameter("stride_time_cv_percent", "both", varied))
    known = {"subject": Subject("P-1")} | recording
    return replace(analysis, parameters=GaitParameters(parameters), recording=replace(analysis.recording, **known))


def speed_change(before, after):
    return next(change for change in compare_visits(before, after) if change.key == "walking_speed_mps")


def test_a_change_beyond_the_error_is_told_with_its_interval(simulated_analysis):
    change = speed_change(at(simulated_analysis, 1.0), at(simulated_analysis, 0.85))
    assert change.is_detectable
    assert change.sentence.startswith(
        "Slower, by 0.15 m/s [0.12, 0.18]. More than the measurement error of 0.09 m/s."
    )
    assert "reaches the smallest change that matters" in change.sentence
    assert change.difference.value == pytest.approx(-0.15)


def test_a_change_within_the_error_is_no_detectable_change(simulated_analysis):
    change = speed_change(at(simulated_analysis, 1.0), at(simulated_analysis, 1.05))
    assert not change.is_detectable
    assert "no detectable change (less than the error of 0.09 m/s)" in change.sentence


def test_vague_visits_need_a_larger_change(simulated_analysis):
    vague = speed_change(at(simulated_analysis, 1.0, 0.2), at(simulated_analysis, 0.85, 0.2))
    assert not vague.is_detectable


def test_where_no_error_between_days_is_published_it_says_so(simulated_analysis):
    later = at(simulated_analysis)
    varied = Estimate(4.0, 3.8, 4.2, "%", 50)
    later = replace(later, parameters=GaitParameters((Parameter("stride_time_cv_percent", "both", varied),)))
    change = next(
        change for change in compare_visits(at(simulated_analysis), later) if change.key == "stride_time_cv_percent"
    )
    assert "from day to day is not known" in change.sentence
    assert np.isnan(change.detectable)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"subject": Subject("P-2")}, "different people"),
        ({"surface": "overground"}, "treadmill"),
        ({"walking_aid": "cane"}, "walking aid"),
    ],
)
def test_visits_that_cannot_be_compared_are_not(simulated_analysis, changes, reason):
    changed = compare_visits(at(simulated_analysis), at(simulated_analysis, 0.8, **changes))
    assert all(not change.difference.is_assessable for change in changed)
    assert reason in changed[0].sentence
