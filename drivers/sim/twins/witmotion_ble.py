"""A virtual WitMotion wearable for Bluetooth LE, written from the maker's datasheet."""

from __future__ import annotations

import struct

from drivers.sim.base import Characteristic, Out, Profile, TwinClock
from drivers.sim.twins._simple import G_MPS2, SimpleTwin, counts
from fusion.types import Floats

_BASE = "-0000-1000-8000-00805f9a34fb"
_RATES_HZ = {1: 0.2, 2: 0.5, 3: 1.0, 4: 2.0, 5: 5.0, 6: 10.0, 7: 20.0, 8: 50.0, 9: 100.0, 11: 200.0}
_FULL_GYRO_RADPS = 34.906585


class WitmotionBleTwin(SimpleTwin):
    """Streams as soon as somebody listens; ``pieces`` splits its notifications as some firmware does."""

    def __init__(self, clock: TwinClock | None = None, pieces: int = 0, volts: float = 3.93) -> None:
        services = {
            f"0000ffe5{_BASE}": (
                Characteristic(f"0000ffe4{_BASE}", ("notify",)),
                Characteristic(f"0000ffe9{_BASE}", ("write", "write-without-response")),
            )
        }
        super().__init__(Profile("WT901BLE67", services), 10.0, clock, on=True)
        self._unlocked = False
        self._pieces = pieces
        self._volts = volts

    def received(self, channel: str, data: bytes, now_s: float) -> list[Out]:  # noqa: ARG002
        """Take unlock, rate and register reads."""
        if data == b"\xff\xaa\x69\x88\xb5":
            self._unlocked = True
        elif data[:3] == b"\xff\xaa\x03" and self._unlocked:
            self.rate = _RATES_HZ.get(data[3], self.rate)
        elif data[:3] == b"\xff\xaa\x27":
            registers = [round(100 * self._volts)] + [0] * 7 if data[3] == 0x64 else [0] * 8
            return self._notified(b"\x55\x71" + struct.pack("<9H", data[3], *registers))
        return []

    def sample(self, device_s: float, accel_mps2: Floats, gyro_radps: Floats) -> list[Out]:  # noqa: ARG002 - no clock
        """Send one frame; its angles are zero."""
        numbers = counts(accel_mps2, 16.0 * G_MPS2) + counts(gyro_radps, _FULL_GYRO_RADPS) + [0, 0, 0]
        return self._notified(b"\x55\x61" + struct.pack("<9h", *numbers))

    def _notified(self, frame: bytes) -> list[Out]:
        if self._pieces == 0:
            return [Out(f"0000ffe4{_BASE}", frame)]
        return [Out(f"0000ffe4{_BASE}", frame[i : i + self._pieces]) for i in range(0, len(frame), self._pieces)]


PLUGIN = WitmotionBleTwin
