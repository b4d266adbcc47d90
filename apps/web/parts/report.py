"""The parts of Report and export."""

from __future__ import annotations

from datetime import date

import streamlit as st

from apps.index import audit
from apps.index.entries import RecordingEntry
from apps.web.downloads import LANGUAGES, PAPERS, previous_analysis, result_files
from apps.web.parts.blocks import show
from apps.web.session import services, user
from fusion.plugins import names
from fusion.report.blocks import Block, Comment, NewPage
from fusion.report.document import build_document
from fusion.types import Analysis

_FORMATS = {
    "tidy_csv": "Raw streams as CSV",
    "xdf": "XDF (LabStreamingLayer)",
    "tables": "Tables (CSV, Parquet, JSON)",
    "c3d": "C3D",
    "fhir": "FHIR bundle",
    "opensim": "OpenSim (TRC, MOT)",
    "motion_bids": "Motion-BIDS",
    "matlab": "MATLAB",
    "excel": "Excel",
}


def choices(entry: RecordingEntry) -> tuple[str, str]:
    """Ask for language and paper, and show the buttons that give the report."""
    library = services().library
    languages, papers = list(LANGUAGES), list(PAPERS)
    left, right = st.columns(2)
    language = left.selectbox(
        "Language", languages, index=languages.index(library.setting("language")), format_func=LANGUAGES.__getitem__
    )
    paper = right.selectbox(
        "Paper", papers, index=papers.index(library.setting("paper")), format_func=PAPERS.__getitem__
    )
    query = f"language={language}&paper={paper}"
    address = f"/tandem/report/{entry.identifier}?{query}"
    st.link_button("PDF report", f"{address}&kind=pdf", type="primary", shortcut="p", width="stretch")
    st.link_button("Report as one HTML file", f"{address}&kind=html", width="stretch")
    st.caption("PDF/UA: tagged, readable aloud. The name of the file holds the pseudonym and the date, nothing else.")
    return str(language), str(paper)


def exports(analysis: Analysis, entry: RecordingEntry) -> None:
    """Let a person choose formats and take the results as one ZIP."""
    st.markdown("**Results for other programs**")
    known = names("fusion.export")
    chosen = [
        name for name in known if st.checkbox(_FORMATS.get(name, name), value=name == "tables", key=f"as_{name}")
    ]

    def make() -> bytes:
        audit.write(services().library.database, user().name, "export", entry.identifier, ", ".join(chosen))
        return result_files(analysis, entry, tuple(chosen)).content

    st.download_button(
        "Results as ZIP",
        make,
        f"{entry.recorded_at[:10] or 'undated'}_results.zip",
        "application/zip",
        disabled=not chosen,
        width="stretch",
        on_click="ignore",
    )


def preview(analysis: Analysis, entry: RecordingEntry, choice: tuple[str, str]) -> None:
    """Show page 1 as it will be printed: the same blocks in the same order."""
    library = services().library
    document = build_document(
        analysis,
        previous=previous_analysis(services(), entry.identifier),
        prevalence_percent=float(library.setting("prevalence_percent")),
        language=choice[0],
        created_on=date.today(),
    )
    first: list[Block] = []
    for block in document.blocks:
        if isinstance(block, NewPage):
            break
        if not isinstance(block, Comment):
            first.append(block)
    show(first, language=choice[0])
