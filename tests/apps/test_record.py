"""``tandem record`` and ``tandem devices``: what is asked, shown, written and refused."""

# ruff: noqa: ARG001 - fakes keep the signatures of what they stand for
import asyncio
import json
import os
import pty
from argparse import ArgumentParser
from pathlib import Path

import numpy as np
import pytest

from apps.commands import devices as devices_command
from apps.commands.record import Record, plan_of
from apps.terminal.keys import Key, listening, of_line, of_press
from apps.terminal.operator import Operator, Plan, Screen
from apps.terminal.status_line import status_line, status_table
from drivers.base import Found
from drivers.lab import Trial, parse_lab, read_lab
from drivers.recorder import Recorder, StreamStatus
from drivers.sim.virtual_time import run_virtual
from fusion import plugins
from fusion.errors import DeviceError, StorageError, UsageError
from fusion.recording.folder import load_recording, read_folder
from fusion.recording.xdf import read_xdf
from tests.apps.told import one_message
from tests.drivers.lab import TEXT, devices

EXAMPLE = Path(__file__).parents[2] / "examples" / "lab.toml"


def session(out, presses, *, plan=None, air=None):
    """Run an operator who presses keys at given seconds; return it and what was told."""
    told = []

    async def whole():
        lab = parse_lab(TEXT)
        here = air or devices()
        for host in here.hosts.values():
            host.start()
        keys = asyncio.Queue()
        operator = None
        recorder = Recorder(lab, {"ble": here}, None, lambda event: operator.event(event))
        operator = Operator(recorder, plan or Plan(out, lab.trials, 10.0, 0.0), keys, Screen(told.append))
        loop = asyncio.get_running_loop()
        for after_s, key in presses:
            loop.call_later(after_s, keys.put_nowait, key)
        try:
            async with recorder:
                await operator.run()
        finally:
            for host in here.hosts.values():
                host.stop()
        return operator

    return run_virtual(whole()), told


def test_space_begins_and_ends_and_markers_stand_in_the_recording(tmp_path):
    presses = [
        (3.0, Key("begin")), (4.0, Key("stand")), (6.0, Key("stand")), (7.0, Key("mark", "turn left")),
        (9.0, Key("begin")), (10.0, Key("begin")), (12.0, Key("quit")),
    ]  # fmt: skip
    operator, told = session(tmp_path, presses)
    assert [folder.name for folder in operator.recorded] == ["P-0001_walk_01", "P-0001_walk_02"]
    first = read_folder(operator.recorded[0])
    assert not first.is_cut
    start, end = first.recording.standing_s
    assert end - start == pytest.approx(2.0)
    assert "turn left" in read_xdf(operator.recorded[0] / "streams.xdf").stream("markers").values[:, 0]
    assert len(first.recording.imu("left_shank").time_s) == pytest.approx(6.0 * 60.0, abs=8)
    assert "Recording P-0001_walk_01" in told
    assert any(line.startswith("Ended P-0001_walk_01 after 0:06") for line in told)


def test_timed_trials_run_one_after_the_other_without_a_key(tmp_path):
    trials = (Trial("slow", duration_s=3.0), Trial("fast", duration_s=2.0))
    operator, told = session(tmp_path, [], plan=Plan(tmp_path, trials, 10.0, 0.0, at_once=True))
    assert [folder.name for folder in operator.recorded] == ["P-0001_slow_01", "P-0001_fast_01"]
    lengths = [np.ptp(load_recording(folder).imu("right_shank").arrival_s) for folder in operator.recorded]
    assert lengths == pytest.approx([3.0, 2.0], abs=0.5)
    assert any(line.startswith("left_shank") and "0.0" not in line.split()[1] for line in told)


def test_a_marker_without_a_trial_is_told_and_written_nowhere(tmp_path):
    operator, told = session(tmp_path, [(2.0, Key("mark", "x")), (2.5, Key("quit"))])
    assert operator.recorded == []
    assert "No trial is being recorded; press space to begin one." in told


