"""What stands around every page: its look, who works with it, what went wrong, the foot."""

from __future__ import annotations

import logging
from collections.abc import Callable
from html import escape

import streamlit as st

from apps.web.parts.messages import defect, error_card
from apps.web.session import PageEnds, services, user
from apps.web.style import apply_style
from fusion.errors import TandemError
from fusion.report.tokens import DISCLAIMER
from fusion.version import __version__


def framed(choose: Callable[[], Callable[[], object]]) -> None:
    """Show one page within its frame.

    Parameters
    ----------
    choose
        Shows the bar of pages and returns the chosen page; called once it is known that somebody may look.
    """
    apply_style()
    try:
        who = user()
    except PageEnds:
        return
    page = choose()
    try:
        page()
    except PageEnds:
        pass
    except TandemError as cause:
        error_card(str(cause))
    except Exception as cause:
        logging.getLogger("tandem.app").exception("a page")
        defect(cause)
    strong, _, rest = DISCLAIMER.partition(". ")
    where = "demo: simulated people" if services().demo else "local only, nothing leaves this computer"
    st.html(
        f'<footer class="tg tg-foot"><b>{strong}.</b> {rest} '
        f"<span>· {where} · {escape(who.name)} ({who.role}) · {__version__}</span></footer>"
    )
