"""What the estimator returns: the body in motion, with its doubt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from fusion.types.arrays import SEGMENTS, Flags, Floats, floats, same_length


@dataclass(frozen=True, slots=True)
class Motion:
    """The body over time, in the world frame (x forward, y left, z up).

    Attributes
    ----------
    time_s
        Reference time, strictly increasing, shape (n,).
    world_from_segment
        Unit quaternions wxyz in the order of ``SEGMENTS``, shape (n, 8, 4).
    angular_rate_radps, angular_accel_radps2
        Of each segment, in segment axes, shape (n, 8, 3).
    root_position_m, root_velocity_mps
        Midpoint of the hip joint centres, shape (n, 3). NaN when nothing measures position.
    point_names, point_position_m, point_sd_m
        Joint and foot points of the skeleton, k of them; shapes (n, k, 3).
    pitch_covariance_rad2
        Covariance of the segments' sagittal orientation errors, shape (n, 8, 8). The standard deviation
        of a joint angle follows from the difference of its two segments.
    observed
        A camera saw the point within one frame of this time, shape (n, k).
    measured
        A wearable or a camera measured the segment at this time, shape (n, 8); where False the value is
        carried by the model only and marked "predicted".
    time_offset_s, time_offset_sd_s
        Per camera, the offset that the filter added to the coarse synchronisation.
    diagnostics
        Flat numbers: mean normalised innovation squared per sensor kind (``nis_gyro``, ...), counts of
        gated, reweighted and swapped measurements, whether each camera was used.
    """

    time_s: Floats
    world_from_segment: Floats
    angular_rate_radps: Floats
    angular_accel_radps2: Floats
    root_position_m: Floats
    root_velocity_mps: Floats
    point_names: tuple[str, ...]
    point_position_m: Floats
    point_sd_m: Floats
    pitch_covariance_rad2: Floats
    observed: Flags
    measured: Flags
    time_offset_s: Mapping[str, float] = field(default_factory=dict)
    time_offset_sd_s: Mapping[str, float] = field(default_factory=dict)
    diagnostics: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the shapes once."""
        bodies, points = len(SEGMENTS), len(self.point_names)
        shapes: dict[str, tuple[int | None, ...]] = {
            "time_s": (None,),
            "world_from_segment": (None, bodies, 4),
            "angular_rate_radps": (None, bodies, 3),
            "angular_accel_radps2": (None, bodies, 3),
            "root_position_m": (None, 3),
            "root_velocity_mps": (None, 3),
            "point_position_m": (None, points, 3),
            "point_sd_m": (None, points, 3),
            "pitch_covariance_rad2": (None, bodies, bodies),
        }
        for name, shape in shapes.items():
            object.__setattr__(self, name, floats(f"motion {name}", getattr(self, name), shape))
        same_length("motion", **{name: getattr(self, name) for name in (*shapes, "observed", "measured")})

    def pitch_rad(self, segment: str) -> Floats:
        """Return the sagittal orientation of a segment, shape (n,).

        Rotation about the leftward axis, zero in quiet standing, positive when the upper end leans
        forward; in (-pi, pi], which no walking segment leaves.
        """
        w, x, y, z = np.moveaxis(self.world_from_segment[:, SEGMENTS.index(segment)], -1, 0)
        upright = 1.0 - 2.0 * (x * x + y * y)
        forward = 2.0 * (x * z + w * y)
        return np.asarray(np.arctan2(forward, upright), dtype=np.float64)

    def point(self, name: str) -> Floats:
        """Return the world track of a skeleton point, shape (n, 3)."""
        return self.point_position_m[:, self.point_names.index(name)]
