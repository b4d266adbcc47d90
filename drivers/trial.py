"""One trial on disk while it is recorded: the recording folder of design section 6, and the raw log beside it.

``recording.json`` and ``streams.xdf`` hold what analysis reads; ``raw.tgraw`` every byte with its arrival. Beside
the streams of the walk there are ``markers`` (words at host times), ``health_<segment>`` (battery, signal, losses,
offset) and ``frames_<camera>`` (number and doubt of each frame). Samples wait at most ``FLUSH_S`` before they are
with the operating system.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from drivers.base import ClockReply, DeviceMark, ImuPacket, Packet
from drivers.lab import Lab, Trial
from drivers.rawlog import RawLog
from drivers.session import WearableStream
from fusion.errors import DataError, StorageError
from fusion.recording.folder import RecordingWriter, save_declaration
from fusion.types import Camera, Floats, ImuSamples, Keypoints, Recording
from fusion.version import __version__

RAW_FILE = "raw.tgraw"
FLUSH_S = 0.25
HEALTH_CHANNELS = ("samples", "lost", "saturated", "rate_hz", "battery", "rssi_dbm", "offset_s", "offset_half_s")
LEAST_FREE_BYTES = 200_000_000
"""A recording is not begun with less: ten minutes of seven wearables and keypoints need about 60 MB."""


@dataclass(frozen=True, slots=True)
class CameraStream:
    """What the recorder must know of a camera before its first frame."""

    name: str
    points: tuple[str, ...]
    width_px: int
    height_px: int
    rate_hz: float
    clock: str = "host"


@dataclass(slots=True)
class _Buffer:
    """Samples of one wearable that were not written yet."""

    packets: list[ImuPacket] = field(default_factory=list)

    def take(self) -> tuple[Floats, Floats, Floats, Floats]:
        packets, self.packets = self.packets, []
        times, accel, gyro, arrival = (
            np.concatenate([getattr(packet, name) for packet in packets])
            for name in ("time_s", "accel_mps2", "gyro_radps", "arrival_s")
        )
        return times, accel, gyro, arrival


class TrialWriter:
    """Writes one trial; when the disk refuses, what was written stays readable and ``StorageError`` is raised."""

    def __init__(self, folder: Path, declaration: Recording, cameras: Sequence[CameraStream]) -> None:
        self.folder = folder
        self.declaration = declaration
        self.written_samples = 0
        self._writer = RecordingWriter.open(folder, declaration)
        self.raw = RawLog.open(folder / RAW_FILE)
        self._markers = self._writer.add_auxiliary("markers", "Markers", ["text"], channel_format="string")
        self._health = {}
        for imu in declaration.imus:
            name = imu.segment
            self._health[name] = self._writer.add_auxiliary(f"health_{name}", "Health", HEALTH_CHANNELS)
        self._frames = {
            camera.name: self._writer.add_auxiliary(
                f"frames_{camera.name}", "FrameNumbers", ["number", "early_s", "late_s", "arrival_s"]
            )
            for camera in cameras
        }
        self._buffers = {imu.segment: _Buffer() for imu in declaration.imus}
        self._keypoints: dict[str, list[tuple[float, Floats, Floats]]] = {camera.name: [] for camera in cameras}

    def packet(self, segment: str, packet: Packet) -> None:
        """Take what a wearable sent."""
        if isinstance(packet, ImuPacket):
            self._buffers[segment].packets.append(packet)
        elif isinstance(packet, ClockReply):
            self._writer.write_pings(segment, np.array([packet.sent_s]), np.array([packet.received_s]))
        elif isinstance(packet, DeviceMark):
            self.marker(packet.arrival_s, f"{segment}: {packet.name} at device time {packet.time_s:.6f} s")

    def keypoints(self, camera: str, time_s: float, position_px: Floats, confidence: Floats) -> None:
        """Take the keypoints of one frame; (k, 2) and (k,)."""
        self._keypoints[camera].append((time_s, position_px, confidence))

    def frame(self, camera: str, time_s: float, values: tuple[float, float, float, float]) -> None:
        """Take number, earliness, lateness and arrival of one frame."""
        self._writer.write_auxiliary(self._frames[camera], time_s, list(values))

    def marker(self, time_s: float, text: str) -> None:
        """Write a marker at a host time."""
        self._writer.write_auxiliary(self._markers, time_s, [text])

    def health(self, segment: str, time_s: float, values: Sequence[float]) -> None:
        """Write how a wearable is; in the order of ``HEALTH_CHANNELS``."""
        self._writer.write_auxiliary(self._health[segment], time_s, list(values))

    def standing(self, start_s: float, end_s: float) -> None:
        """Write down when the person stood still, host times."""
        from dataclasses import replace

        self.declaration = replace(self.declaration, standing_s=(start_s, end_s))
        save_declaration(self.declaration, self.folder)

    def flush(self) -> None:
        """Hand all that waits to the operating system."""
        for segment, buffer in self._buffers.items():
            if buffer.packets:
                times, accel, gyro, arrival = buffer.take()
                self._writer.write_imu(segment, times, accel, gyro, arrival)
                self.written_samples += len(times)
        for camera, rows in self._keypoints.items():
            if rows:
                times = np.array([row[0] for row in rows])
                position, confidence = (np.stack([row[i] for row in rows]) for i in (1, 2))
                rows.clear()
                self._writer.write_keypoints(camera, times, position, confidence)

    def close(self) -> None:
        """Write what waits, and the footers."""
        try:
            try:
                self.flush()
            finally:
                self._writer.close()
        finally:
            self.raw.close()


def open_trial(
    out: Path, lab: Lab, trial: Trial, streams: Sequence[WearableStream], cameras: Sequence[CameraStream]
) -> TrialWriter:
    """Make the next folder ``<participant>_<trial>_<number>`` in ``out`` and return its writer.

    Raises
    ------
    StorageError
        The disk refuses, or is nearly full.
    """
    folder = next_folder(out, f"{lab.subject.identifier}_{trial.name}")
    _check_room(out)
    imus = tuple(_declared_imu(stream, lab) for stream in streams)
    keypoints = tuple(_declared_keypoints(camera) for camera in cameras)
    declaration = Recording(
        subject=lab.subject,
        imus=imus,
        keypoints=keypoints,
        cameras=tuple(
            Camera(camera.name, np.array([camera.width_px, camera.height_px], float), rate_hz=camera.rate_hz)
            for camera in cameras
        ),
        identifier=folder.name,
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        surface=trial.surface,
        belt_speed_mps=trial.belt_speed_mps,
        protocol=trial.protocol,
        operator=trial.operator,
        software_version=__version__,
    )
    return TrialWriter(folder, declaration, cameras)


def next_folder(out: Path, stem: str) -> Path:
    """Return the first ``<stem>_<number>`` that is not there."""
    number = 1
    while (out / f"{stem}_{number:02d}").exists():
        number += 1
    return out / f"{stem}_{number:02d}"


def unfinished(out: Path) -> tuple[Path, ...]:
    """Return the recordings in a folder that were cut off, as after a crash; all of them open."""
    from fusion.recording.folder import DECLARATION_FILE, read_folder

    found = []
    for folder in sorted(out.glob(f"*/{DECLARATION_FILE}")):
        try:
            if read_folder(folder.parent).is_cut:
                found.append(folder.parent)
        except (DataError, StorageError):
            found.append(folder.parent)
    return tuple(found)


def _check_room(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(out).free
    except OSError as cause:
        from fusion.recording.storage import storage_error

        raise storage_error("create", out, cause) from cause
    if free < LEAST_FREE_BYTES:
        raise StorageError(f"'{out}' has {free / 1e6:.0f} MB left; a trial needs 200 MB. Free some space first.")


def _declared_imu(stream: WearableStream, lab: Lab) -> ImuSamples:
    device = stream.source.device
    worn = next((imu for imu in lab.imus if imu.segment == stream.name), None)
    none = np.empty((0, 3))
    return ImuSamples(
        segment=stream.name,
        time_s=np.empty(0),
        accel_mps2=none,
        gyro_radps=none,
        rate_hz=device.rate_hz,
        arrival_s=np.empty(0),
        ping_sent_s=np.empty(0) if device.info.answers_pings else None,
        ping_received_s=np.empty(0) if device.info.answers_pings else None,
        accel_range_mps2=device.accel_range_mps2,
        gyro_range_radps=device.gyro_range_radps,
        device=f"{stream.source.device_name} {stream.source.address}",
        mounting=worn.mounting if worn is not None else "",
    )


def _declared_keypoints(camera: CameraStream) -> Keypoints:
    count = len(camera.points)
    return Keypoints(
        camera=camera.name,
        time_s=np.empty(0),
        names=camera.points,
        position=np.empty((0, count, 2)),
        confidence=np.empty((0, count)),
        clock=camera.clock,
    )
