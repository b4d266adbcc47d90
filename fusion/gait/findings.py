"""Key findings: what a physiotherapist would say, with the numbers and the norm behind it.

Whether a value lies outside its norm is judged by its whole interval: all outside is below or above, an
interval that crosses a limit is borderline.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fusion.gait.definitions import definition
from fusion.gait.norms import Norm, norm_for
from fusion.types import SIDES, Estimate, Finding, GaitParameters, Parameter, Subject

MAX_FINDINGS = 7
MAX_WITHHELD = 3

_RANK = {"below": 0, "above": 0, "borderline": 1, "within": 2, "no norm": 3, "not assessable": 4}


@dataclass(frozen=True, slots=True)
class _Template:
    """Words of one finding. A two-sided one starts with the side: ``"{side} knee bends ..."``."""

    parameter: str
    part: str
    below: str
    above: str
    below_both: str = ""
    above_both: str = ""

    @property
    def two_sided(self) -> bool:
        return bool(self.below_both)


VAGUE_DEG = 6.0
"""Half-width of an interval beyond which a peak says less than the range of motion, which needs no zero."""

_TEMPLATES = (
    _Template("walking_speed_mps", "Walking speed", "Walks slower than peers", "Walks faster than peers"),
    _Template(
        "stride_length_m",
        "Stride length",
        "Takes shorter strides than peers",
        "Takes longer strides than peers",
    ),
    _Template("cadence_spm", "Step rate", "Steps less often than peers", "Steps more often than peers"),
    _Template(
        "double_support_percent",
        "Time on both feet",
        "Shorter time on both feet than peers",
        "Longer time on both feet than peers",
    ),
    _Template(
        "knee_flexion_swing_deg",
        "knee bend",
        "{side} knee bends less in swing than in peers",
        "{side} knee bends more in swing than in peers",
        "Both knees bend less in swing than in peers",
        "Both knees bend more in swing than in peers",
    ),
    _Template(
        "knee_flexion_range_deg",
        "knee range",
        "{side} knee moves less than in peers",
        "{side} knee moves more than in peers",
        "Both knees move less than in peers",
        "Both knees move more than in peers",
    ),
    _Template(
        "stride_time_cv_percent",
        "Stride timing",
        "Stride timing varies less than in peers",
        "Stride timing varies more than in peers",
    ),
    _Template(
        "step_time_asymmetry_percent",
        "Step timing, left against right,",
        "Left steps are quicker than right steps",
        "Left steps take longer than right steps",
    ),
    _Template(
        "hip_flexion_range_deg",
        "hip range",
        "{side} hip moves less than in peers",
        "{side} hip moves more than in peers",
        "Both hips move less than in peers",
        "Both hips move more than in peers",
    ),
    _Template(
        "ankle_dorsiflexion_range_deg",
        "ankle range",
        "{side} ankle moves less than in peers",
        "{side} ankle moves more than in peers",
        "Both ankles move less than in peers",
        "Both ankles move more than in peers",
    ),
)
"""In the order of importance for a reader."""


def findings(
    parameters: GaitParameters,
    keys: Sequence[Parameter],
    subject: Subject,
    *,
    limit: int = MAX_FINDINGS,
    withheld: int = MAX_WITHHELD,
) -> tuple[Finding, ...]:
    """Return the key findings, those outside their norm first, then at most a few that were withheld.

    Parameters
    ----------
    parameters
        Of ``gait_parameters``.
    keys
        Of ``key_angles``.
    subject
        Chooses the norms.
    limit, withheld
        How many findings, and how many "not assessable" ones, fit on a page.
    """
    every = all_findings(parameters, keys, subject)
    given = [finding for finding in every if finding.comparison != "not assessable"]
    missing = [finding for finding in every if finding.comparison == "not assessable"]
    return (*given[:limit], *missing[:withheld])


def all_findings(parameters: GaitParameters, keys: Sequence[Parameter], subject: Subject) -> tuple[Finding, ...]:
    """Return every finding, ranked: outside its norm, borderline, within, no norm, not assessable."""
    speed = parameters.get("walking_speed_mps").value
    numbers = GaitParameters((*parameters.items, *keys))
    templates = [template for template in _TEMPLATES if template.parameter != _knee_left_out(numbers)]
    found = [_finding(template, numbers, subject, speed) for template in templates]
    return tuple(sorted(found, key=lambda finding: _RANK[finding.comparison]))


def _knee_left_out(numbers: GaitParameters) -> str:
    """Return which of the knee's two readings is not told: the peak when its zero is vague, else the range."""
    peaks = [numbers.get("knee_flexion_swing_deg", side) for side in SIDES]
    vague = any(peak.is_assessable and 0.5 * (peak.high - peak.low) > VAGUE_DEG for peak in peaks)
    return "knee_flexion_swing_deg" if vague else "knee_flexion_range_deg"


def compare(estimate: Estimate, norm: Norm) -> str:
    """Return where an interval lies: ``"below"``, ``"borderline"``, ``"within"``, ``"above"``, ..."""
    if not estimate.is_assessable:
        return "not assessable"
    if not norm.is_known:
        return "no norm"
    if estimate.high < norm.low:
        return "below"
    if estimate.low > norm.high:
        return "above"
    return "within" if norm.low <= estimate.low and estimate.high <= norm.high else "borderline"


def _finding(template: _Template, numbers: GaitParameters, subject: Subject, speed_mps: float) -> Finding:
    name = template.parameter
    norm = norm_for(name, subject, speed_mps)
    sides = SIDES if template.two_sided else ("both",)
    estimates = {side: numbers.get(name, side) for side in sides}
    words = {side: compare(estimate, norm) for side, estimate in estimates.items()}
    overall = min(words.values(), key=_RANK.__getitem__)
    chosen = tuple(side for side, word in words.items() if word == overall)
    label = definition(name).label
    detail = _reason(estimates) if overall == "not assessable" else label
    return Finding(
        key=name.rsplit("_", 1)[0],
        sentence=_sentence(template, overall, chosen, estimates),
        detail=detail,
        estimates=estimates,
        norm_low=norm.low,
        norm_high=norm.high,
        norm_name=norm.name,
        comparison=overall,
    )


def _sentence(template: _Template, word: str, sides: tuple[str, ...], estimates: Mapping[str, Estimate]) -> str:
    if word in ("below", "above"):
        if len(sides) == 2:
            return template.below_both if word == "below" else template.above_both
        text = template.below if word == "below" else template.above
        return text.format(side=sides[0].capitalize())
    part = _part(template, sides if word == "borderline" else tuple(estimates))
    if word == "no norm" and template.parameter == "step_time_asymmetry_percent":
        return _asymmetry_sentence(template, estimates["both"])
    endings = {
        "borderline": " is borderline",
        "within": " is as in peers",
        "no norm": " is given without a norm",
        "not assessable": "",
    }
    return f"{part}{endings[word]}"


def _part(template: _Template, sides: tuple[str, ...]) -> str:
    if template.two_sided and len(sides) == 1:
        return f"{sides[0].capitalize()} {template.part}"
    return template.part[0].upper() + template.part[1:]


def _asymmetry_sentence(template: _Template, estimate: Estimate) -> str:
    """Compare the sides with each other: that needs no peers."""
    if estimate.low > 0.0:
        return template.above
    if estimate.high < 0.0:
        return template.below
    return "Left and right steps take equally long"


def _reason(estimates: Mapping[str, Estimate]) -> str:
    """Return why it was withheld, once per different reason."""
    reasons = {estimate.reason: None for estimate in estimates.values() if np.isnan(estimate.value)}
    return " · ".join(reasons)
