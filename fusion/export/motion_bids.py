"""Motion-BIDS (BIDS 1.9+, Jeung et al. 2024, *Sci Data* 11:716): one subject's walk as a BIDS data set.

``sub-<id>/motion/sub-<id>_task-<walk>_tracksys-tandem_motion.tsv`` has no header: its columns are the rows of
``channels.tsv``, as the standard asks. Missing is ``n/a``. Contacts are ``events.tsv`` with onset from the first
sample. Axes: x anterior, y left, z superior (``ALS``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fusion.export._folder import export_folder, provenance_name, rate_hz
from fusion.types import SEGMENTS, Analysis, Floats
from fusion.version import __version__

BIDS_VERSION = "1.10.0"
SYSTEM = "tandem"
_UNSAFE = re.compile(r"[^0-9A-Za-z]")


@dataclass(frozen=True, slots=True)
class Channel:
    """One row of ``channels.tsv`` and one column of ``motion.tsv``."""

    name: str
    component: str
    type: str
    tracked_point: str
    units: str
    values: Floats


class MotionBids:
    """The exporter of this file."""

    def write(self, analysis: Analysis, folder: Path) -> tuple[Path, ...]:
        """Write the data set; see ``fusion.export.base``."""
        channels = motion_channels(analysis)
        subject, task = _label(analysis.recording.subject.identifier), _label(analysis.recording.protocol or "walk")
        stem = f"sub-{subject}_task-{task}"
        tracked = f"{stem}_tracksys-{SYSTEM}"
        texts = {
            "dataset_description.json": _json(_description(analysis)),
            "README": _README,
            "participants.tsv": _participants(analysis, subject),
            "participants.json": _json(_PARTICIPANT_COLUMNS),
            f"sub-{subject}/motion/{tracked}_motion.tsv": _motion(channels),
            f"sub-{subject}/motion/{tracked}_motion.json": _json(_sidecar(analysis, channels, task)),
            f"sub-{subject}/motion/{tracked}_channels.tsv": _channels(channels, rate_hz(analysis.motion.time_s)),
            f"sub-{subject}/motion/{tracked}_channels.json": _json(_CHANNEL_COLUMNS),
            f"sub-{subject}/motion/{stem}_events.tsv": _events(analysis),
            f"sub-{subject}/motion/{stem}_events.json": _json(_EVENT_COLUMNS),
        }
        with export_folder(analysis, folder, "motion_bids") as stage:
            for name, text in texts.items():
                (stage / name).parent.mkdir(parents=True, exist_ok=True)
                (stage / name).write_text(text, encoding="utf-8")
            (stage / ".bidsignore").write_text(f"{provenance_name('motion_bids')}\n", encoding="utf-8")
        return tuple(folder / name for name in (*texts, ".bidsignore", provenance_name("motion_bids")))


PLUGIN = MotionBids

_README = """Motion of a walk, written by Tandem Gait.

