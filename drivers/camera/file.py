"""A video file that plays as a live camera does (``file:walk.mp4``): for rehearsals, demonstrations and tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import numpy as np

from drivers.base import CameraInfo, Frame, Image
from fusion.errors import DeviceError


class FileCamera:
    """A video file at its own pace.

    Parameters
    ----------
    address
        Path.
    speed
        Faster than it was filmed, by this factor.
    """

    def __init__(self, address: str = "", speed: float = 1.0) -> None:
        self.dropped = 0
        self._address = address
        self._speed = speed
        self._capture: Any = None
        self._rate_hz = np.nan

    async def open(self) -> CameraInfo:
        """Open it; see ``drivers.base.CameraSource``."""
        import cv2

        if not self._speed > 0.0:
            raise DeviceError(f"speed of '{self._address}' must be above 0; got {self._speed:g}. Use 1.")
        capture = cv2.VideoCapture(self._address)
        if not capture.isOpened():
            raise DeviceError(f"'{self._address}' is no video that can be played. Check the path.")
        self._capture, self._rate_hz = capture, float(capture.get(cv2.CAP_PROP_FPS))
        size = (int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)))
        return CameraInfo(f"file {self._address}", *size, self._rate_hz * self._speed, "file")

    async def frames(self) -> AsyncIterator[Frame]:
        """Yield each frame when its time has come; ends with the file."""
        loop = asyncio.get_running_loop()
        start_s, number = loop.time(), 0
        half_s = 0.5 / (self._rate_hz * self._speed)
        while (read := await loop.run_in_executor(None, self._read)) is not None:
            image, media_s = read
            due_s = start_s + media_s / self._speed
            await asyncio.sleep(max(due_s - loop.time(), 0.0))
            yield Frame(image, due_s, number, "file", half_s, half_s)
            number += 1

    async def close(self) -> None:
        """Close the file."""
        capture, self._capture = self._capture, None
        if capture is not None:
            capture.release()

    def _read(self) -> tuple[Image, float] | None:
        import cv2

        if self._capture is None:
            return None
        there, picture = self._capture.read()
        if not there:
            return None
        media_s = float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000.0
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), dtype=np.uint8), media_s


PLUGIN = FileCamera
