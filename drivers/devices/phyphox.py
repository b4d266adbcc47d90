"""A phone with the app phyphox, asked over its remote access (HTTP).

Source: phyphox wiki, "Remote-interface communication". ``/get?a=full`` returns a whole buffer,
``/get?t=1.5&a=1.5|t`` what
belongs to values of t above 1.5. The answer is ``{"buffer": {name: {"buffer": [...]}}, "status": {...}}``;
``/control?cmd=start`` starts. The experiment must record acceleration with g and the gyroscope; their buffers are
``acc_time, accX, accY, accZ`` and ``gyr_time, gyrX, gyrY, gyrZ``. Times are seconds since its start, by the phone's
clock; axes as in Android.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from drivers.base import Chunk, DecodeCounts, DeviceInfo, Found, Packet, Session
from drivers.devices._packets import Packets, Pairing, transport_among

_ACCEL = ("acc_time", "accX", "accY", "accZ")
_GYRO = ("gyr_time", "gyrX", "gyrY", "gyrZ")
_MOST_READINGS = 20_000


class Phyphox:
    """A phone with phyphox; what was received last decides what is asked for next.

    Parameters
    ----------
    rate_hz
        What the phone's sensors deliver about; it cannot be set from here.
    """

    accel_range_mps2 = np.nan
    gyro_range_radps = np.nan

    info: ClassVar[DeviceInfo] = DeviceInfo(
        title="phone with phyphox",
        transports=("http_poll",),
        rates_hz=(50.0, 100.0, 200.0, 400.0),
        tested_against=("specification", "simulator"),
        poll_s=0.1,
        notes="needs an experiment with acceleration and gyroscope, and remote access switched on",
    )

    def __init__(self, rate_hz: float = 100.0, transport: str = "http_poll") -> None:
        transport_among(self.info.transports, transport, "phyphox")
        self.rate_hz = rate_hz
        self.transport = transport
        self._newest_s: dict[str, float] = {}

    def recognises(self, found: Found) -> bool:  # noqa: ARG002 - phones are not scanned for
        """Say no: the app shows its address."""
        return False

    def decoder(self) -> PhyphoxDecoder:
        """Return a decoder."""
        return PhyphoxDecoder(self.rate_hz, self._newest_s)

    async def start(self, link: Session) -> None:
        """Let the experiment run."""
        await link.write("", b"/control?cmd=start")

    async def poll(self, link: Session) -> None:
        """Ask for what is new."""
        await link.write("", request(self._newest_s).encode("ascii"))

    async def stop(self, link: Session) -> None:
        """Let the experiment pause."""
        await link.write("", b"/control?cmd=stop")


def request(newest_s: dict[str, float]) -> str:
    """Return the path that asks for readings later than those of each time buffer."""
    parts = []
    for time, *axes in (_ACCEL, _GYRO):
        if time in newest_s:
            after = f"{newest_s[time]:.9g}"
            parts += [f"{time}={after}", *(f"{axis}={after}|{time}" for axis in axes)]
        else:
            parts += [f"{name}=full" for name in (time, *axes)]
    return "/get?" + "&".join(parts)


class PhyphoxDecoder:
    """Reads answers; remembers the newest time of each sensor."""

    def __init__(self, rate_hz: float, newest_s: dict[str, float] | None = None) -> None:
        self.counts = DecodeCounts()
        self.newest_s = {} if newest_s is None else newest_s
        self._pairing = Pairing(rate_hz)
        self._packets = Packets(self.counts, np.nan, np.nan)

    def feed(self, chunk: Chunk) -> tuple[Packet, ...]:
        """Return the samples of an answer that are complete."""
        if chunk.channel == "/control":
            return ()
        try:
            answer = json.loads(chunk.data)
        except (ValueError, RecursionError):
            answer = None
        buffers = answer.get("buffer") if isinstance(answer, dict) else None
        if not isinstance(buffers, dict):
            self.counts.rejected += 1
            self.counts.skipped_bytes += len(chunk.data)
            return ()
        self.counts.frames += 1
        paired = self._pairing.add(self._vectors(buffers, _ACCEL), self._vectors(buffers, _GYRO))
        return () if paired is None else (self._packets.make(*paired, chunk.arrival_s),)

    def reset(self) -> None:
        """Keep everything: an answer is never halved."""

    def _vectors(self, buffers: dict[str, Any], names: Sequence[str]) -> list[tuple[float, Sequence[float]]]:
        columns = [_numbers(buffers.get(name)) for name in names]
        count = min(len(column) for column in columns)
        rows = np.array([column[:count] for column in columns]).T.reshape(count, 4)
        rows = rows[np.isfinite(rows).all(axis=1)]
        if len(rows):
            self.newest_s[names[0]] = max(float(rows[:, 0].max()), self.newest_s.get(names[0], -np.inf))
        return [(float(row[0]), row[1:].tolist()) for row in rows]


def _numbers(buffer: object) -> list[float]:
    values = buffer.get("buffer") if isinstance(buffer, dict) else None
    if not isinstance(values, list):
        return []
    return [_number(value) for value in values[:_MOST_READINGS]]


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return np.nan
    try:
        return float(value)
    except OverflowError:
        return np.nan


PLUGIN = Phyphox
