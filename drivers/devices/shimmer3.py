"""Shimmer3 over Bluetooth classic, which the system shows as a serial port (RFCOMM).

Source: LogAndStream firmware, its commands and channel types as read by github.com/seemoo-lab/pyshimmer @a2ef575
(facts only); clock 32768 Hz. Shimmer3R differs and is refused.

- Every command is acknowledged by FF. 01 inquiry, answer 02: clock divider u16, settings u32, channels u8, buffer u8,
  one id a channel. 05 divider, 08 sensors (3 bytes), 09 and 49 ranges, 2C calibration, 07 start, 20 stop.
- A sample is 00, clock u24 (little-endian, wraps at 512 s), channels in the order of the inquiry. The wide-range
  accelerometer (ids 04 to 06) is little-endian, the gyroscope (0A to 0C) big-endian, the battery (03) little-endian.
- Calibrated value = alignment^-1 (raw - offset) / sensitivity; each sensor's 21 bytes are offset and sensitivity (3
  x i16 each, big-endian) and alignment (9 x i8 / 100). A gyroscope's sensitivity is stored a hundredfold.
- There is no checksum: a sample counts when what follows it can follow it, and its clock goes on.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from drivers.base import Chunk, DecodeCounts, DeviceInfo, DeviceStatus, Found, Packet, Reply, Session
from drivers.devices._packets import Packets, among, rate_among, transport_among
from drivers.framing import GRAVITY_MPS2, Unwrapper
from fusion.errors import DeviceError
from fusion.types import Floats

ACK, SAMPLE, INQUIRY_ANSWER, CALIBRATION_ANSWER, IN_STREAM, STATUS = 0xFF, 0x00, 0x02, 0x2D, 0x8A, 0x71
INQUIRY, SET_RATE, SET_SENSORS, SET_ACCEL_RANGE, SET_GYRO_RANGE = 0x01, 0x05, 0x08, 0x09, 0x49
GET_CALIBRATION, START, STOP = 0x2C, 0x07, 0x20
CLOCK_HZ = 32768.0

ACCEL_IDS, GYRO_IDS, BATTERY_ID = (0x04, 0x05, 0x06), (0x0A, 0x0B, 0x0C), 0x03
_THREE_BYTES = frozenset({0x1A})
"""Channels of three bytes (pressure); all others that can be asked for here have two."""

# Gyroscope (bit 6), wide-range accelerometer (bit 12), battery (bit 13).
_SENSORS = bytes([0x40, 0x30, 0x00])

# Sensitivity that the data sheets give, where the device has no calibration: LSM303DLHC in counts per m/s^2,
# MPU9150 in counts per deg/s.
_ACCEL_COUNTS = {2.0: 1631.0, 4.0: 815.0, 8.0: 408.0, 16.0: 135.0}
_GYRO_COUNTS = {250.0: 131.0, 500.0: 65.5, 1000.0: 32.8, 2000.0: 16.4}
_CALIBRATION_BYTES = 84
_STARTS = frozenset({SAMPLE, ACK, IN_STREAM, INQUIRY_ANSWER, CALIBRATION_ANSWER})
_LONGEST_PAUSE_S = 2.0


@dataclass(frozen=True, slots=True)
class Calibration:
    """Of one sensor: SI value = ``matrix`` (raw - ``offset``)."""

    offset: Floats
    matrix: Floats


@dataclass(frozen=True, slots=True)
class Shimmer3:
    """A Shimmer3 IMU with LogAndStream firmware."""

    rate_hz: float = 102.4
    accel_range_g: float = 16.0
    gyro_range_dps: float = 2000.0
    transport: str = "serial"

    info: ClassVar[DeviceInfo] = DeviceInfo(
        title="Shimmer3",
        transports=("serial",),
        rates_hz=(51.2, 102.4, 128.0, 204.8, 256.0, 512.0),
        tested_against=("specification", "simulator"),
        has_battery=True,
        notes="pair it with the system first (PIN 1234), then use its port; no checksum and no counter",
    )

    def __post_init__(self) -> None:
        """Check what cannot be meant."""
        rate_among(self.info.rates_hz, self.rate_hz, "shimmer3")
        among("accel_range_g", tuple(_ACCEL_COUNTS), self.accel_range_g, "shimmer3")
        among("gyro_range_dps", tuple(_GYRO_COUNTS), self.gyro_range_dps, "shimmer3")
        transport_among(self.info.transports, self.transport, "shimmer3")

    @property
    def accel_range_mps2(self) -> float:
        """Full scale, m/s^2."""
        return self.accel_range_g * GRAVITY_MPS2

    @property
    def gyro_range_radps(self) -> float:
        """Full scale, rad/s."""
        return float(np.radians(self.gyro_range_dps))

    def recognises(self, found: Found) -> bool:
        """Say whether the port names a Shimmer."""
        return found.transport == "serial" and "Shimmer" in found.name

    def decoder(self) -> Shimmer3Decoder:
        """Return a decoder; it learns channels and calibration from the device's answers."""
        return Shimmer3Decoder(self)

    async def start(self, link: Session) -> None:
        """Set sensors, rate and ranges; ask for channels and calibration; start."""
        await link.write("", bytes([STOP]))
        divider = round(CLOCK_HZ / self.rate_hz)
        for command in (
            bytes([SET_SENSORS]) + _SENSORS,
            bytes([SET_RATE]) + struct.pack("<H", divider),
            bytes([SET_ACCEL_RANGE, tuple(_ACCEL_COUNTS).index(self.accel_range_g)]),
            bytes([SET_GYRO_RANGE, tuple(_GYRO_COUNTS).index(self.gyro_range_dps)]),
        ):
            await link.ask("", command, _is("ack"), tries=3)
        await link.ask("", bytes([GET_CALIBRATION]), _is("calibration"), tries=3)
        answer = await link.ask("", bytes([INQUIRY]), _is("inquiry"), tries=3)
        if isinstance(answer, Reply) and not {*ACCEL_IDS, *GYRO_IDS} <= set(answer.data[8:]):
            listed = answer.data[8:].hex(" ")
            raise DeviceError(
                f"the Shimmer sends the channels {listed}, not those of a Shimmer3. Update its firmware."
            )
        await link.ask("", bytes([START]), _is("ack"))

    async def poll(self, link: Session) -> None:
        """Do nothing: the battery comes with the samples."""

    async def stop(self, link: Session) -> None:
        """Stop streaming."""
        await link.write("", bytes([STOP]))


