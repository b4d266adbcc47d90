"""A device that nobody wrote a driver for: its messages are described in a few lines of TOML.

Two kinds of messages are known: packed numbers (``layout``, a ``struct`` format) in notifications, and lines of
text with numbers between separators. Each number has a name: ``time``, ``counter``, ``accel_x`` .. ``gyro_z``,
``battery``, or ``skip``. The description is a table ``[imu.device]`` of the lab file, or a TOML file of its own;
see docs/devices.md.
"""

from __future__ import annotations

import struct
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from drivers.base import Chunk, DecodeCounts, DeviceInfo, DeviceStatus, Found, Packet, Session
from drivers.devices._packets import Packets, transport_among
from drivers.framing import CountedClock, LineScanner, Unwrapper
from fusion.errors import FormatError, UsageError
from fusion.types import Floats

ACCEL, GYRO = (tuple(f"{kind}_{axis}" for axis in "xyz") for kind in ("accel", "gyro"))
_NAMES = frozenset({"time", "counter", "battery", "skip", *ACCEL, *GYRO})
_ARDUINO = "19b10000-e8f2-537e-4f6c-d104768a1214"


@dataclass(frozen=True, slots=True)
class Generic:
    """A device as described; the defaults are the six floats that many Arduino sketches send over Bluetooth LE.

    Attributes
    ----------
    fields
        What each number is; ``skip`` for those that are not used.
    layout
        ``struct`` format of one sample with its byte order, ``"<6f"``; ``""`` for lines of text.
    separator
        Between the numbers of a line.
    notify
        Characteristic that is listened to, 128-bit UUID; ``""`` at a serial port.
    start_commands, stop_commands
        What to write, each ``{channel, hex}`` or ``{channel, text}``, in order.
    accel_scale_mps2, gyro_scale_radps, time_scale_s, battery_scale
        Number -> SI; battery: number -> 0 to 1.
    time_wraps_at, counter_wraps_at
        Counters run from 0 to this, exclusive; 0: they do not wrap.
    sync
        Bytes that begin a sample in a byte stream, hex; ``""`` where notifications keep samples apart.
    """

    rate_hz: float = 100.0
    fields: tuple[str, ...] = (*ACCEL, *GYRO)
    layout: str = "<6f"
    separator: str = ","
    notify: str = _ARDUINO
    name_prefix: str = ""
    start_commands: tuple[Mapping[str, str], ...] = ()
    stop_commands: tuple[Mapping[str, str], ...] = ()
    accel_scale_mps2: float = 1.0
    gyro_scale_radps: float = 1.0
    time_scale_s: float = 1.0
    battery_scale: float = 1.0
    time_wraps_at: int = 0
    counter_wraps_at: int = 0
    sync: str = ""
    accel_range_mps2: float = np.nan
    gyro_range_radps: float = np.nan
    transport: str = "ble"

    info: ClassVar[DeviceInfo] = DeviceInfo(
        title="generic device, described in TOML",
        transports=("ble", "serial", "tcp", "udp"),
        rates_hz=(),
        tested_against=("simulator",),
        notes="what the description says is believed; check the units with the sensor at rest on each side",
    )

    def __post_init__(self) -> None:
        """Check what cannot be meant."""
        transport_among(self.info.transports, self.transport, "generic")
        if not self.rate_hz > 0.0:
            raise UsageError(f"rate_hz of device 'generic' must be above 0; got {self.rate_hz}.")
        unknown = sorted(set(self.fields) - _NAMES)
        if unknown:
            raise UsageError(f"fields of device 'generic' may be {', '.join(sorted(_NAMES))}; got {unknown[0]!r}.")
        if not {*ACCEL, *GYRO} <= set(self.fields):
            raise UsageError("fields of device 'generic' must name accel_x .. gyro_z, all six; one is missing.")
        if self.layout:
            self._check_layout()

    def _check_layout(self) -> None:
        try:
            count = len(struct.unpack(self.layout, bytes(struct.calcsize(self.layout))))
        except struct.error as cause:
            raise UsageError(f"layout {self.layout!r} of device 'generic' is no struct format: {cause}.") from cause
        if self.layout[0] not in "<>" or count != len(self.fields):
            raise UsageError(
                f"layout {self.layout!r} of device 'generic' must begin with < or > and hold one number a "
                f"field, {len(self.fields)}; it holds {count}."
            )

    @property
    def has_time(self) -> bool:
        """Say whether samples carry a time."""
        return "time" in self.fields

    def recognises(self, found: Found) -> bool:
        """Say whether the name begins as described; without a prefix nothing is recognised."""
        return bool(self.name_prefix) and found.name.startswith(self.name_prefix)

    def decoder(self) -> GenericDecoder:
        """Return a decoder for the described messages."""
        return GenericDecoder(self)

    async def start(self, link: Session) -> None:
        """Listen, then write what starts it."""
        if self.transport == "ble":
            await link.subscribe(self.notify)
        for command in self.start_commands:
            await link.write(command.get("channel", ""), command_bytes(command))

    async def poll(self, link: Session) -> None:
        """Do nothing."""

    async def stop(self, link: Session) -> None:
        """Write what stops it."""
        for command in self.stop_commands:
            await link.write(command.get("channel", ""), command_bytes(command))


