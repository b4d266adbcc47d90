"""Screening: what the walking pattern resembles, what that means here, and what gave no score."""

import streamlit as st

from apps.web.parts import screening
from apps.web.parts.context import analysed, choose_recording

entry = choose_recording("screening")
analysis = analysed(entry)
left, right = st.columns([880, 494], gap="small")
with left:
    screening.given(analysis)
with right:
    screening.held(analysis, entry)
