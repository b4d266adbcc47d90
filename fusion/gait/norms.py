"""Reference ranges of healthy people: walkway parameters by sex, age and pace, joint curves by speed.

Sources, tabulated here in SI units from the published means and standard deviations:

- Spatio-temporal: compilation by A. Gouelle of Dusing & Thorpe (2007), *Gait Posture* 25:135, 1-4 years;
  Lythgo et al. (2011), *Gait Posture* 33:29, 5-13 years; Gouelle et al., 14-17 years; GAITRite normals of
  Jefferson, 18-69 years; Hollman et al. (2011), *Gait Posture* 34:111, 70-89 years.
- Joint curves: Schwartz et al. (2008), *J Biomech* 41:1639, typically developing children in five classes
  of normalised speed. Speed matters more than age there, so adults are compared at their own speed.

A range is mean +- 1.96 standard deviations: 95 % of healthy peers.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from fusion.frames import GRAVITY_MPS2
from fusion.types import Floats, Subject

LEG_LENGTH_FRACTION = 0.530
"""Leg length over height where only the height is known (Winter 2009, fig. 4.1)."""

SPEED_CLASSES = {"very slow": 0.227, "slow": 0.363, "free": 0.500, "fast": 0.636, "very fast": np.inf}
"""Upper limits of the normalised speed of Schwartz et al. (2008)."""

_CURVE_PEOPLE = {"very slow": 77, "slow": 82, "free": 82, "fast": 76, "very fast": 51}
_YOUNGEST_CURVES = 4.0

SPEED_CV = 0.15
"""Where the walkway table gives limits of pace classes for the speed (5-13 and 18-69 years), the mean is
stride length * cadence / 120 and the spread 15 % of it: the median in the bands where it was measured."""

_RANGE_SD = 1.96
_PACED = ("stance_percent", "swing_percent", "single_support_percent", "double_support_percent")
"""These change with speed and are compared at the pace walked; the others at the usual pace."""

_WALKWAY = (
    *("walking_speed_mps", "cadence_spm", "stride_time_s", "step_time_s", "stride_length_m", "step_length_m"),
    *_PACED,
)
_CURVE_POINTS = {
    "knee_flexion_loading_deg": ("knee_flexion", 5, 30),
    "knee_flexion_swing_deg": ("knee_flexion", 50, 100),
}
_CURVE_RANGES = {
    "knee_flexion_range_deg": "knee_flexion",
    "hip_flexion_range_deg": "hip_flexion",
    "ankle_dorsiflexion_range_deg": "ankle_dorsiflexion",
}


@dataclass(frozen=True, slots=True)
class Norm:
    """A reference range in the parameter's unit; ``name`` says who the people are, or why there is none.

    ``low`` to ``high`` holds 95 % of healthy peers; NaN when there is no norm. ``n`` is 0 where the source
    does not state the number of people.
    """

    low: float
    high: float
    mean: float
    sd: float
    name: str
    n: int = 0

    @classmethod
    def none(cls, why: str) -> Norm:
        """Return the norm that says why there is none."""
        return cls(np.nan, np.nan, np.nan, np.nan, why)

    @classmethod
    def normal(cls, mean: float, sd: float, name: str, n: int = 0, *, positive: bool = True) -> Norm:
        """Return the range mean +- 1.96 sd, cut at zero where the parameter cannot be negative."""
        low = mean - _RANGE_SD * sd
        return cls(max(low, 0.0) if positive else low, mean + _RANGE_SD * sd, mean, sd, name, n)

    @property
    def is_known(self) -> bool:
        """True when there is a range."""
        return bool(np.isfinite(self.low) and np.isfinite(self.high))


@dataclass(frozen=True, slots=True)
class CurveNorm:
    """Mean and standard deviation of a joint curve at 0..100 % of the cycle, deg, shape (101,)."""

    mean_deg: Floats
    sd_deg: Floats
    name: str
    n: int


def norm_for(parameter: str, subject: Subject, speed_mps: float = np.nan, *, same_pace: bool = False) -> Norm:
    """Return the reference range of a parameter for this person.

    Parameters
    ----------
    parameter
        Name in the data dictionary.
    subject
        Age and sex choose the walkway band; height or leg length scale the speed for joint angles.
    speed_mps
        Measured walking speed; shares of the cycle and joint angles are compared at this speed.
    same_pace
        Compare every walkway measure at the pace walked. People whose age was measured at the usual pace only then
        have no norm at another pace.
    """
    if parameter in _WALKWAY:
        return _walkway_norm(parameter, subject, speed_mps, same_pace=same_pace)
    if parameter in _CURVE_POINTS or parameter in _CURVE_RANGES:
        return _angle_norm(parameter, subject, speed_mps)
    return Norm.none("no published norm in this version")


def leg_length_m(subject: Subject) -> float:
    """Return the leg length, m: as measured, else from the height, else NaN."""
    if np.isfinite(subject.leg_length_m):
        return subject.leg_length_m
    return LEG_LENGTH_FRACTION * subject.height_m


def normalised_speed(speed_mps: float, leg_m: float) -> float:
    """Return the speed without unit, speed / sqrt(g * leg length) (Hof 1996, *Gait Posture* 4:222)."""
    return float(speed_mps / np.sqrt(GRAVITY_MPS2 * leg_m))


def speed_class(normalised: float) -> str:
    """Return the class of a normalised speed; ``""`` when it is unknown."""
    if not np.isfinite(normalised):
        return ""
    return next(name for name, upper in SPEED_CLASSES.items() if normalised < upper)


def curve_norm(angle: str, subject: Subject, speed_mps: float) -> CurveNorm | None:
    """Return the reference curve of an angle at this person's speed; None when there is none.

    Parameters
    ----------
    angle
        ``"hip_flexion"``, ``"knee_flexion"``, ``"ankle_dorsiflexion"`` or ``"pelvis_tilt"``. Hip and pelvis
        count from the plane of the pelvic landmarks, about 10 deg from a zero in standing.
    """
    chosen = speed_class(normalised_speed(speed_mps, leg_length_m(subject)))
    if (angle, chosen, "mean_deg") not in _curves() or subject.age_years < _YOUNGEST_CURVES:
        return None
    percent, coarse = np.arange(101.0), np.arange(0.0, 101.0, 2.0)
    mean, sd = (np.interp(percent, coarse, _curves()[angle, chosen, what]) for what in ("mean_deg", "sd_deg"))
    count = _CURVE_PEOPLE[chosen]
    name = f"healthy children at {chosen} normalised speed, n = {count} (Schwartz 2008)"
    return CurveNorm(mean, sd, name, count)


def _angle_norm(parameter: str, subject: Subject, speed_mps: float) -> Norm:
    stem, first, last = _CURVE_POINTS.get(parameter, (_CURVE_RANGES.get(parameter, ""), 0, 100))
    curve = curve_norm(stem, subject, speed_mps)
    if curve is None:
        return Norm.none("no norm: joint angles are compared at the same speed, which needs speed and height")
    top = first + int(np.argmax(curve.mean_deg[first : last + 1]))
    mean, sd = float(curve.mean_deg[top]), float(curve.sd_deg[top])
    if parameter in _CURVE_RANGES:
        bottom = int(np.argmin(curve.mean_deg))
        mean -= float(curve.mean_deg[bottom])
        # The paper gives no spread of the range; independent ends make it wide rather than narrow.
        sd = float(np.hypot(sd, curve.sd_deg[bottom]))
    return Norm.normal(mean, sd, curve.name, curve.n)


def _walkway_norm(parameter: str, subject: Subject, speed_mps: float, *, same_pace: bool) -> Norm:
    if not np.isfinite(subject.age_years):
        return Norm.none("no norm: age not given")
    adult = subject.age_years >= 18.0
    if adult and subject.sex not in ("male", "female"):
        return Norm.none("no norm: sex not given")
    if same_pace and not np.isfinite(speed_mps):
        return Norm.none("no norm: walking speed not known")
    # Children of both sexes share one row in the sources.
    rows = _walkway_rows(subject.sex if adult else "male", int(subject.age_years))
    row = _at_pace(rows, speed_mps if same_pace or parameter in _PACED else np.nan)
    if row is None:
        return Norm.none("no norm for this age")
    if same_pace and _is_another_pace(row, speed_mps):
        return Norm.none("no norm at this pace: healthy people of this age were measured at their usual pace only")
    mean, sd = _cell(row, parameter), _cell(row, f"{parameter}_sd")
    if parameter == "walking_speed_mps" and not np.isfinite(mean):
        mean = _cell(row, "stride_length_m") * _cell(row, "cadence_spm") / 120.0
        sd = SPEED_CV * mean
    if not np.isfinite(sd):
        return Norm.none("no norm for this age")
    return Norm.normal(mean, sd, _people(row))


def _at_pace(rows: list[dict[str, str]], speed_mps: float) -> dict[str, str] | None:
    """Return the row of the pace class that holds a speed; the usual pace when the speed is unknown."""
    usual = next((row for row in rows if row["pace"] == "normal"), None)
    classes = [row for row in rows if row["pace_to_mps"]]
    if not np.isfinite(speed_mps) or not classes:
        return usual
    ordered = sorted(classes, key=lambda row: _cell(row, "pace_to_mps"))
    return next((row for row in ordered if speed_mps < _cell(row, "pace_to_mps")), ordered[-1])


def _is_another_pace(row: Mapping[str, str], speed_mps: float) -> bool:
    """Return whether 95 % of the people of a row without pace classes walked at other speeds."""
    mean, sd = _cell(row, "walking_speed_mps"), _cell(row, "walking_speed_mps_sd")
    return not row["pace_to_mps"] and np.isfinite(mean) and bool(abs(speed_mps - mean) > _RANGE_SD * sd)


def _people(row: Mapping[str, str]) -> str:
    old, young = int(row["age_from"]) >= 18, int(row["age_to"]) < 18
    who = {"male": "men", "female": "women"}[row["sex"]] if old and not young else "children"
    ages = row["age_from"] if row["age_from"] == row["age_to"] else f"{row['age_from']}-{row['age_to']}"
    pace = {"slow": "at slow pace", "normal": "at usual pace", "fast": "at fast pace"}[row["pace"]]
    return f"healthy {who}, {ages} years, {pace} ({_source(int(row['age_from']))})"


def _source(age: int) -> str:
    sources = ((5, "Dusing 2007"), (14, "Lythgo 2011"), (18, "Gouelle"), (70, "GAITRite normals"))
    return next((name for limit, name in sources if age < limit), "Hollman 2011")


def _walkway_rows(sex: str, age: int) -> list[dict[str, str]]:
    return [row for row in _walkway() if row["sex"] == sex and _holds(row, age)]


def _holds(row: Mapping[str, str], age: int) -> bool:
    return int(row["age_from"]) <= age <= int(row["age_to"])


def _cell(row: Mapping[str, str], name: str) -> float:
    return float(row[name]) if row[name] else np.nan


@cache
def _walkway() -> tuple[dict[str, str], ...]:
    return tuple(csv.DictReader(_lines("walkway_norms.csv")))


@cache
def _curves() -> dict[tuple[str, str, str], Floats]:
    rows = list(csv.reader(_lines("joint_curve_norms.csv")))[1:]
    return {(row[0], row[1], row[2]): np.array([float(cell) for cell in row[3:]]) for row in rows}


def _lines(name: str) -> list[str]:
    return files("fusion.gait").joinpath(name).read_text(encoding="utf-8").splitlines()
