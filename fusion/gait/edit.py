"""Gait events corrected by a person, with an audit trail that keeps what was there before.

The detector's events are never overwritten. An ``AuditTrail`` names them by their fingerprint and lists what was
changed, by whom, when and why; applying it gives the corrected events. Each entry carries the fingerprint of the one
before, so that a line taken out or changed later is found out. Taking back a change is an entry too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from fusion.errors import DataError, FormatError, UsageError
from fusion.types import SIDES, GaitEvents
from fusion.version import __version__

PERSON = "person"
"""Source word of an event that a person placed."""

PERSON_SD_S = 0.02
"""A person picks a contact on video to about one frame (Ghoussayni et al. 2004, *Gait Posture* 20:266: 1-2 frames
at 50-60 Hz between observers)."""

ACTIONS = ("add", "move", "delete", "relabel", "undo")
FIND_S = 0.0005
"""An event is named by its time, which files carry to the millisecond or better."""

_SCHEMA = "tandem-gait event audit"
_START = "0" * 64


@dataclass(frozen=True, slots=True)
class EventEdit:
    """One entry of the trail.

    Attributes
    ----------
    action
        ``"add"``, ``"move"``, ``"delete"``, ``"relabel"`` (side or kind) or ``"undo"``.
    time_s, side, kind
        The event as it is before (or, for ``"add"``, as it shall be). Of an undo: those of the entry taken back.
    new_time_s, new_side, new_kind
        What it becomes; NaN and ``""`` where unchanged.
    who, reason
        Who changed it and why; neither may be empty.
    at
        UTC time of the change, ISO 8601.
    sd_s
        Doubt of the time that the person gives.
    undoes
        Number of the entry taken back; -1 otherwise.
    software, previous_sha256
        Version, and fingerprint of the entry before; filled in by the trail.
    """

    action: str
    time_s: float
    side: str
    kind: str
    who: str
    reason: str
    new_time_s: float = np.nan
    new_side: str = ""
    new_kind: str = ""
    at: str = ""
    sd_s: float = PERSON_SD_S
    undoes: int = -1
    software: str = ""
    previous_sha256: str = ""

    def __post_init__(self) -> None:
        """Check what a person typed."""
        if self.action not in ACTIONS:
            raise UsageError(f"an edit must be one of {', '.join(ACTIONS)}; got {self.action!r}.")
        if not self.who.strip() or not self.reason.strip():
            raise UsageError("an edit needs who made it and why. Fill in both.")
        for side in (self.side, self.new_side or self.side):
            if side not in SIDES:
                raise UsageError(f"the side of an event must be one of {', '.join(SIDES)}; got {side!r}.")
        for kind in (self.kind, self.new_kind or self.kind):
            if kind not in ("ic", "fc"):
                raise UsageError(f"an event must be ic or fc; got {kind!r}.")
        if not np.isfinite(self.time_s) or not self.sd_s > 0.0:
            raise UsageError(f"an event needs a time and a doubt above 0; got {self.time_s} s and {self.sd_s} s.")
        if self.action == "move" and not np.isfinite(self.new_time_s):
            raise UsageError("a moved event needs its new time. Give new_time_s.")
        if self.action == "relabel" and not (self.new_side or self.new_kind):
            raise UsageError("a relabelled event needs its new side or kind. Give new_side or new_kind.")

    def fingerprint(self) -> str:
        """Return the SHA-256 of everything in the entry."""
        return hashlib.sha256(json.dumps(_plain(self), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class AuditTrail:
    """What people changed in the events of one recording, oldest first.

    Attributes
    ----------
    events_sha256
        Fingerprint of the detector's events that the trail belongs to.
    edits
        All entries, those taken back included.
    """

    events_sha256: str
    edits: tuple[EventEdit, ...] = ()

    @classmethod
    def of(cls, events: GaitEvents) -> AuditTrail:
        """Return the empty trail of a detector's events."""
        return cls(events_fingerprint(events))

    def with_edit(self, edit: EventEdit) -> AuditTrail:
        """Return the trail with one more entry, stamped and chained to the last."""
        last = self.edits[-1].fingerprint() if self.edits else _START
        at = edit.at or datetime.now(UTC).isoformat(timespec="seconds")
        return replace(self, edits=(*self.edits, replace(edit, at=at, software=__version__, previous_sha256=last)))

    def undone(self, who: str, reason: str, number: int | None = None) -> AuditTrail:
        """Return the trail with an entry that takes one back; by default the last that stands.

        Raises
        ------
        UsageError
            There is no such entry, or it is taken back already.
        """
        standing = [place for place, _ in self.standing()]
        chosen = (standing[-1] if standing else -1) if number is None else number
        if chosen not in standing:
            raise UsageError(f"edit {chosen} cannot be taken back; these stand: {standing or 'none'}.")
        old = self.edits[chosen]
        return self.with_edit(EventEdit("undo", old.time_s, old.side, old.kind, who, reason, undoes=chosen))

    def standing(self) -> tuple[tuple[int, EventEdit], ...]:
        """Return number and entry of the changes that are not taken back."""
        gone = {edit.undoes for edit in self.edits}
        return tuple((k, edit) for k, edit in enumerate(self.edits) if edit.action != "undo" and k not in gone)

    def apply(self, events: GaitEvents) -> GaitEvents:
        """Return the corrected events.

        Raises
        ------
        DataError
            The trail was altered, or belongs to other events (another recording or software version).
        UsageError
            An entry names an event that is not there.
        """
        self.verify()
        if events_fingerprint(events) != self.events_sha256:
            raise DataError(
                "these corrections belong to other events than the ones found now. Analyse with the software "
                f"version that they were made with ({self._software()}), or correct again."
            )
        for _, edit in self.standing():
            events = apply_edit(events, edit)
        return events

    def verify(self) -> None:
        """Check the chain of fingerprints.

        Raises
        ------
        DataError
            An entry was changed, removed or inserted after the fact.
        """
        before = _START
        for place, edit in enumerate(self.edits):
            if edit.previous_sha256 != before:
                raise DataError(f"the audit trail was altered at or before entry {place}. Restore it from a backup.")
            before = edit.fingerprint()

    def write(self, file: Path) -> None:
        """Write the trail as JSON."""
        content = {
            "schema": _SCHEMA,
            "schema_version": 1,
            "events_sha256": self.events_sha256,
            "edits": [_plain(edit) for edit in self.edits],
        }
        file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, file: Path) -> AuditTrail:
        """Return the trail of a file.

        Raises
        ------
        FormatError
            The file is no audit trail.
        DataError
            It was altered.
        """
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
            edits = tuple(EventEdit(**_from_plain(entry)) for entry in content["edits"])
            trail = cls(str(content["events_sha256"]), edits)
        except (OSError, ValueError, KeyError, TypeError) as cause:
            raise FormatError(
                f"'{file}' is not an audit trail of gait events: {cause}. Choose another file."
            ) from cause
        trail.verify()
        return trail

    def _software(self) -> str:
        return ", ".join(sorted({edit.software for edit in self.edits})) or "unknown"


