"""Tidy CSV: the way in for data of any lab. One row per sample, units in the column names.

``imu.csv``        ``time_s, segment, accel_x_mps2, accel_y_mps2, accel_z_mps2, gyro_x_radps, ...``
                   also ``_g`` and ``_mg`` for accelerations, ``_dps`` for rates; ``arrival_s`` if known.
``keypoints.csv``  ``time_s, camera, point, u_px, v_px`` or ``x_m, y_m, z_m``; ``confidence`` if known.
``subject.json``   fields of ``Subject``; or ``subject.csv`` with a header and one row.
``cameras.json``   a list of cameras as in ``recording.json``.

Each file may be left out, but not all. An empty cell is a missing value. Separators are commas, or semicolons
with decimal commas as spreadsheets write them. Segments and points are those of ``fusion.types``.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

from fusion.errors import FormatError, UsageError
from fusion.frames import GRAVITY_MPS2
from fusion.recording.declaration import read_camera, read_subject, to_json
from fusion.recording.storage import staged_folder, storage_error
from fusion.types import Camera, Floats, Recording, Subject

IMU_FILE = "imu.csv"
KEYPOINTS_FILE = "keypoints.csv"
CAMERAS_FILE = "cameras.json"

_ACCEL_UNITS = {"mps2": 1.0, "g": GRAVITY_MPS2, "mg": 1e-3 * GRAVITY_MPS2}
_GYRO_UNITS = {"radps": 1.0, "dps": math.pi / 180.0}
_SPACES = {"image_px": ("u_px", "v_px"), "camera_m": ("x_m", "y_m", "z_m")}


def read_tidy_csv(path: str | Path) -> Recording:
    """Return the recording in a folder of tidy CSV files, or in one ``imu.csv`` or ``keypoints.csv``.

    Parameters
    ----------
    path
        A folder, or a file; a single file is told by its columns, whatever its name.

    Raises
    ------
    FormatError
        A column is missing, or a cell holds text where a number belongs; the message names file, line and
        column.
    StorageError
        It is not there or cannot be read.
    """
    path = Path(path)
    if not path.is_dir():
        table = _Table.read(path)
        is_camera = "camera" in table.columns
        return Recording.from_arrays(
            imus=None if is_camera else _streams(table),
            keypoints=_streams(table) if is_camera else None,
            identifier=path.stem,
        )
    imu, keypoints = path / IMU_FILE, path / KEYPOINTS_FILE
    if not imu.exists() and not keypoints.exists():
        raise FormatError(f"'{path}' must hold {IMU_FILE} or {KEYPOINTS_FILE}; it has neither. Export one.")
    return Recording.from_arrays(
        imus=_streams(_Table.read(imu)) if imu.exists() else None,
        keypoints=_streams(_Table.read(keypoints)) if keypoints.exists() else None,
        subject=_subject(path),
        cameras=_cameras(path / CAMERAS_FILE),
        identifier=path.resolve().name,
    )


def write_tidy_csv(recording: Recording, folder: str | Path) -> Path:
    """Write a recording as tidy CSV into a folder and return the folder; ranges and devices are left out.

    Raises
    ------
    UsageError
        The folder is not empty, or the cameras do not all give pixels or all metres.
    StorageError
        The disk refused; nothing has changed then.
    """
    folder = Path(folder)
    if len({points.space for points in recording.keypoints}) > 1:
        raise UsageError("one keypoints.csv holds pixels or metres, not both. Export the cameras apart.")
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise UsageError(f"'{folder}' exists and is not an empty folder. Choose another name.")
    with staged_folder(folder) as stage:
        if recording.imus:
            accel = [f"accel_{axis}_mps2" for axis in "xyz"]
            gyro = [f"gyro_{axis}_radps" for axis in "xyz"]
            _write_table(stage / IMU_FILE, ["time_s", "segment", *accel, *gyro, "arrival_s"], _imu_rows(recording))
        for space, axes in _SPACES.items():
            rows = list(_keypoint_rows(recording, space))
            if rows:
                columns = ["time_s", "camera", "point", *axes, "confidence"]
                _write_table(stage / KEYPOINTS_FILE, columns, rows)
        about = {spec.name: to_json(getattr(recording.subject, spec.name)) for spec in fields(Subject)}
        (stage / "subject.json").write_text(json.dumps(about, indent=1), encoding="utf-8")
        cameras = [
            {spec.name: to_json(getattr(camera, spec.name)) for spec in fields(Camera)}
            for camera in recording.cameras
        ]
        (stage / CAMERAS_FILE).write_text(json.dumps(cameras, indent=1), encoding="utf-8")
    return folder


@dataclass(frozen=True, slots=True)
class _Table:
    """The cells of a CSV file with its line numbers."""

    name: str
    columns: tuple[str, ...]
    rows: list[list[str]]
    lines: list[int]
    decimal_comma: bool

    @classmethod
    def read(cls, path: Path) -> _Table:
        """Return the table in a file."""
        try:
            text = path.read_bytes().decode("utf-8-sig")
        except OSError as cause:
            raise storage_error("read", path, cause) from cause
        except UnicodeDecodeError as cause:
            raise FormatError(f"{path.name} must be text in UTF-8; {cause}. Save it as CSV UTF-8.") from cause
        first_line = text.split("\n", 1)[0]
        separator = ";" if first_line.count(";") > first_line.count(",") else ","
        reader = csv.reader(StringIO(text, newline=""), delimiter=separator)
        rows, lines = [], []
        try:
            columns = tuple(cell.strip() for cell in next(reader, []))
            for row in reader:
                if any(cell.strip() for cell in row):
                    rows.append(row)
                    lines.append(reader.line_num)
        except csv.Error as cause:
            raise FormatError(f"{path.name}, line {reader.line_num}: {cause}. Correct the line.") from cause
        table = cls(path.name, columns, rows, lines, separator == ";")
        table.check_width()
        return table

    def check_width(self) -> None:
        """Check that no column occurs twice and that every row has as many cells as the header."""
        if len(set(self.columns)) != len(self.columns):
            raise FormatError(f"{self.name}: a column occurs twice in {', '.join(self.columns)}. Rename one.")
        for row, line in zip(self.rows, self.lines, strict=True):
            if len(row) != len(self.columns):
                raise FormatError(
                    f"{self.name}, line {line} must have {len(self.columns)} cells; got {len(row)}. Correct the line."
                )

    def words(self, column: str) -> list[str]:
        """Return a column of text without the spaces around it."""
        at = self._at(column)
        return [row[at].strip() for row in self.rows]

    def numbers(self, column: str) -> Floats:
        """Return a column of numbers; an empty cell is NaN."""
        cells = self.words(column)
        if self.decimal_comma:
            cells = [cell.replace(",", ".") for cell in cells]
        try:
            return np.array([float(cell) if cell else math.nan for cell in cells])
        except ValueError:
            return np.array([self._number(cell, place, column) for place, cell in enumerate(cells)])

    def _number(self, cell: str, place: int, column: str) -> float:
        try:
            return float(cell) if cell else math.nan
        except ValueError as cause:
            raise FormatError(
                f"{self.name}, line {self.lines[place]}, column {column!r} must be a number; got {cell!r}. "
                "Correct the cell, or leave it empty for a missing value."
            ) from cause

    def _at(self, column: str) -> int:
        if column not in self.columns:
            raise FormatError(
                f"{self.name} must have a column {column!r}; it has {', '.join(self.columns) or 'none'}. "
                "Rename or add it."
            )
        return self.columns.index(column)


def _streams(table: _Table) -> dict[str, dict[str, Any]]:
    return _cameras_of(table) if "camera" in table.columns else _segments_of(table)


def _segments_of(table: _Table) -> dict[str, dict[str, Any]]:
    segment = np.array(table.words("segment"), dtype=np.str_)
    time_s = table.numbers("time_s")
    accel = _vectors(table, "accel", _ACCEL_UNITS)
    gyro = _vectors(table, "gyro", _GYRO_UNITS)
    arrival_s = table.numbers("arrival_s") if "arrival_s" in table.columns else np.full(len(time_s), np.nan)
    streams = {}
    for name in dict.fromkeys(segment.tolist()):
        rows = segment == name
        data = {"time_s": time_s[rows], "accel_mps2": accel[rows], "gyro_radps": gyro[rows]}
        if np.isfinite(arrival_s[rows]).any():
            data["arrival_s"] = arrival_s[rows]
        streams[name] = data
    return streams


def _vectors(table: _Table, kind: str, units: dict[str, float]) -> Floats:
    """Return three columns in SI units, whatever unit their names carry, shape (n, 3)."""
    for unit, scale in units.items():
        names = [f"{kind}_{axis}_{unit}" for axis in "xyz"]
        if any(name in table.columns for name in names):
            columns = np.stack([table.numbers(name) for name in names], axis=1)
            return columns if scale == 1.0 else columns * scale
    known = ", ".join(f"{kind}_x_{unit}" for unit in units)
    raise FormatError(f"{table.name} must have one of the columns {known}, and the same for y and z. Add them.")


def _cameras_of(table: _Table) -> dict[str, dict[str, Any]]:
    camera, point = table.words("camera"), table.words("point")
    space = "camera_m" if "x_m" in table.columns else "image_px"
    time_s = table.numbers("time_s")
    values = np.stack([table.numbers(axis) for axis in _SPACES[space]], axis=1)
    if "confidence" in table.columns:
        confidence = table.numbers("confidence")
    else:
        confidence = np.asarray(np.isfinite(values).all(axis=1), dtype=np.float64)
    streams = {}
    for name in dict.fromkeys(camera):
        rows = [place for place, other in enumerate(camera) if other == name]
        streams[name] = _one_camera(table, rows, point, time_s, np.column_stack([values, confidence]))
        streams[name]["space"] = space
    return streams


def _one_camera(
    table: _Table, rows: Sequence[int], point: Sequence[str], time_s: Floats, values: Floats
) -> dict[str, Any]:
    """Gather the rows of one camera into frames; a point without a row in a frame is NaN there."""
    frames = {time: frame for frame, time in enumerate(dict.fromkeys(time_s[list(rows)].tolist()))}
    names = {name: place for place, name in enumerate(dict.fromkeys(point[row] for row in rows))}
    gathered = np.full((len(frames), len(names), values.shape[1]), np.nan)
    gathered[:, :, -1] = 0.0
    filled = np.zeros(gathered.shape[:2], dtype=bool)
    for row in rows:
        frame, place = frames.get(float(time_s[row])), names[point[row]]
        if frame is None or filled[frame, place]:
            got = "has no time" if frame is None else "repeats a point of the same frame"
            raise FormatError(f"{table.name}, line {table.lines[row]} {got}. Remove or correct the line.")
        gathered[frame, place] = values[row]
        filled[frame, place] = True
    return {
        "time_s": np.array(list(frames)),
        "names": tuple(names),
        "position": gathered[:, :, :-1],
        "confidence": gathered[:, :, -1],
    }


def _subject(folder: Path) -> Subject:
    if (folder / "subject.json").exists():
        return read_subject(_read_json(folder / "subject.json"), "subject.json")
    if not (folder / "subject.csv").exists():
        return Subject()
    table = _Table.read(folder / "subject.csv")
    if len(table.rows) != 1:
        raise FormatError(f"subject.csv must have a header and one row; it has {len(table.rows)} rows.")
    numbers = {spec.name for spec in fields(Subject) if spec.type == "float"}
    data: dict[str, Any] = {
        column: float(table.numbers(column)[0]) if column in numbers else table.words(column)[0]
        for column in table.columns
    }
    return read_subject(data, "subject.csv")


def _cameras(file: Path) -> tuple[Camera, ...]:
    if not file.exists():
        return ()
    data = _read_json(file)
    if not isinstance(data, list):
        raise FormatError(f"{file.name} must be a list of cameras in brackets. Correct it.")
    return tuple(read_camera(item, f"{file.name}[{place}]") for place, item in enumerate(data))


def _read_json(file: Path) -> object:
    try:
        return json.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as cause:
        raise storage_error("read", file, cause) from cause
    except (ValueError, RecursionError) as cause:
        raise FormatError(f"'{file}' must be JSON; {cause}. Correct that place.") from cause


def _imu_rows(recording: Recording) -> Iterable[list[object]]:
    for imu in recording.imus:
        arrival_s = np.full(len(imu.time_s), np.nan) if imu.arrival_s is None else imu.arrival_s
        columns = np.column_stack([imu.accel_mps2, imu.gyro_radps, arrival_s]).tolist()
        for time, row in zip(imu.time_s.tolist(), columns, strict=True):
            yield [time, imu.segment, *row]


def _keypoint_rows(recording: Recording, space: str) -> Iterable[list[object]]:
    for points in recording.keypoints:
        if points.space != space:
            continue
        values = np.concatenate([points.position, points.confidence[:, :, np.newaxis]], axis=2).tolist()
        for time, frame in zip(points.time_s.tolist(), values, strict=True):
            for name, row in zip(points.names, frame, strict=True):
                yield [time, points.camera, name, *row]


def _write_table(file: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)  # with its own line ends it quotes those inside of names
        writer.writerow(columns)
        for row in rows:
            writer.writerow(["" if isinstance(cell, float) and math.isnan(cell) else cell for cell in row])
