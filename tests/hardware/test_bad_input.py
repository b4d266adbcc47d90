"""Every row of SPEC section 7: the firmware's answer and the driver's answer, over the bytes between them."""

import asyncio
import struct

import numpy as np
import pytest

from drivers.base import Chunk, DeviceStatus, ImuPacket
from drivers.devices.tandem_imu import TandemImu
from drivers.protocols import tandem
from drivers.protocols.tandem import Command, CommandReply, Imu, Result, State, command, parse
from drivers.protocols.tandem_frames import FrameReceiver, to_serial
from drivers.session import Source, WearableStream
from drivers.sim.virtual_time import run_virtual
from fusion.errors import DeviceError
from tests.drivers.rig import Heard
from tests.hardware.firmware_link import FirmwareTransport
from tests.hardware.host_wearable import HostWearable
from tests.hardware.replay_image import counting

RATE_200 = struct.pack("<H", 200)


def packets(data):
    return [parse(payload) for payload in FrameReceiver().feed(data)]


def result_of(data):
    """Return the result of the one reply in the bytes."""
    (reply,) = [packet for packet in packets(data) if isinstance(packet, CommandReply)]
    return Result(reply.result)


def status_of(wearable):
    wearable.take()
    (reply,) = [p for p in packets(wearable.ask(Command.GET_STATUS)) if isinstance(p, CommandReply)]
    return tandem.read_status(reply.body)


@pytest.fixture
def wearable(firmware_library):
    fresh = HostWearable(firmware_library)
    fresh.take()
    return fresh


async def streamed(transport, seconds, during=None, **settings):
    """Return what the driver's session heard of a wearable, and its health."""
    heard = Heard()
    device = TandemImu(transport=transport.name, **settings)
    stream = WearableStream(Source("left_shank", "tandem_imu", device, transport, "a"), heard.listeners())
    task = asyncio.create_task(stream.run())
    if during is not None:
        await during(transport)
    await asyncio.sleep(seconds)
    await stream.stop()
    await asyncio.wait_for(task, 20.0)
    return heard, stream


def messages(heard):
    return " | ".join(packet.message for packet in heard.of(DeviceStatus) if packet.message)


def test_a_command_out_of_order_is_refused_and_changes_nothing(wearable):
    assert result_of(wearable.ask(Command.START)) is Result.OK
    assert result_of(wearable.ask(Command.SET_RATE, RATE_200)) is Result.WRONG_STATE
    assert result_of(wearable.ask(Command.START)) is Result.WRONG_STATE
    wearable.run(1.0)
    samples = [p for p in packets(wearable.take()) if isinstance(p, Imu)]
    assert len(samples) == 100


def test_the_driver_says_which_command_is_needed_first():
    from drivers.devices.tandem_imu import refusal

    told = refusal(Command.SET_RATE, Result.WRONG_STATE, State.STREAMING)
    assert "SET_RATE" in told
    assert "STREAMING" in told
    assert "STOP" in told


def test_an_oversized_frame_is_counted_and_the_next_one_read(wearable):
    wearable.send(b"\x01" * 1000 + b"\0")
    status = status_of(wearable)
    assert (status.rx_oversized, status.rx_bad) == (1, 0)


def test_a_truncated_frame_is_not_answered_and_counted(wearable):
    wearable.send(to_serial(command(Command.IDENTIFY, 1))[:-3] + b"\0")
    assert packets(wearable.take()) == []
    assert status_of(wearable).rx_bad == 1


def test_an_unknown_version_is_answered_by_the_device_and_named_by_the_driver(wearable):
    wearable.send(to_serial(b"\x10\x20\x07\x00"))
    assert result_of(wearable.take()) is Result.UNKNOWN_VERSION

    class Later:
        """Answers as version 2."""

        name = "serial"

        async def open(self, address, sink, settings):
            return _Answering(sink, lambda _: to_serial(b"\x90\x20\x01\x00\x00\x00"))

    heard, _ = run_virtual(streamed(Later(), 1.0))
    assert "version 2" in heard.events[0].reason
    assert "version 1" in heard.events[0].reason


def test_an_unknown_command_and_a_wrong_length_are_told(wearable):
    wearable.send(to_serial(b"\x7f\x10\x01\x00"))
    assert result_of(wearable.take()) is Result.UNKNOWN_COMMAND
    assert result_of(wearable.ask(Command.PING, b"\x01")) is Result.BAD_LENGTH


def test_a_flood_of_commands_is_refused_while_samples_go_on(wearable):
    wearable.ask(Command.SET_RATE, RATE_200)
    wearable.ask(Command.START)
    wearable.call("room", 100)
    for number in range(400):
        wearable.send(to_serial(command(Command.PING, number, bytes(8))))
        wearable.run(0.0005)
    wearable.call("room", 65536)
    wearable.run(0.1)
    status = status_of(wearable)
    assert status.commands_refused > 300
    assert status.samples_taken >= 59


def test_a_host_that_never_reads_loses_the_oldest_and_can_count_them(firmware_library):
    wearable = HostWearable(firmware_library, counting(6000), pipe_room=3000)
    receiver, decoder = FrameReceiver(), TandemImu(transport="serial", rate_hz=200.0).decoder()
    for kind, body in ((Command.SET_RATE, RATE_200), (Command.START, b"")):
        wearable.send(to_serial(command(kind, 1, body)))
    wearable.run(8.0)  # nobody reads
    heard = []
    for _ in range(60):
        data = wearable.take()
        wearable.call("room", 65536)
        heard += decoder.feed(Chunk("", data, 1.0))
        receiver.feed(data)
        wearable.run(0.05)
    imu = [packet for packet in heard if isinstance(packet, ImuPacket)]
    counter = np.concatenate([packet.counter for packet in imu])
    gaps = np.diff(counter) - 1
    assert (gaps > 0).sum() == 1
    assert decoder.counts.lost == gaps.sum() == status_of(wearable).samples_dropped
    expected = counting(6000).records["counts"][counter]
    accel = np.concatenate([packet.accel_mps2 for packet in imu])
    np.testing.assert_allclose(accel, expected[:, :3] * tandem.accel_scale_mps2(0x33), atol=1e-9)
    assert receiver.bad == 0


