"""Gait phase by a small recurrent network, run one tick at a time by ONNX Runtime.

A gated recurrent unit (Cho et al. 2014, arXiv:1406.1078) reads ``FEATURES`` numbers per tick and gives five:

1. two numbers whose direction is the phase as an angle: no jump between 100 and 0 %;
2. the logarithm of the concentration of a von Mises distribution about it: the doubt of the phase;
3. the logarithm of the stride rate in Hz;
4. the logit of "walks".

The network is causal: what it says at a tick depends on that tick and earlier ones. It was trained with parts taken
away at random, so that any part of the leg is enough. ``docs/model_cards/gait_phase.md`` says on what, and how far it
can be trusted; ``tandem train gait-phase`` makes the weights again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from fusion.errors import UsageError
from fusion.phase.base import FEATURES, PhaseState
from fusion.types import Floats

WEIGHTS = Path(__file__).parents[1] / "gait_phase.onnx"
HIDDEN = 64

START_WALKING, STOP_WALKING = 0.6, 0.4
"""Two thresholds keep the state from flickering."""

CONTACT_SD_PERCENT = 1.0
"""Instruments disagree by about 10 ms on when a foot meets the ground (docs/validation.md), 1 % of a stride; the
network learned one definition only and cannot know. Added in quadrature."""

RATE_SD_SHARE = 0.03
"""How far a stride's rate departs from the last ones': healthy stride time varies by 1 to 3 % (Hausdorff 2007)."""


@dataclass(slots=True)
class NetworkPhase:
    """Follows the phase of one leg; the recurrent state is its own, so one object serves one leg.

    Attributes
    ----------
    weights
        ONNX file; the shipped one by default.
    """

    weights: Path = WEIGHTS
    _hidden: np.ndarray = field(default_factory=lambda: np.zeros((1, HIDDEN), dtype=np.float32))
    _walks: bool = False

    def step(self, time_s: float, features: Floats) -> PhaseState:
        """Take one tick and return the state after it; see ``phase.base``.

        Raises
        ------
        UsageError
            The features have the wrong shape or are not finite.
        """
        row = np.asarray(features, dtype=np.float32).reshape(1, -1)
        if row.shape[1] != FEATURES or not np.isfinite(row).all():
            raise UsageError(f"a tick needs {FEATURES} finite features; got shape {np.shape(features)}.")
        output, self._hidden = _session(self.weights).run(None, {"features": row, "hidden": self._hidden})
        return self._state(time_s, output[0].astype(np.float64))

    def _state(self, time_s: float, output: Floats) -> PhaseState:
        walking = float(1.0 / (1.0 + np.exp(-output[4])))
        self._walks = walking > (STOP_WALKING if self._walks else START_WALKING)
        if not self._walks:
            return PhaseState.standing(time_s, walking)
        phase = float(np.arctan2(output[1], output[0]) / (2.0 * np.pi) % 1.0)
        sd = float(np.hypot(von_mises_sd_turn(np.exp(output[2])), CONTACT_SD_PERCENT / 100.0))
        rate_hz = float(np.exp(output[3]))
        left = (1.0 - phase) / rate_hz
        next_sd_s = float(np.hypot(sd / rate_hz, RATE_SD_SHARE * left))
        return PhaseState(time_s, 100.0 * phase, 100.0 * sd, rate_hz, time_s + left, next_sd_s, walking)


def von_mises_sd_turn(concentration: Floats | float) -> Floats:
    """Return the standard deviation of a von Mises angle, turns; near 1 / sqrt(k) radians for a large k.

    Uses sqrt(-2 ln R) with the mean resultant length R = I1(k) / I0(k) (Mardia & Jupp 2000, sec. 3.4.1).
    """
    from scipy.special import i0e, i1e

    length = np.clip(i1e(concentration) / i0e(concentration), 1e-6, 1.0 - 1e-12)
    return np.asarray(np.sqrt(-2.0 * np.log(length)) / (2.0 * np.pi))


@cache
def _session(weights: Path) -> Any:  # noqa: ANN401 - ONNX Runtime ships no types
    """Return the network, loaded once per process."""
    try:
        import onnxruntime
    except ImportError as cause:
        raise UsageError(
            "the learned gait phase needs ONNX Runtime, which is not installed. "
            "Install tandem-gait[pose], or use the oscillator."
        ) from cause
    if not weights.is_file():
        raise UsageError(f"there are no weights at '{weights}'. Train them with 'tandem train gait-phase'.")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])


PLUGIN = NetworkPhase
