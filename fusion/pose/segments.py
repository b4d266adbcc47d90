"""What the world points say of the body: segment pitches, straight walking, the gain of depth."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from fusion.pose.sagittal import root_track
from fusion.types import SIDES, Flags, Floats, WorldPoints

LEAST_GAIN, LARGEST_GAIN = 0.7, 1.6

_TRAVEL_MPS = 0.3
_TURN_RAD = np.deg2rad(30.0)
_SMOOTH_S = 1.0
_MIN_WINDOW_S = 1.5
_MIN_SWING_RAD = 0.1
_MIN_FRAMES = 45


def segment_pitch(points: WorldPoints) -> dict[str, Floats]:
    """Return the pitch of each visible segment, rad, shape (n,); NaN where not seen, unwrapped.

    Positive leans the upper end forward. Thigh, shank and trunk: inclination of the line between their
    joints in the x-z plane. Foot: heel to toe, zero when flat. A segment never seen is left out.
    """
    pitch = {"trunk": _inclination(_neck(points) - root_track(points))}
    for side in SIDES:
        hip, knee, ankle = (points.point(f"{side}_{part}") for part in ("hip", "knee", "ankle"))
        pitch[f"{side}_thigh"] = _inclination(hip - knee)
        pitch[f"{side}_shank"] = _inclination(knee - ankle)
        sole = points.point(f"{side}_toe") - points.point(f"{side}_heel")
        pitch[f"{side}_foot"] = _continuous(np.arctan2(-sole[:, 2], sole[:, 0]))
    return {name: track for name, track in pitch.items() if np.isfinite(track).any()}


def walking_window(points: WorldPoints) -> list[tuple[float, float]]:
    """Return ``[start, end)`` of the straight parts of the walk, s, by the path of the pelvis.

    Straight: faster than 0.3 m/s and within 30 degrees of the walking direction at the start or of its
    opposite. Frames that do not show the pelvis count like the nearest one that does. A walker who stays in
    place (treadmill, root-fixed skeleton) walks straight all the time.
    """
    root, time_s = root_track(points), points.time_s
    level = root[:, :2] if np.isfinite(root[:, 1]).any() else root[:, :1]
    known = np.asarray(np.isfinite(level).all(axis=1))
    if known.sum() < 3:
        return []
    # Without the outermost hundredths: one stray pelvis is no journey.
    if float(np.ptp(np.percentile(level[known], (1.0, 99.0), axis=0), axis=0).max()) < 1.0:
        return [(float(time_s[known][0]), float(time_s[known][-1]))]
    velocity = _velocity(level, time_s, known)
    speed = np.linalg.norm(velocity, axis=1)
    straight = (speed > _TRAVEL_MPS) & (np.abs(velocity[:, 0]) > np.cos(_TURN_RAD) * speed)
    return _spells(np.asarray(straight[_nearest_known(known)]), time_s)


def depth_gain(points: WorldPoints, imu_pitch: Mapping[str, tuple[Floats, Floats]]) -> float:
    """Return the factor by which forward extents from this camera must grow; 1 when unknown.

    Monocular lifting shrinks motion along the ray. For each segment that a wearable measures too, the
    forward distance of its joints is regressed on length times sin(pitch) of the wearable (means removed:
    both have an arbitrary zero); the gain is the inverse of the pooled slope, kept in [0.7, 1.6].

    Parameters
    ----------
    imu_pitch
        Segment -> (reference times, pitch, rad).
    """
    product, power, count = 0.0, 0.0, 0
    for segment, (time_s, pitch) in imu_pitch.items():
        ends = _ends(segment)
        if ends is None:
            continue
        vector = points.point(ends[0]) - points.point(ends[1])
        length_m = float(np.median(_finite(np.linalg.norm(vector[:, _axes_seen(vector)], axis=1)) or [0.0]))
        expected = length_m * np.sin(_at(points.time_s, time_s, pitch))
        both = np.isfinite(vector[:, 0]) & np.isfinite(expected)
        if both.sum() < _MIN_FRAMES or float(np.std(expected[both])) < _MIN_SWING_RAD * length_m:
            continue
        model = expected[both] - expected[both].mean()
        product += float(model @ (vector[both, 0] - vector[both, 0].mean()))
        power += float(model @ model)
        count += 1
    if not count or product <= 0.0:
        return 1.0
    return float(np.clip(power / product, LEAST_GAIN, LARGEST_GAIN))


def _ends(segment: str) -> tuple[str, str] | None:
    side, _, part = segment.partition("_")
    joints = {"thigh": ("hip", "knee"), "shank": ("knee", "ankle")}.get(part)
    return None if joints is None else (f"{side}_{joints[0]}", f"{side}_{joints[1]}")


def _neck(points: WorldPoints) -> Floats:
    shoulders = 0.5 * (points.point("left_shoulder") + points.point("right_shoulder"))
    neck = points.point("neck")
    return np.where(np.isfinite(neck), neck, shoulders)


def _inclination(upward: Floats) -> Floats:
    return _continuous(np.arctan2(upward[:, 0], upward[:, 2]))


def _continuous(angle: Floats) -> Floats:
    known = np.isfinite(angle)
    angle[known] = np.unwrap(angle[known])
    return np.asarray(angle)


def _axes_seen(vector: Floats) -> list[int]:
    return [axis for axis in range(3) if np.isfinite(vector[:, axis]).any()]


def _finite(values: Floats) -> list[float]:
    return [float(value) for value in values if np.isfinite(value)]


def _at(wanted_s: Floats, time_s: Floats, values: Floats) -> Floats:
    known = np.isfinite(values)
    if known.sum() < 2:
        return np.full(len(wanted_s), np.nan)
    return np.interp(wanted_s, time_s[known], values[known], left=np.nan, right=np.nan)


def _velocity(level: Floats, time_s: Floats, known: Flags) -> Floats:
    bridged = np.stack([np.interp(time_s, time_s[known], column[known]) for column in level.T], axis=1)
    step_s = float(np.median(np.diff(time_s)))
    width = max(3, round(_SMOOTH_S / step_s))
    smooth = uniform_filter1d(bridged, width, axis=0, mode="nearest")
    return np.asarray(np.gradient(smooth, time_s, axis=0))


def _nearest_known(known: Flags) -> NDArray[np.intp]:
    """Return for each frame the index of the nearest known one, shape (n,)."""
    places = np.flatnonzero(known)
    frames = np.arange(len(known))
    after = np.clip(np.searchsorted(places, frames), 0, len(places) - 1)
    before = np.maximum(after - 1, 0)
    closer = frames - places[before] < places[after] - frames
    return np.asarray(np.where(closer, places[before], places[after]))


def _spells(flag: Flags, time_s: Floats) -> list[tuple[float, float]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flag.astype(np.int8), [0]])))
    spells = [(float(time_s[a]), float(time_s[b - 1])) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    return [(start, end) for start, end in spells if end - start >= _MIN_WINDOW_S]
