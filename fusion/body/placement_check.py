"""Check that the sensors move like the segments that they are labelled with.

Three questions, in this order
1. Parts of one leg. A foot stands still for a third of the stride, a shank never does; a shank turns half as
   much again as a thigh.
2. Sides against each other. A shank turns with the foot of its own leg and not with the other one; likewise
   thigh and shank. Where one part disagrees with two that agree, its two sensors are swapped.
3. Sides against a camera, which alone can see that whole legs were swapped.
4. Thighs without any shank to compare them with: do they swing as far as shanks do?
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np

from fusion.body.placement_axes import smoothed
from fusion.types import SIDES, Flags, Floats

_PARTS = ("thigh", "shank", "foot")
_GRID_HZ = 50.0
_MIN_COMMON_S = 2.0

_STILL_SHARE = 0.3
"""Rate below which a segment stays for 30 % of the time, over its standard deviation: a foot is flat that
long and lies near 0; for a sinusoid it is 0.64, for a swinging shank about 0.4."""

_STILLER = 0.8

_THIGH_OVER_SHANK = 1.2
"""A shank's rate is the thigh's plus the knee's and therefore the larger one; a fifth more is no chance."""

_SHANK_SWING_RAD = 0.46
"""RMS rate over the angular frequency of the stride. Simulated thighs reach 0.42 (fast walking, running) and 0.30 to
0.36 at usual speeds, shanks 0.47 to 0.57; shanks of stiff knees and of shuffling steps less, and stay unnoticed."""

_STRIDES_HZ = (0.4, 1.6)

_PAIRING_MARGIN = 0.15
_CAMERA_MARGIN = 0.25
_CAMERA_MATCH = 0.5


@dataclass(frozen=True, slots=True)
class Track:
    """Pitch rate of one wearable, rad/s, its times, and where it walks."""

    time_s: Floats
    rate_radps: Floats
    use: Flags


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
    # 1. Parts of one leg; from here on every track goes by the part that it moves like.
    worn_on = {label: label for label in tracks} | _swapped_parts(tracks)
    moved = {worn_on[label]: track for label, track in tracks.items()}
    # 2., 3. Sides, by the links between parts and by the camera.
    seen = _camera_choices(moved, camera_pitch)
    swapped, doubt = _swapped_sides(_links(moved), _parts_by_camera(seen))
    # 4. Thighs that nothing can be compared with.
    far = _FAR if _swing_like_shanks(tracks) else ""
    verdicts = {}
    for label, segment in worn_on.items():
        part = segment.split("_")[-1]
        if part in swapped:
            segment = _other(segment)
        flip = seen.get(worn_on[label], ("", False))[1]
        issue = _swap_issue(label, segment) if segment != label else (doubt if f"{part} sensors" in doubt else "")
        verdicts[label] = Verdict(segment, issue or (far.format(label=label) if part == "thigh" else ""), flip)
    return verdicts


_FAR = "The sensor labelled {label!r} swings as far as a shank does; check on which segment it is worn."


def _swing_like_shanks(tracks: Mapping[str, Track]) -> bool:
    """Question 4: whether all thighs swing too far for thighs, and no shank is there to compare them with."""
    if any(label.endswith("shank") for label in tracks):
        return False
    swings = [_swing_rad(track) for label, track in tracks.items() if label.endswith("thigh")]
    return bool(swings) and min(swings) > _SHANK_SWING_RAD


def _swing_rad(track: Track) -> float:
    """Return how far a segment swings: its RMS rate over the angular frequency of the stride, rad; 0 when unknown."""
    if track.use.sum() < 20 or np.ptp(track.time_s[track.use]) < _MIN_COMMON_S:
        return 0.0
    time_s, rate = track.time_s[track.use], track.rate_radps[track.use]
    grid_hz = np.arange(*_STRIDES_HZ, 0.02)
    wave = np.exp(-2j * np.pi * np.outer(grid_hz, time_s - time_s[0]))
    stride_hz = float(grid_hz[np.argmax(np.abs(wave @ (rate - rate.mean())))])
    return _size(track) / (2.0 * np.pi * stride_hz)


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
        stillest = min(still, key=lambda part: still[part], default="foot")
        pair: tuple[str, str] | None = None
        if "foot" in leg and still[stillest] < min(_STILL_SHARE, _STILLER * still["foot"]):
            pair = ("foot", stillest)
        elif {"thigh", "shank"} <= set(leg) and _size(leg["thigh"]) > _THIGH_OVER_SHANK * _size(leg["shank"]):
            pair = ("thigh", "shank")
        if pair is not None:
            swaps[f"{side}_{pair[0]}"] = f"{side}_{pair[1]}"
            swaps[f"{side}_{pair[1]}"] = f"{side}_{pair[0]}"
    return swaps


