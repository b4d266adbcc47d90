"""Which of the people is the patient: paths of everybody through the clip, and a rule or a click.

1. People are found in a few frames a second.
2. Found people are linked into paths: nearest first, within a share of their height that grows with time.
3. The path is chosen: the one nearest to a click; else ``"walker"``, who travels most in body heights (a therapist
   beside the patient travels as far: then the taller in the picture, who is nearer), or ``"largest"``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from fusion.errors import SignalError, UsageError
from fusion.pose.track.people import Body, PeopleFinder
from fusion.pose.video.frame import Frame
from fusion.types import Floats

RULES = ("walker", "largest")

FIND_EVERY_S = 0.25
"""A walker moves less than a quarter of the body height in this time."""

_REACH_HEIGHTS = 0.35
_REACH_HEIGHTS_PER_S = 1.2
_LONGEST_GAP_S = 1.5
_SIZE_RATIO = 1.4
_LEAST_SIGHTINGS = 3


@dataclass(slots=True)
class Path:
    """One person through the clip: times and bodies, in order."""

    time_s: list[float] = field(default_factory=list)
    bodies: list[Body] = field(default_factory=list)

    @property
    def travel_heights(self) -> float:
        """Distance between the farthest places, in own body heights."""
        centres = np.stack([body.centre_px for body in self.bodies])
        return float(np.max(np.ptp(centres, axis=0)) / self.height_px)

    @property
    def height_px(self) -> float:
        """Median height in the picture."""
        return float(np.median([body.height_px for body in self.bodies]))

    def at(self, time_s: float, margin_s: float = FIND_EVERY_S) -> Body | None:
        """Return the body at a time, between sightings by interpolation; None beyond ``margin_s`` of them."""
        times = np.asarray(self.time_s)
        if not times[0] - margin_s <= time_s <= times[-1] + margin_s:
            return None
        after = int(np.clip(np.searchsorted(times, time_s), 1, len(times) - 1)) if len(times) > 1 else 0
        if (
            after
            and times[after] - times[after - 1] > _LONGEST_GAP_S
            and not (time_s - times[after - 1] < margin_s or times[after] - time_s < margin_s)
        ):
            return None
        numbers = np.array([[*body.centre_px, body.height_px, body.score] for body in self.bodies])
        u, v, height, score = (float(np.interp(time_s, times, column)) for column in numbers.T)
        if len(times) > 1 and not times[0] <= time_s <= times[-1]:
            u += self._speed_px_s(time_s < times[0]) * (time_s - (times[0] if time_s < times[0] else times[-1]))
        return Body(np.array([u, v]), height, score)

    def _speed_px_s(self, at_start: bool) -> float:
        part = slice(0, 4) if at_start else slice(-4, None)
        time_s, u = np.asarray(self.time_s[part]), np.array([body.centre_px[0] for body in self.bodies[part]])
        return float(np.polynomial.polynomial.polyfit(time_s, u, 1)[1]) if len(time_s) > 1 else 0.0


@dataclass(frozen=True, slots=True)
class Subject:
    """The chosen path, all paths, and why this one."""

    path: Path
    others: tuple[Path, ...]
    reason: str


def paths_of(frames: Iterable[Frame], finder: PeopleFinder, every_s: float = FIND_EVERY_S) -> list[Path]:
    """Return the paths of all people; frames in between are skipped."""
    paths: list[Path] = []
    next_s = -np.inf
    for frame in frames:
        if frame.time_s < next_s:
            continue
        next_s = frame.time_s + every_s - 1e-6
        link(paths, frame.time_s, finder.find(frame.picture))
    return [path for path in paths if len(path.bodies) >= _LEAST_SIGHTINGS]


def link(paths: list[Path], time_s: float, bodies: list[Body]) -> None:
    """Continue the paths with the bodies of one frame; what fits none starts a new one."""
    pairs = []
    for p, path in enumerate(paths):
        gap_s = time_s - path.time_s[-1]
        if not 0.0 < gap_s <= _LONGEST_GAP_S:
            continue
        expected = _expected(path, time_s)
        for b, body in enumerate(bodies):
            ratio = body.height_px / path.height_px
            away = float(np.linalg.norm(body.centre_px - expected)) / path.height_px
            if away <= _REACH_HEIGHTS + _REACH_HEIGHTS_PER_S * gap_s and 1.0 / _SIZE_RATIO < ratio < _SIZE_RATIO:
                pairs.append((away, p, b))
    used_paths: set[int] = set()
    used_bodies: set[int] = set()
    for _, p, b in sorted(pairs):
        if p not in used_paths and b not in used_bodies:
            used_paths.add(p)
            used_bodies.add(b)
            paths[p].time_s.append(time_s)
            paths[p].bodies.append(bodies[b])
    paths.extend(Path([time_s], [body]) for b, body in enumerate(bodies) if b not in used_bodies)


def choose(paths: list[Path], rule: str = "walker", click: tuple[float, float, float] | None = None) -> Subject:
    """Return the patient.

    Parameters
    ----------
    rule
        One of ``RULES``.
    click
        Time, s, and pixel u, v of a click on the patient; goes before the rule.

    Raises
    ------
    SignalError
        There is nobody, or nobody where it was clicked.
    """
    if rule not in RULES:
        raise UsageError(f"the subject is chosen by {' or '.join(RULES)}, or by a click; got {rule!r}.")
    if not paths:
        raise SignalError(
            "no person was found in the video. Check light and view: the whole body must be seen for a second."
        )
    if click is not None:
        chosen, reason = _clicked(paths, click), "clicked"
    elif rule == "largest":
        chosen, reason = max(paths, key=lambda path: path.height_px), "the largest in the picture"
    else:
        most = max(path.travel_heights for path in paths)
        far = [path for path in paths if path.travel_heights >= 0.7 * most]
        chosen = max(far, key=lambda path: path.height_px * len(path.bodies))
        reason = f"travels {chosen.travel_heights:.1f} body heights"
    others = tuple(path for path in paths if path is not chosen)
    return Subject(chosen, others, reason)


def _clicked(paths: list[Path], click: tuple[float, float, float]) -> Path:
    time_s, u, v = click
    near = []
    for path in paths:
        body = path.at(time_s)
        if body is not None:
            near.append((float(np.linalg.norm(body.centre_px - [u, v])) / body.height_px, path))
    if not near or min(near, key=lambda pair: pair[0])[0] > 0.7:
        raise SignalError(f"nobody was found at pixel ({u:g}, {v:g}) at {time_s:g} s. Click on the patient's hips.")
    return min(near, key=lambda pair: pair[0])[1]


def _expected(path: Path, time_s: float) -> Floats:
    last = path.bodies[-1].centre_px
    if len(path.bodies) < 3:
        return last
    span_s = path.time_s[-1] - path.time_s[-3]
    velocity = (last - path.bodies[-3].centre_px) / max(span_s, 1e-3)
    return np.asarray(last + velocity * (time_s - path.time_s[-1]))
