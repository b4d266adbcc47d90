"""Read the filter's states: orientations, rates, points, their covariances, and what was measured when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from fusion.body.skeleton import SKELETON_POINTS, Skeleton
from fusion.estimator import measurements
from fusion.estimator.filter import KINDS
from fusion.estimator.inputs import part_of
from fusion.estimator.schedule import Chains, Schedule, chains
from fusion.estimator.state import E_SEGMENT, E_STRIDE, E_TAU, N_SEGMENTS, X_SEGMENT, X_STRIDE, X_TAU
from fusion.frames import quaternion_from_matrix
from fusion.types import SEGMENTS, Flags, Floats, Motion, Samples

ENDS = {
    "thigh": ("hip", "knee"),
    "shank": ("knee", "ankle"),
    "foot": ("ankle", "toe"),
}
"""Both ends of a segment must be seen for a camera to measure it."""

_RECENT_S = 0.05
"""A segment counts as measured when a sample or frame lies within this time."""


@dataclass(frozen=True, slots=True)
class Run:
    """The filter's raw result at every event; kept for tests and for the live mode."""

    schedule: Schedule
    active: Samples
    x: Floats
    P: Floats
    counts: Floats
    taken: Flags
    law: Floats


def places(active: Samples, cameras: int) -> Samples:
    """Return the row of each error state in the covariance, -1 when it is masked out."""
    place = np.full(E_TAU + cameras, -1, dtype=np.int64)
    place[active] = np.arange(active.size)
    return place


def read_motion(run: Run, skeleton: Skeleton) -> Motion:
    """Return the motion that a run of the filter found."""
    schedule = run.schedule
    at_tick = ~schedule.event_is_frame
    x, P = run.x[at_tick], run.P[at_tick]
    ticks = schedule.tick_time_s.size
    blocks = x[:, X_SEGMENT : X_SEGMENT + X_STRIDE * N_SEGMENTS].reshape(ticks, N_SEGMENTS, X_STRIDE)
    quaternion = quaternion_from_matrix(blocks[:, :, :9].reshape(ticks, N_SEGMENTS, 3, 3))
    place = places(run.active, len(schedule.camera_names))
    pitch_place = np.array([place[E_SEGMENT + E_STRIDE * s + 1] for s in range(N_SEGMENTS)])
    free = pitch_place >= 0
    covariance = np.full((ticks, N_SEGMENTS, N_SEGMENTS), np.nan)
    covariance[np.ix_(np.arange(ticks), free, free)] = P[
        np.ix_(np.arange(ticks), pitch_place[free], pitch_place[free])
    ]
    skeleton_chains = chains([skeleton.point_chain(name) for name in SKELETON_POINTS])
    position, sd = _points(x, P, place, skeleton_chains)
    carried = _carried(skeleton_chains, free)
    position[:, ~carried] = np.nan
    sd[:, ~carried] = np.nan
    rates, accels = blocks[:, :, 9:12].copy(), blocks[:, :, 12:15].copy()
    for hidden in np.nonzero(~free)[0]:
        quaternion[:, hidden] = rates[:, hidden] = accels[:, hidden] = np.nan
    tau = {name: float(run.x[-1, X_TAU + index]) for index, name in enumerate(schedule.camera_names)}
    tau_sd = {
        name: float(np.sqrt(max(0.0, run.P[-1, place[E_TAU + index], place[E_TAU + index]])))
        if place[E_TAU + index] >= 0
        else 0.0
        for index, name in enumerate(schedule.camera_names)
    }
    return Motion(
        time_s=schedule.tick_time_s,
        world_from_segment=quaternion,
        angular_rate_radps=rates,
        angular_accel_radps2=accels,
        root_position_m=x[:, 0:3].copy(),
        root_velocity_mps=x[:, 3:6].copy(),
        point_names=SKELETON_POINTS,
        point_position_m=position,
        point_sd_m=sd,
        pitch_covariance_rad2=covariance,
        observed=_observed(run),
        measured=_measured(run),
        time_offset_s=tau,
        time_offset_sd_s=tau_sd,
        diagnostics=_diagnostics(run.counts),
    )


def _points(x: Floats, P: Floats, place: Samples, body: Chains) -> tuple[Floats, Floats]:
    return _point_tracks(x, P, place, body.segments, body.offsets, body.hip)


