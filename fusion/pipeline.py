"""The whole analysis, top to bottom: one recording in, one analysis out.

1. Clean the streams; put the wearables on one clock and on their segments.
2. Look through each camera; tie its clock to the wearables'; check that both saw the same walk.
3. Refine the body with what the used cameras see.
4. Estimate the motion: filter forward, smooth backward.
5. Find the events, cut the strides, measure their lengths.
6. Compute parameters, joint angles, findings and screening scores.
7. Say how far the recording can be trusted.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from fusion.body.bone_rate import bone_rate_weights, with_bone_rate
from fusion.body.placement import PITCH_ZERO_SD_RAD
from fusion.body.skeleton import Skeleton
from fusion.errors import SignalError
from fusion.estimator.estimate import estimate_motion
from fusion.estimator.inputs import Inputs, Settings, time_offset_sd
from fusion.estimator.level import LevelledImu, in_plane
from fusion.events.fused import FusedEvents
from fusion.gait.findings import findings
from fusion.gait.joint_angles import joint_angles
from fusion.gait.key_angles import key_angles
from fusion.gait.lengths import step_lengths
from fusion.gait.parameters import gait_parameters
from fusion.gait.strides import segment_strides
from fusion.pose.segments import walking_window
from fusion.recording.clean import clean
from fusion.recording.inspect import inspect
from fusion.screening.base import Evidence, screen
from fusion.stages.cameras import (
    CameraView,
    beside_wearables,
    forward_gain,
    look,
    refined_skeleton,
    straighten,
    synchronise,
    without_common_clock,
)
from fusion.stages.distances import Lengths, foot_lengths, placed_in_world
from fusion.stages.quality import quality_checks, unusable_streams
from fusion.stages.wearables import Track, Wearables, wear
from fusion.types import (
    Analysis,
    Floats,
    GaitEvents,
    GaitParameters,
    Motion,
    Placement,
    Recording,
    Stride,
    SyncResult,
    WorldPoints,
)
from fusion.version import __version__

Progress = Callable[[str, float], None]
"""Called with the name of the stage that starts and the share of the work that is done."""

MEASURED_SCALE_SD = 0.01
"""Relative error of lengths from a calibrated camera or a foot sensor: board and accelerometer scale, 0.5-1 %."""

HEIGHT_SCALE_SD = 0.03
"""Relative error of lengths scaled by body height: legs of one height differ by 3 % (Winter 2009)."""

POSED_ZERO_SD_DEG = 2.0
"""Doubt of an angle's zero after a standing pose: the calibration floor of 1.5-2.1 deg at the knee."""

FREE_ZERO_SD_DEG = float(np.rad2deg(PITCH_ZERO_SD_RAD))
"""Without one the zero is a population's; keypoints beside the joint centres err as much."""

