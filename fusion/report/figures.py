"""Every figure of the report, drawn by Altair and returned as SVG; the same definitions serve a screen."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fusion.report import tokens
from fusion.report.curves import PHASE_PERCENT, KneeTrack, MeanCurve, timeline_domain
from fusion.report.extras import require
from fusion.report.words import FONT_FOLDER
from fusion.types import Flags, Floats, GaitEvents

Rows = list[dict[str, Any]]
Spec = dict[str, Any]

Chart = Any
"""An Altair chart or one of its axes; Altair itself is imported when the first figure is drawn."""

_HEAD_ROOM = 0.07
"""Distance of a side letter from its curve, as a share of the axis."""


@dataclass(frozen=True, slots=True)
class NormBand:
    """Range of healthy peers over the gait cycle, deg, shapes (101,)."""

    low_deg: Floats
    high_deg: Floats
    name: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One joint: curves of both sides over the norm band.

    Attributes
    ----------
    domain_deg
        Limits of the axis; widened where a curve leaves them.
    note
        What is missing, such as ``"R: not assessable"``.
    """

    title: str
    axis: str
    domain_deg: tuple[float, float]
    curves: tuple[MeanCurve, ...]
    norm: NormBand | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Lines:
    """One more curve of the timeline: another source or the truth."""

    name: str
    time_s: Floats
    angle_deg: Floats
    dash: tuple[float, ...]


def joint_curves_svg(panels: Sequence[Panel], columns: int, width_px: int, height_px: int, size: float) -> str:
    """Return mean curves left and right with band, 95 % ribbon and toe-off lines, one panel a joint."""
    drawn = [_panel(panel, width_px, height_px, size) for panel in panels]
    firsts = range(0, len(drawn), columns)
    rows = [{"hconcat": drawn[first : first + columns], "spacing": 22} for first in firsts]
    return svg_of({"vconcat": rows, "spacing": 16}, size)


def timeline_svg(
    track: KneeTrack, window_s: tuple[float, float], events: GaitEvents, others: Sequence[Lines], size: float
) -> str:
    """Return one knee over time: fused line with band, keypoints alone as dots, hidden spans shaded."""
    alt = require("altair")
    begin, end = window_s
    lanes = _contact_lanes(events, window_s)
    inside = (track.time_s >= begin) & (track.time_s <= end)
    seen = (track.camera_time_s >= begin) & (track.camera_time_s <= end) & np.isfinite(track.camera_deg)
    domain = timeline_domain(track, window_s)
    x = alt.X(
        "x:Q",
        title=None if lanes is not None else "time, s",
        scale=alt.Scale(domain=[begin, end], nice=False, zero=False),
        axis=alt.Axis(grid=False, tickCount=8, labels=lanes is None, minExtent=2),
    )
    y_axis = alt.Axis(tickCount=5, minExtent=34)
    y = alt.Y("y:Q", title=f"{track.side} knee flexion, deg", scale=scale(domain), axis=y_axis)
    layers = [
        *_hidden_layers(track, window_s, domain, (x, y), size),
        *_fused_layers(track, inside, x, y),
        marks(rows_of(x=track.camera_time_s[seen], y=track.camera_deg[seen]))
        .mark_point(clip=True, shape="circle", filled=False, size=7, color=tokens.INK, strokeWidth=0.6, opacity=1)
        .encode(x=x, y=y),
        *_other_layers(others, window_s, x, y),
    ]
    knee = layered(layers, width=520, height=128)
    return svg_of({"vconcat": [knee, lanes], "spacing": 2} if lanes is not None else knee, size)


