"""The sentences of an inspection: what is wrong with which stream, how bad it is, what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from fusion.types import Floats, Recording, one_of

SEVERITIES = ("not usable", "limited", "note")

_LISTED_GAPS = 3
_RADIO = "Check the battery or move the receiver."
_CURES = {"imu": _RADIO, "keypoints": "Let the whole body be in view."}
_CLOCK = "Restart the device before the next walk."


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: stream (``""`` for the whole recording), severity, what, cure.

    ``severity`` is ``"note"``, ``"limited"`` or ``"not usable"``.
    """

    stream: str
    severity: str
    what: str
    cure: str

    def __post_init__(self) -> None:
        """Check the severity word."""
        one_of("severity of a problem", self.severity, SEVERITIES)

    def __str__(self) -> str:
        """Return it as one sentence and its cure."""
        return f"{self.what[:1].upper()}{self.what[1:]}. {self.cure}"


@dataclass(frozen=True, slots=True)
class StreamInspection:
    """The state of one stream.

    Attributes
    ----------
    name, kind
        Segment and ``"imu"``, or camera and ``"keypoints"``.
    rate_nominal_hz, rate_measured_hz
        Declared rate, and one over the median step; NaN when unknown.
    start_s, duration_s
        First time and time from first to last sample, after clock jumps were repaired.
    gaps
        Start and length, s, of every hole of at least 0.1 s between usable samples.
    lost_fraction
        Samples that the duration would hold and that never came.
    non_monotonic, clock_jumps, stray_times, duplicates
        Steps back in time, jumps of the clock, rows with an impossible time, rows that came twice.
    nan_fraction
        Values that are NaN or infinite, of all.
    saturated_fraction
        Samples at full scale; NaN when the range is unknown.
    frozen_s
        Longest time over which the values did not change at all.
    seen_fraction
        Frames in which a camera saw a leg; NaN for wearables.
    """

    name: str
    kind: str
    samples: int
    rate_nominal_hz: float
    rate_measured_hz: float
    start_s: float
    duration_s: float
    gaps: tuple[tuple[float, float], ...] = ()
    lost_fraction: float = 0.0
    non_monotonic: int = 0
    clock_jumps: int = 0
    stray_times: int = 0
    duplicates: int = 0
    nan_fraction: float = 0.0
    saturated_fraction: float = np.nan
    frozen_s: float = 0.0
    seen_fraction: float = np.nan


