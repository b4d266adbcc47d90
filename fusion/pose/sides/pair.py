"""Two legs, two points, four ways to match them: a tracker that keeps many hypotheses.

After Reid 1979, doi:10.1109/TAC.1979.1102177.

A detector names two points "left" and "right". Each frame it is in one of four modes
- KEEP    the names are right;
- SWAP    they are exchanged;
- ON_LEFT, ON_RIGHT    both points lie on one leg and the other leg was not found.
Each point may moreover be clutter. Two constant-velocity Kalman filters, one a leg, predict where the legs are; a leg
that is not found is held by the other one, for legs swing in antiphase about the pelvis.

Steps of ``track_pair``
1. Forward: every hypothesis tries every mode; the ``_BEAM`` likeliest survive. Modes persist and have base rates.
2. The likeliest history gives the modes; both filters run along it and are smoothed backward.
3. Forward-backward over the modes with the smoothed tracks as prediction gives each mode's probability.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fusion.pose.sides._smoother import smoothed_tracks
from fusion.types import Floats, Samples

KEEP, SWAP, ON_LEFT, ON_RIGHT = range(4)
MODES = ("keep", "swap", "on left", "on right")

BASE_RATE: Floats = np.array([0.75, 0.15, 0.05, 0.05])
"""A detector's share in each mode. Only the order matters: PoseNet is at (0.5, 0.15, 0.2, 0.2) on a side view."""

PERSISTENCE = 0.6
"""Chance that a mode lasts another thirtieth of a second beyond its base rate: errors come in runs."""

POINT_SD = 0.035
"""Scatter of a point, in leg lengths: 20 to 30 mm (Needham et al. 2021, doi:10.1038/s41598-021-00212-x)."""

SAME_PLACE_SD = 0.035
"""Scatter of two points that a detector puts on one foot, in leg lengths."""

ACCELERATION_SD = 18.0
"""Of an ankle against the pelvis, leg lengths/s^2: swing accelerates at 10 to 25 m/s^2."""

ANTIPHASE_SD = 0.15
"""Scatter of the sum of both legs' forward places, in leg lengths; asymmetric walkers stay within."""

CLUTTER_RATE = 0.05
CLUTTER_DENSITY = 1.0 / 4.0
"""A point that is nothing lies anywhere in two by two leg lengths."""

_BEAM = 48
_REFERENCE_STEP_S = 1.0 / 30.0
_LONGEST_COAST_S = 0.6
_START_SPEED_SD = 4.0
_IMPOSSIBLE = 13.8
"""Chi-square with two degrees of freedom, 0.1 %."""


@dataclass(frozen=True, slots=True)
class PairTrack:
    """What became of a pair of points.

    Attributes
    ----------
    mode
        Likeliest mode of each frame, shape (n,).
    probability
        Of each mode in each frame, shape (n, 4).
    position, sd
        Smoothed place of the left and the right leg's point, shape (n, 2 legs, 2 axes), and its standard deviation.
    clutter
        Probability that the point of each name is nothing, shape (n, 2).
    """

    mode: Samples
    probability: Floats
    position: Floats
    sd: Floats
    clutter: Floats


def track_pair(
    time_s: Floats,
    points: Floats,
    weight: Floats | None = None,
    rest_up: float = -0.9,
    hint: tuple[Floats, float] | None = None,
) -> PairTrack:
    """Return the modes of a pair of points and the tracks of both legs.

    Parameters
    ----------
    time_s
        Strictly increasing, shape (n,).
    points
        Places against the pelvis in leg lengths, named left and right, forward and up, shape (n, 2, 2); NaN where
        missing.
    weight
        Share of an ordinary point's information that each is worth, (0, 1], shape (n, 2).
    rest_up
        Where the points are in quiet standing, along the second axis.
    hint
        Where something else says that the left and the right leg's point are, shape (n, 2, 2), NaN where unknown,
        and how well it knows.
    """
    weight = np.ones(points.shape[:2]) if weight is None else weight
    variance = POINT_SD**2 / np.clip(np.nan_to_num(weight, nan=0.1), 0.1, 1.0)
    centre = _centre(points)
    known, known_sd = hint if hint is not None else (np.full_like(points, np.nan), 1.0)
    mode = _Beam(centre, rest_up).run(time_s, points, variance, known, known_sd**2)
    place, doubt = assigned(points, variance, mode)
    place, doubt = _without_outliers(time_s, *_with_hint(place, doubt, known, known_sd**2), centre)
    position, position_variance = smoothed_tracks(time_s, place, doubt, ACCELERATION_SD, ANTIPHASE_SD, centre)
    probability, clutter = _marginals(time_s, points, variance, position, position_variance)
    return PairTrack(mode, probability, position, np.sqrt(position_variance), clutter)


