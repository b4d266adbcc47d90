"""One real walker seen from the side, by every network (sample clip of Sports2D, BSD-3; no ground truth).

Nothing of the data folder is needed: the clip and the weights come from the cache (``python -m tests.pose.fetch``);
without them there are no figures. Reference for sides and places: mean of MoveNet Thunder and BlazePose heavy, which
agree on the side of every foot while the whole walker is in view; agreement, not accuracy.

- ``collapsed_<before|after>_fraction/<network>``: both ankles on one foot; ``swapped_...``: exchanged; of the frames
  in which the feet are a quarter of a leg apart. Before: as the network names them. After: as the analysis uses them.
- ``ankle_missing_fraction/<network>``: legs without an ankle after repair, of the frames of the reference.
- ``ankle_rms_leg/<network>``: distance to the reference after repair, in leg lengths.
- ``cadence_spm/<network>``, ``step_time_s``, ``speed_mps``: of the camera-only analysis; ``..._spread_percent``:
  largest difference over networks, of their median.
- ``<cadence|speed>_change_percent/<mirrored|half_size|15_fps>``: MoveNet Thunder on the clip changed so.
"""

from __future__ import annotations

import tempfile
from fractions import Fraction
from pathlib import Path

import numpy as np

from fusion import plugins
from fusion.pipeline import analyse
from fusion.pose.sides.repair import repair
from fusion.pose.track.people import PeopleFinder
from fusion.pose.video.extract import VideoPose, find_subject, see_video
from fusion.pose.video.keypoints import keypoints_of, recording_of
from fusion.pose.video.reader import read_frames
from fusion.pose.weights import catalogue, obtain, samples
from fusion.types import SIDES, Floats, Keypoints, Subject

NETWORKS = ("posenet", "movenet_lightning", "movenet_thunder", "blazepose_full", "blazepose_heavy")
WALKER = Subject(height_m=1.65)
VIEW_S = (1.6, 6.3)
"""When the whole walker is in view: no tree before, no edge after."""

APART = 0.25
CHANGES = {
    "mirrored": lambda picture: picture[:, ::-1],
    "half_size": lambda picture: _half(picture),
    "15_fps": lambda picture: picture,
}


def evaluate(folder: Path) -> dict[str, float]:
    """Return the figures; ``folder`` is not looked at."""
    del folder
    clip = samples.sample_folder("walk") / "demo.mp4"
    subject = find_subject(clip, PeopleFinder())
    poses = {name: see_video(clip, plugins.load("fusion.pose.models", name), subject) for name in NETWORKS}
    usual = plugins.load("fusion.pose.models", "posenet", input_px=257, decoding="peak")
    poses["posenet_257_peak"] = see_video(clip, usual, subject)
    figures = {**_side_figures(poses), **_gait_figures(poses), **_change_figures(clip, poses["movenet_thunder"])}
    return {f"video/{name}": value for name, value in figures.items()}


def is_here() -> bool:
    """Return whether clip and weights are in the cache."""
    return samples.is_ready("walk") and all(obtain.is_ready(each) for each in catalogue.NETWORKS)


def reference_ankles(poses: list[VideoPose]) -> Floats:
    """Return both ankles in each frame, px, shape (n, 2 sides, 2): mean over networks; NaN outside the view."""
    tracks = [np.stack([pose.point(f"{side}_ankle") for side in SIDES], axis=1) for pose in poses]
    mean = np.mean(tracks, axis=0)
    time_s = poses[0].time_s
    mean[(time_s < VIEW_S[0]) | (time_s > VIEW_S[1])] = np.nan
    return np.asarray(mean)


def ankle_faults(pose: VideoPose, reference: Floats) -> dict[str, float]:
    """Return counts of frames: compared, collapsed and swapped, before and after; and distance and holes after."""
    before = keypoints_of(pose)
    result = repair(before)
    apart = np.linalg.norm(reference[:, 0] - reference[:, 1], axis=1) > APART * result.leg_px
    counts = {"frames": float(apart.sum())}
    for word, keypoints in (("before", before), ("after", result.keypoints)):
        wrong = _on_other_foot(keypoints, reference)[apart].sum(axis=1)
        counts |= {f"collapsed_{word}": float((wrong == 1).sum()), f"swapped_{word}": float((wrong == 2).sum())}
    view = np.isfinite(reference[:, 0, 0])
    error = (_ankles(result.keypoints) - reference)[view] / result.leg_px
    counts["missing"] = float(np.isnan(error[..., 0]).mean())
    counts["rms_leg"] = float(np.sqrt(np.nanmean((error**2).sum(axis=2))))
    return counts


