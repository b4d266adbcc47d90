"""Files that a person takes away: reports and result tables, with names that tell nothing but the pseudonym."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from zipfile import ZIP_DEFLATED, ZipFile

from apps.index.entries import RecordingEntry
from apps.index.safety import file_word
from apps.web.services import Services
from fusion.errors import UsageError
from fusion.report.document import build_document
from fusion.types import Analysis

PAPERS = {"a4": "A4", "us-letter": "Letter"}
LANGUAGES = {"en": "English", "de": "Deutsch"}

_MADE: OrderedDict[tuple[object, ...], MadeFile] = OrderedDict()
_LOCK = Lock()
_MOST_MADE = 12


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A file ready to be sent."""

    name: str
    content: bytes
    media_type: str


def report_file(
    services: Services, recording: str, *, kind: str, language: str, paper: str, created_on: date
) -> MadeFile:
    """Return the report of a recording that has been analysed.

    Raises
    ------
    UsageError
        It has not been analysed, or a choice is unknown.
    """
    library = services.library
    language = language or library.setting("language")
    paper = paper or library.setting("paper")
    _one_of("kind", kind, ("pdf", "html"))
    _one_of("language", language, tuple(LANGUAGES))
    _one_of("paper", paper, tuple(PAPERS))
    entry = library.recording(recording)
    analysis = services.analyses.finished(recording)
    if analysis is None:
        raise UsageError("this recording has not been analysed. Open it in Review first.")
    previous = previous_analysis(services, recording)
    prevalence = float(library.setting("prevalence_percent"))
    key = (id(analysis), id(previous), kind, language, paper, created_on, prevalence)
    with _LOCK:
        if key in _MADE:
            return _MADE[key]
    document = build_document(
        analysis, previous=previous, prevalence_percent=prevalence, language=language, created_on=created_on
    )
    name = f"{file_word(entry.pseudonym)}_{entry.recorded_at[:10] or created_on.isoformat()}_gait.{kind}"
    if kind == "html":
        from fusion.report.html import document_html

        made = MadeFile(name, document_html(document).encode(), "text/html; charset=utf-8")
    else:
        from fusion.report.pdf import render_pdf

        made = MadeFile(name, render_pdf(document, created_on, paper=paper), "application/pdf")
    with _LOCK:
        _MADE[key] = made
        while len(_MADE) > _MOST_MADE:
            _MADE.popitem(last=False)
    return made


def previous_analysis(services: Services, recording: str) -> Analysis | None:
    """Return the analysis of the visit before, when there is one; it is analysed when it was not yet."""
    before = services.library.previous(recording)
    if before is None:
        return None
    job = services.analyses.job(before.identifier)
    job.done.wait(timeout=120.0)
    return job.analysis


def result_files(analysis: Analysis, entry: RecordingEntry, formats: tuple[str, ...]) -> MadeFile:
    """Return the results in the chosen formats (names of exporters) as one ZIP."""
    from fusion.plugins import load

    buffer = BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as archive, TemporaryDirectory(prefix="tandem_export_") as name:
        for exporter in formats:
            folder = Path(name) / exporter
            load("fusion.export", exporter).write(analysis, folder)
            for item in sorted(folder.rglob("*")):
                if item.is_file():
                    archive.write(item, f"{exporter}/{item.relative_to(folder).as_posix()}")
    word = f"{file_word(entry.pseudonym)}_{entry.recorded_at[:10] or 'undated'}_gait_results.zip"
    return MadeFile(word, buffer.getvalue(), "application/zip")


def _one_of(what: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise UsageError(f"{what} must be one of {', '.join(allowed)}; got {value[:20]!r}.")
