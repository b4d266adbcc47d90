"""A camera that is wrong must not harm: knee angle with and without it, against optical markers (layout nikonpic).

The video reconstruction of this set is nearly useless at the knee. Wearables are virtual (``virtual_imu``), the
frames of the video are tied to them exactly, and the product decides whether to use the camera.

- ``knee_rms_deg/<condition>/<trial>``: root mean square of the knee angle's error after each leg's mean error is
  removed; both legs pooled, over the walking part, where the markers show the leg.
- ``knee_ratio_both_over_imu/<trial>``: the same rule for both.
- ``camera_rejected/<trial>``: 1 when the analysis leaves the camera out *and* a quality check says so; the clock is
  given as exact, so that only the camera's validity can refuse it.
- ``camera_rejected_own_sync/<trial>``: the same when the product has to find the clock itself;
  ``camera_refused_by_sync/<trial>``: 1 when it then was the clock that it could not trust.
- ``camera_correlation/<trial>``: agreement that the validity check measured.
"""

from __future__ import annotations

import logging
import zlib
from pathlib import Path

import numpy as np

from fusion.errors import SignalError, TandemError
from fusion.pipeline import Known, analyse
from fusion.types import SAFE, SIDES, Analysis, Floats, Motion, Recording, SyncResult
from tests.validation.load_nikonpic import JOINTS, MarkerWalk, load_walk, names
from tests.validation.virtual_imu import MarkerBody, marker_body, virtual_imus

log = logging.getLogger(__name__)

CAMERA = "video"
LEAST_SEEN = 0.7
"""Share of the walk in which the markers must show a leg for it to be scored."""

EXACT = SyncResult(CAMERA, 0.0, -0.0025, 0.0025, method="frame count", verdict=SAFE, reason="frames are counted")


def evaluate(folder: Path, seed: int = 0) -> dict[str, float]:
    """Return the figures of every walk in a folder."""
    figures: dict[str, float] = {}
    evaluated = refused = 0
    for trial in names(folder):
        try:
            figures.update(_trial_figures(load_walk(folder, trial), seed))
            evaluated += 1
        except (TandemError, ValueError, LookupError, OSError, ArithmeticError) as error:
            log.warning("nikonpic %s refused: %s", trial, error)
            refused += 1
    return {**figures, "nikonpic/n": float(evaluated), "nikonpic/refused": float(refused)}


def _trial_figures(walk: MarkerWalk, seed: int) -> dict[str, float]:
    body = marker_body(walk.marker_m, walk.rate_hz)
    if not _scored(body):
        raise SignalError("the markers show no leg for long enough while it walks")
    recording = virtual_recording(walk, body, seed)
    exact = Known(sync={CAMERA: EXACT})
    alone = analyse(recording, ("imu",))
    both = analyse(recording, known=exact)
    unsynchronised = analyse(recording)
    rms = {"imu": knee_rms_deg(alone.motion, body), "both": knee_rms_deg(both.motion, body)}
    figures = {
        **{f"knee_rms_deg/{condition}": value for condition, value in rms.items()},
        "knee_ratio_both_over_imu": rms["both"] / rms["imu"],
        "camera_rejected": float(is_rejected(both)),
        "camera_rejected_own_sync": float(is_rejected(unsynchronised)),
        "camera_refused_by_sync": float(not np.isfinite(_correlation(unsynchronised))),
        "camera_correlation": _correlation(both),
        "knee_legs": float(len(_scored(body))),
    }
    return {f"nikonpic/{name}/{walk.trial}": value for name, value in figures.items()}


def virtual_recording(walk: MarkerWalk, body: MarkerBody, seed: int) -> Recording:
    """Return the walk as a recording: five virtual wearables and one lifted camera."""
    rng = np.random.default_rng([seed, zlib.crc32(walk.trial.encode())])
    video = {"time_s": walk.video_time_s, "names": tuple(JOINTS), "position": walk.video_position}
    camera = Recording.from_arrays(keypoints={CAMERA: video})
    return Recording(imus=virtual_imus(body, walk.rate_hz, rng), keypoints=camera.keypoints, identifier=walk.trial)


def is_rejected(analysis: Analysis) -> bool:
    """Return whether the analysis left the camera out and a quality check tells the reader why."""
    camera = _camera(analysis)
    told = any(
        check.status != "good" and check.value == "not fused" and check.remark == camera["refusal"]
        for check in analysis.quality
    )
    return told and bool(camera["refusal"]) and not camera["used"]


def knee_rms_deg(motion: Motion, body: MarkerBody) -> float:
    """Return the root mean square error of the scored legs' knee angles, each leg's mean error removed, deg."""
    errors = []
    for side in _scored(body):
        angle = np.rad2deg(motion.pitch_rad(f"{side}_shank") - motion.pitch_rad(f"{side}_thigh"))
        error = np.interp(body.time_s, motion.time_s, angle, left=np.nan, right=np.nan) - body.knee_flexion_deg[side]
        error = error[body.walking & np.isfinite(body.knee_flexion_deg[side])]
        errors.append(error - np.mean(error))  # NaN of the estimate must show
    return _rms(np.concatenate(errors)) if errors else np.nan


def _scored(body: MarkerBody) -> list[str]:
    if not body.walking.any():
        return []
    return [side for side in SIDES if np.isfinite(body.knee_flexion_deg[side][body.walking]).mean() >= LEAST_SEEN]


def _rms(values: Floats) -> float:
    return float(np.sqrt(np.mean(values**2)))


def _camera(analysis: Analysis) -> dict[str, object]:
    cameras = analysis.provenance["cameras"]
    assert isinstance(cameras, dict)
    return dict(cameras[CAMERA])


def _correlation(analysis: Analysis) -> float:
    value = _camera(analysis)["correlation"]
    return float(value) if isinstance(value, float) else np.nan
