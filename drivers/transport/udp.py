"""Datagrams over UDP: devices send to a port of this host. Bound to the loopback unless a host is named."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import ClassVar

from drivers.base import Chunk, ChunkSink, Found, Link
from drivers.transport._addresses import host_and_port
from drivers.transport._settings import no_settings
from fusion.errors import DeviceError


class UdpTransport:
    """Listens at ``port`` of the loopback, or at ``host:port`` for a network; one chunk per datagram."""

    name: ClassVar[str] = "udp"

    async def scan(self, seconds: float) -> tuple[Found, ...]:  # noqa: ARG002 - see TcpTransport
        """Return nothing: what sends on a network is not searched for."""
        return ()

    async def open(self, address: str, sink: ChunkSink, settings: Mapping[str, object]) -> Link:
        """Bind the port; see ``drivers.base.Transport``."""
        no_settings(self.name, settings)
        loop = asyncio.get_running_loop()
        try:
            _, link = await loop.create_datagram_endpoint(
                lambda: _UdpLink(sink, loop), local_addr=host_and_port(address)
            )
        except OSError as cause:
            raise DeviceError(
                f"cannot listen at {address}: {cause}. Choose another port or close its user."
            ) from cause
        return link


class _UdpLink(asyncio.DatagramProtocol):
    def __init__(self, sink: ChunkSink, loop: asyncio.AbstractEventLoop) -> None:
        self._sink = sink
        self._loop = loop
        self._transport: asyncio.DatagramTransport | None = None
        self._sender: tuple[str, int] | None = None
        self._why: asyncio.Future[str] = loop.create_future()

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        # The first sender is the device; a second one would be mixed into its samples.
        self._sender = self._sender or addr
        if addr == self._sender:
            self._sink(Chunk("", data, self._loop.time()))

    async def subscribe(self, channel: str) -> None:
        """Do nothing: a port has one channel, which flows."""

    async def write(self, channel: str, data: bytes, *, response: bool = False) -> None:  # noqa: ARG002
        if self._transport is None or self._why.done():
            raise DeviceError("cannot write: the port is closed. Open it again.")
        if self._sender is None:
            raise DeviceError("cannot write: nothing has been heard from the device yet. Check its target address.")
        self._transport.sendto(data, self._sender)

    async def read(self, channel: str) -> bytes:
        raise DeviceError(f"a UDP port has no characteristic to read; got {channel!r}. This is a driver's mistake.")

    async def closed(self) -> str:
        return await asyncio.shield(self._why)

    async def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
        if not self._why.done():
            self._why.set_result("closed")


PLUGIN = UdpTransport
