"""The emulated wearable on the host's clock: ``python -m tests.hardware.soak [--rate 200] [--seconds 60]``.

Prints what was received, what is missing and how well pings pin the clock. The real serial driver reads a pseudo
terminal. CI runs the same on emulated time, where counts do not depend on the machine.

``--damage N`` instead sends N frames over a line that flips a bit in 1e-4 of the bytes and drops as many.
"""

import argparse
import asyncio
import sys
import tempfile
from dataclasses import dataclass

import numpy as np

from drivers.base import ClockReply, ImuPacket
from drivers.devices.tandem_imu import TandemImu
from drivers.protocols.tandem_frames import FrameReceiver, to_serial
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


def offset_spread_s(pings, share):
    """Return median round trip and the standard deviation of the offset over pings, drift removed, s.

    The fastest ``share`` counts: the rest waited for the operating system, and the clock model, which follows the
    lower envelope of each direction, does not use them.
    """
    sent, received, answered, arrival = np.array(
        [[p.sent_s, p.received_s, p.answered_s, p.arrival_s] for p in pings]
    ).T
    trip = (arrival - sent) - (answered - received)
    offset = 0.5 * ((received - sent) + (answered - arrival))
    fast = trip <= np.quantile(trip, share)
    line = np.polyfit(sent[fast], offset[fast], 1)
    return float(np.median(trip)), float(np.std(offset[fast] - np.polyval(line, sent[fast])))


def damaged(count, share=1e-4, seed=5):
    """Return the outcome for ``count`` sample frames over a damaging line, in words."""
    rng = np.random.default_rng(seed)
    sent = [bytes([1, 16]) + i.to_bytes(4, "little") + rng.bytes(24) for i in range(count)]
    frames = [to_serial(payload) for payload in sent]
    stream = np.frombuffer(b"".join(frames), np.uint8).copy()
    owner = np.repeat(np.arange(count), [len(frame) for frame in frames])
    flipped, dropped = rng.random(len(stream)) < share, rng.random(len(stream)) < share
    stream[flipped] ^= (1 << rng.integers(0, 8, flipped.sum())).astype(np.uint8)
    touched = set(owner[flipped | dropped].tolist())
    ends = np.append(np.diff(owner) > 0, True) & (flipped | dropped)  # a lost end takes the next frame with it
    touched |= {i + 1 for i in owner[ends].tolist()} & set(range(count))
    receiver = FrameReceiver()
    accepted = receiver.feed(stream[~dropped].tobytes())
    lost = set(sent) - set(accepted)
    untouched = sum(payload in lost for i, payload in enumerate(sent) if i not in touched)
    return (
        f"{count} frames, {int(flipped.sum())} bytes flipped, {int(dropped.sum())} dropped: {len(touched)} frames "
        f"touched, {len(lost)} lost, {untouched} of them untouched, {len(set(accepted) - set(sent))} accepted that "
        "were not sent"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--damage", type=int, metavar="N", help="send N frames over a line that damages bytes")
    options = parser.parse_args()
    if options.damage:
        sys.stdout.write(damaged(options.damage) + "\n")
        return
    make(f"{BUILD}/qemu_mps2_an385.elf")
    count = round(options.rate * options.seconds)
    with tempfile.TemporaryDirectory() as folder, QemuWearable(folder, counting(count + 2000)) as emulator:
        soak = asyncio.run(listen(emulator.path, options.rate, options.seconds))
    span = int(soak.counter[-1] - soak.counter[0]) + 1
    steps_us = 1e6 * np.diff(soak.device_s) / np.diff(soak.counter)
    trip_s = offset_spread_s(soak.pings, 1.0)[0]
    half_s, most_s, all_s = (offset_spread_s(soak.pings, share)[1] for share in (0.5, 0.9, 1.0))
    sys.stdout.write(
        f"{options.rate} Hz, {options.seconds:g} s: {len(soak.counter)} of {span} samples, {soak.counts.lost} lost, "
        f"{soak.counts.rejected} bad frames, {soak.counts.frames} frames\n"
        f"device period {steps_us.mean():.2f} us (sd {steps_us.std():.2f})\n"
        f"{len(soak.pings)} pings: median round trip {1e3 * trip_s:.2f} ms, offset sd {1e3 * half_s:.3f} ms of the "
        f"fastest half, {1e3 * most_s:.3f} ms of nine in ten, {1e3 * all_s:.3f} ms of all\n"
    )


if __name__ == "__main__":
    main()
