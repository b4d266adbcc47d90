"""XDF 1.0, the container of the LabStreamingLayer: write as it comes in, read up to the last whole chunk.

Times are the raw ones and clock offsets are returned beside them, never applied. Each chunk reaches the
operating system before the call returns, so a crash loses at most the chunk that was being written.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from fusion.errors import FormatError
from fusion.recording import _xdf_chunks as chunks
from fusion.recording.storage import storage_error
from fusion.recording.xdf_writer import XdfWriter
from fusion.types import Floats

__all__ = ["XdfFile", "XdfStream", "XdfWriter", "read_xdf", "read_xdf_bytes"]


@dataclass(frozen=True, slots=True)
class XdfStream:
    """One stream of an XDF file.

    Attributes
    ----------
    stream_id
        Number that its chunks carry.
    name, kind
        Name and type that its source gave it.
    channels
        Channel labels; ``""`` where the source gave none.
    rate_hz
        Nominal rate; 0 for irregular streams such as markers.
    channel_format
        ``"double64"``, ``"float32"``, ``"int8"``, ``"int16"``, ``"int32"``, ``"int64"`` or ``"string"``.
    time_s
        Raw times of the samples on the source's clock, s, shape (n,).
    values
        Samples, shape (n, channels), in the number type of the file; texts as objects.
    clock_time_s, clock_offset_s
        When the clocks were compared and what has to be added to source time to get recorder time, s.
    header_xml
        The whole description of the source.
    has_footer
        The stream was closed properly.
    """

    stream_id: int
    name: str
    kind: str
    channels: tuple[str, ...]
    rate_hz: float
    channel_format: str
    time_s: Floats
    values: NDArray[Any]
    clock_time_s: Floats
    clock_offset_s: Floats
    header_xml: str
    has_footer: bool


@dataclass(frozen=True, slots=True)
class XdfFile:
    """What could be read from an XDF file.

    Attributes
    ----------
    truncated
        The file ends in the middle of a chunk, or a stream was never closed.
    skipped_bytes
        Damaged bytes that were skipped before the end.
    """

    streams: tuple[XdfStream, ...]
    truncated: bool
    skipped_bytes: int = 0

    def stream(self, name: str) -> XdfStream | None:
        """Return the first stream of this name, or None."""
        return next((stream for stream in self.streams if stream.name == name), None)


def read_xdf(path: str | Path) -> XdfFile:
    """Return everything that can be read from an XDF file.

    Parameters
    ----------
    path
        The file; it may be cut off or damaged.

    Raises
    ------
    FormatError
        It is no XDF file.
    StorageError
        It is not there or cannot be read.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as cause:
        raise storage_error("read", path, cause) from cause
    return read_xdf_bytes(data, path.name)


def read_xdf_bytes(data: bytes, what: str = "these bytes") -> XdfFile:
    """Return everything that can be read from the bytes of an XDF file; ``what`` names them in errors.

    Raises
    ------
    FormatError
        They are no XDF file.
    """
    if data[:4] != chunks.MAGIC:
        raise FormatError(
            f"an XDF file begins with 'XDF:'; {what} begins with {data[:4]!r}. Choose the file streams.xdf."
        )
    reader = _Reader(data)
    position: int | None = len(chunks.MAGIC)
    skipped, cut = 0, False
    while position is not None and position < len(data):
        chunk = chunks.find_chunk(data, position)
        if chunk is not None and reader.take(chunk):
            position = chunk.end
            continue
        onwards = chunks.after_boundary(data, position + 1, chunk.end if chunk else None)
        if onwards is None and chunk is not None:
            onwards = chunk.end
        cut = onwards is None
        skipped += 0 if onwards is None else onwards - position
        position = onwards
    streams = reader.streams()
    return XdfFile(streams, cut or not all(stream.has_footer for stream in streams), skipped)


