"""Spatio-temporal gait parameters with 95 % intervals, counts, grades and reasons.

An interval joins two parts: what differs from stride to stride (block bootstrap) and what is the same for
every stride of the recording (a detector's constant lateness, the scale of lengths).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fusion.gait._bootstrap import REPLICATES, SEED, interval_of_mean, interval_of_sd, resample, within
from fusion.gait._table import COLUMN_OF, StrideTable, Systematic, Values, parameter_values, spread_values
from fusion.gait.definition import Definition
from fusion.gait.definitions import PARAMETERS, VARIABLE, cv_name, possible_range, sd_name
from fusion.types import SIDES, Estimate, Floats, GaitEvents, GaitParameters, Parameter, Stride, Subject

MIN_STRIDES = 3
"""Fewer per foot say nothing about a mean."""

GOOD_STRIDES = 10
"""From here on per foot a mean is graded good."""

MIN_STRIDES_SPREAD = 10
GOOD_STRIDES_SPREAD = 30
"""Spread needs more: Galna et al. (2013), *Gait Posture* 37:580, at least 30 steps for variability."""

LENGTH_SCALE_SD = 0.03
"""Relative: segment lengths of people of one height differ by about 3 % (Drillis & Contini 1966)."""

CONSTANT_SHARE = 0.5
"""Share of an event's variance taken as the same for a whole recording; half, for want of a better figure."""

LARGEST_CORRELATION = 0.5
"""Of successive strides of healthy people (Hausdorff et al. 1995, fig. 2); it hides a part of the contacts' error."""

_SPREAD_OF = {make(name): name for name in VARIABLE for make in (sd_name, cv_name)}
_CONTACTS_OF = {"double": 4}
_ONE_SIDE_IS_ENOUGH = ("stride", "length")
_NEEDS_LENGTH = ("length", "step_length")


@dataclass(frozen=True, slots=True)
class _Setting:
    """What decides whether a parameter can be given."""

    table: StrideTable
    length_reason: str
    event_sd_s: float


def gait_parameters(
    strides: Sequence[Stride],
    events: GaitEvents,
    *,
    subject: Subject | None = None,
    surface: str = "overground",
    belt_speed_mps: float = np.nan,
    scale_known: bool | None = None,
    step_lengths: Mapping[tuple[str, float], tuple[float, float]] | None = None,
    length_scale_sd: float = LENGTH_SCALE_SD,
) -> GaitParameters:
    """Return every parameter of the data dictionary, each with interval, count, grade and reason.

    1. Put the valid strides in a table; all means are taken over this one set.
    2. Draw blocks of strides and constant errors.
    3. Recompute every parameter for each draw; the spread is its interval.
    4. Grade by the number of strides; say why where there is no number.

    Parameters
    ----------
    strides
        Of ``segment_strides``.
    events
        Contacts; their standard deviations say how late or early all of them may be.
    subject
        Lengths need a height unless ``scale_known`` says that they have a scale of their own.
    surface, belt_speed_mps
        A treadmill without belt speed has no lengths.
    scale_known
        Lengths are metric (calibrated camera, foot sensor); None asks the subject's height.
    step_lengths
        Of ``fusion.gait.lengths.step_lengths``; None leaves step lengths out.
    length_scale_sd
        Relative standard deviation of the scale of all lengths.

    Returns
    -------
    GaitParameters
        One item per name and side of the data dictionary, in its order.
    """
    known = bool(np.isfinite(subject.height_m)) if scale_known is None and subject else bool(scale_known)
    table = StrideTable.from_strides(strides, step_lengths or {})
    reason = _length_reason(table, surface, belt_speed_mps, known)
    if reason:
        table = table.without_lengths()
    setting = _Setting(table, reason, float(np.median(events.sd_s)) if events.sd_s.size else 0.0)
    point = _evaluate(table, np.ones((1, len(table.side))))
    draws = resample(len(table.side), sides=len(set(table.side)) or 1)
    replicates = _evaluate(table, draws.counts, _stride_correlation(table))
    shared = _shared_errors(table, events, length_scale_sd)
    items = []
    for entry in PARAMETERS:
        for side in entry.sides:
            key = (entry.name, side)
            if entry.name == "strides_counted":
                items.append(Parameter(*key, _count(table, side)))
                continue
            value = float(point[key][0])
            low, high = _interval(entry, value, replicates[key], shared.get(key), draws.widening)
            items.append(Parameter(*key, _grade(entry, side, value, (low, high), setting)))
    return GaitParameters(tuple(items))


def _evaluate(table: StrideTable, counts: Floats, correlation: Floats | float = 0.0) -> Values:
    values = parameter_values(table.means(counts))
    return {**values, **spread_values(table.sds(counts), values, table.contact_noise(counts, correlation))}


def _stride_correlation(table: StrideTable) -> Floats | float:
    """Return how strongly true strides may follow each other, one per replicate; 0 where contacts show no error."""
    noisy = float(table.contact_noise(np.ones((1, len(table.side))))["ic"][0]) > 0.0
    return np.random.default_rng(SEED + 2).uniform(0.0, LARGEST_CORRELATION, REPLICATES) if noisy else 0.0


