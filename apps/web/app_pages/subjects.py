"""Subjects and recordings: find, bring in, tag, take out, delete; and who did what."""

import streamlit as st

from apps.web.parts import subjects

recordings, people, bring, log = st.tabs(["Recordings", "People", "Bring in", "Who did what"], key="subject_tabs")
with recordings:
    subjects.recordings()
with people:
    subjects.people()
with bring:
    subjects.bring_in()
with log:
    subjects.log()
