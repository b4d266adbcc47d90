"""The eight checks before "Record": what the devices deliver right now, judged by the pipeline's own first stages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fusion.errors import TandemError
from fusion.types import SAFE, Keypoints, Recording, Subject, SyncResult

LEAST_MARGIN = 0.02
LEAST_CONFIDENCE = 0.5
MOST_ROLL_DEG = 3.0
SILENT_AFTER_S = 1.0
SETTLE_S = 12.0
"""Walking that synchronisation and mounting need before they say anything."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    Attributes
    ----------
    status
        ``"good"``, ``"care"`` (works, with a limit), ``"stop"`` (needs the operator) or ``"none"`` (not known yet).
    value
        What was found, short.
    what, cure
        For a check that needs the operator: what is wrong and how to mend it.
    actions
        Pairs of wearables whose names a button can exchange.
    """

    number: int
    name: str
    status: str
    value: str
    what: str = ""
    cure: str = ""
    actions: tuple[tuple[str, str], ...] = ()


def run_checks(
    window: Recording, subject: Subject, silent: Mapping[str, float], seconds: float
) -> tuple[tuple[Check, ...], tuple[SyncResult, ...]]:
    """Return the checks in their fixed order, and the synchronisation behind the seventh.

    Parameters
    ----------
    window
        The last half minute as it came.
    silent
        Device -> seconds since its last sample.
    seconds
        For how long the devices have been running.
    """
    sides, clocks, sync = _mounting_and_clocks(window, seconds)
    return (
        _whole_body(window),
        _found_well(window),
        _level(window),
        _connected(silent),
        sides,
        Check(6, "Standing pose", "none", "optional: 5 s still sets the zero"),
        clocks,
        _person(subject),
    ), sync


def _whole_body(window: Recording) -> Check:
    name = "Whole body in the picture"
    points = _newest(window, 2.0)
    if points is None:
        return Check(1, name, "stop", "no picture", "The camera sends nothing.", "Plug it in, or go on without it.")
    camera = window.camera(points.camera)
    if points.space != "image_px" or not np.isfinite(camera.size_px).all():
        return Check(1, name, "none", "cannot be judged from this camera")
    place = points.position[np.isfinite(points.position).all(axis=2)]
    if not place.size:
        return Check(1, name, "stop", "nobody seen", "Nobody is in the picture.", "Step into the camera's view.")
    share = np.minimum(place / camera.size_px, 1.0 - place / camera.size_px)
    margin = float(np.percentile(share, 1.0))
    if margin < LEAST_MARGIN:
        what = "A part of the body leaves the picture."
        return Check(1, name, "stop", f"{100 * margin:.0f} % margin", what, "Move the camera back or turn it.")
    return Check(1, name, "good", f"{100 * margin:.0f} % margin")


def _found_well(window: Recording) -> Check:
    points = _newest(window, 2.0)
    name = "Light and focus"
    if points is None:
        return Check(2, name, "none", "no picture")
    confidence = float(np.nanmedian(points.confidence))
    if confidence < LEAST_CONFIDENCE:
        what = "The joints are hard to find in the picture."
        return Check(
            2, name, "stop", f"confidence {confidence:.2f}", what, "More light, a tighter or brighter trouser."
        )
    return Check(2, name, "good", f"joints found, confidence {confidence:.2f}")


def _level(window: Recording) -> Check:
    name = "Camera level"
    if not window.keypoints:
        return Check(3, name, "none", "no camera")
    rotation = window.camera(window.keypoints[0].camera).camera_from_world
    if not np.isfinite(rotation).all():
        return Check(3, name, "care", "not calibrated")
    up = rotation @ np.array([0.0, 0.0, 1.0])  # camera axes: x right, y down
    roll = float(np.degrees(np.arctan2(up[0], -up[1])))
    if abs(roll) > MOST_ROLL_DEG:
        return Check(3, name, "stop", f"{roll:.1f} deg", "The camera is tilted.", "Turn it until the check is green.")
    return Check(3, name, "good", f"{abs(roll):.1f} deg")


def _connected(silent: Mapping[str, float]) -> Check:
    name = "Wearables connected"
    gone = [device for device, seconds in silent.items() if seconds > SILENT_AFTER_S and device != "camera"]
    count = sum(device != "camera" for device in silent)
    if not count:
        return Check(4, name, "care", "none: camera only")
    if gone:
        words = ", ".join(device.replace("_", " ") for device in gone)
        what = f"No samples from: {words}."
        return Check(4, name, "stop", f"{count - len(gone)} of {count}", what, "Charge it, move the receiver closer.")
    return Check(4, name, "good", f"{count} of {count}")


def _mounting_and_clocks(window: Recording, seconds: float) -> tuple[Check, Check, tuple[SyncResult, ...]]:
    mounting, clocks = "Sensors on their segments", "Clocks"
    if seconds < SETTLE_S:
        wait = f"walk {SETTLE_S - seconds:.0f} s more"
        return Check(5, mounting, "none", wait), Check(7, clocks, "none", wait), ()
    from fusion.pipeline import prepare
    from fusion.recording.clean import clean

    try:
        prepared = prepare(clean(window))
    except TandemError as cause:
        told = Check(5, mounting, "stop", "not found", str(cause), "Let the person walk a few steps.")
        return told, Check(7, clocks, "none", "not known yet"), ()
    placements = prepared.wearables.placements
    wrong = [one for one in placements if one.worn_on and one.worn_on != one.segment]
    check = Check(5, mounting, "good", f"{len(placements)} of {len(placements)}")
    if wrong:
        pair = sorted({one.segment for one in wrong} | {one.worn_on for one in wrong})
        words = " and ".join(name.replace("_", " ") for name in pair[:2])
        what = f"The sensor named {wrong[0].segment.replace('_', ' ')} moves like the {_words(wrong[0].worn_on)}."
        cure = "Swap the two sensors, or swap their names."
        check = Check(
            5, f"{words[:1].upper()}{words[1:]} look swapped", "stop", "swapped", what, cure, ((pair[0], pair[1]),)
        )
    elif any("swapped" in one.issue for one in placements):
        check = _mixed_up(next(one.issue for one in placements if "swapped" in one.issue), window)
    elif any(one.issue for one in placements):
        issue = next(one for one in placements if one.issue)
        check = Check(5, mounting, "care", f"look at {_words(issue.segment)}", issue.issue)
    sync = tuple(view.sync for view in prepared.views if view.sync is not None)
    return check, _clocks(sync, window), sync


def _mixed_up(issue: str, window: Recording) -> Check:
    """Return the check of sensors whose sides contradict each other; a person sees which pair it is."""
    worn = {imu.segment for imu in window.imus}
    parts = [
        part for part in ("shank", "foot", "thigh") if part in issue and {f"left_{part}", f"right_{part}"} <= worn
    ]
    cure = "Look which pair it is and swap the two sensors, or their names."
    pairs = tuple((f"left_{part}", f"right_{part}") for part in parts)
    return Check(5, "Left and right look swapped", "stop", "swapped", issue.partition(";")[0] + ".", cure, pairs)


def _clocks(sync: tuple[SyncResult, ...], window: Recording) -> Check:
    name = "Clocks"
    if not sync:
        alone = "no camera to compare" if not window.keypoints else "no wearable to compare"
        return Check(7, name, "care", alone)
    result = sync[0]
    half_ms = 500.0 * (result.high_s - result.low_s)
    if result.verdict != SAFE:
        return Check(7, name, "care", "not safe to fuse yet", result.reason)
    return Check(7, name, "good", f"\N{PLUS-MINUS SIGN}{half_ms:.0f} ms")


def _person(subject: Subject) -> Check:
    name = "Height and leg length entered"
    height, leg = subject.height_m, subject.leg_length_m
    if not np.isfinite(height):
        what = "Without a height no length in metres can be given."
        return Check(8, name, "care", "height missing", what, "Enter it under Subjects.")
    told = f"{height:.2f} m" + (f", {leg:.2f} m" if np.isfinite(leg) else ", leg length missing")
    return Check(8, name, "good" if np.isfinite(leg) else "care", told)


def _newest(window: Recording, seconds: float) -> Keypoints | None:
    from dataclasses import replace

    for points in window.keypoints:
        if len(points.time_s):
            recent = points.time_s >= points.time_s[-1] - seconds
            return replace(
                points,
                time_s=points.time_s[recent],
                position=points.position[recent],
                confidence=points.confidence[recent],
            )
    return None


def _words(segment: str) -> str:
    return segment.replace("_", " ")
