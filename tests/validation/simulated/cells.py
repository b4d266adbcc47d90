"""The design: which motion meets which fault with which sensors. Not every combination; each row answers a question.

- motions: ``walk`` over ground before a wide camera, ``treadmill``, ``fast``, ``run`` (belt), ``turn`` (+-40 deg over
  ground), ``stops`` (two stops of 3 s, belt), ``cadence`` (+15 % half-way), ``asymmetry`` (left knee x 0.6).
- faults: ``clean``; ``dark_0.5``, ``dark_1``, ``dark_2``: both legs hidden for so many seconds, twice or more;
  ``dark_left_1``: one leg; ``swaps_outliers``: 5 % each; ``loss``: 10 % of the packets; ``clock_jump``: the clock of
  the first sensor jumps by 2 s half-way.
- geometry error is always on: lever arms 2.5 cm, lengths 3 %, mounts 2 deg, soft tissue, out-of-plane motion.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fusion.simulate import CameraSettings, ImuSettings, SimulationSettings, WalkerSettings
from fusion.types import SEGMENTS

SENSORS: dict[str, tuple[str, ...]] = {
    "none": (),
    "shank": ("right_shank",),
    "shanks": ("left_shank", "right_shank"),
    "pelvis": ("pelvis",),
    "pelvis_feet": ("pelvis", "left_foot", "right_foot"),
    "pelvis_shanks": ("pelvis", "left_shank", "right_shank"),
    "pelvis_shanks_feet": ("pelvis", "left_shank", "right_shank", "left_foot", "right_foot"),
    "full": SEGMENTS,
}

LEVER_ARM_RMS_M = 0.025
PROPORTION_SD = 0.03
MOUNT_SD_DEG = 2.0

MOTIONS = ("walk", "treadmill", "fast", "run", "turn", "stops", "cadence", "asymmetry")
FAULTS = ("clean", "dark_0.5", "dark_1", "dark_2", "dark_left_1", "swaps_outliers", "loss", "clock_jump")

_ALL = tuple(SENSORS)
DESIGN: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    # Every sensor set where it is needed most.
    ("treadmill", "dark_1", _ALL),
    ("treadmill", "dark_2", _ALL),
    ("treadmill", "clean", ("none", "shanks", "pelvis_shanks", "full")),
    ("treadmill", "dark_0.5", ("none", "pelvis_shanks")),
    ("treadmill", "dark_left_1", ("none", "pelvis_shanks", "full")),
    ("treadmill", "swaps_outliers", ("none", "pelvis_shanks", "full")),
    ("treadmill", "loss", ("pelvis_shanks", "full")),
    ("treadmill", "clock_jump", ("pelvis_shanks", "full")),
    ("walk", "clean", ("none", "pelvis_shanks", "full")),
    ("walk", "dark_1", ("none", "pelvis_shanks", "full")),
    ("fast", "dark_1", ("none", "pelvis_shanks", "full")),
    ("run", "clean", ("none", "pelvis_shanks", "full")),
    ("run", "dark_1", _ALL),
    ("run", "swaps_outliers", ("pelvis_shanks",)),
    ("turn", "clean", ("none", "pelvis_shanks", "full")),
    ("turn", "dark_1", ("pelvis_shanks", "full")),
    ("stops", "dark_1", ("none", "shank", "shanks", "pelvis_shanks", "full")),
    ("cadence", "dark_1", ("none", "shanks", "pelvis_shanks")),
    ("asymmetry", "dark_1", ("none", "shank", "shanks", "pelvis_shanks", "full")),
)

QUICK: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("treadmill", "dark_1", ("none", "pelvis_shanks", "full")),
    ("run", "clean", ("pelvis_shanks",)),
    ("treadmill", "swaps_outliers", ("pelvis_shanks",)),
)
"""What continuous integration runs, with one seed."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One combination."""

    motion: str
    fault: str
    sensors: str

    @property
    def name(self) -> str:
        """Its part of the keys."""
        return f"{self.motion}/{self.fault}/{self.sensors}"


def cells(design: tuple[tuple[str, str, tuple[str, ...]], ...] = DESIGN) -> tuple[Cell, ...]:
    """Return the cells of a design."""
    return tuple(Cell(motion, fault, sensors) for motion, fault, sets in design for sensors in sets)


def dark_spans(cell: Cell, duration_s: float) -> tuple[tuple[float, float, str], ...]:
    """Return (start, duration, side) of the blackouts: three in a long recording, two in a short one."""
    kind, _, length = cell.fault.rpartition("_")
    if kind not in ("dark", "dark_left"):
        return ()
    starts = (0.38, 0.58, 0.80) if duration_s > 15.0 else (0.45, 0.75)
    side = "left" if kind == "dark_left" else "both"
    return tuple((share * duration_s, float(length), side) for share in starts)


def settings(cell: Cell, seed: int) -> SimulationSettings:
    """Return the simulated recording of a cell; one seed is the same person and walk in all its cells."""
    rng = np.random.default_rng((seed, 7))
    walker = WalkerSettings(
        height_m=float(rng.uniform(1.58, 1.88)),
        speed_mps=float(rng.uniform(1.15, 1.40)),
        out_of_plane=1.0,
        proportion_sd=PROPORTION_SD,
    )
    walker, surface, duration_s = _motion(cell.motion, walker)
    camera = CameraSettings(
        distance_m=16.0 if surface == "overground" else np.nan,
        outlier_fraction=0.05 if cell.fault == "swaps_outliers" else 0.0,
        swap_fraction=0.05 if cell.fault == "swaps_outliers" else 0.0,
        blackouts=dark_spans(cell, duration_s),
        rate_hz=60.0 if cell.motion == "run" else 30.0,
    )
    worn = SENSORS[cell.sensors]
    imu = ImuSettings(
        segments=worn,
        loss_fraction=0.10 if cell.fault == "loss" else 0.0,
        clock_jumps=((0.5 * duration_s, 2.0),) if cell.fault == "clock_jump" else (),
        lever_arm_sd_m=LEVER_ARM_RMS_M / np.sqrt(3.0),
        aligned=True,
        misalignment_deg=0.0,
    )
    return SimulationSettings(
        duration_s=duration_s, seed=seed, surface=surface, walkway_m=22.0, walker=walker, imu=imu, cameras=(camera,)
    )


def _motion(motion: str, walker: WalkerSettings) -> tuple[WalkerSettings, str, float]:
    """Return the walker, the surface and the length of the recording, s."""
    if motion == "run":
        return replace(walker, pattern="running", speed_mps=2.0 * walker.speed_mps + 0.4), "treadmill", 20.0
    if motion == "fast":
        fast = replace(walker, speed_mps=walker.speed_mps + 0.55)
        return fast, "treadmill", 20.0
    if motion in ("walk", "turn"):
        turn_deg = 40.0 if motion == "turn" else 0.0
        return replace(walker, turn_deg=turn_deg), "overground", min(16.0, 22.0 / walker.speed_mps)
    if motion == "stops":
        return replace(walker, stops=((6.0, 3.0), (15.0, 3.0))), "treadmill", 24.0
    if motion == "cadence":
        return replace(walker, cadence_changes=((10.0, 1.15),)), "treadmill", 20.0
    if motion == "asymmetry":
        return replace(walker, amplitude={"knee_flexion_left": 0.6}), "treadmill", 20.0
    return walker, "treadmill", 20.0
