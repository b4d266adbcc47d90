"""What stands before every route: host, origin, login, size of bodies, headers.

Pure ASGI and outermost, so that nothing that Streamlit or a page adds can be reached around it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import quote, urlsplit

from apps.index.accounts import LOCAL, User
from apps.index.safety import MOST_UPLOAD_BYTES
from apps.web.services import Services

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

COOKIE = "tandem_session"
LOGIN = "/tandem/login"
_FONTS = "/tandem/fonts/"
_CHANGING = ("POST", "PUT", "PATCH", "DELETE")

MOST_BODY_BYTES = MOST_UPLOAD_BYTES + 1_000_000
MOST_FORM_BYTES = 10_000

CONTENT_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-src 'self'",
        "frame-ancestors 'none'",
    )
)
"""The page talks to this server and to nobody else, whatever a library in it would like to."""

_HEADERS = (
    (b"content-security-policy", CONTENT_POLICY.encode()),
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"geolocation=(), microphone=(), payment=()"),
)


class Gate:
    """Lets a request through to ``app``, or refuses it in one line."""

    def __init__(self, app: App, services: Services) -> None:
        self._app = app
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check one connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = _headers(scope)
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await _refuse(scope, headers, refusal, send)
            return
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
            return
        limit = MOST_FORM_BYTES if scope["path"] == LOGIN else MOST_BODY_BYTES
        await self._app(scope, _counted(receive, limit), _with_headers(send))

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> tuple[int, str] | None:
        """Return status and words of a refusal, or None."""
        host = headers.get("host", "")
        # A page of another name that resolves to this address (DNS rebinding) comes with its own name.
        if _host_name(host) not in self._services.allowed_hosts:
            return 421, "This server is not called by that name. Use the address that it printed when it started."
        if (scope["type"] == "websocket" or scope.get("method") in _CHANGING) and not self._is_own(headers, host):
            return 403, "This request comes from another site and was refused."
        if self._is_too_long(scope, headers):
            return 413, f"At most {MOST_UPLOAD_BYTES // 1_000_000} MB are taken."
        if not _is_public(scope["path"]):
            user = user_of(self._services, headers.get("cookie", ""))
            if user is None:
                return 401, "Please log in."
            scope.setdefault("state", {})
            scope["tandem_user"] = user
        return None

    def _is_own(self, headers: dict[str, str], host: str) -> bool:
        origin = urlsplit(headers.get("origin", ""))
        wanted = ("https",) if self._services.secure else ("http", "https")
        return bool(origin.netloc) and origin.netloc == host and origin.scheme in wanted

    def _is_too_long(self, scope: Scope, headers: dict[str, str]) -> bool:
        limit = MOST_FORM_BYTES if scope["path"] == LOGIN else MOST_BODY_BYTES
        length = headers.get("content-length", "0")
        return not length.isdecimal() or int(length) > limit


def _is_public(path: str) -> bool:
    """Return True for the login and the fonts: whole names only, for "fonts/../report" begins like a font."""
    return path == LOGIN or (path.startswith(_FONTS) and "/" not in path.removeprefix(_FONTS))


def user_of(services: Services, cookie_header: str) -> User | None:
    """Return who sends a cookie; on a loopback address the person at the computer."""
    if not services.login_needed:
        return LOCAL
    try:
        cookies = SimpleCookie(cookie_header)
    except CookieError:
        return None
    found = cookies.get(COOKIE)
    return services.accounts.user(found.value if found else None)


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def _host_name(host: str) -> str:
    """Return the name in a Host header without its port; ``[::1]`` keeps its brackets."""
    if host.startswith("["):
        return host.partition("]")[0].lower() + "]"
    return host.partition(":")[0].lower()


async def _refuse(scope: Scope, headers: dict[str, str], refusal: tuple[int, str], send: Send) -> None:
    status, words = refusal
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 4401 if status == 401 else 4403, "reason": words[:100]})
        return
    is_page = scope.get("method") == "GET" and "text/html" in headers.get("accept", "")
    extra: list[tuple[bytes, bytes]] = []
    if status == 401 and is_page:
        status = 303
        extra = [(b"location", f"{LOGIN}?next={quote(scope['path'])}".encode())]
    body = words.encode()
    kind = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*_HEADERS, *kind, *extra]})
    await send({"type": "http.response.body", "body": body})


def _counted(receive: Receive, limit: int) -> Receive:
    """Return ``receive`` that stops a body without a length once it is too long."""
    taken = 0

    async def count() -> Message:
        nonlocal taken
        message = await receive()
        if message["type"] == "http.request":
            taken += len(message.get("body", b""))
            if taken > limit:
                return {"type": "http.disconnect"}
        return message

    return count


def _with_headers(send: Send) -> Send:
    names = {name for name, _ in _HEADERS}

    async def add(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [(name, value) for name, value in message.get("headers", ()) if name.lower() not in names]
            message = {**message, "headers": [*kept, *_HEADERS]}
        await send(message)

    return add
