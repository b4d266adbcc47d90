"""Parkinsonian gait from the timing of strides: a calibrated model with its own abstentions.

1. Check that the person and the recording are like those that the model was fitted on; else say why not.
2. Read four robust features of stride timing (``_timing``).
3. Take the model that was fitted with contacts as uncertain as those of this recording: one fitted on exact contacts
   calls everybody parkinsonian as soon as contacts are off by 20 ms.
4. Log odds -> place among healthy people whom the model had not seen -> band. The interval joins the strides (block
   bootstrap), the few training people (covariance of the coefficients) and a constant lateness of the contacts.
5. Say what drives it, how it reads at the same walking speed, and how often it is wrong.

The number is a place among healthy people, never the probability of a disease: that depends on who is referred.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm as normal

from fusion.gait.parameters import CONSTANT_SHARE
from fusion.screening._model import Level, TimingModel, Variant, shipped
from fusion.screening._timing import FEATURES, LOGGED, StrideTimes, features, resampled_features, transform
from fusion.screening.base import BAND_EDGES_PERCENT, SCALE_NAME, About, Evidence, band_of, missing_foot
from fusion.types import Driver, Estimate, Floats, OtherGroup, ScreeningResult
from fusion.types.screening import SCORED

ABOUT = About(
    key="parkinson",
    title="Parkinsonian gait",
    unit="%",
    model_card="parkinson.md",
    population=(
        "58 people with Parkinson's disease (Hoehn & Yahr 2 to 3) and 43 healthy people, 45-86 years, usual walk "
        "with instrumented insoles in two studies"
    ),
    source="gaitpdb, PhysioNet (ODC-BY 1.0): Goldberger 2000, Yogev 2005, Hausdorff 2007",
)

FEWEST_STRIDES = 30
FEWEST_PER_FOOT = 12
FEW_STRIDES = 60
"""From 30 strides on there is a score; below 60 it says that its interval is wide."""

MEASURED_EVENT_SD_S = {"imu": 0.009, "imu+camera": 0.009, "camera": 0.015}
"""Error of a contact by its source against the reference of the set mea_lab (docs/validation.md: mean absolute
errors of 6-8 ms and 12 ms, times 1.25); a recording that claims less is not believed."""

OFFSET_SD_S = 0.005
"""Constant lateness of a kind of contact against the insoles' 5 % of peak force: detectors differ by 4 ms in the
same validation."""

REPLICATES = 400
SEED = 19980514
NONE_TOLD = "None does not exclude it: early parkinsonism may walk like this."

_LABELS = {
    "stride_time_s": ("Stride time", "s"),
    "swing_percent": ("Time with the foot in the air", "%"),
    "swing_cv_percent": ("Variation of swing time", "%"),
    "pci_percent": ("Left-right coordination error", "%"),
}

OTHER_BASIS = (
    "a model of Parkinson against healthy at 90 % specificity on statistics of wearable signals, split by person, "
    "on the Voisard set as published in features; it holds no strides, so this score itself could not be tried there"
)
OTHER_GROUPS = (
    OtherGroup("people after stroke", 23, 33, OTHER_BASIS),
    OtherGroup("people with leukoencephalopathy", 18, 34, OTHER_BASIS),
    OtherGroup("people with neuropathy after chemotherapy", 5, 13, OTHER_BASIS),
    OtherGroup("people with osteoarthritis of hip or knee", 2, 22, OTHER_BASIS),
)
"""docs/screening.md, where the validation command writes the shares; a test holds these against them."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """Transformed features of one visit, their bootstrap draws, and the model that fits them."""

    x: Floats
    draws: Floats
    level: Level
    event_sd_s: float
    times: StrideTimes


class Parkinson:
    """Rates stride timing between healthy people and people with Parkinson's disease."""

    about = ABOUT

    def __init__(self, model: TimingModel | None = None) -> None:
        self.model = model or shipped("parkinson")

    def assess(self, evidence: Evidence) -> ScreeningResult:
        """Return what it says about one visit."""
        refusal = self._unlike_the_training_people(evidence) or _unlike_the_training_walks(evidence)
        if refusal is not None:
            return refusal
        times = StrideTimes.from_strides(evidence.strides)
        event_sd_s = event_error_s(evidence)
        level = self.model.level_for(event_sd_s)
        if level is None:
            worst = 1e3 * self.model.levels[-1].event_sd_s
            reason = f"Contacts are known to {1e3 * event_sd_s:.0f} ms; this score needs {worst:.0f} ms or better."
            return ABOUT.withheld(reason, "wear a sensor on each shank or foot.", n=times.total)
        x = transform(features(times))
        distance = level.domain.distance(x)
        if distance > level.domain.limit:
            reason = (
                f"The walk is unlike all {level.overall.performance.n_cases + level.overall.performance.n_controls} "
                f"training people: {distance:.1f} standard deviations from the nearer group, furthest of them "
                f"{level.domain.limit:.1f}."
            )
            return ABOUT.withheld(
                reason, "check the contacts in Review; if they are right, no score fits.", n=times.total
            )
        draws = transform(resampled_features(times, REPLICATES, SEED))
        return self._result(_Reading(x, draws, level, event_sd_s, times), evidence)

    def _unlike_the_training_people(self, evidence: Evidence) -> ScreeningResult | None:
        age = evidence.subject.age_years
        low, high = self.model.age_range_years
        if not np.isfinite(age):
            return ABOUT.withheld("The age is not given; the score was fitted on one age range.", "enter the age.")
        if not low <= age <= high:
            return ABOUT.not_meant(f"Made for ages {low:g} to {high:g}; this person is {age:g}.")
        return None

    def _result(self, reading: _Reading, evidence: Evidence) -> ScreeningResult:
        level = reading.level
        score = place(level.overall, reading.x, reading.draws, _offset_sd(reading), reading.times.total)
        band = band_of(score.value)
        cautions = [] if band != "none" else [NONE_TOLD]
        if reading.times.total < FEW_STRIDES:
            cautions.append(f"{reading.times.total} strides: the interval is wide; {FEW_STRIDES} narrow it.")
        if not evidence.recording.walking_aid:
            cautions.append("Whether a walking aid was used is not stated; with one, do not read this score.")
        same_speed = self._at_same_speed(reading, evidence)
        return ScreeningResult(
            key=ABOUT.key,
            title=ABOUT.title,
            status=SCORED,
            sentence=f"Deviation compatible with parkinsonian gait: {band}",
            score=score,
            band=band,
            scale_name=SCALE_NAME,
            band_edges=BAND_EDGES_PERCENT,
            companions={"compared at the same walking speed": same_speed},
            drivers=_drivers(reading),
            checked=self._checked(reading, evidence),
            cautions=tuple(cautions),
            population=ABOUT.population,
            source=ABOUT.source,
            performance=level.overall.performance,
            other_groups=OTHER_GROUPS,
            severity=_severity(level, log_odds_of(level.overall, reading.x), band),
            model_card=ABOUT.model_card,
        )

    def _at_same_speed(self, reading: _Reading, evidence: Evidence) -> Estimate:
        speed = evidence.parameters.get("walking_speed_mps")
        if not speed.is_assessable:
            return Estimate.not_assessable("%", f"no walking speed: {speed.reason}")
        level = reading.level
        x = level.at_mean_speed(reading.x, speed.value)
        draws = level.at_mean_speed(reading.draws, speed.value)
        return place(level.same_speed, x, draws, _offset_sd(reading), reading.times.total)

    def _checked(self, reading: _Reading, evidence: Evidence) -> tuple[str, ...]:
        low, high = self.model.age_range_years
        return (
            f"{reading.times.total} strides ({FEWEST_STRIDES} needed)",
            f"contacts known to {1e3 * reading.event_sd_s:.0f} ms (model fitted at "
            f"{1e3 * reading.level.event_sd_s:.0f} ms)",
            f"age {evidence.subject.age_years:g} within {low:g} to {high:g}",
            f"{reading.level.domain.distance(reading.x):.1f} standard deviations from the training people "
            f"(furthest of them {reading.level.domain.limit:.1f})",
        )


