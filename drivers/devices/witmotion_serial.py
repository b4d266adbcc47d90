"""WitMotion at a serial port: JY901, WT901C, HWT905 and their family.

Source: the maker's WITMOTION/WitStandardProtocol_JY901 @e8f4e3a. Frames of 11 bytes: 55, kind, eight bytes, sum of
the ten before it. Kinds: 50 time (year, month, day, hour, minute, second, millisecond u16), 51 acceleration and
temperature / 100, 52 rate, 53 angle. One cycle of the sensor is sent as frames in ascending kind; a sample is
complete with its 52.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from drivers.base import Chunk, DecodeCounts, DeviceInfo, DeviceStatus, Found, Packet, Session
from drivers.devices._packets import Packets, rate_among, transport_among
from drivers.devices.witmotion_ble import ACCEL_SCALE, GYRO_SCALE, RATE_CODES, SAVE, UNLOCK
from drivers.framing import GRAVITY_MPS2, CountedClock, FrameScanner, Unwrapper, sum8
from fusion.types import Floats

TIME, ACCEL, GYRO = 0x50, 0x51, 0x52
_LENGTH = 11
_DAY_MS = 86_400_000
_OUTPUT_TIME_ACCEL_GYRO = 0x0007


@dataclass(frozen=True, slots=True)
class WitmotionSerial:
    """A WitMotion sensor at a serial port; 200 Hz needs 115200 baud or more.

    Attributes
    ----------
    device_time
        Let it send its clock (milliseconds); without, samples are counted.
    """

    rate_hz: float = 100.0
    device_time: bool = True
    transport: str = "serial"
    accel_range_mps2: float = 16.0 * GRAVITY_MPS2
    gyro_range_radps: float = float(np.radians(2000.0))

    info: ClassVar[DeviceInfo] = DeviceInfo(
        title="WitMotion JY901, WT901C, HWT905",
        transports=("serial", "tcp"),
        rates_hz=tuple(RATE_CODES),
        tested_against=("specification", "simulator"),
        has_checksum=True,
        notes="its clock has steps of 1 ms; no counter; the port's rate is 9600 baud until it is changed",
    )

    def __post_init__(self) -> None:
        """Check what cannot be meant."""
        rate_among(self.info.rates_hz, self.rate_hz, "witmotion_serial")
        transport_among(self.info.transports, self.transport, "witmotion_serial")

    def recognises(self, found: Found) -> bool:
        """Say whether the port has the USB bridge that the maker uses; other makers use it too, so never alone."""
        return found.transport == "serial" and "HWT" in found.name

    def decoder(self) -> WitmotionSerialDecoder:
        """Return a decoder."""
        return WitmotionSerialDecoder(self)

    async def start(self, link: Session) -> None:
        """Set output and rate; it streams whenever it has power."""
        output = _OUTPUT_TIME_ACCEL_GYRO if self.device_time else _OUTPUT_TIME_ACCEL_GYRO & ~1
        rate = bytes([0xFF, 0xAA, 0x03, RATE_CODES[self.rate_hz], 0x00])
        for command in (UNLOCK, b"\xff\xaa\x02" + struct.pack("<H", output), rate, SAVE):
            await link.write("", command)

    async def poll(self, link: Session) -> None:
        """Do nothing: there is nothing to ask."""

    async def stop(self, link: Session) -> None:
        """Do nothing: it streams while it has power."""


class WitmotionSerialDecoder:
    """Joins the frames of one cycle into a sample."""

    def __init__(self, device: WitmotionSerial) -> None:
        self.counts = DecodeCounts()
        self._scanner = FrameScanner(b"\x55", _length, _is_sound, self.counts, _LENGTH)
        self._counted = CountedClock(device.rate_hz)
        self._unwrap = Unwrapper(_DAY_MS, 1e-3)
        self._packets = Packets(self.counts, device.accel_range_mps2, device.gyro_range_radps)
        self._with_time = device.device_time
        self._time_s = np.nan
        self._accel: Floats = np.full(3, np.nan)
        self._told_temperature_s = -np.inf

    def feed(self, chunk: Chunk) -> tuple[Packet, ...]:
        """Return the samples that these bytes complete, as one packet."""
        times: list[float] = []
        accel: list[Floats] = []
        gyro: list[Floats] = []
        packets: list[Packet] = []
        for frame in self._scanner.feed(chunk.data):
            kind = frame[1]
            if kind == TIME:
                self._begin(frame, chunk.arrival_s)
            elif kind == ACCEL:
                *values, temperature = struct.unpack_from("<4h", frame, 2)
                self._accel = np.array(values) * ACCEL_SCALE
                if chunk.arrival_s - self._told_temperature_s > 1.0:
                    self._told_temperature_s = chunk.arrival_s
                    packets.append(DeviceStatus(chunk.arrival_s, temperature_c=temperature / 100.0))
            elif kind == GYRO and (np.isfinite(self._time_s) or not self._with_time):
                times.append(self._time_s)
                accel.append(self._accel)
                gyro.append(np.array(struct.unpack_from("<3h", frame, 2)) * GYRO_SCALE)
                self._time_s, self._accel = np.nan, np.full(3, np.nan)
        if not times:
            return tuple(packets)
        stamps = np.array(times) if self._with_time else self._counted(len(times), chunk.arrival_s)
        return (self._packets.make(stamps, accel, gyro, chunk.arrival_s), *packets)

    def reset(self) -> None:
        """Forget half a frame and half a cycle."""
        self._scanner.reset()
        self._time_s, self._accel = np.nan, np.full(3, np.nan)

    def _begin(self, frame: bytes, arrival_s: float) -> None:
        hour, minute, second, millisecond = struct.unpack_from("<3BH", frame, 5)
        ticks = 1000 * (3600 * hour + 60 * minute + second) + millisecond
        if ticks < _DAY_MS:
            self._time_s = 1e-3 * self._unwrap(ticks, arrival_s)


def _length(head: bytes) -> int | None:
    if len(head) < 2:
        return None
    return _LENGTH if 0x50 <= head[1] <= 0x5F else 0


def _is_sound(frame: bytes) -> bool:
    return sum8(frame[:10]) == frame[10]


PLUGIN = WitmotionSerial
