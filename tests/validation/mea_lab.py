"""Evaluate the set mea_lab with the product's own pipeline: synchronisation, events, knee angle, camera kept.

The reference is the maker's output from the same wearables: agreement, not accuracy. The knee angle is compared
over the time in which the camera saw the walk, after removing each leg's mean difference, because the vendor's zero
is unknown. Conditions with three sensors keep pelvis and shanks; there the thigh of ``imu_3imu`` is what the chain of
accelerations says, which the product itself reports as "not assessable".
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from fusion.errors import TandemError
from fusion.pipeline import Prepared, estimate, find_events, prepare
from fusion.recording.clean import clean
from fusion.types import SIDES, GaitEvents, Motion, Recording, SyncResult
from tests.validation import mea_lab_events, mea_lab_sync
from tests.validation.load_mea_lab import FRAME_RATE_HZ, Walk

WORKERS = 2
KNEE_CONDITIONS = ("camera", "imu", "both", "both_3imu", "imu_3imu")


@dataclass(frozen=True, slots=True)
class _Found:
    """What the pipeline made of one walk under one condition."""

    events: GaitEvents
    knee_sd_deg: tuple[float, ...] = ()
    camera_kept: bool = False
    refused: bool = False


def evaluate(folder: Path, seed: int = 0) -> dict[str, float]:
    """Return every figure of the set."""
    figures = mea_lab_sync.evaluate(folder, seed, align_walk=product_sync)
    tasks: dict[tuple[str, str], Walk] = {}

    def note(walk: Walk, condition: str) -> GaitEvents:
        tasks[(walk.trial, condition)] = walk
        return GaitEvents.none()

    mea_lab_events.evaluate(folder, note)
    found = dict(_all_found(tasks))
    figures |= mea_lab_events.evaluate(folder, lambda walk, condition: found[(walk.trial, condition)].events)
    for condition in KNEE_CONDITIONS:
        sds = [sd for (_, name), one in found.items() if name == condition for sd in one.knee_sd_deg]
        figures[f"mea_lab/knee_sd_deg/{condition}"] = float(np.median(sds)) if sds else float("nan")
        figures[f"mea_lab/knee_sd_p90_deg/{condition}"] = float(np.percentile(sds, 90)) if sds else float("nan")
    both = [one for (_, name), one in found.items() if name == "both"]
    figures["mea_lab/camera_kept_fraction"] = float(np.mean([one.camera_kept for one in both]))
    figures["mea_lab/n"] = float(len(both))
    figures["mea_lab/refused"] = float(sum(one.refused for one in found.values()))
    return figures


def product_sync(recording: Recording) -> SyncResult | None:
    """Return the camera's synchronisation as the pipeline finds it."""
    views = prepare(clean(recording)).views
    return views[0].sync if views else None


def _all_found(tasks: dict[tuple[str, str], Walk]) -> Iterator[tuple[tuple[str, str], _Found]]:
    keys = list(tasks)
    # Spawned, not forked: the parent may hold threads of the numerical libraries.
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        yield from zip(keys, pool.map(_found, tasks.values(), (name for _, name in keys), chunksize=8), strict=True)


def _found(walk: Walk, condition: str) -> _Found:
    try:
        ready = prepare(clean(walk.recording))
        motion = estimate(ready)
    except TandemError:
        return _Found(GaitEvents.none(), refused=True)
    # Without wearables the reference clock is the camera's own; the true offset brings it to IMU time.
    shift_s = walk.true_offset_s if condition == "camera" else 0.0
    events = find_events(ready, motion)
    return _Found(
        events=_shifted(events, shift_s),
        knee_sd_deg=_knee_sds(walk, motion, shift_s) if condition in KNEE_CONDITIONS else (),
        camera_kept=_is_kept(ready),
    )


def _is_kept(ready: Prepared) -> bool:
    return bool(ready.views) and all(view.is_used for view in ready.views)


def _shifted(events: GaitEvents, shift_s: float) -> GaitEvents:
    return GaitEvents(events.time_s + shift_s, events.side, events.kind, events.sd_s, events.source)


def _knee_sds(walk: Walk, motion: Motion, shift_s: float) -> tuple[float, ...]:
    frames = len(walk.recording.keypoints[0].time_s) if walk.recording.keypoints else walk.frames
    start_s, stop_s = walk.true_offset_s, walk.true_offset_s + frames / FRAME_RATE_HZ
    time_s = walk.reference_time_s
    inside = (time_s > start_s) & (time_s < stop_s)
    sds = []
    for side in SIDES:
        knee = np.rad2deg(motion.pitch_rad(f"{side}_shank") - motion.pitch_rad(f"{side}_thigh"))
        error = np.interp(time_s[inside], motion.time_s + shift_s, knee) - walk.knee_flexion_deg[side][inside]
        sds.append(float(np.nanstd(error)))
    return tuple(sds)
