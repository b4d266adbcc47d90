"""Contacts from wearables on shank and foot alone."""

from __future__ import annotations

from dataclasses import dataclass

from fusion.events._imu_cues import imu_events
from fusion.events._merge import alternate
from fusion.types import GaitEvents, Motion, PlacedImu, WorldPoints


@dataclass(frozen=True, slots=True)
class FootEvents:
    """Finds contacts in the sagittal rates of the lower leg (Salarian et al. 2004, Mariani et al. 2012)."""

    def detect(
        self,
        motion: Motion | None,  # noqa: ARG002 - the family's signature
        imus: tuple[PlacedImu, ...],
        points: tuple[WorldPoints, ...],  # noqa: ARG002
    ) -> GaitEvents:
        """Return the contacts found, sorted by time; see ``fusion.events.base``."""
        return alternate(imu_events(imus))


PLUGIN = FootEvents