def test_a_device_that_is_missing_is_named_and_the_session_goes_on(tmp_path):
    air = devices()
    del air.hosts["B"]
    operator, told = session(tmp_path, [(12.0, Key("begin")), (14.0, Key("quit"))], air=air)
    assert any(line.startswith("Missing: right_shank: B does not advertise. Switch it on") for line in told)
    assert len(load_recording(operator.recorded[0]).imu("left_shank").time_s) > 60


def test_with_nothing_there_at_all_the_session_ends_with_the_reason(tmp_path):
    air = devices()
    air.hosts.clear()
    with pytest.raises(DeviceError, match="none of the devices came"):
        session(tmp_path, [], air=air)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_refuses_ends_the_session_with_its_message(tmp_path, monkeypatch):
    def refuse(self):
        raise StorageError("the disk is full; free some space.")

    monkeypatch.setattr("drivers.trial.TrialWriter.flush", refuse)
    with pytest.raises(StorageError, match=r"free some space.*opens"):
        session(tmp_path, [(2.0, Key("begin"))])


def test_a_failed_check_names_what_is_wrong_and_can_be_repeated(tmp_path):
    plan = Plan(tmp_path, (Trial(),), 10.0, 4.0)
    _, told = session(tmp_path, [(8.0, Key("check")), (14.0, Key("quit"))], plan=plan)
    assert sum(line.startswith("Check: let the person stand") for line in told) == 2
    assert any("bad" in line or "warning" in line or line == "Check passed." for line in told)


# Keys


def test_keys_and_lines_say_what_they_mean():
    assert [of_press(c) for c in " sSqcm7t\x1b"] == [
        Key("begin"), Key("stand"), Key("stand"), Key("quit"), Key("check"), Key("mark", "marker"), Key("mark", "7"),
        Key("mark", "t"), None,
    ]  # fmt: skip
    assert of_line("mark left turn") == Key("mark", "left turn")
    assert of_line("  ") == Key("begin")
    assert of_line("quit\n") == Key("quit")
    assert of_line("door opens") == Key("mark", "door opens")


@pytest.mark.parametrize("kind", ["pipe", "terminal"])
def test_keys_come_from_a_pipe_and_from_a_terminal(kind):
    reading, writing = os.pipe() if kind == "pipe" else pty.openpty()[::-1]

    async def pressed():
        with os.fdopen(reading, closefd=False) as stream, listening(stream) as keys:
            os.write(writing, b"mark a\nquit\n" if kind == "pipe" else b"aq")
            return [await asyncio.wait_for(keys.get(), 5.0) for _ in range(2)]

    try:
        found = asyncio.run(pressed())
    finally:
        os.close(reading)
        os.close(writing)
    assert found == [Key("mark", "a"), Key("quit")]


# Status


def status(**values):
    told = {"kind": "imu", "state": "streaming", "reason": "", "rate_hz": 99.8, "nominal_hz": 100.0, "samples": 500}
    return StreamStatus(**{"name": "pelvis", "lost": 0, **told, **values})


def test_the_status_line_tells_rate_loss_and_battery_and_fits():
    statuses = (status(lost=3, battery=0.82), status(name="left_foot", state="lost"), status(rate_hz=np.nan))
    line = status_line(statuses, "REC 0:05", 200)
    assert line == "REC 0:05  pelvis 100 Hz 3 lost 82 %  left_foot LOST  pelvis -"
    assert len(status_line(statuses, "REC 0:05", 30)) == 30


def test_the_table_writes_a_dash_for_what_a_device_does_not_tell():
    head, row = status_table((status(),))
    assert head.split()[:3] == ["Stream", "State", "Rate"]
    assert "nan" not in row
    assert row.split()[-3:] == ["-", "-", "-"]


# The command


def parsed(*arguments):
    parser = ArgumentParser()
    Record().configure(parser)
    return parser.parse_args([*arguments, "--out", "trials"])


