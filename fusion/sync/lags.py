"""How well a camera's and a wearable's segment angles agree at each lag: fast over all, exactly over a few."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft

from fusion.sync.angles import GyroAngle, on_grid, slow_basis, without_drift
from fusion.types import Flags, Floats, Samples

COARSE_HZ = 50.0
"""Grid of the search over all lags; 20 ms is a tenth of the width of a correlation peak of walking."""

EVIDENCE_HZ = 4.0
"""Independent comparisons in one second of one segment: walking angles hold little above 2 Hz."""

PLAUSIBLE_GAIN = (0.25, 4.0)
"""Camera over wearable amplitude; keypoints of single cameras shrink angles by up to a half."""

BLOCK_S = 10.0
"""Drift is fitted anew in blocks of at most this length, which keeps the work linear in time."""

_CAMERA_GAP_S = 0.15
_FEWEST_FRAMES = 15


@dataclass(frozen=True, slots=True)
class Pair:
    """What one camera and one wearable say about one segment.

    Attributes
    ----------
    time_s, pitch_rad
        Camera times and keypoint pitch of the frames that show the segment, shape (n,).
    gyro
        The wearable's integrated angle.
    """

    time_s: Floats
    pitch_rad: Floats
    gyro: GyroAngle


@dataclass(frozen=True, slots=True)
class Fit:
    """One segment at one lag: camera = gain x wearable + drift + rest.

    Attributes
    ----------
    correlation
        Of the two angles after drift is taken from both.
    gain
        Camera over wearable amplitude.
    seconds
        Time that both cover, s.
    """

    correlation: float
    gain: float
    seconds: float

    def nats(self, sign: float = 1.0) -> float:
        """Return the evidence for this lag; 0 when the gain is not plausible."""
        low, high = PLAUSIBLE_GAIN
        plausible = low < sign * self.gain < high
        return float(evidence(np.array(sign * self.correlation), np.array(self.seconds))) if plausible else 0.0


NO_FIT = Fit(0.0, 0.0, 0.0)


def fit_at(pair: Pair, lag_s: float, only: Flags | None = None) -> Fit:
    """Return the exact fit at one lag, on frames ``only`` when given; ``NO_FIT`` when too little is covered."""
    angle, piece = pair.gyro.at(pair.time_s + lag_s)
    usable = np.isfinite(angle) if only is None else np.isfinite(angle) & only
    power_x = power_y = product = seconds = 0.0
    for block in _blocks(pair.time_s, piece, usable):
        time_s = pair.time_s[block]
        basis = slow_basis(time_s)
        x = angle[block] - basis @ (basis.T @ angle[block])
        y = pair.pitch_rad[block] - basis @ (basis.T @ pair.pitch_rad[block])
        power_x += float(x @ x)
        power_y += float(y @ y)
        product += float(x @ y)
        seconds += float(np.minimum(np.diff(time_s), _CAMERA_GAP_S).sum())
    if power_x < 1e-9 or power_y < 1e-9:
        return NO_FIT
    return Fit(product / np.sqrt(power_x * power_y), product / power_x, seconds)


def covered(pair: Pair, lag_s: float) -> Flags:
    """Return which camera frames the wearable covers at a lag, shape (n,)."""
    return np.asarray(np.isfinite(pair.gyro.at(pair.time_s + lag_s)[0]))


def evidence(correlation: Floats, seconds: Floats) -> Floats:
    """Return the log-likelihood that a positive correlation gains over no relation, nats.

    Residual variance falls by the factor 1 - r^2, so n independent comparisons gain -n / 2 log(1 - r^2).
    """
    r = np.clip(correlation, 0.0, 0.9999)
    return np.asarray(-0.5 * EVIDENCE_HZ * seconds * np.log1p(-(r**2)))


def scan(pair: Pair, lags_s: Floats) -> tuple[Floats, Floats]:
    """Return correlation and common seconds at many lags, each (k,).

    Normalised cross-correlation of masked signals by FFT (Padfield 2012, doi:10.1109/TIP.2011.2181402),
    without its means, which ``without_drift`` has taken away.
    """
    camera, seen = on_grid(pair.time_s, pair.pitch_rad, COARSE_HZ, _CAMERA_GAP_S)
    camera = without_drift(camera, seen, COARSE_HZ)
    grid = np.arange(pair.gyro.time_s[0], pair.gyro.time_s[-1], 1.0 / COARSE_HZ)
    wearable, known = _wearable_on(grid, pair.gyro)
    # Element k of a product: camera sample j meets wearable sample j + k - (len(camera) - 1).
    overlap = _correlate(known, seen.astype(np.float64))
    cross = _correlate(wearable, camera)
    power_x = np.maximum(_correlate(wearable**2, seen.astype(np.float64)), 0.0)
    power_y = np.maximum(_correlate(known, camera**2), 0.0)
    size = np.sqrt(power_x * power_y)
    correlation = np.where(size > 1e-6 * size.max(), cross / np.maximum(size, 1e-300), 0.0)
    places = grid[0] - pair.time_s[0] + (np.arange(len(cross)) - (len(camera) - 1)) / COARSE_HZ
    seconds = np.interp(lags_s, places, overlap / COARSE_HZ, left=0.0, right=0.0)
    return np.interp(lags_s, places, correlation, left=0.0, right=0.0), seconds


def scan_all(pairs: Mapping[str, Pair], lags_s: Floats, sign: float) -> tuple[Floats, Floats]:
    """Return pooled evidence, nats, and the longest common time of a segment, s, at each lag, each (k,)."""
    nats = np.zeros(len(lags_s))
    longest = np.zeros(len(lags_s))
    for pair in pairs.values():
        correlation, seconds = scan(pair, lags_s)
        nats += evidence(sign * correlation, seconds)
        longest = np.maximum(longest, seconds)
    return nats, longest


def _blocks(time_s: Floats, piece: Floats, usable: Flags) -> Iterator[Samples]:
    for number in np.unique(piece[usable]):
        frame = np.flatnonzero(usable & (piece == number))
        span = float(time_s[frame[-1]] - time_s[frame[0]])
        edges = np.linspace(time_s[frame[0]], time_s[frame[-1]], int(span / BLOCK_S) + 2)[1:-1]
        for block in np.split(frame, np.searchsorted(time_s[frame], edges)):
            if block.size >= _FEWEST_FRAMES:
                yield block


def _wearable_on(grid: Floats, gyro: GyroAngle) -> tuple[Floats, Floats]:
    angle, piece = gyro.at(grid)
    wearable = np.zeros(len(grid))
    for number in np.unique(piece[np.isfinite(piece)]):
        mine = piece == number
        level = float(angle[mine].mean())
        wearable += without_drift(np.where(mine, angle - level, 0.0), mine, COARSE_HZ)
    return wearable, np.isfinite(angle).astype(np.float64)


def _correlate(long: Floats, short: Floats) -> Floats:
    size = len(long) + len(short) - 1
    padded = next_fast_len(size, real=True)
    spectrum = rfft(long, padded) * rfft(short[::-1], padded)
    return np.asarray(irfft(spectrum, padded)[:size])