def _shared_errors(table: StrideTable, events: GaitEvents, scale_sd: float) -> Values:
    """Return the deviation of every mean under errors that all strides share, one per replicate."""
    random = np.random.default_rng(SEED + 1)
    bias = {}
    for kind in ("ic", "fc"):
        sds = {side: _constant_sd(events, side, kind) for side in SIDES}
        # Half of a detector's lateness is its own (both feet alike), half belongs to the foot: its sensor.
        common = random.normal(size=REPLICATES)
        own = random.normal(size=(2, REPLICATES))
        for k, side in enumerate(SIDES):
            bias[(side, kind)] = sds[side] * np.sqrt(0.5) * (common + own[k])
    errors = Systematic(bias, random.normal(0.0, scale_sd, size=REPLICATES))
    means = table.means(np.ones((1, len(table.side))))
    exact, shifted = parameter_values(means), parameter_values(errors.shift(means))
    return {key: shifted[key] - exact[key] for key in exact}


def _constant_sd(events: GaitEvents, side: str, kind: str) -> float:
    sd = events.select_sd(side, kind)
    sd = sd[np.isfinite(sd)]
    return float(np.sqrt(CONSTANT_SHARE) * np.median(sd)) if sd.size else 0.0


def _interval(
    entry: Definition, value: float, replicates: Floats, shared: Floats | None, widening: float
) -> tuple[float, float]:
    if not np.isfinite(value):
        return np.nan, np.nan
    if entry.name in _SPREAD_OF:
        low, high = interval_of_sd(value, replicates, widening)
    else:
        drawn = np.zeros(REPLICATES) if shared is None else np.broadcast_to(shared, (REPLICATES,))
        low, high = interval_of_mean(value, replicates, drawn, widening)
    return within(value, (float(low), float(high)), possible_range(entry.name))


def _grade(entry: Definition, side: str, value: float, interval: tuple[float, float], setting: _Setting) -> Estimate:
    """Return the estimate, or why there is none."""
    column = _column(entry.name)
    counts = {foot: setting.table.count(column, foot) for foot in (SIDES if side == "both" else (side,))}
    if column in _ONE_SIDE_IS_ENOUGH and not any(name in entry.name for name in ("_sd_", "_cv_")):
        counts = {foot: n for foot, n in counts.items() if n} or counts
    total, fewest = sum(counts.values()), min(counts.values())
    reason = _why_not(entry, counts, setting)
    if reason or not np.isfinite(value):
        return Estimate.not_assessable(entry.unit, reason or f"{entry.label} did not come out finite", total)
    wanted = GOOD_STRIDES_SPREAD if entry.name in _SPREAD_OF else GOOD_STRIDES
    remarks = []
    if fewest < wanted:
        remarks.append(f"{fewest} strides on one foot, {wanted} needed: walk longer")
    if side == "both" and len(counts) == 1:
        remarks.append(f"only the {next(iter(counts))} foot was measured")
    remarks.extend(_event_noise(entry, value, setting))
    return Estimate(value, *interval, entry.unit, total, "limited" if remarks else "good", "; ".join(remarks))


def _why_not(entry: Definition, counts: Mapping[str, int], setting: _Setting) -> str:
    """Return why a parameter is not assessable and what helps; empty when it is assessable."""
    column = _column(entry.name)
    if column in _NEEDS_LENGTH and setting.length_reason:
        return setting.length_reason
    least = MIN_STRIDES_SPREAD if entry.name in _SPREAD_OF else MIN_STRIDES
    foot = min(counts, key=lambda side: counts[side])
    if counts[foot] >= least:
        return ""
    if counts[foot]:
        return f"{foot} foot: {counts[foot]} strides, {least} needed: walk longer"
    strides = setting.table.count("stride", foot)
    if strides:
        missing = "positions" if column in _NEEDS_LENGTH else "contacts"
        return f"{foot} foot: {missing} for {entry.label} were not found in any of {strides} strides"
    return f"no valid strides of the {foot} foot: put a sensor on it or film it"


def _column(name: str) -> str:
    """Return the table column that a parameter rests on."""
    stem = _SPREAD_OF.get(name, name)
    if stem in COLUMN_OF:
        return COLUMN_OF[stem]
    if stem == "walking_speed_mps":
        return "length"
    for word in ("stance", "swing", "single", "double", "step_length", "step"):
        if stem.startswith(word):
            return word
    return "stride"


def _event_noise(entry: Definition, value: float, setting: _Setting) -> list[str]:
    """Say so when the spread of a time is mostly the error of the contacts."""
    column = _column(entry.name)
    if entry.name not in _SPREAD_OF or column in _NEEDS_LENGTH or not setting.event_sd_s:
        return []
    contacts = _CONTACTS_OF.get(column, 2)
    noise_s = float(np.sqrt(contacts * (1.0 - CONSTANT_SHARE)) * setting.event_sd_s)
    spread_s = value
    if entry.unit == "%":
        spread_s = value * float(np.nanmean(setting.table.column(column))) / 100.0
    if noise_s**2 <= 0.5 * spread_s**2:
        return []
    return [f"most of this spread may be the error of the contacts ({1e3 * noise_s:.0f} ms)"]


def _count(table: StrideTable, side: str) -> Estimate:
    n = sum(table.count("stride", foot) for foot in (SIDES if side == "both" else (side,)))
    return Estimate(float(n), float(n), float(n), "1", n)


def _length_reason(table: StrideTable, surface: str, belt_speed_mps: float, scale_known: bool) -> str:
    """Return why lengths are not assessable; empty when they are."""
    if surface == "treadmill" and not np.isfinite(belt_speed_mps):
        return "treadmill without belt speed: enter the belt speed"
    if not scale_known:
        return "no scale: enter the height or calibrate the camera"
    if len(table.side) and not any(table.count("length", side) for side in SIDES):
        return "no camera or foot sensor measured the way covered: film the walk from the side"
    return ""
