"""Contacts from cameras alone."""

from __future__ import annotations

from dataclasses import dataclass

from fusion.events._camera_cues import camera_only
from fusion.events._merge import alternate
from fusion.types import GaitEvents, Motion, PlacedImu, WorldPoints


@dataclass(frozen=True, slots=True)
class KeypointEvents:
    """Finds contacts in the reversals of shank and leg (Zeni et al. 2008, O'Connor et al. 2007)."""

    def detect(
        self,
        motion: Motion | None,  # noqa: ARG002 - the family's signature
        imus: tuple[PlacedImu, ...],  # noqa: ARG002
        points: tuple[WorldPoints, ...],
    ) -> GaitEvents:
        """Return the contacts found, sorted by time; see ``fusion.events.base``."""
        return alternate(camera_only(points))


PLUGIN = KeypointEvents
