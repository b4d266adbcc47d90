"""The result tables: ``motion.parquet``, three CSV files, ``analysis.json`` and ``provenance.json``.

Their columns and keys are a contract that other people's scripts rely on; ``docs/analysis_schema.md``.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.errors import SignalError, UsageError
from fusion.export._summary import plain, summary
from fusion.recording.storage import staged_folder
from fusion.types import Analysis
from fusion.version import __version__

TABLES = ("motion.parquet", "events.csv", "strides.csv", "parameters.csv", "analysis.json", "provenance.json")

REPORT = "report.pdf"

_DERIVED = (*TABLES, REPORT)
"""What an earlier analysis left in the folder and must not be taken for a part of this one."""

_EVENT_COLUMNS = ("time_s", "side", "event", "sd_s", "source")
_STRIDE_COLUMNS = (
    "side",
    "start_s",
    "end_s",
    "duration_s",
    "fc_s",
    "other_fc_s",
    "other_ic_s",
    "length_m",
    "length_sd_m",
    "timing_sd_s",
    "is_valid",
    "reason",
)
_PARAMETER_COLUMNS = ("name", "side", "value", "low", "high", "unit", "n", "grade", "reason")

_RUNS_AS_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Tables:
    """The exporter of this file."""

    def write(self, analysis: Analysis, folder: Path) -> tuple[Path, ...]:
        """Write the result tables; see ``write_results``."""
        return write_results(analysis, folder)


PLUGIN = Tables


def write_results(
    analysis: Analysis, folder: str | Path, *, attached: Mapping[str, bytes] | None = None
) -> tuple[Path, ...]:
    """Write the result tables of an analysis into a folder, all or none, and return their paths.

    Parameters
    ----------
    analysis
        What was found.
    folder
        A folder that does not exist, is empty, or holds the results of an earlier analysis. Those are
        replaced and a report that belongs to them is removed; files of others in it stay.
    attached
        File name -> content of what is written together with the tables, such as ``report.pdf``.

    Raises
    ------
    UsageError
        The folder is a file, or holds something else, such as a recording.
    StorageError
        The disk refused; nothing has changed then.
    """
    folder = Path(folder)
    check_folder(folder)
    further = dict(attached or {})
    with staged_folder(folder, owned=_DERIVED) as stage:
        _write_motion(stage / "motion.parquet", analysis)
        _write_events(stage / "events.csv", analysis)
        _write_strides(stage / "strides.csv", analysis)
        _write_parameters(stage / "parameters.csv", analysis)
        _write_json(stage / "analysis.json", summary(analysis))
        for name, content in further.items():
            (stage / name).write_bytes(content)
        _write_json(stage / "provenance.json", _provenance(stage, analysis))
    return tuple(folder / name for name in (*TABLES, *further))


def motion_columns(analysis: Analysis) -> dict[str, NDArray[Any]]:
    """Return the columns of ``motion.parquet`` in their order, each of shape (n,).

    Raises
    ------
    SignalError
        Joint angles and motion are not on the same times.
    """
    motion, angles = analysis.motion, analysis.joint_angles
    if not np.array_equal(motion.time_s, angles.time_s):
        raise SignalError(
            f"joint angles and motion must share their times; got {len(angles.time_s)} and "
            f"{len(motion.time_s)}. Compute the angles from this motion."
        )
    columns: dict[str, NDArray[Any]] = {"time_s": motion.time_s}
    for place, name in enumerate(angles.names):
        stem = name.removesuffix("_deg")
        columns[name] = angles.angle_deg[:, place]
        columns[f"{stem}_sd_deg"] = angles.sd_deg[:, place]
        columns[f"predicted_{stem}"] = np.asarray(angles.predicted[:, place], dtype=bool)
    for place, point in enumerate(motion.point_names):
        for axis, letter in enumerate("xyz"):
            columns[f"{point}_{letter}_m"] = motion.point_position_m[:, place, axis]
    for place, point in enumerate(motion.point_names):
        columns[f"observed_{point}"] = np.asarray(motion.observed[:, place], dtype=bool)
    return columns


def check_folder(folder: Path) -> None:
    """Check that results may be written into a folder, before the work of making them.

    Raises
    ------
    UsageError
        It is a file, or holds something that is not an earlier analysis.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"'{folder}' is a file; results are a folder. Choose another name.")
    if not folder.is_dir() or (folder / "analysis.json").exists():
        return
    found = sorted(item.name for item in folder.iterdir())
    if found:
        raise UsageError(
            f"'{folder}' must be empty or hold earlier results; it holds {found[0]!r}. Choose another folder."
        )


def _write_motion(file: Path, analysis: Analysis) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = motion_columns(analysis)
    # NaN stays NaN: null and NaN mean different things to different readers.
    table = pa.table({name: pa.array(np.ascontiguousarray(values)) for name, values in columns.items()})
    table = table.replace_schema_metadata(
        {"tandem_gait": __version__, "recording": analysis.recording.identifier.encode("utf-8", "replace")}
    )
    pq.write_table(table, file)


def _write_events(file: Path, analysis: Analysis) -> None:
    events = analysis.events
    columns = (events.time_s, events.side, events.kind, events.sd_s, events.source)
    write_csv(file, _EVENT_COLUMNS, zip(*(column.tolist() for column in columns), strict=True))


def _write_strides(file: Path, analysis: Analysis) -> None:
    rows = ([getattr(stride, name) for name in _STRIDE_COLUMNS] for stride in analysis.strides)
    write_csv(file, _STRIDE_COLUMNS, rows)


def _write_parameters(file: Path, analysis: Analysis) -> None:
    rows = (
        [item.name, item.side, *(getattr(item.estimate, name) for name in _PARAMETER_COLUMNS[2:])]
        for item in analysis.parameters.items
    )
    write_csv(file, _PARAMETER_COLUMNS, rows)


def write_csv(file: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table; NaN is an empty cell."""
    with file.open("w", encoding="utf-8", errors="replace", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_cell(value) for value in row] for row in rows)


def _cell(value: object) -> object:
    """Return what goes into a cell: nothing for NaN, true and false in small letters, text that stays text."""
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (float, np.floating)):
        return "" if np.isnan(value) else repr(float(value))
    if not isinstance(value, str):
        return value
    # A spreadsheet would run such a cell as a formula; the quote mark makes it text (OWASP, CSV injection).
    safe = "'" + value if value.startswith(_RUNS_AS_FORMULA) else value
    return safe.replace("\r\n", "\n").replace("\r", "\n")


def _provenance(stage: Path, analysis: Analysis) -> dict[str, Any]:
    """Return where the results come from, with a fingerprint of each file."""
    hashes = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(stage.iterdir())}
    return {
        "schema": "tandem-gait provenance",
        "schema_version": 1,
        "written_by": f"tandem-gait {__version__}",
        **plain(dict(analysis.provenance)),
        "files_sha256": hashes,
    }


def _write_json(file: Path, data: dict[str, Any]) -> None:
    file.write_text(json.dumps(data, indent=1, allow_nan=False) + "\n", encoding="utf-8")
