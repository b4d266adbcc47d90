"""What is exactly known about a simulated recording."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fusion.simulate.anatomy import TRUTH_POINTS
from fusion.simulate.body import Walk
from fusion.simulate.clocks import Clock
from fusion.types import SEGMENTS, SIDES, Flags, Floats, GaitEvents, Stride

RATE_HZ = 200.0


@dataclass(frozen=True, slots=True)
class ImuTruth:
    """What is true of one wearable stream.

    Attributes
    ----------
    worn_on
        Segment that it really was worn on; differs from the stream's name when swapped.
    sample_s
        Reference time of each delivered sample, shape (n,).
    segment_from_sensor, lever_arm_m
        Mean mounting, shape (3, 3), and position from the proximal joint, m, shape (3,).
    gyro_bias_radps, accel_bias_mps2
        In sensor axes, shape (3,).
    bone_rate_radps
        Angular rate that an ideal sensor on the bone would read, in sensor axes, shape (n, 3).
    """

    worn_on: str
    clock: Clock
    sample_s: Floats
    segment_from_sensor: Floats
    lever_arm_m: Floats
    gyro_bias_radps: Floats
    accel_bias_mps2: Floats
    bone_rate_radps: Floats


@dataclass(frozen=True, slots=True)
class CameraTruth:
    """What is true of one keypoint stream of n frames and k points.

    Attributes
    ----------
    frame_s
        Reference time of each exposure, shape (n,).
    position
        Exact keypoints in the units of the stream, shape (n, k, axes).
    occluded, outlier
        Points that could not be seen; that were thrown off. Shape (n, k).
    swapped
        Frames with left and right legs exchanged, shape (n,).
    """

    clock: Clock
    frame_s: Floats
    names: tuple[str, ...]
    position: Floats
    occluded: Flags
    outlier: Flags
    swapped: Flags


@dataclass(frozen=True, slots=True)
class Truth:
    """The walk as it was, on the reference clock, in the world frame.

    Attributes
    ----------
    time_s
        Shape (n,), 200 Hz from 0 to the end of the recording.
    pitch_rad, pitch_rate_radps
        Per segment in the order of ``SEGMENTS``, in the segment's own vertical plane, shape (n, 8).
    world_from_segment
        Orientation of each segment, shape (n, 8, 3, 3).
    heading_rad
        Direction of walking, rad about +z, shape (n,).
    point_names, point_position_m
        Body points, k of them, and their positions, shape (n, k, 3).
    joint_angle_deg
        ``knee_flexion_left_deg``, ``hip_flexion_...``, ``ankle_dorsiflexion_...``, ``pelvis_tilt_deg``,
        each of shape (n,).
    root_position_m, root_velocity_mps
        Midpoint of the hips, shape (n, 3).
    events
        All contacts within the recording; ``sd_s`` is 0.
    strides
        All strides within the recording, with length (over ground or belt).
    parameters
        (name, side) -> mean over the strides; side is ``"left"``, ``"right"`` or ``"both"``.
    imus, cameras
        By stream name.
    """

    time_s: Floats
    pitch_rad: Floats
    pitch_rate_radps: Floats
    world_from_segment: Floats
    heading_rad: Floats
    point_names: tuple[str, ...]
    point_position_m: Floats
    joint_angle_deg: Mapping[str, Floats]
    root_position_m: Floats
    root_velocity_mps: Floats
    events: GaitEvents
    strides: tuple[Stride, ...]
    parameters: Mapping[tuple[str, str], float]
    imus: Mapping[str, ImuTruth]
    cameras: Mapping[str, CameraTruth]

    def point(self, name: str) -> Floats:
        """Return the track of a body point, m, shape (n, 3)."""
        return self.point_position_m[:, self.point_names.index(name)]


def make_truth(walk: Walk, end_s: float, imus: Mapping[str, ImuTruth], cameras: Mapping[str, CameraTruth]) -> Truth:
    """Return the truth of a walk of ``end_s`` seconds."""
    time_s = np.arange(int(end_s * RATE_HZ) + 1) / RATE_HZ
    pitch = walk.pitch_rad(time_s)
    root, velocity, _ = walk.root(time_s)
    rotation = np.stack([walk.turned(index, time_s).rotation for index in range(len(SEGMENTS))], axis=1)
    points = np.stack([walk.point(walk.anatomy.point(name), time_s) for name in TRUTH_POINTS], axis=1)
    strides = _strides(walk, end_s)
    return Truth(
        time_s=time_s,
        pitch_rad=pitch,
        pitch_rate_radps=walk.pitch_rad(time_s, order=1),
        world_from_segment=rotation,
        heading_rad=walk.heading_rad(time_s),
        point_names=TRUTH_POINTS,
        point_position_m=points,
        joint_angle_deg=joint_angles_deg(pitch) if walk.space is None else flexions_deg(rotation, pitch),
        root_position_m=root,
        root_velocity_mps=velocity,
        events=_events(walk, end_s),
        strides=strides,
        parameters=_parameters(walk, strides),
        imus=imus,
        cameras=cameras,
    )


def joint_angles_deg(pitch_rad: Floats) -> dict[str, Floats]:
    """Return the sagittal joint angles of segment pitches, shape (n, 8); flexion positive."""
    pitch = dict(zip(SEGMENTS, np.degrees(pitch_rad).T, strict=True))
    angles = {"pelvis_tilt_deg": pitch["pelvis"]}
    for side in SIDES:
        thigh, shank, foot = (pitch[f"{side}_{part}"] for part in ("thigh", "shank", "foot"))
        angles[f"hip_flexion_{side}_deg"] = pitch["pelvis"] - thigh
        angles[f"knee_flexion_{side}_deg"] = shank - thigh
        angles[f"ankle_dorsiflexion_{side}_deg"] = shank - foot
    return angles


def flexions_deg(world_from_segment: Floats, pitch_rad: Floats) -> dict[str, Floats]:
    """Return joint angles of segments in space: turn of the distal about the proximal one's leftward axis.

    In the plane this is the difference of the pitches, to rounding.
    """
    angles = {"pelvis_tilt_deg": np.degrees(pitch_rad[:, SEGMENTS.index("pelvis")])}
    for side in SIDES:
        thigh, shank, foot = (f"{side}_{part}" for part in ("thigh", "shank", "foot"))
        for name, upper, lower, sign in (
            ("hip_flexion", "pelvis", thigh, -1.0),
            ("knee_flexion", thigh, shank, 1.0),
            ("ankle_dorsiflexion", shank, foot, -1.0),
        ):
            first, second = (world_from_segment[:, SEGMENTS.index(segment)] for segment in (upper, lower))
            turn = np.swapaxes(first, 1, 2) @ second
            angles[f"{name}_{side}_deg"] = sign * np.degrees(np.arctan2(turn[:, 0, 2], turn[:, 2, 2]))
    return angles


def _events(walk: Walk, end_s: float) -> GaitEvents:
    times, sides, kinds = [], [], []
    for side, plan in walk.feet.items():
        for kind, event_s in (("ic", plan.ic_s), ("fc", plan.fc_s)):
            inside = event_s[(event_s >= 0.0) & (event_s <= end_s)]
            times.append(inside)
            sides += [side] * len(inside)
            kinds += [kind] * len(inside)
    time_s = np.concatenate(times)
    return GaitEvents(time_s, np.array(sides), np.array(kinds), np.zeros(len(time_s)), np.full(len(time_s), "model"))


def _strides(walk: Walk, end_s: float) -> tuple[Stride, ...]:
    strides = []
    for side, plan in walk.feet.items():
        other = walk.feet["right" if side == "left" else "left"]
        stood = {index for index, _, _, _ in plan.stands}
        for index in np.flatnonzero((plan.ic_s[:-1] >= 0.0) & (plan.ic_s[1:] <= end_s)):
            if int(index) in stood:
                continue
            start_s, stop_s = plan.ic_s[index], plan.ic_s[index + 1]
            stride = Stride(
                side=side,
                start_s=float(start_s),
                end_s=float(stop_s),
                fc_s=float(plan.fc_s[index]),
                other_fc_s=_first_after(other.fc_s, start_s),
                other_ic_s=_first_after(other.ic_s, start_s),
                length_m=float(plan.heel_x_m[index + 1] - plan.heel_x_m[index]),
                length_sd_m=0.0,
                timing_sd_s=0.0,
            )
            strides.append(stride)
    return tuple(sorted(strides, key=lambda stride: stride.start_s))


def _first_after(event_s: Floats, start_s: float) -> float:
    return float(event_s[np.searchsorted(event_s, start_s, side="right")])


def _parameters(walk: Walk, strides: tuple[Stride, ...]) -> dict[tuple[str, str], float]:
    """Return mean spatio-temporal parameters (definitions of Kluge et al. 2021)."""
    values: dict[tuple[str, str], float] = {}
    for side in SIDES:
        mine = [stride for stride in strides if stride.side == side]
        if not mine:
            continue
        rows = np.array([_stride_values(walk, stride) for stride in mine])
        values |= {(name, side): float(mean) for name, mean in zip(_STRIDE_NAMES, rows.mean(axis=0), strict=True)}
    for name in _STRIDE_NAMES:
        both = [values[name, side] for side in SIDES if (name, side) in values]
        if both:
            values[name, "both"] = float(np.mean(both))
    if strides:
        covered_m, taken_s = (sum(v) for v in zip(*((s.length_m, s.duration_s) for s in strides), strict=True))
        values["walking_speed_mps", "both"] = covered_m / taken_s
        values["cadence_spm", "both"] = 120.0 * len(strides) / taken_s
    return values


_STRIDE_NAMES = (
    "stride_length_m",
    "stride_time_s",
    "step_length_m",
    "step_time_s",
    "stance_time_s",
    "swing_time_s",
    "single_support_time_s",
    "double_support_time_s",
    "stance_percent",
    "swing_percent",
    "single_support_percent",
    "double_support_percent",
)


def _stride_values(walk: Walk, stride: Stride) -> tuple[float, ...]:
    """Return one stride's values in the order of ``_STRIDE_NAMES``; its step ends the stride."""
    duration = stride.duration_s
    stance = stride.fc_s - stride.start_s
    single = stride.other_ic_s - stride.other_fc_s
    double = stance - single
    mine, other = walk.feet[stride.side], walk.feet["right" if stride.side == "left" else "left"]
    place_m = mine.heel_x_m[np.searchsorted(mine.ic_s, stride.end_s)]
    step_m = place_m - other.heel_x_m[np.searchsorted(other.ic_s, stride.other_ic_s)]
    times = (stance, duration - stance, single, double)
    return (
        stride.length_m,
        duration,
        float(step_m),
        stride.end_s - stride.other_ic_s,
        *times,
        *(100.0 * value / duration for value in times),
    )
