"""The sets neura, weygers_kok and broad: their figures on the real recordings, and that a wrong input shows."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from tests.validation import broad, neura, weygers_kok


def test_a_fusion_of_real_wearables_with_a_simulated_camera_beats_both(data_folder):
    figures = neura.evaluate(data_folder("neura"))
    assert figures["neura/refused"] == 0.0
    assert figures["neura/camera_kept_fraction"] == 1.0
    both = figures["neura/knee_sd_deg/both"]
    assert both < figures["neura/knee_sd_deg/imu"]
    assert both < figures["neura/knee_sd_deg/camera"]
    assert figures["neura/knee_rmse_deg/both_3imu"] < 10.0


def test_inclination_is_near_that_of_vqf(data_folder):
    figures = broad.evaluate(data_folder("broad"))
    trials = {key.split("/")[3] for key in figures if "inclination" in key}
    assert trials
    for trial in trials:
        own, vqf = (figures[f"broad/inclination_rmse_deg/{method}/{trial}"] for method in ("own", "vqf"))
        assert own < 1.0
        assert own < 2.0 * vqf


def test_linked_bodies_are_within_a_few_degrees(data_folder):
    figures = weygers_kok.evaluate(data_folder("weygers_kok"))
    assert figures["weygers_kok/n"] > 0
    assert all(value < 10.0 for key, value in figures.items() if "_deg/" in key)


@pytest.mark.parametrize("adapter", [neura, broad, weygers_kok])
def test_an_empty_folder_gives_no_figure(adapter, tmp_path):
    assert set(adapter.evaluate(tmp_path).values()) == {0.0}


def test_a_constant_difference_of_heading_is_no_error_and_a_tilt_is():
    rng = np.random.default_rng(1)
    one, two = (Rotation.random(50, random_state=rng) for _ in range(2))
    truth = [rotation.as_quat(scalar_first=True) for rotation in (one, two)]
    heading = [truth[0], (Rotation.from_euler("z", 70.0, degrees=True) * two).as_quat(scalar_first=True)]
    tilted = [truth[0], (Rotation.from_euler("x", 5.0, degrees=True) * two).as_quat(scalar_first=True)]
    assert weygers_kok._relative_rmse_deg(heading, truth) == pytest.approx(0.0, abs=1e-6)
    assert weygers_kok._relative_rmse_deg(tilted, truth) == pytest.approx(5.0, abs=0.5)
    assert broad.inclination_rmse_deg(heading[1], truth[1]) == pytest.approx(0.0, abs=1e-6)
    assert broad.inclination_rmse_deg(tilted[1], truth[1]) == pytest.approx(5.0, abs=1e-3)
