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
from dataclasses import dataclass, field, replace

import numpy as np

from fusion.body.bone_rate import bone_rate_weights, with_bone_rate
from fusion.body.placement import PITCH_ZERO_SD_RAD
from fusion.body.skeleton import Skeleton
from fusion.errors import SignalError
from fusion.estimator.estimate import estimate_motion
from fusion.estimator.inputs import Inputs, Settings, time_offset_sd
from fusion.estimator.level import LevelledImu, in_plane
from fusion.events.fused import FusedEvents
from fusion.recording.clean import clean
from fusion.recording.inspect import inspect
from fusion.stages.cameras import (
    CameraView,
    beside_wearables,
    forward_gain,
    look,
    refined_skeleton,
    straighten,
    synchronise,
    with_sides_by_wearables,
    without_common_clock,
)
from fusion.stages.gait import Sources, read_gait
from fusion.stages.quality import quality_checks, unusable_streams
from fusion.stages.wearables import Track, Wearables, wear
from fusion.types import (
    Analysis,
    Floats,
    GaitEvents,
    Motion,
    Placement,
    Recording,
    SyncResult,
    WorldPoints,
)
from fusion.version import __version__

Progress = Callable[[str, float], None]
"""Called with the name of the stage that starts and the share of the work that is done."""

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
    report("parameters", 0.8)
    reading = read_gait(chosen, _sources(chosen, prepared, motion), events)
    quality = quality_checks(
        problems,
        prepared.views,
        prepared.wearables.placements,
        prepared.wearables.left_out,
        motion,
        reading.strides,
        reading.joint_angles,
    )
    report("done", 1.0)
    return Analysis(
        recording=recording,
        use=use,
        sync=(*(view.sync for view in prepared.views if view.sync is not None), *prepared.wearables.clocks),
        placements=prepared.wearables.placements,
        points=tuple(view.on_reference_clock() for view in prepared.views if view.points is not None),
        motion=motion,
        events=events,
        strides=reading.strides,
        parameters=reading.parameters,
        joint_angles=reading.joint_angles,
        findings=reading.findings,
        quality=quality,
        provenance=_provenance(recording, use, prepared, time.perf_counter() - started),
        screening=reading.screening,
        turns=reading.turns,
        bouts=reading.bouts,
    )


def reanalyse(analysis: Analysis, events: GaitEvents) -> Analysis:
    """Return the analysis with other contacts, such as those that a person corrected (``gait.edit``).

    Motion, synchronisation and placements stay as they are; strides, parameters, angles over the cycle, findings and
    quality follow the new contacts.

    Parameters
    ----------
    analysis
        Of ``analyse``, in the same version of the software.
    events
        The contacts to use instead.
    """
    selected = analysis.recording.with_sources(analysis.use)
    problems = inspect(selected).problems
    chosen = clean(selected)
    known = Known(
        sync={sync.stream: sync for sync in analysis.sync},
        placements=analysis.placements,
    )
    prepared = prepare(chosen, known, unusable=unusable_streams(problems))
    reading = read_gait(chosen, _sources(chosen, prepared, analysis.motion), events)
    quality = quality_checks(
        problems,
        prepared.views,
        prepared.wearables.placements,
        prepared.wearables.left_out,
        analysis.motion,
        reading.strides,
        reading.joint_angles,
    )
    return replace(
        analysis,
        events=events,
        strides=reading.strides,
        parameters=reading.parameters,
        joint_angles=reading.joint_angles,
        findings=reading.findings,
        quality=quality,
        screening=reading.screening,
        turns=reading.turns,
        bouts=reading.bouts,
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
    views = tuple(with_sides_by_wearables(view, recording, skeleton, pitches) for view in views)
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
    seen = tuple(view.for_contacts() for view in prepared.views if view.is_used)
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
    return estimate_motion(inputs, _with_sides(settings or Settings(), prepared), causal=causal)


def _with_sides(settings: Settings, prepared: Prepared) -> Settings:
    """Leave left and right alone where stage 2 decided them over the whole walk.

    A frame-by-frame test that starts on the wrong leg exchanges every frame after it.
    """
    used = [view for view in prepared.views if view.is_used]
    decided = bool(used) and all(view.bridged is not None for view in used)
    return replace(settings, swap_margin=np.inf) if decided else settings


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


def _sources(recording: Recording, prepared: Prepared, motion: Motion) -> Sources:
    used = [view.name for view in prepared.views if view.is_used]
    return Sources(
        motion,
        prepared.wearables.placed,
        prepared.points,
        camera_is_metric=any(recording.camera(name).is_calibrated for name in used),
        height_is_known=prepared.skeleton.height_is_known,
        zero_sd_deg=_zero_sd_deg(prepared),
        seen=tuple(view.on_reference_clock() for view in prepared.views if view.is_used and view.points is not None),
    )


def _zero_sd_deg(prepared: Prepared) -> float:
    placements = prepared.wearables.placements
    posed = bool(placements) and all(placement.method == "standing pose" for placement in placements)
    return POSED_ZERO_SD_DEG if posed else FREE_ZERO_SD_DEG


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