def _unlike_the_training_walks(evidence: Evidence) -> ScreeningResult | None:
    """Return why the recording is unlike the walks that the model was fitted on; None when it is like them."""
    recording = evidence.recording
    if recording.walking_aid not in ("", "none"):
        reason = f"The person walked with an aid ({recording.walking_aid}); the training people walked without."
        return ABOUT.withheld(reason, "record without the aid if that is safe.")
    if recording.surface == "treadmill":
        return ABOUT.withheld(
            "A belt steadies stride timing; the score was fitted over ground.", "record over ground."
        )
    foot = missing_foot(evidence)
    if foot:
        return ABOUT.withheld(
            f"No stride of the {foot} foot counts; both are needed.", "let both feet be seen or worn."
        )
    times = StrideTimes.from_strides(evidence.strides)
    if times.total < FEWEST_STRIDES or times.fewest < FEWEST_PER_FOOT:
        fewest = min(times.by_side, key=lambda side: len(times.by_side[side]))
        reason = (
            f"{times.total} strides with all contacts, {times.fewest} of them of the {fewest} foot; "
            f"{FEWEST_STRIDES} and {FEWEST_PER_FOOT} a foot are needed."
        )
        return ABOUT.withheld(reason, "walk longer or pool the walks of one visit.", n=times.total)
    return None


