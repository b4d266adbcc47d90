"""What every event detector promises, and the limits that any human step keeps."""

from __future__ import annotations

from typing import Protocol

from fusion.types import GaitEvents, Motion, PlacedImu, WorldPoints

MIN_STANCE_S = 0.20
"""Shortest stance taken as walking; about half of what fast walking shows."""

MIN_SWING_S = 0.15
"""Shortest swing taken as walking; about half of what fast walking shows."""

MIN_STRIDE_S = 0.50
"""Shortest stride of one foot: 240 steps/min, beyond any walking cadence."""

MAX_STRIDE_S = 2.5
"""Longest stride still taken as steady gait: 48 steps/min; a longer pause is standing."""


class EventDetector(Protocol):
    """Finds initial and final contacts of both feet.

    A detector finds nothing in stillness, treats both sides alike, follows a shift of the clock, and leaves
    out what it cannot see: it never invents a contact to complete a pattern.
    """

    def detect(
        self, motion: Motion | None, imus: tuple[PlacedImu, ...], points: tuple[WorldPoints, ...]
    ) -> GaitEvents:
        """Return the contacts found, sorted by time.

        Parameters
        ----------
        motion
            Smoothed kinematics of the estimator, or None when it did not run.
        imus
            Wearables in segment axes on the reference clock; none for a camera-only recording.
        points
            World keypoints on the reference clock, one item per camera; none without a camera.
        """
        ...
