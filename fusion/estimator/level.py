"""What a wearable would read if its segment moved in the sagittal plane only.

A leg also rolls and yaws a little. With the sensor's own attitude R = Rz(yaw) Rx(roll) Ry(pitch) from ``attitude``,

- the pitch rate is the planar gyro reading: w_y = pitch' + sin(roll) yaw', so the raw reading would drift;
- the specific force is turned into the heading frame and back by the pitch alone;
- up is (-sin pitch, 0, cos pitch).

The attitude also tells the slow inclination from gravity averaged over strides, which no accelerometer model with
uncertain lever arms does as well; it enters the filter as the measurement ``up``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fusion.estimator.attitude import inclination
from fusion.frames import matrix_from_quaternion
from fusion.types import Floats, PlacedImu


@dataclass(frozen=True, slots=True)
class LevelledImu:
    """A wearable with the upward direction of its own attitude, unit vectors in segment axes, shape (n, 3)."""

    imu: PlacedImu
    up: Floats

    @property
    def pitch_rad(self) -> Floats:
        """Sagittal inclination, rad, shape (n,); NaN in gaps."""
        return np.asarray(np.arctan2(-self.up[:, 0], self.up[:, 2]))


def with_attitude(imu: PlacedImu) -> LevelledImu:
    """Return the wearable as it is, with its upward direction."""
    turned = matrix_from_quaternion(inclination(imu.time_s, imu.accel_mps2, imu.gyro_radps))
    return LevelledImu(imu, _where_known(imu, turned[:, 2, :]))


def in_plane(imu: PlacedImu) -> LevelledImu:
    """Return the wearable as if its segment moved in the plane only, with its upward direction."""
    turned = matrix_from_quaternion(inclination(imu.time_s, imu.accel_mps2, imu.gyro_radps))
    pitch = np.arctan2(-turned[:, 2, 0], turned[:, 2, 2])
    yaw = np.arctan2(-turned[:, 0, 1], turned[:, 1, 1])
    force = np.einsum("nij,nj->ni", turned, imu.accel_mps2)
    forward = np.cos(yaw) * force[:, 0] + np.sin(yaw) * force[:, 1]
    lateral = np.cos(yaw) * force[:, 1] - np.sin(yaw) * force[:, 0]
    sine, cosine = np.sin(pitch), np.cos(pitch)
    accel = np.stack([cosine * forward - sine * force[:, 2], lateral, sine * forward + cosine * force[:, 2]], axis=1)
    gyro = imu.gyro_radps.copy()
    gyro[:, 1] = np.gradient(np.unwrap(pitch), imu.time_s)
    up = np.stack([-sine, np.zeros_like(sine), cosine], axis=1)
    known = replace(imu, accel_mps2=_where_known(imu, accel), gyro_radps=_where_known(imu, gyro))
    return LevelledImu(known, _where_known(imu, up))


def _where_known(imu: PlacedImu, values: Floats) -> Floats:
    known = np.asarray(np.isfinite(imu.gyro_radps).all(axis=1))
    return np.asarray(np.where(known[:, np.newaxis], values, np.nan))
