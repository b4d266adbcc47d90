"""The error model of a good camera: its parts come back from made-up errors, and stand near the published ones."""

import numpy as np
import pytest
from scipy.signal import lfilter

from tests.validation import lbmc


def test_the_parts_of_a_made_up_error_come_back():
    random = np.random.default_rng(0)
    true_time_s = np.arange(0.0, 40.0, 1.0 / 120.0)
    turn = 2.0 * np.pi * true_time_s / 1.1
    knee = np.deg2rad(30.0 - 25.0 * np.cos(turn) + 8.0 * np.cos(2.0 * turn))
    time_s = np.arange(0.0, 40.0, 1.0 / 60.0)
    at = 2.0 * np.pi * (time_s - 0.015) / 1.1  # 15 ms late
    late = np.deg2rad(30.0 - 25.0 * np.cos(at) + 8.0 * np.cos(2.0 * at))
    locked = np.deg2rad(3.0) * np.sqrt(2.0) * np.sin(3.0 * at)
    keep = np.exp(-1.0 / 60.0 / 0.05)
    noise = lfilter([np.sqrt(1.0 - keep**2)], [1.0, -keep], random.normal(0.0, np.deg2rad(1.5), len(time_s)))
    found = lbmc.split(time_s, late + locked + noise - np.deg2rad(6.0), true_time_s, knee, knee)
    assert found["lag_ms"] == pytest.approx(15.0, abs=4.0)
    assert found["bias_deg"] == pytest.approx(-6.0, abs=0.3)
    assert found["locked_sd_deg"] == pytest.approx(3.0, abs=0.25)
    assert found["random_sd_deg"] == pytest.approx(1.5, abs=0.2)
    assert found["correlation_s"] == pytest.approx(0.05, abs=0.025)
    assert found["sd_with_lag_deg"] > found["sd_deg"]


def test_an_angle_that_a_pipeline_does_not_give_has_no_figure():
    time_s = np.arange(0.0, 10.0, 1.0 / 60.0)
    angle = np.sin(2.0 * np.pi * time_s)
    found = lbmc.split(time_s, np.full_like(angle, np.nan), time_s, angle, angle)
    assert np.isnan(found["sd_deg"])


def test_good_cameras_err_by_what_is_published_and_the_simulator_is_no_better_than_the_best(data_folder):
    figures = lbmc.evaluate(data_folder("lbmc"))
    for pipeline in ("theia_9_cameras", "openpose_2"):
        assert 1.0 < figures[f"lbmc/sd_deg/{pipeline}/knee"] < 6.0
    best = min(
        value for key, value in figures.items() if key.startswith("lbmc/random_sd_deg/") and "/simul" not in key
    )
    assert figures["lbmc/random_sd_deg/simulated/knee"] > best


def test_an_empty_folder_gives_no_figure(tmp_path):
    assert lbmc.evaluate(tmp_path) == {"lbmc/n": 0.0}
