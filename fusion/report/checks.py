"""What limits a recording, and how its wearables sit: the tables of page 4."""

from __future__ import annotations

import numpy as np

from fusion.gait.numbers import MINUS
from fusion.report.blocks import Block, Cell, Section, Table
from fusion.report.first_page import camera_sync, found_words, is_camera_check, offset_words, unchecked_sync
from fusion.report.words import clean, sentence
from fusion.types import SAFE, Analysis, QualityCheck, SyncResult

_MARKS = {
    "good": ("✓ good", "good"),
    "limited": ("! limited", "care"),
    "not usable": ("\N{MULTIPLICATION SIGN} not usable", "stop"),
}

_WIDTHS = (42.0, 25.0, 53.0, 0.0)


def checks_table(analysis: Analysis) -> Table:
    """Return every check with what it found and what that means, cameras first."""
    rows = [
        _check_row(check, analysis) for check in sorted(analysis.quality, key=lambda one: not is_camera_check(one))
    ]
    cameras = camera_sync(analysis)
    open_results = unchecked_sync(analysis)
    rows = [_camera_row(result) for result in open_results if result in cameras] + rows
    rows += _wearable_rows([result for result in open_results if result not in cameras])
    if not rows:
        rows = [(Cell(text="No check was made of this recording.", columns=4),)]
    return Table(("Check", "Status", "Found", "What it means"), _WIDTHS, tuple(rows), True)


def placements(analysis: Analysis) -> list[Block]:
    """Return how each wearable sits on its segment; nothing without wearables."""
    if not analysis.placements:
        return []
    rows = []
    for one in analysis.placements:
        issue = one.issue
        if not issue and one.worn_on and one.worn_on != one.segment:
            issue = f"the signal fits the {_segment(one.worn_on)} better; check the sensor names"
        axis = f"axis known to {np.degrees(1.96 * one.axis_sd_rad):.0f} deg" if np.isfinite(one.axis_sd_rad) else ""
        status = Cell(strong="! look", tone="care") if issue else Cell(strong="✓ good", tone="good")
        details = "; ".join(part for part in (one.method, axis) if part)
        found = Cell(text=clean(details, 80))
        rows.append((Cell(text=sentence(_segment(one.segment))), status, found, Cell(small=clean(issue, 300))))
    head = ("Wearable on", "Status", "Placement found by", "What was found")
    return [Section("Wearables on the body"), Table(head, _WIDTHS, tuple(rows), True)]


def _check_row(check: QualityCheck, analysis: Analysis) -> tuple[Cell, ...]:
    words, tone = _MARKS[check.status]
    found = found_words(check, analysis)
    remark = check.remark
    results = camera_sync(analysis)
    if is_camera_check(check) and check.status == "good" and len(results) == 1:
        found, remark = _offset_and_skew(results[0]), _told(results[0])
    if found == "see remark":
        # What is wrong, then what it means: the two halves of the remark.
        found, _, rest = remark.partition("; ")
        remark = rest or remark
    cells = (Cell(text=clean(found, 160)), Cell(small=clean(sentence(remark), 300)))
    return Cell(text=clean(check.name, 80)), Cell(strong=words, tone=tone), *cells


def _camera_row(result: SyncResult) -> tuple[Cell, ...]:
    return (
        Cell(text=clean(f"Camera {result.stream} to wearables", 60)),
        _fused(result.verdict),
        Cell(text=_offset_and_skew(result)),
        Cell(small=clean(_told(result), 300)),
    )


def _wearable_rows(results: list[SyncResult]) -> list[tuple[Cell, ...]]:
    """Return one row for all wearables on one clock, and one for each that is not."""
    safe = [result for result in results if result.verdict == SAFE]
    rows: list[tuple[Cell, ...]] = []
    if safe:
        doubt_ms = max(0.5e3 * (result.high_s - result.low_s) for result in safe)
        found = f"{len(safe)} on one clock, each to \N{PLUS-MINUS SIGN}{doubt_ms:.0f} ms"
        method = ", ".join(dict.fromkeys(result.method for result in safe if result.method))
        rows.append(
            (Cell(text="Wearables"), _fused(SAFE), Cell(text=found), Cell(small=clean(sentence(method), 200)))
        )
    for result in results:
        if result.verdict != SAFE:
            name = Cell(text=clean(f"Wearable {_segment(result.stream)}", 60))
            rows.append((name, _fused(result.verdict), Cell(), Cell(small=clean(_told(result), 300))))
    return rows


def _fused(verdict: str) -> Cell:
    is_safe = verdict == SAFE
    return Cell(strong="✓ safe to fuse" if is_safe else "! not fused", tone="good" if is_safe else "care")


def _offset_and_skew(result: SyncResult) -> str:
    skew = f", skew {result.skew_ppm:.0f} ppm".replace("-", MINUS) if abs(result.skew_ppm) >= 0.5 else ""
    return clean(offset_words(result) + skew, 60)


def _told(result: SyncResult) -> str:
    """Return reason and method of a synchronisation as one sentence."""
    parts = [part.rstrip(".") for part in (result.reason, result.method) if part]
    return "; ".join(parts).replace("+-", "\N{PLUS-MINUS SIGN}")


def _segment(name: str) -> str:
    return name.replace("_", " ")
