"""Words of the screening page and the model cards, and the targets that the figures are held against."""

from __future__ import annotations

import math

SCHEMES = {
    "subject_cv": "people left out, 10 times 10 folds, nested",
    "study_out": "a whole study left out",
    "frozen": "shipped coefficients (these people were fitted on, unless they are new)",
    "leave_one_person_out": "one person left out",
    "speed_alone": "walking speed alone, people left out",
    "same_speed": "speed taken out, people left out",
    "other_groups": "signal statistics, people left out",
    "mea_lab": "adults of mea_lab, walks pooled",
    "simulated": "simulated walkers",
}

INFINITY = math.inf
TARGETS: tuple[tuple[str, float, float, str], ...] = (
    ("parkinson/subject_cv/auc", 0.86, 0.93, "parkinsonian timing, people left out: AUC (above .93 would be a leak)"),
    ("parkinson/study_out_Ga/auc", 0.86, 0.93, "study Ga left out: AUC"),
    ("parkinson/study_out_Ju/auc", 0.86, 0.93, "study Ju left out: AUC"),
    ("parkinson/study_out_Ga/calibration_slope", 0.8, 1.25, "study Ga left out: calibration slope"),
    ("parkinson/study_out_Ju/calibration_slope", 0.8, 1.25, "study Ju left out: calibration slope"),
    ("parkinson/study_out/calibration_slope", 0.8, 1.25, "both studies, each left out: calibration slope"),
    ("parkinson/study_out_Ga/brier", -INFINITY, 0.135, "study Ga left out: Brier"),
    ("parkinson/study_out_Ju/brier", -INFINITY, 0.135, "study Ju left out: Brier"),
    ("parkinson/study_out/brier", -INFINITY, 0.135, "both studies, each left out: Brier"),
    ("parkinson/jitter_10_ms/specificity_at_line", 0.8, INFINITY, "contacts off by 10 ms: specificity"),
    ("parkinson/jitter_20_ms/specificity_at_line", 0.8, INFINITY, "contacts off by 20 ms: specificity"),
    ("parkinson/jitter_30_ms/specificity_at_line", 0.8, INFINITY, "contacts off by 30 ms: specificity"),
    ("parkinson/jitter_30_ms/auc", 0.82, INFINITY, "contacts off by 30 ms: AUC"),
    *(
        (f"{score}/{who}_{modality}/specificity", least, INFINITY, f"{words}, {modality}: {score} silent")
        for score in ("parkinson", "general")
        for who, words, least in (("mea_lab", "healthy adults", 0.85), ("simulated", "simulated walkers", 1.0))
        for modality in ("imu", "camera", "fused")
    ),
    ("freezing/leave_one_person_out_shank/auc", 0.82, INFINITY, "freezing, one person left out, shank: AUC"),
    ("freezing/leave_one_person_out_shank/auc_moving", 0.82, INFINITY, "the same among windows that move"),
    ("cerebral_palsy/golden/gdi_largest_error", -INFINITY, 1e-3, "GDI of the golden vector: largest error"),
    ("cerebral_palsy/golden/gps_largest_error_deg", -INFINITY, 1e-3, "GPS of the golden vector: largest error, deg"),
    ("cerebral_palsy/constructed/agreement", 1.0, INFINITY, "constructed limbs named as the rules say"),
)

