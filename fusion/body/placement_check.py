"""Do the sensors move like the segments that they are labelled with?

Three questions, in this order
1. Parts of one leg. A foot stands still for a third of the stride, a shank never does; a shank turns half as
   much again as a thigh.
2. Sides against each other. A shank turns with the foot of its own leg and not with the other one; likewise
   thigh and shank. Where one part disagrees with two that agree, its two sensors are swapped.
3. Sides against a camera, which alone can see that whole legs were swapped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from fusion.body.placement_axes import smoothed
from fusion.types import SIDES, Flags, Floats

_PARTS = ("thigh", "shank", "foot")
_GRID_HZ = 50.0
_MIN_COMMON_S = 2.0

_STILL_SHARE = 0.24
"""Rate below which a segment stays for 30 % of the time, over its standard deviation: a foot is flat that
long and lies near 0; for a sinusoid it is 0.64, for a swinging shank about 0.4."""

_THIGH_OVER_SHANK = 1.2
"""A shank's rate is the thigh's plus the knee's and therefore the larger one; a fifth more is no chance."""

_PAIRING_MARGIN = 0.15
_CAMERA_MARGIN = 0.25
_CAMERA_MATCH = 0.5


@dataclass(frozen=True, slots=True)
class Track:
    """Pitch rate of one wearable, rad/s, its times, where it walks, and whether its sign is sure."""

    time_s: Floats
    rate_radps: Floats
    use: Flags
    sign_is_sure: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one wearable moves like; ``flip`` when its axis must be turned round."""

    worn_on: str
    issue: str = ""
    flip: bool = False


def compare(tracks: Mapping[str, Track], camera_pitch: Mapping[str, tuple[Floats, Floats]]) -> dict[str, Verdict]:
    """Return a verdict per wearable.

    Parameters
    ----------
    tracks
        Label -> pitch rate of the wearable.
    camera_pitch
        Segment -> (times on the same clock, pitch, rad).
    """
    verdicts = {name: Verdict(name) for name in tracks}
    for label, segment in _swapped_parts(tracks).items():
        verdicts[label] = Verdict(segment, _swap_issue(label, segment))
    moved = {verdicts[label].worn_on: track for label, track in tracks.items()}
    swapped, doubtful = _swapped_sides(moved)
    seen = _camera_verdicts(moved, camera_pitch)
    for label in tracks:
        segment = verdicts[label].worn_on
        verdict = seen.get(segment)
        if verdict is None and segment in swapped:
            verdict = Verdict(_other(segment), _swap_issue(label, _other(segment)))
        if verdict is None and segment in doubtful:
            verdict = Verdict(segment, doubtful[segment])
        if verdict is not None and (verdict.issue or verdict.flip):
            issue = _swap_issue(label, verdict.worn_on) if verdict.worn_on != segment else verdict.issue
            verdicts[label] = replace(verdict, issue=issue)
    return verdicts


def _swap_issue(label: str, segment: str) -> str:
    return f"The sensor labelled {label!r} moves like the {segment.replace('_', ' ')}; swap the two labels."


def _other(segment: str) -> str:
    side, part = segment.split("_")
    return f"{'right' if side == 'left' else 'left'}_{part}"


def _swapped_parts(tracks: Mapping[str, Track]) -> dict[str, str]:
    """Question 1: label -> segment of the same leg, for the sensors that changed places."""
    swaps: dict[str, str] = {}
    for side in SIDES:
        leg = {part: tracks[f"{side}_{part}"] for part in _PARTS if f"{side}_{part}" in tracks}
        still = {part: _still_share(track) for part, track in leg.items()}
        flat = [part for part, share in still.items() if share < _STILL_SHARE]
        pair: tuple[str, str] | None = None
        if "foot" in leg and "foot" not in flat and len(flat) == 1:
            pair = ("foot", flat[0])
        elif {"thigh", "shank"} <= set(leg) and not {"thigh", "shank"} & set(flat):
            shank, thigh = _size(leg["shank"]), _size(leg["thigh"])
            pair = ("thigh", "shank") if thigh > _THIGH_OVER_SHANK * shank else None
        if pair is not None:
            swaps[f"{side}_{pair[0]}"] = f"{side}_{pair[1]}"
            swaps[f"{side}_{pair[1]}"] = f"{side}_{pair[0]}"
    return swaps


def _swapped_sides(tracks: Mapping[str, Track]) -> tuple[set[str], dict[str, str]]:
    """Question 2: segments whose sensors changed sides, and those where only a doubt can be stated."""
    parts = [p for p in _PARTS if all(f"{side}_{p}" in tracks for side in SIDES)]
    agree: dict[frozenset[str], float] = {}
    for a, b in combinations(parts, 2):
        own = [_match(tracks[f"{side}_{a}"], tracks[f"{side}_{b}"]) for side in SIDES]
        cross = [_match(tracks[f"{side}_{a}"], tracks[_other(f"{side}_{b}")]) for side in SIDES]
        agree[frozenset((a, b))] = float(np.mean(own) - np.mean(cross))
    against = {pair for pair, score in agree.items() if score < -_PAIRING_MARGIN}
    if not against:
        return set(), {}
    if len(parts) == 3:
        for part in parts:
            mine = {pair for pair in agree if part in pair}
            rest = next(pair for pair in agree if part not in pair)
            if mine & against and agree[rest] > _PAIRING_MARGIN and all(agree[p] < 0.0 for p in mine):
                return {f"{side}_{part}" for side in SIDES}, {}
    pair = sorted(next(iter(against)))
    issue = (
        f"Left and right of the {pair[0]} sensors or of the {pair[1]} sensors are swapped; check which and "
        "swap the two labels."
    )
    return set(), {f"{side}_{part}": issue for side in SIDES for part in pair}


def _camera_verdicts(
    tracks: Mapping[str, Track], camera_pitch: Mapping[str, tuple[Floats, Floats]]
) -> dict[str, Verdict]:
    """Question 3: a verdict per segment that the camera can judge; both sensors of a part must agree."""
    camera = {name: _camera_track(*pitch) for name, pitch in camera_pitch.items() if len(pitch[0]) > 10}
    found: dict[str, tuple[str, bool]] = {}
    for segment, track in tracks.items():
        if segment.split("_")[-1] in _PARTS and {segment, _other(segment)} <= set(camera):
            choice = _camera_choice(_match(track, camera[segment]), _match(track, camera[_other(segment)]))
            if choice is not None:
                found[segment] = choice
    verdicts: dict[str, Verdict] = {}
    for segment, (kind, flip) in found.items():
        partner = _other(segment)
        if kind == "other" and (partner not in tracks or found.get(partner, ("", False))[0] == "other"):
            verdicts[segment] = Verdict(partner, _swap_issue(segment, partner), flip)
        elif kind == "own":
            verdicts[segment] = Verdict(segment, "", flip)
    return verdicts


def _camera_choice(own: float, other: float) -> tuple[str, bool] | None:
    """Whose camera track a sensor follows, and whether with the opposite sign; None when unclear."""
    scores = {("own", False): own, ("own", True): -own, ("other", False): other, ("other", True): -other}
    best = max(scores, key=lambda key: scores[key])
    clear = scores[best] > _CAMERA_MATCH and (best == ("own", False) or scores[best] > own + _CAMERA_MARGIN)
    return best if clear else None


def _camera_track(time_s: Floats, pitch_rad: Floats) -> Track:
    seen = np.asarray(np.isfinite(pitch_rad))
    if seen.sum() < 10:
        return Track(time_s, np.zeros(len(time_s)), np.zeros(len(time_s), dtype=bool), False)
    rate_hz = 1.0 / float(np.median(np.diff(time_s)))
    angle = smoothed(pitch_rad[:, None], rate_hz)[:, 0]
    return Track(time_s, np.gradient(angle, time_s), seen, True)


def _match(a: Track, b: Track) -> float:
    """Correlation of two tracks where both are of use; 0 when they hardly overlap."""
    start_s, end_s = max(a.time_s[0], b.time_s[0]), min(a.time_s[-1], b.time_s[-1])
    if end_s - start_s < _MIN_COMMON_S:
        return 0.0
    grid = np.arange(start_s, end_s, 1.0 / _GRID_HZ)
    usable = np.ones(len(grid), dtype=bool)
    rates = []
    for track in (a, b):
        usable &= np.interp(grid, track.time_s, track.use.astype(np.float64)) > 0.99
        rates.append(np.interp(grid, track.time_s, track.rate_radps))
    if usable.sum() < _MIN_COMMON_S * _GRID_HZ:
        return 0.0
    first, second = rates[0][usable], rates[1][usable]
    if min(float(first.std()), float(second.std())) < 1e-6:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


def _still_share(track: Track) -> float:
    rate = np.abs(track.rate_radps[track.use])
    return float(np.quantile(rate, 0.3) / max(_size(track), 1e-9)) if rate.size else np.nan


def _size(track: Track) -> float:
    return float(np.std(track.rate_radps[track.use])) if track.use.any() else 0.0
