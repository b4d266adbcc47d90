"""From the bytes of a Tandem wearable to packets; see ``drivers.devices.tandem_imu``."""

from __future__ import annotations

import struct

import numpy as np

from drivers.base import Chunk, ClockReply, DecodeCounts, DeviceMark, DeviceStatus, Packet, Reply
from drivers.devices._packets import Packets
from drivers.imu_calibration import ImuCalibration
from drivers.protocols import tandem
from drivers.protocols.tandem import Command, Result
from drivers.protocols.tandem_frames import FrameReceiver, unseal
from fusion.errors import FormatError

OTHER_VERSION = "other version"
_SOURCES = {0: "sync_in", 1: "led", 2: "button"}


class TandemDecoder:
    """Reads serial frames and Bluetooth values; unwraps stamps and numbers, applies the stored calibration.

    Attributes
    ----------
    calibration
        As the device told it; None before, or when there is none.
    boot_count
        Of the last IDENTITY; a change means a new clock.
    """

    def __init__(self, rate_hz: float, *, calibrated: bool) -> None:
        self.counts = DecodeCounts()
        self.calibration: ImuCalibration | None = None
        self.boot_count = -1
        self.restarts = 0
        self._rate_hz = rate_hz
        self._calibrated = calibrated
        self._frames = FrameReceiver()
        self._packets = Packets(self.counts, np.nan, np.nan)  # saturation is told by the counts themselves
        self._group_delay_s = 0.0
        self._last_us: int | None = None
        self._time_us = 0
        self._sequence = -1
        self._counter = -1
        self._sample_us = 0
        self._temperature_c = np.nan

    def feed(self, chunk: Chunk) -> tuple[Packet, ...]:
        """Return the packets that this chunk completes."""
        if chunk.channel in (tandem.STREAM_CHANNEL, tandem.REPLY_CHANNEL):
            payload = unseal(chunk.data)
            payloads = [] if payload is None else [payload]
            self.counts.frames += len(payloads)
            self.counts.rejected += payload is None
        elif chunk.channel == "":
            bad = self._frames.bad + self._frames.oversized
            payloads = self._frames.feed(chunk.data)
            self.counts.frames += len(payloads)
            self.counts.rejected += self._frames.bad + self._frames.oversized - bad
        else:
            return ()
        return tuple(packet for payload in payloads for packet in self._read(payload, chunk.arrival_s))

    def reset(self) -> None:
        """Forget half a frame."""
        self._frames.reset()

    def _read(self, payload: bytes, arrival_s: float) -> tuple[Packet, ...]:
        match tandem.parse(payload):
            case tandem.Imu() as imu:
                return (self._samples(imu, arrival_s),)
            case tandem.SyncEvent() as event:
                return (self._mark(event, arrival_s),)
            case tandem.Status() as status:
                return (self._status(status, arrival_s),)
            case tandem.Notice() as notice:
                return (DeviceStatus(arrival_s, message=notice_in_words(notice)),)
            case tandem.Identity() as identity:
                self._identity(identity)
                return (DeviceStatus(arrival_s, message=identity_in_words(identity)),)
            case tandem.CommandReply() as reply:
                return self._reply(reply, arrival_s)
            case tandem.OtherVersion(major):
                self.counts.rejected += 1
                return (Reply(OTHER_VERSION, bytes([major]), arrival_s),)
            case tandem.Unknown(_, is_damaged):
                self.counts.rejected += is_damaged
        return ()

    def _samples(self, imu: tandem.Imu, arrival_s: float) -> Packet:
        accel, gyro = imu.accel_mps2, imu.gyro_radps
        if self.calibration is not None and self._calibrated:
            accel, gyro = self.calibration.apply_accel(accel), self.calibration.apply_gyro(gyro)
        times_us = [self._unwrapped_us(int(t_us)) for t_us in imu.t_us]
        time_s = 1e-6 * np.array(times_us, dtype=np.float64) - self._group_delay_s
        first = self._number(imu.sequence, times_us[0])
        numbers = list(range(first, first + len(times_us)))
        self._sequence, self._counter = (imu.sequence + len(times_us) - 1) & 0xFFFF, numbers[-1]
        self._sample_us = times_us[-1]
        self._temperature_c = imu.temperature_c
        return self._packets.make(time_s, accel, gyro, arrival_s, numbers, list(map(bool, imu.saturated)))

    def _number(self, sequence: int, time_us: int) -> int:
        """Return the number of a sample with the wraps of its 16 bits undone; the stamps tell how many there were."""
        if self._counter < 0:
            return sequence
        step = (sequence - self._sequence) & 0xFFFF
        expected = 1e-6 * (time_us - self._sample_us) * self._rate_hz
        return self._counter + step + 0x10000 * max(round((expected - step) / 0x10000), 0)

    def _unwrapped_us(self, t_us: int) -> int:
        """Return a stamp whose differences to those before are right across the wrap at 2^64.

        The first is read as signed, so that a counter shortly before its wrap is a small number of seconds, too.
        """
        if self._last_us is None:
            self._time_us = tandem.later_us(t_us, 0)
        else:
            self._time_us += tandem.later_us(t_us, self._last_us)
        self._last_us = t_us
        return self._time_us

    def _mark(self, event: tandem.SyncEvent, arrival_s: float) -> Packet:
        source = _SOURCES.get(event.source, f"source_{event.source}")
        name = f"{source}_{'on' if event.level else 'off'}"
        return DeviceMark(name, 1e-6 * self._at_us(event.t_us), arrival_s)

    def _at_us(self, t_us: int) -> int:
        """Return a stamp on the unwrapped time axis without moving it."""
        return self._time_us + tandem.later_us(t_us, self._last_us or 0)

    def _status(self, status: tandem.Status, arrival_s: float) -> Packet:
        percent, millivolts = status.battery_percent, status.battery_mv
        return DeviceStatus(
            arrival_s,
            battery=percent / 100.0 if percent <= 100 else np.nan,
            battery_v=1e-3 * millivolts if millivolts else np.nan,
            temperature_c=self._temperature_c,
        )

    def _identity(self, identity: tandem.Identity) -> None:
        if self.boot_count not in (-1, identity.boot_count):
            self.restarts += 1
            self._last_us, self._time_us = None, 0
            self._restart_numbers()
        self.boot_count = identity.boot_count

    def _restart_numbers(self) -> None:
        self._counter = self._sequence = -1
        self._packets.count_restarted()

    def _reply(self, reply: tandem.CommandReply, arrival_s: float) -> tuple[Packet, ...]:
        known = reply.command in Command.__members__.values()
        if reply.result == Result.UNKNOWN_VERSION or not known:
            return (Reply("unknown", bytes([reply.result, reply.state]), arrival_s, reply.sequence),)
        if reply.result == Result.OK:
            if reply.command == Command.PING:
                return self._pong(reply.body, arrival_s)
            self._learn(reply)
        data = bytes([reply.result, reply.state]) + reply.body
        return (Reply(Command(reply.command).name.lower(), data, arrival_s, reply.sequence),)

    def _learn(self, reply: tandem.CommandReply) -> None:
        """Take from a reply what the samples after it need; a raw log holds it too, so replay learns the same."""
        if reply.command == Command.START:
            self._restart_numbers()
        elif reply.command == Command.IDENTIFY:
            identity = tandem.read_identity(reply.body)
            if identity is not None:
                self._identity(identity)
        elif reply.command == Command.SET_RATE and len(reply.body) >= 6:
            rate_mhz, delay_us = struct.unpack_from("<IH", reply.body)
            self._rate_hz = 1e-3 * rate_mhz or self._rate_hz
            self._group_delay_s = 0.0 if delay_us == 0xFFFF else 1e-6 * delay_us
        elif reply.command == Command.READ_CALIBRATION:
            try:
                self.calibration = ImuCalibration.from_block(reply.body)
            except FormatError:
                self.calibration = None

    def _pong(self, body: bytes, arrival_s: float) -> tuple[Packet, ...]:
        pong = tandem.read_pong(body)
        if pong is None:
            self.counts.rejected += 1
            return ()
        received_s, answered_s = (1e-6 * self._at_us(t_us) for t_us in (pong.t_rx_us, pong.t_tx_us))
        return (ClockReply(1e-6 * pong.cookie, received_s, answered_s, arrival_s),)


def notice_in_words(notice: tandem.Notice) -> str:
    """Return what a notice means and what to do."""
    words = {
        tandem.NoticeKind.IMU_SILENT: f"its sensor is silent since {1e-3 * notice.detail:.0f} ms; it restarts it",
        tandem.NoticeKind.IMU_RECOVERED: f"its sensor answers again after {notice.detail} attempts",
        tandem.NoticeKind.BATTERY_LOW: f"its battery is low ({1e-3 * notice.detail:.2f} V); charge it",
        tandem.NoticeKind.LINK_IDLE: "it stopped: nobody was connected for a minute",
        tandem.NoticeKind.CALIBRATION_LOST: "its stored calibration is damaged; run 'tandem calibrate-imu'",
    }
    known = notice.notice in tandem.NoticeKind.__members__.values()
    return words[tandem.NoticeKind(notice.notice)] if known else f"notice {notice.notice} of a later version"


def identity_in_words(identity: tandem.Identity) -> str:
    """Return name and firmware of a device."""
    version = ".".join(map(str, identity.firmware))
    return f"Tandem wearable {identity.serial_number:016x}, firmware {version}"
