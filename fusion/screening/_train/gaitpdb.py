"""The people of the set gaitpdb: contacts of their usual walk, group and what else is known about them.

Goldberger et al. (2000), *Circulation* 101:e215; PhysioNet "Gait in Parkinson's Disease", ODC-BY 1.0. Studies of
Yogev et al. (2005), *Eur J Neurosci* 22:1248 (Ga) and Hausdorff et al. (2007), *Eur J Neurosci* 26:2369 (Ju).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fusion.errors import FormatError
from fusion.gait.strides import segment_strides
from fusion.screening._timing import StrideTimes
from fusion.screening._train.forces import contacts

RATE_HZ = 100.0
NEWTON_PER_COUNT = 0.1
_LEFT_TOTAL, _RIGHT_TOTAL = 16, 17
_FEWEST_STRIDES = 15


@dataclass(frozen=True, slots=True)
class Walker:
    """One person.

    Attributes
    ----------
    study
        First two letters of the id: the laboratory and protocol.
    is_case
        Has Parkinson's disease.
    hoehn_yahr, age_years, speed_mps
        NaN where not given.
    """

    study: str
    is_case: bool
    times: StrideTimes
    age_years: float
    sex: str
    speed_mps: float
    hoehn_yahr: float


def read_walkers(folder: Path) -> tuple[Walker, ...]:
    """Return everybody with a usual walk, sorted by id.

    Raises
    ------
    FormatError
        The folder has no force file, or an array in it is not a walk.
    """
    files = sorted(folder.glob("*vgrf*.npz"))
    if not files:
        raise FormatError(f"'{folder}' has no file '*vgrf*.npz'. Choose the folder of the set gaitpdb.")
    about = _demographics(folder)
    walkers = {}
    for file in files:
        with np.load(file) as arrays:
            for name in arrays.files:
                if name.split("_")[-1] == "01":
                    walkers[name] = _walker(name, arrays[name], about)
    return tuple(walkers[name] for name in sorted(walkers) if walkers[name].times.fewest >= _FEWEST_STRIDES)


def _walker(name: str, counts: np.ndarray, about: dict[str, dict[str, str]]) -> Walker:
    if counts.ndim != 2 or counts.shape[1] <= _RIGHT_TOTAL:
        raise FormatError(f"a walk must have shape (n, 18); got {counts.shape}. Check the force file.")
    force = {
        side: NEWTON_PER_COUNT * counts[:, column]
        for side, column in (("left", _LEFT_TOTAL), ("right", _RIGHT_TOTAL))
    }
    person = name.split("_")[0]
    row = about.get(person, {})
    return Walker(
        study=person[:2],
        is_case=person[2:4] == "Pt",
        times=StrideTimes.from_strides(segment_strides(contacts(force, RATE_HZ))),
        age_years=_number(row, "Age"),
        sex=row.get("Gender", ""),
        speed_mps=_number(row, "Speed_01 (m/sec)"),
        hoehn_yahr=_number(row, "HoehnYahr"),
    )


def _demographics(folder: Path) -> dict[str, dict[str, str]]:
    rows: dict[str, dict[str, str]] = {}
    for file in sorted(folder.glob("*demographics*.csv")):
        with file.open(encoding="utf-8-sig", newline="") as stream:
            rows |= {row["ID"]: row for row in csv.DictReader(stream) if row.get("ID")}
    return rows


def _number(row: dict[str, str], name: str) -> float:
    try:
        return float(row.get(name, ""))
    except ValueError:
        return np.nan
