"""Read the mobgap layout: one lower-back wearable per trial and the walking periods of two reference systems."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import loadmat

from fusion.types import Recording, Subject

GRAVITY_MPS2 = 9.80665
SYSTEMS = ("INDIP", "Stereophoto")


@dataclass(frozen=True, slots=True)
class Bout:
    """One walking period: times, s, averages over its strides, and initial contacts with their side."""

    start_s: float
    end_s: float
    walking_speed_mps: float
    stride_length_m: float
    cadence_spm: float
    initial_contacts_s: np.ndarray = field(default_factory=lambda: np.empty(0))
    sides: tuple[str, ...] = ()

    def overlap(self, other: Bout) -> float:
        """Return the shared time over the longer of the two."""
        shared = min(self.end_s, other.end_s) - max(self.start_s, other.start_s)
        return max(shared, 0.0) / max(self.end_s - self.start_s, other.end_s - other.start_s)


@dataclass(frozen=True, slots=True)
class MobgapTrial:
    """One trial with its references, by system."""

    file: Path
    key: str
    recording: Recording
    references: dict[str, tuple[Bout, ...]]


def load_mobgap(folder: Path) -> Iterator[MobgapTrial]:
    """Yield every trial with a lower-back sensor found under a folder."""
    for file in sorted(folder.rglob("data.mat")):
        about = _participant(file.with_name("infoForAlgo.mat"))
        data = loadmat(file, squeeze_me=True, struct_as_record=False)["data"]
        for time_measure in _fields(data):
            tests = getattr(data, time_measure)
            for test in _fields(tests):
                for trial in _fields(getattr(tests, test)):
                    loaded = _trial(getattr(getattr(tests, test), trial), about, time_measure)
                    if loaded is not None:
                        yield MobgapTrial(file, f"{file.parent}/{test}/{trial}", *loaded)


def _fields(struct: Any) -> list[str]:
    return list(getattr(struct, "_fieldnames", []))


def _participant(file: Path) -> Any:
    return loadmat(file, squeeze_me=True, struct_as_record=False)["infoForAlgo"] if file.is_file() else None


def _trial(trial: Any, about: Any, time_measure: str) -> tuple[Recording, dict[str, tuple[Bout, ...]]] | None:
    sensor = getattr(getattr(trial, "SU", None), "LowerBack", None)
    if sensor is None:
        return None
    told = getattr(about, time_measure, None)
    height = float(getattr(told, "Height", np.nan)) / 100.0
    rate_hz = float(sensor.Fs.Acc)
    imu = {
        "time_s": np.arange(len(sensor.Acc)) / rate_hz,
        "accel_mps2": GRAVITY_MPS2 * np.asarray(sensor.Acc, dtype=float),
        "gyro_radps": np.deg2rad(np.asarray(sensor.Gyr, dtype=float)),
        "rate_hz": rate_hz,
    }
    sensor_height = float(getattr(told, "SensorHeight", np.nan)) / 100.0
    recording = Recording.from_arrays(
        imus={"pelvis": imu}, subject=Subject("walker", height_m=height, leg_length_m=np.nan)
    )
    del sensor_height  # the released pipelines use it; a lab that only knows the height must do as well here
    standards = getattr(trial, "Standards", None)
    return recording, {name: _bouts(getattr(standards, name)) for name in SYSTEMS if hasattr(standards, name)}


def _bouts(system: Any) -> tuple[Bout, ...]:
    found = np.atleast_1d(getattr(system, "MicroWB", []))
    return tuple(_bout(each) for each in found if hasattr(each, "WalkingSpeed"))


def _bout(told: Any) -> Bout:
    contacts = np.atleast_1d(np.asarray(told.InitialContact_Event, dtype=float))
    sides = tuple(str(side).lower() for side in np.atleast_1d(told.InitialContact_LeftRight))
    return Bout(
        float(told.Start),
        float(told.End),
        float(told.WalkingSpeed),
        float(told.AverageStrideLength),
        float(told.Cadence),
        contacts,
        sides,
    )
