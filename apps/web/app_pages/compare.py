"""Compare: two visits or conditions of one person, change against the error, visit by visit."""

import streamlit as st

from apps.web.parts import compare
from apps.web.parts.context import choose_recording

entry = choose_recording("compare")
pair = compare.choose_pair(entry)
left, right = st.columns([700, 674], gap="small")
with left:
    compare.what_changed(pair)
    compare.not_compared(pair)
with right:
    compare.over_visits(entry)
    compare.curves(pair)
