"""What a command is: one file in this folder, found by its name."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import ClassVar, Protocol


class Command(Protocol):
    """One command.

    Its module must be quick to import, for ``tandem --help`` loads them all: what is heavy is imported by ``run``.

    Attributes
    ----------
    summary
        One line for the list of commands.
    description
        What ``tandem COMMAND --help`` says.
    """

    summary: ClassVar[str]
    description: ClassVar[str]

    def configure(self, parser: ArgumentParser) -> None:
        """Add the command's arguments."""
        ...

    def run(self, options: Namespace) -> None:
        """Do it, and print what was found.

        Raises
        ------
        TandemError
            What went wrong; it becomes the message and the exit code.
        """
        ...