def assigned(points: Floats, variance: Floats, mode: Samples) -> tuple[Floats, Floats]:
    """Return each leg's point, shape (n, 2, 2), and variance, shape (n, 2); NaN where a leg has none."""
    place, doubt = points.copy(), variance.copy()
    swap = mode == SWAP
    place[swap], doubt[swap] = points[swap][:, ::-1], variance[swap][:, ::-1]
    middle = _middle(points)
    for which, leg in ((ON_LEFT, 0), (ON_RIGHT, 1)):
        chosen = mode == which
        place[chosen, leg], doubt[chosen, leg] = middle[chosen], variance[chosen].mean(axis=1)
        place[chosen, 1 - leg] = np.nan
    return place, doubt


def _middle(points: Floats) -> Floats:
    """Return the middle of both points, or the one that there is, shape (n, 2)."""
    first = np.where(np.isfinite(points[:, 0]), points[:, 0], points[:, 1])
    second = np.where(np.isfinite(points[:, 1]), points[:, 1], points[:, 0])
    return 0.5 * (first + second)


def _with_hint(place: Floats, doubt: Floats, known: Floats, variance: float) -> tuple[Floats, Floats]:
    """Join each leg's point with the hint by inverse variance."""
    has_hint, has_point = np.isfinite(known).all(axis=2), np.isfinite(place).all(axis=2)
    share = np.where(has_point & has_hint, variance / (variance + doubt), np.where(has_point, 1.0, 0.0))
    joined = share[..., None] * np.nan_to_num(place) + (1.0 - share[..., None]) * np.nan_to_num(known)
    joined[~(has_hint | has_point)] = np.nan
    total = np.where(
        has_point & has_hint, doubt * variance / (doubt + variance), np.where(has_point, doubt, variance)
    )
    return joined, total


def _without_outliers(time_s: Floats, place: Floats, doubt: Floats, centre: float) -> tuple[Floats, Floats]:
    """Take out points that the smoothed tracks through all of them call impossible."""
    position, variance = smoothed_tracks(time_s, place, doubt, ACCELERATION_SD, ANTIPHASE_SD, centre)
    off = ((place - position) ** 2 / (variance + doubt[..., None])).sum(axis=2)
    kept = place.copy()
    kept[off > _IMPOSSIBLE] = np.nan
    return kept, doubt


