"""Contacts from the hip, knee and ankle keypoints of one camera.

- Final contact: midway between two cues that fail differently. The ankle rises fastest at toe-off (O'Connor et al.
  2007 [1]_); the shank leans forward most just after it, when the foot starts forward (the reversal that Zeni et
  al. 2008 [2]_ use at the foot, here as an angle).
- Initial contact: the foot is furthest ahead of the hip (Zeni et al. 2008 [2]_); as angles, so that the camera's
  scale does not matter, and with the shank's own angle, which also shows stepping in place.

Reversals precede or follow the contact by a share of the stride. The shares are read from the published mean
curves of pelvis, hip, knee and ankle at free speed [3]_: pitch of the shank = pelvic tilt - hip flexion + knee
flexion, foot rate = derivative of (shank pitch - dorsiflexion).

References
----------
.. [1] O'Connor et al. (2007), Gait Posture 25:469, doi:10.1016/j.gaitpost.2006.05.016
.. [2] Zeni et al. (2008), Gait Posture 27:710, doi:10.1016/j.gaitpost.2007.07.007
.. [3] Schwartz et al. (2008), J Biomech 41:1639, doi:10.1016/j.jbiomech.2008.03.015
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np

from fusion.events._merge import Cue, alternate, as_events, blend
from fusion.events._signals import Track, adaptive_peaks, smooth_track, usual_stride_s, vertex
from fusion.events.base import MIN_STRIDE_S
from fusion.types import SIDES, Flags, Floats, GaitEvents, WorldPoints

STEP_S = 0.005
CUTOFF_HZ = 6.0
"""Usual for keypoints and markers of walking (Winter 2009, ch. 3)."""

LEAD_OF_REACH = 0.025
"""The leg reaches furthest forward at 97.5 % of the cycle, at each speed but the fastest (97.3 to 98.5 %) [3]_."""

LAG_OF_LEAN = 0.058
"""The shank leans most at 67.2 %; the foot's push-off rate peaks at 58.2 % and is zero at 64.8 %, and the middle of
these is the final contact of ``_imu_cues`` [3]_; 5.0 to 7.4 % over speeds."""

RISE_BEFORE_S, RISE_AFTER_S = 0.25, 0.10
"""Where the fastest rise is looked for, around the greatest lean."""

LEAN_FLOOR_RAD = 0.20
"""A swing tips the shank by 60 deg, shuffling by about 20; standing sway and keypoint noise stay below 10."""

LEAN_SHARE = 0.4
CONFIDENCE_FLOOR = 0.3
HEADING_HZ = 0.5
"""Turning takes one to three seconds; the sway of a step lies above 0.8 Hz."""

FACING_WEIGHT_MPS = 0.3
"""Body facing decides the heading below this speed, travel above it."""

SD_S = {"ic": 0.018, "fc": 0.020}
"""Assumed: about one frame at 60 Hz, as low-passed keypoints show a reversal. Not fitted to any recording; the
validation reports the coverage that they give."""


@dataclass(frozen=True, slots=True)
class _Leg:
    """One leg, smoothed: forward lean of the shank, forward reach of the foot, rad; height of the ankle, m."""

    lean: Track
    reach: Track
    height: Track


def camera_events(points: WorldPoints) -> GaitEvents:
    """Return the contacts that one camera shows."""
    heading = _heading(points)
    legs = {side: _leg(points, side, heading) for side in SIDES}
    leans = {
        side: adaptive_peaks(leg.lean, LEAN_FLOOR_RAD, LEAN_SHARE, MIN_STRIDE_S, prominence=True)
        for side, leg in legs.items()
    }
    stride_s = usual_stride_s(leans.values(), STEP_S)
    frame_s = float(np.median(np.diff(points.time_s))) if len(points.time_s) > 1 else 0.0
    doubt = {kind: float(np.hypot(sd, frame_s / np.sqrt(12.0))) for kind, sd in SD_S.items()}
    cues = []
    for side, leg in legs.items():
        for place, lean in enumerate(leans[side]):
            following = leans[side][place + 1] if place + 1 < len(leans[side]) else len(leg.lean.value)
            if _clear(leg.lean, int(lean)):
                cues.append(Cue(_final_contact_s(leg, int(lean), stride_s), side, "fc", doubt["fc"]))
            reach = _reach(leg.reach, int(lean), int(following), stride_s)
            if np.isfinite(reach):
                at_s = leg.reach.time_s(reach)
                cues.append(Cue(at_s + LEAD_OF_REACH * stride_s, side, "ic", doubt["ic"]))
    return as_events(cues, "camera")


def camera_only(points: tuple[WorldPoints, ...]) -> GaitEvents:
    """Return the contacts of all cameras together."""
    lists = [alternate(camera_events(camera)) for camera in points]
    return reduce(lambda first, second: blend(first, second, "camera"), lists, GaitEvents.none())


def _leg(points: WorldPoints, side: str, heading: Floats) -> _Leg:
    hip, knee, ankle = (_seen(points, f"{side}_{part}") for part in ("hip", "knee", "ankle"))
    lean = _tilt(knee - ankle, heading)
    reach = -_tilt(hip - ankle, heading) - lean
    return _Leg(
        smooth_track(points.time_s, lean, STEP_S, CUTOFF_HZ),
        smooth_track(points.time_s, reach, STEP_S, CUTOFF_HZ),
        smooth_track(points.time_s, ankle[:, 2], STEP_S, CUTOFF_HZ),
    )


def _tilt(upward_m: Floats, heading: Floats) -> Floats:
    """Return the forward lean of a vector that points up the leg, rad, shape (n,)."""
    sideways = np.where(heading[:, 1] == 0.0, 0.0, heading[:, 1] * upward_m[:, 1])
    return np.asarray(np.arctan2(heading[:, 0] * upward_m[:, 0] + sideways, upward_m[:, 2]))


def _heading(points: WorldPoints) -> Floats:
    """Return the horizontal unit vector of travel or, when slow, of facing, shape (n, 2).

    1. Facing: across the line of the hips where the camera sees it, else the way the knees point.
    2. Travel: low-passed velocity of the pelvis.
    3. Their weighted sum; straight ahead where neither is known.
    """
    count = len(points.time_s)
    left, right = _seen(points, "left_hip"), _seen(points, "right_hip")
    # 1.
    across = (left - right)[:, :2]
    facing = _slow(points.time_s, np.stack([across[:, 1], -across[:, 0]], axis=1))
    planar = ~np.isfinite(facing).all(axis=1)
    if planar.any():
        facing[planar] = np.stack([_knee_facing(points), np.zeros(count)], axis=1)[planar]
    size = np.linalg.norm(facing, axis=1, keepdims=True)
    facing = np.divide(facing, size, out=np.zeros_like(facing), where=size > 0.0)
    # 2.
    middle = 0.5 * (left + right)[:, :2]
    middle[:, 1] = np.where(np.isfinite(middle[:, 1]), middle[:, 1], 0.0)
    path = _slow(points.time_s, middle)
    travel = np.gradient(path, points.time_s, axis=0) if count > 1 else np.zeros((count, 2))
    # 3.
    total = np.nan_to_num(travel) + FACING_WEIGHT_MPS * np.nan_to_num(facing)
    size = np.linalg.norm(total, axis=1, keepdims=True)
    ahead = np.tile([1.0, 0.0], (count, 1))
    return np.asarray(np.divide(total, size, out=ahead, where=size > 1e-6))


def _knee_facing(points: WorldPoints) -> Floats:
    """Return how far the knees stand ahead of the hip-ankle line along x, m, slowly varying, shape (n,)."""
    ahead = np.zeros((len(points.time_s), 1))
    for side in SIDES:
        hip, knee, ankle = (_seen(points, f"{side}_{part}") for part in ("hip", "knee", "ankle"))
        ahead[:, 0] += np.nan_to_num(knee - 0.5 * (hip + ankle))[:, 0]
    return _slow(points.time_s, ahead)[:, 0]


def _slow(time_s: Floats, value: Floats) -> Floats:
    """Return each column averaged over about a second, holes bridged; NaN columns stay NaN."""
    slow = np.full_like(value, np.nan)
    width_s = 0.5 / HEADING_HZ
    for column in range(value.shape[1]):
        seen = np.isfinite(value[:, column])
        if np.count_nonzero(seen) < 2:
            continue
        even = np.interp(time_s, time_s[seen], value[seen, column])
        total = np.concatenate([[0.0], np.cumsum(even)])
        first = np.searchsorted(time_s, time_s - width_s)
        last = np.searchsorted(time_s, time_s + width_s, side="right")
        # A window cut off at one end is cut at the other too, so that a walking pelvis is not pulled inwards.
        reach = np.minimum(np.arange(len(time_s)) - first, last - 1 - np.arange(len(time_s)))
        first, last = np.arange(len(time_s)) - reach, np.arange(len(time_s)) + reach + 1
        slow[:, column] = (total[last] - total[first]) / (last - first)
    return slow


def _seen(points: WorldPoints, name: str) -> Floats:
    track = points.point(name).copy()
    if name in points.names:
        track[points.confidence[:, points.names.index(name)] < CONFIDENCE_FLOOR] = np.nan
    return track


def _final_contact_s(leg: _Leg, lean: int, stride_s: float) -> float:
    lean_s = leg.lean.time_s(vertex(leg.lean.value, lean))
    at_s = lean_s - LAG_OF_LEAN * stride_s
    rise = np.gradient(leg.height.value)
    middle = round((lean_s - leg.height.start_s) / leg.height.step_s)
    start = max(middle - leg.height.samples(RISE_BEFORE_S), 0)
    window = rise[start : middle + leg.height.samples(RISE_AFTER_S)]
    best = int(np.argmax(window))
    if not np.isfinite(window).all() or best in (0, len(window) - 1):
        return at_s
    return 0.5 * (at_s + leg.height.time_s(vertex(rise, start + best)))


def _reach(reach: Track, start: int, following: int, stride_s: float) -> float:
    """Return where the foot is furthest ahead after a swing began; NaN when not seen."""
    stop = min(following, start + reach.samples(0.75 * stride_s), len(reach.value))
    window = reach.value[start:stop]
    if len(window) < 3 or not np.isfinite(window).any():
        return np.nan
    best = start + int(np.nanargmax(window))
    if best in (start, stop - 1) or not _clear(reach, best):
        return np.nan
    return vertex(reach.value, best)


def _clear(track: Track, index: int) -> bool:
    near: Flags = np.isfinite(track.value[max(index - 4, 0) : index + 5])
    return bool(near.all())
