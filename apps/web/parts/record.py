"""The parts of Record."""

from __future__ import annotations

from html import escape
from threading import Lock

import numpy as np
import streamlit as st

from apps.index.safety import free_bytes, pseudonym
from apps.web.live.checks import Check
from apps.web.live.laboratory import Laboratory
from apps.web.live.source import Source
from apps.web.session import PageEnds, may, open_recording, services, user
from fusion.errors import TandemError
from fusion.report.first_page import offset_words
from fusion.report.html import icon_html
from fusion.types import SAFE, Subject

WANTED_STRIDES = 30

_STARTING = Lock()
_DEMO_PERSON = Subject(
    "DEMO-live", 41.0, "female", 1.68, 0.88, 63.0, "simulated", "The walker of the virtual laboratory."
)


def laboratory_or_choice() -> Laboratory:
    """Return the running laboratory; until there is one the page asks for whom it shall run."""
    shared = services()
    if shared.laboratory is not None:
        _context(shared.laboratory)
        return shared.laboratory
    if not may("operator"):
        st.info("Recording needs the role operator. You may look at what was recorded under Review.")
        raise PageEnds
    with st.container(key="card_choose"):
        st.html(
            '<div class="tg"><h1>Who is recorded?</h1><p>A pseudonym, never a name. Height makes lengths metric.</p></div>'
        )
        subject = _choose_subject()
    if subject is None:
        raise PageEnds
    with st.spinner("The devices are getting ready …"):
        _start(subject)
    st.rerun()
    raise PageEnds


def _choose_subject() -> Subject | None:
    library = services().library
    known = {entry.subject.identifier: entry.subject for entry in library.subjects()}
    names = [_DEMO_PERSON.identifier, *(name for name in known if name != _DEMO_PERSON.identifier)]
    chosen = st.selectbox("Known person", names if services().demo else list(known), key="record_known")
    start, new = st.columns(2)
    if start.button("Start the devices", type="primary", disabled=chosen is None, shortcut="enter"):
        return known.get(str(chosen), _DEMO_PERSON)
    with new.popover("Somebody new"):
        made = _new_subject()
    return made if isinstance(made, Subject) else None


def _new_subject() -> Subject | None:
    with st.form("new_subject"):
        word = st.text_input("Id (pseudonym)", max_chars=40, placeholder="P-0417")
        left, right = st.columns(2)
        age = left.number_input("Age, years", 0.0, 120.0, value=None, step=1.0)
        sex = right.selectbox("Sex", ["", "female", "male"], format_func=lambda value: value or "not given")
        height = left.number_input("Height, m", 0.4, 2.5, value=None, step=0.01)
        leg = right.number_input("Leg length, m", 0.2, 1.4, value=None, step=0.01, help="Trochanter to floor")
        group = left.text_input("Group", max_chars=80)
        notes = right.text_input("Notes", max_chars=200, help="Nothing that names the person")
        sent = st.form_submit_button("Save and start", type="primary")
    if not sent:
        return None
    numbers = [np.nan if value is None else float(value) for value in (age, height, leg)]
    subject = Subject(pseudonym(word), numbers[0], sex, numbers[1], numbers[2], np.nan, group, notes)
    return services().library.save_subject(subject, by=user().name)


def _start(subject: Subject) -> None:
    shared = services()
    with _STARTING:
        if shared.laboratory is None:
            shared.library.save_subject(subject, by=user().name)
            shared.laboratory = Laboratory(shared.library, _source(subject), subject)


def _source(subject: Subject) -> Source:
    from apps.web.live.virtual import VirtualSource

    return VirtualSource(subject, swapped=True)


def _context(laboratory: Laboratory) -> None:
    person = laboratory.subject
    entry = services().library.subject(person.identifier)
    with st.container(key="context"):
        left, right = st.columns([0.75, 0.25], vertical_alignment="center")
        free = free_bytes(services().library.folder) / 1e9
        what = "virtual laboratory" if services().demo else "devices"
        left.html(
            f'<div class="tg tg-who"><span class="tg-id">{escape(person.identifier)}</span>'
            f"<span>{escape(entry.words if entry else '')}</span><span>{what}</span>"
            f'<span class="soft">saved as it is recorded · {free:.0f} GB free</span></div>'
        )
        stop = right.button(
            "Another person", disabled=laboratory.is_recording or not may("operator"), width="stretch"
        )
    if stop:
        services().laboratory = None
        laboratory.close()
        st.rerun()


