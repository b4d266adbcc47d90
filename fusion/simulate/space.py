"""Out of the plane: pelvis and legs turn and tilt, the walker sways and may walk a curve.

The planar walk (``body``) is taken as the side view of the leg planes. To it are added

1. sway of the root, rotation and obliquity of the pelvis, counter-rotation of the trunk, long-axis rotation of
   thigh and shank, toe-out: one harmonic each, at the size that normal adults show;
2. what keeps the feet on the ground beside that: roll of both leg segments so that each ankle stays on its line,
   a common change of pitch so that it stays at its place, the root's height so that the loaded leg keeps its length;
3. a heading: the whole body turns about the loaded foot, so that feet pivot on the spot and do not slide.

All channels are one quintic spline, so that rates and accelerations are its exact derivatives. In double support
two feet cannot both be kept exactly: the one that gives up its load slides by some millimetres.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import BSpline, make_interp_spline
from scipy.ndimage import gaussian_filter1d

from fusion.simulate.anatomy import Anatomy
from fusion.simulate.schedule import FootPlan
from fusion.types import SEGMENTS, SIDES, Floats

GRID_HZ = 120.0

SWAY_M = 0.018
"""Half of the pelvis' lateral travel, 3 to 4 cm (Orendurff et al. 2004, J. Rehabil. Res. Dev. 41:829)."""

PELVIS_YAW_DEG, PELVIS_ROLL_DEG = 4.0, 3.5
"""Half ranges of transverse rotation and obliquity (Kadaba et al. 1990, J. Orthop. Res. 8:383: about 8 and 7 deg)."""

TRUNK_YAW_DEG, TRUNK_ROLL_DEG = 3.0, 1.5
THIGH_YAW_DEG, SHANK_YAW_DEG = 4.0, 6.0
"""Half ranges about the long axes (ibid.: hip rotation 8 to 10 deg; Lafortune et al. 1992, J. Biomech. 25:347: the
tibia turns by 5 deg against the femur)."""

TOE_OUT_DEG = 7.0
STEP_WIDTH_M = 0.10

_SMOOTH_S = 0.03
_ROLL, _YAW, _ROOT = (len(SEGMENTS) * k for k in (1, 2, 3))


@dataclass(frozen=True, slots=True)
class Turned:
    """Orientation of one segment over time: world_from_segment (n, 3, 3), world rate and its derivative (n, 3)."""

    rotation: Floats
    rate_radps: Floats
    change_radps2: Floats


@dataclass(frozen=True, slots=True)
class Space:
    """The spatial motion: pitch, roll and yaw of each segment, R = Rz(yaw) Rx(roll) Ry(pitch), and the root.

    Attributes
    ----------
    channels
        Spline of 8 pitches, 8 rolls, 8 yaws, rad, and the root's x, y, z in the world, m.
    heading_rad
        Spline of the heading that was added, rad about +z.
    """

    channels: BSpline
    heading_rad: BSpline

    def turned(self, index: int, time_s: Floats) -> Turned:
        """Return the orientation of segment ``index``."""
        columns = (index, _ROLL + index, _YAW + index)
        value, rate, change = (self.channels(time_s, nu=order)[:, columns] for order in range(3))
        return _turned(value, rate, change)

    def root(self, time_s: Floats) -> tuple[Floats, Floats, Floats]:
        """Return position, velocity and acceleration of the root, each (n, 3)."""
        position, velocity, acceleration = (self.channels(time_s, nu=order)[:, _ROOT:] for order in range(3))
        return position, velocity, acceleration

    def pitch_rad(self, time_s: Floats, order: int = 0) -> Floats:
        """Return pitches in the segments' own planes, or a derivative, shape (n, 8)."""
        return np.asarray(self.channels(time_s, nu=order)[:, : len(SEGMENTS)])