def test_the_example_lab_file_is_one_and_names_the_units_of_every_length():
    lab = read_lab(EXAMPLE)
    assert [imu.segment for imu in lab.imus] == ["pelvis", "left_shank", "right_shank"]
    assert [trial.name for trial in lab.trials] == ["walk", "fast"]
    assert lab.trials[0].protocol == "10 m walk"
    assert lab.trials[1].operator == "op2"
    assert lab.subject.height_m == 1.68


def test_options_choose_the_trial_and_its_length():
    lab = read_lab(EXAMPLE)
    (trial,) = plan_of(lab, parsed("lab.toml", "--trial", "fast", "--seconds", "5")).trials
    assert (trial.name, trial.duration_s) == ("fast", 5.0)
    with pytest.raises(UsageError, match="has the trials walk, fast; got --trial slow"):
        plan_of(lab, parsed("lab.toml", "--trial", "slow"))
    with pytest.raises(UsageError, match="needs a duration"):
        plan_of(lab, parsed("lab.toml", "--at-once"))


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("[participant\n", 3, "no TOML"),
        ('[[imu]]\nsegment = "left_shnak"\naddress = "ble:x"\n', 3, "line 2, [imu] number 1"),
        ("[participant]\nheight_m = 1.7\n", 2, "names no [[imu]] and no [[camera]]"),
    ],
)
def test_a_lab_file_that_cannot_be_meant_is_told_in_one_line(text, code, words, run, tmp_path):
    path = tmp_path / "lab.toml"
    path.write_text(text, encoding="utf-8")
    got, out, err = run("record", path, "--out", tmp_path / "trials")
    assert (got, out) == (code, "")
    assert words in one_message(err)
    assert not (tmp_path / "trials").exists()


# Devices


def test_every_driver_that_scans_is_told_with_its_address_for_the_lab_file():
    found = [
        Found("ble", "AA:BB", "Xsens DOT", -60.0),
        Found("ble", "CC:DD", "Tandem-7A11", -50.0),
        Found("serial", "/dev/ttyUSB0", "CP2102 [10C4]"),
    ]
    lines = "\n".join(devices_command.found_lines(found))
    assert 'address = "ble:xsens_dot:AA:BB"' in lines
    assert 'address = "ble:tandem_imu:CC:DD"' in lines
    assert "serial: CP2102 [10C4] at /dev/ttyUSB0" in lines
    assert "Not recognised (1)" in lines


def test_the_list_of_kinds_names_every_driver_and_what_it_was_tested_against(run):
    code, out, err = run("devices", "--kinds")
    assert (code, err) == (0, "")
    for name in plugins.names("drivers.devices"):
        assert f"\n{name}: " in f"\n{out}"
    assert out.count("tested against: ") == len(plugins.names("drivers.devices"))


def test_a_scan_without_a_radio_tells_the_reason_and_goes_on_with_the_ports(run, monkeypatch):
    async def no_radio(self, seconds):
        raise DeviceError("cannot scan for Bluetooth devices: no Bluetooth service answers. Switch Bluetooth on.")

    async def one_port(self, seconds):
        return (Found("serial", "/dev/ttyACM3", "x-IMU3"),)

    monkeypatch.setattr("drivers.transport.ble.BleTransport.scan", no_radio)
    monkeypatch.setattr("drivers.transport.serial.SerialTransport.scan", one_port)
    code, out, err = run("devices")
    assert code == 0
    assert "Switch Bluetooth on" in one_message(err)
    assert 'address = "serial:ximu3:/dev/ttyACM3"' in out


def test_a_recording_of_the_recorder_declares_everything_that_analysis_needs(tmp_path):
    operator, _ = session(tmp_path, [(2.0, Key("begin")), (4.0, Key("quit"))])
    declared = json.loads((operator.recorded[0] / "recording.json").read_text(encoding="utf-8"))
    assert declared["subject"]["height_m"] == 1.75
    assert operator.recorded[0].name == "P-0001_walk_01"
