"""A hand that lays a wearable down, turns it, and makes small mistakes; and a sensor with errors."""

from dataclasses import dataclass, field

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from drivers.calibration.fit import Face
from drivers.sim.base import StreamFeed
from fusion.frames import GRAVITY_MPS2

RATE_HZ = 100.0
REST_S = 5.0


@dataclass
class Sensor:
    """reading = S true + bias + noise."""

    accel_matrix: np.ndarray
    accel_bias_mps2: np.ndarray
    gyro_matrix: np.ndarray
    gyro_bias_radps: np.ndarray

    @classmethod
    def drawn(cls, rng):
        """Return one as bad as cheap ones are: 2 % scale, 1 deg misalignment, 60 mg, 2 deg/s."""

        def matrix():
            return np.eye(3) + np.diag(rng.uniform(-0.02, 0.02, 3)) + rng.uniform(-1, 1, (3, 3)) * np.radians(1.0)

        return cls(
            matrix(), rng.uniform(-0.06, 0.06, 3) * GRAVITY_MPS2, matrix(), np.radians(rng.uniform(-2.0, 2.0, 3))
        )

    def read(self, accel, gyro, rng):
        """Return what it reads: noise of 0.1 mg/sqrt(Hz) and 0.005 deg/s/sqrt(Hz) in a band of half the rate."""
        band = np.sqrt(RATE_HZ / 2.0)
        return (
            accel @ self.accel_matrix.T + self.accel_bias_mps2 + rng.normal(0, 1e-3 * band, accel.shape),
            gyro @ self.gyro_matrix.T + self.gyro_bias_radps + rng.normal(0, np.radians(0.005) * band, gyro.shape),
        )


@dataclass
class Hand:
    """Builds a path of orientations, and from it true readings.

    ``tilt_deg`` is the tilt of the table about its two axes; ``edge_deg`` how well a ruler brings it back.
    """

    rng: np.random.Generator
    tilt_deg: tuple = (0.7, -0.4)
    edge_deg: float = 0.3
    yaw_rad: float = 0.3
    _path: list = field(default_factory=list)

    def up(self, face):
        """Lay it with a face up, anyhow about the vertical."""
        self.yaw_rad = self.rng.uniform(-np.pi, np.pi)
        self._move(face, 1.5)
        self.rest(face)

    def turn(self, face, turns, *, ends_at_edge=True):
        """Turn it flat, not quite evenly, and let go."""
        start_rad = self.yaw_rad
        end_rad = start_rad + 2 * np.pi * turns
        slip_rad = np.radians(self.rng.normal(0, self.edge_deg)) if ends_at_edge else 0.0
        count = round(RATE_HZ * max(1.0, 1.3 * abs(turns)))
        share = np.linspace(0, 1, count + 1)[1:]
        eased = share - np.sin(2 * np.pi * share) / (2 * np.pi)
        for part in eased:
            self._path.append(self._pose(face, start_rad + part * (end_rad + slip_rad - start_rad)))
        # against the edge it lies as before; what remains is the next slip's own
        self.yaw_rad = end_rad + slip_rad
        self.rest(face)

    def rest(self, face, seconds=REST_S):
        """Do nothing."""
        self._path += [self._pose(face, self.yaw_rad)] * round(RATE_HZ * seconds)

    def whole_calibration(self, *, turns=5, level=False):
        """Do all that is asked for, in order."""
        for axis in (2, 0, 1):
            for sign in (1, -1):
                face = Face(axis, sign)
                self.up(face)
                if not level:
                    self.turn(face, 0.5)
        for axis in (2, 0, 1):
            self.up(Face(axis, 1))
            self.turn(Face(axis, 1), turns)
            self.turn(Face(axis, 1), -turns)
        return self

    def true_readings(self):
        """Return time s, specific force m/s^2, angular rate rad/s."""
        world_from_case = Rotation.concatenate(self._path)
        step = (world_from_case[:-1].inv() * world_from_case[1:]).as_rotvec() * RATE_HZ
        gyro = np.zeros((len(self._path), 3))
        gyro[:-1] += step / 2
        gyro[1:] += step / 2
        return np.arange(len(gyro)) / RATE_HZ, world_from_case.inv().apply([0, 0, GRAVITY_MPS2]), gyro

    def readings(self, sensor):
        """Return time s and what the sensor reads."""
        time_s, accel, gyro = self.true_readings()
        return time_s, *sensor.read(accel, gyro, self.rng)

    def feed(self, sensor, start_s):
        """Return what a virtual device feels."""
        return StreamFeed(*self.readings(sensor), start_s)

    def _pose(self, face, yaw_rad):
        level_from_case, _ = Rotation.align_vectors([[0, 0, 1]], [face.normal])
        table = Rotation.from_euler("xy", self.tilt_deg, degrees=True)
        return table * Rotation.from_rotvec([0, 0, yaw_rad]) * level_from_case

    def _move(self, face, seconds):
        pose = self._pose(face, self.yaw_rad)
        before = self._path[-1] if self._path else pose
        between = Slerp([0, 1], Rotation.concatenate([before, pose]))
        self._path += list(between(np.linspace(0, 1, round(RATE_HZ * seconds) + 1)[1:]))


def guided(guide, readings, *, piece=8):
    """Feed a guide as a link does, and return it."""
    time_s, accel, gyro = readings
    for start in range(0, len(time_s), piece):
        part = slice(start, start + piece)
        guide.feed(time_s[part], accel[part], gyro[part])
    return guide
