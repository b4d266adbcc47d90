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


@dataclass(frozen=True, slots=True)
class Link:
    """A radio link with connection events: what is ready waits for the next one.

    One message in twenty is repeated an event later; the host adds an exponential delay. This is how Bluetooth LE
    behaves (Bluetooth Core 5.4, vol. 6, part B, 4.5). Both directions share the events.
    """

    phase_s: float
    interval_s: float

    @classmethod
    def drawn(cls, interval_s: float, rng: np.random.Generator) -> Link:
        """Return a link whose events fall anywhere against the host's clock."""
        return cls(float(rng.uniform(0.0, interval_s)), interval_s)

    def delivered(self, ready_s: Floats, rng: np.random.Generator) -> Floats:
        """Return when messages reach the other end, s, same order."""
        event_s = self.phase_s + self.interval_s * np.ceil((ready_s + _TRANSFER_S - self.phase_s) / self.interval_s)
        repeats = rng.geometric(1.0 - _RETRANSMISSION, len(ready_s)) - 1
        late_s = event_s + self.interval_s * repeats + rng.exponential(_HOST_JITTER_S, len(ready_s))
        return np.asarray(np.maximum.accumulate(late_s))


def arrival_s(sample_s: Floats, interval_s: float, rng: np.random.Generator) -> Floats:
    """Return when samples reach the host over a new link, s, non-decreasing."""
    return Link.drawn(interval_s, rng).delivered(sample_s, rng)


def pings(link: Link, clock: Clock, end_s: float, rate_hz: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return host times at which pings were sent and device times at which they were received.

    They are sent at random times, so that some just catch a connection event.
    """
    sent_s = np.sort(rng.uniform(0.0, end_s, max(1, round(rate_hz * end_s))))
    return sent_s, clock.to_stream(link.delivered(sent_s, rng))
