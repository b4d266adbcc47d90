"""Read a video file frame by frame with true presentation times (PyAV).

- Time is the container's presentation time of each frame, never a count of frames: phones record at a variable rate.
- Rotation flags are applied; interlaced video is de-interlaced; 10-bit and other pixel formats become 8-bit RGB.
- A file that ends damaged gives the frames before the damage and a remark.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fusion.errors import FormatError, StorageError, UsageError
from fusion.pose.video.frame import Frame
from fusion.types import Floats

ENDINGS = (".mp4", ".mov", ".m4v", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".mts", ".m2ts", ".ts", ".wmv", ".gif")
"""Endings that are taken for a video; the content decides whether it is one."""

_VARIABLE_RATE = 0.1
_AHEAD_FRAMES = 6


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What a file says of itself.

    Attributes
    ----------
    size_px
        Upright width and height.
    rate_hz
        Frame rate as the container gives it; NaN where it does not. Only for words, never for times.
    duration_s
        As the container gives it; NaN where it does not.
    quarter_turns
        Counter-clockwise quarter turns that make the stored pictures upright.
    """

    path: Path
    size_px: tuple[int, int]
    rate_hz: float
    duration_s: float
    codec: str
    pixel_format: str
    quarter_turns: int


@dataclass(slots=True)
class ReadLog:
    """What happened while a file was read; filled by ``read_frames``.

    Attributes
    ----------
    times_s
        Times of the frames that were given.
    out_of_order
        Frames left out since their time did not lie after the one before.
    without_time
        Frames left out since the container gives them no time.
    damage
        Why reading ended early, or ``""``.
    """

    times_s: list[float] = field(default_factory=list)
    out_of_order: int = 0
    without_time: int = 0
    damage: str = ""

    def remarks(self) -> tuple[str, ...]:
        """Return what a person should know, in words."""
        said = []
        times = np.asarray(self.times_s, dtype=np.float64)
        steps = np.diff(times)
        if len(steps) > 2:
            usual = float(np.median(steps))
            missing = round(float((steps / usual - 1.0)[steps > 1.5 * usual].sum()))
            if missing:
                said.append(f"{missing} frames are missing in the file (gaps between the times of frames)")
            if float(np.std(steps[steps < 1.5 * usual])) > _VARIABLE_RATE * usual:
                said.append("the frame rate varies; the times of the file are used")
        for count, what in ((self.out_of_order, "out of order"), (self.without_time, "without a time")):
            if count:
                said.append(f"{count} frames {what} were left out")
        return (*said, self.damage) if self.damage else tuple(said)


def is_video(path: Path) -> bool:
    """Return whether a file is to be taken for a video, by its ending."""
    return path.suffix.lower() in ENDINGS


def probe(path: Path) -> VideoInfo:
    """Return what a video file says of itself.

    Raises
    ------
    StorageError
        There is no such file.
    FormatError
        It holds no video.
    """
    container, stream = _open(path)
    with container:
        first = next(_decoded(container, stream, ReadLog()), None)
        if first is None:
            raise FormatError(f"'{path}' holds no frame that can be decoded. Record or copy it again.")
        turns = _quarter_turns(first)
        size = (first.width, first.height)
        duration = container.duration
        return VideoInfo(
            path=path,
            size_px=size[::-1] if turns % 2 else size,
            rate_hz=float(stream.average_rate) if stream.average_rate else np.nan,
            duration_s=duration / 1e6 if duration else np.nan,
            codec=stream.codec_context.name,
            pixel_format=first.format.name,
            quarter_turns=turns,
        )


def read_frames(
    path: Path, start_s: float = -np.inf, end_s: float = np.inf, log: ReadLog | None = None
) -> Iterator[Frame]:
    """Give each frame with start <= time < end, in order of strictly increasing time.

    Decoding runs a few frames ahead in its own thread.

    Raises
    ------
    StorageError, FormatError
        As ``probe``; damage further on ends the frames and stands in ``log``.
    """
    log = log if log is not None else ReadLog()
    return _ahead(_frames(path, start_s, end_s, log))


def frame_at(path: Path, time_s: float) -> Frame:
    """Return the frame that is shown at a time: the last one whose time is not later. Exact for every codec.

    Raises
    ------
    UsageError
        The video has not started at that time.
    """
    shown: Frame | None = None
    for frame in _frames(path, -np.inf, np.inf, ReadLog(), seek_s=time_s):
        if frame.time_s > time_s + 1e-9:
            break
        shown = frame
    if shown is None:
        raise UsageError(f"'{path}' shows nothing at {time_s:g} s; its first frame comes later.")
    return shown


