"""Packets and commands of the Tandem wearable: hardware/protocol/SPEC.md, sections 2 to 6.

``parse`` turns a payload into one of the packets below and never raises; ``command`` makes the payload of a command.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from fusion.types import Floats

MAJOR = 1
MAX_BATCH = 16
GRAVITY_MPS2 = 9.80665
RATES_HZ = (25, 50, 100, 200, 500, 1000)
ACCEL_FULL_SCALE_G = (2.0, 4.0, 8.0, 16.0)
GYRO_FULL_SCALE_DPS = (250.0, 500.0, 1000.0, 2000.0)
MISSING, FULL = -32768, 32767
RESET_MAGIC = 0x54455352

_UUID = "7d3a{:04x}-6f1c-4b8e-9c5a-2f6f1e0a7b10"
SERVICE, COMMAND_CHANNEL, STREAM_CHANNEL, REPLY_CHANNEL = (_UUID.format(number) for number in (1, 2, 3, 4))

SATURATED, AFTER_LOSS, AFTER_FAULT = 1, 2, 4


class Kind(IntEnum):
    """What a packet of the device is."""

    IMU = 0x01
    SYNC_EVENT = 0x02
    STATUS = 0x03
    NOTICE = 0x04
    REST = 0x05
    IDENTITY = 0x06


class Command(IntEnum):
    """What a host asks for; the reply's kind is 0x80 more."""

    IDENTIFY = 0x10
    PING = 0x11
    SET_RATE = 0x12
    SET_RANGE = 0x13
    SET_BATCH = 0x14
    START = 0x15
    STOP = 0x16
    SYNC = 0x17
    GET_BATTERY = 0x18
    READ_CALIBRATION = 0x19
    WRITE_CALIBRATION = 0x1A
    GET_STATUS = 0x1B
    SELF_TEST = 0x1C
    GET_VERSION = 0x1D
    RESET = 0x1E


class Result(IntEnum):
    """How a command went."""

    OK = 0
    UNKNOWN_COMMAND = 1
    BAD_LENGTH = 2
    BAD_VALUE = 3
    WRONG_STATE = 4
    UNKNOWN_VERSION = 5
    BUSY = 6
    IMU_FAILURE = 7
    STORAGE_FAILURE = 8
    LINK_TOO_NARROW = 9
    NO_DATA = 10
    NOT_SUPPORTED = 11


class State(IntEnum):
    """What the device is doing."""

    IDLE = 0
    STREAMING = 1
    FAULT = 2
    SELF_TEST = 3


class NoticeKind(IntEnum):
    """What happened that nobody asked for."""

    IMU_SILENT = 1
    IMU_RECOVERED = 2
    BATTERY_LOW = 3
    LINK_IDLE = 4
    CALIBRATION_LOST = 5


SELF_TEST_FAILURES = (
    "the sensor does not name itself",
    "no data-ready signal",
    "the accelerometer does not answer its test",
    "the gyroscope does not answer its test",
    "it did not lie still, or does not read 1 g",
    "the calibration store cannot be read",
    "the battery gauge reads nonsense",
)


@dataclass(frozen=True, slots=True)
class Imu:
    """Consecutive samples, in the sensor's own counts.

    Attributes
    ----------
    sequence
        Number of the first sample, modulo 2^16.
    t_us
        Data-ready of each sample, us of the device's counter modulo 2^64, shape (n,).
    accel, gyro
        Counts, shape (n, 3).
    accel_mps2_per_count, gyro_radps_per_count
        Scale factors.
    """

    sequence: int
    flags: int
    t_us: NDArray[np.uint64]
    accel: NDArray[np.int16]
    gyro: NDArray[np.int16]
    scales: int
    temperature_c: float

    @property
    def accel_mps2(self) -> Floats:
        """Specific force, m/s^2, shape (n, 3); NaN where missing."""
        return _physical(self.accel, accel_scale_mps2(self.scales))

    @property
    def gyro_radps(self) -> Floats:
        """Angular rate, rad/s, shape (n, 3); NaN where missing."""
        return _physical(self.gyro, gyro_scale_radps(self.scales))

    @property
    def saturated(self) -> NDArray[np.bool_]:
        """True where a component is at the end of its scale, shape (n,)."""
        extreme = (np.abs(self.accel.astype(np.int32)) == FULL) | (np.abs(self.gyro.astype(np.int32)) == FULL)
        return np.asarray(extreme.any(axis=1))


