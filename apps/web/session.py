"""What one browser looks at: who works with it, which recording is open, light or dark."""

from __future__ import annotations

import streamlit as st

from apps.index import audit
from apps.index.accounts import User
from apps.index.entries import RecordingEntry
from apps.web.gate import COOKIE, user_of
from apps.web.services import Services, current

_OPEN = "recording"


class PageEnds(Exception):  # noqa: N818 - nothing went wrong
    """A page has said all it can say for now; the foot follows."""


def services() -> Services:
    """Return the services of this server."""
    return current()


def user() -> User:
    """Return who works with this browser; the page ends here when the session has run out."""
    token = st.context.cookies.get(COOKIE, "")
    found = user_of(current(), f"{COOKIE}={token}")
    if found is None:
        st.html('<div class="tg"><h1>Your session has ended</h1><p>Log in again; nothing was lost.</p></div>')
        st.link_button("Log in", "/tandem/login")
        raise PageEnds
    return found


def may(role: str) -> bool:
    """Return True when the person may do what a role may do."""
    return user().may(role)


def is_dark() -> bool:
    """Return True when the browser shows the dark theme."""
    try:
        return st.context.theme.type == "dark"
    except (AttributeError, RuntimeError):
        return False


def open_recording(identifier: str) -> None:
    """Make a recording the one that all pages speak of."""
    st.session_state[_OPEN] = identifier


def opened(entries: tuple[RecordingEntry, ...]) -> RecordingEntry | None:
    """Return the open recording: of the address, of this session, else the newest; None when there is none."""
    known = {entry.identifier: entry for entry in entries}
    for identifier in (st.query_params.get("recording"), st.session_state.get(_OPEN)):
        if identifier in known:
            open_recording(identifier)
            return known[identifier]
    newest = next(iter(entries), None)
    if newest is not None:
        open_recording(newest.identifier)
    return newest


def seen(entry: RecordingEntry, page: str) -> None:
    """Note once a session that this person looked at a recording."""
    noted = st.session_state.setdefault("seen", set())
    if (entry.identifier, page) not in noted:
        noted.add((entry.identifier, page))
        audit.write(current().library.database, user().name, f"view {page}", entry.identifier, entry.pseudonym)
