"""A virtual phone that pushes as the app Sensor Logger does, a batch five times a second."""

from __future__ import annotations

import json

from drivers.sim.base import Out, Profile, TwinClock
from drivers.sim.twins._simple import SimpleTwin
from fusion.types import Floats

_EPOCH_NS = 1_764_000_000_000_000_000
_GYRO_LATE_NS = 1_300_000


class SensorLoggerTwin(SimpleTwin):
    """An Android phone; its gyroscope is sampled a little after its accelerometer."""

    def __init__(self, clock: TwinClock | None = None, rate_hz: float = 100.0) -> None:
        super().__init__(Profile(), rate_hz, clock, on=True)
        self._batch: list[dict[str, object]] = []
        self._number = 0

    def sample(self, device_s: float, accel_mps2: Floats, gyro_radps: Floats) -> list[Out]:
        """Gather one reading of each sensor; send a full batch."""
        time_ns = _EPOCH_NS + round(1e9 * device_s)
        self._batch.append(_reading("totalacceleration", time_ns, accel_mps2))
        self._batch.append(_reading("gyroscope", time_ns + _GYRO_LATE_NS, gyro_radps))
        if len(self._batch) < 2 * self.rate / 5.0:
            return []
        message = {"messageId": self._number, "sessionId": "twin", "deviceId": "twin", "payload": self._batch}
        self._number += 1
        self._batch = []
        return [Out("/", json.dumps(message).encode())]


def _reading(name: str, time_ns: int, values: Floats) -> dict[str, object]:
    return {"name": name, "time": time_ns, "values": dict(zip("xyz", values.tolist(), strict=True))}


PLUGIN = SensorLoggerTwin
