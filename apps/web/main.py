"""The app's first file: the bar of pages; every page below is thin."""

from collections.abc import Callable

import streamlit as st

from apps.web.pages import PAGES
from apps.web.parts.frame import framed


def choose() -> Callable[[], object]:
    """Show the bar of pages and return the chosen one."""
    start = st.Page("app_pages/start.py", title="Tandem Gait", default=True, visibility="hidden")
    pages = [st.Page(f"app_pages/{name}.py", title=title, url_path=name) for name, title in PAGES.items()]
    return st.navigation([start, *pages], position="top").run


st.set_page_config(page_title="Tandem Gait", layout="wide", initial_sidebar_state="collapsed")
framed(choose)
