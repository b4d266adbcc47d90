"""Pictures of how good a score is: ROC, calibration, decision curve; drawn in the report's type and colours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fusion.report import tokens
from fusion.report.figures import svg_of
from fusion.types import Flags, Floats

Spec = dict[str, Any]
Curves = Mapping[str, tuple[Floats, Flags]]

SIZE = 190
STYLES = ((tokens.INK, [1, 0]), (tokens.LEFT, [6, 3]), (tokens.RIGHT, [2, 2]), (tokens.FAINT, [8, 2, 2, 2]))
GROUPS = 6


def performance_svg(curves: Curves) -> str:
    """Return the three pictures side by side, one line a scheme; dashes tell the lines apart on grey paper."""
    names = list(curves)[: len(STYLES)]
    colour = {
        "field": "scheme",
        "type": "nominal",
        "sort": names,
        "scale": {"domain": names, "range": [STYLES[k][0] for k in range(len(names))]},
        "legend": {"title": None, "orient": "bottom", "labelFontSize": 10, "symbolType": "stroke"},
    }
    dash = {
        **colour,
        "scale": {"domain": names, "range": [STYLES[k][1] for k in range(len(names))]},
    }
    encoding = {"color": colour, "strokeDash": dash}
    panels = [
        _roc(curves, names, encoding),
        _calibration(curves, names, encoding),
        _decision(curves, names, encoding),
    ]
    return svg_of({"hconcat": panels, "spacing": 30, "resolve": {"legend": {"color": "shared"}}}, 10)


def _axis(field: str, title: str, domain: tuple[float, float]) -> Spec:
    scale = {"domain": list(domain), "nice": False}
    return {"field": field, "type": "quantitative", "title": title, "scale": scale, "axis": {"tickCount": 5}}


def _lines(rows: list[Spec], x: Spec, y: Spec, encoding: Spec, interpolate: str = "linear") -> Spec:
    mark = {"type": "line", "interpolate": interpolate, "strokeWidth": 1.5, "clip": True}
    order = {"field": "order", "type": "quantitative"}
    return {"data": {"values": rows}, "mark": mark, "encoding": {"x": x, "y": y, "order": order, **encoding}}


def _diagonal(x: Spec, y: Spec, rows: list[Spec]) -> Spec:
    mark = {"type": "line", "color": tokens.EDGE, "strokeWidth": 0.8}
    return {"data": {"values": rows}, "mark": mark, "encoding": {"x": x, "y": y}}


def _panel(title: str, layers: list[Spec]) -> Spec:
    heading = {"text": title, "anchor": "start", "fontSize": 11, "fontWeight": 600, "color": tokens.INK}
    return {"title": heading, "width": SIZE, "height": SIZE, "layer": layers}


def _roc(curves: Curves, names: list[str], encoding: Spec) -> Spec:
    rows = []
    for name in names:
        score, is_case = curves[name]
        order = np.argsort(-score, kind="stable")
        hits = np.concatenate([[0.0], np.cumsum(is_case[order]) / is_case.sum()])
        false = np.concatenate([[0.0], np.cumsum(~is_case[order]) / (~is_case).sum()])
        step = max(len(hits) // 200, 1)
        rows += [
            {"x": float(x), "y": float(y), "scheme": name, "order": k}
            for k, (x, y) in enumerate(zip(false[::step], hits[::step], strict=True))
        ]
        rows.append({"x": 1.0, "y": 1.0, "scheme": name, "order": len(hits)})
    x = _axis("x", "false alarms among healthy people", (0.0, 1.0))
    y = _axis("y", "found among cases", (0.0, 1.0))
    return _panel("ROC", [_diagonal(x, y, [{"x": 0, "y": 0}, {"x": 1, "y": 1}]), _lines(rows, x, y, encoding)])


def _calibration(curves: Curves, names: list[str], encoding: Spec) -> Spec:
    rows = []
    for name in names:
        score, is_case = curves[name]
        share = _share(score)
        for k, chosen in enumerate(np.array_split(np.argsort(share), GROUPS)):
            rows.append(
                {
                    "x": float(share[chosen].mean()),
                    "y": float(is_case[chosen].mean()),
                    "scheme": name,
                    "order": k,
                }
            )
    x, y = _axis("x", "predicted share of cases", (0.0, 1.0)), _axis("y", "observed share of cases", (0.0, 1.0))
    dots = {
        "data": {"values": rows},
        "mark": {"type": "point", "filled": True, "size": 24, "opacity": 1},
        "encoding": {"x": x, "y": y, "color": encoding["color"]},
    }
    line = _lines(rows, x, y, encoding)
    return _panel("Calibration, sixths", [_diagonal(x, y, [{"x": 0, "y": 0}, {"x": 1, "y": 1}]), line, dots])


def _decision(curves: Curves, names: list[str], encoding: Spec) -> Spec:
    rows, top = [], 0.1
    for name in names:
        score, is_case = curves[name]
        top = max(top, float(is_case.mean()))
        for k, threshold in enumerate(np.linspace(0.02, 0.90, 45)):
            rows.append(
                {"x": float(threshold), "y": net_benefit(score, is_case, threshold), "scheme": name, "order": k}
            )
    _, is_case = curves[names[0]]
    everybody = [
        {"x": float(t), "y": float(is_case.mean() - t / (1.0 - t) * (1.0 - is_case.mean()))}
        for t in np.linspace(0.02, 0.90, 45)
    ]
    x = _axis("x", "share from which one would act", (0.0, 0.9))
    y = _axis("y", "net benefit", (-0.1, round(top + 0.05, 1)))
    nobody = _diagonal(x, y, [{"x": 0.0, "y": 0.0}, {"x": 0.9, "y": 0.0}])
    acting = _diagonal(x, y, everybody)
    acting["mark"]["clip"] = True
    return _panel("Decision curve (grey: act on all, on nobody)", [nobody, acting, _lines(rows, x, y, encoding)])


def _share(log_odds: Floats) -> Floats:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * log_odds)))


def net_benefit(log_odds: Floats, is_case: Flags, threshold: float) -> float:
    """Return found less weighted false alarms, per person (Vickers & Elkin 2006)."""
    passed = _share(log_odds) >= threshold
    odds = threshold / (1.0 - threshold)
    return float(np.mean(passed & is_case) - odds * np.mean(passed & ~is_case))
