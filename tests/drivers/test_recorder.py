"""The recorder keeps every sample, survives what a day brings, and what it wrote always opens."""

# ruff: noqa: ARG001 - what happens during a recording is given recorder and air, whether it needs them or not
import asyncio
import errno
import os

import numpy as np
import pytest

from drivers.base import ImuPacket
from drivers.rawlog import read_raw_log
from drivers.sim.virtual_time import run_virtual
from drivers.transport.replay import replay
from drivers.trial import RAW_FILE, unfinished
from fusion.errors import StorageError, UsageError
from fusion.recording.folder import load_recording, read_folder
from fusion.recording.xdf import read_xdf
from tests.drivers.lab import devices, record


def only_folder(out):
    (folder,) = [item for item in out.iterdir() if item.is_dir()]
    return folder


def test_what_was_sent_is_what_loads(tmp_path):
    air = devices()
    run_virtual(record(tmp_path, 5.0, air=air))
    recording = load_recording(only_folder(tmp_path))
    assert recording.subject.identifier == "P-0001"
    dot = recording.imu("left_shank")
    sent = np.array([item.accel_mps2 for item in air.hosts["A"].taken])
    first = int(np.argmin(np.abs(sent - dot.accel_mps2[0]).max(axis=1)))
    np.testing.assert_allclose(dot.accel_mps2, sent[first : first + len(dot.time_s)], atol=1e-5)
    assert len(dot.time_s) == pytest.approx(5.0 * 60.0, abs=6)
    assert dot.arrival_s is not None


def test_a_raw_log_replays_bit_for_bit(tmp_path):
    async def during(recorder, air):
        await asyncio.sleep(2.0)
        air.drop("A")

    run_virtual(record(tmp_path, 6.0, during))
    folder = only_folder(tmp_path)
    recording, log = load_recording(folder), read_raw_log(folder / RAW_FILE)
    assert log.skipped_bytes == 0
    for imu in recording.imus:
        packets = [p for name, p in replay(log) if name == imu.segment and isinstance(p, ImuPacket)]
        for name in ("time_s", "accel_mps2", "gyro_radps", "arrival_s"):
            again = np.concatenate([getattr(packet, name) for packet in packets])
            assert again.tobytes() == np.ascontiguousarray(getattr(imu, name)).tobytes(), name


def test_a_lost_link_is_a_gap_and_the_other_stream_does_not_notice(tmp_path):
    async def during(recorder, air):
        await asyncio.sleep(2.0)
        air.drop("A")

    recorder = run_virtual(record(tmp_path, 6.0, during))
    recording = load_recording(only_folder(tmp_path))
    steps = {imu.segment: np.diff(imu.arrival_s).max() for imu in recording.imus}
    assert 0.3 < steps["left_shank"] < 1.5
    assert steps["right_shank"] < 0.1
    reasons = [event.reason for event in recorder.events if event.state == "lost"]
    assert reasons == ["the Bluetooth link was lost"]


def test_a_device_that_never_answers_does_not_stop_the_others(tmp_path):
    air = devices()
    del air.hosts["B"]
    for host in air.hosts.values():
        host.twin.clock.device_s(0.0)

    async def trial():
        from drivers.lab import parse_lab
        from drivers.recorder import Recorder
        from tests.drivers.lab import TEXT

        air.hosts["A"].start()
        async with Recorder(parse_lab(TEXT), {"ble": air}) as recorder:
            missing = await recorder.wait_until_streaming(5.0)
            recorder.begin(tmp_path)
            await asyncio.sleep(3.0)
            recorder.end()
        return missing, recorder.events

    missing, events = run_virtual(trial())
    assert len(missing) == 1
    assert missing[0].startswith("right_shank: B does not advertise. Switch it on")
    assert sum(event.stream == "right_shank" for event in events) <= 3  # told once, not at each attempt
    assert len(load_recording(only_folder(tmp_path)).imu("left_shank").time_s) > 150


