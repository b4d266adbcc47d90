"""The filter on a stream: readings in any order of arrival, the batch filter's answer.

Wearables and cameras deliver late and out of turn. Readings wait in a queue in the order of their *measurement* time:

1. A reading no older than ``rewind_s`` against the newest one is put in its place.
2. What the filter believed just before that place is taken up again, and everything from there on is repeated.
3. Beliefs older than the window are let go; a reading older than that is refused and counted.

A tick comes before a frame at the same time, and frames come in the order of their cameras, as in ``schedule``; the
same compiled step (``filter.forward``) takes each reading. So once everything within the window has arrived, the
belief is bit for bit that of the batch filter on the same readings.

``now`` is the estimate at the newest reading; readings still on their way may change it. ``settled`` is the fixed-lag
smoothed estimate at the beginning of the window: nothing that may still be accepted comes before it.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

import numpy as np

from fusion.errors import SignalError
from fusion.estimator._gait_memory import GaitMemory
from fusion.estimator.estimate import empty_trace
from fusion.estimator.filter import Belief, Model, Readings, Trace, forward
from fusion.estimator.process import pitch_of
from fusion.estimator.schedule import Schedule
from fusion.estimator.smoother import backward
from fusion.estimator.state import E_SEGMENT, E_STRIDE, N_SEGMENTS
from fusion.types import SEGMENTS, Floats

REWIND_S = 0.2
"""A camera's frame has passed exposure, transport and the pose network after this time."""


@dataclass(frozen=True, slots=True)
class TickReading:
    """All wearables over one tick interval; NaN rows where none spoke.

    Attributes
    ----------
    time_s
        Middle of the interval on the reference clock.
    gyro_radps, accel_mps2, up
        Segment axes, shape (8, 3) each, in the order of ``SEGMENTS``.
    up_variance
        Shape (8,).
    """

    time_s: float
    gyro_radps: Floats
    accel_mps2: Floats
    up: Floats
    up_variance: Floats


@dataclass(frozen=True, slots=True)
class FrameReading:
    """One frame of one camera.

    Attributes
    ----------
    time_s
        Time of the frame on the reference clock.
    camera
        Place of the camera in the model.
    values, sd
        Keypoints and their standard deviations as in ``schedule.Schedule``, shape (k, 3) each; NaN where unusable.
    """

    time_s: float
    camera: int
    values: Floats
    sd: Floats


Reading = TickReading | FrameReading
_Key = tuple[float, int]


@dataclass(frozen=True, slots=True)
class Moment:
    """State and covariance at one time; places as in ``state``, the covariance with the rows of ``Model.place``."""

    time_s: float
    x: Floats
    P: Floats
    model: Model

    def pitch_rad(self, segment: str) -> float:
        """Return the sagittal inclination of a segment, rad; NaN where nothing measures it."""
        index = SEGMENTS.index(segment)
        return float(pitch_of(self.x, index)) if self._row(index) >= 0 else float("nan")

    def pitch_sd_rad(self, segment: str) -> float:
        """Return the filter's standard deviation of that, rad; NaN where nothing measures it."""
        row = self._row(SEGMENTS.index(segment))
        return float(np.sqrt(max(0.0, self.P[row, row]))) if row >= 0 else float("nan")

    def _row(self, segment: int) -> int:
        return int(self.model.place[E_SEGMENT + E_STRIDE * segment + 1])


@dataclass(frozen=True, slots=True)
class _Step:
    """A reading in the window, the belief just before it and what the step left behind."""

    key: _Key
    reading: Reading
    before: Belief
    trace: Trace