@dataclass(frozen=True, slots=True)
class SyncEvent:
    """An edge; ``source`` is 0 jack, 1 LED and output, 2 button."""

    sequence: int
    t_us: int
    source: int
    level: int
    pulse: int
    seed: int


@dataclass(frozen=True, slots=True)
class Status:
    """How the device is; fields as in section 3.3."""

    t_us: int
    state: int
    reset_cause: int
    battery_mv: int
    battery_percent: int
    charging: int
    imu_restarts: int
    samples_dropped: int
    packets_dropped: int
    rx_bad: int
    rx_oversized: int
    rx_overrun: int
    commands_refused: int
    samples_taken: int
    imu_overruns: int


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that happened."""

    t_us: int
    notice: int
    detail: int


@dataclass(frozen=True, slots=True)
class Rest:
    """Mean reading of a window at rest, SI units."""

    t_us: int
    count: int
    gyro_radps: Floats
    accel_mps2: Floats


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the device is; fields as in section 3.6."""

    minor: int
    board: int
    imu: int
    reset_cause: int
    serial_number: int
    firmware: tuple[int, int, int]
    max_batch: int
    boot_count: int
    capabilities: int
    t_us: int


@dataclass(frozen=True, slots=True)
class CommandReply:
    """The answer to a command; ``body`` is empty unless ``result`` is OK."""

    command: int
    sequence: int
    result: int
    state: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Pong:
    """Body of the reply to PING, us."""

    cookie: int
    t_rx_us: int
    t_tx_us: int
    anchor_us: int


@dataclass(frozen=True, slots=True)
class OtherVersion:
    """A packet of another major version; only its header is understood."""

    major: int
    kind: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """A kind that this version does not know, or a body that does not fit its kind (``is_damaged``)."""

    kind: int
    is_damaged: bool


Packet = Imu | SyncEvent | Status | Notice | Rest | Identity | CommandReply | OtherVersion | Unknown

_HEADER = struct.Struct("<BBH")
_IMU_HEAD = struct.Struct("<QBBh")
_IMU_SAMPLE = np.dtype([("dt_us", "<u2"), ("accel", "<i2", 3), ("gyro", "<i2", 3)])
_SYNC = struct.Struct("<QBBHII")
_STATUS = struct.Struct("<QBBHBBH8I")
_NOTICE = struct.Struct("<QHHI")
_REST = struct.Struct("<QHBB6i")
_IDENTITY = struct.Struct("<4sBBBBQBBBBIIQ")
_PONG = struct.Struct("<QQQQ")


def accel_scale_mps2(scales: int) -> float:
    """Return m/s^2 per count for the byte ``scales`` of a packet (section 3)."""
    return ACCEL_FULL_SCALE_G[scales & 0x0F] * GRAVITY_MPS2 / 32768.0


def gyro_scale_radps(scales: int) -> float:
    """Return rad/s per count for the byte ``scales`` of a packet (section 3)."""
    code = scales >> 4
    dps = GYRO_FULL_SCALE_DPS[code] / 32768.0 if code < 4 else 0.00875 * 2.0 ** (code - 4)
    return float(np.radians(dps))


def _known_scales(scales: int) -> bool:
    return scales & 0x0F < 4 and scales >> 4 < 8


def _physical(counts: NDArray[np.int16], scale: float) -> Floats:
    values = counts.astype(np.float64) * scale
    values[counts == MISSING] = np.nan
    return values


def parse(payload: bytes) -> Packet:
    """Return the packet in a payload of a sound frame."""
    kind, version, sequence = _HEADER.unpack_from(payload)
    if version >> 4 != MAJOR:
        return OtherVersion(version >> 4, kind)
    body = payload[_HEADER.size :]
    if kind >= 0x80:
        if len(body) < 2:
            return Unknown(kind, is_damaged=True)
        return CommandReply(kind - 0x80, sequence, body[0], body[1], body[2:])
    reader = _READERS.get(kind)
    if reader is None:
        return Unknown(kind, is_damaged=False)
    found = reader(sequence, version & 0x0F, body)
    return Unknown(kind, is_damaged=True) if found is None else found