def _panel(panel: Panel, width: int, height: int, size: float) -> Spec:
    alt = require("altair")
    domain = _panel_domain(panel)
    ticks = [0, 20, 40, 60, 80, 100] if width > 180 else [0, 50, 100]
    x = alt.X(
        "x:Q",
        title="% of gait cycle",
        scale=alt.Scale(domain=[0, 100], nice=False),
        axis=alt.Axis(values=ticks, grid=False, labelOverlap=False, labelFlush=False, minExtent=13),
    )
    y = alt.Y("y:Q", title=panel.axis, scale=scale(domain), axis=alt.Axis(tickCount=5, minExtent=30))
    layers = [marks(rows_of(x=[0.0, 100.0], y=[0.0, 0.0])).mark_line(color=tokens.EDGE, strokeWidth=0.6)]
    layers[0] = layers[0].encode(x=x, y=y)
    if panel.norm is not None:
        layers.insert(0, band_layer(panel.norm.low_deg, panel.norm.high_deg, x, y))
    for curve in panel.curves:
        layers += curve_layers(curve, domain, x, y)
    layers += [_letter(*place, size) for place in _letter_places(panel.curves, domain)]
    if panel.note:
        low, high = domain
        above = high - 0.045 * (high - low)
        note = marks([{"x": 3.0, "y": above, "t": panel.note}])
        layers.append(
            note.mark_text(color=tokens.SOFT, fontSize=size, align="left").encode(
                x=channel("x", "x:Q"), y=channel("y", "y:Q"), text=channel("text", "t:N")
            )
        )
    # A title of Vega moves with the labels of the axis; this one stands at the same place above every panel.
    title = marks([{"t": panel.title}]).mark_text(
        x=-34, y=-11, align="left", color=tokens.INK, fontSize=size + 1.5, fontWeight=600
    )
    layers.append(title.encode(text=channel("text", "t:N")))
    return layered(layers, width=width, height=height)


def band_layer(low: Floats, high: Floats, x: Chart, y: Chart) -> Chart:
    """Return the grey area of a range."""
    rows = rows_of(x=PHASE_PERCENT, y=low, high=high)
    area = marks(rows).mark_area(color=tokens.NORM, stroke=tokens.EDGE, strokeWidth=0.4, opacity=1)
    return area.encode(x=x, y=y, y2=channel("y2", "high:Q"))


def curve_layers(curve: MeanCurve, domain: tuple[float, float], x: Chart, y: Chart) -> list[Chart]:
    """Return one side's curve with its ribbon and its toe-off line."""
    colour, dash = tokens.SIDE_COLOUR[curve.side], list(tokens.SIDE_DASH[curve.side])
    low, high = curve.mean_deg - curve.half_width_deg, curve.mean_deg + curve.half_width_deg
    ribbon = marks(rows_of(x=PHASE_PERCENT, y=low, high=high))
    line = marks(rows_of(x=PHASE_PERCENT, y=curve.mean_deg))
    layers = [
        ribbon.mark_area(color=colour, opacity=0.16).encode(x=x, y=y, y2=channel("y2", "high:Q")),
        line.mark_line(color=colour, strokeWidth=tokens.LINE_WIDTH, strokeDash=dash).encode(x=x, y=y),
    ]
    if np.isfinite(curve.toe_off_percent):
        rule = marks([{"x": curve.toe_off_percent, "y": domain[0], "high": domain[1]}])
        style = rule.mark_rule(color=colour, strokeWidth=0.7, strokeDash=dash, opacity=0.8)
        layers.append(style.encode(x=x, y=y, y2=channel("y2", "high:Q")))
    return layers


def _letter_places(curves: Sequence[MeanCurve], domain: tuple[float, float]) -> list[tuple[float, float, str]]:
    """Return where each side's letter stands: at the widest gap, the higher curve's above, the other's below."""
    sided = [curve for curve in curves if curve.side != "both"]
    room = _HEAD_ROOM * (domain[1] - domain[0])
    if not sided:
        return []
    if len(sided) == 1:
        at = 34
        return [(at, float(sided[0].mean_deg[at]) + room, sided[0].side)]
    scored = [(_letter_score(sided, at, room), at) for at in range(6, 95)]
    at = max(scored)[1]
    high, low = sorted(sided, key=lambda curve: -float(curve.mean_deg[at]))
    return [(at, float(high.mean_deg[at]) + room, high.side), (at, float(low.mean_deg[at]) - room, low.side)]


def _letter_score(curves: Sequence[MeanCurve], at: int, room: float) -> float:
    """Return how well two letters stand at a phase: first clear of all curves, then where the sides differ."""
    means = np.stack([curve.mean_deg for curve in curves])
    near = means[:, max(0, at - 5) : at + 6]
    places = (means[:, at].max() + room, means[:, at].min() - room)
    clear = min(float(np.min(np.abs(np.append(near, 0.0) - place))) for place in places)
    return 10.0 * min(clear, 0.75 * room) + float(np.ptp(means[:, at]))


