"""The standard deviations that leave the estimator hold what they promise."""

import numpy as np

from fusion.types import SEGMENTS, SIDES
from tests.estimator.walked import DARK_S, SEVEN, walk, within

SEEDS = (1, 2, 3, 4)
CALIBRATION_SD_DEG = 2.0
"""Mounting and detector biases never show in the filter's covariance (design: sd = sqrt(P + calibration))."""

STEADY_S = (2.0, 14.0)


def _knee_sd_deg(motion, side):
    shank, thigh = (SEGMENTS.index(f"{side}_{part}") for part in ("shank", "thigh"))
    P = motion.pitch_covariance_rad2
    return np.rad2deg(np.sqrt(P[:, shank, shank] + P[:, thigh, thigh] - 2.0 * P[:, shank, thigh]))


def _covered(walked, motion, span_s):
    inside = []
    for side in SIDES:
        sd_deg = np.hypot(_knee_sd_deg(motion, side)[within(motion, span_s)], CALIBRATION_SD_DEG)
        inside.append(np.abs(walked.knee_error_deg(motion, side, span_s)) < 1.96 * sd_deg)
    return np.concatenate(inside)


def test_95_percent_intervals_of_the_knee_cover_it_with_all_sensors():
    runs = [(walked, walked.motion()) for walked in (walk(seed, imus=SEVEN) for seed in SEEDS)]
    coverage = np.concatenate([_covered(*run, STEADY_S) for run in runs]).mean()
    assert 0.90 <= coverage <= 1.0, f"coverage {coverage:.3f}"


def test_95_percent_intervals_of_the_knee_cover_it_in_the_dark_with_three_sensors():
    runs = [(walked, walked.motion()) for walked in (walk(seed, dark=True) for seed in SEEDS)]
    coverage = np.concatenate([_covered(*run, DARK_S) for run in runs]).mean()
    assert 0.90 <= coverage <= 1.0, f"coverage {coverage:.3f}"


def test_intervals_are_not_so_wide_that_they_say_nothing():
    for imus, most_deg in ((SEVEN, 3.0), (("pelvis", "left_shank", "right_shank"), 4.5)):
        motion = walk(imus=imus).motion()
        assert _knee_sd_deg(motion, "left")[within(motion, STEADY_S)].max() < most_deg


def test_smoothing_makes_surer():
    walked = walk()
    smoothed, online = walked.motion(), walked.motion(causal=True)
    chosen = within(smoothed, STEADY_S)
    for side in SIDES:
        ratio = _knee_sd_deg(smoothed, side)[chosen] / _knee_sd_deg(online, side)[chosen]
        assert ratio.max() < 1.0
