"""When a foot stands: one stance per stride, each with the instant at which it turns least.

Steps of :func:`find_stances`

1. Quiet runs: rotation rate and distance of the specific force from gravity are small over a window, as in
   the detectors of Skog et al. [1]_; the limit of the rate follows the walker's own swing.
2. A foot in mid-swing can be as quiet as a standing one, but it moves. The strapdown's velocity at three
   successive stances lies on a line, as far as its error is slow; where it does not, one of the three is in
   swing, and the least quiet of them goes.
3. Runs between which the foot moved less than a step are one stance.

References
----------
.. [1] Skog, Haendel, Nilsson, Rantakokko (2010), Zero-velocity detection: an algorithm evaluation, IEEE
   Trans. Biomed. Eng. 57(11), doi:10.1109/TBME.2010.2060723
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter1d

from fusion.frames import GRAVITY_MPS2
from fusion.types import Flags, Floats, Samples

SEARCH_WINDOW_S = 0.2
"""Window of the rate that separates stances, s: long enough to hide the instant in mid-swing at which the
foot's pitch rate changes sign, short against the shortest foot-flat phase (0.2-0.3 s, running)."""

INSTANT_WINDOW_S = 0.1
"""Window of the rate whose minimum is the stance instant, s."""

QUIET_SHARE = 0.25
QUIET_LIMITS_RADPS = (0.6, 1.5)
"""A foot stands while its rate is below a quarter of its swing rate; between 35 and 85 deg/s always."""

GRAVITY_TOLERANCE_MPS2 = 2.0
"""The specific force of a standing foot stays this close to gravity (root mean square), m/s^2."""

SHORTEST_STANCE_S = 0.06
"""A quiet run shorter than this is no stance, s."""

TILT_SD_RAD = 0.006
"""Change of the offline attitude's error from stride to stride, rad: 0.35 deg; times gravity, velocity."""

GATE_SD = 3.0
"""A velocity off the line by more standard deviations than this is motion."""


@dataclass(frozen=True, slots=True)
class FootMotion:
    """What the stances are read from.

    Attributes
    ----------
    time_s
        Time, shape (n,).
    force_mps2, gyro_radps
        Specific force in world axes and bias-free rate in any axes, finite, shape (n, 3).
    velocity_variance
        Growth of the strapdown's velocity error over each sampling step, (m/s)^2, shape (n - 1,).
    missing
        Samples whose gyro was bridged and which can therefore not show a stance, shape (n,).
    """

    time_s: Floats
    force_mps2: Floats
    gyro_radps: Floats
    velocity_variance: Floats
    missing: Flags


@dataclass(frozen=True, slots=True)
class Stances:
    """Where the foot stands: flags (n,); per stance one sample (k,) and the samples [first, last] (k, 2)."""

    flags: Flags
    instant: Samples
    span: Samples


def find_stances(motion: FootMotion, shortest_step_m: float) -> Stances:
    """Return the stances of one foot; a shorter way than ``shortest_step_m`` is shifting on the spot."""
    time_s = motion.time_s
    # 1. quiet runs
    rate_hz = (len(time_s) - 1) / (time_s[-1] - time_s[0])
    turning = np.sum(motion.gyro_radps**2, axis=1)
    pushed = (np.linalg.norm(motion.force_mps2, axis=1) - GRAVITY_MPS2) ** 2
    wide, narrow = SEARCH_WINDOW_S * rate_hz, INSTANT_WINDOW_S * rate_hz
    rate_radps, quiet_radps = _root_mean(turning, wide), _root_mean(turning, narrow)
    limit = float(np.clip(QUIET_SHARE * np.percentile(rate_radps, 90), *QUIET_LIMITS_RADPS))
    steady = (_root_mean(pushed, narrow) < GRAVITY_TOLERANCE_MPS2) & ~motion.missing
    standing = (quiet_radps < limit) & steady
    runs = [np.arange(first, stop) for first, stop in _runs((rate_radps < limit) & steady)]
    runs = [run[standing[run]] for run in runs if time_s[run[-1]] - time_s[run[0]] >= SHORTEST_STANCE_S]
    runs = [run for run in runs if len(run)]
    # 2. runs in mid-swing, 3. runs of one stance
    instants = [int(run[np.argmin(quiet_radps[run])]) for run in runs]
    velocity = integral(time_s, motion.force_mps2[:, :2])
    kept = _without_swing(motion, velocity, instants, quiet_radps)
    groups = _joined(motion, [instants[k] for k in kept], shortest_step_m)
    flags = np.zeros(len(time_s), dtype=np.bool_)
    chosen, spans = [], []
    for group in groups:
        members = [runs[kept[k]] for k in group]
        inside = np.concatenate(members)
        instant = inside[np.argmin(quiet_radps[inside])]
        flags[inside] = True
        chosen.append(instant)
        spans.append((inside[0], inside[-1]))
    return Stances(flags, np.array(chosen, dtype=np.int64), np.array(spans, dtype=np.int64).reshape(-1, 2))


