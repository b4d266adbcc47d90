"""What a gait laboratory may change without changing the walk, and what must show when less is seen."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from fusion.errors import SignalError
from fusion.pipeline import analyse
from fusion.simulate import CameraSettings, ImuSettings, SimulationSettings, WalkerSettings, simulate
from tests.pipeline.walks import CAMERA, FUSED, IMU, USES, analysed, cameras, overground, told, walk

BY_USE = pytest.mark.parametrize("use", USES.values(), ids=USES)
CLEAN = {"swap_fraction": 0.0, "self_occlusion": False}
FEET = ImuSettings(segments=("pelvis", "left_shank", "right_shank", "left_foot", "right_foot"))


@cache
def filmed(distance_m=np.nan, rate_hz=30.0, dark_s=0.0):
    """Film one walk; in the dark neither leg is seen for so long, from second 4 on."""
    dark = ((4.0, dark_s, "both"),) if dark_s else ()
    camera = CameraSettings(distance_m=distance_m, rate_hz=rate_hz, blackouts=dark, **CLEAN)
    return simulate(SimulationSettings(duration_s=12.0, seed=5, cameras=(camera,)))


def close(analysis, truth, limits):
    for name, limit in limits.items():
        estimate = analysis.parameters.get(name)
        assert estimate.value == pytest.approx(truth.parameters[name, "both"], abs=limit), name
        assert estimate.low <= truth.parameters[name, "both"] <= estimate.high, name


@pytest.mark.parametrize("distance_m", [3.0, 10.0])
def test_how_far_away_the_camera_stands_does_not_matter(distance_m):
    made = filmed(distance_m=distance_m)
    limits = {"walking_speed_mps": 0.03, "stride_length_m": 0.04, "cadence_spm": 1.5, "stance_percent": 4.0}
    close(analyse(made.recording, CAMERA), made.truth, limits)


@pytest.mark.parametrize("rate_hz", [25.0, 100.0])
def test_the_frame_rate_does_not_matter(rate_hz):
    made = filmed(rate_hz=rate_hz)
    close(analyse(made.recording, CAMERA), made.truth, {"walking_speed_mps": 0.03, "cadence_spm": 1.5})


def test_a_height_in_other_units_is_refused_and_not_taken_for_metres():
    recording = walk().recording
    wrong = replace(recording, subject=replace(recording.subject, height_m=175.0))
    with pytest.raises(SignalError, match="height"):
        analyse(wrong, CAMERA)


@BY_USE
@pytest.mark.parametrize("make", [walk, overground])
def test_two_single_and_the_double_support_are_the_whole_cycle(make, use):
    parameters = analysed(make, 3, use).parameters
    single, double = (parameters.get(f"{kind}_support_percent").value for kind in ("single", "double"))
    assert 2.0 * single + double == pytest.approx(100.0, abs=1e-9)
    for side in ("left", "right"):
        parts = ("single_support_percent", "double_support_percent", "swing_percent")
        assert sum(parameters.get(name, side).value for name in parts) == pytest.approx(100.0, abs=1e-9)


def test_the_longer_the_legs_are_hidden_the_wider_the_interval_and_no_event_is_lost_silently():
    widths, seen = [], []
    for dark_s in (0.0, 2.0, 4.0):
        made = filmed(dark_s=dark_s)
        analysis = analyse(made.recording, CAMERA)
        estimate = analysis.parameters.get("stride_time_s")
        assert estimate.low <= made.truth.parameters["stride_time_s", "both"] <= estimate.high
        widths.append(estimate.high - estimate.low)
        seen.append(estimate.n)
        missing = len(made.truth.strides) - len(analysis.strides)
        # What was not seen is not counted as a stride, or is listed with the reason why it does not count.
        uncounted = [stride for stride in analysis.strides if not stride.is_valid]
        assert all(stride.reason for stride in uncounted)
        if missing > 2:
            assert any("contact was missed" in one.reason or "longer than" in one.reason for one in uncounted)
    assert widths[0] <= widths[1] <= widths[2] * 1.05
    assert widths[0] < widths[2]
    assert seen[0] > seen[2]


def test_wearables_carry_the_events_through_the_dark():
    made = filmed(dark_s=4.0)
    analysis = analyse(made.recording, FUSED)
    truth = made.truth.events
    for side in ("left", "right"):
        for kind in ("ic", "fc"):
            true, found = truth.select(side, kind), analysis.events.select(side, kind)
            dark = true[(true > 4.0) & (true < 8.0)]
            assert all(np.min(np.abs(found - time_s)) < 0.15 for time_s in dark)


@cache
def shifted_on_the_spot():
    """A walker on a belt whose speed is 0 as far as anybody knows: steps in place."""
    made = simulate(SimulationSettings(duration_s=12.0, seed=5, imu=FEET))
    return replace(made.recording, belt_speed_mps=0.0)


def test_walking_in_place_has_no_speed():
    estimate = analyse(shifted_on_the_spot(), CAMERA).parameters.get("walking_speed_mps")
    # A length has no sign, so that the noise of the two ends leaves about 2 cm a stride.
    assert abs(estimate.value) < 0.03


def still(recording):
    """Everybody stands: each stream repeats its first sample with a sensor's noise."""
    random = np.random.default_rng(1)

    def frozen(points):
        position = np.repeat(points.position[:1], len(points.time_s), axis=0)
        return replace(points, position=position + 0.3 * random.normal(size=position.shape))

    def at_rest(imu):
        accel = np.tile(imu.accel_mps2[:1] * 9.81 / np.linalg.norm(imu.accel_mps2[0]), (len(imu.time_s), 1))
        gyro = 0.003 * random.normal(size=imu.gyro_radps.shape)
        return replace(imu, accel_mps2=accel + 0.03 * random.normal(size=accel.shape), gyro_radps=gyro)

    imus = tuple(at_rest(imu) for imu in recording.imus)
    return replace(cameras(recording, frozen), imus=imus)


@pytest.mark.parametrize("use", [CAMERA, FUSED], ids=["camera only", "fused"])
def test_a_person_who_stands_takes_no_steps(use):
    analysis = analyse(still(walk().recording), use)
    assert not analysis.events.time_s.size
    assert analysis.parameters.get("cadence_spm").grade == "not assessable"
    assert told(analysis)


def test_wearables_that_only_stood_cannot_be_placed_and_ask_for_walking():
    with pytest.raises(SignalError, match="record at least 3 s of walking"):
        analyse(still(walk().recording), IMU)


def test_slow_walking_is_found_step_by_step():
    walker = WalkerSettings(speed_mps=0.3)
    made = simulate(SimulationSettings(duration_s=20.0, seed=2, walker=walker, imu=FEET))
    analysis = analyse(made.recording, IMU)
    truth = made.truth.events
    for side in ("left", "right"):
        true, found = truth.select(side, "ic"), analysis.events.select(side, "ic")
        inner = true[1:-1]
        assert np.mean([np.min(np.abs(found - time_s)) < 0.15 for time_s in inner]) >= 0.9
