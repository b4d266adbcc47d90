"""Excel: the tidy tables as sheets of one workbook, without the single cycles' points."""

from __future__ import annotations

import math
import re
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fusion.export._folder import export_folder, provenance_name, require
from fusion.export._tidy import Cell, Table, tables
from fusion.types import Analysis
from fusion.version import __version__

FILE = "walk.xlsx"
_LEFT_OUT = ("curves",)
"""A hundred points for each stride are no reading for a spreadsheet; tidy CSV and Parquet have them."""

_WHEN = datetime(1980, 1, 1, tzinfo=UTC)
"""The earliest date of a ZIP file: equal analyses give equal workbooks."""

_RUNS_AS_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


class Excel:
    """The exporter of this file."""

    def write(self, analysis: Analysis, folder: Path) -> tuple[Path, ...]:
        """Write ``walk.xlsx``; see ``fusion.export.base``."""
        openpyxl = require("openpyxl")
        with export_folder(analysis, folder, "excel") as stage:
            book = openpyxl.Workbook()
            book.remove(book.active)
            for name, table in tables(analysis).items():
                if name not in _LEFT_OUT:
                    _sheet(book.create_sheet(name), table)
            book.properties.creator = f"Tandem Gait {__version__}"
            book.properties.created = book.properties.modified = _WHEN.replace(tzinfo=None)
            book.save(stage / FILE)
            _without_dates(stage / FILE)
        return folder / FILE, folder / provenance_name("excel")


PLUGIN = Excel


def _sheet(sheet: Any, table: Table) -> None:  # noqa: ANN401 - a class of openpyxl
    columns, rows = table
    sheet.append(columns)
    for row in rows:
        sheet.append([_cell(value) for value in row])
    sheet.freeze_panes = "A2"
    for place, name in enumerate(columns, start=1):
        sheet.column_dimensions[sheet.cell(1, place).column_letter].width = max(10, len(name) + 2)


def _cell(value: Cell) -> Cell | None:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if not isinstance(value, str):
        return value
    text = _CONTROL.sub(" ", value)
    # A spreadsheet would run such a cell as a formula; the quote mark makes it text (OWASP, CSV injection).
    return f"'{text}" if text.startswith(_RUNS_AS_FORMULA) else text


def _without_dates(file: Path) -> None:
    """Rewrite the archive with fixed dates, inside and out."""
    with zipfile.ZipFile(file) as archive:
        parts = [(item.filename, archive.read(item.filename)) for item in archive.infolist()]
    stamp = _WHEN.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts:
            if name == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", stamp, content)
            archive.writestr(zipfile.ZipInfo(name, _WHEN.timetuple()[:6]), content, zipfile.ZIP_DEFLATED)