def _links(tracks: Mapping[str, Track]) -> dict[tuple[str, str], bool]:
    """Question 2: neighbouring parts -> True when left goes with left, False when with right; unclear: none."""
    links = {}
    for upper, lower in pairwise(_PARTS):
        if not all(f"{side}_{part}" in tracks for side in SIDES for part in (upper, lower)):
            continue
        own = [_match(tracks[f"{side}_{upper}"], tracks[f"{side}_{lower}"]) for side in SIDES]
        cross = [_match(tracks[f"{side}_{upper}"], tracks[_other(f"{side}_{lower}")]) for side in SIDES]
        difference = float(np.mean(own) - np.mean(cross))
        if abs(difference) > _PAIRING_MARGIN:
            links[(upper, lower)] = difference > 0.0
    return links


def _swapped_sides(links: Mapping[tuple[str, str], bool], seen: Mapping[str, bool]) -> tuple[set[str], str]:
    """Return the parts whose two sensors changed sides, and a doubt in words that names the parts.

    Of all answers that agree with every link and with the camera (``seen``: part -> swapped), the one with the
    fewest swaps is right; two equally short ones leave a doubt.
    """
    parts = sorted({part for link in links for part in link} | set(seen))
    answers = [
        {part for part, is_swapped in zip(parts, choice, strict=True) if is_swapped}
        for choice in product((False, True), repeat=len(parts))
    ]
    fitting = [
        answer
        for answer in answers
        if all(((a in answer) == (b in answer)) == together for (a, b), together in links.items())
        and all((part in answer) == is_swapped for part, is_swapped in seen.items())
    ]
    if not fitting:
        return {part for part, is_swapped in seen.items() if is_swapped}, ""
    fewest = min(len(answer) for answer in fitting)
    best = [answer for answer in fitting if len(answer) == fewest]
    if len(best) == 1:
        return best[0], ""
    either = " or of the ".join(f"{part} sensors" for part in sorted(set().union(*best)))
    return set(), f"Left and right of the {either} are swapped; check which and swap the two labels."


def _parts_by_camera(seen: Mapping[str, tuple[str, bool]]) -> dict[str, bool]:
    """Part -> swapped, where all sensors of the part that the camera can judge say the same."""
    judged: dict[str, set[str]] = {}
    for segment, (kind, _) in seen.items():
        judged.setdefault(segment.split("_")[-1], set()).add(kind)
    return {part: kinds == {"other"} for part, kinds in judged.items() if len(kinds) == 1}


def _camera_choices(
    tracks: Mapping[str, Track], camera_pitch: Mapping[str, tuple[Floats, Floats]]
) -> dict[str, tuple[str, bool]]:
    """Question 3: segment -> whose camera track it follows, and whether with the opposite sign."""
    camera = {name: _camera_track(*pitch) for name, pitch in camera_pitch.items() if len(pitch[0]) > 10}
    found: dict[str, tuple[str, bool]] = {}
    for segment, track in tracks.items():
        if segment.split("_")[-1] in _PARTS and {segment, _other(segment)} <= set(camera):
            choice = _camera_choice(_match(track, camera[segment]), _match(track, camera[_other(segment)]))
            if choice is not None:
                found[segment] = choice
    return found


def _camera_choice(own: float, other: float) -> tuple[str, bool] | None:
    """Whose camera track a sensor follows, and whether with the opposite sign; None when unclear."""
    scores = {("own", False): own, ("own", True): -own, ("other", False): other, ("other", True): -other}
    best = max(scores, key=lambda key: scores[key])
    clear = scores[best] > _CAMERA_MATCH and (best == ("own", False) or scores[best] > own + _CAMERA_MARGIN)
    return best if clear else None


def _camera_track(time_s: Floats, pitch_rad: Floats) -> Track:
    seen = np.asarray(np.isfinite(pitch_rad))
    if seen.sum() < 10:
        return Track(time_s, np.zeros(len(time_s)), np.zeros(len(time_s), dtype=bool))
    rate_hz = 1.0 / float(np.median(np.diff(time_s)))
    angle = smoothed(pitch_rad[:, None], rate_hz)[:, 0]
    return Track(time_s, np.gradient(angle, time_s), seen)


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
