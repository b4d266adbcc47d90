"""How long the wearable runs: ``python power_budget.py`` prints the table.

Currents are typical values of the data sheets (nRF52840 product specification 1.7, section "Current consumption";
ICM-42688-P DS-000347 1.6, table 3; H11L1M) or computed from the circuit; what is an estimate says so. ``high`` is
what a bad part or a bad guess would draw. Nothing here was measured on a board.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

CELL_MAH = 400.0
USABLE = 0.85
"""Share of the nominal charge above the cut-off, after a year of use: an estimate."""

CPU_RUNNING_MA, CPU_RUNNING_HIGH_MA = 6.3, 7.5
"""From flash at 64 MHz through the linear regulator: the port does not switch the DC/DC converter on."""

BYTE_US = 1e6 * 10 / 921_600
FRAME_BYTES = 30 + 2 + 2
"""One sample: payload, CRC, COBS and its end."""

SAMPLE_US = 60.0
"""Interrupt, 16 byte over SPI at 8 Mbit/s, ring buffer: an estimate."""

WAKES_PER_S, WAKE_US = 4000.0, 3.0
CHARGE_MA = {"P0.13 high or open (default)": 50.0, "P0.13 low": 100.0}
LAMP_WIDTH_S, LAMP_PERIOD_S = 0.1, 1.0
"""``led_width_ms`` = 100; rising edges are 0.7 to 1.3 s apart, 1.0 s on average (SPEC, section 6)."""


@dataclass(frozen=True)
class Row:
    """One consumer, mA."""

    name: str
    typical: float
    high: float


def cpu_share(rate_hz: float) -> float:
    """Return the share of time in which the processor runs: the line is written by it, byte by byte."""
    return 1e-6 * (rate_hz * (SAMPLE_US + FRAME_BYTES * BYTE_US) + WAKES_PER_S * WAKE_US)


def rows(rate_hz: float, *, lamp: bool) -> list[Row]:
    """Return all consumers at a rate, with or without the dithered lamp."""
    share = cpu_share(rate_hz)
    duty = LAMP_WIDTH_S / LAMP_PERIOD_S if lamp else 0.0
    lit = (3.3 - 2.0) / 100 * 1e3 + (3.3 - 1.2 - 0.1) / 470 * 1e3 + (3.3 - 0.7) / 2200 * 1e3
    return [
        Row(
            f"processor running {100 * share:.1f} % of the time", share * CPU_RUNNING_MA, share * CPU_RUNNING_HIGH_MA
        ),
        Row("asleep: crystal, timer at 1 MHz, receiver of the line (estimate)", 1.3, 2.0),
        Row("ICM-42688-P, six axes, low noise", 0.88, 1.1),
        Row("lamp of the sensor board (0 when removed; estimate)", 1.0, 1.5),
        Row("isolator of the sync input (H11L1M)", 1.2, 5.0),
        Row(f"lamp and isolator of the sync output, lit {100 * duty:.0f} %", duty * lit, duty * lit * 1.1),
        Row("divider of the battery gauge: 3.7 V over 1.51 MOhm", 3.7 / 1510, 4.2 / 1510),
    ]


def hours(rate_hz: float, *, lamp: bool = True) -> tuple[float, float]:
    """Return how long a charged cell lasts: typical, and when every consumer is at its high value."""
    parts = rows(rate_hz, lamp=lamp)
    usable = CELL_MAH * USABLE
    return usable / sum(row.typical for row in parts), usable / sum(row.high for row in parts)


def table() -> str:
    """Return the budget as Markdown."""
    lines = ["| consumer | 100 Hz, mA | 200 Hz, mA | high at 200 Hz, mA |", "|---|---|---|---|"]
    slow, fast = rows(100, lamp=True), rows(200, lamp=True)
    for at_100, at_200 in zip(slow, fast, strict=True):
        name = (
            at_200.name
            if at_100.name == at_200.name
            else f"processor running {100 * cpu_share(100):.1f} and {100 * cpu_share(200):.1f} % of the time"
        )
        lines.append(f"| {name} | {at_100.typical:.3f} | {at_200.typical:.3f} | {at_200.high:.3f} |")
    sums = [sum(row.typical for row in slow), sum(row.typical for row in fast), sum(row.high for row in fast)]
    lines.append(f"| **sum** | **{sums[0]:.2f}** | **{sums[1]:.2f}** | **{sums[2]:.2f}** |")
    usable = CELL_MAH * USABLE
    lines.append(
        f"| **hours** = {CELL_MAH:.0f} mAh x {USABLE:g} / sum | "
        + " | ".join(f"**{usable / s:.0f}**" for s in sums)
        + " |"
    )
    lines.append("")
    for setting, current in CHARGE_MA.items():
        # constant current to about 90 %, then the current decays: 1.15 times the plain quotient is an estimate
        lines.append(
            f"- charging at {current:.0f} mA ({setting}): about {1.15 * CELL_MAH / current:.0f} h, "
            f"{current / CELL_MAH:.2f} C"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(table() + "\n")
