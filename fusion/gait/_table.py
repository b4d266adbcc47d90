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
    """

    side: Words
    values: Floats

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
        )

    def column(self, name: str) -> Floats:
        """Return one column, shape (n,)."""
        return np.asarray(self.values[:, COLUMNS.index(name)])

    def without_lengths(self) -> StrideTable:
        """Return the table with every length missing."""
        values = self.values.copy()
        values[:, [COLUMNS.index(name) for name in ("length", "step_length", "length_time")]] = np.nan
        return StrideTable(self.side, values)

    def count(self, column: str, side: str) -> int:
        """Return how many strides of a side have a column."""
        return int(np.sum(np.isfinite(self.column(column)) & (self.side == side)))

    def means(self, counts: Floats) -> dict[str, Means]:
        """Return side -> means of the drawn strides; ``counts`` has shape (replicates, n)."""
        return self._per_side(weighted_means, counts)

    def sds(self, counts: Floats) -> dict[str, Means]:
        """Return side -> standard deviations of the drawn strides."""
        return self._per_side(weighted_sds, counts)

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


def spread_values(sds: Mapping[str, Means], values: Values) -> Values:
    """Return standard deviations and coefficients of variation; both: root mean square of the sides."""
    spread: Values = {}
    for name in VARIABLE:
        column = COLUMN_OF[name]
        per_side = {side: sds[side][column] for side in SIDES}
        per_side["both"] = np.sqrt(0.5 * (per_side["left"] ** 2 + per_side["right"] ** 2))
        for side, sd in per_side.items():
            spread[(sd_name(name), side)] = sd
            spread[(cv_name(name), side)] = 100.0 * sd / values[(name, side)]
    return spread
