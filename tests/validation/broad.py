"""Inclination of a single wearable in the hand, own attitude smoother against VQF (layout broad).

Scored where the trial says that the device moves and the cameras saw it. Heading is left out: without a magnetometer
it is arbitrary. ``inclination_rmse_deg/<method>/<trial>``: angle between true and found vertical in sensor axes.
Source: Laidig et al. (2021), BROAD, Data 6:72, CC BY 4.0.
"""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
from scipy.io import loadmat
from vqf import offlineVQF

from fusion.errors import TandemError
from fusion.estimator.attitude import inclination
from fusion.frames import matrix_from_quaternion
from fusion.types import Floats

log = logging.getLogger(__name__)


def evaluate(folder: Path) -> dict[str, float]:
    """Return the figures of every trial in a folder."""
    figures: dict[str, float] = {}
    evaluated = refused = 0
    for path in sorted(folder.glob("*.mat")):
        try:
            figures |= _trial(path)
            evaluated += 1
        except (TandemError, ValueError, LookupError, OSError) as error:
            log.warning("broad %s refused: %s", path.stem, error)
            refused += 1
    return {**figures, "broad/n": float(evaluated), "broad/refused": float(refused)}


def _trial(path: Path) -> dict[str, float]:
    data = loadmat(path)
    gyro, accel, truth = (np.asarray(data[name], dtype=np.float64) for name in ("imu_gyr", "imu_acc", "opt_quat"))
    step_s = 1.0 / float(np.squeeze(data["sampling_rate"]))
    scored = np.squeeze(data["movement"]).astype(bool) & np.isfinite(truth).all(axis=1)
    found = {
        "own": inclination(np.arange(len(gyro)) * step_s, accel, gyro),
        "vqf": offlineVQF(np.ascontiguousarray(gyro), np.ascontiguousarray(accel), None, step_s)["quat6D"],
    }
    return {
        f"broad/inclination_rmse_deg/{method}/{path.stem.split('_')[0]}": inclination_rmse_deg(
            quaternion[scored], truth[scored]
        )
        for method, quaternion in found.items()
    }


def vertical(quaternion: Floats) -> Floats:
    """Return the world's vertical in sensor axes, shape (n, 3)."""
    return np.asarray(matrix_from_quaternion(quaternion)[:, 2, :])


def inclination_rmse_deg(found: Floats, truth: Floats) -> float:
    """Return the RMS angle between two verticals, deg."""
    cosine = np.sum(vertical(found) * vertical(truth), axis=1)
    return float(np.rad2deg(np.sqrt(np.mean(np.arccos(np.clip(cosine, -1.0, 1.0)) ** 2))))
