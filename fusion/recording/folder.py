"""A recording on disk: a folder with ``recording.json`` and ``streams.xdf``.

Streams hold raw times; missing samples stay NaN and gaps stay gaps. ``RecordingWriter`` appends while a
walk goes on, ``save_recording`` writes a finished one in one step, ``load_recording`` reads both back.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from fusion.errors import FormatError, StorageError, UsageError
from fusion.recording.declaration import Declaration, declare, read_declaration, stream_names
from fusion.recording.storage import staged_folder, storage_error
from fusion.recording.xdf import XdfFile, XdfStream, channel_columns, read_xdf
from fusion.recording.xdf_writer import XdfWriter
from fusion.types import Floats, ImuSamples, Keypoints, Recording, floats, same_length

DECLARATION_FILE = "recording.json"
STREAMS_FILE = "streams.xdf"

_IMU_CHANNELS = (
    "accel_x_mps2",
    "accel_y_mps2",
    "accel_z_mps2",
    "gyro_x_radps",
    "gyro_y_radps",
    "gyro_z_radps",
)
_ARRIVAL = "arrival_s"
_DOUBTS = ("other_side", "sd_px")
"""What a detector may say of each point beyond its confidence."""

_PINGS = " pings"
"""Added to the name of a wearable's stream: when the host pinged it, and when it received that, on its clock."""

_PING_CHANNELS = ("sent_s", "received_s")
_AXES = {"image_px": ("u_px", "v_px"), "camera_m": ("x_m", "y_m", "z_m")}
_SAMPLES_PER_CHUNK = 2048

AUXILIARY_KINDS = ("Markers", "Health", "FrameNumbers")
"""Types of streams that a recorder adds for people and tools; no sample of the walk is in them."""


@dataclass(frozen=True, slots=True)
class StoredRecording:
    """A recording with what was noticed about its files.

    Attributes
    ----------
    is_cut
        ``streams.xdf`` was not closed; everything up to the last whole chunk was read.
    damaged_bytes
        Bytes in ``streams.xdf`` that could not be read and were skipped.
    missing_streams
        Streams that ``recording.json`` declares and ``streams.xdf`` lacks; they are empty.
    ignored_streams
        Streams in ``streams.xdf`` that ``recording.json`` does not declare.
    """

    recording: Recording
    is_cut: bool = False
    damaged_bytes: int = 0
    missing_streams: tuple[str, ...] = ()
    ignored_streams: tuple[str, ...] = ()


