"""Small drawings written as SVG by hand: dot-and-range strip, hatched plate, one average gait cycle.

There are dozens of them in a report; written directly they cost nothing and are exact to a tenth of a point.
Lengths are pt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fusion.report import tokens

_LABEL_WIDTH = 62.0

_SIDE_DASH = {"left": "", "right": ' stroke-dasharray="2.4 1.2"', "both": ""}


@dataclass(frozen=True, slots=True)
class Mark:
    """One value with its interval on a strip; ``before`` is the last visit's, a hollow circle."""

    side: str
    value: float
    low: float
    high: float
    before: float = np.nan


def strip_svg(
    norm_low: float, norm_high: float, marks: Sequence[Mark], width: float = 119.0, height: float = 17.0
) -> str:
    """Return a dot-and-range strip: the norm range fills the middle third.

    The left side is a filled dot, the right side a hollow diamond with a dashed interval; a value more than
    one range away is an arrowhead at the edge.
    """
    third = width / 3.0
    parts = [
        f'<rect x="{third:.2f}" y="0" width="{third:.2f}" height="{height:.2f}" fill="{tokens.NORM}"/>',
        _line(third, 0.0, third, height, tokens.EDGE, 0.5),
        _line(2.0 * third, 0.0, 2.0 * third, height, tokens.EDGE, 0.5),
    ]
    for lane, mark in enumerate(marks, start=1):
        parts += _mark(mark, norm_low, norm_high, width, height * lane / (len(marks) + 1))
    return _svg(width, height, parts)


def cycle_svg(other_fc: float, other_ic: float, own_fc: float, side: str, width: float = 515.0) -> str:
    """Return the bars of one average cycle: when each foot was on the ground, and when both were.

    Parameters
    ----------
    other_fc, other_ic, own_fc
        Final and initial contact of the other foot and final contact of this foot, % of the cycle.
    side
        Side whose cycle it is.
    """
    other = "right" if side == "left" else "left"
    spans = {side: ((0.0, own_fc),), other: ((0.0, other_fc), (other_ic, 100.0))}
    parts = [
        '<defs><pattern id="hatch" width="4" height="4" patternUnits="userSpaceOnUse">'
        f'<path d="M0 4L4 0" stroke="{tokens.EDGE}" stroke-width="0.7"/></pattern></defs>'
    ]
    start, scale = _LABEL_WIDTH, (width - _LABEL_WIDTH - 1.0) / 100.0
    for row, name in enumerate(("left", "right")):
        top = 13.0 * row
        words = f"{tokens.SIDE_LETTER[name]} {name}"
        parts.append(_text(2.0, top + 8.2, words, tokens.SIDE_COLOUR[name], 8.0, 600, "start"))
        parts.append(_line(start, top + 5.0, width - 1.0, top + 5.0, tokens.HAIR, 0.5))
        parts += [_contact(name, start + a * scale, start + b * scale, top) for a, b in spans[name]]
    shared = other_fc + own_fc - other_ic
    parts.append(_text(2.0, 33.4, f"both {shared:.1f} %", anchor="start"))
    for begin, end in ((0.0, other_fc), (other_ic, own_fc)):
        at, size = start + begin * scale, (end - begin) * scale
        parts.append(
            f'<rect x="{at:.2f}" y="26.2" width="{max(size, 0.1):.2f}" height="8.6" fill="url(#hatch)" '
            f'stroke="{tokens.EDGE}" stroke-width="0.4"/>'
        )
    alone = ((side, other_fc, other_ic), (other, own_fc, 100.0))
    parts += [_text(start + 0.5 * (a + b) * scale, 33.4, f"{who} alone {b - a:.1f} %") for who, a, b in alone]
    return _svg(width, 36.0, parts)


def _mark(mark: Mark, low: float, high: float, width: float, y: float) -> list[str]:
    def across(value: float) -> float:
        share = float(np.clip((value - low) / (high - low), -1.0, 2.0))
        # The edge keeps room for half a mark.
        return float(np.clip((share + 1.0) / 3.0 * width, 3.2, width - 3.2))

    colour = tokens.SIDE_COLOUR[mark.side]
    at = across(mark.value)
    parts = []
    if np.isfinite(mark.before):
        parts.append(
            f'<circle cx="{across(mark.before):.2f}" cy="{y:.2f}" r="2.4" fill="white" stroke="{tokens.SOFT}" '
            'stroke-width="0.9"/>'
        )
    begin, end = at, at
    if np.isfinite(mark.low) and np.isfinite(mark.high):
        begin, end = across(mark.low), across(mark.high)
        parts.append(_line(begin, y, end, y, colour, 1.4, _SIDE_DASH[mark.side]))
        parts += [_line(x, y - 2.0, x, y + 2.0, colour, 1.0) for x in (begin, end)]
    share = (mark.value - low) / (high - low)
    if share < -1.0 or share > 2.0:
        parts.append(_arrow(width if share > 2.0 else 0.0, y, colour, 1.0 if share > 2.0 else -1.0))
    elif mark.side == "right":
        parts.append(
            f'<path d="M{at:.2f} {y - 3.2:.2f}l3.2 3.2l-3.2 3.2l-3.2 -3.2z" fill="white" '
            f'stroke="{colour}" stroke-width="1.2"/>'
        )
    else:
        parts.append(f'<circle cx="{at:.2f}" cy="{y:.2f}" r="2.8" fill="{colour}"/>')
    letter = tokens.SIDE_LETTER[mark.side]
    if letter:
        right_of = max(end, at + 3.0) + 5.5
        x = right_of if right_of < width - 4.0 else min(begin, at - 3.0) - 5.5
        parts.append(_text(x, y + 2.6, letter, colour, 7.0, 600))
    return parts


def _contact(side: str, begin: float, end: float, top: float) -> str:
    if side == "left":
        return f'<rect x="{begin:.2f}" y="{top:.2f}" width="{end - begin:.2f}" height="10" fill="{tokens.LEFT}"/>'
    return (
        f'<rect x="{begin + 0.7:.2f}" y="{top + 0.7:.2f}" width="{max(end - begin - 1.4, 0.1):.2f}" '
        f'height="8.6" fill="white" stroke="{tokens.RIGHT}" stroke-width="1.3" stroke-dasharray="4 2"/>'
    )


def _arrow(x: float, y: float, colour: str, towards: float) -> str:
    back = x - 6.0 * towards
    return f'<path d="M{x:.2f} {y:.2f}L{back:.2f} {y - 3.5:.2f}L{back:.2f} {y + 3.5:.2f}z" fill="{colour}"/>'


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, thickness: float, extra: str = "") -> str:
    ends = f'x1="{x1:.2f}" y1="{y1:.2f}" x2="{x2:.2f}" y2="{y2:.2f}"'
    return f'<line {ends} stroke="{colour}" stroke-width="{thickness}"{extra}/>'


def _text(
    x: float,
    y: float,
    words: str,
    colour: str = tokens.SOFT,
    size: float = 7.5,
    weight: int = 400,
    anchor: str = "middle",
) -> str:
    return (
        f'<text x="{x:.2f}" y="{y:.2f}" font-family="{tokens.FONT}" font-size="{size}" '
        f'font-weight="{weight}" fill="{colour}" text-anchor="{anchor}">{words}</text>'
    )


def _svg(width: float, height: float, parts: Sequence[str]) -> str:
    size = f'width="{width:g}pt" height="{height:g}pt" viewBox="0 0 {width:g} {height:g}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(parts)}</svg>'
