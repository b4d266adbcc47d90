"""Over the seeds: median and 95th percentile of each figure, counts of what went wrong; flat keys, a short table."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np

from tests.validation.simulated.cells import Cell
from tests.validation.simulated.run import Figures

ROOT = Path(__file__).resolve().parents[3]
COUNTED = {"diverged": "divergences", "refused": "refusals", "crashed": "crashes"}
"""0 or 1 in a run: summed over the seeds."""

COLUMNS = ("knee_rmse_deg", "knee_rmse_gap_deg", "hip_rmse_deg", "ankle_rmse_deg", "coverage_95", "divergences")


def summary(runs: Mapping[tuple[str, int], Figures], chosen: list[Cell]) -> dict[str, float]:
    """Return ``sim/<motion>/<fault>/<sensors>[/<method>]/<metric>``: the median, ``..._p95``, counts, ``runs``.

    Coverages and slopes are means; of ``sync_error_ms`` the 95th percentile is ``sync_p95_ms``.
    """
    flat: dict[str, float] = {}
    for cell in chosen:
        mine = [figures for (name, _), figures in runs.items() if name == cell.name]
        if not mine:
            continue
        flat[f"sim/{cell.name}/runs"] = float(len(mine))
        for key in sorted({key for figures in mine for key in figures}):
            values = np.array([figures[key] for figures in mine if key in figures])
            flat |= {f"sim/{cell.name}/{name}": value for name, value in _over_seeds(key, values).items()}
    return flat


def _over_seeds(key: str, values: np.ndarray) -> dict[str, float]:
    head, _, metric = key.rpartition("/")
    prefix = f"{head}/" if head else ""
    if metric in COUNTED:
        return {f"{prefix}{COUNTED[metric]}": float(np.sum(values))}
    if "coverage" in metric or "slope" in metric or metric == "camera_used":
        return {key: float(np.nanmean(values)) if np.isfinite(values).any() else math.nan}
    high = float(np.percentile(values, 95)) if np.isfinite(values).all() else math.nan
    middle = float(np.median(values)) if np.isfinite(values).all() else math.nan
    if metric.startswith("sync"):
        return {f"{prefix}{metric}": middle, f"{prefix}{metric.replace('_error_ms', '')}_p95_ms": high}
    return {key: middle, f"{key}_p95": high}


def as_text(flat: Mapping[str, float], chosen: list[Cell]) -> str:
    """Return the main figures, one line per cell and method."""
    lines = [f"{'cell':<40} {'method':<10} " + " ".join(f"{name:>18}" for name in COLUMNS)]
    for cell in chosen:
        methods = sorted(
            {key.split("/")[4] for key in flat if key.startswith(f"sim/{cell.name}/") and key.count("/") == 5}
        )
        for method in methods:
            values = [flat.get(f"sim/{cell.name}/{method}/{name}", math.nan) for name in COLUMNS]
            shown = " ".join(f"{value:>18.2f}" if math.isfinite(value) else f"{'-':>18}" for value in values)
            lines.append(f"{cell.name:<40} {method:<10} {shown}")
    return "\n".join(lines)


def as_json(flat: Mapping[str, float]) -> str:
    """Return one flat JSON object; a figure that does not exist is null."""
    finite = {key: value if math.isfinite(value) else None for key, value in flat.items()}
    return json.dumps(finite, indent=2, sort_keys=True, allow_nan=False) + "\n"


@cache
def code_hash() -> str:
    """Return a hash of everything that a run depends on: the library and this bench."""
    digest = hashlib.sha256()
    for folder in (ROOT / "fusion", Path(__file__).parent):
        for path in sorted(folder.rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
