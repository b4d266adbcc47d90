"""What ``tandem analyse`` needs for a plain video: its arguments, its recording, its overlay."""

from __future__ import annotations

import math
import tempfile
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from fusion.errors import UsageError

if TYPE_CHECKING:
    from fusion.pose.video.extract import VideoPose
    from fusion.types import Analysis, Camera, Floats, Recording

Progress = Callable[[str, float], None]

OVERLAY = "overlay.mp4"
DEFAULT_MODEL = "blazepose_heavy"
"""The most accurate here, and with heels and toes, which the ankle needs."""


def add_video(parser: ArgumentParser) -> None:
    """Add what only a video needs."""
    from fusion.plugins import names

    group = parser.add_argument_group("when RECORDING is a video file")
    group.add_argument(
        "--height", type=body_height, metavar="M", help="body height of the patient, m; needed for lengths"
    )
    group.add_argument(
        "--model",
        choices=names("fusion.pose.models"),
        default=DEFAULT_MODEL,
        help=f"network (default: {DEFAULT_MODEL})",
    )
    group.add_argument(
        "--weights", type=Path, metavar="FILE", help="a network's own weights, .onnx: 'tandem models finetune', INT8"
    )
    group.add_argument(
        "--subject", type=_subject, default="walker", metavar="WHO",
        help="who the patient is: walker (travels most, default), largest, or TIME,U,V: a click, in s and px",
    )  # fmt: skip
    group.add_argument(
        "--camera", type=Path, metavar="FILE",
        help="its calibration: of 'tandem camera calibrate', Pose2Sim .toml or Qualisys .qca.txt",
    )  # fmt: skip
    group.add_argument("--keep-face", action="store_true", help="do not blur faces in the overlay video")
    group.add_argument("--keypoints-only", action="store_true", help="write no picture at all, no overlay video")
    group.add_argument("--save-recording", type=Path, metavar="DIR", help="also keep the keypoints as a recording")


def read_video(options: Namespace, progress: Progress) -> tuple[Recording, VideoPose]:
    """Return a video as a recording of keypoints, and what the network saw."""
    from fusion.plugins import load
    from fusion.pose.models.posenet import PoseNet
    from fusion.pose.track.people import PeopleFinder
    from fusion.pose.track.subject import RULES
    from fusion.pose.video.extract import find_subject, see_video
    from fusion.pose.video.keypoints import recording_of
    from fusion.types import Subject

    own = {} if options.weights is None else {"weights": options.weights}
    model = load("fusion.pose.models", options.model, **own)
    rule = options.subject if options.subject in RULES else "walker"
    click = None if options.subject in RULES else options.subject
    subject = find_subject(options.recording, PeopleFinder(PoseNet()), rule, click, progress)
    pose = see_video(options.recording, model, subject, progress=progress)
    height_m = math.nan if options.height is None else options.height
    camera = _camera(options, pose.info.size_px)
    return recording_of(pose, Subject(height_m=height_m), options.recording.stem, camera), pose


def _camera(options: Namespace, size_px: tuple[int, int]) -> Camera | None:
    """Return the calibrated camera of the video: the only one in the file, or the one of the video's name."""
    from fusion.pose.geometry.files import fitted, read_cameras

    if options.camera is None:
        return None
    cameras = read_cameras(options.camera)
    named = [camera for camera in cameras if camera.name == options.recording.stem]
    if len(cameras) > 1 and not named:
        listed = ", ".join(camera.name for camera in cameras)
        raise UsageError(f"'{options.camera}' holds {listed}; name the video as its camera, or give a file with one.")
    return fitted((named or list(cameras))[0], size_px)


def overlay_bytes(pose: VideoPose, analysis: Analysis, *, keep_face: bool, progress: Progress) -> bytes:
    """Return the video of the patient with skeleton, contacts and angles."""
    from fusion.pose.sides.repair import repair
    from fusion.pose.video.overlay import Overlay, write_overlay

    keypoints = repair(analysis.recording.keypoints[0]).keypoints
    overlay = Overlay(keypoints, analysis.events, _angles(analysis), keep_face)
    with tempfile.TemporaryDirectory(prefix="tandem-") as folder:
        target = Path(folder) / OVERLAY
        write_overlay(pose, overlay, target, progress)
        return target.read_bytes()


def remark_lines(pose: VideoPose) -> list[str]:
    """Return what a person should know about the video."""
    seen = int(pose.seen.sum())
    head = f"Video: {len(pose.time_s)} frames, the patient in {seen}; network {pose.model}."
    return [head, *(f"  {remark}." for remark in pose.remarks)]


def _angles(analysis: Analysis) -> dict[str, Floats]:
    import numpy as np

    time_s = analysis.recording.keypoints[0].time_s
    angles = analysis.joint_angles
    shown = {}
    for name in ("knee_flexion_left_deg", "knee_flexion_right_deg", "hip_flexion_left_deg", "hip_flexion_right_deg"):
        if name in angles.names:
            known = np.isfinite(angles.angle(name))
            joint, _, side, _ = name.split("_")
            values = (
                np.interp(time_s, angles.time_s[known], angles.angle(name)[known], left=np.nan, right=np.nan)
                if known.any()
                else np.full(len(time_s), np.nan)
            )
            shown[f"{side} {joint}"] = values
    return shown


def body_height(text: str) -> float:
    """Return a body height, m, from an argument."""
    try:
        height_m = float(text)
    except ValueError:
        height_m = math.nan
    if not 0.4 <= height_m <= 2.5:
        raise ArgumentTypeError(f"must be a body height in metres, such as 1.65; got {text!r}")
    return height_m


def _subject(text: str) -> str | tuple[float, float, float]:
    from fusion.pose.track.subject import RULES

    if text in RULES:
        return text
    try:
        time_s, u, v = (float(part) for part in text.split(","))
    except ValueError as cause:
        raise ArgumentTypeError(f"must be {', '.join(RULES)} or TIME,U,V; got {text!r}") from cause
    return time_s, u, v


def check_options(options: Namespace) -> None:
    """Refuse what cannot be meant for a video before minutes are spent on it."""
    if options.use == "imu":
        raise UsageError("a video has no wearables. Leave out --use imu.")
