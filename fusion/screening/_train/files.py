"""Every coefficient file of the screening scores: which set it is made from, and how."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fusion.screening._model import to_json


def _parkinson(data: Path) -> Any:  # noqa: ANN401 - JSON
    from fusion.screening._train.parkinson import train

    return to_json(train(data / "gaitpdb"))


def _freezing(data: Path) -> Any:  # noqa: ANN401 - JSON
    from fusion.screening._train.freezing import train

    return train(data / "daphnet")


MAKERS: Mapping[str, tuple[str, Callable[[Path], Any]]] = {
    "parkinson": ("gaitpdb", _parkinson),
    "freezing": ("daphnet", _freezing),
}
"""Name of the score -> the set that it needs, and what makes the content of its file from the data folder."""


def as_text(content: object) -> str:
    """Return the content of a coefficient file."""
    return json.dumps(content, indent=1) + "\n"


def largest_difference(one: object, other: object) -> float:
    """Return the largest relative difference of two files' numbers; infinity where anything else differs."""
    if isinstance(one, Mapping) and isinstance(other, Mapping) and one.keys() == other.keys():
        return max((largest_difference(one[key], other[key]) for key in one), default=0.0)
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return max((largest_difference(a, b) for a, b in zip(one, other, strict=True)), default=0.0)
    numbers = (int, float)
    if isinstance(one, numbers) and isinstance(other, numbers) and not isinstance(one, bool):
        return abs(one - other) / max(1.0, abs(other))
    return 0.0 if one == other else float("inf")
