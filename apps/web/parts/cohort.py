"""The parts of Cohort."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from io import StringIO
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from apps.index.record_copy import as_csv
from apps.web.session import PageEnds, services
from fusion.gait.definitions import definition
from fusion.report import tokens
from fusion.report.study import agreement as agree
from fusion.report.study import compare_groups
from fusion.report.words import parameter_words

_SHOWN = ("walking_speed_mps", "stride_length_m", "cadence_spm", "double_support_percent", "stride_time_cv_percent")


@dataclass(frozen=True, slots=True)
class Row:
    """One recording of the study."""

    recording: str
    pseudonym: str
    visit: int
    day: str
    group: str
    condition: str
    tags: str
    verdict: str
    values: dict[str, dict[str, Any]]


def choose_rows() -> tuple[Row, ...]:
    """Ask which recordings make the study, and return their stored results."""
    library = services().library
    entries = [one for one in library.recordings() if one.is_there]
    stored = {one.recording: one for one in library.results()}
    missing = [one for one in entries if one.identifier not in stored]
    with st.container(key="context"):
        search_box, tag_box, last_box, run_box = st.columns([0.4, 0.25, 0.2, 0.15], vertical_alignment="bottom")
        search = search_box.text_input("Search", placeholder="id, protocol, condition, tag")
        tag = tag_box.selectbox("Tag", ["", *sorted({tag for one in entries for tag in one.tags})])
        only_last = last_box.toggle("Last visit only", value=False)
        if missing and run_box.button(f"Analyse {len(missing)} more", width="stretch"):
            with st.spinner("Analysing …"):
                for one in missing:
                    services().analyses.job(one.identifier).done.wait(timeout=300.0)
            st.rerun()
    chosen = library.recordings(search, tag=str(tag or ""))
    groups = {one.subject.identifier: one.subject.group for one in library.subjects()}
    rows = [
        Row(
            one.identifier,
            one.pseudonym,
            one.visit,
            one.day,
            groups.get(one.pseudonym, ""),
            one.condition,
            ", ".join(one.tags),
            stored[one.identifier].verdict,
            {f"{item['name']}:{item['side']}": dict(item) for item in stored[one.identifier].parameters},
        )
        for one in chosen
        if one.identifier in stored
    ]
    if only_last:
        last = {row.pseudonym: row for row in sorted(rows, key=lambda row: row.visit)}
        rows = list(last.values())
    if not rows:
        st.html(
            '<div class="tg"><h1>No analysed recording</h1><p>Open recordings in Review, or press Analyse above; a study '
            "is the table of what was analysed.</p></div>"
        )
        raise PageEnds
    return tuple(rows)


def table(rows: tuple[Row, ...]) -> None:
    """Show the study as a table with intervals, and give it as CSV."""
    frame = pd.DataFrame(
        [
            {
                "Subject": row.pseudonym,
                "Visit": row.visit,
                "Date": row.day,
                "Group": row.group,
                "Condition": row.condition,
                "Quality": row.verdict,
                **{_head(name): _words(row.values.get(f"{name}:both")) for name in _SHOWN},
            }
            for row in rows
        ]
    )
    st.dataframe(frame, hide_index=True, width="stretch", alt="One row a recording: parameters with 95 % intervals")
    st.caption(f"{len(rows)} recordings of {len({row.pseudonym for row in rows})} people. Value [95 % interval].")
    head = [
        "subject",
        "visit",
        "date",
        "group",
        "condition",
        "tags",
        "quality",
        "name",
        "side",
        "value",
        "low",
        "high",
    ]
    head += ["unit", "n", "grade", "reason"]
    lines: list[list[object]] = [
        [row.pseudonym, row.visit, row.day, row.group, row.condition, row.tags, row.verdict]
        + [item.get(key) for key in head[7:]]
        for row in rows
        for item in row.values.values()
    ]
    st.download_button("All parameters as CSV", as_csv(head, lines), "cohort.csv", "text/csv")


def groups(rows: tuple[Row, ...]) -> None:
    """Show two groups side by side; a person counts once, with the last visit."""
    last = {row.pseudonym: row for row in sorted(rows, key=lambda row: row.visit)}
    key = st.segmented_control("Groups by", ["group", "condition"], default="group", required=True, key="group_by")
    found = sorted({getattr(row, str(key)) or "none given" for row in last.values()})
    if len(found) < 2:
        st.info("There is one group only. Give people a group under Subjects, or recordings a condition.")
        return
    left, right = st.columns(2)
    first = left.selectbox("First group", found, index=0)
    second = right.selectbox("Second group", found, index=1)
    members = {
        name: [row for row in last.values() if (getattr(row, str(key)) or "none given") == name]
        for name in (first, second)
    }
    values = {
        name: tuple(np.array([_value(row, name) for row in members[group]]) for group in (first, second))
        for name in _SHOWN
    }
    compared = compare_groups({name: (pair[0], pair[1]) for name, pair in values.items()})
    _strips({str(first): members[first], str(second): members[second]})
    if not compared:
        st.info("A comparison of groups needs at least three people in each with the parameter assessable.")
        return
    st.dataframe(
        pd.DataFrame(
            [
                {
                    "Parameter": _head(one.name),
                    f"{first} (n)": f"{one.means[0]:.2f} ({one.counts[0]})",
                    f"{second} (n)": f"{one.means[1]:.2f} ({one.counts[1]})",
                    "Difference [95 % interval]": f"{one.difference:+.2f} [{one.low:.2f}, {one.high:.2f}]",
                    "p, Holm-corrected": f"{one.p_holm:.3f}" if one.p_holm >= 0.001 else "< 0.001",
                }
                for one in compared
            ]
        ),
        hide_index=True,
    )
    st.caption("Welch's t-test, corrected by Holm over the parameters shown. One person counts once.")


def agreement(rows: tuple[Row, ...]) -> None:
    """Show Bland-Altman agreement with values of another system from a CSV."""
    name = st.selectbox("Parameter", list(_SHOWN), format_func=_head)
    given = st.file_uploader(
        "Values of the other system: CSV with the columns subject, visit, value", type=["csv"], max_upload_size=5
    )
    if given is None:
        st.caption("Rows are matched by subject and visit. Nothing is stored.")
        return
    theirs = _other_values(given.getvalue())
    pairs = [(_value(row, str(name)), theirs.get((row.pseudonym, row.visit), np.nan)) for row in rows]
    ours, others = (np.array(column, dtype=np.float64) for column in zip(*pairs, strict=True))
    found = agree(ours, others)
    unit = definition(str(name)).unit
    st.markdown(
        f"**Bias {found.bias:+.3f} {unit}** [{found.bias_low:.3f}, {found.bias_high:.3f}], limits of agreement "
        f"{found.lower:.3f} to {found.upper:.3f} {unit} (each \N{PLUS-MINUS SIGN}{found.limits_half:.3f}), {found.n} pairs"
    )
    frame = pd.DataFrame({"mean": (ours + others) / 2.0, "difference": ours - others}).dropna()
    points = (
        alt.Chart(frame)
        .mark_point(color=tokens.LEFT, size=60)
        .encode(
            alt.X("mean:Q", title=f"mean of both, {unit}", scale=alt.Scale(zero=False)),
            alt.Y("difference:Q", title=f"ours minus other, {unit}", scale=alt.Scale(zero=False)),
        )
    )
    rules = pd.DataFrame({"y": [found.bias, found.lower, found.upper]})
    lines = alt.Chart(rules).mark_rule(strokeDash=[4, 3], color=tokens.SOFT).encode(y="y:Q")
    st.altair_chart(points + lines, alt="Bland-Altman plot: difference against mean, bias and limits of agreement")


def _other_values(content: bytes) -> dict[tuple[str, int], float]:
    rows = csv.DictReader(StringIO(content.decode("utf-8-sig", errors="replace")))
    found = {}
    for row in rows:
        try:
            found[str(row["subject"]), int(row["visit"])] = float(row["value"])
        except (KeyError, TypeError, ValueError):
            continue
    return found


def _strips(members: dict[str, list[Row]]) -> None:
    """Draw one dot a person with its interval, groups side by side."""
    name = st.selectbox("Draw", list(_SHOWN), format_func=_head, key="draw_parameter")
    frame = pd.DataFrame(
        [
            {"group": group, "subject": row.pseudonym, **{key: item[key] for key in ("value", "low", "high")}}
            for group, listed in members.items()
            for row in listed
            if (item := row.values.get(f"{name}:both")) and item["value"] is not None
        ]
    )
    if frame.empty:
        st.info("This parameter is not assessable in these recordings.")
        return
    base = alt.Chart(frame).encode(
        alt.X("group:N", title=None, axis=alt.Axis(labelAngle=0)),
        alt.XOffset("subject:N"),
        tooltip=["subject", "value"],
    )
    bars = base.mark_rule(color=tokens.SOFT).encode(
        alt.Y("low:Q", title=_head(str(name)), scale=alt.Scale(zero=False)), alt.Y2("high:Q")
    )
    dots = base.mark_point(filled=True, size=60, color=tokens.LEFT).encode(alt.Y("value:Q"))
    st.altair_chart((bars + dots).properties(height=240), alt=f"{_head(str(name))} of each person with 95 % interval")


def _head(name: str) -> str:
    unit = definition(name).unit
    return f"{parameter_words(name)}, {unit}"


def _value(row: Row, name: str) -> float:
    item = row.values.get(f"{name}:both")
    return float("nan") if item is None or item["value"] is None else float(item["value"])


def _words(item: dict[str, Any] | None) -> str:
    from fusion.gait.numbers import format_estimate
    from fusion.types import Estimate

    if item is None or item["value"] is None:
        return "not assessable"
    low, high = (float("nan") if item[key] is None else item[key] for key in ("low", "high"))
    shown = format_estimate(Estimate(item["value"], low, high, item["unit"], item["n"]))
    return f"{shown.value} {shown.interval}".strip()
