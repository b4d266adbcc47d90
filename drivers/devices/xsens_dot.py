"""Movella (Xsens) DOT over Bluetooth LE, in the rate modes: calibrated acceleration and angular rate.

Source: "Xsens DOT BLE Services Specifications" and "Xsens DOT User Manual", with the layouts read by
github.com/adamkewley/xdc @5d19097. Services and characteristics are 1517xxxx-4947-11E9-8646-D663BD873D93.

- 2001 control: type 1, action 1 or 0, payload mode. Notifications are enabled before it is started.
- 2003 medium payload, mode 21: sample time u32 us, acceleration 3 x f32 m/s^2, rate 3 x f32 deg/s. Mode 20 appends
  the magnetometer, 3 x i16. The sample time wraps after 71.6 minutes.
- 1002 device control: output rate. 3001 battery: percent, charging. 7001 message: synchronisation of several DOTs.
- No counter and no checksum: losses show as gaps of the sample time.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from drivers.base import Chunk, DecodeCounts, DeviceInfo, DeviceStatus, Found, Packet, Reply, Session
from drivers.devices._packets import Packets, rate_among, transport_among
from drivers.framing import GRAVITY_MPS2, Unwrapper
from fusion.errors import DeviceError, UsageError


def characteristic(number: int) -> str:
    """Return the UUID of a DOT's service or characteristic."""
    return f"1517{number:04x}-4947-11e9-8646-d663bd873d93"


CONTROL, LONG, MEDIUM, SHORT = (characteristic(number) for number in (0x2001, 0x2002, 0x2003, 0x2004))
DEVICE_CONTROL, BATTERY = characteristic(0x1002), characteristic(0x3001)
MESSAGE_CONTROL, MESSAGE_ACK, MESSAGE_NOTIFY = (characteristic(number) for number in (0x7001, 0x7002, 0x7003))

RATE_WITH_MAG, RATE = 20, 21
_LENGTHS = {RATE_WITH_MAG: 34, RATE: 28}
_TAG_BYTES = 16
_VISIT_RATE = 0x10

SYNC = 0x02
START_SYNC, STOP_SYNC, GET_SYNC = 0x01, 0x02, 0x08
SYNCED, NOT_SYNCED = 0x04, 0x09


@dataclass(frozen=True, slots=True)
class XsensDot:
    """A DOT that streams acceleration and angular rate.

    Attributes
    ----------
    rate_hz
        Output rate; over Bluetooth 60 Hz at most.
    magnetometer
        Let it send the magnetometer as well; it is not used, but an iron floor shows in it.
    """

    rate_hz: float = 60.0
    magnetometer: bool = False
    transport: str = "ble"
    accel_range_mps2: float = 16.0 * GRAVITY_MPS2
    gyro_range_radps: float = float(np.radians(2000.0))

    info: ClassVar[DeviceInfo] = DeviceInfo(
        title="Movella / Xsens DOT",
        transports=("ble",),
        rates_hz=(1.0, 4.0, 10.0, 12.0, 15.0, 20.0, 30.0, 60.0),
        tested_against=("specification", "simulator", "public captures of its sync messages"),
        has_battery=True,
        notes="streams 60 Hz at most, 120 Hz only on board; several DOTs share a clock after their sync procedure",
    )

    def __post_init__(self) -> None:
        """Check what cannot be meant."""
        rate_among(self.info.rates_hz, self.rate_hz, "xsens_dot")
        transport_among(self.info.transports, self.transport, "xsens_dot")

    @property
    def mode(self) -> int:
        """Payload mode."""
        return RATE_WITH_MAG if self.magnetometer else RATE

    def recognises(self, found: Found) -> bool:
        """Say whether it calls itself a DOT."""
        return found.name.lower().startswith(("xsens dot", "movella dot"))

    def decoder(self) -> XsensDotDecoder:
        """Return a decoder for the chosen mode."""
        return XsensDotDecoder(self)

    async def start(self, link: Session) -> None:
        """Set the rate, then let the measurement flow."""
        await link.write(DEVICE_CONTROL, with_rate(await link.read(DEVICE_CONTROL), self.rate_hz), response=True)
        await link.subscribe(BATTERY)
        await link.read(BATTERY)
        await link.subscribe(MEDIUM)
        await link.write(CONTROL, bytes([1, 1, self.mode]), response=True)

    async def poll(self, link: Session) -> None:
        """Do nothing: it tells its battery by itself, and answers no ping."""

    async def stop(self, link: Session) -> None:
        """Stop the measurement."""
        await link.write(CONTROL, bytes([1, 0, self.mode]), response=True)


