"""The audit log: who saw and changed what, in a chain that shows when a row was altered or removed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from apps.index.database import Database, as_utc, now
from apps.index.schema import AuditRow

_FIRST = "0" * 64


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the log."""

    at: datetime
    who: str
    what: str
    about: str
    details: str


def note(session: Session, who: str, what: str, about: str = "", details: str = "") -> None:
    """Add one line within a transaction, so that a change and its line are kept together."""
    last = session.scalars(select(AuditRow).order_by(AuditRow.id.desc()).limit(1)).first()
    row = AuditRow(at=now(), who=who[:80], what=what, about=about[:200], details=details[:2000], chain="")
    row.chain = _link(last.chain if last else _FIRST, row)
    session.add(row)
    session.flush()


def write(database: Database, who: str, what: str, about: str = "", details: str = "") -> None:
    """Add one line in a transaction of its own."""
    with database.session() as session:
        note(session, who, what, about, details)


def entries(database: Database, *, about: str = "", limit: int = 500) -> tuple[AuditEntry, ...]:
    """Return the newest lines, newest first."""
    query = select(AuditRow).order_by(AuditRow.id.desc()).limit(limit)
    if about:
        query = query.where(AuditRow.about == about)
    with database.session() as session:
        rows = session.scalars(query).all()
        return tuple(AuditEntry(as_utc(row.at), row.who, row.what, row.about, row.details) for row in rows)


def first_break(database: Database) -> int | None:
    """Return the number of the first line that does not follow from the one before it; None when all do."""
    chain = _FIRST
    with database.session() as session:
        for row in session.scalars(select(AuditRow).order_by(AuditRow.id)):
            if row.chain != _link(chain, row):
                return row.id
            chain = row.chain
    return None


def _link(before: str, row: AuditRow) -> str:
    told = "\x1f".join((before, as_utc(row.at).isoformat(), row.who, row.what, row.about, row.details))
    return hashlib.sha256(told.encode()).hexdigest()
