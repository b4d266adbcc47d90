"""Find and repair what goes wrong with the times of a stream: repeats, disorder, strays, clock jumps."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fusion.types import Flags, Floats

LARGEST_STEP_S = 60.0
"""A longer step forward of a clock that nothing can be compared with is a jump, not a gap."""

JUMP_S = 0.5
"""Device and host clocks that part by more than this have jumped; wireless delays in 1 s stay below."""

_STRAY_S = 1.0

Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Timeline:
    """The repaired times of a stream, and what was wrong with them.

    Attributes
    ----------
    kept
        Rows of the stream that remain, in the order of time, shape (m,).
    time_s
        Their times, strictly increasing, shape (m,).
    duplicates
        Rows that repeated an earlier one: the same time again.
    backward
        Steps back in time between rows as recorded.
    jumps
        Clock jumps.
    strays
        Rows with an impossible time or none.
    """

    kept: Places
    time_s: Floats
    duplicates: int
    backward: int
    jumps: int
    strays: int


def repair(time_s: Floats, rows: Floats, rate_hz: float, arrival_s: Floats | None = None) -> Timeline:
    """Return the times of a stream in order, each once.

    1. Rows without a finite time, and single rows whose time is more than 1 s from both neighbours while the
       neighbours follow each other, are dropped.
    2. Rows that repeat time and values of an earlier one (packets sent twice) are dropped.
    3. Clock jumps split the stream into pieces. With arrival times each piece is put where its least
       delayed samples arrived, measured from the longest piece. Without them nobody knows where
       the pieces belong: only the longest is kept, the rest becomes a gap.
    4. Rows are sorted by time (late packets); of several at one time the first is kept.

    Parameters
    ----------
    time_s
        Times as recorded, s, shape (n,).
    rows
        Values as recorded, shape (n, k).
    rate_hz
        Nominal rate; NaN takes the median step.
    arrival_s
        Host times of arrival, s, shape (n,), or None.
    """
    kept = np.flatnonzero(np.isfinite(time_s))
    backward = int((np.diff(time_s[kept]) < 0).sum())
    step_s = median_step(time_s[kept]) if not np.isfinite(rate_hz) else 1.0 / rate_hz
    # 1.
    kept = kept[~_stray(time_s[kept], step_s)]
    strays = len(time_s) - len(kept)
    # 2.
    repeated = _repeated(time_s[kept], rows[kept])
    kept = kept[~repeated]
    # 3.
    times = time_s[kept]
    arrivals = None if arrival_s is None or not np.isfinite(arrival_s).all() else arrival_s[kept]
    starts = _jumps(times, step_s, arrivals)
    selected, times = _join_pieces(times, starts, arrivals)
    kept = kept[selected]
    # 4.
    order = np.argsort(times, kind="stable")
    kept, times = kept[order], times[order]
    first = np.ones(len(times), dtype=bool)
    first[1:] = np.diff(times) > 0
    duplicates = int(repeated.sum()) + int((~first).sum())
    return Timeline(kept[first], times[first], duplicates, backward, len(starts), strays)


def find_gaps(time_s: Floats, usable: Flags, shortest_s: float) -> tuple[tuple[float, float], ...]:
    """Return start and length, s, of every hole between usable samples.

    A hole begins at the last usable sample, and is longer than 2.5 median steps and than ``shortest_s``.
    Unusable samples at the beginning and at the end of the stream count as holes, too.
    """
    if not len(time_s):
        return ()
    edges = time_s[usable]
    edges = np.unique(np.concatenate([time_s[:1], edges, time_s[-1:]]))
    steps = np.diff(edges)
    limit_s = max(2.5 * median_step(time_s), shortest_s)
    return tuple((float(edges[at]), float(steps[at])) for at in np.flatnonzero(steps > limit_s))


def median_step(time_s: Floats) -> float:
    """Return the median of the positive steps, s; NaN when there is none."""
    steps = np.diff(time_s)
    steps = steps[steps > 0]
    return float(np.median(steps)) if len(steps) else np.nan


def _stray(time_s: Floats, step_s: float) -> Flags:
    """Mark single rows whose time is far from both neighbours, which follow each other."""
    stray = np.zeros(len(time_s), dtype=bool)
    if len(time_s) < 3:
        return stray
    step = np.diff(time_s)
    across = time_s[2:] - time_s[:-2]
    far = (np.abs(step[:-1]) > _STRAY_S) & (np.abs(step[1:]) > _STRAY_S)
    stray[1:-1] = far & (across > 0) & (across < 3.0 * step_s)
    return stray


def _repeated(time_s: Floats, rows: Floats) -> Flags:
    """Mark rows whose time and values are those of an earlier row."""
    order = np.argsort(time_s, kind="stable")
    same = np.diff(time_s[order]) == 0
    repeated = np.zeros(len(time_s), dtype=bool)
    for at in np.flatnonzero(same):
        earlier, later = order[at], order[at + 1]
        repeated[later] = np.array_equal(rows[earlier], rows[later], equal_nan=True)
    return repeated


def _jumps(time_s: Floats, step_s: float, arrival_s: Floats | None) -> Places:
    """Return the rows at which a new piece begins."""
    if len(time_s) < 2 or not np.isfinite(step_s):
        return np.empty(0, dtype=np.intp)
    if arrival_s is not None:
        return _jumps_against_arrival(time_s, arrival_s, step_s)
    step = np.diff(time_s)
    starts: list[int] = []
    for at in np.flatnonzero((step < -step_s) | (step > LARGEST_STEP_S)) + 1:
        piece = time_s[starts[-1] if starts else 0 : at]
        now = time_s[at]
        # A late packet fills a hole; a clock that was set back runs through times that were there already.
        covered = float(np.min(np.abs(piece - now))) < 0.5 * step_s
        before_all = now < piece.min() - 2.0 * step_s
        if step[at - 1] > 0 or covered or before_all or piece.max() - now > LARGEST_STEP_S:
            starts.append(int(at))
    return np.array(starts, dtype=np.intp)


def _jumps_against_arrival(time_s: Floats, arrival_s: Floats, step_s: float) -> Places:
    """Return jumps of the device clock against the host clock.

    A radio that stalls delivers late and catches up, so the delays of the least delayed samples within 2 s
    on either side are compared.
    """
    lag_s = arrival_s - time_s
    window = max(2, round(2.0 / step_s))
    starts: list[int] = []
    for at in np.flatnonzero(np.abs(np.diff(lag_s)) > JUMP_S) + 1:
        first = max(starts[-1] if starts else 0, at - window)
        if abs(float(lag_s[at : at + window].min() - lag_s[first:at].min())) > JUMP_S:
            starts.append(int(at))
    return np.array(starts, dtype=np.intp)


def _join_pieces(time_s: Floats, starts: Places, arrival_s: Floats | None) -> tuple[Places, Floats]:
    """Return the rows that can be placed and their times."""
    everything = np.arange(len(time_s))
    if not len(starts):
        return everything, time_s
    bounds = [0, *starts.tolist(), len(time_s)]
    pieces = [slice(*pair) for pair in pairwise(bounds)]
    longest = max(pieces, key=lambda piece: piece.stop - piece.start)
    if arrival_s is None:
        return everything[longest], time_s[longest]
    lag_s = arrival_s - time_s
    moved = time_s.copy()
    for piece in pieces:
        moved[piece] += float(lag_s[piece].min() - lag_s[longest].min())
    return everything, moved