@st.fragment(run_every=1.0)
def checks(laboratory: Laboratory) -> None:
    """Show the checks; what needs the operator stands first, with its cure."""
    found = laboratory.checks
    open_ones = [check for check in found if check.status == "stop"]
    with st.container(key="card_checks"):
        verdict = "looking …" if not found else "ready" if not open_ones else f"{len(open_ones)} of 8 needs you"
        tone = "good" if found and not open_ones else "stop" if open_ones else "soft"
        st.html(
            f'<div class="tg"><div class="section" style="margin-top:0"><h2>Ready to record?</h2>'
            f'<b class="{tone}" role="status">{verdict}</b></div></div>'
        )
        for check in open_ones:
            _open_check(laboratory, check)
        rows = "".join(_row(check) for check in found if check.status != "stop")
        st.html(f'<div class="tg"><table class="dense"><tbody>{rows}</tbody></table></div>')


def _open_check(laboratory: Laboratory, check: Check) -> None:
    st.html(
        f'<div class="tg"><div class="verdict stop"><div><div class="head">{icon_html("stop")}<b>{check.number} · '
        f"{escape(check.name)}</b></div><p>{escape(check.what)} <b>{escape(check.cure)}</b></p></div></div></div>"
    )
    with st.container(horizontal=True):
        for first, second in check.actions:
            part = first.split("_")[-1]
            if st.button(f"Swap the {part} names", type="primary", key=f"swap_{part}"):
                laboratory.swap(first, second)
                st.rerun()


def _row(check: Check) -> str:
    note = f"<br><small>{escape(check.what)}</small>" if check.what else ""
    return (
        f'<tr><td style="width:26px">{icon_html(check.status)}</td><td>{check.number} · {escape(check.name)}{note}</td>'
        f'<td style="text-align:right;width:38%"><small>{escape(check.value)}</small></td></tr>'
    )


@st.fragment(run_every=1.0)
def devices(laboratory: Laboratory) -> None:
    """Show rate, loss and age of each device."""
    import time

    now = time.monotonic()
    rows = []
    for name, device in laboratory.devices.items():
        age_s = now - device.last_s
        is_good = age_s < 1.0
        age = f"{1000 * age_s:.0f} ms" if is_good else f"silent {age_s:.0f} s"
        rows.append(
            f"<tr><td style='width:26px'>{icon_html('good' if is_good else 'stop')}</td><td><b>"
            f"{escape(name.replace('_', ' '))}</b></td><td>{device.rate_hz(now):.0f} Hz</td><td>{age}</td>"
            f"<td>{device.samples}</td></tr>"
        )
    with st.container(key="card_devices"):
        st.html(
            "<div class='tg'><table class='dense'><thead><tr><th></th><th>Device</th><th>Rate</th><th>Age</th>"
            f"<th>Samples</th></tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
        )


def actions(laboratory: Laboratory) -> None:
    """Show Record or Stop, and while it runs nothing else."""
    condition = st.session_state.get("record_condition", "")
    if not laboratory.is_recording:
        st.text_input("Condition", key="record_condition", max_chars=120, placeholder="own shoes, no aid")
    _buttons(laboratory, str(condition))


@st.fragment(run_every=1.0)
def _buttons(laboratory: Laboratory, condition: str) -> None:
    if laboratory.is_recording:
        _running(laboratory)
        return
    waiting = [check for check in laboratory.checks if check.status == "stop"]
    ready = bool(laboratory.checks) and not waiting
    left, right = st.columns([0.4, 0.6])
    begin = left.button("● Record", type="primary", disabled=not ready, width="stretch", key="record")
    if waiting:
        begin = right.button(f"Record anyway: {_loss(waiting)}", key="record_anyway", width="stretch") or begin
        st.caption(f"Record opens when check {waiting[0].number} is solved.")
    else:
        st.caption("Key: R" if ready else "Record opens when the checks are done.")
    if begin:
        start_recording(laboratory, condition)


