"""Tables of the index; SQLite by default, any SQLAlchemy URL works the same."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Date, DateTime, Float, ForeignKey, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    """Base of all tables."""


class SubjectRow(Base):
    """A person under a pseudonym."""

    __tablename__ = "subjects"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    pseudonym: Mapped[str] = mapped_column(String(80), unique=True)
    age_years: Mapped[float | None] = mapped_column(Float)
    sex: Mapped[str] = mapped_column(String(10), default="")
    height_m: Mapped[float | None] = mapped_column(Float)
    leg_length_m: Mapped[float | None] = mapped_column(Float)
    mass_kg: Mapped[float | None] = mapped_column(Float)
    group: Mapped[str] = mapped_column(String(80), default="")
    notes: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    recordings: Mapped[list[RecordingRow]] = relationship(back_populates="subject")


class RecordingRow(Base):
    """One recording folder."""

    __tablename__ = "recordings"

    id: Mapped[str] = mapped_column(String(24), primary_key=True)
    subject_id: Mapped[int] = mapped_column(ForeignKey("subjects.id"), index=True)
    folder: Mapped[str] = mapped_column(String(200), unique=True)
    recorded_at: Mapped[str] = mapped_column(String(40), default="")
    duration_s: Mapped[float | None] = mapped_column(Float)
    protocol: Mapped[str] = mapped_column(String(200), default="")
    condition: Mapped[str] = mapped_column(String(120), default="")
    operator: Mapped[str] = mapped_column(String(80), default="")
    source: Mapped[str] = mapped_column(String(20), default="recorded")
    streams: Mapped[str] = mapped_column(String(300), default="")
    keep_until: Mapped[date | None] = mapped_column(Date)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    subject: Mapped[SubjectRow] = relationship(back_populates="recordings")
    tags: Mapped[list[TagRow]] = relationship(cascade="all, delete-orphan")
    results: Mapped[list[ResultRow]] = relationship(cascade="all, delete-orphan")
    edits: Mapped[list[EditRow]] = relationship(cascade="all, delete-orphan")


class TagRow(Base):
    """A word that a laboratory put on a recording."""

    __tablename__ = "tags"
    __table_args__ = (UniqueConstraint("recording_id", "word"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    recording_id: Mapped[str] = mapped_column(ForeignKey("recordings.id"))
    word: Mapped[str] = mapped_column(String(60))


class ResultRow(Base):
    """The parameters of the last analysis of a recording, so that a cohort opens at once."""

    __tablename__ = "results"
    __table_args__ = (UniqueConstraint("recording_id", "use"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    recording_id: Mapped[str] = mapped_column(ForeignKey("recordings.id"))
    use: Mapped[str] = mapped_column(String(20))
    analysis_id: Mapped[str] = mapped_column(String(40))
    software: Mapped[str] = mapped_column(String(60))
    verdict: Mapped[str] = mapped_column(String(60))
    parameters: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class EditRow(Base):
    """One change of the events by hand; never altered, only followed by the next."""

    __tablename__ = "edits"
    __table_args__ = (UniqueConstraint("recording_id", "revision"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    recording_id: Mapped[str] = mapped_column(ForeignKey("recordings.id"))
    revision: Mapped[int] = mapped_column(Integer)
    who: Mapped[str] = mapped_column(String(80))
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    change: Mapped[dict[str, Any]] = mapped_column(JSON)


class AuditRow(Base):
    """Who saw or changed what; each row carries the hash of the one before."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    who: Mapped[str] = mapped_column(String(80))
    what: Mapped[str] = mapped_column(String(40))
    about: Mapped[str] = mapped_column(String(200), default="")
    details: Mapped[str] = mapped_column(Text, default="")
    chain: Mapped[str] = mapped_column(String(64))


class UserRow(Base):
    """A local account."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    password: Mapped[str] = mapped_column(String(300))
    role: Mapped[str] = mapped_column(String(20))
    failures: Mapped[int] = mapped_column(Integer, default=0)
    locked_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class SettingRow(Base):
    """One setting of the laboratory."""

    __tablename__ = "settings"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)
