"""A camera that sends JPEG pictures over HTTP (``mjpeg:http://host:port/path``), such as a phone's or an IP camera's.

A part may carry its own time: ``X-Timestamp``, seconds. It is then the camera's own clock, whose offset
``fusion.sync`` finds; without it frames are stamped on arrival.
Source: RFC 2046 section 5.1 (multipart), the usual ``multipart/x-mixed-replace``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import numpy as np

from drivers.base import CameraInfo, Frame
from fusion.errors import DeviceError

LARGEST_PICTURE = 16_000_000
LARGEST_HEAD = 16_384
SILENT_S = 5.0
NETWORK_S = 0.3
"""How late a picture may arrive over a network."""


class MjpegCamera:
    """A camera that pushes pictures.

    Parameters
    ----------
    address
        ``http://host:port/path``.
    rate_hz
        Nominal rate, for the declaration.
    """

    def __init__(self, address: str = "http://127.0.0.1:8080/", rate_hz: float = 30.0) -> None:
        self.dropped = 0
        self._address = address
        self._rate_hz = rate_hz
        self._stream: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._first: Frame | None = None
        self._number = 0

    async def open(self) -> CameraInfo:
        """Connect and read the first picture, which tells the size; see ``drivers.base.CameraSource``."""
        url = urlsplit(self._address)
        if url.scheme != "http" or not url.hostname:
            raise DeviceError(f"a camera's address is http://host:port/path; got {self._address!r}. Correct it.")
        try:
            self._stream, writer = await asyncio.wait_for(
                asyncio.open_connection(url.hostname, url.port or 80, limit=LARGEST_HEAD), SILENT_S
            )
            self._writer = writer
            path = (url.path or "/") + (f"?{url.query}" if url.query else "")
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {url.netloc}\r\nConnection: close\r\n\r\n".encode())
            await writer.drain()
        except (OSError, TimeoutError) as cause:
            raise DeviceError(
                f"camera {self._address} does not answer: {cause or 'no reply'}. Start it, and check the address."
            ) from cause
        status = (await self._line()).split(" ", 2)
        if len(status) < 2 or status[1] != "200":
            raise DeviceError(f"camera {self._address} answers {' '.join(status)!r}. Check the path.")
        await self._headers()
        self._first = await self._picture()
        if self._first is None:
            raise DeviceError(f"camera {self._address} sends no picture. Check that the path is its MJPEG stream.")
        height, width = self._first.image.shape[:2]
        clock = "own" if self._first.stamp == "header" else "host"
        return CameraInfo(f"MJPEG {self._address}", width, height, self._rate_hz, self._first.stamp, clock)

    async def frames(self) -> AsyncIterator[Frame]:
        """Yield pictures as they come; ends with the connection."""
        frame, self._first = self._first, None
        while frame is not None:
            yield frame
            frame = await self._picture()

    async def close(self) -> None:
        """End the connection."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    async def _picture(self) -> Frame | None:
        """Return the next picture; None at the end. A damaged one is counted and skipped."""
        import cv2

        loop = asyncio.get_running_loop()
        while True:
            headers = await self._part()
            if headers is None:
                return None
            data = await self._body(headers)
            now_s = loop.time()
            if data is None:
                return None
            picture = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR) if data else None
            if picture is None:
                self.dropped += 1
                continue
            image = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), dtype=np.uint8)
            self._number += 1
            stamp_s = _time_of(headers)
            if stamp_s is None:
                return Frame(image, now_s, self._number - 1, "arrival", NETWORK_S, 0.0)
            half_s = 0.5 / self._rate_hz
            return Frame(image, stamp_s, self._number - 1, "header", half_s, half_s)

    async def _part(self) -> dict[str, str] | None:
        """Return the headers of the next part; None at the end."""
        while True:
            line = await self._line()
            if line.startswith("--"):
                return None if line.endswith("--") else await self._headers()
            if not line and self._stream is not None and self._stream.at_eof():
                return None

    async def _headers(self) -> dict[str, str]:
        found: dict[str, str] = {}
        while (line := await self._line()) and len(found) < 100:
            name, _, value = line.partition(":")
            found[name.strip().lower()] = value.strip()
        return found

    async def _body(self, headers: dict[str, str]) -> bytes | None:
        size = headers.get("content-length", "")
        if not size.isdecimal() or not 0 < int(size) <= LARGEST_PICTURE:
            raise DeviceError(
                f"camera {self._address} sends a part of {size or 'unknown'} bytes; a Content-Length up to "
                f"{LARGEST_PICTURE} is needed. Use another stream of the camera."
            )
        assert self._stream is not None
        try:
            return await asyncio.wait_for(self._stream.readexactly(int(size)), SILENT_S)
        except (asyncio.IncompleteReadError, OSError):
            return None
        except TimeoutError as cause:
            raise DeviceError(f"camera {self._address} is silent. Check its network.") from cause

    async def _line(self) -> str:
        assert self._stream is not None
        try:
            line = await asyncio.wait_for(self._stream.readline(), SILENT_S)
        except (ValueError, TimeoutError, OSError) as cause:
            raise DeviceError(f"camera {self._address} sends no picture stream: {cause or 'silence'}.") from cause
        return line.decode("latin-1").rstrip("\r\n")


def _time_of(headers: dict[str, str]) -> float | None:
    try:
        time_s = float(headers.get("x-timestamp", ""))
    except ValueError:
        return None
    return time_s if np.isfinite(time_s) else None


PLUGIN = MjpegCamera
