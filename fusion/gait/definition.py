"""One entry of the data dictionary."""

from __future__ import annotations

from dataclasses import dataclass

BOTH = ("both",)
ALL_SIDES = ("left", "right", "both")
EACH_SIDE = ("left", "right")

KLUGE = "Kluge et al. 2021"
OURS = "this project"


@dataclass(frozen=True, slots=True)
class Definition:
    """One entry of the data dictionary.

    Attributes
    ----------
    name
        Column and row name; carries the unit.
    label
        What a reader calls it.
    unit
        Unit of the estimate.
    sides
        Which sides it is given for.
    formula
        How it follows from contacts, path or curve. IC and FC: initial and final contact of this foot;
        IC' and FC': of the other foot within the stride.
    sign
        What a positive value means, where that is not obvious.
    source
        Who defined it.
    """

    name: str
    label: str
    unit: str
    sides: tuple[str, ...]
    formula: str
    sign: str = ""
    source: str = KLUGE
