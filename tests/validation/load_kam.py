"""Read the set kam: eight raw wearables, 2-D keypoints of a side view, optical markers as the reference."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fusion.types import Floats, Recording, Subject

RATE_HZ = 100.0
ACCEL_RANGE_MPS2 = 39.2

SENSORS = {
    "WAIST": "pelvis",
    "CHEST": "trunk",
    "L_THIGH": "left_thigh",
    "L_SHANK": "left_shank",
    "L_FOOT": "left_foot",
    "R_THIGH": "right_thigh",
    "R_SHANK": "right_shank",
    "R_FOOT": "right_foot",
}

JOINTS = {
    "left_shoulder": "LShoulder",
    "right_shoulder": "RShoulder",
    "pelvis": "MidHip",
    "left_hip": "LHip",
    "right_hip": "RHip",
    "left_knee": "LKnee",
    "right_knee": "RKnee",
    "left_ankle": "LAnkle",
    "right_ankle": "RAnkle",
    "left_heel": "LHeel",
    "right_heel": "RHeel",
}

MOUNTING = "x:left y:up z:forward"
"""Sensor axes of waist, chest, thighs and shanks in quiet standing, as the data set documents them."""


@dataclass(frozen=True, slots=True)
class Step:
    """One right step, about 1 s: the recording and the reference that is never an input."""

    subject: str
    number: int
    recording: Recording
    knee_flexion_deg: Floats
    stance: Floats
    force_n: Floats


def steps(folder: Path) -> Iterator[Step]:
    """Yield every step of every person found in the folder's files."""
    import h5py

    for path in sorted(folder.glob("*.h5")):
        with h5py.File(path) as file:
            columns = {name: i for i, name in enumerate(json.loads(file.attrs["columns"]))}
            for subject in sorted(file):
                data = np.asarray(file[subject], dtype=np.float64)
                for number in range(len(data)):
                    yield _step(subject, number, data[number], columns)


def _step(subject: str, number: int, rows: Floats, columns: dict[str, int]) -> Step:
    rows = rows[: int(np.nonzero(np.abs(rows).sum(axis=1))[0][-1]) + 1]  # zero rows pad the end

    def take(*names: str) -> Floats:
        return rows[:, [columns[name] for name in names]]

    time_s = np.arange(len(rows)) / RATE_HZ
    imus = {
        segment: {
            "time_s": time_s,
            "accel_mps2": take(*(f"Accel{axis}_{key}" for axis in "XYZ")),
            "gyro_radps": np.deg2rad(take(*(f"Gyro{axis}_{key}" for axis in "XYZ"))),
            "rate_hz": RATE_HZ,
            "accel_range_mps2": ACCEL_RANGE_MPS2,
            "mounting": "" if segment.endswith("foot") else MOUNTING,
        }
        for key, segment in SENSORS.items()
    }
    pixels = np.stack([take(f"{joint}_x_90", f"{joint}_y_90") for joint in JOINTS.values()], axis=1)
    pixels[(pixels == 0.0).all(axis=2)] = np.nan  # zero means missing
    recording = Recording.from_arrays(
        imus=imus,
        keypoints={"side": {"time_s": time_s, "names": tuple(JOINTS), "position": pixels}},
        subject=Subject(height_m=float(take("body height")[0, 0]), mass_kg=float(take("body weight")[0, 0])),
        surface="treadmill",
        identifier=f"{subject} step {number + 1}",
    )
    return Step(
        subject=subject,
        number=number,
        recording=recording,
        knee_flexion_deg=_knee_flexion_deg(take),
        stance=take("force_phase")[:, 0],
        force_n=take("plate_2_force_z")[:, 0] if "plate_2_force_z" in columns else np.full(len(rows), np.nan),
    )


def _knee_flexion_deg(take) -> Floats:
    """Sagittal knee angle of the right leg from markers: FT, mid FME/FLE, mid TAM/FAL in the Y-Z plane."""

    def marker(name: str) -> Floats:
        values = take(*(f"{name}_{axis}" for axis in "YZ"))
        return np.where(values == 0.0, np.nan, values)

    hip = marker("RFT")
    knee = 0.5 * (marker("RFME") + marker("RFLE"))
    ankle = 0.5 * (marker("RTAM") + marker("RFAL"))
    thigh, shank = knee - hip, ankle - knee
    angle = np.arctan2(shank[:, 0], shank[:, 1]) - np.arctan2(thigh[:, 0], thigh[:, 1])
    angle = np.rad2deg((angle + np.pi) % (2 * np.pi) - np.pi)
    return np.asarray(angle if np.nanmean(angle) > 0 else -angle)
