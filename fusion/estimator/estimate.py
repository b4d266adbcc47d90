"""Run the filter and the smoother, and return the motion with its uncertainty.

1. Lay the measurements on one time line (``schedule``).
2. Free the error states of the segments that something measures (``state.active_errors``).
3. Start: the body stands, the root where the first frames see it; wide covariances.
4. Forward (``filter.forward``), backward (``smoother.backward``) unless only the causal estimate is wanted.
5. Read segment orientations, rates, joint points and their covariances at the ticks.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fusion.body.skeleton import segment_index
from fusion.errors import SignalError
from fusion.estimator._gait_law import LAW_SIZE
from fusion.estimator.filter import KINDS, Belief, Model, Readings, Trace, forward
from fusion.estimator.gait_prior import new_memory
from fusion.estimator.inputs import Inputs, PixelPoints, Settings, part_of
from fusion.estimator.prior import HABITUAL, habit, posture_rows
from fusion.estimator.process import TURN_DENSITY
from fusion.estimator.readout import ENDS, Run, places, read_motion
from fusion.estimator.schedule import Schedule, build_schedule
from fusion.estimator.smoother import backward
from fusion.estimator.state import (
    E_BELT,
    E_HIP,
    E_PHASE,
    E_SEGMENT,
    E_STRIDE,
    E_TAU,
    active_errors,
    initial_state,
)
from fusion.types import SEGMENTS, Floats, Motion, Samples, WorldPoints


def estimate_motion(inputs: Inputs, settings: Settings | None = None, *, causal: bool = False) -> Motion:
    """Return the motion of the body from wearables and keypoints.

    Parameters
    ----------
    inputs
        Skeleton, wearables in segment axes, keypoints, all on the reference clock.
    settings
        Noise and robustness; the defaults describe walking adults and children.
    causal
        Return what a live system would know at each tick instead of the smoothed estimate.

    Raises
    ------
    SignalError
        Nothing to estimate from.
    """
    settings = settings or Settings()
    run = run_filter(inputs, settings, causal=causal)
    return read_motion(run, inputs.skeleton)


def run_filter(inputs: Inputs, settings: Settings, *, causal: bool = False) -> Run:
    """Return states and covariances at every event, smoothed unless ``causal``."""
    segments = measured_segments(inputs)
    if not segments:
        raise SignalError("no segment is measured: no wearable and no usable keypoint. Add a sensor.")
    schedule = build_schedule(inputs, settings, segments)
    active = _active(schedule, segments, inputs, settings)
    first = _pass(schedule, active, segments, inputs, settings, causal=causal)
    instrumented = tuple(segment_index(imu.segment) for imu in inputs.imus)
    bare = {index for index in segments if part_of(SEGMENTS[index]) in HABITUAL} - set(instrumented)
    if "habit" not in settings.prior or not instrumented or not schedule.frame_time_s.size or not bare:
        return first
    learned = habit(read_motion(first, inputs.skeleton), instrumented, settings, causal=causal)
    if learned is None:
        return first
    hidden = np.isfinite(learned.variance)
    filled = replace(
        schedule,
        up=np.where(hidden[:, :, None], learned.up, schedule.up),
        up_variance=np.where(hidden, learned.variance, schedule.up_variance),
    )
    return _pass(filled, active, segments, inputs, settings, causal=causal)


def _active(schedule: Schedule, segments: tuple[int, ...], inputs: Inputs, settings: Settings) -> Samples:
    cameras = tuple(
        index
        for index, name in enumerate(schedule.camera_names)
        if inputs.time_offset_sd_s.get(name, 0.0) > 0.0 and inputs.imus
    )
    seen = schedule.frame_time_s.size > 0
    return active_errors(
        segments, cameras, planar=settings.planar, hips=seen, phase=uses_phase(segments, inputs, settings)
    )


def uses_phase(segments: tuple[int, ...], inputs: Inputs, settings: Settings) -> bool:
    """Say whether the gait law has something to do: a segment of a leg without a wearable of its own."""
    worn = {segment_index(imu.segment) for imu in inputs.imus}
    return "gait" in settings.prior and any(s >= 2 and s not in worn for s in segments)


def _pass(
    schedule: Schedule,
    active: Samples,
    segments: tuple[int, ...],
    inputs: Inputs,
    settings: Settings,
    *,
    causal: bool,
) -> Run:
    """Filter once, and smooth unless ``causal``."""
    model = filter_model(schedule, active, segments, settings)
    belief = first_belief(schedule, model, segments, inputs, settings)
    trace = empty_trace(schedule.event_time_s.size, schedule.frame_values.shape[:2], belief)
    forward(model, readings_of(schedule), belief, trace)
    if not causal:
        backward(
            active, model.place, model.process, schedule.event_time_s, trace.x_prior, trace.P_prior, trace.x_post,
            trace.P_post, trace.law,
        )  # fmt: skip
    return Run(schedule, active, trace.x_post, trace.P_post, belief.counts, trace.taken, trace.law)


def filter_model(schedule: Schedule, active: Samples, segments: tuple[int, ...], settings: Settings) -> Model:
    """Return what the compiled filter needs to know and does not change."""
    gyro_variance, accel_variance = _sensor_variances(settings)
    options = [settings.gate, settings.student_nu, settings.swap_margin, float(settings.use_accelerometers)]
    return Model(
        active=active,
        place=places(active, len(schedule.camera_names)),
        process=_process_parameters(settings),
        rows_turn=np.array([1] if settings.planar else [0, 1, 2], dtype=np.int64),
        rows_move=np.array([0, 2] if settings.planar else [0, 1, 2], dtype=np.int64),
        options=np.array(options),
        gyro_variance=gyro_variance,
        accel_variance=accel_variance,
        posture=posture_rows(segments, settings),
        sensor_segments=schedule.sensor_chains.segments,
        sensor_offsets=schedule.sensor_chains.offsets,
        point_segments=schedule.point_chains.segments,
        point_offsets=schedule.point_chains.offsets,
        point_hip=schedule.point_chains.hip,
        is_pinhole=schedule.camera_is_pinhole,
        geometry=schedule.camera_geometry,
        line_time_s=schedule.camera_line_time_s,
        pairs=schedule.pairs,
    )


def readings_of(schedule: Schedule) -> Readings:
    """Return what was measured, as the compiled filter takes it."""
    return Readings(
        gyro=schedule.gyro_radps,
        accel=schedule.accel_mps2,
        upward=schedule.up,
        up_variance=schedule.up_variance,
        frame_camera=schedule.frame_camera,
        frame_values=schedule.frame_values,
        frame_sd=schedule.frame_sd,
        event_time_s=schedule.event_time_s,
        event_is_frame=schedule.event_is_frame,
        event_index=schedule.event_index,
    )


def first_belief(
    schedule: Schedule, model: Model, segments: tuple[int, ...], inputs: Inputs, settings: Settings
) -> Belief:
    """Return what the filter believes before the first event."""
    worn = tuple(segment_index(imu.segment) for imu in inputs.imus)
    points = len(schedule.point_names)
    return Belief(
        x=_start(schedule),
        P=np.diag(_initial_variance(schedule, inputs, settings)[model.active]),
        clock=np.array([np.nan, 0.0]),
        counts=np.zeros((KINDS, 5)),
        rejected_sensor=np.zeros((4, len(SEGMENTS)), dtype=np.int64),
        rejected_point=np.zeros((max(1, len(schedule.camera_names)), max(1, points)), dtype=np.int64),
        gait=new_memory(segments, worn, _ends(schedule.point_names), points, uses_phase(segments, inputs, settings)),
    )


def empty_trace(events: int, frames: tuple[int, ...], belief: Belief) -> Trace:
    """Return room for what the filter leaves behind at each event."""
    n = belief.P.shape[0]
    return Trace(
        x_prior=np.empty((events, belief.x.size)),
        P_prior=np.empty((events, n, n)),
        x_post=np.empty((events, belief.x.size)),
        P_post=np.empty((events, n, n)),
        law=np.zeros((events, LAW_SIZE)),
        taken=np.zeros(frames, dtype=np.bool_),
    )


def _ends(names: tuple[str, ...]) -> Samples:
    """Return the columns of the keypoints at both ends of each segment, -1 where they are missing, shape (8, 2)."""
    out = np.full((len(SEGMENTS), 2), -1, dtype=np.int64)
    for index, segment in enumerate(SEGMENTS):
        side, _, part = segment.partition("_")
        wanted = [f"{side}_{end}" for end in ENDS[part]] if part in ENDS else []
        if segment == "trunk":
            wanted = ["left_shoulder", "right_shoulder"]
        if wanted and set(wanted) <= set(names):
            out[index] = [names.index(name) for name in wanted]
    return out


def measured_segments(inputs: Inputs) -> tuple[int, ...]:
    """Return the indices of the segments that a wearable or a camera measures, or that link two such.

    A thigh between a measured pelvis and a measured shank is kept: the chain of accelerations measures it.
    """
    found = {imu.segment for imu in inputs.imus}
    cameras: tuple[WorldPoints | PixelPoints, ...] = (*inputs.points, *inputs.pixels)
    for camera in cameras:
        values = camera.position_px if isinstance(camera, PixelPoints) else camera.position_m
        seen = {name for k, name in enumerate(camera.names) if bool(np.isfinite(values[:, k]).any())}
        for side in ("left", "right"):
            for part, ends in ENDS.items():
                if {f"{side}_{end}" for end in ends} <= seen:
                    found.add(f"{side}_{part}")
        if {"left_shoulder", "right_shoulder"} & seen or "neck" in seen:
            found.add("trunk")
    for side in ("left", "right"):
        if f"{side}_shank" in found or f"{side}_foot" in found:
            found |= {f"{side}_thigh", f"{side}_shank"}
    if any(segment.endswith("thigh") for segment in found):
        found.add("pelvis")
    return tuple(sorted(segment_index(segment) for segment in found))


def _process_parameters(settings: Settings) -> Floats:
    density = [
        2.0 * settings.turn_accel_sd_radps2[part_of(segment)] ** 2 / settings.turn_correlation_s
        for segment in SEGMENTS
    ]
    root = 2.0 * settings.root_accel_sd_mps2**2 / settings.root_correlation_s
    head = [
        settings.root_correlation_s,
        root,
        settings.turn_correlation_s,
        settings.bias_walk_radps_rts**2,
        settings.tau_walk_s_rts**2,
        settings.hip_correlation_s,
        settings.hip_sd_m**2,
        settings.belt_walk_mps_rts**2,
    ]
    assert len(head) == TURN_DENSITY
    return np.array(head + density)


def _sensor_variances(settings: Settings) -> tuple[Floats, Floats]:
    rate = settings.tick_rate_hz
    gyro = [settings.gyro_density_radps_rthz[part_of(segment)] ** 2 * rate for segment in SEGMENTS]
    accel = [settings.accel_sd_mps2[part_of(segment)] ** 2 * rate / 100.0 for segment in SEGMENTS]
    return np.array(gyro), np.array(accel)


def _start(schedule: Schedule) -> Floats:
    x = initial_state(len(schedule.camera_names))
    position, velocity = _first_root(schedule)
    x[0:3] = position
    x[3:6] = velocity
    return x


def _initial_variance(schedule: Schedule, inputs: Inputs, settings: Settings) -> Floats:
    variance = np.zeros(E_TAU + len(schedule.camera_names))
    variance[0:3] = 0.3**2 if schedule.frame_time_s.size else 1e-4
    variance[3:6] = 1.0 if schedule.frame_time_s.size else 1.5**2
    variance[6:9] = settings.root_accel_sd_mps2**2
    for segment, name in enumerate(SEGMENTS):
        start = E_SEGMENT + E_STRIDE * segment
        upright = part_of(name) in ("pelvis", "trunk")
        variance[start : start + 3] = settings.initial_pitch_sd_rad**2 * (0.25 if upright else 1.0)
        variance[start + 3 : start + 6] = 3.0**2
        variance[start + 6 : start + 9] = settings.turn_accel_sd_radps2[part_of(name)] ** 2
        variance[start + 9 : start + 12] = settings.initial_bias_sd_radps**2
    variance[E_HIP : E_HIP + 6] = settings.hip_sd_m**2
    variance[E_PHASE : E_PHASE + 3] = 0.3
    variance[E_BELT] = 1.0
    for index, name in enumerate(schedule.camera_names):
        variance[E_TAU + index] = inputs.time_offset_sd_s.get(name, 0.0) ** 2
    return variance


def _first_root(schedule: Schedule, seconds: float = 0.7) -> tuple[Floats, Floats]:
    """Root position and velocity at the first event, from the hips in the first frames that show them."""
    hips = [k for k, name in enumerate(schedule.point_names) if name in ("left_hip", "right_hip", "pelvis")]
    if not schedule.frame_time_s.size or not hips:
        return np.zeros(3), np.zeros(3)
    shown = np.nonzero(np.isfinite(schedule.frame_values[:, hips, 0]).any(axis=1))[0]
    if not shown.size:
        return np.zeros(3), np.zeros(3)
    first = shown[schedule.frame_time_s[shown] <= schedule.frame_time_s[shown[0]] + seconds]
    time_s = schedule.frame_time_s[first]
    roots = np.array([_root_of_frame(schedule, frame, hips) for frame in first])
    start_s = float(schedule.event_time_s[0])
    if first.size < 4:
        return np.nan_to_num(roots[0]), np.zeros(3)
    slope = np.array([np.polyfit(time_s - time_s[0], np.nan_to_num(roots[:, i]), 1)[0] for i in range(3)])
    slope = np.clip(slope, -3.0, 3.0)
    middle = np.nan_to_num(np.nanmedian(roots, axis=0) if np.isfinite(roots).any() else np.zeros(3))
    waited = float(np.median(time_s)) - start_s
    if waited > 1.5:
        slope = np.zeros(3)
    return middle - slope * waited, slope


def _root_of_frame(schedule: Schedule, frame: int, hips: list[int]) -> Floats:
    camera = schedule.frame_camera[frame]
    values = schedule.frame_values[frame, hips]
    values = values[np.isfinite(values[:, 0])]
    if not values.size:
        return np.full(3, np.nan)
    if not schedule.camera_is_pinhole[camera]:
        return np.asarray(np.nan_to_num(values.mean(axis=0)))
    geometry = schedule.camera_geometry[camera]
    pixel = values[:, :2].mean(axis=0)
    ray = geometry[4:13].reshape(3, 3).T @ np.array([*((pixel - geometry[2:4]) / geometry[0:2]), 1.0])
    position = geometry[13:16]
    if abs(ray[1]) < 0.1:
        return np.array([position[0], 0.0, 1.0])
    return np.asarray(position - ray * position[1] / ray[1])
