"""The bytes of XDF 1.0: chunks, their lengths, and the samples in them.

A file is ``XDF:`` and then chunks: number of length bytes (1, 4 or 8), length, tag, content. All numbers are
little-endian. Specification: https://github.com/sccn/xdf/wiki/Specifications (version 1.0).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.errors import FormatError
from fusion.types import Floats

MAGIC = b"XDF:"

FILE_HEADER, STREAM_HEADER, SAMPLES, CLOCK_OFFSET, BOUNDARY, STREAM_FOOTER = 1, 2, 3, 4, 5, 6

BOUNDARY_MARK = bytes.fromhex("43a546dccbf5410fb30ed5467383cbe4")
"""Content of a boundary chunk; where the bytes before it are damaged, reading goes on after it."""

NUMBER_FORMATS = {
    "float32": "<f4",
    "double64": "<f8",
    "int8": "<i1",
    "int16": "<i2",
    "int32": "<i4",
    "int64": "<i8",
}

_LENGTHS = {1: "<B", 4: "<I", 8: "<Q"}


class DamageError(FormatError):
    """A chunk cannot be read; raised and caught inside the reader, which skips the chunk."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One whole chunk: its tag, and where its content lies in the file, ``[start, end)``."""

    tag: int
    start: int
    end: int


def find_chunk(data: bytes, position: int) -> Chunk | None:
    """Return the chunk that begins at ``position``; None when it is cut off or no chunk begins there."""
    if position >= len(data) or data[position] not in _LENGTHS:
        return None
    width = data[position]
    start = position + 1 + width
    if start + 2 > len(data):
        return None
    length: int = struct.unpack_from(_LENGTHS[width], data, position + 1)[0]
    if length < 2 or start + length > len(data):
        return None
    tag: int = struct.unpack_from("<H", data, start)[0]
    return Chunk(tag, start + 2, start + length) if FILE_HEADER <= tag <= STREAM_FOOTER else None


def after_boundary(data: bytes, position: int, end: int | None = None) -> int | None:
    """Return the position after the next boundary mark in ``[position, end)``, or None."""
    found = data.find(BOUNDARY_MARK, position, len(data) if end is None else end)
    return None if found < 0 else found + len(BOUNDARY_MARK)


def encode_chunk(tag: int, content: bytes) -> bytes:
    """Return the bytes of one chunk."""
    return encode_length(len(content) + 2) + struct.pack("<H", tag) + content


def encode_length(length: int) -> bytes:
    """Return a length in the fewest bytes that the format allows."""
    width = 1 if length < 2**8 else 4 if length < 2**32 else 8
    return bytes([width]) + struct.pack(_LENGTHS[width], length)


def encode_numbers(time_s: Floats, values: NDArray[Any], number_format: str) -> bytes:
    """Return the samples of one chunk, each with its time; shapes (n,) and (n, channels)."""
    rows = np.empty(len(time_s), _row_type(number_format, values.shape[1]))
    rows["width"], rows["time"], rows["values"] = 8, time_s, values
    return encode_length(len(rows)) + rows.tobytes()


def encode_words(time_s: Floats, words: Sequence[Sequence[str]]) -> bytes:
    """Return the samples of one chunk of text; shapes (n,) and (n, channels)."""
    parts = [encode_length(len(time_s))]
    for time, row in zip(time_s.tolist(), words, strict=True):
        parts.append(struct.pack("<Bd", 8, time))
        for word in row:
            raw = word.encode("utf-8", "replace")
            parts += [encode_length(len(raw)), raw]
    return b"".join(parts)


def decode_numbers(
    content: bytes, number_format: str, channels: int, last_s: float, step_s: float
) -> tuple[Floats, NDArray[Any]]:
    """Return times, shape (n,), and values, shape (n, channels), of a sample chunk.

    Parameters
    ----------
    content
        What follows the stream id.
    number_format
        One of ``NUMBER_FORMATS``.
    channels
        Values per sample.
    last_s
        Time of the last sample before this chunk, s.
    step_s
        Nominal distance of samples; a sample without a time follows the one before it by this much.

    Raises
    ------
    DamageError
        The bytes do not add up.
    """
    count, position = read_length(content, 0)
    row = _row_type(number_format, channels)
    if len(content) - position == count * row.itemsize:
        rows = np.frombuffer(content, row, count, position)
        if bool((rows["width"] == 8).all()):
            return rows["time"].astype(np.float64), rows["values"].astype(_native(number_format))
    return _decode_mixed(content, position, count, (number_format, channels), (last_s, step_s))


def decode_words(content: bytes, channels: int, last_s: float, step_s: float) -> tuple[Floats, NDArray[np.object_]]:
    """Return times, shape (n,), and texts, shape (n, channels), of a sample chunk; as ``decode_numbers``."""
    count, position = read_length(content, 0)
    if count > len(content):
        raise DamageError(f"a chunk of {len(content)} bytes says that it holds {count} samples.")
    time_s = np.empty(count)
    words = np.empty((count, channels), dtype=object)
    for sample in range(count):
        last_s, position = _read_time(content, position, last_s, step_s)
        time_s[sample] = last_s
        for channel in range(channels):
            length, position = read_length(content, position)
            if position + length > len(content):
                raise DamageError("a text runs past the end of its chunk.")
            words[sample, channel] = content[position : position + length].decode("utf-8", "replace")
            position += length
    return time_s, words


def read_length(content: bytes, position: int) -> tuple[int, int]:
    """Return a length and the position after it."""
    width = content[position] if position < len(content) else 0
    if width not in _LENGTHS or position + 1 + width > len(content):
        raise DamageError(f"a length must have 1, 4 or 8 bytes; got {width}.")
    value: int = struct.unpack_from(_LENGTHS[width], content, position + 1)[0]
    return value, position + 1 + width


def _decode_mixed(
    content: bytes, position: int, count: int, layout: tuple[str, int], clock: tuple[float, float]
) -> tuple[Floats, NDArray[Any]]:
    """Read samples of which only some carry a time: walk over them once, gather the values at the end."""
    number_format, channels = layout
    last_s, step_s = clock
    size = channels * np.dtype(NUMBER_FORMATS[number_format]).itemsize
    if count > len(content):
        raise DamageError(f"a chunk of {len(content)} bytes says that it holds {count} samples.")
    time_s = np.empty(count)
    values = bytearray()
    for sample in range(count):
        last_s, position = _read_time(content, position, last_s, step_s)
        time_s[sample] = last_s
        values += content[position : position + size]
        position += size
    if position != len(content):
        raise DamageError(f"a chunk of {len(content)} bytes should have {position}.")
    flat = np.frombuffer(bytes(values), NUMBER_FORMATS[number_format])
    return time_s, flat.reshape(count, channels).astype(_native(number_format))


def _read_time(content: bytes, position: int, last_s: float, step_s: float) -> tuple[float, int]:
    width = content[position] if position < len(content) else -1
    if width == 0:
        return last_s + step_s, position + 1
    if width != 8 or position + 9 > len(content):
        raise DamageError(f"a time must have 0 or 8 bytes; got {width}.")
    return struct.unpack_from("<d", content, position + 1)[0], position + 9


def _row_type(number_format: str, channels: int) -> np.dtype[Any]:
    value = NUMBER_FORMATS[number_format]
    return np.dtype([("width", "u1"), ("time", "<f8"), ("values", value, (channels,))])


def _native(number_format: str) -> np.dtype[Any]:
    return np.dtype(NUMBER_FORMATS[number_format]).newbyteorder("=")
