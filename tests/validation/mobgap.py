"""One lower-back sensor against insoles with foot IMUs (INDIP) and stereophotogrammetry (mobgap's layout).

Rules
- Own walking bouts (``fusion.gait.bouts``) come from ``analyse`` of the wearable alone with the body height; turns
  are part of a bout, as in the references.
- A reference period belongs to the own bout that shares most time with it; it counts as found when the shared time is
  more than half of the longer of the two. Errors are those of a period's means.
- Initial contacts: within the reference periods, at most 0.15 s apart, each used once.
- With TANDEM_MOBGAP_PYTHON set to an interpreter that has mobgap, the released pipeline for healthy people is run on
  the same files in the same run (``mobgap_peer.py``); ``shared`` figures then cover the periods that both found.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

from fusion.errors import TandemError
from fusion.pipeline import analyse
from fusion.types import Analysis
from tests.validation.load_mobgap import Bout, MobgapTrial, load_mobgap

LOGGER = logging.getLogger("tests.validation")
LEAST_OVERLAP = 0.5
TOLERANCE_S = 0.15
FIGURES = {
    "walking_speed_mps": "speed_mae_mps",
    "stride_length_m": "stride_length_mae_m",
    "cadence_spm": "cadence_mae_spm",
}
PEER = "TANDEM_MOBGAP_PYTHON"

Errors = dict[str, list[tuple[float, ...]]]


def evaluate(folder: Path) -> dict[str, float]:
    """Return the figures over all trials found under a folder; empty when there are none."""
    trials = list(load_mobgap(folder))
    if not trials:
        return {}
    peer = _peer(sorted({trial.file for trial in trials}))
    results, contacts, refused, seconds, recorded = defaultdict(list), [], 0, 0.0, 0.0
    for trial in trials:
        started = time.perf_counter()
        try:
            analysis = analyse(trial.recording, use=("imu",))
        except TandemError as error:
            LOGGER.warning("%s: %s", trial.key, error)
            refused += 1
            continue
        seconds += time.perf_counter() - started
        recorded += float(np.ptp(trial.recording.imus[0].time_s))
        _compare(trial, _own(analysis), _bouts_of(peer, trial.key), results)
        contacts.append(_contacts(trial, analysis))
    figures = _figures(results)
    figures |= _contact_figures(contacts)
    figures["mobgap/times_real_time"] = recorded / seconds if seconds else np.nan
    return figures | {"mobgap/refused": float(refused), "mobgap/n": float(len(trials))}


def _own(analysis: Analysis) -> list[Bout]:
    names = tuple(FIGURES)
    return [
        Bout(bout.start_s, bout.end_s, *(float(getattr(bout, name).value) for name in names))
        for bout in analysis.bouts
    ]


def _compare(trial: MobgapTrial, own: list[Bout], peer: list[Bout] | None, results: dict[str, list]) -> None:
    for system, periods in trial.references.items():
        for period in periods:
            mine = _best(period, own)
            theirs = _best(period, peer or [])
            results[system].append(_errors(mine, period))
            if peer is not None:
                results[f"peer_{system}"].append(_errors(theirs, period))
                both = mine is not None and theirs is not None
                results[f"shared_{system}"].append(_errors(mine if both else None, period))
                results[f"shared_peer_{system}"].append(_errors(theirs if both else None, period))


def _best(period: Bout, found: list[Bout]) -> Bout | None:
    best = max(found, key=period.overlap, default=None)
    return best if best is not None and period.overlap(best) > LEAST_OVERLAP else None


def _errors(found: Bout | None, period: Bout) -> tuple[float, ...]:
    if found is None:
        return (np.nan,) * len(FIGURES)
    return tuple(getattr(found, name) - getattr(period, name) for name in FIGURES)


def _figures(results: dict[str, list]) -> dict[str, float]:
    figures = {}
    for system, rows in results.items():
        errors = np.array(rows)
        found = np.isfinite(errors[:, 0])
        figures[f"mobgap/periods_found/{system}"] = float(found.sum())
        figures[f"mobgap/periods/{system}"] = float(len(errors))
        for column, name in enumerate(FIGURES.values()):
            figures[f"mobgap/{name}/{system}"] = (
                float(np.mean(np.abs(errors[found, column]))) if found.any() else np.nan
            )
    return figures


def _contacts(trial: MobgapTrial, analysis: Analysis) -> tuple[int, int, list[float], int]:
    """Return reference contacts, own contacts within the periods, errors, s, and pairs on the right side."""
    wanted, found, errors, same_side = 0, 0, [], 0
    own = analysis.events
    for period in trial.references.get("INDIP", ()):
        inside = (own.time_s > period.start_s - TOLERANCE_S) & (own.time_s < period.end_s + TOLERANCE_S)
        free = list(np.flatnonzero(inside & (own.kind == "ic")))
        wanted += len(period.initial_contacts_s)
        found += len(free)
        for contact, side in zip(period.initial_contacts_s, period.sides, strict=True):
            near = min(free, key=lambda k: abs(own.time_s[k] - contact), default=None)
            if near is not None and abs(own.time_s[near] - contact) <= TOLERANCE_S:
                errors.append(float(own.time_s[near] - contact))
                same_side += own.side[near][0] == side[0]
                free.remove(near)
    return wanted, found, errors, same_side


def _contact_figures(parts: list[tuple[int, int, list[float], int]]) -> dict[str, float]:
    wanted, found = sum(part[0] for part in parts), sum(part[1] for part in parts)
    errors = np.array([error for part in parts for error in part[2]])
    if not wanted or not errors.size:
        return {}
    return {
        "mobgap/ic_f1/INDIP": 2.0 * len(errors) / (wanted + found),
        "mobgap/ic_mae_ms/INDIP": 1e3 * float(np.mean(np.abs(errors))),
        "mobgap/ic_bias_ms/INDIP": 1e3 * float(np.mean(errors)),
        "mobgap/ic_sd_ms/INDIP": 1e3 * float(np.std(errors)),
        "mobgap/side_right_share/INDIP": sum(part[3] for part in parts) / len(errors),
    }


def _peer(files: list[Path]) -> dict[str, dict] | None:
    """Return what the released pipeline finds in the same files; None where it is not installed."""
    interpreter = os.environ.get(PEER)
    if not interpreter:
        return None
    script = Path(__file__).with_name("mobgap_peer.py")
    command = [interpreter, "-P", str(script), *(str(file.resolve()) for file in files)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def _bouts_of(peer: dict[str, dict] | None, key: str) -> list[Bout] | None:
    if peer is None:
        return None
    found = next((value for name, value in peer.items() if Path(name) == Path(key).resolve()), {"bouts": []})
    return [Bout(bout["start_s"], bout["end_s"], *(bout[name] for name in FIGURES)) for bout in found["bouts"]]
