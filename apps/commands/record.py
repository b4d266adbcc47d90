"""``tandem record lab.toml --out DIR``: connect the sensors of a lab, check them, record trials."""

from __future__ import annotations

import asyncio
import shutil
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from apps.commands._arguments import add_out
from apps.commands._output import say, tell
from fusion.errors import UsageError

if TYPE_CHECKING:
    from apps.terminal.operator import Plan, Screen
    from drivers.lab import Lab


class Record:
    """Runs a recording session by keys."""

    summary: ClassVar[str] = "record trials from wearables and cameras: connect, check, record, mark"
    description: ClassVar[str] = (
        "Connect everything that a lab file names, check it while the person walks some steps, and record trials.\n"
        "Each trial becomes a recording folder in DIR that grows as it is recorded: a crash or a pulled plug costs\n"
        "at most its last second. Lost links come back by themselves and leave a gap.\n\n"
        "Keys: space begins and ends a trial, s begins and ends standing still, any other letter or digit writes a\n"
        "marker, c checks again, q quits. From a pipe, lines: begin, stand, mark TEXT, check, quit.\n\n"
        "examples/lab.toml is a lab file with every key explained; 'tandem devices' finds the addresses."
    )

    def configure(self, parser: ArgumentParser) -> None:
        """Add the lab file, the folder and how to run it."""
        parser.add_argument("lab", type=Path, metavar="LAB", help="lab file in TOML")
        add_out(parser, "DIR", "folder in which each trial gets its own folder")
        parser.add_argument("--trial", metavar="NAME", help="record only the trial of this name")
        parser.add_argument("--seconds", type=_positive, metavar="S", help="end each trial after so long")
        parser.add_argument(
            "--connect", type=_positive, default=20.0, metavar="S", help="wait so long for devices (default: 20)"
        )
        parser.add_argument(
            "--check",
            type=_not_negative,
            default=10.0,
            metavar="S",
            help="length of the check; 0: none (default: 10)",
        )
        parser.add_argument(
            "--at-once", action="store_true", help="begin without a key and stop after the last timed trial"
        )

    def run(self, options: Namespace) -> None:
        """Record."""
        from drivers.lab import read_lab

        lab = read_lab(options.lab)
        if not lab.imus and not lab.cameras:
            raise UsageError(f"'{options.lab}' names no [[imu]] and no [[camera]]. Add one; see examples/lab.toml.")
        recorded = asyncio.run(_record(lab, plan_of(lab, options), screen()))
        if recorded:
            say(f"Recorded {len(recorded)}: {', '.join(str(folder) for folder in recorded)}")
        else:
            say("Nothing was recorded.")


def plan_of(lab: Lab, options: Namespace) -> Plan:
    """Return how the recording is run; raises UsageError for what cannot be meant."""
    from apps.terminal.operator import Plan

    trials = lab.trials
    if options.trial is not None:
        trials = tuple(trial for trial in trials if trial.name == options.trial)
        if not trials:
            known = ", ".join(trial.name for trial in lab.trials)
            raise UsageError(f"the lab file has the trials {known}; got --trial {options.trial}.")
    if options.seconds is not None:
        trials = tuple(replace(trial, duration_s=options.seconds) for trial in trials)
    if options.at_once and not all(trial.duration_s > 0.0 for trial in trials):
        raise UsageError("--at-once needs a duration: give --seconds, or duration_s of each trial in the lab file.")
    return Plan(options.out, trials, options.connect, options.check, options.at_once)


def screen() -> Screen:
    """Return where words go: a terminal replaces its status line, a file gets a line now and then."""
    from apps.terminal.operator import Screen

    if not sys.stderr.isatty():
        return Screen(tell)

    def show(line: str) -> None:
        sys.stderr.write(f"\r\x1b[K{line}")
        sys.stderr.flush()

    return Screen(lambda text: tell(f"\r\x1b[K{text}"), show, shutil.get_terminal_size().columns - 1)


async def _record(lab: Lab, plan: Plan, where: Screen) -> list[Path]:
    from apps.terminal.detectors import detectors_of
    from apps.terminal.keys import listening
    from apps.terminal.operator import Operator
    from drivers.recorder import Recorder

    detectors = detectors_of(lab) if any(camera.keypoints for camera in lab.cameras) else {}
    operator: Operator | None = None
    recorder = Recorder(lab, None, detectors, lambda event: operator.event(event) if operator else None)
    with listening() as keys:
        operator = Operator(recorder, plan, keys, where)
        async with recorder:
            await operator.run()
    return operator.recorded


def _positive(text: str) -> float:
    seconds = _not_negative(text)
    if seconds <= 0.0:
        raise ArgumentTypeError(f"must be seconds above 0; got {text!r}")
    return seconds


def _not_negative(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0.0 <= seconds < 86400.0:
        raise ArgumentTypeError(f"must be seconds from 0 to 86400; got {text!r}")
    return seconds


PLUGIN = Record
