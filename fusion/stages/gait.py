"""Stages 6 and 7: contacts become strides, strides become numbers, curves, findings and scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fusion.body.skeleton import Skeleton
from fusion.events._trunk_cues import trunk_sensor
from fusion.gait.bouts import walking_bouts
from fusion.gait.findings import findings
from fusion.gait.further.compute import further_parameters
from fusion.gait.further.evidence import Walk
from fusion.gait.joint_angles import joint_angles
from fusion.gait.key_angles import key_angles
from fusion.gait.lengths import step_lengths
from fusion.gait.norms import leg_length_m
from fusion.gait.parameters import gait_parameters
from fusion.gait.pendulum import SCALE_SD, trunk_lengths
from fusion.gait.strides import segment_strides
from fusion.gait.turns import find_turns
from fusion.pose.segments import walking_window
from fusion.screening.base import Evidence, screen
from fusion.stages.distances import Lengths, foot_lengths, placed_in_world
from fusion.types import (
    Finding,
    GaitEvents,
    GaitParameters,
    JointAngles,
    Motion,
    PlacedImu,
    Recording,
    ScreeningResult,
    Stride,
    Turn,
    WalkingBout,
    WorldPoints,
)

MEASURED_SCALE_SD = 0.01
"""Relative error of lengths from a calibrated camera or a foot sensor: board and accelerometer scale, 0.5-1 %."""

HEIGHT_SCALE_SD = 0.03
"""Relative error of lengths scaled by body height: legs of one height differ by 3 % (Winter 2009)."""

LONGEST_PAUSE_S = 1.0


@dataclass(frozen=True, slots=True)
class Sources:
    """What the gait is read from.

    Attributes
    ----------
    motion
        Of the estimator.
    placed
        Wearables in segment axes.
    points
        Keypoints of the used cameras as the estimator took them.
    seen
        The same keypoints as the cameras gave them, with every axis that they measure.
    camera_is_metric
        A used camera is calibrated.
    height_is_known
        The subject's height scales the skeleton.
    zero_sd_deg
        Doubt of the zero of joint angles.
    """

    motion: Motion
    placed: tuple[PlacedImu, ...]
    points: tuple[WorldPoints, ...]
    camera_is_metric: bool
    height_is_known: bool
    zero_sd_deg: float
    seen: tuple[WorldPoints, ...] = ()


@dataclass(frozen=True, slots=True)
class GaitReading:
    """Everything that follows from contacts and motion."""

    strides: tuple[Stride, ...]
    parameters: GaitParameters
    joint_angles: JointAngles
    findings: tuple[Finding, ...]
    screening: tuple[ScreeningResult, ...]
    turns: tuple[Turn, ...]
    bouts: tuple[WalkingBout, ...]


def read_gait(recording: Recording, sources: Sources, events: GaitEvents) -> GaitReading:
    """Return strides, parameters, angles and findings of these contacts."""
    placed = placed_in_world(sources.motion)
    lengths, scale_sd = _lengths(recording, sources, events, placed)
    turns = find_turns(sources.placed)
    strides = segment_strides(
        events,
        placed,
        surface=recording.surface,
        belt_speed_mps=recording.belt_speed_mps,
        turning=(*((turn.start_s, turn.end_s) for turn in turns), *_turns(sources.points)),
        lengths=lengths,
    )
    angles = joint_angles(sources.motion, strides, calibration_sd_deg=sources.zero_sd_deg)
    keys = key_angles(angles, strides, calibration_sd_deg=sources.zero_sd_deg)
    parameters = gait_parameters(
        strides,
        events,
        subject=recording.subject,
        surface=recording.surface,
        belt_speed_mps=recording.belt_speed_mps,
        scale_known=scale_sd <= MEASURED_SCALE_SD or sources.height_is_known,
        length_scale_sd=scale_sd,
        # Steps only from the source that measured the strides: two sources would not add up.
        step_lengths=None if lengths else _step_lengths(placed, recording, strides),
    )
    metric = parameters.get("stride_length_m").is_assessable
    further = further_parameters(
        Walk(
            strides,
            turns,
            sources.motion,
            sources.placed,
            sources.seen or sources.points,
            length_scale_sd=scale_sd,
            length_reason=parameters.get("stride_length_m").reason if not metric else "",
            zero_sd_deg=sources.zero_sd_deg,
            skeleton=Skeleton.from_height(recording.subject.height_m, recording.subject.leg_length_m),
        )
    )
    every = GaitParameters((*parameters.items, *keys, *further))
    return GaitReading(
        strides,
        every,
        angles,
        findings(parameters, keys, recording.subject),
        screen(Evidence(recording, strides, events, every, angles)),
        turns,
        walking_bouts(strides, turns, length_scale_sd=scale_sd),
    )


def _lengths(
    recording: Recording, sources: Sources, events: GaitEvents, motion: Motion | None
) -> tuple[Lengths, float]:
    """Return stride lengths from wearables and the relative doubt of all lengths' scale.

    A foot sensor measures; else a camera gives the way; else the lower back's pendulum does.
    """
    lengths = foot_lengths(sources.placed, events)
    if lengths or sources.camera_is_metric:
        return lengths, MEASURED_SCALE_SD
    trunk = trunk_sensor(sources.placed)
    if motion is not None or trunk is None or recording.surface == "treadmill":
        return {}, HEIGHT_SCALE_SD
    return trunk_lengths(trunk, leg_length_m(recording.subject)), SCALE_SD


def _turns(points: tuple[WorldPoints, ...]) -> tuple[tuple[float, float], ...]:
    """Spans within a camera's view in which the walk is not straight."""
    spans = []
    for view in points:
        straight = walking_window(view)
        edges = [float(view.time_s[0]), *(edge for window in straight for edge in window), float(view.time_s[-1])]
        spans += [
            (start, end) for start, end in zip(edges[::2], edges[1::2], strict=True) if end - start > LONGEST_PAUSE_S
        ]
    return tuple(spans)


def _step_lengths(
    motion: Motion | None, recording: Recording, strides: tuple[Stride, ...]
) -> Mapping[tuple[str, float], tuple[float, float]] | None:
    if motion is None:
        return None
    belt = recording.belt_speed_mps if recording.surface == "treadmill" else 0.0
    return step_lengths(strides, motion, belt) if np.isfinite(belt) else None
