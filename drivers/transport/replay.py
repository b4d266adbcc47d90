"""Replay of a raw log: the same chunks at the same host times through the same decoders.

``replay`` decodes a log at once; as a transport, ``raw_log.tgraw#stream`` opens like any other address and plays its
chunks back, keeping their stamps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

from drivers.base import Chunk, ChunkSink, Device, Found, Link, Packet
from drivers.rawlog import INTERRUPTED, RECEIVED, StoredRawLog, read_raw_log
from drivers.session import decode
from drivers.transport._settings import known_settings
from fusion.errors import DeviceError, UsageError
from fusion.plugins import load


def devices_of(log: StoredRawLog) -> dict[str, Device]:
    """Return stream -> its device with the settings that the log declares."""
    return {stream.name: load("drivers.devices", stream.device, **stream.settings) for stream in log.streams}


def replay(log: StoredRawLog) -> Iterator[tuple[str, Packet]]:
    """Yield (stream, packet) exactly as the live session handed them on."""
    decoders = {name: device.decoder() for name, device in devices_of(log).items()}
    names = [stream.name for stream in log.streams]
    for record in log.records:
        decoder = decoders[names[record.stream]]
        if record.kind == RECEIVED:
            for packet in decode(decoder, record.chunk):
                yield names[record.stream], packet
        elif record.kind == INTERRUPTED:
            decoder.reset()


class ReplayTransport:
    """Plays the streams of a raw log. Setting: ``speed``, 0 for as fast as possible (default 1)."""

    name: ClassVar[str] = "replay"

    async def scan(self, seconds: float) -> tuple[Found, ...]:  # noqa: ARG002 - a log is no surprise
        """Return nothing: a log is named, not found."""
        return ()

    async def open(self, address: str, sink: ChunkSink, settings: Mapping[str, object]) -> Link:
        """Open ``path#stream``; see ``drivers.base.Transport``."""
        known_settings(self.name, settings, ("speed",))
        path, _, stream = address.rpartition("#")
        log = read_raw_log(Path(path))
        names = [declared.name for declared in log.streams]
        if stream not in names:
            raise UsageError(f"'{path}' holds {', '.join(names)}; got {stream!r}. Write path#stream.")
        speed = float(str(settings.get("speed", 1.0)))
        chunks = [r.chunk for r in log.records if r.kind == RECEIVED and r.stream == names.index(stream)]
        return _ReplayLink(chunks, sink, speed)


class _ReplayLink:
    def __init__(self, chunks: list[Chunk], sink: ChunkSink, speed: float) -> None:
        self._why: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._play(chunks, sink, speed))

    async def _play(self, chunks: list[Chunk], sink: ChunkSink, speed: float) -> None:
        before_s = chunks[0].arrival_s if chunks else 0.0
        for chunk in chunks:
            await asyncio.sleep((chunk.arrival_s - before_s) / speed if speed > 0.0 else 0.0)
            before_s = chunk.arrival_s
            sink(chunk)
        if not self._why.done():
            self._why.set_result("the log ends here")

    async def subscribe(self, channel: str) -> None:
        """Do nothing: a log plays all channels."""

    async def write(self, channel: str, data: bytes, *, response: bool = False) -> None:
        """Do nothing: what was said then cannot be changed."""

    async def read(self, channel: str) -> bytes:
        raise DeviceError(f"a log cannot be read for {channel!r}; it holds what was notified. Use the device itself.")

    async def closed(self) -> str:
        return await asyncio.shield(self._why)

    async def close(self) -> None:
        self._task.cancel()
        if not self._why.done():
            self._why.set_result("closed")


PLUGIN = ReplayTransport
