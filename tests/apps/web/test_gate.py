"""Nothing is reached around the gate: host, origin, login, size."""

import asyncio
import logging
from contextlib import suppress

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from apps.index import accounts as accounts_module
from apps.index.accounts import hashed
from apps.web import gate as gate_module
from apps.web.gate import COOKIE, Gate
from apps.web.pages import PAGES
from apps.web.routes import routes
from apps.web.serve import ServeOptions, is_loopback, prepare
from fusion.errors import UsageError

PASSWORD = "correct horse battery"
SITE = "http://gait.example"
EVERY_ROUTE = (
    *(f"/{name}" for name in PAGES),
    "/",
    "/_stcore/health",
    "/_stcore/host-config",
    "/media/abc.pdf",
    "/tandem/timeline/x",
    "/tandem/report/x",
    "/tandem/logout",
    "/static/js/index.js",
    "/tandem/fontsx/secret",
    "/tandem/login/../report/x",
    "//tandem/login",
    "/TANDEM/login",
)


async def inner(request: Request):
    body = await request.body()
    return PlainTextResponse(f"inside {len(body)}")


@pytest.fixture
def server(services, monkeypatch):
    monkeypatch.setattr(accounts_module, "_N", 16)
    monkeypatch.setattr(accounts_module, "_DECOY", hashed("x"))
    services.login_needed = True
    services.allowed_hosts = ("gait.example",)
    services.accounts.add("anna", PASSWORD, "operator")
    app = Starlette(routes=[*routes(), Route("/{rest:path}", inner, methods=["GET", "POST", "PUT", "DELETE"])])
    return Gate(app, services)


def ask(server, method, path, *, site=SITE, **extra):
    async def one():
        transport = httpx.ASGITransport(app=server)
        async with httpx.AsyncClient(transport=transport, base_url=site) as client:
            return await client.request(method, path, **extra)

    return asyncio.run(one())


def log_in(server, password=PASSWORD, **extra):
    form = {"name": "anna", "password": password, "next": extra.pop("then", "/review")}
    return ask(server, "POST", "/tandem/login", data=form, headers={"origin": SITE, **extra.pop("headers", {})})


def websocket(server, headers, path="/tandem/live"):
    """Return what a server answers to a websocket that wants to open."""
    sent = []

    async def run():
        async def receive():
            return {"type": "websocket.connect"}

        async def send(message):
            sent.append(message)
            raise asyncio.CancelledError

        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        scope = {"type": "websocket", "path": path, "raw_path": path.encode(), "headers": raw, "query_string": b""}
        with suppress(asyncio.CancelledError):
            await server({**scope, "subprotocols": [], "scheme": "ws", "root_path": ""}, receive, send)

    asyncio.run(run())
    return sent[0]


@pytest.mark.parametrize("path", EVERY_ROUTE)
def test_no_route_answers_without_a_login(server, path):
    for method in ("GET", "POST", "PUT", "DELETE"):
        answer = ask(server, method, path, headers={"origin": SITE})
        assert answer.status_code == 401, (method, path)
        assert "inside" not in answer.text