def _without_swing(motion: FootMotion, velocity: Floats, instants: list[int], quiet_radps: Floats) -> list[int]:
    """Step 2: return which instants remain when, worst first, the less quiet of each conflict goes."""
    variance = np.concatenate([[0.0], np.cumsum(motion.velocity_variance)])
    kept = list(range(len(instants)))
    while len(kept) > 2:
        at = np.array([instants[k] for k in kept])
        before, after = np.diff(motion.time_s[at])[:-1], np.diff(motion.time_s[at])[1:]
        share = (before / (before + after))[:, None]
        off_line = velocity[at[1:-1]] - (1.0 - share) * velocity[at[:-2]] - share * velocity[at[2:]]
        grown = np.diff(variance[at])
        noise = (1.0 - share[:, 0]) ** 2 * grown[:-1] + share[:, 0] ** 2 * grown[1:]
        drift = TILT_SD_RAD * GRAVITY_MPS2 * np.minimum(before, after)
        ratio = np.linalg.norm(off_line, axis=1) / np.sqrt(noise + drift**2)
        worst = int(np.argmax(ratio))
        if ratio[worst] < GATE_SD:
            break
        del kept[worst + int(np.argmax(quiet_radps[at[worst : worst + 3]]))]
    return kept


def _joined(motion: FootMotion, instants: list[int], shortest_step_m: float) -> list[list[int]]:
    """Step 3: return groups of neighbours between which the foot did not step and no sample is missing."""
    groups: list[list[int]] = []
    for k, instant in enumerate(instants):
        if groups:
            between = slice(instants[k - 1], instant + 1)
            if not motion.missing[between].any() and _way(motion, between) < shortest_step_m:
                groups[-1].append(k)
                continue
        groups.append([k])
    return groups


def _way(motion: FootMotion, between: slice) -> float:
    """Return the horizontal way between two instants of rest, m, velocity de-drifted linearly."""
    time_s = motion.time_s[between]
    velocity = integral(time_s, motion.force_mps2[between, :2])
    share = (time_s - time_s[0]) / (time_s[-1] - time_s[0])
    return float(np.linalg.norm(integral(time_s, velocity - share[:, None] * velocity[-1])[-1]))


def integral(time_s: Floats, rate: Floats) -> Floats:
    """Return the integral from the first sample by the trapezoid rule, shape (n, k)."""
    pieces = 0.5 * (rate[1:] + rate[:-1]) * np.diff(time_s)[:, None]
    return np.vstack([np.zeros((1, rate.shape[1])), np.cumsum(pieces, axis=0)])


def _root_mean(square: Floats, window: float) -> Floats:
    mean = uniform_filter1d(square, max(1, round(window)), mode="nearest")
    return np.asarray(np.sqrt(np.maximum(mean, 0.0)))


def _runs(flags: Flags) -> list[tuple[int, int]]:
    """Return [first, stop) of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(first), int(stop)) for first, stop in zip(edges[::2], edges[1::2], strict=True)]
