"""A report in another language: the finished blocks, word for word from a message file.

English is the source. ``messages/<language>.json`` holds pairs of an English text and its translation. In the
English text ``{}`` stands for any words, which are translated in turn, ``{=}`` for a number or a name, which stays,
``{#}`` for digits and ``{()}`` for whatever stands in brackets; ``{1}``, ``{2}``, ... puts them into the translation.
Numbers, units and identifiers stay. A text without a translation stays English, so that nothing is ever lost, and a
test counts those.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from fusion.errors import UsageError
from fusion.report.blocks import Cell, Document, Figure, Section

_MESSAGES = Path(__file__).parent / "messages"

_JOINTS = (" · ", "; ", ". ", ", ", " and ")
"""Where a text that no pair knows is taken apart, the widest first."""


def languages() -> tuple[str, ...]:
    """Return the languages that a report can be made in."""
    return ("en", *sorted(item.stem for item in _MESSAGES.glob("*.json")))


def translated(document: Document, language: str) -> Document:
    """Return a document in another language.

    Raises
    ------
    UsageError
        There is no such message file; the message lists those there.
    """
    if language == "en":
        return document
    if language not in languages():
        raise UsageError(f"there is no report in {language!r}; there are {', '.join(languages())}.")
    translate = Translator(language)
    return replace(
        document,
        title=translate(document.title),
        date=translate(document.date),
        disclaimer=translate(document.disclaimer),
        blocks=tuple(_walk(block, translate) for block in document.blocks),
        language=language,
    )


FIXED = (
    "Recording quality",
    "lower",
    "norm",
    "higher",
    "not assessable",
    "page",
    "of",
    "analysis",
    "L left",
    "R right",
    "solid",
    "dashed",
    "healthy peers",
    "thin upright line = toe-off",
    "ribbon = 95 % interval",
    "now, with 95 % interval",
    "last visit",
    "grey = norm range",
    "left foot down",
    "right foot down",
    "both",
    "estimate with 95 % band",
    "camera keypoints",
    "leg hidden from the camera",
)
"""Words that stand in the layout itself, not in a block."""


def fixed_words(language: str) -> dict[str, str]:
    """Return the layout's own words in a language."""
    translate = Translator(language) if language != "en" else str
    return {word: translate(word) for word in FIXED}


class Translator:
    """Translates one text after the other and remembers what it could not.

    Attributes
    ----------
    unknown
        Texts with words in them that no message covers.
    """

    def __init__(self, language: str) -> None:
        exact, patterns, self._words = _catalogue(language)
        self._exact, self._patterns = exact, patterns
        self.unknown: set[str] = set()

    def __call__(self, text: str) -> str:
        """Return the translation, or the text itself."""
        found = self._known(text, 0)
        if found is not None:
            return found
        if _has_words(text):
            self.unknown.add(text)
        return text

    def _known(self, text: str, depth: int) -> str | None:
        if not text or not _has_words(text):
            return text
        if text in self._exact:
            return self._exact[text]
        if depth > 8:
            return None
        for pattern, stays, target in self._patterns:
            found = pattern.fullmatch(text)
            if found is not None:
                parts = [
                    part if stay else self._known(part, depth + 1)
                    for part, stay in zip(found.groups(), stays, strict=True)
                ]
                if None not in parts:
                    return _filled(target, parts)
        return self._in_parts(text, depth)

    def _in_parts(self, text: str, depth: int) -> str | None:
        for joint in _JOINTS:
            if joint in text:
                parts = [self._known(part, depth + 1) for part in text.split(joint)]
                if None not in parts:
                    return self._words.get(joint, joint).join(str(part) for part in parts)
        for end in (".", ":", ",", ";"):
            if text.endswith(end):
                found = self._known(text.removesuffix(end), depth + 1)
                return None if found is None else found + end
        if text[:1].isupper() and text[1:2].islower():
            found = self._known(text[:1].lower() + text[1:], depth + 1)
            return None if found is None else found[:1].upper() + found[1:]
        return None


def _filled(target: str, parts: list[str | None]) -> str:
    """Return a translation with its parts in their places."""
    return re.sub(r"\{(\d)\}", lambda place: str(parts[int(place[1]) - 1]), target)


Pattern = tuple[re.Pattern[str], tuple[bool, ...], str]

_PLACES = {"{}": "(.+?)", "{=}": r"(\S+(?:, \S+\])?)", "{#}": r"(\d+)", "{()}": r"([^()]+)"}


@lru_cache(maxsize=4)
def _catalogue(language: str) -> tuple[dict[str, str], tuple[Pattern, ...], dict[str, str]]:
    data = json.loads((_MESSAGES / f"{language}.json").read_text(encoding="utf-8"))
    exact = {source: target for source, target in data["texts"] if "{" not in source}
    patterns = tuple(_pattern(source, target) for source, target in data["texts"] if "{" in source)
    return exact, patterns, data.get("joints", {})


def _pattern(source: str, target: str) -> Pattern:
    parts = re.split(r"(\{(?:=|#|\(\))?\})", source)
    regex = "".join(_PLACES.get(part) or re.escape(part) for part in parts)
    return re.compile(regex, re.DOTALL), tuple(part != "{}" for part in parts if part in _PLACES), target


_UNITS = r"(m|s|ms|deg|Hz|kg|SD|CV|steps|min|L|R|n|A|B|C|GPS|ppm|MDC|x|d|v|y|z)"
_KEPT = re.compile(rf"\b{_UNITS}\b|m/s|\b[0-9a-f]{{4}}-[0-9a-f]{{4}}\b|\b[0-9a-f]{{64}}\b")


def _has_words(text: str) -> bool:
    """Return True when there is anything to translate: a letter outside of units and side letters."""
    return any(sign.isalpha() for sign in _KEPT.sub("", text))


_KEEP = {Cell: ("tone",), Figure: ("name", "svg"), Section: ("keys",)}


def _walk(value: Any, translate: Callable[[str], str]) -> Any:  # noqa: ANN401 - any part of a block
    if isinstance(value, str):
        return translate(value)
    if isinstance(value, tuple):
        return tuple(_walk(one, translate) for one in value)
    if isinstance(value, dict):
        return {key: _walk(one, translate) for key, one in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        keep = ("kind", "status", *_KEEP.get(type(value), ()))
        if isinstance(value, Cell) and value.hatched:
            keep = (*keep, "strong")
        changed = {
            spec.name: _walk(getattr(value, spec.name), translate) for spec in fields(value) if spec.name not in keep
        }
        return replace(value, **changed)
    return value
