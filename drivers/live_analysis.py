"""Live analysis beside the recorder: a thread that estimates, and is never waited for.

``LiveAnalysis`` is a ``drivers.recorder.Listener``. What comes goes into a queue at once; the thread empties the
queue into the ring buffers of ``fusion.live`` before every step. When it is slow, steps become rare and the newest
state is older; no sample is left out, and the recorder notices nothing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Self

import numpy as np

from drivers.base import ImuPacket
from fusion.errors import DataError, TandemError
from fusion.live import LEAST_CALIBRATION_S, LiveEstimator, LiveSettings, LiveState
from fusion.types import Floats, Recording

STEP_S = 0.05
CALIBRATE_AGAIN_S = 3.0

Sink = Callable[[LiveState], None]

_LOG = logging.getLogger("tandem.live")


@dataclass(frozen=True, slots=True)
class LiveCounts:
    """How it goes.

    Attributes
    ----------
    taken
        Samples and frames that reached the estimator.
    waiting
        Batches that wait for the next step.
    steps
        States that were published.
    step_s, latency_s
        Of the last steps: duration; from the newest measurement's arrival until its state was published.
    """

    taken: int
    waiting: int
    steps: int
    step_s: Floats
    latency_s: Floats


class LiveAnalysis:
    """Estimates in a thread of its own; use it in a ``with`` block.

    Parameters
    ----------
    declaration
        Who walks and the streams without samples; ``TrialWriter.declaration`` is one.
    sink
        Called in the thread with every state, such as the publisher of the app or of ``drivers.lsl``.
    """

    def __init__(
        self,
        declaration: Recording,
        sink: Sink | None = None,
        settings: LiveSettings | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.estimator = LiveEstimator(declaration, settings)
        self.newest: LiveState | None = None
        self.reason = f"walk {LEAST_CALIBRATION_S:g} s for the calibration"
        self._sink = sink
        self._clock = clock
        self._queue: deque[tuple[Callable[[], None], int, float]] = deque()
        self._stop = threading.Event()
        self._taken = self._steps = 0
        self._arrived_s = np.nan
        self._began_s = np.nan
        self._tried_s = -np.inf
        self._durations: deque[float] = deque(maxlen=1000)
        self._latencies: deque[float] = deque(maxlen=1000)
        self._thread = threading.Thread(target=self._run, name="live analysis", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def imu(self, segment: str, host_s: Floats, packet: ImuPacket) -> None:
        """Take the samples of a packet; returns at once."""
        take = partial(self.estimator.imu, segment, host_s, packet.accel_mps2, packet.gyro_radps)
        self._queue.append((take, len(host_s), self._clock()))

    def keypoints(self, camera: str, host_s: float, position_px: Floats, confidence: Floats) -> None:
        """Take what was seen in a frame; returns at once."""
        take = partial(self.estimator.keypoints, camera, host_s, position_px, confidence)
        self._queue.append((take, 1, self._clock()))

    def counts(self) -> LiveCounts:
        """Return how it goes."""
        durations, latencies = np.array(self._durations), np.array(self._latencies)
        return LiveCounts(self._taken, len(self._queue), self._steps, durations, latencies)

    def work(self) -> LiveState | None:
        """Take what waits and do one step; the thread does this again and again."""
        self._drain()
        began_s = self._clock()
        if self.estimator.calibration is None:
            self._calibrate(began_s)
        state = self.estimator.step()
        if state is None or (self.newest is not None and state.time_s <= self.newest.time_s):
            return None
        done_s = self._clock()
        self._durations.append(done_s - began_s)
        self._latencies.append(done_s - self._arrived_s)
        self.newest, self._steps = state, self._steps + 1
        if self._sink is not None:
            self._sink(state)
        return state

    def _run(self) -> None:
        while not self._stop.is_set():
            began_s = self._clock()
            try:
                self.work()
            except TandemError as error:
                self._say(str(error))
            except Exception:  # noqa: BLE001 - told in the log; what is recorded must not depend on what is shown
                _LOG.exception("live analysis failed; the recording goes on")
                self.reason = "live analysis failed; the log says why"
                return
            self._stop.wait(max(STEP_S - (self._clock() - began_s), 0.0))

    def _drain(self) -> None:
        while self._queue:
            take, count, arrived_s = self._queue.popleft()
            self._arrived_s = arrived_s
            self._began_s = arrived_s if np.isnan(self._began_s) else self._began_s
            take()
            self._taken += count

    def _calibrate(self, now_s: float) -> None:
        # the first packet holds less than its time of arrival promises
        if not (now_s - self._began_s > LEAST_CALIBRATION_S + 0.5 and now_s - self._tried_s > CALIBRATE_AGAIN_S):
            return
        self._tried_s = now_s
        try:
            found = self.estimator.calibrate()
        except DataError as error:
            self._say(str(error))
            return
        self.reason = "; ".join(f"{name}: {why}" for name, why in found.left_out.items())

    def _say(self, reason: str) -> None:
        if reason != self.reason:
            _LOG.warning("live analysis: %s", reason)
        self.reason = reason
