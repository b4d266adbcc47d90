"""Keypoints while the patient walks: frames in from any camera, looks out, and how late they are.

1. ``offer`` takes a frame at once, whatever the network is doing; where two wait already the oldest is dropped and
   counted. A camera is so drained at its own rate, and what is shown is never older than the network needs.
2. A thread looks at the newest frame: the square that follows the patient; in the whole frame where they are lost.
3. Each look carries the time of its frame, as the source stamped it, and when it was done.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import numpy as np

from fusion.errors import UsageError
from fusion.pose.models.base import PoseModel
from fusion.pose.track.follow import Follower, Look
from fusion.pose.track.people import Body, PeopleFinder
from fusion.pose.video.frame import Frame

WAITING_FRAMES = 2
"""One that is next, and one that has just come."""

BUSY_SHARE = 0.8
"""Of the frame interval that a network may take; the rest is for the camera, the square and the screen."""

FIND_EVERY_S = 0.5
"""How often the whole frame is searched while nobody is followed."""

_TRIALS = 7


@dataclass(frozen=True, slots=True)
class LiveLook:
    """One look.

    Attributes
    ----------
    time_s
        Time of the frame, as its source stamped it.
    look
        Points in frame px.
    latency_s
        From the time of the frame until the look was done, on the clock of ``LivePose``; meaningful where the source
        stamps with that clock.
    """

    time_s: float
    look: Look
    latency_s: float


@dataclass(frozen=True, slots=True)
class LiveCounts:
    """How it goes: frames offered, dropped and looked at; latency, s: median and 95th percentile of late looks."""

    offered: int
    dropped: int
    looked: int
    latency_median_s: float
    latency_p95_s: float

    def words(self) -> str:
        """Return one line for a person."""
        return (
            f"{self.looked} of {self.offered} frames, {self.dropped} dropped; latency "
            f"{1e3 * self.latency_median_s:.0f} ms (95 %: {1e3 * self.latency_p95_s:.0f} ms)"
        )


class LivePose:
    """Looks at the newest frame of a camera, in its own thread; use it in a ``with`` block.

    Parameters
    ----------
    model
        Network that looks.
    finder
        Finds the patient in the whole frame; the largest person is taken.
    clock
        Same clock as the frames' times.
    """

    def __init__(
        self, model: PoseModel, finder: PeopleFinder, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._follower, self._finder, self._clock = Follower(model), finder, clock
        self._waiting: deque[Frame] = deque()
        self._done: deque[LiveLook] = deque()
        self._latency_s: deque[float] = deque(maxlen=300)
        self._changed = threading.Condition()
        self._offered = self._dropped = self._looked = 0
        self._searched_s = -np.inf
        self._stopped = False
        self._failure: Exception | None = None
        self._worker = threading.Thread(target=self._work, name="live-pose", daemon=True)

    def __enter__(self) -> Self:
        self._worker.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._worker.join()

    def offer(self, frame: Frame) -> None:
        """Take a frame; never waits. For the thread that drains the camera."""
        with self._changed:
            self._offered += 1
            if len(self._waiting) == WAITING_FRAMES:
                self._waiting.popleft()
                self._dropped += 1
            self._waiting.append(frame)
            self._changed.notify_all()

    def stop(self) -> None:
        """Look at what waits, then end; the camera has ended or was unplugged."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def looks(self) -> Iterator[LiveLook]:
        """Give each look as it is done; ends after ``stop``.

        Raises
        ------
        Exception
            What the network or the finder raised, unchanged.
        """
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._done or not self._worker.is_alive() or self._failure)
                if not self._done:
                    if self._failure is not None:
                        raise self._failure
                    return
                look = self._done.popleft()
            yield look

    def counts(self) -> LiveCounts:
        """Return how it goes."""
        with self._changed:
            late = np.asarray(self._latency_s) if self._latency_s else np.array([np.nan])
            median, p95 = (float(value) for value in np.quantile(late, [0.5, 0.95]))
            return LiveCounts(self._offered, self._dropped, self._looked, median, p95)

    def _work(self) -> None:
        try:
            while (frame := self._next()) is not None:
                look = self._follower.look(frame, self._guide(frame))
                with self._changed:
                    late_s = self._clock() - frame.time_s
                    self._latency_s.append(late_s)
                    self._looked += 1
                    self._done.append(LiveLook(frame.time_s, look, late_s))
                    self._changed.notify_all()
        except Exception as error:  # noqa: BLE001 - raised again where the looks are taken
            self._failure = error
        finally:
            # woken after the thread has ended, so that `looks` sees it
            threading.Thread(target=self._tell_end, daemon=True).start()

    def _tell_end(self) -> None:
        self._worker.join()
        with self._changed:
            self._changed.notify_all()

    def _next(self) -> Frame | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._stopped)
            return self._waiting.popleft() if self._waiting else None

    def _guide(self, frame: Frame) -> Body | None:
        if self._follower.body_at(frame.time_s) is not None or frame.time_s - self._searched_s < FIND_EVERY_S:
            return None
        self._searched_s = frame.time_s
        found = self._finder.find(frame.picture)
        return max(found, key=lambda body: body.height_px) if found else None


def cost_s(model: PoseModel, clock: Callable[[], float] = time.perf_counter) -> float:
    """Return how long a network needs for one picture on this machine, s: the median of a few."""
    picture = np.full((1, model.input_px, model.input_px, 3), 127, dtype=np.uint8)
    model.see(picture)
    spent = []
    for _ in range(_TRIALS):
        start = clock()
        model.see(picture)
        spent.append(clock() - start)
    return float(np.median(spent))


def model_for_rate(
    candidates: Sequence[tuple[str, Callable[[], PoseModel]]],
    rate_hz: float,
    cost: Callable[[PoseModel], float] = cost_s,
) -> tuple[PoseModel, str]:
    """Return the first candidate that holds a frame rate on this machine, and why, in words.

    Parameters
    ----------
    candidates
        Name and maker, best first.
    rate_hz
        Of the camera.

    Raises
    ------
    UsageError
        There is no candidate, or the rate cannot be meant.
    """
    if not candidates or not (np.isfinite(rate_hz) and rate_hz > 0.0):
        raise UsageError(f"a network is chosen among some for a positive frame rate; got {rate_hz} 1/s.")
    allowed_s = BUSY_SHARE / rate_hz
    fastest: tuple[float, str, PoseModel] | None = None
    for name, make in candidates:
        model = make()
        needs_s = cost(model)
        if needs_s <= allowed_s:
            return model, f"{name} needs {1e3 * needs_s:.0f} ms a frame of {1e3 / rate_hz:.0f} ms"
        if fastest is None or needs_s < fastest[0]:
            fastest = (needs_s, name, model)
    assert fastest is not None
    needs_s, name, model = fastest
    return model, (
        f"no network holds {rate_hz:g} frames/s here; {name} is the fastest with {1e3 * needs_s:.0f} ms a frame. "
        "Frames will be dropped and counted; set the camera slower or close other programs"
    )
