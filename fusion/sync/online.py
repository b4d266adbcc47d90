"""The clock while it runs: a Kalman filter over offset and skew, fed with the fastest message of each second."""

from __future__ import annotations

import numpy as np
from filterpy.kalman import KalmanFilter

from fusion.errors import SignalError
from fusion.sync.clock import JUMP_S
from fusion.sync.envelope import MAX_SKEW
from fusion.types import SAFE, Floats, SyncResult

WINDOW_S = 1.0
"""Of so many device seconds only the fastest message is used: the others only say how late they were."""

SKEW_WALK_PER_S = 1e-8
"""Crystals wander by about 0.1 ppm in 100 s with temperature; as a random walk, 1/s per root second."""

FAST_SD_S = 0.0005
"""How well the fastest messages of two windows agree; what is later than expected counts for less."""

RESTART_AFTER = 3
"""So many windows in a row off by more than ``JUMP_S`` are a new clock, not a stalled link."""


class OnlineClock:
    """Offset and skew of a device clock, message by message.

    State ``x = [offset_s, skew]``, shape (2,); ``P`` its covariance, shape (2, 2). The offset holds at
    ``epoch_s``, the device time of the last measurement used. The lower envelope becomes recursive by
    asymmetric noise: a window faster than predicted pulls at once, a slower one hardly.

    Parameters
    ----------
    link_interval_s
        Longest wait of a fresh sample: the shorter of connection interval and sample spacing. Half of it is
        subtracted and bounds the bias.
    """

    def __init__(self, link_interval_s: float = 0.0) -> None:
        if not link_interval_s >= 0.0:
            raise SignalError(f"link_interval_s must be 0 or more; got {link_interval_s}.")
        self.bias_bound_s = 0.5 * link_interval_s
        self.restarts = 0
        self.epoch_s = np.nan
        self._filter = _new_filter()
        self._window_start_s = np.nan
        self._fastest = (np.nan, np.inf)
        self._strange = 0

    def add(self, device_s: float, arrival_s: float) -> None:
        """Take one message; stamps that are not finite are ignored."""
        if not (np.isfinite(device_s) and np.isfinite(arrival_s)):
            return
        raw_s = arrival_s - device_s
        if np.isnan(self.epoch_s):
            self._restart(device_s, raw_s)
        if not 0.0 <= device_s - self._window_start_s < WINDOW_S:
            if np.isfinite(self._fastest[1]) and abs(device_s - self._window_start_s) >= WINDOW_S:
                self._use(*self._fastest)
            self._window_start_s = device_s
            self._fastest = (device_s, raw_s)
        elif raw_s < self._fastest[1]:
            self._fastest = (device_s, raw_s)

    def to_host(self, device_s: Floats) -> Floats:
        """Return host times of device times, s, same shape; NaN before the first message."""
        offset_s, skew = self._filter.x
        host_s = device_s + offset_s - self.bias_bound_s + skew * (device_s - self.epoch_s)
        return np.asarray(host_s, dtype=np.float64)

    def as_sync(self, stream: str) -> SyncResult:
        """Return the present state as a synchronisation result."""
        if np.isnan(self.epoch_s):
            return SyncResult(stream, np.nan, np.nan, np.nan, reason="no message has arrived yet.")
        offset_s = float(self._filter.x[0]) - self.bias_bound_s
        half_s = self.bias_bound_s + 1.96 * float(np.sqrt(self._filter.P[0, 0]))
        return SyncResult(
            stream=stream,
            offset_s=offset_s,
            low_s=offset_s - half_s,
            high_s=offset_s + half_s,
            skew_ppm=1e6 * float(self._filter.x[1]),
            epoch_s=self.epoch_s,
            method="Kalman filter over the fastest message of each second",
            verdict=SAFE,
            reason=f"known to +-{1e3 * half_s:.1f} ms after {self.restarts} restarts of the device clock.",
        )

    def _use(self, device_s: float, raw_s: float) -> None:
        clock = self._filter
        step_s = device_s - self.epoch_s
        ahead_s = raw_s - float(clock.x[0] + clock.x[1] * step_s)
        self._strange = self._strange + 1 if abs(ahead_s) > JUMP_S else 0
        if self._strange >= RESTART_AFTER:
            self._restart(device_s, raw_s)
            self.restarts += 1
            return
        if self._strange or step_s <= 0.0:
            return
        clock.F = np.array([[1.0, step_s], [0.0, 1.0]])
        wander = SKEW_WALK_PER_S**2
        clock.Q = wander * np.array([[step_s**3 / 3.0, step_s**2 / 2.0], [step_s**2 / 2.0, step_s]])
        clock.predict()
        late_s = max(ahead_s, 0.0)
        clock.update(raw_s, R=np.array([[FAST_SD_S**2 + (5.0 * late_s) ** 2]]))
        clock.x[1] = np.clip(clock.x[1], -MAX_SKEW, MAX_SKEW)
        self.epoch_s = device_s

    def _restart(self, device_s: float, raw_s: float) -> None:
        self._filter = _new_filter()
        self._filter.x = np.array([raw_s, 0.0])
        self.epoch_s = device_s
        self._window_start_s = device_s
        self._fastest = (device_s, raw_s)
        self._strange = 0


def _new_filter() -> KalmanFilter:
    clock = KalmanFilter(dim_x=2, dim_z=1)
    clock.x = np.array([np.nan, 0.0])
    clock.P = np.diag([0.05**2, (0.5 * MAX_SKEW) ** 2])
    clock.H = np.array([[1.0, 0.0]])
    return clock
