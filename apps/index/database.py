"""One engine for the index: transactions, foreign keys, a busy file that is waited for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from apps.index.schema import Base
from fusion.errors import StorageError

INDEX_FILE = "index.sqlite"


class Database:
    """The tables of one laboratory.

    Parameters
    ----------
    url
        SQLAlchemy URL: ``sqlite:///...`` or ``postgresql+psycopg://...``.
    """

    def __init__(self, url: str) -> None:
        self.engine = create_engine(url, future=True)
        if self.engine.dialect.name == "sqlite":
            event.listen(self.engine, "connect", _settle_sqlite)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        try:
            Base.metadata.create_all(self.engine)
        except SQLAlchemyError as cause:
            raise _refused(self.engine, cause) from cause

    @classmethod
    def in_folder(cls, folder: Path) -> Database:
        """Open or create the index file of a data folder."""
        return cls(f"sqlite:///{folder / INDEX_FILE}")

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Give a session; everything in it is kept together, or nothing."""
        with self._sessions() as session:
            try:
                with session.begin():
                    yield session
            except SQLAlchemyError as cause:
                raise _refused(self.engine, cause) from cause

    def close(self) -> None:
        """Let go of the file."""
        self.engine.dispose()


def now() -> datetime:
    """Return the present moment, UTC."""
    return datetime.now(UTC)


def as_utc(moment: datetime) -> datetime:
    """Return a moment with its zone; SQLite forgets it."""
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _settle_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DB-API connection
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "busy_timeout=5000", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _refused(engine: Engine, cause: SQLAlchemyError) -> StorageError:
    where = engine.url.render_as_string(hide_password=True)
    told = str(getattr(cause, "orig", None) or type(cause).__name__)
    return StorageError(f"the index {where} refused: {told}. Check the disk and who else uses it, then try again.")
