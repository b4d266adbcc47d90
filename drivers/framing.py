"""What byte protocols have in common: finding frames in a stream, undoing wraps, counting samples.

A frame scanner never trusts what it reads: a length beyond the limit, a wrong checksum or a wrong shape costs one
byte, and the search goes on behind it. So a damaged frame hides at most the good frame that it swallowed a part of.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from drivers.base import LARGEST_CHUNK, DecodeCounts
from fusion.types import Floats, Samples

GRAVITY_MPS2 = 9.80665
"""Standard gravity: what makers of sensors mean by "g" (CODATA; not the local gravity)."""


@dataclass(slots=True)
class FrameScanner:
    """Cuts a byte stream into frames.

    Attributes
    ----------
    sync
        Bytes that every frame begins with.
    length
        Head of a frame -> its whole length; None when more bytes are needed to tell; 0 when this is no frame.
    check
        Whole frame -> whether it is sound.
    limit
        Longest possible frame.
    """

    sync: bytes
    length: Callable[[bytes], int | None]
    check: Callable[[bytes], bool]
    counts: DecodeCounts
    limit: int = 1024
    _rest: bytes = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Return the frames that these bytes complete, in order."""
        self.counts.skipped_bytes += max(len(data) - LARGEST_CHUNK, 0)
        buffer = self._rest + data[:LARGEST_CHUNK]
        frames: list[bytes] = []
        place = 0
        while True:
            begin = self._next_sync(buffer, place)
            self.counts.skipped_bytes += begin - place
            place = begin
            if place + len(self.sync) > len(buffer):
                break
            size = self.length(buffer[place : place + self.limit])
            if size is None or (0 < size <= self.limit and place + size > len(buffer)):
                break
            frame = buffer[place : place + size]
            if 0 < size <= self.limit and self.check(frame):
                frames.append(frame)
                self.counts.frames += 1
                place += size
            else:
                self.counts.rejected += 1
                self.counts.skipped_bytes += 1
                place += 1
        self._rest = buffer[place:]
        return frames

    def reset(self) -> None:
        """Forget half a frame."""
        self.counts.skipped_bytes += len(self._rest)
        self._rest = b""

    def _next_sync(self, buffer: bytes, place: int) -> int:
        """Return where the next frame begins, or may begin when more bytes come."""
        found = buffer.find(self.sync, place)
        if found >= 0:
            return found
        # The last bytes may be the first ones of a sync word.
        sizes = range(min(len(self.sync) - 1, len(buffer) - place), 0, -1)
        return len(buffer) - next((n for n in sizes if buffer.endswith(self.sync[:n])), 0)


@dataclass(slots=True)
class LineScanner:
    """Cuts a byte stream into lines that end with a given byte; a line beyond the limit is dropped whole."""

    counts: DecodeCounts
    end: bytes = b"\n"
    limit: int = 4096
    _rest: bytes = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Return the lines that these bytes complete, without their ends."""
        self.counts.skipped_bytes += max(len(data) - LARGEST_CHUNK, 0)
        *lines, rest = (self._rest + data[:LARGEST_CHUNK]).split(self.end)
        if len(rest) > self.limit:
            self.counts.skipped_bytes += len(rest)
            rest = b""
        self._rest = rest
        return [line for line in lines if len(line) <= self.limit]

    def reset(self) -> None:
        """Forget half a line."""
        self.counts.skipped_bytes += len(self._rest)
        self._rest = b""


class Unwrapper:
    """Undoes the wraps of a counter, and tells a wrap from a restart by the host's clock.

    Parameters
    ----------
    modulus
        The counter runs from 0 to this, exclusive.
    tick_s
        What one count is worth, s; NaN where counts are no time: then every step is a step forward.
    """

    TOLERANCE_S = 5.0
    """By so much, and a tenth of the pause, may an arrival be late before a jump of the counter is a restart."""

    def __init__(self, modulus: int, tick_s: float = np.nan) -> None:
        self.modulus = modulus
        self.tick_s = tick_s
        self.restarts = 0
        self._last = -1
        self._base = 0
        self._arrival_s = np.nan

    def __call__(self, raw: int, arrival_s: float = np.nan) -> int:
        """Return the count with its wraps undone; after a restart the counter's own value again."""
        if self._last < 0:
            self._last, self._arrival_s = raw, arrival_s
            return raw
        step = (raw - self._last) % self.modulus
        if self._is_restart(step, arrival_s):
            if raw < self._last:  # as it stands the time would go on by nearly a whole turn
                self._base = 0
                self.restarts += 1
            step = raw - self._last
        elif raw < self._last:
            self._base += self.modulus
        self._last, self._arrival_s = raw, arrival_s
        return self._base + raw

    def _is_restart(self, step: int, arrival_s: float) -> bool:
        if not (np.isfinite(self.tick_s) and np.isfinite(arrival_s) and np.isfinite(self._arrival_s)):
            return False
        passed_s = arrival_s - self._arrival_s
        return abs(step * self.tick_s - passed_s) > self.TOLERANCE_S + 0.1 * passed_s


class CountedClock:
    """Times of samples from a device that sends none: counted at the nominal rate.

    The clock model of ``fusion.sync`` then finds what the rate really is. Where nothing came for longer than
    ``PAUSE_S`` the count jumps by the pause, in whole samples, so that a lost link does not shift all that follows.
    """

    PAUSE_S = 0.5

    def __init__(self, rate_hz: float) -> None:
        self.rate_hz = rate_hz
        self._count = 0
        self._arrival_s = np.nan

    def __call__(self, n: int, arrival_s: float) -> Floats:
        """Return the times of ``n`` samples that came together, s, shape (n,)."""
        pause_s = arrival_s - self._arrival_s
        if np.isfinite(pause_s) and pause_s > max(self.PAUSE_S, 5.0 / self.rate_hz):
            self._count += max(round(pause_s * self.rate_hz) - n, 0)
        self._arrival_s = arrival_s
        start, self._count = self._count, self._count + n
        return np.arange(start, self._count, dtype=np.float64) / self.rate_hz


def losses(counter: Samples, before: int) -> int:
    """Return how many samples a counter misses, from the one ``before`` (-1: none) on; shape (n,)."""
    steps = np.diff(counter, prepend=before) if before >= 0 else np.diff(counter)
    return int(np.sum(np.maximum(steps - 1, 0)))


def at_full_scale(values: Floats, full_scale: float) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return which rows of (n, 3) have an axis within 0.1 % of full scale; nowhere where it is unknown."""
    if not np.isfinite(full_scale):
        return np.zeros(len(values), dtype=np.bool_)
    limit = 0.999 * full_scale
    return np.asarray((np.abs(values) >= limit).any(axis=1))


def sum8(data: bytes) -> int:
    """Return the sum of all bytes modulo 256."""
    return sum(data) & 0xFF
