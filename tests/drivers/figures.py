"""The figures of the drivers, each printed by ``python -m tests.drivers.figures``; the tests run them smaller.

Counts do not depend on the machine: time is virtual.
"""

import argparse
import asyncio
import random
import sys
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from drivers.base import Chunk, ClockReply, DeviceStatus, ImuPacket
from drivers.clock import WearableClock
from drivers.session import Source, WearableStream
from drivers.sim.base import StillFeed, TwinClock, TwinHost
from drivers.sim.memory import MemoryTransport
from drivers.sim.radio import ConnectionEvents
from drivers.sim.virtual_time import run_virtual
from drivers.startup_check import BAD, check_setup
from fusion import plugins
from fusion.errors import TandemError
from fusion.simulate import ImuSettings, SimulationSettings, simulate
from tests.drivers.rig import Heard, make_rig, run_for

SEVEN = ("pelvis", "left_thigh", "right_thigh", "left_shank", "right_shank", "left_foot", "right_foot")
PAIRS = tuple(combinations(SEVEN, 2))
DROP_EVERY_S = 10.0


@dataclass(frozen=True)
class Tally:
    """Samples of one stream between the first and the last that came."""

    sent: int
    missing: int
    twice: int
    backward: int


def tally(host, heard):
    """Compare what a virtual device measured with what was handed on, by the device's own times."""
    got = heard.imu("time_s")
    period = 1.0 / host.twin.rate
    place = np.rint((got - got[0]) / period).astype(int)
    missing = np.setdiff1d(np.arange(place[-1] + 1), place)
    return Tally(
        int(place[-1]) + 1, missing.size, place.size - np.unique(place).size, int((np.diff(got) <= 0.0).sum())
    )


async def _together(count, seconds, rate_hz, drop_every_s):
    hosts, events, streams = {}, {}, []
    for number in range(count):
        address = f"C0:00:00:00:01:{number:02X}"
        twin = plugins.load("drivers.sim.twins", "tandem_imu", serial_number=number, buffered=64)
        hosts[address] = TwinHost(twin, StillFeed(swing=0.5))
        events[address] = ConnectionEvents(0.015, 0.01, random=random.Random(number))
    air = MemoryTransport(hosts, events)
    heard = []
    for address, host in hosts.items():
        device = plugins.load("drivers.devices", "tandem_imu", rate_hz=rate_hz)
        heard.append(Heard())
        source = Source(address, "tandem_imu", device, air, address)
        streams.append(WearableStream(source, heard[-1].listeners()))
        host.start()
    tasks = [asyncio.create_task(stream.run()) for stream in streams]
    for _ in range(int(seconds / drop_every_s)) if drop_every_s else ():
        await asyncio.sleep(drop_every_s)
        for address in hosts:
            air.drop(address)
    await asyncio.sleep(5.0 if drop_every_s else seconds)
    for stream, task in zip(streams, tasks, strict=True):
        await stream.stop()
        await asyncio.wait_for(task, 20.0)
    for host in hosts.values():
        host.stop()
    return [tally(host, each) for host, each in zip(hosts.values(), heard, strict=True)], heard


def many_at_once(count=10, seconds=60.0, rate_hz=200.0):
    """Return the tallies of so many wearables on one radio, 15 ms interval, 1 % repeated packets."""
    return run_virtual(_together(count, seconds, rate_hz, 0.0))[0]


def link_drops(count=7, seconds=120.0, rate_hz=100.0):
    """Return tallies, the longest reconnection, s, and the longest gap of samples beyond it, s."""
    tallies, heard = run_virtual(_together(count, seconds, rate_hz, DROP_EVERY_S))
    slowest_s = beyond_s = 0.0
    for each in heard:
        away = []
        for event in each.events:
            if event.state == "lost":
                away.append([event.time_s, np.nan])
            elif event.state == "streaming" and away:
                away[-1][1] = event.time_s
        slowest_s = max([slowest_s, *(back - lost for lost, back in away)])
        arrival = each.imu("arrival_s")
        steps = np.diff(each.imu("time_s"))
        for place in np.flatnonzero(steps > 1.5 / rate_hz):
            inside = [
                (lost, back) for lost, back in away if arrival[place] <= lost + 0.1 and arrival[place + 1] >= lost
            ]
            spent = max((back - lost for lost, back in inside), default=0.0)
            beyond_s = max(beyond_s, steps[place] - spent)
    return tallies, slowest_s, beyond_s


def serial_line(seconds=60.0):
    """Return the tally of one wearable at a port, 1000 Hz."""
    return run_virtual(_serial(seconds))


async def _serial(seconds):
    twin = plugins.load("drivers.sim.twins", "tandem_imu", transport="serial")
    rig = make_rig("tandem_imu", twin=twin, events=ConnectionEvents(0.0, 0.0), rate_hz=1000.0, transport="serial")
    await run_for(rig, seconds)
    return tally(rig.host, rig.heard)


async def _captured(name, seconds):
    rig, chunks = make_rig(name), []
    keep = rig.stream._heard

    def both(chunk):
        chunks.append(chunk)
        keep(chunk)

    rig.stream._heard = both
    await run_for(rig, seconds)
    return chunks


