"""Key points of the joint curves: one number per side, with its interval."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from fusion.gait._bootstrap import mean_estimate
from fusion.gait.definition import Definition
from fusion.gait.definitions import KEY_ANGLES
from fusion.gait.joint_angles import CALIBRATION_SD_DEG
from fusion.gait.parameters import GOOD_STRIDES, MIN_STRIDES
from fusion.types import Estimate, Floats, JointAngles, Parameter, Stride

RANGE_SD_DEG = 3.0
"""What soft tissue and alignment leave of a range of motion: each of its two ends errs by about 2 deg."""

Reading = Callable[[Floats], Floats]
"""Cycles, shape (strides, 101) -> one value per stride."""


def _largest(first: int, last: int) -> Reading:
    return lambda cycles: np.max(cycles[:, first : last + 1], axis=1)


def _smallest(first: int, last: int) -> Reading:
    """Return the depth of the trough as a positive number."""
    return lambda cycles: -np.min(cycles[:, first : last + 1], axis=1)


def _range(cycles: Floats) -> Floats:
    return np.asarray(np.ptp(cycles, axis=1))


_READINGS: dict[str, tuple[str, Reading]] = {
    "knee_flexion_at_contact_deg": ("knee_flexion", lambda cycles: cycles[:, 0]),
    "knee_flexion_loading_deg": ("knee_flexion", _largest(5, 30)),
    "knee_flexion_swing_deg": ("knee_flexion", _largest(50, 100)),
    "knee_flexion_range_deg": ("knee_flexion", _range),
    "hip_extension_peak_deg": ("hip_flexion", _smallest(30, 75)),
    "hip_flexion_range_deg": ("hip_flexion", _range),
    "ankle_dorsiflexion_stance_deg": ("ankle_dorsiflexion", _largest(20, 65)),
    "ankle_plantarflexion_push_off_deg": ("ankle_dorsiflexion", _smallest(45, 85)),
    "ankle_dorsiflexion_range_deg": ("ankle_dorsiflexion", _range),
}


def key_angles(
    angles: JointAngles,
    strides: Sequence[Stride] = (),
    *,
    calibration_sd_deg: float = CALIBRATION_SD_DEG,
) -> tuple[Parameter, ...]:
    """Return the key points of all joint curves in the order of the data dictionary.

    Each is read from every measured cycle and averaged, so the shape of the single strides is kept. The
    interval joins the block bootstrap over strides and the calibration error; a range keeps only the part of
    it that is not the zero (soft tissue, alignment).

    Parameters
    ----------
    angles
        Of ``joint_angles``.
    strides
        The same strides; they say how many cycles were predicted only.
    calibration_sd_deg
        Standard deviation that all strides share, deg.
    """
    return tuple(
        Parameter(entry.name, side, _estimate(entry, side, angles, strides, calibration_sd_deg))
        for entry in KEY_ANGLES
        for side in entry.sides
    )


def _estimate(
    entry: Definition, side: str, angles: JointAngles, strides: Sequence[Stride], calibration_sd_deg: float
) -> Estimate:
    stem, reading = _READINGS[entry.name]
    curve = f"{stem}_{side}_deg"
    if curve in angles.reasons:
        return Estimate.not_assessable("deg", angles.reasons[curve])
    cycles = angles.cycles_deg.get(curve, np.empty((0, 101)))
    seen = cycles[np.isfinite(cycles).all(axis=1)]
    valid = sum(stride.is_valid and stride.side == side for stride in strides) or len(cycles)
    if len(seen) < MIN_STRIDES:
        reason = f"{side} leg: measured in {len(seen)} of {valid} strides, {MIN_STRIDES} needed: walk longer"
        return Estimate.not_assessable("deg", reason, len(seen))
    few = len(seen) < GOOD_STRIDES
    remark = f"measured in {len(seen)} of {valid} strides, {GOOD_STRIDES} needed: walk longer" if few else ""
    # A range does not depend on where zero is: of the calibration only soft tissue and alignment remain.
    shared_sd_deg = min(calibration_sd_deg, RANGE_SD_DEG) if reading is _range else calibration_sd_deg
    return mean_estimate(reading(seen), "deg", shared_sd_deg, grade="limited" if few else "good", reason=remark)
