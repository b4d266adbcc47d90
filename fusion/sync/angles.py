"""Segment angles from wearables and cameras, prepared so that they can be compared at any lag.

A gyro angle drifts and knows no zero; a keypoint angle carries a slow, view-dependent bias. Both faults lie
below the gait's own frequency, so both signals are compared only above ``DRIFT_HZ``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from fusion.types import Flags, Floats

DRIFT_HZ = 0.35
"""What is slower belongs to drift and view, not to gait (strides come at 0.5-1.2 Hz; below 0.4 Hz is rare)."""

BRIDGE_S = 0.1
"""A shorter gap in the gyro is bridged by a line; a longer one breaks the integral."""

MIN_PIECE_S = 1.0
"""A shorter unbroken piece cannot show a stride and is left out."""


@dataclass(frozen=True, slots=True)
class GyroAngle:
    """A segment's angle by integration of its sagittal rate.

    Attributes
    ----------
    time_s
        Sample times on the reference clock, strictly increasing, shape (n,).
    angle_rad
        Angle about +y from an arbitrary zero for each piece, shape (n,); NaN inside gaps.
    piece
        Number of the unbroken piece, shape (n,); -1 inside gaps.
    """

    time_s: Floats
    angle_rad: Floats
    piece: Floats

    def at(self, time_s: Floats) -> tuple[Floats, Floats]:
        """Return angle, rad, and piece at any times, each (k,); NaN where no unbroken piece covers them."""
        after = np.searchsorted(self.time_s, time_s)
        inside = (after > 0) & (after < len(self.time_s))
        right = np.clip(after, 1, len(self.time_s) - 1)
        left = right - 1
        share = (time_s - self.time_s[left]) / (self.time_s[right] - self.time_s[left])
        angle = self.angle_rad[left] + share * (self.angle_rad[right] - self.angle_rad[left])
        whole = inside & (self.piece[left] == self.piece[right]) & (self.piece[left] >= 0)
        return np.where(whole, angle, np.nan), np.where(whole, self.piece[left], np.nan)


def integrate(time_s: Floats, rate_radps: Floats) -> GyroAngle:
    """Return the angle by trapezoids; gaps up to ``BRIDGE_S`` are bridged, longer ones start a new piece.

    Parameters
    ----------
    time_s
        Sample times, shape (n,); samples out of order, doubled or not finite are left out.
    rate_radps
        Rate about +y, shape (n,); NaN where missing.
    """
    time_s, rate_radps = in_order(time_s, rate_radps)
    if time_s.size < 2:
        return GyroAngle(np.empty(0), np.empty(0), np.empty(0))
    step = np.diff(time_s)
    angle = np.concatenate([[0.0], np.cumsum(0.5 * step * (rate_radps[1:] + rate_radps[:-1]))])
    breaks = step > max(BRIDGE_S, 3.0 * float(np.median(step)))
    piece = np.concatenate([[0], np.cumsum(breaks)]).astype(np.float64)
    for number in np.unique(piece):
        span = time_s[piece == number]
        if span[-1] - span[0] < MIN_PIECE_S:
            piece[piece == number] = -1.0
    return GyroAngle(time_s, angle, piece)


def in_order(time_s: Floats, values: Floats) -> tuple[Floats, Floats]:
    """Return the finite samples sorted by time, one for each time."""
    finite = np.isfinite(time_s) & np.isfinite(values)
    unique, first = np.unique(time_s[finite], return_index=True)
    return unique, np.asarray(values[finite][first])


def camera_angle(time_s: Floats, pitch_rad: Floats) -> tuple[Floats, Floats]:
    """Return the seen frames' times and unwrapped pitch, rad; single-frame jumps are left out.

    A frame whose angle differs from the median of its neighbourhood by more than 0.7 rad would need 20 rad/s
    at 30 frames per second, twice what a shank reaches in running: the detector took another limb.
    """
    time_s, pitch_rad = in_order(time_s, pitch_rad)
    pitch_rad = np.unwrap(pitch_rad)
    if pitch_rad.size < 5:
        return time_s, pitch_rad
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(pitch_rad, 2, mode="edge"), 5)
    keep = np.abs(pitch_rad - np.median(windows, axis=1)) < 0.7
    return time_s[keep], pitch_rad[keep]


def on_grid(time_s: Floats, values: Floats, rate_hz: float, bridge_s: float) -> tuple[Floats, Flags]:
    """Return values on the grid ``time_s[0] + k / rate_hz`` and where samples closer than a gap support it."""
    grid = time_s[0] + np.arange(int((time_s[-1] - time_s[0]) * rate_hz) + 1) / rate_hz
    after = np.clip(np.searchsorted(time_s, grid), 1, len(time_s) - 1)
    seen = time_s[after] - time_s[after - 1] <= bridge_s
    return np.interp(grid, time_s, values), np.asarray(seen)


def without_drift(values: Floats, seen: Flags, rate_hz: float) -> Floats:
    """Return the signal minus its local weighted mean, 0 where not seen (normalised convolution)."""
    sigma = 0.19 / DRIFT_HZ * rate_hz  # a Gaussian of sd s passes half the power at 0.13 / s ... 0.19 / s Hz
    weight = gaussian_filter1d(seen.astype(np.float64), sigma, mode="constant")
    mean = gaussian_filter1d(np.where(seen, values, 0.0), sigma, mode="constant") / np.maximum(weight, 1e-6)
    return np.where(seen, values - mean, 0.0)


def slow_basis(time_s: Floats) -> Floats:
    """Return an orthonormal basis of drift over one unbroken block, shape (n, k): a line, slow cosines."""
    span = max(float(time_s[-1] - time_s[0]), 1e-9)
    phase = (time_s - time_s[0]) / span
    slow = np.arange(int(2.0 * span * DRIFT_HZ) + 1)  # half-waves within the span, 0 is the constant
    columns = np.column_stack([phase - 0.5, np.cos(np.pi * phase[:, None] * slow)])
    return np.asarray(np.linalg.qr(columns)[0])
