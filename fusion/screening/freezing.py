"""Freezing of gait from the acceleration of a shank or of the lower back.

1. Take the shank sensors, else the pelvis; cut their signal into windows of 4 s.
2. Freeze index and power of each window -> log odds of a small detector (``_train/freezing``).
3. A window is frozen when it moves and passes the usual line on any chosen sensor; windows join to episodes.
4. Percent of the time frozen; its interval is what a strict and a lenient line would say.

No freeze in a recording excludes nothing: most freezing happens off medication, in doorways and on turning.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from fusion.screening._freeze_signal import HOP_S, WINDOW_S, FreezeWindows, episodes, freeze_windows
from fusion.screening._logistic import Logistic
from fusion.screening.base import About, Evidence
from fusion.types import Driver, Estimate, Flags, ImuSamples, ScreeningResult
from fusion.types.screening import NONE_SEEN, SCORED

ABOUT = About(
    key="freezing",
    title="Freezing of gait",
    unit="%",
    model_card="freezing.md",
    population="four people with Parkinson's disease who freeze, five records; no healthy people",
    source="Daphnet Freezing of Gait, UCI (CC BY 4.0): Bächlin 2010; freeze index: Moore 2008, Schär 2025",
)

SHORTEST_RECORDING_S = 20.0
PROVOKE = "turning on the spot, 1 minute, both directions."
_PLACE_NAMES = {"shank": "shank", "pelvis": "lower back"}


@dataclass(frozen=True, slots=True)
class Detector:
    """The detector of one place: model, lines on its log odds, and its figures in people left out."""

    logistic: Logistic
    lines: Mapping[str, float]
    figures: Mapping[str, float]

    def frozen(self, windows: FreezeWindows, line: str) -> Flags:
        """Return which windows are frozen, shape (n,)."""
        moves = windows.moves
        out = np.zeros(len(moves), dtype=np.bool_)
        if moves.any():
            out[moves] = self.logistic.log_odds(windows.values[moves]) > self.lines[line]
        return out


@cache
def detectors() -> Mapping[str, Detector]:
    """Return the shipped detectors, by place."""
    data: dict[str, Any] = json.loads(files("fusion.screening").joinpath("freezing.json").read_text(encoding="utf-8"))
    named = {}
    for place, entry in data["places"].items():
        model = Logistic(**{key: np.array(item) for key, item in entry["logistic"].items()})
        named[place] = Detector(model, entry["lines"], {key: entry[key] for key in entry if key not in ("logistic",)})
    return named


class Freezing:
    """Finds spans in which the legs tremble instead of walking."""

    about = ABOUT

    def assess(self, evidence: Evidence) -> ScreeningResult:
        """Return what it says about one visit."""
        place, imus = _chosen(evidence)
        if not imus:
            return ABOUT.withheld(
                "No accelerometer on a shank or the lower back.", "wear one on a shank, above the ankle."
            )
        seen = [freeze_windows(imu.time_s, imu.accel_mps2) for imu in imus]
        longest = max(HOP_S * float(windows.is_seen.sum()) for windows in seen)
        if longest < SHORTEST_RECORDING_S:
            reason = f"{longest:.0f} s of acceleration without gaps; {SHORTEST_RECORDING_S:.0f} s needed."
            return ABOUT.withheld(reason, f"record longer; best: {PROVOKE}")
        return _result(place, seen, detectors()[place], evidence)


def _chosen(evidence: Evidence) -> tuple[str, tuple[ImuSamples, ...]]:
    by_segment = {imu.segment: imu for imu in evidence.recording.imus}
    shanks = tuple(by_segment[name] for name in ("left_shank", "right_shank") if name in by_segment)
    if shanks:
        return "shank", shanks
    return "pelvis", tuple(by_segment[name] for name in ("pelvis",) if name in by_segment)


def _share(seen: list[FreezeWindows], detector: Detector, line: str) -> tuple[float, tuple[tuple[float, float], ...]]:
    """Return the percent of the time that is frozen on any sensor, and the episodes."""
    spans = sorted(span for windows in seen for span in episodes(windows, detector.frozen(windows, line)))
    joined: list[tuple[float, float]] = []
    for start_s, end_s in spans:
        if joined and start_s <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end_s, joined[-1][1]))
        else:
            joined.append((start_s, end_s))
    total_s = max(HOP_S * float(windows.is_seen.sum()) for windows in seen)
    frozen_s = sum(end_s - start_s for start_s, end_s in joined)
    return min(100.0 * frozen_s / total_s, 100.0), tuple(joined)


def _result(place: str, seen: list[FreezeWindows], detector: Detector, evidence: Evidence) -> ScreeningResult:
    value, spans = _share(seen, detector, "usual")
    low, lenient = _share(seen, detector, "strict")[0], _share(seen, detector, "lenient")[0]
    total_s = max(HOP_S * float(windows.is_seen.sum()) for windows in seen)
    windows = int(total_s / HOP_S)
    figures = detector.figures
    # Rule of three: nothing seen in n independent windows leaves up to 3/n, more for what the detector misses.
    unseen = 300.0 * WINDOW_S / total_s / figures["sensitivity"]
    high = min(max(value, lenient, 0.0 if spans else unseen), 100.0)
    minutes = f"{int(total_s // 60)} min {total_s % 60:.0f} s" if total_s >= 60.0 else f"{total_s:.0f} s"
    if spans:
        frozen_s = sum(end_s - start_s for start_s, end_s in spans)
        sentence = (
            f"Deviation compatible with freezing of gait: {len(spans)} episode{'s' if len(spans) > 1 else ''}, "
            f"{frozen_s:.0f} s of {minutes}"
        )
    else:
        sentence = f"None seen in {minutes}; that does not exclude it"
    found, missed, false = (int(figures[f"episodes_{word}"]) for word in ("found", "missed", "false"))
    return ScreeningResult(
        key=ABOUT.key,
        title=ABOUT.title,
        status=SCORED if spans else NONE_SEEN,
        sentence=sentence,
        score=_estimate(place, value, (min(low, value), high), windows),
        scale_name="percent of the recorded time frozen",
        drivers=(_driver(seen, windows),),
        checked=(f"{len(seen)} sensor{'s' if len(seen) > 1 else ''} at the {_PLACE_NAMES[place]}, {minutes}",),
        cautions=(
            "Most freezing happens off medication, in doorways and on turning on the spot. To provoke it safely: "
            f"{PROVOKE}",
            f"In people whom the detector had not seen it found {found} of {found + missed} episodes and told "
            f"{false} that were none; the interval is what a stricter and a more lenient line would say.",
            *_age_caution(evidence),
        ),
        population=ABOUT.population,
        source=ABOUT.source,
        episodes_s=spans,
        model_card=ABOUT.model_card,
    )


def _estimate(place: str, value: float, interval: tuple[float, float], windows: int) -> Estimate:
    if place == "shank":
        return Estimate(value, *interval, "%", windows)
    reason = "from the lower back, where fewer episodes are found: wear a sensor on a shank"
    return Estimate(value, *interval, "%", windows, "limited", reason)


def _age_caution(evidence: Evidence) -> tuple[str, ...]:
    age = evidence.subject.age_years
    return ("Fitted on adults only.",) if np.isfinite(age) and age < 18.0 else ()


def _driver(seen: list[FreezeWindows], windows: int) -> Driver:
    """Return the usual freeze index of moving windows; it has no norm, for the set has no healthy people."""
    index = np.exp(np.concatenate([each.values[each.moves, 0] for each in seen]))
    if not index.size:
        estimate = Estimate.not_assessable("1", "nothing moved: walk while recording", windows)
    else:
        low, middle, high = np.percentile(index, [2.5, 50.0, 97.5])
        estimate = Estimate(float(middle), float(low), float(high), "1", windows)
    return Driver("freeze_index", "Freeze index (3-8 Hz over 0.5-3 Hz), middle 95 % of windows", estimate, 0.0)


PLUGIN = Freezing
