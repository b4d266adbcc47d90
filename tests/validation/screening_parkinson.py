"""The score of parkinsonian timing on the set gaitpdb: honest splits, the leaky one beside them, the frozen model.

Every split is over people except ``leaky_windows``, which shows what the usual mistake is worth. Log odds of repeated
splits are scored one repeat at a time and averaged; intervals draw people anew within their groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fusion.screening._logistic import auc, brier, calibration, sensitivity_at
from fusion.screening._model import Level, shipped
from fusion.screening._timing import features, transform
from fusion.screening._train.gaitpdb import Walker, read_walkers
from fusion.screening._train.parkinson import EVENT_SD_S, LINE_SD, auc_interval, sample
from fusion.screening._train.people import FOLDS, choose_penalty, fit_people, folds, left_out, out_of_fold
from fusion.screening.base import Evidence
from fusion.screening.parkinson import Parkinson, log_odds_of
from fusion.types import Flags, Floats, GaitEvents, GaitParameters, JointAngles, Recording, Stride, Subject

REPEATS = 10
SEED = 7
SLOPE_BOOTSTRAPS = 300
WINDOW_STRIDES = 15
WINDOWS_EACH = 4
ALL = 10_000

Curves = dict[str, tuple[Floats, Flags]]
"""Scheme -> log odds and group of everybody, for the figures."""


def evaluate(folder: Path, *, frozen: bool = False) -> tuple[dict[str, float], Curves]:
    """Return every figure of the set, and the log odds behind them.

    Parameters
    ----------
    frozen
        Only apply the shipped coefficients; nothing is fitted.
    """
    walkers = read_walkers(folder)
    figures, curves = _frozen(walkers)
    if frozen:
        return _named(figures), curves
    is_case = np.array([walker.is_case for walker in walkers])
    study = np.array([walker.study for walker in walkers])
    train, test = _samples(walkers, 0.0)
    unseen = out_of_fold(train, test, is_case, repeats=REPEATS, seed=SEED)
    figures |= _scheme("subject_cv", unseen, is_case)
    curves["by person"] = unseen.mean(axis=0), is_case
    if len(np.unique(study)) > 1:
        out = left_out(train, test[:1], is_case, study)
        figures |= _scheme("study_out", out, is_case)
        curves["each study left out"] = out[0], is_case
        for name in np.unique(study):
            figures |= _scheme(f"study_out_{name}", out[:, study == name], is_case[study == name])
    figures |= _speed(walkers, train, test, is_case)
    figures |= _subgroups(walkers, unseen.mean(axis=0), is_case)
    figures |= _leak(walkers, is_case)
    figures |= _jitter(walkers, is_case, study)
    figures |= _decision(unseen.mean(axis=0), is_case)
    return _named(figures), curves


def _named(figures: dict[str, float]) -> dict[str, float]:
    return {f"screening/parkinson/{key}": value for key, value in figures.items()}


def scheme_figures(log_odds: Floats, is_case: Flags) -> dict[str, float]:
    """Return the figures of one split; ``log_odds`` has shape (repeats, people)."""
    low, high = auc_interval(log_odds.mean(axis=0), is_case)
    rows = []
    for row in log_odds:
        slope, intercept = calibration(row, is_case)
        right = 0.5 * (np.mean(row[is_case] > 0.0) + np.mean(row[~is_case] <= 0.0))
        rows.append(
            {
                "auc": auc(row, is_case),
                "balanced_accuracy": float(right),
                "sensitivity_at_90_specificity": sensitivity_at(row, is_case, 0.9),
                "brier": brier(row, is_case),
                "calibration_slope": slope,
                "calibration_intercept": intercept,
            }
        )
    figures = {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
    slopes = slope_interval(log_odds.mean(axis=0), is_case)
    figures |= {"calibration_slope_low": slopes[0], "calibration_slope_high": slopes[1]}
    counts = {"n_cases": float(is_case.sum()), "n_controls": float((~is_case).sum())}
    return figures | {"auc_low": low, "auc_high": high} | counts


def slope_interval(log_odds: Floats, is_case: Flags) -> tuple[float, float]:
    """Return the 95 % interval of the calibration slope when people are drawn anew within their groups."""
    random = np.random.default_rng(SEED)
    cases, controls = np.flatnonzero(is_case), np.flatnonzero(~is_case)
    slopes = []
    for _ in range(SLOPE_BOOTSTRAPS):
        chosen = np.concatenate([random.choice(part, len(part)) for part in (cases, controls)])
        slopes.append(calibration(log_odds[chosen], is_case[chosen])[0])
    low, high = np.percentile(slopes, [2.5, 97.5])
    return float(low), float(high)


def _scheme(name: str, log_odds: Floats, is_case: Flags) -> dict[str, float]:
    if is_case.all() or not is_case.any():
        return {}
    return {f"{name}/{key}": value for key, value in scheme_figures(log_odds, is_case).items()}


def _samples(walkers: Sequence[Walker], event_sd_s: float) -> tuple[Floats, Floats]:
    train = np.concatenate([sample(walkers, event_sd_s, draw) for draw in range(2)])
    test = np.concatenate([sample(walkers, event_sd_s, 500 + draw, (ALL,)) for draw in range(3)])
    return train, test


def _frozen(walkers: Sequence[Walker]) -> tuple[dict[str, float], Curves]:
    """Apply the shipped score as the product does: with its abstentions, and the log odds of everybody."""
    level = shipped("parkinson").levels[0]
    is_case = np.array([walker.is_case for walker in walkers])
    study = np.array([walker.study for walker in walkers])
    x = [transform(features(walker.times)) for walker in walkers]
    log_odds = np.array([log_odds_of(level.overall, row) for row in x])
    given = np.array([Parkinson().assess(_evidence(walker)).is_given for walker in walkers])
    figures: dict[str, float] = {}
    groups = {"frozen": given} | {f"frozen_{name}": given & (study == name) for name in np.unique(study)}
    for name, chosen in groups.items():
        found = _scheme(name, log_odds[None, chosen], is_case[chosen])
        asked = study == name.removeprefix("frozen_") if "_" in name else np.ones(len(study), dtype=bool)
        found[f"{name}/abstained"] = float((~given & asked).sum())
        line = level.overall.healthy.log_odds_mean + LINE_SD * level.overall.healthy.log_odds_sd
        found[f"{name}/specificity_at_line"] = float(np.mean(log_odds[chosen & ~is_case] <= line))
        found[f"{name}/sensitivity_at_line"] = float(np.mean(log_odds[chosen & is_case] > line))
        figures |= found
    return figures, {"frozen": (log_odds[given], is_case[given])}


def _evidence(walker: Walker) -> Evidence:
    strides = [
        Stride(side, float(row[0]), float(row[1]), fc_s=float(row[2]), other_ic_s=float(row[3]))
        for side, rows in walker.times.by_side.items()
        for row in rows
    ]
    empty = np.empty((0, 0))
    angles = JointAngles((), np.empty(0), empty, empty, np.empty((0, 0), dtype=bool))
    # Where the age is not in the tables the person is taken as within the range: the set holds older adults only.
    age = walker.age_years if np.isfinite(walker.age_years) else 65.0
    recording = Recording(subject=Subject(age_years=age), walking_aid="none")
    return Evidence(recording, tuple(strides), GaitEvents.none(), GaitParameters(), angles)


def _speed(walkers: Sequence[Walker], train: Floats, test: Floats, is_case: Flags) -> dict[str, float]:
    """Return what the speed alone reaches, and the score with the speed taken out."""
    speed = np.array([walker.speed_mps for walker in walkers])
    known = np.isfinite(speed)
    if known.sum() < 40:
        return {}
    alone = speed[known][None, :, None]
    group = is_case[known]
    figures = _scheme("speed_alone", out_of_fold(alone, alone, group, repeats=REPEATS, seed=SEED), group)
    # The slope of each feature with speed is found within the training folds only.
    out = np.empty((REPEATS, int(known.sum())))
    for repeat in range(REPEATS):
        for tested in folds(group, FOLDS, SEED + repeat):
            x, y = train[:, known], test[repeat % len(test)][known]
            design = np.column_stack([np.ones((~tested).sum()), group[~tested], speed[known][~tested]])
            slope = np.linalg.lstsq(design, x[:, ~tested].mean(axis=0), rcond=None)[0][2]
            mean = speed[known].mean()
            moved = [v - slope * (speed[known] - mean)[:, None] for v in (x, y[None])]
            penalty = choose_penalty(moved[0][:, ~tested], group[~tested], SEED, repeats=1)
            out[repeat, tested] = fit_people(moved[0][:, ~tested], group[~tested], penalty).log_odds(
                moved[1][0, tested]
            )
    return figures | _scheme("same_speed", out, group)


def _subgroups(walkers: Sequence[Walker], log_odds: Floats, is_case: Flags) -> dict[str, float]:
    age = np.array([walker.age_years for walker in walkers])
    speed = np.array([walker.speed_mps for walker in walkers])
    sex = np.array([walker.sex for walker in walkers])
    groups = {
        "age_below_70": age < 70.0,
        "age_from_70": age >= 70.0,
        "women": sex == "female",
        "men": sex == "male",
        "slower_half": speed < np.nanmedian(speed),
        "faster_half": speed >= np.nanmedian(speed),
    }
    figures = {}
    for name, chosen in groups.items():
        group = is_case[chosen]
        if min(int(group.sum()), int((~group).sum())) >= 5:
            low, high = auc_interval(log_odds[chosen], group)
            figures |= {f"subgroup_{name}/auc": auc(log_odds[chosen], group), f"subgroup_{name}/auc_low": low}
            figures |= {f"subgroup_{name}/auc_high": high, f"subgroup_{name}/n_cases": float(group.sum())}
            figures[f"subgroup_{name}/n_controls"] = float((~group).sum())
            figures[f"subgroup_{name}/mean_predicted"] = float(np.mean(1.0 / (1.0 + np.exp(-log_odds[chosen]))))
            figures[f"subgroup_{name}/observed"] = float(group.mean())
    return figures


def _leak(walkers: Sequence[Walker], is_case: Flags) -> dict[str, float]:
    """Return the accuracy of the nearest neighbour among windows, split by window (leaky) and by person (honest)."""
    random = np.random.default_rng(SEED)
    rows = np.array(
        [
            [transform(features(walker.times.window(WINDOW_STRIDES, random))) for _ in range(WINDOWS_EACH)]
            for walker in walkers
        ]
    )
    x = rows.reshape(-1, rows.shape[-1])
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    person = np.repeat(np.arange(len(walkers)), WINDOWS_EACH)
    group = np.repeat(is_case, WINDOWS_EACH)
    distance = np.linalg.norm(x[:, None] - x[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    leaky = group[np.argmin(distance, axis=1)]
    distance[person[:, None] == person] = np.inf
    honest = group[np.argmin(distance, axis=1)]
    figures = {}
    for name, told in (("leaky_windows", leaky), ("honest_windows", honest)):
        figures[f"{name}/accuracy"] = float(np.mean(told == group))
        figures[f"{name}/n_windows"] = float(len(group))
    return figures


def _jitter(walkers: Sequence[Walker], is_case: Flags, study: np.ndarray) -> dict[str, float]:
    """Return what errors of the contacts do to a model that was fitted with them, and to one that was not."""
    clean = shipped("parkinson").levels[0]
    figures = {}
    for event_sd_s in EVENT_SD_S[1:]:
        name = f"jitter_{round(1e3 * event_sd_s)}_ms"
        train, test = _samples(walkers, event_sd_s)
        unseen = out_of_fold(train, test, is_case, repeats=5, seed=SEED)
        figures |= _scheme(name, unseen, is_case)
        figures[f"{name}/specificity_at_line"] = _specificity(unseen, is_case)
        figures[f"{name}/clean_model_specificity"] = _clean_specificity(clean, test, is_case)
        if len(np.unique(study)) > 1:
            figures[f"{name}/study_out_auc"] = auc(left_out(train, test[:1], is_case, study)[0], is_case)
    return figures


def _specificity(log_odds: Floats, is_case: Flags) -> float:
    """Return the share of healthy people below the slight line, each judged by the others."""
    shares = []
    for row in log_odds:
        healthy = row[~is_case]
        rest = [np.delete(healthy, k) for k in range(len(healthy))]
        lines = np.array([others.mean() + LINE_SD * others.std(ddof=1) for others in rest])
        shares.append(np.mean(healthy <= lines))
    return float(np.mean(shares))


def _clean_specificity(clean: Level, test: Floats, is_case: Flags) -> float:
    line = clean.overall.healthy.log_odds_mean + LINE_SD * clean.overall.healthy.log_odds_sd
    return float(np.mean([clean.overall.logistic.log_odds(rows[~is_case]) <= line for rows in test]))


def _decision(log_odds: Floats, is_case: Flags) -> dict[str, float]:
    """Return the net benefit at some thresholds (Vickers & Elkin 2006), of the score and of treating everybody."""
    share = 1.0 / (1.0 + np.exp(-log_odds))
    figures = {}
    for threshold in (0.2, 0.3, 0.4, 0.5, 0.6):
        odds = threshold / (1.0 - threshold)
        passed = share >= threshold
        benefit = np.mean(passed & is_case) - odds * np.mean(passed & ~is_case)
        figures[f"decision_at_{round(100 * threshold)}_percent/net_benefit"] = float(benefit)
        everybody = is_case.mean() - odds * (1.0 - is_case.mean())
        figures[f"decision_at_{round(100 * threshold)}_percent/net_benefit_of_all"] = float(everybody)
    return figures
