"""How wrong a good camera is: joint angles of video pipelines against markers, split as the simulator splits them.

``lbmc/<figure>/<pipeline>/<joint>`` for each pipeline, right hip, knee and ankle, and ``.../simulated/<joint>``: the
same figures of the simulator's side camera with its default errors, so that its defaults can be argued.

1. Markers are brought to the pipeline's times, shifted by the lag that fits best (``lag_ms``).
2. ``bias_deg``: mean error, a matter of definitions. ``sd_deg``: the rest. ``sd_with_lag_deg``: without step 1.
3. Strides from one peak of knee flexion to the next: ``locked_sd_deg`` is the part of the error that every stride
   repeats, ``random_sd_deg`` what is left, ``correlation_s`` how long that stays alike (autocorrelation above 1/e).

One participant, 20 s, right side. Source: lbmc-lyon/Benchmarking_markerless (MIT).
"""

from __future__ import annotations

import csv
import logging
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy.signal import find_peaks

from fusion.body.skeleton import Skeleton
from fusion.pose.sagittal import to_world
from fusion.pose.segments import segment_pitch
from fusion.simulate import CameraSettings, SimulationSettings, simulate
from fusion.types import Floats

log = logging.getLogger(__name__)

COLUMNS = {"hip": "RHip_FE", "knee": "RKnee_FE", "ankle": "RAnkle_FE"}
PIPELINES = {1: "theia_9_cameras", 2: "openpose_9", 3: "openpose_2", 4: "rtmpose_2", 6: "rtmpose_9"}
"""The others are further pipelines that the source does not name here."""

LONGEST_LAG_S = 0.06
_PHASES = 101
_LEAST_STRIDES = 5
_SEEDS = (1, 2, 3)


def evaluate(folder: Path) -> dict[str, float]:
    """Return the figures of every participant in a folder, and of the simulator."""
    markers = sorted(folder.glob("Markers_*_p??.csv"))
    figures: dict[str, float] = {}
    for path in markers:
        person = "" if len(markers) == 1 else f"/{path.stem[-3:]}"
        truth = _read(path)
        for number, name in PIPELINES.items():
            file = path.with_name(path.name.replace("Markers", f"Method{number}"))
            if not file.is_file():
                log.warning("lbmc %s is absent", file.name)
                continue
            seen = _read(file)
            for joint, column in COLUMNS.items():
                found = split(seen["Time"], seen[column], truth["Time"], truth[column], truth[COLUMNS["knee"]])
                figures |= {f"lbmc/{figure}/{name}/{joint}{person}": value for figure, value in found.items()}
    if markers:
        figures |= _simulated()
    return {**figures, "lbmc/n": float(len(markers))}


def split(time_s: Floats, seen: Floats, true_time_s: Floats, truth: Floats, knee: Floats) -> dict[str, float]:
    """Return the parts of the error of an angle, rad in, deg out; NaN where it was not seen."""
    # 1.
    lags = np.arange(-LONGEST_LAG_S, LONGEST_LAG_S + 1e-9, 0.001)
    errors = [seen - np.interp(time_s - lag, true_time_s, truth) for lag in lags]
    known = np.isfinite(errors[0])
    if known.sum() < 100:
        return dict.fromkeys(("bias_deg", "sd_deg"), float("nan"))
    sds = [float(np.std(error[known])) for error in errors]
    best = int(np.argmin(sds))
    # 2.
    error = np.rad2deg(errors[best])
    bias = float(np.mean(error[known]))
    figures = {
        "lag_ms": 1e3 * float(lags[best]),
        "bias_deg": bias,
        "sd_deg": float(np.rad2deg(sds[best])),
        "sd_with_lag_deg": float(np.rad2deg(sds[len(lags) // 2])),
    }
    # 3.
    peaks, _ = find_peaks(knee, prominence=0.5 * np.ptp(knee), distance=round(0.6 / np.median(np.diff(true_time_s))))
    starts = true_time_s[peaks] + lags[best]
    phases = np.linspace(0.0, 1.0, _PHASES)
    if len(starts) <= _LEAST_STRIDES:
        return figures
    places = [start + phases * (end - start) for start, end in pairwise(starts)]
    strides = np.stack([np.interp(place, time_s[known], error[known] - bias) for place in places])
    curve = strides.mean(axis=0)
    left = strides - curve
    k = len(strides)
    # the mean of k strides still holds 1/k of the random variance
    random = float(np.mean(left**2)) * k / (k - 1)
    figures["locked_sd_deg"] = float(np.sqrt(max(np.mean(curve**2) - random / k, 0.0)))
    figures["random_sd_deg"] = float(np.sqrt(random))
    step_s = float(np.mean(np.diff(starts))) / (_PHASES - 1)
    figures["correlation_s"] = step_s * _correlation_steps(left.ravel())
    return figures


def _correlation_steps(values: Floats) -> float:
    spectrum = np.abs(np.fft.rfft(values - values.mean(), 2 * len(values))) ** 2
    like = np.fft.irfft(spectrum)[: len(values)]
    return float(np.argmax(like / like[0] < np.exp(-1.0)))


def _simulated() -> dict[str, float]:
    """Return the same figures of the simulator's side camera, mean over walks; its near leg is the right one."""
    found: dict[str, list[float]] = {}
    for seed in _SEEDS:
        clean = CameraSettings(
            rate_hz=60.0, outlier_fraction=0.0, swap_fraction=0.0, clock_offset_s=0.0, skew_ppm=0.0
        )
        ideal = replace(clean, errors=False, self_occlusion=False)
        walk, exact = (
            simulate(SimulationSettings(duration_s=20.0, seed=seed, cameras=(camera,))) for camera in (clean, ideal)
        )
        time_s, seen = _angles(walk.recording)
        true_time_s, truth = _angles(exact.recording)
        for joint in COLUMNS:
            parts = split(time_s, seen[joint], true_time_s, truth[joint], truth["knee"])
            for figure, value in parts.items():
                found.setdefault(f"lbmc/{figure}/simulated/{joint}", []).append(value)
    return {
        key: float(np.sqrt(np.mean(np.square(values)))) if "sd" in key or "bias" in key else float(np.mean(values))
        for key, values in found.items()
    }


def _angles(recording) -> tuple[Floats, dict[str, Floats]]:  # type: ignore[no-untyped-def]
    """Return frame times and right hip, knee and ankle flexion as a camera sees them, rad."""
    points = to_world(recording.keypoints[0], recording.cameras[0], Skeleton.from_height(recording.subject.height_m))
    pitch = segment_pitch(points)
    thigh, shank, foot = (pitch[f"right_{part}"] for part in ("thigh", "shank", "foot"))
    return points.time_s, {"hip": pitch["trunk"] - thigh, "knee": shank - thigh, "ankle": shank - foot}


def _read(path: Path) -> dict[str, Floats]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([float(row[name] or "nan") for row in rows]) for name in ("Time", *COLUMNS.values())}
