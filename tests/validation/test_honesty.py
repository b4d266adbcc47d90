"""The simulator's errors are those of real devices: the same figures, by the same code, in the same range."""

from functools import cache

import numpy as np
import pytest

from tests.validation.honesty import GYRO_DPS, figures, knee_of
from tests.validation.simulated_steps import LEFTWARD, steps

REAL = {
    "camera_rms_deg": (2.0, 2.5),
    "camera_curve_sd_deg": (1.2, 1.7),
    "camera_rest_sd_deg": (1.7, 2.4),
    "camera_rest_time_s": (0.02, 0.05),
    "imu_sd_deg": (2.2, 5.2),
    "gyro_error_dps": (27.0, 55.0),
    "best_gyro_dps": (30.0, 80.0),
    "rate_correlation": (0.94, 0.985),
}
"""What real steps give (kam, two people), a little widened."""


@cache
def people():
    return tuple(figures([knee_of(step, LEFTWARD) for step in steps(seed)]) for seed in range(8))


@pytest.mark.parametrize("name", REAL)
def test_the_median_simulated_person_lies_where_real_people_do(name):
    low, high = REAL[name]
    assert low <= np.median([person[name] for person in people()]) <= high


def test_data_sheet_noise_makes_fusion_worse_than_the_camera():
    assert np.median([person["fused_ratio_1"] for person in people()]) > 1.2
    assert np.median([person["fused_ratio_60"] for person in people()]) < 1.0


def test_a_perfect_gyro_would_want_the_smallest_noise():
    from dataclasses import replace

    knees = []
    for step in steps(1):
        knee = knee_of(step, LEFTWARD)
        knees.append(replace(knee, rate_dps=np.gradient(knee.truth_deg, 1.0 / knee.rate_hz)))
    found = figures(knees)
    assert found["best_gyro_dps"] == GYRO_DPS[0]
    assert found["imu_sd_deg"] < 0.2


def test_a_perfect_camera_has_no_error_to_fuse_away():
    from dataclasses import replace

    exact = [replace(knee_of(step, LEFTWARD), camera_deg=step.knee_flexion_deg) for step in steps(1)]
    found = figures(exact)
    assert found["camera_rms_deg"] < 1.0
    assert found["camera_curve_sd_deg"] == pytest.approx(0.0, abs=1e-9)


def test_real_steps_give_the_published_figures(data_folder):
    from tests.validation.load_kam import steps as real_steps

    subjects = {}
    for step in real_steps(data_folder("kam")):
        subjects.setdefault(step.subject, []).append(knee_of(step, np.array([1.0, 0.0, 0.0])))
    for knees in subjects.values():
        found = figures(knees)
        assert 1.5 < found["camera_rms_deg"] < 3.0
        assert found["fused_ratio_1"] > 1.0
