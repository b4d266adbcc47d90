"""The parts of Compare."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import streamlit as st

from apps.index.entries import RecordingEntry
from apps.web.parts.blocks import show
from apps.web.parts.context import analysed
from apps.web.session import PageEnds, may, services
from fusion.report.angles import ANKLE, HIP, KNEE, curves_of
from fusion.report.blocks import Drawing, Figure, Section, Text
from fusion.report.comparison import Comparable, changes_of, comparable, two_curves_svg, visits_svg
from fusion.report.html import icon_html, plate_html
from fusion.report.words import parameter_words
from fusion.types import Analysis


@dataclass(frozen=True, slots=True)
class Pair:
    """Two analyses of one person."""

    now: Analysis
    before: Analysis
    now_entry: RecordingEntry
    before_entry: RecordingEntry

    @property
    def checks(self) -> tuple[Comparable, ...]:
        """What must be the same for a comparison, and whether it is."""
        conditions = (self.now_entry.condition, self.before_entry.condition)
        return comparable(self.now, self.before, conditions)


def choose_pair(entry: RecordingEntry) -> Pair:
    """Ask for the other recording, analyse both with this version, and say whether they may be compared."""
    library = services().library
    others = [one for one in library.recordings(subject=entry.pseudonym) if one.identifier != entry.identifier]
    others = [one for one in others if one.is_there]
    if not others:
        st.html(
            '<div class="tg"><h1>Only one visit</h1><p>A comparison needs two recordings of the same person: another '
            "visit, or another condition of the same day (brace on and off).</p></div>"
        )
        raise PageEnds
    before = library.previous(entry.identifier)
    places = [one.identifier for one in others]
    start = places.index(before.identifier) if before is not None and before.identifier in places else 0
    labels = {one.identifier: one.label for one in others}
    chosen = st.selectbox("Against", places, index=start, format_func=labels.__getitem__, key="compare_other")
    other = next(one for one in others if one.identifier == chosen)
    pair = Pair(analysed(entry), analysed(other), entry, other)
    _verdict(pair)
    return pair


def _verdict(pair: Pair) -> None:
    checks = pair.checks
    odd = [check for check in checks if check.status != "good"]
    stop = any(check.status == "stop" for check in checks)
    status = "stop" if stop else "care" if odd else "good"
    words = (
        "Not comparable"
        if stop
        else "Comparable" + (f", {len(odd)} thing{'s' if len(odd) > 1 else ''} to know" if odd else "")
    )
    cells = "".join(
        f'<div class="head">{icon_html(check.status)}<div><b>{escape(check.name)}</b> <small>{escape(check.words)}</small>'
        "</div></div>"
        for check in checks
    )
    st.html(
        f'<div class="tg"><div class="verdict {status}"><div><h2 class="{status}">{words}</h2></div>{cells}</div></div>'
    )


def what_changed(pair: Pair) -> None:
    """Show each change in multiples of its own error."""
    found = changes_of(pair.now, pair.before)
    with st.container(key="card_changed"):
        show([Section("What changed"), Text(found.sentence)])
        if found.rows:
            show([Drawing(found.figure, found.caption), found.table])


def not_compared(pair: Pair) -> None:
    """Show what could not be compared, and why."""
    missing = changes_of(pair.now, pair.before).missing
    if not missing:
        return
    rows = "".join(
        f"<tr><td>{plate_html(parameter_words(name).lower())}</td><td>{escape(why)}</td></tr>"
        for name, why in missing
    )
    with st.container(key="card_not_compared"):
        st.html(
            "<div class='tg'><table><thead><tr><th>Not compared</th><th>Why</th></tr></thead>"
            f"<tbody>{rows}</tbody></table></div>"
        )


def over_visits(entry: RecordingEntry) -> None:
    """Show three numbers over all visits of this person."""
    library = services().library
    entries = sorted(library.recordings(subject=entry.pseudonym), key=lambda one: one.visit)
    stored = {one.recording: one for one in library.results()}
    visits = [
        (one.day.split(",")[0], stored[one.identifier].parameters) for one in entries if one.identifier in stored
    ]
    with st.container(key="card_visits"):
        person = library.subject(entry.pseudonym)
        svg, alt = visits_svg(visits, person.subject if person else None)
        show(
            [
                Section(f"Over {len(visits)} visits", aside="grey norm · bars: 95 % interval"),
                Drawing(Figure("visits", svg, alt)),
            ]
        )
        waiting = [one for one in entries if one.identifier not in stored and one.is_there]
        if waiting and may("reviewer") and st.button(f"Analyse {len(waiting)} more"):
            for one in waiting:
                services().analyses.job(one.identifier).done.wait(timeout=120.0)
            st.rerun()


def curves(pair: Pair) -> None:
    """Show one joint's mean curves of both visits."""
    with st.container(key="card_curves"):
        joints = {"Hip": HIP, "Knee": KNEE, "Ankle": ANKLE}
        left, right = st.columns(2)
        name = left.segmented_control("Joint", list(joints), default="Knee", required=True, key="compare_joint")
        side = right.segmented_control("Side", ["left", "right"], default="left", required=True, key="compare_side")
        joint = joints[str(name)]
        both = [
            next((curve for curve in curves_of(one, joint) if curve.side == side), None)
            for one in (pair.now, pair.before)
        ]
        if both[0] is None or both[1] is None:
            which = "this visit" if both[0] is None else "the visit before"
            st.html(
                f'<div class="tg">{plate_html()} <small>{escape(str(name))}, {side}: missing at {which}.</small></div>'
            )
            return
        svg, words = two_curves_svg(joint, both[0], both[1])
        show([Drawing(Figure("two_curves", svg, words)), Text(words)])
