"""The bar below the navigation: which person, which visit; the same on every page."""

from __future__ import annotations

from html import escape

import streamlit as st

from apps.index.entries import RecordingEntry
from apps.web.parts.messages import error_card, nothing_yet, working
from apps.web.session import PageEnds, open_recording, opened, seen, services
from fusion.types import Analysis


def choose_recording(page: str) -> RecordingEntry:
    """Show the context bar and return the open recording; the page ends here when there is none."""
    library = services().library
    entries = library.recordings()
    entry = opened(entries)
    if entry is None:
        nothing_yet()
        raise PageEnds
    labels = {one.identifier: one.label for one in entries}
    person = library.subject(entry.pseudonym)
    with st.container(key="context"):
        left, right = st.columns([0.62, 0.38], vertical_alignment="center")
        told = person.words if person else ""
        left.html(
            f'<div class="tg tg-who"><span class="tg-id">{escape(entry.pseudonym)}</span><span>{escape(told)}</span>'
            f"<span>visit {entry.visit}</span><span>{escape(entry.day)}</span>"
            f'<span class="soft">{escape(entry.condition or entry.protocol)}</span></div>'
        )
        chosen = right.selectbox(
            "Recording",
            list(labels),
            index=list(labels).index(entry.identifier),
            format_func=lambda key: labels.get(key, key),
            label_visibility="collapsed",
            key=f"choose_{page}_{entry.identifier}",
        )
    if chosen != entry.identifier:
        open_recording(chosen)
        st.query_params["recording"] = chosen
        st.rerun()
    if st.query_params.get("recording") != entry.identifier:
        st.query_params["recording"] = entry.identifier
    seen(entry, page)
    return entry


def analysed(entry: RecordingEntry, use: str = "both") -> Analysis:
    """Return the analysis of a recording; until it is there the page shows its stages, or why it failed."""
    job = services().analyses.job(entry.identifier, use)
    if job.is_running:
        working(job, entry.label)
        raise PageEnds
    if job.analysis is None:
        error_card(job.error, kept="The recording is as it was.", title="This recording could not be analysed")
        if st.button("Analyse again", type="primary"):
            services().analyses.forget(entry.identifier)
            st.rerun()
        raise PageEnds
    return job.analysis
