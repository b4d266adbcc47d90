"""The recorder: connects a lab, keeps everything running, writes trials, and tells how it goes.

::

    async with Recorder(lab) as recorder:                     # connects and reconnects in the background
        missing = await recorder.wait_until_streaming(20.0)   # segments and cameras that do not come
        report = await recorder.check(10.0)                   # walk a few steps: drivers.startup_check
        recorder.begin(out, lab.trials[0])                    # a new folder; see drivers.trial
        recorder.mark("turn")
        recorder.status()                                     # a StreamStatus for each stream, any time
        recorder.end()

``add_listener`` hands every packet and every frame's keypoints on, as ``fusion.live`` needs them. Listeners must be
quick; a display that cannot keep up must drop frames itself: recording never waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import numpy as np

from drivers.base import CameraSource, DeviceMark, Frame, Image, ImuPacket, Packet, Transport
from drivers.clock import WearableClock
from drivers.history import History
from drivers.lab import CAMERAS, TRANSPORTS, Lab, LabImu, Trial
from drivers.session import STREAMING, Listeners, Source, StreamEvent, WearableStream
from drivers.startup_check import SetupReport, check_setup
from drivers.trial import FLUSH_S, CameraStream, TrialWriter, open_trial
from fusion.errors import DeviceError, StorageError, UsageError
from fusion.plugins import load
from fusion.types import Floats, SyncResult

HEALTH_S = 1.0
MOST_EVENTS = 1000
CAMERA_PAUSE_S = 1.0


class KeypointDetector(Protocol):
    """Finds body points in a picture."""

    points: tuple[str, ...]

    def detect(self, image: Image, time_s: float) -> tuple[Floats, Floats]:
        """Return positions, px, shape (k, 2), NaN where not found, and confidences, shape (k,).

        Called in a thread, one picture after the other; ``time_s`` is the picture's own.
        """
        ...


class Listener(Protocol):
    """Who gets everything as it comes, on host times; called on the loop's thread."""

    def imu(self, segment: str, host_s: Floats, packet: ImuPacket) -> None:
        """Take the samples of a packet; ``host_s`` are their times by the clock as known now, shape (n,)."""
        ...

    def keypoints(self, camera: str, host_s: float, position_px: Floats, confidence: Floats) -> None:
        """Take what was seen in one frame; shapes (k, 2) and (k,)."""
        ...


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """How one stream is, for a status line or a screen; NaN where it is not known.

    Attributes
    ----------
    kind
        ``"imu"`` or ``"camera"``.
    state, reason
        ``"connecting"``, ``"streaming"``, ``"lost"``, ``"stopped"``, and why.
    rate_hz, nominal_hz
        Measured over the last seconds; what was set.
    samples, lost, saturated, reconnects
        Since connecting; frames for a camera.
    battery
        0 to 1.
    sync
        Offset and interval of its clock; None before the first message.
    """

    name: str
    kind: str
    state: str
    reason: str
    rate_hz: float
    nominal_hz: float
    samples: int
    lost: int
    saturated: int = 0
    reconnects: int = 0
    battery: float = np.nan
    rssi_dbm: float = np.nan
    sync: SyncResult | None = None


@dataclass(slots=True)
class _Camera:
    """A running camera."""

    name: str
    source: CameraSource
    detector: KeypointDetector | None
    stream: CameraStream | None = None
    state: str = "connecting"
    reason: str = ""
    frames: int = 0
    lost: int = 0
    last_number: int = -1
    first_s: float = np.nan
    last_s: float = np.nan


