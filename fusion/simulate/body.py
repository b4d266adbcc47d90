"""The walker: a motion that follows normal joint angles, keeps its feet where they stand and its speed.

1. The schedule says when and where each foot touches the ground (``schedule``).
2. The published mean angles, warped to that schedule, are the target (``targets``).
3. A spline fit finds the motion nearest to the target without foot slip (``fit``).
4. Beyond the plane, if wanted: pelvis and legs turn and tilt, the path bends (``space``).
5. Every position, velocity, acceleration and angular rate is the exact derivative of that one motion.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import BSpline, make_interp_spline
from scipy.ndimage import gaussian_filter1d

from fusion.frames import GRAVITY_MPS2
from fusion.simulate.anatomy import Anatomy, Chain
from fusion.simulate.fit import CHANNELS, ROOT_X, ROOT_Z, LinearGoal, PointGoal, SplineFit
from fusion.simulate.schedule import FootPlan, nondimensional_speed, plan_feet
from fusion.simulate.settings import SimulationSettings, WalkerSettings
from fusion.simulate.space import GRID_HZ, Space, Turned, make_space
from fusion.simulate.targets import Targets
from fusion.types import SEGMENTS, SIDES, Floats

CONTACT_SD_M = 0.0002
"""Tightness of a standing heel or toe; the fit then slips by a few tenths of a millimetre."""

CLEARANCE_M = {"heel": 0.020, "toe": 0.012}
"""Least height of the sole in mid-swing (Winter 2009: toe clearance 1 to 1.5 cm)."""

FLAT_PITCH_DEG = 2.5
"""A foot pitched less than this stands on heel and toe."""

ANGULAR_SD_RADPS2 = 40.0
"""How much a joint's angular acceleration may differ from that of its target; keeps the motion smooth."""

_JOINT_SD_DEG = {"hip": 1.3, "knee": 1.5, "ankle": 3.0}
_TRUNK_LEAN_DEG = 3.0
_TRUNK_SWAY_DEG = 1.0
_EDGE_S = 1.0


@dataclass(frozen=True, slots=True)
class Walk:
    """The true motion, to be evaluated at any time within the recording.

    Attributes
    ----------
    channels
        Spline of the eight pitches, rad, and the root's x and z, m, in the frame of the ground.
    belt
        Spline of how far the ground has moved backwards in the world, m; None over ground.
    start_x_m
        Added to x, so that the walk lies centred before the camera.
    space
        The motion beyond the plane; None for a walk in the plane.
    """

    channels: BSpline
    belt: BSpline | None
    start_x_m: float
    anatomy: Anatomy
    feet: dict[str, FootPlan]
    space: Space | None = None

    def pitch_rad(self, time_s: Floats, order: int = 0) -> Floats:
        """Return pitches of all segments in their own planes, or a derivative, shape (n, 8)."""
        if self.space is not None:
            return self.space.pitch_rad(time_s, order)
        return np.asarray(self.channels(time_s, nu=order)[:, : len(SEGMENTS)])

    def turned(self, index: int, time_s: Floats) -> Turned:
        """Return the orientation of segment ``index``, its world rate and its derivative."""
        if self.space is not None:
            return self.space.turned(index, time_s)
        pitch, rate, change = (self.channels(time_s, nu=order)[:, index] for order in range(3))
        none, one = np.zeros_like(pitch), np.ones_like(pitch)
        sine, cosine = np.sin(pitch), np.cos(pitch)
        columns = ([cosine, none, -sine], [none, one, none], [sine, none, cosine])
        rotation = np.stack([np.stack(column, axis=1) for column in columns], axis=2)
        left = np.array([0.0, 1.0, 0.0])
        return Turned(rotation, rate[:, None] * left, change[:, None] * left)

    def heading_rad(self, time_s: Floats) -> Floats:
        """Return the heading of the path, rad about +z, shape (n,)."""
        return np.zeros(len(time_s)) if self.space is None else np.asarray(self.space.heading_rad(time_s))

    def root(self, time_s: Floats) -> tuple[Floats, Floats, Floats]:
        """Return position, velocity and acceleration of the midpoint of the hips in the world, each (n, 3)."""
        if self.space is not None:
            return self.space.root(time_s)
        motion = []
        for order in range(3):
            value = np.zeros((len(time_s), 3))
            value[:, [0, 2]] = self.channels(time_s, nu=order)[:, [ROOT_X, ROOT_Z]]
            if self.belt is not None:
                value[:, 0] -= self.belt(time_s, nu=order)
            motion.append(value)
        motion[0][:, 0] += self.start_x_m
        return motion[0], motion[1], motion[2]

    def point(self, chain: Chain, time_s: Floats) -> Floats:
        """Return the position of a body point in the world, m, shape (n, 3)."""
        return self.point_motion(chain, time_s)[0]

    def point_motion(self, chain: Chain, time_s: Floats) -> tuple[Floats, Floats, Floats]:
        """Return position, velocity and acceleration of a body point in the world, shapes (n, 3)."""
        position, velocity, acceleration = self.root(time_s)
        for index, offset in chain:
            turned = self.turned(index, time_s)
            arm = turned.rotation @ offset
            swing = np.cross(turned.rate_radps, arm)
            position = position + arm
            velocity = velocity + swing
            acceleration = acceleration + np.cross(turned.change_radps2, arm) + np.cross(turned.rate_radps, swing)
        return position, velocity, acceleration


