"""A simulated walk with a stop, in segment axes, and its true phase."""

from functools import cache

from fusion.phase.features import leg_ticks
from fusion.phase.truth import true_phase
from fusion.simulate import ImuSettings, SimulationSettings, WalkerSettings, simulate
from fusion.types import PlacedImu

STOP_S, STANDS_S = 8.0, 4.0
SEGMENTS = ("pelvis", "left_shank", "left_foot", "right_shank", "right_foot")


@cache
def walk(stops=(), seed=90210, misalignment_deg=2.0):
    walker = WalkerSettings(out_of_plane=1.0, stops=stops, speed_mps=1.2)
    imu = ImuSettings(
        segments=SEGMENTS, aligned=True, clock="host", loss_fraction=0.0, misalignment_deg=misalignment_deg
    )
    return simulate(SimulationSettings(duration_s=18.0, seed=seed, walker=walker, imu=imu, cameras=()))


def placed(simulation, parts=("shank",)):
    return tuple(
        PlacedImu(imu.segment, imu.time_s, imu.accel_mps2, imu.gyro_radps, imu.rate_hz)
        for imu in simulation.recording.imus
        if imu.segment.split("_")[-1] in parts
    )


def mirrored(imus):
    """Return the walk as a mirror shows it: sides exchanged, y of forces and x and z of rates turned."""
    other = {"left": "right", "right": "left"}
    names = [f"{other[imu.segment.split('_')[0]]}_{imu.segment.split('_')[1]}" for imu in imus]
    return tuple(
        PlacedImu(name, imu.time_s, imu.accel_mps2 * [1, -1, 1], imu.gyro_radps * [-1, 1, -1], imu.rate_hz)
        for name, imu in zip(names, imus, strict=True)
    )


def followed(estimator, imus, side, simulation):
    """Return the states of an estimator along a walk, their times, and the true phase in turns."""
    ticks = leg_ticks(imus, side)
    states = [estimator.step(time_s, row) for time_s, row in zip(ticks.time_s, ticks.features, strict=True)]
    truth, _ = true_phase(ticks.time_s, simulation.truth.events.select(side, "ic"))
    return states, ticks.time_s, truth
