"""A person's whole record in one ZIP file: what the right of access asks for."""

from __future__ import annotations

import csv
import json
import zipfile
from dataclasses import asdict
from io import BytesIO, StringIO

from apps.index import audit
from apps.index.library import Library
from apps.index.safety import file_word, safe_rows
from fusion.errors import StorageError


def record_of(library: Library, word: str, *, by: str) -> tuple[str, bytes]:
    """Return file name and content: subject, every recording folder, stored results, edits, audit lines."""
    entry = library.subject(word)
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        person = (
            {key: None if value != value else value for key, value in asdict(entry.subject).items()} if entry else {}
        )
        archive.writestr("subject.json", json.dumps(person, indent=1, ensure_ascii=False))
        log: list[audit.AuditEntry] = []
        for recording in library.recordings(subject=word):
            key = recording.identifier
            place = f"visit_{recording.visit}_{file_word(recording.recorded_at[:10])}"
            try:
                folder = library.folder_of(key)
                for item in sorted(folder.rglob("*")):
                    if item.is_file() and not item.is_symlink():
                        archive.write(item, f"{place}/{item.relative_to(folder).as_posix()}")
            except StorageError as cause:
                archive.writestr(f"{place}/MISSING.txt", str(cause))
            edits = [{"who": one.who, "at": one.made_at.isoformat(), **one.change} for one in library.edits(key)]
            archive.writestr(f"{place}/edits.json", json.dumps(edits, indent=1))
            log += audit.entries(library.database, about=key, limit=10_000)
        archive.writestr("parameters.csv", _results(library, word))
        log += audit.entries(library.database, about=word, limit=10_000)
        lines: list[list[object]] = [[one.at.isoformat(), one.who, one.what, one.about, one.details] for one in log]
        archive.writestr("audit.csv", as_csv(["at", "who", "what", "about", "details"], lines))
    audit.write(library.database, by, "export record", word)
    return f"{file_word(word)}_record.zip", buffer.getvalue()


def as_csv(head: list[str], rows: list[list[object]]) -> str:
    """Return rows as CSV that no spreadsheet takes for formulas."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(safe_rows(rows))
    return text.getvalue()


def _results(library: Library, word: str) -> str:
    columns = ["name", "side", "value", "low", "high", "unit", "n", "grade", "reason"]
    rows: list[list[object]] = [
        [stored.recording, stored.use, *(one.get(column) for column in columns)]
        for use in ("both", "camera", "imu")
        for stored in library.results(use)
        if stored.pseudonym == word
        for one in stored.parameters
    ]
    return as_csv(["recording", "use", *columns], rows)
