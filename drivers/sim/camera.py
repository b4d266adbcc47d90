"""A virtual camera: frames that come a latency after they were taken, and what a network sees in them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import numpy as np

from drivers.base import CameraInfo, Frame, Image
from fusion.types import Floats, Keypoints

WIDTH_PX, HEIGHT_PX = 16, 9
"""The pictures are empty: ``VirtualDetector`` knows what they would show."""

QUEUE_S = 0.5
"""Frames that the system keeps for a consumer that is late."""


class VirtualCamera:
    """Delivers a frame for every keypoint row of a simulated walk.

    Parameters
    ----------
    frame_s
        True host times at which the frames are taken, shape (n,).
    latency_s
        From there until a frame is delivered; its stamp is that of arrival, as most cameras have it.
    """

    def __init__(self, frame_s: Floats, rate_hz: float, latency_s: float = 0.04) -> None:
        self.dropped = 0
        self.latency_s = latency_s
        self._frame_s = frame_s
        self._rate_hz = rate_hz

    async def open(self) -> CameraInfo:
        """Start it."""
        return CameraInfo("virtual camera", WIDTH_PX, HEIGHT_PX, self._rate_hz, "arrival", "host")

    async def frames(self) -> AsyncIterator[Frame]:
        """Yield the frames whose time has come; frames before the call are gone."""
        loop = asyncio.get_running_loop()
        image: Image = np.zeros((HEIGHT_PX, WIDTH_PX, 3), dtype=np.uint8)
        for number, taken_s in enumerate(self._frame_s):
            wait_s = float(taken_s) + self.latency_s - loop.time()
            if wait_s < -QUEUE_S:
                continue
            await asyncio.sleep(max(wait_s, 0.0))
            marked = image.copy()
            marked[0, :4, 0] = np.frombuffer(int(number).to_bytes(4, "little"), dtype=np.uint8)
            # stamped by the thread that drains a camera, not when somebody has time for the frame
            yield Frame(marked, float(taken_s) + self.latency_s, number, "arrival", 1.5 * self.latency_s, 0.0)

    async def close(self) -> None:
        """Stop; nothing runs by itself."""


class VirtualDetector:
    """Says what a network would have found in a frame of ``VirtualCamera``.

    Parameters
    ----------
    keypoints
        Of the simulated walk; row = frame number.
    """

    def __init__(self, keypoints: Keypoints) -> None:
        self.points = keypoints.names
        self._keypoints = keypoints

    def detect(self, image: Image, time_s: float) -> tuple[Floats, Floats]:  # noqa: ARG002 - the frame tells its number
        """Return the row of the frame."""
        number = int.from_bytes(image[0, :4, 0].tobytes(), "little")
        return self._keypoints.position[number], self._keypoints.confidence[number]
