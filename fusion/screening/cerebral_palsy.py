"""Walking patterns of cerebral palsy: how far a child's knees and ankles are from typical, and in which pattern.

1. Check age, leg length, speed and strides: children are compared at the same speed scaled by leg length.
2. Read knee and ankle of each leg against typical children (``_sagittal``); say the pattern (``_rodda_graham``).
3. Profile score: GPS where all nine curves are there, the named part of it otherwise (``fusion.gait.indices``).
4. Gait Deviation Index and what it is typical of, only where all three planes were measured.

The pattern describes a posture. It is no diagnosis and recommends no treatment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fusion.gait.indices import CURVES as NINE
from fusion.gait.indices import PELVIS, Profile, gait_deviation_index, movement_profile
from fusion.gait.norms import curve_norm
from fusion.screening._rodda_graham import CERTAIN, CLASSES, NOT_CLASSED, TYPICAL, asymmetric_share, side_class
from fusion.screening._sagittal import ANKLE, KNEE, READINGS, Compared, compare, shared_sd_deg, whole_cycles
from fusion.screening.base import About, Evidence
from fusion.types import SIDES, Estimate, Floats, ScreeningResult, SideClass
from fusion.types.screening import SCORED

ABOUT = About(
    key="cerebral_palsy",
    title="Cerebral palsy patterns (Rodda and Graham, profile score)",
    unit="deg",
    model_card="cerebral_palsy.md",
    population="typically developing children of one laboratory, at five speeds (Schwartz 2008)",
    source=(
        "patterns: Rodda & Graham 2001, Rodda et al. 2004; profile: Baker et al. 2009; index: Schwartz & Rozumalski "
        "2008; levels: Malt et al. 2016, J Child Orthop 10:261"
    ),
)

AGES = (4.0, 18.0)
FEWEST_STRIDES = 15
"""A side, wholly measured."""

GMFCS_GDI = {"I": (81.0, 11.0), "II": (71.0, 11.0), "III": (60.0, 9.0)}
"""Mean and standard deviation of the GDI by level: 109 children with spastic cerebral palsy (Malt et al. 2016)."""

OTHER_LABORATORY = (
    "Compared with another laboratory's typical children; those of a third one scored a GDI of 87.5, not 100. "
    "Read it against typical children measured in your own laboratory."
)
OWN_STANDING = (
    "With a standing pose, zero is the child's own standing: one who stands with bent knees reads less bent here."
)
_REPLICATES = 300
_SEED = 20040301


@dataclass(frozen=True, slots=True)
class _Legs:
    compared: tuple[Compared, ...]
    sides: tuple[SideClass, ...]
    video_ankle: bool


class CerebralPalsy:
    """Names the sagittal pattern of each leg and rates the distance from typical children."""

    about = ABOUT

    def assess(self, evidence: Evidence) -> ScreeningResult:
        """Return what it says about one visit."""
        refusal = _refusal(evidence)
        if refusal is not None:
            return refusal
        legs = _legs(evidence)
        if len(legs.sides) < 2:
            seen = {side.side for side in legs.sides}
            missing = " and ".join(side for side in SIDES if side not in seen)
            return ABOUT.withheld(f"Knee and ankle of the {missing} leg have no norm at this speed.", "walk slower.")
        return _result(legs, evidence)


def _refusal(evidence: Evidence) -> ScreeningResult | None:
    """Return why there is no score; None when there can be one."""
    subject, recording = evidence.subject, evidence.recording
    if not np.isfinite(subject.age_years):
        return ABOUT.withheld("The age is not given; children are compared by age.", "enter the age.")
    if not AGES[0] <= subject.age_years < AGES[1]:
        return ABOUT.not_meant(f"Made for ages {AGES[0]:g} to {AGES[1]:g}; this person is {subject.age_years:g}.")
    if not np.isfinite(subject.leg_length_m):
        return ABOUT.withheld("The leg length is not given; speed is scaled by it.", "measure and enter it.")
    if recording.walking_aid not in ("", "none"):
        reason = f"The child walked with an aid ({recording.walking_aid}); typical children walked without."
        return ABOUT.withheld(reason, "record barefoot and without the aid if that is safe.")
    if recording.surface == "treadmill":
        return ABOUT.withheld("The typical children walked over ground.", "record over ground.")
    if not evidence.parameters.get("walking_speed_mps").is_assessable:
        why = evidence.parameters.get("walking_speed_mps").reason
        return ABOUT.withheld(
            f"No walking speed ({why}); children are compared at the same speed.", "see the reason."
        )
    return _too_little_seen(evidence)


def _too_little_seen(evidence: Evidence) -> ScreeningResult | None:
    for side in SIDES:
        for curve in ("knee_flexion", "ankle_dorsiflexion"):
            count = len(whole_cycles(evidence.joint_angles, curve, side))
            if count < FEWEST_STRIDES:
                joint = curve.split("_")[0]
                why = evidence.joint_angles.reasons.get(f"{curve}_{side}_deg", "")
                reason = f"{side.capitalize()} {joint}: measured in {count} strides, {FEWEST_STRIDES} needed."
                cure = why or f"let the {side} leg be seen or worn for more strides"
                return ABOUT.withheld(reason, f"{cure}.", n=count)
    return None


def _legs(evidence: Evidence) -> _Legs:
    worn = {imu.segment for imu in evidence.recording.imus}
    video_ankle = not {"left_foot", "right_foot"} <= worn
    speed = evidence.parameters.get("walking_speed_mps").value
    found = [
        compare(reading, side, evidence.joint_angles, evidence.subject, speed, video_ankle=video_ankle)
        for side in SIDES
        for reading in READINGS
    ]
    compared = tuple(item for item in found if item is not None)
    by_key = {(item.reading.key, item.side): item for item in compared}
    sides = tuple(
        side_class(side, by_key[ANKLE.key, side].z, by_key[KNEE.key, side].z)
        for side in SIDES
        if (ANKLE.key, side) in by_key and (KNEE.key, side) in by_key
    )
    return _Legs(compared, sides, video_ankle)


def _result(legs: _Legs, evidence: Evidence) -> ScreeningResult:
    profile, score = _profile(evidence)
    companions = {f"{profile.name}, {side} leg": _plain(profile.score_deg[side], score) for side in SIDES}
    companions |= {f"Gait Deviation Index, {side} leg": gdi_of(evidence, side) for side in SIDES}
    drivers = sorted((item.driver for item in legs.compared), key=lambda driver: -abs(driver.push))
    cautions = [OTHER_LABORATORY, OWN_STANDING]
    if legs.video_ankle:
        cautions.insert(
            0, "Low confidence: " + next(item.deg.reason for item in legs.compared if item.deg.reason) + "."
        )
    return ScreeningResult(
        key=ABOUT.key,
        title=ABOUT.title,
        status=SCORED,
        sentence=_sentence(legs.sides),
        score=score,
        scale_name=f"{profile.name}: difference from typical curves",
        companions=companions,
        drivers=tuple(drivers),
        checked=(
            f"{len(whole_cycles(evidence.joint_angles, 'knee_flexion', 'left'))} strides left, "
            f"{len(whole_cycles(evidence.joint_angles, 'knee_flexion', 'right'))} right ({FEWEST_STRIDES} needed)",
            f"age {evidence.subject.age_years:g}, leg length {evidence.subject.leg_length_m:.2f} m",
            f"compared with {legs.compared[0].norm.name}",
        ),
        cautions=tuple(cautions),
        population=ABOUT.population,
        source=ABOUT.source,
        severity=gmfcs_band([gdi_of(evidence, side) for side in SIDES]),
        sides=legs.sides,
        model_card=ABOUT.model_card,
    )


def _sentence(sides: tuple[SideClass, ...]) -> str:
    left, right = sides
    shares = [{name: side.shares.get(name, 0.0) / 100.0 for name in CLASSES} for side in sides]
    if left.name == right.name:
        both = f"Both legs: deviation compatible with {left.name}"
        text = "Both legs: posture as in typical children" if left.name == TYPICAL else both
        text = "Both legs: a posture that the scheme does not name" if left.name == NOT_CLASSED else text
    else:
        text = f"Left leg {left.name}, right leg {right.name}"
    differ = asymmetric_share(*shares)
    if differ >= CERTAIN:
        text += "; asymmetric"
    elif differ >= 0.5:
        text += f"; asymmetric in about {round(100.0 * differ)} of 100 repeats"
    return text


def _profile(evidence: Evidence) -> tuple[Profile, Estimate]:
    """Return the profile and its score of both legs, with the doubt of strides and of the curves' zeros."""
    angles = evidence.joint_angles
    cycles = {
        side: {curve: whole_cycles(angles, curve, side) for curve in ("knee_flexion", "ankle_dorsiflexion")}
        for side in SIDES
    }
    reference = _reference(evidence)
    curves = {side: {name: rows.mean(axis=0) for name, rows in named.items()} for side, named in cycles.items()}
    profile = movement_profile(curves, reference)
    random = np.random.default_rng(_SEED)
    drawn = []
    for _ in range(_REPLICATES):
        once = {
            side: {
                name: rows[random.integers(0, len(rows), len(rows))].mean(axis=0)
                + shared_sd_deg(angles, name, side) * random.standard_normal()
                for name, rows in named.items()
            }
            for side, named in cycles.items()
        }
        drawn.append(movement_profile(once, reference).score_deg["both"])
    # A root mean square grows with noise: the draws' spread is used, not their place.
    sd = float(np.std(drawn, ddof=1))
    value = profile.score_deg["both"]
    strides = min(len(rows) for named in cycles.values() for rows in named.values())
    return profile, Estimate(value, max(value - 1.96 * sd, 0.0), value + 1.96 * sd, "deg", strides)


