"""A network in 8-bit whole numbers: a quarter of the size, faster where the processor can, less exact.

Static quantisation (Jacob et al. 2018, arXiv:1712.05877): the range of every activation is learned from squares of
real frames, so that it holds for views like those.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.errors import SignalError, UsageError
from fusion.pose.weights.cache import write_whole

LEAST_PICTURES = 20
"""Fewer do not show what a walk looks like."""


class _Inputs:
    """Prepared pictures one by one, as ONNX Runtime asks for them."""

    def __init__(self, inputs: NDArray[Any]) -> None:
        self._each: Iterator[NDArray[Any]] = iter(inputs)

    def get_next(self) -> dict[str, NDArray[Any]] | None:
        one = next(self._each, None)
        return None if one is None else {"image": one[None]}


def quantise(source: Path, inputs: NDArray[Any], target: Path) -> None:
    """Write the 8-bit variant of a network, whole or not at all.

    Parameters
    ----------
    inputs
        Prepared squares of frames, shape (n, side, side, 3), as ``PoseModel.prepared`` gives them.

    Raises
    ------
    SignalError
        Too few pictures.
    """
    if len(inputs) < LEAST_PICTURES:
        raise SignalError(
            f"{len(inputs)} pictures of the patient cannot calibrate a network; {LEAST_PICTURES} are needed."
        )
    try:
        from onnxruntime import quantization
    except ModuleNotFoundError as cause:
        raise UsageError('quantising needs ONNX Runtime and onnx: pip install "tandem-gait[pose]".') from cause

    def write(part: Path) -> None:
        with tempfile.TemporaryDirectory(prefix="tandem-") as folder:
            shaped = Path(folder) / "shaped.onnx"
            quantization.shape_inference.quant_pre_process(str(source), str(shaped), skip_symbolic_shape=True)
            quantization.quantize_static(
                str(shaped),
                str(part),
                _Inputs(np.asarray(inputs)),
                quant_format=quantization.QuantFormat.QDQ,
                per_channel=True,
                activation_type=quantization.QuantType.QUInt8,
                weight_type=quantization.QuantType.QInt8,
                op_types_to_quantize=["Conv"],
            )

    write_whole(target, write)
