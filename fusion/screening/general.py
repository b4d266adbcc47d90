"""How far an adult's walk is from that of healthy peers, whatever the reason.

1. Take measures of stride, rhythm and support (domains of Lord et al. 2013, *J Gerontol A* 68:820).
2. Express them in standard deviations from healthy people of the same age, sex and pace. Walking speed itself is
   told apart and moves nothing: a slow or fast walk may be chosen, and the recording cannot say.
3. Take the domain that is furthest away. By chance alone one of k domains is as far with a probability of
   1 - (1 - p)^k if they were independent, and of less if they are correlated (Šidák 1967): the share of healthy
   peers who are closer is (1 - p)^k or more.

The bound holds for any correlation between normal domains, so no correlation has to be known; the price is that
a deviation spread thinly over all domains is rated low.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm as normal

from fusion.gait.definitions import definition
from fusion.gait.norms import Norm, norm_for
from fusion.screening.base import BAND_EDGES_PERCENT, SCALE_NAME, About, Evidence, band_of
from fusion.types import Driver, Estimate, Floats, ScreeningResult
from fusion.types.screening import SCORED

ABOUT = About(
    key="general",
    title="General deviation of walking",
    unit="%",
    model_card="general.md",
    population="healthy adults of the walkway norms, by age, sex and pace",
    source="norms of fusion.gait.norms; domains after Lord et al. 2013, J Gerontol A 68:820; bound of Šidák 1967",
)

DOMAINS = {
    "stride_length_m": "Stride length",
    "cadence_spm": "Step rate",
    "double_support_percent": "Time on both feet",
}
FEWEST_DOMAINS = 2
YOUNGEST = 18.0

_DRAWS = 2000
_SEED = 20130702


@dataclass(frozen=True, slots=True)
class _Domain:
    driver: Driver
    z: float
    z_sd: float


class GeneralDeviation:
    """Rates the domain of gait that is furthest from healthy peers."""

    about = ABOUT

    def assess(self, evidence: Evidence) -> ScreeningResult:
        """Return what it says about one visit."""
        age = evidence.subject.age_years
        if not np.isfinite(age):
            return ABOUT.withheld("The age is not given; norms differ with age.", "enter the age and the sex.")
        if age < YOUNGEST:
            return ABOUT.not_meant(f"Made for adults from {YOUNGEST:g} years; this person is {age:g}.")
        if evidence.recording.surface == "treadmill":
            return ABOUT.withheld("The norms were measured over ground; a belt sets the pace.", "record over ground.")
        domains = _domains(evidence)
        if len(domains) < FEWEST_DOMAINS:
            reason = f"Only {len(domains)} of {len(DOMAINS)} measures have a norm here, {FEWEST_DOMAINS} needed."
            why = sorted({norm.name for norm in _norms(evidence).values() if not norm.is_known})
            return ABOUT.withheld(
                " ".join([reason, *(f"{text[:1].upper()}{text[1:]}." for text in why)]),
                "enter age, sex and height, and record strides of both feet at the usual pace.",
            )
        return _result(domains, evidence)


def _norms(evidence: Evidence) -> dict[str, Norm]:
    speed = evidence.parameters.get("walking_speed_mps").value
    return {name: norm_for(name, evidence.subject, speed, same_pace=True) for name in DOMAINS}


def _domains(evidence: Evidence) -> tuple[_Domain, ...]:
    found = []
    for name, norm in _norms(evidence).items():
        label, estimate = DOMAINS[name], evidence.parameters.get(name)
        if not estimate.is_assessable or not norm.is_known or not np.isfinite(estimate.high - estimate.low):
            continue
        z = (estimate.value - norm.mean) / norm.sd
        z_sd = (estimate.high - estimate.low) / (2.0 * 1.96 * norm.sd)
        driver = Driver(name, label, estimate, abs(z), norm.low, norm.high, norm.name)
        found.append(_Domain(driver, z, z_sd))
    return tuple(sorted(found, key=lambda domain: -abs(domain.z)))


def percent_of_peers(z: Floats) -> Floats:
    """Return the share of healthy peers who are closer to the mean in every domain, %.

    Parameters
    ----------
    z
        Standard deviations from the mean, shape (..., domains).

    Returns
    -------
    ndarray, shape (...)
        A lower bound under any correlation of the domains.
    """
    furthest = np.max(np.abs(z), axis=-1)
    within = 1.0 - 2.0 * normal.sf(furthest)
    return np.asarray(100.0 * within ** z.shape[-1])


def slower_percent(evidence: Evidence) -> Estimate:
    """Return the share of healthy peers who walk faster at their usual pace, %."""
    speed = evidence.parameters.get("walking_speed_mps")
    norm = norm_for("walking_speed_mps", evidence.subject)
    if not speed.is_assessable or not norm.is_known:
        return Estimate.not_assessable("%", speed.reason or norm.name)
    ends = 100.0 * normal.sf((np.array([speed.value, speed.high, speed.low]) - norm.mean) / norm.sd)
    return Estimate(float(ends[0]), float(ends[1]), float(ends[2]), "%", speed.n)


def _result(domains: tuple[_Domain, ...], evidence: Evidence) -> ScreeningResult:
    z = np.array([domain.z for domain in domains])
    z_sd = np.array([domain.z_sd for domain in domains])
    # The errors of the measures are taken as independent: their correlation is not known.
    drawn = z + z_sd * np.random.default_rng(_SEED).standard_normal((_DRAWS, len(z)))
    low, high = np.percentile(percent_of_peers(drawn), [2.5, 97.5])
    value = float(percent_of_peers(z))
    band = band_of(value)
    strides = max(domain.driver.estimate.n for domain in domains)
    score = Estimate(value, min(float(low), value), max(float(high), value), "%", strides)
    furthest = definition(domains[0].driver.key).label
    told = "within the range of healthy peers" if band == "none" else f"{band}, most in {furthest}"
    return ScreeningResult(
        key=ABOUT.key,
        title=ABOUT.title,
        status=SCORED,
        sentence=f"Deviation from healthy walking: {told}",
        score=score,
        band=band,
        scale_name=SCALE_NAME,
        band_edges=BAND_EDGES_PERCENT,
        companions={"healthy peers who walk faster at their usual pace": slower_percent(evidence)},
        drivers=tuple(domain.driver for domain in domains),
        checked=(f"{len(domains)} of {len(DOMAINS)} measures have a norm for this person",),
        cautions=(
            "Says how far, not why: pain, age and fear of falling do so too.",
            "Compared at the pace that was walked; the speed itself is told beside it and moves nothing here.",
        ),
        population=ABOUT.population,
        source=ABOUT.source,
        model_card=ABOUT.model_card,
    )


PLUGIN = GeneralDeviation
