"""Simulate one recording: the walk, the wearables, the cameras, and the truth about all of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fusion.simulate.body import Walk, make_walk
from fusion.simulate.camera import record_camera
from fusion.simulate.imu import record_imu
from fusion.simulate.settings import SimulationSettings
from fusion.simulate.truth import CameraTruth, ImuTruth, Truth, make_truth
from fusion.types import SEGMENTS, Camera, ImuSamples, Keypoints, Recording, Subject


@dataclass(frozen=True, slots=True)
class Simulation:
    """A recording and what is true of it."""

    recording: Recording
    truth: Truth
    settings: SimulationSettings


def simulate(settings: SimulationSettings | None = None) -> Simulation:
    """Return what the devices would have recorded of a walk, and the truth.

    Parameters
    ----------
    settings
        Left out: a healthy adult of 1.75 m who walks 30 s at 1.30 m/s on a treadmill before a calibrated
        side camera, with wearables on pelvis and shanks.

    Returns
    -------
    Simulation
        The same for the same settings and seed. Each device draws from its own stream of random numbers, so
        adding one does not change the others or the walk.
    """
    settings = settings or SimulationSettings()
    walk = make_walk(settings, _rng(settings, 0))
    samples, imu_truth = _record_imus(settings, walk)
    keypoints: list[Keypoints] = []
    cameras: list[Camera] = []
    camera_truth: dict[str, CameraTruth] = {}
    for number, camera_settings in enumerate(settings.cameras):
        points, camera, truth = record_camera(camera_settings, settings, walk, _rng(settings, 100 + number))
        keypoints.append(points)
        cameras.append(camera)
        camera_truth[camera_settings.name] = truth
    walker = settings.walker
    recording = Recording(
        subject=Subject(
            identifier=f"simulated-{settings.seed}", height_m=walker.height_m, leg_length_m=walker.leg_length_m
        ),
        imus=samples,
        keypoints=tuple(keypoints),
        cameras=tuple(cameras),
        identifier=f"simulated-{walker.pattern}-{settings.seed}",
        surface=settings.surface,
        belt_speed_mps=walker.speed_mps if settings.surface == "treadmill" else np.nan,
        protocol="simulated",
    )
    truth_of_all = make_truth(walk, settings.walking_s, imu_truth, camera_truth)
    return Simulation(recording, truth_of_all, settings)


def _record_imus(settings: SimulationSettings, walk: Walk) -> tuple[tuple[ImuSamples, ...], dict[str, ImuTruth]]:
    """Return the streams and their truth, after exchanging the names of sensors that were swapped."""
    swap = {a: b for pair in settings.imu.swapped for a, b in (pair, pair[::-1])}
    samples, truths = [], {}
    for segment in settings.imu.segments:
        rng = _rng(settings, 1 + SEGMENTS.index(segment))
        imu, truth = record_imu(segment, walk, settings.imu, settings.walking_s, rng)
        name = swap.get(segment, segment)
        samples.append(replace(imu, segment=name))
        truths[name] = truth
    return tuple(sorted(samples, key=lambda imu: SEGMENTS.index(imu.segment))), truths


def _rng(settings: SimulationSettings, stream: int) -> np.random.Generator:
    return np.random.default_rng((settings.seed, stream))
