"""How a number is written: the digits follow the half-width of its interval.

Round the half-width to one significant digit, two if the first is 1; value and limits get that decimal.
Report, screen and command line all write numbers with these functions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fusion.types import Estimate

NOT_ASSESSABLE = "not assessable"
MINUS = "\N{MINUS SIGN}"
EN_DASH = "\N{EN DASH}"

_MAX_DECIMALS = 4


@dataclass(frozen=True, slots=True)
class FormattedNumber:
    """A number ready to print: ``value`` and ``unit`` side by side, ``interval`` as ``[low, high]``.

    ``interval`` is empty for a count or a value without an interval; a value that is not assessable has
    neither unit nor interval.
    """

    value: str
    interval: str
    unit: str

    def __str__(self) -> str:
        """Return the three parts in reading order."""
        return " ".join(part for part in (self.value, self.interval, self.unit) if part)


def format_estimate(estimate: Estimate) -> FormattedNumber:
    """Return an estimate as text: ``0.98``, ``[0.95, 1.01]``, ``m/s``.

    Parameters
    ----------
    estimate
        Any estimate; "not assessable" is written in words.

    Returns
    -------
    FormattedNumber
        The unit ``"1"`` of counts and ratios is left out.
    """
    if not estimate.is_assessable:
        return FormattedNumber(NOT_ASSESSABLE, "", "")
    unit = "" if estimate.unit == "1" else estimate.unit
    half_width = 0.5 * (estimate.high - estimate.low)
    if not np.isfinite(half_width) or half_width <= 0.0:
        return FormattedNumber(_plain(estimate.value), "", unit)
    decimals = decimals_for(half_width)
    low, value, high = (format_number(number, decimals) for number in (estimate.low, estimate.value, estimate.high))
    return FormattedNumber(value, f"[{low}, {high}]", unit)


def decimals_for(half_width: float) -> int:
    """Return how many decimals a value with this interval half-width carries."""
    exponent = int(np.floor(np.log10(half_width)))
    first_digit = int(half_width / 10.0**exponent + 1e-9)
    return int(np.clip(-exponent + (first_digit == 1), 0, _MAX_DECIMALS))


def format_number(number: float, decimals: int) -> str:
    """Return a number with fixed decimals, a true minus sign and no negative zero."""
    rounded = round(float(number), decimals)
    text = f"{abs(rounded):.{decimals}f}"
    return f"{MINUS}{text}" if rounded < 0.0 else text


def format_range(low: float, high: float, decimals: int) -> str:
    """Return a norm range: ``1.02`` en dash ``1.54``, or ``-3 to 21`` with a true minus sign."""
    if not (np.isfinite(low) and np.isfinite(high)):
        return EN_DASH
    joint = " to " if low < 0.0 else EN_DASH
    return f"{format_number(low, decimals)}{joint}{format_number(high, decimals)}"


def _plain(value: float) -> str:
    """Return three significant digits, or a whole number as it is."""
    if float(value).is_integer():
        return format_number(value, 0)
    decimals = int(np.clip(2 - np.floor(np.log10(abs(value))), 0, _MAX_DECIMALS))
    return format_number(value, decimals)
