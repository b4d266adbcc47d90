"""The parts of Subjects."""

from __future__ import annotations

from datetime import date
from html import escape

import numpy as np
import pandas as pd
import streamlit as st

from apps.index import audit
from apps.index.entries import RecordingEntry
from apps.index.intake import Upload, take_in
from apps.index.record_copy import as_csv, record_of
from apps.index.safety import UPLOAD_ENDINGS, file_word
from apps.web.parts.messages import error_card
from apps.web.session import may, open_recording, services, user
from fusion.errors import TandemError
from fusion.gait.numbers import EN_DASH
from fusion.types import Subject


def recordings() -> None:
    """Show recordings, open one, tag it, delete it."""
    library = services().library
    left, middle, right = st.columns([0.5, 0.25, 0.25], vertical_alignment="bottom")
    search = left.text_input("Search recordings", placeholder="id, protocol, condition, operator, tag")
    tags = sorted({tag for one in library.recordings() for tag in one.tags})
    tag = middle.selectbox("Tag", ["", *tags], key="recordings_tag")
    if right.button("Look for new recordings", width="stretch", disabled=not may("operator")):
        st.toast(f"{library.refresh(by=user().name)} taken up")
    entries = library.recordings(search, tag=str(tag or ""))
    if not entries:
        st.info("No recording fits. Change the search, or bring files in.")
        return
    _expired()
    frame = pd.DataFrame(
        [
            {
                "Subject": one.pseudonym,
                "Visit": one.visit,
                "Recorded": one.day,
                "Length": f"{one.duration_s:.0f} s" if np.isfinite(one.duration_s) else EN_DASH,
                "Condition": one.condition or EN_DASH,
                "Streams": one.streams,
                "Tags": ", ".join(one.tags) or EN_DASH,
                "Folder": "there" if one.is_there else "missing",
                "Keep until": one.keep_until.isoformat() if one.keep_until else EN_DASH,
            }
            for one in entries
        ]
    )
    st.dataframe(frame, hide_index=True, width="stretch", height=min(420, 38 + 36 * len(entries)), alt="Recordings")
    labels = {one.identifier: one.label for one in entries}
    chosen = st.selectbox("Recording", list(labels), format_func=labels.__getitem__, key="manage_recording")
    entry = next(one for one in entries if one.identifier == chosen)
    _actions(entry)


def _actions(entry: RecordingEntry) -> None:
    library = services().library
    left, middle, right = st.columns([0.2, 0.5, 0.3], vertical_alignment="bottom")
    if left.button("Open in Review", type="primary", width="stretch", disabled=not entry.is_there):
        open_recording(entry.identifier)
        st.switch_page("app_pages/review.py")
    words = middle.text_input("Tags, separated by commas", ", ".join(entry.tags), key=f"tags_{entry.identifier}")
    if words != ", ".join(entry.tags) and may("operator"):
        library.tag(entry.identifier, words.split(","), by=user().name)
        st.rerun()
    if right.button("Delete …", width="stretch", disabled=not may("admin"), help="Asks first. Needs the role admin."):
        _confirm_deletion(entry)


@st.dialog("Delete this recording?")
def _confirm_deletion(entry: RecordingEntry) -> None:
    library = services().library
    st.markdown("This erases, for good:")
    for line in library.describe_deletion(entry.identifier):
        st.markdown(f"- {escape(line)}")
    typed = st.text_input(f"Type the subject's id ({entry.pseudonym}) to go on", key="delete_typed")
    left, right = st.columns(2)
    if left.button("Delete for good", type="primary", disabled=typed.strip() != entry.pseudonym, width="stretch"):
        library.delete(entry.identifier, by=user().name)
        services().analyses.forget(entry.identifier)
        st.session_state.pop("recording", None)
        st.rerun()
    if right.button("Keep it", width="stretch"):
        st.rerun()


def _expired() -> None:
    over = services().library.expired(date.today())
    if over:
        words = ", ".join(one.label for one in over[:5])
        st.warning(
            f"The retention period of {len(over)} recordings is over: {words}. Delete them, or keep them longer."
        )


