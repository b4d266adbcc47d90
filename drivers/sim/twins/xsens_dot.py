"""A virtual DOT, written from the maker's service specification: control, medium payload, battery, sync messages."""

from __future__ import annotations

import struct

import numpy as np

from drivers.sim.base import Characteristic, Out, Profile, TwinClock
from drivers.sim.twins._simple import SimpleTwin
from fusion.types import Floats

_BASE = "1517{}-4947-11e9-8646-d663bd873d93"


def _uuid(number: str) -> str:
    return _BASE.format(number)


_SERVICES = {
    _uuid("1000"): (Characteristic(_uuid("1002"), ("read", "write")),),
    _uuid("2000"): (
        Characteristic(_uuid("2001"), ("read", "write")),
        *(Characteristic(_uuid(number), ("notify",)) for number in ("2002", "2003", "2004")),
    ),
    _uuid("3000"): (Characteristic(_uuid("3001"), ("read", "notify")),),
    _uuid("7000"): (
        Characteristic(_uuid("7001"), ("write",)),
        *(Characteristic(_uuid(number), ("notify",)) for number in ("7002", "7003")),
    ),
}


class XsensDotTwin(SimpleTwin):
    """A DOT; ``first_tick`` is the sample time at which its clock begins, us."""

    def __init__(self, clock: TwinClock | None = None, first_tick: int = 4_294_000_000, battery: int = 77) -> None:
        super().__init__(Profile("Xsens DOT", _SERVICES), 60.0, clock, on=False)
        self._first_tick = first_tick
        self._mode = 0
        self._battery = battery
        self._told_s = -np.inf
        self.synced = False

    def value(self, channel: str) -> bytes:
        """Return the device control: tag "twin" in 16 bytes, rate, filter."""
        if channel == _uuid("1002"):
            return (
                bytes([0, 0, 0, 10, 0, 30, 0, 4]) + b"twin".ljust(16, b"\0") + struct.pack("<HB", int(self.rate), 0)
            )
        return bytes([self._battery, 0]) if channel == _uuid("3001") else b""

    def received(self, channel: str, data: bytes, now_s: float) -> list[Out]:  # noqa: ARG002
        """Take rate, start and stop, and messages of the sync service."""
        if channel == _uuid("1002") and data[0] & 0x10:
            self.rate = float(struct.unpack_from("<H", data, 24)[0])
        elif channel == _uuid("2001"):
            self.on, self._mode = data[1] == 1, data[2]
        elif channel == _uuid("7001") and sum(data) % 256 == 0:
            return self._message(data)
        return []

    def tick(self, now_s: float) -> list[Out]:
        """Tell the battery every ten seconds."""
        if not self.is_attached or now_s - self._told_s < 10.0:
            return []
        self._told_s = now_s
        return [Out(_uuid("3001"), bytes([self._battery, 0]))]

    def sample(self, device_s: float, accel_mps2: Floats, gyro_radps: Floats) -> list[Out]:
        """Send one medium payload, padded to its 40 bytes as the real one may be."""
        tick = (self._first_tick + round(1e6 * device_s)) % 2**32
        body = struct.pack("<I6f", tick, *accel_mps2, *np.degrees(gyro_radps))
        if self._mode == 20:
            body += struct.pack("<3h", 400, 0, -800)
        return [Out(_uuid("2003"), body.ljust(40, b"\0"))]

    def _message(self, data: bytes) -> list[Out]:
        kind = data[2]
        if kind == 0x01:
            self.synced = True
            return [Out(_uuid("7002"), _sealed(bytes([2, 2, 3, 0])))]
        if kind == 0x02:
            self.synced = False
        told = 0x04 if self.synced else 0x09
        return [Out(_uuid("7003"), _sealed(bytes([2, 2, 0x51, told])))]


def _sealed(head: bytes) -> bytes:
    return head + bytes([(256 - sum(head)) % 256])


PLUGIN = XsensDotTwin
