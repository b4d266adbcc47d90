"""The parts of Screening."""

from __future__ import annotations

from html import escape
from pathlib import Path

import streamlit as st

from apps.index.entries import RecordingEntry
from apps.web.parts.blocks import show
from apps.web.session import may, services, user
from fusion.report import first_page
from fusion.report.blocks import Drawing, Text
from fusion.report.document import analysis_id
from fusion.report.html import plate_html
from fusion.report.screening import drivers_table, people_figure, ranked, scale_figure, score_sentence
from fusion.types import Analysis, ScreeningResult
from fusion.types.screening import NO_SCORE

_CARDS = Path(__file__).parents[3] / "docs" / "model_cards"


def given(analysis: Analysis) -> None:
    """Show the results with a score, the strongest first and largest."""
    results, _ = ranked(analysis.screening)
    if not results:
        with st.container(key="card_none"):
            st.html(
                '<div class="tg"><small>What the walking pattern resembles. A description, never a diagnosis.</small>'
                "<h1>No score given</h1><p>Beside this stands why, and how to get one. A guess would be worse than none."
                "</p></div>"
            )
        return
    for place, result in enumerate(results):
        _score(result, first=place == 0)


def held(analysis: Analysis, entry: RecordingEntry) -> None:
    """Show what gave no score, in cards of the same care."""
    _, withheld = ranked(analysis.screening)
    verdict = first_page.verdict(analysis, "Quality")
    st.html(
        f'<div class="tg"><small>Recording quality</small><br><b class="{verdict.status}">{verdict.words}</b></div>'
    )
    if withheld:
        st.html('<div class="tg"><h2>No score given, and why</h2></div>')
    for result in withheld:
        state = plate_html("no score given") if result.status == NO_SCORE else f"<b>{escape(result.status)}</b>"
        cure = f"<p><b>To get it:</b> {escape(result.cure)}</p>" if result.cure else ""
        with st.container(key=f"card_{result.key}"):
            st.html(
                f'<div class="tg"><div style="display:flex;justify-content:space-between;gap:10px"><b>'
                f"{escape(result.title)}</b>{state}</div><p>{escape(result.reason.partition(' To get it')[0])}</p>{cure}</div>"
            )
    st.html(
        f'<div class="tg panel"><b>One analysis, one text.</b> Every sentence here, in Review and in the PDF comes from '
        f"the same analysis, {escape(analysis_id(analysis))}. <small>{escape(entry.label)}</small></div>"
    )


def _score(result: ScreeningResult, *, first: bool) -> None:
    with st.container(key=f"card_{result.key}"):
        told = "What the walking pattern resembles. A description, never a diagnosis. · " if first else ""
        lead = f"<small>{told}{escape(result.title)}</small>"
        level = "h1" if first else "h2"
        st.html(f'<div class="tg">{lead}<{level}>{escape(result.sentence)}</{level}></div>')
        figure = scale_figure(result)
        show([Text(score_sentence(result)), *([Drawing(figure, result.scale_name)] if figure else [])])
        left, right = st.columns(2)
        with left:
            if result.drivers:
                show([drivers_table(result)])
        with right:
            notes = [Text(f"{result.not_specific} {result.not_specific_basis}")] if result.not_specific else []
            notes += [
                Text("; ".join(words), strong=strong, small=True)
                for strong, words in (("Checked before scoring:", result.checked), ("Caution:", result.cautions))
                if words
            ]
            notes += [Text(side.sentence, strong=f"{side.side.capitalize()}:") for side in result.sides]
            show(notes)
        _how_good(result)
    _meaning(result)


def _meaning(result: ScreeningResult) -> None:
    """Show what passing the line means at this clinic's own prevalence."""
    if result.performance is None:
        return
    library = services().library
    with st.container(key=f"card_meaning_{result.key}"):
        title, control = st.columns([0.45, 0.55], vertical_alignment="center")
        title.html('<div class="tg"><h2>What it means in this clinic</h2></div>')
        percent = control.slider(
            "people with the condition among 100 referred here",
            1,
            90,
            int(library.setting("prevalence_percent")),
            key=f"prevalence_{result.key}",
            help="Settings keeps a value for the whole laboratory; the report uses that one.",
        )
        meaning = result.meaning(float(percent))
        if meaning is not None:
            show([Drawing(people_figure(result.key, meaning)), Text(meaning.sentence)])
        can_keep = percent != library.setting("prevalence_percent") and may("admin")
        if can_keep and st.button("Keep for this laboratory", key=f"keep_{result.key}"):
            library.set("prevalence_percent", int(percent), by=user().name)
            st.rerun()


def _how_good(result: ScreeningResult) -> None:
    none = "There is no figure for it: nobody has compared it with people whose condition is known."
    show([Text(result.performance.words if result.performance else none, strong="How good is this score?")])
    with st.popover("Model card", key=f"model_card_{result.key}"):
        card = _CARDS / Path(result.model_card).name if result.model_card else None
        if card is not None and card.is_file():
            st.markdown(card.read_text(encoding="utf-8"))
        else:
            fitted = "; ".join(part for part in (result.population, result.source) if part)
            show([Text(fitted, strong="Fitted on:")])
