"""Canvases that the browser draws by itself: the timeline of Review and the live view of Record.

Each is one script without libraries. It fetches its numbers from a route beside the page, so that a rerun of
the page sends none of them again.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from fusion.report import tokens
from fusion.report.html import palette

_FOLDER = Path(__file__).parent


def timeline_view(recording: str, *, dark: bool, other: bool, version: str) -> None:
    """Show the timeline of an analysed recording; ``other`` draws the wearables-only analysis as well."""
    data = {"recording": recording, "other": other, "version": version, "colours": _colours(dark=dark)}
    _component("timeline")(data=data, key=f"timeline_{recording}", height="content")


def live_view(*, dark: bool) -> bool:
    """Show the live view of the laboratory, and return True once when the key R was pressed."""
    result = _component("live")(
        data={"colours": _colours(dark=dark)}, key="live", height="content", on_record_change=lambda: None
    )
    return bool(result.get("record"))


def _colours(*, dark: bool) -> dict[str, str]:
    return {
        **palette(dark=dark),
        "hidden": tokens.DARK["panel"] if dark else tokens.HIDDEN,
        "video_left": tokens.VIDEO_LEFT,
        "video_right": tokens.VIDEO_RIGHT,
        "outline": tokens.VIDEO_OUTLINE,
        "room": tokens.VIDEO_ROOM,
    }


def _component(name: str) -> Callable[..., Any]:
    shared = _text("figure.js")
    script = f"{shared}\n{_text(f'{name}.js')}"
    return st.components.v2.component(
        f"tandem_{name}", html=_text(f"{name}.html"), css=_text("canvas.css"), js=script, isolate_styles=True
    )


@cache
def _text(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")
