"""The ASGI application: Streamlit and the routes beside it, behind the gate."""

from __future__ import annotations

import logging
from pathlib import Path

from apps.web.gate import App, Gate
from apps.web.routes import routes
from apps.web.services import Services

_MAIN = Path(__file__).parent / "main.py"


def make_app(services: Services) -> App:
    """Return the whole server as one ASGI callable."""
    import streamlit as st

    quiet_logs()
    return Gate(st.App(_MAIN, routes=routes()), services)


def quiet_logs() -> None:
    """Let no request line into the logs: a path may name a recording, a query a person."""
    for name in ("uvicorn.access", "streamlit.web.server.starlette"):
        logging.getLogger(name).setLevel(logging.WARNING)
