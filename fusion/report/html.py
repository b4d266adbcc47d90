"""The report's blocks as HTML: the same words and numbers as the PDF, for a screen or one file to send.

Figures become pictures with their alternative text; no script, no link to the outside. Every word is escaped.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from html import escape
from pathlib import Path
from typing import Any

from fusion.gait.numbers import EN_DASH, MINUS
from fusion.report import tokens
from fusion.report.blocks import (
    Block,
    Cell,
    Columns,
    Comment,
    Document,
    Drawing,
    Figure,
    Header,
    NewPage,
    Pairs,
    Section,
    Table,
    Text,
    Verdict,
)
from fusion.report.translate import fixed_words

_LANGUAGE: ContextVar[str] = ContextVar("language", default="en")

_STYLE = Path(__file__).parent / "screen.css"

_ICONS = {"good": "✓", "care": "!", "stop": "\N{MULTIPLICATION SIGN}", "none": "\N{EN DASH}"}

_NUMBER = rf"[\d{MINUS}{EN_DASH}]"

_PAGE_STYLE = (
    "body{margin:0;background:var(--paper)}main{max-width:860px;margin:0 auto;padding:20px 16px}"
    ".tg h1{margin:26px 0 6px;border-bottom:2px solid var(--ink)}.tg .comment{border:1px solid var(--hair);"
    "min-height:70px;padding:8px;margin-top:14px}footer{border-top:1px solid var(--edge);margin-top:18px;"
    "padding-top:6px}@media print{main{max-width:none}}"
)


def palette(*, dark: bool = False) -> dict[str, str]:
    """Return colour name -> colour, of paper or of a dark screen."""
    return dict(tokens.DARK) if dark else {**tokens.COLOURS, "paper": tokens.PAPER}


def stylesheet(*, dark: bool = False) -> str:
    """Return the style of all blocks, colours filled in."""
    colours = ";".join(f"--{name}:{colour}" for name, colour in palette(dark=dark).items())
    return f":root{{{colours}}}\n{_STYLE.read_text(encoding='utf-8')}"


def recoloured(svg: str, *, dark: bool) -> str:
    """Return a drawing for a dark screen: each token of paper becomes its dark equal."""
    if not dark:
        return svg
    to_dark = {colour.lower(): tokens.DARK[name] for name, colour in tokens.COLOURS.items()}
    to_dark |= {tokens.PAPER.lower(): tokens.DARK["paper"], "white": tokens.DARK["paper"]}
    to_dark[tokens.HIDDEN.lower()] = tokens.DARK["panel"]
    words = "|".join(re.escape(word) for word in to_dark)
    return re.sub(rf"(?i)({words})\b", lambda found: to_dark[found[0].lower()], svg)


def figure_html(figure: Figure, *, dark: bool = False, title: str = "") -> str:
    """Return a drawing as a picture; scripts that a drawing might carry cannot run in one."""
    data = b64encode(recoloured(figure.svg, dark=dark).encode()).decode()
    tip = f' title="{escape(title)}"' if title else ""
    return f'<img src="data:image/svg+xml;base64,{data}" alt="{escape(figure.alt)}"{tip}>'


def icon_html(status: str) -> str:
    """Return the sign of a status: ``good``, ``care``, ``stop`` or ``none``; the word stands beside it."""
    return f'<span class="icon {status}" aria-hidden="true">{_ICONS[status]}</span>'


def plate_html(words: str = "", *, wide: bool = False) -> str:
    """Return the hatched plate that stands where a value is withheld."""
    words = words or _word("not assessable")
    return f'<span class="plate{" wide" if wide else ""}"><span>{escape(words)}</span></span>'


def blocks_html(blocks: Iterable[Block], *, dark: bool = False, language: str = "en") -> str:
    """Return blocks from top to bottom; wrap it in an element of class ``tg``."""
    token = _LANGUAGE.set(language)
    try:
        return "\n".join(block_html(block, dark=dark) for block in blocks)
    finally:
        _LANGUAGE.reset(token)


def block_html(block: Block, *, dark: bool = False) -> str:
    """Return one block."""
    draw: Callable[..., str] = _DRAWERS[type(block)]
    return draw(block, dark)


def document_html(document: Document) -> str:
    """Return the whole report as one file that needs nothing else."""
    name = fixed_words(document.language)["analysis"]
    foot = f"{document.identifier} · {document.date} · {name} {document.analysis_id}"
    strong, _, rest = document.disclaimer.partition(". ")
    style = stylesheet() + _PAGE_STYLE
    return (
        f'<!doctype html><html lang="{document.language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(document.title)}</title><style>{style}</style></head>"
        f'<body><main class="tg">{blocks_html(document.blocks, language=document.language)}'
        f"<footer><small><b>{escape(strong)}.</b> {escape(rest)} {escape(foot)}</small></footer></main></body></html>"
    )


def _header(block: Header, _dark: bool) -> str:
    rows = "".join(f"<dt>{escape(label)}</dt><dd>{escape(value)}</dd>" for label, value in block.rows)
    title = f"{escape(block.title)} <small>{escape(block.subtitle)}</small>"
    return f"<h1>{title} · {escape(block.identifier)}</h1><dl>{rows}</dl>"


def _verdict(block: Verdict, _dark: bool) -> str:
    head = (
        f'<div class="head">{icon_html(block.status)}<div><h2 class="{block.status}">'
        f"{_word('Recording quality')}: {escape(block.words)}</h2><small>{escape(block.sentence)}</small></div></div>"
    )
    cells = "".join(
        f"<div><small>{escape(cell.label)}</small><br><b>{escape(cell.value)}</b>"
        f"{f'<br><small>{escape(cell.note)}</small>' if cell.note else ''}</div>"
        for cell in block.cells
    )
    name = escape(_word("Recording quality"))
    return f'<div class="verdict {block.status}" role="group" aria-label="{name}">{head}{cells}</div>'


_KEYS = {
    "left": ("left", "━ {L left}, {solid}"),
    "right": ("right", "╍ {R right}, {dashed}"),
    "norm": ("", "▨ {healthy peers}"),
    "range": ("", "{grey = norm range}"),
    "now": ("", "● {now, with 95 % interval}"),
    "before": ("", "○ {last visit}"),
    "toe-off": ("", "{thin upright line = toe-off}"),
    "ribbon": ("", "{ribbon = 95 % interval}"),
    "left foot": ("left", "■ {left foot down}"),
    "right foot": ("right", "⬚ {right foot down}"),
    "both feet": ("", "▨ {both}"),
    "fused left": ("left", "━ {estimate with 95 % band}"),
    "fused right": ("right", "╍ {estimate with 95 % band}"),
    "camera": ("", "○ {camera keypoints}"),
    "hidden": ("", "▥ {leg hidden from the camera}"),
}


def _key(name: str) -> str:
    tone, words = _KEYS[name]
    told = re.sub(r"\{([^}]+)\}", lambda found: _word(found[1]), words)
    return f'<span class="{tone}">{escape(told)}</span>'


def _word(word: str) -> str:
    return fixed_words(_LANGUAGE.get())[word]


def _section(block: Section, _dark: bool) -> str:
    keys = "".join(_key(key) for key in block.keys if key in _KEYS)
    aside = f"<span>{escape(block.aside)}</span>" if block.aside else ""
    return f'<div class="section"><h2>{escape(block.title)}</h2><span class="keys">{keys}{aside}</span></div>'


def _new_page(block: NewPage, _dark: bool) -> str:
    return f"<h1>{escape(block.title)}</h1>"


def _table(block: Table, dark: bool) -> str:
    is_findings = block.strip_column == 2 and not block.dense
    strip = "".join(f"<span>{escape(_word(word))}</span>" for word in ("lower", "norm", "higher"))
    strip = f'<span class="striphead">{strip}</span>'
    head = "".join(
        f'<th scope="col">{strip if place == block.strip_column else escape(words)}</th>'
        for place, words in enumerate(block.head)
    )
    body = []
    for place, row in enumerate(block.rows):
        title = block.groups.get(str(place))
        if title:
            body.append(f'<tr><td class="group" colspan="{len(block.head)}">{escape(title)}</td></tr>')
        body.append("<tr>" + "".join(_cell(cell, dark) for cell in row) + "</tr>")
    share = sum(width for width in block.widths) + 1e-9
    free = [width for width in block.widths if not width]
    rest = max(0.0, 182.0 - share) / len(free) if free else 0.0
    total = share + rest * len(free)
    columns = "".join(f'<col style="width:{100.0 * (width or rest) / total:.1f}%">' for width in block.widths)
    kind = "findings" if is_findings else "dense" if block.dense else ""
    columns = "" if is_findings else f"<colgroup>{columns}</colgroup>"
    table = f'<table class="{kind}">{columns}<thead><tr>{head}</tr></thead><tbody>{"".join(body)}</tbody></table>'
    return (
        table if is_findings else f'<div class="scroll" tabindex="0" role="region" aria-label="table">{table}</div>'
    )


def _cell(cell: Cell, dark: bool) -> str:
    parts = []
    if cell.figure is not None:
        parts.append(figure_html(cell.figure, dark=dark))
    if cell.hatched:
        parts.append(plate_html(wide=cell.strong == "wide"))
    else:
        tone = f" {cell.tone}" if cell.tone else ""
        is_number = bool(re.match(rf"^(L |R )?{_NUMBER}", cell.strong))
        if cell.strong:
            parts.append(f'<b class="{"value" if is_number else ""}{tone}">{_sides(cell.strong)}</b>')
        if cell.text:
            parts.append(f'<span class="interval">{escape(cell.text)}</span>' if cell.strong else escape(cell.text))
    if cell.unit:
        parts.append(f"<small>{escape(cell.unit)}</small>")
    words = " ".join(parts)
    if cell.small:
        words += f"{'<br>' if parts else ''}<small>{escape(cell.small)}</small>"
    span = f' colspan="{cell.columns}"' if cell.columns > 1 else ""
    return f"<td{span}>{words}</td>"


def _sides(words: str) -> str:
    """Return escaped words with the letters of the sides in their colours."""
    told = escape(words)
    told = re.sub(rf"(^|· )L (?={_NUMBER})", r'\1<span class="left">L</span> ', told)
    return re.sub(rf"(^|· )R (?={_NUMBER})", r'\1<span class="right">R</span> ', told)


def _drawing(block: Drawing, dark: bool) -> str:
    caption = f"<figcaption>{escape(block.caption)}</figcaption>" if block.caption else ""
    return f"<figure>{figure_html(block.figure, dark=dark)}{caption}</figure>"


def _text(block: Text, _dark: bool) -> str:
    strong = f"<b>{escape(block.strong)}</b> " if block.strong else ""
    words = f"{strong}{escape(block.text)}"
    return f"<p><small>{words}</small></p>" if block.small else f"<p>{words}</p>"


def _columns(block: Columns, dark: bool) -> str:
    return f'<div class="texts">{"".join(_text(text, dark) for text in block.texts)}</div>'


def _pairs(block: Pairs, _dark: bool) -> str:
    rows = "".join(f"<dt>{escape(label)}</dt><dd>{escape(value)}</dd>" for label, value in block.rows)
    return f"<dl>{rows}</dl>"


def _comment(block: Comment, _dark: bool) -> str:
    return f'<div class="comment"><small>{escape(block.label)}</small></div>'


_DRAWERS: dict[type, Any] = {
    Header: _header,
    Verdict: _verdict,
    Section: _section,
    NewPage: _new_page,
    Table: _table,
    Drawing: _drawing,
    Text: _text,
    Columns: _columns,
    Pairs: _pairs,
    Comment: _comment,
}