def people() -> None:
    """Show people, change what is known about one, give a copy of a record, erase one."""
    library = services().library
    known = library.subjects()
    if not known:
        st.info("Nobody is known yet. Record somebody, or bring files in.")
        return
    names = [one.subject.identifier for one in known]
    chosen = st.selectbox("Person", names, key="person")
    entry = next(one for one in known if one.subject.identifier == chosen)
    person = entry.subject
    with st.form(f"person_{chosen}"):
        st.caption(f"{entry.recordings} recordings. Numbers are used by every analysis from now on.")
        left, middle, right = st.columns(3)
        age = left.number_input("Age, years", 0.0, 120.0, _or_none(person.age_years), step=1.0)
        sexes = ["", "female", "male"]
        sex = middle.selectbox("Sex", sexes, sexes.index(person.sex), format_func=lambda word: word or "not given")
        height = right.number_input("Height, m", 0.4, 2.5, _or_none(person.height_m), step=0.01)
        leg = left.number_input("Leg length, m", 0.2, 1.4, _or_none(person.leg_length_m), step=0.01)
        mass = middle.number_input("Mass, kg", 2.0, 350.0, _or_none(person.mass_kg), step=0.5)
        group = right.text_input("Group", person.group, max_chars=80)
        notes = st.text_input("Notes", person.notes, max_chars=500, help="Nothing that names the person")
        sent = st.form_submit_button("Save", disabled=not may("operator"))
    if sent:
        numbers = [np.nan if value is None else float(value) for value in (age, height, leg, mass)]
        changed = Subject(str(chosen), numbers[0], str(sex), numbers[1], numbers[2], numbers[3], group, notes)
        try:
            library.save_subject(changed, by=user().name)
        except TandemError as cause:
            error_card(str(cause), title="Not saved")
        else:
            st.toast("Saved")
    left, right = st.columns(2)
    left.download_button(
        "Copy of the whole record (ZIP)",
        lambda: record_of(library, str(chosen), by=user().name)[1],
        f"{file_word(str(chosen))}_record.zip",
        "application/zip",
        on_click="ignore",
        width="stretch",
        help="Every recording, result, change and audit line of this person.",
    )
    if right.button("Erase this person …", disabled=not may("admin"), width="stretch"):
        _confirm_person(str(chosen), entry.recordings)


@st.dialog("Erase this person?")
def _confirm_person(word: str, count: int) -> None:
    st.markdown(f"This erases {count} recordings and everything known about **{escape(word)}**. The audit log stays.")
    typed = st.text_input(f"Type {word} to go on", key="erase_typed")
    if st.button("Erase for good", type="primary", disabled=typed.strip() != word):
        services().library.delete_subject(word, by=user().name)
        st.session_state.pop("recording", None)
        st.rerun()


def bring_in() -> None:
    """Take files from the browser."""
    if not may("operator"):
        st.info("Bringing recordings in needs the role operator.")
        return
    st.html(
        '<div class="tg"><p>A ZIP of a recording folder; <code>recording.json</code> with <code>streams.xdf</code>; or tidy '
        "CSV (<code>imu.csv</code>, <code>keypoints.csv</code>, <code>subject.json</code>, <code>cameras.json</code>). At "
        "most 200 MB. Larger: copy the folder into <code>recordings/</code> of the data folder and press Look for new "
        "recordings.</p></div>"
    )
    kinds = [ending.removeprefix(".") for ending in UPLOAD_ENDINGS]
    files = st.file_uploader("Files of one recording", type=kinds, accept_multiple_files=True, max_upload_size=200)
    left, right = st.columns(2)
    subject = left.text_input("Whose recording (empty: as the files say)", max_chars=40)
    condition = right.text_input("Condition", max_chars=120)
    if not st.button("Bring in", type="primary", disabled=not files):
        return
    uploads = [Upload(one.name, one.getvalue()) for one in files or []]
    try:
        key = take_in(services().library, uploads, subject=subject, by=user().name, condition=condition)
    except TandemError as cause:
        error_card(str(cause), kept="Nothing was stored.", title="These files were not taken")
        return
    open_recording(key)
    st.success("Taken in. It is the open recording now.")
    if st.button("Open in Review"):
        st.switch_page("app_pages/review.py")


def log() -> None:
    """Show the audit log and whether it is whole."""
    if not may("admin"):
        st.info("The log of who did what needs the role admin.")
        return
    database = services().library.database
    broken = audit.first_break(database)
    if broken is None:
        st.caption("The log is whole: every line follows from the one before it.")
    else:
        st.error(f"Line {broken} does not follow from the one before it: the log was altered outside of the app.")
    found = audit.entries(database)
    rows = [[one.at.isoformat(timespec="seconds"), one.who, one.what, one.about, one.details] for one in found]
    frame = pd.DataFrame(rows, columns=["When (UTC)", "Who", "What", "About", "Details"])
    st.dataframe(frame, hide_index=True, width="stretch", height=460, alt="Audit log, newest first")
    lines: list[list[object]] = [list(row) for row in rows]
    st.download_button(
        "Log as CSV", as_csv(["at", "who", "what", "about", "details"], lines), "audit.csv", "text/csv"
    )


def _or_none(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
