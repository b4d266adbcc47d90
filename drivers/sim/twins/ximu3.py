"""A virtual x-IMU3, written from the maker's user manual: JSON commands, binary and ASCII messages, battery."""

from __future__ import annotations

import json
import struct

import numpy as np

from drivers.sim.base import Out, Profile, TwinClock
from drivers.sim.twins._simple import G_MPS2, SimpleTwin
from fusion.types import Floats


class Ximu3Twin(SimpleTwin):
    """Streams while it is on; a divisor of 400 Hz sets the message rate."""

    def __init__(self, clock: TwinClock | None = None, *, binary: bool = False) -> None:
        super().__init__(Profile(), 100.0, clock, on=True)
        self._binary = binary
        self._settings: dict[str, object] = {}
        self._told_s = -np.inf

    def received(self, channel: str, data: bytes, now_s: float) -> list[Out]:  # noqa: ARG002
        """Answer each line with the same key."""
        outs = []
        for line in data.splitlines():
            (key, value), *_ = json.loads(line).items()
            if key == "ping":
                value = {"interface": "USB", "deviceName": "x-IMU3", "serialNumber": "01234567"}
            elif key == "apply":
                self.rate = 400.0 / int(str(self._settings.get("inertialMessageRateDivisor", 4)))
                self._binary = bool(self._settings.get("binaryModeEnabled", self._binary))
            else:
                self._settings[key] = value
            outs.append(Out("", json.dumps({key: value}, separators=(",", ":")).encode() + b"\r\n"))
        return outs

    def tick(self, now_s: float) -> list[Out]:
        """Send the battery message five times a minute."""
        if not self.is_attached or now_s - self._told_s < 12.0:
            return []
        self._told_s = now_s
        return [self._message("B", self.clock.device_s(now_s), [62.0, 3.91, 1.0])]

    def sample(self, device_s: float, accel_mps2: Floats, gyro_radps: Floats) -> list[Out]:
        """Send one inertial message."""
        return [self._message("I", device_s, [*np.degrees(gyro_radps), *(accel_mps2 / G_MPS2)])]

    def _message(self, letter: str, device_s: float, arguments: list[float]) -> Out:
        tick = round(1e6 * device_s)
        if not self._binary:
            return Out("", f"{letter},{tick},{','.join(f'{value:.4f}' for value in arguments)}\r\n".encode())
        body = bytes([0x80 | ord(letter)]) + struct.pack(f"<Q{len(arguments)}f", tick, *arguments)
        return Out("", body.replace(b"\xdb", b"\xdb\xdd").replace(b"\x0a", b"\xdb\xdc") + b"\x0a")


PLUGIN = Ximu3Twin
