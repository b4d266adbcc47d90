"""What the operator does with a recorder: connect, check, begin, mark, end; shown on a terminal.

1. Connect; what does not come is told with its cure, the others go on.
2. Check the set-up while the person walks some steps (``drivers.startup_check``).
3. Trials in the order of the lab file. A trial with a duration ends by itself, the others by a key.
4. At the end: a table of all streams, and where the trials lie.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from apps.terminal.keys import BEGIN, CHECK, MARK, QUIT, STAND, Key
from apps.terminal.status_line import duration, status_line, status_table
from drivers.lab import Trial
from drivers.recorder import Recorder
from drivers.session import StreamEvent
from drivers.trial import unfinished
from fusion.errors import DeviceError, StorageError

HELP = "space: begin or end a trial   s: standing begins or ends   letter, digit: marker   c: check again   q: quit"
TICK_S = 0.25
LINE_EVERY_S = 5.0


@dataclass(slots=True)
class Screen:
    """Where words go.

    Attributes
    ----------
    tell
        Shows one line that stays.
    show
        Shows a line that the next one replaces; None where lines cannot be replaced, such as in a file.
    width
        Characters of the replaced line.
    """

    tell: Callable[[str], None]
    show: Callable[[str], None] | None = None
    width: int = 200


@dataclass(frozen=True, slots=True)
class Plan:
    """How a recording is run.

    Attributes
    ----------
    out
        Folder of the trials.
    trials
        In order; the last one is repeated while the operator begins more.
    connect_s, check_s
        Patience for connecting; length of the check, 0 leaves it out.
    at_once
        Begin the first trial without waiting for a key, and stop after the last one.
    """

    out: Path
    trials: tuple[Trial, ...]
    connect_s: float = 20.0
    check_s: float = 10.0
    at_once: bool = False


@dataclass(slots=True)
class Operator:
    """Runs a recorder by keys.

    Attributes
    ----------
    recorded
        Folders of the trials.
    """

    recorder: Recorder
    plan: Plan
    keys: asyncio.Queue[Key]
    screen: Screen
    recorded: list[Path] = field(default_factory=list)
    _begun: int = 0
    _began_s: float = np.nan
    _stands: bool = False
    _line_s: float = -np.inf
    _finished: bool = False

    async def run(self) -> None:
        """Do steps 1 to 4.

        Raises
        ------
        DeviceError
            Nothing at all came.
        StorageError
            The disk refused; what was written before is safe.
        """
        for cut in unfinished(self.plan.out):
            self.screen.tell(
                f"{cut} was cut off earlier, as by a crash; it opens and misses at most its last second."
            )
        await self._connect()
        if self.plan.check_s > 0.0:
            await self._check()
        if self.plan.at_once:
            self._begin()
        else:
            self.screen.tell(HELP)
        while not self._finished:
            await self._turn()
        self._end()
        for line in status_table(self.recorder.status()):
            self.screen.tell(line)

    def event(self, event: StreamEvent) -> None:
        """Show what happened to a stream."""
        self.screen.tell(f"{event.stream}: {event.state}{f', {event.reason}' if event.reason else ''}")

    async def _connect(self) -> None:
        self.screen.tell(f"Connecting to {len(self.recorder.status())} devices, {self.plan.connect_s:g} s at most.")
        missing = await self.recorder.wait_until_streaming(self.plan.connect_s)
        for reason in missing:
            self.screen.tell(f"Missing: {reason}")
        if missing and len(missing) == len(self.recorder.status()):
            raise DeviceError(f"none of the devices came; the first: {missing[0]}")

    async def _check(self) -> None:
        self.screen.tell(f"Check: let the person stand, then walk some steps; {self.plan.check_s:g} s.")
        report = await self.recorder.check(self.plan.check_s)
        for remark in report.remarks:
            self.screen.tell(f"  {remark.severity}: {remark}")
        if report.is_good:
            self.screen.tell("Check passed.")
        else:
            self.screen.tell("Check FAILED. Mend what is called bad and press c, or record all the same.")

    async def _turn(self) -> None:
        """Take what was pressed, end what is over, show how it goes."""
        try:
            async with asyncio.timeout(TICK_S):
                await self._do(await self.keys.get())
        except TimeoutError:
            pass
        self._stop_if_broken()
        trial = self._trial(self._begun - 1)
        if self._is_recording() and self._seconds() >= trial.duration_s:
            self._end()
            self._finished = self.plan.at_once and self._begun >= len(self.plan.trials)
            if self.plan.at_once and not self._finished:
                self._begin()
        self._show()

    async def _do(self, key: Key) -> None:
        if key.what == QUIT:
            self._finished = True
        elif key.what == BEGIN:
            if self._is_recording():
                self._end()
            else:
                self._begin()
        elif key.what == CHECK and not self._is_recording():
            await self._check()
        elif self._is_recording():
            self._note(key)
        elif key.what in (MARK, STAND):
            self.screen.tell("No trial is being recorded; press space to begin one.")

    def _note(self, key: Key) -> None:
        if key.what == MARK:
            self.recorder.mark(key.text)
            self.screen.tell(f"{duration(self._seconds())} marker: {key.text}")
        elif key.what == STAND:
            self._stands = not self._stands
            self.recorder.standing(begins=self._stands)
            self.screen.tell(f"{duration(self._seconds())} standing {'begins' if self._stands else 'ends'}")

    def _begin(self) -> None:
        trial = self._trial(self._begun)
        folder = self.recorder.begin(self.plan.out, trial)
        self._begun += 1
        self._began_s = asyncio.get_running_loop().time()
        self._stands = False
        self.screen.tell(f"Recording {folder.name}")

    def _end(self) -> None:
        if not self._is_recording():
            return
        seconds = self._seconds()
        folder = self.recorder.end()
        self.recorded.append(folder)
        self.screen.tell(f"Ended {folder.name} after {duration(seconds)}")

    def _stop_if_broken(self) -> None:
        if self.recorder.broken is not None:
            raise StorageError(f"{self.recorder.broken} What was recorded before that opens.")

    def _is_recording(self) -> bool:
        return self.recorder.trial is not None

    def _trial(self, number: int) -> Trial:
        return self.plan.trials[min(max(number, 0), len(self.plan.trials) - 1)]

    def _seconds(self) -> float:
        return asyncio.get_running_loop().time() - self._began_s

    def _show(self) -> None:
        now_s = asyncio.get_running_loop().time()
        head = f"REC {duration(self._seconds())}" if self._is_recording() else "waiting"
        if self.screen.show is not None:
            self.screen.show(status_line(self.recorder.status(), head, self.screen.width))
        elif now_s - self._line_s >= LINE_EVERY_S:
            self._line_s = now_s
            self.screen.tell(status_line(self.recorder.status(), head, self.screen.width))
