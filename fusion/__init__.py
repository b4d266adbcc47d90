"""Tandem Gait: gait from cameras and wearables, fused in one Kalman filter.

>>> from fusion import load_recording, analyse  # doctest: +SKIP
>>> analysis = analyse(load_recording("walk_01"))  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from fusion.version import __version__ as __version__

if TYPE_CHECKING:
    from fusion.pipeline import analyse
    from fusion.recording.folder import load_recording, save_recording
    from fusion.types import Analysis, Recording, Subject

_WHERE = {
    "analyse": "fusion.pipeline",
    "load_recording": "fusion.recording.folder",
    "save_recording": "fusion.recording.folder",
    "Analysis": "fusion.types",
    "Recording": "fusion.types",
    "Subject": "fusion.types",
}

__all__ = ["Analysis", "Recording", "Subject", "analyse", "load_recording", "save_recording"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module attribute may be anything
    """Import a public name when it is first used, so that ``import fusion`` stays fast."""
    if name in _WHERE:
        return getattr(import_module(_WHERE[name]), name)
    raise AttributeError(f"module 'fusion' has no attribute {name!r}")