@pytest.mark.parametrize("boot_us", [2**32 - 400_000, 2**64 - 400_000], ids=["32 bits", "64 bits"])
def test_time_goes_on_over_the_wrap_of_the_counter(firmware_library, boot_us):
    wearable = HostWearable(firmware_library, counting(4000), boot_us=boot_us)
    heard, stream = run_virtual(streamed(FirmwareTransport({"a": wearable}), 3.0, rate_hz=200.0))
    steps = np.diff(heard.imu("time_s"))
    assert len(steps) > 500
    np.testing.assert_allclose(steps, 0.005, atol=1e-6)
    assert stream.decoder.counts.lost == 0


def test_a_brown_out_in_mid_frame_costs_one_frame_and_starts_a_new_clock(firmware_library):
    wearable = HostWearable(firmware_library, None)

    async def brown_out(transport):
        await asyncio.sleep(2.0)
        wearable.call("room", 20)  # the line stops within a frame
        await asyncio.sleep(0.02)
        wearable.call("room", 65536)
        wearable.call("restart", 1)

    heard, stream = run_virtual(streamed(FirmwareTransport({"a": wearable}), 6.0, brown_out))
    assert stream.decoder.counts.rejected <= 1
    assert stream.decoder.restarts == 1
    assert stream.health.reconnects == 1, "the driver notices that it is idle and sets it up again"
    assert any("reset" in event.reason for event in heard.events)
    times = heard.imu("time_s")
    assert (np.diff(times) < 0).sum() == 1
    assert len(times) > 300


def test_a_sensor_that_stops_answering_is_told_and_comes_back(firmware_library):
    wearable = HostWearable(firmware_library, None)

    async def fail(_):
        await asyncio.sleep(2.0)
        wearable.call("break_imu", 1)
        await asyncio.sleep(1.0)
        wearable.call("break_imu", 0)

    heard, stream = run_virtual(streamed(FirmwareTransport({"a": wearable}), 3.0, fail))
    assert "silent" in messages(heard)
    assert "answers again" in messages(heard)
    steps = np.diff(heard.imu("time_s"))
    assert 1.0 < steps.max() < 2.0
    assert stream.decoder.counts.lost == 0, "what was never taken is a gap in time, not a loss"
    assert stream.health.reconnects == 0


def test_the_wrong_device_on_the_port_is_named():
    class Modem:
        name = "serial"

        async def open(self, address, sink, settings):
            return _Answering(sink, lambda data: data + b"\r\nOK\r\n")

    heard, _ = run_virtual(streamed(Modem(), 3.0))
    assert "no Tandem wearable answers here" in heard.events[0].reason
    assert "port" in heard.events[0].reason


def test_a_device_without_the_magic_is_refused():
    body = b"NOPE" + bytes(32)

    class Stranger:
        name = "serial"

        async def open(self, address, sink, settings):
            return _Answering(sink, lambda data: to_serial(b"\x90\x10" + _sequence(data) + b"\x00\x00" + body))

    heard, _ = run_virtual(streamed(Stranger(), 1.0))
    assert "does not name itself" in heard.events[0].reason


def test_a_lost_radio_link_is_one_gap_and_nothing_is_set_up_twice(firmware_library):
    wearable = HostWearable(firmware_library, None, mtu=247)

    async def lose(transport):
        await asyncio.sleep(3.0)
        transport.links["a"].tear()

    heard, stream = run_virtual(streamed(FirmwareTransport({"a": wearable}, name="ble"), 3.0, lose))
    assert stream.health.reconnects == 1
    counter = heard.imu("counter")
    assert (np.diff(counter) > 0).all(), "numbers go on: it was not started anew"
    assert stream.decoder.counts.lost == (np.diff(counter) - 1).sum()


def test_a_link_too_narrow_for_a_sample_names_the_cure(firmware_library):
    wearable = HostWearable(firmware_library, None, mtu=45)
    transport = FirmwareTransport({"a": wearable}, name="ble", mtu=45)
    heard, _ = run_virtual(streamed(transport, 2.0, calibrated=False))
    assert any("MTU" in event.reason or "NOT_SUPPORTED" in event.reason for event in heard.events)


def test_settings_that_cannot_be_meant_are_refused_before_anything_is_sent():
    for wrong in ({"rate_hz": 123.0}, {"accel_range_g": 3.0}, {"gyro_range_dps": 1.0}, {"batch": 17}):
        with pytest.raises(ValueError, match=r"\d"):
            TandemImu(**wrong)
    assert issubclass(DeviceError, Exception)


def _sequence(framed):
    (payload,) = FrameReceiver().feed(framed)
    return payload[2:4]


class _Answering:
    """A link to something that answers each command in its own way."""

    def __init__(self, sink, answer):
        self._sink, self._answer = sink, answer
        self._loop = asyncio.get_running_loop()
        self._why = self._loop.create_future()

    async def subscribe(self, channel):
        pass

    async def write(self, channel, data, *, response=False):
        self._loop.call_soon(self._sink, Chunk("", self._answer(data), self._loop.time()))

    async def closed(self):
        return await asyncio.shield(self._why)

    async def close(self):
        if not self._why.done():
            self._why.set_result("closed")
