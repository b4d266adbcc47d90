"""The report as PDF/UA-1, byte for byte the same for the same analysis and date."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fusion.errors import StorageError
from fusion.report import tokens
from fusion.report.blocks import Block, Document, Drawing, Figure, Table
from fusion.report.document import build_document
from fusion.report.extras import require
from fusion.report.translate import fixed_words
from fusion.report.words import FONT_FOLDER
from fusion.types import Analysis, JointAngles

_REGIONS = {"en": "GB", "de": "DE"}

_TEMPLATE = Path(__file__).parent / "gait_report.typ"


def write_report(
    analysis: Analysis,
    path: Path,
    *,
    compared: Mapping[str, Analysis] | None = None,
    truth: JointAngles | None = None,
    created_on: date,
) -> None:
    """Write the report that a clinician reads.

    Parameters
    ----------
    analysis
        What the report is about.
    path
        PDF file; replaced when it exists, never left half-written.
    compared
        Name -> analysis of the same recording from other sources.
    truth
        Exact joint angles of a simulated walk.
    created_on
        Day printed as the day of the report; the only thing that is not in the analysis.

    Raises
    ------
    MissingDependency
        The libraries of ``tandem-gait[report]`` are not installed.
    SignalError
        Numbers contradict each other, so that nothing should be printed.
    StorageError
        The file cannot be written.
    """
    pdf = report_bytes(analysis, compared=compared, truth=truth, created_on=created_on)
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(pdf)
        part.replace(path)
    except OSError as cause:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise StorageError(f"the report could not be written to {path}: {cause}. Choose another folder.") from cause


def report_bytes(
    analysis: Analysis,
    *,
    compared: Mapping[str, Analysis] | None = None,
    truth: JointAngles | None = None,
    created_on: date,
) -> bytes:
    """Return the report as PDF, for a caller that writes it together with other files; see ``write_report``."""
    return render_pdf(build_document(analysis, compared=compared, truth=truth, created_on=created_on), created_on)


def render_pdf(document: Document, created_on: date, *, paper: str = "a4") -> bytes:
    """Return a document as PDF/UA-1: tagged, with language, title and text for each figure.

    Parameters
    ----------
    paper
        ``"a4"`` or ``"us-letter"``.
    """
    typst = require("typst")
    moment = datetime(created_on.year, created_on.month, created_on.day, tzinfo=UTC)
    with TemporaryDirectory(prefix="tandem_report_") as name:
        folder = Path(name)
        shutil.copyfile(_TEMPLATE, folder / _TEMPLATE.name)
        for figure in figures(document):
            (folder / f"{figure.name}.svg").write_text(figure.svg, encoding="utf-8")
        (folder / "document.json").write_text(_as_json(document, created_on, paper), encoding="utf-8")
        pdf = typst.compile(
            os.fspath(folder / _TEMPLATE.name),
            root=name,
            font_paths=[os.fspath(FONT_FOLDER)],
            ignore_system_fonts=True,
            pdf_standards=["ua-1"],
            timestamp=int(moment.timestamp()),
        )
    return bytes(pdf)


def figures(document: Document) -> Iterator[Figure]:
    """Return every figure of a document, top to bottom."""
    for block in document.blocks:
        if isinstance(block, Drawing):
            yield block.figure
        elif isinstance(block, Table):
            yield from (cell.figure for row in block.rows for cell in row if cell.figure is not None)


def _as_json(document: Document, created_on: date, paper: str) -> str:
    words = fixed_words(document.language)
    data = {
        "title": document.title,
        "paper": paper,
        "language": document.language,
        "region": _REGIONS[document.language],
        "identifier": document.identifier,
        "date": document.date,
        "foot": f"{document.identifier} · {document.date} · {words['analysis']} {document.analysis_id}",
        "words": words,
        "disclaimer": document.disclaimer,
        "created": [created_on.year, created_on.month, created_on.day],
        "colours": tokens.COLOURS,
        "blocks": [_block(block) for block in document.blocks],
    }
    return json.dumps(data, ensure_ascii=False, sort_keys=True)


def _block(block: Block) -> dict[str, Any]:
    return {"kind": type(block).__name__, **asdict(block)}
