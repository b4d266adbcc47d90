"""Stage 7: is the recording usable, and what limits it; worst first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from fusion.gait.numbers import format_estimate
from fusion.recording.inspect import Problem
from fusion.stages.cameras import CameraView
from fusion.types import SAFE, SIDES, Estimate, JointAngles, Motion, Placement, QualityCheck, Stride

ENOUGH_STRIDES = 10
"""Strides per side below which means are called limited (Kribus-Shmiel et al. 2018: 10 to 20 for timing)."""

_ORDER = {"not usable": 0, "limited": 1, "good": 2}


def unusable_streams(problems: Sequence[Problem]) -> dict[str, str]:
    """Return stream -> why it must not be used: it is empty, or its numbers cannot be what they claim to be."""
    spoiled: dict[str, str] = {}
    for problem in problems:
        if problem.stream and problem.severity == "not usable":
            spoiled.setdefault(problem.stream, str(problem))
    return spoiled


def quality_checks(
    problems: Sequence[Problem],
    views: tuple[CameraView, ...],
    placements: tuple[Placement, ...],
    left_out: Mapping[str, str],
    motion: Motion,
    strides: tuple[Stride, ...],
    angles: JointAngles,
) -> tuple[QualityCheck, ...]:
    """Return all checks, worst first; within one status in the order in which a reader asks.

    Parameters
    ----------
    problems
        Of ``recording.inspect.inspect``, as recorded, before any cleaning.
    """
    checks = [
        *_camera_checks(views, has_wearables=bool(placements or left_out)),
        _stride_check(strides),
        *_hidden_check(views, motion),
        *_sensor_checks(placements, left_out),
        *_stream_checks(problems),
        *_withheld(angles),
    ]
    return tuple(sorted(checks, key=lambda check: _ORDER[check.status]))


def _camera_checks(views: tuple[CameraView, ...], *, has_wearables: bool) -> list[QualityCheck]:
    checks = []
    for view in views:
        name = f"Camera {view.name}" if len(views) > 1 else "Camera to wearables"
        if view.refusal:
            checks.append(QualityCheck(name, "limited", "not fused", view.refusal.removeprefix("not fused: ")))
        elif view.sync is not None and view.sync.verdict == SAFE:
            sync = view.sync
            offset = Estimate(1e3 * sync.offset_s, 1e3 * sync.low_s, 1e3 * sync.high_s, "ms")
            told = format_estimate(offset)
            checks.append(QualityCheck(name, "good", f"{told.value} {told.unit} {told.interval}", "safe to fuse"))
        elif has_wearables:
            checks.append(QualityCheck(name, "limited", "not fused", "no wearable can be used"))
        if view.moved:
            checks.append(QualityCheck(f"Camera {view.name}", "limited", "moved", view.moved))
    return checks


def _stride_check(strides: tuple[Stride, ...]) -> QualityCheck:
    used = {side: sum(s.is_valid for s in strides if s.side == side) for side in SIDES}
    total = sum(used.values())
    value = f"{total} of {len(strides)}"
    remark = f"L {used['left']}, R {used['right']}"
    if total == 0:
        return QualityCheck("Strides used", "not usable", value, "no complete stride; record a longer straight walk")
    if min(used.values()) < ENOUGH_STRIDES:
        return QualityCheck("Strides used", "limited", value, f"{remark}; {ENOUGH_STRIDES} a side wanted")
    return QualityCheck("Strides used", "good", value, remark)


def _hidden_check(views: tuple[CameraView, ...], motion: Motion) -> list[QualityCheck]:
    used = [view.on_reference_clock() for view in views if view.is_used]
    if not used:
        return []
    start = min(float(points.time_s[0]) for points in used)
    end = max(float(points.time_s[-1]) for points in used)
    inside = (motion.time_s >= start) & (motion.time_s <= end)
    shares, longest = [], 0.0
    period = float(np.median(np.diff(motion.time_s)))
    for side in SIDES:
        seen = motion.observed[:, [motion.point_names.index(f"{side}_{part}") for part in ("knee", "ankle")]]
        hidden = ~seen.all(axis=1) & inside
        shares.append(f"{side[0].upper()} {100.0 * hidden.sum() / max(1, inside.sum()):.0f} %")
        longest = max(longest, period * _longest_run(hidden))
    status = "good" if longest < 2.0 else "limited"
    return [QualityCheck("Leg hidden from camera", status, ", ".join(shares), f"longest gap {longest:.2f} s")]


def _longest_run(flags: np.ndarray) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return int((edges[1::2] - edges[::2]).max()) if edges.size else 0


def _sensor_checks(placements: tuple[Placement, ...], left_out: Mapping[str, str]) -> list[QualityCheck]:
    checks = [
        QualityCheck(f"Wearable {_words(segment)}", "limited", "not used", reason)
        for segment, reason in left_out.items()
    ]
    checks += [
        QualityCheck(f"Wearable {_words(placement.segment)}", "limited", "check mounting", placement.issue)
        for placement in placements
        if placement.issue and placement.segment not in left_out
    ]
    return checks


def _stream_checks(problems: Sequence[Problem]) -> list[QualityCheck]:
    return [
        QualityCheck(_stream_name(problem.stream), "limited", "see remark", str(problem))
        for problem in problems
        if problem.severity == "limited" or (problem.severity == "not usable" and not problem.stream)
    ]


def _stream_name(stream: str) -> str:
    return f"Stream {_words(stream)}" if stream else "Recording"


def _withheld(angles: JointAngles) -> list[QualityCheck]:
    if not angles.reasons:
        return []
    names = ", ".join(sorted({_words(name.removesuffix("_deg")) for name in angles.reasons}))
    return [QualityCheck("Withheld angles", "limited", names, "; ".join(sorted(set(angles.reasons.values()))))]


def _words(name: str) -> str:
    return name.replace("_", " ")
