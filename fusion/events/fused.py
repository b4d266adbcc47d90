"""Contacts from every sensor that saw them: wearables, cameras and, where both are silent, the estimator."""

from __future__ import annotations

from dataclasses import dataclass

from fusion.events._camera_cues import camera_only
from fusion.events._imu_cues import imu_events, model_events
from fusion.events._merge import alternate, blend, fill, join
from fusion.events._trunk_cues import trunk_events, trunk_sensor
from fusion.types import GaitEvents, Motion, PlacedImu, WorldPoints


@dataclass(frozen=True, slots=True)
class FusedEvents:
    """Reconciles the contacts of wearables, cameras and estimator.

    1. Each wearable leg and each camera says what it saw, with its doubt.
    2. The systematic difference between the features is the median over the pairs of this recording; it is
       removed, so that a gap bridged by the camera keeps the definition of the rest.
    3. Pairs are averaged by inverse variance; single ones stand as they are.
    4. Where neither saw a contact, the estimator's own kinematics may show it (source ``"model"``).
    5. Where no leg was measured at all, the lower back shows the initial contacts.
    6. Contacts that follow each other faster than a foot can are thinned; none is added.

    Parameters
    ----------
    use_model
        Take step 4.
    """

    use_model: bool = True

    def detect(
        self, motion: Motion | None, imus: tuple[PlacedImu, ...], points: tuple[WorldPoints, ...]
    ) -> GaitEvents:
        """Return the contacts found, sorted by time; see ``fusion.events.base``."""
        # 1.
        worn = alternate(imu_events(imus))
        seen = camera_only(points)
        # 2. and 3.
        events = blend(worn, seen, "imu+camera")
        # 4.
        if self.use_model and motion is not None:
            carried = alternate(model_events(motion))
            events = join(*(fill(events, carried, kind) for kind in ("ic", "fc")))
        # 5.
        trunk = trunk_sensor(imus)
        if trunk is not None and not len(events.time_s):
            events = trunk_events(trunk)
        # 6.
        return alternate(events)


PLUGIN = FusedEvents
