"""A virtual Arduino that notifies six floats, as the defaults of the generic driver describe it."""

from __future__ import annotations

import struct

from drivers.sim.base import Characteristic, Out, Profile, TwinClock
from drivers.sim.twins._simple import SimpleTwin
from fusion.types import Floats

_UUID = "19b1000{}-e8f2-537e-4f6c-d104768a1214"


class GenericTwin(SimpleTwin):
    """Streams while somebody is connected."""

    def __init__(self, clock: TwinClock | None = None, rate_hz: float = 100.0) -> None:
        services = {_UUID.format(1): (Characteristic(_UUID.format(0), ("notify",)),)}
        super().__init__(Profile("Arduino", services), rate_hz, clock, on=True)

    def sample(self, device_s: float, accel_mps2: Floats, gyro_radps: Floats) -> list[Out]:  # noqa: ARG002 - no clock
        """Send one notification."""
        return [Out(_UUID.format(0), struct.pack("<6f", *accel_mps2, *gyro_radps))]


PLUGIN = GenericTwin
