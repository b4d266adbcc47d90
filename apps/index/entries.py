"""What the index tells: plain values, no database behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import numpy as np

from fusion.types import Subject


@dataclass(frozen=True, slots=True)
class SubjectEntry:
    """A person in the index; ``recordings`` counts the folders that are kept."""

    subject: Subject
    recordings: int = 0

    @property
    def words(self) -> str:
        """Age and sex as a person says them."""
        age = f"{self.subject.age_years:.0f} years" if np.isfinite(self.subject.age_years) else "age not given"
        return ", ".join(part for part in (age, self.subject.sex or "sex not given") if part)


@dataclass(frozen=True, slots=True)
class RecordingEntry:
    """A recording in the index.

    Attributes
    ----------
    identifier
        Opaque key; the only thing that a browser may name.
    visit
        1 for the first recording of this subject.
    is_there
        The folder can be found.
    """

    identifier: str
    pseudonym: str
    visit: int
    recorded_at: str
    duration_s: float
    protocol: str
    condition: str
    operator: str
    source: str
    streams: str
    tags: tuple[str, ...]
    keep_until: date | None
    is_there: bool

    @property
    def day(self) -> str:
        """Date in words; ``date not given`` when unknown."""
        from fusion.report.words import recorded_at

        day, clock = recorded_at(self.recorded_at)
        return ", ".join(part for part in (day, clock) if part) or "date not given"

    @property
    def label(self) -> str:
        """One line for a list."""
        extra = f" · {self.condition}" if self.condition else ""
        return f"{self.pseudonym} · visit {self.visit} · {self.day}{extra}"


@dataclass(frozen=True, slots=True)
class StoredResult:
    """Parameters of the last analysis of a recording."""

    recording: str
    pseudonym: str
    use: str
    verdict: str
    software: str
    made_at: datetime
    parameters: tuple[Mapping[str, Any], ...] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of events by hand."""

    revision: int
    who: str
    made_at: datetime
    change: Mapping[str, Any]
