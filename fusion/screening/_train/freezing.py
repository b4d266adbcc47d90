"""Fit the freezing detector to the set daphnet, one for each place of the sensor.

1. Windows of every record; those in which nothing moves are never frozen and are not fitted.
2. Ridge logistic on freeze index and power, frozen and other windows weighing the same.
3. The line is the share of moving, unfrozen training windows that pass it: 2.5 %; a strict (1 %) and a lenient line
   (5 %) say how far the answer depends on it.
4. Leave one person out: windows (AUC) and episodes (F1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fusion.screening._freeze_signal import FEATURES, Span, episodes
from fusion.screening._logistic import Logistic, auc, fit
from fusion.screening._model import to_json
from fusion.screening._train.daphnet import COLUMNS, Record, read_records
from fusion.types import Flags, Floats

PENALTY = 10.0
LINES = {"lenient": 0.05, "usual": 0.025, "strict": 0.01}
STILL_LOG_ODDS = -20.0
"""Told of a window in which nothing moves, so that it ranks below all others."""

ABOUT = {
    "data": "Daphnet Freezing of Gait, UCI, records of four people with Parkinson's disease",
    "licence": "data CC BY 4.0; these coefficients are derived from it with attribution",
    "citation": "Bächlin et al. 2010, IEEE Trans Inf Technol Biomed 14:436",
    "made_by": "tandem train screening",
}


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What was found in people whom the detector had not seen.

    Attributes
    ----------
    log_odds, is_frozen
        Of all windows, shape (n,).
    person
        Of each window, shape (n,).
    found, missed, false
        Episodes at the usual line.
    sensitivity, specificity
        Share of windows at the usual line.
    """

    log_odds: Floats
    is_frozen: Flags
    person: np.ndarray
    found: int
    missed: int
    false: int
    sensitivity: float
    specificity: float

    @property
    def f1(self) -> float:
        """F1 of the episodes."""
        return 2.0 * self.found / (2.0 * self.found + self.missed + self.false)


def train(folder: Path) -> Any:  # noqa: ANN401 - JSON
    """Return the content of ``freezing.json``.

    Raises
    ------
    FormatError
        The folder does not hold the set daphnet.
    """
    places = {}
    for place in COLUMNS:
        records = read_records(folder, place)
        model, lines = _fit(records)
        out = leave_one_person_out(records)
        places[place] = {
            "logistic": to_json(model),
            "lines": to_json(lines),
            "auc": to_json(auc(out.log_odds, out.is_frozen)),
            "sensitivity": to_json(out.sensitivity),
            "specificity": to_json(out.specificity),
            "episodes_found": out.found,
            "episodes_missed": out.missed,
            "episodes_false": out.false,
            "people": len({record.person for record in records}),
        }
    return {"about": ABOUT, "features": list(FEATURES), "places": places}


def _fit(records: Sequence[Record]) -> tuple[Logistic, dict[str, float]]:
    moves = np.concatenate([record.windows.moves for record in records])
    x = np.concatenate([record.windows.values for record in records])[moves]
    frozen = np.concatenate([record.is_frozen for record in records])[moves]
    share = float(frozen.mean())
    model = fit(x, frozen, PENALTY, np.where(frozen, 0.5 / share, 0.5 / (1.0 - share)))
    usual = model.log_odds(x[~frozen])
    return model, {name: float(np.quantile(usual, 1.0 - passed)) for name, passed in LINES.items()}


def log_odds_of(model: Logistic, record: Record) -> Floats:
    """Return the log odds of every window of one record, shape (n,)."""
    moves = record.windows.moves
    out = np.full(len(moves), STILL_LOG_ODDS)
    out[moves] = model.log_odds(record.windows.values[moves])
    return out


def leave_one_person_out(records: Sequence[Record]) -> LeftOut:
    """Return what a detector that has not seen a person finds in that person's records."""
    odds, frozen, person, above = [], [], [], []
    found = missed = false = 0
    for name in sorted({record.person for record in records}):
        model, lines = _fit([record for record in records if record.person != name])
        for record in (record for record in records if record.person == name):
            log_odds = log_odds_of(model, record)
            spans = episodes(record.windows, log_odds > lines["usual"])
            hits, strays = matched(spans, record.episodes_s)
            found, missed, false = found + hits, missed + len(record.episodes_s) - hits, false + strays
            odds.append(log_odds)
            above.append(log_odds > lines["usual"])
            frozen.append(record.is_frozen)
            person.append(np.full(len(log_odds), name))
    truth, passed = np.concatenate(frozen), np.concatenate(above)
    return LeftOut(
        np.concatenate(odds),
        truth,
        np.concatenate(person),
        found,
        missed,
        false,
        float(passed[truth].mean()),
        float((~passed[~truth]).mean()),
    )


def matched(spans: Sequence[Span], labelled: Floats) -> tuple[int, int]:
    """Return how many labelled episodes are touched by a span, and how many spans touch none."""
    touch = np.array([[start < last and first < end for start, end in spans] for first, last in labelled], dtype=bool)
    touch = touch.reshape(len(labelled), len(spans))
    return int(touch.any(axis=1).sum()), int((~touch.any(axis=0)).sum())
