"""``tandem info RECORDING``: what is in a recording and what is wrong with it."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import ClassVar

from apps.commands._arguments import add_recording, is_recording, read_recording
from apps.commands._output import say
from fusion.errors import SignalError, UsageError


class Info:
    """Looks into a recording without analysing it."""

    summary: ClassVar[str] = "show what is in a recording and what is wrong with it"
    description: ClassVar[str] = (
        "Show the streams of a recording, their rates, gaps and length, and what is wrong with them.\n"
        "Run it before the patient leaves. The exit code is 3 when nothing in the recording can be used."
    )

    def configure(self, parser: ArgumentParser) -> None:
        """Add the recording."""
        add_recording(parser)

    def run(self, options: Namespace) -> None:
        """Print the streams and the problems."""
        from fusion.recording.inspect import describe, inspect, inspect_folder

        path = options.recording
        try:
            found = inspect_folder(path) if is_recording(path) else inspect(read_recording(path))
        except UsageError as cause:
            raise SignalError(f"'{path}': {cause}") from cause
        say(describe(found).rstrip("\n"))
        if not found.is_usable:
            raise SignalError(f"nothing in '{path}' can be used; the list above says why. Record again.")


PLUGIN = Info
