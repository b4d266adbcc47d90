"""A virtual network camera: serves JPEG pictures over HTTP on the loopback, with or without their time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from drivers.base import Image


class MjpegServer:
    """Sends given pictures at a given pace to whoever connects, then ends.

    Parameters
    ----------
    pictures
        Red green blue.
    stamps_s
        The camera's own time of each; None sends none.
    every_s
        Pace.
    """

    def __init__(
        self, pictures: Sequence[Image], stamps_s: Sequence[float] | None = None, every_s: float = 0.0
    ) -> None:
        self._pictures = pictures
        self._stamps_s = stamps_s
        self._every_s = every_s
        self._server: asyncio.Server | None = None

    async def start(self) -> str:
        """Listen, and return the address."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}/stream"

    async def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        import cv2

        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n")
        for number, picture in enumerate(self._pictures):
            _, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 95])
            stamp = "" if self._stamps_s is None else f"X-Timestamp: {self._stamps_s[number]:.6f}\r\n"
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n{stamp}\r\n"
            writer.write(head.encode() + data.tobytes() + b"\r\n")
            await writer.drain()
            await asyncio.sleep(self._every_s)
        writer.write(b"--frame--\r\n")
        writer.close()
