"""Walk ratio, phase coordination index and the scaling exponent of stride times.

References
----------
.. [1] Sekiya & Nagasaki (1998), Gait Posture 7:225, doi:10.1016/S0966-6362(98)00009-5
.. [2] Plotnik, Giladi, Hausdorff (2007), Exp Brain Res 181:561, doi:10.1007/s00221-007-0955-1
.. [3] Hausdorff et al. (1995), J Appl Physiol 78:349, doi:10.1152/jappl.1995.78.1.349
.. [4] Damouras, Chang, Sejdic, Chau (2010), Gait Posture 31:336, doi:10.1016/j.gaitpost.2009.12.002
"""

from __future__ import annotations

import numpy as np

from fusion.gait._bootstrap import SEED, resample
from fusion.gait.further.definitions import UNIT_OF
from fusion.gait.further.evidence import Walk, mean_of, withheld
from fusion.types import SIDES, Estimate, Floats, Parameter, Stride

MIN_PHASES, GOOD_PHASES = 10, 30
"""As for every spread from stride to stride."""

MIN_SERIES, GOOD_SERIES = 200, 600
"""Strides without a break: 600 are needed for a stable exponent [4]_; below 200 its interval says nothing."""

LEAST_WINDOW, WINDOWS = 10, 18
"""Shortest window of the detrended fluctuation, strides, and how many, evenly spaced in their logarithm."""

SIMULATED = 200
"""Simulated series from which the interval of the exponent follows."""

_SAME_CONTACT_S = 1e-3


def rhythm(walk: Walk) -> tuple[Parameter, ...]:
    """Return the parameters of this file."""
    return (_walk_ratio(walk), _phase_coordination(walk), _scaling(walk))


def _walk_ratio(walk: Walk) -> Parameter:
    name = "walk_ratio_mm_per_spm"
    if walk.length_reason:
        return withheld(name, "both", walk.length_reason)
    strides = walk.of_side("both")
    ratio = np.array([1000.0 * stride.length_m * stride.duration_s / 240.0 for stride in strides])
    size = float(np.nanmean(ratio)) if np.isfinite(ratio).any() else 0.0
    return mean_of(name, "both", ratio, walk.length_scale_sd * size)


def _phase_coordination(walk: Walk) -> Parameter:
    """Return the phase coordination index [2]_; the foot with the longer swing sets the cycle."""
    name = "phase_coordination_index_percent"
    chosen = {side: [s for s in walk.of_side(side) if np.isfinite(s.other_ic_s)] for side in SIDES}
    if not all(chosen.values()):
        return withheld(name, "both", "contacts of both feet are needed: put a sensor on each or film both")
    strides = max((chosen[side] for side in SIDES), key=_mean_swing_s)
    if len(strides) < MIN_PHASES:
        return withheld(name, "both", f"{len(strides)} strides, {MIN_PHASES} needed: walk longer", len(strides))
    phase = np.array([360.0 * (s.other_ic_s - s.start_s) / s.duration_s for s in strides])
    value = float(_coordination(phase, np.ones((1, len(phase))))[0])
    low, high = _coordination_interval(phase, _contact_sd_deg(strides))
    few = len(phase) < GOOD_PHASES
    remark = f"{len(phase)} strides, {GOOD_PHASES} needed: walk longer" if few else ""
    grade = "limited" if few else "good"
    ends = (min(low, value), max(high, value))
    return Parameter(name, "both", Estimate(value, *ends, UNIT_OF[name], len(phase), grade, remark))


def _contact_sd_deg(strides: list[Stride]) -> float:
    """Return the standard deviation of a phase by the error of its contacts, deg."""
    per_stride = [360.0 * stride.timing_sd_s / stride.duration_s for stride in strides]
    return float(np.nanmedian(np.nan_to_num(per_stride)))


def _coordination_interval(phase_deg: Floats, contact_sd_deg: float) -> tuple[float, float]:
    """Return the interval of the index under what the contacts may have got wrong.

    Half of their variance is taken as one error of all strides, which moves the phase. How much is random, and
    counted as spread by the index, is not known: between none and all of it.
    """
    random = np.random.default_rng(SEED + 4)
    draws = resample(len(phase_deg), sides=1)
    shift = random.normal(0.0, np.sqrt(0.5) * contact_sd_deg, size=len(draws.counts))
    noise = random.uniform(0.0, 1.0, size=len(draws.counts)) * contact_sd_deg**2
    low, high = np.percentile(_coordination(phase_deg, draws.counts, shift, noise), (2.5, 97.5))
    return float(low), float(high)


def _mean_swing_s(strides: list[Stride]) -> float:
    swing = np.array([stride.end_s - stride.fc_s for stride in strides])
    return float(np.nanmean(swing)) if np.isfinite(swing).any() else 0.0


