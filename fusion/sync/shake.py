"""What the clocks leave over between wearables: held in one hand and shaken, all feel the same rotation.

The size of the angular rate does not depend on how a sensor is held, so that it needs no calibration. A few seconds
of shaking before the sensors are strapped on fix their clocks to each other within a fraction of a millisecond,
whatever the radio does; in walking no two segments turn that much alike, so that nothing is found by mistake.

1. Size of the rate of each wearable on one grid.
2. Windows in which all turn fast and alike.
3. In the best window, each wearable's lag behind their mean, by correlation and a parabola through its top.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, sosfiltfilt

from fusion.types import Floats

RATE_HZ = 400.0
WINDOW_S = 2.0
FAST_RADPS = 2.0
"""RMS size of the rate of a hand that shakes; a strapped pelvis turns at 0.5, a shank at 2.5 rad/s."""

ALIKE = 0.97
"""Least correlation with the mean of all; the shanks of one walker reach 0.5, the two feet less."""

MOST_LAG_S = 0.03
BAND_HZ = (0.5, 15.0)
LEAST_SD_S = 0.0002


@dataclass(frozen=True, slots=True)
class Residual:
    """What to add to a wearable's times, s, and its standard deviation."""

    shift_s: float
    sd_s: float


def residual_offsets(gyro: Mapping[str, tuple[Floats, Floats]]) -> dict[str, Residual]:
    """Return each wearable's residual offset against the mean of all; empty when they were never shaken together.

    Parameters
    ----------
    gyro
        Wearable -> (reference times, (n,), and angular rate in any axes, rad/s, (n, 3)).
    """
    if len(gyro) < 2:
        return {}
    start_s = max(float(time_s[0]) for time_s, _ in gyro.values())
    end_s = min(float(time_s[-1]) for time_s, _ in gyro.values())
    if end_s - start_s < WINDOW_S + 2.0 * MOST_LAG_S:
        return {}
    grid = np.arange(start_s, end_s, 1.0 / RATE_HZ)
    size = np.stack([_size(grid, *track) for track in gyro.values()])
    window = _shaken(size)
    if window is None:
        return {}
    return dict(zip(gyro, _lags(size, window), strict=True))


def _size(grid: Floats, time_s: Floats, rate_radps: Floats) -> Floats:
    known = np.isfinite(rate_radps).all(axis=1)
    return np.asarray(np.interp(grid, time_s[known], np.linalg.norm(rate_radps[known], axis=1)))


def _shaken(size: Floats) -> slice | None:
    """Return the window in which all sizes are fast and most alike; None when there is none."""
    length, hop = round(WINDOW_S * RATE_HZ), round(0.25 * WINDOW_S * RATE_HZ)
    best, found = ALIKE, None
    for start in range(0, size.shape[1] - length + 1, hop):
        part = size[:, start : start + length]
        if np.sqrt(np.mean(part**2, axis=1)).min() < FAST_RADPS:
            continue
        alike = _least_correlation(part)
        if alike > best:
            best, found = alike, slice(start, start + length)
    return found


def _least_correlation(part: Floats) -> float:
    middle = part.mean(axis=0)
    return float(min(np.corrcoef(row, middle)[0, 1] for row in part))


def _lags(size: Floats, window: slice) -> list[Residual]:
    sos = butter(2, BAND_HZ, btype="bandpass", fs=RATE_HZ, output="sos")
    smooth = np.asarray(sosfiltfilt(sos, size, axis=1))
    reach = round(MOST_LAG_S * RATE_HZ)
    edge = slice(max(window.start, reach), min(window.stop, size.shape[1] - reach))
    lags = np.zeros(len(size))
    for _ in range(3):  # the mean sharpens as the lags are taken out
        grid = np.arange(size.shape[1]) / RATE_HZ
        moved = np.stack([np.interp(grid + lag, grid, row) for lag, row in zip(lags, smooth, strict=True)])
        middle = moved.mean(axis=0)[edge]
        lags += [_lag_s(row, middle, edge, reach) for row in moved]
        lags -= lags.mean()
    scatter = [
        float(np.std(np.interp(grid + lag, grid, row)[edge] - middle)) for lag, row in zip(lags, smooth, strict=True)
    ]
    steepness = float(np.sqrt(np.mean(np.gradient(middle, 1.0 / RATE_HZ) ** 2)))
    independent = 2.0 * BAND_HZ[1] * (edge.stop - edge.start) / RATE_HZ
    sd = [max(LEAST_SD_S, value / steepness / np.sqrt(independent)) for value in scatter]
    return [Residual(-float(lag), float(value)) for lag, value in zip(lags, sd, strict=True)]


def _lag_s(row: Floats, middle: Floats, edge: slice, reach: int) -> float:
    """Return by how much a row lags behind the mean, s."""
    shifts = np.arange(-reach, reach + 1)
    score = np.array([float(row[edge.start + k : edge.stop + k] @ middle) for k in shifts])
    top = int(np.clip(np.argmax(score), 1, len(score) - 2))
    before, here, after = score[top - 1 : top + 2]
    bend = before - 2.0 * here + after
    shift = 0.5 * (before - after) / bend if bend < 0.0 else 0.0
    return float((shifts[top] + np.clip(shift, -1.0, 1.0)) / RATE_HZ)
