"""The app's first file: look, pages, foot; every page below is thin."""

from __future__ import annotations

import logging

import streamlit as st

from apps.web.pages import PAGES
from apps.web.parts.messages import defect, error_card
from apps.web.session import PageEnds, services, user
from apps.web.style import apply_style
from fusion.errors import TandemError
from fusion.report.tokens import DISCLAIMER
from fusion.version import __version__

st.set_page_config(page_title="Tandem Gait", layout="wide", initial_sidebar_state="collapsed")
apply_style()
try:
    who = user()
except PageEnds:
    st.stop()

page = st.navigation(
    [
        st.Page("app_pages/start.py", title="Tandem Gait", default=True, visibility="hidden"),
        *(st.Page(f"app_pages/{name}.py", title=title, url_path=name) for name, title in PAGES.items()),
    ],
    position="top",
)
try:
    page.run()
except PageEnds:
    pass
except TandemError as cause:
    error_card(str(cause))
except Exception as cause:
    logging.getLogger("tandem.app").exception("page %s", page.url_path or "review")
    defect(cause)

strong, _, rest = DISCLAIMER.partition(". ")
where = "demo: simulated people" if services().demo else "local only, nothing leaves this computer"
st.html(
    f'<footer class="tg tg-foot"><b>{strong}.</b> {rest} '
    f"<span>· {where} · {who.name} ({who.role}) · {__version__}</span></footer>"
)
