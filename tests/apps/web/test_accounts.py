"""Accounts: hashes, roles, sessions that end."""

from datetime import timedelta

import pytest

from apps.index import accounts as module
from apps.index import audit
from apps.index.accounts import LOCAL, Accounts, User, hashed, verified
from apps.index.schema import UserRow
from fusion.errors import UsageError

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def quick_hash(monkeypatch):
    """Make a guess cheap: these tests are about what follows from it."""
    monkeypatch.setattr(module, "_N", 16)
    monkeypatch.setattr(module, "_DECOY", hashed("x"))


@pytest.fixture
def accounts(library):
    made = Accounts(library.database)
    made.add("anna", PASSWORD, "operator")
    return made


@pytest.mark.usefixtures("accounts")
def test_a_password_is_kept_salted_and_never_itself(library):
    with library.database.session() as session:
        stored = session.get(UserRow, 1).password
    assert PASSWORD not in stored
    assert stored != hashed(PASSWORD)
    assert verified(PASSWORD, stored)
    assert not verified(PASSWORD + " ", stored)


def test_a_session_opens_for_the_right_password_only(accounts):
    assert accounts.log_in("anna", "wrong") is None
    assert accounts.log_in("nobody", PASSWORD) is None
    token = accounts.log_in("anna", PASSWORD)
    assert accounts.user(token) == User("anna", "operator")
    assert accounts.user(token + "x") is None
    assert accounts.user("") is None
    accounts.log_out(token)
    assert accounts.user(token) is None


def test_after_five_wrong_passwords_the_right_one_waits_too(accounts, library):
    for _ in range(5):
        assert accounts.log_in("anna", "wrong") is None
    assert accounts.log_in("anna", PASSWORD) is None
    assert audit.entries(library.database)[0].details == "locked"


def test_a_session_ends_when_nobody_is_there(library, monkeypatch):
    accounts = Accounts(library.database, idle=timedelta(minutes=30))
    accounts.add("ben", PASSWORD, "reviewer")
    token = accounts.log_in("ben", PASSWORD)
    start = module.now()
    monkeypatch.setattr(module, "now", lambda: start + timedelta(minutes=29))
    assert accounts.user(token) is not None
    monkeypatch.setattr(module, "now", lambda: start + timedelta(minutes=60))
    assert accounts.user(token) is None


def test_no_session_is_longer_than_a_working_day(library, monkeypatch):
    accounts = Accounts(library.database, idle=timedelta(days=9))
    accounts.add("ben", PASSWORD, "reviewer")
    token = accounts.log_in("ben", PASSWORD)
    start = module.now()
    monkeypatch.setattr(module, "now", lambda: start + timedelta(hours=13))
    assert accounts.user(token) is None


def test_a_role_may_do_what_those_before_it_may():
    operator = User("anna", "operator")
    assert operator.may("reviewer")
    assert not operator.may("admin")
    assert LOCAL.may("admin")


@pytest.mark.parametrize(
    "wrong",
    [("anna", PASSWORD, "operator"), ("x", "short", "admin"), ("", PASSWORD, "admin"), ("y", PASSWORD, "boss")],
)
def test_an_account_that_cannot_be_meant_is_refused(accounts, wrong):
    with pytest.raises(UsageError):
        accounts.add(*wrong)


def test_no_password_enters_the_log(accounts, library):
    accounts.log_in("anna", "my secret guess")
    lines = audit.entries(library.database)
    assert not any("secret" in f"{one.who}{one.what}{one.about}{one.details}" for one in lines)
