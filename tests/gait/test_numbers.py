import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion.gait.numbers import EN_DASH, MINUS, decimals_for, format_estimate, format_number, format_range
from fusion.types import Estimate


@pytest.mark.parametrize(
    ("value", "half", "text"),
    [
        (0.98, 0.031, "0.98 [0.95, 1.01] m"),
        (109.5, 1.4, "109.5 [108.1, 110.9] m"),
        (118.0, 14.0, "118 [104, 132] m"),
        (51.2, 3.0, "51 [48, 54] m"),
        (-1.0, 3.4, f"{MINUS}1 [{MINUS}4, 2] m"),
        (0.5431, 0.0012, "0.5431 [0.5419, 0.5443] m"),
        (1234.0, 250.0, "1234 [984, 1484] m"),
    ],
)
def test_digits_follow_the_half_width_of_the_interval(value, half, text):
    assert str(format_estimate(Estimate(value, value - half, value + half, "m"))) == text


def test_not_assessable_is_written_in_words_without_a_unit():
    formatted = format_estimate(Estimate.not_assessable("m", "no height"))
    assert (formatted.value, formatted.interval, formatted.unit) == ("not assessable", "", "")


@pytest.mark.parametrize(("value", "text"), [(24.0, "24"), (0.0, "0"), (1.2345, "1.23"), (0.5, "0.500")])
def test_a_value_without_width_has_no_interval(value, text):
    assert str(format_estimate(Estimate(value, value, value, "1"))) == text


def test_nothing_is_written_as_negative_zero():
    assert format_number(-0.001, 2) == "0.00"


@pytest.mark.parametrize(
    ("low", "high", "decimals", "text"),
    [(1.02, 1.54, 2, f"1.02{EN_DASH}1.54"), (-3.0, 21.0, 0, f"{MINUS}3 to 21"), (np.nan, np.nan, 1, EN_DASH)],
)
def test_ranges_use_an_en_dash_or_words(low, high, decimals, text):
    assert format_range(low, high, decimals) == text


@given(st.floats(0.002, 90.0))
def test_the_last_digit_is_never_coarser_than_the_half_width(half):
    assert 10.0 ** -decimals_for(half) <= half * (1 + 1e-9) or decimals_for(half) == 0
