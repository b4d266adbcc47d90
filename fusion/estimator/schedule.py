"""Lay all measurements on one time line: wearables averaged onto ticks, frames at their own times.

A tick holds the mean of each wearable's signal over one tick interval, found by integrating the linear
interpolant; any sampling rate, jitter and packet loss then needs no special case. A tick that touches a gap is
NaN. Events are processed in the order of their time; a tick comes before a frame at the same time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fusion.body.skeleton import Chain, Skeleton, segment_index
from fusion.errors import SignalError
from fusion.estimator.inputs import Inputs, PixelPoints, Settings
from fusion.estimator.level import in_plane, with_attitude
from fusion.estimator.state import N_SEGMENTS
from fusion.frames import GRAVITY_MPS2
from fusion.types import SIDES, Flags, Floats, PlacedImu, Samples, WorldPoints

LONGEST_CHAIN = 5
GAP_SAMPLES = 2.5
"""Times between samples above this many sample periods are a gap."""

BODY_SPEED_MPS = 1.0
"""Change of velocity of a worn sensor between the ends of a recording: from walking to standing, or a swing."""

_PAIRED = ("knee", "ankle", "heel", "toe")
"""Points whose sides a detector swaps; hips lie too close together in a side view to tell."""


@dataclass(frozen=True, slots=True)
class Chains:
    """Kinematic chains as arrays: segment indices (-1 after the end), offsets in m, and which hip they pass.

    ``hip`` is 0 for the left leg, 1 for the right, -1 for points above the hips.
    """

    segments: Samples
    offsets: Floats
    hip: Samples


@dataclass(frozen=True, slots=True)
class Schedule:
    """All measurements in the order in which the filter takes them.

    Attributes
    ----------
    tick_time_s, gyro_radps, accel_mps2, up, up_variance
        Shapes (t,), then (t, 8, 3) each, and (t, 8); NaN where no sensor measured.
    frame_time_s, frame_camera, frame_values, frame_sd
        Shapes (f,), (f,), (f, k, 3), (f, k, 3); pixels use the first two columns; NaN where unusable.
    event_time_s, event_is_frame, event_index
        The merged order, shape (e,).
    point_names, point_chains, sensor_chains
        What the columns k stand for, and the chains of points and sensors.
    camera_names, camera_is_pinhole, camera_geometry, camera_line_time_s, camera_rate_hz
        One row per camera; geometry as ``measurements.pinhole_point`` expects.
    pairs
        Columns (left, right) of points that may be swapped, shape (q, 2).
    """

    tick_time_s: Floats
    gyro_radps: Floats
    accel_mps2: Floats
    up: Floats
    up_variance: Floats
    frame_time_s: Floats
    frame_camera: Samples
    frame_values: Floats
    frame_sd: Floats
    event_time_s: Floats
    event_is_frame: Flags
    event_index: Samples
    point_names: tuple[str, ...]
    point_chains: Chains
    sensor_chains: Chains
    camera_names: tuple[str, ...]
    camera_is_pinhole: Flags
    camera_geometry: Floats
    camera_line_time_s: Floats
    camera_rate_hz: Floats
    pairs: Samples


def build_schedule(inputs: Inputs, settings: Settings, segments: tuple[int, ...]) -> Schedule:
    """Return the schedule of one run.

    ``segments`` are those that the filter estimates; a point that hangs on another one is left out.

    Raises
    ------
    SignalError
        There is no measurement at all, or fewer than two ticks of them.
    """
    start_s, end_s = inputs.span_s or _span(inputs)
    period_s = 1.0 / settings.tick_rate_hz
    tick_time_s = np.arange(start_s, end_s + 0.5 * period_s, period_s)
    if tick_time_s.size < 2:
        raise SignalError(
            f"the streams overlap for {end_s - start_s:.3f} s only; the estimator needs at least two ticks. "
            "Check that the recording is not empty."
        )
    gyro = np.full((tick_time_s.size, N_SEGMENTS, 3), np.nan)
    accel, up = np.full_like(gyro, np.nan), np.full_like(gyro, np.nan)
    up_variance = np.full(up.shape[:2], np.nan)
    attitude = in_plane if settings.planar else with_attitude
    for levelled in inputs.levelled or tuple(attitude(imu) for imu in inputs.imus):
        imu = levelled.imu
        column = segment_index(imu.segment)
        up[:, column] = tick_means(imu.time_s, levelled.up, imu.rate_hz, tick_time_s)
        up_variance[:, column] = _up_variance(settings, float(imu.time_s[-1] - imu.time_s[0]))
        gyro[:, column] = tick_means(imu.time_s, imu.gyro_radps, imu.rate_hz, tick_time_s)
        accel[:, column] = tick_means(imu.time_s, imu.accel_mps2, imu.rate_hz, tick_time_s)
    cameras: tuple[WorldPoints | PixelPoints, ...] = (*inputs.points, *inputs.pixels)
    names = _point_names(inputs.skeleton, cameras, segments)
    frames = _frames(cameras, names, settings, (start_s, end_s))
    event_time_s = np.concatenate([tick_time_s, frames[0]])
    is_frame = np.repeat([False, True], [tick_time_s.size, frames[0].size])
    order = np.lexsort((is_frame, event_time_s))
    index = np.concatenate([np.arange(tick_time_s.size), np.arange(frames[0].size)])
    return Schedule(
        tick_time_s=tick_time_s,
        gyro_radps=gyro,
        accel_mps2=accel,
        up=up,
        up_variance=up_variance,
        frame_time_s=frames[0],
        frame_camera=frames[1],
        frame_values=frames[2],
        frame_sd=frames[3],
        event_time_s=event_time_s[order],
        event_is_frame=is_frame[order],
        event_index=index[order],
        point_names=names,
        point_chains=chains([inputs.skeleton.point_chain(name) for name in names]),
        sensor_chains=chains(sensor_chains(inputs.skeleton, inputs.imus)),
        camera_names=tuple(_name(camera) for camera in cameras),
        camera_is_pinhole=np.array([isinstance(camera, PixelPoints) for camera in cameras], dtype=np.bool_),
        camera_geometry=np.array([_geometry(camera) for camera in cameras]).reshape(len(cameras), 16),
        camera_line_time_s=np.array(
            [camera.camera.line_time_s if isinstance(camera, PixelPoints) else 0.0 for camera in cameras]
        ),
        camera_rate_hz=np.array([_frame_rate(camera.time_s) for camera in cameras]),
        pairs=_pairs(names),
    )


def _up_variance(settings: Settings, duration_s: float) -> float:
    """Variance per tick of an attitude found over ``duration_s``.

    Over T seconds gravity is known to the change of velocity that the body may have made, v / (g T).
    """
    start = BODY_SPEED_MPS / (GRAVITY_MPS2 * max(duration_s, 0.1))
    lasting = 1.0 + 2.0 * settings.up_correlation_s * settings.tick_rate_hz
    return (settings.up_sd**2 + start**2) * lasting


def tick_means(time_s: Floats, values: Floats, rate_hz: float, tick_time_s: Floats) -> Floats:
    """Return the mean of a signal over one tick interval around each tick.

    Parameters
    ----------
    time_s, values
        Samples, shapes (n,) increasing and (n, k); NaN rows are missing.
    rate_hz
        Nominal rate; longer intervals than ``GAP_SAMPLES`` periods are gaps.
    tick_time_s
        Evenly spaced ticks, shape (t,).

    Returns
    -------
    ndarray, shape (t, k)
        NaN where the interval touches a gap or leaves the signal.
    """
    known = np.isfinite(values).all(axis=1) & np.isfinite(time_s)
    out = np.full((tick_time_s.size, values.shape[1]), np.nan)
    if known.sum() < 2:
        return out
    time_s, values = time_s[known], values[known]
    steps = np.diff(time_s)
    area = np.zeros_like(values)
    area[1:] = np.cumsum(0.5 * (values[1:] + values[:-1]) * steps[:, None], axis=0)
    half = 0.5 * float(tick_time_s[1] - tick_time_s[0])
    low, high = tick_time_s - half, tick_time_s + half
    total = _integral_at(high, time_s, values, area) - _integral_at(low, time_s, values, area)
    out[:] = total / (2.0 * half)
    gaps = steps > GAP_SAMPLES / rate_hz
    gap_start, gap_end = time_s[:-1][gaps], time_s[1:][gaps]
    touched = np.searchsorted(gap_start, high) - np.searchsorted(gap_end, low, side="right")
    slack = 1.0 / rate_hz
    outside = (low < time_s[0] - slack) | (high > time_s[-1] + slack)
    out[(touched > 0) | outside] = np.nan
    return out


def _integral_at(at_s: Floats, time_s: Floats, values: Floats, area: Floats) -> Floats:
    """Integral of the linear interpolant up to ``at_s``; constant beyond the ends."""
    left = np.clip(np.searchsorted(time_s, at_s, side="right") - 1, 0, time_s.size - 2)
    width = time_s[left + 1] - time_s[left]
    into = at_s - time_s[left]
    slope = (values[left + 1] - values[left]) / width[:, None]
    inner = np.clip(into, 0.0, width)
    integral = area[left] + values[left] * inner[:, None] + 0.5 * slope * inner[:, None] ** 2
    beyond = into - inner
    edge = np.where((into > width)[:, None], values[left + 1], values[left])
    return np.asarray(integral + edge * beyond[:, None])


def chains(listed: list[Chain]) -> Chains:
    """Return kinematic chains as arrays, shapes (c, LONGEST_CHAIN), (c, LONGEST_CHAIN, 3) and (c,)."""
    segments = np.full((len(listed), LONGEST_CHAIN), -1, dtype=np.int64)
    offsets = np.zeros((len(listed), LONGEST_CHAIN, 3))
    hip = np.full(len(listed), -1, dtype=np.int64)
    for row, chain in enumerate(listed):
        for column, (segment, offset) in enumerate(chain):
            segments[row, column] = segment_index(segment)
            offsets[row, column] = offset
            if segment == "pelvis" and offset[1] != 0.0:
                hip[row] = 0 if offset[1] > 0.0 else 1
    return Chains(segments, offsets, hip)


def sensor_chains(skeleton: Skeleton, imus: tuple[PlacedImu, ...]) -> list[Chain]:
    """Return one chain per segment, to the sensor where there is one."""
    listed: list[Chain] = [()] * N_SEGMENTS
    for imu in imus:
        chain = skeleton.joint_chain(imu.segment)
        listed[segment_index(imu.segment)] = (*chain, (imu.segment, imu.lever_arm_m))
    return listed


def _span(inputs: Inputs) -> tuple[float, float]:
    streams: tuple[PlacedImu | WorldPoints | PixelPoints, ...] = (*inputs.imus, *inputs.points, *inputs.pixels)
    times = [stream.time_s for stream in streams if stream.time_s.size]
    if not times:
        raise SignalError("there is nothing to estimate from: no wearable and no camera. Add a stream.")
    return float(min(t[0] for t in times)), float(max(t[-1] for t in times))


def _point_names(
    skeleton: Skeleton, cameras: tuple[WorldPoints | PixelPoints, ...], segments: tuple[int, ...]
) -> tuple[str, ...]:
    usable = []
    for name in sorted({name for camera in cameras for name in camera.names}):
        try:
            chain = skeleton.point_chain(name)
        except SignalError:
            continue  # arms
        if all(segment_index(segment) in segments for segment, _ in chain):
            usable.append(name)
    return tuple(usable)


def _frames(
    cameras: tuple[WorldPoints | PixelPoints, ...],
    names: tuple[str, ...],
    settings: Settings,
    span_s: tuple[float, float],
) -> tuple[Floats, Samples, Floats, Floats]:
    times, which, values, sds = [], [], [], []
    for index, camera in enumerate(cameras):
        inside = (camera.time_s >= span_s[0]) & (camera.time_s <= span_s[1])
        count = int(inside.sum())
        value = np.full((count, len(names), 3), np.nan)
        sd = np.full((count, len(names), 3), np.nan)
        pinhole = isinstance(camera, PixelPoints)
        source = camera.position_px if isinstance(camera, PixelPoints) else camera.position_m
        source_sd = camera.sd_px if isinstance(camera, PixelPoints) else camera.sd_m
        axes = 2 if pinhole else 3
        inflation = np.sqrt(1.0 + 2.0 * settings.keypoint_correlation_s * _frame_rate(camera.time_s))
        for column, name in enumerate(names):
            if name not in camera.names:
                continue
            k = camera.names.index(name)
            trusted = camera.confidence[inside, k] >= settings.least_confidence
            usable = trusted[:, None] & np.isfinite(source[inside, k]) & np.isfinite(source_sd[inside, k])
            value[:, column, :axes] = np.where(usable, source[inside, k], np.nan)
            sd[:, column, :axes] = source_sd[inside, k] * inflation
        times.append(camera.time_s[inside])
        which.append(np.full(count, index, dtype=np.int64))
        values.append(value)
        sds.append(sd)
    if not times:
        empty = np.empty((0, len(names), 3))
        return np.empty(0), np.empty(0, dtype=np.int64), empty, empty.copy()
    time_s = np.concatenate(times)
    order = np.argsort(time_s, kind="stable")
    return (
        time_s[order],
        np.concatenate(which)[order],
        np.ascontiguousarray(np.concatenate(values)[order]),
        np.ascontiguousarray(np.concatenate(sds)[order]),
    )


def _name(camera: WorldPoints | PixelPoints) -> str:
    return camera.camera.name if isinstance(camera, PixelPoints) else camera.camera


def _geometry(camera: WorldPoints | PixelPoints) -> Floats:
    if not isinstance(camera, PixelPoints):
        return np.zeros(16)
    known = camera.camera
    return np.concatenate([known.focal_px, known.centre_px, known.camera_from_world.ravel(), known.position_m])


def _frame_rate(time_s: Floats) -> float:
    return float(1.0 / np.median(np.diff(time_s))) if time_s.size > 1 else 30.0


def _pairs(names: tuple[str, ...]) -> Samples:
    rows = [
        [names.index(f"{side}_{part}") for side in SIDES]
        for part in _PAIRED
        if all(f"{side}_{part}" in names for side in SIDES)
    ]
    return np.array(rows, dtype=np.int64).reshape(len(rows), 2)