def _imu(sequence: int, flags: int, body: bytes) -> Packet | None:
    if len(body) < _IMU_HEAD.size:
        return None
    t_us, count, scales, temperature = _IMU_HEAD.unpack_from(body)
    fits = len(body) == _IMU_HEAD.size + count * _IMU_SAMPLE.itemsize
    if not (1 <= count <= MAX_BATCH and fits and _known_scales(scales)):
        return None
    samples = np.frombuffer(body, _IMU_SAMPLE, count, _IMU_HEAD.size)
    later_us = np.cumsum(samples["dt_us"], dtype=np.uint64) - np.uint64(samples["dt_us"][0])
    times = np.uint64(t_us) + later_us  # wraps at 2^64, as the device's counter does
    celsius = np.nan if temperature == MISSING else 0.01 * temperature
    return Imu(sequence, flags, times, samples["accel"].copy(), samples["gyro"].copy(), scales, celsius)


def _sync_event(sequence: int, _: int, body: bytes) -> Packet | None:
    if len(body) < _SYNC.size:
        return None
    t_us, source, level, _reserved, pulse, seed = _SYNC.unpack_from(body)
    return SyncEvent(sequence, t_us, source, level, pulse, seed)


def _status(_sequence: int, _flags: int, body: bytes) -> Packet | None:
    return read_status(body)


def read_status(body: bytes) -> Status | None:
    """Return the status in bytes 4 and on of STATUS, or in the reply to GET_STATUS; None when too short."""
    return Status(*_STATUS.unpack_from(body)) if len(body) >= _STATUS.size else None


def _notice(_sequence: int, _flags: int, body: bytes) -> Packet | None:
    if len(body) < _NOTICE.size:
        return None
    t_us, notice, _reserved, detail = _NOTICE.unpack_from(body)
    return Notice(t_us, notice, detail)


def _rest(_sequence: int, _flags: int, body: bytes) -> Packet | None:
    if len(body) < _REST.size:
        return None
    t_us, count, scales, _reserved, *means = _REST.unpack_from(body)
    if not _known_scales(scales):
        return None
    gyro, accel = np.array(means, dtype=np.float64).reshape(2, 3) / 16.0
    return Rest(t_us, count, gyro * gyro_scale_radps(scales), accel * accel_scale_mps2(scales))


def _identity(_sequence: int, _flags: int, body: bytes) -> Packet | None:
    return read_identity(body)


def read_identity(body: bytes) -> Identity | None:
    """Return the identity in bytes 4 and on of IDENTITY, or in the reply to IDENTIFY; None without the magic."""
    if len(body) < _IDENTITY.size:
        return None
    magic, minor, board, imu, cause, serial, major, middle, patch, batch, boots, can, t_us = _IDENTITY.unpack_from(
        body
    )
    if magic != b"TNDM":
        return None
    return Identity(minor, board, imu, cause, serial, (major, middle, patch), batch, boots, can, t_us)


_READERS = {
    Kind.IMU: _imu,
    Kind.SYNC_EVENT: _sync_event,
    Kind.STATUS: _status,
    Kind.NOTICE: _notice,
    Kind.REST: _rest,
    Kind.IDENTITY: _identity,
}


def read_pong(body: bytes) -> Pong | None:
    """Return the stamps in the reply to PING; None when too short."""
    return Pong(*_PONG.unpack_from(body)) if len(body) >= _PONG.size else None


def command(kind: Command, sequence: int, body: bytes = b"") -> bytes:
    """Return the payload of a command."""
    return _HEADER.pack(kind, MAJOR << 4, sequence & 0xFFFF) + body


def train_spacings_us(seed: int, count: int) -> NDArray[np.int64]:
    """Return the first spacings of a dithered train of pulses, us, shape (count,) (section 6)."""
    spacings = np.empty(count, dtype=np.int64)
    x = seed
    for k in range(count):
        x ^= (x << 13) & 0xFFFFFFFF
        x ^= x >> 17
        x ^= (x << 5) & 0xFFFFFFFF
        spacings[k] = 1000 * (700 + x % 601)
    return spacings


def later_us(now_us: int, before_us: int) -> int:
    """Return the signed difference of two stamps of the device's 64-bit counter, us."""
    return ((now_us - before_us + 2**63) % 2**64) - 2**63