def make_walk(settings: SimulationSettings, rng: np.random.Generator) -> Walk:
    """Return the motion of one walker for the length of the recording."""
    walker = settings.walker
    anatomy = Anatomy.of_height(walker.height_m, walker.leg_length_m)
    speed_norm = nondimensional_speed(walker.speed_mps, anatomy.leg_length_m)
    feet = plan_feet(walker, speed_norm, settings.walking_s, rng)
    if walker.proportion_sd > 0.0:
        anatomy = anatomy.varied(walker.proportion_sd, rng)
    targets = Targets.of(walker, speed_norm)
    fit = SplineFit(-_EDGE_S, settings.walking_s + _EDGE_S)
    linear = (*_root_goals(fit.time_s, anatomy, feet, walker), *_angle_goals(fit.time_s, targets, feet))
    points = tuple(goal for side in SIDES for goal in _foot_goals(fit.time_s, side, anatomy, targets, feet[side]))
    channels = fit.solve(linear, points)
    belt = _belt(fit.time_s, channels, walker) if settings.surface == "treadmill" else None
    middle = np.linspace(0.0, settings.walking_s, 101)
    covered = np.asarray(channels(middle)[:, ROOT_X])
    moved = walker.speed_mps * middle if belt is None else np.asarray(belt(middle))
    shift = 0.0 if belt is not None else 0.5 * settings.walking_s * walker.speed_mps
    if walker.stops:
        moved = np.asarray(belt(middle)) if belt is not None else np.full(len(middle), 0.5 * np.ptp(covered))
        shift = 0.0
    walk = Walk(channels, belt, -float(np.mean(covered - moved)) - shift, anatomy, feet)
    return _beyond_the_plane(walk, walker, settings.walking_s)


def _belt(time_s: Floats, channels: BSpline, walker: WalkerSettings) -> BSpline:
    """Return how far the belt has moved: at constant speed, or after the walker where it has to stop."""
    if not walker.stops:
        ends = np.array([time_s[0] - 1.0, time_s[-1] + 1.0])
        return make_interp_spline(ends, walker.speed_mps * ends, k=1)
    grid = np.arange(time_s[0], time_s[-1], 0.1)
    covered = gaussian_filter1d(np.asarray(channels(grid)[:, ROOT_X]), 4.0, mode="nearest")
    return make_interp_spline(grid, covered, k=5)


def _beyond_the_plane(walk: Walk, walker: WalkerSettings, walking_s: float) -> Walk:
    if walker.out_of_plane == 0.0 and walker.turn_deg == 0.0:
        return walk
    margin_s = 0.9 * _EDGE_S
    grid = np.arange(-margin_s, walking_s + margin_s, 1.0 / GRID_HZ)
    heading = np.radians(walker.turn_deg) * np.sin(2.0 * np.pi * grid / walker.turn_period_s)
    root, _, _ = walk.root(grid)
    space = make_space(
        grid, walk.pitch_rad(grid), root[:, [0, 2]], walk.anatomy, walk.feet, heading, walker.out_of_plane
    )
    return Walk(walk.channels, walk.belt, walk.start_x_m, walk.anatomy, walk.feet, space)


def _root_goals(
    time_s: Floats, anatomy: Anatomy, feet: dict[str, FootPlan], walker: WalkerSettings
) -> tuple[LinearGoal, ...]:
    """Return weak goals of the root: above the foot in mid-stance, a little lower than standing, smooth."""
    stance = [(0.5 * (p.ic_s + p.fc_s), p.heel_x_m + anatomy.heel_m) for p in feet.values()]
    middle_s = np.concatenate([item[0] for item in stance])
    order = np.argsort(middle_s)
    x_m = np.interp(time_s, middle_s[order], np.concatenate([item[1] for item in stance])[order])
    z_m = np.full(len(time_s), 0.97 * anatomy.leg_length_m)
    none = np.zeros(len(time_s))
    running = walker.pattern == "running"
    lift, tight = (_bounce_mps2(time_s, feet), 0.7) if running else (none, 3.0)
    return (
        LinearGoal(_row(ROOT_X), x_m, 0.1),
        LinearGoal(_row(ROOT_Z), z_m, 0.1),
        LinearGoal(_row(ROOT_X), none, 2.0, derivative=2),
        LinearGoal(_row(ROOT_Z), lift, tight, derivative=2),
    )


