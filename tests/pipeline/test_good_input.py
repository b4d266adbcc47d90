"""A healthy walk in, the truth out: from a camera, from wearables and from both by the same call."""

from dataclasses import replace

import numpy as np
import pytest

from fusion.gait.findings import findings
from fusion.pipeline import analyse
from fusion.types import GaitParameters
from tests.pipeline.walks import CAMERA, FUSED, IMU, USES, analysed, in_front, overground, values, walk

SEEDS = (2, 3, 4)
MAKES = (walk, overground, in_front)
BY_USE = pytest.mark.parametrize("use", USES.values(), ids=USES)

STANDING_OUT = ("below", "above")


@pytest.mark.parametrize("use", [CAMERA, FUSED], ids=["camera only", "fused"])
def test_walking_speed_of_thirty_seconds_comes_out_as_it_went_in(use):
    estimate = analyse(walk(seconds=30.0).recording, use).parameters.get("walking_speed_mps")
    assert estimate.value == pytest.approx(1.30, abs=0.03)
    assert estimate.low <= 1.30 <= estimate.high
    assert estimate.grade == "good"


@BY_USE
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ["cadence_spm", "stance_percent", "double_support_percent"])
def test_timing_lies_within_its_interval(name, seed, use):
    truth = walk(seed).truth.parameters[name, "both"]
    estimate = analysed(walk, seed, use).parameters.get(name)
    assert estimate.low <= truth <= estimate.high


@pytest.mark.parametrize("make", MAKES)
def test_intervals_hold_the_truth(make):
    inside = []
    for seed in SEEDS[:2]:
        for use in USES.values():
            parameters = analysed(make, seed, use).parameters
            for key, truth in make(seed).truth.parameters.items():
                estimate = parameters.get(*key)
                if estimate.is_assessable:
                    inside.append(estimate.low <= truth <= estimate.high)
    assert len(inside) > 100
    assert np.mean(inside) >= 0.93


@BY_USE
@pytest.mark.parametrize("make", MAKES)
def test_a_healthy_walker_reads_as_healthy(make, use):
    analysis = analysed(make, SEEDS[0], use)
    subject = replace(analysis.recording.subject, age_years=30.0, sex="male")
    keys = [item for item in analysis.parameters.items if item.name.endswith("_deg")]
    numbers = GaitParameters(tuple(item for item in analysis.parameters.items if item not in keys))
    found = findings(numbers, keys, subject)
    assert not [finding for finding in found if finding.comparison in STANDING_OUT]
    assert sum(finding.comparison in ("within", "borderline") for finding in found) >= 2


@BY_USE
def test_shares_and_sums_agree(use):
    value = values(analysed(walk, SEEDS[0], use))
    for side in ("left", "right", "both"):
        assert value["stance_percent", side] + value["swing_percent", side] == pytest.approx(100.0)
        stance_s = value["stance_time_s", side]
        assert stance_s + value["swing_time_s", side] == pytest.approx(value["stride_time_s", side])
        if side != "both":
            support_s = value["single_support_time_s", side] + value["double_support_time_s", side]
            assert support_s == pytest.approx(stance_s)
    supported = 2.0 * value["single_support_percent", "both"] + value["double_support_percent", "both"]
    assert supported == pytest.approx(100.0)
    assert value["cadence_spm", "both"] * value["stride_time_s", "both"] == pytest.approx(120.0)
    if use != IMU:
        covered_m = value["walking_speed_mps", "both"] * value["stride_time_s", "both"]
        assert covered_m == pytest.approx(value["stride_length_m", "both"])


@pytest.mark.parametrize("seed", SEEDS)
def test_sensors_on_the_feet_measure_stride_lengths_without_a_camera(seed):
    analysis = analysed(overground, seed, IMU)
    truth = {(stride.side, stride.start_s): stride.length_m for stride in overground(seed).truth.strides}
    starts = np.array([start_s for _, start_s in truth])
    lengths = np.array(list(truth.values()))
    measured = [stride for stride in analysis.strides if stride.is_valid and np.isfinite(stride.length_m)]
    error_m = [stride.length_m - lengths[np.argmin(np.abs(starts - stride.start_s))] for stride in measured]
    assert len(error_m) >= 0.75 * len(truth)
    assert np.mean(np.abs(error_m)) < 0.05


def test_wearables_without_feet_leave_lengths_open_and_say_why():
    parameters = analysed(walk, SEEDS[0], IMU).parameters
    for name in ("walking_speed_mps", "stride_length_m", "step_length_m"):
        estimate = parameters.get(name)
        assert not estimate.is_assessable
        assert "film the walk" in estimate.reason


@pytest.mark.parametrize("seed", SEEDS)
def test_a_camera_in_front_is_used_and_gives_speed(seed):
    analysis = analysed(in_front, seed, FUSED)
    assert analysis.provenance["cameras"]["front"]["used"]
    assert analysis.parameters.get("walking_speed_mps").value == pytest.approx(1.30, abs=0.05)


def test_a_sensor_adds_what_the_camera_alone_cannot_give():
    camera, fused = (analysed(walk, SEEDS[0], use) for use in (CAMERA, FUSED))
    assert "hip_flexion_left_deg" in camera.joint_angles.reasons
    assert "hip_flexion_left_deg" not in fused.joint_angles.reasons
    assert [check.status for check in fused.quality if check.name == "Camera to wearables"] == ["good"]


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_progress_names_each_stage_and_ends(use):
    stages, shares = [], []
    analyse(walk().recording, use, lambda stage, share: (stages.append(stage), shares.append(share)))
    assert stages[-1] == "done"
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
