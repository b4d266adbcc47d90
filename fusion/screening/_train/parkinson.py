"""Fit the Parkinson models to the set gaitpdb: one for each size of event error.

1. Read the contacts of everybody's usual walk from the raw forces.
2. Per level: draw windows of 15, 30, 60 and all strides a foot (60 and all with exact contacts, which come from walks
   of minutes), and put that level's error on every contact.
3. Choose the penalty by cross-validation over people; fit on all people.
4. Score people whom a model has not seen (nested): where healthy people lie, how good it is, how it grows with stage.
5. Do the same with the walking speed taken out.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fusion.screening._logistic import auc
from fusion.screening._model import Domain, Level, Reference, TimingModel, Variant
from fusion.screening._timing import FEATURES, features, transform
from fusion.screening._train.gaitpdb import Walker, read_walkers
from fusion.screening._train.people import choose_penalty, fit_people, out_of_fold
from fusion.types import Flags, Floats, Performance

EVENT_SD_S = (0.0, 0.005, 0.010, 0.015, 0.020, 0.030)
ALL = 10_000
WINDOWS = (15, 30, 60, ALL)
WINDOWS_EXACT = (60, ALL)
DRAWS = 2
REPEATS = 5
SEED = 20050328

LINE_SD = 1.2815515655446004
"""Standard deviations above the healthy mean that 10 % of healthy people pass."""

BOOTSTRAPS = 2000

ABOUT = {
    "data": "Gait in Parkinson's Disease (gaitpdb), PhysioNet, studies Ga and Ju, usual walk",
    "licence": "data ODC-BY 1.0; these coefficients are derived from it with attribution",
    "citation": (
        "Goldberger et al. 2000, Circulation 101:e215; Yogev et al. 2005, Eur J Neurosci 22:1248; "
        "Hausdorff et al. 2007, Eur J Neurosci 26:2369"
    ),
    "made_by": "tandem train screening",
}


def train(folder: Path) -> TimingModel:
    """Return the models of all levels.

    Parameters
    ----------
    folder
        Of the set gaitpdb.

    Raises
    ------
    FormatError
        The folder does not hold the set.
    """
    walkers = read_walkers(folder)
    ages = np.array([walker.age_years for walker in walkers])
    return TimingModel(
        about=ABOUT,
        features=FEATURES,
        age_range_years=(float(np.nanmin(ages)), float(np.nanmax(ages))),
        levels=tuple(train_level(walkers, event_sd_s) for event_sd_s in EVENT_SD_S),
    )


def sample(walkers: Sequence[Walker], event_sd_s: float, seed: int, windows: Sequence[int] = ()) -> Floats:
    """Return transformed features of every person and window, shape (windows, people, k); by default the level's."""
    windows = windows or (WINDOWS if event_sd_s else WINDOWS_EXACT)
    random = np.random.default_rng([SEED, seed, round(1e6 * event_sd_s)])
    return np.array(
        [
            [
                transform(features(walker.times.window(count, random).jittered(event_sd_s, random)))
                for walker in walkers
            ]
            for count in windows
        ]
    )


def train_level(walkers: Sequence[Walker], event_sd_s: float) -> Level:
    """Return the models for one size of event error."""
    is_case = np.array([walker.is_case for walker in walkers])
    speed = np.array([walker.speed_mps for walker in walkers])
    fitted = np.concatenate([sample(walkers, event_sd_s, draw) for draw in range(DRAWS)])
    scored = np.concatenate([sample(walkers, event_sd_s, 100 + draw, (ALL,)) for draw in range(REPEATS)])
    overall, unseen = _variant(fitted, scored, is_case, "by person, 5 times 10 folds, nested")
    known = np.isfinite(speed)
    slope, mean_speed = _speed_slope(fitted[:, known], is_case[known], speed[known])
    moved = [values[:, known] - slope * (speed[known] - mean_speed)[:, None] for values in (fitted, scored)]
    same_speed, _ = _variant(moved[0], moved[1], is_case[known], "by person, 5 times 10 folds, nested, speed removed")
    stage = np.array([walker.hoehn_yahr for walker in walkers])
    return Level(
        event_sd_s=event_sd_s,
        overall=overall,
        same_speed=same_speed,
        speed_slope=slope,
        speed_mean_mps=mean_speed,
        stages=_stages(unseen.mean(axis=0), stage, is_case),
        domain=_domain(scored, is_case),
    )