class XsensDotDecoder:
    """Reads the medium payload of modes 20 and 21, and the battery."""

    def __init__(self, device: XsensDot) -> None:
        self.counts = DecodeCounts()
        self._length = _LENGTHS[device.mode]
        self._unwrap = Unwrapper(2**32, 1e-6)
        self._packets = Packets(self.counts, device.accel_range_mps2, device.gyro_range_radps)

    def feed(self, chunk: Chunk) -> tuple[Packet, ...]:
        """Return the sample or the status in a notification."""
        if chunk.channel == MEDIUM:
            return self._sample(chunk)
        if chunk.channel == BATTERY and len(chunk.data) >= 2 and chunk.data[0] <= 100:
            self.counts.frames += 1
            return (DeviceStatus(chunk.arrival_s, battery=chunk.data[0] / 100.0),)
        if chunk.channel in (MESSAGE_ACK, MESSAGE_NOTIFY) and is_sound_message(chunk.data):
            self.counts.frames += 1
            return (Reply("message", chunk.data, chunk.arrival_s),)
        self.counts.rejected += chunk.channel != DEVICE_CONTROL
        return ()

    def reset(self) -> None:
        """Keep everything: a notification is never halved."""

    def _sample(self, chunk: Chunk) -> tuple[Packet, ...]:
        # Notifications may be padded to the size of the characteristic.
        if len(chunk.data) < self._length:
            self.counts.rejected += 1
            return ()
        tick, *values = struct.unpack_from("<I6f", chunk.data)
        if not np.isfinite(values).all():
            self.counts.rejected += 1
            return ()
        self.counts.frames += 1
        time_s = 1e-6 * self._unwrap(tick, chunk.arrival_s)
        return (self._packets.make(time_s, values[:3], np.radians(values[3:]), chunk.arrival_s),)


def with_rate(control: bytes, rate_hz: float) -> bytes:
    """Return the device control with another output rate.

    Layout: visit index, identify, power options, two time-outs (2 x 2), length of tag, tag (16), rate u16, filter.

    Raises
    ------
    DeviceError
        What was read is too short to be a DOT's.
    """
    place = 8 + _TAG_BYTES
    if len(control) < place + 3:
        raise DeviceError(f"the device control has {len(control)} bytes; a DOT has {place + 3} or more. Update it.")
    changed = bytearray(control)
    changed[0] = _VISIT_RATE
    struct.pack_into("<H", changed, place, int(rate_hz))
    return bytes(changed)


# Synchronisation of several DOTs


def message(kind: int, body: bytes = b"") -> bytes:
    """Return a message of the sync service: id, length, kind and body, checksum (all bytes sum to 0)."""
    head = bytes([SYNC, len(body) + 1, kind]) + body
    return head + bytes([-sum(head) & 0xFF])


def is_sound_message(data: bytes) -> bool:
    """Say whether length and checksum of a message fit."""
    return len(data) >= 4 and len(data) == data[1] + 3 and sum(data) & 0xFF == 0


def start_sync_message(root_address: str) -> bytes:
    """Return the message that lets a DOT take its time from the one with ``root_address``.

    Raises
    ------
    UsageError
        The address is none.
    """
    parts = root_address.split(":")
    if len(parts) != 6:
        raise UsageError(f"a Bluetooth address has six parts, as D4:CA:6E:F1:69:3D; got {root_address!r}.")
    return message(START_SYNC, bytes(int(part, 16) for part in reversed(parts)))


@dataclass(frozen=True, slots=True)
class SyncProcedure:
    """What to do so that several DOTs share one clock: the order and the waits of the user manual.

    1. Set the output rate of all. 2. Send ``start_sync_message(root)`` to each, the root last. 3. Disconnect all;
    they agree by advertising for about 12 s. 4. Connect again after 14 s and ask each for its status. 5. Start all.
    """

    root_address: str
    settle_s: float = 14.0
    steps: tuple[str, ...] = field(
        default=("set rate", "send start", "disconnect", "wait", "connect", "ask status", "start measuring")
    )

    async def send(self, link: Session) -> None:
        """Take step 2 on one DOT.

        Raises
        ------
        DeviceError
            It does not acknowledge.
        """
        await link.subscribe(MESSAGE_ACK)
        answer = await link.ask(
            MESSAGE_CONTROL, start_sync_message(self.root_address), _is_message, timeout_s=2.0, response=True
        )
        if isinstance(answer, Reply) and answer.data[-2] not in (0, SYNC):
            raise DeviceError(f"the DOT refuses to synchronise (code {answer.data[-2]}). Stop its measurement first.")

    async def is_synced(self, link: Session) -> bool:
        """Take step 4 on one DOT."""
        await link.subscribe(MESSAGE_NOTIFY)
        answer = await link.ask(MESSAGE_CONTROL, message(GET_SYNC), _is_message, timeout_s=2.0, response=True)
        return isinstance(answer, Reply) and SYNCED in answer.data[3:-1]


def _is_message(packet: Packet) -> bool:
    return isinstance(packet, Reply) and packet.name == "message"


PLUGIN = XsensDot
