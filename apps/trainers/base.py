"""What a trainer is: one file in this folder, found by its name."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import ClassVar, Protocol


class Trainer(Protocol):
    """Makes one set of shipped coefficients or weights from published data.

    Its module must be quick to import: what is heavy is imported by ``train``.

    Attributes
    ----------
    summary
        One line for ``tandem train --help``.
    description
        What ``tandem train NAME --help`` says: which data, how long, what is written.
    """

    summary: ClassVar[str]
    description: ClassVar[str]

    def configure(self, parser: ArgumentParser) -> None:
        """Add the trainer's arguments."""
        ...

    def train(self, options: Namespace) -> None:
        """Do it, write the result, and print what was found.

        Raises
        ------
        TandemError
            What went wrong; it becomes the message and the exit code.
        """
        ...
