"""One wearable from its address to its packets: connect, start, listen, ask, notice silence, connect again.

1. Open the link; every chunk is written to the raw log, then decoded, then handed on.
2. Start the device; poll it (ping, battery) while it streams.
3. When the link ends, or nothing comes for ``SILENT_S``, say so and begin again, at once and then ever less often.

What fails is told once, in words; the other wearables do not notice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np

from drivers.base import (
    LARGEST_CHUNK,
    Chunk,
    Decoder,
    Device,
    DeviceStatus,
    ImuPacket,
    Link,
    Packet,
    Reply,
    Transport,
)
from drivers.rawlog import Declared, RawLog
from fusion.errors import DeviceError, StorageError, TandemError

SILENT_S = 2.0
"""A device that streams and says nothing for so long has lost its link, whatever the radio thinks."""

START_S = 15.0
"""Setting a device up takes no longer, unless it never answers."""

PAUSES_S = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
"""Before the first, second, ... new attempt to connect; the last one repeats."""

CONNECTING, STREAMING, LOST, STOPPED = "connecting", "streaming", "lost", "stopped"

MOST_LEARNED = 64
"""Answers that are kept for the beginning of a log; setting a device up takes a dozen."""

_UNREADABLE_BYTES = 4000


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """Something an operator should know: a link came, was lost, or cannot be had.

    Attributes
    ----------
    stream
        Name of the stream.
    state
        ``"connecting"``, ``"streaming"``, ``"lost"`` or ``"stopped"``.
    reason
        Why, and what to do.
    """

    stream: str
    state: str
    reason: str
    time_s: float


@dataclass(slots=True)
class StreamHealth:
    """How a stream is now; read by the status line, the app and the start-up check.

    Attributes
    ----------
    state, reason
        As in ``StreamEvent``.
    samples, lost
        Received; missing by the device's own counter.
    saturated
        Samples at full scale.
    reconnects
        How often the link came back.
    last_arrival_s
        Host time of the last chunk; NaN before the first.
    rate_hz
        Received samples per second over the last seconds.
    battery, battery_v, rssi_dbm
        What the device told last; NaN where it does not tell.
    """

    state: str = CONNECTING
    reason: str = ""
    samples: int = 0
    lost: int = 0
    saturated: int = 0
    reconnects: int = 0
    last_arrival_s: float = np.nan
    rate_hz: float = np.nan
    battery: float = np.nan
    battery_v: float = np.nan
    rssi_dbm: float = np.nan
    message: str = ""
    gaps: list[tuple[float, float]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a stream comes from: a device that is set up, and how to reach it."""

    name: str
    device_name: str
    device: Device
    transport: Transport
    address: str
    transport_settings: Mapping[str, object] = field(default_factory=dict)
    device_settings: Mapping[str, object] = field(default_factory=dict)


@dataclass(slots=True)
class Listeners:
    """Who is told; each is called on the loop's thread and must be quick."""

    packet: Callable[[str, Packet], None]
    event: Callable[[StreamEvent], None]
    broken: Callable[[StorageError], None]


class _Conversation:
    """What a device driver talks through; see ``drivers.base.Session``."""

    def __init__(self, link: Link, keep_sent: Callable[[Chunk], None], heard: Callable[[Chunk], None]) -> None:
        self._link = link
        self._keep_sent = keep_sent
        self._heard = heard
        self._loop = asyncio.get_running_loop()
        self._waiting: list[tuple[Callable[[Packet], bool], asyncio.Future[Packet]]] = []

    def now_s(self) -> float:
        return self._loop.time()

    def heard(self, packet: Packet) -> None:
        """Give a packet to those who wait for it."""
        for wanted, answer in self._waiting:
            if not answer.done() and wanted(packet):
                answer.set_result(packet)

    async def subscribe(self, channel: str) -> None:
        await self._link.subscribe(channel)

    async def write(self, channel: str, data: bytes, *, response: bool = False) -> None:
        self._keep_sent(Chunk(channel, data, self._loop.time()))
        await self._link.write(channel, data, response=response)

    async def read(self, channel: str) -> bytes:
        data = await self._link.read(channel)
        self._heard(Chunk(channel, data, self._loop.time()))
        return data

    async def closed(self) -> str:
        return await self._link.closed()

    async def close(self) -> None:
        await self._link.close()

    async def ask(
        self,
        channel: str,
        data: bytes,
        wanted: Callable[[Packet], bool],
        *,
        timeout_s: float = 1.0,
        tries: int = 1,
        response: bool = False,
    ) -> Packet:
        answer: asyncio.Future[Packet] = self._loop.create_future()
        entry = (wanted, answer)
        self._waiting.append(entry)
        try:
            for _ in range(tries):
                await self.write(channel, data, response=response)
                with suppress(TimeoutError):
                    return await asyncio.wait_for(asyncio.shield(answer), timeout_s)
        finally:
            self._waiting.remove(entry)
        raise DeviceError(
            f"no answer to {data[:8].hex(' ')} within {timeout_s:g} s, {tries} times. Check that it is the right "
            "kind of device, and switch it off and on."
        )


