"""A thread that drains a camera as fast as it delivers, so that a frame is stamped when it comes."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable

from drivers.base import Frame

WAITING_FRAMES = 8
"""What a consumer that is late for a moment may still get; then the oldest go, counted."""


class FrameReader:
    """Runs a blocking read in a thread and hands its frames to the loop.

    Parameters
    ----------
    read
        Returns the next frame and blocks until it is there; None ends. It is called with the loop's clock.
    """

    def __init__(self, read: Callable[[Callable[[], float]], Frame | None]) -> None:
        self.dropped = 0
        self._read = read
        self._loop = asyncio.get_running_loop()
        self._frames: deque[Frame] = deque()
        self._changed = asyncio.Event()
        self._lock = threading.Lock()
        self._ended = False
        self._failure: Exception | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)
        self._thread.start()

    async def frames(self) -> AsyncIterator[Frame]:
        """Yield frames until the camera ends; raises what reading raised."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            with self._lock:
                ready, ended = list(self._frames), self._ended
                self._frames.clear()
            for frame in ready:
                yield frame
            if ended and not ready:
                if self._failure is not None:
                    raise self._failure
                return
            if ended:
                self._changed.set()

    def stop(self, patience_s: float = 2.0) -> None:
        """Let the thread end after the frame that it waits for."""
        self._stop.set()
        self._thread.join(patience_s)

    def _run(self) -> None:
        try:
            while not self._stop.is_set() and (frame := self._read(self._loop.time)) is not None:
                with self._lock:
                    if len(self._frames) >= WAITING_FRAMES:
                        self._frames.popleft()
                        self.dropped += 1
                    self._frames.append(frame)
                self._tell()
        except Exception as error:  # noqa: BLE001 - raised where the frames are taken
            self._failure = error
        with self._lock:
            self._ended = True
        self._tell()

    def _tell(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._changed.set)
