"""A camera's clock from a lamp that it sees: the wearable's LED flashes at dithered times that the device stamps.

1. Coarse: the offset at which the known flashes lie on the bright frames; unique because their spacing is dithered.
2. Each edge of the lamp was seen between the end of a dark exposure and the start of a lit one, or within a frame
   that is lit in part: it bounds the offset from both sides. Nothing is assumed about noise.
3. Offset and skew are the middle of all lines that obey the bounds (a linear programme); the interval is what the
   bounds leave. Edges that fit no common line (a hand before the lamp) are dropped, a fifth of them at most.

A lamp at a fixed spacing would lock to the frames' phase and leave a whole frame of doubt.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from fusion.errors import SignalError
from fusion.types import NOT_FUSED, SAFE, Floats, SyncResult

MAX_SKEW = 200e-6
"""Crystals of wearable and camera together, as in ``envelope``."""

MAX_DOUBT_S = 0.005
"""A wider interval is not safe to fuse: a shank turns by 2 deg in it."""

_DARK, _LIT = 0.1, 0.9
_LEAST_EDGES = 6
_AMBIGUOUS = 0.8


@dataclass(frozen=True, slots=True)
class Flashes:
    """When the lamp was lit, on its device's clock.

    Attributes
    ----------
    on_s, off_s
        Times of the edges, shape (k,); ``off_s[i]`` follows ``on_s[i]``.
    """

    on_s: Floats
    off_s: Floats

    def __post_init__(self) -> None:
        """Check order once."""
        if self.on_s.shape != self.off_s.shape or not (self.off_s > self.on_s).all():
            raise SignalError("each flash needs an on and a later off; got others. Pair the edges first.")

    def lit(self, time_s: Floats) -> Floats:
        """Return 1 where the lamp is lit, else 0, same shape."""
        index = np.searchsorted(self.on_s, time_s, side="right") - 1
        inside = (index >= 0) & (time_s < self.off_s[np.maximum(index, 0)])
        return inside.astype(np.float64)


def align_flashes(
    camera: str, frame_s: Floats, exposure_s: float, brightness: Floats, flashes: Flashes, search_s: float = 30.0
) -> SyncResult:
    """Return how a camera's clock relates to that of the device with the lamp.

    Parameters
    ----------
    camera
        Name for the result.
    frame_s
        Start of each exposure (of the row that shows the lamp) on the camera's clock, s, shape (n,).
    exposure_s
        Length of an exposure; if unknown, the frame period: the interval then is wider.
    brightness
        Of the lamp's spot in each frame, any unit, shape (n,).
    flashes
        Edges as the device stamped them.
    search_s
        Largest offset that is looked for, either way.

    Returns
    -------
    SyncResult
        device time = camera time + offset; not safe to fuse, with the reason, where the lamp cannot be followed.
    """
    level = _levels(brightness)
    if level is None:
        return _refused(camera, "the lamp cannot be told from its surroundings; move it closer or shade it")
    coarse_s, ratio = _coarse(frame_s + 0.5 * exposure_s, level, flashes, search_s)
    if ratio > _AMBIGUOUS:
        return _refused(camera, "the flashes fit at several offsets; record more of them", ratio)
    edge_s, low_s, high_s = _bounds(frame_s, exposure_s, level, flashes, coarse_s)
    if len(edge_s) < _LEAST_EDGES:
        return _refused(camera, f"only {len(edge_s)} edges of the lamp were seen, {_LEAST_EDGES} are needed", ratio)
    return _fitted(camera, edge_s, low_s, high_s, ratio)


def _levels(brightness: Floats) -> Floats | None:
    """Return the share of each exposure that was lit, 0 to 1; None where bright and dark are not apart."""
    dark, bright = np.nanpercentile(brightness, [25.0, 98.0])
    noise = 1.48 * float(np.nanmedian(np.abs(brightness - np.nanmedian(brightness))))
    if not bright - dark > 8.0 * noise:
        return None
    return np.asarray(np.clip((brightness - dark) / (bright - dark), 0.0, 1.0))


def _coarse(middle_s: Floats, level: Floats, flashes: Flashes, search_s: float) -> tuple[float, float]:
    """Return the best offset on a grid of half frames, and second-best over best at least half a second apart."""
    step_s = 0.5 * float(np.median(np.diff(middle_s)))
    offsets = np.arange(-search_s, search_s + step_s, step_s)
    centred = level - level.mean()
    scores = np.empty(len(offsets))
    for i, offset_s in enumerate(offsets):
        lit = flashes.lit(middle_s + offset_s)
        scores[i] = float(centred @ lit) / np.sqrt(max(float(lit.sum()), 1.0))
    best = int(scores.argmax())
    apart = np.abs(offsets - offsets[best]) > 0.5
    second = float(scores[apart].max()) if apart.any() else 0.0
    near = scores > 0.98 * scores[best]
    near &= ~apart
    return float(offsets[near].mean()), float(np.clip(second / max(scores[best], 1e-12), 0.0, 1.0))


def _bounds(
    frame_s: Floats, exposure_s: float, level: Floats, flashes: Flashes, coarse_s: float
) -> tuple[Floats, Floats, Floats]:
    """Return edges on the camera's clock and the least and largest offset that each allows, each shape (k,)."""
    times, lows, highs = [], [], []
    for edges, rises in ((flashes.on_s, True), (flashes.off_s, False)):
        lit = level if rises else 1.0 - level
        for edge in edges:
            seen = _bracket(frame_s, exposure_s, lit, edge - coarse_s)
            if seen is not None:
                times.append(0.5 * (seen[0] + seen[1]))
                lows.append(edge - seen[1])
                highs.append(edge - seen[0])
    order = np.argsort(times)
    return np.array(times)[order], np.array(lows)[order], np.array(highs)[order]