def times_of(path: Path) -> Floats:
    """Return the presentation times of all frames, s, sorted, without decoding any."""
    container, stream = _open(path)
    with container:
        stamps = [
            float(packet.pts * packet.time_base)
            for packet in container.demux(stream)
            if packet.pts is not None and packet.time_base is not None
        ]
    return np.unique(np.asarray(stamps, dtype=np.float64))


def _frames(path: Path, start_s: float, end_s: float, log: ReadLog, seek_s: float | None = None) -> Iterator[Frame]:
    container, stream = _open(path)
    last_s = -np.inf
    with container:
        target_s = start_s if seek_s is None else seek_s
        if np.isfinite(target_s) and stream.time_base:
            # to the key frame before it, and on from there: exact for every codec
            container.seek(int(target_s / stream.time_base), stream=stream, backward=True)
        for index, decoded in enumerate(_decoded(container, stream, log)):
            if decoded.time is None:
                log.without_time += 1
                continue
            time_s = float(decoded.time)
            if time_s <= last_s:
                log.out_of_order += 1
                continue
            last_s = time_s
            if time_s >= end_s:
                return
            if time_s >= start_s:
                log.times_s.append(time_s)
                yield Frame(time_s, index, decoded, _quarter_turns(decoded))


def _decoded(container: Any, stream: Any, log: ReadLog) -> Iterator[Any]:  # noqa: ANN401 - untyped library
    import av

    weave: _Deinterlacer | None = None
    try:
        for frame in container.decode(stream):
            if frame.interlaced_frame:
                weave = weave or _Deinterlacer(stream, frame)
                yield from weave.push(frame)
            else:
                yield frame
    except av.error.FFmpegError as error:
        where = f" after {log.times_s[-1]:.2f} s" if log.times_s else ""
        log.damage = f"the file is damaged{where} ({error.strerror}); what comes later is not assessable"


class _Deinterlacer:
    """FFmpeg's yadif: one full picture a frame, from both fields."""

    def __init__(self, stream: Any, frame: Any) -> None:  # noqa: ANN401
        from av.filter import Graph

        self._graph = Graph()
        source = self._graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format.name, time_base=stream.time_base
        )
        yadif, sink = self._graph.add("yadif", "mode=send_frame"), self._graph.add("buffersink")
        source.link_to(yadif)
        yadif.link_to(sink)
        self._graph.configure()

    def push(self, frame: Any) -> Iterator[Any]:  # noqa: ANN401
        from av.error import BlockingIOError as NothingYet
        from av.error import EOFError as AtEnd

        self._graph.push(frame)
        while True:
            try:
                yield self._graph.pull()
            except (NothingYet, AtEnd):
                return


def _open(path: Path) -> tuple[Any, Any]:
    try:
        import av
    except ModuleNotFoundError as cause:
        raise UsageError('reading a video needs PyAV: pip install "tandem-gait[pose]".') from cause
    if not path.is_file():
        raise StorageError(f"'{path}' is not there. Check the path or plug in the disk.")
    try:
        container = av.open(str(path))
    except av.error.FFmpegError as cause:
        raise FormatError(
            f"'{path}' cannot be opened as a video ({cause.strerror}). It is damaged, incomplete or something else; "
            "copy it from the camera again."
        ) from cause
    if not container.streams.video:
        container.close()
        raise FormatError(f"'{path}' holds sound but no picture. Choose the video file.")
    stream = container.streams.video[0]
    stream.thread_type = "AUTO"
    return container, stream


def _quarter_turns(frame: Any) -> int:  # noqa: ANN401
    return round(int(frame.rotation) / 90) % 4


def _ahead(frames: Iterator[Frame]) -> Iterator[Frame]:
    """Run an iterator in a thread, a few items ahead."""
    waiting: queue.Queue[Frame | BaseException | None] = queue.Queue(_AHEAD_FRAMES)
    stop = threading.Event()

    def put(item: Frame | BaseException | None) -> None:
        while not stop.is_set():
            try:
                waiting.put(item, timeout=0.1)
            except queue.Full:
                continue
            return

    def work() -> None:
        try:
            for frame in frames:
                put(frame)
                if stop.is_set():
                    return
            put(None)
        except Exception as error:  # noqa: BLE001 - raised again where the frames are taken
            put(error)

    worker = threading.Thread(target=work, name="video-decoder", daemon=True)
    worker.start()
    try:
        while (item := waiting.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()
        worker.join()