@njit(cache=True)
def _point_tracks(
    x: Floats, P: Floats, place: Samples, segments: Samples, offsets: Floats, hip: Samples
) -> tuple[Floats, Floats]:
    """Positions and standard deviations of skeleton points at every tick, (t, k, 3) each."""
    ticks, count = x.shape[0], segments.shape[0]
    position = np.empty((ticks, count, 3))
    sd = np.zeros((ticks, count, 3))
    H = np.zeros((3, place.shape[0]))
    columns = np.zeros(2 * place.shape[0], dtype=np.int64)  # touched ones, then those of them that count
    for t in range(ticks):
        for k in range(count):
            X, _, touched = measurements.point(x[t], segments[k], offsets[k], hip[k], 0.0, H, columns)
            position[t, k] = X
            for row in range(3):
                used = 0
                for a in range(touched):
                    if place[columns[a]] >= 0 and H[row, columns[a]] != 0.0:
                        columns[used + touched] = columns[a]
                        used += 1
                total = 0.0
                for a in range(touched, touched + used):
                    for b in range(touched, touched + used):
                        share = H[row, columns[a]] * H[row, columns[b]]
                        total += share * P[t, place[columns[a]], place[columns[b]]]
                sd[t, k, row] = np.sqrt(max(0.0, total))
    return position, sd


def _carried(skeleton_chains: Chains, free: Flags) -> Flags:
    used = skeleton_chains.segments
    return np.array([all(free[s] for s in row if s >= 0) for row in used], dtype=np.bool_)


def _observed(run: Run) -> Flags:
    """Whether a camera saw each skeleton point, and was believed, within one frame of each tick, shape (t, k)."""
    schedule = run.schedule
    out = np.zeros((schedule.tick_time_s.size, len(SKELETON_POINTS)), dtype=np.bool_)
    for column, name in enumerate(SKELETON_POINTS):
        if name not in schedule.point_names or not schedule.frame_time_s.size:
            continue
        k = schedule.point_names.index(name)
        shown = run.taken[:, k]
        reach = 1.0 / schedule.camera_rate_hz[schedule.frame_camera]
        out[:, column] = _within(schedule.tick_time_s, schedule.frame_time_s[shown], reach[shown])
    return out


def _measured(run: Run) -> Flags:
    """Whether a wearable or a camera measured each segment at each tick, shape (t, 8)."""
    schedule = run.schedule
    out = np.zeros((schedule.tick_time_s.size, N_SEGMENTS), dtype=np.bool_)
    observed = _observed(run)
    for index, segment in enumerate(SEGMENTS):
        sampled = np.isfinite(schedule.gyro_radps[:, index, 0])
        times = schedule.tick_time_s[sampled]
        out[:, index] = _within(schedule.tick_time_s, times, np.full(times.size, _RECENT_S))
        part = part_of(segment)
        if part in ENDS:
            side = segment.split("_")[0]
            ends = [SKELETON_POINTS.index(f"{side}_{end}") for end in ENDS[part]]
            out[:, index] |= observed[:, ends].all(axis=1)
        elif part == "trunk":
            shoulders = [SKELETON_POINTS.index(name) for name in ("left_shoulder", "right_shoulder", "neck")]
            out[:, index] |= observed[:, shoulders].any(axis=1)
    return out


def _within(at_s: Floats, times_s: Floats, reach_s: Floats) -> Flags:
    if not times_s.size:
        return np.zeros(at_s.size, dtype=np.bool_)
    after = np.clip(np.searchsorted(times_s, at_s), 0, times_s.size - 1)
    before = np.clip(after - 1, 0, times_s.size - 1)
    near_after = np.abs(times_s[after] - at_s) <= reach_s[after]
    near_before = np.abs(times_s[before] - at_s) <= reach_s[before]
    return np.asarray(near_after | near_before)


def _diagnostics(counts: Floats) -> dict[str, float]:
    out: dict[str, float] = {}
    for kind, name in enumerate(("gyro", "accel", "up", "camera")[:KINDS]):
        total, rows, rejected, rescued, swapped = counts[kind]
        out[f"nis_{name}"] = float(total / rows) if rows else float("nan")
        out[f"rows_{name}"] = float(rows)
        out[f"rejected_{name}"] = float(rejected)
        out[f"rescued_{name}"] = float(rescued)
        if name == "camera":
            out["swapped_camera"] = float(swapped)
    return out
