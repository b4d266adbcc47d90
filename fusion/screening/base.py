"""What a screening score is: one file in this folder, found by its name, and what all of them are asked with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Protocol

import numpy as np

from fusion.plugins import load, names
from fusion.screening._visits import compare_visits
from fusion.types import (
    BANDS,
    SIDES,
    Estimate,
    GaitEvents,
    GaitParameters,
    JointAngles,
    Recording,
    ScreeningResult,
    Stride,
    Subject,
)
from fusion.types.screening import DOES_NOT_APPLY, NO_SCORE

__all__ = ["About", "Evidence", "Score", "band_of", "compare_visits", "missing_foot", "pool", "screen"]

FAMILY = "fusion.screening"

BAND_EDGES_PERCENT = (90.0, 95.0, 99.0)
"""Where slight, moderate and marked begin: further from healthy walking than so many % of healthy peers."""

SCALE_NAME = "further from healthy walking than … % of healthy peers"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that a score may look at: one visit of one person.

    Attributes
    ----------
    recording
        What was recorded; several recordings of one visit are one evidence with their strides pooled.
    strides, events, parameters, joint_angles
        What the analysis found in it.
    conflict
        Why these strides cannot be one visit of one person; no score is given then.
    """

    recording: Recording
    strides: tuple[Stride, ...]
    events: GaitEvents
    parameters: GaitParameters
    joint_angles: JointAngles
    conflict: str = ""

    @property
    def subject(self) -> Subject:
        """Whom it is about."""
        return self.recording.subject

    def valid(self, side: str) -> int:
        """Return how many strides of one foot count."""
        return sum(stride.is_valid and stride.side == side for stride in self.strides)


@dataclass(frozen=True, slots=True)
class About:
    """What is the same in every result of one score."""

    key: str
    title: str
    unit: str
    model_card: str
    population: str = ""
    source: str = ""

    def withheld(self, reason: str, cure: str, *, checked: Sequence[str] = (), n: int = 0) -> ScreeningResult:
        """Return the result that says why there is no score and how to obtain one."""
        return ScreeningResult(
            key=self.key,
            title=self.title,
            status=NO_SCORE,
            sentence="No score given",
            score=Estimate.not_assessable(self.unit, f"{reason} To get it: {cure}", n),
            reason=reason,
            cure=cure,
            checked=tuple(checked),
            population=self.population,
            source=self.source,
            model_card=self.model_card,
        )

    def not_meant(self, reason: str) -> ScreeningResult:
        """Return the result that says that the score is not made for this person."""
        return ScreeningResult(
            key=self.key,
            title=self.title,
            status=DOES_NOT_APPLY,
            sentence="Does not apply",
            score=Estimate.not_assessable(self.unit, reason),
            reason=reason,
            population=self.population,
            source=self.source,
            model_card=self.model_card,
        )


class Score(Protocol):
    """One score. It never raises for what a person or a recording is like: it withholds the number and says why.

    Attributes
    ----------
    about
        What is the same in each of its results.
    """

    about: ClassVar[About]

    def assess(self, evidence: Evidence) -> ScreeningResult:
        """Return what it says about one visit."""
        ...


def screen(evidence: Evidence) -> tuple[ScreeningResult, ...]:
    """Return what every score says, those with a number first, then those withheld, then those not meant."""
    scores: list[Score] = [load(FAMILY, name) for name in names(FAMILY)]
    if evidence.conflict:
        return tuple(score.about.withheld(evidence.conflict, "screen each visit on its own.") for score in scores)
    results = [score.assess(evidence) for score in scores]
    rank = {DOES_NOT_APPLY: 2, NO_SCORE: 1}
    return tuple(sorted(results, key=lambda result: rank.get(result.status, 0)))


def pool(visit: Sequence[Evidence]) -> Evidence:
    """Return the recordings of one visit as one evidence: their strides and contacts one after the other.

    Parameters and curves stay those of the longest recording. Recordings that cannot be one visit (other people,
    surfaces, walking aids or days) come out with a ``conflict``, and no score is given.
    """
    longest = max(visit, key=lambda each: len(each.strides))
    shifts = np.cumsum([0.0, *(_end_s(each) + 1.0 for each in visit[:-1])])
    strides = [_later(stride, shift) for each, shift in zip(visit, shifts, strict=True) for stride in each.strides]
    events = GaitEvents(
        np.concatenate([each.events.time_s + shift for each, shift in zip(visit, shifts, strict=True)]),
        *(
            np.concatenate([getattr(each.events, name) for each in visit])
            for name in ("side", "kind", "sd_s", "source")
        ),
    )
    about = {
        "people": {each.subject.identifier for each in visit},
        "surfaces": {each.recording.surface for each in visit},
        "walking aids": {each.recording.walking_aid for each in visit},
        "days": {each.recording.started_at[:10] for each in visit},
    }
    mixed = [what for what, found in about.items() if len(found) > 1]
    conflict = f"The recordings mix {' and '.join(mixed)}." if mixed else ""
    return replace(longest, strides=tuple(strides), events=events, conflict=conflict)


def _end_s(evidence: Evidence) -> float:
    ends = [stride.end_s for stride in evidence.strides] + evidence.events.time_s[-1:].tolist()
    return max(ends, default=0.0)


def _later(stride: Stride, shift_s: float) -> Stride:
    names = ("start_s", "end_s", "fc_s", "other_fc_s", "other_ic_s")
    return replace(stride, **{name: getattr(stride, name) + shift_s for name in names})


def band_of(percent: float) -> str:
    """Return the word for a place among healthy peers, percent."""
    return BANDS[int(np.searchsorted(BAND_EDGES_PERCENT, percent, side="right"))]


def missing_foot(evidence: Evidence) -> str:
    """Return the name of a foot without any valid stride, or ``""``."""
    return next((side for side in SIDES if not evidence.valid(side)), "")