FASTEST_BELT_MPS = 8.0
"""Treadmills for sprinters reach it."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is already known about a recording and need not be found again.

    Attributes
    ----------
    sync
        Camera name -> synchronisation, from hardware or an earlier analysis.
    placements
        Placements of an earlier recording with the same mounting.
    bone_rates
        Segment -> weights of the gyro axes (``body.bone_rate``), from other walks with the same mounting.
    settings
        Settings of the estimator.
    """

    sync: Mapping[str, SyncResult] = field(default_factory=dict)
    placements: tuple[Placement, ...] = ()
    bone_rates: Mapping[str, Floats] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A recording made ready for the estimator: stages 1 to 3.

    Attributes
    ----------
    points
        What the estimator takes from each used camera: rigid legs, weights beside the wearables.
    """

    skeleton: Skeleton
    wearables: Wearables
    levelled: tuple[LevelledImu, ...]
    views: tuple[CameraView, ...]
    points: tuple[WorldPoints, ...]


def analyse(
    recording: Recording,
    use: tuple[str, ...] = ("camera", "imu"),
    progress: Progress | None = None,
    *,
    known: Known | None = None,
) -> Analysis:
    """Return everything that can be said about a recorded walk.

    Parameters
    ----------
    recording
        What was recorded.
    use
        ``("camera",)``, ``("imu",)`` or both.
    progress
        Called at the start of each stage.
    known
        Synchronisation, placements and settings that are given.

    Raises
    ------
    SignalError
        Nothing in the recording can be used; the message says what to do.
    """
    known = known or Known()
    report = progress or _no_progress
    started = time.perf_counter()
    selected = recording.with_sources(use)
    _check_can_be_meant(selected, use)
    problems = inspect(selected).problems
    report("wearables", 0.0)
    chosen = clean(selected)
    prepared = prepare(chosen, known, unusable=unusable_streams(problems))
    report("motion", 0.3)
    motion = estimate(prepared, known.settings)
    report("events", 0.7)
    events = find_events(prepared, motion)
    lengths = foot_lengths(prepared.wearables.placed, events)
    placed = placed_in_world(motion)
    strides = segment_strides(
        events,
        placed,
        surface=chosen.surface,
        belt_speed_mps=chosen.belt_speed_mps,
        turning=_turns(prepared.points),
        lengths=lengths,
    )
    report("parameters", 0.8)
    zero_sd_deg = _zero_sd_deg(prepared)
    angles = joint_angles(motion, strides, calibration_sd_deg=zero_sd_deg)
    keys = key_angles(angles, strides, calibration_sd_deg=zero_sd_deg)
    parameters = _parameters(chosen, prepared, placed, events, strides, lengths)
    quality = quality_checks(
        problems,
        prepared.views,
        prepared.wearables.placements,
        prepared.wearables.left_out,
        motion,
        strides,
        angles,
    )
    every = GaitParameters((*parameters.items, *keys))
    report("done", 1.0)
    return Analysis(
        recording=recording,
        use=use,
        sync=(*(view.sync for view in prepared.views if view.sync is not None), *prepared.wearables.clocks),
        placements=prepared.wearables.placements,
        points=tuple(view.on_reference_clock() for view in prepared.views if view.points is not None),
        motion=motion,
        events=events,
        strides=strides,
        parameters=every,
        joint_angles=angles,
        findings=findings(parameters, keys, chosen.subject),
        quality=quality,
        provenance=_provenance(recording, use, prepared, time.perf_counter() - started),
        screening=screen(Evidence(recording, strides, events, every, angles)),
    )


def prepare(
    recording: Recording, known: Known | None = None, *, unusable: Mapping[str, str] | None = None
) -> Prepared:
    """Return stages 1 to 3: wearables placed, cameras tied and checked, body refined.

    Parameters
    ----------
    unusable
        Stream -> why it is left out, from the inspection of the recording as it was before cleaning.
    """
    known = known or Known()
    skeleton = Skeleton.from_height(recording.subject.height_m, recording.subject.leg_length_m)
    wearables = wear(recording, skeleton, placements=known.placements, unusable=unusable)
    views = look(recording, skeleton, unusable)
    if wearables.placed:
        views = tuple(synchronise(view, wearables, known.sync.get(view.name)) for view in views)
        seen = {segment: track for view in views if view.is_used for segment, track in view.pitches().items()}
        if seen:
            wearables = wearables.replaced(skeleton, seen, recording, known.placements)
    else:
        views = without_common_clock(views)
    skeleton = refined_skeleton(skeleton, views)
    rates = {**_bone_rates(wearables, views), **known.bone_rates}
    levelled = tuple(in_plane(with_bone_rate(imu, rates)) for imu in wearables.placed)
    pitches = {each.imu.segment: (each.imu.time_s, each.pitch_rad) for each in levelled}
    points = tuple(_for_estimator(view, skeleton, pitches) for view in views if view.is_used)
    return Prepared(skeleton, wearables, levelled, views, points)


def _for_estimator(view: CameraView, skeleton: Skeleton, pitches: Mapping[str, Track]) -> WorldPoints:
    points = straighten(view.on_reference_clock(), skeleton, forward_gain(view, pitches))
    return beside_wearables(view, points) if pitches else points


def _bone_rates(wearables: Wearables, views: tuple[CameraView, ...]) -> dict[str, Floats]:
    """Bone rates from the cameras that measure the plane."""
    plane = [view.pitches() for view in views if view.is_used and not view.is_lifted]
    return bone_rate_weights([(wearables.placed, pitches) for pitches in plane])


def find_events(prepared: Prepared, motion: Motion) -> GaitEvents:
    """Return the gait events, from the wearables, the cameras' own points and the motion."""
    seen = tuple(view.on_reference_clock() for view in prepared.views if view.is_used)
    return FusedEvents().detect(motion, prepared.wearables.placed, seen)


