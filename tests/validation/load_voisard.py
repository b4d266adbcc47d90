"""Read the voisard layout: feet and lower back of a walker who turns once, found by pattern.

Time is rebuilt from the packet counter: rows are lost, and files differ in length. The three sensors count alike
from the start of the trial. Labels are pairs [foot off, foot contact] in samples of 100 Hz.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fusion.types import GaitEvents, Recording, Subject

RATE_HZ = 100.0
PARTS = {"lb": "pelvis", "lf": "left_foot", "rf": "right_foot"}
COUNTER_RANGE = 65536.0


@dataclass(frozen=True, slots=True)
class VoisardTrial:
    """One trial.

    Attributes
    ----------
    recording
        Three wearables on one clock.
    labels
        Contacts within the trial's boundaries.
    turns_s
        Start and end of each labelled turn, s, shape (k, 2).
    trial_s
        Start and end of the labelled trial, s.
    """

    name: str
    recording: Recording
    labels: GaitEvents
    turns_s: np.ndarray
    trial_s: tuple[float, float]


def load_voisard(folder: Path) -> Iterator[VoisardTrial]:
    """Yield every trial under a folder that has labels and at least one sensor."""
    for file in sorted(folder.rglob("*.json")):
        told = json.loads(file.read_text(encoding="utf-8"))
        streams = {part: file.with_name(f"{file.stem}_{part}.txt") for part in PARTS}
        found = {PARTS[part]: path for part, path in streams.items() if path.is_file()}
        if "LeftFootEvents" in told and found:
            yield _trial(file.stem, told, found)


def _trial(name: str, told: dict, streams: dict[str, Path]) -> VoisardTrial:
    imus = {segment: _stream(path) for segment, path in streams.items()}
    height_cm = float(told.get("Height") or np.nan)
    sex = {"F": "female", "M": "male"}.get(str(told.get("Gender", "")), "")
    age = float(told.get("Age") or np.nan)
    recording = Recording.from_arrays(
        imus=imus, subject=Subject("walker", age_years=age, sex=sex, height_m=height_cm / 100.0)
    )
    turns = np.array(told.get("UTurnBoundaries", []), dtype=float).reshape(-1, 2) / RATE_HZ
    first, last = (value / RATE_HZ for value in told["TrialBoundaries"])
    return VoisardTrial(name, recording, _labels(told), turns, (first, last))


def _stream(path: Path) -> dict[str, object]:
    rows = np.genfromtxt(path, skip_header=1, names=True, delimiter="\t")
    counter = np.unwrap(rows["PacketCounter"], period=COUNTER_RANGE)
    return {
        "time_s": counter / RATE_HZ,
        "accel_mps2": np.column_stack([rows[f"Acc_{axis}"] for axis in "XYZ"]),
        "gyro_radps": np.column_stack([rows[f"Gyr_{axis}"] for axis in "XYZ"]),
        "rate_hz": RATE_HZ,
    }


def _labels(told: dict) -> GaitEvents:
    rows = [
        (sample / RATE_HZ, side, kind)
        for side in ("left", "right")
        for pair in told[f"{side.capitalize()}FootEvents"]
        for sample, kind in zip(pair, ("fc", "ic"), strict=True)
    ]
    time_s, side, kind = (np.array(column) for column in zip(*rows, strict=True))
    count = len(rows)
    return GaitEvents(time_s.astype(float), side, kind, np.zeros(count), np.array(["imu"] * count))