def _letter(x: float, y: float, side: str, size: float) -> Chart:
    rows = marks([{"x": x, "y": y, "t": tokens.SIDE_LETTER[side]}])
    style = rows.mark_text(color=tokens.SIDE_COLOUR[side], fontSize=size + 0.5, fontWeight=600)
    return style.encode(x=channel("x", "x:Q"), y=channel("y", "y:Q"), text=channel("text", "t:N"))


def _hidden_layers(
    track: KneeTrack,
    window_s: tuple[float, float],
    domain: tuple[float, float],
    axes: tuple[Chart, Chart],
    size: float,
) -> list[Chart]:
    spans = [(max(a, window_s[0]), min(b, window_s[1]), b - a) for a, b in track.hidden_s]
    spans = [(a, b, full) for a, b, full in spans if b > a]
    low, high = domain
    shades = [{"x": a, "x2": b, "y": low, "y2": high} for a, b, _ in spans]
    lines = [{"x": float(at), "y": low, "y2": high} for a, b, _ in spans for at in np.arange(a, b, 0.05)]
    wide = [(a, b, full) for a, b, full in spans if full >= 0.2]
    words = [{"x": 0.5 * (a + b), "y": high, "t": f"hidden {full:.2f} s"} for a, b, full in wide]
    both = dict(zip("xy", axes, strict=True))
    return [
        marks(shades)
        .mark_rect(color=tokens.HIDDEN)
        .encode(**both, x2=channel("x2", "x2:Q"), y2=channel("y2", "y2:Q")),
        marks(lines).mark_rule(color=tokens.HAIR, strokeWidth=0.6).encode(**both, y2=channel("y2", "y2:Q")),
        marks(_apart(words, 0.12 * (window_s[1] - window_s[0])))
        .mark_text(color=tokens.SOFT, fontSize=size, dy=-6)
        .encode(**both, text=channel("text", "t:N")),
    ]


def _apart(words: Rows, gap: float) -> Rows:
    """Return the words that stand at least ``gap`` apart, so that none is printed over another."""
    kept: Rows = []
    for word in words:
        if not kept or word["x"] - kept[-1]["x"] >= gap:
            kept.append(word)
    return kept


def _fused_layers(track: KneeTrack, inside: Flags, x: Chart, y: Chart) -> list[Chart]:
    time, angle = track.time_s[inside], track.angle_deg[inside]
    half = 1.96 * track.sd_deg[inside]
    colour, dash = tokens.SIDE_COLOUR[track.side], list(tokens.SIDE_DASH[track.side])
    band = marks(rows_of(x=time, y=angle - half, high=angle + half))
    line = marks(rows_of(x=time, y=angle))
    return [
        band.mark_area(clip=True, color=colour, opacity=0.2).encode(x=x, y=y, y2=channel("y2", "high:Q")),
        line.mark_line(color=colour, strokeWidth=tokens.LINE_WIDTH, strokeDash=dash).encode(x=x, y=y),
    ]


def _other_layers(others: Sequence[Lines], window_s: tuple[float, float], x: Chart, y: Chart) -> list[Chart]:
    layers = []
    for other in others:
        inside = (other.time_s >= window_s[0]) & (other.time_s <= window_s[1])
        line = marks(rows_of(x=other.time_s[inside], y=other.angle_deg[inside]))
        layers.append(
            line.mark_line(clip=True, color=tokens.FAINT, strokeWidth=1.0, strokeDash=list(other.dash)).encode(
                x=x, y=y
            )
        )
    return layers


