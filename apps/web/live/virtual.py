"""The virtual laboratory: a simulated walk with five wearables and a camera, delivered in real time.

Samples arrive when a real device would deliver them. The posture is that of the causal filter: at each moment only
what had been measured by then stands behind it. At the end of the walkway, and when a recording begins, the walker
starts at its beginning again.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from apps.web.live.source import Batch, FrameBatch, ImuBatch, Posture
from fusion.errors import UsageError
from fusion.types import SIDES, Floats, ImuSamples, Keypoints, Motion, Recording, Subject

SEGMENTS = ("pelvis", "left_shank", "right_shank", "left_foot", "right_foot")
PASS_S = 90.0
CAMERA_LATENCY_S = 0.045
RADIO_LATENCY_S = 0.02

_POINTS = ("pelvis", "neck", "head", *(f"{s}_{p}" for s in SIDES for p in ("hip", "knee", "ankle", "heel", "toe")))
_ANGLES = tuple(
    f"{joint}_{side}" for side in SIDES for joint in ("hip_flexion", "knee_flexion", "ankle_dorsiflexion")
)


@dataclass(frozen=True, slots=True)
class _Walk:
    """One pass with its causal reading, on the reference clock from 0 s."""

    recording: Recording
    motion: Motion
    angles_deg: dict[str, Floats]
    contacts: dict[str, dict[str, Floats]]


class VirtualSource:
    """Delivers a simulated walk in real time.

    Parameters
    ----------
    swapped
        Begin with the names of the shank sensors exchanged, as happens when they are put on.
    """

    def __init__(self, subject: Subject, *, seed: int = 7, swapped: bool = False, seconds: float = PASS_S) -> None:
        self._walk = _simulated(subject, seed, seconds)
        self._names = {segment: segment for segment in SEGMENTS}
        self._failed: set[str] = set()
        self._began = 0.0
        self._last = 0.0
        self._pass_s = 0.0
        self._steps_before = dict.fromkeys(SIDES, 0)
        self._last_posture: Posture | None = None
        if swapped:
            self.swap("left_shank", "right_shank")
        self.declaration = _declaration(self._walk.recording)
        self.can_fail = (*(f"sensor {segment}" for segment in SEGMENTS), "camera")

    def start(self) -> None:
        """Begin to deliver."""
        self._began, self._last = time.time(), 0.0

    def swap(self, first: str, second: str) -> None:
        """Exchange the names of two wearables."""
        self._names[first], self._names[second] = self._names[second], self._names[first]

    def fail(self, fault: str, *, on: bool) -> None:
        """Switch a device off, or on again."""
        if fault not in self.can_fail:
            raise UsageError(f"there is no fault {fault!r}; there are {', '.join(self.can_fail)}.")
        (self._failed.add if on else self._failed.discard)(fault)

    def close(self) -> None:
        """Nothing runs by itself."""

    def begin_pass(self) -> None:
        """Let the walker begin at the start of the walkway, so that a recording holds one whole pass."""
        running = time.time() - self._began
        for side in SIDES:
            self._steps_before[side] = self._steps(side, running - self._pass_s)
        self._pass_s = running

    def read(self) -> tuple[Batch, ...]:
        """Return the samples whose time of arrival has come."""
        now = time.time() - self._began
        if now - self._pass_s > self._length:
            self.begin_pass()
        before, self._last = self._last, now
        batches: list[Batch] = []
        start, end = before - RADIO_LATENCY_S - self._pass_s, now - RADIO_LATENCY_S - self._pass_s
        batches += [batch for imu in self._walk.recording.imus if (batch := self._imu(imu, start, end))]
        start, end = before - CAMERA_LATENCY_S - self._pass_s, now - CAMERA_LATENCY_S - self._pass_s
        frames = (self._frames(points, start, end) for points in self._walk.recording.keypoints)
        return (*batches, *(batch for batch in frames if batch is not None))

    def posture(self) -> Posture | None:
        """Return what the causal filter knew when the newest sample arrived."""
        within = time.time() - self._began - RADIO_LATENCY_S - self._pass_s
        walk = self._walk
        times = walk.motion.time_s
        row = int(np.searchsorted(times, within, side="right")) - 1
        if row < 0:
            return self._last_posture
        root = walk.motion.root_position_m[row]
        points = {}
        for name in _POINTS:
            if name in walk.motion.point_names:
                place = walk.motion.point_position_m[row, walk.motion.point_names.index(name)]
                if np.isfinite(place[[0, 2]]).all():
                    points[name] = (float(place[0] - root[0]), float(place[2]))
        angles = {name: float(values[row]) for name, values in walk.angles_deg.items() if np.isfinite(values[row])}
        self._last_posture = Posture(
            self._began + self._pass_s + float(times[row]),
            points,
            angles,
            {side: self._phase(side, within) for side in SIDES},
            {side: self._steps(side, within) for side in SIDES},
            float(root[0]) if np.isfinite(root[0]) else 0.0,
        )
        return self._last_posture

    @property
    def _length(self) -> float:
        return float(self._walk.motion.time_s[-1])

    def _imu(self, imu: ImuSamples, start: float, end: float) -> ImuBatch | None:
        if f"sensor {imu.segment}" in self._failed:
            return None
        reference = imu.time_s if imu.arrival_s is None else imu.arrival_s
        inside = (reference >= start) & (reference < end)
        if not inside.any():
            return None
        shift = self._pass_s
        arrival = None if imu.arrival_s is None else imu.arrival_s[inside] + shift
        return ImuBatch(
            self._names[imu.segment],
            imu.time_s[inside] + shift,
            imu.accel_mps2[inside],
            imu.gyro_radps[inside],
            arrival,
        )

    def _frames(self, points: Keypoints, start: float, end: float) -> FrameBatch | None:
        if "camera" in self._failed:
            return None
        since = points.time_s - points.time_s[0]
        inside = (since >= start) & (since < end)
        if not inside.any():
            return None
        shift = self._pass_s
        return FrameBatch(
            points.camera, points.time_s[inside] + shift, points.position[inside], points.confidence[inside]
        )

    def _phase(self, side: str, within: float) -> str:
        last = {kind: times[times <= within] for kind, times in self._walk.contacts[side].items()}
        starts, ends = last["ic"], last["fc"]
        return "stance" if starts.size and (not ends.size or starts[-1] > ends[-1]) else "swing"

    def _steps(self, side: str, within: float) -> int:
        times = self._walk.contacts[side]["ic"]
        return self._steps_before[side] + int(np.searchsorted(times, within, side="right"))


def _simulated(subject: Subject, seed: int, seconds: float) -> _Walk:
    from fusion.gait.joint_angles import joint_angles
    from fusion.pipeline import estimate, find_events, prepare
    from fusion.recording.clean import clean
    from fusion.simulate import CameraSettings, ImuSettings, SimulationSettings, WalkerSettings, simulate

    speed_mps = 1.25
    height = subject.height_m if np.isfinite(subject.height_m) else 1.75
    recording = simulate(
        SimulationSettings(
            duration_s=seconds,
            seed=seed,
            surface="overground",
            walkway_m=speed_mps * seconds,
            walker=WalkerSettings(height_m=height, speed_mps=speed_mps),
            imu=ImuSettings(segments=SEGMENTS),
            cameras=(CameraSettings(rate_hz=60.0, distance_m=speed_mps * seconds),),
        )
    ).recording
    recording = replace(recording, subject=subject)
    prepared = prepare(clean(recording))
    motion = estimate(prepared, causal=True)
    found = find_events(prepared, motion)
    angles = joint_angles(motion, (), calibration_sd_deg=0.0)
    curves = {name: angles.angle(f"{name}_deg") for name in _ANGLES if f"{name}_deg" in angles.names}
    contacts = {side: {kind: found.select(side, kind) for kind in ("ic", "fc")} for side in SIDES}
    return _Walk(recording, motion, curves, contacts)


def _declaration(recording: Recording) -> Recording:
    """Return the streams of a recording without their samples."""
    imus = tuple(
        replace(
            imu,
            time_s=imu.time_s[:0],
            accel_mps2=imu.accel_mps2[:0],
            gyro_radps=imu.gyro_radps[:0],
            arrival_s=None if imu.arrival_s is None else imu.arrival_s[:0],
        )
        for imu in recording.imus
    )
    keypoints = tuple(
        replace(points, time_s=points.time_s[:0], position=points.position[:0], confidence=points.confidence[:0])
        for points in recording.keypoints
    )
    return replace(recording, imus=imus, keypoints=keypoints)
