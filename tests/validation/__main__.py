"""Accuracy on real recordings: ``python -m tests.validation --data DIR [--only NAME ...] [--json FILE] [--md FILE]``.

Evaluates every set whose folder is found under DIR and prints the table; a set that is absent is said to be absent.
Exit status: 0 done, 2 bad usage, 3 a set that is there could not be evaluated (the others still are).
"""

from __future__ import annotations

import argparse
import importlib
import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.validation.table import SetResult, as_json, as_page, as_text, merged, write
from tests.validation.targets import FROM_CACHE, SETS
from tests.validation.video import is_here

Evaluate = Callable[[Path], dict[str, float]]

LOGGER = logging.getLogger("tests.validation")


class _Collector(logging.Handler):
    """Keeps what the adapters warn about: trials that they refused, and why."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return the exit status."""
    options = _options(arguments)
    results = [_result(name, options.data) for name in options.only or SETS]
    figures = merged(results)
    for result in results:
        print(as_text(result, figures))
    if options.json:
        write(options.json, as_json(results))
    if options.md:
        write(options.md, as_page(results, _command(options)))
    failed = [result.name for result in results if result.remark.startswith("failed")]
    if failed:
        print(f"could not be evaluated: {', '.join(failed)}", file=sys.stderr)
    return 3 if failed else 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.validation", description="Accuracy on real recordings.")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder that holds the sets")
    parser.add_argument("--only", nargs="+", choices=SETS, metavar="NAME", help=f"of {', '.join(SETS)}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure as one flat object")
    parser.add_argument("--md", type=Path, metavar="FILE", help="rewrite the published table")
    options = parser.parse_args(arguments)
    if not options.data.is_dir():
        parser.error(f"--data must be a folder; got {options.data}")
    for path in (options.json, options.md):
        if path and (not path.parent.is_dir() or path.is_dir()):
            parser.error(f"{path} cannot be written: its folder is not there, or it is one")
    return options


def _command(options: argparse.Namespace) -> str:
    only = f" --only {' '.join(options.only)}" if options.only else ""
    return f"python -m tests.validation --data DIR{only} --md docs/validation.md"


def _result(name: str, data: Path) -> SetResult:
    folder = data / name
    if not (is_here() if name in FROM_CACHE else folder.is_dir()):
        _say(f"{name}: absent")
        return SetResult(name, {}, "absent")
    _say(f"{name}: running")
    collector = _Collector()
    LOGGER.addHandler(collector)
    started = time.perf_counter()
    try:
        figures = {key: float(value) for key, value in evaluator(name)(folder).items()}
    except Exception as error:  # one set must not take the others with it
        LOGGER.debug("%s", name, exc_info=True)
        return SetResult(name, {}, f"failed: {type(error).__name__}: {error}", tuple(collector.messages))
    finally:
        LOGGER.removeHandler(collector)
        _say(f"{name}: {time.perf_counter() - started:.0f} s")
    remark = "" if figures else "no recording of this layout in the folder"
    return SetResult(name, figures, remark, tuple(collector.messages))


def evaluator(name: str) -> Evaluate:
    """Return the function that evaluates a set."""
    evaluate: Evaluate = importlib.import_module(f"tests.validation.{name}").evaluate
    return evaluate


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
