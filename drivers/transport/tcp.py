"""A byte stream over TCP, for wearables and gateways with Wi-Fi; the host is the client."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import ClassVar

from drivers.base import Chunk, ChunkSink, Found, Link
from drivers.transport._addresses import host_and_port
from drivers.transport._settings import no_settings
from fusion.errors import DeviceError


class TcpTransport:
    """Connects to ``host:port`` and listens."""

    name: ClassVar[str] = "tcp"

    async def scan(self, seconds: float) -> tuple[Found, ...]:  # noqa: ARG002 - nothing announces itself over TCP
        """Return nothing: what listens on a network is not searched for."""
        return ()

    async def open(self, address: str, sink: ChunkSink, settings: Mapping[str, object]) -> Link:
        """Connect; see ``drivers.base.Transport``."""
        no_settings(self.name, settings)
        host, port = host_and_port(address)
        loop = asyncio.get_running_loop()
        try:
            _, link = await asyncio.wait_for(loop.create_connection(lambda: _TcpLink(sink, loop), host, port), 5.0)
        except (OSError, TimeoutError) as cause:
            raise DeviceError(
                f"cannot connect to {address}: {cause or 'no answer'}. Check the address and the network."
            ) from cause
        return link


class _TcpLink(asyncio.Protocol):
    def __init__(self, sink: ChunkSink, loop: asyncio.AbstractEventLoop) -> None:
        self._sink = sink
        self._loop = loop
        self._transport: asyncio.BaseTransport | None = None
        self._why: asyncio.Future[str] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._sink(Chunk("", data, self._loop.time()))

    def connection_lost(self, error: Exception | None) -> None:
        if not self._why.done():
            self._why.set_result("the connection was closed" if error is None else f"the connection broke: {error}")

    async def subscribe(self, channel: str) -> None:
        """Do nothing: a connection has one channel, which flows."""

    async def write(self, channel: str, data: bytes, *, response: bool = False) -> None:  # noqa: ARG002
        if self._why.done() or not isinstance(self._transport, asyncio.WriteTransport):
            raise DeviceError("cannot write: the connection is closed. Connect again.")
        self._transport.write(data)

    async def read(self, channel: str) -> bytes:
        raise DeviceError(f"a connection has no characteristic to read; got {channel!r}. This is a driver's mistake.")

    async def closed(self) -> str:
        return await asyncio.shield(self._why)

    async def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
        if not self._why.done():
            self._why.set_result("closed")


PLUGIN = TcpTransport
