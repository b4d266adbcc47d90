"""What every driver promises, and what passes between drivers, recorder and live analysis.

The way of a sample, each step a function of its input only, so that a raw log replays bit for bit::

    transport -> Chunk -> raw log -> Decoder -> Packet -> recorder, live analysis

A ``Transport`` opens a ``Link``; whatever the link hears becomes a ``Chunk`` stamped with the host's time before
anything looks inside. A ``Device`` knows one kind of wearable: how to recognise and start it (by writing to the
link) and which ``Decoder`` reads its chunks. A ``CameraSource`` delivers ``Frame``.

Host times are those of the running ``asyncio`` loop (``loop.time()``, monotonic, s); virtual with a virtual loop.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from fusion.types import Flags, Floats, Samples

ChunkSink = Callable[["Chunk"], None]
"""Called by a link for everything that it hears, in the order of arrival, on the loop's thread."""

LARGEST_CHUNK = 65536
"""Bytes; what is longer is no message of a wearable and is cut before it is decoded."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes as they came: one notification, one read of a port, one datagram, one request.

    Attributes
    ----------
    channel
        Characteristic (128-bit UUID, lower case); ``""`` where a transport has one channel only.
    data
        As received.
    arrival_s
        Host time at which they came, taken first of all.
    """

    channel: str
    data: bytes
    arrival_s: float


@dataclass(frozen=True, slots=True)
class ImuPacket:
    """Samples of one wearable that came together, SI units, sensor axes (right-handed, as the maker prints them).

    Attributes
    ----------
    time_s
        On the device's own clock with its wraps undone, s, shape (n,). Where the device sends no time: samples
        counted at the nominal rate (``DeviceInfo.clock`` is ``"counted"``).
    accel_mps2, gyro_radps
        Shape (n, 3); NaN where a part did not come.
    arrival_s
        Host time at which the chunk that completed each sample came, shape (n,).
    counter
        Sample counter with its wraps undone, shape (n,); -1 where the device has none. A step of more than one
        is a loss; nothing is ever filled in.
    saturated
        True where an axis is at full scale, shape (n,).
    """

    time_s: Floats
    accel_mps2: Floats
    gyro_radps: Floats
    arrival_s: Floats
    counter: Samples
    saturated: Flags

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.time_s)


@dataclass(frozen=True, slots=True)
class DeviceStatus:
    """How a device says it is; NaN or ``""`` where it does not say.

    Attributes
    ----------
    battery
        Charge, 0 to 1.
    battery_v
        Voltage of the cell, V.
    rssi_dbm
        Signal strength.
    temperature_c
        Of the sensor.
    message
        An error or a notice of the device, or its firmware's name.
    """

    arrival_s: float
    battery: float = np.nan
    battery_v: float = np.nan
    rssi_dbm: float = np.nan
    temperature_c: float = np.nan
    message: str = ""


@dataclass(frozen=True, slots=True)
class ClockReply:
    """The answer to a ping: pins the device's clock from both sides.

    Attributes
    ----------
    sent_s, arrival_s
        Host times at which the ping was sent and the answer came.
    received_s, answered_s
        Device times at which it received the ping and answered; ``answered_s`` is NaN where it does not say.
    """

    sent_s: float
    received_s: float
    answered_s: float
    arrival_s: float


@dataclass(frozen=True, slots=True)
class DeviceMark:
    """Something that the device saw at a moment: a sync pulse, a button, a flash of its lamp."""

    name: str
    time_s: float
    arrival_s: float


@dataclass(frozen=True, slots=True)
class Reply:
    """A device's answer to a command, for the driver that waits for it (``Session.ask``); it is not recorded.

    Attributes
    ----------
    name
        Which command it answers, in the driver's own words.
    data
        Its body.
    number
        Sequence number of the command; -1 where there is none.
    """

    name: str
    data: bytes
    arrival_s: float
    number: int = -1


Packet = ImuPacket | DeviceStatus | ClockReply | DeviceMark | Reply


