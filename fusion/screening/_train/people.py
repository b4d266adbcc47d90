"""Fitting and cross-validation in which a person is never on both sides.

A person may stand for several rows (other windows, other event errors): a *sample* has shape (replicates, people,
features), and every split is over people.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fusion.screening._logistic import Logistic, fit, log_loss
from fusion.types import Flags, Floats

PENALTIES = (0.3, 1.0, 3.0, 10.0)
"""Prior standard deviations of 1.8 to 0.3 for the slopes of standardised features."""

FOLDS = 10
INNER_REPEATS = 3


def fit_people(sample: Floats, is_case: Flags, penalty: float) -> Logistic:
    """Return the model of all rows of a sample; each person weighs 1, however many rows there are."""
    replicates = len(sample)
    rows = sample.reshape(-1, sample.shape[-1])
    weight = np.full(len(rows), 1.0 / replicates)
    return fit(rows, np.tile(is_case, replicates), penalty, weight)


def folds(is_case: Flags, count: int, seed: int) -> Iterator[Flags]:
    """Yield who is tested in each fold, shape (people,); cases and controls are spread evenly."""
    random = np.random.default_rng(seed)
    order = np.concatenate(
        [random.permutation(np.flatnonzero(is_case)), random.permutation(np.flatnonzero(~is_case))]
    )
    fold = np.empty(len(is_case), dtype=np.int64)
    fold[order] = np.arange(len(is_case)) % count
    for k in range(count):
        yield fold == k


def choose_penalty(sample: Floats, is_case: Flags, seed: int = 0, repeats: int = INNER_REPEATS) -> float:
    """Return the penalty with the least log loss on people left out (repeated cross-validation)."""
    losses = []
    for penalty in PENALTIES:
        loss = []
        for repeat in range(repeats):
            out = np.empty((len(sample), len(is_case)))
            for tested in folds(is_case, FOLDS, seed + repeat):
                model = fit_people(sample[:, ~tested], is_case[~tested], penalty)
                out[:, tested] = [model.log_odds(replicate[tested]) for replicate in sample]
            loss.append(log_loss(out.ravel(), np.tile(is_case, len(sample))))
        losses.append(np.mean(loss))
    return PENALTIES[int(np.argmin(losses))]


def out_of_fold(
    train: Floats, test: Floats, is_case: Flags, *, repeats: int, seed: int, penalty: float | None = None
) -> Floats:
    """Return log odds of people whom the model has not seen, shape (repeats, people).

    Parameters
    ----------
    train
        Sample that is fitted.
    test
        Sample that is scored, one replicate a repeat (they are used in turn).
    penalty
        None chooses it anew within each training part (nested).
    """
    out = np.empty((repeats, len(is_case)))
    for repeat in range(repeats):
        scored = test[repeat % len(test)]
        for tested in folds(is_case, FOLDS, seed + repeat):
            chosen = penalty or choose_penalty(train[:, ~tested], is_case[~tested], seed, repeats=1)
            model = fit_people(train[:, ~tested], is_case[~tested], chosen)
            out[repeat, tested] = model.log_odds(scored[tested])
    return out


def left_out(train: Floats, test: Floats, is_case: Flags, group: np.ndarray, seed: int = 0) -> Floats:
    """Return log odds of whole groups (studies) that the model has not seen, shape (replicates of test, people)."""
    out = np.empty((len(test), len(is_case)))
    for name in np.unique(group):
        tested = group == name
        penalty = choose_penalty(train[:, ~tested], is_case[~tested], seed)
        model = fit_people(train[:, ~tested], is_case[~tested], penalty)
        out[:, tested] = [model.log_odds(replicate[tested]) for replicate in test]
    return out
