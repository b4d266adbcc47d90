"""How far a walk is from normal kinematics in one number: GVS, GPS (movement analysis profile) and GDI.

- Gait variable score (GVS): root-mean-square difference between a joint curve and its reference, deg.
- Gait profile score (GPS): root mean square of the nine GVS of a side [1]_; the profile itself is the MAP.
- Gait deviation index (GDI): distance from the controls in a basis of 15 gait features, scaled so that controls have
  100 +- 10 [2]_. Basis, mean and constants are the published ones (``gdi_basis.csv``).

Both need all three planes of pelvis, hip, knee, ankle and foot. What one side camera or a few gyroscopes give is a
subset; its root mean square is printed under its own name (``profile_name``) and never as GPS. The GDI of a subset
does not exist and is refused.

Both carry the habits of a laboratory: healthy children measured elsewhere scored a GDI of 87.5, not 100. A reference
group of one's own (``reference_deg`` of ``movement_profile``) removes that for the GPS.

References
----------
.. [1] Baker et al. (2009), Gait Posture 30:265, doi:10.1016/j.gaitpost.2009.05.020
.. [2] Schwartz & Rozumalski (2008), Gait Posture 28:351, doi:10.1016/j.gaitpost.2008.05.001
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from fusion.errors import SignalError
from fusion.types import Floats

CURVES = (
    "pelvis_tilt",
    "pelvis_obliquity",
    "pelvis_rotation",
    "hip_flexion",
    "hip_adduction",
    "hip_rotation",
    "knee_flexion",
    "ankle_dorsiflexion",
    "foot_progression",
)
"""The nine curves of a side in the published order; the first three are the pelvis'."""

PELVIS = CURVES[:3]
SAGITTAL = ("pelvis_tilt", "hip_flexion", "knee_flexion", "ankle_dorsiflexion")

POINTS = 51
"""0, 2 ... 100 % of the cycle."""

LN_DISTANCE_MEAN, LN_DISTANCE_SD = 4.69422, 0.29763
"""Of the controls' ln distance [2]_, standard deviation with n - 1."""

MEANINGFUL_GPS_DEG = 1.6
"""Smallest difference of a GPS that matters to clinicians (Baker et al. 2012, *Gait Posture* 35:612)."""


@dataclass(frozen=True, slots=True)
class GaitFeatures:
    """The published basis.

    Attributes
    ----------
    basis
        Orthonormal columns, shape (459, 15).
    mean_deg
        Mean of the controls, nine curves of 51 points one after the other, shape (459,).
    """

    basis: Floats
    mean_deg: Floats


@dataclass(frozen=True, slots=True)
class Profile:
    """Movement analysis profile of one or both legs.

    Attributes
    ----------
    gvs_deg
        (curve, side) -> gait variable score.
    score_deg
        Side, and ``"both"`` -> root mean square of the scores; the pelvis counts once in ``"both"``. Absent for a
        side that lacks a curve which the other has.
    name
        ``"GPS"`` only when all nine curves are there; see ``profile_name``.
    missing
        Curves that no side has.
    """

    gvs_deg: Mapping[tuple[str, str], float]
    score_deg: Mapping[str, float]
    name: str
    missing: tuple[str, ...]


def profile_name(curves: Iterable[str]) -> str:
    """Return what the root mean square of these curves' scores is called.

    >>> profile_name(CURVES)
    'GPS'
    >>> profile_name(("knee_flexion", "hip_flexion"))
    'profile score of 2 of 9 curves'
    """
    present = {curve for curve in curves if curve in CURVES}
    if len(present) == len(CURVES):
        return "GPS"
    if present == set(SAGITTAL):
        return "sagittal profile score (4 of 9 curves)"
    return f"profile score of {len(present)} of 9 curves"


def gait_variable_score(curve_deg: Floats, reference_deg: Floats) -> float:
    """Return the root-mean-square difference of two curves over the cycle, deg.

    Parameters
    ----------
    curve_deg, reference_deg
        Evenly spaced over 0 to 100 % of the cycle, of 51 points or resampled to them.
    """
    difference = at_points(curve_deg) - at_points(reference_deg)
    return float(np.sqrt(np.mean(difference**2)))


