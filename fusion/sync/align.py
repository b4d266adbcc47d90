"""Align a camera with wearables: the offset at which keypoint angles and integrated gyro angles agree.

1. Integrate each wearable's sagittal rate; unwrap the keypoint pitch of the same segment.
2. Over every lag with enough overlap: correlation without drift, pooled over segments as evidence in nats.
3. The highest peaks are strides apart; each two are compared on the frames that both cover. What decides is
   what differs from stride to stride: start, stop, turn, speed, the size of each step.
4. The same search with left and right swapped and with the sign reversed tells a labelling mistake.
5. The offset is the top of the exact evidence; its interval holds the spread between segments (jackknife),
   the curvature, and the keypoints' own delay.

Differentiated keypoints are not used: at 30 frames per second they are far worse (15-21 ms against 0.5-3 ms
in simulation). A drift of the camera clock within the recording is not modelled here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from fusion.errors import UsageError
from fusion.sync.angles import camera_angle, integrate, slow_basis
from fusion.sync.lags import COARSE_HZ, Pair
from fusion.sync.peaks import (
    MIN_OVERLAP_S,
    Candidate,
    Precision,
    Reading,
    advantage,
    candidates,
    local_offsets,
    precision,
    seconds,
)
from fusion.types import NOT_FUSED, SAFE, SEGMENTS, Floats, SyncResult, floats, same_length

MOVING_RAD = 0.05
"""RMS of a segment's pitch about its drift; walking shows 0.15 and more, swaying in standing below 0.03."""

MIN_CORRELATION = 0.7
"""Below it the wearable explains less than half of the camera's variance: they saw different movements."""

SURE_NATS = 3.0
"""Odds of 20 : 1 over the next candidate."""

BEYOND_S = 0.15
EDGE_S = 0.02
"""How far the search goes beyond the range asked for, and how far beyond it a peak may lie."""

LABEL_NATS_PER_S = 0.22
MOST_LABEL_NATS = 7.0
"""How far another reading of the labels must lead before it is believed: both truth and chance grow with the time
compared. In even walking the legs exchanged and half a stride later look nearly the same: in 30 s of simulated walks
with 3 % misplaced and 4 % exchanged keypoints right labels fell behind by up to 6.5 nats, wrong ones by 8.5 to 23."""

WANDER_S = 0.05
"""Stretches of one recording differ by the keypoints' delay, sd 10 ms; a range of five of these does not occur
by chance in a few stretches."""

UNSURE_PARTS = ("thigh", "pelvis", "trunk")
"""Their angles are nearly sines, so that one stride looks like the next: twice the evidence is asked for."""

_MIRRORED = (
    "all angles agree with reversed sign: the camera image is mirrored or the sensor axes are reversed. Check "
    "the direction of walking and the placement."
)
_SWAPPED = (
    "the left leg in the camera moves like the right wearables: left and right are swapped. Swap the labels "
    "of the wearables or of the keypoints."
)
_DIFFERENT = (
    "camera and wearables do not show the same movement at any offset searched{got}. Check that both "
    "recorded the same walk of the same person, or widen the search."
)


def align(
    camera_time_s: Floats,
    camera_pitch_rad: Mapping[str, Floats],
    imu: Mapping[str, tuple[Floats, Floats]],
    *,
    search_s: tuple[float, float] | None = None,
    expected_offset_s: float = 0.0,
    stream: str = "camera",
) -> SyncResult:
    """Return the offset between a camera's clock and the wearables' clock.

    Parameters
    ----------
    camera_time_s
        Frame times on the camera's clock, s, shape (n,).
    camera_pitch_rad
        Segment -> sagittal keypoint angle about +y (left), rad, shape (n,); NaN when not seen.
    imu
        Segment -> (times on the reference clock, s, and sagittal rate about +y, rad/s), each (m,); NaN
        where missing.
    search_s
        Lowest and highest offset, relative to ``expected_offset_s``; None searches every offset with
        enough overlap.
    expected_offset_s
        Centre of ``search_s``.
    stream
        Name of the camera in the result.

    Returns
    -------
    SyncResult
        Reference time = camera time + offset. ``"not fused"`` with a reason where the offset is not sure.

    Raises
    ------
    UsageError
        The search range is empty.
    SignalError
        Arrays do not fit together.
    """
    if search_s is not None and not search_s[0] < search_s[1]:
        raise UsageError(f"search_s must rise from low to high; got {search_s}. Give it as (low, high).")
    # 1. Angles of each segment that both streams name.
    named = _pairs(floats("camera_time_s", camera_time_s, (None,)), camera_pitch_rad, imu)
    refusal = _nothing_to_compare(camera_pitch_rad, imu, named)
    if refusal:
        return _refused(stream, refusal)
    pairs = {name: pair for name, pair in named.items() if _moves(pair)}
    # 2., 3. Peaks over all lags for the labels as given; 4. for other readings of the labels.
    lags_s = _lags(pairs, search_s, expected_offset_s)
    asked_s = None if search_s is None else (expected_offset_s + search_s[0], expected_offset_s + search_s[1])
    found = _inside(candidates(Reading(pairs), lags_s), asked_s)
    others = [
        peak for reading in _other_readings(pairs) for peak in _inside(candidates(reading, lags_s), asked_s)[:2]
    ]
    if not found:
        best = max(others, key=lambda peak: peak.nats, default=None)
        convincing = best is not None and best.correlation > MIN_CORRELATION
        return _refused(stream, best.reading.blame if best and convincing else _DIFFERENT.format(got=""))
    # 5. The candidate that no other beats, its interval and its verdict.
    return _judged(stream, _choose(found), others)


