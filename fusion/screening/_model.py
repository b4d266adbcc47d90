"""The shipped coefficients of a timing model, as they stand in its file: one *level* for each size of event error."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from fusion.errors import FormatError
from fusion.screening._logistic import Logistic
from fusion.types import Floats, Performance

Json = dict[str, Any]
DIGITS = 10
"""Significant digits in the file: enough to reproduce a log odds to 1e-8."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Healthy people of the training set: where they lie.

    Attributes
    ----------
    log_odds_mean, log_odds_sd
        Of healthy people whom the model had not seen; their distribution is close to normal.
    feature_mean, feature_sd
        Of the transformed features, shape (k,).
    """

    log_odds_mean: float
    log_odds_sd: float
    feature_mean: Floats
    feature_sd: Floats
    people: int


@dataclass(frozen=True, slots=True)
class Domain:
    """Where the training people lie; outside it a score would be a guess.

    Attributes
    ----------
    centres
        Mean of cases and of controls, shape (2, k).
    precision
        Inverse covariance within the groups, shape (k, k).
    limit
        Largest distance of a training person from the nearer centre, standard deviations.
    """

    centres: Floats
    precision: Floats
    limit: float

    def distance(self, x: Floats) -> float:
        """Return the Mahalanobis distance of transformed features, shape (k,), from the nearer centre."""
        apart = x - self.centres
        return float(np.sqrt(np.min(np.einsum("gi,ij,gj->g", apart, self.precision, apart))))


@dataclass(frozen=True, slots=True)
class Variant:
    """One fitted model with its reference people and its figures."""

    logistic: Logistic
    penalty: float
    healthy: Reference
    performance: Performance


@dataclass(frozen=True, slots=True)
class Level:
    """Models for contacts that are known to ``event_sd_s``.

    Attributes
    ----------
    event_sd_s
        Standard deviation of the error of a contact in the training walks, s.
    overall, same_speed
        Without and with the walking speed taken out.
    speed_slope
        Change of each transformed feature with the walking speed, per m/s, within the groups, shape (k,).
    speed_mean_mps
        Speed to which features are moved.
    stages
        Hoehn & Yahr stage -> mean and standard deviation of the log odds, and people.
    """

    event_sd_s: float
    overall: Variant
    same_speed: Variant
    speed_slope: Floats
    speed_mean_mps: float
    stages: Mapping[str, tuple[float, float, int]]
    domain: Domain

    def at_mean_speed(self, x: Floats, speed_mps: float) -> Floats:
        """Return transformed features as they would be at the reference speed."""
        return np.asarray(x - self.speed_slope * (speed_mps - self.speed_mean_mps))


@dataclass(frozen=True, slots=True)
class TimingModel:
    """Everything in the file."""

    about: Mapping[str, str]
    features: tuple[str, ...]
    age_range_years: tuple[float, float]
    levels: tuple[Level, ...]

    def level_for(self, event_sd_s: float) -> Level | None:
        """Return the first level whose events are at least as uncertain; None when all are more certain."""
        fitting = [level for level in self.levels if level.event_sd_s >= event_sd_s - 1e-9]
        return fitting[0] if fitting else None


@cache
def shipped(name: str) -> TimingModel:
    """Return the model in ``fusion/screening/<name>.json``."""
    return timing_model(json.loads(files("fusion.screening").joinpath(f"{name}.json").read_text(encoding="utf-8")))


def timing_model(data: Json) -> TimingModel:
    """Return the model that JSON data describe.

    Raises
    ------
    FormatError
        A key is missing.
    """
    try:
        return TimingModel(
            about=data["about"],
            features=tuple(data["features"]),
            age_range_years=(data["age_range_years"][0], data["age_range_years"][1]),
            levels=tuple(_level(level) for level in data["levels"]),
        )
    except KeyError as cause:
        raise FormatError(f"the coefficients lack {cause}. Run 'tandem train screening' again.") from cause


def to_json(value: object) -> Any:  # noqa: ANN401 - JSON is any of six types
    """Return JSON data of the data classes of this file, numbers with ten significant digits."""
    from dataclasses import fields, is_dataclass

    if is_dataclass(value) and not isinstance(value, type):
        return {spec.name: to_json(getattr(value, spec.name)) for spec in fields(value)}
    if isinstance(value, np.ndarray):
        return to_json(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [to_json(item) for item in value]
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    return value


def _level(data: Json) -> Level:
    return Level(
        event_sd_s=data["event_sd_s"],
        overall=_variant(data["overall"]),
        same_speed=_variant(data["same_speed"]),
        speed_slope=np.array(data["speed_slope"]),
        speed_mean_mps=data["speed_mean_mps"],
        stages={name: (entry[0], entry[1], entry[2]) for name, entry in data["stages"].items()},
        domain=Domain(**{key: _array(item) for key, item in data["domain"].items()}),
    )


def _variant(data: Json) -> Variant:
    return Variant(
        logistic=Logistic(**{key: np.array(item) for key, item in data["logistic"].items()}),
        penalty=data["penalty"],
        healthy=Reference(**{key: _array(item) for key, item in data["healthy"].items()}),
        performance=Performance(**data["performance"]),
    )


def _array(item: Any) -> Any:  # noqa: ANN401 - a list becomes an array, a number stays
    return np.array(item) if isinstance(item, list) else item
