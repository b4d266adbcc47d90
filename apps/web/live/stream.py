"""The live view's stream: the newest posture sixty times a second, to whoever may look."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from apps.web.live.checks import SILENT_AFTER_S
from apps.web.live.laboratory import Laboratory
from apps.web.services import current

PERIOD_S = 1.0 / 60.0
MOST_VIEWERS = 8

_viewers = 0


async def live(socket: WebSocket) -> None:
    """Send frames until the browser leaves; origin and login were checked by the gate."""
    global _viewers
    if _viewers >= MOST_VIEWERS:
        await socket.close(code=4429, reason="too many viewers")
        return
    await socket.accept()
    _viewers += 1
    try:
        await _send(socket)
    except (WebSocketDisconnect, RuntimeError):
        return  # the browser has left
    finally:
        _viewers -= 1


async def _send(socket: WebSocket) -> None:
    last = 0.0
    while True:
        laboratory = current().laboratory
        if laboratory is None:
            await socket.send_text('{"off":true}')
            await asyncio.sleep(0.5)
            continue
        frame = frame_of(laboratory, last)
        if frame["w"] != last:
            last = frame["w"]
            await socket.send_text(json.dumps(frame, separators=(",", ":")))
        await asyncio.sleep(PERIOD_S)


def frame_of(laboratory: Laboratory, last_ms: float = 0.0) -> dict[str, Any]:
    """Return what the canvas draws: points, curve since the last frame, phase, strides, devices that are silent."""
    posture = laboratory.posture
    silent = [name for name, seconds in laboratory.silent().items() if seconds > SILENT_AFTER_S]
    frame: dict[str, Any] = {
        "w": 0.0 if posture is None else round(1000.0 * posture.measured_at, 1),
        "now": round(1000.0 * time.time(), 1),
        "rec": round(laboratory.recorded_s(), 1) if laboratory.is_recording else None,
        "silent": silent,
        "worn": [name for name in laboratory.devices if name != "camera"],
    }
    if posture is not None:
        frame["p"] = {name: [round(x, 3), round(z, 3)] for name, (x, z) in posture.points_m.items()}
        frame["a"] = {name: round(value, 1) for name, value in posture.angles_deg.items()}
        frame["t"] = [
            [round(1000.0 * at, 1), _or_none(left), _or_none(right)]
            for at, left, right in laboratory.trace_since((last_ms + 0.5) / 1000.0)
        ]
        frame["phase"] = posture.phase
        frame["steps"] = laboratory.strides() if laboratory.is_recording else posture.steps
        frame["x"] = round(posture.travelled_m, 2)
    return frame


def _or_none(angle_deg: float) -> float | None:
    return round(angle_deg, 1) if angle_deg == angle_deg else None
