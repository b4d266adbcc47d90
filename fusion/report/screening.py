"""Screening on paper and on a screen: the results as blocks, those without a score with the same care."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor

from fusion.gait.numbers import EN_DASH, format_estimate
from fusion.report.blocks import Block, Cell, Columns, Drawing, Figure, Section, Table, Text
from fusion.report.scale_figures import people_svg, scale_svg
from fusion.report.words import clean, norm_words
from fusion.types import Analysis, Estimate, Meaning, ScreeningResult
from fusion.types.screening import DOES_NOT_APPLY, NO_SCORE, NONE_SEEN

MOST_ON_PAGE_ONE = 2
_BAND_ORDER = {"marked": 0, "moderate": 1, "slight": 2, "none": 3, "": 4}

_LEAST_SPREAD_PERCENT = 0.1

ASIDE = "a description of walking, never a diagnosis"


def ranked(results: Sequence[ScreeningResult]) -> tuple[list[ScreeningResult], list[ScreeningResult]]:
    """Return the results with a score, the strongest first, and those without."""
    given = sorted((one for one in results if one.is_given), key=lambda one: _BAND_ORDER.get(one.band, 4))
    order = {NONE_SEEN: 0, NO_SCORE: 1, DOES_NOT_APPLY: 2}
    return given, sorted((one for one in results if not one.is_given), key=lambda one: order.get(one.status, 0))


def page_one_screening(analysis: Analysis, prevalence_percent: float) -> list[Block]:
    """Return the summary of page 1: at most two scores, then what gave none and why."""
    given, held = ranked(analysis.screening)
    blocks: list[Block] = [Section("Screening: what the pattern resembles", aside=ASIDE)]
    if not analysis.screening:
        return [*blocks, Text("No score was asked of this recording.", strong="No score given:")]
    for result in given[:MOST_ON_PAGE_ONE]:
        told = clean(" ".join(part for part in (score_sentence(result), _driver_words(result)) if part), 230)
        meaning = result.meaning(prevalence_percent)
        extra = [clean(result.not_specific, 260)] if result.not_specific else []
        if meaning is not None:
            extra.append(clean(meaning.sentence, 260))
        texts = [Text(told, strong=f"{result.sentence}.")]
        blocks.append(Columns((*texts, Text(" ".join(extra), small=True))) if extra else texts[0])
    more = [one.sentence for one in given[MOST_ON_PAGE_ONE:]]
    if more:
        blocks.append(Text(clean("; ".join(more), 200), strong="Also:", small=True))
    if held:
        words = " · ".join(f"{one.title}: {_short(one.reason)}" for one in held)
        blocks.append(Text(clean(words, 420), strong="No score given.", small=True))
    return blocks


def screening_page(analysis: Analysis, prevalence_percent: float) -> list[Block]:
    """Return every result in full, for the detail pages."""
    given, held = ranked(analysis.screening)
    if not analysis.screening:
        return []
    blocks: list[Block] = [Section("Screening in detail", aside=ASIDE)]
    for result in given:
        blocks += score_blocks(result, prevalence_percent)
    for result in held:
        blocks += withheld_blocks(result)
    return blocks


def score_blocks(result: ScreeningResult, prevalence_percent: float) -> list[Block]:
    """Return one given score: scale, drivers, what else passes the line, how good it is."""
    blocks: list[Block] = [Text(clean(score_sentence(result), 400), strong=f"{result.sentence}.")]
    figure = scale_figure(result)
    if figure is not None:
        blocks.append(Drawing(figure, result.scale_name))
    if result.drivers:
        blocks.append(drivers_table(result))
    blocks += [
        Text(clean(words, 600), strong=strong, small=True)
        for strong, words in (
            ("At the same time:", _companion_words(result)),
            ("Checked before scoring:", "; ".join(result.checked)),
            ("Caution:", "; ".join(result.cautions)),
            ("Severity:", result.severity),
            ("Fitted on:", "; ".join(part for part in (result.population, result.source) if part)),
        )
        if words
    ]
    if result.not_specific:
        blocks.append(Text(clean(f"{result.not_specific} {result.not_specific_basis}", 900)))
    meaning = result.meaning(prevalence_percent)
    if meaning is not None:
        blocks += [Drawing(people_figure(result.key, meaning)), Text(meaning.sentence)]
    if result.performance is not None:
        blocks.append(Text(result.performance.words, strong="How good is this score?", small=True))
    blocks += [Text(clean(side.sentence, 300), strong=f"{side.side.capitalize()}:") for side in result.sides]
    return blocks


def withheld_blocks(result: ScreeningResult) -> list[Block]:
    """Return one result without a score: why, and how to get it."""
    blocks: list[Block] = [
        Table(
            ("Score", ""),
            (0.0, 60.0),
            ((Cell(strong=result.title, small=clean(result.reason, 300)), status_cell(result)),),
            dense=True,
        )
    ]
    return [*blocks, Text(clean(result.cure, 240), strong="To get it:", small=True)] if result.cure else blocks


def status_cell(result: ScreeningResult) -> Cell:
    """Return the status of a result without a score."""
    return Cell(hatched=True) if result.status == NO_SCORE else Cell(text=result.status)


def drivers_table(result: ScreeningResult) -> Table:
    """Return what moved a score: value, norm, push."""
    rows = []
    for driver in result.drivers:
        shown = format_estimate(driver.estimate)
        value = Cell(strong=shown.value, unit=shown.unit, text=shown.interval)
        if not driver.estimate.is_assessable:
            value = Cell(hatched=True)
        limits = norm_words(driver.norm_low, driver.norm_high, shown.value)
        rows.append(
            (
                Cell(text=driver.label),
                value,
                Cell(text=limits if limits != "no norm" else EN_DASH),
                Cell(small=driver.words),
            )
        )
    return Table(
        ("What drives it", "Value [95 % interval]", "Norm range", "Effect"),
        (0.0, 50.0, 28.0, 34.0),
        tuple(rows),
        True,
    )


def scale_figure(result: ScreeningResult) -> Figure | None:
    """Return the score on its bands, or None where it has none."""
    if len(result.band_edges) != 3 or result.score.unit != "%" or not result.is_given:
        return None
    shown = format_estimate(result.score)
    alt = f"{result.sentence}: {shown.value} % {shown.interval}; {result.scale_name}"
    return Figure(f"scale_{result.key}", scale_svg(result.score, result.band_edges), clean(alt, 300), 150.0)


def people_figure(key: str, meaning: Meaning) -> Figure:
    """Return 100 people with the condition and without, those who pass the line boxed."""
    return Figure(f"people_{key}", people_svg(meaning), clean(meaning.sentence, 400), 120.0)


def score_sentence(result: ScreeningResult) -> str:
    """Return the number of a score in a sentence, or why there is none."""
    if not result.is_given:
        return result.reason
    shown = format_estimate(result.score)
    name = result.scale_name or "score"
    if "…" in name:
        return name[:1].upper() + name[1:].replace("… %", _share_words(result.score)) + "."
    return f"{name[:1].upper()}{name[1:]}: {shown.value} {shown.unit} {shown.interval}.".replace(" .", ".")


def _share_words(score: Estimate) -> str:
    """Return a share of peers to a tenth of a percent at most, the value rounded down and its interval outwards.

    The tail beyond one in a thousand is a fitted curve: no norm group has people enough to have seen it.
    """
    if not score.is_assessable or score.high - score.low >= _LEAST_SPREAD_PERCENT:
        shown = format_estimate(score)
        return f"{shown.value} % {shown.interval}".strip()
    low, value, high = floor(10.0 * score.low), floor(10.0 * score.value), ceil(10.0 * score.high)
    return f"{value / 10.0:.1f} % [{low / 10.0:.1f}, {high / 10.0:.1f}]"


def _driver_words(result: ScreeningResult) -> str:
    moved = [driver.label.lower() for driver in result.drivers if driver.direction == "up"]
    still = [driver.label.lower() for driver in result.drivers if driver.direction == "none"]
    words = f"Driven by {', '.join(moved[:3])}" if moved else ""
    if words and still:
        words += f"; not by {', '.join(still[:2])}"
    return f"{words}." if words else ""


def _companion_words(result: ScreeningResult) -> str:
    return "; ".join(f"{name}: {format_estimate(one)}" for name, one in result.companions.items())


def _short(reason: str) -> str:
    return reason.partition(" To get it")[0].rstrip(".")
