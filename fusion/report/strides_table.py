"""The strides as a table: when, how long, how far, and why some do not count."""

from __future__ import annotations

import numpy as np

from fusion.gait.numbers import EN_DASH, format_number
from fusion.report.blocks import Cell, Table
from fusion.report.words import clean, sentence
from fusion.types import Analysis, Stride


def strides_table(analysis: Analysis, most: int = 400) -> Table:
    """Return one row a stride, in order of time; at most ``most``."""
    ordered = sorted(analysis.strides, key=lambda one: one.start_s)[:most]
    rows = tuple(_row(number, stride) for number, stride in enumerate(ordered, start=1))
    if not rows:
        rows = ((Cell(text="No stride was found.", columns=7),),)
    head = ("Stride", "Side", "Start, s", "Time, s", "Stance, %", "Length, m", "Counts")
    return Table(head, (14.0, 18.0, 20.0, 26.0, 22.0, 30.0, 0.0), rows, dense=True)


def _row(number: int, stride: Stride) -> tuple[Cell, ...]:
    stance = 100.0 * (stride.fc_s - stride.start_s) / stride.duration_s
    length = format_number(stride.length_m, 2) if np.isfinite(stride.length_m) else EN_DASH
    doubt = ""
    if np.isfinite(stride.length_m) and np.isfinite(stride.length_sd_m):
        half = 1.96 * stride.length_sd_m
        ends = (stride.length_m - half, stride.length_m + half)
        doubt = f"[{format_number(ends[0], 2)}, {format_number(ends[1], 2)}]"
    counts = Cell(text="yes") if stride.is_valid else Cell(text="no", small=clean(sentence(stride.reason), 60))
    return (
        Cell(text=str(number)),
        Cell(strong=stride.side[0].upper(), small=stride.side, tone=stride.side),
        Cell(text=format_number(stride.start_s, 2)),
        Cell(text=format_number(stride.duration_s, 3)),
        Cell(text=format_number(stance, 1) if np.isfinite(stance) else EN_DASH),
        Cell(text=length, small=doubt),
        counts,
    )
