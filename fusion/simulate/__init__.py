"""A walker with exact truth: body, cameras, wearables, clocks, radio; seeded."""

from fusion.simulate.settings import CameraSettings, ImuSettings, SimulationSettings, WalkerSettings
from fusion.simulate.truth import CameraTruth, ImuTruth, Truth
from fusion.simulate.walk import Simulation, simulate

__all__ = [
    "CameraSettings",
    "CameraTruth",
    "ImuSettings",
    "ImuTruth",
    "Simulation",
    "SimulationSettings",
    "Truth",
    "WalkerSettings",
    "simulate",
]
