"""The command line, ``tandem COMMAND``: each command is one file in ``apps/commands``.

Exit codes: 0 it worked, 2 it was called wrongly, 3 the data or the disk stopped it, 130 it was interrupted,
1 anything that should not happen. Whatever is wrong is told in one message on standard error.
"""

from __future__ import annotations

import io
import os
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from typing import NoReturn

from apps.commands.base import Command
from fusion.errors import TandemError, UsageError
from fusion.plugins import load, names
from fusion.version import __version__

FAMILY = "apps.commands"

WORKED, DEFECT, BAD_USAGE, BAD_DATA, INTERRUPTED = 0, 1, 2, 3, 130

SHOW_TRACEBACK = "TANDEM_TRACEBACK"
"""Environment variable that lets an unexpected error through, for a developer."""


class Parser(ArgumentParser):
    """A parser that says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        """Print the message with its cure and stop with exit code 2."""
        self.exit(BAD_USAGE, f"{self.prog}: {message}. See '{self.prog} --help'.\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Parameters
    ----------
    arguments
        What was typed after ``tandem``; None takes it from the system.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # an old terminal lacks some signs; a "?" is better than a stop
    try:
        options = make_parser().parse_args(arguments)
    except SystemExit as stop:
        return int(stop.code or WORKED)
    return _run(options)


def command_name(module: str) -> str:
    """Return what is typed for a command's module; ``import_`` is ``import``, a word that Python keeps."""
    return module.removesuffix("_").replace("_", "-")


def make_parser() -> Parser:
    """Return the parser of all commands, one for each file in ``apps/commands``."""
    parser = Parser(
        prog="tandem",
        description="Gait analysis from cameras and wearables, joined in one Kalman filter.",
        epilog="'tandem COMMAND --help' explains a command; start with 'tandem demo'.",
    )
    parser.add_argument("--version", action="version", version=f"tandem {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)
    for module in names(FAMILY):
        command: Command = load(FAMILY, module)
        own = commands.add_parser(
            command_name(module),
            help=command.summary,
            description=command.description,
            formatter_class=RawDescriptionHelpFormatter,
        )
        command.configure(own)
        own.set_defaults(run=command.run)
    return parser


def _run(options: Namespace) -> int:
    try:
        options.run(options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _failed(INTERRUPTED, "stopped; no file was left half-written.")
    except BrokenPipeError:
        # The reader, such as `head`, has seen enough; without this Python complains again when it closes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DEFECT
    except TandemError as error:
        return _failed(BAD_USAGE if isinstance(error, UsageError) else BAD_DATA, str(error))
    except Exception as error:  # a traceback helps nobody who measures a patient
        if os.environ.get(SHOW_TRACEBACK):
            raise
        cause = f"{type(error).__name__}: {error}"
        cure = f"Set {SHOW_TRACEBACK}=1, run it again and report what is printed"
        return _failed(DEFECT, f"this is a defect of Tandem Gait: {' '.join(cause.split())}. {cure}.")
    return WORKED


def _failed(code: int, message: str) -> int:
    sys.stderr.write(f"tandem: {message}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
