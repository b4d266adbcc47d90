"""The page of the screening scores and their model cards, written from the figures; no figure is typed by hand."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

import fusion
from fusion.gait.numbers import EN_DASH
from fusion.plugins import load
from fusion.screening._model import shipped
from fusion.screening.base import FAMILY
from tests.validation.screening_words import CARD_WORDS, SCHEMES, TARGETS

Figures = Mapping[str, float]

METRICS = (
    ("auc", "AUC"),
    ("sensitivity_at_90_specificity", "found at 90 % specificity"),
    ("balanced_accuracy", "balanced accuracy"),
    ("brier", "Brier"),
    ("calibration_slope", "calibration slope"),
    ("calibration_intercept", "intercept"),
)
COMMAND = "python -m tests.validation.screening --data DIR --md docs/screening.md"
NONE = EN_DASH


def value(figures: Figures, key: str, digits: int = 3) -> str:
    """Return one figure as it is printed; a dash where there is none."""
    number = figures.get(key, math.nan)
    if not math.isfinite(number):
        return NONE
    return (
        f"{number:.0f}"
        if key.rsplit("/", 1)[-1].startswith(("n_", "abstained", "episodes", "people"))
        else (f"{number:.{digits}f}")
    )


def schemes(figures: Figures, score: str, metric: str = "") -> list[str]:
    """Return the schemes of one score that have a metric, in the order in which they were measured."""
    found = {
        key.split("/")[2]: None for key in figures if key.startswith(f"screening/{score}/") and key.endswith(metric)
    }
    return list(found)


def page(figures: Figures, *, absent: Sequence[str], drawn: Collection[str], frozen: bool) -> str:
    """Return ``docs/screening.md``."""
    lines = [
        "# Screening",
        "",
        "Scores that describe how a walk deviates, never what a person has. Every score is one file in",
        "`fusion/screening`; it returns a `ScreeningResult` or says why there is none. Each has a model card:",
        *(f"[{load(FAMILY, name).about.title}](model_cards/{name}.md)," for name in CARD_WORDS),
        "and live gait phase has [one too](model_cards/gait_phase.md).",
        "",
        f"Tandem Gait {fusion.__version__}. This page, the cards and the pictures are written by",
        "",
        f"    {COMMAND}{' --frozen' if frozen else ''}",
        "",
        *([f"Sets that were absent: {', '.join(absent)}.", ""] if absent else []),
        *_target_lines(figures),
        *_asking(),
    ]
    for score in CARD_WORDS:
        lines += [f"## {load(FAMILY, score).about.title}", "", *score_lines(score, figures, "images", drawn)]
    return "\n".join(lines).rstrip() + "\n"


def _asking() -> list[str]:
    return [
        "## What every score keeps",
        "",
        "- One list of results feeds the report and the app; a number comes with its interval, what drives it,",
        "  whom it was fitted on, and how often it is wrong.",
        "- Too few strides, a treadmill, a walking aid, a missing age, one foot, recordings that mix people",
        "  or days, a walk unlike all training people: no score, the reason, and how to get one. Nothing is imputed.",
        "- The parkinsonian score is a place among healthy people. What passing its line means depends on how many",
        "  of those who are referred have the disease, which the reader enters.",
        "",
    ]


def _target_lines(figures: Figures) -> list[str]:
    lines = ["## Against the targets", "", "| figure | target | reached | |", "|---|---|---:|---|"]
    for key, low, high, words in TARGETS:
        number = figures.get(f"screening/{key}", math.nan)
        if not math.isfinite(number):
            lines.append(f"| {words} | {_range(low, high)} | {NONE} | not measured |")
            continue
        mark = "met" if low <= number <= high else "**missed**"
        lines.append(f"| {words} | {_range(low, high)} | {number:.4g} | {mark} |")
    return [*lines, "", *CALIBRATION_NOTE, ""]


CALIBRATION_NOTE = (
    "A study left out judges calibration with half the people; each interval of a slope is as wide as the target is",
    "long. Why nothing was done to it stands in [ADR 0070](adr/0070-calibration-of-a-study-left-out.md).",
)


def _range(low: float, high: float) -> str:
    if math.isinf(high):
        return f"≥ {low:g}"
    return f"≤ {high:g}" if math.isinf(low) else f"{low:g} to {high:g}"


def score_lines(score: str, figures: Figures, images: str, drawn: Collection[str]) -> list[str]:
    """Return the tables and the picture of one score."""
    lines: list[str] = []
    if score in drawn:
        lines += [f"![ROC, calibration and decision curve]({images}/screening_{score}.svg)", ""]
    lines += _splits(score, figures)
    lines += _subgroups(score, figures)
    lines += _jitter(score, figures)
    lines += _controls(score, figures)
    lines += _rest(score, figures)
    return lines


def _splits(score: str, figures: Figures) -> list[str]:
    names = [name for name in schemes(figures, score, "/auc") if not name.startswith(("subgroup", "jitter"))]
    if not names:
        return []
    lines = [
        "| how it was tried | cases, others | abstained | " + " | ".join(label for _, label in METRICS) + " |",
        "|---|---|---:|" + "---:|" * len(METRICS),
    ]
    for name in names:
        stem = f"screening/{score}/{name}"
        cells = [_with_interval(figures, stem, metric) for metric, _ in METRICS]
        people = f"{value(figures, f'{stem}/n_cases')}, {value(figures, f'{stem}/n_controls')}"
        lines.append(
            f"| {_words(name)} | {people} | {value(figures, f'{stem}/abstained')} | " + " | ".join(cells) + " |"
        )
    return [*lines, ""]


def _with_interval(figures: Figures, stem: str, metric: str) -> str:
    text = value(figures, f"{stem}/{metric}")
    low, high = (value(figures, f"{stem}/{metric}_{end}") for end in ("low", "high"))
    return text if NONE in (low, high) else f"{text} [{low}, {high}]"


def _words(scheme: str) -> str:
    for name, words in SCHEMES.items():
        if scheme == name:
            return words
        if scheme.startswith(f"{name}_"):
            return f"{words}: {scheme.removeprefix(f'{name}_').replace('_', ' ')}"
    return scheme.replace("_", " ")


def _subgroups(score: str, figures: Figures) -> list[str]:
    names = [name for name in schemes(figures, score, "/observed") if name.startswith("subgroup_")]
    if not names:
        return []
    lines = ["| people | cases, others | AUC | mean predicted | observed |", "|---|---|---:|---:|---:|"]
    for name in names:
        stem = f"screening/{score}/{name}"
        people = f"{value(figures, f'{stem}/n_cases')}, {value(figures, f'{stem}/n_controls')}"
        auc = _with_interval(figures, stem, "auc")
        told, seen = value(figures, f"{stem}/mean_predicted", 2), value(figures, f"{stem}/observed", 2)
        lines.append(f"| {name.removeprefix('subgroup_').replace('_', ' ')} | {people} | {auc} | {told} | {seen} |")
    return [*lines, ""]


def _jitter(score: str, figures: Figures) -> list[str]:
    names = [name for name in schemes(figures, score, "/specificity_at_line") if name.startswith("jitter_")]
    if not names:
        return []
    lines = [
        "Contacts put off by a normal error, and what is then said of people who were left out:",
        "",
        "| error of contacts | AUC | specificity, model fitted with it | specificity, model of exact contacts |",
        "|---|---:|---:|---:|",
    ]
    for name in names:
        stem = f"screening/{score}/{name}"
        cells = [_with_interval(figures, stem, "auc")]
        cells += [
            value(figures, f"{stem}/{metric}", 2) for metric in ("specificity_at_line", "clean_model_specificity")
        ]
        lines.append(f"| {name.removeprefix('jitter_').replace('_', ' ')} | " + " | ".join(cells) + " |")
    return [*lines, ""]


def _controls(score: str, figures: Figures) -> list[str]:
    lines: list[str] = []
    healthy = [name for name in schemes(figures, score, "/specificity") if name.startswith(("mea_lab", "simulated"))]
    if healthy:
        lines += ["| healthy walkers | with a score | abstained | not told as deviating |", "|---|---:|---:|---:|"]
        for name in healthy:
            stem = f"screening/{score}/{name}"
            count = f"{value(figures, f'{stem}/n_controls')} people"
            if f"{stem}/seconds" in figures:
                count = f"{value(figures, f'{stem}/seconds', 0)} s"
            told, silent = value(figures, f"{stem}/specificity", 2), value(figures, f"{stem}/abstained")
            lines.append(f"| {_words(name)} | {count} | {silent} | {told} |")
        lines.append("")
    others = schemes(figures, score, "/fired")
    if others:
        lines += [
            "A model of the same contrast (Parkinson against healthy, 90 % specificity, split by person) on wearable",
            "signal statistics fires in other groups. It holds no strides: this score could not be asked itself.",
            "",
            "| group | people | share in whom it fires |",
            "|---|---:|---:|",
        ]
        for name in others:
            stem = f"screening/{score}/{name}"
            lines.append(
                f"| {_words(name)} | {value(figures, f'{stem}/n_people')} | {value(figures, f'{stem}/fired', 2)} |"
            )
        lines.append("")
    return lines


SHOWN = (
    *("auc", "low", "high", "brier", "slope", "intercept", "accuracy_at", "n_cases", "n_controls", "abstained"),
    *("n_people", "fired", "observed", "mean_predicted", "specificity_at_line", "clean_model_specificity"),
)


def _rest(score: str, figures: Figures) -> list[str]:
    """Return every figure that no table above has shown."""
    shown = {
        f"screening/{score}/{name}/{metric}" for name in schemes(figures, score, "/auc") for metric, _ in METRICS
    }
    left = [
        key
        for key in figures
        if key.startswith(f"screening/{score}/")
        and key not in shown
        and not key.endswith(SHOWN)
        and not (key.endswith(("/specificity", "/seconds")) and "/mea_lab" in key)
        and not (key.endswith("/specificity") and "/simulated" in key)
    ]
    if not left:
        return []
    lines = ["| figure | value |", "|---|---:|"]
    lines += [f"| `{key.removeprefix(f'screening/{score}/')}` | {value(figures, key, 4)} |" for key in left]
    return [*lines, ""]


def card(score: str, figures: Figures, *, drawn: bool) -> str:
    """Return ``docs/model_cards/<score>.md``."""
    about, words = load(FAMILY, score).about, CARD_WORDS[score]
    rows = {
        "what it says": words["says"],
        "meant for": words["use"],
        "not meant for": words["not_use"],
        "from what": words["input"],
        "people": about.population,
        "sources": about.source,
        "made by": words["made_by"],
        "measured by": f"`{COMMAND}`",
    }
    lines = [
        f"# Model card: {about.title}",
        "",
        f"`fusion/screening/{score}.py`. Research software, not a medical device. Tandem Gait {fusion.__version__}.",
        "",
        "| | |",
        "|---|---|",
        *(f"| {name} | {text} |" for name, text in rows.items()),
        "",
        "## How good",
        "",
        *score_lines(score, figures, "../images", {score} if drawn else set()),
        "## Limits and failure modes",
        "",
        *(f"- {text}" for text in words["limits"].split("\n")),
        "",
        "## Fairness",
        "",
        words["fairness"],
    ]
    if score == "parkinson":
        lines += ["", *_coefficients()]
    return "\n".join(lines).rstrip() + "\n"


def _coefficients() -> list[str]:
    """Return the shipped coefficients as a table: change of the log odds per standard deviation."""
    model = shipped("parkinson")
    lines = [
        "## Coefficients",
        "",
        "Change of the log odds per standard deviation of the training people, by the contacts' error:",
        "",
        "| error of contacts | " + " | ".join(f"`{name}`" for name in model.features) + " | penalty |",
        "|---|" + "---:|" * (len(model.features) + 1),
    ]
    for level in model.levels:
        slopes = " | ".join(f"{slope:+.2f}" for slope in level.overall.logistic.coefficients[1:])
        lines.append(f"| {1e3 * level.event_sd_s:.0f} ms | {slopes} | {level.overall.penalty:g} |")
    return lines
