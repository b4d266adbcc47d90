"""Start the server: on this computer only, or on a network with login and TLS."""

from __future__ import annotations

import ipaddress
import logging
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

from apps.web.demo_data import demo_folder, make_demo
from apps.web.services import Services, install, open_services
from fusion.errors import StorageError, UsageError

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_LOG = logging.getLogger("tandem.app")


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """How the server is reached.

    Attributes
    ----------
    names
        Host names by which browsers call a server on a network.
    certificate, key
        PEM files; needed on a network unless a proxy in front speaks TLS.
    """

    data: Path
    host: str = "127.0.0.1"
    port: int = 8501
    demo: bool = False
    database: str = ""
    names: tuple[str, ...] = ()
    certificate: Path | None = None
    key: Path | None = None
    behind_proxy: bool = False


def is_loopback(host: str) -> bool:
    """Return True for an address that only this computer reaches."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def prepare(options: ServeOptions, tell: Callable[[str], None]) -> Services:
    """Open the data folder, make the demo's recordings, and return the services.

    Raises
    ------
    UsageError
        The server would be open to a network without login or without TLS.
    """
    on_network = not is_loopback(options.host)
    services = open_services(options.data, url=options.database, login_needed=on_network, demo=options.demo)
    if on_network:
        _check_network(options, services)
        services.allowed_hosts = (*options.names, options.host)
        services.secure = True
    from apps.index.intake import remove_leftovers
    from apps.web.live.closing import close_unfinished

    remove_leftovers(services.library)
    close_unfinished(services.library)
    if options.demo:
        make_demo(services.library, tell)
    services.library.refresh()
    return install(services)


def serve(options: ServeOptions, tell: Callable[[str], None]) -> None:
    """Serve until it is interrupted."""
    if options.demo and options.data == Path():
        raise UsageError("the demo needs a data folder.")
    services = prepare(options, tell)
    import uvicorn

    from apps.web.asgi import make_app

    sock = _bind(options)
    port = sock.getsockname()[1]
    scheme = "https" if options.certificate else "http"
    host = f"[{options.host}]" if ":" in options.host else options.host
    tell(f"Tandem Gait: {scheme}://{host}:{port}  (stop: Ctrl+C)")
    Thread(target=warm, args=(services,), name="warm", daemon=True).start()
    settings: dict[str, Any] = {
        "log_level": "warning",
        "access_log": False,
        "log_config": None,
        "ws": "auto",
        "ws_max_size": 32 * 1024 * 1024,
        "ssl_certfile": options.certificate,
        "ssl_keyfile": options.key,
        "server_header": False,
        "proxy_headers": options.behind_proxy,
        "timeout_graceful_shutdown": 3,
    }
    server = uvicorn.Server(uvicorn.Config(make_app(services), **settings))
    try:
        server.run(sockets=[sock])
    finally:
        if services.laboratory is not None:
            services.laboratory.close()
        services.library.database.close()


def warm(services: Services) -> None:
    """Import what the first analysis needs, and analyse the newest recording, while nobody waits for it."""
    started = time.perf_counter()
    try:
        newest = next((one for one in services.library.recordings() if one.is_there), None)
        if newest is not None:
            services.analyses.job(newest.identifier)
    except Exception:  # noqa: BLE001 - told, logged, and the server goes on
        _LOG.exception("warming up")
    _LOG.info("warm after %.1f s", time.perf_counter() - started)


def default_folder(*, demo: bool) -> Path:
    """Return where data go when nothing else was said."""
    return demo_folder() if demo else Path.home() / "TandemGait"


def _check_network(options: ServeOptions, services: Services) -> None:
    if not services.accounts.names():
        raise UsageError(
            f"on a network ({options.host}) people log in, and there is no account yet. "
            "Make one: tandem app --add-user NAME --role admin."
        )
    if not (options.certificate and options.key) and not options.behind_proxy:
        raise UsageError(
            "on a network passwords and patients' data need TLS. Give --certificate and --key, or --behind-proxy "
            "when a proxy in front of it speaks TLS."
        )
    if options.host in ("0.0.0.0", "::") and not options.names:
        raise UsageError("say by which name browsers call this server: --name gait.example.org.")


def _bind(options: ServeOptions) -> socket.socket:
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((options.host.strip("[]"), options.port))
    except OSError as cause:
        sock.close()
        raise StorageError(
            f"port {options.port} of {options.host} cannot be used: {cause.strerror}. Choose another: --port 8600."
        ) from cause
    sock.listen(128)
    return sock
