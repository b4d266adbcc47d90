"""From raw fields to the words on the page: clean text, dates, names of parameters."""

from __future__ import annotations

import struct
import unicodedata
from datetime import date, datetime
from functools import cache
from pathlib import Path

import numpy as np

from fusion.errors import UsageError
from fusion.gait.definitions import definition
from fusion.gait.numbers import format_range
from fusion.types import Analysis

FONT_FOLDER = Path(__file__).parent / "fonts"

_UNIT_ENDINGS = ("_mps", "_spm", "_deg", "_percent", "_hz", "_radps", "_m", "_s")

_WORDS = {"cv": "CV", "sd": "SD", "ic": "initial contact", "fc": "final contact", "rom": "range", "gps": "GPS"}

_SHORTER = (
    (", coefficient of variation", " CV"),
    (", standard deviation", " SD"),
    (", share of the cycle", ""),
    (", asymmetry", " asymmetry"),
)

_GROUPS = (
    ("Variability and symmetry", ("cv", "sd", "variability", "variation", "asymmetry", "symmetry", "ratio")),
    ("Turning and posture", ("turn", "tilt", "trunk", "sway", "posture", "arm")),
    ("Joint angles", ("flexion", "extension", "dorsiflexion", "plantarflexion", "range", "rom", "angle")),
    ("Phases", ("stance", "swing", "support")),
    ("Pace", ("speed", "velocity", "length", "width", "clearance")),
    ("Rhythm", ("cadence", "time", "duration", "frequency")),
)

GROUP_ORDER = (
    "Pace",
    "Rhythm",
    "Phases",
    "Joint angles",
    "Variability and symmetry",
    "Turning and posture",
    "Count",
)


COMPARISON_MARK = {
    "below": "▼ below",
    "above": "▲ above",
    "borderline": "◇ borderline",
    "within": "within",
    "no norm": "",
    "not assessable": "",
}


def clean(text: object, limit: int = 400) -> str:
    """Return text that the report's font can draw, on one line, as wide as ``limit`` letters at most.

    Control and direction characters become spaces, runs of spaces one. A character that the font
    lacks is printed as its code, ``[U+5F20]``: an identifier stays unambiguous, and the page never shows
    an empty box.
    """
    words = unicodedata.normalize("NFC", str(text))
    drawn = "".join(_drawable(character) for character in words)
    line = " ".join(drawn.split())
    room = float(limit)
    for place, character in enumerate(line):
        room -= _width(character)
        if room < 0.0:
            return line[:place].rstrip() + "…"
    return line


def sentence(text: str) -> str:
    """Return the text with its first letter as a capital."""
    return text[:1].upper() + text[1:]


def date_words(day: date) -> str:
    """Return a date as ``21 Oct 2026``, in English on every computer."""
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{day.day} {months[day.month - 1]} {day.year}"


def recorded_at(started_at: str) -> tuple[str, str]:
    """Return date and time of day in words from an ISO 8601 text; empty where it cannot be read."""
    try:
        moment = datetime.fromisoformat(started_at)
    except ValueError:
        return "", ""
    clock = f"{moment.hour:02d}:{moment.minute:02d}" if "T" in started_at or " " in started_at else ""
    return date_words(moment.date()), clock


def duration_words(seconds: float) -> str:
    """Return a duration as ``1 min 58 s`` or ``8.4 s``; empty when unknown."""
    if not np.isfinite(seconds) or seconds <= 0.0:
        return ""
    if seconds < 60.0:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    return f"{whole // 60} min {whole % 60} s"


def listed(items: list[str]) -> str:
    """Return ``a, b and c``."""
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1] if items else ""


def parameter_words(name: str) -> str:
    """Return what a person calls a parameter: ``walking_speed_mps`` is "Walking speed".

    The data dictionary knows the words; a name that it lacks is read off the name itself.
    """
    try:
        label = definition(name).label
    except UsageError:
        label = _words_of(name)
    for long, short in _SHORTER:
        label = label.replace(long, short)
    return sentence(clean(label, 80)) or "Unnamed"


def parameter_unit(name: str, unit: str) -> str:
    """Return the unit as printed beside a parameter; empty for counts and ratios."""
    if unit == "%" and name in (
        "stance_percent",
        "swing_percent",
        "single_support_percent",
        "double_support_percent",
    ):
        return "% of cycle"
    return "" if unit == "1" else unit


def parameter_group(name: str) -> str:
    """Return the heading under which a parameter stands."""
    words = set(name.lower().split("_"))
    return next((group for group, marks in _GROUPS if words & set(marks)), "Count")


def norm_words(low: float, high: float, value: str = "") -> str:
    """Return a norm range with at most as many decimals as the value, and two."""
    if not (np.isfinite(low) and np.isfinite(high)):
        return "no norm"
    decimals = min(2, len(value.split(".")[1])) if "." in value else 0 if value else 2
    while decimals and all(abs(round(x, decimals) - round(x, decimals - 1)) < 1e-9 for x in (low, high)):
        decimals -= 1
    return format_range(low, high, decimals)


def walking_speed_mps(analysis: Analysis) -> float:
    """Return the measured speed at which norms are chosen; NaN when not assessable."""
    return analysis.parameters.get("walking_speed_mps").value


def _words_of(name: str) -> str:
    base = name.lower()
    ending = next((end for end in _UNIT_ENDINGS if base.endswith(end) and len(base) > len(end)), "")
    words = base.removesuffix(ending).split("_")
    return " ".join(_WORDS.get(word, word) for word in words if word)


def _width(character: str) -> float:
    """Return how wide a character is, in average small letters of the font."""
    if character in "WMwm@%":
        return 1.7
    return 1.3 if character.isupper() else 1.0


def _drawable(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Cc", "Cf", "Zl", "Zp", "Zs"):
        return " "
    if ord(character) in _font_coverage():
        return character
    return f"[U+{ord(character):04X}]"


@cache
def _font_coverage() -> frozenset[int]:
    """Return the code points in the font's cmap table (OpenType 1.9, cmap formats 4 and 12)."""
    data = (FONT_FOLDER / "Inter-Regular.otf").read_bytes()
    (tables,) = struct.unpack_from(">H", data, 4)
    entries = (struct.unpack_from(">4sLLL", data, 12 + 16 * k) for k in range(tables))
    start = next(offset for tag, _, offset, _ in entries if tag == b"cmap")
    (count,) = struct.unpack_from(">H", data, start + 2)
    covered: set[int] = set()
    for k in range(count):
        (offset,) = struct.unpack_from(">L", data, start + 8 + 8 * k)
        covered |= _subtable(data, start + offset)
    return frozenset(covered)


def _subtable(data: bytes, start: int) -> set[int]:
    (kind,) = struct.unpack_from(">H", data, start)
    if kind == 12:
        (groups,) = struct.unpack_from(">L", data, start + 12)
        spans = (struct.unpack_from(">LL", data, start + 16 + 12 * k) for k in range(groups))
        return {code for first, last in spans for code in range(first, last + 1)}
    if kind == 4:
        (double,) = struct.unpack_from(">H", data, start + 6)
        ends = struct.unpack_from(f">{double // 2}H", data, start + 14)
        starts = struct.unpack_from(f">{double // 2}H", data, start + 16 + double)
        pairs = zip(starts, ends, strict=True)
        return {code for first, last in pairs if first != 0xFFFF for code in range(first, last + 1)}
    return set()