class RecordingWriter:
    """Writes a recording while it is made; use it in a ``with`` block.

    Every call writes whole chunks, so that after a crash or a pulled plug the folder still loads.
    """

    def __init__(self, folder: Path, declaration: Recording, writer: XdfWriter) -> None:
        self.folder = folder
        self._writer = writer
        names = stream_names(declaration)
        count = len(declaration.imus)
        self._imus = {
            imu.segment: (_add_imu(writer, name, imu), imu.arrival_s is not None)
            for name, imu in zip(names[:count], declaration.imus, strict=True)
        }
        self._pings = {
            imu.segment: writer.add_stream(name + _PINGS, "Pings", list(_PING_CHANNELS), 0.0, units=["s", "s"])
            for name, imu in zip(names[:count], declaration.imus, strict=True)
            if imu.ping_sent_s is not None
        }
        self._keypoints = {
            points.camera: (
                _add_keypoints(writer, name, points, declaration.camera(points.camera).rate_hz),
                *points.position.shape[1:],
                _declared_doubts(points),
            )
            for name, points in zip(names[count:], declaration.keypoints, strict=True)
        }

    @classmethod
    def open(cls, folder: str | Path, declaration: Recording, *, sync: bool = False) -> Self:
        """Create the folder, write ``recording.json`` and open ``streams.xdf``.

        Parameters
        ----------
        folder
            A folder that holds no recording yet; it is created when it is not there.
        declaration
            The recording as far as it is known; samples in it are not written. A stream whose
            ``arrival_s`` is not None will have arrival times, one whose ``ping_sent_s`` is not None pings.
        sync
            Wait until each chunk is on the medium.

        Raises
        ------
        UsageError
            The folder holds a recording.
        StorageError
            The disk refused.
        """
        folder = Path(folder)
        if any((folder / name).exists() for name in (DECLARATION_FILE, STREAMS_FILE)):
            raise UsageError(f"'{folder}' holds a recording already. Choose another folder.")
        save_declaration(declaration, folder)
        try:
            return cls(folder, declaration, XdfWriter.open(folder / STREAMS_FILE, sync=sync))
        except StorageError:
            for name in (DECLARATION_FILE, STREAMS_FILE):
                (folder / name).unlink(missing_ok=True)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.__exit__(kind, error, trace)

    def write_imu(
        self,
        segment: str,
        time_s: Floats,
        accel_mps2: Floats,
        gyro_radps: Floats,
        arrival_s: Floats | None = None,
    ) -> None:
        """Append samples of one wearable; shapes (n,), (n, 3), (n, 3) and (n,).

        Raises
        ------
        UsageError
            The segment was not declared, or arrival times are given but not declared or the other way.
        """
        if segment not in self._imus:
            raise UsageError(f"no stream was declared for {segment!r}; there are {', '.join(self._imus)}.")
        stream, has_arrival = self._imus[segment]
        if has_arrival != (arrival_s is not None):
            told = "with" if has_arrival else "without"
            raise UsageError(f"stream {segment!r} was declared {told} arrival times. Write it like that.")
        parts = [floats("accel_mps2", accel_mps2, (None, 3)), floats("gyro_radps", gyro_radps, (None, 3))]
        if arrival_s is not None:
            parts.append(floats("arrival_s", arrival_s, (None,))[:, np.newaxis])
        same_length(f"stream {segment!r}", time_s=time_s, accel=parts[0], gyro=parts[1], last=parts[-1])
        self._write(stream, time_s, np.hstack(parts))

    def write_pings(self, segment: str, sent_s: Floats, received_s: Floats) -> None:
        """Append pings of a wearable: host times of sending, device times of receiving, each (m,).

        Raises
        ------
        UsageError
            No pings were declared for the segment.
        """
        if segment not in self._pings:
            raise UsageError(f"no pings were declared for {segment!r}. Declare them with an empty ping_sent_s.")
        sent_s, received_s = floats("ping_sent_s", sent_s, (None,)), floats("ping_received_s", received_s, (None,))
        same_length(f"pings of {segment!r}", sent=sent_s, received=received_s)
        self._write(self._pings[segment], sent_s, np.column_stack([sent_s, received_s]))

    def write_keypoints(
        self, camera: str, time_s: Floats, position: Floats, confidence: Floats, **doubts: Floats | None
    ) -> None:
        """Append frames of one camera; shapes (n,), (n, k, axes) and (n, k).

        Parameters
        ----------
        doubts
            ``other_side`` and ``sd_px`` of ``Keypoints``, each where it was declared, shape (n, k).

        Raises
        ------
        UsageError
            The camera was not declared.
        SignalError
            The shapes are not those that were declared.
        """
        if camera not in self._keypoints:
            raise UsageError(f"no stream was declared for camera {camera!r}; there are {', '.join(self._keypoints)}.")
        stream, points, axes, declared = self._keypoints[camera]
        given = {name: values for name, values in doubts.items() if values is not None}
        if set(declared) != set(given):
            told = f"with {' and '.join(declared)}" if declared else "without further columns"
            raise UsageError(f"camera {camera!r} was declared {told}. Write it like that.")
        position = floats("position", position, (None, points, axes))
        confidence = floats("confidence", confidence, (None, points))
        same_length(f"camera {camera!r}", time_s=time_s, position=position, confidence=confidence)
        parts = [position, confidence[:, :, np.newaxis]]
        parts += [floats(name, given[name], (None, points))[:, :, np.newaxis] for name in declared]
        joined = np.concatenate(parts, axis=2)
        self._write(stream, time_s, joined.reshape(len(joined), points * joined.shape[2]))

    def add_auxiliary(
        self, name: str, kind: str, channels: Sequence[str], *, channel_format: str = "double64"
    ) -> int:
        """Declare a stream of one of ``AUXILIARY_KINDS`` and return its number for ``write_auxiliary``.

        Raises
        ------
        UsageError
            The kind is none of those.
        """
        if kind not in AUXILIARY_KINDS:
            raise UsageError(f"an auxiliary stream is of kind {', '.join(AUXILIARY_KINDS)}; got {kind!r}.")
        return self._writer.add_stream(name, kind, channels, channel_format=channel_format)

    def write_auxiliary(self, number: int, time_s: float, values: Sequence[float] | Sequence[str]) -> None:
        """Append one sample of an auxiliary stream, at a host time."""
        rows = np.asarray([list(values)], dtype=object if isinstance(values[0], str) else np.float64)
        self._writer.write_samples(number, [time_s], rows)

    def write_clock_offset(self, name: str, time_s: float, offset_s: float) -> None:
        """Append a clock comparison of a segment or camera: host time = its time + ``offset_s``."""
        if name in self._imus:
            self._writer.write_clock_offset(self._imus[name][0], time_s, offset_s)
        elif name in self._keypoints:
            self._writer.write_clock_offset(self._keypoints[name][0], time_s, offset_s)
        else:
            raise UsageError(f"no stream was declared for {name!r}.")

    def close(self) -> None:
        """Write the footers and close; a second call does nothing."""
        self._writer.close()

    def _write(self, stream: int, time_s: Floats, values: Floats) -> None:
        for start in range(0, len(time_s), _SAMPLES_PER_CHUNK):
            part = slice(start, start + _SAMPLES_PER_CHUNK)
            self._writer.write_samples(stream, time_s[part], values[part])