class WearableStream:
    """Keeps one wearable streaming until it is stopped.

    Parameters
    ----------
    source
        What to connect to.
    listeners
        Who is told.
    raw
        Log that gets every chunk first; None writes none.
    """

    def __init__(self, source: Source, listeners: Listeners, raw: RawLog | None = None) -> None:
        self.source = source
        self.name = source.name
        self.health = StreamHealth()
        self.decoder: Decoder = source.device.decoder()
        self._listeners = listeners
        self._conversation: _Conversation | None = None
        self._raw: RawLog | None = None
        self._number = 0
        self._rates: list[tuple[float, int]] = []
        self._stopping = False
        self._before = (0, 0)
        self._learned: dict[tuple[str, ...], Chunk] = {}
        if raw is not None:
            self.log_to(raw)

    def log_to(self, raw: RawLog | None) -> None:
        """Write every chunk to ``raw`` from now on.

        A log must decode the same without what came before it. So it begins with the answers that the decoder
        learned from, and the decoder begins anew with them: counters start where the log does.
        """
        self._raw = raw
        if raw is None:
            return
        source = self.source
        told = Declared(self.name, source.device_name, source.device_settings, source.transport.name, source.address)
        self._number = raw.declare(told)
        self._before = (self.health.samples, self.health.lost)
        self.decoder = source.device.decoder()
        self._rates.clear()
        for chunk in sorted(self._learned.values(), key=lambda chunk: chunk.arrival_s):
            raw.received(self._number, chunk)
            decode(self.decoder, chunk)

    async def run(self) -> None:
        """Connect and listen, again and again, until cancelled or stopped."""
        failures = 0
        while not self._stopping:
            await asyncio.sleep(PAUSES_S[min(failures, len(PAUSES_S) - 1)])
            try:
                why = await self._one_connection()
                failures = 0
            except TandemError as error:
                why = str(error)
                failures += 1
            except Exception as error:  # noqa: BLE001 - a driver's defect must not end the other streams
                why = f"the driver {self.source.device_name!r} failed: {type(error).__name__}: {error}. Report it."
                failures += 1
            if not self._stopping:
                self._tell(LOST, why)

    async def stop(self) -> None:
        """Let the device rest and the link go."""
        self._stopping = True
        talk = self._conversation
        if talk is not None:
            with suppress(TandemError, TimeoutError):
                async with asyncio.timeout(2.0):
                    await self.source.device.stop(talk)
            await talk.close()
        self._tell(STOPPED, "")

    async def _one_connection(self) -> str:
        """Return why the connection ended."""
        source = self.source
        if self.health.state == LOST and not self.health.reason:
            self._tell(CONNECTING, "")
        link = await source.transport.open(source.address, self._heard, source.transport_settings)
        talk = self._conversation = _Conversation(link, self._keep_sent, self._heard)
        background = [asyncio.create_task(talk.closed())]
        try:
            async with asyncio.timeout(START_S):
                await source.device.start(talk)
            self.health.last_arrival_s = asyncio.get_running_loop().time()
            self._tell(STREAMING, "")
            background += [asyncio.create_task(self._poll(talk)), asyncio.create_task(self._silence())]
            done, _ = await asyncio.wait(background, return_when=asyncio.FIRST_COMPLETED)
            return next(iter(done)).result()
        except TimeoutError as cause:
            raise DeviceError(f"{self.name}: it does not finish its set-up. Switch it off and on.") from cause
        finally:
            for task in background:
                task.cancel()
            self._conversation = None
            await link.close()
            self._interrupted()

    async def _poll(self, talk: _Conversation) -> str:
        while True:
            # Pings must not keep step with the link's own rhythm: see ``fusion.sync.clock``.
            await asyncio.sleep(self.source.device.info.poll_s * (0.8 + 0.4 * (7.31 * talk.now_s() % 1.0)))
            try:
                await self.source.device.poll(talk)
            except TandemError as error:
                return f"it no longer answers: {error}"

    async def _silence(self) -> str:
        while True:
            quiet_s = asyncio.get_running_loop().time() - self.health.last_arrival_s
            if quiet_s >= SILENT_S:
                return f"nothing came for {SILENT_S:g} s. Check its battery and come closer."
            await asyncio.sleep(SILENT_S - quiet_s + 0.01)

    def _heard(self, chunk: Chunk) -> None:
        """Log, decode, hand on; in this order."""
        try:
            if self._raw is not None:
                self._raw.received(self._number, chunk)
        except StorageError as error:
            self._raw = None
            self._listeners.broken(error)
        self.health.last_arrival_s = chunk.arrival_s
        packets = decode(self.decoder, chunk)
        answers = tuple(packet.name for packet in packets if isinstance(packet, Reply))
        if answers and (answers in self._learned or len(self._learned) < MOST_LEARNED):
            self._learned[answers] = chunk
        self._count(chunk.arrival_s)
        for packet in packets:
            self._note(packet)
            if self._conversation is not None:
                self._conversation.heard(packet)
            if not isinstance(packet, Reply):
                self._listeners.packet(self.name, packet)

    def _keep_sent(self, chunk: Chunk) -> None:
        try:
            if self._raw is not None:
                self._raw.sent(self._number, chunk)
        except StorageError as error:
            self._raw = None
            self._listeners.broken(error)

    def _interrupted(self) -> None:
        self.decoder.reset()
        if self._raw is not None:
            with suppress(StorageError):
                self._raw.interrupted(self._number, asyncio.get_running_loop().time(), self.health.reason)

    def _note(self, packet: Packet) -> None:
        health = self.health
        if isinstance(packet, ImuPacket):
            health.saturated += int(packet.saturated.sum())
        elif isinstance(packet, DeviceStatus):
            for name in ("battery", "battery_v", "rssi_dbm"):
                value = getattr(packet, name)
                if np.isfinite(value):
                    setattr(health, name, value)
            health.message = packet.message or health.message

    def _count(self, now_s: float) -> None:
        counts, health = self.decoder.counts, self.health
        health.samples, health.lost = self._before[0] + counts.samples, self._before[1] + counts.lost
        self._rates.append((now_s, counts.samples))
        while len(self._rates) > 2 and now_s - self._rates[0][0] > 3.0:
            self._rates.pop(0)
        span_s = now_s - self._rates[0][0]
        if span_s > 0.5:
            health.rate_hz = (counts.samples - self._rates[0][1]) / span_s
        if counts.frames == 0 and counts.skipped_bytes > _UNREADABLE_BYTES and not health.message:
            health.message = "bytes come but none can be read: check the baud rate and the kind of device"

    def _tell(self, state: str, reason: str) -> None:
        health, now_s = self.health, asyncio.get_running_loop().time()
        if (state, reason) == (health.state, health.reason):
            return
        if state == STREAMING:
            health.reconnects += health.state != CONNECTING
        health.state, health.reason = state, reason
        self._listeners.event(StreamEvent(self.name, state, reason, now_s))


def decode(decoder: Decoder, chunk: Chunk) -> tuple[Packet, ...]:
    """Return what a decoder makes of a chunk; what is too long to be a message is cut, live and in replay alike."""
    if len(chunk.data) > LARGEST_CHUNK:
        decoder.counts.rejected += 1
        chunk = Chunk(chunk.channel, chunk.data[:LARGEST_CHUNK], chunk.arrival_s)
    return decoder.feed(chunk)