def _variant(fitted: Floats, scored: Floats, is_case: Flags, scheme: str) -> tuple[Variant, Floats]:
    """Return one model with its figures, and the log odds of unseen people, shape (repeats, people)."""
    penalty = choose_penalty(fitted, is_case, SEED)
    unseen = out_of_fold(fitted, scored, is_case, repeats=REPEATS, seed=SEED)
    healthy = unseen.mean(axis=0)[~is_case]
    # Features of healthy people with the spread that short windows add, as a recording will have it.
    rows = fitted[:, ~is_case].reshape(-1, fitted.shape[-1])
    reference = Reference(
        log_odds_mean=float(healthy.mean()),
        log_odds_sd=float(unseen[:, ~is_case].std(ddof=1)),
        feature_mean=rows.mean(axis=0),
        feature_sd=rows.std(axis=0, ddof=1),
        people=int((~is_case).sum()),
    )
    return Variant(
        fit_people(fitted, is_case, penalty), penalty, reference, performance(unseen, is_case, scheme)
    ), unseen


def performance(unseen: Floats, is_case: Flags, scheme: str) -> Performance:
    """Return AUC with its bootstrap interval over people, and the shares at the line that 10 % of peers pass.

    Parameters
    ----------
    unseen
        Log odds of people whom the model had not seen, shape (repeats, people).
    """
    low, high = auc_interval(unseen.mean(axis=0), is_case)
    return Performance(
        auc=float(np.mean([auc(row, is_case) for row in unseen])),
        auc_low=low,
        auc_high=high,
        sensitivity=float(np.mean([_shares(row, is_case)[0] for row in unseen])),
        specificity=float(np.mean([_shares(row, is_case)[1] for row in unseen])),
        n_cases=int(is_case.sum()),
        n_controls=int((~is_case).sum()),
        scheme=scheme,
    )


def _shares(log_odds: Floats, is_case: Flags) -> tuple[float, float]:
    """Return sensitivity and specificity at the healthy line; each healthy person is judged by the others."""
    healthy = log_odds[~is_case]
    sensitivity = float(np.mean(log_odds[is_case] > healthy.mean() + LINE_SD * healthy.std(ddof=1)))
    others = [np.delete(healthy, k) for k in range(len(healthy))]
    lines = np.array([rest.mean() + LINE_SD * rest.std(ddof=1) for rest in others])
    return sensitivity, float(np.mean(healthy <= lines))


def auc_interval(log_odds: Floats, is_case: Flags, seed: int = SEED) -> tuple[float, float]:
    """Return the 95 % interval of the AUC when people are drawn anew within their groups."""
    random = np.random.default_rng(seed)
    cases, controls = log_odds[is_case], log_odds[~is_case]
    truth = np.concatenate([np.ones(len(cases), dtype=np.bool_), np.zeros(len(controls), dtype=np.bool_)])
    drawn = [
        auc(np.concatenate([random.choice(cases, len(cases)), random.choice(controls, len(controls))]), truth)
        for _ in range(BOOTSTRAPS)
    ]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)


def _speed_slope(fitted: Floats, is_case: Flags, speed_mps: Floats) -> tuple[Floats, float]:
    """Return how features change with speed within the groups, per m/s, shape (k,), and the mean speed."""
    design = np.column_stack([np.ones(len(is_case)), is_case, speed_mps])
    slope = np.linalg.lstsq(design, fitted.mean(axis=0), rcond=None)[0][2]
    return np.asarray(slope), float(speed_mps.mean())


def _stages(log_odds: Floats, stage: Floats, is_case: Flags) -> dict[str, tuple[float, float, int]]:
    """Return mean, standard deviation and people of each stage with at least ten people."""
    found = {}
    for value in np.unique(stage[is_case & np.isfinite(stage)]):
        members = log_odds[is_case & (stage == value)]
        if len(members) >= 10:
            found[f"{value:g}"] = (float(members.mean()), float(members.std(ddof=1)), len(members))
    return found


def _domain(scored: Floats, is_case: Flags) -> Domain:
    """Return where the training people lie, each with the error that a single recording has."""
    values, cases = scored.reshape(-1, scored.shape[-1]), np.tile(is_case, len(scored))
    centres = np.array([values[cases].mean(axis=0), values[~cases].mean(axis=0)])
    apart = values - centres[np.where(cases, 0, 1)]
    precision = np.asarray(np.linalg.inv(apart.T @ apart / (len(values) - 2)), dtype=np.float64)
    domain = Domain(centres, precision, 0.0)
    return Domain(centres, precision, max(domain.distance(row) for row in values))
