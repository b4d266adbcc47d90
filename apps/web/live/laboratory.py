"""One laboratory: reads its devices in a thread of its own, checks, records, and knows the newest posture.

The thread is the only one that reads and writes; pages and the stream look at what it last published.
"""

from __future__ import annotations

import json
import logging
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from threading import Event, RLock, Thread

import numpy as np

from apps.index import audit
from apps.index.library import Library
from apps.web.live.checks import SILENT_AFTER_S, Check
from apps.web.live.judge import Judge
from apps.web.live.source import Batch, FrameBatch, ImuBatch, Posture, Source
from fusion.errors import TandemError, UsageError
from fusion.recording.folder import RecordingWriter
from fusion.types import ImuSamples, Recording, Subject, SyncResult

TICK_S = 0.01
WINDOW_S = 30.0
CHECK_EVERY_S = 4.0
MARKERS = "markers.json"
TRACE_S = 3.0
"""How far the live curve reaches back for a browser whose connection stumbled."""

_TRACED = ("knee_flexion_left", "knee_flexion_right")

_LOG = logging.getLogger("tandem.app")


@dataclass(slots=True)
class DeviceHealth:
    """One device as it is now.

    Attributes
    ----------
    last_s
        Monotonic time of the last sample; the start of the laboratory before the first.
    """

    name: str
    last_s: float
    stamps: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=400))
    samples: int = 0
    lost: int = 0

    def rate_hz(self, now: float) -> float:
        """Return samples a second over the last three seconds."""
        recent = [(at, count) for at, count in self.stamps if at > now - 3.0]
        return sum(count for _, count in recent) / 3.0 if len(recent) > 1 else 0.0


@dataclass(slots=True)
class Running:
    """A recording that is being made."""

    folder: Path
    writer: RecordingWriter
    declaration: Recording
    began_s: float
    by: str
    condition: str
    steps_before: dict[str, int]
    markers: list[tuple[float, str]] = field(default_factory=list)
    notices: list[tuple[float, str]] = field(default_factory=list)


