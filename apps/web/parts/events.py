"""The contacts of a recording as a list that a person can correct, with the trail of who did."""

from __future__ import annotations

from dataclasses import asdict
from html import escape

import streamlit as st

from apps.index.entries import RecordingEntry
from apps.web.analyses import trail_of
from apps.web.parts.messages import error_card
from apps.web.session import may, services, user
from fusion.errors import TandemError, UsageError
from fusion.gait.edit import AuditTrail, EventEdit
from fusion.types import Analysis

_KINDS = {"ic": "initial contact", "fc": "final contact"}
_ACTIONS = {"move": "Move", "delete": "Remove", "add": "Add", "undo": "Take back the last change"}


def events_editor(analysis: Analysis, entry: RecordingEntry) -> None:
    """Show contacts, a form to change them, and every change so far."""
    library = services().library
    seen = library.revision(entry.identifier)
    base = services().analyses.job(entry.identifier).base or analysis
    trail = trail_of(library, entry.identifier, base.events)
    st.html(
        '<div class="tg"><p>Contacts found by the analysis. A change keeps what was there, needs a reason, and is '
        "signed with your name. All numbers follow it.</p></div>"
    )
    side_box, kind_box = st.columns(2)
    side = side_box.segmented_control("Foot", ["left", "right"], default="left", required=True, key="event_side")
    kind = kind_box.segmented_control(
        "Contact", list(_KINDS), default="ic", required=True, format_func=_KINDS.__getitem__, key="event_kind"
    )
    times = [float(time) for time in analysis.events.select(str(side), str(kind))]
    sds = [float(sd) for sd in analysis.events.select_sd(str(side), str(kind))]
    labels = {
        place: f"{time:.3f} s (\N{PLUS-MINUS SIGN}{1960 * sd:.0f} ms)"
        for place, (time, sd) in enumerate(zip(times, sds, strict=True))
    }
    with st.form("edit_event", border=True):
        action = st.radio("Change", list(_ACTIONS), format_func=_ACTIONS.__getitem__, horizontal=True)
        place = st.selectbox("Which", list(labels), format_func=labels.__getitem__, help="95 % interval in brackets")
        new = st.number_input(
            "New time, s", min_value=0.0, value=times[0] if times else 0.0, step=0.01, format="%.3f"
        )
        reason = st.text_input("Why", max_chars=200, placeholder="heel strike seen in the video 40 ms later")
        sent = st.form_submit_button("Apply", type="primary", disabled=not may("operator"))
    if sent:
        try:
            edited = _edited(
                trail, str(action), str(side), str(kind), times[place or 0] if times else new, new, reason
            )
            edited.apply(base.events)
            change = {"events_sha256": edited.events_sha256, "edit": _plain(edited.edits[-1])}
            library.add_edit(entry.identifier, change, seen=seen, by=user().name)
        except TandemError as cause:
            error_card(str(cause), title="The change was not applied")
        else:
            st.session_state["edited"] = entry.identifier  # the page comes back to these contacts
            st.rerun()
    _show_trail(trail)


def _edited(
    trail: AuditTrail, action: str, side: str, kind: str, time_s: float, new_s: float, reason: str
) -> AuditTrail:
    who = user().name
    if not reason.strip():
        raise UsageError("a change needs a reason. Write why, in a few words.")
    if action == "undo":
        return trail.undone(who, reason)
    if action == "add":
        return trail.with_edit(EventEdit("add", new_s, side, kind, who, reason))
    new_time_s = new_s if action == "move" else float("nan")
    return trail.with_edit(EventEdit(action, time_s, side, kind, who, reason, new_time_s=new_time_s))


def _show_trail(trail: AuditTrail) -> None:
    if not trail.edits:
        st.caption("No contact was changed by hand.")
        return
    rows = "".join(
        f"<tr><td>{number}</td><td>{escape(_ACTIONS.get(edit.action, edit.action))} {escape(edit.side)} "
        f"{escape(_KINDS[edit.kind])} {edit.time_s:.3f} s</td><td>{escape(edit.reason)}</td>"
        f"<td>{escape(edit.who)}, {escape(edit.at[:16].replace('T', ' '))} UTC</td></tr>"
        for number, edit in enumerate(trail.edits, start=1)
    )
    st.html(
        '<div class="tg"><h3>Changes by hand</h3><table class="dense"><thead><tr><th>No.</th><th>Change</th>'
        f"<th>Why</th><th>Who, when</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _plain(edit: EventEdit) -> dict[str, object]:
    return {key: None if value != value else value for key, value in asdict(edit).items()}