class _Beam:
    """The hypotheses: for each two legs by two axes of place and speed, and how likely it is."""

    def __init__(self, centre: float, rest_up: float) -> None:
        self._centre = centre
        self._place = np.zeros((1, 2, 2))
        self._speed = np.zeros((1, 2, 2))
        # variances of place, of speed, and their covariance; alike in all axes but for the antiphase
        self._pp = np.full((1, 2, 2), 1.0)
        self._ps = np.zeros((1, 2, 2))
        self._ss = np.full((1, 2, 2), _START_SPEED_SD**2)
        self._log = np.zeros(1)
        self._mode = np.full(1, KEEP)
        self._place[:, :, 0] = 0.5 * centre
        self._place[:, :, 1] = rest_up

    def run(self, time_s: Floats, points: Floats, variance: Floats, hint: Floats, hint_variance: float) -> Samples:
        """Return the modes of the likeliest history, shape (n,)."""
        parents, modes = [], []
        last_s = time_s[0] if len(time_s) else 0.0
        for now_s, observed, doubt, known in zip(time_s, points, variance, hint, strict=True):
            self._predict(min(now_s - last_s, _LONGEST_COAST_S))
            last_s = now_s
            self._hear(known, hint_variance)
            parent, mode = self._branch(observed, doubt)
            parents.append(parent)
            modes.append(mode)
        history = np.full(len(time_s), KEEP, dtype=np.int64)
        best = int(np.argmax(self._log)) if len(time_s) else 0
        for frame in reversed(range(len(time_s))):
            history[frame] = modes[frame][best]
            best = parents[frame][best]
        return history

    def _predict(self, step_s: float) -> None:
        a2 = ACCELERATION_SD**2
        self._place = self._place + step_s * self._speed
        self._pp = self._pp + 2.0 * step_s * self._ps + step_s**2 * self._ss + 0.25 * step_s**4 * a2
        self._ps = self._ps + step_s * self._ss + 0.5 * step_s**3 * a2
        self._ss = np.minimum(self._ss + step_s**2 * a2, 16.0 * _START_SPEED_SD**2)

    def _hear(self, known: Floats, variance: float) -> None:
        """Let the hint hold both legs in every hypothesis."""
        state = [self._place, self._speed, self._pp, self._ps, self._ss]
        for leg in (0, 1):
            _update(state, leg, known[leg], variance)

    def _branch(self, observed: Floats, doubt: Floats) -> tuple[Samples, Samples]:
        options = [self._option(mode, observed, doubt) for mode in range(4)]
        log = np.concatenate([option[0] for option in options])
        keep = np.argsort(-log, kind="stable")[:_BEAM]
        count = len(self._log)
        parent, mode = keep % count, keep // count
        self._place, self._speed, self._pp, self._ps, self._ss = (
            np.concatenate([option[1][part] for option in options])[keep] for part in range(5)
        )
        self._log, self._mode = log[keep] - log[keep[0]], mode
        return parent, mode

    def _option(
        self, mode: int, observed: Floats, doubt: Floats
    ) -> tuple[Floats, tuple[Floats, Floats, Floats, Floats, Floats]]:
        prior = np.log(PERSISTENCE * (self._mode == mode) + (1.0 - PERSISTENCE) * BASE_RATE[mode])
        state = [self._place.copy(), self._speed.copy(), self._pp.copy(), self._ps.copy(), self._ss.copy()]
        log = self._log + prior
        if mode in (KEEP, SWAP):
            for name in (0, 1):
                leg = name if mode == KEEP else 1 - name
                log = log + _update(state, leg, observed[name], doubt[name])
        else:
            leg = 0 if mode == ON_LEFT else 1
            log = log + _same_place(observed)
            log = log + _update(state, leg, _middle(observed[None])[0], float(doubt.mean()))
            _antiphase(state, 1 - leg, self._centre)
        return log, (state[0], state[1], state[2], state[3], state[4])


def _update(state: list[Floats], leg: int, observed: Floats, doubt: float) -> Floats:
    """Update one leg of every hypothesis in place with a point, or call it clutter; return the log likelihoods."""
    place, speed, pp, ps, ss = state
    if not np.isfinite(observed).all():
        return np.zeros(len(place))
    innovation = observed - place[:, leg]
    total = pp[:, leg] + doubt
    log = -0.5 * (innovation**2 / total + np.log(2.0 * np.pi * total)).sum(axis=1) + np.log1p(-CLUTTER_RATE)
    nothing = np.log(CLUTTER_RATE * CLUTTER_DENSITY)
    real = (log > nothing)[:, None]
    gain_p, gain_s = pp[:, leg] / total * real, ps[:, leg] / total * real
    place[:, leg] += gain_p * innovation
    speed[:, leg] += gain_s * innovation
    ss[:, leg] -= gain_s * ps[:, leg]
    ps[:, leg] -= gain_p * ps[:, leg]
    pp[:, leg] -= gain_p * pp[:, leg]
    return np.asarray(np.logaddexp(log, nothing))


def _same_place(observed: Floats) -> Floats | float:
    """Log density of the second point given the first, when the detector put both on one leg."""
    apart = observed[1] - observed[0]
    if not np.isfinite(apart).all():
        return float(np.log(CLUTTER_RATE * CLUTTER_DENSITY))
    variance = 2.0 * SAME_PLACE_SD**2
    return float(-0.5 * (apart @ apart) / variance - np.log(2.0 * np.pi * variance))


