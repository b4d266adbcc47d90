"""A virtual MTi, written from MT0101P."""

from __future__ import annotations

import struct

from drivers.sim.base import Out, Profile, TwinClock
from drivers.sim.twins._simple import SimpleTwin
from fusion.types import Floats


class XbusTwin(SimpleTwin):
    """Measures when told to; sends whatever the output configuration names, in its order."""

    def __init__(
        self, clock: TwinClock | None = None, first_count: int = 65500, first_tick: int = 2**32 - 9000
    ) -> None:
        super().__init__(Profile(), 100.0, clock, on=False)
        self._count = first_count
        self._first_tick = first_tick
        self._items: list[int] = []

    def received(self, channel: str, data: bytes, now_s: float) -> list[Out]:  # noqa: ARG002
        """Take configuration messages and acknowledge them with their id + 1."""
        outs = []
        while len(data) >= 5 and data[:2] == b"\xfa\xff":
            size = data[3] + 5
            message, data = data[:size], data[size:]
            if sum(message[1:]) % 256:
                continue
            kind, body = message[2], message[4:-1]
            if kind == 0xC0:
                pairs = list(struct.iter_unpack(">HH", body))
                self._items = [item for item, _ in pairs]
                self.rate = float(max((rate for _, rate in pairs if rate != 0xFFFF), default=self.rate))
            self.on = kind == 0x10 if kind in (0x10, 0x30) else self.on
            outs.append(Out("", _message(kind + 1, body if kind == 0xC0 else b"")))
        return outs

    def sample(self, device_s: float, accel_mps2: Floats, gyro_radps: Floats) -> list[Out]:
        """Send MTData2."""
        tick = (self._first_tick + round(1e4 * device_s)) % 2**32
        content = {
            0x1020: struct.pack(">H", self._count),
            0x1060: struct.pack(">I", tick),
            0x4020: struct.pack(">3f", *accel_mps2),
            0x8020: struct.pack(">3f", *gyro_radps),
            0xE020: struct.pack(">I", 3),
        }
        self._count = (self._count + 1) % 65536
        body = b"".join(struct.pack(">HB", item, len(content[item])) + content[item] for item in self._items)
        return [Out("", _message(0x36, body))]


def _message(kind: int, body: bytes) -> bytes:
    inner = bytes([0xFF, kind, len(body)]) + body
    return b"\xfa" + inner + bytes([(256 - sum(inner) % 256) % 256])


PLUGIN = XbusTwin