def _reference(evidence: Evidence) -> Mapping[str, Floats]:
    """Return the mean curves of typical children at this child's normalised speed.

    Hip and pelvis are left out: their published zero is the plane of the pelvic landmarks, ours is standing.
    """
    speed = evidence.parameters.get("walking_speed_mps").value
    norms = {name: curve_norm(name, evidence.subject, speed) for name in ("knee_flexion", "ankle_dorsiflexion")}
    return {name: norm.mean_deg for name, norm in norms.items() if norm is not None}


def _plain(value: float, like: Estimate) -> Estimate:
    """Return one leg's score with the relative doubt of both legs' score, widened as for half the data."""
    reach = (like.high - like.value) * np.sqrt(2.0)
    return Estimate(value, max(value - reach, 0.0), value + reach, like.unit, like.n)


def gdi_of(evidence: Evidence, side: str) -> Estimate:
    """Return the Gait Deviation Index of one leg; not assessable unless all nine curves were measured."""
    angles = evidence.joint_angles
    names = {curve: f"{curve}_deg" if curve in PELVIS else f"{curve}_{side}_deg" for curve in NINE}
    cycles = {curve: angles.cycles_deg.get(name, np.empty((0, 101))) for curve, name in names.items()}
    cycles = {curve: rows[np.isfinite(rows).all(axis=1)] for curve, rows in cycles.items() if len(rows)}
    missing = [curve.replace("_", " ") for curve in NINE if len(cycles.get(curve, ())) < FEWEST_STRIDES]
    if missing:
        reason = f"needs nine curves in three planes; {len(missing)} missing ({', '.join(missing[:3])}, ...)"
        return Estimate.not_assessable("1", reason)
    value = gait_deviation_index({curve: rows.mean(axis=0) for curve, rows in cycles.items()})
    # Massaad et al. 2014, Gait Posture 39:354: test and retest differ by up to 10 points in 95 % of children.
    reach = 10.0 / np.sqrt(2.0)
    return Estimate(value, value - reach, value + reach, "1", min(len(rows) for rows in cycles.values()))


def gmfcs_band(indices: list[Estimate]) -> str:
    """Return of which levels a GDI is typical, with the published overlap; empty without a GDI."""
    known = [index.value for index in indices if index.is_assessable]
    if not known:
        return ""
    mean = float(np.mean(known))
    fitting = [level for level, (centre, sd) in GMFCS_GDI.items() if abs(mean - centre) <= sd]
    listed = ", ".join(f"level {level} {centre:.0f} (SD {sd:.0f})" for level, (centre, sd) in GMFCS_GDI.items())
    typical = f"typical of GMFCS level {' or '.join(fitting)}" if fitting else "not typical of GMFCS level I to III"
    overlap = f"The levels overlap: {listed}; Malt et al. 2016"
    return f"A GDI of {mean:.0f} is {typical}. {overlap}. Not a level of this child."


PLUGIN = CerebralPalsy
