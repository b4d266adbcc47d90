"""``tandem app``: record, review, screen and compare in a browser, on this computer."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import ClassVar

from apps.commands._output import say, tell
from fusion.errors import UsageError


class AppCommand:
    """Starts the web app."""

    summary: ClassVar[str] = "open the app in a browser: record, review, screening, compare, report"
    description: ClassVar[str] = (
        "Serve the app on this computer. It listens on a loopback address: nobody else reaches it, and nothing is\n"
        "sent anywhere. With --demo it works on simulated people and a virtual laboratory, without any device.\n"
        "On a network (--host) it asks for a login and needs TLS; docs/security.md says what that protects."
    )

    def configure(self, parser: ArgumentParser) -> None:
        """Add where the data are and how it is reached."""
        parser.add_argument("--demo", action="store_true", help="simulated people, virtual laboratory; own folder")
        parser.add_argument("--data", type=Path, metavar="DIR", help="data folder (default: TandemGait in your home)")
        parser.add_argument("--port", type=int, default=8501, help="port (default: 8501; 0 takes a free one)")
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
        parser.add_argument(
            "--name", action="append", default=[], metavar="HOST", help="host name of the server on a network"
        )
        parser.add_argument("--certificate", type=Path, metavar="PEM", help="TLS certificate, for a network")
        parser.add_argument("--key", type=Path, metavar="PEM", help="its private key")
        parser.add_argument("--behind-proxy", action="store_true", help="a proxy in front of it speaks TLS")
        parser.add_argument(
            "--database",
            default="",
            metavar="URL",
            help="SQLAlchemy URL of the index (default: SQLite in the folder)",
        )
        parser.add_argument("--add-user", metavar="NAME", help="make an account, ask for its password, and stop")
        parser.add_argument(
            "--role", choices=("reviewer", "operator", "admin"), default="operator", help="of --add-user"
        )
        parser.add_argument("--delete-demo", action="store_true", help="erase the demo's folder and stop")

    def run(self, options: Namespace) -> None:
        """Serve, or make an account."""
        _require()
        from apps.web.serve import ServeOptions, default_folder, serve

        data = options.data or default_folder(demo=options.demo)
        if options.delete_demo:
            _delete_demo()
            return
        if options.add_user:
            _add_user(data, options)
            return
        serve(
            ServeOptions(
                data=data,
                host=options.host,
                port=options.port,
                demo=options.demo,
                database=options.database,
                names=tuple(options.name),
                certificate=options.certificate,
                key=options.key,
                behind_proxy=options.behind_proxy,
            ),
            tell,
        )


def _require() -> None:
    from importlib.util import find_spec

    for name in ("streamlit", "sqlalchemy", "uvicorn", "altair"):
        if find_spec(name) is None:
            raise UsageError(
                f'the app needs {name!r}, which is not installed. Install it: pip install "tandem-gait[app]".'
            )


def _add_user(data: Path, options: Namespace) -> None:
    from getpass import getpass

    from apps.web.services import open_services

    services = open_services(data, url=options.database)
    password = getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    services.accounts.add(options.add_user, password, options.role, by="command line")
    say(f"Added {options.add_user}, {options.role}, in {data}.")


def _delete_demo() -> None:
    import shutil

    from apps.web.demo_data import demo_folder

    folder = demo_folder()
    shutil.rmtree(folder, ignore_errors=True)
    say(f"Erased {folder}.")


PLUGIN = AppCommand
