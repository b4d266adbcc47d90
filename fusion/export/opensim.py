"""OpenSim: markers (TRC), coordinates (MOT) and segment orientations (STO for OpenSense).

OpenSim's ground has x forward, y up, z to the right. Coordinates carry the names of its full-body models
(``knee_angle_r`` flexion positive as in Rajagopal et al. 2016; the older gait2392 counts it negative); a coordinate
that is not assessable is left out, never zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from fusion.export._folder import export_folder, provenance_name, rate_hz
from fusion.frames import matrix_from_quaternion, quaternion_from_matrix
from fusion.types import SEGMENTS, Analysis, Floats

OPENSIM_FROM_WORLD = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])

MARKERS, COORDINATES, ORIENTATIONS = "markers.trc", "coordinates.mot", "orientations.sto"
_COORDINATES = {
    "pelvis_tilt": ("pelvis_tilt_deg", -1.0),  # OpenSim tilts backwards positive
    "hip_flexion_r": ("hip_flexion_right_deg", 1.0),
    "knee_angle_r": ("knee_flexion_right_deg", 1.0),
    "ankle_angle_r": ("ankle_dorsiflexion_right_deg", 1.0),
    "hip_flexion_l": ("hip_flexion_left_deg", 1.0),
    "knee_angle_l": ("knee_flexion_left_deg", 1.0),
    "ankle_angle_l": ("ankle_dorsiflexion_left_deg", 1.0),
}
_BODIES = {
    "pelvis": "pelvis",
    "trunk": "torso",
    "left_thigh": "femur_l",
    "right_thigh": "femur_r",
    "left_shank": "tibia_l",
    "right_shank": "tibia_r",
    "left_foot": "calcn_l",
    "right_foot": "calcn_r",
}


class OpenSim:
    """The exporter of this file."""

    def write(self, analysis: Analysis, folder: Path) -> tuple[Path, ...]:
        """Write markers, coordinates and orientations; see ``fusion.export.base``."""
        with export_folder(analysis, folder, "opensim") as stage:
            (stage / MARKERS).write_text(_trc(analysis), encoding="ascii", errors="replace")
            (stage / COORDINATES).write_text(_mot(analysis), encoding="ascii")
            (stage / ORIENTATIONS).write_text(_sto(analysis), encoding="ascii")
        return tuple(folder / name for name in (MARKERS, COORDINATES, ORIENTATIONS, provenance_name("opensim")))


PLUGIN = OpenSim


def _trc(analysis: Analysis) -> str:
    motion = analysis.motion
    rate, frames = rate_hz(motion.time_s), len(motion.time_s)
    names = list(motion.point_names)
    position_mm = 1e3 * motion.point_position_m @ OPENSIM_FROM_WORLD.T
    rate_text = f"{rate:.6f}"
    head = [
        f"PathFileType\t4\t(X/Y/Z)\t{MARKERS}",
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames",
        "\t".join([rate_text, rate_text, str(frames), str(len(names)), "mm", rate_text, "1", str(frames)]),
        "\t".join(["Frame#", "Time", *(cell for name in names for cell in (name, "", ""))]),
        "\t".join(["", "", *(f"{axis}{k + 1}" for k in range(len(names)) for axis in "XYZ")]),
        "",
    ]
    rows = (
        "\t".join([str(k + 1), f"{time:.6f}", *(_number(value) for value in position_mm[k].ravel())])
        for k, time in enumerate(motion.time_s)
    )
    return "\n".join([*head, *rows]) + "\n"


def _mot(analysis: Analysis) -> str:
    motion, angles = analysis.motion, analysis.joint_angles
    columns: dict[str, Floats] = {}
    for coordinate, (name, sign) in _COORDINATES.items():
        if name in angles.names and np.isfinite(angles.angle(name)).all():
            columns[coordinate] = sign * angles.angle(name)
    root = motion.root_position_m @ OPENSIM_FROM_WORLD.T
    if np.isfinite(root).all():
        columns |= {f"pelvis_t{axis}": root[:, place] for place, axis in enumerate("xyz")}
    head = ["Coordinates", "version=1", f"nRows={len(motion.time_s)}", f"nColumns={len(columns) + 1}"]
    head += ["inDegrees=yes", "endheader"]
    return _table(
        head, ["time", *columns], motion.time_s, np.stack(list(columns.values()), axis=1) if columns else None
    )


def _table(head: Sequence[str], names: Sequence[str], time_s: Floats, values: Floats | None) -> str:
    rows: Iterable[str] = (
        "\t".join([f"{time:.6f}", *(f"{value:.8f}" for value in (values[k] if values is not None else ()))])
        for k, time in enumerate(time_s)
    )
    return "\n".join([*head, "\t".join(names), *rows]) + "\n"


def _sto(analysis: Analysis) -> str:
    motion = analysis.motion
    measured = [name for k, name in enumerate(SEGMENTS) if motion.measured[:, k].any()]
    head = [f"DataRate={rate_hz(motion.time_s):.6f}", "DataType=Quaternion", "version=3", "OpenSimVersion=4.1"]
    columns = []
    for name in measured:
        rotation = matrix_from_quaternion(motion.world_from_segment[:, SEGMENTS.index(name)])
        turned = OPENSIM_FROM_WORLD @ rotation @ OPENSIM_FROM_WORLD.T
        columns.append(quaternion_from_matrix(turned))
    rows = (
        "\t".join([f"{time:.6f}", *(",".join(f"{part:.8f}" for part in column[k]) for column in columns)])
        for k, time in enumerate(motion.time_s)
    )
    names = ["time", *(f"{_BODIES[name]}_imu" for name in measured)]
    return "\n".join([*head, "endheader", "\t".join(names), *rows]) + "\n"


def _number(value: float) -> str:
    return f"{value:.5f}" if np.isfinite(value) else ""
