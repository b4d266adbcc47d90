"""A recording that emulated wearables replay, and the recording that they send."""

import time
from dataclasses import replace

import numpy as np

from drivers.base import Chunk, ImuPacket
from drivers.devices.tandem_imu import TandemImu
from drivers.protocols.tandem import Command, command
from drivers.protocols.tandem_frames import to_serial
from tests.hardware.qemu_wearable import QemuWearable
from tests.hardware.replay_image import replay_of

ATTEMPTS, LONGEST_S = 4, 60.0


def through_the_emulator(recording, folder):
    """Return the recording as emulated wearables send it; arrival times stay those of the original radio."""
    return replace(recording, imus=tuple(_replayed(imu, folder) for imu in recording.imus))


def _replayed(imu, folder):
    packets = _heard_whole(imu, folder)
    time_s, accel, gyro = (
        np.concatenate([getattr(packet, name) for packet in packets])[: len(imu.time_s)]
        for name in ("time_s", "accel_mps2", "gyro_radps")
    )
    # The device's clock starts when it likes: only its offset differs, which every recording has to find anyway.
    return replace(imu, time_s=time_s - time_s[0] + imu.time_s[0], accel_mps2=accel, gyro_radps=gyro)


def _heard_whole(imu, folder):
    """Return the packets of a run without a loss; emulated time outruns a reader that the machine starves."""
    for attempt in range(ATTEMPTS):
        packets, lost = _heard(imu, folder, f"{imu.segment}_{attempt}")
        if not lost:
            return packets
    raise AssertionError(f"{lost} samples of {imu.segment} were lost in each of {ATTEMPTS} runs")


def _heard(imu, folder, name):
    """Return packets and how many samples did not come."""
    replay = replay_of(imu.accel_mps2, imu.gyro_radps, time_s=imu.time_s)
    decoder = TandemImu(transport="serial").decoder()
    packets, end = [], time.monotonic() + LONGEST_S
    emulator = QemuWearable(folder, replay, name=name, fast=True, line="socket")
    with emulator, emulator.connect() as line:
        line.sendall(to_serial(command(Command.START, 1)))
        while decoder.counts.samples + decoder.counts.lost < len(imu.time_s) and time.monotonic() < end:
            data = line.recv(65536)
            assert data, "the emulator ended"
            packets += [p for p in decoder.feed(Chunk("", data, 1.0)) if isinstance(p, ImuPacket)]
    return packets, max(len(imu.time_s) - decoder.counts.samples, 0)
