"""Path of one foot from its own IMU: strapdown, and a smoother that knows how a standing foot rolls.

A standing foot is not at rest: it rolls from heel to toe, and a sensor a few centimetres above the sole moves
with it, so plain zero-velocity updates [1]_ find strides short. Rolling without slip says more: the
horizontal velocity of the sensor is its height above the floor times the rotation rate, wherever under the
foot the contact lies. That is the measurement here; the height is estimated along with the motion, and what
the contact's place leaves open (vertical motion, turning on the spot) is noise.

How a velocity misfit found in stance is spread over the swing before it follows from where sensors err: in
proportion to acceleration and rate (scale, alignment), in bridged samples (saturation, packet loss), and
above all at steep edges: the area under an edge between two samples is uncertain by its height times the
interval / sqrt(12), the time of the edge being anywhere in between. Heel strike is the steepest. Hence no
shape of drift correction has to be chosen.

Steps of :func:`foot_trajectory`

1. Attitude and gyro bias, offline (``attitude``); stances (``_zero_velocity``).
2. Rotate the specific force into the world and integrate it between nodes 20 ms apart.
3. Kalman filter and Rauch-Tung-Striebel smoother [2]_ over the nodes (``_foot_smoother``).
4. Correct the tilt, integrate once more, add the smoothed velocity correction, integrate to position.
5. Heel at each stance instant: behind the sensor, against the mean walking direction in sensor axes.

No level ground is assumed unless ``level_ground`` is set, which only takes the height at each stance to 0.
Heading is free; lengths do not depend on it.

References
----------
.. [1] Foxlin (2005), Pedestrian tracking with shoe-mounted inertial sensors, IEEE Comput. Graph. Appl. 25(6),
   doi:10.1109/MCG.2005.140
.. [2] Colomar, Nilsson, Haendel (2012), Smoothing for ZUPT-aided INSs, IPIN, doi:10.1109/IPIN.2012.6418869
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from fusion.errors import SignalError
from fusion.estimator._foot_smoother import HEIGHT, PATH, VELOCITY, FootNodes, RollingContact, smooth
from fusion.estimator._zero_velocity import FootMotion, Stances, find_stances, integral
from fusion.estimator.attitude import bridge, estimate_attitude
from fusion.frames import GRAVITY_MPS2
from fusion.types import Flags, Floats, Samples, floats

EDGE_SD = 1.0 / np.sqrt(12.0)
"""Standard deviation of a uniform distribution over one sampling interval."""


BRIDGED_S = 0.06
"""A foot that stands before and after a gap this short stands during it, s."""


@dataclass(frozen=True, slots=True)
class FootSettings:
    """What is assumed about foot and sensor, each with its reason; none was fitted to a person.

    Attributes
    ----------
    height_m, height_sd_m
        Height of the sensor above the sole, m, before the data speak: side or instep of a shoe, 3-10 cm.
    contact_reach_m
        How far from under the sensor the point of contact may lie (heel to ball of a foot 0.26 m long), m.
    heel_behind_sensor_m, heel_sd_m
        Distance from the sensor back to the heel, m; matters only for strides in which the foot turns.
    stance_speed_sd_mps
        Slip and deformation of shoe and skin in stance, m/s.
    stance_correlation_s
        How long such an error keeps its sign, s: a foot-flat phase holds two or three of them.
    accel_noise_mps_per_sqrt_s
        Growth of the velocity error by noise and residual bias of the accelerometer, m/s/sqrt(s).
    tilt_noise_rad_per_sqrt_s
        Growth of the tilt error by noise and residual bias of the gyroscope, rad/sqrt(s): 0.1 deg.
    accel_scale_sd, gyro_scale_sd
        Scale and alignment errors, relative: 1 % and 0.5 % of a MEMS part with factory calibration.
    scale_correlation_s
        How long rate or acceleration keeps its direction within a swing, s.
    missing_accel_sd_mps2, missing_gyro_sd_radps
        What a bridged sample may hide, m/s^2 and rad/s: parts of a heel strike and of a swing.
    node_s
        Distance of the smoother's nodes, s.
    shortest_stride_m
        A shorter path between two stances is shifting on the spot, m.
    level_ground
        Whether every stance is at height 0; lengths are the same either way.
    """

    height_m: float = 0.065
    height_sd_m: float = 0.02
    contact_reach_m: float = 0.1
    heel_behind_sensor_m: float = 0.1
    heel_sd_m: float = 0.04
    stance_speed_sd_mps: float = 0.01
    stance_correlation_s: float = 0.1
    accel_noise_mps_per_sqrt_s: float = 0.02
    tilt_noise_rad_per_sqrt_s: float = 0.0017
    accel_scale_sd: float = 0.01
    gyro_scale_sd: float = 0.005
    scale_correlation_s: float = 0.1
    missing_accel_sd_mps2: float = 50.0
    missing_gyro_sd_radps: float = 2.0
    node_s: float = 0.02
    shortest_stride_m: float = 0.1
    level_ground: bool = False


@dataclass(frozen=True, slots=True)
class FootTrajectory:
    """Motion of the sensor and where the foot stood; world z up, heading arbitrary, origin at the start.

    Attributes
    ----------
    time_s
        Time, shape (n,).
    world_from_sensor
        Unit quaternions wxyz, shape (n, 4).
    position_m, velocity_mps
        Of the sensor, shape (n, 3). Position drifts over the walk; differences over a stride do not.
    stance
        Whether the foot stands, shape (n,).
    instant
        Sample at which each stance turns least, shape (k,).
    span
        First and last sample of each stance, shape (k, 2).
    heel_m
        Position of the heel at each instant (height: the sensor's), shape (k, 3).
    path_sd_m
        Standard deviation of the heel's horizontal way from each instant to the next, shape (k - 1,).
    sensor_height_m
        Estimated height of the sensor above the sole, as far as rolling shows it; soft shoes hide some.
    """

    time_s: Floats
    world_from_sensor: Floats
    position_m: Floats
    velocity_mps: Floats
    stance: Flags
    instant: Samples
    span: Samples
    heel_m: Floats
    path_sd_m: Floats
    sensor_height_m: float

    @property
    def instant_s(self) -> Floats:
        """Time of each stance instant, s, shape (k,)."""
        return np.asarray(self.time_s[self.instant])


@dataclass(frozen=True, slots=True)
class FootStrides:
    """Strides from stance instant to stance instant: times (s), length and its sd (m), rise (m)."""

    start_s: Floats
    end_s: Floats
    length_m: Floats
    sd_m: Floats
    rise_m: Floats


def foot_trajectory(
    time_s: Floats, accel_mps2: Floats, gyro_radps: Floats, *, settings: FootSettings | None = None
) -> FootTrajectory:
    """Return the path of a foot from its IMU, mounted in any orientation.

    Parameters
    ----------
    time_s
        Time, s, strictly increasing, shape (n,); steps may vary, lost packets may be absent or NaN.
    accel_mps2, gyro_radps
        Specific force (m/s^2) and rate (rad/s), sensor axes, shape (n, 3); NaN where missing or saturated.
    settings
        Assumptions about foot and sensor.

    Raises
    ------
    SignalError
        Unusable arrays, or a foot that never stands.
    """
    settings = settings or FootSettings()
    # 1. attitude, bias, stances
    attitude = estimate_attitude(time_s, accel_mps2, gyro_radps)
    no_accel = np.asarray(~np.isfinite(accel_mps2).all(axis=1))
    no_gyro = np.asarray(~np.isfinite(gyro_radps).all(axis=1))
    accel, gyro = bridge(time_s, accel_mps2), bridge(time_s, gyro_radps) - attitude.gyro_bias_radps
    rotation = Rotation.from_quat(attitude.world_from_sensor, scalar_first=True)
    force, rate = rotation.apply(accel), rotation.apply(gyro)
    tilt_growth, speed_growth = _growth(time_s, force, rate, no_accel, no_gyro, settings)
    motion = FootMotion(time_s, force, rate, speed_growth, _long_gaps(time_s, no_gyro))
    stances = find_stances(motion, settings.shortest_stride_m)
    if not len(stances.instant):
        raise SignalError(
            "a foot trajectory needs at least one stance; the foot never stood still. "
            "Check that the sensor is on the foot and that the gyro is in rad/s."
        )
    # 2. integrals between nodes
    nodes = _nodes(motion, attitude.tilt_rad, tilt_growth, stances, settings)
    # 3. smoother
    inflation = max(1.0, settings.stance_correlation_s / settings.node_s)
    contact = RollingContact(
        settings.height_m,
        settings.height_sd_m,
        settings.contact_reach_m,
        settings.stance_speed_sd_mps,
        inflation,
    )
    state, covariance = smooth(nodes, contact)
    # 4. tilt, velocity, position
    tilt = Rotation.from_rotvec(_tilt(time_s, nodes, state))
    velocity = _velocity(time_s, tilt.apply(force), nodes, state)
    position = integral(time_s, velocity)
    if settings.level_ground:
        position[:, 2] -= np.interp(time_s, time_s[stances.instant], position[stances.instant, 2])
    rotation = tilt * rotation
    toes = _toes(position[stances.instant], rotation[stances.instant])
    turned_m = settings.heel_sd_m * _horizontal(np.diff(toes, axis=0))
    return FootTrajectory(
        time_s=time_s,
        world_from_sensor=np.asarray(rotation.as_quat(scalar_first=True)),
        position_m=position,
        velocity_mps=velocity,
        stance=stances.flags,
        instant=stances.instant,
        span=stances.span,
        heel_m=position[stances.instant] - settings.heel_behind_sensor_m * toes,
        path_sd_m=np.hypot(_path_sd(nodes, state, covariance), turned_m),
        sensor_height_m=float(state[-1, HEIGHT]),
    )


def foot_strides(trajectory: FootTrajectory, *, shortest_m: float = 0.1) -> FootStrides:
    """Return every stride found from the foot alone that is at least ``shortest_m`` long."""
    instant_s, way = trajectory.instant_s, np.diff(trajectory.heel_m, axis=0)
    length = _horizontal(way)
    moved = length >= shortest_m
    return FootStrides(
        start_s=instant_s[:-1][moved],
        end_s=instant_s[1:][moved],
        length_m=length[moved],
        sd_m=trajectory.path_sd_m[moved],
        rise_m=way[moved, 2],
    )


def stride_lengths(trajectory: FootTrajectory, initial_contacts_s: Floats) -> tuple[Floats, Floats]:
    """Return the length of each stride between initial contacts of this foot, and its sd.

    A contact owns the first stance that lasts beyond it and starts before the next contact; the stride from
    one contact to the next is the horizontal way of the heel between their instants.

    Parameters
    ----------
    trajectory
        From :func:`foot_trajectory`.
    initial_contacts_s
        Initial contacts of this foot, s, strictly increasing, shape (c,).

    Returns
    -------
    tuple of ndarray, shape (c - 1,)
        Length and standard deviation, m; NaN where a contact owns no stance.
    """
    contacts = floats("initial contacts", initial_contacts_s, (None,))
    if len(contacts) < 2:
        return np.empty(0), np.empty(0)
    starts_s, ends_s = trajectory.time_s[trajectory.span].T
    beyond = contacts[-1] + 1.5 * np.median(np.diff(contacts))
    owned = np.searchsorted(ends_s, contacts, side="right")
    valid = np.append(starts_s, np.inf)[owned] < np.append(contacts[1:], beyond)
    owned = np.minimum(owned, len(starts_s) - 1)
    variance = np.concatenate([[0.0], np.cumsum(trajectory.path_sd_m**2)])
    length = _horizontal(np.diff(trajectory.heel_m[owned], axis=0))
    sd = np.sqrt(np.diff(variance[owned]))
    both = valid[1:] & valid[:-1]
    return np.where(both, length, np.nan), np.where(both, sd, np.nan)


def _long_gaps(time_s: Floats, missing: Flags) -> Flags:
    """Return the missing samples of gaps too long to be bridged by a line, shape (n,)."""
    there = np.flatnonzero(~missing)
    before = time_s[there[np.maximum(np.searchsorted(there, np.arange(len(time_s)), side="right") - 1, 0)]]
    after = time_s[there[np.minimum(np.searchsorted(there, np.arange(len(time_s))), len(there) - 1)]]
    return np.asarray(missing & ((after - before > BRIDGED_S) | (after <= before)))


def _growth(
    time_s: Floats, force: Floats, rate: Floats, no_accel: Flags, no_gyro: Flags, settings: FootSettings
) -> tuple[Floats, Floats]:
    """Return how tilt variance (rad^2) and velocity variance (m^2/s^2) grow over each step, shape (n - 1,)."""
    step = np.diff(time_s)

    def growth(signal: Floats, noise: float, scale: float, hidden: float, bridged: Flags) -> Floats:
        square = np.sum(signal**2, axis=1)
        density = noise**2 + scale**2 * settings.scale_correlation_s * 0.5 * (square[1:] + square[:-1])
        edge = EDGE_SD**2 * np.sum(np.diff(signal, axis=0) ** 2, axis=1)
        return np.asarray(density * step + (edge + hidden**2 * (bridged[1:] | bridged[:-1])) * step**2)

    tilt_noise, speed_noise = settings.tilt_noise_rad_per_sqrt_s, settings.accel_noise_mps_per_sqrt_s
    moving = force - np.array([0.0, 0.0, GRAVITY_MPS2])
    return (
        growth(rate, tilt_noise, settings.gyro_scale_sd, settings.missing_gyro_sd_radps, no_gyro),
        growth(moving, speed_noise, settings.accel_scale_sd, settings.missing_accel_sd_mps2, no_accel),
    )


def _nodes(
    motion: FootMotion, tilt_rad: Floats, tilt_growth: Floats, stances: Stances, settings: FootSettings
) -> FootNodes:
    """Step 2: integrals and error growth between nodes."""
    time_s, force = motion.time_s, motion.force_mps2
    edges = np.searchsorted(time_s, np.arange(time_s[0], time_s[-1], settings.node_s))
    index = np.unique(np.concatenate([edges, [len(time_s) - 1], stances.instant]))
    gained = 0.5 * (force[1:] + force[:-1]) * np.diff(time_s)[:, None]
    return FootNodes(
        index=index,
        duration_s=np.diff(time_s[index]),
        velocity_mps=np.add.reduceat(gained, index[:-1], axis=0),
        tilt_step_rad=-np.diff(tilt_rad[index, :2], axis=0),
        tilt_variance=np.add.reduceat(tilt_growth, index[:-1]),
        velocity_variance=np.add.reduceat(motion.velocity_variance, index[:-1]),
        rate_radps=motion.gyro_radps[index],
        standing=stances.flags[index],
        restart=np.isin(index, stances.instant),
    )


def _tilt(time_s: Floats, nodes: FootNodes, state: Floats) -> Floats:
    """Return the rotation vector of the tilt error at each sample, shape (n, 3)."""
    at = time_s[nodes.index]
    return np.column_stack([np.interp(time_s, at, state[:, axis]) for axis in (0, 1)] + [np.zeros_like(time_s)])


def _velocity(time_s: Floats, force: Floats, nodes: FootNodes, state: Floats) -> Floats:
    """Return the strapdown's velocity with the smoothed correction, linear between nodes, shape (n, 3)."""
    raw = integral(time_s, force - np.array([0.0, 0.0, GRAVITY_MPS2]))
    missing = state[:, VELOCITY] - raw[nodes.index]
    at = time_s[nodes.index]
    return raw + np.column_stack([np.interp(time_s, at, missing[:, axis]) for axis in range(3)])


def _path_sd(nodes: FootNodes, state: Floats, covariance: Floats) -> Floats:
    """Return the sd of the horizontal path that ends at each stance instant but the first, shape (k - 1,)."""
    ends = np.flatnonzero(nodes.restart)[1:]
    way = state[ends, PATH][:, :2]
    way = way / np.maximum(_horizontal(way), 1e-9)[:, None]
    return np.asarray(np.sqrt(np.einsum("ki,kij,kj->k", way, covariance[ends, 6:8, 6:8], way)))


def _toes(position: Floats, rotation: Rotation) -> Floats:
    """Step 5: return the horizontal unit vector along the foot at each stance instant, shape (k, 3).

    In sensor axes it is the mean direction of travel over the strides in which the foot turns by less than
    30 deg; without such a stride it is zero and the sensor itself stands for the heel.
    """
    way = np.diff(position, axis=0) * np.array([1.0, 1.0, 0.0])
    length = _horizontal(way)
    turn = (rotation[1:] * rotation[:-1].inv()).as_rotvec()[:, 2] if len(way) else np.empty(0)
    straight = (np.abs(turn) < np.deg2rad(30.0)) & (length > 0.6 * np.max(length, initial=0.0))
    if not straight.any():
        return np.zeros_like(position)
    ahead = way[straight] / length[straight, None]
    in_sensor = rotation[:-1][straight].inv().apply(ahead) + rotation[1:][straight].inv().apply(ahead)
    toes = rotation.apply(in_sensor.mean(axis=0)) * np.array([1.0, 1.0, 0.0])
    return np.asarray(toes / _horizontal(toes)[:, None])


def _horizontal(vectors: Floats) -> Floats:
    return np.asarray(np.hypot(vectors[:, 0], vectors[:, 1]))
