"""The phase that contacts define, to learn from and to be measured against."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from fusion.events.base import MAX_STRIDE_S
from fusion.types import Floats

AFTER_LAST_IC_S = 0.6
"""Whether somebody has stopped cannot be known before the next step is due: not scored until then."""

BEFORE_FIRST_FC_S = 0.3


def true_phase(time_s: Floats, ic_s: Floats) -> tuple[Floats, Floats]:
    """Return phase in turns and stride rate, Hz, at each time, from the initial contacts of one foot.

    NaN outside strides and within intervals longer than ``MAX_STRIDE_S``.
    """
    phase, rate = np.full(len(time_s), np.nan), np.full(len(time_s), np.nan)
    if len(ic_s) < 2:
        return phase, rate
    index = np.searchsorted(ic_s, time_s, side="right") - 1
    inside = (index >= 0) & (index < len(ic_s) - 1)
    start, end = ic_s[index[inside]], ic_s[index[inside] + 1]
    whole = end - start <= MAX_STRIDE_S
    where = np.flatnonzero(inside)[whole]
    phase[where] = (time_s[where] - start[whole]) / (end - start)[whole]
    rate[where] = 1.0 / (end - start)[whole]
    return phase, rate


def true_walking(time_s: Floats, ic_s: Floats, fc_s: Floats) -> Floats:
    """Return 1 while steps follow each other, 0 in stillness, NaN where neither can be known yet.

    Parameters
    ----------
    time_s
        Shape (n,).
    ic_s, fc_s
        Contacts of both feet, sorted.
    """
    walking = np.zeros(len(time_s))
    if not len(ic_s):
        return walking
    for start, end in pairwise(ic_s):
        inside = (time_s >= start) & (time_s < end)
        if end - start <= MAX_STRIDE_S / 2.0:
            walking[inside] = 1.0
            continue
        lifted = fc_s[(fc_s > start) & (fc_s < end)]
        go_s = lifted[-1] if len(lifted) else end
        walking[inside & (time_s < start + AFTER_LAST_IC_S)] = np.nan
        walking[inside & (time_s >= go_s - BEFORE_FIRST_FC_S)] = np.nan
        walking[inside & (time_s >= go_s)] = 1.0
    walking[(time_s >= ic_s[-1]) | (time_s < ic_s[0])] = np.nan
    return walking