def described(settings: Mapping[str, Any], **beside: Any) -> Generic:  # noqa: ANN401 - as TOML gives it
    """Return the device that a TOML table, or the file that it names, describes.

    Raises
    ------
    FormatError
        The file cannot be read as TOML.
    UsageError
        It has a setting that is not known, or one that cannot be meant.
    """
    table = dict(settings)
    file = table.pop("file", "")
    if file:
        try:
            table = {**tomllib.loads(Path(file).read_text(encoding="utf-8")), **table}
        except (OSError, ValueError) as cause:
            raise FormatError(
                f"'{file}' must be a TOML file that describes a device: {cause}. Correct it."
            ) from cause
    table.update(beside)
    known = {spec.name for spec in fields(Generic)}
    unknown = sorted(set(table) - known)
    if unknown:
        raise UsageError(f"device 'generic' has no setting {unknown[0]!r}; there are {', '.join(sorted(known))}.")
    for name in ("fields", "start_commands", "stop_commands"):
        if name in table:
            table[name] = tuple(table[name])
    return Generic(**table)


def command_bytes(command: Mapping[str, str]) -> bytes:
    """Return what ``{hex = ..}`` or ``{text = ..}`` says.

    Raises
    ------
    UsageError
        It says neither, or something that is not hexadecimal.
    """
    if "text" in command:
        return command["text"].encode()
    try:
        return bytes.fromhex(command["hex"])
    except (KeyError, ValueError) as cause:
        raise UsageError(f"a command of device 'generic' has hex or text; got {dict(command)!r}.") from cause


@dataclass(slots=True)
class _Columns:
    """Rows of numbers, one a sample."""

    names: tuple[str, ...]
    rows: list[tuple[float, ...]] = field(default_factory=list)

    def of(self, *names: str) -> Floats:
        table = np.array(self.rows, dtype=np.float64).reshape(len(self.rows), len(self.names))
        return np.asarray(table[:, [self.names.index(name) for name in names]])


