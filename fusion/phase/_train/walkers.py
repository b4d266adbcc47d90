"""Simulated walkers of every kind, with the true phase of each leg.

Nothing recorded from a person is used. What a planar simulator lacks is drawn at random instead, so that the network
cannot lean on it: motion out of the sagittal plane, harmonics that this walker's angles do not have, sensors that sit
askew (domain randomisation, Tobin et al. 2017, arXiv:1703.06907).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fusion.errors import TandemError
from fusion.frames import GRAVITY_MPS2
from fusion.phase.base import CHANNELS, FEATURES, PARTS, TICK_RATE_HZ
from fusion.phase.features import leg_ticks
from fusion.phase.truth import true_phase, true_walking
from fusion.simulate import ImuSettings, Simulation, SimulationSettings, WalkerSettings, simulate
from fusion.types import SIDES, Flags, Floats, PlacedImu

SEGMENTS_WORN = ("pelvis", *(f"{side}_{part}" for side in SIDES for part in ("thigh", "shank", "foot")))
DURATION_S = 20.0

LEG_PER_HEIGHT = 0.53
"""Leg length over body height (Winter 2009)."""


@dataclass(frozen=True, slots=True)
class LegSequence:
    """What one leg's wearables said, and the truth, at each tick.

    Attributes
    ----------
    features
        Shape (n, ``FEATURES``).
    phase_turn
        True phase in [0, 1); NaN where there is none. Shape (n,).
    rate_hz
        True rate of the stride under way; NaN where there is none. Shape (n,).
    walking
        1 walks, 0 stands, NaN where it cannot be known. Shape (n,).
    """

    features: Floats
    phase_turn: Floats
    rate_hz: Floats
    walking: Floats


def leg_sequences(count: int, seed: int) -> Iterator[LegSequence]:
    """Yield both legs of ``count`` simulated walkers; the same seed gives the same walkers."""
    for index in range(count):
        rng = np.random.default_rng((seed, index))
        try:
            simulation = simulate(walk_settings(rng, seed=int(rng.integers(2**31))))
        except TandemError:
            continue  # a combination that no body can walk
        for side in SIDES:
            yield leg_sequence(simulation, side, rng)


def walk_settings(rng: np.random.Generator, seed: int) -> SimulationSettings:
    """Draw a walker: speed, cadence, pattern, asymmetry, variability, stops, wearables."""
    pattern = str(rng.choice(["normal"] * 7 + ["shuffling", "crouch", "equinus", "stiff_knee", "running"]))
    height_m = float(rng.uniform(1.1, 1.95))
    froude_speed = float(rng.uniform(0.10, 0.62)) if pattern != "running" else float(rng.uniform(0.7, 1.2))
    speed_mps = froude_speed * float(np.sqrt(GRAVITY_MPS2 * LEG_PER_HEIGHT * height_m))
    usual_spm = float(np.sqrt(60.0 * speed_mps / (0.0036 * height_m * (0.6 if pattern == "shuffling" else 1.0))))
    overground = bool(rng.random() < 0.5)
    amplitude = {
        f"{joint}_{side}": float(rng.uniform(0.7, 1.2))
        for joint in ("hip_flexion", "knee_flexion", "ankle_dorsiflexion")
        for side in SIDES
    }
    walker = WalkerSettings(
        height_m=height_m,
        speed_mps=speed_mps,
        cadence_spm=(
            np.nan if pattern == "running" else float(np.clip(usual_spm * rng.uniform(0.88, 1.12), 35.0, 200.0))
        ),
        stride_time_cv=float(rng.uniform(0.005, 0.06)),
        stride_length_cv=float(rng.uniform(0.005, 0.05)),
        pattern=pattern,
        amplitude=amplitude if rng.random() < 0.7 else {},
        step_time_ratio=float(rng.uniform(0.85, 1.18)),
        stops=_stops(rng) if pattern != "running" else (),
        cadence_changes=_cadence_changes(rng),
        out_of_plane=float(rng.uniform(0.0, 1.6)),
        turn_deg=float(rng.uniform(0.0, 60.0)) if overground else 0.0,
        proportion_sd=0.03,
    )
    imu = ImuSettings(
        segments=SEGMENTS_WORN,
        rate_hz=float(rng.choice([50.0, 100.0, 100.0, 200.0])),
        soft_tissue=float(rng.uniform(0.2, 1.5)),
        misalignment_deg=float(rng.uniform(1.0, 8.0)),
        aligned=True,
        loss_fraction=float(rng.choice([0.0, 0.01, 0.05])),
        clock="host",
    )
    return SimulationSettings(
        duration_s=DURATION_S,
        seed=seed,
        surface="overground" if overground else "treadmill",
        walkway_m=1000.0,
        walker=walker,
        imu=imu,
        cameras=(),
    )


def _stops(rng: np.random.Generator) -> tuple[tuple[float, float], ...]:
    if rng.random() < 0.5:
        return ()
    return ((float(rng.uniform(4.0, 14.0)), float(rng.uniform(1.5, 5.0))),)


def _cadence_changes(rng: np.random.Generator) -> tuple[tuple[float, float], ...]:
    if rng.random() < 0.6:
        return ()
    return ((float(rng.uniform(3.0, 17.0)), float(rng.uniform(0.8, 1.25))),)


def leg_sequence(simulation: Simulation, side: str, rng: np.random.Generator) -> LegSequence:
    """Return one leg of a simulation, with what a planar body lacks drawn at random."""
    placed = tuple(
        PlacedImu(imu.segment, imu.time_s, imu.accel_mps2, imu.gyro_radps, imu.rate_hz)
        for imu in simulation.recording.imus
    )
    ticks = leg_ticks(placed, side)
    events = simulation.truth.events
    ic_s, fc_s = events.select(side, "ic"), events.select(side, "fc")
    phase, rate = true_phase(ticks.time_s, ic_s)
    both_s = np.sort(np.concatenate([events.select(other, "ic") for other in SIDES]))
    first_fc_s = np.sort(np.concatenate([fc_s, *(events.select(other, "fc") for other in SIDES)]))
    walking = true_walking(ticks.time_s, both_s, first_fc_s)
    features = _randomised(ticks.features, phase, rng)
    return LegSequence(features, phase, rate, walking)


def _randomised(features: Floats, phase: Floats, rng: np.random.Generator) -> Floats:
    """Return the features with motion out of plane and harmonics of other people's gait added, where walking."""
    changed = features.copy()
    heard = features[:, len(PARTS) * CHANNELS :] > 0.0
    turn = 2.0 * np.pi * np.nan_to_num(phase)[:, None] * np.arange(1, 5)
    basis = np.concatenate((np.cos(turn), np.sin(turn)), axis=1) * np.isfinite(phase)[:, None]
    for part in range(len(PARTS)):
        columns = slice(part * CHANNELS, (part + 1) * CHANNELS)
        block = changed[:, columns]
        spread = block[np.isfinite(phase)].std(axis=0) if np.isfinite(phase).any() else np.zeros(CHANNELS)
        sagittal = np.array([True, False, True, False, True, False])
        # Out of plane: half as large as the largest in-plane motion of its kind; in plane: a sixth of its own.
        largest = np.repeat([spread[:3].max(), spread[3:].max()], 3)
        size = np.where(sagittal, spread / 6.0, largest / 2.0) * rng.uniform(0.0, 1.0, CHANNELS)
        weights = rng.standard_normal((basis.shape[1], CHANNELS)) / np.sqrt(basis.shape[1] / 2.0)
        gain = rng.uniform(0.85, 1.15, CHANNELS)
        changed[:, columns] = (block * gain + basis @ weights * size) * heard[:, part : part + 1]
    return changed


def without_parts(features: Floats, keep: Flags) -> Floats:
    """Return the features with some parts silent; ``keep`` in the order of ``PARTS``."""
    mask = np.concatenate((np.repeat(keep, CHANNELS), keep)).astype(np.float64)
    if len(mask) != FEATURES:
        raise ValueError("keep must name every part")
    return np.asarray(features * mask)


def ticks_per(seconds: float) -> int:
    """Return the number of ticks in a time."""
    return round(seconds * TICK_RATE_HZ)
