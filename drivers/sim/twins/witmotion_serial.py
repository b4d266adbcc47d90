"""A virtual WitMotion sensor at a port, written from the maker's standard protocol."""

from __future__ import annotations

import struct

from drivers.sim.base import Out, Profile, TwinClock
from drivers.sim.twins._simple import G_MPS2, SimpleTwin, counts
from drivers.sim.twins.witmotion_ble import _FULL_GYRO_RADPS, _RATES_HZ
from fusion.types import Floats


class WitmotionSerialTwin(SimpleTwin):
    """Streams while it has power; the time frame is on when the output register says so."""

    def __init__(self, clock: TwinClock | None = None, day_start_s: float = 86398.0) -> None:
        super().__init__(Profile(), 10.0, clock, on=True)
        self._day_start_s = day_start_s
        self._output = 0x001E
        self._unlocked = False

    def received(self, channel: str, data: bytes, now_s: float) -> list[Out]:  # noqa: ARG002
        """Take writes to the registers RSW and RRATE, five bytes each."""
        for place in range(0, len(data) - 4, 5):
            command = data[place : place + 5]
            if command == b"\xff\xaa\x69\x88\xb5":
                self._unlocked = True
            elif command[:3] == b"\xff\xaa\x02" and self._unlocked:
                self._output = command[3] | command[4] << 8
            elif command[:3] == b"\xff\xaa\x03" and self._unlocked:
                self.rate = _RATES_HZ.get(command[3], self.rate)
        return []

    def sample(self, device_s: float, accel_mps2: Floats, gyro_radps: Floats) -> list[Out]:
        """Send one cycle."""
        frames = []
        if self._output & 1:
            ms = round(1000 * (self._day_start_s + device_s)) % 86_400_000
            clock = (ms // 3_600_000, ms // 60_000 % 60, ms // 1000 % 60, ms % 1000)
            frames.append(_frame(0x50, struct.pack("<6BH", 26, 11, 25, *clock)))
        if self._output & 2:
            frames.append(_frame(0x51, struct.pack("<4h", *counts(accel_mps2, 16.0 * G_MPS2), 2512)))
        if self._output & 4:
            frames.append(_frame(0x52, struct.pack("<4h", *counts(gyro_radps, _FULL_GYRO_RADPS), 0)))
        if self._output & 8:
            frames.append(_frame(0x53, bytes(8)))
        return [Out("", b"".join(frames))]


def _frame(kind: int, body: bytes) -> bytes:
    head = bytes([0x55, kind]) + body
    return head + bytes([sum(head) % 256])


PLUGIN = WitmotionSerialTwin
