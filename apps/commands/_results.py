"""An analysis as lines on the screen and as files in a folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fusion.types import Analysis, GaitParameters

WIDTH = 100
"""Letters a line; a wider terminal shows the same."""


def quality_lines(analysis: Analysis) -> list[str]:
    """Return how far the recording can be trusted: the verdict, then each check, worst first."""
    from fusion.report.first_page import verdict

    found = verdict(analysis)
    lines = wrap(f"Recording quality: {found.words}. {found.sentence}", WIDTH)
    for check in analysis.quality:
        said_in_remark = check.value == "see remark" or check.remark.startswith(check.value)
        parts = (check.remark,) if said_in_remark else (check.value, f"({check.remark})" if check.remark else "")
        words = f"{check.name}: {' '.join(part for part in parts if part)}"
        lines += wrap(words, WIDTH, initial_indent=f"  {check.status:<12}", subsequent_indent=" " * 14)
    return lines


def parameter_lines(analysis: Analysis) -> list[str]:
    """Return the table of all parameters: value, 95 % interval, unit, count, grade; reasons as notes below."""
    if not analysis.parameters.items:
        return ["No gait parameter could be computed from this recording."]
    notes: dict[str, int] = {}
    head = ("Parameter", "Side", "Value", "95 % interval", "Unit", "n", "Grade")
    rows = [head, *_rows(analysis.parameters, notes)]
    lines = aligned(rows, right=(2, 5))
    for reason, number in notes.items():
        lines += wrap(f"[{number}] {reason}", WIDTH, subsequent_indent="    ")
    return lines


def aligned(rows: Sequence[Sequence[str]], right: Iterable[int] = ()) -> list[str]:
    """Return rows as lines with columns as wide as their widest cell; a rule below the first row."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    pads = [str.rjust if place in set(right) else str.ljust for place in range(len(widths))]
    lines = []
    for row in rows:
        cells = [pad(cell, width) for pad, cell, width in zip(pads, row, widths, strict=True)]
        lines.append("  ".join(cells).rstrip())
    return [lines[0], "-" * max(map(len, lines)), *lines[1:]]


def report_pdf(analysis: Analysis) -> tuple[bytes | None, str]:
    """Return the report, or None and why: the libraries that draw it are not installed."""
    from fusion.report.extras import MissingDependency
    from fusion.report.pdf import report_bytes

    try:
        return report_bytes(analysis, created_on=date.today()), ""
    except MissingDependency as missing:
        return None, str(missing)


def write_everything(
    analysis: Analysis, folder: Path, pdf: bytes | None, further: Mapping[str, bytes] | None = None
) -> tuple[Path, ...]:
    """Write tables, report and further files into a folder, all or none, and return their paths."""
    from fusion.export.tables import REPORT, write_results

    return write_results(analysis, folder, attached={**({REPORT: pdf} if pdf is not None else {}), **(further or {})})


def _rows(parameters: GaitParameters, notes: dict[str, int]) -> list[tuple[str, ...]]:
    """Return one row a parameter; ``notes`` collects reason -> number."""
    from fusion.gait.numbers import format_estimate
    from fusion.report.words import parameter_words

    rows: list[tuple[str, ...]] = []
    for item in parameters.items:
        estimate = item.estimate
        shown = format_estimate(estimate)
        grade = estimate.grade
        if estimate.reason:
            grade += f" [{notes.setdefault(estimate.reason, len(notes) + 1)}]"
        value = shown.value if estimate.is_assessable else "-"
        rows.append(
            (parameter_words(item.name), item.side, value, shown.interval, shown.unit, str(estimate.n), grade)
        )
    return rows
