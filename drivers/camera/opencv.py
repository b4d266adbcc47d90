"""Any camera that OpenCV opens: an index (``opencv:0``), an address or a file.

Frames are stamped on arrival, in a thread that drains the camera: the true time is earlier by exposure, transfer and
decoding, which OpenCV does not tell. ``fusion.sync`` finds the rest.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from drivers.base import CameraInfo, Frame
from drivers.camera._reader import FrameReader
from fusion.errors import DeviceError

LATENCY_S = 0.15
"""Exposure, transfer and decoding of usual USB cameras: 30 to 150 ms."""


class OpencvCamera:
    """A camera through OpenCV.

    Parameters
    ----------
    address
        Index, file or URL.
    width_px, height_px, rate_hz
        Asked of the camera; 0 keeps its own.
    """

    def __init__(self, address: str = "0", width_px: int = 0, height_px: int = 0, rate_hz: float = 0.0) -> None:
        self.dropped = 0
        self._address = address
        self._wanted = (width_px, height_px, rate_hz)
        self._capture: Any = None
        self._reader: FrameReader | None = None
        self._number = 0

    async def open(self) -> CameraInfo:
        """Open it; see ``drivers.base.CameraSource``."""
        return await asyncio.get_running_loop().run_in_executor(None, self._open)

    async def frames(self) -> AsyncIterator[Frame]:
        """Yield frames as they come."""
        self._reader = FrameReader(self._read)
        async for frame in self._reader.frames():
            self.dropped = self._reader.dropped
            yield frame

    async def close(self) -> None:
        """Let go of it."""
        if self._reader is not None:
            await asyncio.get_running_loop().run_in_executor(None, self._reader.stop)
        capture, self._capture = self._capture, None
        if capture is not None:
            capture.release()

    def _open(self) -> CameraInfo:
        import cv2

        source = int(self._address) if self._address.isdecimal() else self._address
        capture = cv2.VideoCapture(source)
        width, height, rate = self._wanted
        for name, value in ((cv2.CAP_PROP_FRAME_WIDTH, width), (cv2.CAP_PROP_FRAME_HEIGHT, height),
                            (cv2.CAP_PROP_FPS, rate)):  # fmt: skip
            if value:
                capture.set(name, value)
        if not capture.isOpened():
            capture.release()
            raise DeviceError(
                f"camera {self._address!r} cannot be opened. Check its number and cable, close other programs that "
                "use it, and allow the camera in the system's settings."
            )
        self._capture = capture
        told = [capture.get(name) for name in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)]
        return CameraInfo(
            f"OpenCV {self._address}", int(told[0]), int(told[1]), float(capture.get(cv2.CAP_PROP_FPS)), "arrival"
        )

    def _read(self, clock: Callable[[], float]) -> Frame | None:
        import cv2

        capture = self._capture
        if capture is None:
            return None
        there, picture = capture.read()
        now_s = clock()
        if not there:
            return None
        self._number += 1
        image = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
        return Frame(image, now_s, self._number - 1, "arrival", LATENCY_S, 0.0)


PLUGIN = OpencvCamera