CARD_WORDS: dict[str, dict[str, str]] = {
    "parkinson": {
        "says": (
            "which share of healthy people is closer to healthy stride timing, in a band (none, slight, moderate, "
            "marked); the same with the walking speed taken out; Hoehn & Yahr stages that walk like this, as a band"
        ),
        "use": "a second look at adults of 45 to 86 years who walk unaided over ground, read with the prevalence",
        "not_use": "diagnosis, excluding Parkinson's disease, following a treatment, children, walking aids",
        "input": (
            "at least 30 strides with all contacts, 12 a foot; stride time, swing, variation of swing and "
            "coordination of the feet, by medians; a model of its own for each size of the contacts' error"
        ),
        "made_by": "`tandem train screening`, which reproduces the shipped file to 1e-6; data ODC-BY 1.0",
        "limits": (
            "101 people of two studies: both on usual walks with instrumented insoles.\n"
            "Not specific: stroke, neuropathy and leukoencephalopathy change stride timing too (table above).\n"
            "Much of it is walking speed: with the speed taken out, and among fast walkers, it is weaker.\n"
            "None does not exclude anything: about three in ten cases walk within the healthy range.\n"
            "Calibration at another site is not known: with one study left out the slope was too low or too high.\n"
            "It abstains on a treadmill, with an aid, without an age, with few strides, on one foot, and on walks "
            "unlike all training people."
        ),
        "fairness": (
            "Age, sex and speed groups stand above with their intervals; predicted and observed shares agree within "
            "what so few people can show. Ethnicity, height and footwear are not in the data. Sex is no input."
        ),
    },
    "freezing": {
        "says": "episodes in which the legs tremble instead of walking, and the percent of the time; an interval",
        "use": "recordings of people with Parkinson's disease who walk and turn for minutes",
        "not_use": "excluding freezing; triggering a device; people whose tremor reaches the shank at rest",
        "input": "an accelerometer on a shank (better) or the lower back, 20 s or more without gaps",
        "made_by": "`tandem train screening`; data CC BY 4.0",
        "limits": (
            "Four people, five records; two records hold no freeze. What it does in a fifth person is hardly known.\n"
            "Its figure over all windows is flattered by standing still; among moving windows it is `auc_moving`.\n"
            "About half of the episodes of a person who was left out are found; short ones are missed.\n"
            "Shuffling and stamping in the same band look alike; akinetic freezes without trembling are not seen.\n"
            "From the lower back fewer episodes are found and more are false."
        ),
        "fairness": "Ten people were in the source, four are here; no subgroup figure can be given.",
    },
    "cerebral_palsy": {
        "says": (
            "the sagittal pattern of each leg (Rodda & Graham) with the share of repeats that would read the same; "
            "crouch angle, stiff knee, equinus and drop foot in standard deviations; profile score, with all nine "
            "curves GPS and GDI, and of which GMFCS levels a GDI is typical with the published overlap"
        ),
        "use": "describing the posture of children of 4 to 18 years with a known cerebral palsy",
        "not_use": "finding cerebral palsy, choosing a treatment, levelling a child; orthoses, aids, treadmill",
        "input": "15 whole cycles of knee and ankle a leg, age, leg length, walking speed",
        "made_by": "published rules and tables; nothing is fitted",
        "limits": (
            "The typical children are another laboratory's: those of a third scored a GDI of 87.5. Build your own.\n"
            "The ankle from video agrees poorly with gait analysis (R2 .57): classes that hang on it are marked.\n"
            "A zero from the child's own standing hides a bent knee in standing.\n"
            "No recording of a child with cerebral palsy was available: patterns are tried on constructed limbs.\n"
            "No GDI without three planes, never from one camera."
        ),
        "fairness": "Typical children are compared by normalised speed; sex and ethnicity are not in the table.",
    },
    "general": {
        "says": "which share of healthy adults of the same age, sex and pace is closer in every measured domain",
        "use": "saying whether stride, rhythm and support fit the pace that was walked",
        "not_use": "naming a cause; children; treadmill; paces at which nobody of that age was measured",
        "input": "stride length, cadence and double support with their intervals; age, sex, walking speed",
        "made_by": "published norms; nothing is fitted",
        "limits": (
            "Walking speed moves nothing here; it is told beside the score against the usual pace of peers.\n"
            "From 70 years on norms exist at the usual pace only: other paces get no score.\n"
            "A deviation spread thinly over all measures is rated low.\n"
            "Steps on short walkways are shortened by starting and stopping."
        ),
        "fairness": "Norms are of women and men apart; other sexes get no score. Body height is not in the norms.",
    },
}
