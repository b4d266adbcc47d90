"""Joint angles that the walker aims at: the published means, bent by speed, amplitude and pattern."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fusion.simulate.curves import JOINTS, coefficients_deg, curve_deg, running_coefficients_deg
from fusion.simulate.settings import WalkerSettings
from fusion.types import SIDES, Floats

_SCALE: dict[str, dict[str, float]] = {
    "shuffling": {"hip": 0.55, "knee": 0.55, "ankle": 0.45},
    "crouch": {"hip": 0.8, "knee": 0.65, "ankle": 0.7},
    "equinus": {"ankle": 0.6},
    "stiff_knee": {"knee": 0.5},
}
"""Pattern -> joint -> factor on the excursion about the mean."""

_SHIFT_DEG: dict[str, dict[str, float]] = {
    "shuffling": {"hip": 4.0, "knee": 6.0, "ankle": 1.0},
    "crouch": {"hip": 14.0, "knee": 22.0, "ankle": 2.0},
    "equinus": {"knee": 3.0, "ankle": -20.0},
    "stiff_knee": {"knee": -8.0},
}
"""Pattern -> joint -> shift of the mean, deg (directions as in Rodda et al. 2004)."""

_ANGLES = {"hip": "hip_flexion", "knee": "knee_flexion", "ankle": "ankle_dorsiflexion"}


@dataclass(frozen=True, slots=True)
class Targets:
    """Fourier coefficients of pelvis, hip, knee and ankle per side, deg, over the gait phase."""

    coefficients_deg: dict[tuple[str, str], Floats]

    @classmethod
    def of(cls, walker: WalkerSettings, speed_norm: float) -> Targets:
        """Return the targets of a walker at a non-dimensional speed."""
        scales, shifts = _SCALE.get(walker.pattern, {}), _SHIFT_DEG.get(walker.pattern, {})
        table = {}
        for side in SIDES:
            for joint in JOINTS:
                running = walker.pattern == "running"
                series = running_coefficients_deg(joint) if running else coefficients_deg(joint, speed_norm)
                amplitude = walker.amplitude.get(f"{_ANGLES.get(joint, joint)}_{side}", 1.0)
                if joint == "knee":
                    # A stiff knee misses its flexion, not its extension: the smallest angle stays.
                    series[0] -= (1.0 - amplitude) * _depth(series)
                series[1:] *= scales.get(joint, 1.0) * amplitude
                series[0] += shifts.get(joint, 0.0)
                if joint in ("pelvis", "hip"):
                    series[0] -= walker.standing_pelvis_tilt_deg
                table[side, joint] = series
        return cls(table)

    def joint_deg(self, side: str, joint: str, phase: Floats) -> Floats:
        """Return a joint's target at gait phases, deg, shape of ``phase``."""
        return curve_deg(self.coefficients_deg[side, joint], phase)

    def foot_pitch_deg(self, side: str, phase: Floats) -> Floats:
        """Return the pitch of the foot that the joint targets add up to, deg; positive is heel up."""
        pelvis, hip, knee, ankle = (self.joint_deg(side, joint, phase) for joint in JOINTS)
        return np.asarray(pelvis - hip + knee - ankle)


def _depth(series: Floats) -> float:
    """Return how far the curve dips below its mean, deg."""
    return float(series[0] - curve_deg(series, np.linspace(0.0, 1.0, 101)).min())