def fuzz(name, count=1_000_000, seed=0):
    """Feed a decoder so many random and mutated bytes, in between sound ones; return frames lost after each damage.

    Raises what the decoder raises: nothing may.
    """
    chooser = random.Random(seed)
    sound = run_virtual(_captured(name, 3.0))
    decoder = plugins.load("drivers.devices", name).decoder()
    spent, lost_after = 0, []
    while spent < count:
        chunk = chooser.choice(sound)
        kind = chooser.randrange(3)
        data = chooser.randbytes(chooser.randrange(1, 400)) if kind == 0 else bytearray(chunk.data)
        if kind == 1:
            for _ in range(chooser.randrange(1, 6)):
                data[chooser.randrange(len(data))] ^= 1 << chooser.randrange(8)
        elif kind == 2:
            cut = chooser.randrange(len(data))
            data = data[:cut] + chooser.randbytes(chooser.randrange(3)) + data[cut + chooser.randrange(4) :]
        spent += max(len(data), 1)
        for packet in decoder.feed(Chunk(chunk.channel, bytes(data), 1.0)):
            assert isinstance(packet, ImuPacket | DeviceStatus | ClockReply) or packet is not None
        if chooser.random() < 0.02:
            decoder.reset()
            before = decoder.counts.frames
            run = sound[len(sound) // 2 : len(sound) // 2 + 12]
            for each in run:
                decoder.feed(each)
            lost_after.append(decoder.counts.frames - before)
    return max(lost_after, default=0) - min(lost_after, default=0), decoder.counts


async def _clock(interval_s, jitter_s, seconds, seed):
    chooser = random.Random(seed)
    clock = TwinClock(chooser.uniform(0.0, 100.0), chooser.uniform(-40e-6, 40e-6), 1000.0)
    twin = plugins.load("drivers.sim.twins", "tandem_imu", clock=clock)
    events = ConnectionEvents(interval_s, 0.01, jitter_s, random=chooser)
    rig = make_rig("tandem_imu", twin=twin, events=events)
    await run_for(rig, seconds)
    found = WearableClock("left_shank", 0.01)
    first = None
    for packet in rig.heard.packets:
        found.add(packet)
        if first is None and isinstance(packet, ImuPacket):
            first = float(packet.time_s[0])
    found.refit()
    taken = rig.host.taken
    device_s = np.array([one.device_s for one in taken])
    host_s = np.array([one.host_s for one in taken])
    late = device_s > device_s[-1] - 5.0
    error_s = float(np.median(found.to_host(device_s[late]) - host_s[late]))
    sync = found.sync()
    return error_s, 0.5 * (sync.high_s - sync.low_s)


def clock_bias(interval_s, jitter_s, runs=30, seconds=30.0):
    """Return the mean error of a wearable's clock, s, the largest, and how often its interval held the truth."""
    found = [run_virtual(_clock(interval_s, jitter_s, seconds, seed)) for seed in range(runs)]
    errors, halves = (np.array([one[k] for one in found]) for k in (0, 1))
    return float(errors.mean()), float(np.abs(errors).max()), float((np.abs(errors) <= halves).mean())


def swapped_pairs(seconds=20.0, pairs=PAIRS):
    """Return the pairs of wearables that, exchanged, the start-up check does not name."""
    missed = []
    for number, pair in enumerate(pairs):
        settings = ImuSettings(segments=SEVEN, swapped=(pair,), clock="host")
        recording = simulate(SimulationSettings(duration_s=seconds, seed=number, imu=settings)).recording
        told = [remark for remark in check_setup(recording).remarks if remark.severity == BAD]
        named = {segment for segment in pair if any(segment == remark.stream for remark in told)}
        if not named:
            missed.append(pair)
    return missed


def _say(text):
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _counts():
    found = many_at_once()
    _say(
        f"10 wearables x 200 Hz x 60 s: {sum(t.sent for t in found)} sent, {sum(t.missing for t in found)} lost, "
        f"{sum(t.backward for t in found)} reordered, {sum(t.twice for t in found)} twice"
    )
    line = serial_line()
    _say(f"serial 1000 Hz x 60 s: {line.sent} sent, {line.missing} lost, {line.twice} twice")


def _drops():
    tallies, slowest_s, beyond_s = link_drops()
    _say(
        f"7 links lost every 10 s for 2 min: back within {slowest_s:.2f} s, {sum(t.twice for t in tallies)} samples "
        f"twice; the longest gap exceeds its absence by {beyond_s:.2f} s"
    )


def _fuzz():
    for name in plugins.names("drivers.devices"):
        try:
            worst, counts = fuzz(name)
            _say(f"fuzz {name}: 1e6 bytes, no exception; {counts.rejected} rejected; {worst} frames to resynchronise")
        except TandemError as error:
            _say(f"fuzz {name}: {error}")


def _clocks():
    for word, interval_s, jitter_s in (
        ("BLE 15 ms", 0.015, 0.0005),
        ("BLE 45 ms", 0.045, 0.0005),
        ("USB", 0.0, 5e-5),
    ):
        mean_s, largest_s, share = clock_bias(interval_s, jitter_s)
        _say(
            f"clock {word}: bias {1e3 * mean_s:+.3f} ms, largest {1e3 * largest_s:.3f} ms, interval holds {share:.0%}"
        )


def _swaps():
    missed = swapped_pairs()
    _say(f"pair swaps of 7 sensors: {21 - len(missed)} of 21 named; missed: {missed or 'none'}")


PARTS = {"counts": _counts, "drops": _drops, "fuzz": _fuzz, "clocks": _clocks, "swaps": _swaps}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    for part in parser.parse_args().only:
        PARTS[part]()


if __name__ == "__main__":
    main()
