"""Contacts from the sagittal rate of shank and foot.

Signs: a positive pitch rate turns the upper end forward. The shank swings with a negative rate.

- Mid-swing is the trough of the rate [1]_.
- Initial contact: the first maximum of the shank rate after it has come back from the trough; the impact stops the
  shank there [1]_, [2]_. From the foot alone: halfway between the end of its swing rotation and the fastest
  lowering of the forefoot, which enclose the impact [3]_.
- Final contact: the foot tips over the toe until it leaves the ground; the peak of its rate and the zero crossing
  enclose the moment [3]_, and so do those of the shank. In the mean curves of walking [4]_ the midpoints of
  foot and shank agree (61.4 % of the cycle at free speed), so the midpoint is the definition. The peak is flat
  and hard to time; each contact is therefore timed by the steep fall after it, and the median difference of fall
  and midpoint over the recording is removed.

References
----------
.. [1] Salarian et al. (2004), IEEE Trans Biomed Eng 51:1434, doi:10.1109/TBME.2004.827933
.. [2] Aminian et al. (2002), J Biomech 35:689, doi:10.1016/S0021-9290(02)00008-8
.. [3] Mariani et al. (2012), Gait Posture 37:229, doi:10.1016/j.gaitpost.2012.07.012
.. [4] Schwartz et al. (2008), J Biomech 41:1639, doi:10.1016/j.jbiomech.2008.03.015
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fusion.events._merge import Cue, as_events, fill, join
from fusion.events._signals import Track, adaptive_peaks, first_crossing, first_maximum, smooth_track, vertex
from fusion.events.base import MIN_STRIDE_S
from fusion.types import SIDES, Floats, GaitEvents, Motion, PlacedImu, Samples
from fusion.types.arrays import SEGMENTS

STEP_S = 0.005
CUTOFF_HZ = 20.0
"""Passes the impact (about 10 Hz at the shank) and damps the ringing of a strap (above 20 Hz)."""

SWING_HZ = 5.0
"""Finds one trough per swing: the swing itself lasts about 0.4 s."""

SWING_FLOOR_RADPS = {"shank": 0.9, "foot": 1.0}
"""About 50 deg/s; shuffling with Parkinson's disease keeps the shank above 60 deg/s (Salarian et al. 2004)."""

SWING_SHARE = 0.4
"""Part of the person's own swing peak; turning and first steps stay above half of it."""

FALL_SHARE = {"shank": 1.0 / 2.0, "foot": 1.0 / 3.0}
"""Part of the push-off peak at which the fall is timed: the steepest stretch of each mean curve [4]_."""

RETURN_S = 0.55
"""A shank is back from mid-swing to contact within a long swing phase."""

PUSH_OFF_S = 0.65
"""Push-off precedes mid-swing by less than a slow swing phase plus pre-swing."""

SD_S = {
    ("shank", "ic"): 0.011,
    ("shank", "fc"): 0.013,
    ("foot", "ic"): 0.015,
    ("foot", "fc"): 0.011,
}
"""Two to three samples of the published systems' 100 to 200 Hz; agrees with the features' scatter [1]_, [3]_."""


def imu_events(imus: tuple[PlacedImu, ...]) -> GaitEvents:
    """Return the contacts that shank and foot wearables show, each leg from what it wears."""
    rates = {imu.segment: (imu.time_s, imu.gyro_radps[:, 1]) for imu in imus}
    return _from_rates(rates, "imu", 1.0)


def model_events(motion: Motion) -> GaitEvents:
    """Return the contacts in the estimator's own shank and foot rates, with three times the doubt.

    The estimator's rates are smoother than a sensor's, and follow a model where nothing was measured.
    """
    rates = {
        f"{side}_{part}": (motion.time_s, motion.angular_rate_radps[:, SEGMENTS.index(f"{side}_{part}"), 1])
        for side in SIDES
        for part in ("shank", "foot")
    }
    return _from_rates(rates, "model", 3.0)


def _from_rates(rates: dict[str, tuple[Floats, Floats]], source: str, doubt: float) -> GaitEvents:
    shank, foot = (as_events(_segment_cues(rates, part, doubt), source) for part in ("shank", "foot"))
    # Each segment leads for the contact that it shows best, and steps in for the other where that is missing.
    return join(fill(shank, foot, "ic"), fill(foot, shank, "fc"))


def _segment_cues(rates: dict[str, tuple[Floats, Floats]], part: str, doubt: float) -> list[Cue]:
    cues: list[Cue] = []
    lag_s: list[float] = []
    for side in SIDES:
        if f"{side}_{part}" not in rates:
            continue
        time_s, rate_radps = rates[f"{side}_{part}"]
        fine = smooth_track(time_s, rate_radps, STEP_S, CUTOFF_HZ)
        coarse = smooth_track(time_s, -rate_radps, STEP_S, SWING_HZ)
        for swing in adaptive_peaks(coarse, SWING_FLOOR_RADPS[part], SWING_SHARE, MIN_STRIDE_S):
            landing = _initial_contact(fine, int(swing), part)
            leaving, middle = _final_contact(fine, int(swing), part)
            for kind, index in (("ic", landing), ("fc", leaving)):
                if np.isfinite(index):
                    cues.append(Cue(fine.time_s(index), side, kind, doubt * SD_S[part, kind]))
            lag_s.append(fine.step_s * (leaving - middle))
    known = np.array(lag_s)[np.isfinite(lag_s)]
    median_s = float(np.median(known)) if known.size else 0.0
    return [replace(cue, time_s=cue.time_s - median_s) if cue.kind == "fc" else cue for cue in cues]


def _initial_contact(rate: Track, swing: int, part: str) -> float:
    stop = min(swing + rate.samples(RETURN_S), len(rate.value))
    returned = first_crossing(rate.value, 0.0, swing, stop, rising=True)
    if not np.isfinite(returned) or not np.isfinite(rate.value[swing : int(returned) + 2]).all():
        return np.nan
    after = int(returned) + 1
    impact = first_maximum(rate.value, after, min(after + rate.samples(0.25), len(rate.value) - 1))
    if part == "shank" or not np.isfinite(impact):
        return impact
    return 0.5 * (returned + impact)


def _final_contact(rate: Track, swing: int, part: str) -> tuple[float, float]:
    """Return the fractional indices of the fall, and of the midpoint between peak and zero crossing."""
    start = max(swing - rate.samples(PUSH_OFF_S), 0)
    window = rate.value[start : swing + 1]
    peaks = _maxima(window)
    peaks = peaks[window[peaks] > 0.0]
    if not peaks.size:
        return np.nan, np.nan
    strong = peaks[window[peaks] >= 0.6 * np.max(window[peaks])]
    peak = start + int(strong[-1])
    if not np.isfinite(rate.value[peak : swing + 1]).all():
        return np.nan, np.nan
    level = FALL_SHARE[part] * float(rate.value[peak])
    fall, zero = (first_crossing(rate.value, height, peak, swing + 1, rising=False) for height in (level, 0.0))
    return fall, 0.5 * (vertex(rate.value, peak) + zero)


def _maxima(window: Floats) -> Samples:
    inner = window[1:-1]
    return np.asarray(np.flatnonzero((inner >= window[:-2]) & (inner > window[2:])) + 1, dtype=np.int64)