def start_recording(laboratory: Laboratory, condition: str) -> None:
    """Begin to record, or say why not."""
    try:
        laboratory.record(by=user().name, condition=condition)
    except TandemError as cause:
        st.error(str(cause))
    else:
        st.rerun()


def pressed_r(laboratory: Laboratory) -> None:
    """Do what the button Record does, when it is open; Streamlit keeps the key R to itself, the live view does not."""
    waiting = [check for check in laboratory.checks if check.status == "stop"]
    if laboratory.checks and not waiting and not laboratory.is_recording and may("operator"):
        start_recording(laboratory, str(st.session_state.get("record_condition", "")))


def _loss(waiting: list[Check]) -> str:
    """Return what a recording is worth less when a check stays open."""
    losses = {
        1: "joints missing",
        2: "joints uncertain",
        3: "angles tilted",
        4: "a sensor missing",
        5: "sides not compared",
    }
    return losses.get(waiting[0].number, "with a limit")


def _running(laboratory: Laboratory) -> None:
    seconds = laboratory.recorded_s()
    strides = laboratory.strides()
    share = min(1.0, min(strides.values()) / WANTED_STRIDES)
    st.html(
        f'<div class="tg"><h2><span class="stop">●</span> Recording {int(seconds // 60)}:{int(seconds % 60):02d}</h2>'
        f'<p>Strides so far: <b class="left">L {strides["left"]}</b> <b class="right">R {strides["right"]}</b> of '
        f'{WANTED_STRIDES} wanted</p><div class="bar" role="progressbar" aria-label="strides" aria-valuemin="0" '
        f'aria-valuemax="100" aria-valuenow="{100 * share:.0f}"><div style="width:{100 * share:.0f}%"></div></div></div>'
    )
    gone = [name for name, silent in laboratory.silent().items() if silent > 1.0]
    if gone:
        words = ", ".join(name.replace("_", " ") for name in gone)
        st.html(
            f'<div class="tg"><div class="verdict care" role="status"><div><div class="head">{icon_html("care")}<b '
            f'class="care">{escape(words)} silent</b></div><p>The recording goes on. What this device measures is '
            "withheld for that time. Move the receiver closer.</p></div></div></div>"
        )
    left, right = st.columns([0.4, 0.6])
    if left.button("■ Stop", type="primary", shortcut="x", width="stretch", key="stop"):
        identifier = laboratory.stop()
        open_recording(identifier)
        st.session_state["just_recorded"] = identifier
        st.switch_page("app_pages/review.py")
    if right.button("Marker", shortcut="m", width="stretch", key="marker"):
        laboratory.mark("marker")
    marks = laboratory.markers()
    st.caption(f"Keys: X stop, M marker · {len(marks)} marker{'' if len(marks) == 1 else 's'}")


@st.fragment(run_every=2.0)
def in_step(laboratory: Laboratory) -> None:
    """Show the offset between camera and wearables."""
    if not laboratory.sync:
        st.html(
            '<div class="tg"><h2>Camera and wearables in step</h2><small>Not known yet: walk a few steps.</small></div>'
        )
        return
    result = laboratory.sync[0]
    safe = result.verdict == SAFE
    tone, words = ("good", "✓ safe to fuse") if safe else ("care", "! not safe to fuse yet")
    st.html(
        f'<div class="tg"><h2>Camera and wearables in step</h2><b>{escape(offset_words(result))}</b> '
        f'<b class="{tone}">{words}</b> <small>{escape(result.reason or result.method)}</small></div>'
    )


def virtual_faults(laboratory: Laboratory) -> None:
    """Let a person pull a plug in the virtual laboratory."""
    if not laboratory.can_fail:
        return
    with st.popover("Pull a plug (virtual laboratory)"):
        for fault in laboratory.can_fail:
            off = st.toggle(
                fault.replace("_", " ").replace("sensor ", "").capitalize() + " off", key=f"fault_{fault}"
            )
            laboratory.fail(fault, on=off)
