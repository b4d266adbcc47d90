"""Read the set mea_lab: seven raw wearables, 3-D keypoints of one camera, the vendor's output as reference."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fusion.frames import GRAVITY_MPS2
from fusion.types import Flags, Floats, Recording, Subject

FRAME_RATE_HZ = 60.0

SENSORS = {
    "pelvis": "pelvis",
    "lthigh": "left_thigh",
    "lshank": "left_shank",
    "lfoot": "left_foot",
    "rthigh": "right_thigh",
    "rshank": "right_shank",
    "rfoot": "right_foot",
}

JOINTS = {
    "head": 16,
    "neck": 1,
    "right_shoulder": 2,
    "right_elbow": 3,
    "right_wrist": 4,
    "left_shoulder": 5,
    "left_elbow": 6,
    "left_wrist": 7,
    "right_hip": 8,
    "right_knee": 9,
    "right_ankle": 10,
    "left_hip": 11,
    "left_knee": 12,
    "left_ankle": 13,
    "pelvis": 14,
}


@dataclass(frozen=True, slots=True)
class Walk:
    """One walk: the recording, and the reference that is never an input.

    IMU times start at 0 at the slice's first sample. Camera times start at 0 at the first frame; the true
    camera offset is ``true_offset_s`` (IMU time = camera time + offset).
    """

    trial: str
    person: str
    away: bool
    recording: Recording
    true_offset_s: float
    reference_time_s: Floats
    knee_flexion_deg: dict[str, Floats]
    contact: dict[str, Flags]
    report: dict[str, float]
    video_events_frames: dict[str, list[float]]
    frames: int

    @property
    def truth_is_usable(self) -> bool:
        """The reference offset lies inside the slice (else it belongs to another pass)."""
        return bool(0.0 < self.true_offset_s < self.reference_time_s[-1])


def trials(folder: Path) -> list[dict[str, object]]:
    """Return the index entries whose file is there."""
    index = json.loads((folder / "index.json").read_text())
    return [entry for entry in index if (folder / f"{entry['trial']}.npz").exists()]


def load_walk(folder: Path, entry: dict[str, object], cut_start_s: float = 0.0) -> Walk:
    """Return one walk; ``cut_start_s`` drops the start of the IMU slice, which shifts the true offset."""
    data = np.load(folder / f"{entry['trial']}.npz")
    rate_hz = float(data["fs_imu"])
    first = round(cut_start_s * rate_hz)
    imus = {}
    for key, segment in SENSORS.items():
        accel = data[f"{key}_acc_mG"][first:] * 1e-3 * GRAVITY_MPS2
        gyro = np.deg2rad(data[f"{key}_gyr_dps"][first:].astype(np.float64))
        time_s = np.arange(len(accel)) / rate_hz
        imus[segment] = {"time_s": time_s, "accel_mps2": accel, "gyro_radps": gyro, "rate_hz": rate_hz}
    points = data["kp3d_mm"].astype(np.float64) * 1e-3
    keypoints = {
        "time_s": np.arange(len(points)) / float(data["fps"]),
        "names": tuple(JOINTS),
        "position": points[:, list(JOINTS.values())],
    }
    subject = Subject(
        identifier="reference walker",
        age_years=float(entry["age"]),  # type: ignore[arg-type]
        sex=str(entry["sex"]),
        height_m=float(entry["height_m"]),  # type: ignore[arg-type]
    )
    trial = str(entry["trial"])
    recording = Recording.from_arrays(imus=imus, keypoints={"front": keypoints}, subject=subject, identifier=trial)
    sides = {"left": "lt", "right": "rt"}
    return Walk(
        trial=trial,
        person=trial.rsplit("_", 1)[0],
        away=bool(entry["view_away"]),
        recording=recording,
        true_offset_s=float(entry["sync_t_in_slice"]) - first / rate_hz,  # type: ignore[arg-type]
        reference_time_s=np.arange(len(data["ref_lt_leg_knee_Knee_Flexion"]) - first) / rate_hz,
        knee_flexion_deg={
            side: data[f"ref_{short}_leg_knee_Knee_Flexion"][first:].astype(np.float64)
            for side, short in sides.items()
        },
        contact={
            side: data[f"ref_{short}_leg_foot_Contact"][first:].astype(np.float64) > 500.0
            for side, short in sides.items()
        },
        report=dict(entry["noraxon_report"]),  # type: ignore[call-overload]
        video_events_frames=dict(entry["video_events"]),  # type: ignore[call-overload]
        frames=len(points),
    )
