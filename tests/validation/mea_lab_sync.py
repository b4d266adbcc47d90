"""Score camera-to-wearable synchronisation on the set mea_lab.

Rule: the start of every slice of wearable data is cut by a seeded 0 to 2 s, so that the true offset differs
from walk to walk and is known to the reference only. The reference is knee-flexion correlation, precise to
about 4 ms and accurate to 10-20 ms; it is agreement, not a hardware truth.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from fusion.sync.align import align
from fusion.types import SAFE, Floats, Keypoints, Recording, SyncResult
from tests.validation.load_mea_lab import load_walk, trials

SLIP_S = 0.25
"""An error above this is another step or stride, not a small misfit."""

CUT_S = 2.0

ENDS = {"thigh": ("hip", "knee"), "shank": ("knee", "ankle")}

AlignWalk = Callable[[Recording], SyncResult | None]


def evaluate(folder: Path, seed: int = 0, align_walk: AlignWalk | None = None) -> dict[str, float]:
    """Return the figures ``mea_lab/sync_*`` of one seed.

    Parameters
    ----------
    folder
        Folder of the set, with ``index.json``.
    seed
        Seed of the random cuts.
    align_walk
        What is scored: recording -> alignment of its camera, or None when there is none.
    """
    rng = np.random.default_rng(seed)
    scored = align_walk or align_plain
    errors, covered = [], []
    refused = excluded = 0
    for entry in trials(folder):
        walk = load_walk(folder, entry, cut_start_s=float(rng.uniform(0.0, CUT_S)))
        if not walk.truth_is_usable:
            excluded += 1
            continue
        result = scored(walk.recording)
        if result is None or result.verdict != SAFE:
            refused += 1
            continue
        errors.append(abs(result.offset_s - walk.true_offset_s))
        covered.append(result.low_s <= walk.true_offset_s <= result.high_s)
    return _figures(np.array(errors), np.array(covered, dtype=float), refused, excluded)


def _figures(errors_s: Floats, covered: Floats, refused: int, excluded: int) -> dict[str, float]:
    some = errors_s.size > 0
    error_ms = 1e3 * errors_s if some else np.full(1, np.nan)
    return {
        "mea_lab/sync_abs_error_ms/median": float(np.median(error_ms)),
        "mea_lab/sync_abs_error_ms/p90": float(np.percentile(error_ms, 90)),
        "mea_lab/sync_abs_error_ms/max": float(error_ms.max()),
        "mea_lab/sync_slips": float(np.sum(errors_s > SLIP_S)),
        "mea_lab/sync_coverage_95": float(covered.mean()) if some else np.nan,
        "mea_lab/sync_n": float(errors_s.size),
        "mea_lab/sync_refused": float(refused),
        "mea_lab/sync_excluded": float(excluded),
    }


def align_plain(recording: Recording) -> SyncResult:
    """Align with the plainest sagittal rates and keypoint angles that can be had; no calibration."""
    keypoints = recording.keypoints[0]
    return align(keypoints.time_s, keypoint_pitch_rad(keypoints), sagittal_rates(recording))


def keypoint_pitch_rad(keypoints: Keypoints) -> dict[str, Floats]:
    """Return thigh and shank pitch in the vertical plane of the pelvis' way, rad, each (n,)."""
    way = np.nanmedian(np.diff(keypoints.point("pelvis"), axis=0), axis=0)[[0, 2]]
    forward = np.array([way[0], 0.0, way[1]]) / np.hypot(*way)
    pitch = {}
    for side in ("left", "right"):
        for part, (upper, lower) in ENDS.items():
            up_the_segment = keypoints.point(f"{side}_{upper}") - keypoints.point(f"{side}_{lower}")
            pitch[f"{side}_{part}"] = np.arctan2(up_the_segment @ forward, -up_the_segment[:, 1])
    return pitch


def sagittal_rates(recording: Recording) -> dict[str, tuple[Floats, Floats]]:
    """Return time and rate about +y (left), rad/s, of thighs and shanks by principal axes.

    Shank: swing is the fastest rotation and turns the lower end forward, which is negative about +y. Thigh:
    it swings forward before the shank does.
    """
    rates = {}
    for side in ("left", "right"):
        for part in ("shank", "thigh"):
            imu = recording.imu(f"{side}_{part}")
            if imu is None:
                continue
            rate = _principal_rate(imu.gyro_radps)
            if part == "shank":
                rate = -np.sign(np.mean(rate**3)) * rate
            elif f"{side}_shank" in rates:
                rate = _lead_sign(rate, rates[f"{side}_shank"][1], imu.rate_hz) * rate
            rates[f"{side}_{part}"] = (imu.time_s, rate)
    return rates


def _principal_rate(gyro_radps: Floats) -> Floats:
    calm = np.linalg.norm(gyro_radps, axis=1) < 10.0  # stomps at the ends of some slices reach 20 rad/s
    _, _, axes = np.linalg.svd(gyro_radps[calm] - gyro_radps[calm].mean(axis=0), full_matrices=False)
    return np.asarray(gyro_radps @ axes[0])


def _lead_sign(thigh: Floats, shank: Floats, rate_hz: float) -> float:
    leads = range(round(0.05 * rate_hz), round(0.25 * rate_hz))
    products = [float(np.mean(thigh[:-lead] * shank[lead:])) for lead in leads]
    return float(np.sign(np.mean(products)))
