"""Write schematic.svg, wiring.svg and bom.csv from the netlist: ``python draw.py [FOLDER]``."""

from __future__ import annotations

import csv
import io
import sys
from html import escape
from pathlib import Path

from netlist import ISOLATED, NETS, OPEN, PARTS, Part, net_of

FONT = "font-family='Inter, Helvetica, Arial, sans-serif'"
INK, PAPER, FAINT = "#1b2733", "#ffffff", "#8593a3"
COLOURS = {"GND": "#30363d", "3V3": "#c62828", "VBAT": "#d9730d", "CELL+": "#d9730d", "CELL-": "#30363d"}
ISOLATED_COLOUR = "#7b1fa2"
SIGNALS = ("#1565c0", "#00796b", "#6a7d00", "#ad1457", "#5d4037", "#0288d1")

PITCH = 22.0

# Part -> x, y of its box and which pins are on the left; the rest are on the right.
BOXES = {
    "U1": (540, 95, ("D0", "D1", "D2", "D3", "D4", "D6", "D7", "D8", "D9", "D10", "D5")),
    "U2": (1000, 95, ("CS", "SCK", "MISO", "MOSI", "INT", "3V3", "GND", "GND2")),
    "U3": (130, 640, ("A", "K", "NC")),
    "U4": (1120, 520, ("A", "K")),
    "BT1": (100, 110, ()),
    "S2": (120, 215, ("1",)),
    "S1": (540, 390, ("1",)),
    "J3": (1000, 345, ("GND", "TXD", "RXD")),
    "J1": (40, 520, ()),
    "J2": (1400, 620, ("T", "S")),
    "Q1": (640, 650, ("B",)),
}
TWO_PINS = {
    "R1": (330, 535),
    "D2": (330, 590),
    "R2": (330, 655),
    "C1": (330, 710),
    "R3": (600, 535),
    "R6": (600, 595),
    "R4": (800, 535),
    "D1": (800, 595),
    "R5": (1060, 660),
    "R7": (1210, 360),
    "R8": (1210, 405),
}
GROUPS = (
    (20, 60, 300, 395, "Battery; charging by U1 over USB-C"),
    (340, 60, 520, 395, "Processor and button"),
    (880, 60, 640, 395, "Sensor and serial line"),
    (20, 475, 520, 300, "Sync input, isolated"),
    (560, 475, 430, 300, "Lamp (dithered) and driver"),
    (1010, 475, 510, 300, "Sync output, isolated"),
)


def colour(net: str) -> str:
    """Return the colour of a net, the same in both drawings."""
    if net in COLOURS:
        return COLOURS[net]
    if any(net in side for side in ISOLATED):
        return ISOLATED_COLOUR
    signals = [name for name in NETS if name not in COLOURS and not any(name in side for side in ISOLATED)]
    return SIGNALS[signals.index(net) % len(SIGNALS)]


def text(
    x: float, y: float, words: str, *, size: int = 12, fill: str = INK, anchor: str = "start", bold: bool = False
) -> str:
    """Return a line of text."""
    weight = " font-weight='600'" if bold else ""
    return f"<text x='{x:g}' y='{y:g}' font-size='{size}' fill='{fill}' text-anchor='{anchor}'{weight}>{escape(words)}</text>"


def line(x1: float, y1: float, x2: float, y2: float, stroke: str, width: float = 1.6, extra: str = "") -> str:
    """Return a straight line."""
    return (
        f"<line x1='{x1:g}' y1='{y1:g}' x2='{x2:g}' y2='{y2:g}' stroke='{stroke}' stroke-width='{width:g}' {extra}/>"
    )


def flag(x: float, y: float, pin: str, side: int) -> str:
    """Return a pin's short wire with the name of its net; a cross where it is open."""
    if pin in OPEN:
        return line(x, y, x + 8 * side, y, FAINT) + text(
            x + 12 * side, y + 4, "open", size=10, fill=FAINT, anchor=_anchor(side)
        )
    net = net_of()[pin]
    return line(x, y, x + 18 * side, y, colour(net), 2.2) + text(
        x + 22 * side, y + 4, net, size=11, fill=colour(net), anchor=_anchor(side), bold=True
    )


