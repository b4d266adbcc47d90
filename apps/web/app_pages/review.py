"""Review: findings first, then the timeline, curves, numbers and how far to trust them."""

import streamlit as st

from apps.web.parts import review
from apps.web.parts.context import analysed, choose_recording

entry = choose_recording("review")
analysis = analysed(entry)
review.verdict_band(analysis, entry)
left, right = st.columns([612, 762], gap="small")
with left, st.container(key="card_findings"):
    review.findings(analysis, entry)
with right, st.container(key="card_right"):
    names = ["Timeline", "Joint curves", "All parameters", "Strides", "Events", "Quality", "Methods"]
    timeline, curves, parameters, strides, events, quality, methods = st.tabs(
        names, default=review.open_tab(entry), key="review_tabs"
    )
    with timeline:
        review.timeline(analysis, entry)
    with curves:
        review.curves(analysis)
    with parameters:
        review.parameters(analysis)
    with strides:
        review.strides(analysis)
    with events:
        review.events(analysis, entry)
    with quality:
        review.quality(analysis)
    with methods:
        review.methods(analysis, entry)
