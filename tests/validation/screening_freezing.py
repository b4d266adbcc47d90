"""The freezing detector on the set daphnet: one person left out at a time, and the shipped detector as it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fusion.screening._freeze_signal import episodes
from fusion.screening._logistic import auc
from fusion.screening._train.daphnet import COLUMNS, Record, read_records
from fusion.screening._train.freezing import STILL_LOG_ODDS, LeftOut, leave_one_person_out, log_odds_of, matched
from fusion.screening.freezing import detectors
from fusion.types import Flags, Floats

SEED = 5
BOOTSTRAPS = 1000
BLOCK_WINDOWS = 60
"""Half a minute: neighbouring windows overlap and are no independent cases."""

Curves = dict[str, tuple[Floats, Flags]]


def evaluate(folder: Path, *, frozen: bool = False) -> tuple[dict[str, float], Curves]:
    """Return every figure of the set, and the log odds behind them."""
    figures: dict[str, float] = {}
    curves: Curves = {}
    for place in COLUMNS:
        records = read_records(folder, place)
        schemes = {"frozen": _shipped(records, place)}
        if not frozen and len({record.person for record in records}) > 1:
            schemes["leave_one_person_out"] = leave_one_person_out(records)
        for scheme, found in schemes.items():
            figures |= _figures(found, f"screening/freezing/{scheme}_{place}")
            curves[f"{place}, {scheme.replace('_', ' ')}"] = found.log_odds, found.is_frozen
    return figures, curves


def _shipped(records: Sequence[Record], place: str) -> LeftOut:
    """Return what the shipped detector says about every record."""
    detector = detectors()[place]
    odds, frozen, person, above = [], [], [], []
    found = missed = false = 0
    for record in records:
        log_odds = log_odds_of(detector.logistic, record)
        passed = log_odds > detector.lines["usual"]
        hits, strays = matched(episodes(record.windows, passed), record.episodes_s)
        found, missed, false = found + hits, missed + len(record.episodes_s) - hits, false + strays
        odds.append(log_odds)
        above.append(passed)
        frozen.append(record.is_frozen)
        person.append(np.full(len(log_odds), record.person))
    truth, passed = np.concatenate(frozen), np.concatenate(above)
    sensitivity, specificity = _share(passed, truth), _share(~passed, ~truth)
    return LeftOut(
        np.concatenate(odds), truth, np.concatenate(person), found, missed, false, sensitivity, specificity
    )


def _share(passed: Flags, asked: Flags) -> float:
    return float(passed[asked].mean()) if asked.any() else float("nan")


def _figures(found: LeftOut, name: str) -> dict[str, float]:
    low, high = _interval(found)
    moving = found.log_odds > STILL_LOG_ODDS
    events = 2.0 * found.found + found.missed + found.false
    return {
        f"{name}/auc": auc(found.log_odds, found.is_frozen),
        f"{name}/auc_low": low,
        f"{name}/auc_high": high,
        # Standing still is told apart for nothing; among the windows that move the task is harder.
        f"{name}/auc_moving": auc(found.log_odds[moving], found.is_frozen[moving]),
        f"{name}/sensitivity": found.sensitivity,
        f"{name}/specificity": found.specificity,
        f"{name}/episode_f1": found.f1 if events else float("nan"),
        f"{name}/episodes_found": float(found.found),
        f"{name}/episodes_missed": float(found.missed),
        f"{name}/episodes_false": float(found.false),
        f"{name}/n_cases": float(found.is_frozen.sum()),
        f"{name}/n_controls": float((~found.is_frozen).sum()),
        f"{name}/people": float(len(np.unique(found.person))),
    }


def _interval(found: LeftOut) -> tuple[float, float]:
    """Return the 95 % interval of the AUC when half minutes are drawn anew; it knows nothing of other people."""
    count = len(found.log_odds)
    blocks = [np.arange(first, min(first + BLOCK_WINDOWS, count)) for first in range(0, count, BLOCK_WINDOWS)]
    random = np.random.default_rng(SEED)
    drawn = []
    for _ in range(BOOTSTRAPS):
        rows = np.concatenate([blocks[k] for k in random.integers(0, len(blocks), len(blocks))])
        drawn.append(auc(found.log_odds[rows], found.is_frozen[rows]))
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return float(low), float(high)
