"""Sagittal patterns of walking with spastic cerebral palsy, after Rodda & Graham, with the doubt of each border.

Rodda JM, Graham HK (2001), *Eur J Neurol* 8 Suppl 5:98; Rodda JM et al. (2004), *J Bone Joint Surg Br* 86:251: ankle
and knee in mid-stance (20 to 45 % of the cycle) against typical children, in standard deviations; the borders lie one
standard deviation from typical. A leg is a point with an uncertainty in that plane, so it can lie between classes.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.stats import norm as normal

from fusion.types import Estimate, SideClass

TRUE_EQUINUS = "true equinus"
JUMP = "jump gait"
APPARENT_EQUINUS = "apparent equinus"
CROUCH = "crouch gait"
TYPICAL = "typical posture"
NOT_CLASSED = "not classed"
CLASSES = (TRUE_EQUINUS, JUMP, APPARENT_EQUINUS, CROUCH, TYPICAL, NOT_CLASSED)

BORDER_SD = 1.0
MID_STANCE_PERCENT = (20, 45)
CERTAIN = 0.95
"""Share of the repeats from which a leg counts as wholly inside a class."""


def class_of(ankle_z: float, knee_z: float) -> str:
    """Return the pattern of a leg.

    Parameters
    ----------
    ankle_z, knee_z
        Ankle dorsiflexion and knee flexion in mid-stance, standard deviations from typical.

    Returns
    -------
    str
        Knee bent (above 1): ankle below -1 jump gait, within apparent equinus, above 1 crouch gait. Knee not bent:
        ankle below -1 true equinus, within typical posture, above 1 a posture that the scheme does not name.
    """
    column = 0 if ankle_z < -BORDER_SD else 1 if ankle_z <= BORDER_SD else 2
    if knee_z > BORDER_SD:
        return (JUMP, APPARENT_EQUINUS, CROUCH)[column]
    return (TRUE_EQUINUS, TYPICAL, NOT_CLASSED)[column]


def class_shares(ankle: Estimate, knee: Estimate) -> dict[str, float]:
    """Return how often each class would be read if the walk were measured again; shares add up to 1.

    Ankle and knee err independently and normally; their intervals are 95 %.
    """
    below, above = _tails(ankle)
    within = max(1.0 - below - above, 0.0)
    bent = _tails(knee)[1]
    columns = (below, within, above)
    shares = dict(zip((JUMP, APPARENT_EQUINUS, CROUCH), (bent * share for share in columns), strict=True))
    shares |= zip((TRUE_EQUINUS, TYPICAL, NOT_CLASSED), ((1.0 - bent) * share for share in columns), strict=True)
    return {name: shares[name] for name in CLASSES}


def side_class(side: str, ankle: Estimate, knee: Estimate) -> SideClass:
    """Return the pattern of one leg in words; ``ankle`` and ``knee`` are in standard deviations."""
    shares = class_shares(ankle, knee)
    ranked = sorted(shares, key=lambda name: -shares[name])
    first, second = ranked[0], ranked[1]
    percent = {name: 100.0 * share for name, share in shares.items() if share >= 0.005}
    if shares[first] >= CERTAIN:
        sentence = f"{first}: at least {round(100.0 * CERTAIN)} of 100 repeats would read the same"
    else:
        sentence = (
            f"between {first} and {second}: of 100 repeats about {round(100.0 * shares[first])} would read {first}, "
            f"{round(100.0 * shares[second])} {second}"
        )
    return SideClass(side, first, sentence, ankle, knee, percent)


def asymmetric_share(left: Mapping[str, float], right: Mapping[str, float]) -> float:
    """Return how often the two legs would be read as different classes (Rodda & Graham's fifth group)."""
    return float(1.0 - sum(left[name] * right[name] for name in CLASSES))


def _tails(estimate: Estimate) -> tuple[float, float]:
    """Return the probabilities of lying below -1 and above 1."""
    sd = max((estimate.high - estimate.low) / (2.0 * 1.96), 1e-9)
    below = normal.cdf((-BORDER_SD - estimate.value) / sd)
    above = normal.sf((BORDER_SD - estimate.value) / sd)
    return float(np.asarray(below)), float(np.asarray(above))
