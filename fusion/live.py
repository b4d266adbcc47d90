"""The same analysis while the person walks: streams in, posture, angles and contacts out, nothing from the future.

1. ``imu`` and ``keypoints`` put samples into ring buffers; they cost microseconds and never wait.
2. ``calibrate`` runs the first stages of ``fusion.pipeline`` on the last seconds of walking: which clock offset each
   camera has, how each wearable sits, how long the segments are. That is then kept.
3. ``step`` runs the later stages, with the causal estimator, on the last ``window_s`` and returns the newest moment.

A step is computed from what had been measured by then. It sees only its window, so it differs from the causal
estimate over the whole recording by what the attitude of a wearable gains from a longer look: at most
``TOLERANCE_DEG`` root mean square in the tests. Who calls ``step`` less often gets fewer pictures, and loses no
sample.

Times are those of one clock, the host's; a camera may keep its own, ``calibrate`` then finds the offset.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from fusion.body.bone_rate import with_bone_rate
from fusion.body.placement import apply
from fusion.body.skeleton import Skeleton
from fusion.errors import DataError, SignalError, UsageError
from fusion.estimator.level import in_plane
from fusion.events.fused import FusedEvents
from fusion.gait.joint_angles import joint_angles
from fusion.pipeline import Prepared, estimate, prepare
from fusion.recording.clean import clean
from fusion.stages.cameras import CameraView, beside_wearables, forward_gain, look, straighten, synchronise
from fusion.stages.wearables import Track, Wearables
from fusion.types import (
    SIDES,
    Floats,
    ImuSamples,
    Keypoints,
    Motion,
    Placement,
    Recording,
    SyncResult,
    WorldPoints,
)

TOLERANCE_DEG = 3.0
"""Largest root mean square difference of a knee angle to the causal estimate over the whole recording."""

LEAST_CALIBRATION_S = 6.0
"""Walking that placement and synchronisation need: several strides of each leg."""

LEAST_WINDOW_S = 1.0
SETTLED_S = 0.4
"""A contact nearer to now may still move, as its signal is not complete."""

SAME_CONTACT_S = 0.25
CONTACTS_EVERY_S = 0.25
"""How often contacts are looked for: they settle no faster."""

MOST_CONTACTS = 4096
_SPARE = 2.0


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """How much is looked at.

    Attributes
    ----------
    window_s
        Length of the causal window of each step, s.
    calibration_s
        How much of the past ``calibrate`` looks at, s.
    """

    window_s: float = 3.0
    calibration_s: float = 15.0


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact found live; ``kind`` is ``"ic"`` or ``"fc"``."""

    time_s: float
    side: str
    kind: str


@dataclass(frozen=True, slots=True)
class LiveState:
    """The body at the newest moment of a step.

    Attributes
    ----------
    time_s
        Host time of the newest measurement in it.
    angle_deg, sd_deg
        Joint angle (``knee_flexion_left_deg``, ...) -> degrees, and the standard deviation of the filter with the
        calibration's share; angles that nothing measures are absent.
    is_predicted
        Joint angle -> True where at this moment only the model carries it.
    point_m
        Body point -> position, m, world, shape (3,); absent when unknown.
    speed_mps
        Of the root, forward; NaN where nothing ties the body to the ground.
    phase
        Side -> ``"stance"``, ``"swing"`` or ``""`` before the first contact.
    contacts
        Contacts that this step added.
    motion
        The whole window, for a screen that draws curves.
    """

    time_s: float
    angle_deg: Mapping[str, float]
    sd_deg: Mapping[str, float]
    is_predicted: Mapping[str, bool]
    point_m: Mapping[str, Floats]
    speed_mps: float
    phase: Mapping[str, str]
    contacts: tuple[Contact, ...]
    motion: Motion


