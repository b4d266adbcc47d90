"""The firmware in an emulated Cortex-M3, its line read by the driver: counts, losses, faults."""

import asyncio
import select
import struct
import time

import numpy as np
import pytest

from drivers.base import Chunk, DeviceStatus, ImuPacket
from drivers.devices.tandem_imu import TandemImu
from drivers.protocols.tandem import Command, CommandReply, Result, accel_scale_mps2, command, parse
from drivers.protocols.tandem_frames import FrameReceiver, to_serial
from tests.hardware.qemu_wearable import QemuWearable
from tests.hardware.replay_image import counting
from tests.hardware.soak import listen

ACCEL = accel_scale_mps2(0x33)


def stream(emulator, rate_hz, wanted, *, batch=1):
    """Return decoder and packets of the first ``wanted`` samples (or losses) that the emulator sends."""
    decoder = TandemImu(transport="serial", rate_hz=float(rate_hz)).decoder()
    packets = []
    with emulator.connect() as line:
        commands = ((Command.SET_RATE, struct.pack("<H", rate_hz)), (Command.SET_BATCH, bytes([batch])))
        for number, (kind, body) in enumerate((*commands, (Command.START, b""))):
            line.sendall(to_serial(command(kind, number, body)))
        while decoder.counts.samples + decoder.counts.lost < wanted:
            missing = wanted - decoder.counts.samples - decoder.counts.lost
            packets += decoder.feed(Chunk("", read_frames(line, missing // batch), 1.0))
    return decoder, packets


def read_frames(line, frames):
    """Return what comes until so many frames are whole; nothing is decoded meanwhile, so that nothing waits."""
    pieces, whole = [], -1
    while whole < frames:
        pieces.append(line.recv(65536))
        assert pieces[-1], "the emulator ended"
        whole += pieces[-1].count(0)
    return b"".join(pieces)


def joined(packets, name):
    return np.concatenate([getattr(packet, name) for packet in packets if isinstance(packet, ImuPacket)])


def run(folder, replay, rate_hz, wanted, *, fast, batch=1):
    """Return what came of one run; every loss must show, whatever the machine was doing."""
    with QemuWearable(folder, replay, fast=fast, line="socket") as emulator:
        decoder, packets = stream(emulator, rate_hz, wanted, batch=batch)
    counter = joined(packets, "counter")
    assert decoder.counts.lost == counter[-1] + 1 - len(counter)
    assert decoder.counts.rejected == 0
    expected = replay.records["counts"][counter]
    np.testing.assert_allclose(joined(packets, "accel_mps2"), expected[:, :3] * ACCEL, atol=1e-9)
    np.testing.assert_allclose(np.diff(joined(packets, "time_s")), np.diff(counter) / rate_hz, atol=1e-9)
    return decoder, packets


def best_of_three(attempt, is_good):
    """Return the first good run, or the third: a reader that the machine starves loses what a wearable drops."""
    for _ in range(2):
        found = attempt()
        if is_good(found[0].counts):
            return found
    return attempt()


def test_a_minute_at_200_hz_loses_nothing(firmware_image, tmp_path):
    replay = counting(12_000)
    decoder, packets = best_of_three(
        lambda: run(tmp_path, replay, 200, 12_000, fast=True), lambda counts: counts.lost == 0
    )
    assert (decoder.counts.samples, decoder.counts.lost) == (12_000, 0)
    np.testing.assert_array_equal(joined(packets, "counter"), np.arange(12_000))
    told = [packet for packet in packets if isinstance(packet, DeviceStatus) and np.isfinite(packet.battery_v)]
    assert len(told) >= 59, "its status comes once a second meanwhile"


def test_at_1000_hz_nearly_everything_comes_and_every_loss_shows(firmware_image, tmp_path):
    replay = counting(6_000)
    decoder, _ = best_of_three(
        lambda: run(tmp_path, replay, 1000, 3_000, fast=False, batch=4), lambda counts: counts.lost <= 30
    )
    assert decoder.counts.samples >= 0.99 * (decoder.counts.samples + decoder.counts.lost)


def test_the_serial_driver_reads_the_emulator_at_a_pseudo_terminal(firmware_image, tmp_path):
    with QemuWearable(tmp_path, counting(4000)) as emulator:
        heard = asyncio.run(listen(emulator.path, 200, 2.0))
    assert len(heard.counter) + heard.counts.lost >= 400
    steps = np.diff(heard.device_s) / np.diff(heard.counter)
    np.testing.assert_allclose(steps, 0.005, atol=1e-8)
    assert heard.pings, "pings are answered"
    for ping in heard.pings:
        assert ping.answered_s >= ping.received_s
        assert ping.arrival_s >= ping.sent_s
        assert ping.arrival_s - ping.sent_s >= ping.answered_s - ping.received_s - 1e-3


def test_the_emulated_wearable_passes_its_self_test_and_resets_on_command(firmware_image, tmp_path):
    with QemuWearable(tmp_path, None, fast=True, line="socket") as emulator, emulator.connect() as line:
        assert ask(line, Command.SELF_TEST).body == b"\0\0"
        assert Result(ask(line, Command.RESET, struct.pack("<I", 0x54455352)).result) is Result.OK
        assert Result(ask(line, Command.IDENTIFY).result) is Result.OK
        assert Result(ask(line, Command.START).result) is Result.OK


def test_a_wire_between_two_emulators_carries_the_pulses(firmware_image, tmp_path):
    wire = tmp_path / "wire.sock"
    sender = QemuWearable(tmp_path, name="a", line="socket", wire=wire, wire_listens=True)
    receiver = QemuWearable(tmp_path, name="b", line="socket", wire=wire, wire_listens=False)
    with sender, receiver, sender.connect() as out:
        reach(wire)
        into = receiver.connect()
        ask(out, Command.IDENTIFY)
        ask(into, Command.IDENTIFY)
        for number in (1, 2, 3):
            ask(out, Command.SYNC, struct.pack("<BBHI", 1, 0, 20, 1))
            edges = [event_after(into, level) for level in (1, 0)]
            assert edges[0].pulse == 2 * (number - 1)
            assert 0 < edges[1].t_us - edges[0].t_us < 1_000_000
        into.close()


def reach(wire, deadline_s=20.0):
    """Wait until the sender's end of the wire is there; the receiver would end without it."""
    end = time.monotonic() + deadline_s
    while not wire.exists():
        assert time.monotonic() < end, "the sender does not open the wire"
        time.sleep(0.01)


def ask(line, kind, body=b"", deadline_s=20.0, patience_s=1.0):
    """Return the reply to a command; it is asked again while a reset may have swallowed it."""
    receiver, end, again = FrameReceiver(), time.monotonic() + deadline_s, 0.0
    while (now := time.monotonic()) < end:
        if now >= again:
            line.sendall(to_serial(command(kind, 77, body)))
            again = now + patience_s
        if not select.select([line], [], [], patience_s)[0]:
            continue
        data = line.recv(4096)
        assert data, "the emulator ended"
        for payload in receiver.feed(data):
            packet = parse(payload)
            if isinstance(packet, CommandReply) and packet.command == kind:
                return packet
    pytest.fail(f"no reply to {kind.name} within {deadline_s} s")


def event_after(line, level):
    """Return the next edge of the jack."""
    receiver = FrameReceiver()
    while True:
        data = b""
        while not data.endswith(b"\0"):
            byte = line.recv(1)
            assert byte, "the emulator ended"
            data += byte
        for payload in receiver.feed(data):
            packet = parse(payload)
            if type(packet).__name__ == "SyncEvent" and packet.source == 0:
                assert packet.level == level
                return packet


@pytest.mark.parametrize("missing", ["qemu-system-arm"])
def test_a_missing_toolchain_is_told(monkeypatch, missing):
    from tests.hardware import toolchain

    monkeypatch.setattr(toolchain.shutil, "which", lambda name: None if name == missing else name)
    monkeypatch.setattr(toolchain, "REQUIRED", False)
    with pytest.raises(pytest.skip.Exception, match=missing):
        toolchain.need("make", missing)
    monkeypatch.setattr(toolchain, "REQUIRED", True)
    with pytest.raises(pytest.fail.Exception, match=missing):
        toolchain.need("make", missing)
