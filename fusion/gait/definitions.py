"""Data dictionary: what every gait parameter means, in one table that code, report and docs share.

Names and definitions of the spatio-temporal parameters follow Mobilise-D (Kluge et al. 2021, *PLoS ONE* 16(8),
e0256541) and mobgap; asymmetry follows Robinson et al. (1987), *J Manipulative Physiol Ther* 10(4).
"""

from __future__ import annotations

import math

from fusion.errors import UsageError
from fusion.gait.definition import ALL_SIDES, BOTH, EACH_SIDE, OURS, Definition
from fusion.gait.further.definitions import FURTHER, FURTHER_NEEDS

_ROBINSON = "Robinson et al. 1987"

_BASE = (
    Definition("stride_time_s", "stride time", "s", ALL_SIDES, "mean of (next IC - IC)"),
    Definition("step_time_s", "step time", "s", ALL_SIDES, "mean of (next IC - IC'); both: half the stride time"),
    Definition("stance_time_s", "stance time", "s", ALL_SIDES, "mean of (FC - IC)"),
    Definition("swing_time_s", "swing time", "s", ALL_SIDES, "mean of (next IC - FC)"),
    Definition(
        "single_support_time_s",
        "single support time",
        "s",
        ALL_SIDES,
        "mean of (IC' - FC'), this foot alone on the ground; both: half of (single support + swing)",
    ),
    Definition(
        "double_support_time_s",
        "double support time",
        "s",
        ALL_SIDES,
        "mean of (FC' - IC) + (FC - IC'), initial and terminal double support of one stride",
    ),
    Definition("stance_percent", "stance, share of the cycle", "%", ALL_SIDES, "100 * stance time / stride time"),
    Definition("swing_percent", "swing, share of the cycle", "%", ALL_SIDES, "100 * swing time / stride time"),
    Definition(
        "single_support_percent",
        "single support, share of the cycle",
        "%",
        ALL_SIDES,
        "100 * single support time / stride time",
    ),
    Definition(
        "double_support_percent",
        "double support, share of the cycle",
        "%",
        ALL_SIDES,
        "100 * double support time / stride time",
    ),
    Definition("cadence_spm", "cadence", "steps/min", BOTH, "120 / stride time of both sides"),
    Definition(
        "stride_length_m",
        "stride length",
        "m",
        ALL_SIDES,
        "mean horizontal way of the ankle from IC to next IC; on a treadmill plus belt speed * stride time",
    ),
    Definition(
        "step_length_m",
        "step length",
        "m",
        ALL_SIDES,
        "mean way from the other ankle at IC' to this ankle at the next IC, along the stride; both: half the "
        "stride length",
    ),
    Definition("walking_speed_mps", "walking speed", "m/s", BOTH, "stride length / stride time of the same strides"),
)

VARIABLE = (
    "stride_time_s",
    "step_time_s",
    "stance_time_s",
    "swing_time_s",
    "double_support_time_s",
    "stride_length_m",
)
"""Parameters whose spread from stride to stride is given."""

ASYMMETRIC = ("step_time_s", "stance_time_s", "swing_time_s", "single_support_time_s", "step_length_m")
"""Parameters whose difference between the sides is given."""


def sd_name(name: str) -> str:
    """Return the name of a parameter's spread: ``stride_time_s`` -> ``stride_time_sd_s``."""
    stem, unit = name.rsplit("_", 1)
    return f"{stem}_sd_{unit}"


def cv_name(name: str) -> str:
    """Return the name of a parameter's coefficient of variation: ``stride_time_cv_percent``."""
    return f"{name.rsplit('_', 1)[0]}_cv_percent"


def asymmetry_name(name: str) -> str:
    """Return the name of a parameter's asymmetry: ``step_time_asymmetry_percent``."""
    return f"{name.rsplit('_', 1)[0]}_asymmetry_percent"


_SHARES = ("stance_percent", "swing_percent", "single_support_percent", "double_support_percent")
_SIGNED = ("step_length_m",)


def possible_range(name: str) -> tuple[float, float]:
    """Return what a parameter's mean can be at all: a share 0 to 100 %; a time, a way or a rate 0 or more.

    Step length is signed (a foot that is set down behind the other one), and so are asymmetries.
    """
    if name in _SHARES:
        return 0.0, 100.0
    if name in _SIGNED or name.endswith("_asymmetry_percent"):
        return -math.inf, math.inf
    return 0.0, math.inf


def _spread(base: Definition) -> tuple[Definition, Definition]:
    spread = Definition(
        sd_name(base.name),
        f"{base.label}, standard deviation",
        base.unit,
        ALL_SIDES,
        "standard deviation over strides (n - 1), for times without the contacts' own random error, which shows as a "
        "negative covariance of neighbours; both: root mean square of the two sides",
    )
    relative = Definition(
        cv_name(base.name),
        f"{base.label}, coefficient of variation",
        "%",
        ALL_SIDES,
        f"100 * {sd_name(base.name)} / {base.name}",
    )
    return spread, relative


def _asymmetry(base: Definition) -> Definition:
    return Definition(
        asymmetry_name(base.name),
        f"{base.label}, asymmetry",
        "%",
        BOTH,
        "100 * (left - right) / (0.5 * (left + right))",
        "positive: left is longer; the symmetry index |L - R| / mean is its absolute value",
        _ROBINSON,
    )


