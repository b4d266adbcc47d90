"""What most twins share: they stream or do not, and a link is there or not."""

from __future__ import annotations

import numpy as np

from drivers.sim.base import Out, Profile, TwinClock
from fusion.types import Floats

G_MPS2 = 9.80665


class SimpleTwin:
    """A twin that streams at ``rate`` while it is on; the base of twins, which fill in their messages."""

    def __init__(self, profile: Profile, rate: float, clock: TwinClock | None, *, on: bool) -> None:
        self.profile = profile
        self.clock = clock or TwinClock()
        self.rate = rate
        self.on = on
        self.is_attached = False

    @property
    def rate_hz(self) -> float:
        """Return the rate while it samples."""
        return self.rate if self.on else 0.0

    def attached(self, mtu: int) -> list[Out]:  # noqa: ARG002
        """Take note of a new link."""
        self.is_attached = True
        return []

    def detached(self) -> None:
        """Take note that the link is gone."""
        self.is_attached = False

    def received(self, channel: str, data: bytes, now_s: float) -> list[Out]:  # noqa: ARG002
        """Ignore what is written."""
        return []

    def value(self, channel: str) -> bytes:  # noqa: ARG002
        """Return nothing."""
        return b""

    def tick(self, now_s: float) -> list[Out]:  # noqa: ARG002
        """Send nothing by itself."""
        return []


def counts(values: Floats, full_scale: float) -> list[int]:
    """Return 16-bit counts of readings, saturated at full scale."""
    return [int(count) for count in np.clip(np.rint(values / full_scale * 32768.0), -32768, 32767)]
