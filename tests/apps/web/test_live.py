"""The live laboratory: checks that name what is wrong, here and in their own process; the curve of each frame."""

from dataclasses import replace

import numpy as np
import pytest

from apps.web.live.checks import run_checks
from apps.web.live.judge import Judge
from fusion.simulate import CameraSettings, ImuSettings, SimulationSettings, simulate
from fusion.types import Subject

SEGMENTS = ("pelvis", "left_shank", "right_shank", "left_foot", "right_foot")
PERSON = Subject("P-1", 41.0, "female", 1.68, 0.88, 63.0, "", "")
LONG_S = 60.0


@pytest.fixture(scope="module")
def window():
    """Return twenty seconds of walking as the devices deliver them."""
    settings = SimulationSettings(
        duration_s=20.0,
        seed=7,
        surface="overground",
        walkway_m=25.0,
        imu=ImuSettings(segments=SEGMENTS),
        cameras=(CameraSettings(rate_hz=60.0, distance_m=25.0),),
    )
    return simulate(settings).recording


@pytest.fixture(scope="module")
def silent():
    """Return devices that have just sent."""
    return dict.fromkeys((*SEGMENTS, "camera"), 0.01)


def _exchanged(recording, first, second):
    names = {first: second, second: first}
    return replace(
        recording,
        imus=tuple(replace(imu, segment=names.get(imu.segment, imu.segment)) for imu in recording.imus),
    )


def test_sensors_worn_right_need_nothing_of_the_operator(window, silent):
    checks, sync = run_checks(window, PERSON, silent, LONG_S)
    assert [check.number for check in checks] == list(range(1, 9))
    assert not [check for check in checks if check.status == "stop"]
    assert sync


def test_exchanged_shanks_are_named_with_a_button_for_them(window, silent):
    checks, _ = run_checks(_exchanged(window, "left_shank", "right_shank"), PERSON, silent, LONG_S)
    assert checks[4].status == "stop"
    assert ("left_shank", "right_shank") in checks[4].actions


def test_a_silent_sensor_is_named(window, silent):
    checks, _ = run_checks(window, PERSON, {**silent, "left_foot": 3.0}, LONG_S)
    assert checks[3].status == "stop"
    assert "left foot" in checks[3].what


def test_nothing_is_said_about_mounting_before_enough_was_walked(window, silent):
    checks, sync = run_checks(window, PERSON, silent, 2.0)
    assert checks[4].status == checks[6].status == "none"
    assert not sync


def test_a_process_of_its_own_finds_the_same_and_a_lost_one_is_replaced(window, silent):
    judge = Judge()
    try:
        first = judge(window, PERSON, silent, 2.0)
        judge._process.kill()
        judge._process.wait()
        assert judge(window, PERSON, silent, 2.0) is None
        again = judge(window, PERSON, silent, 2.0)
    finally:
        judge.close()
    here, _ = run_checks(window, PERSON, silent, 2.0)
    assert first[0] == again[0] == here


def test_a_frame_carries_the_whole_curve_since_the_last_one():
    from apps.web.live.laboratory import Laboratory
    from apps.web.live.source import Posture
    from apps.web.live.stream import frame_of

    laboratory = Laboratory.__new__(Laboratory)
    laboratory._trace = [(10.00, 1.0, np.nan), (10.01, 2.0, 5.0), (10.02, 3.0, 6.0)]
    laboratory._posture = Posture(10.02)
    laboratory._running = None
    laboratory.devices = {}
    frame = frame_of(laboratory, 10_000.0)
    assert frame["t"] == [[10_010.0, 2.0, 5.0], [10_020.0, 3.0, 6.0]]
    assert frame_of(laboratory)["t"][0] == [10_000.0, 1.0, None]
