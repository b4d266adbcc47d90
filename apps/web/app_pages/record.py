"""Record: choose a person, let the checks turn green, record, stop, and the result opens."""

import streamlit as st

from apps.web.components import live_view
from apps.web.parts import record
from apps.web.session import is_dark

laboratory = record.laboratory_or_choice()
left, right = st.columns([898, 476], gap="small")
with left, st.container(key="card_live"):
    if live_view(dark=is_dark()):
        record.pressed_r(laboratory)
    record.in_step(laboratory)
with right:
    record.checks(laboratory)
    record.devices(laboratory)
    record.actions(laboratory)
    record.virtual_faults(laboratory)
