"""Local accounts: salted scrypt hashes, roles, sessions that end when nobody is there.

A session is a random token in the browser's cookie; here only its hash is kept, in memory: a restart of the
server ends all of them.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy import select

from apps.index import audit
from apps.index.database import Database, as_utc, now
from apps.index.schema import UserRow
from fusion.errors import UsageError

ROLES = ("reviewer", "operator", "admin")
"""Each may do what those before it may: look; record, import, edit; delete, accounts, settings."""

SHORTEST_PASSWORD = 12
MOST_FAILURES = 5
LOCKED_FOR = timedelta(minutes=15)
IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)

_N, _R, _P = 2**15, 8, 1
"""scrypt: 32 MiB and about 0.1 s a guess (RFC 7914)."""


@dataclass(frozen=True, slots=True)
class User:
    """Who works with the app."""

    name: str
    role: str

    def may(self, role: str) -> bool:
        """Return True when this user may do what ``role`` may do."""
        return ROLES.index(self.role) >= ROLES.index(role)


LOCAL = User("local", "admin")
"""On a loopback address the person at the computer; no login is asked for."""


@dataclass(slots=True)
class _Open:
    user: User
    began: datetime
    seen: datetime


class Accounts:
    """Users of one index and their sessions."""

    def __init__(self, database: Database, *, idle: timedelta = IDLE) -> None:
        self._database = database
        self._idle = idle
        self._open: dict[str, _Open] = {}
        self._lock = Lock()

    def add(self, name: str, password: str, role: str, *, by: str = "system") -> None:
        """Create an account.

        Raises
        ------
        UsageError
            The name is taken or empty, the role unknown, the password short.
        """
        if role not in ROLES:
            raise UsageError(f"a role is one of {', '.join(ROLES)}; got {role!r}.")
        if not name.strip() or len(name) > 80:
            raise UsageError("a user name has 1 to 80 letters. Choose another.")
        if len(password) < SHORTEST_PASSWORD:
            raise UsageError(f"a password has at least {SHORTEST_PASSWORD} characters. Choose a longer one.")
        with self._database.session() as session:
            if session.scalar(select(UserRow).where(UserRow.name == name)) is not None:
                raise UsageError(f"the user {name!r} is there already. Choose another name.")
            session.add(UserRow(name=name, password=hashed(password), role=role, failures=0))
            audit.note(session, by, "add user", name, role)

    def names(self) -> tuple[User, ...]:
        """Return all accounts."""
        with self._database.session() as session:
            return tuple(User(row.name, row.role) for row in session.scalars(select(UserRow).order_by(UserRow.name)))

    def log_in(self, name: str, password: str) -> str | None:
        """Return a session's token, or None; after five failures the account waits a quarter of an hour."""
        with self._database.session() as session:
            row = session.scalar(select(UserRow).where(UserRow.name == name))
            if row is None:
                verified(password, _DECOY)  # takes as long as a real account
                audit.note(session, name, "login refused", details="unknown user")
                return None
            if row.locked_until is not None and as_utc(row.locked_until) > now():
                audit.note(session, name, "login refused", details="locked")
                return None
            if not verified(password, row.password):
                row.failures += 1
                if row.failures >= MOST_FAILURES:
                    row.locked_until, row.failures = now() + LOCKED_FOR, 0
                audit.note(session, name, "login refused", details="wrong password")
                return None
            row.failures, row.locked_until = 0, None
            audit.note(session, name, "login")
            user = User(row.name, row.role)
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._open[_key(token)] = _Open(user, now(), now())
        return token

    def user(self, token: str | None) -> User | None:
        """Return whose session a token opens, and keep it awake; None when there is none or it has ended."""
        if not token:
            return None
        moment = now()
        with self._lock:
            found = self._open.get(_key(token))
            if found is None:
                return None
            if moment - found.seen > self._idle or moment - found.began > LONGEST:
                del self._open[_key(token)]
                return None
            found.seen = moment
            return found.user

    def log_out(self, token: str | None) -> None:
        """End a session."""
        with self._lock:
            found = self._open.pop(_key(token or ""), None)
        if found is not None:
            audit.write(self._database, found.user.name, "logout")


def hashed(password: str) -> str:
    """Return salt and scrypt hash of a password as text."""
    salt = secrets.token_bytes(16)
    return f"scrypt${_N}${_R}${_P}${salt.hex()}${_scrypt(password, salt, _N, _R, _P).hex()}"


def verified(password: str, stored: str) -> bool:
    """Return True when a password belongs to a stored hash; takes equally long either way."""
    kind, n, r, p, salt, digest = stored.split("$")
    computed = _scrypt(password, bytes.fromhex(salt), int(n), int(r), int(p))
    return kind == "scrypt" and hmac.compare_digest(computed, bytes.fromhex(digest))


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=n, r=r, p=p, maxmem=2**27, dklen=32)


def _key(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


_DECOY = f"scrypt${_N}${_R}${_P}${'00' * 16}${'00' * 32}"
