"""The sweep of camera quality sums up what it saw."""

import pytest

from tests.validation.validity_sweep import Seen, bands, crossing


def seen(*pairs):
    return [Seen("noise", 1.0, correlation, 1.0, ratio) for correlation, ratio in pairs]


def test_the_bands_count_the_cameras_and_those_that_harm():
    text = bands(seen((0.5, 2.0), (0.86, 1.1), (0.90, 0.9), (0.90, 1.3), (0.99, 0.7)))
    assert "| below 0.80 | 1 | 2.00 | 2.00 to 2.00 | 1 |" in text
    assert "| 0.87 to 0.94 | 2 | 1.10 | 0.90 to 1.30 | 1 |" in text
    assert "| above 0.94 | 1 | 0.70 | 0.70 to 0.70 | 0 |" in text


def test_a_band_without_cameras_is_left_out():
    assert "0.80 to 0.87" not in bands(seen((0.99, 0.7)))


def test_the_crossing_lies_where_the_running_median_becomes_harmful():
    order = [1.0 - 0.05 * k for k in range(16)]
    found = seen(*[(c, 0.8 if c > 0.6 else 1.5) for c in order])
    assert crossing(found) == pytest.approx(0.6, abs=0.1)
