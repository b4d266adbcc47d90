"""Evaluate the set kam: right knee angle, camera alone, wearables alone and fused, against optical markers.

Rule: RMS over steps 2-10 after subtracting the mean error of step 1; one setting for all people. Rows are
synchronous, so the camera offset is given as 0. The gyros' bone rates are fitted once per person on all steps of that
person, camera against gyro, without the reference. ``knee_ratio_blanked``: the camera is blanked for 300 ms at
mid-stance, toe-off and in swing of each step; RMS over those samples relative to the same samples unblanked.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from fusion.body.bone_rate import bone_rate_weights
from fusion.errors import TandemError
from fusion.pipeline import FREE_ZERO_SD_DEG, Known, Prepared, estimate, prepare
from fusion.types import SAFE, SEGMENTS, Floats, Recording, SyncResult
from tests.validation.load_kam import RATE_HZ, Step, steps

SYNCHRONOUS = {"side": SyncResult("side", 0.0, 0.0, 0.0, method="rows are synchronous", verdict=SAFE)}
BLANK_S = 0.3
CONDITIONS: dict[str, tuple[str, ...]] = {"camera": ("camera",), "imu": ("imu",), "both": ("camera", "imu")}


def evaluate(folder: Path) -> dict[str, float]:
    """Return the figures of every person found."""
    people: dict[str, list[Step]] = {}
    for step in steps(folder):
        people.setdefault(step.subject, []).append(step)
    return figures_of(people)


def figures_of(people: dict[str, list[Step]]) -> dict[str, float]:
    """Return the figures of people whose steps have the layout of the set."""
    figures: dict[str, float] = {"kam/n": float(sum(map(len, people.values()))), "kam/refused": 0.0}
    kept = []
    for subject, walked in people.items():
        known = Known(sync=SYNCHRONOUS, bone_rates=_bone_rates(walked))
        errors: dict[str, list[Floats]] = {}
        for condition, use in CONDITIONS.items():
            errors[condition] = [_knee_error(step, step.recording.with_sources(use), known) for step in walked]
            figures[f"kam/knee_rms_deg/{condition}/{subject}"] = _pooled_rms(_referred(errors[condition]))
        camera, both = _referred(errors["camera"]), _referred(errors["both"])
        figures[f"kam/knee_ratio_to_camera/both/{subject}"] = _pooled_rms(both) / _pooled_rms(camera)
        ratios = [_rms(b) / _rms(c) for b, c in zip(both, camera, strict=True)]
        figures[f"kam/knee_worst_step_ratio/both/{subject}"] = max(ratios)
        figures |= _coverage(subject, walked, known)
        for phase, ratio in _blanked(walked, errors["both"], known).items():
            figures[f"kam/knee_ratio_blanked/{phase}/{subject}"] = ratio
        kept += [_is_kept(step, known) for step in walked]
    figures["kam/camera_kept_fraction"] = float(np.mean(kept)) if kept else float("nan")
    return figures


def _prepare(recording: Recording, known: Known) -> Prepared:
    return prepare(recording, known)


def _bone_rates(walked: list[Step]) -> dict[str, Floats]:
    """Camera against gyro over all steps of one person."""
    walks = []
    for step in walked:
        ready = _prepare(step.recording, Known(sync=SYNCHRONOUS))
        walks.append((ready.wearables.placed, ready.views[0].pitches()))
    return bone_rate_weights(walks)


def _is_kept(step: Step, known: Known) -> bool:
    return all(view.is_used for view in _prepare(step.recording, known).views)


def _knee_error(step: Step, recording: Recording, known: Known) -> Floats:
    """Error of the right knee at the reference's rows, deg, shape (n,); NaN where either is missing."""
    try:
        motion = estimate(_prepare(recording, known), known.settings)
    except TandemError:
        return np.full(len(step.knee_flexion_deg), np.nan)
    knee = np.rad2deg(motion.pitch_rad("right_shank") - motion.pitch_rad("right_thigh"))
    rows = np.arange(len(step.knee_flexion_deg)) / RATE_HZ
    return np.asarray(np.interp(rows, motion.time_s, knee) - step.knee_flexion_deg)


