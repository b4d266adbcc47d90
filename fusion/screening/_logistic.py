"""Penalised logistic regression in numpy, and the figures that say how good a score is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.stats import rankdata

from fusion.errors import SignalError
from fusion.types import Flags, Floats

_MOST_STEPS = 100
_CONVERGED = 1e-12


@dataclass(frozen=True, slots=True)
class Logistic:
    """A fitted model: log odds = intercept + sum(slope * (x - mean) / sd).

    Attributes
    ----------
    mean, sd
        Of the training data, shape (k,).
    coefficients
        Intercept and slopes, shape (k + 1,).
    covariance
        Of the coefficients, shape (k + 1, k + 1): inverse of the penalised information.
    """

    mean: Floats
    sd: Floats
    coefficients: Floats
    covariance: Floats

    def log_odds(self, x: Floats) -> Floats:
        """Return the log odds, shape (n,), of features of shape (n, k)."""
        return np.asarray(self._design(x) @ self.coefficients)

    def log_odds_sd(self, x: Floats) -> Floats:
        """Return how far the log odds may be off for want of training people, shape (n,)."""
        design = self._design(x)
        return np.asarray(np.sqrt(np.einsum("ni,ij,nj->n", design, self.covariance, design)))

    def pushes(self, x: Floats, reference: Floats) -> Floats:
        """Return what each feature adds to the log odds against a reference person, shape (n, k)."""
        return np.asarray(self.coefficients[1:] * (x - reference) / self.sd)

    def _design(self, x: Floats) -> Floats:
        return np.column_stack([np.ones(len(x)), (x - self.mean) / self.sd])


def fit(x: Floats, is_case: Flags, penalty: float, weight: Floats | None = None) -> Logistic:
    """Return the maximum of the likelihood less half the penalty times the squared slopes (ridge), by Newton steps.

    Parameters
    ----------
    x
        Features, shape (n, k).
    is_case
        Shape (n,).
    penalty
        In units of standardised features; the intercept is free.
    weight
        Of each row, shape (n,); several rows of one person share the weight 1.

    Raises
    ------
    SignalError
        Only one group is there, or a feature does not vary.
    """
    weight = np.ones(len(x)) if weight is None else weight
    target = is_case.astype(np.float64)
    mean = np.average(x, axis=0, weights=weight)
    sd = np.sqrt(np.average((x - mean) ** 2, axis=0, weights=weight))
    if is_case.all() or not is_case.any() or not (sd > 0.0).all():
        raise SignalError(
            f"a fit needs cases and controls and features that vary; got {int(is_case.sum())} cases of "
            f"{len(is_case)} rows. Add people."
        )
    design = np.column_stack([np.ones(len(x)), (x - mean) / sd])
    ridge = np.diag([0.0, *np.full(x.shape[1], penalty)])
    beta = np.zeros(design.shape[1])
    for _ in range(_MOST_STEPS):
        share = _sigmoid(design @ beta)
        gradient = design.T @ (weight * (share - target)) + ridge @ beta
        information = (design * (weight * share * (1.0 - share))[:, None]).T @ design + ridge
        step = np.linalg.solve(information, gradient)
        beta = beta - step
        if np.max(np.abs(step)) < _CONVERGED:
            break
    return Logistic(mean, sd, beta, np.asarray(np.linalg.inv(information), dtype=np.float64))


def _sigmoid(log_odds: Floats) -> Floats:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * log_odds)))


def log_loss(log_odds: Floats, is_case: Flags) -> float:
    """Return the mean negative log likelihood."""
    return float(np.mean(np.logaddexp(0.0, np.where(is_case, -log_odds, log_odds))))


def auc(score: Floats, is_case: Flags) -> float:
    """Return the share of pairs in which the case scores higher, ties half (Mann & Whitney 1947)."""
    cases = int(is_case.sum())
    controls = len(is_case) - cases
    if not cases or not controls:
        return float("nan")
    return float((rankdata(score)[is_case].sum() - 0.5 * cases * (cases + 1)) / (cases * controls))


def brier(log_odds: Floats, is_case: Flags) -> float:
    """Return the mean squared error of the probability."""
    return float(np.mean((_sigmoid(log_odds) - is_case) ** 2))


def calibration(log_odds: Floats, is_case: Flags) -> tuple[float, float]:
    """Return slope and intercept of observed against predicted log odds (Cox 1958); 1 and 0 are right.

    The intercept is calibration-in-the-large: it is found with the slope held at 1.
    """
    if is_case.all() or not is_case.any():
        return float("nan"), float("nan")
    # A touch of ridge keeps the slope finite where the groups do not overlap.
    both = fit(log_odds[:, None], is_case, 1e-3)
    slope = float(both.coefficients[1] / both.sd[0])
    reach = float(np.max(np.abs(log_odds))) + 50.0
    # The expected number of cases grows with the offset, so there is one root, and Newton steps may overshoot it.
    offset = brentq(lambda shift: float(np.sum(_sigmoid(log_odds + shift) - is_case)), -reach, reach, xtol=1e-10)
    return slope, float(offset)


def sensitivity_at(log_odds: Floats, is_case: Flags, specificity: float) -> float:
    """Return the share of cases above the controls' quantile."""
    return float(np.mean(log_odds[is_case] > np.quantile(log_odds[~is_case], specificity)))
