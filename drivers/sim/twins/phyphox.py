"""A virtual phone that answers as phyphox's remote access does."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, urlsplit

from drivers.sim.base import Out, Profile, TwinClock
from drivers.sim.twins._simple import SimpleTwin
from fusion.types import Floats


class PhyphoxTwin(SimpleTwin):
    """Keeps its buffers and hands out what is asked for."""

    def __init__(self, clock: TwinClock | None = None, rate_hz: float = 100.0) -> None:
        super().__init__(Profile(), rate_hz, clock, on=False)
        names = ("acc_time", "accX", "accY", "accZ", "gyr_time", "gyrX", "gyrY", "gyrZ")
        self._buffers: dict[str, list[float]] = {name: [] for name in names}

    def received(self, channel: str, data: bytes, now_s: float) -> list[Out]:  # noqa: ARG002
        """Answer ``/control`` and ``/get``."""
        url = urlsplit(data.decode())
        asked = dict(parse_qsl(url.query))
        if url.path == "/control":
            self.on = asked.get("cmd") == "start"
            return [Out("/control", b'{"result": true}')]
        found = {
            name: {"size": 0, "updateMode": "partial", "buffer": self._part(name, asked[name])} for name in asked
        }
        return [Out("/get", json.dumps({"buffer": found, "status": {"measuring": self.on}}).encode())]

    def sample(self, device_s: float, accel_mps2: Floats, gyro_radps: Floats) -> list[Out]:
        """Keep a reading; the gyroscope is half a millisecond late."""
        row = [device_s, *accel_mps2.tolist(), device_s + 0.0005, *gyro_radps.tolist()]
        for name, value in zip(self._buffers, row, strict=True):
            self._buffers[name].append(value)
        return []

    def _part(self, name: str, asked: str) -> list[float]:
        if asked == "full":
            return self._buffers[name]
        after, _, reference = asked.partition("|")
        times = self._buffers[reference or name]
        return [value for value, time in zip(self._buffers[name], times, strict=True) if time > float(after)]


PLUGIN = PhyphoxTwin