class Recorder:
    """Runs the sensors of a lab; use it in an ``async with`` block.

    Parameters
    ----------
    lab
        What is worn and what films.
    transports
        Name -> transport; those left out are made when they are needed. A virtual laboratory comes in here.
    detectors
        Camera name -> keypoint detector; a camera without one is filmed but yields no keypoints.
    on_event
        Called with everything that an operator should know.
    cameras
        Camera name -> source; those left out are made from their address.
    """

    def __init__(
        self,
        lab: Lab,
        transports: Mapping[str, Transport] | None = None,
        detectors: Mapping[str, KeypointDetector] | None = None,
        on_event: Callable[[StreamEvent], None] | None = None,
        cameras: Mapping[str, CameraSource] | None = None,
    ) -> None:
        self.lab = lab
        self.events: list[StreamEvent] = []
        self.trial: TrialWriter | None = None
        self.broken: StorageError | None = None
        self.clocks: dict[str, WearableClock] = {}
        self.history = History()
        self._transports = dict(transports or {})
        self._detectors = dict(detectors or {})
        self._sources = dict(cameras or {})
        self._on_event = on_event or (lambda _: None)
        self._listeners: list[Listener] = []
        self._streams: dict[str, WearableStream] = {}
        self._cameras: dict[str, _Camera] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._standing_from_s = np.nan

    async def __aenter__(self) -> Self:
        """Connect to everything, in the background."""
        listeners = Listeners(self._packet, self._event, self._disk_refused)
        for imu in self.lab.imus:
            stream = WearableStream(self._source(imu), listeners)
            self._streams[imu.segment] = stream
            spacing_s = 1.0 / stream.source.device.rate_hz
            self.clocks[imu.segment] = WearableClock(imu.segment, spacing_s)
            self._tasks.append(asyncio.create_task(stream.run()))
        for camera in self.lab.cameras:
            source = self._sources.get(camera.name) or load(
                CAMERAS, camera.source, address=camera.address, **camera.settings
            )
            running = _Camera(camera.name, source, self._detectors.get(camera.name))
            self._cameras[camera.name] = running
            self._tasks.append(asyncio.create_task(self._film(running)))
        self._tasks += [asyncio.create_task(self._flush()), asyncio.create_task(self._write_health())]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the trial, let every device rest."""
        if self.trial is not None:
            with suppress(StorageError):
                self.end()
        await asyncio.gather(*(stream.stop() for stream in self._streams.values()), return_exceptions=True)
        await asyncio.gather(*(camera.source.close() for camera in self._cameras.values()), return_exceptions=True)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def add_listener(self, listener: Listener) -> None:
        """Let ``listener`` have everything from now on."""
        self._listeners.append(listener)

    async def wait_until_streaming(self, timeout_s: float) -> tuple[str, ...]:
        """Wait until every stream delivers; return ``"name: reason"`` of those that do not in time."""
        loop = asyncio.get_running_loop()
        end_s = loop.time() + timeout_s
        while loop.time() < end_s:
            if all(status.state == STREAMING and status.samples for status in self.status()):
                return ()
            await asyncio.sleep(0.05)
        return tuple(
            f"{status.name}: {status.reason or 'no answer yet'}"
            for status in self.status()
            if status.state != STREAMING or not status.samples
        )

    async def check(self, seconds: float) -> SetupReport:
        """Watch the streams for so long, in which the person should walk, and say what is wrong with the set-up."""
        start_s = asyncio.get_running_loop().time()
        await asyncio.sleep(seconds)
        recording = self.history.recording(self.lab, self._streams, self._camera_streams(), self.clocks, start_s)
        return check_setup(recording, self.status())

    def begin(self, out: str | Path, trial: Trial | None = None) -> Path:
        """Begin a trial and return its folder.

        Raises
        ------
        UsageError
            A trial is being recorded.
        StorageError
            The disk refuses or is nearly full; nothing is recorded then.
        """
        if self.trial is not None:
            raise UsageError(f"trial '{self.trial.folder.name}' is being recorded. End it first.")
        self.broken = None
        streams = list(self._streams.values())
        self.trial = open_trial(Path(out), self.lab, trial or self.lab.trials[0], streams, self._camera_streams())
        for stream in streams:
            stream.log_to(self.trial.raw)
        return self.trial.folder

    def end(self) -> Path:
        """End the trial and return its folder.

        Raises
        ------
        StorageError
            The disk refused the last samples; what was written before is safe.
        """
        trial = self._running()
        self.trial = None
        for stream in self._streams.values():
            stream.log_to(None)
        trial.close()
        return trial.folder

    def mark(self, text: str) -> None:
        """Write a marker at this moment."""
        self._running().marker(asyncio.get_running_loop().time(), text)

    def standing(self, *, begins: bool) -> None:
        """Note that the person begins or ends to stand still for the zero of the angles."""
        now_s = asyncio.get_running_loop().time()
        if begins:
            self._standing_from_s = now_s
        elif np.isfinite(self._standing_from_s):
            self._running().standing(self._standing_from_s, now_s)

    def status(self) -> tuple[StreamStatus, ...]:
        """Return how every stream is now, wearables first."""
        wearables = tuple(self._imu_status(name, stream) for name, stream in self._streams.items())
        return (*wearables, *(_camera_status(camera) for camera in self._cameras.values()))

    def _running(self) -> TrialWriter:
        if self.trial is None:
            raise UsageError("no trial is being recorded. Begin one first.")
        return self.trial

    def _source(self, imu: LabImu) -> Source:
        if imu.transport not in self._transports:
            settings = {"allowed": self.lab.allowed_addresses} if imu.transport == "ble" else {}
            self._transports[imu.transport] = load(TRANSPORTS, imu.transport, **settings)
        return Source(
            name=imu.segment,
            device_name=imu.device,
            device=imu.make(),
            transport=self._transports[imu.transport],
            address=imu.address,
            transport_settings=imu.transport_settings,
            device_settings={"transport": imu.transport, **imu.settings},
        )

    def _packet(self, segment: str, packet: Packet) -> None:
        clock = self.clocks[segment]
        clock.add(packet)
        if self.trial is not None:
            self._keep(lambda trial: trial.packet(segment, packet))
        if isinstance(packet, ImuPacket):
            self.history.imu(segment, packet)
            if self._listeners:
                host_s = clock.to_host(packet.time_s)
                for listener in self._listeners:
                    listener.imu(segment, host_s, packet)
        elif isinstance(packet, DeviceMark):
            self._event(StreamEvent(segment, "mark", packet.name, packet.arrival_s))

    def _event(self, event: StreamEvent) -> None:
        self.events.append(event)
        del self.events[:-MOST_EVENTS]
        if self.trial is not None:
            self._keep(
                lambda trial: trial.marker(event.time_s, f"{event.stream}: {event.state} {event.reason}".strip())
            )
        self._on_event(event)

    def _keep(self, work: Callable[[TrialWriter], None]) -> None:
        """Write; when the disk refuses, recording ends and the streams go on."""
        try:
            if self.trial is not None:
                work(self.trial)
        except StorageError as error:
            self._disk_refused(error)

    def _disk_refused(self, error: StorageError) -> None:
        trial, self.trial, self.broken = self.trial, None, error
        if trial is None:
            return
        for stream in self._streams.values():
            stream.log_to(None)
        with suppress(StorageError):
            trial.close()
        now_s = asyncio.get_running_loop().time()
        self._event(StreamEvent("recording", "stopped", str(error), now_s))

    async def _flush(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_S)
            if self.trial is not None:
                self._keep(lambda trial: trial.flush())

    async def _write_health(self) -> None:
        while True:
            await asyncio.sleep(HEALTH_S)
            now_s = asyncio.get_running_loop().time()
            for status in self.status():
                if status.kind == "imu":
                    self._keep(
                        partial(TrialWriter.health, segment=status.name, time_s=now_s, values=_health_values(status))
                    )

    async def _film(self, camera: _Camera) -> None:
        """Keep one camera running."""
        while True:
            try:
                info = await camera.source.open()
                points = camera.detector.points if camera.detector is not None else ()
                camera.stream = CameraStream(
                    camera.name, points, info.width_px, info.height_px, info.rate_hz, info.clock
                )
                self._camera_state(camera, STREAMING, "")
                async for frame in camera.source.frames():
                    self._frame(camera, frame)
                    await self._look(camera, frame)
                reason = "the camera stopped. Check its cable and power."
            except DeviceError as error:
                reason = str(error)
            await camera.source.close()
            self._camera_state(camera, "lost", reason)
            await asyncio.sleep(CAMERA_PAUSE_S)

    def _frame(self, camera: _Camera, frame: Frame) -> None:
        if frame.number >= 0 and camera.last_number >= 0:
            camera.lost += max(frame.number - camera.last_number - 1, 0)
        camera.last_number = frame.number
        camera.frames += 1
        camera.first_s = frame.time_s if np.isnan(camera.first_s) else camera.first_s
        camera.last_s = frame.time_s
        arrival_s = asyncio.get_running_loop().time()
        told = (float(frame.number), frame.early_s, frame.late_s, arrival_s)
        self._keep(lambda trial: trial.frame(camera.name, frame.time_s, told))

    async def _look(self, camera: _Camera, frame: Frame) -> None:
        """Find the keypoints in a thread, so that no sample waits for a network; slow ones cost frames, counted."""
        if camera.detector is None:
            await asyncio.sleep(0)
            return
        loop = asyncio.get_running_loop()
        position, confidence = await loop.run_in_executor(None, camera.detector.detect, frame.image, frame.time_s)
        self._keep(lambda trial: trial.keypoints(camera.name, frame.time_s, position, confidence))
        self.history.keypoints(camera.name, frame.time_s, position, confidence)
        for listener in self._listeners:
            listener.keypoints(camera.name, frame.time_s, position, confidence)

    def _camera_state(self, camera: _Camera, state: str, reason: str) -> None:
        if (camera.state, camera.reason) != (state, reason):
            camera.state, camera.reason = state, reason
            self._event(StreamEvent(camera.name, state, reason, asyncio.get_running_loop().time()))

    def _camera_streams(self) -> list[CameraStream]:
        return [
            camera.stream for camera in self._cameras.values() if camera.stream is not None and camera.stream.points
        ]

    def _imu_status(self, name: str, stream: WearableStream) -> StreamStatus:
        health = stream.health
        return StreamStatus(
            name=name,
            kind="imu",
            state=health.state,
            reason=health.reason or health.message,
            rate_hz=health.rate_hz,
            nominal_hz=stream.source.device.rate_hz,
            samples=health.samples,
            lost=health.lost,
            saturated=health.saturated,
            reconnects=health.reconnects,
            battery=health.battery,
            rssi_dbm=health.rssi_dbm,
            sync=self.clocks[name].sync() if health.samples else None,
        )


def _camera_status(camera: _Camera) -> StreamStatus:
    span_s = camera.last_s - camera.first_s
    return StreamStatus(
        name=camera.name,
        kind="camera",
        state=camera.state,
        reason=camera.reason,
        rate_hz=(camera.frames - 1) / span_s if span_s > 0.0 else np.nan,
        nominal_hz=camera.stream.rate_hz if camera.stream is not None else np.nan,
        samples=camera.frames,
        lost=camera.lost + camera.source.dropped,
    )


def _health_values(status: StreamStatus) -> list[float]:
    offset_s, half_s = np.nan, np.nan
    if status.sync is not None:
        offset_s, half_s = status.sync.offset_s, 0.5 * (status.sync.high_s - status.sync.low_s)
    counts = [float(status.samples), float(status.lost), float(status.saturated)]
    return [*counts, status.rate_hz, status.battery, status.rssi_dbm, offset_s, half_s]
