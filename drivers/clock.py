"""A wearable's clock while it runs: the fastest messages up, and, where the device answers, pings down.

``fusion.sync`` does the mathematics; here is only what is kept for it: of every short slice of time the message
that was fastest, and the pings. Until pings bracket the offset the one-way clock is used and says how far it may be
off.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from drivers.base import ClockReply, ImuPacket, Packet
from fusion.errors import DataError
from fusion.sync.clock import MIN_MESSAGES, ClockModel, fit_clock_two_sided
from fusion.sync.online import OnlineClock
from fusion.types import Floats, SyncResult

SLICE_S = 0.04
"""Of each such slice the fastest message is kept. Wider ones would look like messages that come as rarely, whose wait
``fit_clock`` takes off."""

KEPT = 4096
REFIT_S = 5.0

JUMP_S = 0.5
"""A step of arrival - device time by more than this begins a new clock (as in ``fusion.sync.clock``)."""


class WearableClock:
    """Maps one device's times to the host's.

    Parameters
    ----------
    stream
        Name for the result.
    spacing_s
        Time from one message to the next: bounds the wait of the fastest one where there are no pings.
    """

    def __init__(self, stream: str, spacing_s: float) -> None:
        self.stream = stream
        self.restarts = 0
        self._spacing_s = spacing_s
        self._online = OnlineClock(spacing_s)
        self._up: deque[tuple[float, float]] = deque(maxlen=KEPT)
        self._down: deque[tuple[float, float]] = deque(maxlen=KEPT)
        self._slice = -1
        self._model: ClockModel | None = None
        self._fitted_s = -np.inf
        self._raw_s = np.nan

    def add(self, packet: Packet) -> None:
        """Take what a packet says about the clock."""
        if isinstance(packet, ImuPacket) and len(packet):
            self._message(float(packet.time_s[-1]), float(packet.arrival_s[-1]))
        elif isinstance(packet, ClockReply):
            self._message(packet.answered_s, packet.arrival_s)
            if np.isfinite(packet.received_s):
                self._down.append((packet.sent_s, packet.received_s))

    def to_host(self, device_s: Floats) -> Floats:
        """Return host times of device times, s, same shape; NaN before the first message."""
        if self._model is not None:
            return self._model.to_host(device_s)
        return self._online.to_host(device_s)

    def sync(self) -> SyncResult:
        """Return how well the clock is known now."""
        return self._online.as_sync(self.stream) if self._model is None else self._model.as_sync(self.stream)

    def refit(self) -> ClockModel | None:
        """Fit both directions now, where there are pings enough; None otherwise."""
        if len(self._up) < MIN_MESSAGES or len(self._down) < MIN_MESSAGES:
            return None
        up, down = np.array(self._up), np.array(self._down)
        try:
            self._model = fit_clock_two_sided(up[:, 0], up[:, 1], down[:, 0], down[:, 1])
        except DataError:
            # Contradictory stamps: the one-way clock goes on, with its wider interval.
            self._model = None
        return self._model

    def _message(self, device_s: float, arrival_s: float) -> None:
        if not (np.isfinite(device_s) and np.isfinite(arrival_s)):
            return
        raw_s = arrival_s - device_s
        if np.isfinite(self._raw_s) and raw_s - self._raw_s > JUMP_S and self._went_back(device_s):
            self._restart()
        self._raw_s = raw_s if not np.isfinite(self._raw_s) else min(self._raw_s + 1e-4, raw_s)
        self._online.add(device_s, arrival_s)
        self._keep(device_s, arrival_s, raw_s)
        if arrival_s - self._fitted_s >= REFIT_S:
            self._fitted_s = arrival_s
            self.refit()

    def _keep(self, device_s: float, arrival_s: float, raw_s: float) -> None:
        number = int(device_s // SLICE_S)
        if number != self._slice:
            self._slice = number
            self._up.append((device_s, arrival_s))
        elif raw_s < self._up[-1][1] - self._up[-1][0]:
            self._up[-1] = (device_s, arrival_s)

    def _went_back(self, device_s: float) -> bool:
        return bool(self._up) and device_s < self._up[-1][0] - SLICE_S

    def _restart(self) -> None:
        """Begin anew: the device was reset."""
        self.restarts += 1
        self._online = OnlineClock(self._spacing_s)
        self._up.clear()
        self._down.clear()
        self._model, self._raw_s, self._slice = None, np.nan, -1
