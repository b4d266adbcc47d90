"""The login page: plain HTML before Streamlit, so that nothing of the app loads without it."""

from __future__ import annotations

from html import escape
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from apps.web.gate import COOKIE, LOGIN
from apps.web.services import current
from fusion.report.html import stylesheet
from fusion.report.tokens import DISCLAIMER

_FORM = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Tandem Gait: log in</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>{style}
body{{margin:0;background:var(--paper)}}main{{max-width:340px;margin:12vh auto;padding:0 16px}}
label{{display:block;margin:12px 0 4px}}input,button{{font:inherit;width:100%;box-sizing:border-box;padding:9px 10px;
border:1px solid var(--edge);border-radius:6px;min-height:44px}}button{{background:var(--left);color:#fff;
font-weight:600;margin-top:16px;border:0}}:focus-visible{{outline:2px solid var(--left);outline-offset:2px}}</style></head>
<body><main class="tg"><h1>Tandem Gait</h1>{message}
<form method="post" action="{action}"><label for="name">User name</label>
<input id="name" name="name" autocomplete="username" required autofocus>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<input type="hidden" name="next" value="{then}"><button type="submit">Log in</button></form>
<p><small>{disclaimer}</small></p></main></body></html>"""


async def login(request: Request) -> Response:
    """Show the form, or check what was typed."""
    if request.method == "GET":
        return _page(_local_path(request.query_params.get("next", "/")))
    body = (await request.body()).decode("utf-8", errors="replace")
    fields = {name: values[0] for name, values in parse_qs(body, max_num_fields=10).items()}
    then = _local_path(fields.get("next", "/"))
    services = current()
    from starlette.concurrency import run_in_threadpool

    token = await run_in_threadpool(
        services.accounts.log_in, fields.get("name", "")[:80], fields.get("password", "")[:500]
    )
    if token is None:
        words = "User name and password do not fit, or the account waits after five wrong tries. Try again later."
        return _page(then, words, status=401)
    response = RedirectResponse(then, status_code=303)
    response.set_cookie(COOKIE, token, httponly=True, samesite="strict", secure=services.secure, path="/")
    return response


async def logout(request: Request) -> Response:
    """End the session."""
    current().accounts.log_out(request.cookies.get(COOKIE))
    response = RedirectResponse(LOGIN, status_code=303)
    response.delete_cookie(COOKIE, path="/")
    return response


def _local_path(path: str) -> str:
    """Return a path of this server; anything else leads to the first page."""
    is_local = path.startswith("/") and not path.startswith(("//", "/\\")) and "\n" not in path and "\r" not in path
    return path if is_local else "/"


def _page(then: str, message: str = "", status: int = 200) -> HTMLResponse:
    told = f'<p role="alert" class="stop"><b>{escape(message)}</b></p>' if message else ""
    text = _FORM.format(
        style=stylesheet(), message=told, action=LOGIN, then=escape(then, quote=True), disclaimer=escape(DISCLAIMER)
    )
    return HTMLResponse(text, status_code=status, headers={"cache-control": "no-store"})