class Laboratory:
    """Runs one source for one subject."""

    def __init__(self, library: Library, source: Source, subject: Subject) -> None:
        self._library, self._source, self.subject = library, source, subject
        self._lock = RLock()
        self._stop = Event()
        self._judge_of = Judge()
        self._window: dict[str, deque[Batch]] = {}
        self._running: Running | None = None
        self._posture: Posture | None = None
        self._trace: deque[tuple[float, float, float]] = deque(maxlen=int(TRACE_S / TICK_S))
        self._checks: tuple[Check, ...] = ()
        self._sync: tuple[SyncResult, ...] = ()
        self._gone: set[str] = set()
        self._swapped: set[str] = set()
        self.began_s = time.monotonic()
        names = [imu.segment for imu in source.declaration.imus]
        names += ["camera" for _ in source.declaration.keypoints[:1]]
        self.devices = {name: DeviceHealth(name, self.began_s) for name in names}
        source.start()
        self._threads = [
            Thread(target=self._read, name="laboratory", daemon=True),
            Thread(target=self._judge, name="laboratory checks", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    # -- what pages see ---------------------------------------------------------------------------------------

    @property
    def posture(self) -> Posture | None:
        """The newest posture."""
        return self._posture

    def trace_since(self, measured_at: float) -> list[tuple[float, float, float]]:
        """Return Unix time, s, left and right knee flexion, deg (NaN: unknown), newer than a moment."""
        return [row for row in list(self._trace) if row[0] > measured_at]

    @property
    def checks(self) -> tuple[Check, ...]:
        """The checks as they last came out."""
        return self._checks

    @property
    def sync(self) -> tuple[SyncResult, ...]:
        """Camera against wearables, as last found."""
        return self._sync

    @property
    def is_recording(self) -> bool:
        """True between Record and Stop."""
        return self._running is not None

    @property
    def can_fail(self) -> tuple[str, ...]:
        """Faults that can be caused on purpose."""
        return self._source.can_fail

    def recorded_s(self) -> float:
        """Return how long the recording has been running, s."""
        running = self._running
        return time.monotonic() - running.began_s if running else 0.0

    def strides(self) -> dict[str, int]:
        """Return strides per side since Record."""
        running, posture = self._running, self._posture
        if running is None or posture is None:
            return {"left": 0, "right": 0}
        return {side: max(0, count - running.steps_before.get(side, 0)) for side, count in posture.steps.items()}

    def markers(self) -> tuple[tuple[float, str], ...]:
        """Return the markers of the running recording."""
        return tuple(self._running.markers) if self._running else ()

    def silent(self) -> dict[str, float]:
        """Return device -> seconds since its last sample."""
        now = time.monotonic()
        return {name: now - device.last_s for name, device in self.devices.items()}

    # -- what people do ---------------------------------------------------------------------------------------

    def swap(self, first: str, second: str) -> None:
        """Exchange the names of two wearables."""
        with self._lock:
            if self._running is not None:
                raise UsageError("names are not exchanged while a recording runs. Stop it first.")
            self._source.swap(first, second)
            self._window.clear()
            self._checks, self._sync = (), ()
            self.began_s = time.monotonic()

    def fail(self, fault: str, *, on: bool) -> None:
        """Cause a fault of the virtual laboratory, or end it."""
        self._source.fail(fault, on=on)

    def record(self, *, by: str, condition: str = "", protocol: str = "") -> None:
        """Begin a recording; from here on every sample is on the disk within a second."""
        with self._lock:
            if self._running is not None:
                raise UsageError("a recording is running already. Stop it first.")
            self._source.begin_pass()
            self._posture = posture = self._source.posture()
            started = datetime.now().astimezone().isoformat(timespec="seconds")
            with self._library.new_folder(self.subject.identifier) as folder:
                declaration = replace(
                    self._source.declaration,
                    subject=self.subject,
                    started_at=started,
                    operator=by,
                    protocol=protocol or self._source.declaration.protocol,
                    identifier=folder.name,
                )
                writer = RecordingWriter.open(folder, declaration)
            self._running = Running(
                folder, writer, declaration, time.monotonic(), by, condition, dict(posture.steps) if posture else {}
            )
            audit.write(self._library.database, by, "start recording", self.subject.identifier, folder.name)

    def mark(self, label: str) -> None:
        """Put a marker at this moment."""
        with self._lock:
            if self._running is not None:
                self._running.markers.append((round(self.recorded_s(), 3), label[:60]))

    def stop(self) -> str:
        """End the recording and return its key in the library."""
        with self._lock:
            running, self._running = self._running, None
            if running is None:
                raise UsageError("no recording is running.")
            running.writer.close()
            told = {"markers": running.markers, "notices": running.notices}
            (running.folder / MARKERS).write_text(json.dumps(told, indent=1), encoding="utf-8")
        return self._library.add_folder(
            running.folder.name, source="recorded", by=running.by, condition=running.condition
        )

    def close(self) -> None:
        """Stop the devices; a recording that runs is closed and kept."""
        if self._running is not None:
            try:
                self.stop()
            except TandemError:
                _LOG.exception("closing a recording")
        self._stop.set()
        self._judge_of.close()
        for thread in self._threads:
            thread.join(timeout=5.0)
        self._source.close()

    # -- the threads ------------------------------------------------------------------------------------------

    def _read(self) -> None:
        while not self._stop.wait(TICK_S):
            try:
                self._tick()
            except Exception:  # noqa: BLE001 - told, logged, and the server goes on
                # One bad batch must not end a recording: it is noted once, and reading goes on.
                _LOG.exception("reading the devices")
                self._note("a sample could not be stored; the log of the server says why")

    def _tick(self) -> None:
        batches = self._source.read()
        now = time.monotonic()
        with self._lock:
            for batch in batches:
                self._keep(batch, now)
            self._posture = posture = self._source.posture()
        if posture is not None and (not self._trace or posture.measured_at != self._trace[-1][0]):
            left, right = (posture.angles_deg.get(name, np.nan) for name in _TRACED)
            self._trace.append((posture.measured_at, left, right))
        self._watch()

    def _keep(self, batch: Batch, now: float) -> None:
        name = batch.segment if isinstance(batch, ImuBatch) else "camera"
        device = self.devices[name]
        device.stamps.append((now, len(batch.time_s)))
        device.samples += len(batch.time_s)
        device.last_s = now
        kept = self._window.setdefault(name, deque())
        kept.append(batch)
        while len(kept) > 1 and kept[-1].time_s[-1] - kept[0].time_s[-1] > WINDOW_S:
            kept.popleft()
        if self._running is None:
            return
        writer = self._running.writer
        if isinstance(batch, ImuBatch):
            writer.write_imu(batch.segment, batch.time_s, batch.accel_mps2, batch.gyro_radps, batch.arrival_s)
        else:
            writer.write_keypoints(batch.camera, batch.time_s, batch.position, batch.confidence)

    def _watch(self) -> None:
        """Note when a device falls silent and when it comes back."""
        gone = {name for name, seconds in self.silent().items() if seconds > SILENT_AFTER_S}
        for name in gone - self._gone:
            self._note(f"{name.replace('_', ' ')} fell silent")
        for name in self._gone - gone:
            self._note(f"{name.replace('_', ' ')} is back")
        self._gone = gone

    def _note(self, words: str) -> None:
        running = self._running
        if running is not None and len(running.notices) < 200:
            running.notices.append((round(self.recorded_s(), 1), words))

    def _judge(self) -> None:
        while not self._stop.wait(self._pause_s()):
            try:
                began_s = self.began_s
                seconds = time.monotonic() - began_s
                window = self.window()
                found = self._judge_of(window, self.subject, self.silent(), seconds)
                with self._lock:
                    if found is not None and began_s == self.began_s:  # names were not exchanged meanwhile
                        self._checks, self._sync = found[0], found[1] or self._sync
            except Exception:  # noqa: BLE001 - told, logged, and the server goes on
                _LOG.exception("checking the devices")

    def _pause_s(self) -> float:
        """Return how long to wait before the next look: short until all is known, long once it is settled."""
        if not self._checks:
            return 1.0
        is_settled = self._sync and all(check.status in ("good", "care", "none") for check in self._checks)
        return 3.0 * CHECK_EVERY_S if is_settled or self.is_recording else CHECK_EVERY_S

    def window(self) -> Recording:
        """Return the last half minute as a recording."""
        with self._lock:
            kept = {name: tuple(batches) for name, batches in self._window.items()}
        declared = self._source.declaration
        imus = tuple(_joined_imu(imu, kept[imu.segment]) for imu in declared.imus if kept.get(imu.segment))
        keypoints = tuple(
            replace(
                points,
                time_s=np.concatenate([one.time_s for one in kept["camera"]]),
                position=np.concatenate([one.position for one in kept["camera"] if isinstance(one, FrameBatch)]),
                confidence=np.concatenate([one.confidence for one in kept["camera"] if isinstance(one, FrameBatch)]),
            )
            for points in declared.keypoints[:1]
            if kept.get("camera")
        )
        return replace(declared, imus=imus, keypoints=keypoints, subject=self.subject)


def _joined_imu(imu: ImuSamples, batches: Sequence[Batch]) -> ImuSamples:
    parts = [one for one in batches if isinstance(one, ImuBatch)]
    arrival = None
    if imu.arrival_s is not None:
        arrival = np.concatenate([one.arrival_s for one in parts if one.arrival_s is not None])
    return replace(
        imu,
        time_s=np.concatenate([one.time_s for one in parts]),
        accel_mps2=np.concatenate([one.accel_mps2 for one in parts]),
        gyro_radps=np.concatenate([one.gyro_radps for one in parts]),
        arrival_s=arrival,
    )
