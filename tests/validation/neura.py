"""Seven wearables against optical joint centres, alone and with a camera that sees those centres (layout neura).

The walker goes, turns and comes back. The camera is simulated: a level side camera at 30 frames per second, joint
centres with the detector errors of ``fusion.simulate`` (jitter, drift, gait-locked curve, bias; no outliers); it
films the way out. Rows are synchronous, so that its offset is given. Reference: inclinations of the lines hip-knee
and knee-ankle in the vertical plane across the line of the hips. Scored on the way out; ``imu_all`` also
on the way back.

- ``knee_rmse_deg/<condition>``, ``thigh_rmse_deg/<condition>``: as found.
- ``knee_sd_deg/...``, ``thigh_sd_deg/...``: each leg's mean error taken off.
- conditions: ``camera``, ``imu`` (7), ``imu_all``, ``both`` (7), ``both_3imu`` (pelvis, shanks).
- ``camera_kept_fraction``: of ``both`` and ``both_3imu``.

Published for three wearables and nine people: knee 10.0 deg (Sy et al. 2020, doi:10.1109/TBME.2020.3026464).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.ndimage import uniform_filter1d

from fusion.errors import TandemError
from fusion.pipeline import Known, estimate, prepare
from fusion.recording.clean import clean
from fusion.simulate import CameraSettings
from fusion.simulate.camera import FAR_LEG, keypoint_noise
from fusion.types import SAFE, SIDES, Camera, Flags, Floats, Recording, Subject, SyncResult

log = logging.getLogger(__name__)

RATE_HZ = 100.0
SENSORS = {
    "Pelvis": "pelvis",
    "L_UpLeg": "left_thigh",
    "R_UpLeg": "right_thigh",
    "L_LowLeg": "left_shank",
    "R_LowLeg": "right_shank",
    "L_Foot": "left_foot",
    "R_Foot": "right_foot",
}
CENTRES = {
    "pelvis": "PELV",
    **{
        f"{side}_{joint}": f"{side[0].upper()}{code}"
        for side in SIDES
        for joint, code in (("hip", "FEP"), ("knee", "FEO"), ("ankle", "TIO"))
    },
}
THREE = ("pelvis", "left_shank", "right_shank")
EXACT = SyncResult("side", 0.0, -0.002, 0.002, method="rows are synchronous", verdict=SAFE)
FRAME_STEP = 3
DISTANCE_M = 6.0
TURN_DEG = 25.0
THIGH_SHARE = 0.245
"""Thigh over body height (Winter 2009): the height is not given."""


@dataclass(frozen=True, slots=True)
class Walk:
    """One walk: the recording, and the reference that is never an input.

    Attributes
    ----------
    knee_deg, thigh_deg
        Side -> angle on the wearables' rows, shape (n,).
    out, straight
        Rows of the way out; of the way out and back without the turn. Shape (n,).
    """

    name: str
    recording: Recording
    knee_deg: dict[str, Floats]
    thigh_deg: dict[str, Floats]
    out: Flags
    straight: Flags


def evaluate(folder: Path) -> dict[str, float]:
    """Return the figures of every walk in a folder, pooled."""
    errors: dict[tuple[str, str], list[Floats]] = {}
    kept: list[bool] = []
    evaluated = refused = 0
    for path in sorted(folder.glob("*-Pelvis.csv")):
        try:
            walk = load(folder, path.name.removesuffix("-Pelvis.csv"))
            for condition, recording in _conditions(walk.recording).items():
                scored = walk.straight if condition == "imu_all" else walk.out
                for angle, found in _errors(walk, recording, scored, kept).items():
                    errors.setdefault((angle, condition), []).extend(found)
            evaluated += 1
        except (TandemError, ValueError, LookupError, OSError) as error:
            log.warning("neura %s refused: %s", path.name, error)
            refused += 1
    figures = {"neura/camera_kept_fraction": float(np.mean(kept))} if kept else {}
    for (angle, condition), found in errors.items():
        figures[f"neura/{angle}_rmse_deg/{condition}"] = _rms(found)
        figures[f"neura/{angle}_sd_deg/{condition}"] = _rms([error - np.mean(error) for error in found])
    return {**figures, "neura/n": float(evaluated), "neura/refused": float(refused)}


def load(folder: Path, name: str) -> Walk:
    """Return one walk with its simulated camera."""
    imus = {}
    for key, segment in SENSORS.items():
        columns = _columns(folder / f"{name}-{key}.csv")
        imus[segment] = {
            "time_s": np.arange(len(columns["acc_1"])) / RATE_HZ,
            "accel_mps2": np.column_stack([columns[f"acc_{k}"] for k in (1, 2, 3)]),
            "gyro_radps": np.column_stack([columns[f"gyr_{k}"] for k in (1, 2, 3)]),
            "rate_hz": RATE_HZ,
        }
    optical = _columns(folder / f"{name}.csv")
    centre = {point: np.column_stack([optical[f"{code}_{k}"] for k in (1, 2, 3)]) for point, code in CENTRES.items()}
    heading = _heading_rad(centre)
    start = float(np.median(heading[:50]))
    turned = np.abs(np.rad2deg(heading - start))
    gone = np.flatnonzero(turned > TURN_DEG)
    out = np.arange(len(heading)) < (gone[0] if gone.size else len(heading))
    straight = out | (np.abs(turned - 180.0) < TURN_DEG)
    plane = {point: _turned(track, np.full(len(heading), start)) for point, track in centre.items()}
    body = {point: _turned(track, heading) for point, track in centre.items()}
    thigh_m = np.mean([np.linalg.norm(plane[f"{s}_hip"] - plane[f"{s}_knee"], axis=1).mean() for s in SIDES])
    points, camera = _camera({point: track[out] for point, track in plane.items()}, name)
    subject = Subject(height_m=float(thigh_m) / THIGH_SHARE)
    recording = Recording.from_arrays(imus=imus, keypoints={"side": points}, cameras=(camera,), subject=subject)
    thigh = {side: _pitch(body[f"{side}_hip"] - body[f"{side}_knee"]) for side in SIDES}
    shank = {side: _pitch(body[f"{side}_knee"] - body[f"{side}_ankle"]) for side in SIDES}
    knee = {side: np.rad2deg(shank[side] - thigh[side]) for side in SIDES}
    return Walk(name, recording, knee, {side: np.rad2deg(thigh[side]) for side in SIDES}, out, straight)


def _columns(path: Path) -> dict[str, Floats]:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("//")]
    values = np.array([[float(cell) if cell else np.nan for cell in line.split(",")] for line in lines[1:]])
    return dict(zip(lines[0].split(","), values.T, strict=True))


def _heading_rad(centre: dict[str, Floats]) -> Floats:
    """Return where the walker faces, rad about +z, from the line of the hips, smoothed over a stride."""
    left = centre["left_hip"] - centre["right_hip"]
    return np.asarray(
        uniform_filter1d(np.unwrap(np.arctan2(-left[:, 0], left[:, 1])), round(RATE_HZ), mode="nearest")
    )


def _turned(track: Floats, heading_rad: Floats) -> Floats:
    """Return a track in axes x ahead, y left, z up of a heading, shape (n, 3)."""
    sine, cosine = np.sin(heading_rad), np.cos(heading_rad)
    x, y, z = track.T
    return np.column_stack([cosine * x + sine * y, cosine * y - sine * x, z])


def _camera(plane: dict[str, Floats], name: str) -> tuple[dict[str, object], Camera]:
    """Return the keypoints of a calibrated side camera on the right, and its geometry."""
    rng = np.random.default_rng(list(name.encode()))
    names = tuple(plane)
    position = np.stack([plane[point][::FRAME_STEP] for point in names], axis=1)
    position -= np.mean(plane["pelvis"], axis=0) * np.array([1.0, 1.0, 0.0])
    rate_hz = RATE_HZ / FRAME_STEP
    frames = len(position)
    phase = np.arange(frames) / rate_hz / 1.1  # only its period matters: a curve that comes back with every stride
    error = keypoint_noise(CameraSettings(rate_hz=rate_hz), phase, len(names), rng)
    far = np.array([FAR_LEG if point.startswith("left") else 1.0 for point in names])
    seen = position + error * far[:, None]
    depth_m = DISTANCE_M + seen[..., 1]
    focal, centre = 900.0, np.array([959.5, 539.5])
    pixels = np.stack(
        [centre[0] + focal * seen[..., 0] / depth_m, centre[1] - focal * (seen[..., 2] - 1.0) / depth_m], axis=2
    )
    camera = Camera(
        "side",
        size_px=np.array([1920.0, 1080.0]),
        focal_px=np.full(2, focal),
        centre_px=centre,
        camera_from_world=np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]]),
        position_m=np.array([0.0, -DISTANCE_M, 1.0]),
        rate_hz=rate_hz,
    )
    return {"time_s": np.arange(frames) / rate_hz, "names": names, "position": pixels}, camera


def _conditions(recording: Recording) -> dict[str, Recording]:
    three = tuple(imu for imu in recording.imus if imu.segment in THREE)
    return {
        "camera": recording.with_sources(("camera",)),
        "imu": recording.with_sources(("imu",)),
        "imu_all": recording.with_sources(("imu",)),
        "both": recording,
        "both_3imu": replace(recording, imus=three),
    }


def _errors(walk: Walk, recording: Recording, scored: Flags, kept: list[bool]) -> dict[str, list[Floats]]:
    ready = prepare(clean(recording), Known(sync={"side": EXACT}))
    if recording.imus:
        kept += [view.is_used for view in ready.views]
    motion = estimate(ready)
    errors: dict[str, list[Floats]] = {"knee": [], "thigh": []}
    rows = np.arange(len(scored)) / RATE_HZ
    for side in SIDES:
        thigh, shank = (np.rad2deg(motion.pitch_rad(f"{side}_{part}")) for part in ("thigh", "shank"))
        for angle, found, true in (("knee", shank - thigh, walk.knee_deg), ("thigh", thigh, walk.thigh_deg)):
            error = np.interp(rows, motion.time_s, found) - true[side]
            errors[angle].append(error[scored & np.isfinite(true[side])])
    return errors


def _pitch(up: Floats) -> Floats:
    return np.asarray(np.arctan2(up[:, 0], up[:, 2]))


def _rms(errors: list[Floats]) -> float:
    return float(np.sqrt(np.mean(np.concatenate(errors) ** 2)))
