"""Calibration of an inertial sensor: what is stored on the wearable, and how it is applied.

Model (hardware/protocol/SPEC.md, section 8): calibrated = matrix (reading - bias). The matrix corrects scale and
misalignment; its rows are the calibrated axes.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import numpy as np

from fusion.errors import FormatError
from fusion.types import Floats

BLOCK_BYTES = 120
_FORMAT = 1
_BLOCK = struct.Struct("<BBhQQ24f4x")
_ACCEL, _GYRO_BIAS, _GYRO_MATRIX = 1, 2, 4


@dataclass(frozen=True, slots=True)
class ImuCalibration:
    """Corrections of one device.

    Attributes
    ----------
    accel_bias_mps2, gyro_bias_radps
        Reading at zero, shape (3,).
    accel_matrix, gyro_matrix
        Correction of scale and misalignment, shape (3, 3).
    serial_number
        The device that they belong to.
    unix_s, temperature_c
        When and at which temperature they were found; NaN unknown.
    has_accel, has_gyro_bias, has_gyro_matrix
        What was found; the rest is neutral.
    """

    serial_number: int
    accel_bias_mps2: Floats = field(default_factory=lambda: np.zeros(3))
    accel_matrix: Floats = field(default_factory=lambda: np.eye(3))
    gyro_bias_radps: Floats = field(default_factory=lambda: np.zeros(3))
    gyro_matrix: Floats = field(default_factory=lambda: np.eye(3))
    unix_s: int = 0
    temperature_c: float = np.nan
    has_accel: bool = False
    has_gyro_bias: bool = False
    has_gyro_matrix: bool = False

    def apply_accel(self, accel_mps2: Floats) -> Floats:
        """Return corrected specific force, m/s^2, shape (n, 3)."""
        return np.asarray((accel_mps2 - self.accel_bias_mps2) @ self.accel_matrix.T)

    def apply_gyro(self, gyro_radps: Floats) -> Floats:
        """Return corrected angular rate, rad/s, shape (n, 3)."""
        return np.asarray((gyro_radps - self.gyro_bias_radps) @ self.gyro_matrix.T)

    def to_block(self) -> bytes:
        """Return the 120 bytes that WRITE_CALIBRATION takes."""
        valid = _ACCEL * self.has_accel | _GYRO_BIAS * self.has_gyro_bias | _GYRO_MATRIX * self.has_gyro_matrix
        temperature = -32768 if np.isnan(self.temperature_c) else round(100.0 * self.temperature_c)
        values = (self.accel_bias_mps2, self.accel_matrix, self.gyro_bias_radps, self.gyro_matrix)
        numbers = [float(value) for array in values for value in np.ravel(array)]
        return _BLOCK.pack(_FORMAT, valid, temperature, self.serial_number, self.unix_s, *numbers)

    @classmethod
    def from_block(cls, block: bytes) -> ImuCalibration:
        """Return the calibration in a block.

        Raises
        ------
        FormatError
            It is none, or of a later format.
        """
        if len(block) < BLOCK_BYTES or block[0] != _FORMAT:
            got = f"{len(block)} bytes" if len(block) < BLOCK_BYTES else f"format {block[0]}"
            raise FormatError(f"a calibration has {BLOCK_BYTES} bytes, format {_FORMAT}; got {got}. Calibrate again.")
        _, valid, temperature, serial_number, unix_s, *numbers = _BLOCK.unpack_from(block)
        values = np.array(numbers)
        if not np.isfinite(values).all():
            raise FormatError("the stored calibration has numbers that are not finite. Calibrate again.")
        return cls(
            serial_number,
            values[0:3],
            values[3:12].reshape(3, 3),
            values[12:15],
            values[15:24].reshape(3, 3),
            unix_s,
            np.nan if temperature == -32768 else 0.01 * temperature,
            bool(valid & _ACCEL),
            bool(valid & _GYRO_BIAS),
            bool(valid & _GYRO_MATRIX),
        )
