"""``python -m tests.validation.simulated [--seeds N] [--json FILE] [--quick] [--only WORD ...] [--workers N]``.

Every run (cell and seed) is kept in FILE.runs.jsonl as soon as it is done; the same command goes on where it was cut
off. Runs of other code are not mixed in: the file names a hash of the library and of the bench.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from tests.validation.simulated.cells import DESIGN, QUICK, Cell, cells
from tests.validation.simulated.run import Figures, run_safely
from tests.validation.simulated.summary import as_json, as_text, code_hash, summary
from tests.validation.table import write

WORKERS = 2


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return the exit status."""
    options = _options(arguments)
    chosen = [cell for cell in cells(QUICK if options.quick else DESIGN) if _is_wanted(cell, options.only)]
    store = options.json.with_suffix(".runs.jsonl") if options.json else None
    done = _stored(store) if store else {}
    todo = [(cell, seed) for seed in range(options.seeds) for cell in chosen if (cell.name, seed) not in done]
    started = time.perf_counter()
    for number, (cell, seed, figures) in enumerate(_computed(todo, options.workers), start=1):
        done[cell.name, seed] = figures
        if store:
            _keep(store, cell, seed, figures)
        spent_s = time.perf_counter() - started
        print(f"{number}/{len(todo)} {cell.name} seed {seed} ({spent_s:.0f} s)", file=sys.stderr, flush=True)
    flat = summary({key: value for key, value in done.items() if key[1] < options.seeds}, chosen)
    print(as_text(flat, chosen))
    if options.json:
        write(options.json, as_json(flat))
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.validation.simulated", description="The truth bench.")
    parser.add_argument("--seeds", type=int, default=20, metavar="N", help="people per cell")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure as one flat object")
    parser.add_argument("--quick", action="store_true", help="only the small part that CI runs")
    parser.add_argument("--only", nargs="+", default=[], metavar="WORD", help="cells whose name holds one of these")
    parser.add_argument("--workers", type=int, default=WORKERS, metavar="N", help="processes")
    options = parser.parse_args(arguments)
    if options.seeds < 1 or options.workers < 1:
        parser.error("--seeds and --workers must be at least 1")
    if options.json and not options.json.parent.is_dir():
        parser.error(f"{options.json} cannot be written: its folder is not there")
    return options


def _is_wanted(cell: Cell, words: list[str]) -> bool:
    return not words or any(word in cell.name for word in words)


def _computed(todo: list[tuple[Cell, int]], workers: int):
    if workers == 1 or len(todo) < 2:
        for cell, seed in todo:
            yield cell, seed, run_safely(cell, seed)
        return
    # Spawned, not forked: the parent may hold threads of the numerical libraries.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        futures = {pool.submit(run_safely, cell, seed): (cell, seed) for cell, seed in todo}
        for future in as_completed(futures):
            yield *futures[future], future.result()


def _stored(path: Path) -> dict[tuple[str, int], Figures]:
    """Return the runs of this very code that are already there; a line that was cut off is left out."""
    done: dict[tuple[str, int], Figures] = {}
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    for line in lines:
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            continue
        if entry.get("code") == code_hash():
            figures = {key: math.nan if value is None else value for key, value in entry["figures"].items()}
            done[entry["cell"], entry["seed"]] = figures
    return done


def _keep(path: Path, cell: Cell, seed: int, figures: Figures) -> None:
    finite = {key: value if math.isfinite(value) else None for key, value in figures.items()}
    entry = {"code": code_hash(), "cell": cell.name, "seed": seed, "figures": finite}
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")


if __name__ == "__main__":
    sys.exit(main())