@dataclass(slots=True)
class DecodeCounts:
    """What a decoder met.

    Attributes
    ----------
    frames
        Accepted.
    rejected
        Begun, but with a wrong checksum, length or content.
    skipped_bytes
        That belonged to no frame.
    samples, lost
        Samples delivered; samples that the device's counter says are missing.
    """

    frames: int = 0
    rejected: int = 0
    skipped_bytes: int = 0
    samples: int = 0
    lost: int = 0


class Decoder(Protocol):
    """Turns chunks into packets; keeps half frames, unwraps counters. Nothing that comes in makes it raise.

    Attributes
    ----------
    counts
        What it met so far.
    """

    counts: DecodeCounts

    def feed(self, chunk: Chunk) -> tuple[Packet, ...]:
        """Return the packets that this chunk completes."""
        ...

    def reset(self) -> None:
        """Forget half a frame because the link was interrupted; unwrapped times and counters go on."""
        ...


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """What a kind of wearable can do.

    Attributes
    ----------
    title
        Maker and model.
    transports
        Names of the transports that it can be reached by, the usual one first.
    rates_hz
        Sampling rates that can be set, ascending; the last is not necessarily the default.
    clock
        ``"device"``: samples carry a time; ``"counted"``: they do not, and are counted at the nominal rate.
    tested_against
        What this driver was tested against: ``"specification"``, ``"public captures"``, ``"simulator"``, ...
    has_counter, has_checksum, has_battery, answers_pings
        Whether losses are counted, damage is noticed, the charge is told, the clock is pinned from both sides.
    poll_s
        How often ``Device.poll`` wants to be called.
    notes
        What an operator must know: limits, procedure, oddities.
    """

    title: str
    transports: tuple[str, ...]
    rates_hz: tuple[float, ...]
    clock: str = "device"
    tested_against: tuple[str, ...] = ("specification", "simulator")
    has_counter: bool = False
    has_checksum: bool = False
    has_battery: bool = False
    answers_pings: bool = False
    poll_s: float = 0.5
    notes: str = ""


class Link(Protocol):
    """An open connection to one device."""

    async def subscribe(self, channel: str) -> None:
        """Let the notifications of a characteristic flow; nothing to do on a byte stream.

        Raises
        ------
        DeviceError
            The device has no such channel, or the link was lost.
        """
        ...

    async def write(self, channel: str, data: bytes, *, response: bool = False) -> None:
        """Send bytes; with ``response``, wait until the device has them. Raises DeviceError."""
        ...

    async def read(self, channel: str) -> bytes:
        """Return the value of a characteristic. Raises DeviceError, also on a byte stream."""
        ...

    async def closed(self) -> str:
        """Wait until the link is lost or closed and return why, in words."""
        ...

    async def close(self) -> None:
        """Let go of the device; a second call does nothing."""
        ...


class Session(Link, Protocol):
    """What a device driver talks through: the link, and the packets that its own decoder makes of what is heard.

    What is read goes to the raw log and the decoder as well, like a notification of the same characteristic.
    """

    def now_s(self) -> float:
        """Return the host time, s, on the clock of ``Chunk.arrival_s``."""
        ...

    async def ask(
        self,
        channel: str,
        data: bytes,
        wanted: Callable[[Packet], bool],
        *,
        timeout_s: float = 1.0,
        tries: int = 1,
        response: bool = False,
    ) -> Packet:
        """Write, and return the first packet after that which is ``wanted``; write again after each timeout.

        Raises
        ------
        DeviceError
            No such packet came, or the link was lost.
        """
        ...


@dataclass(frozen=True, slots=True)
class Found:
    """Something that a scan saw.

    Attributes
    ----------
    address
        What ``Transport.open`` takes: Bluetooth address, port, host and port.
    name
        What it calls itself.
    services
        128-bit UUIDs that it advertises, lower case.
    maker_data
        Company identifier -> bytes that it advertises.
    """

    transport: str
    address: str
    name: str = ""
    rssi_dbm: float = np.nan
    services: tuple[str, ...] = ()
    maker_data: Mapping[int, bytes] = field(default_factory=dict)


