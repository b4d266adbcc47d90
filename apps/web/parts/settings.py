"""The parts of Settings."""

from __future__ import annotations

import streamlit as st

from apps.index.accounts import ROLES, SHORTEST_PASSWORD
from apps.web.downloads import LANGUAGES, PAPERS
from apps.web.session import may, services, user
from fusion.errors import TandemError
from fusion.gait.numbers import EN_DASH
from fusion.report.tokens import DISCLAIMER
from fusion.version import __version__


def laboratory() -> None:
    """Show what holds for everybody; only an admin changes it."""
    library = services().library
    with st.container(key="card_laboratory"), st.form("laboratory"):
        st.markdown("**This laboratory**")
        prevalence = st.slider(
            "People with parkinsonism among 100 who are referred here",
            1,
            90,
            int(library.setting("prevalence_percent")),
            help="Screening and report say what a score means at this number. It does not change the score.",
        )
        left, right = st.columns(2)
        languages, papers = list(LANGUAGES), list(PAPERS)
        language = left.selectbox(
            "Language of reports",
            languages,
            languages.index(library.setting("language")),
            format_func=LANGUAGES.__getitem__,
        )
        paper = right.selectbox(
            "Paper", papers, papers.index(library.setting("paper")), format_func=PAPERS.__getitem__
        )
        days = st.number_input(
            "Keep recordings for so many days (0: until they are deleted)",
            0,
            36500,
            int(library.setting("keep_days")),
            help="Holds for recordings from now on. When the time is over the app says so; it deletes nothing by itself.",
        )
        if st.form_submit_button("Save", type="primary", disabled=not may("admin")):
            changed = (
                ("prevalence_percent", int(prevalence)),
                ("language", language),
                ("paper", paper),
                ("keep_days", int(days)),
            )
            for name, value in changed:
                if value != library.setting(name):
                    library.set(name, value, by=user().name)
            st.toast("Saved")


def accounts() -> None:
    """Show accounts and make new ones."""
    shared = services()
    with st.container(key="card_accounts"):
        st.markdown("**Accounts**")
        if not shared.login_needed:
            st.caption("This server listens on this computer only: nobody logs in, and you may do everything.")
        listed = shared.accounts.names()
        st.dataframe(
            [{"Name": one.name, "Role": one.role} for one in listed] or [{"Name": "none yet", "Role": EN_DASH}],
            hide_index=True,
            alt="Accounts",
        )
        if not may("admin"):
            return
        with st.form("account", clear_on_submit=True):
            left, middle, right = st.columns(3)
            name = left.text_input("User name", max_chars=80)
            password = middle.text_input(f"Password, {SHORTEST_PASSWORD} characters or more", type="password")
            role = right.selectbox(
                "Role", ROLES, help="reviewer looks; operator records, imports, edits; admin deletes"
            )
            if st.form_submit_button("Add"):
                try:
                    shared.accounts.add(name, password, str(role), by=user().name)
                except TandemError as cause:
                    st.error(str(cause))
                else:
                    st.rerun()


def about() -> None:
    """Show versions, where the data are, and where to read on."""
    with st.container(key="card_about"):
        st.markdown(f"**Tandem Gait {__version__}**  \n{DISCLAIMER}")
        if may("admin"):
            st.caption(f"Data folder: {services().library.folder}")
        st.markdown(
            "Read on in the documentation that comes with the software: `docs/app.md` (this app), `docs/clinicians_guide.md` "
            "(reading the report), `docs/lab_guide.md` (set-up and placement), `docs/faq.md`, `docs/security.md`."
        )
