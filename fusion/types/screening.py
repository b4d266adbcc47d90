"""What a screening score says: how far, how sure, what drives it, how often it is wrong; or why there is none.

Words are chosen once, here and in ``fusion.screening``: report, app and command line print the same sentences.
A score describes a deviation of the walk. It is never a diagnosis and never one bare probability.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from fusion.errors import SignalError, UsageError
from fusion.types.arrays import SIDES, one_of
from fusion.types.gait import Estimate

SCORED = "scored"
NONE_SEEN = "none seen"
NO_SCORE = "no score given"
DOES_NOT_APPLY = "does not apply"
STATUSES = (SCORED, NONE_SEEN, NO_SCORE, DOES_NOT_APPLY)

BANDS = ("none", "slight", "moderate", "marked")
"""Words of the deviation; ``""`` where a score has no bands."""

DIRECTIONS = ("up", "down", "none")
PUSH_WORDS = {"up": "pushes up", "down": "pushes down", "none": "no effect"}


@dataclass(frozen=True, slots=True)
class Driver:
    """One feature behind a score: its value, its norm, and how far it moves the score.

    Attributes
    ----------
    label
        In plain words: "Time on both feet".
    estimate
        As measured in this recording.
    norm_low, norm_high
        Range of 95 % of the reference people, in the estimate's unit; NaN without one.
    norm_name
        Who they are, with their number.
    push
        Change of the score that this feature makes against the reference people's mean, in the score's linear
        units (natural logarithm of the odds for a fitted model, standard deviations otherwise); negative pulls
        towards the reference.
    """

    key: str
    label: str
    estimate: Estimate
    push: float
    norm_low: float = np.nan
    norm_high: float = np.nan
    norm_name: str = ""

    @property
    def direction(self) -> str:
        """``"up"``, ``"down"`` or ``"none"`` (less than a quarter of a unit)."""
        if not np.isfinite(self.push) or abs(self.push) < 0.25:
            return "none"
        return "up" if self.push > 0.0 else "down"

    @property
    def words(self) -> str:
        """What a screen prints beside it: "pushes up strongly"."""
        strongly = " strongly" if self.direction != "none" and abs(self.push) >= 1.0 else ""
        return f"{PUSH_WORDS[self.direction]}{strongly}"


@dataclass(frozen=True, slots=True)
class Performance:
    """How good a score is on people whom it was not fitted on; shares are 0 to 1.

    Attributes
    ----------
    scheme
        How people were split: "by person, 10 times 10 folds".
    threshold
        Where sensitivity and specificity are read: "the slight line".
    """

    auc: float
    auc_low: float
    auc_high: float
    sensitivity: float
    specificity: float
    n_cases: int
    n_controls: int
    scheme: str
    threshold: str = "the slight line"
    remark: str = ""

    @property
    def words(self) -> str:
        """One line for the screen."""
        people = self.n_cases + self.n_controls
        text = (
            f"AUC {self.auc:.2f} [{self.auc_low:.2f}, {self.auc_high:.2f}]; sensitivity {100 * self.sensitivity:.0f} "
            f"%, specificity {100 * self.specificity:.0f} % at {self.threshold}; {people} people, {self.scheme}."
        )
        return f"{text} {self.remark}".strip()


@dataclass(frozen=True, slots=True)
class OtherGroup:
    """How often a score fires in people who do not have what it looks for.

    Attributes
    ----------
    who
        "people after stroke".
    fired, people
        How many of how many pass the slight line.
    basis
        How it was found and on which data, in words.
    """

    who: str
    fired: int
    people: int
    basis: str

    @property
    def per_100(self) -> int:
        """How many of 100."""
        return round(100.0 * self.fired / self.people)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What passing a line means among 100 people of a clinic: natural frequencies.

    The four counts add up to 100.
    """

    condition: str
    prevalence_percent: float
    found: int
    missed: int
    false_alarms: int
    passed_over: int

    @property
    def positives(self) -> int:
        """How many pass the line."""
        return self.found + self.false_alarms

    @property
    def ppv(self) -> float:
        """Share of those passing who have it; NaN when none passes."""
        return self.found / self.positives if self.positives else np.nan

    @property
    def npv(self) -> float:
        """Share of those not passing who do not have it; NaN when all pass."""
        below = self.missed + self.passed_over
        return self.passed_over / below if below else np.nan

    @property
    def sentence(self) -> str:
        """Return the counts in words, with the assumption that they rest on."""
        return (
            f"Of 100 people, {self.positives} pass the line: {self.found} have {self.condition}, {self.false_alarms} "
            f"do not. {self.missed} with {self.condition} are missed, {self.passed_over} are rightly passed over. "
            f"Assumes that the other {self.false_alarms + self.passed_over} walk like healthy people."
        )


def natural_frequencies(
    sensitivity: float, specificity: float, prevalence_percent: float, condition: str = "parkinsonism"
) -> Meaning:
    """Return what passing a line means among 100 people of a clinic.

    Parameters
    ----------
    sensitivity, specificity
        Shares, 0 to 1, at the line.
    prevalence_percent
        People with the condition among 100 who are referred to this clinic, 0 to 100.
    condition
        As it stands in the sentence.

    Raises
    ------
    UsageError
        A share or the prevalence is out of its range.
    """
    shares = (sensitivity, specificity, prevalence_percent / 100.0)
    if not all(0.0 <= share <= 1.0 for share in shares):
        raise UsageError(
            "sensitivity and specificity must lie in 0..1 and the prevalence in 0..100 %; got "
            f"{sensitivity:g}, {specificity:g}, {prevalence_percent:g}. Enter people per 100."
        )
    ill = round(prevalence_percent)
    found = round(sensitivity * ill)
    passed_over = round(specificity * (100 - ill))
    return Meaning(condition, prevalence_percent, found, ill - found, 100 - ill - passed_over, passed_over)


