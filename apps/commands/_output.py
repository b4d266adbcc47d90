"""Print lines, and how far a long work has come."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

_WIDTH = 26


def say(text: str = "") -> None:
    """Print a line of the result."""
    sys.stdout.write(f"{text}\n")


def tell(text: str) -> None:
    """Print a line about the work, on standard error: it is no part of the result."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


class Progress:
    """A progress bar on a terminal, one line a stage elsewhere; use it in a ``with`` block.

    Call it with the name of a stage that starts and the share of the work that is done, 0 to 1.
    """

    def __init__(self) -> None:
        self._bar: Any = None
        self._last = ""

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from tqdm import tqdm

            layout = "{desc}|{bar}| {percentage:3.0f} % {elapsed}"
            self._bar = tqdm(total=1.0, file=sys.stderr, leave=False, bar_format=layout)
        if _compiles_first():
            tell("The first run compiles the estimator, which takes about a minute; later runs do not.")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def __call__(self, stage: str, share: float) -> None:
        """Show that a stage starts."""
        if self._bar is not None:
            self._bar.set_description_str(f"{stage:<{_WIDTH}}", refresh=False)
            self._bar.n = min(share, 1.0)
            self._bar.refresh()
        elif stage != self._last:
            tell(f"  {stage}")
        self._last = stage

    def part(self, start: float, end: float, name: str = "") -> Callable[[str, float], None]:
        """Return the progress of a part of the work, for ``analyse(progress=...)``."""

        def show(stage: str, share: float) -> None:
            if stage != "done":
                self(f"{name}: {stage}" if name else stage, start + share * (end - start))

        return show


def _compiles_first() -> bool:
    """Return True when no earlier run left a compiled estimator."""
    from fusion.estimator.compiled import is_compiled

    return not is_compiled()
