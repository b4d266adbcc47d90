"""Connection events as a common mark: when a radio link delivers only at fixed intervals, both ends see the events.

Samples arrive at the host at connection events; pings arrive at the device at the same events. Folded by the
connection interval, host arrival times and (mapped) device receive times must coincide. That fixes the offset
modulo one interval to a fraction of a millisecond; the two envelopes say which interval. Without it, a sampling
period that divides the interval leaves the envelopes apart by a wait that no amount of data removes.

1. Find the interval: of all multiples of 1.25 ms (Bluetooth Core 5.4, vol. 6, part B, 4.5.1), the longest at which
   arrivals fold onto one phase; the phase may drift slowly against the host's clock.
2. Fold the pings in the same way; both must be sharp, else the link has no events (a cable, a network).
3. The difference of both edges, as a line over time, corrects offset and skew.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fusion.types import Floats

STEP_S = 0.00125
LONGEST_S = 0.1
SHORTEST_S = 0.0075

SHARP = 0.8
"""Resultant length of folded times: 1 when all fall on one phase. Jitter of 1 ms in 15 ms leaves 0.92."""

EDGE = 0.1
"""Quantile that stands for the event: messages are late by chance, never early."""

MOST_SLOPE = 1.5e-4
_WINDOW_S = 4.0
_FEWEST = 100


@dataclass(frozen=True, slots=True)
class Events:
    """Connection events on the host's clock: ``epoch_s`` and every ``interval_s`` from there, drifting."""

    interval_s: float
    epoch_s: float
    phase_s: float
    drift: float

    def past(self, time_s: Floats) -> Floats:
        """Return how long after the nearest event each time lies, s, in [-interval / 2, interval / 2)."""
        ahead = time_s - self.epoch_s - self.phase_s - self.drift * (time_s - self.epoch_s)
        return np.asarray((ahead + 0.5 * self.interval_s) % self.interval_s - 0.5 * self.interval_s)


def connection_events(arrival_s: Floats) -> Events | None:
    """Return the events at which messages arrive; None when they arrive at any time."""
    times = np.unique(arrival_s)
    if times.size < _FEWEST:
        return None
    number = ((times - times[0]) / _WINDOW_S).astype(int)
    windows = [times[number == k] for k in range(number[-1] + 1)]
    windows = [window for window in windows if window.size >= 20]
    for multiple in range(round(LONGEST_S / STEP_S), round(SHORTEST_S / STEP_S) - 1, -1):
        interval_s = multiple * STEP_S
        folded = [np.mean(np.exp(2j * np.pi * (window - times[0]) / interval_s)) for window in windows]
        if folded and np.mean(np.abs(folded)) > SHARP:
            return _tracked(times[0], interval_s, windows, np.array(folded))
    return None


def _tracked(epoch_s: float, interval_s: float, windows: list[Floats], folded: np.ndarray) -> Events:
    """Return events whose phase follows a line through the windows' phases, moved to the early edge."""
    middle_s = np.array([window.mean() for window in windows]) - epoch_s
    phase_s = np.unwrap(np.angle(folded)) * interval_s / (2.0 * np.pi)
    drift, level_s = np.polyfit(middle_s, phase_s, 1) if len(windows) > 2 else (0.0, float(np.mean(phase_s)))
    events = Events(interval_s, float(epoch_s), float(level_s), float(drift))
    late_s = float(np.quantile(events.past(np.concatenate(windows)), EDGE))
    return Events(interval_s, float(epoch_s), float(level_s + late_s), float(drift))


@dataclass(frozen=True, slots=True)
class Correction:
    """What to add to mapped device times: ``shift_s + slope (time - middle_s)``; and its standard deviation."""

    middle_s: float
    shift_s: float
    slope: float
    sd_s: float


def correction(events: Events, received_s: Floats) -> Correction | None:
    """Return what brings receive times (already mapped to the host) onto the events; None when they are not sharp."""
    middle_s = float(received_s.mean())
    since_s = received_s - middle_s
    # The envelopes' skew may be off by some 0.1 per mille: take the slope at which the pings fold best.
    slopes = np.linspace(-MOST_SLOPE, MOST_SLOPE, 61)
    turns = (events.past(received_s)[None, :] - slopes[:, None] * since_s) / events.interval_s
    centres = np.exp(2j * np.pi * turns).mean(axis=1)
    best = int(np.argmax(np.abs(centres)))
    if np.abs(centres[best]) < SHARP:
        return None
    # Around their own centre the times do not wrap.
    centre_s = float(np.angle(centres[best])) * events.interval_s / (2.0 * np.pi)
    straight = Events(events.interval_s, events.epoch_s, events.phase_s + centre_s, events.drift)
    past_s = straight.past(received_s - slopes[best] * since_s)
    rest = _robust_slope(since_s, past_s)
    level_s = float(np.quantile(past_s - rest * since_s, EDGE))
    scatter_s = 1.4826 * float(np.median(np.abs(past_s - np.median(past_s))))
    sd_s = scatter_s / np.sqrt(EDGE * len(received_s))
    return Correction(middle_s, -(centre_s + level_s), -float(slopes[best] + rest), sd_s)


def _robust_slope(x: Floats, y: Floats) -> float:
    """Theil (1950): the median of the slopes between points at least a third of the span apart."""
    apart = np.subtract.outer(x, x)
    far = apart > float(np.ptp(x)) / 3.0
    return float(np.median(np.subtract.outer(y, y)[far] / apart[far])) if far.any() else 0.0
