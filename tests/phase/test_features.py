"""Ticks: causal, mirrored exactly, silent where nothing is heard."""

import numpy as np
import pytest

from fusion.errors import UsageError
from fusion.phase.base import CHANNELS, FEATURES, PARTS
from fusion.phase.features import OLDEST_S, leg_ticks
from fusion.types import PlacedImu
from tests.phase.walked import mirrored, placed, walk


def test_the_right_leg_of_the_mirrored_walk_is_the_left_leg_of_the_walk():
    imus = placed(walk(), ("shank", "foot"))
    np.testing.assert_array_equal(leg_ticks(imus, "left").features, leg_ticks(mirrored(imus), "right").features)


def test_no_tick_knows_a_later_sample():
    imus = placed(walk())
    whole = leg_ticks(imus, "left")
    cut_s = 9.0
    early = tuple(
        PlacedImu(i.segment, i.time_s[i.time_s <= cut_s], i.accel_mps2[i.time_s <= cut_s],
                  i.gyro_radps[i.time_s <= cut_s], i.rate_hz)
        for i in imus
    )  # fmt: skip
    part = leg_ticks(early, "left")
    np.testing.assert_array_equal(part.features, whole.features[: len(part.features)])


def test_a_part_that_falls_silent_is_flagged_and_zero():
    (shank,) = (imu for imu in placed(walk()) if imu.segment == "left_shank")
    lost = (shank.time_s > 5.0) & (shank.time_s < 6.0)
    accel = np.where(lost[:, None], np.nan, shank.accel_mps2)
    ticks = leg_ticks((PlacedImu("left_shank", shank.time_s, accel, shank.gyro_radps, shank.rate_hz),), "left")
    flag = ticks.features[:, len(PARTS) * CHANNELS + PARTS.index("shank")]
    silent = (ticks.time_s > 5.0 + OLDEST_S + 0.02) & (ticks.time_s < 5.99)
    assert not flag[silent].any()
    assert not ticks.features[silent].any()
    assert flag[(ticks.time_s > 7.0)].all()
    assert ticks.features.shape[1] == FEATURES


def test_a_leg_without_a_wearable_is_refused_with_what_is_needed():
    with pytest.raises(UsageError, match="left_shank"):
        leg_ticks((), "left")
