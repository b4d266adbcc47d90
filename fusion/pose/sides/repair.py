"""Put a camera's leg points on the legs that they lie on, with the probability of each decision.

1. Places against the pelvis in leg lengths, so that travel, zoom and a moving camera drop out.
2. Knees, then ankles: modes and tracks of the pair (``pair``). Where wearables know how a thigh or a shank leans,
   that says where its lower end is below the upper one, and holds the track of its own leg: the wearable decides.
3. Heels and toes go with their ankle; each is clutter when it lies far from where the ankle's track has it.
4. Points change sides by the likeliest mode; what lies on no leg is missing. Confidence falls with the doubt. Before
   both legs are first told apart for some frames, and after they last are, there are none.
5. ``bridged``: holes of up to ``LONGEST_BRIDGE_S`` hold the smoothed track, with the confidence that its doubt earns.
   For finding contacts only: it repeats the measurements around it and is none itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from scipy.ndimage import median_filter, uniform_filter1d

from fusion.pose.sides.pair import KEEP, ON_LEFT, ON_RIGHT, POINT_SD, SWAP, PairTrack, assigned, track_pair
from fusion.types import SIDES, Flags, Floats, Keypoints, Samples

LONGEST_BRIDGE_S = 0.35
"""A third of a stride; a track held by the other leg is good to a tenth of a leg length for so long."""

LARGEST_BRIDGE_SD = 0.12

HINT_SD = 0.08
"""Half a leg length times the 5 deg that a wearable's zero is known to, with an upper end that is itself tracked."""

_FOLLOWERS = {"knee": ("knee",), "ankle": ("ankle", "heel", "toe")}
_REST_UP = {"knee": -0.48, "ankle": -0.93}
_LONGEST_HOLE_S = 0.5
_FOOT_LENGTHS = 0.45
_SURE_CLUTTER = 0.5
_LEAST_FRAMES = 8
_LASTING_FRAMES = 5


@dataclass(frozen=True, slots=True)
class Repair:
    """One camera's keypoints before and after.

    Attributes
    ----------
    keypoints
        Points on their legs; NaN where a leg has none.
    bridged
        The same with short holes filled by the smoothed tracks.
    other_side
        Probability that each point, as the detector named it, lies on the other leg, shape (n, k); 0 for points
        without a side.
    mode
        Part (``"knee"``, ``"ankle"``) -> mode of each frame, shape (n,); see ``pair``.
    probability
        Part -> probability of each mode, shape (n, 4).
    leg_px
        Length of the leg that the places were scaled by.
    """

    keypoints: Keypoints
    bridged: Keypoints
    other_side: Floats
    mode: Mapping[str, Samples]
    probability: Mapping[str, Floats]
    leg_px: float

    def share(self, part: str, *modes: int) -> float:
        """Return the share of the frames that are in one of the modes."""
        return float(np.isin(self.mode[part], modes).mean()) if len(self.mode[part]) else 0.0


def repair(keypoints: Keypoints, pitch_rad: Mapping[str, Floats] | None = None) -> Repair:
    """Return the points of a camera on the legs that they lie on.

    Parameters
    ----------
    keypoints
        In the image, as the detector named them.
    pitch_rad
        Segment (``"left_thigh"``, ``"right_shank"``, ...) -> its pitch at the frames by a wearable, shape (n,);
        positive leans the upper end towards +u.
    """
    count = len(keypoints.time_s)
    leg_px = leg_length_px(keypoints)
    pelvis = pelvis_track(keypoints)
    work = _Work(keypoints, pelvis, leg_px)
    modes: dict[str, Samples] = {}
    probabilities: dict[str, Floats] = {}
    for part in ("knee", "ankle"):
        modes[part] = np.full(count, KEEP, dtype=np.int64)
        probabilities[part] = np.tile([1.0, 0.0, 0.0, 0.0], (count, 1))
        if not {f"{side}_{part}" for side in SIDES} <= set(keypoints.names) or not leg_px > 0.0:
            continue
        for run in _runs(keypoints.time_s, work.known(part)):
            track = work.track(part, run, pitch_rad or {})
            modes[part][run], probabilities[part][run] = track.mode, track.probability
            outside = _before_both_legs(track.mode)
            for follower in _FOLLOWERS[part]:
                work.move(part, follower, run, track)
                work.drop(follower, run[outside])
    return Repair(
        keypoints=replace(keypoints, position=work.position, confidence=work.confidence, sd_px=work.sd_px),
        bridged=replace(
            keypoints, position=work.bridged, confidence=work.bridged_confidence, sd_px=work.bridged_sd_px
        ),
        other_side=work.other_side,
        mode=modes,
        probability=probabilities,
        leg_px=leg_px,
    )


def leg_length_px(keypoints: Keypoints) -> float:
    """Return how long thigh and shank look together when they look longest, px; NaN when they are not seen."""
    total = 0.0
    for upper, lower in (("hip", "knee"), ("knee", "ankle")):
        seen = [keypoints.point(f"{side}_{upper}") - keypoints.point(f"{side}_{lower}") for side in SIDES]
        length = np.linalg.norm(np.concatenate(seen), axis=1)
        length = length[np.isfinite(length)]
        # the middle of the upper half: a swapped point makes a segment look longer than it is
        total += float(np.quantile(length, 0.75)) if len(length) >= _LEAST_FRAMES else np.nan
    return total


