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
from fusion.events.base import MAX_STRIDE_S
from fusion.phase.base import CHANNELS, FEATURES, PARTS, TICK_RATE_HZ
from fusion.phase.features import leg_ticks
from fusion.simulate import ImuSettings, Simulation, SimulationSettings, WalkerSettings, simulate
from fusion.types import SIDES, Flags, Floats, PlacedImu

SEGMENTS_WORN = ("pelvis", *(f"{side}_{part}" for side in SIDES for part in ("thigh", "shank", "foot")))
DURATION_S = 20.0

AFTER_LAST_IC_S = 0.6
"""Whether somebody has stopped cannot be known before the next step is due: not scored until then."""

BEFORE_FIRST_FC_S = 0.3


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
    pattern = str(rng.choice(["normal"] * 6 + ["shuffling", "crouch", "equinus", "stiff_knee"]))
    height_m = float(rng.uniform(1.1, 1.95))
    speed_mps = float(rng.uniform(0.25, 1.05) * np.sqrt(9.81 * 0.53 * height_m) * 0.55)
    usual_spm = float(np.sqrt(60.0 * speed_mps / (0.0036 * height_m * (0.6 if pattern == "shuffling" else 1.0))))
    amplitude = {
        f"{joint}_{side}": float(rng.uniform(0.7, 1.2))
        for joint in ("hip_flexion", "knee_flexion", "ankle_dorsiflexion")
        for side in SIDES
    }
    walker = WalkerSettings(
        height_m=height_m,
        speed_mps=speed_mps,
        cadence_spm=float(np.clip(usual_spm * rng.uniform(0.88, 1.12), 35.0, 200.0)),
        stride_time_cv=float(rng.uniform(0.005, 0.06)),
        stride_length_cv=float(rng.uniform(0.005, 0.05)),
        pattern=pattern,
        amplitude=amplitude if rng.random() < 0.7 else {},
        step_time_ratio=float(rng.uniform(0.85, 1.18)),
        stops=_stops(rng),
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
    return SimulationSettings(duration_s=DURATION_S, seed=seed, walker=walker, imu=imu, cameras=())


def _stops(rng: np.random.Generator) -> tuple[tuple[float, float], ...]:
    if rng.random() < 0.5:
        return ()
    return ((float(rng.uniform(4.0, 14.0)), float(rng.uniform(1.5, 5.0))),)


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


def true_phase(time_s: Floats, ic_s: Floats) -> tuple[Floats, Floats]:
    """Return phase in turns and stride rate, Hz, at each time, from the initial contacts of one foot.

    NaN outside strides and within intervals longer than ``MAX_STRIDE_S``.
    """
    phase, rate = np.full(len(time_s), np.nan), np.full(len(time_s), np.nan)
    if len(ic_s) < 2:
        return phase, rate
    index = np.searchsorted(ic_s, time_s, side="right") - 1
    inside = (index >= 0) & (index < len(ic_s) - 1)
    start, end = ic_s[index[inside]], ic_s[index[inside] + 1]
    whole = end - start <= MAX_STRIDE_S
    where = np.flatnonzero(inside)[whole]
    phase[where] = (time_s[where] - start[whole]) / (end - start)[whole]
    rate[where] = 1.0 / (end - start)[whole]
    return phase, rate


def true_walking(time_s: Floats, ic_s: Floats, fc_s: Floats) -> Floats:
    """Return 1 while steps follow each other, 0 in stillness, NaN where neither can be known yet.

    Parameters
    ----------
    time_s
        Shape (n,).
    ic_s, fc_s
        Contacts of both feet, sorted.
    """
    walking = np.zeros(len(time_s))
    if not len(ic_s):
        return walking
    for start, end in zip(ic_s[:-1], ic_s[1:], strict=True):
        inside = (time_s >= start) & (time_s < end)
        if end - start <= MAX_STRIDE_S / 2.0:
            walking[inside] = 1.0
            continue
        lifted = fc_s[(fc_s > start) & (fc_s < end)]
        go_s = lifted[-1] if len(lifted) else end
        walking[inside & (time_s < start + AFTER_LAST_IC_S)] = np.nan
        walking[inside & (time_s >= go_s - BEFORE_FIRST_FC_S)] = np.nan
        walking[inside & (time_s >= go_s)] = 1.0
    walking[(time_s >= ic_s[-1]) | (time_s < ic_s[0])] = np.nan
    return walking


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
        # Out of plane: as large as half the largest in-plane motion of its kind; in plane: a sixth of the channel's own.
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