def _coverage(subject: str, walked: list[Step], known: Known) -> dict[str, float]:
    """Share of the fused knee inside its 95 % interval: as reported, and of the shape alone (offset removed)."""
    errors, sds = [], []
    shank, thigh = SEGMENTS.index("right_shank"), SEGMENTS.index("right_thigh")
    for step in walked:
        motion = estimate(_prepare(step.recording, known), known.settings)
        knee = np.rad2deg(motion.pitch_rad("right_shank") - motion.pitch_rad("right_thigh"))
        P = motion.pitch_covariance_rad2
        sd = np.rad2deg(np.sqrt(P[:, shank, shank] + P[:, thigh, thigh] - 2.0 * P[:, shank, thigh]))
        rows = np.arange(len(step.knee_flexion_deg)) / RATE_HZ
        errors.append(np.interp(rows, motion.time_s, knee) - step.knee_flexion_deg)
        sds.append(np.interp(rows, motion.time_s, sd))
    error, sd = np.concatenate(errors), np.concatenate(sds)
    known_rows = np.isfinite(error)
    error, sd = error[known_rows], sd[known_rows]
    reported = np.abs(error) < 1.96 * np.hypot(sd, FREE_ZERO_SD_DEG)
    shape = np.abs(error - error.mean()) < 1.96 * sd
    return {
        f"kam/knee_coverage_95/both/{subject}": float(reported.mean()),
        f"kam/knee_shape_coverage_95/both/{subject}": float(shape.mean()),
        f"kam/knee_offset_deg/both/{subject}": float(error.mean()),
    }


def _referred(errors: list[Floats]) -> list[Floats]:
    """Errors of steps 2 to last, relative to the mean error of step 1."""
    return [error - np.nanmean(errors[0]) for error in errors[1:]]


def _blanked(walked: list[Step], unblanked: list[Floats], known: Known) -> dict[str, float]:
    ratios = {}
    offset = np.nanmean(unblanked[0])
    for phase in ("midstance", "toe_off", "swing"):
        hidden, shown = [], []
        for step, full in zip(walked[1:], unblanked[1:], strict=True):
            start_s = _phase_start_s(step, phase)
            error = _knee_error(step, _without_frames(step.recording, start_s), known)
            rows = np.arange(len(error)) / RATE_HZ
            gap = (rows >= start_s) & (rows < start_s + BLANK_S)
            hidden.append(error[gap] - offset)
            shown.append(full[gap] - offset)
        ratios[phase] = _pooled_rms(hidden) / _pooled_rms(shown)
    return ratios


def _phase_start_s(step: Step, phase: str) -> float:
    stance = np.flatnonzero(step.stance > 0.5)
    strike, toe_off = stance[0] / RATE_HZ, stance[-1] / RATE_HZ
    last = (len(step.stance) - 1) / RATE_HZ
    centre = {"midstance": 0.5 * (strike + toe_off), "toe_off": toe_off, "swing": last - 0.5 * BLANK_S}[phase]
    return float(centre - 0.5 * BLANK_S)


def _without_frames(recording: Recording, start_s: float) -> Recording:
    seen = recording.keypoints[0]
    hidden = (seen.time_s >= start_s) & (seen.time_s < start_s + BLANK_S)
    position, confidence = seen.position.copy(), seen.confidence.copy()
    position[hidden], confidence[hidden] = np.nan, 0.0
    return replace(recording, keypoints=(replace(seen, position=position, confidence=confidence),))


def _rms(error: Floats) -> float:
    return float(np.sqrt(np.nanmean(error**2)))


def _pooled_rms(errors: list[Floats]) -> float:
    return _rms(np.concatenate(errors))
