"""MATLAB ``.mat`` (level 5): one struct ``tandem`` with motion, angles, events, strides and parameters."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import savemat

from fusion.export._folder import export_folder, provenance_name
from fusion.types import Analysis, Stride
from fusion.version import __version__

FILE = "walk.mat"
_HEADER_BYTES = 116
"""The free text of the file's header, where scipy writes the date; ours says what wrote it, so that equal analyses
give equal files."""


class Matlab:
    """The exporter of this file."""

    def write(self, analysis: Analysis, folder: Path) -> tuple[Path, ...]:
        """Write ``walk.mat``; see ``fusion.export.base``."""
        with export_folder(analysis, folder, "matlab") as stage:
            file = stage / FILE
            savemat(file, {"tandem": _content(analysis)}, long_field_names=True, oned_as="column")
            text = f"MATLAB 5.0 MAT-file, written by tandem-gait {__version__}".ljust(_HEADER_BYTES)
            with file.open("r+b") as stream:
                stream.write(text.encode("ascii"))
        return folder / FILE, folder / provenance_name("matlab")


PLUGIN = Matlab


def _content(analysis: Analysis) -> dict[str, Any]:
    motion, angles, events = analysis.motion, analysis.joint_angles, analysis.events
    items = analysis.parameters.items
    return {
        "version": __version__,
        "recording": analysis.recording.identifier,
        "subject": analysis.recording.subject.identifier,
        "time_s": motion.time_s,
        "points_m": {name: motion.point(name) for name in motion.point_names},
        "angles_deg": {name.removesuffix("_deg"): angles.angle(name) for name in angles.names},
        "angles_sd_deg": {name.removesuffix("_deg"): angles.sd(name) for name in angles.names},
        "cycles_deg": {name.removesuffix("_deg"): cycles for name, cycles in angles.cycles_deg.items()},
        "events": {
            "time_s": events.time_s,
            "sd_s": events.sd_s,
            **{word: _cells(getattr(events, word)) for word in ("side", "kind", "source")},
        },
        "strides": {spec.name: _column([getattr(s, spec.name) for s in analysis.strides]) for spec in fields(Stride)},
        "parameters": {
            "name": _cells([item.name for item in items]),
            "side": _cells([item.side for item in items]),
            **{
                name: _column([getattr(item.estimate, name) for item in items])
                for name in ("value", "low", "high", "unit", "n", "grade", "reason")
            },
        },
    }


def _column(values: list[Any]) -> np.ndarray[Any, Any]:
    return _cells(values) if values and isinstance(values[0], str) else np.asarray(values, dtype=np.float64)


def _cells(words: Any) -> np.ndarray[Any, Any]:  # noqa: ANN401 - any sequence of words
    """Return words as a cell array."""
    cells = np.empty(len(words), dtype=object)
    cells[:] = [str(word) for word in words]
    return cells
