"""The segment tree: which segment hangs on which, how long each is, and where its points lie.

Every segment frame sits at its proximal joint with x forward, y left, z up in quiet standing. The root is the
midpoint of the hip joint centres. A point of the body is the root plus a sum of offsets, each turned by one
segment; joints can therefore never come apart.

Lengths as fractions of body height: Drillis & Contini (1966) as tabled by Winter (2009), *Biomechanics and
Motor Control of Human Movement*, 4th ed., fig. 4.1. Distance of the hip joint centres: 0.72 of the width
between the anterior superior iliac spines (Bell et al. 1990, doi:10.1016/0021-9290(90)90054-7),
0.14 of the height.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fusion.errors import SignalError
from fusion.types import SEGMENTS, Floats

Chain = tuple[tuple[str, Floats], ...]
"""Segment names with the offset in that segment's frame, m; from the root outwards."""

_FRACTIONS = {
    "thigh_m": 0.245,
    "shank_m": 0.246,
    "ankle_height_m": 0.039,
    "heel_m": 0.035,
    "toe_m": 0.117,
    "trunk_m": 0.288,
    "neck_to_head_m": 0.130,
    "hip_width_m": 0.101,
    "shoulder_width_m": 0.259,
}

_LEG_LENGTH_FRACTION = 0.530
"""Greater trochanter above the floor, as a fraction of height (Winter 2009, fig. 4.1)."""

ADULT_HEIGHT_M = 1.70
"""Height assumed where none is given; then no length is reported (only shapes and angles are)."""


@dataclass(frozen=True, slots=True)
class Skeleton:
    """Lengths of one person, m, symmetric between the sides.

    Attributes
    ----------
    height_is_known
        False when the lengths come from an assumed height: angles hold, distances do not.
    """

    thigh_m: float
    shank_m: float
    ankle_height_m: float
    heel_m: float
    toe_m: float
    trunk_m: float
    neck_to_head_m: float
    hip_width_m: float
    shoulder_width_m: float
    height_is_known: bool = True

    @classmethod
    def from_height(cls, height_m: float, leg_length_m: float = np.nan) -> Skeleton:
        """Return the skeleton of a person of this height.

        Parameters
        ----------
        height_m
            Body height, m; NaN takes an adult of average height and says so in ``height_is_known``.
        leg_length_m
            Greater trochanter (or ASIS) to floor, m; scales the leg when given.

        Raises
        ------
        SignalError
            The height is no human height.
        """
        known = bool(np.isfinite(height_m))
        height = height_m if known else ADULT_HEIGHT_M
        if not 0.5 <= height <= 2.5:
            raise SignalError(f"height must lie between 0.5 and 2.5 m; got {height_m}. Check its unit.")
        lengths = {name: fraction * height for name, fraction in _FRACTIONS.items()}
        if np.isfinite(leg_length_m):
            if not 0.3 <= leg_length_m / height <= 0.7:
                raise SignalError(f"leg length must be 30 to 70 % of the height {height} m; got {leg_length_m} m.")
            scale = leg_length_m / (_LEG_LENGTH_FRACTION * height)
            for name in ("thigh_m", "shank_m", "ankle_height_m"):
                lengths[name] *= scale
        return cls(**lengths, height_is_known=known)

    @property
    def leg_length_m(self) -> float:
        """Hip joint centre to floor in quiet standing."""
        return self.thigh_m + self.shank_m + self.ankle_height_m

    def refined(self, thigh_m: float, shank_m: float) -> Skeleton:
        """Return the skeleton with measured leg segments; NaN keeps a length."""
        return replace(
            self,
            thigh_m=thigh_m if np.isfinite(thigh_m) else self.thigh_m,
            shank_m=shank_m if np.isfinite(shank_m) else self.shank_m,
        )

    def joint_chain(self, segment: str) -> Chain:
        """Return the chain from the root to the proximal joint of a segment."""
        if segment in ("pelvis", "trunk"):
            return ()
        side, part = segment.split("_")
        lateral = 0.5 * self.hip_width_m * (1.0 if side == "left" else -1.0)
        chain: Chain = (("pelvis", _vector(y=lateral)),)
        if part in ("shank", "foot"):
            chain += ((f"{side}_thigh", _vector(z=-self.thigh_m)),)
        if part == "foot":
            chain += ((f"{side}_shank", _vector(z=-self.shank_m)),)
        return chain

    def point_chain(self, point: str) -> Chain:
        """Return the chain from the root to a point of the body.

        Raises
        ------
        SignalError
            The skeleton has no such point.
        """
        if point == "pelvis":
            return ()
        if point in ("neck", "head", "nose"):
            up = self.trunk_m + (0.0 if point == "neck" else self.neck_to_head_m)
            return (("trunk", _vector(x=0.09 if point == "nose" else 0.0, z=up)),)
        side, _, part = point.partition("_")
        lateral = 1.0 if side == "left" else -1.0
        if part == "shoulder":
            return (("trunk", _vector(y=0.5 * lateral * self.shoulder_width_m, z=self.trunk_m)),)
        joints = {"hip": "thigh", "knee": "shank", "ankle": "foot"}
        if part in joints:
            return self.joint_chain(f"{side}_{joints[part]}")
        if part in ("heel", "toe"):
            forward = -self.heel_m if part == "heel" else self.toe_m
            foot = (f"{side}_foot", _vector(x=forward, z=-self.ankle_height_m))
            return (*self.joint_chain(f"{side}_foot"), foot)
        raise SignalError(f"the skeleton has no point {point!r}; arms are not part of it.")

    def sensor_position_m(self, segment: str) -> Floats:
        """Return where a wearable usually sits, in the segment frame, m, shape (3,).

        Sacrum, sternum, lateral mid-thigh, lateral mid-shank, instep; a calibration may replace it.
        """
        side = -1.0 if segment.startswith("right") else 1.0
        part = segment.split("_")[-1]
        places = {
            "pelvis": _vector(x=-0.5 * self.hip_width_m, z=0.5 * self.hip_width_m),
            "trunk": _vector(x=0.08, z=0.75 * self.trunk_m),
            "thigh": _vector(y=0.07 * side, z=-0.5 * self.thigh_m),
            "shank": _vector(y=0.05 * side, z=-0.4 * self.shank_m),
            "foot": _vector(x=0.5 * self.toe_m, z=-0.4 * self.ankle_height_m),
        }
        return places[part]


def segment_index(segment: str) -> int:
    """Return the place of a segment in every array whose second axis runs over ``SEGMENTS``."""
    return SEGMENTS.index(segment)


SKELETON_POINTS = (
    "pelvis",
    "neck",
    "left_shoulder",
    "right_shoulder",
    *(f"{side}_{part}" for side in ("left", "right") for part in ("hip", "knee", "ankle", "heel", "toe")),
)
"""Points that ``Motion`` carries."""


def _vector(x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Floats:
    return np.array([x, y, z])
