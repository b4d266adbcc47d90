"""What is wrong with a recording, in words that a person can act on before the patient leaves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fusion.recording import _problems
from fusion.recording._problems import Problem, StreamInspection
from fusion.recording._timeline import find_gaps, median_step, repair
from fusion.recording.clean import saturated, without_absurd
from fusion.recording.folder import STREAMS_FILE, read_folder
from fusion.types import Flags, Floats, ImuSamples, Keypoints, Recording

__all__ = ["Inspection", "Problem", "StreamInspection", "describe", "inspect", "inspect_folder"]

LEG_POINTS = tuple(f"{side}_{part}" for side in ("left", "right") for part in ("hip", "knee", "ankle"))

SEEN_FROM = 0.3
"""Confidence from which a point counts as seen; pose networks draw points from 0.3 upwards."""

SHORTEST_GAP_S = 0.1
"""Shorter holes are bridged by the estimator without a visible loss."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """The state of every stream, and the problems, worst first."""

    identifier: str
    streams: tuple[StreamInspection, ...]
    problems: tuple[Problem, ...]

    @property
    def is_usable(self) -> bool:
        """True when at least one stream can be used."""
        spoiled = {problem.stream for problem in self.problems if problem.severity == "not usable"}
        return "" not in spoiled and any(stream.name not in spoiled for stream in self.streams)


def inspect(recording: Recording) -> Inspection:
    """Return the state of every stream of a recording and what is wrong with it.

    Parameters
    ----------
    recording
        As recorded, before any cleaning.
    """
    recording = without_absurd(recording)
    imus = [_imu(imu) for imu in recording.imus]
    keypoints = [_keypoints(points, recording) for points in recording.keypoints]
    streams = (*imus, *keypoints)
    problems = [problem for stream in streams for problem in _problems.of_stream(stream)]
    for imu in recording.imus:
        problems += _problems.of_units(imu.segment, imu.accel_mps2, imu.gyro_radps)
    problems += _problems.of_whole(recording, streams)
    return Inspection(recording.identifier, streams, _problems.worst_first(problems))


def inspect_folder(path: str | Path) -> Inspection:
    """Return the inspection of a recording on disk, with what is wrong with its files.

    Raises
    ------
    FormatError
        It is no recording.
    StorageError
        It is not there or cannot be read.
    """
    stored = read_folder(path)
    found = inspect(stored.recording)
    told: list[Problem] = []
    if stored.is_cut:
        what = f"{STREAMS_FILE} was not closed; everything up to the last whole chunk was read"
        told.append(Problem("", "note", what, "Check whether the end of the walk is there."))
    if stored.damaged_bytes:
        what = f"{stored.damaged_bytes} bytes in {STREAMS_FILE} are damaged and were skipped"
        told.append(Problem("", "limited", what, "Copy the file again from where it was recorded."))
    if stored.missing_streams:
        what = f"{STREAMS_FILE} lacks {', '.join(map(repr, stored.missing_streams))}"
        told.append(Problem("", "limited", what, "Check that the devices were on and selected."))
    if stored.ignored_streams:
        what = f"{STREAMS_FILE} also holds {', '.join(map(repr, stored.ignored_streams))}, which is not used"
        told.append(Problem("", "note", what, "Declare it in recording.json if it belongs to the walk."))
    return replace(found, problems=_problems.worst_first([*found.problems, *told]))


def describe(inspection: Inspection) -> str:
    """Return the inspection as text: a table of the streams, then the problems."""
    lines = [f"Recording {inspection.identifier!r}: {len(inspection.streams)} streams"]
    if inspection.streams:
        width = max(6, *(len(stream.name) for stream in inspection.streams))
        lines.append(f"{'stream':<{width}}  kind       samples   rate     duration  gaps  missing")
        lines += [
            f"{stream.name:<{width}}  {stream.kind:<9}  {stream.samples:>7}  "
            f"{_number(stream.rate_measured_hz, 'Hz'):>9}  {_number(stream.duration_s, 's'):>8}  "
            f"{len(stream.gaps):>4}  {_number(100.0 * stream.nan_fraction, '%'):>7}"
            for stream in inspection.streams
        ]
    if not inspection.problems:
        lines.append("No problems found.")
    lines += [f"{problem.severity}: {problem}" for problem in inspection.problems]
    return "\n".join(lines) + "\n"


def _imu(imu: ImuSamples) -> StreamInspection:
    rows = np.hstack([imu.accel_mps2, imu.gyro_radps])
    clipped = np.stack(
        [saturated(imu.accel_mps2, imu.accel_range_mps2), saturated(imu.gyro_radps, imu.gyro_range_radps)]
    )
    knows_range = bool(np.isfinite([imu.accel_range_mps2, imu.gyro_range_radps]).any())
    share = float(clipped.any(axis=0).mean()) if knows_range and len(rows) else np.nan
    found = _stream(imu.segment, "imu", imu.time_s, rows, imu.rate_hz, imu.arrival_s)
    return replace(found, saturated_fraction=share)


def _keypoints(points: Keypoints, recording: Recording) -> StreamInspection:
    rate_hz = recording.camera(points.camera).rate_hz
    flat = points.position.reshape(len(points.time_s), len(points.names) * points.position.shape[2])
    found = _stream(points.camera, "keypoints", points.time_s, flat, rate_hz, None)
    if not len(points.time_s):
        return found
    seen = np.isfinite(points.position).all(axis=2) & ~(points.confidence < SEEN_FROM)
    legs = [place for place, name in enumerate(points.names) if name in LEG_POINTS]
    return replace(found, seen_fraction=float(seen[:, legs].any(axis=1).mean()))


def _stream(
    name: str, kind: str, time_s: Floats, rows: Floats, rate_hz: float, arrival_s: Floats | None
) -> StreamInspection:
    timeline = repair(time_s, rows, rate_hz, arrival_s)
    times = timeline.time_s
    finite = np.isfinite(rows)
    # One point that is hidden is no hole in a camera's stream; one axis that is missing is one in an IMU's.
    complete = np.all if kind == "imu" else np.any
    usable: Flags = np.asarray(complete(finite, axis=1), dtype=np.bool_)[timeline.kept]
    duration_s = float(times[-1] - times[0]) if len(times) else 0.0
    step_s = median_step(times)
    expected = round(duration_s / step_s) + 1 if np.isfinite(step_s) else len(times)
    return StreamInspection(
        name=name,
        kind=kind,
        samples=len(time_s),
        rate_nominal_hz=rate_hz,
        rate_measured_hz=1.0 / step_s,
        start_s=float(times[0]) if len(times) else np.nan,
        duration_s=duration_s,
        gaps=find_gaps(times, usable, SHORTEST_GAP_S),
        lost_fraction=1.0 - len(times) / expected if expected else 0.0,
        non_monotonic=timeline.backward,
        clock_jumps=timeline.jumps,
        stray_times=timeline.strays,
        duplicates=timeline.duplicates,
        nan_fraction=float(1.0 - finite.mean()) if finite.size else 0.0,
        frozen_s=_longest_repeat(times, rows[timeline.kept]),
    )


def _longest_repeat(time_s: Floats, rows: Floats) -> float:
    """Return for how long a stream repeated the same finite values at most, s."""
    if len(time_s) < 2 or not rows.shape[1]:
        return 0.0
    same = (rows[1:] == rows[:-1]).all(axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], same, [False]])))
    lengths = time_s[edges[1::2]] - time_s[edges[::2]]
    return float(lengths.max()) if len(lengths) else 0.0


def _number(value: float, unit: str) -> str:
    return f"{value:.1f} {unit}" if np.isfinite(value) else "-"
