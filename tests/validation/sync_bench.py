"""How well do clocks come together? Simulated walks with every error on; every seed another person.

``python -m tests.validation.sync_bench [--seeds N] [--json FILE] [--md FILE]``: camera against wearables
(``sync/<case>/...``) and wearables against each other (``sync/wearables_<interval>ms/...``).

Camera cases, ten seconds each, wearables on pelvis and shanks with clocks of their own:

- ``walk``: frames stamped by the host, late by an unknown -0.5 to 0.5 s, 30 frames/s, treadmill;
- ``run``: the same at 60 frames/s, running;
- ``own_clock_stop``: a camera clock that started at any time, one stop of 1.5 s in view;
- ``own_clock_steady``: the same without the stop: nothing but the strides' small differences tells them apart.

The error is that of the reported offset in the middle of the walk. A ``slip`` is one beyond a quarter of a second.
Coverage is of the stated 95 % interval. Refused recordings count as refusals, not as errors.

Wearables, twenty seconds: pinged twice a second, 50 ppm, 2 % loss, any phase of the connection interval. The error is
that between two wearables at start, middle and end.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from fusion.body.skeleton import Skeleton
from fusion.pipeline import prepare
from fusion.recording.clean import clean
from fusion.simulate import CameraSettings, ImuSettings, Simulation, SimulationSettings, WalkerSettings, simulate
from fusion.stages.wearables import wear
from fusion.types import SAFE, Keypoints, Recording
from tests.validation.table import write

WORN = ("pelvis", "left_shank", "right_shank")
SLIP_S = 0.25
INTERVALS_S = (0.0075, 0.015, 0.03, 0.045)
MOST_LATENCY_S = 0.5

CASES: dict[str, tuple[dict[str, object], float, bool]] = {
    "walk": ({}, 30.0, True),
    "run": ({"pattern": "running", "speed_mps": 2.9}, 60.0, True),
    "own_clock_stop": ({"stops": ((4.0, 1.5),)}, 30.0, False),
    "own_clock_steady": ({}, 30.0, False),
}
"""Walker, frame rate and whether the host stamps the frames."""

WORDS = {
    "walk": "walking, host-stamped, 30 frames/s",
    "run": "running, host-stamped, 60 frames/s",
    "own_clock_stop": "walking, camera's own clock, one stop",
    "own_clock_steady": "walking, camera's own clock, steady",
}
MARKS = ("<!-- sync: begin -->", "<!-- sync: end -->")


def camera_figures(case: str, seeds: Iterable[int]) -> dict[str, float]:
    """Return the figures of one camera case."""
    errors_s, covered, refused = [], [], 0
    for seed in seeds:
        simulation = _walk(case, seed)
        recording = clean(_stamped(simulation.recording, host=CASES[case][2]))
        sync = prepare(recording).views[0].sync
        if sync is None or sync.verdict != SAFE:
            refused += 1
            continue
        middle_s = 0.5 * simulation.settings.walking_s
        frame_s = simulation.truth.cameras["side"].clock.to_stream(np.array([middle_s]))
        error_s = float(sync.to_reference(frame_s)[0]) - middle_s
        errors_s.append(error_s)
        covered.append(abs(error_s) <= 0.5 * (sync.high_s - sync.low_s))
    error_ms = 1e3 * np.abs(errors_s)
    return {
        "n": float(len(errors_s) + refused),
        "refused": float(refused),
        "slips": float(np.sum(error_ms > 1e3 * SLIP_S)),
        "median_ms": float(np.median(error_ms)) if errors_s else np.nan,
        "p95_ms": float(np.percentile(error_ms, 95)) if errors_s else np.nan,
        "coverage_95": float(np.mean(covered)) if errors_s else np.nan,
    }


def wearable_figures(interval_s: float, seeds: Iterable[int]) -> dict[str, float]:
    """Return the figures of wearables on radio links with one connection interval."""
    apart_ms = []
    for seed in seeds:
        simulation = _worn(interval_s, seed)
        recording = clean(simulation.recording)
        imus = wear(recording, Skeleton.from_height(1.75)).imus
        errors = []
        for imu in imus:
            truth_s = simulation.truth.imus[imu.segment].sample_s
            assert len(truth_s) == len(imu.time_s)
            errors.append((imu.time_s - truth_s)[[0, len(truth_s) // 2, -1]])
        apart_ms.append(1e3 * np.abs(np.array(errors[1:]) - errors[0]).ravel())
    pooled = np.concatenate(apart_ms)
    return {
        "n": float(len(apart_ms)),
        "median_ms": float(np.median(pooled)),
        "p95_ms": float(np.percentile(pooled, 95)),
    }


def _walk(case: str, seed: int) -> Simulation:
    rng = np.random.default_rng((seed, 13))
    walker, rate_hz, on_host = CASES[case]
    reach_s = MOST_LATENCY_S if on_host else 30.0
    person: dict[str, object] = {
        "height_m": float(rng.uniform(1.58, 1.88)),
        "speed_mps": float(rng.uniform(1.1, 1.4)),
        "out_of_plane": 1.0,
        "proportion_sd": 0.03,
        **walker,
    }
    return simulate(
        SimulationSettings(
            duration_s=10.0,
            seed=seed,
            walker=WalkerSettings(**person),  # type: ignore[arg-type]
            imu=ImuSettings(segments=WORN, ping_rate_hz=2.0),
            cameras=(CameraSettings(rate_hz=rate_hz, clock_offset_s=float(rng.uniform(-reach_s, reach_s))),),
        )
    )


def _stamped(recording: Recording, *, host: bool) -> Recording:
    def as_said(points: Keypoints) -> Keypoints:
        return replace(points, clock="host" if host else "own")

    return replace(recording, keypoints=tuple(as_said(points) for points in recording.keypoints))


def _worn(interval_s: float, seed: int) -> Simulation:
    imu = ImuSettings(
        segments=WORN, loss_fraction=0.02, ping_rate_hz=2.0, connection_interval_s=interval_s, skew_ppm=50.0
    )
    return simulate(SimulationSettings(duration_s=20.0, seed=seed, imu=imu, cameras=()))


def table(flat: dict[str, float]) -> str:
    """Return both tables as Markdown."""
    lines = [
        "| camera against wearables | n | refused | slips | median, ms | p95, ms | interval covers |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for case, words in WORDS.items():
        one = {name: flat[f"sync/{case}/{name}"] for name in ("n", "refused", "slips", "median_ms", "p95_ms")}
        lines.append(
            f"| {words} | {one['n']:.0f} | {one['refused']:.0f} | {one['slips']:.0f} | {one['median_ms']:.1f} | "
            f"{one['p95_ms']:.1f} | {100.0 * flat[f'sync/{case}/coverage_95']:.0f} % |"
        )
    lines += ["", "| between wearables | n | median, ms | p95, ms |", "|---|---:|---:|---:|"]
    for interval_s in INTERVALS_S:
        key = _name(interval_s)
        lines.append(
            f"| connection interval {1e3 * interval_s:g} ms | {flat[f'{key}/n']:.0f} | "
            f"{flat[f'{key}/median_ms']:.2f} | {flat[f'{key}/p95_ms']:.2f} |"
        )
    return "\n".join(lines)


def _name(interval_s: float) -> str:
    return f"sync/wearables_{1e3 * interval_s:g}ms"


def main(arguments: list[str] | None = None) -> int:
    """Print the tables; write them where asked."""
    parser = argparse.ArgumentParser(prog="python -m tests.validation.sync_bench")
    parser.add_argument("--seeds", type=int, default=100, metavar="N")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure as one flat object")
    parser.add_argument("--md", type=Path, metavar="FILE", help="page whose tables are rewritten")
    options = parser.parse_args(arguments)
    seeds = range(options.seeds)
    flat: dict[str, float] = {}
    for case in CASES:
        flat |= {f"sync/{case}/{name}": value for name, value in camera_figures(case, seeds).items()}
    for interval_s in INTERVALS_S:
        found = wearable_figures(interval_s, seeds)
        flat |= {f"{_name(interval_s)}/{name}": value for name, value in found.items()}
    text = table(flat)
    print(text)
    if options.json:
        write(options.json, json.dumps(flat, indent=1) + "\n")
    if options.md:
        page = options.md.read_text(encoding="utf-8")
        before, _, rest = page.partition(MARKS[0])
        _, _, after = rest.partition(MARKS[1])
        write(options.md, f"{before}{MARKS[0]}\n{text}\n{MARKS[1]}{after}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
