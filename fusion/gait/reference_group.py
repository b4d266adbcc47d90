"""A lab's own reference group: means, spreads and ranges of healthy people whom the lab has measured itself.

1. One value per person and parameter: the mean over that person's recordings, so that nobody counts twice.
2. Mean, standard deviation (n - 1), and the range in which the next healthy person falls with 95 %: mean
   +- t(0.975, n - 1) * sd * sqrt(1 + 1 / n), which is wide for few people [1]_.
3. Where everybody's leg length and speed are known and there are enough people, a line over the non-dimensional speed
   [2]_: someone who walks slowly is compared with healthy people at that speed.

How many people are needed: the limits of a reference range ask for 120, and 20 are the least that tells whether
limits from elsewhere hold [3]_. Fewer than 20 are refused; how far off each limit may be is given.

References
----------
.. [1] Hahn & Meeker (1991), Statistical Intervals, Wiley, ch. 4
.. [2] Hof (1996), Gait Posture 4:222, doi:10.1016/0966-6362(95)01057-2
.. [3] CLSI EP28-A3c (2010), Defining, establishing, and verifying reference intervals in the clinical laboratory
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from fusion.errors import FormatError, SignalError, StorageError
from fusion.gait.norms import Norm, leg_length_m, normalised_speed
from fusion.types import Floats, Subject

SCHEMA, SCHEMA_VERSION = "tandem-gait reference group", 1
MIN_PEOPLE, ENOUGH_PEOPLE = 20, 120
MIN_FOR_LINE = 30
"""Below, the slope of a line over speed says less about the next person than the mean does."""

_LIMIT_SD = 1.96
_SPEED = "walking_speed_mps"
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Member:
    """One healthy person: who, and (parameter, side) -> values of this person's recordings."""

    subject: Subject
    values: Mapping[Key, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Reference:
    """One parameter of a group.

    Attributes
    ----------
    mean, sd, n
        Over people.
    slope, centre, rest_sd
        Change per unit of non-dimensional speed about its mean ``centre``, and the spread that is left; NaN without
        a line.
    """

    mean: float
    sd: float
    n: int
    slope: float = np.nan
    centre: float = np.nan
    rest_sd: float = np.nan

    @property
    def limit_sd(self) -> float:
        """Standard error of either limit of the range, in the unit of the parameter."""
        return float(self.sd * np.sqrt(1.0 / self.n + _LIMIT_SD**2 / (2.0 * (self.n - 1))))


@dataclass(frozen=True, slots=True)
class ReferenceGroup:
    """A lab's healthy people.

    Attributes
    ----------
    name
        What reports call them.
    people
        How many.
    age_low, age_high
        Of the youngest and the oldest, years; NaN where an age is missing.
    sex
        ``"male"``, ``"female"`` or ``""`` for both.
    references
        (parameter, side) -> reference.
    """

    name: str
    people: int
    age_low: float
    age_high: float
    sex: str
    references: Mapping[Key, Reference]

    @property
    def remark(self) -> str:
        """What a reader must know about the size of the group; empty when it is large enough."""
        if self.people >= ENOUGH_PEOPLE:
            return ""
        return f"{self.people} people; {ENOUGH_PEOPLE} are asked for, so the limits are approximate"

    def norm(self, parameter: str, side: str, subject: Subject, speed_mps: float = np.nan) -> Norm:
        """Return the range in which a healthy person like this one falls with 95 %.

        Parameters
        ----------
        subject
            Refused when outside the group's ages or of the other sex; leg length scales the speed.
        speed_mps
            Measured; NaN compares with the group at its own speed.
        """
        why = self._not_like(subject)
        found = self.references.get((parameter, side))
        if why or found is None:
            return Norm.none(why or f"{self.name}: fewer than {MIN_PEOPLE} people have this parameter")
        mean, sd, used = found.mean, found.sd, 1
        speed = normalised_speed(speed_mps, leg_length_m(subject))
        if np.isfinite(found.slope) and np.isfinite(speed):
            mean, sd, used = found.mean + found.slope * (speed - found.centre), found.rest_sd, 2
        half = float(stats.t.ppf(0.975, found.n - used) * sd * np.sqrt(1.0 + 1.0 / found.n))
        at_speed = " at this speed" if used == 2 else ""
        return Norm(mean - half, mean + half, mean, sd, f"{self.name}{at_speed}, n = {found.n}", found.n)

    def _not_like(self, subject: Subject) -> str:
        if self.sex and subject.sex and subject.sex != self.sex:
            return f"{self.name} are all {self.sex}"
        ages_known = np.isfinite(self.age_low) and np.isfinite(subject.age_years)
        if ages_known and not self.age_low - 0.5 <= subject.age_years <= self.age_high + 0.5:
            return f"{self.name} are {self.age_low:g} to {self.age_high:g} years old"
        return ""


def build_group(name: str, members: Sequence[Member]) -> ReferenceGroup:
    """Return the reference group of these people.

    Raises
    ------
    SignalError
        There are fewer than 20 people.
    """
    people = _merged(members)
    if len(people) < MIN_PEOPLE:
        raise SignalError(
            f"a reference group needs at least {MIN_PEOPLE} people, better {ENOUGH_PEOPLE}; got {len(people)}. "
            "Measure more healthy people, or use the published norms."
        )
    ages = np.array([person.subject.age_years for person in people])
    sexes = {person.subject.sex for person in people}
    speed = np.array([_nondimensional(person) for person in people])
    references = {}
    for key in sorted({key for person in people for key in person.values}):
        # 1.
        values = np.array([np.mean(person.values.get(key, (np.nan,))) for person in people])
        if np.isfinite(values).sum() >= MIN_PEOPLE:
            references[key] = _reference(values, speed if key[0] != _SPEED else np.full(len(people), np.nan))
    only = next(iter(sexes)) if len(sexes) == 1 else ""
    return ReferenceGroup(name, len(people), float(ages.min()), float(ages.max()), only, references)


def _merged(members: Sequence[Member]) -> list[Member]:
    """Return one member per identifier; members without one are taken as different people."""
    found: dict[str, Member] = {}
    for number, member in enumerate(members):
        key = member.subject.identifier or f"#{number}"
        before = found.get(key)
        values = {
            each: (*(before.values.get(each, ()) if before else ()), *member.values.get(each, ()))
            for each in {*member.values, *(before.values if before else ())}
        }
        found[key] = Member(before.subject if before else member.subject, values)
    return list(found.values())


def _nondimensional(person: Member) -> float:
    speeds = person.values.get((_SPEED, "both"), ())
    return normalised_speed(float(np.mean(speeds)), leg_length_m(person.subject)) if speeds else np.nan


def _reference(values: Floats, speed: Floats) -> Reference:
    """Return steps 2 and 3 of one parameter."""
    known = np.isfinite(values)
    mean, sd, n = float(values[known].mean()), float(values[known].std(ddof=1)), int(known.sum())
    if n < MIN_FOR_LINE or not np.isfinite(speed[known]).all() or np.ptp(speed[known]) <= 0.0:
        return Reference(mean, sd, n)
    centre = float(speed[known].mean())
    across = speed[known] - centre
    slope = float(across @ (values[known] - mean) / (across @ across))
    rest = values[known] - mean - slope * across
    return Reference(mean, sd, n, slope, centre, float(np.sqrt(rest @ rest / (n - 2))))


def save_group(group: ReferenceGroup, path: Path) -> None:
    """Write a group as JSON: summary figures only, nobody's own values."""
    rows = [
        {"name": name, "side": side}
        | {field: _or_none(getattr(one, field)) for field in ("mean", "sd", "n", "slope", "centre", "rest_sd")}
        for (name, side), one in group.references.items()
    ]
    content = {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "name": group.name,
        "people": group.people,
        "age_low": _or_none(group.age_low),
        "age_high": _or_none(group.age_high),
        "sex": group.sex,
        "references": rows,
    }
    try:
        path.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    except OSError as cause:
        raise StorageError(f"'{path}' cannot be written: {cause}. Choose another place.") from cause


def load_group(path: Path) -> ReferenceGroup:
    """Read a group written by ``save_group``.

    Raises
    ------
    FormatError
        The file is no reference group.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        ours = (content["schema"], content["schema_version"]) == (SCHEMA, SCHEMA_VERSION)
        group = _group(content) if ours else None
    except (OSError, ValueError, KeyError, TypeError) as cause:
        raise FormatError(f"'{path}' is no reference group: {cause}. Make one with 'tandem norms build'.") from cause
    if group is None:
        raise FormatError(f"'{path}' is no reference group of version {SCHEMA_VERSION}. Build it again.")
    return group


def _group(content: Mapping[str, Any]) -> ReferenceGroup:
    fields = ("mean", "sd", "slope", "centre", "rest_sd")
    references = {
        (row["name"], row["side"]): Reference(n=int(row["n"]), **{field: _number(row[field]) for field in fields})
        for row in content["references"]
    }
    ages = (_number(content["age_low"]), _number(content["age_high"]))
    return ReferenceGroup(content["name"], int(content["people"]), *ages, content["sex"], references)


def read_member(folder: Path) -> Member:
    """Return a person from a result folder (``analysis.json``); numbers that are not assessable are left out.

    Raises
    ------
    FormatError
        The folder holds no results.
    """
    try:
        content = json.loads((folder / "analysis.json").read_text(encoding="utf-8"))
        about = content["recording"]["subject"]
        subject = Subject(
            identifier=str(about.get("identifier") or ""),
            sex=str(about.get("sex") or ""),
            age_years=_number(about.get("age_years")),
            height_m=_number(about.get("height_m")),
            leg_length_m=_number(about.get("leg_length_m")),
        )
        values = {
            (row["name"], row["side"]): (float(row["value"]),)
            for row in content["parameters"]
            if row["value"] is not None and row["grade"] != "not assessable"
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as cause:
        raise FormatError(f"'{folder}' holds no results: {cause}. Make them with 'tandem analyse'.") from cause
    return Member(subject, values)


def _or_none(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _number(value: float | None) -> float:
    return np.nan if value is None else float(value)