def at_points(curve_deg: Floats) -> Floats:
    """Return curves at 0, 2 ... 100 % of the cycle; the last axis is the cycle."""
    count = curve_deg.shape[-1]
    if count == POINTS:
        return curve_deg
    if (count - 1) % (POINTS - 1) == 0:
        return np.asarray(curve_deg[..., :: (count - 1) // (POINTS - 1)])
    percent = np.linspace(0.0, 1.0, POINTS)
    rows = [np.interp(percent, np.linspace(0.0, 1.0, count), row) for row in curve_deg.reshape(-1, count)]
    return np.array(rows).reshape(*curve_deg.shape[:-1], POINTS)


def movement_profile(
    curves_deg: Mapping[str, Mapping[str, Floats]], reference_deg: Mapping[str, Floats] | None = None
) -> Profile:
    """Return the gait variable scores of each side and what they add up to.

    Parameters
    ----------
    curves_deg
        Side -> curve -> mean over strides, shape (51,) or (101,), flexion, dorsiflexion, adduction and internal
        rotation positive on both sides; absent or NaN where not assessable.
    reference_deg
        Curve -> mean of the reference group; by default the controls of the GDI.

    Raises
    ------
    SignalError
        No side has a curve that the reference has.
    """
    reference = control_curves() if reference_deg is None else reference_deg
    gvs = {
        (name, side): gait_variable_score(curves[name], reference[name])
        for side, curves in curves_deg.items()
        for name in CURVES
        if name in curves and name in reference and np.isfinite(curves[name]).all()
    }
    if not gvs:
        raise SignalError("a gait profile needs at least one joint curve; got none. Record a sensor or camera.")
    present = tuple(name for name in CURVES if any(curve == name for curve, _ in gvs))
    scores = {
        side: root_mean_square(gvs[name, side] for name in present)
        for side in curves_deg
        if all((name, side) in gvs for name in present)
    }
    if len(scores) == 2:
        first, second = scores
        # The pelvis is one segment: its scores enter once, from the first side (Baker et al. 2009: 15 scores).
        once = [gvs[name, first] for name in present] + [gvs[name, second] for name in present if name not in PELVIS]
        scores["both"] = root_mean_square(once)
    missing = tuple(name for name in CURVES if name not in present)
    return Profile(gvs, scores, profile_name(present), missing)


def root_mean_square(values: Iterable[float]) -> float:
    """Return the root of the mean of the squares."""
    return float(np.sqrt(np.mean(np.square(list(values)))))


def gait_vector(curves_deg: Mapping[str, Floats]) -> Floats:
    """Return the nine curves of one side as the published vector, shape (459,).

    Raises
    ------
    SignalError
        A curve is missing: one camera cannot see three planes.
    """
    missing = [
        name for name in CURVES if name not in curves_deg or not np.isfinite(np.asarray(curves_deg[name])).all()
    ]
    if missing:
        raise SignalError(
            f"the gait deviation index needs all nine curves; {', '.join(missing)} missing. "
            "Record all three planes, or use the sagittal profile score."
        )
    return np.concatenate([at_points(np.asarray(curves_deg[name], dtype=np.float64)) for name in CURVES])


def gait_deviation_index(curves_deg: Mapping[str, Floats]) -> float:
    """Return the GDI of one side; 100 for the average control, 10 points a standard deviation.

    1. Project the difference from the controls' mean on the 15 gait features.
    2. Take the logarithm of its length and scale it by the controls' [2]_, equations 2 to 5.

    Parameters
    ----------
    curves_deg
        Curve -> mean over strides, all nine of ``CURVES``.

    Raises
    ------
    SignalError
        A plane is missing.
    """
    return index_of_vector(gait_vector(curves_deg))


def index_of_vector(vector_deg: Floats) -> float:
    """Return the GDI of a vector of nine curves of 51 points, shape (459,)."""
    features = gait_features()
    # 1.
    distance = float(np.linalg.norm(features.basis.T @ (vector_deg - features.mean_deg)))
    # 2.
    return 100.0 - 10.0 * (float(np.log(distance)) - LN_DISTANCE_MEAN) / LN_DISTANCE_SD


def control_curves() -> dict[str, Floats]:
    """Return curve -> mean of the 166 control legs (children of one laboratory), deg, shape (51,)."""
    rows = gait_features().mean_deg.reshape(len(CURVES), POINTS)
    return dict(zip(CURVES, rows, strict=True))


@cache
def gait_features() -> GaitFeatures:
    """Return the published basis and mean."""
    lines = files("fusion.gait").joinpath("gdi_basis.csv").read_text(encoding="utf-8").splitlines()
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    basis = np.array([[float(row[f"f{k:02d}"]) for k in range(1, 16)] for row in rows])
    return GaitFeatures(1e-6 * basis, np.array([float(row["mean_deg"]) for row in rows]))
