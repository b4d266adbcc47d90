"""The strides as columns of numbers, and every parameter as a function of their means.

All parameters come from means over one common set of strides, so identities hold in the printed numbers:
stance + swing = stride, 2 single + double support = 100 %, cadence = 120 / stride time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fusion.gait._bootstrap import weighted_means, weighted_sds
from fusion.gait.definitions import ASYMMETRIC, VARIABLE, asymmetry_name, cv_name, sd_name
from fusion.types import SIDES, Floats, Stride, Words

COLUMNS = ("stride", "step", "stance", "swing", "single", "double", "length", "step_length", "length_time")
Means = dict[str, Floats]
"""Column name -> one value per replicate."""

Values = dict[tuple[str, str], Floats]
"""(parameter, side) -> one value per replicate."""

COLUMN_OF = {
    "stride_time_s": "stride",
    "step_time_s": "step",
    "stance_time_s": "stance",
    "swing_time_s": "swing",
    "single_support_time_s": "single",
    "double_support_time_s": "double",
    "stride_length_m": "length",
    "step_length_m": "step_length",
}
CONTACTS_IN = {
    "stride": (2.0, 0.0),
    "step": (2.0, 0.0),
    "stance": (1.0, 1.0),
    "swing": (1.0, 1.0),
    "double": (2.0, 2.0),
}
"""Initial and final contacts whose errors a time contains."""

LEAST_FOR_NOISE = 8
"""Strides of a foot below which a covariance of neighbours says nothing."""

_SAME_CONTACT_S = 1e-3
SHARES = ("stance", "swing", "single_support", "double_support")


@dataclass(frozen=True, slots=True)
class StrideTable:
    """Valid strides of both feet in order of time.

    Attributes
    ----------
    side
        Shape (n,).
    values
        In the order of ``COLUMNS``, s and m, shape (n, 9); NaN where not assessable.
    start_s
        First contact, shape (n,).
    """

    side: Words
    values: Floats
    start_s: Floats

    @classmethod
    def from_strides(
        cls, strides: Sequence[Stride], step_lengths: Mapping[tuple[str, float], tuple[float, float]]
    ) -> StrideTable:
        """Return the table of the strides that count."""
        valid = sorted((stride for stride in strides if stride.is_valid), key=lambda stride: stride.start_s)
        rows = [_row(stride, step_lengths) for stride in valid]
        return cls(
            np.array([stride.side for stride in valid], dtype=np.str_),
            np.array(rows, dtype=np.float64).reshape(-1, len(COLUMNS)),
            np.array([stride.start_s for stride in valid], dtype=np.float64),
        )

    def column(self, name: str) -> Floats:
        """Return one column, shape (n,)."""
        return np.asarray(self.values[:, COLUMNS.index(name)])

    def without_lengths(self) -> StrideTable:
        """Return the table with every length missing."""
        values = self.values.copy()
        values[:, [COLUMNS.index(name) for name in ("length", "step_length", "length_time")]] = np.nan
        return StrideTable(self.side, values, self.start_s)

    def count(self, column: str, side: str) -> int:
        """Return how many strides of a side have a column."""
        return int(np.sum(np.isfinite(self.column(column)) & (self.side == side)))

    def means(self, counts: Floats) -> dict[str, Means]:
        """Return side -> means of the drawn strides; ``counts`` has shape (replicates, n)."""
        return self._per_side(weighted_means, counts)

    def sds(self, counts: Floats) -> dict[str, Means]:
        """Return side -> standard deviations of the drawn strides."""
        return self._per_side(weighted_sds, counts)

    def contact_noise(self, counts: Floats, correlation: Floats | float = 0.0) -> Mapping[str, Floats]:
        """Return the variance of the contacts' random error, s^2, by kind, from the strides themselves.

        A contact that is placed late lengthens one interval and shortens the next, so the error of contacts shows
        as a negative covariance of neighbours that no gait has (its strides correlate positively, Hausdorff et al.
        1995). Initial contacts: successive strides of a foot share one. Final contacts: stance and swing share one.
        Both feet together; 0 where the covariance is positive.

        Parameters
        ----------
        counts
            How often each stride is drawn, shape (replicates, n).
        correlation
            Of true successive strides, shape (replicates,); it hides a part of the error.
        """
        columns = self._neighbour_products()
        with np.errstate(invalid="ignore"):
            means = weighted_means(columns, counts)
        initial = (correlation * means[:, 2] - means[:, 0]) / (1.0 + 2.0 * np.asarray(correlation))
        return {"ic": np.nan_to_num(np.maximum(initial, 0.0)), "fc": np.nan_to_num(np.maximum(-means[:, 1], 0.0))}

    def _neighbour_products(self) -> Floats:
        """Return deviation times that of the neighbour which shares a contact, and squared; NaN where there is none.

        Columns: stride and next stride, stance and swing, stride and itself; shape (n, 3).
        """
        products = np.full((len(self.side), 3), np.nan)
        stride, stance, swing = (self.column(name) for name in ("stride", "stance", "swing"))
        for side in SIDES:
            rows = np.flatnonzero(self.side == side)
            if len(rows) < LEAST_FOR_NOISE:
                continue
            deviation = stride[rows] - np.mean(stride[rows])
            products[rows, 2] = deviation**2
            follows = np.abs(self.start_s[rows[1:]] - self.start_s[rows[:-1]] - stride[rows[:-1]]) < _SAME_CONTACT_S
            products[rows[:-1][follows], 0] = (deviation[:-1] * deviation[1:])[follows]
            if np.isfinite(stance[rows]).any():
                products[rows, 1] = (stance[rows] - np.nanmean(stance[rows])) * (
                    swing[rows] - np.nanmean(swing[rows])
                )
        return products

    def _per_side(self, statistic: Callable[[Floats, Floats], Floats], counts: Floats) -> dict[str, Means]:
        found = {}
        for side in SIDES:
            chosen = self.side == side
            rows = statistic(self.values[chosen], counts[:, chosen])
            found[side] = dict(zip(COLUMNS, rows.T, strict=True))
        return found


def _row(stride: Stride, step_lengths: Mapping[tuple[str, float], tuple[float, float]]) -> tuple[float, ...]:
    step_length = step_lengths.get((stride.side, stride.start_s), (np.nan, np.nan))[0]
    return (
        stride.duration_s,
        stride.end_s - stride.other_ic_s,
        stride.fc_s - stride.start_s,
        stride.end_s - stride.fc_s,
        stride.other_ic_s - stride.other_fc_s,
        (stride.other_fc_s - stride.start_s) + (stride.fc_s - stride.other_ic_s),
        stride.length_m,
        step_length,
        stride.duration_s if np.isfinite(stride.length_m) else np.nan,
    )


@dataclass(frozen=True, slots=True)
class Systematic:
    """What all strides of a recording share, drawn once per replicate.

    Attributes
    ----------
    bias_s
        (side, ``"ic"`` or ``"fc"``) -> constant error of these contacts, s, shape (replicates,).
    scale
        Relative error of every length, shape (replicates,).
    """

    bias_s: Mapping[tuple[str, str], Floats]
    scale: Floats

    def shift(self, means: Mapping[str, Means]) -> dict[str, Means]:
        """Return the means as they would be with these errors."""
        shifted = {}
        for side in SIDES:
            other = SIDES[1 - SIDES.index(side)]
            ic, fc = self.bias_s[(side, "ic")], self.bias_s[(side, "fc")]
            other_ic, other_fc = self.bias_s[(other, "ic")], self.bias_s[(other, "fc")]
            mean = dict(means[side])
            mean["step"] = mean["step"] + ic - other_ic
            mean["stance"] = mean["stance"] + fc - ic
            mean["swing"] = mean["swing"] + ic - fc
            mean["single"] = mean["single"] + other_ic - other_fc
            mean["double"] = mean["double"] + other_fc - ic + fc - other_ic
            mean["length"] = mean["length"] * (1.0 + self.scale)
            mean["step_length"] = mean["step_length"] * (1.0 + self.scale)
            shifted[side] = mean
        return shifted


def both_sides(means: Mapping[str, Means]) -> Means:
    """Return the means of the two feet, each foot counting half.

    Step, single support and step length of both feet are halves of sums within a stride, which makes the
    identities exact. Stride time and length may come from one foot: they are the same for both.
    """
    halves = {
        side: {
            **mean,
            "step": 0.5 * mean["stride"] + 0.0 * mean["step"],
            "single": 0.5 * (mean["single"] + mean["swing"]),
            "step_length": 0.5 * mean["length"] + 0.0 * mean["step_length"],
        }
        for side, mean in means.items()
    }
    both = {name: 0.5 * (halves["left"][name] + halves["right"][name]) for name in COLUMNS}
    for name in ("stride", "length", "length_time"):
        for side in SIDES:
            both[name] = np.where(np.isfinite(both[name]), both[name], halves[side][name])
    return both


def parameter_values(means: Mapping[str, Means]) -> Values:
    """Return every parameter that follows from means."""
    sides = {**means, "both": both_sides(means)}
    values: Values = {}
    for side, mean in sides.items():
        for name, column in COLUMN_OF.items():
            values[(name, side)] = mean[column]
        for share in SHARES:
            values[(f"{share}_percent", side)] = 100.0 * values[(f"{share}_time_s", side)] / mean["stride"]
    both = sides["both"]
    values[("cadence_spm", "both")] = 120.0 / both["stride"]
    values[("walking_speed_mps", "both")] = both["length"] / both["length_time"]
    for name in ASYMMETRIC:
        left, right = values[(name, "left")], values[(name, "right")]
        with np.errstate(invalid="ignore", divide="ignore"):
            values[(asymmetry_name(name), "both")] = 200.0 * (left - right) / (left + right)
    return values


def spread_values(sds: Mapping[str, Means], values: Values, noise: Mapping[str, Floats]) -> Values:
    """Return standard deviations and coefficients of variation; both: root mean square of the sides.

    Parameters
    ----------
    noise
        Of ``StrideTable.contact_noise``: its share is taken out of the variance of every time.
    """
    spread: Values = {}
    for name in VARIABLE:
        column = COLUMN_OF[name]
        initial, final = CONTACTS_IN.get(column, (0.0, 0.0))
        error = initial * noise["ic"] + final * noise["fc"]
        per_side = {side: np.sqrt(np.maximum(sds[side][column] ** 2 - error, 0.0)) for side in SIDES}
        per_side["both"] = np.sqrt(0.5 * (per_side["left"] ** 2 + per_side["right"] ** 2))
        for side, sd in per_side.items():
            spread[(sd_name(name), side)] = sd
            spread[(cv_name(name), side)] = 100.0 * sd / values[(name, side)]
    return spread
