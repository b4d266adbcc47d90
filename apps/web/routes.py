"""Routes beside the pages: fonts, the timeline's numbers, reports and exports, the live stream."""

from __future__ import annotations

from datetime import date
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from apps.index import audit
from apps.index.accounts import LOCAL, User
from apps.web.downloads import report_file
from apps.web.gate import LOGIN
from apps.web.live.stream import live
from apps.web.login import login, logout
from apps.web.services import current
from apps.web.timeline import timeline_bytes
from fusion.errors import TandemError
from fusion.report.words import FONT_FOLDER

_FONTS = {item.name: item for item in FONT_FOLDER.iterdir() if item.suffix in (".otf", ".txt")}
_PRIVATE = {"cache-control": "no-store"}


def routes() -> list[BaseRoute]:
    """Return all routes beside Streamlit's own."""
    return [
        Route(LOGIN, login, methods=["GET", "POST"]),
        Route("/tandem/logout", logout, methods=["POST"]),
        Route("/tandem/fonts/{name}", font),
        Route("/tandem/timeline/{recording}", timeline),
        Route("/tandem/report/{recording}", report),
        WebSocketRoute("/tandem/live", live),
    ]


async def font(request: Request) -> Response:
    """Give one of the report's fonts; a name that is not in the folder is not looked for elsewhere."""
    found = _FONTS.get(request.path_params["name"])
    if found is None:
        return PlainTextResponse("There is no such font.", status_code=404)
    return FileResponse(found, headers={"cache-control": "public, max-age=86400"})


async def timeline(request: Request) -> Response:
    """Give angles, contacts, hidden spans and the stick figure of an analysed recording."""
    identifier, use = request.path_params["recording"], request.query_params.get("use", "both")
    try:
        analysis = current().analyses.finished(identifier, use) if use in ("both", "camera", "imu") else None
    except TandemError as cause:
        return PlainTextResponse(str(cause), status_code=404)
    if analysis is None:
        return PlainTextResponse("This analysis is not ready.", status_code=404)
    body = await run_in_threadpool(timeline_bytes, analysis)
    return Response(body, media_type="application/octet-stream", headers=_PRIVATE)


async def report(request: Request) -> Response:
    """Give the report of an analysed recording as PDF or HTML."""
    services, user = current(), _user(request)
    query = request.query_params
    try:
        made = await run_in_threadpool(
            report_file,
            services,
            request.path_params["recording"],
            kind=query.get("kind", "pdf"),
            language=query.get("language", ""),
            paper=query.get("paper", ""),
            created_on=date.today(),
        )
    except TandemError as cause:
        return PlainTextResponse(str(cause), status_code=404)
    audit.write(services.library.database, user.name, "report", request.path_params["recording"], made.name)
    shown = "inline" if query.get("show") else "attachment"
    headers = {**_PRIVATE, "content-disposition": f"{shown}; filename*=UTF-8''{quote(made.name)}"}
    return Response(made.content, media_type=made.media_type, headers=headers)


def _user(request: Request) -> User:
    user: User = request.scope.get("tandem_user", LOCAL)
    return user
