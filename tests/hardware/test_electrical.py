"""The circuit: every pin joined once, drawings and lists that say the same, currents within what parts bear."""

import csv
import io
import re
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "hardware" / "electrical"
BOARD = FOLDER.parent / "firmware" / "ports" / "nrf52840" / "board.c"


@pytest.fixture(scope="module")
def drawn():
    """Return the modules netlist, draw and power_budget, which are scripts beside each other."""
    sys.path.insert(0, str(FOLDER))
    try:
        import draw
        import netlist
        import power_budget
    finally:
        sys.path.remove(str(FOLDER))
    return netlist, draw, power_budget


def pins_of(netlist):
    return [f"{part.reference}.{pin}" for part in netlist.PARTS for pin in part.pins]


def test_every_pin_is_joined_once_or_open_on_purpose(drawn):
    netlist = drawn[0]
    named = [pin for pins in netlist.NETS.values() for pin in pins] + sorted(netlist.OPEN)
    assert sorted(named) == sorted(pins_of(netlist))
    assert len(set(named)) == len(named)
    assert all(len(pins) >= 2 for pins in netlist.NETS.values())


def test_references_are_unique_and_every_part_can_be_bought_twice(drawn):
    netlist = drawn[0]
    references = [part.reference for part in netlist.PARTS]
    assert len(set(references)) == len(references)
    assert all(part.number and part.second and part.value for part in netlist.PARTS)


def test_nothing_but_the_isolators_joins_the_two_sides(drawn):
    netlist = drawn[0]
    for far in netlist.ISOLATED:
        parts = {pin.split(".")[0] for net in far for pin in netlist.NETS[net]}
        for part in (part for part in netlist.PARTS if part.reference in parts):
            nets = {netlist.net_of().get(f"{part.reference}.{pin}") for pin in part.pins} - {None}
            assert nets <= far or part.reference in ("U3", "U4"), part.reference


def test_the_firmware_uses_the_pins_of_the_netlist(drawn):
    netlist = drawn[0]
    source = BOARD.read_text(encoding="utf-8")
    joined = netlist.net_of()
    for name, (pin, chip) in netlist.FIRMWARE_PINS.items():
        assert re.search(rf"#define {name} {re.escape(chip)}\s+/\* {pin}\b", source), name
        assert f"U1.{pin}" in joined
    assert joined["U1.D2"] == joined["U2.INT"]
    assert joined["U1.D10"] == joined["U2.MOSI"]


def test_drawings_and_bill_are_those_of_the_netlist(drawn):
    for name, content in drawn[1].outputs().items():
        assert (FOLDER / name).read_text(encoding="utf-8") == content, f"run hardware/electrical/draw.py: {name}"


def test_the_bill_holds_every_part_once(drawn):
    netlist, draw, _ = drawn
    rows = list(csv.DictReader(io.StringIO(draw.bom())))
    listed = [reference for row in rows for reference in row["references"].split()]
    assert sorted(listed) == sorted(part.reference for part in netlist.PARTS)
    assert all(int(row["count"]) == len(row["references"].split()) for row in rows)


def test_both_drawings_show_every_part_and_net(drawn):
    netlist, draw, _ = drawn
    schematic, wiring = draw.schematic(), draw.wiring()
    for part in netlist.PARTS:
        assert f">{part.reference}  " in schematic
        assert f">{part.reference}<" in wiring or f">{part.reference}  " in wiring
    assert all(schematic.count(f"'600'>{net}<") == len(pins) for net, pins in netlist.NETS.items())


def test_every_joined_pin_has_a_place_of_its_own_on_the_board(drawn):
    netlist, draw, _ = drawn
    placed = draw.HOLES | draw.OFF_BOARD
    assert set(netlist.net_of()) <= set(placed)
    assert len(set(draw.HOLES.values())) == len(draw.HOLES)
    assert all(0 <= x < draw.COLUMNS and 0 <= y < draw.ROWS for x, y in draw.HOLES.values())


@pytest.mark.parametrize("reference", ["U1", "U3", "U4"])
def test_parts_with_pins_on_both_sides_are_not_drawn_in_the_mirror(drawn, reference):
    _, draw, _ = drawn
    order = {
        "U1": [f"D{n}" for n in range(11)] + ["3V3", "GND", "5V"],
        "U3": ["A", "K", "NC", "VO", "GND", "VCC"],  # pins 1 to 6
        "U4": ["A", "K", "E", "C"],  # pins 1 to 4
    }[reference]
    points = [draw.HOLES[f"{reference}.{pin}"] for pin in order]
    area = sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(points, points[1:] + points[:1], strict=True))
    assert area < 0  # rows grow downwards: counter-clockwise seen from the side of the parts


def ohms(netlist, reference):
    value = next(part.value for part in netlist.PARTS if part.reference == reference)
    return float(value.rstrip("k")) * (1e3 if value.endswith("k") else 1.0)


def test_currents_are_what_the_parts_need_and_bear(drawn):
    netlist = drawn[0]
    into_u3 = [(volts - 1.2) / ohms(netlist, "R1") for volts in (3.3, 5.0)]
    assert 1.5 * 1.6e-3 < into_u3[0] < into_u3[1] < 30e-3  # threshold and limit of the isolator's diode
    coin_cell = (3.0 - 0.2 - 1.2) / ohms(netlist, "R1")
    into_u4 = (3.3 - 1.2 - 0.1) / ohms(netlist, "R5")
    assert 1.6e-3 < coin_cell < 2.0 * into_u4  # transfer ratio of rank C: at least 200 %
    lamp = (3.3 - 2.0) / ohms(netlist, "R4")
    base = (3.3 - 0.7) / ohms(netlist, "R3")
    assert lamp < 20e-3
    assert base < 2e-3  # standard drive of the pin
    assert 100 * base > 4 * (lamp + into_u4)  # saturated with a gain of 100


def test_hours_follow_from_the_currents(drawn):
    _, _, budget = drawn
    for rate_hz in (100, 200):
        typical, low = budget.hours(rate_hz)
        assert typical == pytest.approx(400 * 0.85 / sum(row.typical for row in budget.rows(rate_hz, lamp=True)))
        assert low < typical
        assert all(row.high >= row.typical for row in budget.rows(rate_hz, lamp=True))
    assert budget.hours(200)[0] < budget.hours(100)[0] < budget.hours(100, lamp=False)[0]
    assert max(budget.CHARGE_MA.values()) / budget.CELL_MAH <= 0.5  # a lithium cell bears half its charge an hour


def test_the_readme_shows_the_budget_that_the_script_prints(drawn):
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert drawn[2].table() in readme
