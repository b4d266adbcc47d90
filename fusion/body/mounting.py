"""A mounting in words: which way each sensor axis points on the standing body."""

from __future__ import annotations

import re

import numpy as np

from fusion.errors import UsageError
from fusion.types import Floats

DIRECTIONS = {
    "forward": (1.0, 0.0, 0.0),
    "back": (-1.0, 0.0, 0.0),
    "left": (0.0, 1.0, 0.0),
    "right": (0.0, -1.0, 0.0),
    "up": (0.0, 0.0, 1.0),
    "down": (0.0, 0.0, -1.0),
}

_PAIR = re.compile(r"\b([xyz])\s*[:=]\s*([a-z]+)")


def parse_mounting(text: str) -> Floats | None:
    """Return segment_from_sensor, shape (3, 3), of words such as ``"x:right y:up z:back"``.

    Parameters
    ----------
    text
        Two or three sensor axes with ``forward``, ``back``, ``left``, ``right``, ``up`` or ``down``, as in
        quiet standing; the third follows. Text without any such pair ("lateral strap") says nothing of axes.

    Returns
    -------
    ndarray or None
        Column k is where sensor axis k points; None when the text names no axis.

    Raises
    ------
    UsageError
        A direction is unknown, one axis stands alone, or the axes are not right-handed and perpendicular.
    """
    pairs = _PAIR.findall(text.lower())
    if not pairs:
        return None
    unknown = sorted({word for _, word in pairs if word not in DIRECTIONS})
    if unknown:
        raise UsageError(f"mounting {text!r}: {unknown[0]!r} is no direction; use {', '.join(DIRECTIONS)}.")
    columns = {axis: np.array(DIRECTIONS[word]) for axis, word in pairs}
    if len(columns) < 2:
        raise UsageError(f"mounting {text!r} must name at least two axes, such as 'x:right y:up'.")
    for missing, first, second in (("x", "y", "z"), ("y", "z", "x"), ("z", "x", "y")):
        if missing not in columns:
            columns[missing] = np.cross(columns[first], columns[second])
    rotation = np.stack([columns[axis] for axis in "xyz"], axis=1)
    if not np.isclose(np.linalg.det(rotation), 1.0):
        raise UsageError(f"mounting {text!r} is not a right-handed set of axes. Check the directions.")
    return rotation
