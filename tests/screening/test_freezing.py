"""Freezing of gait on made-up tremor, walking and standing."""

import numpy as np
import pytest

from fusion.screening._freeze_signal import FreezeWindows, episodes, freeze_windows
from fusion.screening.freezing import Freezing
from fusion.simulate import SimulationSettings, WalkerSettings, simulate
from fusion.types import ImuSamples
from tests.screening.visits import visit, walk

RATE_HZ = 100.0


def shank(spans, *, seconds=60.0, tremor_hz=5.0, segment="left_shank", missing=()):
    """Return a shank that walks at 1 Hz and trembles in ``spans``, turned in some way."""
    random = np.random.default_rng(0)
    time_s = np.arange(0.0, seconds, 1.0 / RATE_HZ)
    frozen = np.any([(time_s >= start) & (time_s < end) for start, end in spans], axis=0) if spans else time_s < -1.0
    walking = 4.0 * np.sin(2.0 * np.pi * 1.0 * time_s) + 1.5 * np.sin(2.0 * np.pi * 2.0 * time_s)
    trembling = 2.5 * np.sin(2.0 * np.pi * tremor_hz * time_s)
    accel = random.normal(0.0, 0.2, (len(time_s), 3)) + np.where(frozen, trembling, walking)[:, None] * [
        0.6,
        0.0,
        0.8,
    ]
    accel[:, 2] += 9.81
    for start, end in missing:
        accel[(time_s >= start) & (time_s < end)] = np.nan
    return ImuSamples(segment, time_s, accel, np.zeros_like(accel), RATE_HZ)


def assess(*imus, **changes):
    return Freezing().assess(visit(walk(), imus=imus, **changes))


def test_two_freezes_are_found_where_they_are():
    result = assess(shank([(20.0, 28.0), (40.0, 46.0)]))
    assert result.status == "scored"
    assert "2 episodes" in result.sentence
    for (start, end), (first, last) in zip(result.episodes_s, [(20.0, 28.0), (40.0, 46.0)], strict=True):
        assert start == pytest.approx(first, abs=1.5)
        assert end == pytest.approx(last, abs=1.5)
    assert result.score.value == pytest.approx(100.0 * 14.0 / 57.0, abs=10.0)
    assert result.score.low <= result.score.value <= result.score.high


def test_plain_walking_shows_none_and_says_that_this_excludes_nothing():
    result = assess(shank([]))
    assert result.status == "none seen"
    assert "does not exclude" in result.sentence
    assert result.score.value == 0.0
    assert result.score.high > 5.0
    assert any("turning on the spot" in caution for caution in result.cautions)


def test_standing_still_is_no_freeze_although_its_index_is_high():
    quiet = ImuSamples(
        "left_shank",
        np.arange(6000) / RATE_HZ,
        np.random.default_rng(1).normal([0.0, 0.0, 9.81], 0.05, (6000, 3)),
        np.zeros((6000, 3)),
        RATE_HZ,
    )
    windows = freeze_windows(quiet.time_s, quiet.accel_mps2)
    assert np.exp(np.median(windows.values[:, 0])) > 1.5
    assert assess(quiet).status == "none seen"


@pytest.mark.parametrize("speed", [0.8, 1.2, 1.6])
def test_a_simulated_healthy_walker_never_freezes(speed):
    settings = SimulationSettings(duration_s=40.0, seed=2, walker=WalkerSettings(speed_mps=speed), cameras=())
    assert Freezing().assess(visit(walk(), imus=simulate(settings).recording.imus)).status == "none seen"


def test_the_index_does_not_depend_on_how_the_sensor_is_turned():
    imu = shank([(20.0, 28.0)])
    turn, _ = np.linalg.qr(np.random.default_rng(4).normal(size=(3, 3)))
    straight = freeze_windows(imu.time_s, imu.accel_mps2).values
    np.testing.assert_allclose(freeze_windows(imu.time_s, imu.accel_mps2 @ turn.T).values, straight, atol=1e-9)


def test_the_index_of_two_sines_is_the_ratio_of_their_powers():
    time_s = np.arange(0.0, 20.0, 1.0 / RATE_HZ)
    wave = 2.0 * np.sin(2 * np.pi * 1.5 * time_s) + np.sin(2 * np.pi * 5.5 * time_s)
    signal = np.column_stack([wave, np.zeros((len(time_s), 2))])
    values = np.exp(freeze_windows(time_s, signal).values)
    np.testing.assert_allclose(values[:, 0], 0.25, rtol=0.08)
    np.testing.assert_allclose(values[:, 1], 2.5, rtol=0.08)


@pytest.mark.parametrize("rate_hz", [64.0, 100.0, 200.0])
def test_the_index_does_not_depend_on_the_sampling_rate(rate_hz):
    time_s = np.arange(0.0, 20.0, 1.0 / rate_hz)
    signal = np.tile((2.0 * np.sin(2 * np.pi * 1.5 * time_s) + np.sin(2 * np.pi * 5.5 * time_s))[:, None], (1, 3))
    assert np.exp(np.median(freeze_windows(time_s, signal).values[:, 0])) == pytest.approx(0.25, rel=0.05)


def test_windows_over_a_gap_are_not_seen():
    windows = freeze_windows(*(lambda imu: (imu.time_s, imu.accel_mps2))(shank([], missing=[(20.0, 25.0)])))
    inside = np.abs(windows.centre_s - 22.5) < 1.0
    assert not windows.is_seen[inside].any()
    assert windows.is_seen[~inside & (np.abs(windows.centre_s - 22.5) > 5.0)].all()


def test_short_records_and_other_places_get_no_score():
    assert "s needed" in assess(shank([], seconds=10.0)).reason
    assert "shank" in assess(shank([], segment="left_thigh")).reason
    assert Freezing().assess(visit(walk())).status == "no score given"


def test_from_the_lower_back_the_result_is_limited():
    assert assess(shank([(20.0, 28.0)], segment="pelvis")).score.grade == "limited"


def test_episodes_join_over_less_than_a_second_and_drop_the_very_short():
    windows = FreezeWindows(np.arange(10) * 0.5, np.zeros((10, 2)))
    frozen = np.array([1, 1, 0, 1, 0, 0, 0, 1, 0, 0], dtype=bool)
    assert episodes(windows, frozen) == ((-0.25, 1.75),)