def estimate(prepared: Prepared, settings: Settings | None = None, *, causal: bool = False) -> Motion:
    """Return the motion of a prepared recording; see ``estimator.estimate``.

    Raises
    ------
    SignalError
        No wearable and no camera is usable; the message lists why.
    """
    if not prepared.wearables.placed and not prepared.points:
        left_out = dict(prepared.wearables.left_out)
        left_out |= {view.name: view.refusal for view in prepared.views}
        listed = "; ".join(f"{name}: {reason.rstrip('.')}" for name, reason in left_out.items())
        raise SignalError(f"nothing in this recording can be analysed. {listed or 'There is no stream'}.")
    offsets = {
        view.name: time_offset_sd(view.sync) for view in prepared.views if view.is_used and view.sync is not None
    }
    inputs = Inputs(
        skeleton=prepared.skeleton,
        imus=prepared.wearables.placed,
        levelled=prepared.levelled,
        points=prepared.points,
        time_offset_sd_s=offsets,
    )
    return estimate_motion(inputs, settings, causal=causal)


def _no_progress(stage: str, share: float) -> None:
    """Take the place of a progress bar."""


def _check_can_be_meant(recording: Recording, use: tuple[str, ...]) -> None:
    if not recording.imus and not recording.keypoints:
        raise SignalError(
            f"the recording has no stream of the kind asked for ({' and '.join(use)}). "
            "Use another source or add the stream."
        )
    belt = recording.belt_speed_mps
    if recording.surface == "treadmill" and np.isfinite(belt) and not 0.0 <= belt <= FASTEST_BELT_MPS:
        raise SignalError(
            f"belt speed must lie between 0 and {FASTEST_BELT_MPS:g} m/s; got {belt:g}. Check its unit."
        )


def _turns(points: tuple[WorldPoints, ...]) -> tuple[tuple[float, float], ...]:
    """Spans within a camera's view in which the walk is not straight."""
    spans = []
    for view in points:
        straight = walking_window(view)
        edges = [float(view.time_s[0]), *(edge for window in straight for edge in window), float(view.time_s[-1])]
        spans += [(start, end) for start, end in zip(edges[::2], edges[1::2], strict=True) if end - start > 1.0]
    return tuple(spans)


def _step_lengths(
    motion: Motion | None, recording: Recording, strides: tuple[Stride, ...]
) -> dict[tuple[str, float], tuple[float, float]] | None:
    if motion is None:
        return None
    belt = recording.belt_speed_mps if recording.surface == "treadmill" else 0.0
    return step_lengths(strides, motion, belt) if np.isfinite(belt) else None


def _parameters(
    recording: Recording,
    prepared: Prepared,
    placed: Motion | None,
    events: GaitEvents,
    strides: tuple[Stride, ...],
    lengths: Lengths,
) -> GaitParameters:
    measured = _is_measured_scale(recording, prepared, lengths)
    return gait_parameters(
        strides,
        events,
        subject=recording.subject,
        surface=recording.surface,
        belt_speed_mps=recording.belt_speed_mps,
        scale_known=measured or prepared.skeleton.height_is_known,
        length_scale_sd=MEASURED_SCALE_SD if measured else HEIGHT_SCALE_SD,
        # Steps only from the source that measured the strides: two sources would not add up.
        step_lengths=None if lengths else _step_lengths(placed, recording, strides),
    )


def _zero_sd_deg(prepared: Prepared) -> float:
    placements = prepared.wearables.placements
    posed = bool(placements) and all(placement.method == "standing pose" for placement in placements)
    return POSED_ZERO_SD_DEG if posed else FREE_ZERO_SD_DEG


def _is_measured_scale(recording: Recording, prepared: Prepared, lengths: Lengths) -> bool:
    """Say whether lengths are metric by a calibrated camera or a foot sensor, not by the body height."""
    used = [view.name for view in prepared.views if view.is_used]
    return bool(lengths) or any(recording.camera(name).is_calibrated for name in used)


def _provenance(recording: Recording, use: tuple[str, ...], prepared: Prepared, seconds: float) -> dict[str, object]:
    digest = hashlib.sha256()
    for imu in recording.imus:
        digest.update(imu.time_s.tobytes() + imu.accel_mps2.tobytes() + imu.gyro_radps.tobytes())
    for keypoints in recording.keypoints:
        digest.update(keypoints.time_s.tobytes() + keypoints.position.tobytes())
    return {
        "software": f"Tandem Gait {__version__}",
        "use": list(use),
        "input_sha256": digest.hexdigest(),
        "analysis_id": digest.hexdigest()[:12],
        "seconds": seconds,
        "cameras": {
            view.name: {
                "used": view.is_used,
                "refusal": view.refusal,
                "correlation": view.validity.correlation if view.validity else None,
            }
            for view in prepared.views
        },
    }
