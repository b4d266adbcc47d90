"""WitMotion over Bluetooth LE 5.0: WT901BLECL, BWT901BLE, WT9011DCL.

Source: the maker's WITMOTION/WitBluetooth_BWT901BLE5_0 @069867a and datasheet v20-0707; rates from its REG.h.
Service 0000ffe5-..., notifications ffe4, writes ffe9, all with the base ...9a34fb (not the usual ...9b34fb).

A data frame is 55 61 and nine i16: acceleration / 32768 * 16 g, rate / 32768 * 2000 deg/s, angle / 32768 * 180 deg.
There is no checksum, no time and no counter. Firmware splits and joins frames, some cuts them to 16 bytes: frames
are found by their head in the stream of bytes, and what follows must be another head. Register answers are 55 71,
start register u16, eight u16.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from drivers.base import Chunk, DecodeCounts, DeviceInfo, DeviceStatus, Found, Packet, Session
from drivers.devices._packets import Packets, rate_among, transport_among
from drivers.framing import GRAVITY_MPS2, CountedClock

_BASE = "-0000-1000-8000-00805f9a34fb"
SERVICE, NOTIFY, WRITE = (f"0000{number}{_BASE}" for number in ("ffe5", "ffe4", "ffe9"))

RATE_CODES = {0.2: 1, 0.5: 2, 1.0: 3, 2.0: 4, 5.0: 5, 10.0: 6, 20.0: 7, 50.0: 8, 100.0: 9, 200.0: 11}
UNLOCK, SAVE = bytes.fromhex("ffaa6988b5"), bytes.fromhex("ffaa000000")
READ_BATTERY = bytes.fromhex("ffaa276400")

ACCEL_SCALE = 16.0 * GRAVITY_MPS2 / 32768.0
GYRO_SCALE = float(np.radians(2000.0)) / 32768.0

_DATA, _REGISTERS = b"\x55\x61", b"\x55\x71"
_LENGTH = 20
_LEAST = 16
_BATTERY_REGISTER = 0x64

# Open-circuit voltage of a lithium cell, V -> charge; the maker's table in its datasheet, coarse on purpose.
_CELL = ((3.40, 0.0), (3.57, 0.1), (3.71, 0.3), (3.80, 0.5), (3.93, 0.75), (4.10, 1.0))


@dataclass(frozen=True, slots=True)
class WitmotionBle:
    """A WitMotion wearable over Bluetooth LE."""

    rate_hz: float = 100.0
    transport: str = "ble"
    accel_range_mps2: float = 16.0 * GRAVITY_MPS2
    gyro_range_radps: float = float(np.radians(2000.0))

    info: ClassVar[DeviceInfo] = DeviceInfo(
        title="WitMotion WT901BLE, WT9011DCL",
        transports=("ble",),
        rates_hz=tuple(RATE_CODES),
        clock="counted",
        tested_against=("specification", "public captures", "simulator"),
        has_battery=True,
        poll_s=10.0,
        notes="sends no time, no counter and no checksum: lost samples cannot be seen, times are counted",
    )

    def __post_init__(self) -> None:
        """Check what cannot be meant."""
        rate_among(self.info.rates_hz, self.rate_hz, "witmotion_ble")
        transport_among(self.info.transports, self.transport, "witmotion_ble")

    def recognises(self, found: Found) -> bool:
        """Say whether name or service are WitMotion's."""
        return found.name.startswith("WT") or SERVICE in found.services

    def decoder(self) -> WitmotionBleDecoder:
        """Return a decoder."""
        return WitmotionBleDecoder(self)

    async def start(self, link: Session) -> None:
        """Listen, then set the rate; it streams whenever it is on."""
        await link.subscribe(NOTIFY)
        for command in (UNLOCK, bytes([0xFF, 0xAA, 0x03, RATE_CODES[self.rate_hz], 0x00]), SAVE, READ_BATTERY):
            await link.write(WRITE, command)

    async def poll(self, link: Session) -> None:
        """Ask for the battery."""
        await link.write(WRITE, READ_BATTERY)

    async def stop(self, link: Session) -> None:
        """Do nothing: it streams until it is switched off or left."""


class WitmotionBleDecoder:
    """Finds frames in the stream of notifications."""

    def __init__(self, device: WitmotionBle) -> None:
        self.counts = DecodeCounts()
        self._clock = CountedClock(device.rate_hz)
        self._packets = Packets(self.counts, device.accel_range_mps2, device.gyro_range_radps)
        self._rest = b""

    def feed(self, chunk: Chunk) -> tuple[Packet, ...]:
        """Return the samples that a notification completes, as one packet, and the battery."""
        rows: list[tuple[int, ...]] = []
        packets: list[Packet] = []
        for frame in self._frames(chunk.data):
            if frame[:2] == _DATA:
                rows.append(struct.unpack_from("<6h", frame, 2))
            elif struct.unpack_from("<H", frame, 2)[0] == _BATTERY_REGISTER:
                volts = struct.unpack_from("<H", frame, 4)[0] / 100.0
                packets.append(DeviceStatus(chunk.arrival_s, battery=charge(volts), battery_v=volts))
        if rows:
            values = np.array(rows, dtype=np.float64)
            times = self._clock(len(rows), chunk.arrival_s)
            accel, gyro = values[:, :3] * ACCEL_SCALE, values[:, 3:] * GYRO_SCALE
            packets.insert(0, self._packets.make(times, accel, gyro, chunk.arrival_s))
        return tuple(packets)

    def reset(self) -> None:
        """Forget half a frame."""
        self.counts.skipped_bytes += len(self._rest)
        self._rest = b""

    def _frames(self, data: bytes) -> list[bytes]:
        """Return whole frames; a notification that begins with a head and ends early is one of the short kind."""
        is_short = _LEAST <= len(data) < _LENGTH and data[:2] in (_DATA, _REGISTERS)
        buffer = self._rest + data
        if is_short and (not self._rest or len(self._rest) >= _LEAST):
            buffer = data
            self._rest = b""
            self.counts.frames += 1
            return [buffer[:_LEAST]]
        frames, place = [], 0
        while True:
            begin = _next_head(buffer, place)
            self.counts.skipped_bytes += begin - place
            place = begin
            if place + _LENGTH > len(buffer):
                break
            after = buffer[place + _LENGTH : place + _LENGTH + 2]
            if after[:1] not in (b"", b"\x55") or (len(after) == 2 and after not in (_DATA, _REGISTERS)):
                self.counts.rejected += 1
                self.counts.skipped_bytes += 1
                place += 1
                continue
            frames.append(buffer[place : place + _LENGTH])
            self.counts.frames += 1
            place += _LENGTH
        self._rest = buffer[place:]
        return frames


def _next_head(buffer: bytes, place: int) -> int:
    found = [at for at in (buffer.find(_DATA, place), buffer.find(_REGISTERS, place)) if at >= 0]
    if found:
        return min(found)
    return max(len(buffer) - 1, place) if buffer.endswith(b"\x55") else len(buffer)


def charge(volts: float) -> float:
    """Return the charge of a lithium cell, 0 to 1, from its voltage."""
    table = np.array(_CELL)
    return float(np.interp(volts, table[:, 0], table[:, 1]))


PLUGIN = WitmotionBle
