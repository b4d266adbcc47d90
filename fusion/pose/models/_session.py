"""A network in ONNX Runtime."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.errors import FormatError, StorageError, UsageError
from fusion.pose.weights.obtain import onnx_file

THREADS_VARIABLE = "TANDEM_POSE_THREADS"
"""Environment variable: threads that a network may use."""


class Session:
    """One loaded network; ``run`` gives its outputs in the order in which they were asked for."""

    def __init__(self, name: str, outputs: tuple[str, ...], weights: Path | None = None, threads: int = 0) -> None:
        self.outputs = list(outputs)
        self._session = _open(weights or onnx_file(name), threads or default_threads())
        self.takes_batches = not isinstance(self._session.get_inputs()[0].shape[0], int)

    def run(self, inputs: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """Return each output for inputs, shape (n, h, w, 3)."""
        if self.takes_batches or len(inputs) == 1:
            return tuple(self._session.run(self.outputs, {"image": inputs}))
        each = [self._session.run(self.outputs, {"image": one[None]}) for one in inputs]
        return tuple(np.concatenate(parts) for parts in zip(*each, strict=True))


def default_threads() -> int:
    """Return how many threads a network uses: what ``TANDEM_POSE_THREADS`` says, else at most two.

    Raises
    ------
    UsageError
        The variable is no positive whole number.
    """
    given = os.environ.get(THREADS_VARIABLE, "")
    if given and (not given.isdecimal() or int(given) < 1):
        raise UsageError(f"{THREADS_VARIABLE} must be a positive whole number; got {given!r}.")
    return int(given) if given else min(2, os.cpu_count() or 1)


def _open(path: Path, threads: int) -> Any:  # noqa: ANN401 - untyped library
    try:
        import onnxruntime
    except ModuleNotFoundError as cause:
        raise UsageError('running a pose network needs ONNX Runtime: pip install "tandem-gait[pose]".') from cause
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # waiting threads must not burn the cores that decode the video
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if not path.is_file():
        raise StorageError(f"network '{path}' is not there. Check the path.")
    refused = onnxruntime.capi.onnxruntime_pybind11_state
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except (refused.InvalidProtobuf, refused.InvalidGraph, refused.Fail, refused.InvalidArgument) as cause:
        raise FormatError(f"'{path}' is no network that ONNX Runtime can open. Export it again as ONNX.") from cause
