"""The virtual laboratory: a simulated walker with five wearables and a camera, for the real recorder.

The wearables are virtual devices of two makes, with clocks of their own, on a virtual Bluetooth radio; the recorder,
the drivers and, with Bumble, bleak are the real ones. Everything that was truly sent is kept, for comparison.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from drivers.base import Transport
from drivers.lab import Lab, LabCamera, LabImu, Trial
from drivers.recorder import Recorder
from drivers.session import StreamEvent
from drivers.sim.base import Feed, StreamFeed, Twin, TwinClock, TwinHost
from drivers.sim.camera import VirtualCamera, VirtualDetector
from drivers.sim.memory import MemoryTransport
from drivers.sim.radio import ConnectionEvents
from drivers.transport.ble import BleTransport
from fusion.errors import DeviceError
from fusion.plugins import load
from fusion.simulate import CameraSettings, ImuSettings, Simulation, SimulationSettings, simulate
from fusion.types import Floats

if TYPE_CHECKING:
    from drivers.sim.bumble_air import BumbleAir

WORN = (
    ("pelvis", "tandem_imu", 100.0),
    ("left_shank", "tandem_imu", 100.0),
    ("right_shank", "tandem_imu", 100.0),
    ("left_foot", "xsens_dot", 60.0),
    ("right_foot", "xsens_dot", 60.0),
)
CAMERA = "side"
CAMERA_LATENCY_S = 0.04
INTERVAL_S, RETRANSMISSION = 0.015, 0.01
TAP_SD_S, TAP_MPS2 = 0.02, 110.0
"""A knock on the box that holds all sensors: a pulse that 60 Hz still sees."""


@dataclass(frozen=True, slots=True)
class TappedFeed:
    """A feed with the laboratory's knock, along the sensor's x axis."""

    feed: Feed
    lab: VirtualLab

    def at(self, host_s: float) -> tuple[Floats, Floats]:
        """Return the readings."""
        accel, gyro = self.feed.at(host_s)
        push = TAP_MPS2 * np.exp(-0.5 * ((host_s - self.lab.tap_s) / TAP_SD_S) ** 2)
        return accel + np.array([push, 0.0, 0.0]), gyro


class VirtualLab:
    """A laboratory that exists in memory; make it on the running loop, then ``start`` it.

    Parameters
    ----------
    seconds
        Length of the walk; it must cover connecting and recording.
    bumble
        Use real bleak calls on Bumble's controllers; False takes links in memory.

    Attributes
    ----------
    simulation
        The walk with its truth, whose time zero is ``start_s`` on the host's clock.
    addresses
        Segment -> Bluetooth address.
    tap_s
        True host time of the last knock.
    """

    def __init__(self, seconds: float, *, seed: int = 0, bumble: bool = True) -> None:
        self.start_s = asyncio.get_running_loop().time()
        self.tap_s = -np.inf
        self.simulation = _walk(seconds, seed)
        self.addresses = {segment: f"C0:00:00:00:00:{number:02X}" for number, (segment, _, _) in enumerate(WORN, 1)}
        self.hosts = {
            self.addresses[segment]: TwinHost(_twin(device, number, self.start_s), self._feed(segment), keep=True)
            for number, (segment, device, _) in enumerate(WORN)
        }
        events = {
            address: ConnectionEvents(INTERVAL_S, RETRANSMISSION, random=random.Random(seed + number))
            for number, address in enumerate(self.hosts)
        }
        self._memory = MemoryTransport(self.hosts, events)
        self._air = _air(self.hosts, events) if bumble else None

    async def start(self) -> None:
        """Switch the devices on."""
        if self._air is not None:
            await self._air.start()
        for host in self.hosts.values():
            host.start()

    def stop(self) -> None:
        """Switch them off."""
        for host in self.hosts.values():
            host.stop()

    def tap(self, after_s: float) -> None:
        """Knock all sensors together once, in so many seconds."""
        self.tap_s = asyncio.get_running_loop().time() + after_s

    async def drop(self, segment: str) -> None:
        """Let a wearable lose its link."""
        if self._air is not None:
            await self._air.drop(self.addresses[segment])
        else:
            self._memory.drop(self.addresses[segment])

    def host(self, segment: str) -> TwinHost:
        """Return the virtual device that is worn on a segment."""
        return self.hosts[self.addresses[segment]]

    def recorder(self, on_event: Callable[[StreamEvent], None] | None = None) -> Recorder:
        """Return the real recorder, set up for this laboratory."""
        return Recorder(
            self.lab(), self._transports(), {CAMERA: self._detector()}, on_event, {CAMERA: self._camera()}
        )

    def lab(self) -> Lab:
        """Return what a lab file would say."""
        recording = self.simulation.recording
        imus = tuple(
            LabImu(segment, "ble", device, self.addresses[segment], "simulated", {"rate_hz": rate_hz})
            for segment, device, rate_hz in WORN
        )
        trial = Trial("walk", "virtual laboratory", "", recording.surface, recording.belt_speed_mps)
        return Lab("virtual", recording.subject, (trial,), imus, (LabCamera(CAMERA, "virtual", ""),))

    def to_truth(self, host_s: Floats) -> Floats:
        """Return times of the simulation, s, for host times."""
        return np.asarray(host_s - self.start_s)

    def _transports(self) -> Mapping[str, Transport]:
        if self._air is None:
            return {"ble": self._memory}
        return {"ble": BleTransport(self._air.client_backend, self._air.scanner_backend)}

    def _feed(self, segment: str) -> Feed:
        imu = self.simulation.recording.imu(segment)
        assert imu is not None
        feed = StreamFeed.of(imu, imu.time_s, self.start_s + float(imu.time_s[0]))
        return TappedFeed(feed, self)

    def _camera(self) -> VirtualCamera:
        points = self.simulation.recording.keypoints[0]
        taken_s = self.simulation.truth.cameras[points.camera].clock.to_reference(points.time_s)
        return VirtualCamera(self.start_s + taken_s, self._rate_hz(), CAMERA_LATENCY_S)

    def _detector(self) -> VirtualDetector:
        return VirtualDetector(self.simulation.recording.keypoints[0])

    def _rate_hz(self) -> float:
        points = self.simulation.recording.keypoints[0]
        return float(1.0 / np.median(np.diff(points.time_s)))


def _air(hosts: Mapping[str, TwinHost], events: Mapping[str, ConnectionEvents]) -> BumbleAir:
    try:
        from drivers.sim.bumble_air import BumbleAir
    except ModuleNotFoundError as cause:
        raise DeviceError(
            f'the virtual radio needs {cause.name}: pip install "tandem-gait[demo]", or use links in memory.'
        ) from cause
    return BumbleAir(hosts, events)


def _walk(seconds: float, seed: int) -> Simulation:
    """Return a walk whose sensors err as real ones do; their clocks and the radio are the laboratory's own."""
    worn = tuple(segment for segment, _, _ in WORN)
    return simulate(
        SimulationSettings(
            duration_s=seconds,
            seed=seed,
            imu=ImuSettings(segments=worn, clock="host", loss_fraction=0.0),
            cameras=(CameraSettings(name=CAMERA),),
        )
    )


def _twin(device: str, number: int, start_s: float) -> Twin:
    clock = TwinClock(
        offset_s=3.0 + 17.0 * number, skew=(-1.0) ** number * (8.0 + 6.0 * number) * 1e-6, start_s=start_s
    )
    settings = {"serial_number": 0x7A11 + number} if device == "tandem_imu" else {}
    twin: Twin = load("drivers.sim.twins", device, clock=clock, **settings)
    return twin