@dataclass(frozen=True, slots=True)
class Calibration:
    """What ``calibrate`` found and ``step`` keeps.

    Attributes
    ----------
    placements
        Segment -> how its wearable sits.
    sync
        Camera -> its clock against the wearables'.
    bone_rates
        Segment -> weights of the gyro axes under soft tissue.
    left_out
        Stream -> why it is not used.
    """

    skeleton: Skeleton
    placements: Mapping[str, Placement]
    sync: Mapping[str, SyncResult]
    left_out: Mapping[str, str]
    bone_rates: Mapping[str, Floats] = field(default_factory=dict)


class _Ring:
    """The last seconds of one stream: times that increase, and rows of values."""

    def __init__(self, width: int, capacity: int) -> None:
        self._time_s = np.empty(capacity)
        self._values = np.empty((capacity, width))
        self._start = self._end = 0
        self.late = 0

    def add(self, time_s: Floats, values: Floats) -> None:
        """Append samples; what is not newer than the newest is counted and left out."""
        newest = self.newest_s
        if time_s.size == 1:
            keep = time_s > newest if self._end > self._start else np.isfinite(time_s)
        else:
            before = np.maximum.accumulate(np.concatenate([[newest if np.isfinite(newest) else -np.inf], time_s]))[
                :-1
            ]
            keep = np.isfinite(time_s) & (time_s > before)
        self.late += int(time_s.size - keep.sum())
        time_s, values = time_s[keep][-self._time_s.size :], values[keep][-self._time_s.size :]
        if self._end + time_s.size > self._time_s.size:
            kept = min(self._end - self._start, self._time_s.size // 2, self._time_s.size - time_s.size)
            self._time_s[:kept] = self._time_s[self._end - kept : self._end].copy()
            self._values[:kept] = self._values[self._end - kept : self._end].copy()
            self._start, self._end = 0, kept
        self._time_s[self._end : self._end + time_s.size] = time_s
        self._values[self._end : self._end + time_s.size] = values
        self._end += time_s.size

    @property
    def newest_s(self) -> float:
        """Return the newest time; NaN when empty."""
        return float(self._time_s[self._end - 1]) if self._end > self._start else np.nan

    def since(self, start_s: float) -> tuple[Floats, Floats]:
        """Return copies of what is not older than ``start_s``."""
        times = self._time_s[self._start : self._end]
        first = int(np.searchsorted(times, start_s))
        return times[first:].copy(), self._values[self._start + first : self._end].copy()


class LiveEstimator:
    """Estimates from streams; not for several threads at once.

    Parameters
    ----------
    declaration
        Who walks, and the streams without their samples, as the recorder declares them.
    settings
        How much is looked at.

    Attributes
    ----------
    calibration
        What ``calibrate`` found last; None before.
    """

    def __init__(self, declaration: Recording, settings: LiveSettings | None = None) -> None:
        self.declaration = declaration
        self.settings = settings or LiveSettings()
        self.calibration: Calibration | None = None
        self._kept_s = max(self.settings.window_s, self.settings.calibration_s)
        self._imus = {imu.segment: _Ring(6, self._capacity(imu.rate_hz)) for imu in declaration.imus}
        self._points = {
            points.camera: _Ring(3 * len(points.names), self._capacity(declaration.camera(points.camera).rate_hz))
            for points in declaration.keypoints
        }
        self._contacts: list[Contact] = []
        self._looked_s = -np.inf

    @property
    def late_samples(self) -> int:
        """How many samples came with a time that was not newer than the newest of their stream."""
        return sum(ring.late for ring in (*self._imus.values(), *self._points.values()))

    def imu(self, segment: str, time_s: Floats, accel_mps2: Floats, gyro_radps: Floats) -> None:
        """Take samples of a wearable, sensor axes; (n,), (n, 3), (n, 3). Unknown segments are refused."""
        if segment not in self._imus:
            raise UsageError(f"there is no wearable {segment!r} in the declaration; there are {list(self._imus)}.")
        self._imus[segment].add(time_s, np.hstack([accel_mps2, gyro_radps]))

    def keypoints(self, camera: str, time_s: float, position_px: Floats, confidence: Floats) -> None:
        """Take the keypoints of a frame, (k, 2) and (k,). Unknown cameras are refused."""
        if camera not in self._points:
            raise UsageError(f"there is no camera {camera!r} in the declaration; there are {list(self._points)}.")
        row = np.concatenate([position_px.ravel(), confidence])
        self._points[camera].add(np.array([time_s]), row[np.newaxis])

    def calibrate(self) -> Calibration:
        """Find offsets, placements and lengths from the last seconds, and keep them.

        Raises
        ------
        SignalError
            Too little walking so far.
        DataError
            Nothing in it can be used; the message says why.
        """
        recent = self.recent(self.settings.calibration_s)
        length_s = max((float(np.ptp(imu.time_s)) for imu in recent.imus if len(imu.time_s)), default=0.0)
        length_s = max([length_s, *(float(np.ptp(p.time_s)) for p in recent.keypoints if len(p.time_s))])
        if length_s < LEAST_CALIBRATION_S:
            raise SignalError(
                f"calibration needs {LEAST_CALIBRATION_S:g} s of walking; got {length_s:.1f} s. Let the person go on."
            )
        ready = prepare(clean(recent))
        worn = {imu.segment for imu in ready.wearables.placed}
        views = {view.name: view for view in ready.views}
        left_out = dict(ready.wearables.left_out) | {n: view.refusal for n, view in views.items() if view.refusal}
        if not worn and not any(view.is_used for view in views.values()):
            listed = "; ".join(f"{name}: {reason}" for name, reason in left_out.items())
            raise SignalError(f"no stream can be used live. {listed or 'Nothing was received'}.")
        self.calibration = Calibration(
            skeleton=ready.skeleton,
            placements={one.segment: one for one in ready.wearables.placements if one.segment in worn},
            sync={n: view.sync for n, view in views.items() if view.is_used and view.sync is not None},
            left_out=left_out,
        )
        return self.calibration

    def step(self) -> LiveState | None:
        """Return the newest state; None before ``calibrate``, or when nothing usable came lately."""
        if self.calibration is None:
            return None
        try:
            prepared = self._prepared(self.calibration)
            motion = estimate(prepared, causal=True)
        except DataError:
            return None
        return self._state(motion, self._new_contacts(prepared, motion))

    def recent(self, seconds: float) -> Recording:
        """Return what came in the last seconds as a recording on the host's clock."""
        newest = [ring.newest_s for ring in self._imus.values()]
        end_s = max((time_s for time_s in newest if np.isfinite(time_s)), default=np.nan)
        imus = []
        for declared in self.declaration.imus:
            time_s, values = self._imus[declared.segment].since(end_s - seconds)
            if time_s.size > 1:
                imus.append(_filled(declared, time_s, values))
        points = []
        for seen in self.declaration.keypoints:
            ring = self._points[seen.camera]
            time_s, values = ring.since(ring.newest_s - seconds)
            if time_s.size > 1:
                points.append(_frames(seen, time_s, values))
        return replace(self.declaration, imus=tuple(imus), keypoints=tuple(points), standing_s=(np.nan, np.nan))

    def _capacity(self, rate_hz: float) -> int:
        rate_hz = rate_hz if np.isfinite(rate_hz) and rate_hz > 0.0 else 100.0
        return int(_SPARE * 1.2 * rate_hz * self._kept_s) + 64

    def _prepared(self, known: Calibration) -> Prepared:
        """Stages 1 to 3 with what is known: no search for offsets, axes or lengths."""
        recording = clean(self.recent(self.settings.window_s))
        imus = tuple(
            imu for imu in recording.imus if imu.segment in known.placements and np.ptp(imu.time_s) >= LEAST_WINDOW_S
        )
        placed = tuple(apply(imu, known.placements[imu.segment], imu.time_s) for imu in imus)
        placements = tuple(known.placements[imu.segment] for imu in imus)
        wearables = Wearables(imus, placed, placements, (), known.left_out)
        levelled = tuple(in_plane(with_bone_rate(imu, dict(known.bone_rates))) for imu in placed)
        pitches = {each.imu.segment: (each.imu.time_s, each.pitch_rad) for each in levelled}
        views = look(recording, known.skeleton, known.left_out)
        if placed:
            views = tuple(
                synchronise(view, wearables, known.sync[view.name])
                if view.name in known.sync
                else replace(view, refusal=view.refusal or "its clock is not known")
                for view in views
            )
        points = tuple(_measured(view, known.skeleton, pitches) for view in views if view.is_used)
        return Prepared(known.skeleton, wearables, levelled, views, points)

    def _new_contacts(self, prepared: Prepared, motion: Motion) -> tuple[Contact, ...]:
        """Look for contacts once in a while; keep what is settled and was not there before."""
        newest_s = float(motion.time_s[-1])
        if newest_s - self._looked_s < CONTACTS_EVERY_S:
            return ()
        self._looked_s = newest_s
        seen = tuple(view.on_reference_clock() for view in prepared.views if view.is_used)
        found = FusedEvents().detect(motion, prepared.wearables.placed, seen)
        until_s = newest_s - SETTLED_S
        added = []
        for side in SIDES:
            for kind in ("ic", "fc"):
                known = [contact.time_s for contact in self._contacts if (contact.side, contact.kind) == (side, kind)]
                last_s = known[-1] if known else -np.inf
                for time_s in found.select(side, kind):
                    if last_s + SAME_CONTACT_S < time_s <= until_s:
                        added.append(Contact(float(time_s), side, kind))
                        last_s = float(time_s)
        added.sort(key=lambda contact: contact.time_s)
        self._contacts = [*self._contacts, *added][-MOST_CONTACTS:]
        return tuple(added)

    def _state(self, motion: Motion, added: tuple[Contact, ...]) -> LiveState:
        angles = joint_angles(motion, ())
        known = [k for k in range(len(angles.names)) if np.isfinite(angles.angle_deg[-1, k])]
        places = zip(motion.point_names, motion.point_position_m[-1], strict=True)
        return LiveState(
            time_s=float(motion.time_s[-1]),
            angle_deg={angles.names[k]: float(angles.angle_deg[-1, k]) for k in known},
            sd_deg={angles.names[k]: float(angles.sd_deg[-1, k]) for k in known},
            is_predicted={angles.names[k]: bool(angles.predicted[-1, k]) for k in known},
            point_m={name: place.copy() for name, place in places if np.isfinite(place[[0, 2]]).all()},
            speed_mps=float(motion.root_velocity_mps[-1, 0]),
            phase={side: self._phase(side) for side in SIDES},
            contacts=added,
            motion=motion,
        )

    def _phase(self, side: str) -> str:
        last = next((contact for contact in reversed(self._contacts) if contact.side == side), None)
        if last is None:
            return ""
        return "stance" if last.kind == "ic" else "swing"


def _filled(declared: ImuSamples, time_s: Floats, values: Floats) -> ImuSamples:
    return replace(
        declared,
        time_s=time_s,
        accel_mps2=values[:, :3],
        gyro_radps=values[:, 3:],
        arrival_s=None,
        ping_sent_s=None,
        ping_received_s=None,
    )


def _frames(declared: Keypoints, time_s: Floats, values: Floats) -> Keypoints:
    count = len(declared.names)
    return replace(
        declared,
        time_s=time_s,
        position=values[:, : 2 * count].reshape(-1, count, 2),
        confidence=values[:, 2 * count :],
        sd_px=None,
        other_side=None,
    )


def _measured(view: CameraView, skeleton: Skeleton, pitches: Mapping[str, Track]) -> WorldPoints:
    points = straighten(view.on_reference_clock(), skeleton, forward_gain(view, pitches))
    return beside_wearables(view, points) if pitches else points
