"""A virtual Tandem wearable, written from hardware/protocol/SPEC.md: serial and Bluetooth LE.

Sections of the specification are named where they are followed. Samples that cannot be sent wait; the oldest are
overwritten.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from drivers.sim.base import Characteristic, Out, Profile, TwinClock
from fusion.types import Floats

_UUID = "7d3a000{}-6f1c-4b8e-9c5a-2f6f1e0a7b10"
SERVICE, COMMAND, STREAM, REPLY = (_UUID.format(number) for number in (1, 2, 3, 4))

IDLE, STREAMING = 0, 1
OK, UNKNOWN_COMMAND, BAD_LENGTH, BAD_VALUE, WRONG_STATE, UNKNOWN_VERSION, NO_DATA = 0, 1, 2, 3, 4, 5, 10
RATES_HZ = (25, 50, 100, 200, 500, 1000)
_ACCEL_FULL_G, _GYRO_FULL_DPS = (2.0, 4.0, 8.0, 16.0), (250.0, 500.0, 1000.0, 2000.0)
_G = 9.80665
_BODY_BYTES = {0x10: 0, 0x11: 8, 0x12: 2, 0x13: 2, 0x14: 1, 0x15: 0, 0x16: 0, 0x17: 8, 0x18: 0, 0x19: 0, 0x1A: 120}
_BODY_BYTES |= {0x1B: 0, 0x1C: 0, 0x1D: 0, 0x1E: 4}
_ONLY_IDLE = frozenset({0x12, 0x13, 0x14, 0x15, 0x1A, 0x1C})


def crc16(data: bytes) -> int:
    """Return CRC-16/CCITT-FALSE (section 1), bit by bit as the standard describes it."""
    register = 0xFFFF
    for byte in data:
        register ^= byte << 8
        for _ in range(8):
            register = (register << 1) ^ 0x1021 if register & 0x8000 else register << 1
            register &= 0xFFFF
    return register


def _fast_crc16(data: bytes) -> int:
    """Return the same by a table of single bytes."""
    register = 0xFFFF
    for byte in data:
        register = ((register << 8) & 0xFFFF) ^ _STEP[(register >> 8) ^ byte]
    return register


def _steps() -> tuple[int, ...]:
    steps = []
    for first in range(256):
        register = first << 8
        for _ in range(8):
            register = ((register << 1) ^ 0x1021 if register & 0x8000 else register << 1) & 0xFFFF
        steps.append(register)
    return tuple(steps)


_STEP = _steps()


def cobs(data: bytes) -> bytes:
    """Return the bytes without zeros and a zero at the end (Cheshire & Baker 1999)."""
    coded = bytearray()
    for piece in data.split(b"\x00"):
        while len(piece) >= 254:
            coded += b"\xff" + piece[:254]
            piece = piece[254:]
        coded.append(len(piece) + 1)
        coded += piece
    return bytes(coded) + b"\x00"


def uncobs(coded: bytes) -> bytes:
    """Return what was coded, or nothing where it runs over its end."""
    data, place = bytearray(), 0
    while place < len(coded):
        code = coded[place]
        block = coded[place + 1 : place + code]
        if code == 0 or len(block) != code - 1:
            return b""
        data += block
        place += code
        if code < 255 and place < len(coded):
            data.append(0)
    return bytes(data)


class _Reading(NamedTuple):
    number: int
    device_s: float
    accel: tuple[int, ...]
    gyro: tuple[int, ...]


class TandemTwin:
    """A wearable on an emulated board.

    Parameters
    ----------
    serial_number
        Of the device; its last four hex digits are its name on the air.
    transport
        ``"ble"`` or ``"serial"``.
    buffered
        Samples that wait for a link before the oldest is overwritten.
    battery
        Charge, 0 to 1.
    """

    def __init__(
        self,
        serial_number: int = 0x7A11,
        transport: str = "ble",
        clock: TwinClock | None = None,
        buffered: int = 64,
        battery: float = 0.8,
    ) -> None:
        self.clock = clock or TwinClock()
        self.serial_number = serial_number
        self.transport = transport
        self.battery = battery
        self.boot_count = 1
        self.calibration = b""
        self.state = IDLE
        self.scales = 0x33
        self.rate = 100
        self.batch = 8 if transport == "ble" else 1
        self.profile = Profile()
        if transport == "ble":
            characteristics = (
                Characteristic(COMMAND, ("write", "write-without-response")),
                Characteristic(STREAM, ("notify",)),
                Characteristic(REPLY, ("notify",)),
            )
            self.profile = Profile(f"Tandem-{serial_number & 0xFFFF:04X}", {SERVICE: characteristics})
        self._attached = False
        self._mtu = 247
        self._waiting: deque[_Reading] = deque(maxlen=buffered)
        self._number = 0
        self._dropped = 0
        self._common = 0
        self._rx_bad = 0
        self._last_status_s = -np.inf
        self._rest = b""
        self._pulse: tuple[float, int] | None = None

    @property
    def rate_hz(self) -> float:
        """Return the rate while it samples."""
        return float(self.rate) if self.state == STREAMING else 0.0

    def attached(self, mtu: int) -> list[Out]:
        """Take note of a new link; a port gets the identity of section 3.6."""
        self._attached, self._mtu, self._rest = True, mtu, b""
        return [self._identity(0x06, self._next_common(), self.clock.offset_s)] if self.transport == "serial" else []

    def detached(self) -> None:
        """Go on sampling into the buffer (section 7)."""
        self._attached = False

    def reset(self, offset_s: float) -> None:
        """Reset as after a brown-out: a new clock, idle."""
        self.clock = TwinClock(offset_s, self.clock.skew, self.clock.start_s)
        self.boot_count += 1
        self.state = IDLE
        self._waiting.clear()

    def value(self, channel: str) -> bytes:  # noqa: ARG002 - none of its own can be read
        """Return nothing."""
        return b""

    def received(self, channel: str, data: bytes, now_s: float) -> list[Out]:  # noqa: ARG002
        """Answer commands (section 4)."""
        if self.transport == "ble":
            return self._command(data, now_s)
        *frames, self._rest = (self._rest + data).split(b"\x00")
        return [out for frame in frames if frame for out in self._command(uncobs(frame), now_s)]

    def tick(self, now_s: float) -> list[Out]:
        """Send STATUS once a second, and pulses that are due."""
        if not self._attached:
            return []
        outs = []
        if self._pulse is not None and self.clock.device_s(now_s) >= self._pulse[0]:
            edge_s, seed = self._pulse
            self._pulse = None
            body = struct.pack("<QBBHII", _us(edge_s), 1, 1, 0, 0, seed)
            outs.append(self._packet(0x02, 0, body))
        if now_s - self._last_status_s >= 1.0:
            self._last_status_s = now_s
            outs.append(self._packet(0x03, self._next_common(), self._status(self.clock.device_s(now_s))))
        return outs

    def press(self, device_s: float) -> Out:
        """Return the event of the button (section 3.2)."""
        return self._packet(0x02, 0, struct.pack("<QBBHII", _us(device_s), 2, 1, 0, 0, 0))

    def sample(self, device_s: float, accel_mps2: Floats, gyro_radps: Floats) -> list[Out]:
        """Take a reading: number and quantise it; send when a batch is full."""
        accel = _counts(accel_mps2 / (_ACCEL_FULL_G[self.scales & 15] * _G))
        gyro = _counts(np.degrees(gyro_radps) / _GYRO_FULL_DPS[self.scales >> 4])
        if len(self._waiting) == self._waiting.maxlen:
            self._dropped += 1
        self._waiting.append(_Reading(self._number, device_s, accel, gyro))
        self._number += 1
        outs: list[Out] = []
        while self._attached and len(self._waiting) >= self.batch:
            outs.append(self._imu([self._waiting.popleft() for _ in range(self.batch)]))
        return outs

    def _imu(self, readings: list[_Reading]) -> Out:
        """Section 3.1."""
        extreme = any(abs(n) == 32767 for reading in readings for n in (*reading.accel, *reading.gyro))
        parts = [struct.pack("<QBBh", _us(readings[0].device_s), len(readings), self.scales, 2500)]
        before_us = _us(readings[0].device_s)
        for reading in readings:
            now_us = _us(reading.device_s)
            parts.append(struct.pack("<H6h", now_us - before_us, *reading.accel, *reading.gyro))
            before_us = now_us
        return self._packet(0x01, readings[0].number & 0xFFFF, b"".join(parts), flags=int(extreme))

    def _command(self, sealed: bytes, now_s: float) -> list[Out]:
        """Check in the order of section 4: version, kind, length, state, value."""
        payload, crc = sealed[:-2], sealed[-2:]
        if len(sealed) < 6 or len(sealed) > 242 or crc != struct.pack("<H", _fast_crc16(payload)):
            self._rx_bad += 1
            return []
        kind, version, sequence = struct.unpack_from("<BBH", payload)
        if version >> 4 != 1:
            return [self._reply(kind, sequence, UNKNOWN_VERSION)]
        if not 0x10 <= kind <= 0x7F:
            self._rx_bad += 1
            return []
        body = payload[4:]
        if kind not in _BODY_BYTES:
            return [self._reply(kind, sequence, UNKNOWN_COMMAND)]
        if len(body) != _BODY_BYTES[kind]:
            return [self._reply(kind, sequence, BAD_LENGTH)]
        if kind in _ONLY_IDLE and self.state != IDLE:
            return [self._reply(kind, sequence, WRONG_STATE)]
        handlers: dict[int, Callable[[bytes, float], tuple[int, bytes]]] = {
            0x10: lambda _, device_s: (OK, self._identity_body(device_s)),
            0x11: lambda body, device_s: (OK, body + struct.pack("<QQQ", _us(device_s), _us(device_s), 0)),
            0x12: self._set_rate,
            0x13: self._set_range,
            0x14: self._set_batch,
            0x15: self._start,
            0x16: self._stop,
            0x17: self._sync,
            0x18: lambda _body, _s: (OK, struct.pack("<HBB", self._millivolts(), self._percent(), 0)),
            0x19: lambda _body, _s: (OK, self.calibration) if self.calibration else (NO_DATA, b""),
            0x1A: self._store,
            0x1B: lambda _, device_s: (OK, self._status(device_s)),
            0x1C: lambda _body, _s: (OK, struct.pack("<H", 0)),
            0x1D: lambda _body, _s: (OK, b"tandem 1.0.0 (emulated)"),
            0x1E: lambda _body, _s: (OK, b""),
        }
        result, answer = handlers[kind](body, self.clock.device_s(now_s))
        return [self._reply(kind, sequence, result, answer if result == OK else b"")]

    def _set_rate(self, body: bytes, _: float) -> tuple[int, bytes]:
        rate = struct.unpack("<H", body)[0]
        if rate not in RATES_HZ:
            return BAD_VALUE, b""
        self.rate = rate
        return OK, struct.pack("<IH", 1000 * rate, 0)

    def _set_range(self, body: bytes, _: float) -> tuple[int, bytes]:
        if body[0] > 3 or body[1] > 3:
            return BAD_VALUE, b""
        self.scales = body[0] | body[1] << 4
        return OK, bytes([self.scales])

    def _set_batch(self, body: bytes, _: float) -> tuple[int, bytes]:
        if not 1 <= body[0] <= 16:
            return BAD_VALUE, b""
        room = (self._mtu - 3 - 2 - 16) // 14 if self.transport == "ble" else 16
        self.batch = min(body[0], room)
        return OK, bytes([self.batch])

    def _store(self, body: bytes, _: float) -> tuple[int, bytes]:
        """Section 8: another device's block and one with a number that is not finite are refused."""
        is_finite = bool(np.isfinite(np.frombuffer(body, "<f4", 24, 20)).all())
        if body[0] != 1 or int.from_bytes(body[4:12], "little") != self.serial_number or not is_finite:
            return BAD_VALUE, b""
        self.calibration = body
        return OK, b""

    def _start(self, _: bytes, device_s: float) -> tuple[int, bytes]:
        self.state, self._number, self._dropped = STREAMING, 0, 0
        self._waiting.clear()
        return OK, struct.pack("<Q", _us(device_s))

    def _stop(self, _body: bytes, _s: float) -> tuple[int, bytes]:
        self.state = IDLE
        return OK, struct.pack("<II", self._number, self._dropped)

    def _sync(self, body: bytes, device_s: float) -> tuple[int, bytes]:
        mode, _, width_ms, seed = struct.unpack("<BBHI", body)
        if mode > 2 or not 20 <= width_ms <= 500 or (mode == 2 and seed == 0):
            return BAD_VALUE, b""
        edge_s = device_s + 0.01
        self._pulse = (edge_s, seed if mode == 2 else 0) if mode else None
        return OK, struct.pack("<Q", _us(edge_s))

    def _identity(self, kind: int, sequence: int, device_s: float) -> Out:
        return self._packet(kind, sequence, self._identity_body(device_s))

    def _identity_body(self, device_s: float) -> bytes:
        """Section 3.6 from byte 4 on."""
        told = struct.pack("<4sBBBBQ", b"TNDM", 0, 1, 0, 0, self.serial_number)
        capabilities = 0b1111 if self.transport == "ble" else 0b1110
        return told + struct.pack("<BBBBIIQ", 1, 0, 0, 16, self.boot_count, capabilities, _us(device_s))

    def _status(self, device_s: float) -> bytes:
        """Section 3.3 from byte 4 on."""
        head = struct.pack("<QBBHBBH", _us(device_s), self.state, 0, self._millivolts(), self._percent(), 0, 0)
        taken = self._number & 0xFFFFFFFF
        return head + struct.pack("<8I", self._dropped, 0, self._rx_bad, 0, 0, 0, taken, 0)

    def _millivolts(self) -> int:
        return round(3400 + 700 * self.battery)

    def _percent(self) -> int:
        return round(100 * self.battery)

    def _next_common(self) -> int:
        self._common = (self._common + 1) & 0xFFFF
        return self._common

    def _reply(self, kind: int, sequence: int, result: int, body: bytes = b"") -> Out:
        return self._packet((kind + 0x80) & 0xFF, sequence, bytes([result, self.state]) + body)

    def _packet(self, kind: int, sequence: int, body: bytes, *, flags: int = 0) -> Out:
        payload = struct.pack("<BBH", kind, 0x10 | flags, sequence) + body
        sealed = payload + struct.pack("<H", _fast_crc16(payload))
        if self.transport == "serial":
            return Out("", cobs(sealed))
        return Out(STREAM if kind < 0x10 else REPLY, sealed)


def _us(device_s: float) -> int:
    return round(1e6 * device_s) & 0xFFFFFFFFFFFFFFFF


def _counts(share: Floats) -> tuple[int, ...]:
    """Return counts of a share of full scale; what is beyond it saturates, NaN is missing (section 3)."""
    rounded = np.clip(np.rint(np.nan_to_num(share, nan=-2.0) * 32768.0), -32767, 32767)
    return tuple(-32768 if np.isnan(value) else int(count) for value, count in zip(share, rounded, strict=True))


PLUGIN = TandemTwin
