"""The raw log: every chunk with its arrival, written before anything looks inside.

One file. It begins with ``TGRAW001``; then records, little-endian::

    A5 5A | kind u8 | stream u16 | host time f64, s | channel length u8 | data length u32 | channel | data | crc32 u32

The checksum covers all before it, from ``A5`` on. Kinds: 0 declares a stream (data is JSON: name, device, settings,
transport, address), 1 was received, 2 was sent, 3 says that the link was interrupted. A file cut at any byte reads up
to its last whole record; after damage, reading goes on at the next sound record.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Self

from drivers.base import LARGEST_CHUNK, Chunk
from fusion.errors import FormatError, StorageError, UsageError
from fusion.recording.storage import storage_error

MAGIC = b"TGRAW001"
DECLARED, RECEIVED, SENT, INTERRUPTED = range(4)

_SYNC = b"\xa5\x5a"
_HEAD = struct.Struct("<2sBHdBI")
_CHECK = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class Record:
    """One record: what kind, of which stream, and the chunk."""

    kind: int
    stream: int
    chunk: Chunk


@dataclass(frozen=True, slots=True)
class Declared:
    """What a stream of the log was: enough to decode it again."""

    name: str
    device: str
    settings: Mapping[str, object]
    transport: str
    address: str


class RawLog:
    """Writes a raw log; every call hands one whole record to the operating system.

    Parameters
    ----------
    path
        Where; see ``open``.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.bytes_written = 0
        self._file: FileIO | None = None
        self._streams = 0

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Create the file and return its log.

        Raises
        ------
        UsageError
            The file exists.
        StorageError
            The disk refused.
        """
        log = cls(path)
        try:
            log._file = FileIO(log.path, "x")
        except FileExistsError as cause:
            raise UsageError(f"'{path}' exists and is not overwritten. Choose another name.") from cause
        except OSError as cause:
            raise storage_error("create", log.path, cause) from cause
        log._append(MAGIC)
        return log

    def declare(self, stream: Declared) -> int:
        """Add a stream and return its number."""
        told = {name: getattr(stream, name) for name in Declared.__slots__}
        self._write(DECLARED, self._streams, Chunk("", json.dumps(told, default=str).encode(), 0.0))
        self._streams += 1
        return self._streams - 1

    def received(self, stream: int, chunk: Chunk) -> None:
        """Keep what came; raises StorageError when the disk refuses."""
        self._write(RECEIVED, stream, chunk)

    def sent(self, stream: int, chunk: Chunk) -> None:
        """Keep what was sent, and when."""
        self._write(SENT, stream, chunk)

    def interrupted(self, stream: int, time_s: float, why: str) -> None:
        """Keep that the link was lost: decoders forget half a frame here."""
        self._write(INTERRUPTED, stream, Chunk("", why.encode(), time_s))

    def flush_to_medium(self) -> None:
        """Wait until everything is on the medium, not only with the operating system."""
        if self._file is not None:
            try:
                os.fsync(self._file.fileno())
            except OSError as cause:
                raise storage_error("write", self.path, cause) from cause

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _write(self, kind: int, stream: int, chunk: Chunk) -> None:
        channel = chunk.channel.encode()[:255]
        head = _HEAD.pack(_SYNC, kind, stream, chunk.arrival_s, len(channel), len(chunk.data))
        body = head + channel + chunk.data
        self._append(body + _CHECK.pack(zlib.crc32(body)))

    def _append(self, data: bytes) -> None:
        if self._file is None:
            raise StorageError(f"'{self.path}' is closed; nothing can be appended. Start a new recording.")
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as cause:
            self._give_up()
            raise storage_error("write", self.path, cause) from cause
        self.bytes_written += len(data)

    def _give_up(self) -> None:
        """Cut the half record off and close; the reader would skip it too where even that fails."""
        file, self._file = self._file, None
        if file is None:
            return
        try:
            file.truncate(self.bytes_written)
            file.close()
        except OSError:
            return


@dataclass(frozen=True, slots=True)
class StoredRawLog:
    """What could be read from a raw log; ``skipped_bytes`` were damaged or cut off."""

    streams: tuple[Declared, ...]
    records: tuple[Record, ...]
    skipped_bytes: int


def read_raw_log(path: str | Path) -> StoredRawLog:
    """Return the streams and all sound records, in the order of writing.

    Raises
    ------
    FormatError
        It is no raw log.
    StorageError
        It is not there or cannot be read.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as cause:
        raise storage_error("read", path, cause) from cause
    if not data.startswith(MAGIC):
        raise FormatError(f"'{path}' must begin with {MAGIC.decode()}; it does not. Choose the recorder's raw log.")
    streams: dict[int, Declared] = {}
    records: list[Record] = []
    used = len(MAGIC)
    for record, size in _sound_records(data):
        used += size
        if record.kind == DECLARED:
            streams[record.stream] = Declared(**json.loads(record.chunk.data))
        else:
            records.append(record)
    return StoredRawLog(tuple(streams[number] for number in sorted(streams)), tuple(records), len(data) - used)


def _sound_records(data: bytes) -> Iterator[tuple[Record, int]]:
    place = len(MAGIC)
    while (place := data.find(_SYNC, place)) >= 0 and place + _HEAD.size <= len(data):
        _, kind, stream, time_s, channel_size, size = _HEAD.unpack_from(data, place)
        start = place + _HEAD.size
        end = start + channel_size + size
        if size > 4 * LARGEST_CHUNK or end + _CHECK.size > len(data):
            place += 1
            continue
        if zlib.crc32(data[place:end]) != _CHECK.unpack_from(data, end)[0]:
            place += 1
            continue
        channel = data[start : start + channel_size].decode("utf-8", "replace")
        chunk = Chunk(channel, data[start + channel_size : end], time_s)
        yield Record(kind, stream, chunk), end + _CHECK.size - place
        place = end + _CHECK.size