def event_error_s(evidence: Evidence) -> float:
    """Return how far the contacts of this recording scatter from stride to stride, s (standard deviation).

    1. What the recording claims, but not less than was measured for its source.
    2. Less the part that is the same for all strides: it moves no spread.
    3. Swing varies because people do and because its two contacts err: not more than half of its variance is
       credited to the contacts, or a recording that is better than it claims would be taken for a better walker.
    """
    events = evidence.events
    sources, counts = np.unique(events.source, return_counts=True)
    usual = str(sources[np.argmax(counts)]) if len(sources) else ""
    claimed = events.sd_s[np.isfinite(events.sd_s)]
    sd_s = max(MEASURED_EVENT_SD_S.get(usual, 0.0), float(np.median(claimed)) if claimed.size else 0.0)
    row = features(StrideTimes.from_strides(evidence.strides))
    values = dict(zip(FEATURES, row, strict=True))
    swing_s = values["stride_time_s"] * values["swing_percent"] / 100.0
    most_s = 0.5 * swing_s * values["swing_cv_percent"] / 100.0
    return float(min(np.sqrt(1.0 - CONSTANT_SHARE) * sd_s, most_s))


def log_odds_of(variant: Variant, x: Floats) -> float:
    """Return the log odds of one visit's transformed features, shape (k,)."""
    return float(variant.logistic.log_odds(x[None])[0])


def place(variant: Variant, x: Floats, draws: Floats, offset_sd: Floats, strides: int) -> Estimate:
    """Return the share of healthy people who are closer to healthy walking, %, with its interval.

    Parameters
    ----------
    x
        Transformed features, shape (k,).
    draws
        Of the block bootstrap, shape (replicates, k).
    offset_sd
        Doubt of each transformed feature that strides cannot average out, shape (k,).
    """
    logistic = variant.logistic
    shared = float(np.linalg.norm(logistic.coefficients[1:] * offset_sd / logistic.sd))
    spread = float(np.std(logistic.log_odds(draws), ddof=1))
    sd = float(np.sqrt(spread**2 + float(logistic.log_odds_sd(x[None])[0]) ** 2 + shared**2))
    centre = log_odds_of(variant, x)
    reference = variant.healthy
    ends = np.array([centre, centre - 1.96 * sd, centre + 1.96 * sd])
    percent = 100.0 * normal.cdf((ends - reference.log_odds_mean) / reference.log_odds_sd)
    return Estimate(float(percent[0]), float(percent[1]), float(percent[2]), "%", strides)


def _offset_sd(reading: _Reading) -> Floats:
    """Return how far a constant lateness of contacts moves each feature: the share of swing, and nothing else."""
    if reading.event_sd_s == 0.0:
        return np.zeros(len(FEATURES))
    stride_time_s = reading.x[FEATURES.index("stride_time_s")]
    swing = 100.0 * np.sqrt(2.0) * OFFSET_SD_S / stride_time_s
    return np.array([swing if name == "swing_percent" else 0.0 for name in FEATURES])


def _drivers(reading: _Reading) -> tuple[Driver, ...]:
    variant = reading.level.overall
    healthy = variant.healthy
    pushes = variant.logistic.pushes(reading.x[None], healthy.feature_mean)[0]
    sd = np.sqrt(reading.draws.var(axis=0, ddof=1) + _offset_sd(reading) ** 2)
    people = f"{healthy.people} healthy people of the training set, same error of contacts"
    found = []
    for k, name in enumerate(FEATURES):
        label, unit = _LABELS[name]
        ends = np.array([0.0, -1.96, 1.96]) * sd[k] + reading.x[k]
        norm = healthy.feature_mean[k] + np.array([-1.96, 1.96]) * healthy.feature_sd[k]
        if LOGGED[k]:
            ends, norm = np.exp(ends), np.exp(norm)
        estimate = Estimate(float(ends[0]), float(ends[1]), float(ends[2]), unit, reading.times.total)
        found.append(Driver(name, label, estimate, float(pushes[k]), float(norm[0]), float(norm[1]), people))
    return tuple(sorted(found, key=lambda driver: -abs(driver.push)))


def _severity(level: Level, log_odds: float, band: str) -> str:
    """Return which stages walk like this, as a band; empty below the slight line."""
    if band == "none" or not level.stages:
        return ""
    names = list(level.stages)
    density = np.array([normal.pdf(log_odds, mean, sd) for mean, sd, _ in level.stages.values()])
    share = density / density.sum()
    likely = [name for name, part in zip(names, share, strict=True) if part >= 0.2] or [names[int(np.argmax(share))]]
    counted = ", ".join(f"stage {name}: {people}" for name, (_, _, people) in level.stages.items())
    span = likely[0] if len(likely) == 1 else f"{likely[0]} to {likely[-1]}"
    return (
        f"Timing like this was seen at Hoehn & Yahr {span} (training people: {counted}). Not a stage of this person."
    )


PLUGIN = Parkinson
