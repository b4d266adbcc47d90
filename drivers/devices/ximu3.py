"""x-io x-IMU3 over USB, Bluetooth serial, TCP or UDP.

Source: "x-IMU3 User Manual" v1.7, sections 8 and 9, and github.com/xioTechnologies/x-IMU3-Software @64d156d. A
message ends with a line feed. ASCII: ``I,time us,gx,gy,gz,ax,ay,az`` in deg/s and g. Binary: the letter + 0x80,
time u64 us, six f32; in it 0A is sent as DB DC and DB as DB DD. B: battery percent, voltage, status. Commands and
their answers are JSON lines. The time stamp is that of the measurement, in microseconds, and does not wrap.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from drivers.base import Chunk, DecodeCounts, DeviceInfo, DeviceStatus, Found, Packet, Reply, Session
from drivers.devices._packets import Packets, rate_among, transport_among
from drivers.framing import GRAVITY_MPS2, LineScanner
from fusion.errors import DeviceError

_FASTEST_HZ = 400.0
_INERTIAL, _BATTERY, _NOTICE, _ERROR = "I", "B", "N", "F"
_ARGUMENTS = {_INERTIAL: 6, _BATTERY: 3}
_END, _ESCAPE, _ESCAPED_END, _ESCAPED_ESCAPE = 0x0A, 0xDB, 0xDC, 0xDD


@dataclass(frozen=True, slots=True)
class Ximu3:
    """An x-IMU3; its inertial messages are the average of the samples between them."""

    rate_hz: float = 100.0
    transport: str = "serial"
    accel_range_mps2: float = 16.0 * GRAVITY_MPS2
    gyro_range_radps: float = float(np.radians(2000.0))

    info: ClassVar[DeviceInfo] = DeviceInfo(
        title="x-io x-IMU3",
        transports=("serial", "tcp", "udp"),
        rates_hz=(25.0, 50.0, 100.0, 200.0, 400.0),
        tested_against=("specification", "examples of the maker's manual", "simulator"),
        has_battery=True,
        notes="no checksum and no counter; losses show as gaps of the time stamp",
    )

    def __post_init__(self) -> None:
        """Check what cannot be meant."""
        rate_among(self.info.rates_hz, self.rate_hz, "ximu3")
        transport_among(self.info.transports, self.transport, "ximu3")

    def recognises(self, found: Found) -> bool:
        """Say whether the port names it."""
        return "x-IMU3" in found.name

    def decoder(self) -> Ximu3Decoder:
        """Return a decoder for ASCII and binary messages."""
        return Ximu3Decoder(self)

    async def start(self, link: Session) -> None:
        """Check that it answers, set the message rate, choose binary."""
        if self.transport == "udp":  # nobody can be asked before the first datagram
            return
        answer = await link.ask("", command("ping", None), _is_answer, tries=3)
        told = answer.data if isinstance(answer, Reply) else b""
        if b"ping" not in told:
            raise DeviceError(f"the device answers {told[:40]!r} to a ping; an x-IMU3 names itself. Check the port.")
        for key, value in (
            ("inertialMessageRateDivisor", round(_FASTEST_HZ / self.rate_hz)),
            ("binaryModeEnabled", True),
            ("apply", None),
        ):
            await link.ask("", command(key, value), _is_answer, tries=3)

    async def poll(self, link: Session) -> None:
        """Do nothing: the battery comes by itself."""

    async def stop(self, link: Session) -> None:
        """Do nothing: it streams while it is on."""


def command(key: str, value: object) -> bytes:
    """Return a command: one JSON object with one key, without spaces, on a line."""
    return json.dumps({key: value}, separators=(",", ":")).encode() + b"\n"


def _is_answer(packet: Packet) -> bool:
    return isinstance(packet, Reply)


class Ximu3Decoder:
    """Reads messages line by line."""

    def __init__(self, device: Ximu3) -> None:
        self.counts = DecodeCounts()
        self._lines = LineScanner(self.counts)
        self._packets = Packets(self.counts, device.accel_range_mps2, device.gyro_range_radps)

    def feed(self, chunk: Chunk) -> tuple[Packet, ...]:
        """Return the samples that these bytes complete, as one packet, then all else."""
        times: list[float] = []
        rows: list[tuple[float, ...]] = []
        packets: list[Packet] = []
        for line in self._lines.feed(chunk.data):
            message = self._read(line)
            if message is None:
                if line.startswith(b"{"):
                    self.counts.frames += 1
                    packets.append(Reply("json", line, chunk.arrival_s))
                elif line.strip():
                    self.counts.rejected += 1
                    self.counts.skipped_bytes += len(line) + 1
                continue
            self.counts.frames += 1
            letter, tick, arguments, text = message
            if letter == _INERTIAL:
                times.append(1e-6 * tick)
                rows.append(arguments)
            elif letter == _BATTERY:
                percent, volts = arguments[:2]
                packets.append(DeviceStatus(chunk.arrival_s, battery=percent / 100.0, battery_v=volts))
            else:
                packets.append(DeviceStatus(chunk.arrival_s, message=text))
        if times:
            values = np.array(rows, dtype=np.float64)
            gyro, accel = np.radians(values[:, :3]), values[:, 3:] * GRAVITY_MPS2
            packets.insert(0, self._packets.make(times, accel, gyro, chunk.arrival_s))
        return tuple(packets)

    def reset(self) -> None:
        """Forget half a line."""
        self._lines.reset()

    def _read(self, line: bytes) -> tuple[str, int, tuple[float, ...], str] | None:
        """Return letter, time in us, arguments and text of a message, or None."""
        if not line:
            return None
        if line[0] & 0x80:
            return _binary(line)
        return _ascii(line)


def _binary(line: bytes) -> tuple[str, int, tuple[float, ...], str] | None:
    body = unstuffed(line)
    if body is None or len(body) < 9:
        return None
    letter, tick = chr(body[0] & 0x7F), int.from_bytes(body[1:9], "little")
    count = _ARGUMENTS.get(letter, 0)
    if letter in (_NOTICE, _ERROR):
        return letter, tick, (), body[9:].decode("ascii", "replace")
    if not count or len(body) != 9 + 4 * count:
        return None
    arguments = struct.unpack_from(f"<{count}f", body, 9)
    return (letter, tick, arguments, "") if np.isfinite(arguments).all() else None


def _ascii(line: bytes) -> tuple[str, int, tuple[float, ...], str] | None:
    letter, *fields = line.decode("ascii", "replace").rstrip("\r").split(",")
    if not fields or not fields[0].isdecimal() or len(fields[0]) > 20:
        return None
    if letter in (_NOTICE, _ERROR):
        return letter, int(fields[0]), (), ",".join(fields[1:])
    if _ARGUMENTS.get(letter) != len(fields) - 1:
        return None
    try:
        arguments = tuple(float(field) for field in fields[1:])
    except ValueError:
        return None
    return (letter, int(fields[0]), arguments, "") if np.isfinite(arguments).all() else None


def unstuffed(line: bytes) -> bytes | None:
    """Return the bytes with their stuffing undone; None where an escape is followed by what may not follow."""
    *parts, last = line.split(bytes([_ESCAPE]))
    undone = bytearray()
    pieces = [*parts, last]
    undone += pieces[0]
    for piece in pieces[1:]:
        if piece[:1] == bytes([_ESCAPED_END]):
            undone.append(_END)
        elif piece[:1] == bytes([_ESCAPED_ESCAPE]):
            undone.append(_ESCAPE)
        else:
            return None
        undone += piece[1:]
    return bytes(undone)


PLUGIN = Ximu3
