"""Initial contacts from one sensor on the lower back alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fusion.events._trunk_cues import trunk_events, trunk_sensor
from fusion.types import GaitEvents, Motion, PlacedImu, WorldPoints


@dataclass(frozen=True, slots=True)
class LumbarEvents:
    """Finds initial contacts in the up and sideways acceleration of pelvis or trunk (Zijlstra & Hof 2003).

    Final contacts are not given: the trunk does not show them.
    """

    kinds: ClassVar[tuple[str, ...]] = ("ic",)

    def detect(
        self,
        motion: Motion | None,  # noqa: ARG002 - the family's signature
        imus: tuple[PlacedImu, ...],
        points: tuple[WorldPoints, ...],  # noqa: ARG002
    ) -> GaitEvents:
        """Return the contacts found, sorted by time; see ``fusion.events.base``."""
        worn = trunk_sensor(imus)
        return GaitEvents.none() if worn is None else trunk_events(worn)


PLUGIN = LumbarEvents
