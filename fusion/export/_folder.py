"""What exporters share: a folder that is theirs, optional libraries, where the numbers come from."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from fusion.errors import SignalError, UsageError
from fusion.export._summary import plain
from fusion.recording.storage import staged_folder
from fusion.types import Analysis, Floats
from fusion.version import __version__

_EVENNESS = 0.02
"""Largest deviation of a sample interval from the usual one, of it; formats with a rate cannot say more."""


class MissingLibrary(UsageError):  # noqa: N818 - named after what is missing
    """A library that a format needs is not installed."""


def require(module: str) -> Any:  # noqa: ANN401 - a module
    """Return a library of the ``export`` extra.

    Raises
    ------
    MissingLibrary
        It is not installed; the message says how to install it.
    """
    try:
        return import_module(module)
    except ImportError as cause:
        raise MissingLibrary(
            f"this format needs the library {module!r}, which is not installed. "
            'Install it: pip install "tandem-gait[export]".'
        ) from cause


@contextmanager
def export_folder(analysis: Analysis, folder: Path, name: str, owned: Sequence[str] = ()) -> Iterator[Path]:
    """Give a stage for the files of one format; they appear in ``folder`` with their provenance, all or none.

    Parameters
    ----------
    folder
        New, empty, or with results of this project; ``provenance_<format>.json`` or ``analysis.json`` show that.
    name
        Of the format.
    owned
        Files of an earlier export that must not outlive it.

    Raises
    ------
    UsageError
        The folder is a file or holds something else.
    """
    folder = Path(folder)
    _check(folder)
    with staged_folder(folder, owned=owned) as stage:
        yield stage
        files = sorted(file for file in stage.rglob("*") if file.is_file())
        text = json.dumps(_provenance(analysis, stage, files), indent=1, allow_nan=False)
        (stage / provenance_name(name)).write_text(text + "\n", encoding="utf-8")


def provenance_name(name: str) -> str:
    """Return the name of the file that says where an export comes from."""
    return f"provenance_{name}.json"


def rate_hz(time_s: Floats) -> float:
    """Return the sampling rate of even times, Hz.

    Raises
    ------
    SignalError
        They are not even, or fewer than two; a format with a rate would place the samples wrongly.
    """
    if len(time_s) < 2:
        raise SignalError(f"a motion file needs at least two samples; got {len(time_s)}. Record a longer walk.")
    steps = np.diff(time_s)
    usual = float(np.median(steps))
    if float(np.abs(steps - usual).max()) > _EVENNESS * usual:
        raise SignalError("the motion's times are uneven; this format needs an even rate. Export 'tables' instead.")
    return 1.0 / usual


def sha256(file: Path) -> str:
    """Return the fingerprint of a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _check(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"'{folder}' is a file; an export is a folder. Choose another name.")
    if not folder.is_dir():
        return
    found = sorted(item.name for item in folder.iterdir())
    ours = any(name == "analysis.json" or name.startswith("provenance_") for name in found)
    if found and not ours:
        raise UsageError(
            f"'{folder}' must be empty or hold earlier results; it holds {found[0]!r}. Choose another folder."
        )


def _provenance(analysis: Analysis, stage: Path, files: Sequence[Path]) -> dict[str, Any]:
    subject = plain(analysis.recording.subject)
    recording = analysis.recording
    settings = [list(analysis.use), subject, recording.surface, plain(recording.belt_speed_mps), __version__]
    return {
        "schema": "tandem-gait provenance",
        "schema_version": 1,
        "written_by": f"tandem-gait {__version__}",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "configuration_sha256": hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest(),
        **plain(dict(analysis.provenance)),
        "files_sha256": {file.relative_to(stage).as_posix(): sha256(file) for file in files},
    }
