"""Colours, dashes and type of everything that a person sees; the one place where they are set.

The template, the figures and the strips all read these names; a screen may do the same. Contrast ratios
against white are at least 4.5 for text and 3 for lines and marks. Left and right differ in shape and dash, never in
colour alone: on a grey printer the two side colours are close (grey 79 and 112).
"""

from __future__ import annotations

FONT = "Inter"

INK = "#17212B"
SOFT = "#4A5763"
FAINT = "#5F6B77"
LEFT = "#0B4F8A"
RIGHT = "#B85300"
NORM = "#DCE1E6"
EDGE = "#828E9A"
HAIR = "#CBD2D9"
PANEL = "#F5F7F9"
GRID = "#EEF1F4"
GOOD = "#1B6B4A"
CARE = "#7A5200"
STOP = "#A32035"

COLOURS = {
    "ink": INK,
    "soft": SOFT,
    "faint": FAINT,
    "left": LEFT,
    "right": RIGHT,
    "norm": NORM,
    "edge": EDGE,
    "hair": HAIR,
    "panel": PANEL,
    "grid": GRID,
    "good": GOOD,
    "care": CARE,
    "stop": STOP,
}

DARK = {
    "ink": "#E9EEF3",
    "soft": "#B3BEC9",
    "faint": "#93A0AD",
    "left": "#6DB3F2",
    "right": "#FF9F56",
    "norm": "#2F3C48",
    "edge": "#7F8C99",
    "hair": "#3A4753",
    "panel": "#18222B",
    "grid": "#24303A",
    "good": "#5FC99B",
    "care": "#E5B551",
    "stop": "#FF8A9C",
    "paper": "#10181F",
}
"""The same names on a dark screen; paper is always light."""

PAPER = "#FFFFFF"

HIDDEN = "#E9EDF1"
"""Shade of a span in which no camera saw the leg."""

VIDEO_LEFT, VIDEO_RIGHT, VIDEO_OUTLINE, VIDEO_ROOM = "#57B0FF", "#FFB05C", "#10181F", "#3A444E"
"""On a picture of a person: clothes may have any colour, so that each line has its own outline."""

SIDE_COLOUR = {"left": LEFT, "right": RIGHT, "both": INK}
SIDE_LETTER = {"left": "L", "right": "R", "both": ""}

SOLID = (1.0, 0.0)
SIDE_DASH = {"left": SOLID, "right": (5.0, 2.5), "both": SOLID}
"""Dash of a curve, pt: the mark that survives a grey printer."""

LINE_WIDTH = 1.7

DISCLAIMER = "Research software, not a medical device. Describes this recording; not a diagnosis."
"""Printed on every page and every export."""