class GenericDecoder:
    """Reads what a description describes."""

    def __init__(self, device: Generic) -> None:
        self.counts = DecodeCounts()
        self._device = device
        self._packets = Packets(self.counts, device.accel_range_mps2, device.gyro_range_radps)
        self._counted = CountedClock(device.rate_hz)
        self._lines = LineScanner(self.counts)
        self._sync = bytes.fromhex(device.sync)
        self._size = struct.calcsize(device.layout) if device.layout else 0
        self._rest = b""
        self._time = Unwrapper(device.time_wraps_at, device.time_scale_s) if device.time_wraps_at else None
        self._count = Unwrapper(device.counter_wraps_at) if device.counter_wraps_at else None

    def feed(self, chunk: Chunk) -> tuple[Packet, ...]:
        """Return the samples that a chunk completes, as one packet, and the battery."""
        device = self._device
        if device.notify and chunk.channel and chunk.channel != device.notify.lower():
            self.counts.rejected += 1
            return ()
        read = self._structs(chunk.data) if device.layout else self._texts(chunk.data)
        columns = _Columns(device.fields, [row for row in read if self._is_meant(row)])
        if not columns.rows:
            return ()
        packets: list[Packet] = [self._sample(columns, chunk.arrival_s)]
        if "battery" in device.fields:
            level = float(columns.of("battery")[-1, 0]) * device.battery_scale
            packets.append(DeviceStatus(chunk.arrival_s, battery=min(max(level, 0.0), 1.0)))
        return tuple(packets)

    def reset(self) -> None:
        """Forget half a message."""
        self._lines.reset()
        self.counts.skipped_bytes += len(self._rest)
        self._rest = b""

    def _is_meant(self, row: tuple[float, ...]) -> bool:
        meant = bool(np.isfinite(row).all())
        self.counts.frames += meant
        self.counts.rejected += not meant
        return meant

    def _sample(self, columns: _Columns, arrival_s: float) -> Packet:
        device, count = self._device, len(columns.rows)
        if device.has_time:
            ticks = columns.of("time")[:, 0]
            if self._time is not None:
                ticks = np.array([self._time(int(tick) % device.time_wraps_at, arrival_s) for tick in ticks])
            times = ticks * device.time_scale_s
        else:
            times = self._counted(count, arrival_s)
        counter = None
        if "counter" in device.fields:
            numbers = [int(number) for number in np.clip(columns.of("counter")[:, 0], -(2**62), 2**62)]
            unwrap = self._count
            counter = numbers if unwrap is None else [unwrap(number % unwrap.modulus) for number in numbers]
        accel = columns.of(*ACCEL) * device.accel_scale_mps2
        gyro = columns.of(*GYRO) * device.gyro_scale_radps
        return self._packets.make(times, accel, gyro, arrival_s, counter)

    def _structs(self, data: bytes) -> list[tuple[float, ...]]:
        if not self._sync and self._device.transport in ("ble", "udp"):
            whole = len(data) - len(data) % self._size
            self.counts.skipped_bytes += len(data) - whole
            self.counts.rejected += whole == 0
            return list(struct.iter_unpack(self._device.layout, data[:whole]))
        return self._synced(data)

    def _synced(self, data: bytes) -> list[tuple[float, ...]]:
        """Return the samples in a byte stream; where a next one can be seen it must begin as stated."""
        buffer, mark, rows, place = self._rest + data, self._sync, [], 0
        step = len(mark) + self._size
        while True:
            begin = buffer.find(mark, place) if mark else place
            if begin < 0:
                begin = max(len(buffer) - len(mark) + 1, place)
            self.counts.skipped_bytes += begin - place
            place = begin
            if place + step > len(buffer):
                break
            after = buffer[place + step : place + step + len(mark)]
            if mark and not mark.startswith(after):
                self.counts.rejected += 1
                self.counts.skipped_bytes += 1
                place += 1
                continue
            rows.append(struct.unpack_from(self._device.layout, buffer, place + len(mark)))
            place += step
        self._rest = buffer[place:]
        return rows

    def _texts(self, data: bytes) -> list[tuple[float, ...]]:
        rows = []
        for line in self._lines.feed(data):
            words = line.decode("ascii", "replace").strip().split(self._device.separator)
            try:
                numbers = tuple(float(word) for word in words)
            except ValueError:
                numbers = ()
            if len(numbers) == len(self._device.fields):
                rows.append(numbers)
            elif line.strip():
                self.counts.rejected += 1
                self.counts.skipped_bytes += len(line) + 1
        return rows


PLUGIN = Generic
