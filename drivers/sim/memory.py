"""Links that exist in memory only: virtual devices, reached through ``Transport`` without radio, port or library.

Delays, repeated packets and drops come from ``ConnectionEvents``. With the loop of ``virtual_time`` a minute of ten
devices takes seconds, and is the same on every machine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from drivers.base import Chunk, ChunkSink, Found, Link
from drivers.sim.base import Out, TwinHost
from drivers.sim.radio import ConnectionEvents
from fusion.errors import DeviceError

_UP, _DOWN = "up", "down"


class MemoryTransport:
    """Reaches virtual devices by their address.

    Parameters
    ----------
    hosts
        Address -> device.
    events
        Address -> its radio; missing ones are cables.
    connect_s
        How long it takes to connect.
    """

    def __init__(
        self,
        hosts: Mapping[str, TwinHost],
        events: Mapping[str, ConnectionEvents] | None = None,
        connect_s: float = 0.3,
        name: str = "ble",
    ) -> None:
        self.name = name
        self.hosts = hosts
        self.links: dict[str, _MemoryLink] = {}
        self.lost_in_flight = 0
        self._events = events or {}
        self._connect_s = connect_s

    async def scan(self, seconds: float) -> tuple[Found, ...]:
        """Return all devices that are not connected."""
        await asyncio.sleep(seconds)
        return tuple(
            Found(self.name, address, host.twin.profile.name, services=tuple(host.twin.profile.services)[:1])
            for address, host in self.hosts.items()
            if not host.is_attached
        )

    async def open(self, address: str, sink: ChunkSink, settings: Mapping[str, object]) -> Link:  # noqa: ARG002
        """Connect; see ``drivers.base.Transport``."""
        await asyncio.sleep(self._connect_s)
        if address not in self.hosts or self.hosts[address].is_attached:
            raise DeviceError(f"{address} does not advertise. Switch it on, or disconnect it elsewhere.")
        link = _MemoryLink(self, self.hosts[address], sink, self._events.get(address, ConnectionEvents(0.0, 0.0)))
        self.links[address] = link
        return link

    def drop(self, address: str) -> None:
        """Tear the link of a device; what is on the way is lost."""
        link = self.links.pop(address, None)
        if link is not None:
            link.tear("the Bluetooth link was lost")


class _MemoryLink:
    """A connection to a virtual device."""

    def __init__(self, air: MemoryTransport, host: TwinHost, sink: ChunkSink, events: ConnectionEvents) -> None:
        self._air = air
        self._host = host
        self._sink = sink
        self._events = events
        self._loop = asyncio.get_running_loop()
        self._subscribed: set[str] = set()
        self._pending: dict[int, asyncio.TimerHandle] = {}
        self._number = 0
        self._why: asyncio.Future[str] = self._loop.create_future()
        host.attach(self._up)

    async def subscribe(self, channel: str) -> None:
        known = {each.uuid for group in self._host.twin.profile.services.values() for each in group}
        if known and channel not in known:
            raise DeviceError(f"the device has no characteristic {channel}. It is another model.")
        await self._exchange()
        self._subscribed.add(channel)

    async def write(self, channel: str, data: bytes, *, response: bool = False) -> None:
        self._check()
        when_s = self._events.arrives_s(_DOWN, self._loop.time())
        self._loop.call_at(when_s, self._down, channel, data)
        if response:
            await self._exchange()

    async def read(self, channel: str) -> bytes:
        await self._exchange()
        return self._host.twin.value(channel)

    async def closed(self) -> str:
        return await asyncio.shield(self._why)

    async def close(self) -> None:
        self.tear("closed")

    def tear(self, why: str) -> None:
        """End the link."""
        if self._why.done():
            return
        self._why.set_result(why)
        self._air.lost_in_flight += len(self._pending)
        for timer in self._pending.values():
            timer.cancel()
        self._pending.clear()
        self._host.detach()

    async def _exchange(self) -> None:
        """Wait for a request and its answer."""
        self._check()
        there_s = self._events.arrives_s(_DOWN, self._loop.time())
        await asyncio.sleep(there_s - self._loop.time())
        back_s = self._events.arrives_s(_UP, self._loop.time())
        await asyncio.sleep(back_s - self._loop.time())
        self._check()

    def _check(self) -> None:
        if self._why.done():
            raise DeviceError(f"{self._why.result()}. Connect again.")

    def _down(self, channel: str, data: bytes) -> None:
        if not self._why.done():
            self._host.write(channel, data)

    def _up(self, out: Out) -> None:
        if self._host.twin.profile.services and out.channel not in self._subscribed:
            self._host.unsent += 1
            return
        when_s = self._events.arrives_s(_UP, self._loop.time())
        self._number += 1
        self._pending[self._number] = self._loop.call_at(when_s, self._arrive, self._number, out)

    def _arrive(self, number: int, out: Out) -> None:
        self._pending.pop(number, None)
        self._sink(Chunk(out.channel, out.data, self._loop.time()))
