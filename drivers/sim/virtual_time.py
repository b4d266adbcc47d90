"""An event loop on virtual time: when nothing is left to do now, the clock jumps to the next timer.

An hour of a virtual laboratory then passes as fast as its work can be done, and everything happens in the same order
on every machine. Files, pipes, pseudo terminals and loopback sockets work as usual, because what was written to them
can be read at once; threads and real networks do not fit.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")

_PATIENCE_S = 0.0005
"""Real seconds that the kernel gets to pass on what was written, before the clock jumps, while a file is watched."""


class _JumpingSelector(selectors.SelectSelector):
    """Watches files, and instead of waiting lets the loop's clock jump."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        # One file is the loop's own, by which threads wake it.
        ready = super().select(_PATIENCE_S if len(self.get_map()) > 1 and timeout != 0 else 0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            return super().select(1.0)
        self.now_s += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose ``time()`` is virtual and starts at ``start_s``."""

    def __init__(self, start_s: float = 1000.0) -> None:
        self._jumping = _JumpingSelector()
        self._jumping.now_s = start_s
        super().__init__(self._jumping)

    def time(self) -> float:
        """Return the virtual time, s."""
        return self._jumping.now_s

    def run_in_executor(  # type: ignore[override]
        self,
        executor: object,  # noqa: ARG002 - no thread is used
        func: Callable[..., _T],
        *args: Any,  # noqa: ANN401 - passed on
    ) -> asyncio.Future[_T]:
        """Run the function here and now: a thread would take real time while the clock jumps."""
        done: asyncio.Future[_T] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - whoever awaits it gets it
            done.set_exception(error)
        return done


def run_virtual(work: Coroutine[Any, Any, _T], start_s: float = 1000.0) -> _T:
    """Run a coroutine to its end on virtual time and return its result."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(start_s)) as runner:
        return runner.run(work)
