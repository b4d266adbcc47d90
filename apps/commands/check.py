"""``tandem check``: is everything installed, and in which version."""

from __future__ import annotations

import platform
import re
from argparse import ArgumentParser, Namespace
from importlib.metadata import PackageNotFoundError, requires, version
from typing import ClassVar

from apps.commands._output import say
from fusion.version import __version__

DISTRIBUTION = "tandem-gait"

_REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9._-]+)[^;]*(?:;.*extra\s*==\s*['\"](?P<extra>[\w-]+)['\"])?")


class Check:
    """Lists what is installed, as the first answer to "it does not work here"."""

    summary: ClassVar[str] = "show versions and which optional parts are installed"
    description: ClassVar[str] = (
        "Show the versions of Tandem Gait and of the libraries that it uses, and which optional parts are\n"
        "installed. Send this list along when you report a problem."
    )

    def configure(self, parser: ArgumentParser) -> None:
        """Add nothing: the command has no arguments."""

    def run(self, options: Namespace) -> None:  # noqa: ARG002 - every command takes its options
        """Print the versions."""
        say(f"Tandem Gait {__version__}, Python {platform.python_version()}, {platform.platform()}")
        try:
            declared = requires(DISTRIBUTION) or []
        except PackageNotFoundError:
            say("Tandem Gait runs from its source folder and was not installed. Install it: pip install -e .")
            return
        for part, libraries in _parts(declared).items():
            found = {library: _version(library) for library in libraries}
            missing = [library for library, got in found.items() if not got]
            title = "needed" if not part else f"part '{part}'"
            cure = f"pip install {DISTRIBUTION}" if not part else f'pip install "{DISTRIBUTION}[{part}]"'
            state = "installed" if not missing else f"not installed ({', '.join(missing)} missing): {cure}"
            say(f"\n{title}: {state}")
            for library, got in found.items():
                say(f"  {library:<20} {got or '-'}")


def _parts(declared: list[str]) -> dict[str, list[str]]:
    """Return part -> libraries from declared requirements; the part ``""`` is always needed."""
    parts: dict[str, list[str]] = {"": []}
    for line in declared:
        match = _REQUIREMENT.match(line)
        if match is not None:
            parts.setdefault(match["extra"] or "", []).append(match["name"])
    return parts


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return ""


PLUGIN = Check
