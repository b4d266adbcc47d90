"""Agreement of gait events with the contact channel of the reference system on the set mea_lab.

The reference is the maker's own output, derived from its wearables: agreement, not accuracy. Its foot contact
rises at initial contact and falls at final contact.

- Scope: the time in which the camera saw the walk, less 0.15 s at each end; where a sensor is lost, only the lost
  leg and time. Events outside the scope are not scored.
- Pairs: nearest of the same side and kind, each used once, within 0.1 s after the constant is removed.
- Constant: features define a contact differently, so one constant per kind of event is the median error of the
  *other* people, and is subtracted.
- Border rule: an unpaired reference or detected event within 0.1 s of a border of the scope is neither missed
  nor false, because its partner may lie outside.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fusion.types import SIDES, Floats, GaitEvents, ImuSamples, Keypoints, Recording
from tests.validation.load_mea_lab import Walk, load_walk, trials

MARGIN_S = 0.15
TOLERANCE_S = 0.10
RAW_TOLERANCE_S = 0.15
LOST_S = 2.0
KINDS = ("ic", "fc")
THREE_SENSORS = ("pelvis", "left_shank", "right_shank")
CONDITIONS = (
    "camera",
    "imu",
    "both",
    "both_3imu",
    "imu_3imu",
    "both_leg_lost",
    "imu_leg_lost",
    "both_camera_lost",
)

DetectWalk = Callable[[Walk, str], GaitEvents]


@dataclass(frozen=True, slots=True)
class _Case:
    """One walk under one condition: what is scored, and the events found."""

    walk: Walk
    start_s: float
    stop_s: float
    sides: tuple[str, ...]
    events: GaitEvents


def evaluate(folder: Path, detect_walk: DetectWalk, conditions: tuple[str, ...] = CONDITIONS) -> dict[str, float]:
    """Return every figure of the set, named ``mea_lab/<figure>/<condition>``.

    Parameters
    ----------
    folder
        Folder with ``index.json`` and one file per walk.
    detect_walk
        Gets a walk whose recording holds only what the condition leaves, and the condition's name; returns events
        in IMU time (camera time + ``true_offset_s`` when there is no IMU to synchronise with).
    """
    walks = [load_walk(folder, entry) for entry in trials(folder)]
    walks = [walk for walk in walks if walk.truth_is_usable]
    figures: dict[str, float] = {}
    for condition in conditions:
        cases = [_case(walk, number, condition, detect_walk) for number, walk in enumerate(walks)]
        for name, value in _figures(cases, with_phases="lost" not in condition).items():
            figures[f"mea_lab/{name}/{condition}"] = value
    return figures


def reduce_recording(
    recording: Recording, condition: str, side: str, lost_s: tuple[float, float], offset_s: float
) -> Recording:
    """Return the recording with only what a condition leaves.

    Parameters
    ----------
    side, lost_s
        Leg and IMU time that fall silent, where the condition loses something.
    offset_s
        IMU time = camera time + offset.
    """
    source = condition.split("_")[0]
    recording = recording.with_sources(("camera", "imu") if source == "both" else (source,))
    if condition.endswith("3imu"):
        return replace(recording, imus=tuple(imu for imu in recording.imus if imu.segment in THREE_SENSORS))
    if condition.endswith("leg_lost"):
        return replace(recording, imus=tuple(_silent_leg(imu, side, lost_s) for imu in recording.imus))
    if condition.endswith("camera_lost"):
        lost = (lost_s[0] - offset_s, lost_s[1] - offset_s)
        return replace(recording, keypoints=tuple(_blind(points, lost) for points in recording.keypoints))
    return recording


def _case(walk: Walk, number: int, condition: str, detect_walk: DetectWalk) -> _Case:
    camera_s = walk.recording.keypoints[0].time_s
    start_s = walk.true_offset_s + float(camera_s[0]) + MARGIN_S
    stop_s = walk.true_offset_s + float(camera_s[-1]) - MARGIN_S
    rng = np.random.default_rng([20240, number])
    side = SIDES[int(rng.integers(2))]
    lost_from_s = float(rng.uniform(start_s + 1.0, max(stop_s - LOST_S - 1.0, start_s + 1.0)))
    lost = (lost_from_s, lost_from_s + LOST_S)
    recording = reduce_recording(walk.recording, condition, side, lost, walk.true_offset_s)
    events = detect_walk(replace(walk, recording=recording), condition)
    if "lost" in condition:
        start_s, stop_s = lost
    return _Case(walk, start_s, stop_s, (side,) if "leg_lost" in condition else SIDES, events)


def _silent_leg(imu: ImuSamples, side: str, lost_s: tuple[float, float]) -> ImuSamples:
    if not imu.segment.startswith(side):
        return imu
    silent = ((imu.time_s >= lost_s[0]) & (imu.time_s < lost_s[1]))[:, None]
    return replace(
        imu,
        accel_mps2=np.where(silent, np.nan, imu.accel_mps2),
        gyro_radps=np.where(silent, np.nan, imu.gyro_radps),
    )


def _blind(points: Keypoints, lost_s: tuple[float, float]) -> Keypoints:
    blind = (points.time_s >= lost_s[0]) & (points.time_s < lost_s[1])
    return replace(
        points,
        position=np.where(blind[:, None, None], np.nan, points.position),
        confidence=np.where(blind[:, None], 0.0, points.confidence),
    )


def _figures(cases: list[_Case], with_phases: bool) -> dict[str, float]:
    people = sorted({case.walk.person for case in cases})
    constants = {kind: _constants(cases, people, kind) for kind in KINDS}
    figures: dict[str, float] = {}
    count = 0
    for kind in KINDS:
        tallies = [_tally(case, kind, constants[kind][case.walk.person], TOLERANCE_S) for case in cases]
        error_s = np.concatenate([tally[0] for tally in tallies])
        sd_s = np.concatenate([tally[1] for tally in tallies])
        missed, false = sum(tally[2] for tally in tallies), sum(tally[3] for tally in tallies)
        fitted = np.array(list(constants[kind].values()))
        figures[f"{kind}_mae_ms"] = 1e3 * _mean(np.abs(error_s))
        figures[f"{kind}_f1"] = len(error_s) / max(len(error_s) + 0.5 * (missed + false), 1e-9)
        figures[f"{kind}_coverage"] = _mean((np.abs(error_s) <= 1.96 * sd_s).astype(np.float64))
        figures[f"{kind}_constant_ms"] = 1e3 * float(np.median(fitted))
        figures[f"{kind}_constant_low_ms"] = 1e3 * float(fitted.min())
        figures[f"{kind}_constant_high_ms"] = 1e3 * float(fitted.max())
        count += len(error_s)
    figures["events_n"] = float(count)
    if with_phases:
        figures |= _phase_figures(cases, constants)
    return figures


def _constants(cases: list[_Case], people: list[str], kind: str) -> dict[str, float]:
    """Return person -> median error of the other people, s."""
    errors = {
        person: np.concatenate(
            [_tally(case, kind, 0.0, RAW_TOLERANCE_S)[0] for case in cases if case.walk.person == person]
        )
        for person in people
    }
    constants = {}
    for person in people:
        others = [errors[other] for other in people if other != person]
        pooled = np.concatenate(others) if others else np.empty(0)
        constants[person] = float(np.median(pooled)) if pooled.size else np.nan
    return constants


def _tally(case: _Case, kind: str, constant_s: float, tolerance_s: float) -> tuple[Floats, Floats, int, int]:
    """Return errors and stated deviations of the pairs, s, and the counts of missed and false events."""
    errors, deviations, missed, false = [], [], 0, 0
    for side in case.sides:
        truth_s = reference_events(case.walk, side, kind)
        found_s = case.events.select(side, kind) - (constant_s if np.isfinite(constant_s) else 0.0)
        sd_s = case.events.select_sd(side, kind)
        of_truth, of_found = pairs(truth_s, found_s, tolerance_s)
        inside = (truth_s[of_truth] >= case.start_s) & (truth_s[of_truth] <= case.stop_s)
        errors.append((found_s[of_found] - truth_s[of_truth])[inside])
        deviations.append(sd_s[of_found][inside])
        missed += _lonely(truth_s, of_truth, case)
        false += _lonely(found_s, of_found, case)
    return np.concatenate(errors), np.concatenate(deviations), missed, false


def _lonely(time_s: Floats, paired: list[int], case: _Case) -> int:
    alone = np.ones(len(time_s), dtype=np.bool_)
    alone[paired] = False
    inner = (time_s > case.start_s + TOLERANCE_S) & (time_s < case.stop_s - TOLERANCE_S)
    return int(np.count_nonzero(alone & inner))


def pairs(truth_s: Floats, found_s: Floats, tolerance_s: float) -> tuple[list[int], list[int]]:
    """Return the indices of pairs, closest first, each event used once."""
    gap = np.abs(truth_s[:, None] - found_s[None, :])
    of_truth: list[int] = []
    of_found: list[int] = []
    for flat in np.argsort(gap, axis=None):
        row, column = divmod(int(flat), max(len(found_s), 1))
        if gap[row, column] > tolerance_s:
            break
        if row not in of_truth and column not in of_found:
            of_truth.append(row)
            of_found.append(column)
    return of_truth, of_found


def reference_events(walk: Walk, side: str, kind: str) -> Floats:
    """Return the edges of the reference contact, IMU time, s."""
    edge = np.diff(walk.contact[side].astype(np.int64))
    wanted = edge > 0 if kind == "ic" else edge < 0
    return np.asarray(walk.reference_time_s[1:][wanted])


def _phase_figures(cases: list[_Case], constants: dict[str, dict[str, float]]) -> dict[str, float]:
    """Return what the reference report also states: double support, step times, cadence."""
    support: list[float] = []
    step: list[float] = []
    cadence: list[float] = []
    for case in cases:
        report = case.walk.report
        ic, fc = (
            {
                side: _inside(case, case.events.select(side, kind) - constants[kind][case.walk.person])
                for side in SIDES
            }
            for kind in KINDS
        )
        wanted_s = 1e-5 * report["Double Stance [%]"] * report["Stride Time [ms]"]
        phases = [_mean_gap(ic[side], fc[other], 0.5) for side, other in (SIDES, SIDES[::-1])]
        support.append(sum(phases) - wanted_s)
        steps = {side: _mean_gap(ic[other], ic[side], 1.2) for side, other in (SIDES, SIDES[::-1])}
        step.extend(steps[side] - 1e-3 * report[f"Step Time {side} [ms]"] for side in SIDES)
        cadence.append(120.0 / sum(steps.values()) - report["Cadence [step/min]"])
    return {
        "double_support_mae_ms": 1e3 * _mean(np.abs(np.asarray(support))),
        "double_support_bias_ms": 1e3 * _mean(np.asarray(support)),
        "step_time_mae_ms": 1e3 * _mean(np.abs(np.asarray(step))),
        "cadence_mae_spm": _mean(np.abs(np.asarray(cadence))),
    }


def _inside(case: _Case, time_s: Floats) -> Floats:
    return np.asarray(time_s[(time_s >= case.start_s) & (time_s <= case.stop_s)])


def _mean_gap(from_s: Floats, to_s: Floats, longest_s: float) -> float:
    """Return the mean time from each event to the next of another list, s; gaps that skip one left out."""
    place = np.searchsorted(to_s, from_s, side="right")
    known = place < len(to_s)
    gap_s = to_s[place[known]] - from_s[known]
    return _mean(gap_s[gap_s < longest_s])


def _mean(values: Floats) -> float:
    finite = np.asarray(values)[np.isfinite(values)]
    return float(np.mean(finite)) if finite.size else np.nan
