"""Two linked wearables: inclination of each and orientation to each other, own smoother against VQF (weygers_kok).

A mechanical linkage, not a leg. ``inclination_rmse_deg/<method>/<trial>``: both bodies pooled.
``relative_rmse_deg/<method>/<trial>``: angle of the relative orientation's error after one constant difference of
heading is taken off; drift of the heading within the trial counts. The joint itself is not used by either method; the
published methods use it (MEKF 4.2, 4.1 deg; MAP 4.1, 3.6 deg on the trials of the developers' part).
Source: Weygers & Kok (2020), IEEE Sensors J. 20:7969; data of the package dfjimu.
"""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
from scipy.io import loadmat
from scipy.spatial.transform import Rotation
from vqf import offlineVQF

from fusion.errors import TandemError
from fusion.estimator.attitude import inclination
from fusion.types import Floats
from tests.validation.broad import inclination_rmse_deg

log = logging.getLogger(__name__)


def evaluate(folder: Path) -> dict[str, float]:
    """Return the figures of every trial in a folder."""
    figures: dict[str, float] = {}
    evaluated = refused = 0
    for path in sorted(folder.glob("*.mat")):
        try:
            figures |= _trial(path)
            evaluated += 1
        except (TandemError, ValueError, LookupError, AttributeError, OSError) as error:
            log.warning("weygers_kok %s refused: %s", path.stem, error)
            refused += 1
    return {**figures, "weygers_kok/n": float(evaluated), "weygers_kok/refused": float(refused)}


def _trial(path: Path) -> dict[str, float]:
    data = loadmat(path, squeeze_me=True, struct_as_record=False)["data"]
    samples = np.asarray(data.sensorData, dtype=np.float64)
    reference = np.asarray(data.ref, dtype=np.float64)
    truth = (reference[:, 0:4], reference[:, 4:8])
    known = np.isfinite(reference[:, :8]).all(axis=1)
    step_s = 1.0 / float(data.rate)
    name = path.stem.removeprefix("data_")
    figures = {}
    for method in ("own", "vqf"):
        found = [_attitude(method, samples[:, first : first + 6], step_s) for first in (0, 6)]
        tilt = [inclination_rmse_deg(q[known], t[known]) for q, t in zip(found, truth, strict=True)]
        figures[f"weygers_kok/inclination_rmse_deg/{method}/{name}"] = float(np.sqrt(np.mean(np.square(tilt))))
        figures[f"weygers_kok/relative_rmse_deg/{method}/{name}"] = _relative_rmse_deg(
            [q[known] for q in found], [t[known] for t in truth]
        )
    return figures


def _attitude(method: str, samples: Floats, step_s: float) -> Floats:
    accel, gyro = np.ascontiguousarray(samples[:, :3]), np.ascontiguousarray(samples[:, 3:])
    if method == "own":
        return inclination(np.arange(len(samples)) * step_s, accel, gyro)
    return np.asarray(offlineVQF(gyro, accel, None, step_s)["quat6D"])


def _relative_rmse_deg(found: list[Floats], truth: list[Floats]) -> float:
    """Return the RMS angle of the relative orientation's error, the best constant heading difference taken off."""
    first, second = (Rotation.from_quat(q, scalar_first=True) for q in found)
    wanted = Rotation.from_quat(truth[0], scalar_first=True).inv() * Rotation.from_quat(truth[1], scalar_first=True)
    # Which turn of the second world against the first brings the second body where it is known to be?
    turn = first * wanted * second.inv()
    matrix = turn.as_matrix()
    heading = float(
        np.arctan2(np.mean(matrix[:, 1, 0] - matrix[:, 0, 1]), np.mean(matrix[:, 0, 0] + matrix[:, 1, 1]))
    )
    error = (first.inv() * Rotation.from_euler("z", heading) * second).inv() * wanted
    return float(np.rad2deg(np.sqrt(np.mean(error.magnitude() ** 2))))
