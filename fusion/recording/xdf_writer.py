"""Write XDF 1.0 chunk by chunk, so that what was recorded so far always opens."""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from xml.etree import ElementTree

import numpy as np
from numpy.typing import ArrayLike

from fusion.errors import SignalError, StorageError, UsageError
from fusion.recording import _xdf_chunks as chunks
from fusion.recording.storage import storage_error
from fusion.types import Floats, floats

_CHUNKS_BETWEEN_BOUNDARIES = 64
"""A boundary costs 20 bytes; damage then loses at most this many chunks."""

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 does not know."""


@dataclass(slots=True)
class _Open:
    """What the footer of a stream needs to know."""

    name: str
    channels: int
    channel_format: str
    count: int = 0
    first_s: float = np.nan
    last_s: float = np.nan


class XdfWriter:
    """Writes one XDF file; use it in a ``with`` block.

    Every call hands one whole chunk to the operating system. When the disk refuses, the half chunk is taken
    back, the file stays readable, and ``StorageError`` is raised.

    Parameters
    ----------
    path
        A file that does not exist yet.
    sync
        Also wait until each chunk is on the medium; survives a pulled plug, costs milliseconds a chunk.
    """

    def __init__(self, path: str | Path, *, sync: bool = False) -> None:
        self.path = Path(path)
        self._sync = sync
        self._streams: list[_Open] = []
        self._good_bytes = 0
        self._chunks = 0
        self._file: FileIO | None = None

    @classmethod
    def open(cls, path: str | Path, *, sync: bool = False) -> Self:
        """Create the file and return its writer.

        Raises
        ------
        UsageError
            The file exists.
        StorageError
            The disk refused.
        """
        writer = cls(path, sync=sync)
        try:
            writer._file = FileIO(writer.path, "x")
        except FileExistsError as cause:
            raise UsageError(f"'{path}' exists and is not overwritten. Choose another name.") from cause
        except OSError as cause:
            raise storage_error("create", writer.path, cause) from cause
        header = b"<?xml version='1.0'?><info><version>1.0</version></info>"
        try:
            writer._append(chunks.MAGIC + chunks.encode_chunk(chunks.FILE_HEADER, header))
        except StorageError:
            writer.path.unlink(missing_ok=True)
            raise
        return writer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
            return
        try:
            self.close()
        except StorageError:
            return  # the error that is already under way says more

    def add_stream(
        self,
        name: str,
        kind: str,
        channels: Sequence[str],
        rate_hz: float = 0.0,
        *,
        channel_format: str = "double64",
        units: Sequence[str] = (),
        source: Mapping[str, str] | None = None,
    ) -> int:
        """Declare a stream and return its number.

        Parameters
        ----------
        name, kind
            Name and type of the stream, such as ``"imu_left_shank"`` and ``"IMU"``.
        channels
            One label a channel.
        rate_hz
            Nominal rate; 0 for irregular streams.
        channel_format
            Number type on disk, or ``"string"``.
        units
            One unit a channel, or none.
        source
            Further words about the source, kept under ``desc/source``.

        Raises
        ------
        UsageError
            The name is empty, the format is unknown or the units do not match the channels.
        StorageError
            The disk refused.
        """
        if not name:
            raise UsageError("a stream needs a name; got none. Call it after its segment or camera.")
        if channel_format not in (*chunks.NUMBER_FORMATS, "string"):
            known = ", ".join((*chunks.NUMBER_FORMATS, "string"))
            raise UsageError(f"the channel format must be one of {known}; got {channel_format!r}.")
        if units and len(units) != len(channels):
            raise UsageError(f"stream {name!r} has {len(channels)} channels but {len(units)} units.")
        info = _header(name, kind, channels, units, source or {})
        for tag, text in (("nominal_srate", repr(float(rate_hz))), ("channel_format", channel_format)):
            ElementTree.SubElement(info, tag).text = text
        self._streams.append(_Open(name, len(channels), channel_format))
        number = len(self._streams)
        self._write(chunks.STREAM_HEADER, number, _xml(info))
        return number

    def write_samples(self, stream: int, time_s: ArrayLike, values: ArrayLike) -> None:
        """Append samples as one chunk.

        Parameters
        ----------
        stream
            Number that ``add_stream`` returned.
        time_s
            Raw source times, s, shape (n,).
        values
            Shape (n, channels); (n,) will do for one channel. Texts for a stream of strings.

        Raises
        ------
        SignalError
            The shapes do not fit, or a value does not fit into the stream's number type.
        StorageError
            The disk refused; everything written before is safe.
        """
        state = self._state(stream)
        times = floats(f"stream {state.name!r} time_s", time_s, (None,))
        if not len(times):
            return
        if state.channel_format == "string":
            body = chunks.encode_words(times, _words(state, values, len(times)))
        else:
            body = _numbers(state, times, values)
        self._write(chunks.SAMPLES, stream, body)
        state.first_s = state.first_s if state.count else float(times[0])
        state.last_s = float(times[-1])
        state.count += len(times)

    def write_clock_offset(self, stream: int, time_s: float, offset_s: float) -> None:
        """Append one clock comparison: at ``time_s``, recorder time = source time + ``offset_s``."""
        self._state(stream)
        self._write(chunks.CLOCK_OFFSET, stream, struct.pack("<dd", time_s, offset_s))

    def close(self) -> None:
        """Write the footers and close the file; a second call does nothing."""
        if self._file is None:
            return
        try:
            for number, state in enumerate(self._streams, start=1):
                self._write(chunks.STREAM_FOOTER, number, _footer(state))
        finally:
            if self._file is not None:
                self._file.close()
                self._file = None

    def _state(self, stream: int) -> _Open:
        if not 1 <= stream <= len(self._streams):
            raise UsageError(f"there is no stream {stream} in '{self.path}'; add_stream returns its number.")
        return self._streams[stream - 1]

    def _write(self, tag: int, stream: int, content: bytes) -> None:
        self._append(chunks.encode_chunk(tag, struct.pack("<I", stream) + content))
        self._chunks += 1
        if self._chunks % _CHUNKS_BETWEEN_BOUNDARIES == 0:
            self._append(chunks.encode_chunk(chunks.BOUNDARY, chunks.BOUNDARY_MARK))

    def _append(self, data: bytes) -> None:
        if self._file is None:
            raise StorageError(f"'{self.path}' is closed; nothing can be appended. Start a new recording.")
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[self._file.write(rest) :]
            if self._sync:
                os.fsync(self._file.fileno())
        except OSError as cause:
            self._give_up()
            raise storage_error("write", self.path, cause) from cause
        self._good_bytes += len(data)

    def _give_up(self) -> None:
        """Cut the half chunk off and close; the reader would skip it too where even that fails."""
        file, self._file = self._file, None
        if file is None:
            return
        try:
            file.truncate(self._good_bytes)
            file.close()
        except OSError:
            return


def _header(
    name: str, kind: str, channels: Sequence[str], units: Sequence[str], source: Mapping[str, str]
) -> ElementTree.Element:
    info = ElementTree.Element("info")
    for tag, text in (("name", name), ("type", kind), ("channel_count", str(len(channels)))):
        ElementTree.SubElement(info, tag).text = text
    desc = ElementTree.SubElement(info, "desc")
    listed = ElementTree.SubElement(desc, "channels")
    for label, unit in zip(channels, units or [""] * len(channels), strict=True):
        channel = ElementTree.SubElement(listed, "channel")
        ElementTree.SubElement(channel, "label").text = label
        ElementTree.SubElement(channel, "unit").text = unit
    told = ElementTree.SubElement(desc, "source")
    for key, word in source.items():
        ElementTree.SubElement(told, key).text = word
    return info


def _footer(state: _Open) -> bytes:
    info = ElementTree.Element("info")
    for tag, text in (
        ("first_timestamp", repr(state.first_s)),
        ("last_timestamp", repr(state.last_s)),
        ("sample_count", str(state.count)),
    ):
        ElementTree.SubElement(info, tag).text = text
    return _xml(info)


def _xml(element: ElementTree.Element) -> bytes:
    """Return XML bytes; characters that XML 1.0 does not know become spaces."""
    text = ElementTree.tostring(element, encoding="unicode")
    return b"<?xml version='1.0'?>" + _NOT_XML.sub(" ", text).encode()


def _numbers(state: _Open, time_s: Floats, values: ArrayLike) -> bytes:
    given = np.asarray(values)
    if given.ndim == 1 and state.channels == 1:
        given = given[:, np.newaxis]
    wanted = (len(time_s), state.channels)
    if given.shape != wanted or given.dtype.kind not in "iufb":
        got = f"{given.dtype} of shape {given.shape}"
        raise SignalError(f"stream {state.name!r} takes numbers of shape {wanted}; got {got}. Check its axes.")
    kept: np.ndarray[Any, np.dtype[Any]] = given
    if state.channel_format.startswith("int"):
        with np.errstate(invalid="ignore"):
            kept = given.astype(chunks.NUMBER_FORMATS[state.channel_format])
        if not np.array_equal(kept, given):
            raise SignalError(
                f"stream {state.name!r} takes {state.channel_format}; got a value that does not fit. "
                "Declare it as double64."
            )
    return chunks.encode_numbers(time_s, kept, state.channel_format)


def _words(state: _Open, values: ArrayLike, count: int) -> list[list[str]]:
    given = np.asarray(values, dtype=object)
    rows = given.reshape(count, -1).tolist() if len(given) == count else []
    fits = len(rows) == count and all(len(row) == state.channels for row in rows)
    if not fits or not all(isinstance(word, str) for row in rows for word in row):
        raise SignalError(f"stream {state.name!r} takes {count} rows of {state.channels} texts. Check them.")
    return rows