def _side_figures(poses: dict[str, VideoPose]) -> dict[str, float]:
    reference = reference_ankles([poses["movenet_thunder"], poses["blazepose_heavy"]])
    figures = {}
    for name, pose in poses.items():
        faults = ankle_faults(pose, reference)
        for fault in ("collapsed", "swapped"):
            for word in ("before", "after"):
                figures[f"{fault}_{word}_fraction/{name}"] = faults[f"{fault}_{word}"] / faults["frames"]
        figures[f"ankle_missing_fraction/{name}"] = faults["missing"]
        figures[f"ankle_rms_leg/{name}"] = faults["rms_leg"]
    return figures


def _gait_figures(poses: dict[str, VideoPose]) -> dict[str, float]:
    found = {name: gait(poses[name]) for name in NETWORKS}
    figures = {}
    for k, key in enumerate(("cadence_spm", "step_time_s", "speed_mps")):
        values = np.array([found[name][k] for name in NETWORKS])
        figures |= {f"{key}/{name}": float(value) for name, value in zip(NETWORKS, values, strict=True)}
        figures[f"{key.split('_')[0]}_spread_percent"] = float(100.0 * np.ptp(values) / np.median(values))
    return figures


def _change_figures(clip: Path, as_it_is: VideoPose) -> dict[str, float]:
    network = plugins.load("fusion.pose.models", as_it_is.model)
    cadence, _, speed = gait(as_it_is)
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, change in CHANGES.items():
            changed = Path(folder) / f"{name}.mp4"
            write_changed(clip, changed, change, every=2 if name == "15_fps" else 1)
            other = gait(see_video(changed, network))
            figures[f"cadence_change_percent/{name}"] = 100.0 * (other[0] / cadence - 1.0)
            figures[f"speed_change_percent/{name}"] = 100.0 * (other[2] / speed - 1.0)
    return figures


def gait(pose: VideoPose) -> tuple[float, float, float]:
    """Return cadence, step time and speed of the camera-only analysis; NaN where not assessable."""
    parameters = analyse(recording_of(pose, WALKER)).parameters
    wanted = ("cadence_spm", "step_time_s", "walking_speed_mps")
    cadence, step, speed = (parameters.get(name).value for name in wanted)
    return cadence, step, speed


def write_changed(clip: Path, target: Path, change, every: int = 1) -> None:  # type: ignore[no-untyped-def]
    """Write a clip with each picture changed, at its own time; only every n-th picture."""
    import av

    with av.open(str(target), "w") as container:
        stream = None
        for frame in read_frames(clip):
            if frame.index % every:
                continue
            picture = np.ascontiguousarray(change(frame.picture))
            if stream is None:
                stream = container.add_stream("libx264", rate=30, options={"crf": "12", "preset": "ultrafast"})
                stream.height, stream.width = (2 * (side // 2) for side in picture.shape[:2])
                stream.pix_fmt = "yuv420p"
                stream.time_base = stream.codec_context.time_base = Fraction(1, 90_000)
            written = av.VideoFrame.from_ndarray(picture[: stream.height, : stream.width], format="rgb24")
            written.pts, written.time_base = round(frame.time_s * 90_000), Fraction(1, 90_000)
            container.mux(stream.encode(written))
        container.mux(stream.encode(None))


def _half(picture):  # type: ignore[no-untyped-def]
    import cv2

    return cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)


def _ankles(keypoints: Keypoints) -> Floats:
    return np.stack([keypoints.point(f"{side}_ankle") for side in SIDES], axis=1)


def _on_other_foot(keypoints: Keypoints, reference: Floats) -> Floats:
    """Return which ankles lie nearer to the other foot, shape (n, 2)."""
    ankles = _ankles(keypoints)
    to_own = np.linalg.norm(ankles - reference, axis=2)
    to_other = np.linalg.norm(ankles - reference[:, ::-1], axis=2)
    return np.asarray(to_other < to_own)
