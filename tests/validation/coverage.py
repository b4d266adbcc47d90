"""How often the stated 95 % intervals hold the truth, parameter by parameter, on simulated walkers.

``python -m tests.validation.coverage [--people N] [--seconds S] [--only WORD ...] [--md FILE]`` analyses N walkers of
random height, speed, asymmetry and proportions with four sets of sensors, compares every parameter with its truth and
prints one line per parameter and set: how many numbers, share held, median half-width, error and bias.

Truth: the same formulas applied to the true contacts, the true way of the feet, the true points of the body and, for
the trunk, to a sensor without any error on the same walk.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fusion.gait.definitions import KEY_ANGLES, PARAMETERS
from fusion.gait.further.definitions import FURTHER
from fusion.pipeline import analyse
from fusion.simulate import CameraSettings, ImuSettings, SimulationSettings, WalkerSettings, simulate
from fusion.types import SEGMENTS
from tests.validation.coverage_truth import true_parameters
from tests.validation.table import write

FEET = ("pelvis", "trunk", "left_shank", "right_shank", "left_foot", "right_foot")
FRONT = CameraSettings(name="front", view="frontal_3d")
SETS = {
    "feet, shanks, pelvis, trunk": (("imu",), FEET, CameraSettings()),
    "side camera": (("camera",), FEET, CameraSettings()),
    "front camera": (("camera",), FEET, FRONT),
    "all segments + side camera": (("camera", "imu"), SEGMENTS, CameraSettings()),
}
SPEED_MPS = (0.7, 1.6)
HEIGHT_M = (1.5, 1.95)
STEP_TIME_RATIO = (0.9, 1.1)
MARKS = ("<!-- coverage: begin -->", "<!-- coverage: end -->")


@dataclass(frozen=True, slots=True)
class Held:
    """One number against its truth."""

    name: str
    sensors: str
    half_width: float
    error: float
    inside: bool


def settings(seed: int, seconds: float, segments: tuple[str, ...], camera: CameraSettings) -> SimulationSettings:
    """Return one person: the same in all sets of sensors."""
    random = np.random.default_rng(90_000 + seed)
    walker = WalkerSettings(
        height_m=float(random.uniform(*HEIGHT_M)),
        speed_mps=float(random.uniform(*SPEED_MPS)),
        step_time_ratio=float(random.uniform(*STEP_TIME_RATIO)),
        out_of_plane=1.0,
        proportion_sd=0.03,
    )
    imu = ImuSettings(segments=segments)
    return SimulationSettings(duration_s=seconds, seed=seed, walker=walker, imu=imu, cameras=(camera,))


def person(seed: int, seconds: float, sensors: str) -> list[Held]:
    """Return every assessable number of one person with one set of sensors, against its truth."""
    use, segments, camera = SETS[sensors]
    chosen = settings(seed, seconds, segments, camera)
    made = simulate(chosen)
    ideal = simulate(replace(chosen, imu=replace(chosen.imu, errors=False, aligned=True, clock="host")))
    truth = true_parameters(made, ideal)
    found = []
    for item in analyse(made.recording, use).parameters.items:
        true, got = truth.get((item.name, item.side), np.nan), item.estimate
        if got.is_assessable and np.isfinite(true):
            inside = got.low <= true <= got.high
            found.append(Held(item.name, sensors, 0.5 * (got.high - got.low), got.value - true, inside))
    return found


def as_table(found: list[Held]) -> str:
    """Return the lines, in the order of the data dictionary."""
    lines = [
        "| parameter | sensors | numbers | held | median half-width | median error | bias |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for entry in (*PARAMETERS, *KEY_ANGLES, *FURTHER):
        for sensors in SETS:
            rows = [one for one in found if (one.name, one.sensors) == (entry.name, sensors)]
            if not rows or entry.name.endswith("_counted"):
                continue
            held = 100.0 * np.mean([one.inside for one in rows])
            width, error = (np.median([abs(getattr(one, what)) for one in rows]) for what in ("half_width", "error"))
            bias = np.median([one.error for one in rows])
            cells = f"{len(rows)} | {held:.0f} % | {width:.3g} | {error:.3g} | {bias:.2g}"
            lines.append(f"| `{entry.name}` | {sensors} | {cells} |")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Print the table; write it between the marks of a page."""
    parser = argparse.ArgumentParser(prog="python -m tests.validation.coverage", description="Interval coverage.")
    parser.add_argument("--people", type=int, default=20, metavar="N", help="simulated people")
    parser.add_argument("--seconds", type=float, default=25.0, metavar="S", help="length of each walk")
    parser.add_argument("--only", nargs="+", default=[], metavar="WORD", help="sensor sets whose name holds one")
    parser.add_argument("--md", type=Path, metavar="FILE", help="page whose table is rewritten")
    options = parser.parse_args(arguments)
    chosen = [name for name in SETS if not options.only or any(word in name for word in options.only)]
    found = []
    for seed in range(options.people):
        for sensors in chosen:
            found += person(seed, options.seconds, sensors)
        print(f"{seed + 1}/{options.people}", file=sys.stderr, flush=True)
    every = 100.0 * np.mean([one.inside for one in found])
    told = f"{options.people} people of {options.seconds:g} s, {len(found)} numbers: {every:.1f} % held."
    table = f"{told}\n\n{as_table(found)}"
    print(table)
    if options.md:
        text = options.md.read_text(encoding="utf-8")
        before, _, rest = text.partition(MARKS[0])
        _, _, after = rest.partition(MARKS[1])
        write(options.md, f"{before}{MARKS[0]}\n{table}\n{MARKS[1]}{after}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
