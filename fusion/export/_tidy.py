"""The analysis as long tables, one observation a row: what tidy CSV and Excel share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from fusion.types import Analysis, Stride, WalkingBout

Cell = str | float | int | bool
Table = tuple[tuple[str, ...], list[tuple[Cell, ...]]]

PARAMETERS = ("recording", "subject", "name", "side", "value", "low", "high", "unit", "n", "grade", "reason")
CURVES = ("recording", "subject", "name", "stride", "percent", "value_deg")


def tables(analysis: Analysis) -> dict[str, Table]:
    """Return table name -> (columns, rows); NaN stays NaN."""
    who = (analysis.recording.identifier, analysis.recording.subject.identifier)
    stride_fields = tuple(spec.name for spec in fields(Stride))
    return {
        "parameters": (
            PARAMETERS,
            [(*who, item.name, item.side, *_estimate(item.estimate)) for item in analysis.parameters.items],
        ),
        "strides": (
            ("recording", "subject", *stride_fields),
            [(*who, *(getattr(stride, name) for name in stride_fields)) for stride in analysis.strides],
        ),
        "events": (
            ("recording", "subject", "time_s", "side", "event", "sd_s", "source"),
            list(_events(analysis, who)),
        ),
        "bouts": (
            ("recording", "subject", "bout", "start_s", "end_s", "strides", "turns", "name", "value", "low", "high"),
            list(_bouts(analysis, who)),
        ),
        "turns": (
            ("recording", "subject", "start_s", "end_s", "angle_deg", "peak_rate_dps", "source"),
            [(*who, t.start_s, t.end_s, t.angle_deg, t.peak_rate_dps, t.source) for t in analysis.turns],
        ),
        "curves": (CURVES, list(_curves(analysis, who))),
    }


def _estimate(estimate: object) -> tuple[Cell, ...]:
    return tuple(getattr(estimate, name) for name in PARAMETERS[4:])


def _events(analysis: Analysis, who: tuple[str, str]) -> Iterator[tuple[Cell, ...]]:
    events = analysis.events
    for k, time_s in enumerate(events.time_s.tolist()):
        yield (*who, time_s, str(events.side[k]), str(events.kind[k]), float(events.sd_s[k]), str(events.source[k]))


def _bouts(analysis: Analysis, who: tuple[str, str]) -> Iterator[tuple[Cell, ...]]:
    names = [spec.name for spec in fields(WalkingBout)][4:]
    for number, bout in enumerate(analysis.bouts, start=1):
        for name in names:
            estimate = getattr(bout, name)
            span = (number, bout.start_s, bout.end_s, bout.strides, bout.turns)
            yield (*who, *span, name, estimate.value, estimate.low, estimate.high)


def _curves(analysis: Analysis, who: tuple[str, str]) -> Iterator[tuple[Cell, ...]]:
    for name, cycles in analysis.joint_angles.cycles_deg.items():
        for stride, cycle in enumerate(cycles.tolist(), start=1):
            for percent, value in enumerate(cycle):
                yield (*who, name, stride, percent, value)
