"""A device, its twin and a radio between them, on virtual time."""

import asyncio
from dataclasses import dataclass, field

import numpy as np

from drivers.base import ImuPacket
from drivers.session import Listeners, Source, WearableStream
from drivers.sim.base import StillFeed, TwinHost
from drivers.sim.memory import MemoryTransport
from drivers.sim.radio import ConnectionEvents
from fusion.plugins import load

ADDRESS = "C0:00:00:00:00:01"


@dataclass
class Heard:
    """What a stream handed on."""

    packets: list = field(default_factory=list)
    events: list = field(default_factory=list)
    broken: list = field(default_factory=list)

    def listeners(self):
        return Listeners(lambda _, packet: self.packets.append(packet), self.events.append, self.broken.append)

    def imu(self, name):
        """Return one field of all samples, joined."""
        return np.concatenate([getattr(p, name) for p in self.packets if isinstance(p, ImuPacket)])

    def of(self, kind):
        return [packet for packet in self.packets if isinstance(packet, kind)]


@dataclass
class Rig:
    """One device on its twin."""

    stream: WearableStream
    host: TwinHost
    air: MemoryTransport
    heard: Heard


def make_rig(name, *, twin=None, device=None, events=None, feed=None, raw=None, **settings):
    """Return a rig on the running loop."""
    device = device or load("drivers.devices", name, **settings)
    twin = twin or load("drivers.sim.twins", name)
    host = TwinHost(twin, feed or StillFeed(swing=0.8), keep=True)
    air = MemoryTransport({ADDRESS: host}, {ADDRESS: events or ConnectionEvents(0.015, 0.01)})
    air.name = device.transport
    heard = Heard()
    source = Source("left_shank", name, device, air, ADDRESS, device_settings=settings)
    return Rig(WearableStream(source, heard.listeners(), raw), host, air, heard)


async def run_for(rig, seconds, *, during=None):
    """Let the rig live for so long, then stop it."""
    rig.host.start()
    task = asyncio.create_task(rig.stream.run())
    if during is not None:
        await during(rig)
    await asyncio.sleep(seconds)
    await rig.stream.stop()
    await asyncio.wait_for(task, 20.0)
    rig.host.stop()
    return rig