def apply_edit(events: GaitEvents, edit: EventEdit) -> GaitEvents:
    """Return the events with one change; what a person placed has the source ``"person"``.

    Raises
    ------
    UsageError
        There is no such event, or there is already one in its new place.
    """
    if edit.action == "undo":
        raise UsageError("an undo is applied by its trail, not alone.")
    row = -1 if edit.action == "add" else _row(events, edit)
    keep = np.arange(len(events.time_s)) != row
    columns = [column[keep] for column in (events.time_s, events.side, events.kind, events.sd_s, events.source)]
    if edit.action != "delete":
        columns = _with_event(columns, edit, moved=edit.action != "relabel", old=events, row=row)
    return GaitEvents(*columns)


def events_fingerprint(events: GaitEvents) -> str:
    """Return the SHA-256 of times (to the microsecond), sides and kinds."""
    rows = [
        f"{time:.6f} {side} {kind}" for time, side, kind in zip(events.time_s, events.side, events.kind, strict=True)
    ]
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def _row(events: GaitEvents, edit: EventEdit) -> int:
    same = (events.side == edit.side) & (events.kind == edit.kind)
    near = np.flatnonzero(same & (np.abs(events.time_s - edit.time_s) <= FIND_S))
    if not near.size:
        known = ", ".join(f"{time:.3f}" for time in events.select(edit.side, edit.kind)) or "none"
        raise UsageError(
            f"there is no {edit.kind} of the {edit.side} foot at {edit.time_s:.3f} s; there are: {known}."
        )
    return int(near[np.argmin(np.abs(events.time_s[near] - edit.time_s))])


def _with_event(columns: list[Any], edit: EventEdit, *, moved: bool, old: GaitEvents, row: int) -> list[Any]:
    """Return the columns with the event in its new place."""
    time_s = edit.new_time_s if edit.action == "move" else edit.time_s
    side, kind = edit.new_side or edit.side, edit.new_kind or edit.kind
    taken = (columns[1] == side) & (columns[2] == kind) & (np.abs(columns[0] - time_s) <= FIND_S)
    if taken.any():
        raise UsageError(f"there is already a {kind} of the {side} foot at {time_s:.3f} s.")
    sd_s = edit.sd_s if moved else float(old.sd_s[row])
    new = (time_s, side, kind, sd_s, PERSON)
    return [np.concatenate([column, np.array([value])]) for column, value in zip(columns, new, strict=True)]


def _plain(edit: EventEdit) -> dict[str, Any]:
    return {
        key: None if isinstance(value, float) and np.isnan(value) else value for key, value in asdict(edit).items()
    }


def _from_plain(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: np.nan if value is None else value for key, value in entry.items()}