def pelvis_track(keypoints: Keypoints) -> Floats:
    """Return the middle of the hips, single wrong frames and jitter taken out, px, shape (n, 2)."""
    middle = 0.5 * (keypoints.point("left_hip") + keypoints.point("right_hip"))
    known = np.isfinite(middle).all(axis=1)
    if known.sum() < _LEAST_FRAMES:
        return middle
    index = np.arange(len(middle))
    smooth = np.full_like(middle, np.nan)
    for axis in (0, 1):
        even = np.interp(index, index[known], middle[known, axis])
        smooth[:, axis] = uniform_filter1d(median_filter(even, 5, mode="nearest"), 3, mode="nearest")
    nearest = np.abs(index[:, None] - index[known][None, :]).min(axis=1)
    smooth[nearest > 5] = np.nan
    return smooth


class _Work:
    """The arrays that change."""

    def __init__(self, keypoints: Keypoints, pelvis: Floats, leg_px: float) -> None:
        self.keypoints, self.pelvis, self.leg_px = keypoints, pelvis, leg_px
        self.position, self.confidence = keypoints.position.copy(), keypoints.confidence.copy()
        self.bridged, self.bridged_confidence = keypoints.position.copy(), keypoints.confidence.copy()
        self.sd_px = None if keypoints.sd_px is None else keypoints.sd_px.copy()
        self.bridged_sd_px = None if keypoints.sd_px is None else keypoints.sd_px.copy()
        self.other_side = np.zeros_like(keypoints.confidence)

    def columns(self, part: str) -> Samples:
        return np.array([self.keypoints.names.index(f"{side}_{part}") for side in SIDES], dtype=np.int64)

    def known(self, part: str) -> Flags:
        """Frames in which the pelvis and one of the points are known."""
        points = self.keypoints.position[:, self.columns(part)]
        return np.asarray(
            np.isfinite(self.pelvis).all(axis=1) & np.asarray(np.isfinite(points).all(axis=2)).any(axis=1)
        )

    def places(self, part: str, run: Samples) -> Floats:
        offset = self.keypoints.position[np.ix_(run, self.columns(part))] - self.pelvis[run, None]
        return np.asarray(offset / self.leg_px * np.array([1.0, -1.0]))

    def track(self, part: str, run: Samples, pitch_rad: Mapping[str, Floats]) -> PairTrack:
        weight = self._weight(np.ix_(run, self.columns(part)))
        hint = self._hint(part, run, pitch_rad)
        return track_pair(self.keypoints.time_s[run], self.places(part, run), weight, _REST_UP[part], hint)

    def _weight(self, where: tuple[Samples, ...]) -> Floats:
        if self.keypoints.sd_px is None:
            return np.asarray(self.keypoints.confidence[where])
        return np.asarray((POINT_SD * self.leg_px / self.keypoints.sd_px[where]) ** 2)

    def _hint(self, part: str, run: Samples, pitch_rad: Mapping[str, Floats]) -> tuple[Floats, float] | None:
        """Return where the lower end of each leg's segment is, as its wearable and its upper end have it."""
        segment, upper = {"knee": ("thigh", "hip"), "ankle": ("shank", "knee")}[part]
        if not any(f"{side}_{segment}" in pitch_rad for side in SIDES):
            return None
        place = np.full((len(run), 2, 2), np.nan)
        for leg, side in enumerate(SIDES):
            if f"{side}_{segment}" not in pitch_rad:
                continue
            pitch = pitch_rad[f"{side}_{segment}"][run]
            top = np.zeros((len(run), 2))
            if upper == "knee":
                knee = self.bridged[run, self.keypoints.names.index(f"{side}_knee")] - self.pelvis[run]
                top = knee / self.leg_px * np.array([1.0, -1.0])
            place[:, leg] = top - 0.5 * np.stack([np.sin(pitch), np.cos(pitch)], axis=1)
        return place, HINT_SD

    def move(self, part: str, follower: str, run: Samples, track: PairTrack) -> None:
        """Step 4 and 5 for one pair of columns."""
        if not {f"{side}_{follower}" for side in SIDES} <= set(self.keypoints.names):
            return
        columns = self.columns(follower)
        places = self.places(follower, run)
        clutter = track.clutter.copy() if follower == part else self._far(places, track)
        sure = _certainty(track) * (1.0 - np.nan_to_num(clutter))
        confidence = self.keypoints.confidence[np.ix_(run, columns)] * sure
        places[clutter > _SURE_CLUTTER] = np.nan
        where = np.ix_(run, columns)
        place, doubt = assigned(places, 1.0 / np.maximum(confidence, 1e-6), track.mode)
        self._put(self.position, self.confidence, where, place, 1.0 / doubt)
        p_left = track.probability[:, SWAP] + track.probability[:, ON_RIGHT]
        p_right = track.probability[:, SWAP] + track.probability[:, ON_LEFT]
        self.other_side[where] = np.stack([p_left, p_right], axis=1)
        filled = np.zeros(place.shape[:2], dtype=bool)
        if follower == part:
            place, doubt, filled = self._bridge(run, track, place, doubt)
        self._put(self.bridged, self.bridged_confidence, where, place, 1.0 / doubt)
        if self.sd_px is not None and self.bridged_sd_px is not None and self.keypoints.sd_px is not None:
            variance = assigned(places, self.keypoints.sd_px[where] ** 2, track.mode)[1]
            self.sd_px[where] = np.sqrt(variance)
            track_sd = track.sd.max(axis=2) * self.leg_px
            self.bridged_sd_px[where] = np.where(filled, track_sd, np.sqrt(variance))

    def drop(self, follower: str, frames: Samples) -> None:
        """Take out a pair in some frames."""
        if {f"{side}_{follower}" for side in SIDES} <= set(self.keypoints.names):
            where = np.ix_(frames, self.columns(follower))
            for position, confidence in (
                (self.position, self.confidence),
                (self.bridged, self.bridged_confidence),
            ):
                position[where], confidence[where] = np.nan, 0.0

    def _far(self, places: Floats, track: PairTrack) -> Floats:
        """Return 1 for points of a foot that lie farther from both ankles than a foot is long."""
        apart = np.linalg.norm(places[:, :, None, :] - track.position[:, None, :, :], axis=3).min(axis=2)
        return np.asarray(apart > _FOOT_LENGTHS, dtype=np.float64)

    def _bridge(self, run: Samples, track: PairTrack, place: Floats, doubt: Floats) -> tuple[Floats, Floats, Flags]:
        place, doubt, filled = place.copy(), doubt.copy(), np.zeros(place.shape[:2], dtype=bool)
        time_s = self.keypoints.time_s[run]
        for leg in (0, 1):
            short = _short_holes(time_s, np.isfinite(place[:, leg, 0]))
            sd = track.sd[:, leg].max(axis=1)
            chosen = short & (sd < LARGEST_BRIDGE_SD)
            place[chosen, leg] = track.position[chosen, leg]
            doubt[chosen, leg] = np.maximum(1.0, (sd[chosen] / POINT_SD) ** 2)
            filled[:, leg] = chosen
        return place, doubt, filled

    def _put(
        self, position: Floats, confidence: Floats, where: tuple[Samples, ...], place: Floats, value: Floats
    ) -> None:
        pelvis = self.pelvis[where[0].ravel(), None]
        position[where] = place * np.array([1.0, -1.0]) * self.leg_px + pelvis
        known = np.isfinite(place).all(axis=2)
        confidence[where] = np.where(known, np.clip(np.nan_to_num(value), 0.0, 1.0), 0.0)


