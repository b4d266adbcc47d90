"""The firmware behind ``drivers.base.Transport``: its bytes reach the real driver over a link that delays."""

import asyncio

from drivers.base import Chunk
from drivers.protocols.tandem import REPLY_CHANNEL, STREAM_CHANNEL
from drivers.sim.radio import ConnectionEvents
from fusion.errors import DeviceError

STEP_S = 0.0005


class FirmwareTransport:
    """Reaches wearables that run on the loop's (virtual) time; true time 0 is ``start_s`` of the loop.

    ``wire`` names two wearables: the sync output of the first is wired to the sync input of the second.
    """

    def __init__(self, wearables, events=None, *, name="serial", mtu=247, wire=None):
        self.name = name
        self.wearables = wearables
        self.mtu = mtu
        self.wire = wire
        self.start_s = None
        self.links = {}
        self._events = events or {}

    async def scan(self, seconds):
        """Find nothing."""
        return ()

    async def open(self, address, sink, settings):
        """Connect."""
        loop = asyncio.get_running_loop()
        if self.start_s is None:
            self.start_s = loop.time()
        if address not in self.wearables:
            raise DeviceError(f"{address} is not there.")
        events = self._events.get(address, ConnectionEvents(0.0, 0.0))
        link = FirmwareLink(self, self.wearables[address], sink, events)
        link.feeds_from = self.wire[0] if self.wire is not None and self.wire[1] == address else None
        self.links[address] = link
        return link


class FirmwareLink:
    """An open line; what is written arrives after the delay of the link, and so does what comes back."""

    def __init__(self, transport, wearable, sink, events):
        self._transport = transport
        self._wearable = wearable
        self._sink = sink
        self._events = events
        self._loop = asyncio.get_running_loop()
        self._why = self._loop.create_future()
        self._is_ble = transport.name == "ble"
        self.feeds_from = None
        self._edges_seen = 0
        if self._is_ble:
            wearable.call("link", 2, transport.mtu)
        self._task = asyncio.create_task(self._live())

    def _now_us(self):
        return round(1e6 * (self._loop.time() - self._transport.start_s))

    async def _live(self):
        while not self._why.done():
            self._catch_up()
            await asyncio.sleep(STEP_S)

    def _catch_up(self):
        now_us = self._now_us()
        for at_us, level in self._edges_of_the_wire(now_us):
            self._run_to(at_us)
            self._wearable.call("edge_in", 0, level)
        self._run_to(now_us)
        self._deliver(self._wearable.take())

    def _run_to(self, true_us):
        if true_us > self._wearable.true_us:
            self._wearable.run(1e-6 * (true_us - self._wearable.true_us), 100)

    def _edges_of_the_wire(self, now_us):
        """Return the edges of the other wearable's output that this one has not felt."""
        if self.feeds_from is None or self.feeds_from not in self._transport.links:
            return []
        self._transport.links[self.feeds_from]._catch_up()
        edges = self._transport.wearables[self.feeds_from].led_edges()[self._edges_seen :]
        self._edges_seen += len(edges)
        return [(min(round(1e6 * at_s), now_us), level) for at_s, level in edges]

    def _deliver(self, data):
        for channel, piece in self._pieces(data):
            when_s = self._events.arrives_s("up", self._loop.time())
            self._loop.call_at(when_s, self._arrive, channel, piece)

    def _pieces(self, data):
        if not self._is_ble:
            return [("", data)] if data else []
        pieces, place = [], 0
        while place < len(data):
            value = data[place + 1 : place + 1 + data[place]]
            pieces.append((STREAM_CHANNEL if value[0] < 0x80 else REPLY_CHANNEL, value))
            place += 1 + data[place]
        return pieces

    def _arrive(self, channel, piece):
        if not self._why.done():
            self._sink(Chunk(channel, piece, self._loop.time()))

    def _down(self, data):
        if not self._why.done():
            self._catch_up()
            self._wearable.send(data)
            self._deliver(self._wearable.take())

    async def subscribe(self, channel):
        """Let notifications flow."""

    async def write(self, channel, data, *, response=False):
        """Send a command."""
        if self._why.done():
            raise DeviceError("the link is gone.")
        self._loop.call_at(self._events.arrives_s("down", self._loop.time()), self._down, data)

    async def read(self, channel):
        """Refuse: nothing is read."""
        raise DeviceError("nothing to read here.")

    async def closed(self):
        """Wait for the end."""
        return await asyncio.shield(self._why)

    def tear(self, why="the link was lost"):
        """End the link; the wearable notices."""
        if not self._why.done():
            self._catch_up()
            self._why.set_result(why)
            if self._is_ble:
                self._wearable.call("link", 0, 0)

    async def close(self):
        """Let go."""
        self.tear("closed")
