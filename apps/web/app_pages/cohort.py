"""Cohort: the table of a study, groups side by side, and agreement with another system."""

import streamlit as st

from apps.web.parts import cohort

rows = cohort.choose_rows()
table, groups, agreement = st.tabs(["Table", "Groups", "Agreement with another system"])
with table:
    cohort.table(rows)
with groups:
    cohort.groups(rows)
with agreement:
    cohort.agreement(rows)