def _antiphase(state: list[Floats], leg: int, centre: float) -> None:
    """Hold the forward place of a leg without a point by that of the other leg."""
    place, speed, pp, ps, ss = state
    other = 1 - leg
    innovation = (centre - place[:, other, 0]) - place[:, leg, 0]
    total = pp[:, leg, 0] + pp[:, other, 0] + ANTIPHASE_SD**2
    gain_p, gain_s = pp[:, leg, 0] / total, ps[:, leg, 0] / total
    place[:, leg, 0] += gain_p * innovation
    speed[:, leg, 0] += gain_s * innovation
    ss[:, leg, 0] -= gain_s * ps[:, leg, 0]
    ps[:, leg, 0] -= gain_p * ps[:, leg, 0]
    pp[:, leg, 0] -= gain_p * pp[:, leg, 0]


def _centre(points: Floats) -> float:
    """Usual sum of both legs' forward places: twice the middle that they swing about."""
    total = points[:, 0, 0] + points[:, 1, 0]
    total = total[np.isfinite(total)]
    return float(np.median(total)) if len(total) else 0.0


def _marginals(
    time_s: Floats, points: Floats, variance: Floats, position: Floats, position_variance: Floats
) -> tuple[Floats, Floats]:
    """Step 3: probabilities of the modes, shape (n, 4), and of clutter, shape (n, 2 names)."""
    count = len(time_s)
    nothing = CLUTTER_RATE * CLUTTER_DENSITY

    def density(name: int, leg: int) -> Floats:
        # the smoothed track has used the point itself; its variance is doubled, so that it cannot vote for itself
        total = variance[:, name, None] + 2.0 * position_variance[:, leg]
        off = points[:, name] - position[:, leg]
        log = -0.5 * (off**2 / total + np.log(2.0 * np.pi * total)).sum(axis=1)
        return np.where(np.isfinite(log), (1.0 - CLUTTER_RATE) * np.exp(log), np.nan)

    raw = np.stack([[density(name, leg) for leg in (0, 1)] for name in (0, 1)])  # name, leg, frame
    one = np.where(np.isfinite(raw), raw + nothing, 1.0)
    apart = points[:, 1] - points[:, 0]
    spread = 2.0 * SAME_PLACE_SD**2
    together = np.exp(-0.5 * (apart**2).sum(axis=1) / spread) / (2.0 * np.pi * spread)
    together = np.where(np.isfinite(together), together, nothing)
    emission = np.stack(
        [
            one[0, 0] * one[1, 1],
            one[0, 1] * one[1, 0],
            together * np.sqrt(one[0, 0] * one[1, 0]),
            together * np.sqrt(one[0, 1] * one[1, 1]),
        ],
        axis=1,
    )
    probability = _forward_backward(emission)
    leg_of = np.array([[0, 1, 0, 1], [1, 0, 0, 1]])
    clutter = np.zeros((count, 2))
    for name in (0, 1):
        share = nothing / np.where(np.isfinite(raw[name]), raw[name] + nothing, np.inf)
        clutter[:, name] = (probability * share[leg_of[name]].T).sum(axis=1)
    return probability, clutter


def _forward_backward(emission: Floats) -> Floats:
    change = PERSISTENCE * np.eye(4) + (1.0 - PERSISTENCE) * BASE_RATE[None, :]
    count = len(emission)
    forward, backward = np.zeros((count, 4)), np.ones((count, 4))
    for frame in range(count):
        ahead = BASE_RATE if frame == 0 else forward[frame - 1] @ change
        forward[frame] = ahead * np.maximum(emission[frame], 1e-300)
        forward[frame] /= forward[frame].sum()
    for frame in reversed(range(count - 1)):
        backward[frame] = change @ (np.maximum(emission[frame + 1], 1e-300) * backward[frame + 1])
        backward[frame] /= backward[frame].sum()
    both = forward * backward
    return np.asarray(both / both.sum(axis=1, keepdims=True))
