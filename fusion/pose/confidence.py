"""What a network's score means: how likely a point is where it should be, and how far it then scatters.

Measured on one clip of one walker (the demo of Sports2D, BSD-3), against the mean of MoveNet Thunder and BlazePose
heavy, with patches of the scene pasted over parts of the legs. "Where it should be" is within 6 % of the body height
of a leg's joint; which leg is ``sides``' work. The logistic map is Platt's (1999). The networks share training data
and so err alike: ``SHARED_SD`` stands for what they have in common.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fusion.types import Floats

SHARED_SD = 0.009
"""Of the body height: 15 mm between a detector's idea of a joint and the joint centre (Needham et al. 2021)."""

UNKNOWN_SD = 0.018
"""Of the body height, for a network that was not measured: 30 mm."""

_LOGIT_LIMIT = 7.0


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one network's scores mean.

    Attributes
    ----------
    offset, slope
        Probability of being in place = 1 / (1 + exp(-offset - slope logit(score))).
    score_knots, sd_knots
        Scatter of points in place, as shares of the body height, at scores; linear in between.
    """

    offset: float
    slope: float
    score_knots: tuple[float, ...]
    sd_knots: tuple[float, ...]


MEANINGS = {
    "posenet": Meaning(1.20, 1.14, (0.47, 0.97), (0.015, 0.013)),
    "movenet_lightning": Meaning(2.45, 1.80, (0.38, 0.60, 0.70), (0.019, 0.013, 0.010)),
    "movenet_thunder": Meaning(2.84, 2.15, (0.47, 0.65, 0.85), (0.015, 0.009, 0.0075)),
    "blazepose_full": Meaning(1.32, 0.32, (0.62, 0.98, 1.0), (0.022, 0.017, 0.010)),
    "blazepose_heavy": Meaning(3.37, 0.33, (0.29, 0.72, 1.0), (0.015, 0.011, 0.008)),
}
"""Network -> meaning; a fine-tuned or unknown network has none and gets the identity and ``UNKNOWN_SD``."""


def in_place(model: str, score: Floats) -> Floats:
    """Return the probability that points are where they should be, same shape."""
    meaning = MEANINGS.get(model)
    if meaning is None:
        return np.clip(score, 0.0, 1.0)
    share = np.clip(score, 1e-6, 1.0 - 1e-6)
    logit = np.clip(np.log(share / (1.0 - share)), -_LOGIT_LIMIT, _LOGIT_LIMIT)
    return np.asarray(1.0 / (1.0 + np.exp(-meaning.offset - meaning.slope * logit)))


def scatter(model: str, score: Floats) -> Floats:
    """Return the standard deviation of each coordinate of points in place, shares of the body height, same shape."""
    meaning = MEANINGS.get(model)
    own = UNKNOWN_SD if meaning is None else np.interp(score, meaning.score_knots, meaning.sd_knots)
    return np.asarray(np.hypot(own, SHARED_SD) * np.ones_like(score))
