"""Knee and ankle of a child against typical children at the same normalised speed, reading by reading."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fusion.gait.norms import CurveNorm, curve_norm
from fusion.screening._rodda_graham import MID_STANCE_PERCENT
from fusion.types import Driver, Estimate, Floats, JointAngles, Subject

VIDEO_ANKLE_SD_DEG = 7.5
"""Ankle from sagittal video against three-dimensional gait analysis: limits of agreement of 15 deg (Larsen et al.
2012, *Gait Posture* 35:186); learned from video, its class agrees with R2 of .57."""

VIDEO_ANKLE = "the ankle is from video, which agrees poorly with gait analysis (R2 .57): wear a sensor on the foot"

CURVES = ("knee_flexion", "ankle_dorsiflexion")


@dataclass(frozen=True, slots=True)
class Reading:
    """One number of a joint curve.

    Attributes
    ----------
    label
        "knee in mid-stance".
    low, high
        What a value two standard deviations below or above typical is called; ``""`` when it has no name.
    first, last
        Percent of the cycle.
    """

    key: str
    label: str
    low: str
    high: str
    curve: str
    first: int
    last: int
    of: Callable[[Floats], Floats]


def _mean(cycles: Floats) -> Floats:
    return np.asarray(np.mean(cycles, axis=-1))


def _largest(cycles: Floats) -> Floats:
    return np.asarray(np.max(cycles, axis=-1))


def _smallest(cycles: Floats) -> Floats:
    return np.asarray(np.min(cycles, axis=-1))


KNEE = Reading(
    "knee_mid_stance", "knee bend in mid-stance", "hyperextended", "bent", CURVES[0], *MID_STANCE_PERCENT, _mean
)
ANKLE = Reading(
    "ankle_mid_stance", "ankle in mid-stance", "equinus", "dorsiflexed", CURVES[1], *MID_STANCE_PERCENT, _mean
)
READINGS = (
    KNEE,
    ANKLE,
    Reading("crouch_angle", "smallest knee bend in stance", "", "crouch", CURVES[0], 20, 50, _smallest),
    Reading("knee_swing", "largest knee bend in swing", "stiff knee", "", CURVES[0], 50, 100, _largest),
    Reading("ankle_contact", "ankle at first contact", "toe first", "", CURVES[1], 0, 0, _mean),
    Reading("ankle_swing", "ankle in late swing", "drop foot", "", CURVES[1], 75, 95, _mean),
)


@dataclass(frozen=True, slots=True)
class Compared:
    """A reading of one leg, in degrees and in standard deviations from typical, with its norm."""

    reading: Reading
    side: str
    deg: Estimate
    z: Estimate
    norm: CurveNorm
    norm_mean_deg: float
    norm_sd_deg: float

    @property
    def driver(self) -> Driver:
        """The reading as a row of the screen; the push is in standard deviations."""
        word = self.reading.high if self.z.value > 2.0 else self.reading.low if self.z.value < -2.0 else ""
        label = f"{self.side.capitalize()} {self.reading.label}" + (f": {word}" if word else "")
        reach = 1.96 * self.norm_sd_deg
        return Driver(
            f"{self.reading.key}_{self.side}",
            label,
            self.deg,
            self.z.value,
            self.norm_mean_deg - reach,
            self.norm_mean_deg + reach,
            self.norm.name,
        )


def whole_cycles(angles: JointAngles, curve: str, side: str) -> Floats:
    """Return the wholly measured cycles of one curve, deg, shape (strides, 101)."""
    cycles = angles.cycles_deg.get(f"{curve}_{side}_deg", np.empty((0, 101)))
    return cycles[np.isfinite(cycles).all(axis=1)] if len(cycles) else np.empty((0, 101))


def shared_sd_deg(angles: JointAngles, curve: str, side: str) -> float:
    """Return what strides cannot average out: the standard deviation that the motion itself states, deg."""
    name = f"{curve}_{side}_deg"
    if name not in angles.names:
        return 0.0
    known = angles.sd(name)[np.isfinite(angles.sd(name))]
    return float(np.median(known)) if known.size else 0.0


def compare(
    reading: Reading, side: str, angles: JointAngles, subject: Subject, speed_mps: float, *, video_ankle: bool
) -> Compared | None:
    """Return one reading of one leg against typical children; None without cycles or norm."""
    cycles = whole_cycles(angles, reading.curve, side)
    norm = curve_norm(reading.curve, subject, speed_mps)
    if norm is None or not len(cycles):
        return None
    window = slice(reading.first, reading.last + 1)
    values = reading.of(cycles[:, window])
    mean = float(values.mean())
    shared = shared_sd_deg(angles, reading.curve, side)
    poor = video_ankle and reading.curve == "ankle_dorsiflexion"
    if poor:
        shared = float(np.hypot(shared, VIDEO_ANKLE_SD_DEG))
    spread = float(values.std(ddof=1)) if len(values) > 1 else np.inf
    reach = 1.96 * float(np.hypot(shared, spread / np.sqrt(len(values))))
    grade, reason = ("limited", VIDEO_ANKLE) if poor else ("good", "")
    typical = float(reading.of(norm.mean_deg[window]))
    sd = float(norm.sd_deg[window].mean())
    deg = Estimate(mean, mean - reach, mean + reach, "deg", len(values), grade, reason)
    z = Estimate(
        (mean - typical) / sd,
        (mean - reach - typical) / sd,
        (mean + reach - typical) / sd,
        "1",
        len(values),
        grade,
        reason,
    )
    return Compared(reading, side, deg, z, norm, typical, sd)
