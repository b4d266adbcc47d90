"""Made-up walks whose truth is known in closed form, for the tests of this folder."""

from __future__ import annotations

import numpy as np

from fusion.frames import quaternion_from_matrix, rotation_about
from fusion.types import SEGMENTS, GaitEvents, Motion

STRIDE_S = 1.1
STANCE = {"left": 0.62, "right": 0.60}
STRIDE_M = 1.2
POINTS = ("pelvis", "left_ankle", "right_ankle")


def walk_events(
    strides=12,
    *,
    seed=0,
    stride_sd_s=0.0,
    jitter_s=0.0,
    bias_s=None,
    start_s=2.0,
    correlation=0.0,
    sides=("left", "right"),
    sd_s=0.005,
):
    """Contacts of a walk: ``strides`` per foot, right foot half a stride later."""
    random = np.random.default_rng(seed)
    shock = random.normal(size=strides)
    noise = np.zeros(strides)
    noise[0] = shock[0]
    for k in range(1, strides):
        noise[k] = correlation * noise[k - 1] + np.sqrt(1 - correlation**2) * shock[k]
    durations = STRIDE_S + stride_sd_s * noise
    left = start_s + np.concatenate([[0.0], np.cumsum(durations)])
    right = left + 0.5 * np.append(durations, STRIDE_S)
    rows = []
    for side, contact in (("left", left), ("right", right)):
        for k in range(len(contact) - 1):
            rows.append((contact[k], side, "ic"))
            rows.append((contact[k] + STANCE[side] * (contact[k + 1] - contact[k]), side, "fc"))
        rows.append((contact[-1], side, "ic"))
    rows = [row for row in rows if row[1] in sides]
    time = np.array([row[0] for row in rows]) + jitter_s * random.normal(size=len(rows))
    time += np.array([(bias_s or {}).get((row[1], row[2]), 0.0) for row in rows])
    return make_events(time, [row[1] for row in rows], [row[2] for row in rows], sd_s)


def make_events(time_s, side, kind, sd_s=0.005):
    time_s = np.asarray(time_s, dtype=float)
    words = np.array(["imu"] * len(time_s), dtype=np.str_)
    return GaitEvents(time_s, np.array(side), np.array(kind), np.full(len(time_s), sd_s), words)


def edit(events, keep=None, time_s=None, side=None):
    keep = np.ones(len(events.time_s), dtype=bool) if keep is None else keep
    time = events.time_s if time_s is None else time_s
    foot = events.side if side is None else side
    return GaitEvents(time[keep], foot[keep], events.kind[keep], events.sd_s[keep], events.source[keep])


def mirrored(events):
    return edit(events, side=np.where(events.side == "left", "right", "left"))


def walk_motion(duration_s=30.0, rate_hz=100.0, *, speed_mps=STRIDE_M / STRIDE_S, measured=None, sd_rad=0.01):
    """Both ankles move at constant speed; thighs and shanks swing as sinusoids, the rest stands upright."""
    time = np.arange(0.0, duration_s, 1.0 / rate_hz)
    phase = 2 * np.pi * time / STRIDE_S
    pitch = {
        "left_thigh": -np.deg2rad(10 + 20 * np.sin(phase)),
        "left_shank": np.deg2rad(10 + 10 * np.cos(phase)),
        "right_thigh": -np.deg2rad(12 + 18 * np.sin(phase)),
        "right_shank": np.deg2rad(8 + 12 * np.cos(phase)),
    }
    quaternions = np.tile([1.0, 0.0, 0.0, 0.0], (len(time), len(SEGMENTS), 1))
    for name, angle in pitch.items():
        matrices = np.array([rotation_about("y", value) for value in angle])
        quaternions[:, SEGMENTS.index(name)] = quaternion_from_matrix(matrices)
    position = np.zeros((len(time), len(POINTS), 3))
    position[:, :, 0] = speed_mps * time[:, None]
    zeros = np.zeros((len(time), len(SEGMENTS), 3))
    shown = np.ones((len(time), len(SEGMENTS)), dtype=bool)
    for name in measured or ():
        shown[:, SEGMENTS.index(name)] = False
    return Motion(
        time,
        quaternions,
        zeros,
        zeros,
        position[:, 0],
        np.gradient(position[:, 0], time, axis=0),
        POINTS,
        position,
        np.full(position.shape, 0.01),
        np.tile(sd_rad**2 * np.eye(len(SEGMENTS)), (len(time), 1, 1)),
        np.ones((len(time), len(POINTS)), dtype=bool),
        shown,
    )
