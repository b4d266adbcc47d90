"""What an exporter is: one file in this folder, found by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from fusion.types import Analysis


class Exporter(Protocol):
    """Writes an analysis in one format."""

    def write(self, analysis: Analysis, folder: Path) -> tuple[Path, ...]:
        """Write the files into ``folder`` and return their paths.

        Raises
        ------
        UsageError
            The folder holds something else.
        StorageError
            The disk refused; nothing has changed then.
        """
        ...