def test_a_browser_without_a_login_is_led_to_the_form(server):
    answer = ask(server, "GET", "/review", headers={"accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/tandem/login?next=/review")
    form = ask(server, "GET", "/tandem/login")
    assert "Password" in form.text
    assert "script" not in form.text


def test_the_right_password_opens_and_the_cookie_is_out_of_reach_of_scripts(server):
    answer = log_in(server)
    assert (answer.status_code, answer.headers["location"]) == (303, "/review")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    token = answer.cookies[COOKIE]
    assert ask(server, "GET", "/review", headers={"cookie": f"{COOKIE}={token}"}).text.startswith("inside")


@pytest.mark.parametrize("then", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_a_login_never_leads_to_another_site(server, then):
    assert log_in(server, then=then).headers["location"] == "/"


def test_a_wrong_password_and_an_unknown_name_are_told_alike(server):
    wrong = log_in(server, "not the password")
    assert wrong.status_code == 401
    unknown = ask(server, "POST", "/tandem/login", data={"name": "x", "password": "y"}, headers={"origin": SITE})
    assert unknown.text.replace("/review", "/") == wrong.text.replace("/review", "/")


@pytest.mark.parametrize(
    "origin", [{}, {"origin": "https://evil.example"}, {"origin": "null"}, {"origin": "http://gait.example:81"}]
)
def test_a_request_of_another_site_changes_nothing(server, origin):
    assert (
        ask(server, "POST", "/tandem/login", data={"name": "anna", "password": PASSWORD}, headers=origin).status_code
        == 403
    )


def test_a_name_that_only_resolves_here_is_refused(server, services):
    assert ask(server, "GET", "/tandem/login", site="http://evil.example").status_code == 421
    services.login_needed = False
    assert ask(server, "GET", "/", site="http://evil.example").status_code == 421


@pytest.mark.parametrize("path", ["/tandem/live", "/_stcore/stream"])
def test_a_websocket_needs_login_and_own_origin(server, path):
    token = log_in(server).cookies[COOKIE]
    cookie = {"cookie": f"{COOKIE}={token}"}
    host = {"host": "gait.example"}
    assert websocket(server, {**host, "origin": SITE}, path)["code"] == 4401
    assert websocket(server, {**host, **cookie, "origin": "https://evil.example"}, path)["code"] == 4403
    assert websocket(server, {**host, **cookie}, path)["code"] == 4403
    assert (
        websocket(server, {"host": "evil.example", **cookie, "origin": "http://evil.example"}, path)["code"] == 4403
    )


def test_a_websocket_of_this_page_opens(server):
    token = log_in(server).cookies[COOKIE]
    headers = {"host": "gait.example", "origin": SITE, "cookie": f"{COOKIE}={token}"}
    assert websocket(server, headers)["type"] == "websocket.accept"


def test_a_body_that_is_too_long_is_refused_by_its_length(server, services):
    services.login_needed = False
    headers = {"origin": SITE, "content-length": str(10**12)}
    assert ask(server, "POST", "/x", headers=headers, content=b"x").status_code == 413
    assert (
        ask(server, "POST", "/x", headers={"origin": SITE, "content-length": "-1"}, content=b"x").status_code == 413
    )


def test_a_body_without_a_length_is_cut_off(server, services, monkeypatch):
    services.login_needed = False
    monkeypatch.setattr(gate_module, "MOST_BODY_BYTES", 1000)

    async def endless():
        for _ in range(100):
            yield b"x" * 100

    with pytest.raises(ClientDisconnect):
        ask(server, "POST", "/x", headers={"origin": SITE}, content=endless())


def test_every_answer_forbids_frames_foreign_servers_and_guessing(server, services):
    services.login_needed = False
    headers = ask(server, "GET", "/anything").headers
    assert "connect-src 'self'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("name", ["..%2f..%2ftokens.py", "%2e%2e/tokens.py", "secret.otf"])
def test_only_fonts_are_given_as_fonts(server, name):
    assert ask(server, "GET", f"/tandem/fonts/{name}").status_code in (401, 404)


def test_a_font_is_given_before_the_login(server):
    assert ask(server, "GET", "/tandem/fonts/Inter-Regular.otf").status_code == 200


@pytest.mark.parametrize("key", ["..", "../../x", "' OR 1=1 --", "%00", "x" * 500])
def test_a_key_that_is_not_in_the_index_opens_nothing(server, services, key):
    services.login_needed = False
    for route in ("report", "timeline"):
        assert (
            ask(server, "GET", f"/tandem/{route}/{key}").status_code in (400, 404)
            or "inside" in ask(server, "GET", f"/tandem/{route}/{key}").text
        )


def test_on_a_network_it_does_not_start_without_account_tls_and_name(tmp_path, monkeypatch):
    monkeypatch.setattr(accounts_module, "_N", 16)
    options = ServeOptions(tmp_path / "data", host="0.0.0.0")
    with pytest.raises(UsageError, match="no account yet"):
        prepare(options, print)
    from apps.web.services import open_services

    made = open_services(tmp_path / "data")
    made.accounts.add("anna", PASSWORD, "admin")
    made.library.database.close()
    with pytest.raises(UsageError, match="need TLS"):
        prepare(options, print)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("localhost", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("10.0.0.4", False),
        ("gait.example", False),
    ],
)
def test_a_loopback_address_is_told_from_a_network(host, expected):
    assert is_loopback(host) is expected


def test_no_request_line_enters_the_log(caplog):
    from streamlit.logger import init_uvicorn_logs

    from apps.web.asgi import quiet_logs

    quiet_logs()
    init_uvicorn_logs()  # what Streamlit does when the server starts
    for name in ("uvicorn.access", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.addHandler(caplog.handler)
        logger.setLevel(logging.INFO)
        logger.info('127.0.0.1 - "GET /tandem/report/P-0417 HTTP/1.1" 200')
        logger.error("told")
        logger.removeHandler(caplog.handler)
    assert "P-0417" not in caplog.text
    assert caplog.text.count("told") == 2
