"""Clocks that disagree and a radio that delivers late."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fusion.types import Floats

_TRANSFER_S = 0.002
_HOST_JITTER_S = 0.0005
_RETRANSMISSION = 0.05


@dataclass(frozen=True, slots=True)
class Clock:
    """A stream's clock, in the convention of ``SyncResult`` with epoch 0.

    reference time = stream time + ``offset_s`` + 1e-6 ``skew_ppm`` (stream time).
    """

    offset_s: float = 0.0
    skew_ppm: float = 0.0

    def to_reference(self, stream_s: Floats) -> Floats:
        """Return reference times of stream times, s."""
        return np.asarray(stream_s * (1.0 + 1e-6 * self.skew_ppm) + self.offset_s)

    def to_stream(self, reference_s: Floats) -> Floats:
        """Return stream times of reference times, s."""
        return np.asarray((reference_s - self.offset_s) / (1.0 + 1e-6 * self.skew_ppm))

    def ticks(self, start_s: float, end_s: float, rate_hz: float) -> tuple[Floats, Floats]:
        """Return stream and reference times of samples that this clock takes within a reference interval."""
        first, last = self.to_stream(np.array([start_s, end_s]))
        stream_s = first + np.arange(int((last - first) * rate_hz)) / rate_hz
        return stream_s, self.to_reference(stream_s)


def arrival_s(sample_s: Floats, interval_s: float, rng: np.random.Generator) -> Floats:
    """Return when samples reach the host over a link with connection events, s, non-decreasing.

    A sample waits for the next connection event; one in twenty is repeated an event later; the host adds
    an exponential delay. This is how Bluetooth LE behaves (Bluetooth Core 5.4, vol. 6, part B, 4.5).
    """
    phase_s = rng.uniform(0.0, interval_s)
    ready_s = sample_s + _TRANSFER_S
    event_s = phase_s + interval_s * np.ceil((ready_s - phase_s) / interval_s)
    repeats = rng.geometric(1.0 - _RETRANSMISSION, len(sample_s)) - 1
    late_s = event_s + interval_s * repeats + rng.exponential(_HOST_JITTER_S, len(sample_s))
    return np.asarray(np.maximum.accumulate(late_s))