def _coordination(
    phase_deg: Floats, counts: Floats, shift_deg: Floats | float = 0.0, noise: Floats | float = 0.0
) -> Floats:
    """Return the index of each draw, %, shape (replicates,); ``noise`` is a variance to take out, deg^2."""
    total = counts.sum(axis=1)
    # Deviations from the mean of all: squares of the phases themselves would cancel.
    middle = float(np.mean(phase_deg))
    centred = phase_deg - middle
    off_middle = counts @ centred / total
    mean = middle + off_middle
    variance = np.maximum(counts @ centred**2 / total - off_middle**2, 0.0) * total / (total - 1.0)
    spread = np.sqrt(np.maximum(variance - noise, 0.0))
    moved = np.abs(phase_deg + np.reshape(shift_deg, (-1, 1)) - 180.0)
    off = np.sum(counts * moved, axis=1) / total
    return np.asarray(100.0 * spread / (mean + shift_deg) + 100.0 * off / 180.0)


def _scaling(walk: Walk) -> Parameter:
    name = "stride_time_dfa_alpha"
    series = max((_longest_run(walk.of_side(side)) for side in SIDES), key=len)
    count = len(series)
    if count < MIN_SERIES:
        reason = f"{count} strides without a break, {MIN_SERIES} needed: walk for 5 minutes without a turn"
        return withheld(name, "both", reason, count)
    alpha = float(scaling_exponent(series[None])[0])
    # The interval: series of this length with this exponent, and how far theirs come out.
    drawn = scaling_exponent(fractional_noise(float(np.clip(alpha, 0.05, 0.99)), count, SIMULATED))
    low, high = alpha - np.percentile(drawn - np.mean(drawn), (97.5, 2.5))
    few = count < GOOD_SERIES
    remark = f"{count} strides without a break, {GOOD_SERIES} needed: walk longer" if few else ""
    grade = "limited" if few else "good"
    return Parameter(name, "both", Estimate(alpha, float(low), float(high), "1", count, grade, remark))


def _longest_run(strides: list[Stride]) -> Floats:
    """Return the stride times of the longest run of successive strides of one foot, s."""
    if not strides:
        return np.empty(0)
    start = np.array([stride.start_s for stride in strides])
    end = np.array([stride.end_s for stride in strides])
    runs = np.split(end - start, np.flatnonzero(np.abs(start[1:] - end[:-1]) > _SAME_CONTACT_S) + 1)
    return max(runs, key=len)


def scaling_exponent(series: Floats) -> Floats:
    """Return the exponent of detrended fluctuation analysis [3]_ of each series, shape (k,).

    1. Sum the deviations from the mean.
    2. Cut into windows of n values, take a line off each; F(n) is the root mean square of what is left.
    3. The exponent is the slope of log F(n) over log n.

    Parameters
    ----------
    series
        Shape (k, count).
    """
    # 1.
    profile = np.cumsum(series - series.mean(axis=1, keepdims=True), axis=1)
    count = series.shape[1]
    sizes = np.unique(np.geomspace(LEAST_WINDOW, count // 4, WINDOWS).astype(int))
    # 2.
    fluctuation = np.stack([_fluctuation(profile, int(size)) for size in sizes])
    # 3.
    return np.asarray(np.polyfit(np.log(sizes), np.log(fluctuation), 1)[0])


def _fluctuation(profile: Floats, size: int) -> Floats:
    windows = profile[:, : profile.shape[1] // size * size].reshape(len(profile), -1, size)
    at = np.arange(size) - 0.5 * (size - 1)
    centred = windows - windows.mean(axis=2, keepdims=True)
    slope = centred @ at / (at @ at)
    return np.asarray(np.sqrt(np.mean((centred - slope[..., None] * at) ** 2, axis=(1, 2))))


def fractional_noise(exponent: float, count: int, series: int, seed: int = SEED) -> Floats:
    """Return fractional Gaussian noise of a given exponent, shape (series, count) (Davies & Harte 1987)."""
    lag = np.arange(count + 1.0)
    covariance = 0.5 * (
        np.abs(lag + 1.0) ** (2 * exponent) - 2.0 * lag ** (2 * exponent) + np.abs(lag - 1.0) ** (2 * exponent)
    )
    power = np.fft.fft(np.concatenate([covariance, covariance[-2:0:-1]])).real
    random = np.random.default_rng(seed)
    shape = (series, len(power))
    white = random.normal(size=shape) + 1j * random.normal(size=shape)
    drawn = np.fft.fft(white * np.sqrt(np.maximum(power, 0.0) / len(power)), axis=1)
    return np.asarray(drawn.real[:, :count])
