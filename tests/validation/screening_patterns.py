"""Indices of cerebral palsy against their published numbers, and the patterns on limbs built for each class."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import numpy as np
from scipy.io import loadmat

from fusion.gait.indices import CURVES, gait_deviation_index, movement_profile
from fusion.screening._rodda_graham import CLASSES, side_class
from fusion.types import SIDES, Estimate

NAME = "screening/cerebral_palsy"
STEPS = np.linspace(-4.0, 4.0, 33)
DOUBT = 0.5
"""Standard deviation of the constructed limbs' z scores."""


def evaluate(folder: Path) -> dict[str, float]:
    """Return the largest differences from the golden vector, and where the controls lie."""
    figures = {}
    if (folder / "golden_vector.json").exists():
        told = json.loads((folder / "golden_vector.json").read_text(encoding="utf-8"))
        legs = {side: dict(zip(CURVES, np.array(told[side]).reshape(9, 51), strict=True)) for side in SIDES}
        profile = movement_profile(legs).score_deg
        index = [gait_deviation_index(legs[side]) - told[f"GDI_{side}"] for side in SIDES]
        score = [profile[side] - told[f"GPS_{side}"] for side in SIDES] + [profile["both"] - told["GPS_overall"]]
        figures[f"{NAME}/golden/gdi_largest_error"] = float(np.max(np.abs(index)))
        figures[f"{NAME}/golden/gps_largest_error_deg"] = float(np.max(np.abs(score)))
    if (folder / "GDI_Calc_Fast_Data.mat").exists():
        vectors = loadmat(folder / "GDI_Calc_Fast_Data.mat")["all_ctrl_gait_vectors"].T
        legs_of = [dict(zip(CURVES, vector.reshape(9, 51), strict=True)) for vector in vectors]
        controls = np.array([gait_deviation_index(leg) for leg in legs_of])
        figures[f"{NAME}/controls/gdi_mean"] = float(controls.mean())
        figures[f"{NAME}/controls/gdi_sd"] = float(controls.std(ddof=1))
        figures[f"{NAME}/controls/gps_median_deg"] = float(
            np.median([movement_profile({"left": leg}).score_deg["left"] for leg in legs_of])
        )
        figures[f"{NAME}/controls/n_controls"] = float(len(controls))
    return figures


def constructed() -> dict[str, float]:
    """Return how often limbs built in the plane of ankle and knee are named as the published rules say.

    The rules are written here a second time, from the paper. Far from a border (two standard deviations of the
    limb's doubt) the class must be certain; on a border neither class may be.
    """
    agree, certain, undecided = [], [], []
    for ankle_z, knee_z in product(STEPS, STEPS):
        named = side_class("left", _estimate(ankle_z), _estimate(knee_z))
        from_border = min(abs(abs(ankle_z) - 1.0), abs(knee_z - 1.0))
        if from_border > 1e-9:
            agree.append(named.name == _rule(ankle_z, knee_z))
        if from_border > 2.3 * DOUBT:
            certain.append(max(named.shares.values()) >= 95.0)
        if from_border < 1e-9:
            undecided.append(max(named.shares.values()) < 60.0)
    return {
        f"{NAME}/constructed/agreement": float(np.mean(agree)),
        f"{NAME}/constructed/certain_inside": float(np.mean(certain)),
        f"{NAME}/constructed/undecided_on_border": float(np.mean(undecided)),
        f"{NAME}/constructed/n_limbs": float(len(STEPS) ** 2),
        f"{NAME}/constructed/n_classes": float(len(CLASSES)),
    }


def _estimate(z: float) -> Estimate:
    return Estimate(float(z), float(z) - 1.96 * DOUBT, float(z) + 1.96 * DOUBT, "1", 20)


def _rule(ankle_z: float, knee_z: float) -> str:
    if knee_z > 1.0:
        if ankle_z < -1.0:
            return "jump gait"
        return "crouch gait" if ankle_z > 1.0 else "apparent equinus"
    if ankle_z < -1.0:
        return "true equinus"
    return "typical posture" if ankle_z <= 1.0 else "not classed"
