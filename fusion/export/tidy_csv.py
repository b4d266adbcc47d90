"""Tidy CSV: one observation a row, one file a table; recordings of a study can simply be put below each other."""

from __future__ import annotations

from pathlib import Path

from fusion.export._folder import export_folder, provenance_name
from fusion.export._tidy import tables
from fusion.export.tables import write_csv
from fusion.types import Analysis


class TidyCsv:
    """The exporter of this file."""

    def write(self, analysis: Analysis, folder: Path) -> tuple[Path, ...]:
        """Write ``tidy_<table>.csv``; see ``fusion.export.base``."""
        content = tables(analysis)
        with export_folder(analysis, folder, "tidy_csv") as stage:
            for name, (columns, rows) in content.items():
                write_csv(stage / f"tidy_{name}.csv", columns, rows)
        return (*(folder / f"tidy_{name}.csv" for name in content), folder / provenance_name("tidy_csv"))


PLUGIN = TidyCsv
