"""What an emulated wearable replays: counts made of a stream, and the image that the emulator loads."""

import struct
from dataclasses import dataclass

import numpy as np

from drivers.protocols.tandem import accel_scale_mps2, gyro_scale_radps

RECORD = np.dtype([("dt_us", "<u4"), ("counts", "<i2", 6)])


@dataclass(frozen=True)
class Replay:
    """Records for a replaying sensor; ``scales`` is the byte of the IMU packet."""

    records: np.ndarray
    scales: int = 0x33
    repeats: bool = False


def replay_of(accel_mps2, gyro_radps, *, time_s=None, scales=0x33, repeats=False):
    """Return the replay of a stream; with ``time_s`` samples keep their spacing, else they follow the set rate."""
    records = np.zeros(len(accel_mps2), dtype=RECORD)
    share = np.hstack([accel_mps2 / accel_scale_mps2(scales), gyro_radps / gyro_scale_radps(scales)])
    counts = np.clip(np.rint(np.nan_to_num(share)), -32767, 32767)
    records["counts"] = np.where(np.isnan(share), -32768, counts)
    if time_s is not None:
        stamps_us = np.rint(1e6 * np.asarray(time_s)).astype(np.int64)
        records["dt_us"][1:] = np.diff(stamps_us)
        records["dt_us"][0] = int(np.median(np.diff(stamps_us)))
    return Replay(records, scales, repeats)


def counting(count):
    """Return a replay whose counts say which sample they are."""
    number = np.arange(count)
    records = np.zeros(count, dtype=RECORD)
    records["counts"] = np.stack([(number * k + k) % 30000 - 15000 for k in (1, 3, 7, 11, 13, 17)], axis=1)
    return Replay(records)


def image(replay, *, serial_number=1, clock_ppb=0, boot_us=0, boot_count=1, battery_mv=4000, cause=0):
    """Return the bytes that ``ports/qemu_mps2_an385/board.c`` reads."""
    records = np.zeros(0, dtype=RECORD) if replay is None else replay.records
    scales = 0xFF if replay is None else replay.scales
    repeats = 0 if replay is None else int(replay.repeats)
    head = struct.pack("<4sIIIiI", b"RPLY", len(records), scales, repeats, clock_ppb, boot_count)
    return head + struct.pack("<QQII", serial_number, boot_us, battery_mv, cause) + records.tobytes()
