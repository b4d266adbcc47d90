"""A client that asks a phone's HTTP server for what is new; each answer is one chunk, its path the channel."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import ClassVar

from drivers.base import LARGEST_CHUNK, Chunk, ChunkSink, Found, Link
from drivers.transport._addresses import host_and_port
from drivers.transport._settings import no_settings
from fusion.errors import DeviceError


class HttpPollTransport:
    """Asks ``host:port``; what is written to the link is the path to ask for."""

    name: ClassVar[str] = "http_poll"

    async def scan(self, seconds: float) -> tuple[Found, ...]:  # noqa: ARG002 - see TcpTransport
        """Return nothing: the app on the phone shows its address."""
        return ()

    async def open(self, address: str, sink: ChunkSink, settings: Mapping[str, object]) -> Link:
        """Check that the phone answers; see ``drivers.base.Transport``."""
        no_settings(self.name, settings)
        link = _PollLink(sink, *host_and_port(address))
        await link.get("/config")
        return link


class _PollLink:
    def __init__(self, sink: ChunkSink, host: str, port: int) -> None:
        self._sink = sink
        self._address = (host, port)
        self._loop = asyncio.get_running_loop()
        self._why: asyncio.Future[str] = self._loop.create_future()

    async def get(self, path: str) -> bytes:
        """Return the body of the answer to a GET request."""
        host, port = self._address
        try:
            async with asyncio.timeout(3.0):
                reader, writer = await asyncio.open_connection(host, port, limit=LARGEST_CHUNK)
                try:
                    writer.write(f"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
                    answer = await _until_end(reader)
                finally:
                    writer.close()
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as cause:
            self._end("the phone no longer answers")
            raise DeviceError(
                f"{host}:{port} does not answer: {cause or 'no answer in time'}. Start remote access in the app, and "
                "check that both are in one network."
            ) from cause
        head, _, body = answer.partition(b"\r\n\r\n")
        if b" 200" not in head.split(b"\r\n", 1)[0]:
            raise DeviceError(f"{host}:{port} answers {head[:40]!r} to {path}. Check that the app is the right one.")
        return body

    async def subscribe(self, channel: str) -> None:
        """Do nothing: a phone answers when it is asked."""

    async def write(self, channel: str, data: bytes, *, response: bool = False) -> None:  # noqa: ARG002
        path = data.decode("ascii", "replace")
        body = await self.get(path)
        self._sink(Chunk(path.partition("?")[0], body, self._loop.time()))

    async def read(self, channel: str) -> bytes:
        return await self.get(channel)

    async def closed(self) -> str:
        return await asyncio.shield(self._why)

    async def close(self) -> None:
        self._end("closed")

    def _end(self, why: str) -> None:
        if not self._why.done():
            self._why.set_result(why)


async def _until_end(reader: asyncio.StreamReader, most: int = 16 * LARGEST_CHUNK) -> bytes:
    parts, size = [], 0
    while part := await reader.read(LARGEST_CHUNK):
        parts.append(part)
        size += len(part)
        if size > most:
            raise DeviceError(f"the answer is longer than {most} bytes. Ask for less, or check what answers there.")
    return b"".join(parts)


PLUGIN = HttpPollTransport
