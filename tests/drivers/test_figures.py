"""The figures of ``python -m tests.drivers.figures``, at a size that a test can afford."""

import pytest

from fusion import plugins
from tests.drivers import figures

DEVICES = plugins.names("drivers.devices")


def test_ten_wearables_at_200_hz_lose_and_reorder_nothing():
    for found in figures.many_at_once(seconds=6.0):
        assert found.sent > 1000
        assert (found.missing, found.twice, found.backward) == (0, 0, 0)


def test_a_port_at_1000_hz_loses_nothing():
    found = figures.serial_line(seconds=6.0)
    assert found.sent > 5000
    assert (found.missing, found.twice, found.backward) == (0, 0, 0)


def test_links_that_are_lost_come_back_within_two_seconds_and_repeat_nothing():
    tallies, slowest_s, beyond_s = figures.link_drops(count=3, seconds=30.0)
    assert slowest_s <= 2.0
    assert beyond_s <= 0.1
    assert sum(found.twice for found in tallies) == 0


@pytest.mark.parametrize("name", DEVICES)
def test_no_bytes_make_a_decoder_fail(name):
    _, counts = figures.fuzz(name, count=40_000, seed=3)
    assert counts.rejected + counts.skipped_bytes > 0


@pytest.mark.parametrize(("interval_s", "jitter_s", "most_s"), [(0.015, 0.0005, 0.002), (0.0, 5e-5, 0.0002)])
def test_the_clock_of_a_wearable_is_found(interval_s, jitter_s, most_s):
    mean_s, _, share = figures.clock_bias(interval_s, jitter_s, runs=4, seconds=15.0)
    assert abs(mean_s) <= most_s
    assert share >= 0.75


@pytest.mark.parametrize(
    "pair", [("left_shank", "right_shank"), ("left_thigh", "left_shank"), ("pelvis", "left_foot")]
)
def test_the_start_up_check_names_sensors_that_were_exchanged(pair):
    assert figures.swapped_pairs(seconds=12.0, pairs=(pair,)) == []
