"""A virtual Shimmer3 with LogAndStream firmware: acknowledgements, inquiry, calibration, samples.

Its calibration has offsets and a turned alignment, so that a driver which ignores it reads wrong numbers.
"""

from __future__ import annotations

import struct

import numpy as np

from drivers.sim.base import Out, Profile, TwinClock
from drivers.sim.twins._simple import SimpleTwin
from fusion.types import Floats

_ACCEL_SENSITIVITY = (135, 134, 136)
_GYRO_SENSITIVITY_100 = (1640, 1638, 1642)
_ACCEL_OFFSET, _GYRO_OFFSET = (12, -7, 3), (-25, 14, 9)
# The board's axes against the housing's, in hundredths: x and y exchanged and turned, as the maker's default has it.
_ACCEL_ALIGNMENT = (-100, 0, 0, 0, 100, 0, 0, 0, -100)
_GYRO_ALIGNMENT = (0, -100, 0, -100, 0, 0, 0, 0, -100)
_LENGTHS = {0x01: 1, 0x05: 3, 0x07: 1, 0x08: 4, 0x09: 2, 0x20: 1, 0x2C: 1, 0x49: 2}
_FIRST_TICK = 2**24 - 40_000


class Shimmer3Twin(SimpleTwin):
    """Streams what the sensors that were set have to say, accelerometer at 16 g and gyroscope at 2000 deg/s."""

    def __init__(self, clock: TwinClock | None = None) -> None:
        super().__init__(Profile(), 51.2, clock, on=False)
        self._divider = 640
        self._rest = b""

    def attached(self, mtu: int) -> list[Out]:
        """Forget half a command."""
        self._rest = b""
        return super().attached(mtu)

    def received(self, channel: str, data: bytes, now_s: float) -> list[Out]:  # noqa: ARG002
        """Take commands of known lengths."""
        self._rest += data
        outs: list[Out] = []
        while self._rest and len(self._rest) >= (size := _LENGTHS.get(self._rest[0], 1)):
            command, self._rest = self._rest[:size], self._rest[size:]
            outs.append(Out("", b"\xff" + self._answer(command)))
        return outs

    def sample(self, device_s: float, accel_mps2: Floats, gyro_radps: Floats) -> list[Out]:
        """Send battery, gyroscope and wide-range accelerometer."""
        accel = _raw(accel_mps2, _ACCEL_ALIGNMENT, np.array(_ACCEL_SENSITIVITY), _ACCEL_OFFSET)
        gyro_dps = np.degrees(gyro_radps)
        gyro = _raw(gyro_dps, _GYRO_ALIGNMENT, np.array(_GYRO_SENSITIVITY_100) / 100.0, _GYRO_OFFSET)
        tick = (_FIRST_TICK + round(32768 * device_s)) % 2**24
        body = struct.pack("<h", 2600) + struct.pack(">3h", *gyro) + struct.pack("<3h", *accel)
        return [Out("", b"\x00" + tick.to_bytes(3, "little") + body)]

    def _answer(self, command: bytes) -> bytes:
        code = command[0]
        if code == 0x05:
            self._divider = struct.unpack_from("<H", command, 1)[0]
            self.rate = 32768.0 / self._divider
        elif code in (0x07, 0x20):
            self.on = code == 0x07
        elif code == 0x01:
            channels = bytes([0x03, 0x0A, 0x0B, 0x0C, 0x04, 0x05, 0x06])
            return b"\x02" + struct.pack("<HIBB", self._divider, 0, len(channels), 1) + channels
        elif code == 0x2C:
            gyro = struct.pack(">6h9b", *_GYRO_OFFSET, *_GYRO_SENSITIVITY_100, *_GYRO_ALIGNMENT)
            accel = struct.pack(">6h9b", *_ACCEL_OFFSET, *_ACCEL_SENSITIVITY, *_ACCEL_ALIGNMENT)
            return b"\x2d" + bytes(21) + gyro + bytes(21) + accel
        return b""


def _raw(values: Floats, alignment: tuple[int, ...], sensitivity: Floats, offset: tuple[int, ...]) -> list[int]:
    """Return counts: offset + sensitivity (alignment value)."""
    turned = np.array(alignment).reshape(3, 3) / 100.0 @ values
    return [int(count) for count in np.clip(np.rint(np.array(offset) + sensitivity * turned), -32768, 32767)]


PLUGIN = Shimmer3Twin