def test_markers_and_health_stand_beside_the_walk(tmp_path):
    async def during(recorder, air):
        await asyncio.sleep(1.0)
        recorder.standing(begins=True)
        await asyncio.sleep(1.0)
        recorder.standing(begins=False)
        recorder.mark("turn")

    run_virtual(record(tmp_path, 4.0, during))
    folder = only_folder(tmp_path)
    xdf = read_xdf(folder / "streams.xdf")
    assert "turn" in xdf.stream("markers").values[:, 0]
    health = xdf.stream("health_left_shank")
    assert health.values[-1, 0] > 200
    stored = read_folder(folder)
    assert not stored.is_cut
    assert not stored.ignored_streams
    start, end = stored.recording.standing_s
    assert end - start == pytest.approx(1.0)


def test_trials_get_numbers_and_two_cannot_run_at_once(tmp_path):
    async def during(recorder, air):
        with pytest.raises(UsageError, match="End it first"):
            recorder.begin(tmp_path)
        recorder.end()
        recorder.begin(tmp_path)

    run_virtual(record(tmp_path, 1.0, during))
    assert sorted(item.name for item in tmp_path.iterdir()) == ["P-0001_walk_01", "P-0001_walk_02"]


class FullDisk:
    """Stands in for a file whose disk fills after some bytes."""

    def __init__(self, file, room):
        self._file, self._room = file, room

    def write(self, data):
        if self._room < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._room -= len(data)
        return self._file.write(data)

    def __getattr__(self, name):
        return getattr(self._file, name)


@pytest.mark.parametrize("which", ["streams", "raw"])
def test_a_full_disk_stops_the_recording_with_a_clear_word_and_the_file_opens(tmp_path, which):
    async def during(recorder, air):
        holder = recorder.trial._writer._writer if which == "streams" else recorder.trial.raw
        holder._file = FullDisk(holder._file, 30_000)

    recorder = run_virtual(record(tmp_path, 8.0, during))
    assert isinstance(recorder.broken, StorageError)
    assert "disk is full; free some space" in str(recorder.broken)
    assert recorder.events[-3].stream == "recording"
    recording = load_recording(only_folder(tmp_path))
    assert len(recording.imu("left_shank").time_s) > 50
    assert read_raw_log(only_folder(tmp_path) / RAW_FILE).skipped_bytes == 0


def test_a_read_only_folder_is_refused_before_anything_is_recorded(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    async def trial():
        async def during(recorder, air):
            recorder.end()
            monkeypatch.setattr("pathlib.Path.mkdir", refuse)
            with pytest.raises(StorageError, match="read-only"):
                recorder.begin(tmp_path / "other")
            assert recorder.trial is None

        await record(tmp_path / "first", 0.5, during)

    run_virtual(trial())


@pytest.mark.parametrize("seed", range(8))
def test_a_file_cut_anywhere_opens_and_misses_a_second_at_most(tmp_path, seed):
    """What ``kill -9`` leaves: the processes' own test, with real signals, is ``python -m tests.drivers.crash``."""
    cut = {}

    async def during(recorder, air):
        await asyncio.sleep(1.5 + 0.37 * seed)
        folder = recorder.trial.folder
        cut["arrived"] = recorder._streams["left_shank"].health.last_arrival_s
        for name in ("streams.xdf", RAW_FILE):
            data = (folder / name).read_bytes()
            (tmp_path / name).write_bytes(data[: len(data) - seed * 7])

    run_virtual(record(tmp_path / "trials", 5.0, during))
    folder = only_folder(tmp_path / "trials")
    for name in ("streams.xdf", RAW_FILE):
        (folder / name).write_bytes((tmp_path / name).read_bytes())
    assert unfinished(tmp_path / "trials") == (folder,)
    stored = read_folder(folder)
    assert stored.is_cut
    assert cut["arrived"] - stored.recording.imu("left_shank").arrival_s[-1] < 1.0
    last = max(p.arrival_s[-1] for _, p in replay(read_raw_log(folder / RAW_FILE)) if isinstance(p, ImuPacket))
    assert cut["arrived"] - last < 0.1