def _anchor(side: int) -> str:
    return "start" if side > 0 else "end"


def box(part: Part) -> str:
    """Return a part as a box with its pins."""
    x, y, left = BOXES[part.reference]
    right = [pin for pin in part.pins if pin not in left]
    width = 150 if part.reference in ("U1", "U2") else 92
    height = PITCH * max(len(left), len(right)) + 10
    out = [
        f"<rect x='{x}' y='{y}' width='{width}' height='{height:g}' rx='4' fill='#f4f7fa' stroke='{INK}' stroke-width='1.4'/>"
    ]
    at_end = part.reference == "J2"
    title = f"{part.reference}  {part.value}"
    out.append(text(x + width * at_end, y - 6, title, size=12, bold=True, anchor="end" if at_end else "start"))
    for side, pins in ((-1, left), (1, right)):
        for row, pin in enumerate(pins):
            at = y + PITCH * row + 18
            edge = x if side < 0 else x + width
            out.append(text(edge - 6 * side, at + 4, pin, size=11, anchor=_anchor(-side)))
            out.append(flag(edge, at, f"{part.reference}.{pin}", side))
    if part.reference in ("U3", "U4"):  # the barrier
        out.append(
            line(x + width / 2, y - 2, x + width / 2, y + height + 6, ISOLATED_COLOUR, 2, "stroke-dasharray='6 4'")
        )
    return "".join(out)


def two_pins(part: Part) -> str:
    """Return a resistor, capacitor or diode lying, with the nets at its ends."""
    x, y = TWO_PINS[part.reference]
    x += 70
    first, second = part.pins
    symbol = {"R": _resistor, "C": _capacitor, "D": _diode}[part.reference[0]](x, y)
    return (
        symbol
        + flag(x, y, f"{part.reference}.{first}", -1)
        + flag(x + 46, y, f"{part.reference}.{second}", 1)
        + text(x + 23, y - 12, f"{part.reference}  {part.value}", size=11, anchor="middle", bold=True)
    )


def _resistor(x: float, y: float) -> str:
    return (
        line(x, y, x + 46, y, INK)
        + f"<rect x='{x + 8}' y='{y - 6}' width='30' height='12' fill='{PAPER}' stroke='{INK}' stroke-width='1.4'/>"
    )


def _capacitor(x: float, y: float) -> str:
    plates = line(x + 20, y - 9, x + 20, y + 9, INK, 2.2) + line(x + 26, y - 9, x + 26, y + 9, INK, 2.2)
    return line(x, y, x + 20, y, INK) + line(x + 26, y, x + 46, y, INK) + plates


def _diode(x: float, y: float) -> str:
    triangle = f"<path d='M{x + 15} {y - 8} L{x + 15} {y + 8} L{x + 30} {y} Z' fill='{PAPER}' stroke='{INK}' stroke-width='1.4'/>"
    return line(x, y, x + 46, y, INK) + triangle + line(x + 30, y - 8, x + 30, y + 8, INK, 2)


def schematic() -> str:
    """Return the schematic as SVG: pins that bear the same name are joined."""
    out = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1540 795' {FONT}><rect width='1540' height='795' fill='{PAPER}'/>"
    ]
    out.append(text(20, 34, "Tandem wearable: schematic", size=20, bold=True))
    out.append(
        text(
            1520,
            34,
            "same name = joined; violet = far side of an isolator; drawn from netlist.py",
            size=12,
            fill=FAINT,
            anchor="end",
        )
    )
    for x, y, width, height, title in GROUPS:
        out.append(
            f"<rect x='{x}' y='{y}' width='{width}' height='{height}' rx='8' fill='none' stroke='#cfd8e1' stroke-width='1.2'/>"
        )
        out.append(text(x + 10, y + height - 9, title, size=12, fill=FAINT))
    for part in PARTS:
        out.append(box(part) if part.reference in BOXES else two_pins(part))
    return "".join(out) + "</svg>\n"