@dataclass(slots=True)
class _Collector:
    """The chunks of one stream until they are joined."""

    stream_id: int
    header_xml: str
    info: ElementTree.Element
    channel_count: int
    rate_hz: float
    channel_format: str
    last_s: float = 0.0
    time_s: list[Floats] = field(default_factory=list)
    values: list[NDArray[Any]] = field(default_factory=list)
    clock: list[tuple[float, float]] = field(default_factory=list)
    has_footer: bool = False

    @classmethod
    def from_header(cls, stream_id: int, raw: bytes) -> _Collector:
        """Return the collector that a stream header describes."""
        text = raw.decode("utf-8", "replace")
        try:
            # Entities have no place in a stream header; they could be made to expand without end.
            if "<!DOCTYPE" in text or "<!ENTITY" in text:
                raise chunks.DamageError("a stream header must not define entities.")
            info = ElementTree.fromstring(text)
            count = int(info.findtext("channel_count", ""))
            rate_hz = float(info.findtext("nominal_srate", "0"))
        except (ElementTree.ParseError, ValueError) as cause:
            raise chunks.DamageError(f"stream header {stream_id} cannot be read: {cause}.") from cause
        channel_format = (info.findtext("channel_format") or "").strip()
        if channel_format not in (*chunks.NUMBER_FORMATS, "string") or not 0 <= count < 2**16:
            raise chunks.DamageError(f"stream {stream_id} has {count} channels of {channel_format!r}.")
        return cls(stream_id, text, info, count, rate_hz, channel_format)

    def add_samples(self, content: bytes) -> None:
        """Decode one sample chunk."""
        step_s = 1.0 / self.rate_hz if self.rate_hz > 0 else 0.0
        if self.channel_format == "string":
            time_s, values = chunks.decode_words(content, self.channel_count, self.last_s, step_s)
        else:
            time_s, values = chunks.decode_numbers(
                content, self.channel_format, self.channel_count, self.last_s, step_s
            )
        self.time_s.append(time_s)
        self.values.append(values)
        self.last_s = float(time_s[-1]) if len(time_s) else self.last_s

    def joined(self) -> XdfStream:
        """Return the whole stream."""
        labels = [channel.findtext("label") or "" for channel in self.info.findall("desc/channels/channel")]
        labels += [""] * (self.channel_count - len(labels))
        is_text = self.channel_format == "string"
        kind: Any = object if is_text else np.dtype(chunks.NUMBER_FORMATS[self.channel_format])
        nothing = np.empty((0, self.channel_count), kind)
        clock = np.array(self.clock, dtype=np.float64).reshape(-1, 2)
        return XdfStream(
            stream_id=self.stream_id,
            name=self.info.findtext("name") or "",
            kind=self.info.findtext("type") or "",
            channels=tuple(labels[: self.channel_count]),
            rate_hz=self.rate_hz,
            channel_format=self.channel_format,
            time_s=np.concatenate(self.time_s) if self.time_s else np.empty(0),
            values=np.concatenate(self.values) if self.values else nothing,
            clock_time_s=clock[:, 0].copy(),
            clock_offset_s=clock[:, 1].copy(),
            header_xml=self.header_xml,
            has_footer=self.has_footer,
        )


class _Reader:
    """Sorts chunks by stream."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._streams: dict[int, _Collector] = {}

    def take(self, chunk: chunks.Chunk) -> bool:
        """Read one chunk; False when its content is damaged."""
        try:
            self._take(chunk)
        except chunks.DamageError:
            return False
        return True

    def streams(self) -> tuple[XdfStream, ...]:
        """Return what was collected, in the order of the headers."""
        return tuple(collector.joined() for collector in self._streams.values())

    def _take(self, chunk: chunks.Chunk) -> None:
        if chunk.tag in (chunks.FILE_HEADER, chunks.BOUNDARY):
            return
        if chunk.end - chunk.start < 4:
            raise chunks.DamageError("a chunk is too short for its stream id.")
        stream_id: int = struct.unpack_from("<I", self._data, chunk.start)[0]
        content = self._data[chunk.start + 4 : chunk.end]
        if chunk.tag == chunks.STREAM_HEADER:
            # A header that comes twice must not throw away the samples in between.
            self._streams.setdefault(stream_id, _Collector.from_header(stream_id, content))
            return
        stream = self._streams.get(stream_id)
        if stream is None:
            raise chunks.DamageError(f"stream {stream_id} has no header.")
        if chunk.tag == chunks.SAMPLES:
            stream.add_samples(content)
        elif chunk.tag == chunks.CLOCK_OFFSET:
            if len(content) != 16:
                raise chunks.DamageError("a clock offset must have 16 bytes.")
            stream.clock.append(struct.unpack("<dd", content))
        else:
            stream.has_footer = True


def channel_columns(stream: XdfStream, names: Sequence[str]) -> tuple[int, ...] | None:
    """Return the columns of the named channels; None when one is missing."""
    if any(name not in stream.channels for name in names):
        return None
    return tuple(stream.channels.index(name) for name in names)
