"""Drawings of a screening score: where it lies among the bands, and what passing a line means for 100 people."""

from __future__ import annotations

import numpy as np

from fusion.report import tokens
from fusion.types import BANDS, Estimate, Meaning

_WIDTH, _HEIGHT = 470.0, 58.0
_SHARES = (0.0, 0.42, 0.62, 0.82, 1.0)
"""Where 0, the three band edges and 100 stand: the scale is stretched where the bands are."""


def scale_svg(score: Estimate, edges: tuple[float, ...]) -> str:
    """Return the score with its interval on the scale of its bands; the healthy range is the grey part.

    Parameters
    ----------
    score
        In percent.
    edges
        Where slight, moderate and marked begin, in percent.
    """
    stops = (0.0, *edges, 100.0)

    def across(value: float) -> float:
        return 8.0 + (_WIDTH - 16.0) * float(np.interp(value, stops, _SHARES[: len(stops)]))

    parts = [
        f'<rect x="{across(0):.1f}" y="18" width="{across(edges[0]) - across(0):.1f}" height="18" '
        f'fill="{tokens.NORM}" stroke="{tokens.EDGE}" stroke-width="0.7"/>',
        f'<rect x="{across(edges[0]):.1f}" y="18" width="{across(100) - across(edges[0]):.1f}" height="18" '
        f'fill="white" stroke="{tokens.EDGE}" stroke-width="0.7"/>',
    ]
    words = ("within healthy range", *BANDS[1 : len(stops)])
    for place, word in enumerate(words[: len(stops) - 1]):
        middle = 0.5 * (across(stops[place]) + across(stops[place + 1]))
        parts.append(_text(middle, 12.0, word))
    for stop in stops:
        parts.append(_line(across(stop), 18.0, across(stop), 36.0, tokens.EDGE, 0.8))
        parts.append(_text(across(stop), 48.0, f"{stop:.0f}"))
    if np.isfinite(score.low) and np.isfinite(score.high):
        low, high = across(max(score.low, 0.0)), across(min(score.high, 100.0))
        parts.append(_line(low, 27.0, high, 27.0, tokens.INK, 1.8))
        parts += [_line(x, 23.0, x, 31.0, tokens.INK, 1.4) for x in (low, high)]
    parts.append(f'<circle cx="{across(score.value):.1f}" cy="27" r="4" fill="{tokens.INK}"/>')
    return _svg(_WIDTH, _HEIGHT - 6.0, parts)


def people_svg(meaning: Meaning) -> str:
    """Return 100 people: filled has the condition, boxed passes the line."""
    kinds = [(True, True)] * meaning.found + [(False, True)] * meaning.false_alarms
    kinds += [(True, False)] * meaning.missed + [(False, False)] * meaning.passed_over
    parts = []
    for place, (has, passes) in enumerate(kinds):
        x, y = 9.0 + 16.0 * (place % 25), 9.0 + 17.0 * (place // 25)
        if passes:
            parts.append(
                f'<rect x="{x - 7:.1f}" y="{y - 7:.1f}" width="14" height="14" fill="none" stroke="{tokens.INK}"/>'
            )
        fill = tokens.INK if has else "white"
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{fill}" stroke="{tokens.INK}"/>')
    return _svg(404.0, 70.0, parts)


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, thickness: float) -> str:
    ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {ends} stroke="{colour}" stroke-width="{thickness}"/>'


def _text(x: float, y: float, words: str) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-family="{tokens.FONT}" font-size="9" fill="{tokens.SOFT}" '
        f'text-anchor="middle">{words}</text>'
    )


def _svg(width: float, height: float, parts: list[str]) -> str:
    size = f'width="{width:g}pt" height="{height:g}pt" viewBox="0 0 {width:g} {height:g}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(parts)}</svg>'
