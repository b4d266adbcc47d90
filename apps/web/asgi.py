"""The ASGI application: Streamlit and the routes beside it, behind the gate."""

from __future__ import annotations

import logging
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from apps.web.gate import App, Gate
from apps.web.pages import PAGES
from apps.web.routes import routes
from apps.web.services import Services

_MAIN = Path(__file__).parent / "main.py"


def make_app(services: Services) -> App:
    """Return the whole server as one ASGI callable."""
    import streamlit as st

    quiet_logs()
    return Gate(st.App(_MAIN, routes=[*routes(), *_pages(st.__file__)]), services)


def _pages(streamlit_file: str) -> list[BaseRoute]:
    """Return routes that give each page's own address the app, and tell it where its server is.

    Without that it would first ask below the page's address and get an error.
    """
    index = (Path(streamlit_file).parent / "static" / "index.html").read_text(encoding="utf-8")
    told = "<script>window.__streamlit={BACKEND_BASE_URL:location.origin,MAIN_PAGE_BASE_URL:location.origin}</script>"
    body = index.replace("<head>", f"<head>{told}", 1).replace("<title>Streamlit<", "<title>Tandem Gait<", 1)

    async def page(_request: Request) -> Response:
        return HTMLResponse(body, headers={"cache-control": "no-cache"})

    return [Route(f"/{name}", page) for name in PAGES]


def quiet_logs() -> None:
    """Let no request line into the logs: a path may name a recording, a query a person."""
    for name in ("uvicorn.access", "uvicorn.error", "streamlit.web.server.starlette"):
        logging.getLogger(name).addFilter(_is_warning)


def _is_warning(record: logging.LogRecord) -> bool:
    """Keep warnings only. A filter, for Streamlit sets the loggers' levels and handlers anew when it starts."""
    return record.levelno >= logging.WARNING