def _certainty(track: PairTrack) -> Floats:
    """Return how sure the leg of each named point is, shape (n, 2)."""
    p = track.probability
    left_stays, right_stays = p[:, KEEP] + p[:, ON_LEFT], p[:, KEEP] + p[:, ON_RIGHT]
    stays = np.stack([left_stays, right_stays], axis=1)
    chosen_stays = np.stack([np.isin(track.mode, (KEEP, ON_LEFT)), np.isin(track.mode, (KEEP, ON_RIGHT))], axis=1)
    return np.asarray(np.where(chosen_stays, stays, 1.0 - stays))


def _before_both_legs(mode: Samples) -> Flags:
    """Return the frames before the detector first, and after it last, tells both legs apart for a while.

    A patient who comes from behind something, or goes, shows one leg; which one is a guess that nothing supports.
    """
    both = np.isin(mode, (KEEP, SWAP))
    lasting = np.convolve(both, np.ones(_LASTING_FRAMES), mode="same") == _LASTING_FRAMES
    if not lasting.any():
        return np.ones(len(mode), dtype=bool)
    first, last = np.flatnonzero(lasting)[[0, -1]]
    outside = np.ones(len(mode), dtype=bool)
    outside[first - _LASTING_FRAMES // 2 : last + _LASTING_FRAMES // 2 + 1] = False
    return outside


def _short_holes(time_s: Floats, known: Flags) -> Flags:
    """Return the frames of holes no longer than may be bridged, between two known frames."""
    places = np.flatnonzero(known)
    short = np.zeros(len(known), dtype=bool)
    for before, after in pairwise(places.tolist()):
        if after - before > 1 and time_s[after] - time_s[before] <= LONGEST_BRIDGE_S:
            short[before + 1 : after] = True
    return short


def _runs(time_s: Floats, known: Flags) -> list[Samples]:
    """Return the frames of each stretch without a long hole."""
    frames = np.flatnonzero(known)
    if len(frames) < _LEAST_FRAMES:
        return []
    cuts = np.flatnonzero(np.diff(time_s[frames]) > _LONGEST_HOLE_S) + 1
    return [run for run in np.split(frames, cuts) if len(run) >= _LEAST_FRAMES]
