"""Guides a calibration: says what to do next, sees in the readings that it was done, and keeps what was measured.

Steps: on each of six faces a rest, half a turn on the same spot, a rest; then flat on three faces whole turns to the
left and to the right between two touches of one edge. Nothing is pressed: stillness ends a step.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from drivers.calibration.fit import Face, Rest, Turn
from fusion.types import Floats

REST_S = 3.0
"""Length of a rest: the noise of a consumer sensor averages to less than 1 mg and 0.01 deg/s."""

STILL_GYRO_RADPS = float(np.radians(3.0))
STILL_ACCEL_MPS2 = 0.6
"""Largest minus smallest reading of a rest (hardware/protocol/SPEC.md, section 6)."""

_SETTLED_S = 0.5
"""Left out before a rest: the case has just been let go."""

_LOOK_S = 0.25
_HALF_TURN_SLACK_RAD = float(np.radians(25.0))
_NOT_MOVED_RAD = float(np.radians(30.0))
_FEWEST_TURNS = 3
_TURN_SLACK = 0.25  # 5 % of five turns
_UPRIGHT = 0.9
_MOST_GAP_S = 0.1

FACES = tuple(Face(axis, sign) for axis in (2, 0, 1) for sign in (1, -1))


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done: ``"rest"``, ``"half"``, ``"place"`` or ``"turn"`` (``direction`` 1 anticlockwise, -1)."""

    kind: str
    face: Face
    direction: int = 0
    turns: int = 0

    def __str__(self) -> str:
        """Return the instruction."""
        if self.kind == "rest":
            return f"Lay it with {self.face} up on a hard surface and let go."
        if self.kind == "half":
            return f"Turn it by half a turn on the same spot, {self.face} still up, and let go."
        if self.kind == "place":
            return f"Lay it with {self.face} up against a straight edge and let go."
        way = "to the left (anticlockwise from above)" if self.direction > 0 else "to the right (clockwise)"
        return f"Turn it flat on the surface {self.turns} whole turns {way}, back against the edge, and let go."


def steps(*, level: bool = False, turns: int = 5) -> tuple[Step, ...]:
    """Return all steps in order; a surface that is ``level`` needs no half turns."""
    rests = [Step(kind, face) for face in FACES for kind in (("rest",) if level else ("rest", "half"))]
    turned = []
    for axis in (2, 0, 1):
        face = Face(axis, 1)
        turned += [Step("place", face), Step("turn", face, 1, turns), Step("turn", face, -1, turns)]
    return tuple(rests + turned)


