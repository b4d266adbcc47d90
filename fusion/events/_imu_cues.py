"""Contacts from the sagittal rate of shank and foot.

Signs: a positive pitch rate turns the upper end forward. The shank swings with a negative rate.

- Mid-swing is the trough of the rate [1]_.
- Initial contact: the first maximum of the shank rate after it has come back from the trough; the impact stops the
  shank there [1]_, [2]_. From the foot alone: halfway between the end of its swing rotation and the fastest
  lowering of the forefoot, which enclose the impact [3]_.
- Final contact: the foot tips over the toe until it leaves the ground; the peak of its rate and the zero crossing
  enclose the moment [3]_, and their midpoint is the definition. The peak is flat and hard to time; the contact is
  therefore timed by the steep fall after it, less the time by which that fall follows the midpoint in the mean
  curves of walking [4]_. The same with the shank where the foot wears nothing.

References
----------
.. [1] Salarian et al. (2004), IEEE Trans Biomed Eng 51:1434, doi:10.1109/TBME.2004.827933
.. [2] Aminian et al. (2002), J Biomech 35:689, doi:10.1016/S0021-9290(02)00008-8
.. [3] Mariani et al. (2012), Gait Posture 37:229, doi:10.1016/j.gaitpost.2012.07.012
.. [4] Schwartz et al. (2008), J Biomech 41:1639, doi:10.1016/j.jbiomech.2008.03.015
"""

from __future__ import annotations

import numpy as np

from fusion.events._merge import Cue, alternate, as_events, fill, join
from fusion.events._signals import (
    Track,
    adaptive_peaks,
    first_crossing,
    first_maximum,
    smooth_track,
)
from fusion.events._small_steps import small_steps
from fusion.events.base import MIN_STRIDE_S
from fusion.types import SIDES, Floats, GaitEvents, Motion, PlacedImu, Samples
from fusion.types.arrays import SEGMENTS

STEP_S = 0.005
CUTOFF_HZ = 20.0
"""Passes the impact (about 10 Hz at the shank) and damps the ringing of a strap (above 20 Hz)."""

SWING_HZ = 5.0
"""Finds one trough per swing: the swing itself lasts about 0.4 s."""

SWING_FLOOR_RADPS = {"shank": 0.9, "foot": 1.0}
"""About 50 deg/s, an assumption: a fifth of a usual swing, above postural sway; guarded by tests on short steps."""

SWING_SHARE = 0.4
"""Part of the person's own swing peak; turning and first steps stay above half of it."""

FALL_SHARE = {"shank": 1.0 / 2.0, "foot": 1.0 / 3.0}
"""Part of the push-off peak at which the fall is timed: the steepest stretch of each mean curve [4]_."""

FALL_LAG_S = 0.018
"""The foot's fall follows the midpoint by 1.6 to 1.7 % of the cycle at free and slow speed [4]_, 18 ms of a 1.1 s
stride. Kept in seconds, assuming that the foot's release does not scale with the cadence. The shank's 2.2 to 2.9 %
are of a shorter peak that averaging over walkers may flatten; it gets the same, which is an assumption."""

RETURN_S = 0.55
"""A shank is back from mid-swing to contact within a long swing phase."""

IMPACT_S = {"shank": 0.12, "foot": 0.20}
"""The impact follows the end of the swing rotation this soon; a later maximum of the shank is the loading leg
tipping forward, of the foot a long slap."""

SOFT_LANDING_S = 0.028
"""Without an impact: the shank ends its swing at 97.5 % of the cycle at free speed [4]_, of a 1.1 s stride."""

PUSH_OFF_S = 0.65
"""Push-off precedes mid-swing by less than a slow swing phase plus pre-swing."""

SD_S = {
    ("shank", "ic"): 0.011,
    ("shank", "fc"): 0.013,
    ("foot", "ic"): 0.015,
    ("foot", "fc"): 0.010,
}
"""Assumed: two to three samples at 200 Hz. Not fitted to any recording; the validation reports the coverage that they
give. Steady walking only: in simulated slow and pathological gait the features shift by up to 30 ms."""


def imu_events(imus: tuple[PlacedImu, ...]) -> GaitEvents:
    """Return the contacts that shank and foot wearables show, each leg from what it wears."""
    rates = {imu.segment: (imu.time_s, imu.gyro_radps[:, 1]) for imu in imus}
    swings = _from_rates(rates, "imu", 1.0)
    return join(swings, as_events(small_steps(imus, alternate(swings)), "imu"))


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
    fine, swings = {}, {}
    for side in SIDES:
        if f"{side}_{part}" in rates:
            time_s, rate_radps = rates[f"{side}_{part}"]
            fine[side] = smooth_track(time_s, rate_radps, STEP_S, CUTOFF_HZ)
            coarse = smooth_track(time_s, -rate_radps, STEP_S, SWING_HZ)
            swings[side] = adaptive_peaks(coarse, SWING_FLOOR_RADPS[part], SWING_SHARE, MIN_STRIDE_S)
    cues = []
    for side, rate in fine.items():
        for swing in swings[side]:
            landing = rate.time_s(_initial_contact(rate, int(swing), part))
            leaving = rate.time_s(_final_contact(rate, int(swing), part)) - FALL_LAG_S
            for kind, at_s in (("ic", landing), ("fc", leaving)):
                if np.isfinite(at_s):
                    cues.append(Cue(at_s, side, kind, doubt * SD_S[part, kind]))
    return cues


def _initial_contact(rate: Track, swing: int, part: str) -> float:
    stop = min(swing + rate.samples(RETURN_S), len(rate.value))
    returned = first_crossing(rate.value, 0.0, swing, stop, rising=True)
    if not np.isfinite(returned) or not np.isfinite(rate.value[swing : int(returned) + 2]).all():
        return np.nan
    after = int(returned) + 1
    within_s = IMPACT_S[part]
    impact = first_maximum(rate.value, after, min(after + rate.samples(within_s), len(rate.value) - 1))
    if not np.isfinite(impact):
        return returned + SOFT_LANDING_S / rate.step_s
    return impact if part == "shank" else 0.5 * (returned + impact)


def _final_contact(rate: Track, swing: int, part: str) -> float:
    start = max(swing - rate.samples(PUSH_OFF_S), 0)
    window = rate.value[start : swing + 1]
    peaks = _maxima(window)
    peaks = peaks[window[peaks] > 0.0]
    if not peaks.size:
        return np.nan
    strong = peaks[window[peaks] >= 0.6 * np.max(window[peaks])]
    peak = start + int(strong[-1])
    if not np.isfinite(rate.value[peak : swing + 1]).all():
        return np.nan
    level = FALL_SHARE[part] * float(rate.value[peak])
    return first_crossing(rate.value, level, peak, swing + 1, rising=False)


def _maxima(window: Floats) -> Samples:
    inner = window[1:-1]
    return np.asarray(np.flatnonzero((inner >= window[:-2]) & (inner > window[2:])) + 1, dtype=np.int64)
