"""Array types and the few checks that every data class shares."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fusion.errors import SignalError

Floats = NDArray[np.float64]
Samples = NDArray[np.int64]
Flags = NDArray[np.bool_]
Words = NDArray[np.str_]

SIDES = ("left", "right")

SEGMENTS = (
    "pelvis",
    "trunk",
    "left_thigh",
    "left_shank",
    "left_foot",
    "right_thigh",
    "right_shank",
    "right_foot",
)

POINTS = (
    "pelvis",
    "neck",
    "head",
    "nose",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
    "left_heel",
    "right_heel",
    "left_toe",
    "right_toe",
)
"""Keypoint names; ``pelvis`` is the midpoint of the hip joint centres, the root of the body."""


def floats(what: str, values: ArrayLike, shape: tuple[int | None, ...]) -> Floats:
    """Return ``values`` as a contiguous float64 array of ``shape``; None matches any length.

    Raises
    ------
    SignalError
        The values are not numbers, or the shape differs.
    """
    try:
        array = np.ascontiguousarray(values, dtype=np.float64)
    except (TypeError, ValueError) as cause:
        raise SignalError(f"{what} must be numbers; got {_sample(values)}. Check the column.") from cause
    fits = array.ndim == len(shape) and all(
        want is None or want == got for want, got in zip(shape, array.shape, strict=True)
    )
    if not fits:
        wanted = "(" + ", ".join("n" if n is None else str(n) for n in shape) + ")"
        raise SignalError(f"{what} must have shape {wanted}; got {array.shape}. Check its axes.")
    return array


def same_length(what: str, **arrays: NDArray[Any]) -> int:
    """Return the common length of ``arrays`` along the first axis.

    Raises
    ------
    SignalError
        The lengths differ.
    """
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {n}" for name, n in lengths.items())
        raise SignalError(f"{what}: all arrays must be equally long; got {listed}. Check for dropped rows.")
    return next(iter(lengths.values()))


def one_of(what: str, value: str, allowed: tuple[str, ...]) -> None:
    """Check that a word is one of ``allowed``.

    Raises
    ------
    SignalError
        It is not; the message lists those allowed.
    """
    if value not in allowed:
        raise SignalError(f"{what} must be one of {', '.join(allowed)}; got {value!r}.")


def _sample(values: object) -> str:
    text = repr(values)
    return text if len(text) <= 60 else text[:57] + "..."
