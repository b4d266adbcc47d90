"""``tandem calibrate-imu ADDRESS``: find bias, scale and misalignment of a wearable, and store them on it."""

from __future__ import annotations

import asyncio
import json
import time
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from apps.commands._output import say, tell
from fusion.errors import UsageError

if TYPE_CHECKING:
    from drivers.calibration.session import Calibrated
    from fusion.types import Floats

_MOST_TURNS = 20


class CalibrateImu:
    """Guides the calibration of one wearable by what its own readings show."""

    summary: ClassVar[str] = "calibrate a Tandem wearable: six rests, some turns; stored on the device"
    description: ClassVar[str] = (
        "Find bias, scale and misalignment of accelerometer and gyroscope of a Tandem wearable, and store them on\n"
        "it; every later recording is then corrected by itself. Takes five minutes, a table and a ruler; nothing\n"
        "has to be pressed: the wearable is laid down as asked and let go. Why: hardware/calibration/README.md.\n\n"
        "ADDRESS is transport:target, such as serial:/dev/ttyACM0 or ble:C0:11:22:33:44:55."
    )

    def configure(self, parser: ArgumentParser) -> None:
        """Add the address and how it is done."""
        parser.add_argument(
            "address", metavar="ADDRESS", help="which wearable: serial:PORT, ble:ADDRESS, tcp:HOST:PORT"
        )
        parser.add_argument("--level", action="store_true", help="the surface is level within 0.1 deg: no half turns")
        parser.add_argument("--turns", type=_turns, default=5, help="whole turns about each axis (default: 5)")
        parser.add_argument("--no-store", action="store_true", help="only show what was found")
        parser.add_argument("--out", type=Path, metavar="FILE", help="also write a record of it, JSON")

    def run(self, options: Namespace) -> None:
        """Calibrate."""
        from drivers.calibration.session import Plan, calibrate
        from drivers.lab import TRANSPORTS, USUAL_DEVICE, split_address
        from fusion.plugins import load
        from fusion.recording.storage import storage_error

        transport, device, target = split_address(options.address)
        if device != USUAL_DEVICE:
            raise UsageError(f"only a Tandem wearable keeps a calibration; got {device!r} in {options.address!r}.")
        plan = Plan(options.level, options.turns, not options.no_store, int(time.time()))
        found = asyncio.run(calibrate(load(TRANSPORTS, transport), target, tell, plan))
        for line in table(found):
            say(line)
        if options.out is not None:
            try:
                options.out.write_text(json.dumps(record(found), indent=2) + "\n", encoding="utf-8")
            except OSError as cause:
                raise storage_error("write", options.out, cause) from cause


def table(found: Calibrated) -> list[str]:
    """Return what was found with its 95 % intervals, as lines."""
    import numpy as np

    accel, gyro, kept = found.accel, found.gyro, found.calibration
    scale = np.diag(np.linalg.inv(accel.matrix)) - 1.0
    gyro_scale = np.diag(np.linalg.inv(gyro.matrix)) - 1.0
    rows = [f"wearable {kept.serial_number:016x}, {kept.temperature_c:.1f} degC", ""]
    rows.append(f"{'':<34}{'x':>18}{'y':>18}{'z':>18}")
    bias, half = 1000.0 * accel.bias_mps2 / 9.80665, 1000.0 * accel.bias_half_mps2 / 9.80665
    rows.append(_row("accelerometer bias, mg", bias, half, 2))
    rows.append(_row("accelerometer scale error, %", 100 * scale, 100 * np.diag(accel.matrix_half), 3))
    rows.append(_row("gyroscope bias, deg/s", np.degrees(gyro.bias_radps), np.degrees(gyro.bias_half_radps), 4))
    rows.append(_row("gyroscope scale error, %", 100 * gyro_scale, np.full(3, 50 * gyro.disagreement), 3))
    rows.append("")
    skew_deg = [
        f"{name} {_skew_deg(fit.matrix):.2f} deg" for name, fit in (("accelerometer", accel), ("gyroscope", gyro))
    ]
    rows.append(f"largest misalignment: {', '.join(skew_deg)}")
    surface = "taken as level" if np.isnan(accel.tilt_rad) else f"tilted by {np.degrees(accel.tilt_rad):.2f} deg"
    rows.append(f"rests agree to {accel.residual_mps2:.4f} m/s^2; surface {surface}")
    rows.append(f"turns to left and right agree to {gyro.disagreement:.3%}")
    rows.append("stored on the wearable" if found.is_stored else "not stored (--no-store)")
    return rows


def record(found: Calibrated) -> dict[str, Any]:
    """Return the record of a calibration; SI units."""
    kept, accel, gyro = found.calibration, found.accel, found.gyro
    return {
        "serial_number": f"{kept.serial_number:016x}",
        "unix_s": kept.unix_s,
        "temperature_c": None if kept.temperature_c != kept.temperature_c else kept.temperature_c,
        "model": "calibrated = matrix (reading - bias)",
        "accel_bias_mps2": accel.bias_mps2.tolist(),
        "accel_bias_half_width_mps2": accel.bias_half_mps2.tolist(),
        "accel_matrix": accel.matrix.tolist(),
        "accel_matrix_half_width": accel.matrix_half.tolist(),
        "accel_residual_mps2": accel.residual_mps2,
        "gyro_bias_radps": gyro.bias_radps.tolist(),
        "gyro_bias_half_width_radps": gyro.bias_half_radps.tolist(),
        "gyro_matrix": gyro.matrix.tolist(),
        "gyro_turn_disagreement": gyro.disagreement,
        "stored": found.is_stored,
    }


def _row(name: str, values: Floats, half: Floats, digits: int) -> str:
    cells = [f"{value:+.{digits}f} +- {width:.{digits}f}" for value, width in zip(values, half, strict=True)]
    return f"{name:<34}" + "".join(f"{cell:>18}" for cell in cells)


def _skew_deg(matrix: Floats) -> float:
    """Return the largest angle between an axis of the sensor and that of the case, deg."""
    import numpy as np

    columns = np.linalg.inv(matrix)
    cosine = np.diag(columns) / np.linalg.norm(columns, axis=0)
    return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))).max())


def _turns(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if not 3 <= number <= _MOST_TURNS:
        raise ArgumentTypeError(f"must be a whole number from 3 to {_MOST_TURNS}; got {text!r}")
    return number


PLUGIN = CalibrateImu
