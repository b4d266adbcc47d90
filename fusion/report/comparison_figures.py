"""Figures of a comparison: changes in multiples of their error, numbers over visits, two mean curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fusion.report import tokens
from fusion.report.changes import Change
from fusion.report.curves import PHASE_PERCENT, MeanCurve
from fusion.report.figures import (
    Spec,
    band_layer,
    channel,
    curve_layers,
    layered,
    marks,
    rows_of,
    scale,
    svg_of,
)


def comparison_svg(changes: Sequence[tuple[str, Change]], size: float = 11.0) -> str:
    """Return each change in multiples of its own half-width: a dot on a grey band from -1 to 1."""
    alt_rows: list[dict[str, Any]] = []
    for label, one in changes:
        half = 0.5 * (one.difference.high - one.difference.low)
        if np.isfinite(half) and half > 0.0:
            value = float(np.clip(one.difference.value / half, -6.0, 6.0))
            alt_rows.append({"y": label, "x": value, "low": value - 1.0, "high": value + 1.0, "real": one.is_real})
    if not alt_rows:
        return svg_of({"data": {"values": []}, "mark": "point", "width": 300, "height": 20}, size)
    labels = [row["y"] for row in alt_rows]
    reach = max(2.0, *(abs(row["x"]) + 1.2 for row in alt_rows))
    x = {
        "field": "x",
        "type": "quantitative",
        "scale": {"domain": [-reach, reach], "nice": False},
        "axis": {"title": "change, in multiples of its own 95 % half-width", "tickCount": 7, "grid": False},
    }
    y = {"field": "y", "type": "nominal", "sort": labels, "axis": {"title": None, "labelLimit": 240, "ticks": False}}
    data = {"values": alt_rows}
    band = {"values": [{"a": -1.0, "b": 1.0}]}
    spec: Spec = {
        "width": 380,
        "height": 24 * len(alt_rows) + 6,
        "layer": [
            {
                "data": band,
                "mark": {"type": "rect", "color": tokens.NORM, "stroke": tokens.EDGE, "strokeWidth": 0.6},
                "encoding": {"x": {"field": "a", "type": "quantitative"}, "x2": {"field": "b"}},
            },
            {
                "data": {"values": [{"zero": 0.0}]},
                "mark": {"type": "rule", "strokeDash": [2, 2], "color": tokens.SOFT},
                "encoding": {"x": {"field": "zero", "type": "quantitative"}},
            },
            {
                "data": data,
                "mark": {"type": "rule", "strokeWidth": 1.8, "color": tokens.INK},
                "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}, "y": y},
            },
            *(
                {
                    "data": {"values": [row for row in alt_rows if row["real"] is real]},
                    "mark": {
                        "type": "point",
                        "filled": True,
                        "size": 70,
                        "color": tokens.INK if real else "white",
                        "stroke": tokens.INK,
                        "strokeWidth": 1.4,
                        "opacity": 1,
                    },
                    "encoding": {"x": x, "y": y},
                }
                for real in (True, False)
            ),
        ],
    }
    return svg_of(spec, size)


Points = Sequence[tuple[str, float, float, float]]


def trend_svg(panels: Sequence[tuple[str, Points, tuple[float, float]]], size: float = 10.0) -> str:
    """Return one small panel a parameter: visits from left to right, interval bars, the norm as a grey band."""
    drawn = []
    for title, points, (low, high) in panels:
        rows: list[dict[str, Any]] = [
            {"x": day, "y": value, "a": a, "b": b, "n": k} for k, (day, value, a, b) in enumerate(points)
        ]
        days = [row["x"] for row in rows]
        values = [value for row in rows for value in (row["a"], row["b"])]
        values += [value for value in (low, high) if np.isfinite(value)]
        limits = [min(values), max(values)] if values else [0.0, 1.0]
        room = 0.08 * (limits[1] - limits[0] or 1.0)
        y = {
            "field": "y",
            "type": "quantitative",
            "scale": {"domain": [limits[0] - room, limits[1] + room], "nice": False, "zero": False},
            "axis": {"title": None, "tickCount": 5, "minExtent": 26},
        }
        x = {
            "field": "x",
            "type": "nominal",
            "sort": days,
            "axis": {"title": None, "labelAngle": 0, "labelLimit": 70, "ticks": False, "labelOverlap": True},
        }
        layers: list[Spec] = []
        if np.isfinite(low) and np.isfinite(high):
            layers.append(
                {
                    "data": {"values": [{"low": low, "high": high}]},
                    "mark": {"type": "rect", "color": tokens.NORM, "stroke": tokens.EDGE, "strokeWidth": 0.5},
                    "encoding": {"y": {**y, "field": "low"}, "y2": {"field": "high"}},
                }
            )
        data = {"values": rows}
        layers += [
            {
                "data": data,
                "mark": {"type": "line", "color": tokens.SOFT, "strokeWidth": 1},
                "encoding": {"x": x, "y": y},
            },
            {
                "data": data,
                "mark": {"type": "rule", "color": tokens.INK, "strokeWidth": 1.6},
                "encoding": {"x": x, "y": {**y, "field": "a"}, "y2": {"field": "b"}},
            },
            {
                "data": data,
                "mark": {"type": "point", "filled": True, "size": 50, "color": tokens.INK, "opacity": 1},
                "encoding": {"x": x, "y": y},
            },
        ]
        heading = {"text": title, "anchor": "start", "fontSize": size + 1, "fontWeight": 600, "color": tokens.INK}
        drawn.append({"title": heading, "width": 150, "height": 120, "layer": layers})
    return svg_of({"hconcat": drawn, "spacing": 16}, size)


def two_visits_svg(
    axis: str, domain_deg: tuple[float, float], now: MeanCurve, before: MeanCurve, size: float = 11.0
) -> str:
    """Return the mean curve of a visit with its ribbon, and the earlier visit's as a dotted line."""
    from fusion.report.extras import require

    alt = require("altair")
    x = alt.X("x:Q", title="% of gait cycle", scale=alt.Scale(domain=[0, 100], nice=False), axis=alt.Axis(grid=False))
    reach = np.concatenate([now.mean_deg, before.mean_deg, np.asarray(domain_deg)])
    y = alt.Y("y:Q", title=axis, scale=scale((float(reach.min()) - 3.0, float(reach.max()) + 3.0)))
    line = marks(rows_of(x=PHASE_PERCENT, y=before.mean_deg))
    dotted = line.mark_line(color=tokens.INK, strokeWidth=1.4, strokeDash=[2, 3]).encode(x=x, y=y)
    band = band_layer(before.mean_deg - before.half_width_deg, before.mean_deg + before.half_width_deg, x, y)
    domain = (float(reach.min()) - 3.0, float(reach.max()) + 3.0)
    label = marks([{"x": 2.0, "y": domain[1], "t": "grey and dotted: earlier visit"}])
    words = label.mark_text(align="left", baseline="top", color=tokens.SOFT, fontSize=size).encode(
        x=channel("x", "x:Q"), y=channel("y", "y:Q"), text=channel("text", "t:N")
    )
    return svg_of(layered([band, *curve_layers(now, domain, x, y), dotted, words], width=400, height=190), size)
