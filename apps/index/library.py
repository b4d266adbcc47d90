"""The laboratory's library: subjects, recordings, edits, results and settings over one data folder."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from apps.index import audit
from apps.index.database import Database, as_utc, now
from apps.index.entries import Edit, RecordingEntry, StoredResult, SubjectEntry
from apps.index.safety import file_word, inside, pseudonym
from apps.index.schema import EditRow, RecordingRow, ResultRow, SettingRow, SubjectRow, TagRow
from fusion.errors import StorageError, TandemError, UsageError
from fusion.recording.folder import DECLARATION_FILE, STREAMS_FILE, load_recording
from fusion.types import Recording, Subject

RECORDINGS = "recordings"
_LEAVING = ".leaving-"

DEFAULTS: dict[str, Any] = {
    "prevalence_percent": 30,
    "keep_days": 0,
    "language": "en",
    "paper": "a4",
    "report_method": True,
}
"""Settings of a laboratory before it changes them; ``keep_days`` 0 keeps recordings until they are deleted."""


class Library:
    """Subjects and recordings of one data folder.

    Parameters
    ----------
    folder
        Data folder; created when it is not there. Recordings stand in ``recordings/`` below it.
    url
        SQLAlchemy URL of the index; empty for ``index.sqlite`` in the folder.
    """

    def __init__(self, folder: Path, url: str = "") -> None:
        self.folder = folder
        try:
            (folder / RECORDINGS).mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
        except OSError as cause:
            raise StorageError(
                f"the data folder {folder} cannot be used: {cause}. Choose another with --data."
            ) from cause
        self.database = Database(url) if url else Database.in_folder(folder)

    # -- recordings -------------------------------------------------------------------------------------------

    def refresh(self, *, by: str = "system") -> int:
        """Take up folders that are not in the index, finish deletions, and return how many were added."""
        added = 0
        root = self.folder / RECORDINGS
        for item in sorted(root.iterdir()):
            if item.name.startswith(_LEAVING):
                shutil.rmtree(item, ignore_errors=True)
            elif item.is_dir() and not item.is_symlink() and (item / DECLARATION_FILE).exists():
                with self.database.session() as session:
                    known = session.scalar(select(RecordingRow.id).where(RecordingRow.folder == item.name))
                if known is None:
                    try:
                        self.add_folder(item.name, source="found", by=by)
                        added += 1
                    except TandemError as cause:
                        audit.write(self.database, by, "not taken up", item.name, str(cause))
        return added

    def add_folder(self, name: str, *, source: str, by: str, condition: str = "") -> str:
        """Put a folder below ``recordings/`` into the index and return its key."""
        folder = inside(self.folder, RECORDINGS, name)
        recording = load_recording(folder)
        word = pseudonym(recording.subject.identifier)
        with self.database.session() as session:
            person = self._subject_row(session, word)
            if person is None:
                person = _new_subject(word, recording.subject)
                session.add(person)
                session.flush()
            row = RecordingRow(
                id=secrets.token_hex(6),
                subject_id=person.id,
                folder=name,
                recorded_at=recording.started_at,
                duration_s=_finite(duration_s(recording)),
                protocol=recording.protocol[:200],
                condition=condition[:120],
                operator=recording.operator[:80],
                source=source,
                streams=streams_words(recording),
                keep_until=self._keep_until(session),
                created_at=now(),
            )
            session.add(row)
            audit.note(session, by, "add recording", row.id, f"{word}, {source}")
            return row.id

    def recordings(self, search: str = "", *, subject: str = "", tag: str = "") -> tuple[RecordingEntry, ...]:
        """Return recordings, newest first; ``search`` looks into id, protocol, condition, operator and tags."""
        with self.database.session() as session:
            query = select(RecordingRow).options(selectinload(RecordingRow.subject), selectinload(RecordingRow.tags))
            rows = session.scalars(query).all()
            visits = _visits(rows)
            found = [self._entry(row, visits[row.id]) for row in rows]
        words = search.casefold().split()
        kept = [
            entry
            for entry in found
            if (not subject or entry.pseudonym == subject)
            and (not tag or tag in entry.tags)
            and all(word in _haystack(entry) for word in words)
        ]
        return tuple(sorted(kept, key=lambda entry: (entry.recorded_at, entry.visit), reverse=True))

    def recording(self, identifier: str) -> RecordingEntry:
        """Return one recording.

        Raises
        ------
        UsageError
            There is none with this key.
        """
        for entry in self.recordings():
            if entry.identifier == identifier:
                return entry
        raise UsageError("this recording is not in the index. It may have been deleted; choose another one.")

    def folder_of(self, identifier: str) -> Path:
        """Return the folder of a recording.

        Raises
        ------
        UsageError
            The key is unknown.
        StorageError
            The folder has gone.
        """
        with self.database.session() as session:
            row = session.get(RecordingRow, identifier)
            name = row.folder if row is not None else None
        if name is None:
            raise UsageError("this recording is not in the index. It may have been deleted; choose another one.")
        folder = inside(self.folder, RECORDINGS, name)
        if not (folder / DECLARATION_FILE).exists():
            raise StorageError(
                f"the folder '{name}' of this recording is gone or was renamed; the index still knows of it. "
                "Put it back, or delete the entry under Subjects."
            )
        return folder

    def load(self, identifier: str) -> Recording:
        """Return a recording with what the index knows better about the person (height, age, ...)."""
        recording = load_recording(self.folder_of(identifier))
        with self.database.session() as session:
            row = session.get(RecordingRow, identifier)
            person = _subject(row.subject) if row is not None else recording.subject
        return replace(recording, subject=person)

    def fingerprint(self, identifier: str) -> str:
        """Return what changes when the files or the person of a recording change."""
        folder = self.folder_of(identifier)
        parts = []
        for name in (DECLARATION_FILE, STREAMS_FILE):
            state = (folder / name).stat() if (folder / name).exists() else None
            parts.append(f"{state.st_size}.{state.st_mtime_ns}" if state else "gone")
        with self.database.session() as session:
            row = session.get(RecordingRow, identifier)
            person = _subject(row.subject) if row is not None else None
        return "|".join((*parts, repr(person)))

    def previous(self, identifier: str) -> RecordingEntry | None:
        """Return the last earlier recording of the same person, or None."""
        entry = self.recording(identifier)
        earlier = [
            one for one in self.recordings(subject=entry.pseudonym) if one.visit < entry.visit and one.is_there
        ]
        return max(earlier, key=lambda one: one.visit, default=None)

    @contextmanager
    def new_folder(self, subject: str) -> Iterator[Path]:
        """Give an empty folder below ``recordings/`` that is removed again when the work in it fails."""
        name = f"{file_word(subject)}_{now():%Y-%m-%d_%H%M%S}_{secrets.token_hex(2)}"
        folder = inside(self.folder, RECORDINGS, name)
        folder.mkdir()
        try:
            yield folder
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def tag(self, identifier: str, words: Sequence[str], *, by: str) -> None:
        """Replace the tags of a recording."""
        kept = list(dict.fromkeys(" ".join(word.split())[:60] for word in words if word.strip()))
        with self.database.session() as session:
            row = self._recording_row(session, identifier)
            row.tags.clear()
            session.flush()
            row.tags.extend(TagRow(word=word) for word in kept)
            audit.note(session, by, "tag", identifier, ", ".join(kept))

    def describe_deletion(self, identifier: str) -> tuple[str, ...]:
        """Return in words what a deletion erases."""
        entry = self.recording(identifier)
        with self.database.session() as session:
            row = self._recording_row(session, identifier)
            edits, results = len(row.edits), len(row.results)
            folder = inside(self.folder, RECORDINGS, row.folder)
        files = [item for item in folder.rglob("*") if item.is_file()] if folder.exists() else []
        size = sum(item.stat().st_size for item in files)
        return (
            f"{len(files)} files ({size / 1e6:.1f} MB) of {entry.label}",
            f"{edits} changes of events, {results} stored results, {len(entry.tags)} tags",
            "The audit log keeps that it existed and who deleted it. Copies elsewhere are not touched.",
        )

    def delete(self, identifier: str, *, by: str) -> None:
        """Erase a recording: its folder, then everything the index holds of it but the audit log."""
        with self.database.session() as session:
            row = self._recording_row(session, identifier)
            folder = inside(self.folder, RECORDINGS, row.folder)
            about = f"{row.subject.pseudonym}, {row.folder}"
            # First out of sight, in one step: a crash in between leaves no half recording.
            leaving = inside(self.folder, RECORDINGS, f"{_LEAVING}{identifier}")
            try:
                if folder.exists():
                    folder.rename(leaving)
            except OSError as cause:
                raise StorageError(
                    f"the folder could not be removed: {cause}. Close programs that use it."
                ) from cause
            session.delete(row)
            audit.note(session, by, "delete recording", identifier, about)
        shutil.rmtree(leaving, ignore_errors=True)

    def expired(self, today: date) -> tuple[RecordingEntry, ...]:
        """Return the recordings whose retention period is over; nothing is deleted without a person."""
        return tuple(one for one in self.recordings() if one.keep_until is not None and one.keep_until < today)

    # -- subjects ---------------------------------------------------------------------------------------------

    def subjects(self) -> tuple[SubjectEntry, ...]:
        """Return all persons, by id."""
        with self.database.session() as session:
            counts: dict[int, int] = dict(
                session.execute(select(RecordingRow.subject_id, func.count()).group_by(RecordingRow.subject_id)).all()
            )
            rows = session.scalars(select(SubjectRow).order_by(SubjectRow.pseudonym)).all()
            return tuple(SubjectEntry(_subject(row), counts.get(row.id, 0)) for row in rows)

    def subject(self, word: str) -> SubjectEntry | None:
        """Return one person, or None."""
        return next((entry for entry in self.subjects() if entry.subject.identifier == word), None)

    def save_subject(self, subject: Subject, *, by: str) -> Subject:
        """Add a person or change what is known about one, and return the entry as kept."""
        word = pseudonym(subject.identifier)
        _check_person(subject)
        with self.database.session() as session:
            row = self._subject_row(session, word)
            what = "change subject"
            if row is None:
                row, what = _new_subject(word, subject), "add subject"
                session.add(row)
            _fill_subject(row, subject)
            audit.note(session, by, what, word)
            return _subject(row)

    def delete_subject(self, word: str, *, by: str) -> None:
        """Erase a person with all recordings."""
        for entry in self.recordings(subject=word):
            self.delete(entry.identifier, by=by)
        with self.database.session() as session:
            row = self._subject_row(session, word)
            if row is not None:
                session.delete(row)
                audit.note(session, by, "delete subject", word)

    # -- edits of events --------------------------------------------------------------------------------------

    def revision(self, identifier: str) -> int:
        """Return how many changes of events a recording has."""
        with self.database.session() as session:
            query = select(func.count()).select_from(EditRow).where(EditRow.recording_id == identifier)
            return int(session.scalar(query) or 0)

    def edits(self, identifier: str) -> tuple[Edit, ...]:
        """Return the changes of events, first to last."""
        with self.database.session() as session:
            query = select(EditRow).where(EditRow.recording_id == identifier).order_by(EditRow.revision)
            rows = session.scalars(query).all()
            return tuple(Edit(row.revision, row.who, as_utc(row.made_at), row.change) for row in rows)

    def add_edit(self, identifier: str, change: Mapping[str, Any], *, seen: int, by: str) -> int:
        """Add one change of events and return its revision.

        Parameters
        ----------
        seen
            Revision that the person saw when the change was made.

        Raises
        ------
        UsageError
            Somebody else changed the events in between.
        """
        current = self.revision(identifier)
        if current != seen:
            last = self.edits(identifier)[-1]
            raise UsageError(
                f"{last.who} changed these events meanwhile (change {current}; you saw {seen}). Yours was not made; "
                "look at the list as it is now and make your change again."
            )
        with self.database.session() as session:
            self._recording_row(session, identifier)
            row = EditRow(recording_id=identifier, revision=seen + 1, who=by[:80], made_at=now(), change=dict(change))
            session.add(row)
            audit.note(session, by, "edit events", identifier, json.dumps(dict(change), sort_keys=True))
        return seen + 1

    # -- results and settings ---------------------------------------------------------------------------------

    def save_result(
        self,
        identifier: str,
        use: str,
        *,
        analysis_id: str,
        software: str,
        verdict: str,
        parameters: Sequence[Mapping[str, Any]],
    ) -> None:
        """Keep the parameters of an analysis; an earlier one is replaced."""
        with self.database.session() as session:
            if session.get(RecordingRow, identifier) is None:
                return  # deleted while it was analysed
            query = select(ResultRow).where(ResultRow.recording_id == identifier, ResultRow.use == use)
            row = session.scalar(query)
            if row is None:
                row = ResultRow(recording_id=identifier, use=use)
                session.add(row)
            row.analysis_id, row.software, row.verdict = analysis_id, software, verdict
            row.parameters = [dict(one) for one in parameters]
            row.made_at = now()

    def results(self, use: str = "both") -> tuple[StoredResult, ...]:
        """Return the stored results of all recordings."""
        with self.database.session() as session:
            query = (
                select(ResultRow, SubjectRow.pseudonym)
                .join(RecordingRow, RecordingRow.id == ResultRow.recording_id)
                .join(SubjectRow, SubjectRow.id == RecordingRow.subject_id)
                .where(ResultRow.use == use)
            )
            return tuple(
                StoredResult(
                    row.recording_id,
                    word,
                    row.use,
                    row.verdict,
                    row.software,
                    as_utc(row.made_at),
                    tuple(row.parameters),
                )
                for row, word in session.execute(query)
            )

    def setting(self, name: str) -> Any:  # noqa: ANN401 - each setting has its own type
        """Return a setting, or its default."""
        with self.database.session() as session:
            row = session.get(SettingRow, name)
            return DEFAULTS[name] if row is None else row.value

    def set(self, name: str, value: Any, *, by: str) -> None:  # noqa: ANN401 - each setting has its own type
        """Change a setting."""
        if name not in DEFAULTS:
            raise UsageError(f"there is no setting {name!r}; there are {', '.join(DEFAULTS)}.")
        with self.database.session() as session:
            session.merge(SettingRow(name=name, value=value))
            audit.note(session, by, "setting", name, json.dumps(value))

    # -- helpers ----------------------------------------------------------------------------------------------

    def _entry(self, row: RecordingRow, visit: int) -> RecordingEntry:
        return RecordingEntry(
            identifier=row.id,
            pseudonym=row.subject.pseudonym,
            visit=visit,
            recorded_at=row.recorded_at,
            duration_s=np.nan if row.duration_s is None else row.duration_s,
            protocol=row.protocol,
            condition=row.condition,
            operator=row.operator,
            source=row.source,
            streams=row.streams,
            tags=tuple(sorted(tag.word for tag in row.tags)),
            keep_until=row.keep_until,
            is_there=(self.folder / RECORDINGS / row.folder / DECLARATION_FILE).exists(),
        )

    def _subject_row(self, session: Session, word: str) -> SubjectRow | None:
        return session.scalar(select(SubjectRow).where(SubjectRow.pseudonym == word))

    def _recording_row(self, session: Session, identifier: str) -> RecordingRow:
        row = session.get(RecordingRow, identifier)
        if row is None:
            raise UsageError("this recording is not in the index. It may have been deleted; choose another one.")
        return row

    def _keep_until(self, session: Session) -> date | None:
        row = session.get(SettingRow, "keep_days")
        days = int(row.value) if row is not None else 0
        return now().date() + timedelta(days=days) if days else None


def duration_s(recording: Recording) -> float:
    """Return how long the longest stream is, s; NaN without samples."""
    times = [imu.time_s for imu in recording.imus] + [points.time_s for points in recording.keypoints]
    return max((float(one[-1] - one[0]) for one in times if len(one) > 1), default=float("nan"))


def streams_words(recording: Recording) -> str:
    """Return what a recording holds, in words."""
    cameras = f"{len(recording.keypoints)} camera{'s' if len(recording.keypoints) > 1 else ''}"
    worn = ", ".join(imu.segment.replace("_", " ") for imu in recording.imus)
    parts = [cameras if recording.keypoints else "", f"wearables: {worn}" if worn else ""]
    return "; ".join(part for part in parts if part)[:300]


def _visits(rows: Sequence[RecordingRow]) -> dict[str, int]:
    ordered = sorted(rows, key=lambda row: (row.subject_id, row.recorded_at, as_utc(row.created_at), row.id))
    numbers: dict[str, int] = {}
    counts: dict[int, int] = {}
    for row in ordered:
        counts[row.subject_id] = counts.get(row.subject_id, 0) + 1
        numbers[row.id] = counts[row.subject_id]
    return numbers


def _haystack(entry: RecordingEntry) -> str:
    words = (entry.pseudonym, entry.protocol, entry.condition, entry.operator, entry.streams, entry.day, *entry.tags)
    return " ".join(words).casefold()


def _subject(row: SubjectRow) -> Subject:
    def number(value: float | None) -> float:
        return float("nan") if value is None else value

    return Subject(
        identifier=row.pseudonym,
        age_years=number(row.age_years),
        sex=row.sex,
        height_m=number(row.height_m),
        leg_length_m=number(row.leg_length_m),
        mass_kg=number(row.mass_kg),
        group=row.group,
        notes=row.notes,
    )


def _new_subject(word: str, subject: Subject) -> SubjectRow:
    row = SubjectRow(pseudonym=word, created_at=now())
    _fill_subject(row, subject)
    return row


def _fill_subject(row: SubjectRow, subject: Subject) -> None:
    row.age_years = _finite(subject.age_years)
    row.sex = subject.sex if subject.sex in ("female", "male") else ""
    row.height_m, row.leg_length_m = _finite(subject.height_m), _finite(subject.leg_length_m)
    row.mass_kg = _finite(subject.mass_kg)
    row.group, row.notes = subject.group[:80], subject.notes[:2000]


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _check_person(subject: Subject) -> None:
    limits = (
        ("age", subject.age_years, 0.0, 120.0, "years"),
        ("height", subject.height_m, 0.4, 2.5, "m"),
        ("leg length", subject.leg_length_m, 0.2, 1.4, "m"),
        ("mass", subject.mass_kg, 2.0, 350.0, "kg"),
    )
    for what, value, low, high, unit in limits:
        if np.isfinite(value) and not low <= value <= high:
            raise UsageError(
                f"the {what} must lie between {low:g} and {high:g} {unit}; got {value:g}. Check its unit."
            )
    if np.isfinite(subject.height_m) and np.isfinite(subject.leg_length_m):
        share = subject.leg_length_m / subject.height_m
        if not 0.35 <= share <= 0.65:
            raise UsageError(
                f"a leg of {subject.leg_length_m:g} m does not fit a height of {subject.height_m:g} m. Check both."
            )
