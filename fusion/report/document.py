"""From an analysis to the list of blocks that is the report."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date

from fusion.report import tokens
from fusion.report.angles import angles_page
from fusion.report.blocks import Block, Document, NewPage
from fusion.report.detail_pages import parameters_page, quality_page
from fusion.report.first_page import first_page, identifier
from fusion.report.screening import screening_page
from fusion.report.translate import translated
from fusion.report.words import clean, date_words, recorded_at
from fusion.types import Analysis, JointAngles


def build_document(
    analysis: Analysis,
    *,
    compared: Mapping[str, Analysis] | None = None,
    truth: JointAngles | None = None,
    previous: Analysis | None = None,
    prevalence_percent: float = 30.0,
    language: str = "en",
    created_on: date,
) -> Document:
    """Return the report as typed blocks.

    Parameters
    ----------
    analysis
        What the report is about.
    compared
        Name, such as ``"wearables only"`` -> analysis of the same recording from other sources; drawn as
        thin lines beside the knee of page 4.
    truth
        Exact joint angles, known only for a simulated walk; drawn, and the error of each source tabled.
    previous
        Analysis of the visit before, of the same person; changes are printed against it.
    prevalence_percent
        People with parkinsonism among 100 who are referred to this clinic; a score says what it means there.
    language
        ``"en"``, or one of the message files in ``fusion/report/messages``.
    created_on
        Day on which the report is made.
    """
    recorded = recorded_at(analysis.recording.started_at)[0]
    name = analysis_id(analysis)
    blocks: tuple[Block, ...] = (
        *first_page(analysis, previous, prevalence_percent),
        NewPage("Joint angles and timing"),
        *angles_page(analysis),
        *parameters_page(analysis),
        *screening_page(analysis, prevalence_percent),
        *quality_page(analysis, compared or {}, truth, created_on, name),
    )
    subject = identifier(analysis)
    document = Document(
        title=f"Gait report {subject}",
        identifier=subject,
        date=recorded or date_words(created_on),
        analysis_id=name,
        disclaimer=tokens.DISCLAIMER,
        blocks=blocks,
    )
    return translated(document, language)


def analysis_id(analysis: Analysis) -> str:
    """Return the analysis' id: the one it brings, else eight hex digits of its numbers."""
    given = str(analysis.provenance.get("analysis_id") or "")
    if given:
        return f"{given[:4]}-{given[4:8]}" if len(given) > 8 and given.isalnum() else clean(given, 20)
    told = [analysis.recording.identifier, *analysis.use]
    told += [f"{one.name} {one.side} {one.estimate.value!r}" for one in analysis.parameters.items]
    digest = hashlib.sha256("\n".join(told).encode()).hexdigest()
    return f"{digest[:4]}-{digest[4:8]}"
