"""How good the screening scores are: ``python -m tests.validation.screening --data DIR --json FILE --md FILE``.

Asks every score of every set that is found under DIR; a set that is absent is said to be absent. ``--frozen`` fits
nothing: the shipped coefficients are applied to whoever is in the folders, people never seen among them.

Beside the page of ``--md`` come ``model_cards/<score>.md`` and ``images/screening_<score>.svg``, all generated.

Keys are ``screening/<score>/<scheme>/<metric>``. Exit status: 0 done, 2 bad usage, 3 a set that is there could not be
evaluated (the others still are).
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from fusion.types import Flags, Floats
from tests.validation import (
    screening_controls,
    screening_freezing,
    screening_parkinson,
    screening_patterns,
)
from tests.validation.screening_figures import performance_svg
from tests.validation.screening_page import card, page
from tests.validation.table import write

LOGGER = logging.getLogger("tests.validation.screening")

Curves = dict[str, tuple[Floats, Flags]]
Result = tuple[dict[str, float], Curves]

SIMULATED = 20
CARDS = ("parkinson", "freezing", "cerebral_palsy", "general")


@dataclass(slots=True)
class Collected:
    """Figures of all parts, curves by score, and what could not be done."""

    figures: dict[str, float] = field(default_factory=dict)
    curves: dict[str, Curves] = field(default_factory=dict)
    absent: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return the exit status."""
    options = _options(arguments)
    found = collect(options.data, frozen=options.frozen, simulated=options.simulated)
    for key, value in sorted(found.figures.items()):
        print(f"{key:70s} {value:.4g}")
    for name in found.absent:
        print(f"{name}: absent")
    if options.json:
        flat = {key: value if math.isfinite(value) else None for key, value in found.figures.items()}
        write(options.json, json.dumps(flat, indent=2, sort_keys=True, allow_nan=False) + "\n")
    if options.md:
        publish(options.md, found, frozen=options.frozen)
    if found.failed:
        print("could not be evaluated: " + "; ".join(found.failed), file=sys.stderr)
    return 3 if found.failed else 0


def collect(data: Path, *, frozen: bool, simulated: int) -> Collected:
    """Return everything that the sets under ``data`` say about the scores."""
    found = Collected()
    parts: Mapping[str, tuple[str, Callable[[Path], Result]]] = {
        "gaitpdb": ("parkinson", partial(screening_parkinson.evaluate, frozen=frozen)),
        "daphnet": ("freezing", partial(screening_freezing.evaluate, frozen=frozen)),
        "gdi": ("cerebral_palsy", lambda folder: (screening_patterns.evaluate(folder), {})),
        "voisard_imu_features": ("parkinson", lambda folder: (screening_controls.other_groups(folder), {})),
        "mea_lab": ("general", lambda folder: (screening_controls.healthy_adults(folder), {})),
    }
    for name, (score, evaluate) in parts.items():
        if not (data / name).is_dir():
            found.absent.append(name)
        elif not (frozen and name == "voisard_imu_features"):
            _add(found, name, score, partial(evaluate, data / name))
    _add(found, "constructed limbs", "cerebral_palsy", lambda: (screening_patterns.constructed(), {}))
    if simulated:
        walkers = partial(screening_controls.simulated_healthy, simulated)
        _add(found, "simulated walkers", "general", lambda: (walkers(), {}))
    return found


def _add(found: Collected, name: str, score: str, evaluate: Callable[[], Result]) -> None:
    started = time.perf_counter()
    try:
        figures, curves = evaluate()
    except Exception as error:  # one set must not take the others with it
        LOGGER.debug("%s", name, exc_info=True)
        found.failed.append(f"{name}: {type(error).__name__}: {error}")
        return
    found.figures |= {key: float(value) for key, value in figures.items()}
    usable = {scheme: curve for scheme, curve in curves.items() if curve[1].any() and not curve[1].all()}
    if usable:
        found.curves[score] = usable
    print(f"{name}: {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)


def publish(path: Path, found: Collected, *, frozen: bool = False) -> None:
    """Write the page, the model cards beside it and their pictures."""
    images, cards = path.parent / "images", path.parent / "model_cards"
    for folder in (images, cards):
        folder.mkdir(exist_ok=True)
    drawn = set()
    for score, curves in found.curves.items():
        write(images / f"screening_{score}.svg", performance_svg(curves) + "\n")
        drawn.add(score)
    for score in CARDS:
        write(cards / f"{score}.md", card(score, found.figures, drawn=score in drawn))
    write(path, page(found.figures, absent=found.absent, drawn=drawn, frozen=frozen))


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.validation.screening", description="How good the screening scores are."
    )
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder that holds the sets")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure as one flat object")
    parser.add_argument("--md", type=Path, metavar="FILE", help="rewrite the page, the model cards and pictures")
    parser.add_argument("--frozen", action="store_true", help="fit nothing: apply the shipped coefficients")
    parser.add_argument(
        "--simulated", type=int, default=SIMULATED, metavar="N", help=f"simulated walkers (default {SIMULATED})"
    )
    options = parser.parse_args(arguments)
    if not options.data.is_dir():
        parser.error(f"--data must be a folder; got {options.data}")
    for path in (options.json, options.md):
        if path and (not path.parent.is_dir() or path.is_dir()):
            parser.error(f"{path} cannot be written: its folder is not there, or it is one")
    return options


if __name__ == "__main__":
    sys.exit(main())
