"""A small HTTP server that phones push their samples to. Bound to the loopback unless a host is named.

It takes POST and PUT with a stated length and answers 200; a body is one chunk, its path the channel. Anything else
is refused, and nobody can make it hold more than ``LARGEST_BODY`` bytes for each of ``MOST_CLIENTS`` connections.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import ClassVar

from drivers.base import LARGEST_CHUNK, Chunk, ChunkSink, Found, Link
from drivers.transport._addresses import host_and_port
from drivers.transport._settings import no_settings
from fusion.errors import DeviceError

LARGEST_HEAD = 8192
LARGEST_BODY = LARGEST_CHUNK
MOST_CLIENTS = 8
PATIENCE_S = 30.0

_ANSWER = "HTTP/1.1 {}\r\nContent-Length: 0\r\nConnection: {}\r\n\r\n"


class HttpPushTransport:
    """Listens at ``port`` of the loopback, or at ``host:port`` so that a phone in the same network reaches it."""

    name: ClassVar[str] = "http_push"

    async def scan(self, seconds: float) -> tuple[Found, ...]:  # noqa: ARG002 - see TcpTransport
        """Return nothing: phones come by themselves."""
        return ()

    async def open(self, address: str, sink: ChunkSink, settings: Mapping[str, object]) -> Link:
        """Start the server; see ``drivers.base.Transport``."""
        no_settings(self.name, settings)
        link = _PushLink(sink)
        host, port = host_and_port(address)
        try:
            link.server = await asyncio.start_server(link.serve, host, port, limit=LARGEST_HEAD)
        except OSError as cause:
            raise DeviceError(
                f"cannot listen at {address}: {cause}. Choose another port or close its user."
            ) from cause
        return link


class _PushLink:
    def __init__(self, sink: ChunkSink) -> None:
        self.server: asyncio.Server | None = None
        self._sink = sink
        self._loop = asyncio.get_running_loop()
        self._clients: set[asyncio.StreamWriter] = set()
        self._why: asyncio.Future[str] = self._loop.create_future()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take requests of one client until it leaves or sends what is not meant."""
        self._clients.add(writer)
        try:
            if len(self._clients) > MOST_CLIENTS:
                writer.write(_ANSWER.format("503 Service Unavailable", "close").encode())
                return
            while await self._request(reader, writer):
                pass
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            return  # a broken client hurts nobody but itself
        finally:
            self._clients.discard(writer)
            writer.close()

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        async with asyncio.timeout(PATIENCE_S):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.split("\r\n")
            method, path, _ = first.split(" ", 2)
            fields = {
                name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
            }
            size = int(fields.get("content-length", "-1"))
            refusal = _refusal(method, size)
            if refusal:
                writer.write(_ANSWER.format(refusal, "close").encode())
                await writer.drain()
                return False
            body = await reader.readexactly(size)
        self._sink(Chunk(path[:200], body, self._loop.time()))
        stays = fields.get("connection", "").lower() != "close"
        writer.write(_ANSWER.format("200 OK", "keep-alive" if stays else "close").encode())
        await writer.drain()
        return stays

    async def subscribe(self, channel: str) -> None:
        """Do nothing: the phone decides what it sends."""

    async def write(self, channel: str, data: bytes, *, response: bool = False) -> None:  # noqa: ARG002
        raise DeviceError("a phone that pushes cannot be written to; start and stop it in its app.")

    async def read(self, channel: str) -> bytes:
        raise DeviceError(f"a phone that pushes cannot be read; got {channel!r}. This is a driver's mistake.")

    async def closed(self) -> str:
        return await asyncio.shield(self._why)

    async def close(self) -> None:
        if self.server is not None:
            self.server.close()
        for writer in tuple(self._clients):
            writer.close()
        if not self._why.done():
            self._why.set_result("closed")


def _refusal(method: str, size: int) -> str:
    if method not in ("POST", "PUT"):
        return "405 Method Not Allowed"
    if size < 0:
        return "411 Length Required"
    return "413 Content Too Large" if size > LARGEST_BODY else ""


PLUGIN = HttpPushTransport
