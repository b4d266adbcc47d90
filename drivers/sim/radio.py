"""When a packet gets through a radio that delivers at connection events, as Bluetooth LE does.

Source: Bluetooth Core 5.4, volume 6, part B, 4.5: both sides meet at anchor points one interval apart; a packet whose
checksum fails is repeated at the next event; packets of one direction never overtake each other.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

MOST_PER_EVENT = 6
"""Packets that a usual controller sends in one event."""

_AIR_S = 0.0004
"""Time of one full packet and its acknowledgement on the air, 1 Mbit/s, s."""


@dataclass(slots=True)
class ConnectionEvents:
    """The anchor points of one connection, and what waits for them.

    Attributes
    ----------
    interval_s
        Connection interval; 0 for a cable: everything arrives at once.
    retransmission
        Probability that a packet must be repeated at the next event.
    jitter_s
        Mean of the exponential delay in the host.
    """

    interval_s: float = 0.015
    retransmission: float = 0.01
    jitter_s: float = 0.0
    random: random.Random = field(default_factory=lambda: random.Random(0))
    _phase_s: float = -1.0
    _last: dict[str, tuple[int, int]] = field(default_factory=dict)
    _last_s: dict[str, float] = field(default_factory=dict)

    def arrives_s(self, direction: str, now_s: float) -> float:
        """Return when a packet that is handed over now arrives at the other side, s; never before an earlier one."""
        if self.interval_s <= 0.0:
            when_s = now_s
        else:
            if self._phase_s < 0.0:
                self._phase_s = self.random.random() * self.interval_s
            when_s = self._at_an_event(direction, now_s)
        if self.jitter_s > 0.0:
            when_s += self.random.expovariate(1.0 / self.jitter_s)
        when_s = max(when_s, self._last_s.get(direction, now_s))
        self._last_s[direction] = when_s
        return when_s

    def _at_an_event(self, direction: str, now_s: float) -> float:
        event = int((now_s - self._phase_s) // self.interval_s) + 1
        while self.retransmission > 0.0 and self.random.random() < self.retransmission:
            event += 1
        last_event, place = self._last.get(direction, (-1, 0))
        if event <= last_event:
            event, place = last_event, place + 1
            if place >= MOST_PER_EVENT:
                event, place = event + 1, 0
        else:
            place = 0
        self._last[direction] = (event, place)
        return self._phase_s + event * self.interval_s + (place + 1) * _AIR_S