def _is(name: str) -> Callable[[Packet], bool]:
    return lambda packet: isinstance(packet, Reply) and packet.name == name


class Shimmer3Decoder:
    """Reads answers and samples; until the inquiry is answered no sample can be read."""

    def __init__(self, device: Shimmer3) -> None:
        self.counts = DecodeCounts()
        accel, gyro = _ACCEL_COUNTS[device.accel_range_g], _GYRO_COUNTS[device.gyro_range_dps]
        self._accel = Calibration(np.zeros(3), np.eye(3) / accel)
        self._gyro = Calibration(np.zeros(3), np.radians(np.eye(3) / gyro))
        self._period_s = 1.0 / device.rate_hz
        self._channels: bytes = b""
        self._unwrap = Unwrapper(2**24, 1.0 / CLOCK_HZ)
        self._packets = Packets(self.counts, device.accel_range_mps2, device.gyro_range_radps)
        self._rest = b""
        self._last_tick = -1
        self._last_arrival_s = np.nan
        self._told_battery_s = -np.inf

    def feed(self, chunk: Chunk) -> tuple[Packet, ...]:
        """Return the samples that these bytes complete, as one packet, the battery and answers."""
        self._rest += chunk.data
        packets: list[Packet] = []
        samples: list[bytes] = []
        while self._rest:
            size = self._size()
            if size is None:
                break
            if size == 0 or not self._follows(size):
                self._skip()
                continue
            frame, self._rest = self._rest[:size], self._rest[size:]
            if frame[0] == SAMPLE:
                self._last_tick = int.from_bytes(frame[1:4], "little")
                self._last_arrival_s = chunk.arrival_s
                samples.append(frame)
            else:
                if samples:  # an answer may change what the samples after it hold
                    packets += self._samples(samples, chunk.arrival_s)
                    samples = []
                packets += self._answer(frame, chunk.arrival_s)
            self.counts.frames += 1
        if samples:
            packets += self._samples(samples, chunk.arrival_s)
        return tuple(packets)

    def reset(self) -> None:
        """Forget half a frame; the clock may start anew."""
        self.counts.skipped_bytes += len(self._rest)
        self._rest = b""
        self._last_tick = -1

    def _size(self) -> int | None:
        """Return the size of the frame that begins here; None: more bytes are needed, 0: none begins here."""
        head = self._rest[0]
        sizes = {ACK: 1, IN_STREAM: 3, CALIBRATION_ANSWER: 1 + _CALIBRATION_BYTES}
        if head == SAMPLE and self._channels:
            sizes[SAMPLE] = 4 + sum(3 if number in _THREE_BYTES else 2 for number in self._channels)
        elif head == INQUIRY_ANSWER:
            if len(self._rest) < 9:
                return None
            sizes[INQUIRY_ANSWER] = 9 + self._rest[7]
        size = sizes.get(head, 0)
        return None if size > len(self._rest) else size

    def _follows(self, size: int) -> bool:
        """Say whether this frame can be where it is."""
        after = self._rest[size : size + 1]
        if after and after[0] not in _STARTS:
            return False
        if self._rest[0] == IN_STREAM:
            return self._rest[1] == STATUS
        if self._rest[0] != SAMPLE or self._last_tick < 0:
            return True
        tick = int.from_bytes(self._rest[1:4], "little")
        step_s = (tick - self._last_tick) % 2**24 / CLOCK_HZ
        return 0.5 * self._period_s <= step_s <= _LONGEST_PAUSE_S

    def _skip(self) -> None:
        self._rest = self._rest[1:]
        self.counts.rejected += 1
        self.counts.skipped_bytes += 1
        # After a longer loss the clock has gone on by more than is believed at once.
        if self.counts.skipped_bytes % 256 == 0:
            self._last_tick = -1

    def _answer(self, frame: bytes, arrival_s: float) -> list[Packet]:
        if frame[0] == INQUIRY_ANSWER:
            self._channels = frame[9:]
            divider = struct.unpack_from("<H", frame, 1)[0]
            self._period_s = max(divider, 1) / CLOCK_HZ
            return [Reply("inquiry", frame[1:], arrival_s)]
        if frame[0] == CALIBRATION_ANSWER:
            self._calibrate(frame[1:])
            return [Reply("calibration", frame[1:], arrival_s)]
        return [Reply("ack" if frame[0] == ACK else "status", frame[1:], arrival_s)]

    def _calibrate(self, data: bytes) -> None:
        """Take the calibration of gyroscope (second) and wide-range accelerometer (fourth)."""
        self._gyro = calibration(data[21:42], 1.0 / 100.0, np.pi / 180.0) or self._gyro
        self._accel = calibration(data[63:84], 1.0, 1.0) or self._accel

    def _samples(self, frames: list[bytes], arrival_s: float) -> list[Packet]:
        ticks = [self._unwrap(int.from_bytes(frame[1:4], "little"), arrival_s) for frame in frames]
        columns = [self._columns(frame) for frame in frames]
        accel, gyro = (
            np.array([[row.get(number, np.nan) for number in ids] for row in columns])
            for ids in (ACCEL_IDS, GYRO_IDS)
        )
        packet = self._packets.make(
            np.array(ticks) / CLOCK_HZ,
            (accel - self._accel.offset) @ self._accel.matrix.T,
            (gyro - self._gyro.offset) @ self._gyro.matrix.T,
            arrival_s,
            clipped=list((np.abs(np.hstack([accel, gyro])) >= 32760).any(axis=1)),
        )
        raw_battery = columns[-1].get(BATTERY_ID)
        if raw_battery is None or arrival_s - self._told_battery_s < 5.0:
            return [packet]
        self._told_battery_s = arrival_s
        # A 12-bit converter at 3 V behind a divider by two (Shimmer user manual).
        return [packet, DeviceStatus(arrival_s, battery_v=raw_battery * 3.0 / 4095.0 * 2.0)]

    def _columns(self, frame: bytes) -> dict[int, int]:
        values, place = {}, 4
        for number in self._channels:
            size = 3 if number in _THREE_BYTES else 2
            order = ">h" if number in GYRO_IDS else "<h"
            if size == 2:
                values[number] = struct.unpack_from(order, frame, place)[0]
            place += size
        return values


def calibration(data: bytes, gain: float, unit: float) -> Calibration | None:
    """Return the calibration in 21 bytes, or None where they are empty (all FF or 0) or cannot be inverted.

    Parameters
    ----------
    gain
        Stored sensitivity -> counts per unit.
    unit
        The unit in SI.
    """
    numbers = struct.unpack(">6h", data[:12])
    offset, counts = np.array(numbers[:3], dtype=np.float64), gain * np.array(numbers[3:6], dtype=np.float64)
    alignment = np.array(struct.unpack(">9b", data[12:]), dtype=np.float64).reshape(3, 3) / 100.0
    if (counts <= 0.0).any() or abs(np.linalg.det(alignment)) < 0.1:
        return None
    # calibrated = alignment^-1 sensitivity^-1 (raw - offset): the columns are divided, not the rows.
    return Calibration(offset, unit * np.linalg.inv(alignment) / counts[np.newaxis, :])


PLUGIN = Shimmer3
