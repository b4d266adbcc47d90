"""A study in numbers: groups compared with multiplicity control, agreement with another system.

Groups: Welch's t-test for each parameter, with the interval of the difference, and Holm's step-down correction over
all parameters that are compared (Holm 1979). Agreement: Bland & Altman (1986), with the exact 95 % intervals of the
bias; the limits' intervals are their approximate ones (standard error sqrt(3 s^2 / n)).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from fusion.errors import UsageError
from fusion.types import Floats

LEAST_PEOPLE = 3
"""In each group; below that a difference says nothing."""


@dataclass(frozen=True, slots=True)
class GroupDifference:
    """One parameter in two groups.

    Attributes
    ----------
    difference, low, high
        Mean of the second minus mean of the first, with its 95 % interval.
    p_holm
        p value after Holm's correction over all parameters compared at once.
    """

    name: str
    means: tuple[float, float]
    counts: tuple[int, int]
    difference: float
    low: float
    high: float
    p_holm: float


@dataclass(frozen=True, slots=True)
class Agreement:
    """Bland-Altman agreement of two systems, ours minus the other.

    Attributes
    ----------
    bias, bias_low, bias_high
        Mean difference with its 95 % interval.
    lower, upper, limits_half
        Limits of agreement, and the half-width of their 95 % intervals.
    """

    n: int
    bias: float
    bias_low: float
    bias_high: float
    lower: float
    upper: float
    limits_half: float


def compare_groups(values: Mapping[str, tuple[Floats, Floats]]) -> tuple[GroupDifference, ...]:
    """Return each parameter's difference between two groups; those with fewer than three people a side are left out.

    Parameters
    ----------
    values
        Parameter -> values of the first and of the second group, one a person.
    """
    found = []
    for name, (first, second) in values.items():
        a, b = first[np.isfinite(first)], second[np.isfinite(second)]
        if min(len(a), len(b)) < LEAST_PEOPLE:
            continue
        result = stats.ttest_ind(b, a, equal_var=False)
        interval = result.confidence_interval(0.95)
        means = (float(a.mean()), float(b.mean()))
        found.append((name, means, (len(a), len(b)), float(interval.low), float(interval.high), float(result.pvalue)))
    adjusted = holm([row[5] for row in found])
    return tuple(
        GroupDifference(name, means, counts, means[1] - means[0], low, high, p)
        for (name, means, counts, low, high, _), p in zip(found, adjusted, strict=True)
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p values after Holm's step-down correction, in the order given."""
    count = len(p_values)
    adjusted = [1.0] * count
    worst = 0.0
    for rank, place in enumerate(sorted(range(count), key=lambda k: p_values[k])):
        worst = max(worst, min(1.0, (count - rank) * p_values[place]))
        adjusted[place] = worst
    return adjusted


def agreement(ours: Floats, theirs: Floats) -> Agreement:
    """Return the agreement of paired measurements.

    Raises
    ------
    UsageError
        Fewer than three pairs are complete.
    """
    known = np.isfinite(ours) & np.isfinite(theirs)
    gap = ours[known] - theirs[known]
    count = len(gap)
    if count < LEAST_PEOPLE:
        raise UsageError(f"agreement needs at least {LEAST_PEOPLE} complete pairs; got {count}. Add recordings.")
    bias, spread = float(gap.mean()), float(gap.std(ddof=1))
    half = float(stats.t.ppf(0.975, count - 1)) * spread / np.sqrt(count)
    limits_half = float(stats.t.ppf(0.975, count - 1)) * np.sqrt(3.0 * spread**2 / count)
    reach = 1.96 * spread
    return Agreement(count, bias, bias - half, bias + half, bias - reach, bias + reach, float(limits_half))
