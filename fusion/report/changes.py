"""Change between two visits: the difference with its interval, and whether it is more than the error.

The interval of a difference joins both visits' intervals as independent errors. It holds what each recording could
not know; how much a person varies from day to day only a minimal detectable change (MDC) knows. Where none
is known, that is said and not guessed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fusion.gait.numbers import EN_DASH, decimals_for, format_number
from fusion.types import Estimate

MORE = "more than the error"
LESS = "no detectable change"
BEYOND = "beyond both intervals"
UNKNOWN = "not compared"


@dataclass(frozen=True, slots=True)
class Change:
    """How a number differs from an earlier one.

    Attributes
    ----------
    difference
        Now minus before, with its 95 % interval; not assessable when either is.
    mdc
        Minimal detectable change, same unit; NaN when none is known.
    verdict
        ``MORE``, ``LESS``, ``BEYOND`` (no MDC is known, the interval of the difference excludes zero) or ``UNKNOWN``.
    """

    now: Estimate
    before: Estimate
    difference: Estimate
    mdc: float
    verdict: str

    @property
    def is_real(self) -> bool:
        """True when it is more than the error, as far as that is known."""
        return self.verdict in (MORE, BEYOND)

    @property
    def number(self) -> str:
        """The difference with its sign, at the decimals of its interval."""
        if not self.difference.is_assessable:
            return EN_DASH
        text = format_number(self.difference.value, self._decimals)
        return text if self.difference.value < 0.0 or set(text) <= set("0.") else f"+{text}"

    @property
    def interval(self) -> str:
        """Interval of the difference."""
        if not self.difference.is_assessable:
            return ""
        ends = (self.difference.low, self.difference.high)
        return f"[{', '.join(format_number(end, self._decimals) for end in ends)}]"

    @property
    def words(self) -> str:
        """What the change means, one short line."""
        if self.verdict == UNKNOWN:
            return self.difference.reason
        if np.isfinite(self.mdc):
            error = format_number(self.mdc, self._decimals)
            return f"{'more' if self.verdict == MORE else 'less'} than the error of {error}"
        return "beyond both intervals" if self.verdict == BEYOND else "within both intervals"

    @property
    def _decimals(self) -> int:
        half = 0.5 * (self.difference.high - self.difference.low)
        return decimals_for(half) if np.isfinite(half) and half > 0.0 else 2


def change(now: Estimate, before: Estimate, mdc: float = np.nan) -> Change:
    """Return how one estimate differs from an earlier one of the same quantity."""
    if not (now.is_assessable and before.is_assessable):
        which = "at this visit" if not now.is_assessable else "at the visit before"
        reason = f"not assessable {which}"
        return Change(now, before, Estimate.not_assessable(now.unit, reason), mdc, UNKNOWN)
    value = now.value - before.value
    half = float(np.hypot(0.5 * (now.high - now.low), 0.5 * (before.high - before.low)))
    low, high = (value - half, value + half) if np.isfinite(half) else (np.nan, np.nan)
    difference = Estimate(value, low, high, now.unit, min(now.n, before.n))
    if np.isfinite(mdc):
        verdict = MORE if abs(value) > mdc else LESS
    else:
        verdict = BEYOND if np.isfinite(half) and abs(value) > half else LESS
    return Change(now, before, difference, mdc, verdict)
