"""The freeze index of an accelerometer, window by window, whatever way the sensor is turned.

Freezing trembles at 3 to 8 Hz where walking swings at 0.5 to 3 Hz (Moore et al. 2008, *J Neurosci Methods* 167:340).
The index is the ratio of the two powers by the multitaper estimate that was proposed as its standard (Schär et al.
2025, *Front Neurol* 16:1528963): linear trend removed, four Slepian tapers of time-bandwidth 2.5. Here the spectra of
the three axes are added, so that the sensor's orientation does not matter, and the window is 4 s (Bächlin et al.
2010, *IEEE Trans Inf Technol Biomed* 14:436).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal.windows import dpss

from fusion.types import Flags, Floats

WINDOW_S = 4.0
HOP_S = 0.5
LOCOMOTION_HZ = (0.5, 3.0)
FREEZE_HZ = (3.0, 8.0)
TIME_BANDWIDTH = 2.5
TAPERS = 4
JOIN_S = 1.0
SHORTEST_S = 1.0

_PADDING = 2
_LEAST_RATE_HZ = 20.0
_MOST_MISSING = 0.1

FEATURES = ("log_freeze_index", "log_power")

STILL_LOG_POWER = 0.0
"""Below 1 (m/s^2)^2 nothing walks or trembles: the freeze index of standing still is that of the sensor's noise. No
labelled freeze of the training set is as quiet."""

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class FreezeWindows:
    """Windows of one accelerometer.

    Attributes
    ----------
    centre_s
        Middle of each window, shape (n,).
    values
        Natural logarithms of the freeze index and of the power at 0.5 to 8 Hz in (m/s^2)^2, shape (n, 2);
        NaN where a tenth of the window or more is missing or nothing moves.
    """

    centre_s: Floats
    values: Floats

    @property
    def is_seen(self) -> Flags:
        """There is a signal, shape (n,)."""
        return np.asarray(np.isfinite(self.values).all(axis=1))

    @property
    def moves(self) -> Flags:
        """There is a signal, and it is not that of standing still, shape (n,)."""
        return np.asarray(self.is_seen & (np.nan_to_num(self.values[:, 1], nan=-np.inf) > STILL_LOG_POWER))


def freeze_windows(time_s: Floats, accel_mps2: Floats) -> FreezeWindows:
    """Return the freeze index and the power of every window.

    1. Bring the samples to an even grid of the median rate; remember where there are none.
    2. Cut windows of 4 s every half second; remove the linear trend of each axis.
    3. Multitaper spectrum, added over the axes.
    4. Power in the two bands; their ratio and their sum.

    Parameters
    ----------
    time_s
        Shape (n,), increasing.
    accel_mps2
        Specific force in any sensor axes, shape (n, 3); NaN where missing.
    """
    step_s = float(np.median(np.diff(time_s))) if len(time_s) > 1 else np.inf
    if not np.isfinite(step_s) or step_s <= 0.0 or 1.0 / step_s < _LEAST_RATE_HZ:
        return FreezeWindows(np.empty(0), np.empty((0, 2)))
    grid, accel, missing = _even(time_s, accel_mps2, step_s)
    length, hop = round(WINDOW_S / step_s), max(round(HOP_S / step_s), 1)
    if len(grid) < length:
        return FreezeWindows(np.empty(0), np.empty((0, 2)))
    starts = np.arange(0, len(grid) - length + 1, hop)
    rows = starts[:, None] + np.arange(length)
    power = _spectra(accel[rows], step_s)
    values = np.full((len(starts), 2), np.nan)
    whole = (missing[rows].mean(axis=1) < _MOST_MISSING) & (power > 0.0).all(axis=1)
    locomotion, freeze = power[whole].T
    values[whole] = np.column_stack([np.log(freeze / locomotion), np.log(freeze + locomotion)])
    return FreezeWindows(grid[starts] + 0.5 * (length - 1) * step_s, values)


def episodes(windows: FreezeWindows, is_frozen: Flags) -> tuple[Span, ...]:
    """Return the spans of frozen windows, s: joined over less than a second, kept from one second on."""
    joined: list[Span] = []
    for centre_s in windows.centre_s[is_frozen]:
        start_s, end_s = float(centre_s) - 0.5 * HOP_S, float(centre_s) + 0.5 * HOP_S
        if joined and start_s - joined[-1][1] < JOIN_S:
            joined[-1] = (joined[-1][0], end_s)
        else:
            joined.append((start_s, end_s))
    return tuple(span for span in joined if span[1] - span[0] >= SHORTEST_S)


def _even(time_s: Floats, accel: Floats, step_s: float) -> tuple[Floats, Floats, Floats]:
    """Return an even time grid, the interpolated samples, and 1 where no sample is near."""
    good = np.isfinite(accel).all(axis=1)
    grid = np.arange(time_s[0], time_s[-1] + 0.5 * step_s, step_s)
    if good.sum() < 2:
        return grid, np.zeros((len(grid), 3)), np.ones(len(grid))
    seen_s = time_s[good]
    filled = np.column_stack([np.interp(grid, seen_s, accel[good, axis]) for axis in range(3)])
    after = np.clip(np.searchsorted(seen_s, grid), 1, len(seen_s) - 1)
    distance = np.minimum(np.abs(grid - seen_s[after - 1]), np.abs(seen_s[after] - grid))
    return grid, filled, (distance > 1.5 * step_s).astype(np.float64)


def _spectra(windows: Floats, step_s: float) -> Floats:
    """Return the powers in the two bands, shape (windows, 2), of windows of shape (windows, n, 3)."""
    count = windows.shape[1]
    centred = windows - windows.mean(axis=1, keepdims=True)
    ramp = np.arange(count) - 0.5 * (count - 1)
    slope = np.einsum("n,wna->wa", ramp, centred) / float(ramp @ ramp)
    straight = centred - ramp[None, :, None] * slope[:, None, :]
    size = _PADDING * count
    frequency = np.fft.rfftfreq(size, step_s)
    density = np.zeros((len(windows), len(frequency)))
    for taper in dpss(count, TIME_BANDWIDTH, TAPERS):
        density += (np.abs(np.fft.rfft(straight * taper[None, :, None], size, axis=1)) ** 2).sum(axis=2)
    density *= 2.0 * step_s / TAPERS
    width = frequency[1]
    inside = [(frequency >= low) & (frequency < high) for low, high in (LOCOMOTION_HZ, FREEZE_HZ)]
    return np.column_stack([density[:, band].sum(axis=1) * width for band in inside])
