"""Data dictionary of what is read beyond times and lengths."""

from __future__ import annotations

from fusion.gait.definition import ALL_SIDES, BOTH, EACH_SIDE, OURS, Definition

_PLOTNIK = "Plotnik et al. 2007"
_MENZ = "Menz et al. 2003; Bellanca et al. 2013"
_MOE = "Moe-Nilssen & Helbostad 2004"
_MIRELMAN = "Mirelman et al. 2015"
_GOHARY = "El-Gohary et al. 2013"

FURTHER_NEEDS = (
    "- step width, toe-out: a camera that gives three dimensions. One side camera looks along the width; a foot",
    "  sensor does not know how it sits against the line from heel to toe.",
    "- toe clearance, foot lift: a sensor on the foot. Foot angle at contact: a foot that is measured.",
    "- harmonic ratio, regularity: a sensor on the pelvis or the trunk. Trunk sway: a sensor on the trunk.",
    "- arm swing: a camera model with shoulder and wrist. Turns: a sensor on the pelvis, the trunk or both feet.",
    "- phase coordination index: 10 strides per foot. Stride-time exponent: 200 strides without a break; 600 are",
    "  needed before it tells one person from another (Damouras et al. 2010).",
)

FEET = (
    Definition(
        "step_width_m",
        "step width",
        "m",
        ALL_SIDES,
        "mean distance of the other ankle at IC' from the line through this ankle at IC and next IC",
        "positive: the other foot lands on its own side; negative: it crosses over",
        "Huxham et al. 2006",
    ),
    Definition(
        "toe_clearance_m",
        "least toe clearance in swing",
        "m",
        ALL_SIDES,
        "mean of the least height of the toe in 25-80 % of swing above the line through its heights in the stances "
        "before and after",
        "",
        "Winter 1992",
    ),
    Definition(
        "foot_lift_m",
        "highest lift of the heel",
        "m",
        ALL_SIDES,
        "mean of the largest height of the heel in swing above the line through its heights in the stances before "
        "and after",
        "",
        OURS,
    ),
    Definition(
        "foot_angle_at_contact_deg",
        "foot angle at initial contact",
        "deg",
        EACH_SIDE,
        "mean of (pitch of the foot at IC - its median in 25-60 % of the same stance, when it is flat)",
        "positive: toe up, heel first; negative: toe first",
        "Mariani et al. 2012",
    ),
    Definition(
        "toe_out_deg",
        "toe-out angle",
        "deg",
        EACH_SIDE,
        "mean angle, seen from above, of the line from heel to toe against the way of the stride, in 25-60 % of "
        "stance",
        "positive: toe outwards",
        "Huxham et al. 2006",
    ),
)

RHYTHM = (
    Definition(
        "walk_ratio_mm_per_spm",
        "walk ratio",
        "mm/(steps/min)",
        BOTH,
        "mean over strides of 1000 * (stride length / 2) / (120 / stride time)",
        "",
        "Sekiya & Nagasaki 1998",
    ),
    Definition(
        "phase_coordination_index_percent",
        "phase coordination index",
        "%",
        BOTH,
        "100 * SD(phi) / mean(phi) + 100 * mean|phi - 180| / 180, phi = 360 * (IC' - IC) / (next IC - IC) of the "
        "strides of the foot with the longer swing",
        "0 is perfect alternation",
        _PLOTNIK,
    ),
    Definition(
        "stride_time_dfa_alpha",
        "stride-time scaling exponent",
        "1",
        BOTH,
        "slope of log F(n) over log n of the detrended fluctuation of successive stride times, n = 10 to N / 4",
        "0.5: strides do not remember; towards 1: they do",
        "Hausdorff et al. 1995",
    ),
)

TRUNK = (
    *(
        Definition(
            f"harmonic_ratio_{axis}",
            f"harmonic ratio, {axis}",
            "1",
            BOTH,
            f"mean over strides of sum of amplitudes of the {first} harmonics 1-20 of the {axis} acceleration over "
            f"that of the {second}",
            "higher: both halves of a stride are more alike",
            _MENZ,
        )
        for axis, first, second in (
            ("vertical", "even", "odd"),
            ("forward", "even", "odd"),
            ("sideways", "odd", "even"),
        )
    ),
    *(
        Definition(
            f"{what}_regularity_{axis}",
            f"{what} regularity, {axis}",
            "1",
            BOTH,
            f"mean over stretches of four strides of the unbiased autocorrelation of the {axis} acceleration, its "
            f"largest value within 20 % of {lag}",
            "1: every one is the same",
            _MOE,
        )
        for axis in ("vertical", "forward")
        for what, lag in (("step", "half a stride"), ("stride", "a stride"))
    ),
    *(
        Definition(
            f"trunk_sway_{axis}_deg",
            f"trunk sway, {axis}",
            "deg",
            BOTH,
            f"mean over strides of (largest - smallest {axis} tilt of the trunk against gravity)",
            "",
            OURS,
        )
        for axis in ("sideways", "forward")
    ),
)

ARMS = (
    Definition(
        "arm_swing_range_deg",
        "arm swing",
        "deg",
        EACH_SIDE,
        "mean over strides of (largest - smallest angle of the line from shoulder to wrist, seen from the side)",
        "",
        _MIRELMAN,
    ),
    Definition(
        "arm_swing_asymmetry_percent",
        "arm swing, asymmetry",
        "%",
        BOTH,
        "100 * (left - right) / (0.5 * (left + right))",
        "positive: left swings more",
        _MIRELMAN,
    ),
)

TURNS = (
    Definition("turns_counted", "turns counted", "1", BOTH, "turns of at least 45 deg", "", _GOHARY),
    Definition("turn_angle_deg", "turn angle", "deg", BOTH, "mean size of the turns' angles", "", _GOHARY),
    Definition("turn_duration_s", "turn duration", "s", BOTH, "mean of (end - start) of a turn", "", _GOHARY),
    Definition(
        "turn_peak_rate_dps",
        "fastest turning",
        "deg/s",
        BOTH,
        "mean over turns of the largest turning rate, averaged over a stride",
        "",
        _GOHARY,
    ),
)

FURTHER = (*FEET, *RHYTHM, *TRUNK, *ARMS, *TURNS)
"""In the order in which a reader expects them."""

UNIT_OF = {item.name: item.unit for item in FURTHER}
SIDES_OF = {item.name: item.sides for item in FURTHER}
