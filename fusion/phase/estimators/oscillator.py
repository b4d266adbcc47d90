"""Gait phase by an adaptive oscillator that needs no training, held to the contacts by the shank's rate.

1. An adaptive frequency oscillator follows the sagittal rate of the shank (else the foot, else the thigh): a sum of
   harmonics of one phase whose rate, amplitudes and offset are learned from the error (Righetti et al. 2006,
   doi:10.1016/j.physd.2006.02.009; Ronsse et al. 2011, doi:10.1007/s11517-011-0816-1).
2. Its phase has no meaning by itself. Initial contacts are found causally, as the minimum of the rate after the
   swing's maximum, and the offset between oscillator and contact is followed smoothly (Yan et al. 2017,
   doi:10.1016/j.robot.2016.09.008), so that the phase never jumps.
3. Walking is where the oscillator's amplitude is large and contacts keep coming.

It is the baseline that the network has to beat.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from fusion.phase.base import CHANNELS, PARTS, RATE_SCALE_RADPS, TICK_RATE_HZ, PhaseState, wrapped
from fusion.types import Floats

HARMONICS = 5
START_RATE_HZ = 0.9
LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 0.3, 1.9
"""Strides per second: 36 to 228 steps/min."""

COUPLING = 8.0
RATE_COUPLING = 16.0
AMPLITUDE_COUPLING = 2.0
"""Gains of phase, rate and amplitude on the normalised error, 1/s (Ronsse et al. 2011 use the same orders)."""

OFFSET_SHARE = 0.5
"""Part of the phase error at a contact that is taken away; spread over ``OFFSET_S``."""
OFFSET_S = 0.15

RATE_SHARE = 0.3
"""Part of the rate's difference to the last stride that a contact takes away; it keeps a wrong lock from lasting."""

SWING_RATE_RADPS = 1.5
"""Forward rate of the shank that only a swing reaches; half of slow walking's."""

FORWARD = -1.0
"""Sign of a forward swing about the leftward axis: pitch is positive where the upper end leans forward."""

STILL_S = 1.2
"""Without a contact for this long beyond a stride's time nobody walks."""

PHASE_SD_PERCENT = 4.0
"""RMS error that oscillators of this kind reach in steady walking (Yan et al. 2017: 2 to 5 %)."""


@dataclass(slots=True)
class OscillatorPhase:
    """Follows the phase of one leg; see the module. The state is its own, so one object serves one leg."""

    _phase: float = 0.0
    _rate_hz: float = START_RATE_HZ
    _offset: float = 0.0
    _pending: float = 0.0
    _mean: float = 0.0
    _size: float = 1.0
    _cosine: Floats = field(default_factory=lambda: np.zeros(HARMONICS))
    _sine: Floats = field(default_factory=lambda: np.zeros(HARMONICS))
    _contacts: _Contacts = field(default_factory=lambda: _Contacts())

    def step(self, time_s: float, features: Floats) -> PhaseState:
        """Take one tick and return the state after it; see ``phase.base``."""
        rate = _sagittal_rate(features)
        if np.isfinite(rate):
            self._follow(rate)
            if self._contacts.step(time_s, FORWARD * rate):
                self._pending = OFFSET_SHARE * float(wrapped(np.array(-(self._phase + self._offset))))
                if LOWEST_RATE_HZ < self._contacts.rate_hz < HIGHEST_RATE_HZ:
                    self._rate_hz += RATE_SHARE * (self._contacts.rate_hz - self._rate_hz)
        else:
            self._phase += self._rate_hz / TICK_RATE_HZ
        moved = self._pending / (OFFSET_S * TICK_RATE_HZ)
        self._offset += moved
        self._pending -= moved
        return self._state(time_s)

    def _follow(self, rate: float) -> None:
        """Advance the oscillator by one tick and learn from the error (Ronsse et al. 2011, eq. 3 to 6)."""
        dt = 1.0 / TICK_RATE_HZ
        self._size += dt / 2.0 * (abs(rate) - self._size)
        value = rate / max(self._size, 0.3)
        angle = 2.0 * np.pi * self._phase * np.arange(1, HARMONICS + 1)
        cosine, sine = np.cos(angle), np.sin(angle)
        error = value - self._mean - float(self._cosine @ cosine + self._sine @ sine)
        # Only the fundamental moves phase and rate (Ronsse et al. 2011, eq. 4 and 5); else a harmonic locks onto it.
        pull = (
            error
            * (self._sine[0] * cosine[0] - self._cosine[0] * sine[0])
            / max(float(np.hypot(self._cosine[0], self._sine[0])), 0.3)
        )
        self._phase += dt * (self._rate_hz + COUPLING * pull / (2.0 * np.pi))
        rate_hz = self._rate_hz + dt * RATE_COUPLING * pull / (2.0 * np.pi)
        self._rate_hz = float(np.clip(rate_hz, LOWEST_RATE_HZ, HIGHEST_RATE_HZ))
        self._cosine += dt * AMPLITUDE_COUPLING * error * cosine
        self._sine += dt * AMPLITUDE_COUPLING * error * sine
        self._mean += dt * AMPLITUDE_COUPLING * error / 2.0

    def _state(self, time_s: float) -> PhaseState:
        waited_s = time_s - self._contacts.last_s
        walking = bool(waited_s < 1.0 / self._rate_hz + STILL_S) and self._contacts.count >= 2
        if not walking:
            return PhaseState.standing(time_s, 0.0)
        phase = (self._phase + self._offset) % 1.0
        next_ic_s = time_s + (1.0 - phase) / self._rate_hz
        sd = PHASE_SD_PERCENT
        return PhaseState(time_s, 100.0 * phase, sd, self._rate_hz, next_ic_s, sd / 100.0 / self._rate_hz, 1.0)


@dataclass(slots=True)
class _Contacts:
    """Causal initial contacts: the first minimum of the forward rate below zero after a swing's maximum."""

    last_s: float = -np.inf
    rate_hz: float = np.nan
    count: int = 0
    _swung: bool = False
    _before: float = 0.0

    def step(self, time_s: float, forward_radps: float) -> bool:
        """Take one tick and say whether a contact was just passed."""
        turned = self._swung and self._before < 0.0 and forward_radps > self._before
        self._swung = (self._swung or forward_radps > SWING_RATE_RADPS) and not turned
        self._before = forward_radps
        if turned:
            self.rate_hz = 1.0 / (time_s - self.last_s)
            self.last_s = time_s
            self.count += 1
        return turned


def _sagittal_rate(features: Floats) -> float:
    """Return the leftward rate of the first part heard in the order shank, foot, thigh, rad/s; NaN without one."""
    for part in ("shank", "foot", "thigh"):
        index = PARTS.index(part)
        if features[len(PARTS) * CHANNELS + index] > 0.0:
            return float(features[index * CHANNELS + 4] * RATE_SCALE_RADPS)
    return float("nan")


PLUGIN: Callable[[], OscillatorPhase] = OscillatorPhase
