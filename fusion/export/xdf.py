"""XDF 1.0: points, joint angles and contacts as LabStreamingLayer streams, to sit beside other recordings."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fusion.export._folder import export_folder, provenance_name, rate_hz
from fusion.recording.xdf_writer import XdfWriter
from fusion.types import Analysis

FILE = "walk.xdf"


class Xdf:
    """The exporter of this file."""

    def write(self, analysis: Analysis, folder: Path) -> tuple[Path, ...]:
        """Write ``walk.xdf``; see ``fusion.export.base``."""
        with export_folder(analysis, folder, "xdf") as stage, XdfWriter.open(stage / FILE) as writer:
            _write(writer, analysis)
        return folder / FILE, folder / provenance_name("xdf")


PLUGIN = Xdf


def _write(writer: XdfWriter, analysis: Analysis) -> None:
    motion, angles, events = analysis.motion, analysis.joint_angles, analysis.events
    rate = rate_hz(motion.time_s)
    channels = [f"{name}_{axis}_m" for name in motion.point_names for axis in "xyz"]
    points = writer.add_stream("tandem_points", "MoCap", channels, rate, units=["m"] * len(channels))
    joints = writer.add_stream("tandem_angles", "MoCap", angles.names, rate, units=["deg"] * len(angles.names))
    contacts = writer.add_stream("tandem_events", "Markers", ["event"], channel_format="string")
    writer.write_samples(points, motion.time_s, motion.point_position_m.reshape(len(motion.time_s), -1))
    writer.write_samples(joints, angles.time_s, angles.angle_deg)
    if len(events.time_s):
        words = [[f"{side} {kind}"] for side, kind in zip(events.side, events.kind, strict=True)]
        writer.write_samples(contacts, events.time_s, np.array(words, dtype=object))