def _all() -> tuple[Definition, ...]:
    named = {item.name: item for item in _BASE}
    spread = tuple(item for name in VARIABLE for item in _spread(named[name]))
    asymmetry = tuple(_asymmetry(named[name]) for name in ASYMMETRIC)
    counted = Definition("strides_counted", "strides counted", "1", ALL_SIDES, "strides that are valid")
    return (*_BASE, *spread, *asymmetry, counted)


PARAMETERS = _all()
"""Spatio-temporal parameters in the order in which a reader expects them."""

KEY_ANGLES = (
    Definition(
        "knee_flexion_at_contact_deg",
        "knee flexion at initial contact",
        "deg",
        EACH_SIDE,
        "mean knee flexion at 0 % of the cycle",
        "flexion positive",
        OURS,
    ),
    Definition(
        "knee_flexion_loading_deg",
        "peak knee flexion in loading",
        "deg",
        EACH_SIDE,
        "mean of the largest knee flexion in 5-30 % of the cycle",
        "flexion positive",
        OURS,
    ),
    Definition(
        "knee_flexion_swing_deg",
        "peak knee flexion in swing",
        "deg",
        EACH_SIDE,
        "mean of the largest knee flexion in 50-100 % of the cycle",
        "flexion positive",
        OURS,
    ),
    Definition(
        "knee_flexion_range_deg",
        "knee range",
        "deg",
        EACH_SIDE,
        "mean of (largest - smallest knee flexion of a cycle)",
        "",
        OURS,
    ),
    Definition(
        "hip_extension_peak_deg",
        "hip extension in late stance",
        "deg",
        EACH_SIDE,
        "mean of -(smallest hip flexion in 30-75 % of the cycle)",
        "extension positive; zero is the person's own standing",
        OURS,
    ),
    Definition(
        "hip_flexion_range_deg",
        "hip range",
        "deg",
        EACH_SIDE,
        "mean of (largest - smallest hip flexion of a cycle)",
        "",
        OURS,
    ),
    Definition(
        "ankle_dorsiflexion_stance_deg",
        "ankle dorsiflexion in late stance",
        "deg",
        EACH_SIDE,
        "mean of the largest ankle dorsiflexion in 20-65 % of the cycle",
        "dorsiflexion positive; zero is the person's own standing",
        OURS,
    ),
    Definition(
        "ankle_plantarflexion_push_off_deg",
        "ankle plantarflexion at push-off",
        "deg",
        EACH_SIDE,
        "mean of -(smallest ankle dorsiflexion in 45-85 % of the cycle)",
        "plantarflexion positive; zero is the person's own standing",
        OURS,
    ),
    Definition(
        "ankle_dorsiflexion_range_deg",
        "ankle range",
        "deg",
        EACH_SIDE,
        "mean of (largest - smallest ankle dorsiflexion of a cycle)",
        "",
        OURS,
    ),
)
"""Points read off the joint curves."""

_BY_NAME = {item.name: item for item in (*PARAMETERS, *KEY_ANGLES, *FURTHER)}


def definition(name: str) -> Definition:
    """Return the entry of one parameter.

    Raises
    ------
    UsageError
        The data dictionary has no such name.
    """
    if name not in _BY_NAME:
        raise UsageError(f"there is no gait parameter {name!r}; docs/parameters.md lists them all.")
    return _BY_NAME[name]


def dictionary_markdown() -> str:
    """Return the data dictionary as the text of ``docs/parameters.md``."""
    parts = [
        "# Gait parameters",
        "",
        "Written by `python -m fusion.gait.definitions`; do not edit by hand.",
        "",
        "Every value is an `Estimate`: value, 95 % interval, unit, number of strides, grade and reason. IC and FC",
        "are initial and final contact of the foot named by `side`; IC' and FC' those of the other foot within the",
        "stride. All means are taken over the same valid strides, so the identities hold in the printed numbers:",
        "stance + swing = stride time, 2 single + double support = 100 % (side `both`), single support + double",
        "support + swing = 100 % (each side), cadence = 120 / stride time, speed = stride length / stride time.",
        "`both` gives each foot the same weight.",
        "",
        "The interval joins a block bootstrap over successive strides with the errors that a recording cannot",
        "average out: contacts that all come early or late, the scale of lengths, the calibration of angles.",
        "",
        "## Time, distance, spread, symmetry",
        "",
        *_markdown_table(PARAMETERS),
        "",
        "## Key points of the joint curves",
        "",
        *_markdown_table(KEY_ANGLES),
        "",
        "## Feet, rhythm, trunk, arms, turns",
        "",
        "Not assessable, with the reason, where no sensor shows them. What they need:",
        "",
        *FURTHER_NEEDS,
        "",
        *_markdown_table(FURTHER),
    ]
    return "\n".join(parts) + "\n"


def _markdown_table(entries: tuple[Definition, ...]) -> list[str]:
    head = ["| name | meaning | unit | sides | formula | sign | source |", "|---|---|---|---|---|---|---|"]
    rows = [
        f"| `{item.name}` | {item.label} | {item.unit} | {', '.join(item.sides)} | {_escaped(item.formula)} "
        f"| {_escaped(item.sign)} | {item.source} |"
        for item in entries
    ]
    return head + rows


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    from pathlib import Path

    Path("docs/parameters.md").write_text(dictionary_markdown(), encoding="utf-8")
