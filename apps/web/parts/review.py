"""The parts of Review."""

from __future__ import annotations

from html import escape

import streamlit as st

from apps.index.entries import RecordingEntry
from apps.web.components import timeline_view
from apps.web.downloads import previous_analysis
from apps.web.parts.blocks import show
from apps.web.parts.events import events_editor
from apps.web.session import is_dark, services
from fusion.gait.definitions import definition
from fusion.report import angles, checks, detail_pages, first_page
from fusion.report.blocks import Drawing, Figure, Section
from fusion.report.figures import joint_curves_svg
from fusion.report.strides_table import strides_table
from fusion.report.words import parameter_words
from fusion.types import Analysis


def open_tab(entry: RecordingEntry) -> str:
    """Return the tab that is open at first: the contacts, once some were changed by hand in this session."""
    return "Events" if st.session_state.get("edited") == entry.identifier else "Timeline"


def verdict_band(analysis: Analysis, entry: RecordingEntry) -> None:
    """Show how far the recording can be trusted, and the two ways on."""
    band, actions = st.columns([0.82, 0.18], vertical_alignment="center")
    with band:
        show([first_page.verdict(analysis, "Quality")])
    with actions:
        pdf_link(entry)
        if services().library.previous(entry.identifier) is not None and st.button("Compare", width="stretch"):
            st.switch_page("app_pages/compare.py")


def pdf_link(entry: RecordingEntry) -> None:
    """Show the button that gives the PDF report."""
    st.link_button(
        "PDF report",
        f"/tandem/report/{entry.identifier}?kind=pdf",
        type="primary",
        shortcut="p",
        width="stretch",
        help="One page to read, then the details. Key: P",
    )


def findings(analysis: Analysis, entry: RecordingEntry) -> None:
    """Show the key findings, in the order of the report."""
    previous = previous_analysis(services(), entry.identifier)
    shown, more = first_page.ranked_findings(analysis.findings)
    keys = ("range", "now", *(("before",) if previous is not None else ()))
    show([Section("Key findings", keys=keys), *first_page.findings_blocks(shown, more, previous, "All parameters")])


def timeline(analysis: Analysis, entry: RecordingEntry) -> None:
    """Show the stick figure with the curves that its cursor runs along."""
    if not len(analysis.joint_angles.time_s):
        st.info("There is no angle to draw: nothing in this recording measured a joint.")
        return
    library = services().analyses
    wearables = library.finished(entry.identifier, "imu") is not None
    timeline_view(
        entry.identifier,
        dark=is_dark(),
        other=wearables,
        version=str(analysis.provenance.get("analysis_id", "")) + str(services().library.revision(entry.identifier)),
    )
    can_add = bool(analysis.recording.imus) and "imu" in analysis.use and not wearables
    if can_add and st.button("Add the wearables-only curve", help="Analyses it once more, without the camera."):
        library.job(entry.identifier, "imu").done.wait(timeout=60.0)
        st.rerun()
    with st.popover("Show as table"):
        show([angles.curve_points_table(analysis)])


def curves(analysis: Analysis) -> None:
    """Show the mean curves of both sides over the gait cycle."""
    panels = [angles.panel(analysis, joint) for joint in (angles.PELVIS, angles.HIP, angles.KNEE, angles.ANKLE)]
    svg = joint_curves_svg(panels, columns=2, width_px=270, height_px=165, size=11.0)
    caption = angles.curves_caption(panels)
    keys = ("left", "right", *(("norm",) if any(one.norm for one in panels) else ()), "ribbon")
    show(
        [
            Section("Joint angles over the gait cycle", keys=keys),
            Drawing(Figure("curves", svg, angles.curves_alt(panels)), caption),
            Section("Read with the curves"),
            angles.curve_points_table(analysis),
        ]
    )


def parameters(analysis: Analysis) -> None:
    """Show every parameter with interval, norm, count and grade; the definition stands in the dictionary."""
    if not analysis.parameters.items:
        st.info("No parameter could be computed. The tab Quality says why.")
        return
    show([detail_pages.parameters_table(analysis)])
    names = list(dict.fromkeys(item.name for item in analysis.parameters.items))
    name = st.selectbox("What does it mean?", names, format_func=parameter_words)
    if name:
        told = definition(name)
        st.html(
            f'<div class="tg panel"><b>{escape(parameter_words(name))}</b> ({escape(told.unit)}): {escape(told.formula)}. '
            f"{escape(told.sign)} <small>Source: {escape(told.source)}</small></div>"
        )


def strides(analysis: Analysis) -> None:
    """Show every stride, those that do not count with their reason."""
    counted = sum(one.is_valid for one in analysis.strides)
    st.html(
        f'<div class="tg"><p>{counted} of {len(analysis.strides)} strides count. The others say why they do not; '
        "they are left out of every mean.</p></div>"
    )
    with st.container(height=460, border=False):
        show([strides_table(analysis)])


def events(analysis: Analysis, entry: RecordingEntry) -> None:
    """Show the contacts and let a person correct them."""
    events_editor(analysis, entry)


def quality(analysis: Analysis) -> None:
    """Show what limits the recording and how the wearables sit."""
    show([Section("What limits this recording"), checks.checks_table(analysis), *checks.placements(analysis)])


def methods(analysis: Analysis, entry: RecordingEntry) -> None:
    """Show what was done, with what, and how to do the same without the app."""
    from datetime import date

    name = escape(entry.identifier)
    page = detail_pages.method_blocks(analysis, date.today())
    show(page)
    st.markdown("**The same from Python**")
    use = ", ".join(f'"{word}"' for word in analysis.use)
    folder = services().library.folder_of(entry.identifier).name
    st.code(
        "from fusion import analyse, load_recording\n\n"
        f'analysis = analyse(load_recording("{folder}"), use=({use},))\n'
        'print(analysis.parameters.get("walking_speed_mps"))',
        language="python",
    )
    choice = "both" if len(analysis.use) == 2 else analysis.use[0]
    st.markdown("**The same from the command line**")
    st.code(f"tandem analyse {folder} --out results --use {choice}", language="bash")
    st.caption(f"Recording {name}. Events changed by hand: {services().library.revision(entry.identifier)}.")
