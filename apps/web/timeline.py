"""The numbers that the timeline and its stick figure draw, packed small: whole hundredths and millimetres.

Layout: length of a JSON header (uint32, little endian), the header, then the arrays it names with their length and
scale, each int16, little endian, where -32768 is "missing"; an array of scale 0 is float32.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import numpy as np

from fusion.report.curves import angle_name, hidden_spans, keypoint_ankle_deg, keypoint_knee_deg, knee_track
from fusion.types import SIDES, Analysis, Floats

STEP_S = 0.02
JOINTS = ("hip_flexion", "knee_flexion", "ankle_dorsiflexion")
MISSING = -32768
AS_FLOAT = 0.0
"""Scale of an array that is packed as float32."""
_POINTS = (
    "pelvis",
    "neck",
    "head",
    *(f"{side}_{part}" for side in SIDES for part in ("hip", "knee", "ankle", "heel", "toe")),
)


def timeline_bytes(analysis: Analysis) -> bytes:
    """Return the packed timeline of an analysis; the same analysis is packed once."""
    return _packed(_Key(analysis))


class _Key:
    """An analysis as a key of the cache: itself, not its numbers."""

    def __init__(self, analysis: Analysis) -> None:
        self.analysis = analysis

    def __hash__(self) -> int:
        return id(self.analysis)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.analysis is self.analysis


@lru_cache(maxsize=8)
def _packed(key: _Key) -> bytes:
    analysis = key.analysis
    time_s = analysis.joint_angles.time_s
    first, last = (float(time_s[0]), float(time_s[-1])) if len(time_s) else (0.0, 0.0)
    grid = np.arange(first, last, STEP_S)
    arrays: dict[str, Floats] = {}
    scales: dict[str, float] = {}

    def add(name: str, values: Floats, scale: float) -> None:
        arrays[name], scales[name] = values, scale

    for joint in JOINTS:
        for side in SIDES:
            name = angle_name(joint, side)
            if name in analysis.joint_angles.names and name not in analysis.joint_angles.reasons:
                add(f"{joint}_{side}", _on_grid(grid, time_s, analysis.joint_angles.angle(name)), 0.01)
                add(f"{joint}_{side}_sd", _on_grid(grid, time_s, analysis.joint_angles.sd(name)), 0.01)
    _add_camera(analysis, add)
    _add_figure(analysis, grid, add)
    header: dict[str, Any] = {
        "start_s": first,
        "step_s": STEP_S,
        "count": len(grid),
        "hidden": {side: hidden_spans(analysis, side) for side in SIDES},
        "contacts": {side: _contacts(analysis, side) for side in SIDES},
        "strides": {
            side: [[one.start_s, one.end_s] for one in analysis.strides if one.side == side] for side in SIDES
        },
        "worn": [imu.segment for imu in analysis.recording.imus],
        "arrays": [[name, len(values), scales[name]] for name, values in arrays.items()],
    }
    head = json.dumps(header, separators=(",", ":"), allow_nan=False).encode()
    head += b" " * (-(len(head) + 4) % 4)
    packed = [
        _int16(values, scales[name]) if scales[name] else values.astype("<f4").tobytes()
        for name, values in arrays.items()
    ]
    return len(head).to_bytes(4, "little") + head + b"".join(packed)


def _add_camera(analysis: Analysis, add: Any) -> None:  # noqa: ANN401 - the local function above
    for side in SIDES:
        track = knee_track(analysis, side)
        if track is None or not len(track.camera_time_s):
            continue
        add(f"camera_time_{side}", track.camera_time_s - track.time_s[0], AS_FLOAT)
        add(f"camera_knee_flexion_{side}", track.camera_deg, 0.01)
        view = next(
            (one for one in analysis.points if np.isfinite(keypoint_knee_deg(one, side)).any()), analysis.points[0]
        )
        if len(view.time_s) == len(track.camera_time_s):
            add(f"camera_ankle_dorsiflexion_{side}", keypoint_ankle_deg(analysis, view, side), 0.01)


def _add_figure(analysis: Analysis, grid: Floats, add: Any) -> None:  # noqa: ANN401 - the local function above
    motion = analysis.motion
    if not len(grid) or not np.isfinite(motion.point_position_m).any():
        return
    places = {name: motion.point(name) for name in _POINTS if name in motion.point_names}
    root = places.get("pelvis", motion.root_position_m)
    origin = np.where(np.isfinite(root[:, 0]), root[:, 0], 0.0)
    for name, place in places.items():
        add(f"x_{name}", _on_grid(grid, motion.time_s, place[:, 0] - origin), 0.001)
        add(f"z_{name}", _on_grid(grid, motion.time_s, place[:, 2]), 0.001)


def _contacts(analysis: Analysis, side: str) -> list[list[float]]:
    finals = analysis.events.select(side, "fc")
    spans = []
    for start in analysis.events.select(side, "ic"):
        later = finals[finals > start]
        if later.size and later[0] - start < 3.0:
            spans.append([round(float(start), 3), round(float(later[0]), 3)])
    return spans


def _on_grid(grid: Floats, time_s: Floats, values: Floats) -> Floats:
    """Return values at the grid's times; missing where the nearest samples are missing."""
    known = np.isfinite(values)
    if known.sum() < 2:
        return np.full(len(grid), np.nan)
    filled = np.interp(grid, time_s[known], values[known])
    share = np.interp(grid, time_s, known.astype(np.float64))
    return np.where(share > 0.5, filled, np.nan)


def _int16(values: Floats, scale: float) -> bytes:
    whole = np.round(values / scale)
    whole = np.where(np.isfinite(whole) & (np.abs(whole) < 32767), whole, MISSING)
    return whole.astype("<i2").tobytes()
