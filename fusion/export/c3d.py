"""C3D: points, joint angles, gait events and parameters in the file of motion laboratories (c3d.org).

- Points in mm, z up, x forward; a point that is missing has residual -1.
- Angles as points of the Plug-in Gait names (``LHipAngles``: x flexion, y and z where assessable, else NaN), listed
  in ``POINT:ANGLES``, deg.
- Contacts in ``EVENT``: context Left or Right, label Foot Strike or Foot Off, times as minutes and seconds from the
  first frame, so that other programs find them.
- Spatio-temporal parameters in ``ANALYSIS``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from fusion.export._folder import export_folder, provenance_name, rate_hz, require
from fusion.types import SIDES, Analysis, Floats

FILE = "walk.c3d"
_LABELS = {"ic": "Foot Strike", "fc": "Foot Off"}
_ICONS = {"ic": 1.0, "fc": 2.0}
_ANGLES = {
    "HipAngles": ("hip_flexion", "hip_adduction", "hip_rotation"),
    "KneeAngles": ("knee_flexion", "knee_adduction", "knee_rotation"),
    "AnkleAngles": ("ankle_dorsiflexion", "", ""),
    "PelvisAngles": ("pelvis_tilt", "pelvis_obliquity", "pelvis_rotation"),
}


class C3d:
    """The exporter of this file."""

    def write(self, analysis: Analysis, folder: Path) -> tuple[Path, ...]:
        """Write ``walk.c3d``; see ``fusion.export.base``."""
        ezc3d = require("ezc3d")
        with export_folder(analysis, folder, "c3d") as stage:
            _fill(ezc3d.c3d(), analysis).write(str(stage / FILE))
        return folder / FILE, folder / provenance_name("c3d")


PLUGIN = C3d


def _fill(content: Any, analysis: Analysis) -> Any:  # noqa: ANN401 - a class of ezc3d
    motion = analysis.motion
    labels, tracks, angle_labels = _points(analysis)
    points = np.full((4, len(labels), len(motion.time_s)), np.nan)
    points[:3] = np.moveaxis(tracks, (0, 1, 2), (2, 1, 0))
    points[3] = 1.0
    rate = rate_hz(motion.time_s)
    parameters = content["parameters"]
    parameters["POINT"]["RATE"]["value"] = [rate]
    parameters["POINT"]["LABELS"]["value"] = labels
    parameters["POINT"]["UNITS"]["value"] = ["mm"]
    content["data"]["points"] = points
    content["data"]["meta_points"] = {
        "residuals": np.where(np.isfinite(points[0]), 0.0, -1.0)[None],
        "camera_masks": np.zeros((7, len(labels), len(motion.time_s)), dtype=bool),
    }
    content.add_parameter("POINT", "ANGLES", angle_labels)
    content.add_parameter("POINT", "ANGLE_UNITS", ["deg"])
    content.add_parameter("SUBJECTS", "USED", [1])
    content.add_parameter("SUBJECTS", "NAMES", [analysis.recording.subject.identifier])
    _events(content, analysis)
    _parameters(content, analysis)
    return content


def _points(analysis: Analysis) -> tuple[list[str], Floats, list[str]]:
    """Return labels, tracks in mm or deg, shape (n, k, 3), and which labels are angles."""
    motion = analysis.motion
    labels = [f"{'' if '_' not in name else name[0].upper()}{_title(name)}" for name in motion.point_names]
    tracks = [1e3 * motion.point_position_m[:, place] for place in range(len(labels))]
    angle_labels = []
    for side in SIDES:
        for label, stems in _ANGLES.items():
            columns = [_angle(analysis, stem, side) for stem in stems]
            if np.isfinite(columns[0]).any():
                angle_labels.append(f"{side[0].upper()}{label}")
                tracks.append(np.stack(columns, axis=1))
    return labels + angle_labels, np.stack(tracks, axis=1), angle_labels


def _title(name: str) -> str:
    return name.split("_", 1)[-1].capitalize()


def _angle(analysis: Analysis, stem: str, side: str) -> Floats:
    angles = analysis.joint_angles
    for name in (f"{stem}_{side}_deg", f"{stem}_deg"):
        if name in angles.names:
            return angles.angle(name)
    return np.full(len(analysis.motion.time_s), np.nan)


def _events(content: Any, analysis: Analysis) -> None:  # noqa: ANN401 - a class of ezc3d
    events = analysis.events
    start = float(analysis.motion.time_s[0])
    seconds = events.time_s - start
    keep = np.flatnonzero(seconds >= 0.0)
    count = len(keep)
    content.add_parameter("EVENT", "USED", [count])
    if not count:
        return
    minutes = np.floor(seconds[keep] / 60.0)
    content.add_parameter("EVENT", "CONTEXTS", [str(events.side[k]).capitalize() for k in keep])
    content.add_parameter("EVENT", "LABELS", [_LABELS[str(events.kind[k])] for k in keep])
    content.add_parameter("EVENT", "DESCRIPTIONS", [f"{events.source[k]}, sd {events.sd_s[k]:.3f} s" for k in keep])
    content.add_parameter("EVENT", "TIMES", np.stack([minutes, seconds[keep] - 60.0 * minutes]))
    content.add_parameter("EVENT", "ICON_IDS", [_ICONS[str(events.kind[k])] for k in keep])
    content.add_parameter("EVENT", "SUBJECTS", [analysis.recording.subject.identifier] * count)
    content.add_parameter("EVENT", "GENERIC_FLAGS", [0] * count)


def _parameters(content: Any, analysis: Analysis) -> None:  # noqa: ANN401 - a class of ezc3d
    items = [item for item in analysis.parameters.items if item.estimate.is_assessable]
    content.add_parameter("ANALYSIS", "USED", [len(items)])
    if not items:
        return
    contexts = {"left": "Left", "right": "Right", "both": "General"}
    content.add_parameter("ANALYSIS", "NAMES", [item.name for item in items])
    content.add_parameter("ANALYSIS", "CONTEXTS", [contexts[item.side] for item in items])
    content.add_parameter("ANALYSIS", "UNITS", [item.estimate.unit for item in items])
    content.add_parameter("ANALYSIS", "VALUES", [float(item.estimate.value) for item in items])
    content.add_parameter(
        "ANALYSIS",
        "DESCRIPTIONS",
        [f"95 % {item.estimate.low:.4g} to {item.estimate.high:.4g}, n {item.estimate.n}" for item in items],
    )
    content.add_parameter("ANALYSIS", "SUBJECTS", [analysis.recording.subject.identifier] * len(items))
