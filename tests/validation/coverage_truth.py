"""The truth of every gait parameter of a simulated walk, by the data dictionary's own definitions."""

from __future__ import annotations

import numpy as np

from fusion.gait.further.evidence import Walk
from fusion.gait.further.rhythm import rhythm
from fusion.gait.further.trunk import trunk
from fusion.gait.joint_angles import CYCLE_POINTS
from fusion.gait.key_angles import key_angles
from fusion.gait.parameters import gait_parameters
from fusion.simulate import Simulation, Truth
from fusion.types import SIDES, Floats, JointAngles, PlacedImu, Stride

FLAT_SHARES = np.linspace(0.25, 0.6, 15)
SWING_SHARES = np.linspace(0.25, 0.8, 40)


def true_parameters(made: Simulation, ideal: Simulation) -> dict[tuple[str, str], float]:
    """Return (name, side) -> truth.

    Parameters
    ----------
    made
        The walk.
    ideal
        The same walk with sensors without any error, aligned with their segments.
    """
    truth = made.truth
    strides = truth.strides
    belt_mps = made.settings.walker.speed_mps if made.settings.surface == "treadmill" else 0.0
    steps = {(one.side, one.start_s): (_step_m(truth, one, belt_mps), 0.0) for one in strides}
    times = gait_parameters(strides, truth.events, scale_known=True, step_lengths=steps)
    walk = Walk(strides, placed=placed(ideal))
    every = (*times.items, *key_angles(true_angles(truth)), *rhythm(walk), *trunk(walk))
    values = {(item.name, item.side): item.estimate.value for item in every if item.estimate.is_assessable}
    for side in SIDES:
        values |= {(name, side): value for name, value in true_feet(truth, side).items()}
    for name in ("step_width_m", "toe_clearance_m", "foot_lift_m"):
        values[name, "both"] = 0.5 * (values[name, "left"] + values[name, "right"])
    return values


def placed(ideal: Simulation) -> tuple[PlacedImu, ...]:
    """Return the ideal sensors in segment axes on the reference clock."""
    return tuple(
        PlacedImu(imu.segment, ideal.truth.imus[imu.segment].sample_s, imu.accel_mps2, imu.gyro_radps, imu.rate_hz)
        for imu in ideal.recording.imus
    )


def true_angles(truth: Truth) -> JointAngles:
    """Return the true joint curves with the cycles of the true strides."""
    names = tuple(name for name in truth.joint_angle_deg if name.split("_")[-2] in SIDES)
    angles = np.column_stack([truth.joint_angle_deg[name] for name in names])
    cycles = {
        name: np.array(
            [
                np.interp(np.linspace(one.start_s, one.end_s, CYCLE_POINTS), truth.time_s, angles[:, k])
                for one in truth.strides
                if one.side in name
            ]
        )
        for k, name in enumerate(names)
    }
    predicted = np.zeros(angles.shape, dtype=bool)
    return JointAngles(names, truth.time_s, angles, np.zeros(angles.shape), predicted, cycles)


def true_feet(truth: Truth, side: str) -> dict[str, float]:
    """Return what the points of a foot say, means over its strides."""
    rows = [_foot(truth, one) for one in truth.strides if one.side == side]
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def _foot(truth: Truth, stride: Stride) -> dict[str, float]:
    side = stride.side
    other = SIDES[1 - SIDES.index(side)]
    sign = 1.0 if side == "left" else -1.0
    ends = np.array([stride.start_s, stride.end_s])
    line = _at(truth, f"{side}_ankle", ends)[:, 1].mean()
    stance_s, swing_s = stride.fc_s - stride.start_s, stride.end_s - stride.fc_s
    flat = _foot_line(truth, side, stride.start_s + stance_s * FLAT_SHARES)
    contact = _foot_line(truth, side, ends[:1])
    passing = _at(truth, f"{side}_toe", stride.fc_s + swing_s * SWING_SHARES)[:, 2]
    swing = _at(truth, f"{side}_heel", np.linspace(stride.fc_s, stride.end_s, 60))[:, 2]
    stands = ends + 0.5 * stance_s
    floor = {part: _at(truth, f"{side}_{part}", stands)[:, 2].mean() for part in ("toe", "heel")}
    return {
        "step_width_m": float(-sign * (_at(truth, f"{other}_ankle", np.array([stride.other_ic_s]))[0, 1] - line)),
        "toe_out_deg": float(sign * np.degrees(np.arctan2(flat[:, 1].mean(), flat[:, 0].mean()))),
        "foot_angle_at_contact_deg": float(_pitch_deg(contact)[0] - np.median(_pitch_deg(flat))),
        "toe_clearance_m": float(passing.min() - floor["toe"]),
        "foot_lift_m": float(swing.max() - floor["heel"]),
    }


def _foot_line(truth: Truth, side: str, time_s: Floats) -> Floats:
    return _at(truth, f"{side}_toe", time_s) - _at(truth, f"{side}_heel", time_s)


def _pitch_deg(line: Floats) -> Floats:
    return np.asarray(np.degrees(np.arcsin(line[:, 2] / np.linalg.norm(line, axis=1))))


def _step_m(truth: Truth, stride: Stride, belt_mps: float) -> float:
    """Way from the other heel at its contact to this heel at the end of the stride."""
    other = SIDES[1 - SIDES.index(stride.side)]
    place = _at(truth, f"{stride.side}_heel", np.array([stride.end_s]))[0, 0]
    before = _at(truth, f"{other}_heel", np.array([stride.other_ic_s]))[0, 0]
    return float(place - before + belt_mps * (stride.end_s - stride.other_ic_s))


def _at(truth: Truth, point: str, time_s: Floats) -> Floats:
    """Return a point at some times, m, shape (n, 3)."""
    track = truth.point(point)
    return np.column_stack([np.interp(time_s, truth.time_s, track[:, axis]) for axis in range(3)])
