"""A laboratory in memory: a lab file, its virtual devices and a recorder, on virtual time."""

import asyncio
import random

from drivers.lab import parse_lab
from drivers.recorder import Recorder
from drivers.sim.base import StillFeed, TwinHost
from drivers.sim.memory import MemoryTransport
from drivers.sim.radio import ConnectionEvents
from fusion.plugins import load

TEXT = """
[participant]
identifier = "P-0001"
height_m = 1.75

[[imu]]
segment = "left_shank"
address = "ble:xsens_dot:A"

[[imu]]
segment = "right_shank"
address = "ble:witmotion_ble:B"
"""


def devices(interval_s=0.015):
    """Return an air with the two devices of ``TEXT``."""
    hosts = {
        "A": TwinHost(load("drivers.sim.twins", "xsens_dot"), StillFeed(swing=1.0), keep=True),
        "B": TwinHost(load("drivers.sim.twins", "witmotion_ble"), StillFeed(swing=0.5), keep=True),
    }
    events = {
        name: ConnectionEvents(interval_s, 0.01, random=random.Random(number)) for number, name in enumerate(hosts)
    }
    return MemoryTransport(hosts, events)


async def record(out, seconds, during=None, text=TEXT, air=None, listener=None):
    """Record one trial; return the recorder after it ended."""
    air = air or devices()
    for host in air.hosts.values():
        host.start()
    async with Recorder(parse_lab(text), {"ble": air}) as recorder:
        if listener is not None:
            recorder.add_listener(listener)
        assert await recorder.wait_until_streaming(10.0) == ()
        recorder.begin(out)
        task = asyncio.create_task(during(recorder, air)) if during else None
        await asyncio.sleep(seconds)
        if task:
            await task
        if recorder.trial is not None:
            recorder.end()
    for host in air.hosts.values():
        host.stop()
    return recorder