@dataclass(slots=True)
class OnlineEstimator:
    """The filter on a stream.

    Attributes
    ----------
    model, start
        From ``estimate.filter_model`` and ``estimate.first_belief``.
    rewind_s
        Readings this much older than the newest one are still accepted.
    refused
        Readings that came too late or were not a number in time, so far.
    """

    model: Model
    start: Belief
    rewind_s: float = REWIND_S
    refused: int = 0
    _belief: Belief = field(init=False)
    _steps: list[_Step] = field(init=False, default_factory=list)
    _newest_s: float = field(init=False, default=-np.inf)

    def __post_init__(self) -> None:
        self._belief = copied(self.start)

    def take(self, reading: Reading) -> bool:
        """Take a reading; returns False where it came too late to be used.

        Raises
        ------
        SignalError
            The reading does not fit the model.
        """
        _check(reading, self.model)
        if not np.isfinite(reading.time_s) or reading.time_s < self._newest_s - self.rewind_s:
            self.refused += 1
            return False
        key = _key(reading)
        place = bisect_right(self._steps, key, key=lambda step: step.key)
        later = [step.reading for step in self._steps[place:]]
        if later:
            self._belief = copied(self._steps[place].before)
            del self._steps[place:]
        for each in (reading, *later):
            self._step(each)
        self._newest_s = max(self._newest_s, reading.time_s)
        self._let_go()
        return True

    @property
    def now(self) -> Moment | None:
        """The estimate at the newest reading; None before the first."""
        if not self._steps:
            return None
        return Moment(float(self._belief.clock[0]), self._belief.x.copy(), self._belief.P.copy(), self.model)

    def settled(self) -> Moment | None:
        """Return the fixed-lag smoothed estimate at the first reading of the window; None before the first."""
        if not self._steps:
            return None
        traces = [step.trace for step in self._steps]
        x, P = (np.concatenate([getattr(t, name) for t in traces]) for name in ("x_post", "P_post"))
        backward(
            self.model.active, self.model.place, self.model.process,
            np.array([step.reading.time_s for step in self._steps]),
            np.concatenate([t.x_prior for t in traces]), np.concatenate([t.P_prior for t in traces]), x, P,
            np.concatenate([t.law for t in traces]),
        )  # fmt: skip
        return Moment(self._steps[0].reading.time_s, x[0], P[0], self.model)

    def _step(self, reading: Reading) -> None:
        before = copied(self._belief)
        readings = _alone(reading, self.model)
        trace = empty_trace(1, readings.frame_values.shape[:2], self._belief)
        forward(self.model, readings, self._belief, trace)
        self._steps.append(_Step(_key(reading), reading, before, trace))

    def _let_go(self) -> None:
        horizon_s = self._newest_s - self.rewind_s
        kept = 0
        while kept < len(self._steps) - 1 and self._steps[kept].reading.time_s < horizon_s:
            kept += 1
        del self._steps[:kept]


def readings_in(schedule: Schedule) -> list[Reading]:
    """Return the readings of a recording one by one, in the order in which the batch filter takes them."""
    listed: list[Reading] = []
    for time_s, is_frame, i in zip(schedule.event_time_s, schedule.event_is_frame, schedule.event_index, strict=True):
        if is_frame:
            frame = FrameReading(
                float(time_s), int(schedule.frame_camera[i]), schedule.frame_values[i], schedule.frame_sd[i]
            )
            listed.append(frame)
        else:
            wearables = (schedule.gyro_radps[i], schedule.accel_mps2[i], schedule.up[i], schedule.up_variance[i])
            listed.append(TickReading(float(time_s), *wearables))
    return listed


def copied(belief: Belief) -> Belief:
    """Return a belief that shares no array with the given one."""
    fresh = {name: value.copy() for name, value in belief._asdict().items() if name != "gait"}
    learned = {name: value.copy() for name, value in belief.gait._asdict().items()}
    return Belief(gait=GaitMemory(**learned), **fresh)


def _key(reading: Reading) -> _Key:
    return (reading.time_s, 1 + reading.camera if isinstance(reading, FrameReading) else 0)


def _check(reading: Reading, model: Model) -> None:
    points = len(model.point_hip)
    if isinstance(reading, FrameReading):
        fits = reading.values.shape == reading.sd.shape == (points, 3) and 0 <= reading.camera < len(model.is_pinhole)
        wanted = f"({points}, 3) keypoints and camera 0 to {len(model.is_pinhole) - 1}"
        got = f"{reading.values.shape}, {reading.sd.shape}, camera {reading.camera}"
    else:
        wearables = (reading.gyro_radps, reading.accel_mps2, reading.up)
        fits = all(a.shape == (N_SEGMENTS, 3) for a in wearables) and reading.up_variance.shape == (N_SEGMENTS,)
        wanted = f"({N_SEGMENTS}, 3) per wearable signal and ({N_SEGMENTS},) variances"
        got = ", ".join(str(a.shape) for a in (*wearables, reading.up_variance))
    if not fits:
        raise SignalError(f"a reading at {reading.time_s:.3f} s does not fit the model: {wanted} wanted, got {got}.")


def _alone(reading: Reading, model: Model) -> Readings:
    """Return one reading as the compiled filter takes it."""
    silent, unseen = np.full((N_SEGMENTS, 3), np.nan), np.full((len(model.point_hip), 3), np.nan)
    if isinstance(reading, FrameReading):
        tick = TickReading(reading.time_s, silent, silent, silent, silent[:, 0])
        frame = reading
    else:
        tick, frame = reading, FrameReading(reading.time_s, 0, unseen, unseen)
    return Readings(
        gyro=_row(tick.gyro_radps),
        accel=_row(tick.accel_mps2),
        upward=_row(tick.up),
        up_variance=_row(tick.up_variance),
        frame_camera=np.array([frame.camera], dtype=np.int64),
        frame_values=_row(frame.values),
        frame_sd=_row(frame.sd),
        event_time_s=np.array([reading.time_s]),
        event_is_frame=np.array([isinstance(reading, FrameReading)]),
        event_index=np.zeros(1, dtype=np.int64),
    )


def _row(values: Floats) -> Floats:
    return np.ascontiguousarray(values, dtype=np.float64)[np.newaxis]