@dataclass(slots=True)
class Guide:
    """Follows a calibration through its readings; feed it in order.

    Attributes
    ----------
    plan
        Steps that are to be done.
    done
        How many are.
    problem
        What is wrong with what was done last, in words; ``""`` nothing.
    rests, turns
        What was measured.
    """

    plan: tuple[Step, ...] = field(default_factory=steps)
    done: int = 0
    problem: str = ""
    rests: list[Rest] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    _time_s: Floats = field(default_factory=lambda: np.zeros(0))
    _accel: Floats = field(default_factory=lambda: np.zeros((0, 3)))
    _gyro: Floats = field(default_factory=lambda: np.zeros((0, 3)))
    _last: Rest | None = None
    _looked_s: float = -np.inf

    @property
    def step(self) -> Step | None:
        """What is to be done now; None when all is done."""
        return self.plan[self.done] if self.done < len(self.plan) else None

    def feed(self, time_s: Floats, accel_mps2: Floats, gyro_radps: Floats) -> None:
        """Take readings of the uncorrected sensor: s of its own clock, shape (n,) and twice (n, 3)."""
        self._time_s = np.concatenate([self._time_s, time_s])
        self._accel = np.concatenate([self._accel, accel_mps2])
        self._gyro = np.concatenate([self._gyro, gyro_radps])
        if self.step is not None and self.step.kind in ("rest", "place"):
            self._keep(int(np.searchsorted(self._time_s, self._time_s[-1:] - 2.0 * REST_S).sum()))  # 0 of none
        if len(self._time_s) and self._time_s[-1] - self._looked_s >= _LOOK_S:
            self._looked_s = float(self._time_s[-1])
            self._look()

    def _look(self) -> None:
        """Judge the step once the last seconds are still."""
        step, end_s = self.step, self._time_s[-1]
        if step is None or end_s - self._time_s[0] < REST_S + _SETTLED_S:
            return
        window = self._time_s > end_s - REST_S
        if not self._is_still(self._time_s > end_s - REST_S - _SETTLED_S):
            return
        rest = Rest(step.face, step.kind == "half", self._accel[window].mean(axis=0), self._gyro[window].mean(axis=0))
        self.problem = self._wrong_face(rest)
        if self.problem:
            return
        if step.kind in ("half", "turn"):
            self._moved(step, rest)
        else:
            self._accept(rest)

    def _is_still(self, part: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> bool:
        accel, gyro = self._accel[part], self._gyro[part]
        if (
            self._gap_s(self._time_s[part]) > _MOST_GAP_S
            or not np.isfinite(accel).all()
            or not np.isfinite(gyro).all()
        ):
            return False
        return bool(
            np.ptp(gyro, axis=0).max() <= STILL_GYRO_RADPS and np.ptp(accel, axis=0).max() <= STILL_ACCEL_MPS2
        )

    @staticmethod
    def _gap_s(time_s: Floats) -> float:
        return float(np.diff(time_s).max()) if len(time_s) > 1 else np.inf

    @staticmethod
    def _wrong_face(rest: Rest) -> str:
        up = rest.accel_mps2 / np.linalg.norm(rest.accel_mps2)
        if up @ rest.face.normal >= _UPRIGHT:
            return ""
        axis = int(np.argmax(np.abs(up)))
        lies = Face(axis, 1 if up[axis] > 0.0 else -1)
        leaning = "" if abs(up[axis]) >= _UPRIGHT else ", leaning"
        return f"it lies with {lies} up{leaning}; {rest.face} is wanted"

    def _moved(self, step: Step, rest: Rest) -> None:
        """Judge a half turn or whole turns by the integral of the gyroscope since the rest before."""
        before = self._last
        if before is None or self._gap_s(self._time_s) > _MOST_GAP_S or not np.isfinite(self._gyro).all():
            self._begin_again()
            self.problem = "samples were lost while it was turned; come closer to the receiver"
            return
        # The bias of both ends, so that a drift of the temperature does not count as a turn.
        bias = 0.5 * (before.gyro_radps + rest.gyro_radps)
        angle_rad = np.asarray(np.trapezoid(self._gyro - bias, self._time_s, axis=0))
        about_up = float(angle_rad @ step.face.normal)
        if abs(about_up) < _NOT_MOVED_RAD:
            return
        if step.kind == "half":
            self._half(rest, abs(about_up))
        else:
            self._whole(step, rest, angle_rad, about_up / (2.0 * np.pi))

    def _half(self, rest: Rest, angle_rad: float) -> None:
        if abs(angle_rad - np.pi) <= _HALF_TURN_SLACK_RAD:
            self._accept(rest)
        else:
            self.problem = f"it is turned by {np.degrees(angle_rad):.0f} deg so far; half a turn is 180 deg"

    def _whole(self, step: Step, rest: Rest, angle_rad: Floats, turns: float) -> None:
        count = round(turns)
        if count * step.direction < min(_FEWEST_TURNS, step.turns) or abs(turns - count) > _TURN_SLACK:
            self.problem = f"it is turned by {turns:+.2f} turns so far (+ is left); go on, and end against the edge"
            return
        self.turns.append(Turn(step.face, angle_rad, count))
        self._accept(rest)

    def _begin_again(self) -> None:
        """Go back to the rest that the movement began with."""
        face = self.plan[self.done].face
        while self.plan[self.done].kind not in ("rest", "place"):
            self.done -= 1
        del self.rests[self.done :]
        if self.plan[self.done].kind == "place":
            self.turns = [turn for turn in self.turns if turn.face != face]
        self._last = None

    def _accept(self, rest: Rest) -> None:
        self.rests.append(rest)
        self.done += 1
        self._forget(rest)

    def _forget(self, rest: Rest) -> None:
        """Begin a new movement at this rest."""
        self._last = rest
        self._keep(len(self._time_s) - 1)

    def _keep(self, first: int) -> None:
        """Forget the readings before one."""
        self._time_s, self._accel, self._gyro = self._time_s[first:], self._accel[first:], self._gyro[first:]


def accel_rests(guide: Guide) -> list[Rest]:
    """Return the rests that the accelerometer is fitted to: those of the first part."""
    kinds = [step.kind for step in guide.plan[: guide.done]]
    return [rest for rest, kind in zip(guide.rests, kinds, strict=True) if kind in ("rest", "half")]
