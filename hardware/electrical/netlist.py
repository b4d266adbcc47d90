"""The wearable's circuit: parts, and nets that join their pins. Schematic, wiring list and BOM are written from here.

Pins of U1 are those of hardware/firmware/ports/nrf52840/board.c. A pin that is left open stands in ``OPEN``, so that
nothing is open by mistake.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """One part: value, pins in the order of its drawing, what to buy, and what else would do."""

    reference: str
    value: str
    pins: tuple[str, ...]
    number: str
    second: str
    note: str = ""


def _resistor(reference: str, value: str, note: str) -> Part:
    return Part(reference, value, ("1", "2"), "any 1/4 W metal film, 5 %", "any", note)


MIKROBUS = (
    "AN",
    "RST",
    "CS",
    "SCK",
    "MISO",
    "MOSI",
    "3V3",
    "GND",
    "PWM",
    "INT",
    "RX",
    "TX",
    "SCL",
    "SDA",
    "5V",
    "GND2",
)

PARTS = (
    Part(
        "U1",
        "XIAO nRF52840",
        ("D0", "D1", "D2", "D3", "D4", "D5", "D6", "D7", "D8", "D9", "D10", "3V3", "GND", "5V", "BAT+", "BAT-"),
        "Seeed 102010448",
        "Seeed 102010469 (the Sense version; its own sensor stays unused)",
        "processor, charger BQ25101, USB-C",
    ),
    Part(
        "U2",
        "ICM-42688-P board",
        MIKROBUS,
        "MikroElektronika MIKROE-4237",
        "ST STEVAL-MKI227KA (LSM6DSV16X; same six signals, build the firmware for LSM6DSV)",
        "jumpers set to SPI; remove its power LED to save about 1 mA",
    ),
    Part(
        "U3",
        "H11L1M",
        ("A", "K", "NC", "VO", "GND", "VCC"),
        "onsemi H11L1M",
        "Everlight H11L1, Isocom H11L1",
        "sync in: isolation 4170 V RMS, Schmitt trigger, edges within 4 us",
    ),
    Part(
        "U4",
        "EL817(C)",
        ("A", "K", "E", "C"),
        "Everlight EL817(C)",
        "Sharp PC817X3NSZ9F, Lite-On LTV-817-C",
        "sync out: isolation 5000 V RMS; transfer ratio of rank C: 200 to 400 %",
    ),
    Part("Q1", "BC337-40", ("C", "B", "E"), "onsemi BC337-40", "Diotec BC337-40", "drives lamp and sync out"),
    Part(
        "D1",
        "red, 5 mm, clear",
        ("A", "K"),
        "Cree LED C503B-RCN-CW0Z0AA1",
        "Kingbright WP7113ID",
        "lamp that cameras see",
    ),
    Part("D2", "1N4148", ("A", "K"), "onsemi 1N4148", "Vishay 1N4148", "protects U3 against a reversed plug"),
    _resistor("R1", "680", "3.1 mA into U3 at 3.3 V, 5.6 mA at 5 V; U3 switches at 1.6 mA at most"),
    _resistor("R2", "4.7k", "pull-up of SYNC_IN: 0.7 mA"),
    _resistor("R3", "2.2k", "1.2 mA into the base of Q1: within the standard drive of the pin"),
    _resistor("R4", "100", "13 mA through the lamp"),
    _resistor("R5", "470", "4.3 mA through U4: at least 8 mA out"),
    _resistor("R6", "100k", "keeps Q1 off while U1 is in reset"),
    _resistor("R7", "470", "limits what a powered cable pushes into an unpowered U1"),
    _resistor("R8", "470", "the same for the other direction"),
    Part("C1", "100n", ("1", "2"), "Kemet C320C104K5R5TA", "Vishay K104K15X7RF53L2", "at U3; it needs one"),
    Part("S1", "button", ("1", "2"), "Omron B3F-1000", "TE Connectivity 1825910-6", "marks a moment"),
    Part(
        "S2",
        "slide switch",
        ("1", "2", "3"),
        "E-Switch EG1218",
        "C&K OS102011MS2QN1",
        "in the battery's line; must be on to charge",
    ),
    Part(
        "BT1",
        "LiPo 3.7 V 400 mAh, protected",
        ("+", "-"),
        "SparkFun PRT-13851",
        "Adafruit 1578 (500 mAh)",
        "protection circuit against over-charge, deep discharge and short circuit is required",
    ),
    Part("J1", "3.5 mm jack, SYNC IN", ("T", "S"), "Lumberg KLBM 3", "Switchcraft 42A", "panel mount, two wires"),
    Part("J2", "3.5 mm jack, SYNC OUT", ("T", "S"), "Lumberg KLBM 3", "Switchcraft 42A", "panel mount, two wires"),
    Part(
        "J3",
        "header 1x3, serial line",
        ("GND", "TXD", "RXD"),
        "Harwin M20-9990346",
        "any 2.54 mm pin header",
        "3.3 V; only through an isolated adapter",
    ),
)

NETS: dict[str, tuple[str, ...]] = {
    "GND": ("U1.GND", "U2.GND", "U2.GND2", "U3.GND", "Q1.E", "R6.2", "C1.2", "S1.2", "J3.GND"),
    "3V3": ("U1.3V3", "U2.3V3", "U3.VCC", "C1.1", "R2.1", "R4.1", "R5.1"),
    "VBAT": ("U1.BAT+", "S2.2"),
    "CELL+": ("BT1.+", "S2.1"),
    "CELL-": ("BT1.-", "U1.BAT-"),  # the board joins BAT- and GND
    "IMU_INT": ("U1.D2", "U2.INT"),
    "IMU_CS": ("U1.D3", "U2.CS"),
    "SCK": ("U1.D8", "U2.SCK"),
    "MISO": ("U1.D9", "U2.MISO"),
    "MOSI": ("U1.D10", "U2.MOSI"),
    "SYNC_IN": ("U1.D0", "U3.VO", "R2.2"),
    "IN_TIP": ("J1.T", "R1.1"),
    "IN_LED": ("R1.2", "U3.A", "D2.K"),
    "IN_RETURN": ("J1.S", "U3.K", "D2.A"),
    "SYNC_OUT": ("U1.D1", "R3.1"),
    "BASE": ("R3.2", "Q1.B", "R6.1"),
    "SINK": ("Q1.C", "D1.K", "U4.K"),
    "LAMP": ("R4.2", "D1.A"),
    "OUT_LED": ("R5.2", "U4.A"),
    "OUT_TIP": ("U4.C", "J2.T"),
    "OUT_RETURN": ("U4.E", "J2.S"),
    "BUTTON": ("U1.D4", "S1.1"),
    "TXD_U1": ("U1.D6", "R7.1"),
    "TXD": ("R7.2", "J3.TXD"),
    "RXD_U1": ("U1.D7", "R8.1"),
    "RXD": ("R8.2", "J3.RXD"),
}

OPEN = frozenset(
    {
        "U1.D5",
        "U1.5V",
        "U3.NC",
        "S2.3",
        *(f"U2.{pin}" for pin in ("AN", "RST", "PWM", "RX", "TX", "SCL", "SDA", "5V")),
    }
)

ISOLATED = ({"IN_TIP", "IN_LED", "IN_RETURN"}, {"OUT_TIP", "OUT_RETURN"})
"""Nets on the far side of each isolator."""

FIRMWARE_PINS = {
    "PIN_READY": ("D2", "PIN(0, 28)"),
    "PIN_SELECT": ("D3", "PIN(0, 29)"),
    "PIN_SCK": ("D8", "PIN(1, 13)"),
    "PIN_MISO": ("D9", "PIN(1, 14)"),
    "PIN_MOSI": ("D10", "PIN(1, 15)"),
    "PIN_TXD": ("D6", "PIN(1, 11)"),
    "PIN_RXD": ("D7", "PIN(1, 12)"),
    "PIN_SYNC_IN": ("D0", "PIN(0, 2)"),
    "PIN_SYNC_OUT": ("D1", "PIN(0, 3)"),
    "PIN_BUTTON": ("D4", "PIN(0, 4)"),
}
"""Name in board.c -> pin of the XIAO and of the nRF52840 behind it."""


def net_of() -> dict[str, str]:
    """Return pin -> net."""
    return {pin: net for net, pins in NETS.items() for pin in pins}
