"""Feet and lower back of walkers who turn once, against labels that an algorithm set and a person checked.

Rules
- Contacts count within the labelled trial; a found contact and a label belong together when they are at most 0.2 s
  apart, each used once. ``feet`` uses all three sensors, ``back`` the lower back alone (initial contacts only).
- Half steps at the start and the end and steps within the turn are labelled and counted.
- A turn is found when an own turn overlaps it; no valid stride may have more than half of itself within a label.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np

from fusion.errors import TandemError
from fusion.pipeline import analyse
from fusion.types import Analysis, GaitEvents
from tests.validation.load_voisard import VoisardTrial, load_voisard

LOGGER = logging.getLogger("tests.validation")
TOLERANCE_S = 0.2
MARGIN_S = 0.2


def evaluate(folder: Path) -> dict[str, float]:
    """Return the figures over all trials found under a folder; empty when there are none."""
    counts: dict[str, list] = defaultdict(lambda: [0, 0, []])
    turns, found_turns, inside, trials, refused, sides = 0, 0, 0, 0, 0, []
    for trial in load_voisard(folder):
        trials += 1
        for condition, analysis in _analyses(trial):
            if analysis is None:
                refused += 1
                continue
            for kind in ("ic", "fc") if condition == "feet" else ("ic",):
                _count(counts[f"{kind}/{condition}"], trial, analysis.events, kind, by_side=condition == "feet")
            if condition == "back":
                sides.append(_side_share(trial, analysis.events))
                continue
            turns += len(trial.turns_s)
            found_turns += sum(_is_found(turn, analysis) for turn in trial.turns_s)
            inside += sum(_strides_inside(turn, analysis) for turn in trial.turns_s)
    if not trials:
        return {}
    figures = {key: value for name, part in counts.items() for key, value in _figures(name, part).items()}
    return figures | {
        "voisard/turns_found_fraction": found_turns / turns if turns else np.nan,
        "voisard/straight_strides_inside_turns": float(inside),
        "voisard/trials_with_the_feets_sides/back": float(np.sum(np.array(sides) > 0.9)),
        "voisard/refused": float(refused),
        "voisard/n": float(trials),
    }


def _analyses(trial: VoisardTrial) -> list[tuple[str, Analysis | None]]:
    back = tuple(imu for imu in trial.recording.imus if imu.segment == "pelvis")
    recordings = [("feet", trial.recording)]
    if back:
        recordings.append(("back", replace(trial.recording, imus=back)))
    found: list[tuple[str, Analysis | None]] = []
    for condition, recording in recordings:
        try:
            found.append((condition, analyse(recording, use=("imu",))))
        except TandemError as error:
            LOGGER.warning("%s (%s): %s", trial.name, condition, error)
            found.append((condition, None))
    return found


def _count(part: list, trial: VoisardTrial, events: GaitEvents, kind: str, *, by_side: bool) -> None:
    start, end = trial.trial_s
    for side in ("left", "right") if by_side else (None,):
        own = events.time_s[(events.kind == kind) & ((events.side == side) if side else True)]
        own = own[(own > start - MARGIN_S) & (own < end + MARGIN_S)]
        labels = trial.labels
        wanted = labels.time_s[(labels.kind == kind) & ((labels.side == side) if side else True)]
        part[0] += len(wanted)
        part[1] += len(own)
        part[2] += _pairs(own, wanted)


def _pairs(own: np.ndarray, wanted: np.ndarray) -> list[float]:
    errors, free = [], list(own)
    for label in wanted:
        near = min(free, key=lambda time_s: abs(time_s - label), default=np.inf)
        if abs(near - label) <= TOLERANCE_S:
            errors.append(near - label)
            free.remove(near)
    return errors


def _figures(name: str, part: list) -> dict[str, float]:
    kind, condition = name.split("/")
    wanted, found, errors = part
    middle = float(np.median(errors)) if errors else np.nan
    return {
        f"voisard/{kind}_f1/{condition}": 2.0 * len(errors) / (wanted + found),
        f"voisard/{kind}_constant_ms/{condition}": 1e3 * middle,
        f"voisard/{kind}_mae_ms/{condition}": 1e3 * float(np.mean(np.abs(np.array(errors) - middle))),
        f"voisard/{kind}_labels/{condition}": float(wanted),
    }


def _side_share(trial: VoisardTrial, events: GaitEvents) -> float:
    """Share of the lower back's contacts whose nearest label has the same side."""
    labels = trial.labels
    kept = labels.kind == "ic"
    time_s, side = labels.time_s[kept], labels.side[kept]
    distance = np.abs(events.time_s[:, None] - time_s)
    near = distance.min(axis=1) <= TOLERANCE_S if len(time_s) else np.zeros(0, bool)
    return float(np.mean(side[distance.argmin(axis=1)][near] == events.side[near])) if near.any() else np.nan


def _is_found(turn: np.ndarray, analysis: Analysis) -> bool:
    return any(own.start_s < turn[1] and turn[0] < own.end_s for own in analysis.turns)


def _strides_inside(turn: np.ndarray, analysis: Analysis) -> int:
    start, end = turn
    return sum(
        stride.is_valid and min(stride.end_s, end) - max(stride.start_s, start) > 0.5 * stride.duration_s
        for stride in analysis.strides
    )
