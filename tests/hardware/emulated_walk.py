"""A recording that emulated wearables replay, and the recording that they send."""

from dataclasses import replace

import numpy as np

from drivers.base import Chunk, ImuPacket
from drivers.devices.tandem_imu import TandemImu
from drivers.protocols.tandem import Command, command
from drivers.protocols.tandem_frames import to_serial
from tests.hardware.qemu_wearable import QemuWearable
from tests.hardware.replay_image import replay_of


def through_the_emulator(recording, folder):
    """Return the recording as emulated wearables send it; arrival times stay those of the original radio."""
    return replace(recording, imus=tuple(_replayed(imu, folder) for imu in recording.imus))


def _replayed(imu, folder):
    replay = replay_of(imu.accel_mps2, imu.gyro_radps, time_s=imu.time_s)
    decoder = TandemImu(transport="serial").decoder()
    packets = []
    emulator = QemuWearable(folder, replay, name=imu.segment, fast=True, line="socket")
    with emulator, emulator.connect() as line:
        line.sendall(to_serial(command(Command.START, 1)))
        while decoder.counts.samples < len(imu.time_s):
            data = line.recv(65536)
            assert data, "the emulator ended"
            packets += [p for p in decoder.feed(Chunk("", data, 1.0)) if isinstance(p, ImuPacket)]
    assert decoder.counts.lost == 0
    time_s, accel, gyro = (
        np.concatenate([getattr(packet, name) for packet in packets])[: len(imu.time_s)]
        for name in ("time_s", "accel_mps2", "gyro_radps")
    )
    # The device's clock starts when it likes: only its offset differs, which every recording has to find anyway.
    return replace(imu, time_s=time_s - time_s[0] + imu.time_s[0], accel_mps2=accel, gyro_radps=gyro)