def _contact_lanes(events: GaitEvents, window_s: tuple[float, float]) -> Spec | None:
    """Return one lane a side: when its foot was on the ground; None without events."""
    alt = require("altair")
    begin, end = window_s
    rows: dict[str, Rows] = {"left": [], "right": []}
    for side, lane in rows.items():
        finals = events.select(side, "fc")
        for start in events.select(side, "ic"):
            later = finals[finals > start]
            if later.size and later[0] - start < 3.0 and start < end and later[0] > begin:
                at = f"{tokens.SIDE_LETTER[side]} {side} foot down"
                lane.append({"x": max(float(start), begin), "x2": min(float(later[0]), end), "y": at})
    if not any(rows.values()):
        return None
    x = alt.X(
        "x:Q",
        title="time, s",
        scale=alt.Scale(domain=[begin, end], nice=False),
        axis=alt.Axis(grid=False, tickCount=8),
    )
    sides = [f"{tokens.SIDE_LETTER[side]} {side} foot down" for side in rows]
    y = alt.Y("y:N", title=None, sort=sides, axis=alt.Axis(ticks=False, domain=False, labelLimit=90, labelPadding=7))
    y = y.scale(domain=sides)
    left = marks(rows["left"]).mark_bar(height=8, color=tokens.LEFT)
    right = marks(rows["right"]).mark_bar(
        height=7, fill="white", stroke=tokens.RIGHT, strokeWidth=1.3, strokeDash=[4, 2]
    )
    lanes = [chart.encode(x=x, x2=channel("x2", "x2:Q"), y=y) for chart in (left, right)]
    return layered(lanes, width=520, height=28)


def _panel_domain(panel: Panel) -> tuple[float, float]:
    reach = [curve.mean_deg + sign * curve.half_width_deg for curve in panel.curves for sign in (-1, 1)]
    if panel.norm is not None:
        reach += [panel.norm.low_deg, panel.norm.high_deg]
    return _domain(panel.domain_deg, reach)


def _domain(usual: tuple[float, float], reach: Sequence[Floats]) -> tuple[float, float]:
    """Return the usual limits, widened to the next 5 deg where something leaves them."""
    values = np.concatenate([np.asarray(usual), *reach])
    values = values[np.isfinite(values)]
    low, high = 5.0 * np.floor(values.min() / 5.0), 5.0 * np.ceil(values.max() / 5.0)
    return min(usual[0], float(low)), max(usual[1], float(high))


def scale(domain: tuple[float, float]) -> Chart:
    """Return the scale of an axis that keeps its limits."""
    return require("altair").Scale(domain=list(domain), nice=False, zero=False)


def marks(rows: Rows) -> Chart:
    """Return a chart over rows of values."""
    alt = require("altair")
    # As one text: Altair copies and checks a list of records again and again, a text it passes on.
    return alt.Chart(alt.InlineData(values=json.dumps(rows), format=alt.JsonDataFormat(type="json")))


def channel(name: str, field: str) -> Chart:
    """Return an encoding channel of a field."""
    # A channel object: from a bare string Altair searches its whole schema, each time.
    return getattr(require("altair"), name.capitalize())(field)


def rows_of(**columns: Floats | list[float]) -> Rows:
    """Return one record a sample; NaN becomes None, at which a line breaks."""
    lists = [[round(float(v), 4) if np.isfinite(v) else None for v in values] for values in columns.values()]
    return [dict(zip(columns, record, strict=True)) for record in zip(*lists, strict=True)]


def layered(layers: Sequence[Chart], **properties: object) -> Spec:
    """Return charts on top of each other as one Vega-Lite specification.

    Joined as plain dictionaries: Altair's own layer and concat copy every part at every level, which
    took longer than all else in a report together.
    """
    parts = []
    for layer in layers:
        part = layer.to_dict(validate=False)
        kept = {key: value for key, value in part.items() if key not in ("$schema", "config", "datasets")}
        if "name" in kept["data"]:
            kept["data"] = {"values": part["datasets"][kept["data"]["name"]]}
        parts.append(kept)
    return {"layer": parts, **properties}


def svg_of(spec: Spec, size: float) -> str:
    """Return a Vega-Lite specification drawn in the report's type and colours."""
    converter = require("vl_convert")
    converter.register_font_directory(str(FONT_FOLDER))
    return str(converter.vegalite_to_svg({**spec, "config": _config(size)}))


def _config(size: float) -> Spec:
    return {
        "font": tokens.FONT,
        "background": "white",
        "padding": 2,
        "view": {"stroke": None},
        "axis": {
            "labelFontSize": size,
            "titleFontSize": size,
            "titleFontWeight": "normal",
            "labelColor": tokens.SOFT,
            "titleColor": tokens.SOFT,
            "gridColor": tokens.GRID,
            "domainColor": tokens.EDGE,
            "tickColor": tokens.EDGE,
            "tickSize": 3,
            "labelPadding": 3,
            "titlePadding": 4,
        },
    }
