"""From a video to one patient's keypoints.

1. The people in the clip and their paths, a few frames a second; the patient among them.
2. Every frame: the square that follows the patient, the network, its points in frame px.
3. What is no measurement is taken out: repeated pictures, frames without the patient.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fusion.errors import SignalError
from fusion.pose.models.base import PoseModel
from fusion.pose.track.follow import Follower, Look
from fusion.pose.track.people import PeopleFinder
from fusion.pose.track.subject import Subject, choose, paths_of
from fusion.pose.video.frame import Frame, Square
from fusion.pose.video.reader import ReadLog, VideoInfo, probe, read_frames
from fusion.types import Flags, Floats

Progress = Callable[[str, float], None]
"""Called with what is being done and the share of it that is done."""

_LEAST_SEEN_FRAMES = 10


@dataclass(frozen=True, slots=True)
class VideoPose:
    """One patient in one video, as the network saw it; nothing is repaired.

    Attributes
    ----------
    info
        The file.
    model
        Plugin name of the network.
    time_s
        Presentation time of every frame, shape (n,).
    points
        Names of the network's points, k of them.
    position_px
        Shape (n, k, 2), frame px; NaN in frames without the patient.
    score
        The network's scores, shape (n, k); 0 there.
    squares
        Where the network looked in each frame, or None.
    repeated
        Frames whose picture is the one before again: no new measurement, shape (n,).
    subject
        Who was chosen, and why.
    remarks
        What a person should know about the file, in words.
    """

    info: VideoInfo
    model: str
    time_s: Floats
    points: tuple[str, ...]
    position_px: Floats
    score: Floats
    squares: tuple[Square | None, ...]
    repeated: Flags
    subject: Subject
    remarks: tuple[str, ...] = ()

    @property
    def seen(self) -> Flags:
        """Frames in which the patient was looked at, shape (n,)."""
        return np.array([square is not None for square in self.squares], dtype=bool) & ~self.repeated

    def point(self, name: str) -> Floats:
        """Return the track of one point, shape (n, 2)."""
        return self.position_px[:, self.points.index(name)]


def find_subject(
    path: Path,
    finder: PeopleFinder,
    rule: str = "walker",
    click: tuple[float, float, float] | None = None,
    progress: Progress | None = None,
) -> Subject:
    """Return the patient of a clip and their path; see ``track.subject``."""
    return choose(paths_of(_shown(read_frames(path), "finding people", probe(path), progress), finder), rule, click)


def see_video(
    path: Path,
    model: PoseModel,
    subject: Subject | None = None,
    *,
    finder: PeopleFinder | None = None,
    progress: Progress | None = None,
) -> VideoPose:
    """Return what a network sees of the patient in each frame of a video.

    Parameters
    ----------
    subject
        The patient's path; found by the rule ``"walker"`` when left out.

    Raises
    ------
    StorageError, FormatError
        The file is not there or is no video.
    SignalError
        There is no person, or hardly a frame shows them.
    """
    info = probe(path)
    log = ReadLog()
    if subject is None:
        subject = find_subject(path, finder or PeopleFinder(), progress=progress)
    follower = Follower(model)
    times: list[float] = []
    looks: list[Look] = []
    repeated: list[bool] = []
    last: tuple[Frame, Square] | None = None
    for frame in _shown(read_frames(path, log=log), "reading the body", info, progress):
        look, same = _looked(frame, follower, subject, last)
        last = (frame, look.square) if look.square is not None else None
        times.append(frame.time_s)
        looks.append(look)
        repeated.append(same)
    pose = VideoPose(
        info=info,
        model=model.name,
        time_s=np.asarray(times),
        points=model.points,
        position_px=np.stack([look.position_px for look in looks]),
        score=np.stack([look.score for look in looks]),
        squares=tuple(look.square for look in looks),
        repeated=np.asarray(repeated, dtype=bool),
        subject=subject,
        remarks=log.remarks(),
    )
    return _checked(pose)


def _looked(
    frame: Frame, follower: Follower, subject: Subject, last: tuple[Frame, Square] | None
) -> tuple[Look, bool]:
    """Return the look at a frame, and whether its picture is the last one again."""
    guide = subject.path.at(frame.time_s)
    if guide is None:
        follower.forget()
    if last is not None and guide is not None and frame.is_like(*last):
        return replace(follower.nothing(), square=last[1]), True
    return follower.look(frame, guide), False


def _shown(frames: Iterator[Frame], what: str, info: VideoInfo, progress: Progress | None) -> Iterator[Frame]:
    for frame in frames:
        yield frame
        if progress is not None and np.isfinite(info.duration_s):
            progress(what, min(1.0, frame.time_s / info.duration_s))


def _checked(pose: VideoPose) -> VideoPose:
    if int(pose.seen.sum()) < _LEAST_SEEN_FRAMES:
        raise SignalError(
            f"the patient is seen in {int(pose.seen.sum())} frames; gait needs a second or more. Check the view."
        )
    remarks = list(pose.remarks)
    again = int(pose.repeated.sum())
    if again:
        remarks.append(f"{again} frames repeat the picture before them and were left out")
    others = len(pose.subject.others)
    if others:
        word = "person was" if others == 1 else "people were"
        remarks.append(f"{others} other {word} seen; the patient was chosen: {pose.subject.reason}")
    return replace(pose, remarks=tuple(remarks))