@dataclass(frozen=True, slots=True)
class _Choice:
    """The best candidate, the one that comes closest, and by how many nats it loses."""

    best: Candidate
    rival: Candidate | None
    margin: float
    peak_ratio: float


def _pairs(
    camera_time_s: Floats,
    camera_pitch_rad: Mapping[str, Floats],
    imu: Mapping[str, tuple[Floats, Floats]],
) -> dict[str, Pair]:
    pairs = {}
    for segment in SEGMENTS:
        if segment not in camera_pitch_rad or segment not in imu:
            continue
        pitch_rad = floats(f"camera pitch of {segment!r}", camera_pitch_rad[segment], (None,))
        same_length(f"camera pitch of {segment!r}", time_s=camera_time_s, pitch=pitch_rad)
        time_s = floats(f"IMU time of {segment!r}", imu[segment][0], (None,))
        rate_radps = floats(f"IMU rate of {segment!r}", imu[segment][1], (None,))
        same_length(f"IMU rate of {segment!r}", time_s=time_s, rate=rate_radps)
        pairs[segment] = Pair(*camera_angle(camera_time_s, pitch_rad), integrate(time_s, rate_radps))
    return pairs


def _nothing_to_compare(
    camera_pitch_rad: Mapping[str, Floats],
    imu: Mapping[str, tuple[Floats, Floats]],
    pairs: Mapping[str, Pair],
) -> str:
    """Return why there is nothing to compare, or ``""``."""
    if not pairs:
        return (
            f"no common segment: the camera shows {_listed(camera_pitch_rad)}, wearables are on "
            f"{_listed(imu)}. Put a wearable on a thigh or shank that the camera sees."
        )
    seen_s = max(seconds(pair.time_s) for pair in pairs.values())
    worn_s = max(seconds(pair.gyro.time_s[pair.gyro.piece >= 0]) for pair in pairs.values())
    if seen_s == 0.0:
        return "the camera never saw a segment that carries a wearable. Check the view and the lighting."
    if worn_s == 0.0:
        return "the wearables hold no unbroken second of rotation. Check battery and receiver."
    if min(seen_s, worn_s) < MIN_OVERLAP_S:
        who = "camera sees" if seen_s < worn_s else "wearables cover"
        return (
            f"the {who} only {min(seen_s, worn_s):.1f} s of movement; {MIN_OVERLAP_S:.0f} s are needed. "
            "Record at least three strides."
        )
    if not any(_moves(pair) for pair in pairs.values()):
        return (
            "no movement to compare: the legs swing less than 3 degrees in the camera or in the wearables. "
            "Include walking in the recording."
        )
    return ""


def _moves(pair: Pair) -> bool:
    """Return whether both angles swing, in any two seconds of each."""
    worn = pair.gyro.piece >= 0
    camera = _liveliest_rad(pair.time_s, pair.pitch_rad)
    return min(camera, _liveliest_rad(pair.gyro.time_s[worn], pair.gyro.angle_rad[worn])) > MOVING_RAD


def _liveliest_rad(time_s: Floats, angle_rad: Floats) -> float:
    best = 0.0
    for start in np.arange(time_s[0], time_s[-1], MIN_OVERLAP_S) if time_s.size else ():
        window = slice(*np.searchsorted(time_s, (start, start + MIN_OVERLAP_S)))
        if time_s[window].size > 20:
            basis = slow_basis(time_s[window])
            swing = angle_rad[window] - basis @ (basis.T @ angle_rad[window])
            best = max(best, float(np.sqrt(np.mean(swing**2))))
    return best


def _lags(pairs: Mapping[str, Pair], search_s: tuple[float, float] | None, expected_offset_s: float) -> Floats:
    low = min(pair.gyro.time_s[0] - pair.time_s[-1] for pair in pairs.values())
    high = max(pair.gyro.time_s[-1] - pair.time_s[0] for pair in pairs.values())
    if search_s is not None:
        reach_s = (expected_offset_s + search_s[0] - BEYOND_S, expected_offset_s + search_s[1] + BEYOND_S)
        low, high = max(low, reach_s[0]), min(high, reach_s[1])
    return np.asarray(low + np.arange(max(int((high - low) * COARSE_HZ) + 1, 0)) / COARSE_HZ)


def _inside(peaks: list[Candidate], asked_s: tuple[float, float] | None) -> list[Candidate]:
    """Return the peaks within the range asked for; the search reaches beyond it, so that no edge is a peak."""
    if asked_s is None:
        return peaks
    return [peak for peak in peaks if asked_s[0] - EDGE_S <= peak.lag_s <= asked_s[1] + EDGE_S]


