"""What every page and route of one server shares: library, accounts, analyses, live laboratory."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from apps.index.accounts import Accounts
from apps.index.library import Library
from apps.web.analyses import Analyses

if TYPE_CHECKING:
    from apps.web.live.laboratory import Laboratory


@dataclass(slots=True)
class Services:
    """One server's shared things.

    Attributes
    ----------
    login_needed
        False only on a loopback address.
    allowed_hosts
        Host names that a browser may call this server by.
    demo
        Recordings are simulated and the laboratory is a virtual one.
    """

    library: Library
    accounts: Accounts
    analyses: Analyses
    login_needed: bool = False
    allowed_hosts: tuple[str, ...] = ("localhost", "127.0.0.1", "[::1]")
    demo: bool = False
    secure: bool = False
    laboratory: Laboratory | None = field(default=None)


_installed: list[Services] = []


def install(services: Services) -> Services:
    """Make these the services of this process."""
    _installed[:] = [services]
    return services


def current() -> Services:
    """Return the services of this process."""
    return _installed[0]


def open_services(data: Path, *, url: str = "", login_needed: bool = False, demo: bool = False) -> Services:
    """Open a data folder and return its services; nothing is started yet."""
    library = Library(data, url)
    return Services(
        library=library,
        accounts=Accounts(library.database),
        analyses=Analyses(library),
        login_needed=login_needed,
        demo=demo,
    )
