"""Blocks of the report on a page: the same objects that the PDF prints."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from apps.web.session import is_dark
from fusion.report.blocks import Block
from fusion.report.html import blocks_html


def show(blocks: Iterable[Block], language: str = "en") -> None:
    """Draw blocks from top to bottom."""
    st.html(f'<div class="tg">{blocks_html(blocks, dark=is_dark(), language=language)}</div>')
