"""Report and export: look at page 1, choose language and paper, take the files."""

import streamlit as st

from apps.web.parts import report
from apps.web.parts.context import analysed, choose_recording

entry = choose_recording("report")
analysis = analysed(entry)
left, right = st.columns([880, 494], gap="small")
with right, st.container(key="card_files"):
    choice = report.choices(entry)
    report.exports(analysis, entry)
with left, st.container(key="card_preview"):
    report.preview(analysis, entry, choice)
