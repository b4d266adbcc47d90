"""Read the gaitmap layout: one foot IMU with marker positions per stride, found by pattern."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fusion.types import Floats

FULL_SCALE_MPS2 = 0.985 * 16.0 * 9.80665
"""Above this a 16 g accelerometer may have saturated; the margin is for its own calibration."""

_RATE = re.compile(r"(\d+)(?:p(\d+))?hz", re.IGNORECASE)
_IMU = re.compile(r"imu_\d+(?:p\d+)?hz", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FootRecording:
    """One foot: samples in SI units, and the reference strides.

    Attributes
    ----------
    name
        Folder and what tells the foot apart in the file names.
    stride_s
        Start and end of each reference stride (instants of least marker velocity), s, shape (k, 2).
    length_m
        Horizontal way of the heel marker from start to end, m, shape (k,).
    """

    name: str
    time_s: Floats
    accel_mps2: Floats
    gyro_radps: Floats
    stride_s: Floats
    length_m: Floats


def load_gaitmap(folder: Path) -> Iterator[FootRecording]:
    """Yield every foot found under a folder; feet without all three files are left out."""
    for imu in sorted(path for path in folder.rglob("*.csv") if _IMU.search(path.name)):
        position = _partner(imu, "position_ref")
        events = _partner(imu, "stride_events")
        if position is not None and events is not None:
            yield _foot(imu, position, events)


def _partner(imu: Path, what: str) -> Path | None:
    """Return the file of the same foot: the only one, or the one with the same words in its name."""
    found = sorted(path for path in imu.parent.glob("*.csv") if what in path.name)
    if len(found) > 1:
        found = [path for path in found if _words(imu) <= set(re.split(r"[_.]", path.name))]
    return found[0] if found else None


def _words(imu: Path) -> set[str]:
    return {word for word in re.split(r"[_.]", _IMU.sub("", imu.name)) if word and word != "csv"}


def _foot(imu: Path, position: Path, events: Path) -> FootRecording:
    rate_hz = _rate(imu)
    samples = _table(imu)
    accel = np.column_stack([samples[f"acc_{axis}"] for axis in "xyz"])
    gyro = np.deg2rad(np.column_stack([samples[f"gyr_{axis}"] for axis in "xyz"]))
    accel[np.abs(accel).max(axis=1) > FULL_SCALE_MPS2] = np.nan
    borders = _table(events)
    lengths = _lengths(_table(position))
    stride = [(start, end) for start, end in zip(borders["start"], borders["end"], strict=True)]
    kept = [k for k, stride_id in enumerate(borders["s_id"]) if stride_id in lengths]
    return FootRecording(
        name="_".join([imu.parent.name, *sorted(_words(imu))]),
        time_s=np.arange(len(accel)) / rate_hz,
        accel_mps2=accel,
        gyro_radps=gyro,
        stride_s=np.array(stride).reshape(-1, 2)[kept] / rate_hz,
        length_m=np.array([lengths[borders["s_id"][k]] for k in kept]),
    )


def _lengths(position: np.ndarray) -> dict[float, float]:
    """Horizontal distance from first to last finite sample of each stride, by stride id."""
    lengths = {}
    for stride_id in np.unique(position["s_id"]):
        rows = position[position["s_id"] == stride_id]
        x, y = rows["pos_x"], rows["pos_y"]
        seen = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
        if len(seen) > 1 and seen[0] == 0 and seen[-1] == len(rows) - 1:
            lengths[stride_id] = float(np.hypot(x[-1] - x[0], y[-1] - y[0]))
    return lengths


def _table(path: Path) -> np.ndarray:
    with path.open(encoding="utf-8-sig") as file:
        names = file.readline().strip().split(",")
        wanted = [k for k, name in enumerate(names) if name and name != "foot"]
        return np.genfromtxt(file, delimiter=",", usecols=wanted, names=[names[k] for k in wanted])


def _rate(path: Path) -> float:
    found = _RATE.search(path.name)
    if found is None:
        raise ValueError(f"{path.name} must name its rate, such as imu_204p8hz.csv")
    return float(f"{found[1]}.{found[2] or 0}")
