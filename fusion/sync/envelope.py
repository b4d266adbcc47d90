"""The lower envelope of message delays: the line that no message undercuts.

A message can be late, never early. Of all lines under the points (device time, arrival - device time), the
one closest to them on average is the edge of their lower convex hull under the mean of the times (Moon,
Skelly & Towsley 1999, doi:10.1109/INFCOM.1999.749287).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fusion.types import Floats

MAX_SKEW = 200e-6
"""Crystals of wearables, phones and computers differ by at most this (each +-100 ppm, temperature included)."""

COUNTED_S = 0.05
"""A slope beyond ``MAX_SKEW`` that adds up to more than this is real: stamps counted at a nominal rate."""

_LOWEST = 8
_SLICES = 40


@dataclass(frozen=True, slots=True)
class Envelope:
    """A line under the delays: ``level_s + skew (t - epoch_s)``.

    Attributes
    ----------
    sd_s
        How far the line may lie above the true minimum by chance: mean spacing of the lowest delays.
    skew_sd
        Standard deviation of the slope.
    """

    epoch_s: float
    level_s: float
    skew: float
    sd_s: float
    skew_sd: float

    def at(self, time_s: Floats) -> Floats:
        """Return the line at device times, s, same shape."""
        return np.asarray(self.level_s + self.skew * (time_s - self.epoch_s))


def lower_envelope(time_s: Floats, delay_s: Floats) -> Envelope:
    """Return the lower envelope of delays, each (n,), n >= 2, at the middle of the times."""
    epoch = 0.5 * float(time_s.min() + time_s.max())
    x, y = time_s - epoch, delay_s
    level, skew = _hull_edge(x, y)
    span = float(np.ptp(x))
    if MAX_SKEW < abs(skew) < MAX_SKEW + COUNTED_S / max(span, 1e-9):
        # Delays, not the clock, made the slope: no crystal is that far off, no counted stamp that close.
        skew = float(np.clip(skew, -MAX_SKEW, MAX_SKEW))
        level = float(np.min(y - skew * x))
    above = y - level - skew * x
    sd, skew_sd = _spacing(x, above)
    return Envelope(epoch, level, skew, sd, skew_sd)


def _hull_edge(x: Floats, y: Floats) -> tuple[float, float]:
    """Return level and slope of the lower hull's edge under the mean of ``x``."""
    order = np.lexsort((y, x))
    hull: list[int] = []
    for i in order:
        while len(hull) > 1 and _turn(x, y, hull[-2], hull[-1], int(i)) <= 0.0:
            hull.pop()
        if hull and x[hull[-1]] == x[i]:
            continue  # the same stamp again, later
        hull.append(int(i))
    if len(hull) == 1:
        return float(y[hull[0]]), 0.0
    right = int(np.clip(np.searchsorted(x[hull], x.mean()), 1, len(hull) - 1))
    a, b = hull[right - 1], hull[right]
    slope = float((y[b] - y[a]) / (x[b] - x[a]))
    return float(y[a] - slope * x[a]), slope


def _turn(x: Floats, y: Floats, a: int, b: int, c: int) -> float:
    return float((x[b] - x[a]) * (y[c] - y[a]) - (y[b] - y[a]) * (x[c] - x[a]))


def _spacing(x: Floats, above: Floats) -> tuple[float, float]:
    """Return the standard deviations of level and slope.

    The least delays of separate slices of time are independent; the k-th of them lies k spacings above the
    true minimum, and the first lies one spacing above it in the mean (order statistics).
    """
    span = max(float(np.ptp(x)), 1e-9)
    count = int(np.clip(len(x) // 5, 1, _SLICES))
    slot = np.minimum(((x - x.min()) / span * count).astype(int), count - 1)
    least = np.full(count, np.inf)
    np.minimum.at(least, slot, above)
    least = np.sort(least[np.isfinite(least)])
    k = min(_LOWEST, len(least) - 1)
    spacing = float(least[k]) / k if k > 0 else float(above.mean())
    return spacing, 2.0 * spacing / (0.5 * span)
