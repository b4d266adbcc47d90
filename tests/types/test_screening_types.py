"""What a score may say, and what passing a line means in a clinic."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion.errors import SignalError, UsageError
from fusion.types import (
    Driver,
    Estimate,
    OtherGroup,
    Performance,
    ScreeningResult,
    SideClass,
    natural_frequencies,
)

GIVEN = Estimate(97.0, 94.0, 99.0, "%", 104)
WITHHELD = Estimate.not_assessable("%", "12 strides, 30 needed")
SHARE = st.floats(0.0, 1.0)


def result(**changes):
    data = {"key": "parkinson", "title": "Parkinsonian gait", "status": "scored", "sentence": "s", "score": GIVEN}
    return ScreeningResult(**(data | changes))


def test_nineteen_of_twenty_six_at_a_prevalence_of_thirty():
    meaning = natural_frequencies(0.62, 0.90, 30.0)
    assert (meaning.found, meaning.positives, meaning.missed, meaning.passed_over) == (19, 26, 11, 63)
    assert meaning.ppv == pytest.approx(19 / 26)
    assert "26 pass the line: 19 have parkinsonism, 7 do not" in meaning.sentence


@given(sensitivity=SHARE, specificity=SHARE, prevalence=st.floats(0.0, 100.0))
def test_the_hundred_people_are_always_a_hundred(sensitivity, specificity, prevalence):
    meaning = natural_frequencies(sensitivity, specificity, prevalence)
    counts = (meaning.found, meaning.missed, meaning.false_alarms, meaning.passed_over)
    assert sum(counts) == 100
    assert min(counts) >= 0


def test_no_one_passing_means_no_predictive_value():
    assert np.isnan(natural_frequencies(0.0, 1.0, 10.0).ppv)
    assert np.isnan(natural_frequencies(1.0, 0.0, 10.0).npv)


@pytest.mark.parametrize("wrong", [(1.2, 0.9, 30.0), (0.6, -0.1, 30.0), (0.6, 0.9, 130.0), (0.6, 0.9, np.nan)])
def test_shares_out_of_range_are_refused(wrong):
    with pytest.raises(UsageError, match="people per 100"):
        natural_frequencies(*wrong)


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "no score given"},
        {"score": WITHHELD},
        {"score": WITHHELD, "status": "no score given"},
        {"score": WITHHELD, "status": "no score given", "reason": "r", "band": "slight"},
        {"status": "ill"},
        {"band": "huge"},
    ],
    ids=["number without score", "score without number", "no reason", "band without number", "status", "band"],
)
def test_a_contradiction_is_refused(changes):
    with pytest.raises(SignalError):
        result(**changes)


def test_a_withheld_score_keeps_its_reason():
    withheld = result(score=WITHHELD, status="no score given", reason="12 strides, 30 needed", cure="walk longer")
    assert not withheld.is_given
    assert withheld.meaning(30.0) is None
    assert withheld.not_specific == ""


@pytest.mark.parametrize(
    ("push", "words"),
    [
        (1.4, "pushes up strongly"),
        (0.5, "pushes up"),
        (0.1, "no effect"),
        (-0.5, "pushes down"),
        (np.nan, "no effect"),
    ],
)
def test_a_push_is_told_in_words(push, words):
    assert Driver("k", "Stride timing", GIVEN, push).words == words


def test_an_unknown_push_has_no_effect():
    assert Driver("k", "Stride timing", GIVEN, np.nan).words == "no effect"


def test_other_groups_are_told_as_counts():
    told = result(other_groups=(OtherGroup("people after stroke", 24, 33, "feet"),)).not_specific
    assert "73 of 100 people after stroke (24 of 33)" in told


def test_a_performance_carries_into_the_meaning():
    performance = Performance(0.87, 0.81, 0.92, 0.62, 0.90, 58, 43, "split by person")
    assert result(performance=performance).meaning(30.0).positives == 26
    assert "AUC 0.87 [0.81, 0.92]" in performance.words
    assert "101 people" in performance.words


def test_a_pattern_belongs_to_a_leg():
    with pytest.raises(SignalError, match="side of a pattern"):
        SideClass("both", "jump gait", "s", GIVEN, GIVEN, {})