# The board from above, 70 mm x 30 mm, holes 2.54 mm apart: column and row of each pin (column 0 left, row 0 top).
COLUMNS, ROWS = 27, 11
HOLES: dict[str, tuple[int, int]] = {
    **{f"U1.D{number}": (24 - number, 2) for number in range(7)},
    **{f"U1.{pin}": (18 + place, 8) for place, pin in enumerate(("D7", "D8", "D9", "D10", "3V3", "GND", "5V"))},
    "U1.BAT-": (17, 4), "U1.BAT+": (17, 6),
    "U3.A": (8, 1), "U3.K": (7, 1), "U3.NC": (6, 1), "U3.VO": (6, 4), "U3.GND": (7, 4), "U3.VCC": (8, 4),
    "U4.A": (8, 9), "U4.K": (8, 7), "U4.E": (5, 7), "U4.C": (5, 9),
    "J1.T": (2, 1), "J1.S": (2, 3), "J2.T": (2, 9), "J2.S": (2, 7),
    "R1.1": (4, 0), "R1.2": (4, 3), "D2.A": (5, 5), "D2.K": (5, 2),
    "R2.1": (10, 1), "R2.2": (10, 4), "C1.1": (12, 1), "C1.2": (12, 4),
    "R3.1": (15, 9), "R3.2": (12, 9), "R6.1": (12, 8), "R6.2": (15, 8),
    "Q1.C": (10, 7), "Q1.B": (11, 7), "Q1.E": (12, 7),
    "R4.1": (15, 6), "R4.2": (12, 6), "D1.A": (11, 10), "D1.K": (10, 10), "R5.1": (10, 6), "R5.2": (7, 6),
    "S1.1": (14, 2), "S1.2": (14, 4), "S2.1": (16, 10), "S2.2": (17, 10), "S2.3": (18, 10),
    "R7.1": (17, 0), "R7.2": (20, 0), "R8.1": (20, 10), "R8.2": (23, 10), "J3.TXD": (22, 0), "J3.RXD": (23, 0), "J3.GND": (24, 0),
}  # fmt: skip
WIRES_OFF = {"U2": "to the sensor board under this one", "BT1": "battery under this board"}
OFF_BOARD: dict[str, tuple[int, int]] = {
    **{f"U2.{pin}": (15 + place, -3) for place, pin in enumerate(("3V3", "GND", "SCK", "MISO", "MOSI", "CS", "INT"))},
    "U2.GND2": (22, -3),
    "BT1.+": (18, 13),
    "BT1.-": (20, 13),
}
SCALE, LEFT, TOP = 40.0, 60.0, 210.0


def place(pin: str) -> tuple[float, float]:
    """Return where a pin is in the wiring drawing."""
    column, row = HOLES.get(pin) or OFF_BOARD[pin]
    return LEFT + SCALE * column, TOP + SCALE * row


def wiring() -> str:
    """Return the wiring drawing as SVG: parts on the board from above, one colour for each net."""
    width, height = LEFT + SCALE * COLUMNS + 30, TOP + SCALE * (ROWS + 3) + 20
    out = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width:g} {height:g}' {FONT}><rect width='{width:g}' height='{height:g}' fill='{PAPER}'/>"
    ]
    out.append(text(20, 34, "Tandem wearable: wiring, seen from the side of the parts", size=20, bold=True))
    out.append(
        text(
            20,
            56,
            "board 70 mm x 30 mm, holes 2.54 mm apart; thick lines are wires or solder bridges; drawn from netlist.py",
            size=13,
            fill=FAINT,
        )
    )
    out.append(
        f"<rect x='{LEFT - 30:g}' y='{TOP - 30:g}' width='{SCALE * COLUMNS + 20:g}' height='{SCALE * ROWS + 20:g}' rx='10' fill='#f2ead8' stroke='#b9a77c'/>"
    )
    for column in range(COLUMNS):
        for row in range(ROWS):
            out.append(f"<circle cx='{LEFT + SCALE * column:g}' cy='{TOP + SCALE * row:g}' r='3' fill='#d9caa3'/>")
    out += [_outline(part) for part in PARTS]
    for net, pins in NETS.items():
        out += [_wire(first, second, colour(net)) for first, second in _tree(pins)]
    for part in PARTS:
        out += [
            _pad(f"{part.reference}.{pin}", pin)
            for pin in part.pins
            if f"{part.reference}.{pin}" in HOLES | OFF_BOARD
        ]
    out.append(text(LEFT + SCALE * 4.2, TOP - SCALE * 2.9, f"U2  {WIRES_OFF['U2']}: seven wires", size=13, bold=True))
    out.append(text(LEFT + SCALE * 21, TOP + SCALE * 13.1, f"BT1  {WIRES_OFF['BT1']}", size=13, bold=True))
    return "".join(out) + "</svg>\n"


