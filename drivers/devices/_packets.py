"""Put decoded numbers into packets, and pair two sensors that are sampled apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from drivers.base import DecodeCounts, ImuPacket
from drivers.framing import at_full_scale, losses
from fusion.errors import UsageError
from fusion.types import Floats


class Packets:
    """Makes the packets of one stream and keeps its counts.

    Parameters
    ----------
    counts
        Of the decoder.
    accel_range_mps2, gyro_range_radps
        Full scale; NaN where unknown.
    """

    def __init__(self, counts: DecodeCounts, accel_range_mps2: float, gyro_range_radps: float) -> None:
        self._counts = counts
        self._ranges = (accel_range_mps2, gyro_range_radps)
        self._last_counter = -1

    def make(
        self,
        time_s: ArrayLike,
        accel_mps2: ArrayLike,
        gyro_radps: ArrayLike,
        arrival_s: ArrayLike,
        counter: Sequence[int] | None = None,
        clipped: Sequence[bool] | None = None,
    ) -> ImuPacket:
        """Return one packet; ``arrival_s`` may be one number for all samples, ``clipped`` is what the device says."""
        times = np.atleast_1d(np.asarray(time_s, dtype=np.float64))
        accel = np.asarray(accel_mps2, dtype=np.float64).reshape(-1, 3)
        gyro = np.asarray(gyro_radps, dtype=np.float64).reshape(-1, 3)
        saturated = at_full_scale(accel, self._ranges[0]) | at_full_scale(gyro, self._ranges[1])
        if clipped is not None:
            saturated |= np.asarray(clipped, dtype=np.bool_)
        numbers = np.full(len(times), -1, dtype=np.int64)
        if counter is not None:
            numbers = np.asarray(counter, dtype=np.int64)
            self._counts.lost += losses(numbers, self._last_counter)
            self._last_counter = int(numbers[-1])
        self._counts.samples += len(times)
        arrivals = np.broadcast_to(np.asarray(arrival_s, dtype=np.float64), times.shape).copy()
        return ImuPacket(times, accel, gyro, arrivals, numbers, saturated)

    def count_restarted(self) -> None:
        """Forget the last counter: the device began to count anew."""
        self._last_counter = -1


class Pairing:
    """Joins accelerometer and gyroscope readings that carry times of their own.

    A packet has the times of the gyroscope. The accelerometer is interpolated between its neighbours; where they are
    more than ``GAP_PERIODS`` apart it is NaN. Readings whose partner has not come yet wait, a second at most.
    """

    GAP_PERIODS = 2.5

    def __init__(self, rate_hz: float) -> None:
        self._period_s = 1.0 / rate_hz
        self._accel: list[tuple[float, Sequence[float]]] = []
        self._gyro: list[tuple[float, Sequence[float]]] = []

    def add(
        self, accel: list[tuple[float, Sequence[float]]], gyro: list[tuple[float, Sequence[float]]]
    ) -> tuple[Floats, Floats, Floats] | None:
        """Take readings (time, xyz) and return times (n,), accelerations and rates (n, 3) that are complete."""
        self._accel += _later_than(self._accel, accel)
        self._gyro += _later_than(self._gyro, gyro)
        if not self._gyro:
            return None
        newest_s = self._accel[-1][0] if self._accel else -np.inf
        patience_s = self._gyro[-1][0] - 1.0
        ready = [item for item in self._gyro if item[0] <= newest_s or item[0] < patience_s]
        if not ready:
            return None
        self._gyro = self._gyro[len(ready) :]
        times = np.array([item[0] for item in ready])
        rates = np.array([item[1] for item in ready], dtype=np.float64)
        force = self._interpolated(times)
        self._accel = [item for item in self._accel if item[0] > times[-1] - 5.0 * self._period_s][-10_000:]
        return times, force, rates

    def _interpolated(self, time_s: Floats) -> Floats:
        force = np.full((len(time_s), 3), np.nan)
        if not self._accel:
            return force
        own_s = np.array([item[0] for item in self._accel])
        values = np.array([item[1] for item in self._accel], dtype=np.float64)
        after = np.clip(np.searchsorted(own_s, time_s), 0, len(own_s) - 1)
        before = np.maximum(after - (own_s[after] > time_s), 0)
        near = (own_s[after] - own_s[before] <= self.GAP_PERIODS * self._period_s) & (own_s[before] <= time_s)
        near &= own_s[after] >= time_s
        for axis in range(3):
            force[near, axis] = np.interp(time_s[near], own_s, values[:, axis])
        return force


def _later_than(
    kept: list[tuple[float, Sequence[float]]], new: list[tuple[float, Sequence[float]]]
) -> list[tuple[float, Sequence[float]]]:
    """Return the readings that go on from those kept; doubled ones come again after a network's retry."""
    last_s = kept[-1][0] if kept else -np.inf
    fresh = []
    for item in new:
        if item[0] > last_s:
            fresh.append(item)
            last_s = item[0]
    return fresh


def rate_among(rates_hz: tuple[float, ...], rate_hz: float, device: str) -> float:
    """Return the rate if the device has it.

    Raises
    ------
    UsageError
        It has not; the message lists what there is.
    """
    if rate_hz not in rates_hz:
        listed = ", ".join(f"{rate:g}" for rate in rates_hz)
        raise UsageError(f"device {device!r} samples at {listed} Hz; got rate_hz = {rate_hz:g}. Choose one of them.")
    return rate_hz


def among(what: str, allowed: tuple[float, ...], value: float, device: str) -> int:
    """Return the place of a setting among those that the device has; raises UsageError otherwise."""
    if value not in allowed:
        listed = ", ".join(f"{each:g}" for each in allowed)
        raise UsageError(f"{what} of device {device!r} must be one of {listed}; got {value:g}. Choose one of them.")
    return allowed.index(value)


def transport_among(transports: tuple[str, ...], transport: str, device: str) -> str:
    """Return the transport, the usual one for ``""``; raises UsageError when the device cannot be reached so."""
    if transport and transport not in transports:
        raise UsageError(f"device {device!r} is reached by {', '.join(transports)}; got {transport!r}.")
    return transport or transports[0]