def _turned(value: Floats, rate: Floats, change: Floats) -> Turned:
    """Rotation, rate and its derivative of R = Rz(yaw) Rx(roll) Ry(pitch); columns are pitch, roll, yaw."""
    pitch, roll, yaw = value.T
    ahead, left, up = _first_axes(yaw, roll)
    sine, cosine = np.sin(pitch)[:, None], np.cos(pitch)[:, None]
    rotation = np.stack([cosine * ahead - sine * up, left, sine * ahead + cosine * up], axis=2)
    upright = np.broadcast_to([0.0, 0.0, 1.0], ahead.shape)
    turn = rate[:, 2:] * upright
    tilt = rate[:, 1:2] * ahead
    spin = rate[:, :1] * left
    inner = change[:, 2:] * upright + change[:, 1:2] * ahead + change[:, :1] * left
    moved = np.cross(turn, tilt) + np.cross(turn + tilt, spin)
    return Turned(rotation, turn + tilt + spin, inner + moved)


def _first_axes(yaw: Floats, roll: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the columns of Rz(yaw) Rx(roll), each (n, 3)."""
    none = np.zeros_like(yaw)
    ahead = np.stack([np.cos(yaw), np.sin(yaw), none], axis=1)
    left = np.stack([-np.sin(yaw) * np.cos(roll), np.cos(yaw) * np.cos(roll), np.sin(roll)], axis=1)
    up = np.stack([np.sin(yaw) * np.sin(roll), -np.cos(yaw) * np.sin(roll), np.cos(roll)], axis=1)
    return ahead, left, up


def make_space(
    time_s: Floats,
    pitch_rad: Floats,
    root_m: Floats,
    anatomy: Anatomy,
    feet: Mapping[str, FootPlan],
    heading_rad: Floats,
    size: float,
) -> Space:
    """Return the spatial motion over a planar one.

    Parameters
    ----------
    time_s, pitch_rad, root_m
        Grid, shape (n,); planar pitches, (n, 8); planar root x, z in the world, (n, 2).
    heading_rad
        Wanted heading, shape (n,).
    size
        Factor on what normal adults show.
    """
    phase = feet["left"].phase(time_s)
    pitch, roll, yaw = pitch_rad.copy(), np.zeros_like(pitch_rad), np.zeros_like(pitch_rad)
    root = np.column_stack([root_m[:, 0], size * _wave(phase, SWAY_M, 0.30), root_m[:, 1]])
    _trunk_angles(phase, size, roll, yaw)
    load = load_share(time_s, feet)
    lifts = np.zeros(len(time_s))
    for side in SIDES:
        planar = _ankle(pitch_rad, np.zeros_like(roll), np.zeros_like(yaw), anatomy, side)
        target = np.column_stack([root_m[:, 0] + planar[:, 0], np.full(len(time_s), _line(side, anatomy, size))])
        own = phase if side == "left" else phase + 0.5
        _place_leg(side, own, size, anatomy, root, target, (pitch, roll, yaw))
        actual = _ankle(pitch, roll, yaw, anatomy, side)
        share = load if side == "left" else 1.0 - load
        lifts += share * (planar[:, 2] - actual[:, 2])
    root[:, 2] += gaussian_filter1d(lifts, _SMOOTH_S * GRID_HZ, mode="nearest")
    ankles = {side: root + _ankle(pitch, roll, yaw, anatomy, side) for side in SIDES}
    pivot = load[:, None] * ankles["left"] + (1.0 - load)[:, None] * ankles["right"]
    root = _turned_path(time_s, root, pivot, heading_rad)
    channels = np.column_stack([pitch, roll, yaw + heading_rad[:, None], root])
    return Space(make_interp_spline(time_s, channels, k=5), make_interp_spline(time_s, heading_rad, k=5))


def load_share(time_s: Floats, feet: Mapping[str, FootPlan]) -> Floats:
    """Return the left foot's share of the load, shape (n,): 1 in its single support, a smooth step between."""
    knots, values = [], []
    for side in SIDES:
        other = feet["right" if side == "left" else "left"]
        for contact in feet[side].ic_s:
            before = other.fc_s[other.fc_s > contact - 0.3]
            if not before.size:
                continue
            edges = sorted((contact, float(before[0])))
            knots += [edges[0], max(edges[1], edges[0] + 0.02)]
            values += [0.0, 1.0] if side == "left" else [1.0, 0.0]
    order = np.argsort(knots)
    share = np.interp(time_s, np.array(knots)[order], np.array(values)[order])
    return np.asarray(share**2 * (3.0 - 2.0 * share))


def _trunk_angles(phase: Floats, size: float, roll: Floats, yaw: Floats) -> None:
    """Write pelvis and trunk; at a left contact the left side is ahead, in left stance it is high."""
    pelvis, trunk = SEGMENTS.index("pelvis"), SEGMENTS.index("trunk")
    yaw[:, pelvis] = size * _wave(phase, -np.radians(PELVIS_YAW_DEG), 0.0)
    yaw[:, trunk] = size * _wave(phase, np.radians(TRUNK_YAW_DEG), 0.0)
    roll[:, pelvis] = size * _wave(phase, np.radians(PELVIS_ROLL_DEG), 0.18)
    roll[:, trunk] = size * _wave(phase, -np.radians(TRUNK_ROLL_DEG), 0.25)


def _place_leg(
    side: str,
    phase: Floats,
    size: float,
    anatomy: Anatomy,
    root: Floats,
    target: Floats,
    angles: tuple[Floats, Floats, Floats],
) -> None:
    """Turn a leg about its long axes, then bring its ankle back over its place (x, y) by roll and pitch."""
    pitch, roll, yaw = angles
    thigh, shank, foot = (SEGMENTS.index(f"{side}_{part}") for part in ("thigh", "shank", "foot"))
    outward = 1.0 if side == "left" else -1.0
    yaw[:, thigh] = outward * size * _wave(phase, np.radians(THIGH_YAW_DEG), 0.45)
    yaw[:, shank] = outward * size * _wave(phase, np.radians(SHANK_YAW_DEG), 0.60)
    yaw[:, foot] = outward * size * np.radians(TOE_OUT_DEG)
    for _ in range(4):
        ankle = root + _ankle(pitch, roll, yaw, anatomy, side)
        down = np.maximum(0.5 * anatomy.leg_length_m, -_ankle(pitch, roll, yaw, anatomy, side)[:, 2])
        roll[:, [thigh, shank]] += ((target[:, 1] - ankle[:, 1]) / down)[:, None]
        pitch[:, [thigh, shank]] -= ((target[:, 0] - ankle[:, 0]) / down)[:, None]


def _ankle(pitch: Floats, roll: Floats, yaw: Floats, anatomy: Anatomy, side: str) -> Floats:
    """Return the ankle relative to the root, shape (n, 3)."""
    total = np.zeros((len(pitch), 3))
    for index, offset in anatomy.joint(f"{side}_foot"):
        ahead, left, up = _first_axes(yaw[:, index], roll[:, index])
        sine, cosine = np.sin(pitch[:, index]), np.cos(pitch[:, index])
        x, y, z = offset
        total += (x * cosine + z * sine)[:, None] * ahead + y * left + (z * cosine - x * sine)[:, None] * up
    return total


def _line(side: str, anatomy: Anatomy, size: float) -> float:
    """Return where the ankle stays across the path: under the hip in the plane, a step width apart in life."""
    half = 0.5 * (min(size, 1.0) * STEP_WIDTH_M + (1.0 - min(size, 1.0)) * anatomy.hip_width_m)
    return half if side == "left" else -half


def _turned_path(time_s: Floats, root: Floats, pivot: Floats, heading_rad: Floats) -> Floats:
    """Return the root on a path that turns about the loaded foot: T' = -heading' z x R pivot."""
    rate = np.gradient(heading_rad, time_s)
    sine, cosine = np.sin(heading_rad), np.cos(heading_rad)

    def turn(vector: Floats) -> Floats:
        x, y, z = vector.T
        return np.column_stack([cosine * x - sine * y, sine * x + cosine * y, z])

    foot = turn(pivot)
    slide = np.column_stack([rate * foot[:, 1], -rate * foot[:, 0], np.zeros(len(time_s))])
    step_s = float(time_s[1] - time_s[0])
    shift = np.concatenate([np.zeros((1, 3)), np.cumsum(0.5 * step_s * (slide[1:] + slide[:-1]), axis=0)])
    return np.asarray(turn(root) + shift)


def _wave(phase: Floats, amplitude: float, peak: float) -> Floats:
    wave = amplitude * np.cos(2.0 * np.pi * (phase - peak))
    return np.asarray(gaussian_filter1d(wave, _SMOOTH_S * GRID_HZ, mode="nearest"))
