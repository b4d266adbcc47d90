"""A phone with the app Sensor Logger, which pushes batches of readings as JSON over HTTP.

Source: github.com/tszheichoi/awesome-sensor-logger, PUSHING.md, UNITS.md and COORDINATES.md. A message is
``{messageId, sessionId, deviceId, payload: [{name, time, values: {x, y, z}}]}``; time is in ns since 1970 by the
phone's clock. Angular rate is in rad/s. Acceleration comes without gravity (``accelerometer``, ``gravity`` apart)
and, on Android, with it (``totalacceleration``), in m/s^2; iOS has all signs of acceleration the other way round.
``messageId`` counts messages.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from drivers.base import Chunk, DecodeCounts, DeviceInfo, DeviceStatus, Found, Packet, Session
from drivers.devices._packets import Packets, Pairing, transport_among
from fusion.errors import UsageError

_MOST_READINGS = 20_000
_Reading = tuple[float, Sequence[float]]


@dataclass(frozen=True, slots=True)
class SensorLogger:
    """A phone that pushes; start and stop it in its app, with "Standardise Units & Frames" off.

    Attributes
    ----------
    system
        ``"android"`` or ``"ios"``: they differ in the sign of acceleration.
    """

    rate_hz: float = 100.0
    system: str = "android"
    transport: str = "http_push"
    accel_range_mps2: float = np.nan
    gyro_range_radps: float = np.nan

    info: ClassVar[DeviceInfo] = DeviceInfo(
        title="phone with Sensor Logger",
        transports=("http_push",),
        rates_hz=(50.0, 100.0, 200.0),
        tested_against=("specification", "simulator"),
        has_counter=False,
        has_battery=True,
        notes="messages are counted, samples are not; batches come seconds late, with the phone's stamps",
    )

    def __post_init__(self) -> None:
        """Check what cannot be meant."""
        if self.system not in ("android", "ios"):
            raise UsageError(f"system of device 'sensor_logger' must be android or ios; got {self.system!r}.")
        transport_among(self.info.transports, self.transport, "sensor_logger")

    def recognises(self, found: Found) -> bool:  # noqa: ARG002 - phones come by themselves
        """Say no: nothing that pushes can be scanned for."""
        return False

    def decoder(self) -> SensorLoggerDecoder:
        """Return a decoder."""
        return SensorLoggerDecoder(self)

    async def start(self, link: Session) -> None:
        """Do nothing: the phone is started by hand."""

    async def poll(self, link: Session) -> None:
        """Do nothing."""

    async def stop(self, link: Session) -> None:
        """Do nothing."""


class SensorLoggerDecoder:
    """Reads messages; counts those that are missing."""

    def __init__(self, device: SensorLogger) -> None:
        self.counts = DecodeCounts()
        self._sign = -1.0 if device.system == "ios" else 1.0
        self._pairing = Pairing(device.rate_hz)
        self._packets = Packets(self.counts, np.nan, np.nan)
        self._linear: dict[float, Sequence[float]] = {}
        self._gravity: dict[float, Sequence[float]] = {}
        self._last_message = -1
        self.messages_lost = 0

    def feed(self, chunk: Chunk) -> tuple[Packet, ...]:
        """Return the samples of a message that are complete, and the battery."""
        readings = self._readings(chunk.data)
        if readings is None:
            self.counts.rejected += 1
            self.counts.skipped_bytes += len(chunk.data)
            return ()
        self.counts.frames += 1
        packets: list[Packet] = [
            DeviceStatus(chunk.arrival_s, battery=level)
            for level in (_number(item.get("batteryLevel")) for item in readings.get("battery", []))
            if 0.0 <= level <= 1.0
        ]
        accel: list[_Reading] = [(t, [self._sign * v for v in xyz]) for t, xyz in self._accelerations(readings)]
        paired = self._pairing.add(accel, _vectors(readings.get("gyroscope", [])))
        if paired is not None:
            packets.insert(0, self._packets.make(*paired, chunk.arrival_s))
        return tuple(packets)

    def reset(self) -> None:
        """Keep everything: a message is never halved."""

    def _readings(self, data: bytes) -> dict[str, list[Mapping[str, Any]]] | None:
        """Return name -> readings with their values flat beside their time; None where this is no message."""
        try:
            message = json.loads(data)
        except (ValueError, RecursionError):
            return None
        payload = message.get("payload") if isinstance(message, dict) else None
        if not isinstance(payload, list):
            return None
        self._count(message.get("messageId"))
        named: dict[str, list[Mapping[str, Any]]] = {}
        for item in payload[:_MOST_READINGS]:
            if isinstance(item, dict) and isinstance(item.get("name"), str):
                values = item.get("values")
                flat = {**item, **values} if isinstance(values, dict) else item
                named.setdefault(item["name"].lower(), []).append(flat)
        return named

    def _count(self, number: object) -> None:
        if isinstance(number, int) and not isinstance(number, bool):
            if 0 <= self._last_message < number:
                self.messages_lost += number - self._last_message - 1
            self._last_message = number

    def _accelerations(self, readings: Mapping[str, list[Mapping[str, Any]]]) -> list[_Reading]:
        """Return acceleration with gravity: as the phone gives it, or the sum of its two parts at equal times."""
        total = _vectors(readings.get("totalacceleration", []))
        if total:
            return total
        self._linear.update(_vectors(readings.get("accelerometer", [])))
        self._gravity.update(_vectors(readings.get("gravity", [])))
        both = sorted(self._linear.keys() & self._gravity.keys())
        sums: list[_Reading] = []
        for t in both:
            sums.append((t, [a + g for a, g in zip(self._linear[t], self._gravity[t], strict=True)]))
        if both:
            self._linear = {t: xyz for t, xyz in self._linear.items() if t > both[-1]}
            self._gravity = {t: xyz for t, xyz in self._gravity.items() if t > both[-1]}
        for kept in (self._linear, self._gravity):  # a phone without the other sensor must not fill the memory
            for old in sorted(kept)[:-_MOST_READINGS]:
                del kept[old]
        return sums


def _vectors(items: list[Mapping[str, Any]]) -> list[_Reading]:
    found: list[_Reading] = []
    for item in items:
        time_ns, xyz = _number(item.get("time")), [_number(item.get(axis)) for axis in "xyz"]
        if np.isfinite([time_ns, *xyz]).all():
            # Nanoseconds since 1970 keep 0.2 us in a double; the fraction of a second is what matters.
            found.append((1e-9 * time_ns, xyz))
    return sorted(found, key=lambda reading: reading[0])


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return np.nan
    try:
        return float(value)
    except OverflowError:
        return np.nan


PLUGIN = SensorLogger
