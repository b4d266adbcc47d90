"""A Linux camera with the kernel's own time stamps (``v4l2:/dev/video0``), through linuxpy.

The kernel stamps the end of the frame's transfer, or its start, on the monotonic clock, which is asyncio's clock too.
Half the exposure lies before it. A step of the kernel's frame number is a lost frame.
Source: Linux media documentation, ``struct v4l2_buffer`` (timestamp, sequence).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import numpy as np

from drivers.base import CameraInfo, Frame, Image
from drivers.camera._reader import FrameReader
from fusion.errors import DeviceError

_LATEST_S = 0.005
"""How long after the end of exposure the kernel may stamp."""


class V4l2Camera:
    """A camera of the kernel.

    Parameters
    ----------
    address
        Device file.
    width_px, height_px, rate_hz
        Asked of the camera.
    pixel_format
        ``"MJPG"`` or ``"YUYV"``.
    """

    def __init__(
        self,
        address: str = "/dev/video0",
        width_px: int = 1280,
        height_px: int = 720,
        rate_hz: float = 60.0,
        pixel_format: str = "MJPG",
    ) -> None:
        self.dropped = 0
        self._address = address
        self._size = (width_px, height_px)
        self._rate_hz = rate_hz
        self._format = pixel_format
        self._device: Any = None
        self._capture: Any = None
        self._frames: Iterator[Any] | None = None
        self._reader: FrameReader | None = None

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
        device, self._device, self._frames = self._device, None, None
        if device is not None:
            device.close()

    def _open(self) -> CameraInfo:
        try:
            from linuxpy.video.device import Device, VideoCapture
        except ImportError as cause:
            raise DeviceError('v4l2 needs linuxpy: pip install "tandem-gait[v4l2]", or use opencv:0.') from cause
        try:
            device = Device(self._address)
            device.open()
            capture = VideoCapture(device)
            capture.set_format(*self._size, self._format)
            capture.set_fps(self._rate_hz)
            capture.__enter__()
        except (OSError, ValueError) as cause:
            raise DeviceError(
                f"camera {self._address!r} cannot be opened: {cause}. Check the device file, close other programs, "
                "and add yourself to the group 'video'."
            ) from cause
        self._device, self._capture = device, capture
        self._frames = iter(capture)
        return CameraInfo(f"V4L2 {self._address}", *self._size, self._rate_hz, "kernel")

    def _read(self, clock: Callable[[], float]) -> Frame | None:  # noqa: ARG002 - the kernel stamps
        if self._frames is None:
            return None
        told = next(self._frames, None)
        if told is None:
            return None
        half_s = 0.5 / self._rate_hz
        image = self._picture(bytes(told.data))
        return Frame(image, float(told.timestamp) - half_s, int(told.frame_nb), "kernel", half_s, half_s + _LATEST_S)

    def _picture(self, data: bytes) -> Image:
        import cv2

        flat = np.frombuffer(data, dtype=np.uint8)
        if self._format == "MJPG":
            picture = cv2.imdecode(flat, cv2.IMREAD_COLOR)
            if picture is None:
                raise DeviceError(f"camera {self._address!r} sent a damaged picture. Use a shorter cable.")
            return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), dtype=np.uint8)
        width, height = self._size
        yuyv = flat.reshape(height, width, 2)
        return np.asarray(cv2.cvtColor(yuyv, cv2.COLOR_YUV2RGB_YUYV), dtype=np.uint8)


PLUGIN = V4l2Camera
