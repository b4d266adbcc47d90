"""A foot that walks on exact curves: rolls without slip in stance, steps on quintics in swing, strikes hard."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import BPoly
from scipy.spatial.transform import Rotation

from fusion.frames import GRAVITY_MPS2
from fusion.types import Floats

RANGE_MPS2 = 16.0 * GRAVITY_MPS2
STRIKE_HZ, STRIKE_DECAY_S = 25.0, 0.02


@dataclass(frozen=True)
class FootWalk:
    """IMU samples in sensor axes with the truth that made them."""

    time_s: Floats
    accel_mps2: Floats
    gyro_radps: Floats
    world_from_sensor: Rotation
    position_m: Floats
    heel_m: Floats  # at mid-stance of each stance, (k, 3)
    mid_stance_s: Floats
    initial_contact_s: Floats

    @property
    def length_m(self) -> Floats:
        way = np.diff(self.heel_m, axis=0)
        return np.hypot(way[:, 0], way[:, 1])


def walk_a_foot(
    lengths_m,
    *,
    turns_rad=None,
    stride_s=1.1,
    rate_hz=200.0,
    height_m=0.065,
    lever_m=0.1,
    rolling_radps=0.25,
    strike_m=0.001,
    mount=None,
    errors=1.0,
    rest_s=1.0,
    seed=0,
) -> FootWalk:
    """Return a walk with these stride lengths; ``errors`` scales every sensor error (0 is a perfect IMU)."""
    rng = np.random.default_rng(seed)
    lengths = np.asarray(lengths_m, dtype=float)
    turns = np.zeros(len(lengths)) if turns_rad is None else np.asarray(turns_rad, dtype=float)
    yaw = np.concatenate([[0.0], np.cumsum(turns)])
    course = 0.5 * (yaw[1:] + yaw[:-1])
    heel = np.zeros((len(lengths) + 1, 3))
    heel[1:, :2] = np.cumsum(lengths[:, None] * np.column_stack([np.cos(course), np.sin(course)]), axis=0)
    pitch_curve, yaw_curve, way_curve = _curves(
        heel, yaw, lengths, stride_s, height_m, lever_m, rolling_radps, rest_s
    )
    strike_s = rest_s + stride_s * (np.arange(len(lengths)) + 0.9)
    time_s = np.arange(0.0, rest_s * 2 + stride_s * len(lengths), 1.0 / rate_hz)

    def position_at(t, order):
        curve = way_curve.derivative(order) if order else way_curve
        burst = sum(_burst(t - strike, order, strike_m) for strike in strike_s)
        return curve(t) + np.outer(burst, [0.5, 0.0, 1.0])

    segment = Rotation.from_euler("ZY", np.column_stack([yaw_curve(time_s), pitch_curve(time_s)]))
    rate = np.zeros((len(time_s), 3))
    rate[:, 2] = yaw_curve.derivative()(time_s)
    spin = segment.inv().apply(rate)
    spin[:, 1] += pitch_curve.derivative()(time_s)
    up = np.array([0.0, 0.0, GRAVITY_MPS2])
    force = segment.inv().apply(position_at(time_s, 2) + up)
    mount = Rotation.identity() if mount is None else mount
    accel, gyro = _sense(mount.inv().apply(force), mount.inv().apply(spin), errors, rng)
    middle = rest_s + stride_s * (np.arange(len(lengths) + 1) + 0.13)
    return FootWalk(time_s, accel, gyro, segment * mount, position_at(time_s, 0), heel, middle, strike_s)


def _curves(heel, yaw, lengths, stride_s, height_m, lever_m, rolling_radps, rest_s):
    """Quintics through rest, foot-flat start and end, toe-off, mid-swing, strike of every stride."""
    flat_s, roll = 0.26 * stride_s, rolling_radps * 0.26 * stride_s
    lift = np.sqrt(np.minimum(1.0, lengths / 1.3))
    knots, pitch, turn, way = [], [], [], []
    toes = np.column_stack([np.cos(yaw), np.sin(yaw), np.zeros(len(yaw))])
    up, still = np.array([0.0, 0.0, height_m]), np.zeros(3)

    def stand(k, at, angle, rate):
        base = heel[k] + lever_m * toes[k] + up
        knots.append(at)
        pitch.append([angle, rate, 0.0])
        turn.append([yaw[k], 0.0, 0.0])
        way.append([base + height_m * angle * toes[k], height_m * rate * toes[k], still])

    start_up_s, start_up = 0.2, 0.1 * rolling_radps
    stand(0, 0.0, -start_up, 0.0)
    stand(0, rest_s - start_up_s, -start_up, 0.0)
    for k in range(len(heel)):
        start = rest_s + k * stride_s
        stand(k, start, 0.0, rolling_radps)
        stand(k, start + flat_s, roll, rolling_radps)
        if k == len(lengths):
            break
        step, ahead = heel[k + 1] - heel[k], lengths[k]
        course = step / np.linalg.norm(step)
        for share, angle, speed, moved, height in (
            (0.45, 0.9, 1.0, 0.12, 0.08),
            (0.68, 0.5, -5.0, 0.55, 0.06),
            (0.9, -0.3, 1.0, 0.96, 0.015),
        ):
            bent = 0.5 * (toes[k] + toes[k + 1])
            knots.append(start + share * stride_s)
            pitch.append([angle * lift[k], speed * lift[k], 0.0])
            turn.append([yaw[k] + (yaw[k + 1] - yaw[k]) * moved, 0.5 * (yaw[k + 1] - yaw[k]) / stride_s, 0.0])
            place = heel[k] + lever_m * bent + up + moved * step + np.array([0.0, 0.0, height * lift[k]])
            pace = {0.12: 1.2, 0.55: 2.4, 0.96: 0.5}[moved] * ahead / stride_s
            way.append([place, pace * course, still])
    last = knots[-1]
    stand(len(lengths), last + start_up_s, roll + start_up, 0.0)
    stand(len(lengths), last + start_up_s + 2.0 * rest_s + 1.0, roll + start_up, 0.0)
    return (
        BPoly.from_derivatives(knots, np.array(pitch)),
        BPoly.from_derivatives(knots, np.array(turn)),
        BPoly.from_derivatives(knots, np.array(way)),
    )


def _burst(t, order, size_m):
    """Return a derivative of t^2 exp(-t / tau) sin(w t) at t > 0, scaled to ``size_m`` at its envelope's peak."""
    w, tau = 2.0 * np.pi * STRIKE_HZ, STRIKE_DECAY_S
    late = np.maximum(t, 0.0)
    s = -1.0 / tau + 1j * w
    wave = np.exp(s * late)
    terms = {
        0: late**2 * wave,
        1: (2.0 * late + s * late**2) * wave,
        2: (2.0 + 4.0 * s * late + s**2 * late**2) * wave,
    }
    peak = (2.0 * tau / np.e) ** 2
    return np.where(t > 0.0, size_m / peak * np.imag(terms[order]), 0.0)


def _sense(force, spin, errors, rng):
    """Bias, scale, noise and saturation of a consumer IMU."""
    scale_accel = 1.0 + errors * rng.normal(0.0, 0.007, 3)
    scale_gyro = 1.0 + errors * rng.normal(0.0, 0.005, 3)
    accel = force * scale_accel + errors * (rng.normal(0.0, 0.05, 3) + rng.normal(0.0, 0.05, force.shape))
    gyro = spin * scale_gyro + errors * (rng.normal(0.0, 0.006, 3) + rng.normal(0.0, 0.003, spin.shape))
    accel[np.abs(accel).max(axis=1) > RANGE_MPS2] = np.nan
    return accel, gyro
