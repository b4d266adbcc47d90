"""Pose networks as keypoint detectors of the recorder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from drivers.base import Image
from drivers.lab import Lab
from drivers.recorder import KeypointDetector
from fusion.errors import UsageError
from fusion.plugins import load, names
from fusion.types import POINTS, Floats

if TYPE_CHECKING:
    from fusion.pose.models.base import PoseModel
    from fusion.pose.track.people import PeopleFinder

MODELS = "fusion.pose.models"


class NetworkDetector:
    """Follows the largest person and says where their joints are.

    Parameters
    ----------
    model
        Network that looks.
    finder
        Finds the person in the whole picture when nobody is followed.

    Attributes
    ----------
    points
        What it finds, names of ``fusion.types.POINTS``.
    """

    def __init__(self, model: PoseModel, finder: PeopleFinder) -> None:
        from fusion.pose.track.follow import Follower

        self._model, self._finder, self._follower = model, finder, Follower(model)
        self._columns = [k for k, name in enumerate(model.points) if name in POINTS]
        self.points = tuple(model.points[k] for k in self._columns)

    def detect(self, image: Image, time_s: float) -> tuple[Floats, Floats]:
        """Return positions, px, and the probability of being in place; see ``drivers.recorder``."""
        from fusion.pose.confidence import in_place
        from fusion.pose.video.frame import Frame

        frame = Frame(time_s, 0, image)
        guide = None
        if self._follower.body_at(time_s) is None:
            bodies = self._finder.find(image)
            guide = max(bodies, key=lambda body: body.height_px) if bodies else None
        look = self._follower.look(frame, guide)
        position = look.position_px[self._columns].copy()
        size = np.array([image.shape[1], image.shape[0]])
        with np.errstate(invalid="ignore"):
            outside = ((position < -0.5) | (position > size - 0.5)).any(axis=1)
        position[outside] = np.nan
        known = np.isfinite(position).all(axis=1)
        return position, np.where(known, in_place(self._model.name, look.score[self._columns]), 0.0)


def detectors_of(lab: Lab) -> dict[str, KeypointDetector]:
    """Return camera name -> detector, for the cameras whose lab file names a network.

    Raises
    ------
    UsageError
        There is no such network, or its weights are not there yet.
    """
    from fusion.pose.models.posenet import PoseNet
    from fusion.pose.track.people import PeopleFinder

    found: dict[str, KeypointDetector] = {}
    for camera in lab.cameras:
        if not camera.keypoints:
            continue
        if camera.keypoints not in names(MODELS):
            known = ", ".join(names(MODELS))
            raise UsageError(f"camera {camera.name!r}: keypoints is one of {known}; got {camera.keypoints!r}.")
        found[camera.name] = NetworkDetector(load(MODELS, camera.keypoints), PeopleFinder(PoseNet()))
    return found
