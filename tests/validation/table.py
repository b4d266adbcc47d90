"""The figures as a table: on the screen, as flat JSON, as the published page."""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path

import fusion
from tests.validation.targets import ABOUT, TARGETS, targets_of

UNITS = {
    "ms": "ms",
    "s": "s",
    "deg": "deg",
    "m": "m",
    "spm": "steps/min",
    "ratio": "ratio",
    "fraction": "share",
    "f1": "F1",
    "95": "share",
    "correlation": "r",
}
"""Last word of a figure's name -> unit; names with ``ratio`` in them are ratios, the rest are counts or flags."""

MARKS = {True: "pass", False: "**falls short**"}
NO_FIGURE = "**no figure**"


@dataclass(frozen=True, slots=True)
class SetResult:
    """What came of one set.

    Attributes
    ----------
    figures
        Flat keys, all starting with the set's name; empty when nothing was evaluated.
    remark
        Why there are no figures ("absent", "failed: ..."), or ``""``.
    refusals
        What was left out, and why.
    """

    name: str
    figures: dict[str, float]
    remark: str = ""
    refusals: tuple[str, ...] = ()


def unit_of(key: str) -> str:
    """Return the unit of a key, as its name says it; ``""`` for counts and flags."""
    name = key.split("/")[1]
    words = name.split("_")
    return "ratio" if "ratio" in words else UNITS.get(words[-1], "")


def number(value: float) -> str:
    """Return a figure with three digits, or ``-`` where there is none."""
    if not math.isfinite(value):
        return "-"
    return f"{value:.0f}" if abs(value) >= 1000 or value == round(value) else f"{value:.3g}"


def rows(result: SetResult, figures: dict[str, float]) -> list[tuple[str, ...]]:
    """Return key, value, unit, target, known and mark of each figure.

    A figure with two targets has two rows; a target that no figure answers has a row of its own.
    """
    lines: list[tuple[str, ...]] = []
    for key, value in sorted(result.figures.items()):
        targets = targets_of(key)
        if not targets:
            lines.append((key, number(value), unit_of(key), "", "", ""))
        for target in targets:
            mark = MARKS[target.is_met(value, figures)]
            lines.append((key, number(value), unit_of(key), target.words(figures), target.known, mark))
    for target in TARGETS if result.figures else ():
        if target.set_name == result.name and not any(target.matches(key) for key in result.figures):
            unit = unit_of(target.pattern)
            lines.append((target.pattern, "-", unit, target.words(figures), target.known, NO_FIGURE))
    return lines


def as_text(result: SetResult, figures: dict[str, float]) -> str:
    """Return one set's table for the screen."""
    head = f"{result.name}: {result.remark}" if result.remark else result.name
    lines = [head, "-" * len(head)]
    for key, value, unit, target, _, mark in rows(result, figures):
        verdict = f"{mark.strip('*'):<12} {target}" if target else ""
        lines.append(f"{key:<58} {value:>9} {unit:<10} {verdict}".rstrip())
    lines += [f"refused: {refusal}" for refusal in result.refusals]
    return "\n".join(lines) + "\n"


def as_page(results: list[SetResult], command: str) -> str:
    """Return the published page; it holds figures and no data, and no time or place of the run."""
    figures = merged(results)
    total, met = _score(results, figures)
    lines = [
        "# Validation on real recordings",
        "",
        f"Tandem Gait {fusion.__version__}. {met} of {total} targets are met. This page is written by",
        "",
        f"    {command}",
        "",
        "Conditions are `camera`, `imu` and `both` (fused). The rules behind each key stand at the top of",
        "`tests/validation/<set>.py`. Each set holds few people: a figure here describes these recordings and",
        "no population. Targets and known figures are those of the developers' part of the data; known figures",
        'marked "quick code" come from short scripts tuned on the same recordings.',
        "",
        "**These are development figures.** The methods were chosen, and the noise levels of estimator and",
        "events set within ranges that physics and literature allow, while looking at these recordings (kam",
        "and mea_lab above all). No curve, offset or model was fitted to them. People and recordings that",
        "were never seen are the test that counts.",
        "",
    ]
    for result in results:
        lines += _page_of(result, figures)
    return "\n".join(lines)


def _page_of(result: SetResult, figures: dict[str, float]) -> list[str]:
    lines = [f"## {result.name}", "", ABOUT.get(result.name, ""), ""]
    if result.remark:
        lines += [f"Not evaluated: {result.remark}.", ""]
    counts = {name: result.figures.get(f"{result.name}/{name}") for name in ("n", "refused")}
    if counts["n"] is not None:
        refused = f", {number(counts['refused'])} refused" if counts["refused"] is not None else ""
        lines += [f"n = {number(counts['n'])} evaluated{refused}.", ""]
    if result.figures:
        lines += ["| figure | value | unit | target | known | result |", "|---|---:|---|---|---|---|"]
        for key, value, unit, target, known, mark in rows(result, figures):
            safe = target.replace("<=", "≤").replace(">=", "≥").replace("==", "=")
            lines.append(f"| `{key}` | {value} | {unit} | {safe} | {known} | {mark} |")
        lines.append("")
    if result.refusals:
        lines += [f"- left out: {refusal}" for refusal in result.refusals]
        lines.append("")
    return lines


def merged(results: list[SetResult]) -> dict[str, float]:
    """Return the figures of all sets in one flat mapping."""
    return {key: value for result in results for key, value in result.figures.items()}


def _score(results: list[SetResult], figures: dict[str, float]) -> tuple[int, int]:
    marks = [line[5] for result in results for line in rows(result, figures) if line[5]]
    return len(marks), marks.count(MARKS[True])


def as_json(results: list[SetResult]) -> str:
    """Return one flat JSON object; a figure that does not exist is null."""
    flat = {key: value if math.isfinite(value) else None for key, value in merged(results).items()}
    return json.dumps(flat, indent=2, sort_keys=True, allow_nan=False) + "\n"


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)  # noqa: PTH105 - atomic on every platform