def _bracket(frame_s: Floats, exposure_s: float, lit: Floats, expected_s: float) -> tuple[float, float] | None:
    """Return between which camera times the lamp came on, near ``expected_s``; None where it was not seen to."""
    middle = int(np.searchsorted(frame_s, expected_s))
    first, last = max(middle - 4, 0), min(middle + 4, len(frame_s))
    if last - first < 4:
        return None
    window = lit[first:last]
    bright = np.flatnonzero(window >= _LIT)
    if not bright.size:
        return None
    dark = np.flatnonzero(window[: bright[0]] <= _DARK)
    if not dark.size or bright[0] - dark[-1] > 2:
        return None
    before, after = first + int(dark[-1]), first + int(bright[0])
    margin = _DARK * exposure_s
    if after - before == 2:  # the frame between is lit in part: the lamp came on within its exposure
        share = float(lit[before + 1])
        edge = float(frame_s[before + 1]) + exposure_s * (1.0 - share)
        return edge - margin, edge + margin
    return float(frame_s[before]) + exposure_s - margin, float(frame_s[after]) + margin


def _fitted(camera: str, edge_s: Floats, low_s: Floats, high_s: Floats, ratio: float) -> SyncResult:
    """Return the middle of all lines within the bounds; see step 3."""
    epoch_s = 0.5 * float(edge_s[0] + edge_s[-1])
    kept = np.ones(len(edge_s), dtype=bool)
    while True:
        x, low, high = edge_s[kept] - epoch_s, low_s[kept], high_s[kept]
        offset_s, skew, margin_s = _widest(x, low, high)
        if margin_s >= 0.0:
            break
        line = offset_s + skew * (edge_s - epoch_s)
        violation = np.where(kept, np.maximum(low_s - line, line - high_s), -np.inf)
        kept[int(violation.argmax())] = False
        if kept.sum() < max(0.8 * len(edge_s), _LEAST_EDGES):
            return _refused(camera, "the edges of the lamp fit no common clock; was the exposure time right?", ratio)
    least_s, most_s = (_extreme(x, low, high, sign) for sign in (1.0, -1.0))
    doubt_s = 0.5 * (most_s - least_s)
    safe = doubt_s <= MAX_DOUBT_S
    told = f"{int(kept.sum())} of {len(edge_s)} edges of the lamp, +-{1e3 * doubt_s:.1f} ms"
    return SyncResult(
        camera,
        0.5 * (least_s + most_s),
        least_s,
        most_s,
        1e6 * skew,
        epoch_s,
        ratio,
        "flashes of the wearable's lamp",
        SAFE if safe else NOT_FUSED,
        told if safe else f"{told}: too wide; record more flashes",
    )


def _widest(x: Floats, low: Floats, high: Floats) -> tuple[float, float, float]:
    """Return offset, skew and margin of the line that keeps farthest within its bounds; below 0: none does."""
    ones = np.ones_like(x)
    above = np.column_stack([ones, x, ones])
    below = np.column_stack([-ones, -x, ones])
    found = linprog(
        [0.0, 0.0, -1.0],
        A_ub=np.vstack([above, below]),
        b_ub=np.concatenate([high, -low]),
        bounds=[(None, None), (-MAX_SKEW, MAX_SKEW), (None, None)],
    )
    offset_s, skew, margin_s = np.asarray(found.x)
    return float(offset_s), float(skew), float(margin_s)


def _extreme(x: Floats, low: Floats, high: Floats, sign: float) -> float:
    """Return the least (sign 1) or largest (-1) offset at the epoch that the bounds leave."""
    ones = np.ones_like(x)
    lines = np.column_stack([ones, x])
    found = linprog(
        [sign, 0.0],
        A_ub=np.vstack([lines, -lines]),
        b_ub=np.concatenate([high, -low]) + 1e-9,
        bounds=[(None, None), (-MAX_SKEW, MAX_SKEW)],
    )
    return float(np.asarray(found.x)[0])


def _refused(camera: str, reason: str, ratio: float = np.nan) -> SyncResult:
    return SyncResult(
        camera, np.nan, np.nan, np.nan, peak_ratio=ratio, method="flashes of the wearable's lamp", reason=reason
    )