def save_recording(recording: Recording, folder: str | Path, *, overwrite: bool = False) -> Path:
    """Write a recording to a folder and return the folder; nothing is left half-written.

    Parameters
    ----------
    recording
        What is saved; ``load_recording`` gives exactly the same back.
    folder
        Where; it may exist when it is empty.
    overwrite
        Replace ``recording.json`` and ``streams.xdf`` in a folder that exists; other files in it stay.

    Raises
    ------
    UsageError
        The folder exists, is not empty, and ``overwrite`` is False; or it is a file.
    StorageError
        The disk refused.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"'{folder}' is a file; a recording is a folder. Choose another name.")
    if folder.exists() and any(folder.iterdir()) and not overwrite:
        raise UsageError(f"'{folder}' exists and is not overwritten. Choose another name or overwrite it.")
    with staged_folder(folder) as stage:
        _write_declaration(stage / DECLARATION_FILE, recording)
        xdf = XdfWriter.open(stage / STREAMS_FILE)
        with RecordingWriter(stage, recording, xdf) as writer:
            for imu in recording.imus:
                writer.write_imu(imu.segment, imu.time_s, imu.accel_mps2, imu.gyro_radps, imu.arrival_s)
                if imu.ping_sent_s is not None and imu.ping_received_s is not None:
                    writer.write_pings(imu.segment, imu.ping_sent_s, imu.ping_received_s)
            for points in recording.keypoints:
                writer.write_keypoints(
                    points.camera,
                    points.time_s,
                    points.position,
                    points.confidence,
                    **{name: getattr(points, name) for name in _DOUBTS},
                )
    return folder


def save_declaration(recording: Recording, folder: str | Path) -> Path:
    """Write only ``recording.json``, in one step, and return its path; the samples stay as they are.

    For what becomes known during a walk, such as the standing pose; streams and cameras must stay the same.

    Raises
    ------
    StorageError
        The disk refused; nothing has changed then.
    """
    folder = Path(folder)
    with staged_folder(folder) as stage:
        _write_declaration(stage / DECLARATION_FILE, recording)
    return folder / DECLARATION_FILE


def load_recording(path: str | Path) -> Recording:
    """Return the recording in a folder; ``path`` may also be one of the two files in it.

    Raises
    ------
    FormatError
        The folder holds no recording, or one of its files is not what it should be.
    StorageError
        It is not there or cannot be read.
    """
    return read_folder(path).recording


def read_folder(path: str | Path) -> StoredRecording:
    """Return the recording in a folder with what was noticed about its files; as ``load_recording``."""
    folder = Path(path)
    if folder.name in (DECLARATION_FILE, STREAMS_FILE) and not folder.is_dir():
        folder = folder.parent
    declaration = _read_declaration(folder)
    xdf = read_xdf(folder / STREAMS_FILE)
    declared = declaration.recording
    imus = [
        _with_pings(_fill_imu(imu, xdf.stream(name)), xdf.stream(name + _PINGS))
        for name, imu in zip(declaration.imu_streams, declared.imus, strict=True)
    ]
    keypoints = [
        _fill_keypoints(points, xdf.stream(name))
        for name, points in zip(declaration.keypoint_streams, declared.keypoints, strict=True)
    ]
    recording = replace(declared, imus=tuple(imus), keypoints=tuple(keypoints))
    return _with_remarks(recording, declaration, xdf)


def _with_remarks(recording: Recording, declaration: Declaration, xdf: XdfFile) -> StoredRecording:
    wanted = (*declaration.imu_streams, *declaration.keypoint_streams)
    known = {*wanted, *(name + _PINGS for name in declaration.imu_streams)}
    found = [stream.name for stream in xdf.streams if stream.kind not in AUXILIARY_KINDS or stream.name in known]
    return StoredRecording(
        recording,
        is_cut=xdf.truncated,
        damaged_bytes=xdf.skipped_bytes,
        missing_streams=tuple(name for name in wanted if xdf.stream(name) is None),
        ignored_streams=tuple(name for name in found if name not in known),
    )


def _read_declaration(folder: Path) -> Declaration:
    file = folder / DECLARATION_FILE
    if folder.exists() and not file.exists():
        raise FormatError(
            f"a recording is a folder with {DECLARATION_FILE} and {STREAMS_FILE}; '{folder}' has no "
            f"{DECLARATION_FILE}. Choose the folder that the recorder wrote."
        )
    try:
        data = json.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as cause:
        raise storage_error("read", file, cause) from cause
    except (ValueError, RecursionError) as cause:
        raise FormatError(f"'{file}' must be JSON; {cause}. Correct that place.") from cause
    return read_declaration(data, DECLARATION_FILE)


def _write_declaration(file: Path, recording: Recording) -> None:
    file.write_text(json.dumps(declare(recording), indent=1, allow_nan=False) + "\n", encoding="utf-8")


def _add_imu(writer: XdfWriter, name: str, imu: ImuSamples) -> int:
    channels, units = list(_IMU_CHANNELS), ["m/s^2"] * 3 + ["rad/s"] * 3
    if imu.arrival_s is not None:
        channels.append(_ARRIVAL)
        units.append("s")
    source = {"segment": imu.segment, "device": imu.device, "mounting": imu.mounting}
    return writer.add_stream(name, "IMU", channels, imu.rate_hz, units=units, source=source)


def _add_keypoints(writer: XdfWriter, name: str, points: Keypoints, rate_hz: float) -> int:
    parts = (*_AXES[points.space], "confidence", *_declared_doubts(points))
    channels = [f"{point}_{part}" for point in points.names for part in parts]
    source = {"camera": points.camera, "space": points.space}
    rate_hz = rate_hz if np.isfinite(rate_hz) else 0.0
    return writer.add_stream(name, "MoCap", channels, rate_hz, source=source)


def _declared_doubts(points: Keypoints) -> tuple[str, ...]:
    return tuple(name for name in _DOUBTS if getattr(points, name) is not None)


def _fill_imu(imu: ImuSamples, stream: XdfStream | None) -> ImuSamples:
    if stream is None:
        return imu
    values = _columns(stream, _IMU_CHANNELS)
    arrival_s = _columns(stream, (_ARRIVAL,))[:, 0] if _ARRIVAL in stream.channels else None
    # The clock model of `sync` works from arrival times; only without them the offsets that the
    # recording network measured are the way to the host clock.
    time_s = stream.time_s if arrival_s is not None else _to_host_clock(stream)
    return replace(imu, time_s=time_s, accel_mps2=values[:, :3], gyro_radps=values[:, 3:], arrival_s=arrival_s)


def _with_pings(imu: ImuSamples, stream: XdfStream | None) -> ImuSamples:
    if stream is None:
        return imu
    values = _columns(stream, _PING_CHANNELS)
    return replace(imu, ping_sent_s=values[:, 0].copy(), ping_received_s=values[:, 1].copy())


def _fill_keypoints(points: Keypoints, stream: XdfStream | None) -> Keypoints:
    if stream is None:
        return points
    parts = (*_AXES[points.space], "confidence")
    values = _columns(stream, [f"{point}_{part}" for point in points.names for part in parts])
    values = values.reshape(len(values), len(points.names), len(parts))
    doubts = {}
    for part in _DOUBTS:
        columns = [f"{point}_{part}" for point in points.names]
        if columns and set(columns) <= set(stream.channels):
            doubts[part] = _columns(stream, columns)
    return replace(
        points,
        time_s=_to_host_clock(stream),
        position=values[:, :, :-1],
        confidence=values[:, :, -1],
        other_side=doubts.get("other_side"),
        sd_px=doubts.get("sd_px"),
    )


def _columns(stream: XdfStream, names: Sequence[str]) -> Floats:
    columns = channel_columns(stream, names)
    if columns is None or stream.channel_format == "string":
        raise FormatError(
            f"stream {stream.name!r} in {STREAMS_FILE} must have the channels {', '.join(names)}; it has "
            f"{', '.join(stream.channels) or 'none with a label'}. Label the channels in the source."
        )
    return np.ascontiguousarray(stream.values[:, columns], dtype=np.float64)


def _to_host_clock(stream: XdfStream) -> Floats:
    """Return times plus the measured clock offset: a line by the median of slopes, robust to late pings."""
    when_s, offset_s = stream.clock_time_s, stream.clock_offset_s
    if not len(when_s):
        return stream.time_s
    # Theil (1950): the median of the slopes between all pairs, then the median level.
    steps_s = np.subtract.outer(when_s, when_s)
    far = steps_s > 10.0  # a slope over less than two pings (5 s each) says nothing
    rises_s = np.subtract.outer(offset_s, offset_s)
    slope = float(np.median(rises_s[far] / steps_s[far])) if far.any() else 0.0
    centre_s = float(np.median(when_s))
    level_s = float(np.median(offset_s - slope * (when_s - centre_s)))
    return np.asarray(stream.time_s + level_s + slope * (stream.time_s - centre_s))
