"""Path of one foot from its own IMU: strapdown, and a smoother that knows how a standing foot rolls.

A standing foot is not at rest: it rolls from heel to toe, and a sensor a few centimetres above the sole moves
with it. Plain zero-velocity updates [1]_ therefore find every stride short. Rolling without slip says more:
the horizontal velocity of the sensor is its height above the floor times the rotation rate, wherever under
the foot the contact lies. That is the measurement here, the height is estimated along with the motion, and
what the contact's place leaves open (vertical motion, turning on the spot) is in the noise.

How a velocity misfit found in stance is spread over the swing before it follows from where the sensors err:
in proportion to acceleration (scale, alignment), at steep edges (an impact is sampled too coarsely), and in
bridged samples (saturation, packet loss). Hence no shape of drift correction has to be chosen.

Steps of :func:`foot_trajectory`

1. Attitude and gyro bias, offline (``attitude``); stances (``_zero_velocity``).
2. Rotate the specific force into the world and integrate it between nodes 20 ms apart.
3. Kalman filter and Rauch-Tung-Striebel smoother [2]_ over the nodes: tilt error, velocity, sensor height.
4. Correct the tilt, integrate once more, add the smoothed velocity correction, integrate to position.

No level ground is assumed: stairs and slopes are allowed. Heading is free, so lengths do not depend on it.

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

from fusion.estimator._zero_velocity import Stances, find_stances
from fusion.estimator.attitude import attitude_and_bias, bridge
from fusion.frames import GRAVITY_MPS2
from fusion.types import Flags, Floats, Samples

_TILT, _VELOCITY, _HEIGHT, _PATH = slice(0, 2), slice(2, 5), 5, slice(6, 9)


@dataclass(frozen=True, slots=True)
class FootSettings:
    """What is assumed about foot and sensor, each with its reason; none was fitted to a person.

    Attributes
    ----------
    height_m, height_sd_m
        Height of the sensor above the sole, m, before the data speak: a shoe's side or instep, 4-9 cm.
    contact_reach_m
        How far from under the sensor the point of contact may lie (heel to ball of a foot 0.26 m long), m.
    stance_speed_sd_mps
        Slip and deformation of shoe and skin in stance, m/s.
    stance_correlation_s
        How long such an error keeps its sign, s: a stance phase holds only two or three of them.
    accel_noise_mps_per_sqrt_s
        Growth of the velocity error by noise and residual bias of the accelerometer, m/s/sqrt(s).
    accel_scale_sd
        Scale and alignment error of the accelerometer, relative: 1 % of an uncalibrated MEMS part.
    gyro_scale_sd
        Same of the gyroscope; 0.5 %.
    scale_correlation_s
        How long rate or acceleration keeps its direction within a swing, s.
    missing_accel_sd_mps2
        What a bridged accelerometer sample may hide, m/s^2: a heel strike peaks at 100 m/s^2 beyond range.
    node_s
        Distance of the smoother's nodes, s.
    """

    height_m: float = 0.065
    height_sd_m: float = 0.02
    contact_reach_m: float = 0.1
    stance_speed_sd_mps: float = 0.01
    stance_correlation_s: float = 0.1
    accel_noise_mps_per_sqrt_s: float = 0.02
    tilt_walk_rad_per_sqrt_s: float = 0.0017
    accel_scale_sd: float = 0.01
    gyro_scale_sd: float = 0.005
    scale_correlation_s: float = 0.1
    missing_accel_sd_mps2: float = 50.0
    node_s: float = 0.02


def run(time_s, accel, gyro, s=FootSettings()):
    rot, bias = attitude_and_bias(time_s, accel, gyro)
    R = Rotation.from_quat(rot, scalar_first=True)
    missing_a = ~np.isfinite(accel).all(1)
    missing_g = ~np.isfinite(gyro).all(1)
    a = bridge(time_s, accel)
    w = bridge(time_s, gyro) - bias
    st = find_stances(time_s, a, w, missing_g)
    f = R.apply(a)
    ww = R.apply(w)
    dt = np.diff(time_s)
    # nodes
    edges = np.arange(time_s[0], time_s[-1], s.node_s)
    idx = np.unique(np.concatenate([np.searchsorted(time_s, edges), [len(time_s) - 1], st.instant]))

    def integ(r):
        return np.add.reduceat(0.5 * (r[1:] + r[:-1]) * dt.reshape(-1, *[1] * (r.ndim - 1)), idx[:-1], axis=0)

    T = np.diff(time_s[idx])
    V = integ(f)
    lin = np.linalg.norm(f - [0, 0, GRAVITY_MPS2], axis=1)
    ed = np.sum(np.diff(f, axis=0) ** 2, axis=1) * dt**2 / 12
    qv = s.accel_noise_mps_per_sqrt_s**2 * T + s.accel_scale_sd**2 * s.scale_correlation_s * integ(lin**2)
    qv += np.add.reduceat(ed, idx[:-1]) * getattr(run, "edge", 1)
    mi = (missing_a[1:] | missing_a[:-1]) * (s.missing_accel_sd_mps2 * dt) ** 2
    qv += np.add.reduceat(mi, idx[:-1])
    wn = np.sum(ww**2, axis=1)
    qt = s.tilt_walk_rad_per_sqrt_s**2 * T + s.gyro_scale_sd**2 * s.scale_correlation_s * integ(wn)
    m = len(T)
    x = np.zeros(9)
    x[_HEIGHT] = s.height_m
    P = np.diag([0.02**2] * 2 + [1.5**2] * 3 + [s.height_sd_m**2] + [0] * 3)
    X = np.zeros((m + 1, 9))
    C = np.zeros((m + 1, 9, 9))
    Xp = np.zeros((m + 1, 9))
    Cp = np.zeros((m + 1, 9, 9))
    FF = np.zeros((m + 1, 9, 9))
    isinst = np.isin(idx, st.instant)
    sd = []
    for k in range(m + 1):
        if k:
            F = np.eye(9)
            v = V[k - 1]
            t = T[k - 1]
            F[2, 1] = v[2]
            F[3, 0] = -v[2]
            F[4, 0] = v[1]
            F[4, 1] = -v[0]
            F[_PATH, _VELOCITY] = np.eye(3) * t
            x = F @ x
            x[_VELOCITY] += v - [0, 0, GRAVITY_MPS2 * t]
            P = F @ P @ F.T
            i = np.arange(2)
            P[i, i] += qt[k - 1]
            i = np.arange(2, 5)
            P[i, i] += qv[k - 1]
            Xp[k], Cp[k], FF[k] = x, P, F
        if st.flags[idx[k]]:
            o = ww[idx[k]]
            H = np.zeros((3, 9))
            H[:, _VELOCITY] = np.eye(3)
            H[0, 5] = -o[1]
            H[1, 5] = o[0]
            roll = o[0] ** 2 + o[1] ** 2
            turn = o[2] ** 2
            rr = (
                np.array(
                    [(s.height_sd_m**2 * roll + s.contact_reach_m**2 * turn)] * 2 + [s.contact_reach_m**2 * roll]
                )
                + s.stance_speed_sd_mps**2
            )
            Rm = np.diag(rr * max(1, s.stance_correlation_s / s.node_s))
            K = np.linalg.solve(H @ P @ H.T + Rm, H @ P).T
            x = x - K @ (H @ x)
            A = np.eye(9) - K @ H
            P = A @ P @ A.T + K @ Rm @ K.T
        if isinst[k]:
            d = x[_PATH][:2]
            n = d / (np.linalg.norm(d) + 1e-9)
            sd.append(np.sqrt(n @ P[6:8, 6:8] @ n))
            x = x.copy()
            x[_PATH] = 0
            P = P.copy()
            P[_PATH] = 0
            P[:, _PATH] = 0
        X[k], C[k] = x, P
    S = X[:, :6].copy()
    for k in range(m - 1, -1, -1):
        G = np.linalg.solve(Cp[k + 1][:6, :6], FF[k + 1][:6, :6] @ C[k][:6, :6]).T
        S[k] += G @ (S[k + 1] - Xp[k + 1][:6])
    tn = time_s[idx]
    tilt = np.column_stack([np.interp(time_s, tn, S[:, 0]), np.interp(time_s, tn, S[:, 1]), np.zeros(len(time_s))])
    f2 = Rotation.from_rotvec(tilt).apply(f) - [0, 0, GRAVITY_MPS2]
    vel = np.vstack([np.zeros(3), np.cumsum(0.5 * (f2[1:] + f2[:-1]) * dt[:, None], axis=0)])
    c = S[:, 2:5] - vel[idx]
    vel += np.column_stack([np.interp(time_s, tn, c[:, j]) for j in range(3)])
    pos = np.vstack([np.zeros(3), np.cumsum(0.5 * (vel[1:] + vel[:-1]) * dt[:, None], axis=0)])
    return pos, vel, st, np.array(sd), S, tn
