"""Simulated steps in the layout of the set kam, so that the same evaluation runs on both (``honesty``)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fusion.simulate import CameraSettings, ImuSettings, Simulation, SimulationSettings, WalkerSettings, simulate
from fusion.types import SEGMENTS, Floats, Recording
from tests.validation.load_kam import RATE_HZ, Step

STEPS = 10
LEFTWARD = np.array([0.0, 1.0, 0.0])
BEFORE_S = AFTER_S = 0.2
"""Of each right stance, as in the set."""


def people(seeds: range) -> dict[str, list[Step]]:
    """Return simulated people, ten right steps each; heights and speeds as adults on a treadmill have them."""
    return {f"simulated_{seed:02d}": steps(seed) for seed in seeds}


def steps(seed: int) -> list[Step]:
    """Return ten right steps of one simulated person on a treadmill, errors at their defaults."""
    rng = np.random.default_rng((seed, 77))
    walker = WalkerSettings(height_m=float(rng.uniform(1.60, 1.85)), speed_mps=float(rng.uniform(1.1, 1.4)))
    imu = ImuSettings(segments=SEGMENTS, rate_hz=RATE_HZ, aligned=True, clock="host", loss_fraction=0.0)
    camera = CameraSettings(
        rate_hz=RATE_HZ, clock_offset_s=0.0, skew_ppm=0.0, calibrated=False, outlier_fraction=0.0, swap_fraction=0.0
    )
    settings = SimulationSettings(
        duration_s=1.3 * (STEPS + 3), seed=seed, walker=replace(walker, out_of_plane=1.0), imu=imu, cameras=(camera,)
    )
    return _cut(simulate(settings), f"simulated_{seed:02d}")


def _cut(simulation: Simulation, subject: str) -> list[Step]:
    strides = [stride for stride in simulation.truth.strides if stride.side == "right"]
    found = []
    for number, stride in enumerate(strides):
        if len(found) < STEPS and stride.start_s > BEFORE_S:
            window = (stride.start_s - BEFORE_S, stride.fc_s + AFTER_S)
            found.append(_step(simulation, subject, number, window, (stride.start_s, stride.fc_s)))
    return found


def _step(
    simulation: Simulation, subject: str, number: int, window: tuple[float, float], stance: tuple[float, float]
) -> Step:
    seen = simulation.recording.keypoints[0]
    rows = np.flatnonzero((seen.time_s >= window[0]) & (seen.time_s < window[1]))
    time_s, start_s = seen.time_s[rows], float(seen.time_s[rows[0]])
    imus = {}
    for imu in simulation.recording.imus:
        imus[imu.segment] = {
            "time_s": time_s - start_s,
            "accel_mps2": _at(time_s, imu.time_s, imu.accel_mps2),
            "gyro_radps": _at(time_s, imu.time_s, imu.gyro_radps),
            "rate_hz": RATE_HZ,
            "mounting": "x:forward y:left z:up",
        }
    points = {
        "time_s": time_s - start_s,
        "names": seen.names,
        "position": seen.position[rows],
        "confidence": seen.confidence[rows],
    }
    truth = simulation.truth
    knee = truth.joint_angle_deg["knee_flexion_right_deg"]
    recording = Recording.from_arrays(
        imus=imus,
        keypoints={"side": points},
        subject=simulation.recording.subject,
        surface="treadmill",
        identifier=f"{subject} step {number + 1}",
    )
    in_stance = ((time_s >= stance[0]) & (time_s <= stance[1])).astype(np.float64)
    return Step(
        subject=subject,
        number=number,
        recording=recording,
        knee_flexion_deg=np.interp(time_s, truth.time_s, knee),
        stance=in_stance,
        force_n=np.full(len(rows), np.nan),
    )


def _at(time_s: Floats, from_s: Floats, values: Floats) -> Floats:
    return np.column_stack([np.interp(time_s, from_s, column) for column in values.T])