Positions and orientations are in a world frame with x forward (walking direction at the start), y left, z up. Joint
angles are in degrees, flexion and dorsiflexion positive on both sides. Contacts of the feet are in events.tsv; each
carries the standard deviation of its time. Research software, not a medical device.
"""

_CHANNEL_COLUMNS: dict[str, Any] = {
    "reference_frame": {
        "LongName": "reference frame",
        "Description": "world: x anterior (walking direction at the start), y left, z superior",
        "Levels": {
            "world": {"SpatialAxes": "ALS", "RotationRule": "right-hand", "RotationOrder": "n/a"},
        },
    }
}

_EVENT_COLUMNS: dict[str, Any] = {
    "trial_type": {
        "Description": "contact of a foot with the ground",
        "Levels": {
            "initial_contact_left": "left foot lands",
            "initial_contact_right": "right foot lands",
            "final_contact_left": "left foot leaves the ground",
            "final_contact_right": "right foot leaves the ground",
        },
    },
    "time_sd": {"Description": "standard deviation of the onset", "Units": "s"},
    "source": {"Description": "what the event rests on: imu, camera, imu+camera, model or person"},
}

_PARTICIPANT_COLUMNS: dict[str, Any] = {
    "age": {"Description": "age", "Units": "year"},
    "sex": {"Description": "sex", "Levels": {"M": "male", "F": "female", "n/a": "not given"}},
    "height": {"Description": "body height", "Units": "m"},
    "group": {"Description": "the laboratory's own group word"},
}


def motion_channels(analysis: Analysis) -> tuple[Channel, ...]:
    """Return positions, orientations of measured segments and joint angles as channels."""
    motion, angles = analysis.motion, analysis.joint_angles
    channels = [
        Channel(f"{name}_{axis}", axis, "POS", name, "m", motion.point_position_m[:, k, place])
        for k, name in enumerate(motion.point_names)
        for place, axis in enumerate("xyz")
    ]
    for k, name in enumerate(SEGMENTS):
        if motion.measured[:, k].any():
            channels += [
                Channel(
                    f"{name}_quat_{part}", f"quat_{part}", "ORNT", name, "n/a", motion.world_from_segment[:, k, p]
                )
                for p, part in enumerate("wxyz")
            ]
    for name in angles.names:
        if np.isfinite(angles.angle(name)).any():
            channels.append(Channel(name.removesuffix("_deg"), "n/a", "JNTANG", "n/a", "deg", angles.angle(name)))
    return tuple(channels)


def _motion(channels: Sequence[Channel]) -> str:
    table = np.stack([channel.values for channel in channels], axis=1)
    return "".join("\t".join(_number(value) for value in row) + "\n" for row in table)


def _channels(channels: Sequence[Channel], rate: float) -> str:
    head = ("name", "component", "type", "tracked_point", "units", "reference_frame", "sampling_frequency")
    rows = (
        (
            each.name,
            each.component,
            each.type,
            each.tracked_point,
            each.units,
            "n/a" if each.type == "JNTANG" else "world",
            f"{rate:.6f}",
        )
        for each in channels
    )
    return _tsv(head, rows)


def _events(analysis: Analysis) -> str:
    events, start = analysis.events, float(analysis.motion.time_s[0])
    words = {"ic": "initial_contact", "fc": "final_contact"}
    rows = (
        (_number(time - start), "0", f"{words[str(kind)]}_{side}", _number(sd), str(source))
        for time, side, kind, sd, source in zip(
            events.time_s, events.side, events.kind, events.sd_s, events.source, strict=True
        )
    )
    return _tsv(("onset", "duration", "trial_type", "time_sd", "source"), rows)


def _sidecar(analysis: Analysis, channels: Sequence[Channel], task: str) -> dict[str, Any]:
    rate = rate_hz(analysis.motion.time_s)
    missing = float(np.mean([np.isnan(channel.values).mean() for channel in channels])) if channels else 0.0
    return {
        "TaskName": task,
        "TaskDescription": "walking",
        "SamplingFrequency": rate,
        "SamplingFrequencyEffective": rate,
        "TrackingSystemName": SYSTEM,
        "Manufacturer": "Tandem Gait",
        "SoftwareVersions": __version__,
        "RecordingType": "continuous",
        "RecordingDuration": len(analysis.motion.time_s) / rate,
        "TrackedPointsCount": len({channel.tracked_point for channel in channels} - {"n/a"}),
        "MotionChannelCount": len(channels),
        **{f"{kind}ChannelCount": sum(c.type == kind for c in channels) for kind in ("POS", "ORNT", "JNTANG")},
        "MissingValues": "n/a",
        "SubjectArtefactDescription": f"{100.0 * missing:.1f} % of the values are missing",
    }


def _description(analysis: Analysis) -> dict[str, Any]:
    return {
        "Name": f"Walk of {analysis.recording.subject.identifier}",
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "raw",
        "GeneratedBy": [{"Name": "Tandem Gait", "Version": __version__}],
    }


def _participants(analysis: Analysis, subject: str) -> str:
    person = analysis.recording.subject
    sex = {"male": "M", "female": "F"}.get(person.sex, "n/a")
    row = (f"sub-{subject}", _number(person.age_years), sex, _number(person.height_m), person.group or "n/a")
    return _tsv(("participant_id", "age", "sex", "height", "group"), [row])


def _tsv(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    clean = ("\t".join(cell.replace("\t", " ").replace("\n", " ") for cell in row) for row in rows)
    return "\n".join(["\t".join(head), *clean]) + "\n"


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=1) + "\n"


def _label(text: str) -> str:
    """Return a BIDS label: letters and digits only."""
    return _UNSAFE.sub("", text) or "unnamed"


def _number(value: float) -> str:
    return f"{value:.6g}" if np.isfinite(value) else "n/a"
