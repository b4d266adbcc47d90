"""Joint angles over time and over the gait cycle.

An angle is read from the rotation between two segments, not from the difference of two pitches: the first
rotation of the sequence flexion, abduction, rotation (Grood & Suntay 1983, *J Biomech Eng* 105:136; ISB, Wu
et al. 2002, *J Biomech* 35:543). For a sagittal motion both are the same; a spatial one needs no change here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fusion.frames import matrix_from_quaternion
from fusion.types import SEGMENTS, SIDES, Flags, Floats, JointAngles, Motion, Stride

CALIBRATION_SD_DEG = 2.0
"""What sensor placement and body model leave at the knee in absolute terms: 1.5 to 2.1 deg in validation."""

MAX_PREDICTED = 0.1
"""A cycle counts when at most this share of it was carried by the model alone."""

CYCLE_POINTS = 101

WORLD = ""
"""Stands for the world where an angle has no proximal segment."""


@dataclass(frozen=True, slots=True)
class Angle:
    """One angle: distal against proximal segment; ``sign`` turns the leftward rotation into flexion."""

    name: str
    side: str
    proximal: str
    distal: str
    sign: float

    @property
    def segments(self) -> tuple[str, ...]:
        """Segments that must be measured."""
        return tuple(name for name in (self.proximal, self.distal) if name)


def _of_side(side: str) -> tuple[Angle, ...]:
    thigh, shank, foot = (f"{side}_{part}" for part in ("thigh", "shank", "foot"))
    return (
        Angle(f"hip_flexion_{side}_deg", side, "pelvis", thigh, -1.0),
        Angle(f"knee_flexion_{side}_deg", side, thigh, shank, 1.0),
        Angle(f"ankle_dorsiflexion_{side}_deg", side, shank, foot, -1.0),
        Angle(f"thigh_elevation_{side}_deg", side, WORLD, thigh, -1.0),
    )


ANGLES = (
    *(angle for pair in zip(*(_of_side(side) for side in SIDES), strict=True) for angle in pair),
    Angle("pelvis_tilt_deg", "both", WORLD, "pelvis", 1.0),
    Angle("trunk_tilt_deg", "both", WORLD, "trunk", 1.0),
)
"""Flexion, dorsiflexion, thigh forward and forward (anterior) tilt positive; zero in the person's standing."""


def joint_angles(
    motion: Motion,
    strides: Sequence[Stride],
    *,
    not_assessable: Mapping[str, str] | None = None,
    calibration_sd_deg: float = CALIBRATION_SD_DEG,
    max_predicted: float = MAX_PREDICTED,
) -> JointAngles:
    """Return all joint and segment angles of a motion.

    1. Read each angle from the rotation between its segments.
    2. Its variance is that of the difference of the two orientations, plus what calibration leaves.
    3. Mark where a segment was only predicted; an angle whose segment was never measured is not assessable.
    4. Cut the valid strides of the same side and stretch each to 101 points. Tilts take those of both sides.

    Parameters
    ----------
    motion
        Of the estimator.
    strides
        Of ``segment_strides``.
    not_assessable
        Angle or segment name -> why it cannot be given, known from elsewhere (a foot without points).
    calibration_sd_deg
        Standard deviation that no filter sees, deg.
    max_predicted
        Largest share of a stride that may be predicted, else its cycle is NaN.
    """
    reasons = _reasons(motion, dict(not_assessable or {}))
    count = len(motion.time_s)
    angle_deg, sd_deg = np.full((2, count, len(ANGLES)), np.nan)
    predicted = np.ones((count, len(ANGLES)), dtype=np.bool_)
    cycles = {}
    for k, angle in enumerate(ANGLES):
        if angle.name not in reasons:
            angle_deg[:, k] = angle.sign * np.rad2deg(_rotation_rad(motion, angle))
            sd_deg[:, k] = np.hypot(np.rad2deg(_filter_sd_rad(motion, angle)), calibration_sd_deg)
            predicted[:, k] = ~_measured(motion, angle)
        chosen = [s for s in strides if s.is_valid and angle.side in (s.side, "both")]
        cycles[angle.name] = _cycles(motion.time_s, angle_deg[:, k], predicted[:, k], chosen, max_predicted)
    names = tuple(angle.name for angle in ANGLES)
    return JointAngles(names, motion.time_s, angle_deg, sd_deg, predicted, cycles, reasons)


def _reasons(motion: Motion, given: dict[str, str]) -> dict[str, str]:
    """Return angle -> why it is not assessable."""
    reasons = {}
    for angle in ANGLES:
        for segment in angle.segments:
            known = given.get(angle.name) or given.get(segment)
            if known or not motion.measured[:, SEGMENTS.index(segment)].any():
                reasons[angle.name] = known or _unmeasured(angle, segment)
                break
    return reasons


def _unmeasured(angle: Angle, segment: str) -> str:
    what = segment.replace("_", " ")
    if segment == "pelvis" and angle.side != "both":
        return "the pelvis was not measured, so only the thigh elevation is known: put a sensor on the pelvis"
    if segment.endswith("foot"):
        return f"the {what} was never measured: put a sensor on it or use a camera model with heel and toe"
    return f"the {what} was never measured: put a sensor on it or film it"


def _rotation_rad(motion: Motion, angle: Angle) -> Floats:
    """Return the rotation of distal against proximal about the leftward axis of the proximal, in (-pi, pi]."""
    world_from_distal = _orientation(motion, angle.distal)
    up = world_from_distal[..., :, 2]
    if angle.proximal:
        up = np.einsum("nji,nj->ni", _orientation(motion, angle.proximal), up)
    return np.asarray(np.arctan2(up[:, 0], up[:, 2]))


def _orientation(motion: Motion, segment: str) -> Floats:
    """Return world-from-segment matrices, shape (n, 3, 3); NaN where the orientation is missing."""
    quaternion = motion.world_from_segment[:, SEGMENTS.index(segment)]
    known = np.isfinite(quaternion).all(axis=1)
    matrices = np.full((len(quaternion), 3, 3), np.nan)
    if known.any():
        matrices[known] = matrix_from_quaternion(quaternion[known])
    return matrices


def _filter_sd_rad(motion: Motion, angle: Angle) -> Floats:
    """Return the filter's own standard deviation of an angle, rad, shape (n,)."""
    places = [SEGMENTS.index(name) for name in angle.segments]
    variance = motion.pitch_covariance_rad2[:, places, places].sum(axis=1)
    if len(places) == 2:
        variance = variance - 2.0 * motion.pitch_covariance_rad2[:, places[0], places[1]]
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)))


def _measured(motion: Motion, angle: Angle) -> Flags:
    return np.asarray(motion.measured[:, [SEGMENTS.index(name) for name in angle.segments]].all(axis=1))


def _cycles(
    time_s: Floats, curve_deg: Floats, predicted: Flags, strides: Sequence[Stride], max_predicted: float
) -> Floats:
    """Return one row of 101 points per stride; NaN where the stride was predicted or not recorded."""
    cycles = np.full((len(strides), CYCLE_POINTS), np.nan)
    for row, stride in enumerate(strides):
        inside = slice(*np.searchsorted(time_s, (stride.start_s, stride.end_s)))
        recorded = len(time_s) > 1 and time_s[0] <= stride.start_s and stride.end_s <= time_s[-1]
        if recorded and predicted[inside].size and np.mean(predicted[inside]) <= max_predicted:
            when = np.linspace(stride.start_s, stride.end_s, CYCLE_POINTS)
            cycles[row] = np.interp(when, time_s, curve_deg)
    return cycles
