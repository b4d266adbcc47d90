"""``analysis.json``: the whole analysis except the curves over time, which are in ``motion.parquet``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from fusion.types import Analysis, Floats, GaitEvents, JointAngles, Recording
from fusion.version import __version__

SCHEMA = "tandem-gait analysis"
SCHEMA_VERSION = 1

Json = dict[str, Any]


def summary(analysis: Analysis) -> Json:
    """Return the content of ``analysis.json``; NaN is null."""
    return {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "written_by": f"tandem-gait {__version__}",
        "recording": _recording(analysis.recording),
        "use": list(analysis.use),
        "quality": plain(analysis.quality),
        "findings": plain(analysis.findings),
        "screening": plain(analysis.screening),
        "parameters": [
            {"name": item.name, "side": item.side, **plain(item.estimate)} for item in analysis.parameters.items
        ],
        "events": _events(analysis.events),
        "strides": [{**plain(stride), "duration_s": plain(stride.duration_s)} for stride in analysis.strides],
        "joint_angles": _angles(analysis.joint_angles),
        "sync": plain(analysis.sync),
        "placements": plain(analysis.placements),
        "motion": {
            "samples": len(analysis.motion.time_s),
            "points": list(analysis.motion.point_names),
            "time_offset_s": plain(analysis.motion.time_offset_s),
            "time_offset_sd_s": plain(analysis.motion.time_offset_sd_s),
            "diagnostics": plain(analysis.motion.diagnostics),
        },
    }


def plain(value: object) -> Any:  # noqa: ANN401 - JSON is any of six types
    """Return JSON data of data classes, mappings, sequences, arrays and numbers; NaN and infinity are null."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if is_dataclass(value) and not isinstance(value, type):
        return {spec.name: plain(getattr(value, spec.name)) for spec in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (Sequence, set, frozenset)) and not isinstance(value, (bytes, bytearray)):
        return [plain(item) for item in value]
    return str(value)


def _recording(recording: Recording) -> Json:
    """Return what was recorded, without the samples."""
    skipped = ("imus", "keypoints", "cameras")
    about = {
        spec.name: plain(getattr(recording, spec.name)) for spec in fields(recording) if spec.name not in skipped
    }
    imus = [
        {"segment": imu.segment, "samples": len(imu.time_s), "rate_hz": plain(imu.rate_hz)} for imu in recording.imus
    ]
    keypoints = [
        {"camera": points.camera, "frames": len(points.time_s), "points": list(points.names)}
        for points in recording.keypoints
    ]
    return {**about, "imus": imus, "keypoints": keypoints}


def _events(events: GaitEvents) -> list[Json]:
    return [
        {"time_s": plain(time), "side": side, "event": kind, "sd_s": plain(sd), "source": source}
        for time, side, kind, sd, source in zip(
            events.time_s.tolist(),
            events.side.tolist(),
            events.kind.tolist(),
            events.sd_s.tolist(),
            events.source.tolist(),
            strict=True,
        )
    ]


def _angles(angles: JointAngles) -> list[Json]:
    """Return one entry an angle: mean and standard deviation over the strides at 0 ... 100 % of the cycle."""
    entries = []
    for name in angles.names:
        cycles = angles.cycles_deg.get(name, np.empty((0, 101)))
        whole = cycles[np.isfinite(cycles).all(axis=1)] if len(cycles) else cycles
        entries.append(
            {
                "name": name,
                "strides": len(whole),
                "cycle_mean_deg": plain(whole.mean(axis=0)) if len(whole) else None,
                "cycle_sd_deg": plain(_spread(whole)),
                "reason": angles.reasons.get(name, ""),
            }
        )
    return entries


def _spread(cycles: Floats) -> Floats | None:
    return np.asarray(cycles.std(axis=0, ddof=1)) if len(cycles) > 1 else None
