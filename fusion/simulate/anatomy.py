"""Lengths of the simulated body and where its points and sensors sit.

Written apart from ``fusion.body.skeleton`` on purpose: the truth must not share code with what is tested
against it. The fractions of body height are the same published ones (Drillis & Contini 1966 as tabled by
Winter 2009, fig. 4.1; hip distance from Bell et al. 1990), and a test holds the two side by side.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from fusion.errors import UsageError
from fusion.types import SEGMENTS, Floats

TRUTH_POINTS = (
    "pelvis",
    "neck",
    "head",
    "nose",
    "left_shoulder",
    "right_shoulder",
    *(f"{side}_{part}" for side in ("left", "right") for part in ("hip", "knee", "ankle", "heel", "toe")),
)
"""Points whose true position is known; arms are not simulated."""

Chain = tuple[tuple[int, Floats], ...]
"""Segment index with the offset in that segment's frame, m; the root plus all of them is the point."""


@dataclass(frozen=True, slots=True)
class Anatomy:
    """Lengths of one person, m, symmetric between the sides."""

    thigh_m: float
    shank_m: float
    ankle_height_m: float
    heel_m: float
    toe_m: float
    trunk_m: float
    head_m: float
    hip_width_m: float
    shoulder_width_m: float

    @classmethod
    def of_height(cls, height_m: float, leg_length_m: float = np.nan) -> Anatomy:
        """Return the lengths of a person; ``leg_length_m`` (trochanter to floor) scales the leg.

        Raises
        ------
        UsageError
            The height is no human height.
        """
        if not 0.5 <= height_m <= 2.5:
            raise UsageError(f"height_m must lie between 0.5 and 2.5 m; got {height_m}. Check its unit.")
        leg = leg_length_m / (0.530 * height_m) if np.isfinite(leg_length_m) else 1.0
        return cls(
            thigh_m=0.245 * height_m * leg,
            shank_m=0.246 * height_m * leg,
            ankle_height_m=0.039 * height_m * leg,
            heel_m=0.035 * height_m,
            toe_m=0.117 * height_m,
            trunk_m=0.288 * height_m,
            head_m=0.130 * height_m,
            hip_width_m=0.101 * height_m,
            shoulder_width_m=0.259 * height_m,
        )

    def varied(self, sd: float, rng: np.random.Generator) -> Anatomy:
        """Return a body whose lengths differ from the usual shares of its height, relative ``sd`` each."""
        names = [field.name for field in fields(self)]
        factors = 1.0 + sd * np.clip(rng.standard_normal(len(names)), -2.5, 2.5)
        return replace(
            self, **{name: getattr(self, name) * factor for name, factor in zip(names, factors, strict=True)}
        )

    @property
    def leg_length_m(self) -> float:
        """Hip joint centre to floor in quiet standing."""
        return self.thigh_m + self.shank_m + self.ankle_height_m

    def joint(self, segment: str) -> Chain:
        """Return the chain from the root to the proximal joint of a segment."""
        if segment in ("pelvis", "trunk"):
            return ()
        side, part = segment.split("_")
        chain: Chain = ((_index("pelvis"), np.array([0.0, 0.5 * self.hip_width_m * _sign(side), 0.0])),)
        if part in ("shank", "foot"):
            chain += ((_index(f"{side}_thigh"), np.array([0.0, 0.0, -self.thigh_m])),)
        if part == "foot":
            chain += ((_index(f"{side}_shank"), np.array([0.0, 0.0, -self.shank_m])),)
        return chain

    def point(self, name: str) -> Chain:
        """Return the chain from the root to a point.

        Raises
        ------
        UsageError
            The simulated body has no such point.
        """
        trunk = _index("trunk")
        midline = {
            "pelvis": (),
            "neck": ((trunk, np.array([0.0, 0.0, self.trunk_m])),),
            "head": ((trunk, np.array([0.0, 0.0, self.trunk_m + self.head_m])),),
            "nose": ((trunk, np.array([0.09, 0.0, self.trunk_m + self.head_m])),),
        }
        if name in midline:
            return midline[name]
        if name not in TRUTH_POINTS:
            raise UsageError(f"the simulated body has no {name!r}; it has {', '.join(TRUTH_POINTS)}.")
        side, part = name.split("_")
        if part == "shoulder":
            return ((trunk, np.array([0.0, 0.5 * self.shoulder_width_m * _sign(side), self.trunk_m])),)
        joints = {"hip": "thigh", "knee": "shank", "ankle": "foot"}
        if part in joints:
            return self.joint(f"{side}_{joints[part]}")
        forward = -self.heel_m if part == "heel" else self.toe_m
        sole = np.array([forward, 0.0, -self.ankle_height_m])
        return (*self.joint(f"{side}_foot"), (_index(f"{side}_foot"), sole))

    def sensor_offset_m(self, segment: str) -> Floats:
        """Return where the wearable sits in the segment frame, m, shape (3,).

        Sacrum, sternum, lateral mid-thigh, lateral shank, instep.
        """
        part = segment.split("_")[-1]
        lateral = _sign(segment.split("_")[0])
        places = {
            "pelvis": (-0.5 * self.hip_width_m, 0.0, 0.5 * self.hip_width_m),
            "trunk": (0.08, 0.0, 0.75 * self.trunk_m),
            "thigh": (0.0, 0.07 * lateral, -0.5 * self.thigh_m),
            "shank": (0.0, 0.05 * lateral, -0.4 * self.shank_m),
            "foot": (0.5 * self.toe_m, 0.0, -0.4 * self.ankle_height_m),
        }
        return np.array(places[part])

    def sensor(self, segment: str) -> Chain:
        """Return the chain from the root to the wearable of a segment."""
        return (*self.joint(segment), (_index(segment), self.sensor_offset_m(segment)))


def _index(segment: str) -> int:
    return SEGMENTS.index(segment)


def _sign(side: str) -> float:
    return -1.0 if side == "right" else 1.0