@dataclass(frozen=True, slots=True)
class SideClass:
    """Pattern of one leg, as a point with its doubt in the plane that the classes divide.

    Attributes
    ----------
    name
        The most frequent class.
    sentence
        "between apparent equinus and crouch gait: of 100 repeats about 62 would read apparent equinus".
    x, y
        Ankle (dorsiflexed positive) and knee (bent positive), standard deviations from typical.
    shares
        Class -> how many of 100 repeats would read it.
    """

    side: str
    name: str
    sentence: str
    x: Estimate
    y: Estimate
    shares: Mapping[str, float]

    def __post_init__(self) -> None:
        """Check the side."""
        one_of("side of a pattern", self.side, SIDES)


@dataclass(frozen=True, slots=True)
class VisitChange:
    """How one number differs between two visits.

    Attributes
    ----------
    difference
        Later less earlier visit, with its 95 % interval from both.
    detectable
        Minimal detectable change in the number's unit; NaN when none is published.
    meaningful
        Smallest change that matters to people, in the number's unit; NaN when none is published.
    detectable_source, meaningful_source
        Who published it, on whom.
    sentence
        "Slower by 0.11 m/s [0.07, 0.15]. More than the measurement error of 0.09 m/s."
    is_detectable
        The change exceeds the error of measuring twice.
    """

    key: str
    label: str
    before: Estimate
    after: Estimate
    difference: Estimate
    sentence: str
    is_detectable: bool
    detectable: float = np.nan
    meaningful: float = np.nan
    detectable_source: str = ""
    meaningful_source: str = ""


@dataclass(frozen=True, slots=True)
class ScreeningResult:
    """What one score says about one recording.

    Attributes
    ----------
    key
        Stable name, the score's module: ``"parkinson"``.
    title
        "Parkinsonian gait".
    status
        One of ``STATUSES``.
    sentence
        What is told first: "Deviation compatible with parkinsonian gait: moderate".
    band
        One of ``BANDS``, or ``""``.
    score
        The number that the bands divide, with its 95 % interval.
    scale_name
        What the number counts: "further from healthy walking than ... % of healthy peers".
    band_edges
        Where "slight", "moderate" and "marked" begin, in the score's unit; empty without bands.
    companions
        Words -> further outputs, such as "at the same walking speed" or "time frozen".
    drivers
        Features by the size of their push, largest first.
    reason, cure
        Why there is no score, and how to obtain one ("To get it: ..."); both empty when there is one.
    checked
        What was checked before scoring, in words: "104 strides (30 needed)".
    cautions
        What limits this result, in words.
    population, source
        Whom it was fitted on, and where that is published.
    performance
        On people whom it was not fitted on; None where no data allow it.
    other_groups
        How often it fires where it should not.
    severity
        In words, only as far as the data carry it; ``""`` otherwise.
    sides
        Patterns of single legs.
    episodes_s
        Starts and ends, s, shape (k, 2) as pairs.
    model_card
        File name in ``docs/model_cards``.
    """

    key: str
    title: str
    status: str
    sentence: str
    score: Estimate
    band: str = ""
    scale_name: str = ""
    band_edges: tuple[float, ...] = ()
    companions: Mapping[str, Estimate] = field(default_factory=dict)
    drivers: tuple[Driver, ...] = ()
    reason: str = ""
    cure: str = ""
    checked: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    population: str = ""
    source: str = ""
    performance: Performance | None = None
    other_groups: tuple[OtherGroup, ...] = ()
    severity: str = ""
    sides: tuple[SideClass, ...] = ()
    episodes_s: tuple[tuple[float, float], ...] = ()
    model_card: str = ""

    def __post_init__(self) -> None:
        """Check that status, band, score and reason agree."""
        one_of("status of a score", self.status, STATUSES)
        if self.band:
            one_of("band of a score", self.band, BANDS)
        without = self.status in (NO_SCORE, DOES_NOT_APPLY)
        if without == self.score.is_assessable:
            raise SignalError(
                f"score '{self.key}' is '{self.status}' but its number is {self.score.grade}: they must agree."
            )
        if without and not self.reason:
            raise SignalError(f"score '{self.key}' gives no number and must say why.")
        if without and self.band:
            raise SignalError(f"score '{self.key}' gives no number; it cannot have the band '{self.band}'.")

    @property
    def is_given(self) -> bool:
        """True when there is a number."""
        return self.score.is_assessable

    def meaning(self, prevalence_percent: float) -> Meaning | None:
        """Return what passing the slight line means at a clinic's prevalence; None without a performance."""
        if self.performance is None:
            return None
        performance = self.performance
        return natural_frequencies(performance.sensitivity, performance.specificity, prevalence_percent)

    @property
    def not_specific(self) -> str:
        """Return how often the score fires elsewhere, in one sentence; empty when unknown."""
        if not self.other_groups:
            return ""
        listed = "; ".join(
            f"{group.per_100} of 100 {group.who} ({group.fired} of {group.people})" for group in self.other_groups
        )
        return f"Not specific: a score of this kind also passes its line in {listed}."

    @property
    def not_specific_basis(self) -> str:
        """Return how that was found, one sentence a basis; empty when unknown."""
        return " ".join(f"How found: {basis}." for basis in dict.fromkeys(group.basis for group in self.other_groups))
