"""Live gait phase of people who were never trained on: ``python -m tests.validation.phase --data DIR [--json FILE]``.

Sets: mea_lab and voisard, where they are found under DIR; each is only measured, nothing is learned from it.

- Truth: initial contacts of the reference (mea_lab: the maker's contact channel; voisard: checked labels); the phase
  is linear between two contacts of one foot. Nothing is fitted to them and no constant is removed.
- ``steady``: strides after the first two whose time differs by at most 10 % from the stride before. ``changing``: all
  other whole strides, starts and turns among them.
- Conditions name the sensors of one leg: ``foot``, ``shank``, ``leg`` (all that are there), ``shank_oscillator``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fusion.phase.base import PhaseEstimator, wrapped
from fusion.phase.estimators.network import NetworkPhase
from fusion.phase.estimators.oscillator import OscillatorPhase
from fusion.phase.features import leg_segments, leg_ticks
from fusion.phase.truth import true_phase
from fusion.pipeline import clean, prepare
from fusion.types import SIDES, Floats, PlacedImu

CONDITIONS = {"foot": ("foot",), "shank": ("shank",), "leg": ("foot", "shank", "thigh", "pelvis")}
STEADY_SHARE = 0.10
SKIPPED_STRIDES = 2


@dataclass(frozen=True, slots=True)
class PhaseWalk:
    """Placed wearables of one walk and the initial contacts of each foot."""

    person: str
    imus: tuple[PlacedImu, ...]
    ic_s: dict[str, Floats]


def evaluate(name: str, walks: Iterator[PhaseWalk]) -> dict[str, float]:
    """Return the figures of one set, named ``phase/<set>/<figure>/<condition>``."""
    errors: dict[tuple[str, str], list[Floats]] = defaultdict(list)
    doubts: dict[str, list[Floats]] = defaultdict(list)
    next_ms: dict[str, list[Floats]] = defaultdict(list)
    people = set()
    for walk in walks:
        people.add(walk.person)
        for side in SIDES:
            for condition, estimator, imus in _cases(walk, side):
                run = _run(estimator, imus, side, walk.ic_s[side])
                for kind in ("steady", "changing"):
                    errors[condition, kind].append(run.error_percent[getattr(run, kind)])
                doubts[condition].append((run.error_percent / run.sd_percent)[run.steady])
                next_ms[condition].append(1e3 * run.next_error_s[run.steady])
    figures: dict[str, float] = {f"phase/{name}/people": float(len(people))}
    for (condition, kind), parts in errors.items():
        found = np.concatenate(parts)
        known = np.isfinite(found)
        figures[f"phase/{name}/rmse_percent/{condition}/{kind}"] = float(np.sqrt(np.mean(found[known] ** 2)))
        figures[f"phase/{name}/bias_percent/{condition}/{kind}"] = float(np.mean(found[known]))
        figures[f"phase/{name}/known_fraction/{condition}/{kind}"] = float(np.mean(known)) if len(known) else np.nan
    for condition, parts in doubts.items():
        ratio = np.concatenate(parts)
        figures[f"phase/{name}/coverage_95/{condition}"] = float(np.mean(np.abs(ratio[np.isfinite(ratio)]) < 1.96))
        late = np.concatenate(next_ms[condition])
        figures[f"phase/{name}/next_ic_mae_ms/{condition}"] = float(np.nanmean(np.abs(late)))
    return figures


@dataclass(frozen=True, slots=True)
class _Run:
    error_percent: Floats
    sd_percent: Floats
    next_error_s: Floats
    steady: np.ndarray
    changing: np.ndarray


def _cases(walk: PhaseWalk, side: str) -> Iterator[tuple[str, PhaseEstimator, tuple[PlacedImu, ...]]]:
    names = dict(zip(("foot", "shank", "thigh", "pelvis"), leg_segments(side), strict=True))
    for condition, parts in CONDITIONS.items():
        imus = tuple(imu for imu in walk.imus if imu.segment in {names[part] for part in parts})
        if imus:
            yield condition, NetworkPhase(), imus
            if condition == "shank" or len(walk.imus) == 3:
                yield f"{condition}_oscillator", OscillatorPhase(), imus


def _run(estimator: PhaseEstimator, imus: tuple[PlacedImu, ...], side: str, ic_s: Floats) -> _Run:
    ticks = leg_ticks(imus, side)
    states = [estimator.step(t, row) for t, row in zip(ticks.time_s, ticks.features, strict=True)]
    truth, _ = true_phase(ticks.time_s, ic_s)
    phase = np.array([state.phase_percent for state in states]) / 100.0
    index = np.searchsorted(ic_s, ticks.time_s, side="right") - 1
    times = np.diff(ic_s)
    change = np.abs(np.diff(times, prepend=np.nan) / times)
    steady_stride = (np.arange(len(times)) >= SKIPPED_STRIDES) & (change <= STEADY_SHARE)
    known = np.isfinite(truth)
    steady = np.zeros(len(truth), bool)
    steady[known] = steady_stride[index[known]]
    next_s = np.full(len(truth), np.nan)
    next_s[known] = ic_s[index[known] + 1]
    predicted = np.array([state.next_ic_s for state in states])
    return _Run(
        100.0 * wrapped(phase - truth),
        np.array([state.phase_sd_percent for state in states]),
        predicted - next_s,
        steady,
        known & ~steady,
    )


def mea_lab_walks(folder: Path) -> Iterator[PhaseWalk]:
    """Yield the walks of mea_lab with the contacts of the maker's channel."""
    from tests.validation.load_mea_lab import load_walk, trials

    for entry in trials(folder):
        walk = load_walk(folder, entry)
        if not walk.truth_is_usable:
            continue
        start = walk.true_offset_s
        end = start + walk.frames / 60.0
        ic_s = {}
        for side, contact in walk.contact.items():
            rises = walk.reference_time_s[1:][np.diff(contact.astype(int)) > 0]
            ic_s[side] = rises[(rises > start) & (rises < end)]
        placed = prepare(clean(walk.recording.with_sources(("imu",)))).wearables.placed
        yield PhaseWalk(walk.person, placed, ic_s)


def voisard_walks(folder: Path) -> Iterator[PhaseWalk]:
    """Yield the walks of voisard with their checked labels."""
    from tests.validation.load_voisard import load_voisard

    for trial in load_voisard(folder):
        placed = prepare(clean(trial.recording)).wearables.placed
        yield PhaseWalk(trial.name, placed, {side: trial.labels.select(side, "ic") for side in SIDES})


WALKS = {"mea_lab": mea_lab_walks, "voisard": voisard_walks}


def main(arguments: list[str] | None = None) -> int:
    """Print every figure; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.validation.phase")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder that holds the sets")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure as one flat object")
    options = parser.parse_args(arguments)
    figures: dict[str, float] = {}
    for name, walks in WALKS.items():
        if (options.data / name).is_dir():
            figures |= evaluate(name, walks(options.data / name))
        else:
            print(f"{name}: absent")
    for key, value in figures.items():
        print(f"{key:60} {value:8.3f}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
