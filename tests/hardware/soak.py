"""The emulated wearable on the host's clock: ``python -m tests.hardware.soak [--rate 200] [--seconds 60]``.

Prints what was received, what is missing and how well pings pin the clock. The real serial driver reads a pseudo
terminal. CI runs the same on emulated time, where counts do not depend on the machine.
"""

import argparse
import asyncio
import sys
import tempfile
from dataclasses import dataclass

import numpy as np

from drivers.base import ClockReply, ImuPacket
from drivers.devices.tandem_imu import TandemImu
from drivers.session import Listeners, Source, WearableStream
from drivers.transport.serial import SerialTransport
from tests.hardware.qemu_wearable import QemuWearable
from tests.hardware.replay_image import counting
from tests.hardware.toolchain import BUILD, make


@dataclass
class Soak:
    """What was received: samples in order, replies to pings, counts of the decoder."""

    counter: np.ndarray
    device_s: np.ndarray
    arrival_s: np.ndarray
    accel_mps2: np.ndarray
    pings: list
    counts: object


async def listen(path, rate_hz, seconds, *, ping_s=0.1):
    """Return what the serial driver receives of ``seconds`` of streaming."""
    packets = []
    device = TandemImu(transport="serial", rate_hz=rate_hz, batch=1 if rate_hz < 500 else 4)
    listeners = Listeners(lambda _, packet: packets.append(packet), lambda _: None, lambda error: None)
    stream = WearableStream(Source("wearable", "tandem_imu", device, SerialTransport(), path), listeners)
    task = asyncio.create_task(stream.run())
    wanted = round(rate_hz * seconds)
    while stream.decoder.counts.samples + stream.decoder.counts.lost < wanted:
        await asyncio.sleep(ping_s)
        talk = stream._conversation
        if talk is not None and stream.health.state == "streaming":
            await device.poll(talk)
    await stream.stop()
    await asyncio.wait_for(task, 20.0)
    imu = [packet for packet in packets if isinstance(packet, ImuPacket)]
    joined = [np.concatenate([getattr(p, name) for p in imu]) for name in ("counter", "time_s", "arrival_s")]
    accel = np.concatenate([p.accel_mps2 for p in imu])
    pings = [packet for packet in packets if isinstance(packet, ClockReply)]
    return Soak(*joined, accel, pings, stream.decoder.counts)


def offset_spread_s(pings):
    """Return median round trip and the standard deviation of the offset over pings, drift removed, s.

    The fastest nine of ten count: the rest waited for the operating system, and the clock model does not use them.
    """
    sent, received, answered, arrival = np.array(
        [[p.sent_s, p.received_s, p.answered_s, p.arrival_s] for p in pings]
    ).T
    trip = (arrival - sent) - (answered - received)
    offset = 0.5 * ((received - sent) + (answered - arrival))
    fast = trip <= np.quantile(trip, 0.9)
    line = np.polyfit(sent[fast], offset[fast], 1)
    return float(np.median(trip)), float(np.std(offset[fast] - np.polyval(line, sent[fast]))), float(np.std(offset))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    make(f"{BUILD}/qemu_mps2_an385.elf")
    count = round(options.rate * options.seconds)
    with tempfile.TemporaryDirectory() as folder, QemuWearable(folder, counting(count + 2000)) as emulator:
        soak = asyncio.run(listen(emulator.path, options.rate, options.seconds))
    span = int(soak.counter[-1] - soak.counter[0]) + 1
    steps_us = 1e6 * np.diff(soak.device_s) / np.diff(soak.counter)
    trip_s, spread_s, all_s = offset_spread_s(soak.pings)
    sys.stdout.write(
        f"{options.rate} Hz, {options.seconds:g} s: {len(soak.counter)} of {span} samples, {soak.counts.lost} lost, "
        f"{soak.counts.rejected} bad frames, {soak.counts.frames} frames\n"
        f"device period {steps_us.mean():.2f} us (sd {steps_us.std():.2f})\n"
        f"{len(soak.pings)} pings: median round trip {1e3 * trip_s:.2f} ms, offset sd {1e3 * spread_s:.3f} ms "
        f"(all pings {1e3 * all_s:.3f} ms)\n"
    )


if __name__ == "__main__":
    main()