def _bounce_mps2(time_s: Floats, feet: dict[str, FootPlan]) -> Floats:
    """Return the root's vertical acceleration in running: half a sine on each contact, free fall between.

    Over a step the force averages to the weight, so its peak is pi / 2 times step over contact time.
    """
    lift = np.full(len(time_s), -GRAVITY_MPS2)
    contacts = np.sort(np.concatenate([plan.ic_s for plan in feet.values()]))
    for plan in feet.values():
        for start_s, end_s in zip(plan.ic_s, plan.fc_s, strict=True):
            later = contacts[contacts > start_s + 0.05]
            step_s = float(later[0] - start_s) if later.size else 0.36
            share = (time_s - start_s) / (end_s - start_s)
            on = (share > 0.0) & (share < 1.0)
            peak = 0.5 * np.pi * GRAVITY_MPS2 * step_s / (end_s - start_s)
            lift[on] += peak * np.sin(np.pi * share[on])
    return lift


def _angle_goals(time_s: Floats, targets: Targets, feet: dict[str, FootPlan]) -> tuple[LinearGoal, ...]:
    """Return the joint angles' goals: differences of neighbouring segments' pitches."""
    goals = []
    phase = {side: feet[side].phase(time_s) for side in SIDES}
    walking = 1.0 - feet["left"].standing(time_s)
    pelvis = sum((0.5 * targets.joint_deg(side, "pelvis", phase[side]) for side in SIDES), np.zeros(1))
    goals.append(LinearGoal(_row("pelvis"), np.radians(walking * pelvis), np.radians(0.3)))
    sway = _TRUNK_LEAN_DEG + _TRUNK_SWAY_DEG * walking * np.cos(4.0 * np.pi * (phase["left"] - 0.1))
    goals.append(LinearGoal(_row("trunk"), np.radians(sway), np.radians(0.3)))
    for side in SIDES:
        pairs = {
            "hip": ("pelvis", f"{side}_thigh"),
            "knee": (f"{side}_shank", f"{side}_thigh"),
            "ankle": (f"{side}_shank", f"{side}_foot"),
        }
        for joint, (plus, minus) in pairs.items():
            goal = np.radians(walking * targets.joint_deg(side, joint, phase[side]))
            row = _row(plus) - _row(minus)
            goals.append(LinearGoal(row, goal, np.radians(_JOINT_SD_DEG[joint])))
            bend = np.gradient(np.gradient(goal, time_s), time_s)
            goals.append(LinearGoal(row, bend, ANGULAR_SD_RADPS2, derivative=2))
    return tuple(goals)


def _foot_goals(
    time_s: Floats, side: str, anatomy: Anatomy, targets: Targets, plan: FootPlan
) -> tuple[PointGoal, ...]:
    """Return the goals of one foot: heel and toe stand while in contact and clear the floor in swing."""
    phase = plan.phase(time_s)
    stride = np.clip(np.floor(phase).astype(np.int64), 0, len(plan.ic_s) - 1)
    within = phase - np.floor(phase)
    swing = np.clip((within - plan.norm_foot_off) / (1.0 - plan.norm_foot_off), 0.0, 1.0)
    heel_off, toe_on = _flat_interval(side, targets, plan.norm_foot_off)
    contact = {
        "heel": within <= heel_off,
        "toe": (within >= toe_on) & (within <= plan.norm_foot_off),
    }
    ahead_m = {"heel": 0.0, "toe": anatomy.heel_m + anatomy.toe_m}
    goals = []
    for part, standing in contact.items():
        chain = [item for item in anatomy.point(f"{side}_{part}") if item[0] != SEGMENTS.index("pelvis")]
        segments = tuple(index for index, _ in chain)
        offsets = np.array([offset[[0, 2]] for _, offset in chain])
        tight = np.where(standing, CONTACT_SD_M, np.inf)
        place = plan.heel_x_m[stride] + ahead_m[part]
        floor = CLEARANCE_M[part] * np.sin(np.pi * swing)
        free = np.where(standing, np.inf, 0.002)
        goals += [
            PointGoal(segments, offsets, 0, place, tight),
            PointGoal(segments, offsets, 1, np.zeros(len(time_s)), tight),
            PointGoal(segments, offsets, 1, floor, free, at_least=True),
        ]
    return tuple(goals)


def _flat_interval(side: str, targets: Targets, foot_off: float) -> tuple[float, float]:
    """Return the phases at which the heel leaves and the toe meets the ground, from the foot's pitch.

    A foot that is always pitched forward never stands on its heel: then the heel leaves before 0.
    """
    phase = np.linspace(0.0, foot_off, 301)
    pitch = targets.foot_pitch_deg(side, phase)
    low, high = phase[pitch <= FLAT_PITCH_DEG], phase[pitch >= -FLAT_PITCH_DEG]
    heel_off = float(low[-1]) if low.size else -1.0
    toe_on = float(high[0]) if high.size else 0.0
    return min(heel_off, foot_off - 0.1), toe_on


def _row(channel: str | int) -> Floats:
    row = np.zeros(CHANNELS)
    row[SEGMENTS.index(channel) if isinstance(channel, str) else channel] = 1.0
    return row
