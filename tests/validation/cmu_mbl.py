"""Knee angle over single planar strides (layout cmu_mbl): a regression test, not a measure of superiority.

A stride of about one second has no calibration and no start-up, so the estimator is run directly (``Inputs``) with
known placements; ``pipeline.analyse`` is not involved. The wearables give the pitch rate only (``load_cmu_mbl``),
so that no wearable knows where up is: under ``imu`` the angles' means are arbitrary, and slow drift stays. The
files' shanks end 0.2 m below the knee (the direction is right, the point is no ankle), so that the skeleton takes
its lengths from the keypoints instead of a table of heights.

``knee_sd_deg/<condition>`` is the standard deviation of the knee angle's error, both knees pooled after each knee's
mean error is removed. ``gyro_integral`` and ``keypoints`` are the same figure of the bare signals.
"""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
from scipy.integrate import cumulative_trapezoid

from fusion.body.skeleton import Skeleton
from fusion.errors import TandemError
from fusion.estimator.estimate import estimate_motion
from fusion.estimator.inputs import Inputs
from fusion.estimator.level import LevelledImu
from fusion.pose.sagittal import ACROSS_SD_M, HIP_SD_M
from fusion.pose.segments import segment_pitch
from fusion.stages.cameras import straighten
from fusion.types import SIDES, Floats, Motion, PlacedImu, WorldPoints
from tests.validation.load_cmu_mbl import PlanarStride, load_strides

log = logging.getLogger(__name__)

CONDITIONS = {"camera": (True, False), "imu": (False, True), "both": (True, True)}
"""Condition -> keypoints used, wearables used."""

Knees = dict[str, Floats]


def evaluate(folder: Path) -> dict[str, float]:
    """Return the figures over all strides of a folder."""
    errors: dict[str, list[Floats]] = {}
    evaluated = refused = 0
    for stride in load_strides(folder):
        try:
            angles = {name: estimated(stride, *use) for name, use in CONDITIONS.items()}
        except TandemError as error:
            log.warning("cmu_mbl %s refused: %s", stride.name, error)
            refused += 1
            continue
        evaluated += 1
        angles |= {"gyro_integral": integrated(stride), "keypoints": seen(stride)}
        for name, knees in angles.items():
            for side in SIDES:
                miss = np.asarray(knees[side] - stride.knee_flexion_deg[side])
                errors.setdefault(name, []).append(np.asarray(miss - np.mean(miss)))
    figures = {f"cmu_mbl/knee_sd_deg/{name}": float(np.std(np.concatenate(parts))) for name, parts in errors.items()}
    return {**figures, "cmu_mbl/n": float(evaluated), "cmu_mbl/refused": float(refused)}


def estimated(stride: PlanarStride, use_camera: bool, use_imu: bool) -> Knees:
    """Return the estimator's knee angles at the stride's samples, deg."""
    points = world_points(stride)
    skeleton = Skeleton.from_height(np.nan).refined(*_lengths(points))
    wearables = levelled(stride) if use_imu else ()
    inputs = Inputs(
        skeleton=skeleton,
        imus=tuple(each.imu for each in wearables),
        levelled=wearables,
        points=(straighten(points, skeleton),) if use_camera else (),
    )
    return _knees(estimate_motion(inputs), stride.time_s)


def _lengths(points: WorldPoints) -> tuple[float, float]:
    """Median thigh and shank as the keypoints show them, m."""
    thigh, shank = (
        np.concatenate(
            [
                np.linalg.norm((points.point(f"{side}_{a}") - points.point(f"{side}_{b}"))[:, ::2], axis=1)
                for side in SIDES
            ]
        )
        for a, b in (("hip", "knee"), ("knee", "ankle"))
    )
    return float(np.nanmedian(thigh)), float(np.nanmedian(shank))


def world_points(stride: PlanarStride) -> WorldPoints:
    """Return the keypoints as a side view, with the product's own doubt of a keypoint."""
    track = np.stack(list(stride.keypoint_m.values()), axis=1)
    depth = np.full(track.shape[:2], np.nan)
    sd = np.array([HIP_SD_M if name.endswith(("hip", "pelvis")) else ACROSS_SD_M for name in stride.keypoint_m])
    across = np.broadcast_to(sd, track.shape[:2])
    return WorldPoints(
        camera="side",
        time_s=stride.time_s,
        names=tuple(stride.keypoint_m),
        position_m=np.stack([track[..., 0], depth, track[..., 1]], axis=-1),
        sd_m=np.stack([across, depth, across], axis=-1),
        confidence=np.asarray(np.isfinite(track).all(axis=2), dtype=np.float64),
    )


def levelled(stride: PlanarStride) -> tuple[LevelledImu, ...]:
    """Return the wearables: a rate about the leftward axis, no specific force and no sense of up."""
    placed = []
    for segment, rate in stride.pitch_rate_radps.items():
        gyro = np.stack([np.zeros_like(rate), rate, np.zeros_like(rate)], axis=1)
        unknown = np.full_like(gyro, np.nan)
        rate_hz = float(1.0 / np.median(np.diff(stride.time_s)))
        placed.append(LevelledImu(PlacedImu(segment, stride.time_s, unknown, gyro, rate_hz), unknown))
    return tuple(placed)


def integrated(stride: PlanarStride) -> Knees:
    """Return the integral of the rates, deg."""
    angle = {
        segment: np.rad2deg(cumulative_trapezoid(rate, stride.time_s, initial=0))
        for segment, rate in stride.pitch_rate_radps.items()
    }
    return {side: angle[f"{side}_shank"] - angle[f"{side}_thigh"] for side in SIDES}


def seen(stride: PlanarStride) -> Knees:
    """Return the knee angle of the keypoints as they are, deg."""
    pitch = segment_pitch(world_points(stride))
    return {side: np.rad2deg(pitch[f"{side}_shank"] - pitch[f"{side}_thigh"]) for side in SIDES}


def _knees(motion: Motion, time_s: Floats) -> Knees:
    return {
        side: np.interp(
            time_s,
            motion.time_s,
            np.rad2deg(motion.pitch_rad(f"{side}_shank") - motion.pitch_rad(f"{side}_thigh")),
        )
        for side in SIDES
    }
