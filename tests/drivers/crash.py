"""Kill a recording at random moments with SIGKILL and look what is left: ``python -m tests.drivers.crash``.

The child records two virtual wearables in real time and tells, through a pipe, the arrival of the newest sample. The
parent kills it, and then every recording must open, miss at most its last second, and let the next one begin.
"""

import argparse
import asyncio
import os
import random
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from drivers.base import ImuPacket
from drivers.lab import parse_lab
from drivers.rawlog import read_raw_log
from drivers.recorder import Recorder
from drivers.transport.replay import replay
from drivers.trial import RAW_FILE, next_folder, unfinished
from fusion.recording.folder import read_folder
from tests.drivers.lab import TEXT, devices

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Left:
    """What a killed recording left; seconds that are missing at the end, in the streams and in the raw log."""

    folder: Path
    heard_s: float
    missing_s: float
    raw_missing_s: float
    opens: bool


async def _record(out):
    air = devices()
    for host in air.hosts.values():
        host.start()
    async with Recorder(parse_lab(TEXT), {"ble": air}) as recorder:
        await recorder.wait_until_streaming(10.0)
        recorder.begin(out)
        while True:
            newest = [stream.health.last_arrival_s for stream in recorder._streams.values()]
            sys.stdout.write(f"{min(newest):.6f}\n")
            sys.stdout.flush()
            await asyncio.sleep(0.02)


def start(out):
    """Start a child that records into ``out``."""
    arguments = [sys.executable, "-m", "tests.drivers.crash", "--record", str(out)]
    return subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE)


def kill(child, out, lines):
    """Kill a child once it has told ``lines`` times how far it is; return what is left."""
    heard = [child.stdout.readline() for _ in range(lines)]
    os.kill(child.pid, signal.SIGKILL)
    heard += [line for line in child.stdout.read().splitlines(keepends=True) if line.endswith(b"\n")]
    heard_s = float(heard[-1])
    child.wait()
    child.stdout.close()
    (folder,) = unfinished(out)
    stored = read_folder(folder)
    began_s = float(heard[0])  # killed before the first flush, all since then is missing
    last = [imu.arrival_s[-1] if len(imu.time_s) else began_s for imu in stored.recording.imus]
    raw = {imu.segment: began_s for imu in stored.recording.imus}
    for name, packet in replay(read_raw_log(folder / RAW_FILE)):
        if isinstance(packet, ImuPacket):
            raw[name] = packet.arrival_s[-1]
    return Left(folder, heard_s, heard_s - min(last), heard_s - min(raw.values()), stored.is_cut)


def next_starts_cleanly(left, out):
    """Say whether the next recording gets a folder of its own beside the one that was cut off."""
    return next_folder(out, "P-0001_walk").name == "P-0001_walk_02" and left.folder.exists()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--record", type=Path)
    parser.add_argument("--kills", type=int, default=50)
    options = parser.parse_args()
    if options.record is not None:
        asyncio.run(_record(options.record))
    moments = random.Random(1)
    worst = worst_raw = 0.0
    for number in range(options.kills):
        with tempfile.TemporaryDirectory() as name:
            out = Path(name)
            left = kill(start(out), out, moments.randint(1, 150))
            assert left.opens, number
            assert next_starts_cleanly(left, out), number
            worst, worst_raw = max(worst, left.missing_s), max(worst_raw, left.raw_missing_s)
    told = f"missing at most {worst:.3f} s of the streams, {worst_raw:.3f} s of the raw log"
    sys.stdout.write(f"{options.kills} kills, all open; {told}\n")


if __name__ == "__main__":
    main()
