"""The state of the filter: what is in it, where, and which part of it is free.

Nominal state ``x``, one flat array:

==================  =====================================================================
``x[0:3]``          root position, m, world
``x[3:6]``          root velocity, m/s, world
``x[6:9]``          root acceleration, m/s^2, world
``x[9 + 18 s:]``    per segment s: world_from_segment (9, row-major), angular rate rad/s (3),
                    angular acceleration rad/s^2 (3), gyro bias rad/s (3); segment axes
``x[153 + 3 h:]``   displacement of the left (h = 0) and right (h = 1) hip joint, m, world axes
``x[159:162]``       gait phase, rad; its rate; the slow mean of its rate, rad/s (``_gait_law``)
``x[162]``          speed of the belt under the feet, m/s, backwards positive
``x[163 + c]``      time offset of camera c, s
==================  =====================================================================

Error state, of which a mask makes only some entries free: root 0..8 as above; per segment s from ``9 + 12 s``:
rotation (right error, R Exp(d)), rate, acceleration, bias, three each; ``105 + 3 h`` hip
displacement; ``111`` to ``113`` gait phase and rates; ``114`` belt speed; ``115 + c`` time offset of camera c.

The hip displacements stand for what turns the pelvis out of the plane (its rotation carries one hip forward and the
other back by several centimetres) and for the detector's poor idea of where a hip is; without them a planar model
turns that into thigh angle.

The planar filter is the 3-D filter with the out-of-plane errors left out (``planar_mask``).
"""

from __future__ import annotations

import numpy as np

from fusion.types import SEGMENTS, Floats, Samples

N_SEGMENTS = len(SEGMENTS)
X_SEGMENT = 9
X_STRIDE = 18
X_HIP = X_SEGMENT + X_STRIDE * N_SEGMENTS
X_PHASE = X_HIP + 6
X_BELT = X_PHASE + 3
X_TAU = X_BELT + 1
E_SEGMENT = 9
E_STRIDE = 12
E_HIP = E_SEGMENT + E_STRIDE * N_SEGMENTS
E_PHASE = E_HIP + 6
E_BELT = E_PHASE + 3
E_TAU = E_BELT + 1

PLANAR_AXES = (1,)
"""The axis about which a segment turns in the sagittal plane: y, leftwards."""

PLANAR_DIRECTIONS = (0, 2)
"""The directions in which a point moves in the sagittal plane: x forward, z up."""


def initial_state(cameras: int) -> Floats:
    """Return the nominal state of a body that stands still at the origin, shape (163 + cameras,)."""
    x = np.zeros(X_TAU + cameras)
    for segment in range(N_SEGMENTS):
        start = X_SEGMENT + X_STRIDE * segment
        x[start : start + 9] = np.eye(3).ravel()
    return x


def active_errors(
    segments: tuple[int, ...],
    cameras: tuple[int, ...],
    *,
    planar: bool,
    hips: bool = False,
    phase: bool = False,
    belt: bool = False,
) -> Samples:
    """Return the indices of the free error states, increasing.

    Parameters
    ----------
    segments
        Segments that something measures; the others keep their nominal orientation and are not reported.
    cameras
        Cameras whose time offset is estimated.
    hips
        Free the hip displacements; only keypoints can see them.
    planar
        Leave out everything that leaves the sagittal plane.
    phase
        Free the gait phase.
    belt
        Free the speed of the belt; only feet that stand on it can see it.
    """
    axes = PLANAR_AXES if planar else (0, 1, 2)
    directions = PLANAR_DIRECTIONS if planar else (0, 1, 2)
    free = [3 * block + direction for block in range(3) for direction in directions]
    for segment in segments:
        start = E_SEGMENT + E_STRIDE * segment
        free += [start + 3 * block + axis for block in range(4) for axis in axes]
    if hips:
        free += [E_HIP + 3 * hip + direction for hip in range(2) for direction in directions]
    free += [E_PHASE, E_PHASE + 1, E_PHASE + 2] if phase else []
    free += [E_BELT] if belt else []
    free += [E_TAU + camera for camera in cameras]
    return np.array(sorted(free), dtype=np.int64)
