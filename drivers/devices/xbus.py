"""Xsens MTi at a serial port, XBus protocol with MTData2.

Source: "MT Low Level Communication Protocol Documentation", MT0101P. A message is FA FF, id, length (FF: then u16),
data, checksum; all bytes after FA sum to 0 modulo 256. Big-endian. MTData2 (36) holds items: id u16, size u8, data.
Used are 1020 packet counter u16, 1060 sample time u32 in 0.1 ms, 4020 acceleration m/s^2, 8020 rate rad/s (3 x f32
each), E020 status.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from drivers.base import Chunk, DecodeCounts, DeviceInfo, Found, ImuPacket, Packet, Reply, Session
from drivers.devices._packets import Packets, rate_among, transport_among
from drivers.framing import GRAVITY_MPS2, FrameScanner, Unwrapper, sum8

GO_TO_CONFIG, GO_TO_MEASUREMENT, SET_OUTPUT, DATA = 0x30, 0x10, 0xC0, 0x36
COUNTER, SAMPLE_TIME, ACCEL, GYRO, STATUS = 0x1020, 0x1060, 0x4020, 0x8020, 0xE020

_LIMIT = 2059
_ALWAYS = 0xFFFF
# Status word: bits 8 to 10 acceleration and 11 to 13 rate beyond range, per axis (MT0101P, StatusWord).
_CLIPPED = 0x3F00


@dataclass(frozen=True, slots=True)
class Xbus:
    """An Xsens MTi.

    Attributes
    ----------
    accel_range_g, gyro_range_dps
        Full scale of the model; MTi-1 and MTi-600 have 16 g, the 10 and 100 series 5, 10 or 18 g.
    """

    rate_hz: float = 100.0
    accel_range_g: float = 16.0
    gyro_range_dps: float = 2000.0
    transport: str = "serial"

    info: ClassVar[DeviceInfo] = DeviceInfo(
        title="Xsens MTi (XBus)",
        transports=("serial", "tcp"),
        rates_hz=(25.0, 50.0, 100.0, 200.0, 400.0),
        tested_against=("specification", "public captures", "simulator"),
        has_counter=True,
        has_checksum=True,
    )

    def __post_init__(self) -> None:
        """Check what cannot be meant."""
        rate_among(self.info.rates_hz, self.rate_hz, "xbus")
        transport_among(self.info.transports, self.transport, "xbus")

    @property
    def accel_range_mps2(self) -> float:
        """Full scale, m/s^2."""
        return self.accel_range_g * GRAVITY_MPS2

    @property
    def gyro_range_radps(self) -> float:
        """Full scale, rad/s."""
        return float(np.radians(self.gyro_range_dps))

    def recognises(self, found: Found) -> bool:
        """Say whether the port names the maker."""
        return found.transport == "serial" and any(word in found.name for word in ("Xsens", "MTi", "2639"))

    def decoder(self) -> XbusDecoder:
        """Return a decoder."""
        return XbusDecoder(self)

    async def start(self, link: Session) -> None:
        """Configure the output, then measure."""
        items = [(COUNTER, _ALWAYS), (SAMPLE_TIME, _ALWAYS), (ACCEL, int(self.rate_hz)), (GYRO, int(self.rate_hz))]
        items.append((STATUS, _ALWAYS))
        output = b"".join(struct.pack(">HH", *item) for item in items)
        for command, body in ((GO_TO_CONFIG, b""), (SET_OUTPUT, output), (GO_TO_MEASUREMENT, b"")):
            await link.ask("", xbus_message(command, body), _answers(command), timeout_s=0.5, tries=3)

    async def poll(self, link: Session) -> None:
        """Do nothing: there is nothing to ask while it measures."""

    async def stop(self, link: Session) -> None:
        """Go back to configuration, which is silent."""
        await link.write("", xbus_message(GO_TO_CONFIG))


def xbus_message(kind: int, body: bytes = b"") -> bytes:
    """Return a short message to the device."""
    head = bytes([0xFF, kind, len(body)]) + body
    return b"\xfa" + head + bytes([-sum(head) & 0xFF])


def _answers(command: int):  # type: ignore[no-untyped-def]  # noqa: ANN202 - a predicate on packets
    return lambda packet: isinstance(packet, Reply) and packet.number == command + 1


class XbusDecoder:
    """Reads MTData2; other messages become replies."""

    def __init__(self, device: Xbus) -> None:
        self.counts = DecodeCounts()
        self._scanner = FrameScanner(b"\xfa\xff", _length, _is_sound, self.counts, _LIMIT)
        self._count = Unwrapper(2**16)
        self._ticks = Unwrapper(2**32, 1e-4)
        self._packets = Packets(self.counts, device.accel_range_mps2, device.gyro_range_radps)

    def feed(self, chunk: Chunk) -> tuple[Packet, ...]:
        """Return the samples that these bytes complete, and replies."""
        packets: list[Packet] = []
        for frame in self._scanner.feed(chunk.data):
            body = frame[6:-1] if frame[3] == 0xFF else frame[4:-1]
            if frame[2] != DATA:
                packets.append(Reply("message", body, chunk.arrival_s, frame[2]))
                continue
            sample = self._sample(read_items(body), chunk.arrival_s)
            if sample is not None:
                packets.append(sample)
        return tuple(packets)

    def reset(self) -> None:
        """Forget half a message."""
        self._scanner.reset()

    def _sample(self, items: dict[int, bytes], arrival_s: float) -> ImuPacket | None:
        if ACCEL not in items and GYRO not in items:
            return None
        accel, gyro = (_vector(items.get(number)) for number in (ACCEL, GYRO))
        raw_time = items.get(SAMPLE_TIME)
        time_s = np.nan if raw_time is None else 1e-4 * self._ticks(int.from_bytes(raw_time, "big"), arrival_s)
        raw_count = items.get(COUNTER)
        counter = None if raw_count is None else [self._count(int.from_bytes(raw_count, "big"), arrival_s)]
        clipped = bool(int.from_bytes(items.get(STATUS, b""), "big") & _CLIPPED)
        return self._packets.make(time_s, accel, gyro, arrival_s, counter, [clipped])


def read_items(body: bytes) -> dict[int, bytes]:
    """Return the items of MTData2, id -> data; what does not fit its stated size is left out."""
    sizes = {COUNTER: 2, SAMPLE_TIME: 4, ACCEL: 12, GYRO: 12, STATUS: 4}
    items, place = {}, 0
    while place + 3 <= len(body):
        number, size = struct.unpack_from(">HB", body, place)
        data = body[place + 3 : place + 3 + size]
        if len(data) == size and sizes.get(number, size) == size:
            items[number] = data
        place += 3 + size
    return items


def _vector(data: bytes | None) -> tuple[float, ...]:
    return (np.nan,) * 3 if data is None else struct.unpack(">3f", data)


def _length(head: bytes) -> int | None:
    if len(head) < 4:
        return None
    if head[3] != 0xFF:
        return head[3] + 5
    return int.from_bytes(head[4:6], "big") + 7 if len(head) >= 6 else None


def _is_sound(frame: bytes) -> bool:
    return sum8(frame[1:]) == 0


PLUGIN = Xbus
