"""What a virtual device promises, and the motion that it measures.

A ``Twin`` is the far end of a driver: it answers commands and turns true readings into the bytes that the real thing
would send. It knows nothing of radios and ports: ``TwinHost`` lets its time pass and carries its bytes to whichever
link is attached (memory, virtual Bluetooth, pseudo terminal).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np

from fusion.types import Floats, ImuSamples


class Out(NamedTuple):
    """Bytes that a device sends on a channel."""

    channel: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Characteristic:
    """One characteristic of a virtual device; ``properties`` in bleak's words: read, write, notify, ..."""

    uuid: str
    properties: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """What a virtual Bluetooth device shows; empty for one at a port.

    Attributes
    ----------
    services
        Service UUID -> characteristics; the first one is advertised.
    """

    name: str = ""
    services: Mapping[str, tuple[Characteristic, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TwinClock:
    """A device's own clock: device time = (host time - ``start_s``) (1 + ``skew``) + ``offset_s``."""

    offset_s: float = 0.0
    skew: float = 0.0
    start_s: float = 0.0

    def device_s(self, host_s: float) -> float:
        """Return the device's time at a host time, s."""
        return (host_s - self.start_s) * (1.0 + self.skew) + self.offset_s

    def host_s(self, device_s: float) -> float:
        """Return the host time of a device's time, s."""
        return (device_s - self.offset_s) / (1.0 + self.skew) + self.start_s


class Twin(Protocol):
    """A virtual device; constructed with settings that all have defaults.

    Attributes
    ----------
    profile
        What it shows on the air.
    clock
        Its own clock.
    """

    profile: Profile
    clock: TwinClock

    @property
    def rate_hz(self) -> float:
        """Return the rate at which it samples now; 0 while it does not."""
        ...

    def attached(self, mtu: int) -> list[Out]:
        """Take note of a new link; return what is sent at once."""
        ...

    def detached(self) -> None:
        """Take note that the link is gone."""
        ...

    def received(self, channel: str, data: bytes, now_s: float) -> list[Out]:
        """Take a command; ``now_s`` is the true host time. Return the answers."""
        ...

    def value(self, channel: str) -> bytes:
        """Return the value of a characteristic that is read."""
        ...

    def sample(self, device_s: float, accel_mps2: Floats, gyro_radps: Floats) -> list[Out]:
        """Take one reading, each (3,), in sensor axes, at a time of its own clock; return what is sent now."""
        ...

    def tick(self, now_s: float) -> list[Out]:
        """Return what is sent without a reading; called about ten times a second."""
        ...


class Feed(Protocol):
    """What a virtual sensor feels."""

    def at(self, host_s: float) -> tuple[Floats, Floats]:
        """Return specific force, m/s^2, and angular rate, rad/s, each (3,), at a true host time."""
        ...


@dataclass(frozen=True, slots=True)
class StreamFeed:
    """Motion from a stream on true time, repeated from its start when it ends.

    Attributes
    ----------
    time_s
        True times, from 0, shape (n,).
    start_s
        Host time at which it begins.
    """

    time_s: Floats
    accel_mps2: Floats
    gyro_radps: Floats
    start_s: float = 0.0

    @classmethod
    def of(cls, imu: ImuSamples, time_s: Floats, start_s: float) -> StreamFeed:
        """Return the feed of simulated samples with their true times, s."""
        known = np.isfinite(imu.accel_mps2).all(axis=1) & np.isfinite(imu.gyro_radps).all(axis=1)
        return cls(time_s[known] - time_s[known][0], imu.accel_mps2[known], imu.gyro_radps[known], start_s)

    def at(self, host_s: float) -> tuple[Floats, Floats]:
        """Return the readings, interpolated."""
        time = (host_s - self.start_s) % float(self.time_s[-1])
        after = min(max(int(np.searchsorted(self.time_s, time)), 1), len(self.time_s) - 1)
        before = after - 1
        share = (time - self.time_s[before]) / (self.time_s[after] - self.time_s[before])
        return (
            np.asarray(self.accel_mps2[before] + share * (self.accel_mps2[after] - self.accel_mps2[before])),
            np.asarray(self.gyro_radps[before] + share * (self.gyro_radps[after] - self.gyro_radps[before])),
        )


@dataclass(frozen=True, slots=True)
class StillFeed:
    """A sensor at rest, or one that turns and is pushed in a way that numbers can be told apart by."""

    accel_mps2: tuple[float, float, float] = (0.0, 0.0, 9.81)
    swing: float = 0.0

    def at(self, host_s: float) -> tuple[Floats, Floats]:
        """Return the readings."""
        phases = host_s * np.array([1.0, 1.3, 1.7])
        return np.array(self.accel_mps2) + self.swing * np.sin(phases), self.swing * np.cos(phases)


class Taken(NamedTuple):
    """One reading that a virtual device took: its own time, the true host time, and the values."""

    device_s: float
    host_s: float
    accel_mps2: Floats
    gyro_radps: Floats


class TwinHost:
    """Lets a twin live: its time passes, it samples, and what it sends goes to the link that is attached.

    Attributes
    ----------
    taken
        Every reading, in order, when ``keep`` is set.
    unsent
        Chunks that found no link.
    """

    TICK_S = 0.1

    def __init__(self, twin: Twin, feed: Feed, *, keep: bool = False) -> None:
        self.twin = twin
        self.feed = feed
        self.taken: list[Taken] = []
        self.count = 0
        self.unsent = 0
        self._keep = keep
        self._send: Callable[[Out], None] | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def is_attached(self) -> bool:
        """Say whether a link is there."""
        return self._send is not None

    def attach(self, send: Callable[[Out], None], mtu: int = 247) -> None:
        """Let what the twin sends go to ``send``."""
        self._send = send
        self.deliver(self.twin.attached(mtu))

    def detach(self) -> None:
        """Take the link away."""
        if self._send is not None:
            self._send = None
            self.twin.detached()

    def start(self) -> None:
        """Begin to live, as a task of the running loop."""
        self._task = asyncio.create_task(self._live())

    def stop(self) -> None:
        """Switch it off."""
        if self._task is not None:
            self._task.cancel()

    def write(self, channel: str, data: bytes) -> None:
        """Give the twin a command."""
        self.deliver(self.twin.received(channel, data, asyncio.get_running_loop().time()))

    def deliver(self, outs: list[Out]) -> None:
        """Send, or count what cannot be sent."""
        for out in outs:
            if self._send is None:
                self.unsent += 1
            else:
                self._send(out)

    async def _live(self) -> None:
        """Sample at the device's own rate; tick in between."""
        loop, clock = asyncio.get_running_loop(), self.twin.clock
        next_s, last_tick_s, rate_hz = np.nan, loop.time(), 0.0
        while True:
            now_s = loop.time()
            if self.twin.rate_hz != rate_hz:
                rate_hz = self.twin.rate_hz
                next_s = clock.device_s(now_s) + (1.0 / rate_hz if rate_hz > 0.0 else np.nan)
            while rate_hz > 0.0 and clock.host_s(next_s) <= now_s + 1e-9:
                self._sample(next_s)
                next_s += 1.0 / rate_hz
            if now_s - last_tick_s >= self.TICK_S - 1e-9:
                last_tick_s = now_s
                self.deliver(self.twin.tick(now_s))
            wait_s = last_tick_s + self.TICK_S - now_s
            if rate_hz > 0.0:
                wait_s = min(wait_s, clock.host_s(next_s) - now_s)
            await asyncio.sleep(max(wait_s, 0.0))

    def _sample(self, device_s: float) -> None:
        host_s = self.twin.clock.host_s(device_s)
        accel, gyro = self.feed.at(host_s)
        self.count += 1
        if self._keep:
            self.taken.append(Taken(device_s, host_s, accel, gyro))
        self.deliver(self.twin.sample(device_s, accel, gyro))