def _outline(part: Part) -> str:
    at = [place(f"{part.reference}.{pin}") for pin in part.pins if f"{part.reference}.{pin}" in HOLES]
    if not at:
        return ""
    left, right = min(x for x, _ in at) - 15, max(x for x, _ in at) + 15
    top, bottom = min(y for _, y in at) - 15, max(y for _, y in at) + 15
    if part.reference == "U1":
        left, right = left + 20, LEFT + SCALE * 26
    shape = f"<rect x='{left:g}' y='{top:g}' width='{right - left:g}' height='{bottom - top:g}' rx='6' fill='#ffffff' fill-opacity='0.72' stroke='{INK}' stroke-width='1.2'/>"
    middle = ((left + right) / 2, (top + bottom) / 2)
    if part.reference == "U1":
        return shape + text(*middle, "U1  XIAO nRF52840, USB to the right", size=15, anchor="middle", bold=True)
    if part.reference in ("Q1", "S2", "J3"):
        return shape + text(right + 6, middle[1] + 4, part.reference, size=13, bold=True)
    is_tall = bottom - top > right - left
    turn = f"transform='rotate(-90 {middle[0]:g} {middle[1]:g})'" if is_tall and right - left < 70 else ""
    return (
        shape + f"<g {turn}>{text(middle[0], middle[1] + 4, part.reference, size=13, anchor='middle', bold=True)}</g>"
    )


def _pad(pin: str, name: str) -> str:
    x, y = place(pin)
    net = net_of().get(pin)
    fill = colour(net) if net else "#ffffff"
    return f"<circle cx='{x:g}' cy='{y:g}' r='6' fill='{fill}' stroke='{INK}'/>" + text(
        x, y - 9, name, size=10, anchor="middle"
    )


def _tree(pins: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the shortest set of wires that joins all pins (Prim)."""
    joined, rest, wires = [pins[0]], list(pins[1:]), []
    while rest:
        first, second = min(((a, b) for a in joined for b in rest), key=lambda pair: _distance(*pair))
        wires.append((first, second))
        joined.append(second)
        rest.remove(second)
    return wires


def _distance(first: str, second: str) -> float:
    (x1, y1), (x2, y2) = place(first), place(second)
    return (x2 - x1) ** 2 + (y2 - y1) ** 2


def _wire(first: str, second: str, stroke: str) -> str:
    (x1, y1), (x2, y2) = place(first), place(second)
    bend = 0.12
    x, y = (x1 + x2) / 2 + bend * (y1 - y2), (y1 + y2) / 2 + bend * (x2 - x1)
    return f"<path d='M{x1:g} {y1:g} Q{x:g} {y:g} {x2:g} {y2:g}' fill='none' stroke='{stroke}' stroke-width='3.4' stroke-opacity='0.85'/>"


def bom() -> str:
    """Return the bill of materials as CSV: equal parts in one line."""
    rows: dict[tuple[str, ...], list[str]] = {}
    for part in PARTS:
        rows.setdefault((part.value, part.number, part.second), []).append(part.reference)
    notes = {part.reference: part.note for part in PARTS}
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("references", "count", "value", "part_number", "second_source", "note"))
    for (value, number, second), references in rows.items():
        writer.writerow((" ".join(references), len(references), value, number, second, notes[references[0]]))
    return out.getvalue()


def outputs() -> dict[str, str]:
    """Return file name -> content of everything that is drawn from the netlist."""
    return {"schematic.svg": schematic(), "wiring.svg": wiring(), "bom.csv": bom()}


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    for name, content in outputs().items():
        (folder / name).write_text(content, encoding="utf-8")