def _other_readings(pairs: Mapping[str, Pair]) -> list[Reading]:
    other = {"left": "right", "right": "left"}
    crossed = {}
    for segment, pair in pairs.items():
        side, _, part = segment.partition("_")
        across = f"{other.get(side, side)}_{part}"
        if across in pairs:
            crossed[segment] = Pair(pair.time_s, pair.pitch_rad, pairs[across].gyro)
    mirrored = Reading(pairs, -1.0, _MIRRORED)
    return [mirrored, Reading(crossed, 1.0, _SWAPPED)] if crossed else [mirrored]


def _choose(found: list[Candidate]) -> _Choice:
    """Return the candidate whose closest rival is furthest behind."""
    count = len(found)
    lead = np.full((count, count), np.inf)
    for i in range(count):
        for j in range(i):
            lead[i, j] = advantage(found[i], found[j])
            lead[j, i] = -lead[i, j]
    first = int(np.argmax(lead.min(axis=1)))
    second = int(np.argmin(lead[first]))
    best = found[first]
    highest = max((other.correlation for other in found if other is not best), default=0.0)
    ratio = float(np.clip(highest / best.correlation, 0.0, 1.0)) if best.correlation > 0.0 else 1.0
    return _Choice(best, found[second] if count > 1 else None, float(lead[first, second]), ratio)


def _judged(stream: str, choice: _Choice, others: list[Candidate]) -> SyncResult:
    """Return the result with its interval; safe unless there is a doubt."""
    sharp = precision(choice.best)
    doubt = _label_doubt(choice.best, others) or _doubt(choice, sharp)
    pairs = choice.best.reading.pairs
    return SyncResult(
        stream=stream,
        offset_s=sharp.lag_s,
        low_s=sharp.lag_s - 1.96 * sharp.sd_s,
        high_s=sharp.lag_s + 1.96 * sharp.sd_s,
        peak_ratio=choice.peak_ratio,
        method=f"correlation of segment angles: {_listed(pairs)}",
        verdict=NOT_FUSED if doubt else SAFE,
        reason=doubt or _support(choice, sharp),
    )


def _label_doubt(best: Candidate, others: list[Candidate]) -> str:
    """Return what another reading of the labels explains better, or ``""``."""
    fitting = [other for other in others if other.correlation > MIN_CORRELATION]
    ahead = max(fitting, key=lambda other: advantage(other, best), default=None)
    compared_s = max(seconds(pair.time_s) for pair in best.reading.pairs.values())
    chance = min(LABEL_NATS_PER_S * compared_s, MOST_LABEL_NATS)
    if ahead is None or advantage(ahead, best) <= chance:
        return ""
    if advantage(ahead, best) > chance + SURE_NATS:
        return ahead.reading.blame
    return (
        f"it cannot be told whether the labels are right: as given the offset is {best.lag_s:.2f} s; it would "
        f"be {ahead.lag_s:.2f} s if this were so: {ahead.reading.blame}"
    )


def _doubt(choice: _Choice, sharp: Precision) -> str:
    best = choice.best
    if best.correlation < MIN_CORRELATION:
        return _DIFFERENT.format(got=f" (best correlation {best.correlation:.2f})")
    names = tuple(best.reading.pairs)
    weak = all(name.split("_")[-1] in UNSURE_PARTS for name in names)
    if choice.rival and choice.margin < SURE_NATS * (2.0 if weak else 1.0):
        hint = " Add a wearable on a shank." if weak else ""
        return (
            f"ambiguous: offsets {best.lag_s:.2f} s and {choice.rival.lag_s:.2f} s fit about equally well, one "
            f"stride looks like the next. Record the start or the end of the walk, or tap a sensor in view.{hint}"
        )
    wander_s = float(np.ptp(local_offsets(best)))
    if wander_s > WANDER_S:
        return (
            f"the offset changes by {1e3 * wander_s:.0f} ms within the recording: the camera's time stamps are "
            "wrong (frame rate, dropped frames), or it filmed another walk. Check the frame times."
        )
    if len(sharp.agreeing) < max(1, (len(names) + 1) // 2):
        wrong = _listed((*sharp.dissenting, *sharp.reversed_sign))
        return f"the segments disagree about the offset: {wrong}. Check on which segment each sensor is worn."
    return ""


def _support(choice: _Choice, sharp: Precision) -> str:
    of = f"{len(sharp.agreeing)} of {len(choice.best.reading.pairs)} segments agree"
    text = f"{of} (correlation {choice.best.correlation:.2f})"
    if sharp.reversed_sign:
        text += f"; reversed sign: {_listed(sharp.reversed_sign)}, check the placement"
    if sharp.dissenting:
        text += f"; not in line: {_listed(sharp.dissenting)}"
    return text + "."


def _refused(stream: str, reason: str) -> SyncResult:
    return SyncResult(stream, np.nan, np.nan, np.nan, method="correlation of segment angles", reason=reason)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(name.replace("_", " ") for name in names) or "nothing"
