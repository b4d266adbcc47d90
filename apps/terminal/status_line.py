"""The state of every stream in one line, and in a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from drivers.recorder import StreamStatus
from fusion.types import SyncResult

NOT_TOLD = "-"
_HEAD = ("Stream", "State", "Rate", "Samples", "Lost", "Full scale", "Links lost", "Battery", "Clock", "+-95 %")


def status_line(statuses: Sequence[StreamStatus], head: str, width: int) -> str:
    """Return one line that fits: rate, loss, battery and doubt of the clock of each stream.

    Parameters
    ----------
    head
        What the recorder is doing.
    width
        Characters; what does not fit is cut, with an ellipsis.
    """
    parts = [head, *(_brief(status) for status in statuses)]
    line = "  ".join(parts)
    return line if len(line) <= width else f"{line[: max(width - 3, 0)]}..."


def status_table(statuses: Sequence[StreamStatus]) -> list[str]:
    """Return a table with everything that is known about every stream."""
    rows = [_HEAD, *(_row(status) for status in statuses)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def duration(seconds: float) -> str:
    """Return ``1:05`` for 65 s."""
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}"


def _brief(status: StreamStatus) -> str:
    if status.state != "streaming":
        return f"{status.name} {status.state.upper()}"
    parts = [status.name, _number(status.rate_hz, "{:.0f} Hz")]
    if status.lost:
        parts.append(f"{status.lost} lost")
    if np.isfinite(status.battery):
        parts.append(f"{100.0 * status.battery:.0f} %")
    if status.sync is not None:
        parts.append(_doubt(status.sync))
    return " ".join(parts)


def _row(status: StreamStatus) -> tuple[str, ...]:
    unit = "frames/s" if status.kind == "camera" else "Hz"
    rate = f"{_number(status.rate_hz, '{:.1f}')} of {_number(status.nominal_hz, '{:g}')} {unit}"
    clock, doubt = NOT_TOLD, NOT_TOLD
    if status.sync is not None:
        clock, doubt = _number(status.sync.offset_s, "{:+.4f} s"), _doubt(status.sync).removeprefix("+-")
    return (
        status.name,
        status.state,
        rate,
        str(status.samples),
        str(status.lost),
        str(status.saturated),
        str(status.reconnects),
        _number(100.0 * status.battery, "{:.0f} %"),
        clock,
        doubt,
    )


def _doubt(sync: SyncResult) -> str:
    return _number(500.0 * (sync.high_s - sync.low_s), "+-{:.1f} ms")


def _number(value: float, form: str) -> str:
    return form.format(value) if np.isfinite(value) else NOT_TOLD
