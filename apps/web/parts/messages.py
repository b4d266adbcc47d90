"""States that every page may have: nothing there, working, an error."""

from __future__ import annotations

from html import escape

import streamlit as st

from apps.web.analyses import STAGES, Job
from apps.web.session import may, open_recording, services
from fusion.report.html import icon_html


def error_card(message: str, *, kept: str = "Nothing was changed or lost.", title: str = "This did not work") -> None:
    """Show what went wrong: what, kept, cure. The last sentence of a message is its cure."""
    what, _, cure = message.strip().rstrip(".").rpartition(". ")
    lines = [("What", what or cure), ("Kept", kept), *((("Cure", cure),) if what else ())]
    told = "".join(
        f"<p><b>{label}:</b> {escape(words[:1].upper() + words[1:])}.</p>" for label, words in lines if words
    )
    told = told.replace("..</p>", ".</p>")
    st.html(
        f'<div class="tg" role="alert"><div class="verdict stop"><div><div class="head">{icon_html("stop")}'
        f'<h2 class="stop">{escape(title)}</h2></div>{told}</div></div></div>'
    )


def defect(cause: Exception) -> None:
    """Show that something happened that never should; the details are in the server's log."""
    error_card(
        f"this is a defect of Tandem Gait ({type(cause).__name__}). Reload the page; if it comes back, send the "
        "server's log to support"
    )
    if st.button("Reload the page"):
        st.rerun()


def nothing_yet() -> None:
    """Show the empty state: one sentence and three ways in."""
    with st.container(key="card_empty"):
        st.html(
            '<div class="tg" style="text-align:center;padding:34px 0 6px"><h1>No recording yet</h1><p>Record a walk, '
            "bring files, or look at a simulated walker: healthy, one minute, good quality.</p></div>"
        )
        with st.container(horizontal=True, horizontal_alignment="center"):
            if st.button("Record", type="primary", disabled=not may("operator")):
                st.switch_page("app_pages/record.py")
            if st.button("Bring files", disabled=not may("operator")):
                st.switch_page("app_pages/subjects.py")
            if st.button("Show the example", disabled=not may("operator")):
                _make_example()


def _make_example() -> None:
    from apps.web.demo_data import WALKS, make_demo

    library = services().library
    make_demo(library, walks=WALKS[:1])
    newest = next(iter(library.recordings()), None)
    if newest is not None:
        open_recording(newest.identifier)
    st.rerun()


@st.fragment(run_every=0.4)
def working(job: Job, label: str) -> None:
    """Show the stages of a running analysis with their times; the page comes back when it is done."""
    if not job.is_running:
        st.rerun()
    begun = dict(job.stages)
    rows = []
    for stage, words in STAGES.items():
        is_last = bool(job.stages) and job.stages[-1][0] == stage
        icon = icon_html("good") if stage in begun and not is_last else icon_html("none")
        shown = f"<b>{words} …</b>" if is_last else words
        took = f"{begun[stage]:.1f} s" if stage in begun and not is_last else ""
        rows.append(f"<tr><td style='width:30px'>{icon}</td><td>{shown}</td><td class='soft'>{took}</td></tr>")
    with st.container(key="card_working"):
        st.html(
            f'<div class="tg" role="status"><h2>Analysing {escape(label)}</h2><table>{"".join(rows)}</table>'
            "<p class='soft'>You may leave this page; the analysis goes on.</p></div>"
        )
        if st.button("Stop", key="stop_analysis", shortcut="x"):
            job.stop.set()