def worst_first(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return the problems, worst first, else in the order given."""
    return tuple(sorted(problems, key=lambda problem: SEVERITIES.index(problem.severity)))


def of_stream(stream: StreamInspection) -> list[Problem]:
    """Return what is wrong with one stream."""
    who = f"stream {stream.name!r}"
    if stream.samples == 0:
        return [Problem(stream.name, "not usable", f"{who} is empty", "Check that the device was on.")]
    if stream.samples < 3 or stream.duration_s <= 0:
        what = f"{who} has only {stream.samples} samples within {stream.duration_s:.2f} s"
        return [Problem(stream.name, "not usable", what, "Record again.")]
    if stream.nan_fraction >= 1.0:
        cure = "Let the whole body be in view." if stream.kind == "keypoints" else "Check the device."
        return [Problem(stream.name, "not usable", f"{who} holds no number at all", cure)]
    return [*_of_gaps(stream, who), *_of_clock(stream, who), *_of_values(stream, who)]


def of_units(segment: str, accel_mps2: Floats, gyro_radps: Floats) -> list[Problem]:
    """Return signs that a wearable's values are not in m/s^2 and rad/s.

    At rest and in walking the median of the specific force is near 9.8 m/s^2. Full scale of common
    gyroscopes is 2000 deg/s = 35 rad/s, so larger values are degrees.
    """
    problems = []
    force = np.linalg.norm(accel_mps2[np.isfinite(accel_mps2).all(axis=1)], axis=1)
    if len(force) >= 20:
        median = float(np.median(force))
        unit = "g" if 0.5 < median < 2.0 else "milli-g" if 500.0 < median < 2000.0 else ""
        if unit or not 6.0 < median < 20.0:
            what = f"the acceleration of stream {segment!r} has a median of {median:.3g} m/s^2 instead of 9.8"
            cure = f"It looks like {unit}; convert it to m/s^2." if unit else "Check its unit and its scale."
            problems.append(Problem(segment, "not usable", what, cure))
    rate = np.abs(gyro_radps[np.isfinite(gyro_radps).all(axis=1)])
    if len(rate) >= 20 and float(np.quantile(rate, 0.99)) > 35.0:
        what = f"the angular rate of stream {segment!r} reaches {float(rate.max()):.0f} rad/s"
        problems.append(Problem(segment, "not usable", what, "It looks like deg/s; convert it to rad/s."))
    return problems


def of_whole(recording: Recording, streams: Sequence[StreamInspection]) -> list[Problem]:
    """Return what is wrong with the recording as a whole."""
    if not streams:
        what = "the recording holds no stream"
        return [Problem("", "not usable", what, "Connect a wearable or a camera and record again.")]
    problems = _of_durations(streams)
    height_m = recording.subject.height_m
    if np.isfinite(height_m) and not 0.5 <= height_m <= 2.5:
        what = f"the subject's height is {height_m:g} m"
        problems.append(Problem("", "not usable", what, "Give the height in metres."))
    elif not np.isfinite(height_m):
        what = "the subject's height is not given; lengths and speeds are not assessable"
        problems.append(Problem("", "note", what, "Enter the height in metres."))
    for points in recording.keypoints:
        if points.space == "image_px" and not recording.camera(points.camera).is_calibrated:
            what = f"camera {points.camera!r} is not calibrated"
            cure = "Calibrate it, or have it look at right angles to the walk."
            problems.append(Problem(points.camera, "note", what, cure))
    return problems


def _of_durations(streams: Sequence[StreamInspection]) -> list[Problem]:
    longest = max(stream.duration_s for stream in streams)
    problems = []
    if 0 < longest < 5.0:
        what = f"the recording lasts only {longest:.1f} s; that is less than three strides of each foot"
        problems.append(Problem("", "limited", what, "Record at least 10 s of walking."))
    for stream in streams:
        peers = max(peer.duration_s for peer in streams if peer.kind == stream.kind)
        # A camera sees the walk only while the person is in view, so it may well be shorter than wearables.
        if 0 < stream.duration_s < max(0.8 * peers, 0.3 * longest):
            what = f"stream {stream.name!r} covers {stream.duration_s:.1f} s of {longest:.1f} s"
            problems.append(Problem(stream.name, "limited", what, _CURES[stream.kind]))
    return problems


def _of_gaps(stream: StreamInspection, who: str) -> list[Problem]:
    long = sorted((gap for gap in stream.gaps if gap[1] >= 0.2), key=lambda gap: -gap[1])
    cure = _CURES[stream.kind]
    problems = [
        Problem(
            stream.name,
            "limited",
            f"{who} has a {length:.1f} s gap at {start - stream.start_s:.1f} s; angles there are not assessable",
            cure,
        )
        for start, length in sorted(long[:_LISTED_GAPS])
    ]
    rest = long[_LISTED_GAPS:]
    if rest:
        total = sum(length for _, length in rest)
        what = f"{who} has {len(rest)} further gaps, {total:.1f} s in all"
        problems.append(Problem(stream.name, "limited", what, cure))
    in_gaps = sum(length for _, length in stream.gaps) / stream.duration_s
    scattered = stream.lost_fraction - in_gaps
    if scattered > 0.05:
        what = f"{who} lost {100.0 * scattered:.0f} % of its samples, one here and one there"
        problems.append(Problem(stream.name, "limited", what, _RADIO))
    return problems


def _of_clock(stream: StreamInspection, who: str) -> list[Problem]:
    problems = []
    if stream.clock_jumps:
        what = f"the clock of {who} jumps {stream.clock_jumps} times; what cannot be placed is left out"
        problems.append(Problem(stream.name, "limited", what, _CLOCK))
    elif stream.non_monotonic:
        what = f"{who} steps back in time {stream.non_monotonic} times; late samples were sorted in"
        problems.append(Problem(stream.name, "note", what, _RADIO))
    if stream.stray_times:
        what = f"{who} has {stream.stray_times} samples with an impossible time; they are left out"
        problems.append(Problem(stream.name, "note", what, _CLOCK))
    if stream.duplicates:
        what = f"{who} repeats {stream.duplicates} samples; the copies are left out"
        problems.append(Problem(stream.name, "note", what, _RADIO))
    nominal, measured = stream.rate_nominal_hz, stream.rate_measured_hz
    if np.isfinite(nominal) and np.isfinite(measured) and abs(measured / nominal - 1.0) > 0.05:
        what = f"{who} declares {nominal:.1f} Hz but delivers {measured:.1f} Hz"
        problems.append(Problem(stream.name, "limited", what, "Correct the rate in its settings."))
    return problems


def _of_values(stream: StreamInspection, who: str) -> list[Problem]:
    problems = []
    if stream.saturated_fraction > 0:
        share = 100.0 * stream.saturated_fraction
        what = f"{who} is saturated in {share:.2g} % of its samples; they count as missing"
        severity = "limited" if share >= 0.1 else "note"
        problems.append(Problem(stream.name, severity, what, "Choose a larger range."))
    if stream.kind == "imu" and stream.frozen_s >= 0.5:
        what = f"{who} repeats the same values for {stream.frozen_s:.1f} s"
        problems.append(Problem(stream.name, "limited", what, "Check the device and its driver."))
    if stream.kind == "keypoints" and not stream.seen_fraction >= 0.5:
        share = 100.0 * stream.seen_fraction
        severity = "limited" if share >= 5.0 else "not usable"
        what = f"camera {stream.name!r} sees a leg in {share:.0f} % of its frames"
        cure = "Let hips, knees and ankles be in view, and light them."
        problems.append(Problem(stream.name, severity, what, cure))
    return problems
