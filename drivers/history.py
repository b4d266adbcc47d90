"""The last half minute of everything, in memory: what the start-up check and a screen look at."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

import numpy as np

from drivers.base import ImuPacket
from drivers.clock import WearableClock
from drivers.lab import Lab
from drivers.session import WearableStream
from drivers.trial import CameraStream
from fusion.types import Floats, ImuSamples, Keypoints, Recording

KEPT_S = 30.0


class History:
    """Ring buffers of packets and keypoints; what is older than ``KEPT_S`` is forgotten."""

    def __init__(self) -> None:
        self._imus: dict[str, deque[ImuPacket]] = {}
        self._keypoints: dict[str, deque[tuple[float, Floats, Floats]]] = {}

    def imu(self, segment: str, packet: ImuPacket) -> None:
        """Keep the samples of a wearable."""
        kept = self._imus.setdefault(segment, deque())
        kept.append(packet)
        while kept and kept[0].arrival_s[-1] < packet.arrival_s[-1] - KEPT_S:
            kept.popleft()

    def keypoints(self, camera: str, time_s: float, position_px: Floats, confidence: Floats) -> None:
        """Keep what was seen in one frame."""
        kept = self._keypoints.setdefault(camera, deque())
        kept.append((time_s, position_px, confidence))
        while kept and kept[0][0] < time_s - KEPT_S:
            kept.popleft()

    def recording(
        self,
        lab: Lab,
        streams: Mapping[str, WearableStream],
        cameras: Sequence[CameraStream],
        clocks: Mapping[str, WearableClock],
        since_s: float,
    ) -> Recording:
        """Return what is kept since a host time as a recording on the host's clock."""
        imus = []
        for segment, packets in self._imus.items():
            recent = [packet for packet in packets if packet.arrival_s[-1] >= since_s]
            if not recent:
                continue
            device = streams[segment].source.device
            times, accel, gyro = (
                np.concatenate([getattr(packet, name) for packet in recent])
                for name in ("time_s", "accel_mps2", "gyro_radps")
            )
            worn = next(imu for imu in lab.imus if imu.segment == segment)
            imus.append(
                ImuSamples(
                    segment=segment,
                    time_s=clocks[segment].to_host(times),
                    accel_mps2=accel,
                    gyro_radps=gyro,
                    rate_hz=device.rate_hz,
                    accel_range_mps2=device.accel_range_mps2,
                    gyro_range_radps=device.gyro_range_radps,
                    mounting=worn.mounting,
                )
            )
        keypoints = tuple(self._seen(camera, since_s) for camera in cameras if self._keypoints.get(camera.name))
        return Recording(subject=lab.subject, imus=tuple(imus), keypoints=keypoints, identifier="start-up check")

    def _seen(self, camera: CameraStream, since_s: float) -> Keypoints:
        rows = [row for row in self._keypoints[camera.name] if row[0] >= since_s]
        count = len(camera.points)
        return Keypoints(
            camera=camera.name,
            time_s=np.array([row[0] for row in rows]),
            names=camera.points,
            position=np.array([row[1] for row in rows]).reshape(len(rows), count, 2),
            confidence=np.array([row[2] for row in rows]).reshape(len(rows), count),
            clock=camera.clock,
        )