class Transport(Protocol):
    """A way to reach devices. Opening takes a while, and fails in words that an operator can act on."""

    @property
    def name(self) -> str:
        """Return its name, as in ``DeviceInfo.transports``."""
        ...

    async def scan(self, seconds: float) -> tuple[Found, ...]:
        """Return what is there, strongest first. Raises DeviceError: radio off, no permission."""
        ...

    async def open(self, address: str, sink: ChunkSink, settings: Mapping[str, object]) -> Link:
        """Connect and return the link; what it hears goes to ``sink``.

        Parameters
        ----------
        address
            Bluetooth address or advertised name, serial port, ``host:port``.
        settings
            Of the transport, such as ``baud``; unknown ones are refused.

        Raises
        ------
        DeviceError
            Not there, in use elsewhere, no permission, radio off.
        """
        ...


class Device(Protocol):
    """One kind of wearable; constructed with its settings (``rate_hz``, ...), all of which have defaults.

    Attributes
    ----------
    info
        What it can do.
    rate_hz
        Sampling rate that will be set.
    accel_range_mps2, gyro_range_radps
        Full scale that will be set; NaN where unknown.
    """

    info: ClassVar[DeviceInfo]

    @property
    def rate_hz(self) -> float:
        """Return the sampling rate."""
        ...

    @property
    def accel_range_mps2(self) -> float:
        """Return the full scale."""
        ...

    @property
    def gyro_range_radps(self) -> float:
        """Return the full scale."""
        ...

    def recognises(self, found: Found) -> bool:
        """Say whether a scan result is a device of this kind."""
        ...

    def decoder(self) -> Decoder:
        """Return a fresh decoder for what this device sends with these settings."""
        ...

    async def start(self, link: Session) -> None:
        """Set the device up and let it stream. Raises DeviceError: unknown firmware, refused setting."""
        ...

    async def poll(self, link: Session) -> None:
        """Ask what must be asked once in a while: ping, battery. Called every ``info.poll_s`` or a bit later."""
        ...

    async def stop(self, link: Session) -> None:
        """Let it rest. Raises DeviceError when the link is gone already."""
        ...


Image = NDArray[np.uint8]
"""Height, width, 3; red, green, blue."""

STAMPS = ("kernel", "header", "arrival", "file")


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture, and when it was taken.

    Attributes
    ----------
    image
        Shape (height, width, 3), red green blue.
    time_s
        Host time of mid-exposure as well as it is known, s.
    number
        The source's own frame number, -1 where it has none; a step of more than one is a loss.
    stamp
        Who stamped it: ``"kernel"``, ``"header"`` (the sender), ``"arrival"`` (this host when it came) or ``"file"``.
    early_s, late_s
        The true time lies within ``[time_s - early_s, time_s + late_s]``.
    """

    image: Image
    time_s: float
    number: int
    stamp: str
    early_s: float
    late_s: float


@dataclass(frozen=True, slots=True)
class CameraInfo:
    """What a camera delivers once it is open; ``clock`` as in ``fusion.types.Keypoints``."""

    title: str
    width_px: int
    height_px: int
    rate_hz: float
    stamp: str
    clock: str = "host"


class CameraSource(Protocol):
    """A camera; constructed with ``address`` and settings, all of which have defaults.

    Attributes
    ----------
    dropped
        Frames that came but were not delivered because the consumer was slow, or that the source's numbers miss.
    """

    dropped: int

    async def open(self) -> CameraInfo:
        """Start it. Raises DeviceError: not there, in use, no permission."""
        ...

    def frames(self) -> AsyncIterator[Frame]:
        """Yield frames as they come; ends when the camera stops. A slow consumer loses the oldest frames."""
        ...

    async def close(self) -> None:
        """Let go of the camera; a second call does nothing."""
        ...
