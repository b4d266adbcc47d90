"""Sagittal patterns on constructed legs: each class, each border, each refusal."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion.gait.indices import CURVES, PELVIS, control_curves
from fusion.screening._rodda_graham import CLASSES, asymmetric_share, class_of, class_shares, side_class
from fusion.screening.cerebral_palsy import CerebralPalsy, gdi_of, gmfcs_band
from fusion.types import SIDES, Estimate, ImuSamples, JointAngles
from tests.screening.visits import CHILD, child_angles, visit, walk

SAGITTAL = ("knee_flexion", "ankle_dorsiflexion")
Z = st.floats(-6.0, 6.0)


def z(value, sd=0.2):
    return Estimate(value, value - 1.96 * sd, value + 1.96 * sd, "1", 20)


def feet():
    time_s = np.arange(10) / 100.0
    return tuple(ImuSamples(f"{side}_foot", time_s, np.zeros((10, 3)), np.zeros((10, 3)), 100.0) for side in SIDES)


def assess(left, right, *, worn=True, subject=CHILD, **changes):
    """Return the score of a child whose knee and ankle are (knee, ankle) standard deviations from typical."""
    shifts = {("knee_flexion", "left"): left[0], ("ankle_dorsiflexion", "left"): left[1]}
    shifts |= {("knee_flexion", "right"): right[0], ("ankle_dorsiflexion", "right"): right[1]}
    made = {"count": changes.pop("count", 20), "sd_deg": changes.pop("sd_deg", 1.0)}
    angles = changes.pop("angles", None) or child_angles(shifts, subject=CHILD, **made)
    given = {"speed": 0.9, "imus": feet() if worn else ()} | changes
    return CerebralPalsy().assess(visit(walk(), subject=subject, angles=angles, **given))


CONSTRUCTED = {
    "true equinus": (0.0, -3.0),
    "jump gait": (4.0, -3.0),
    "apparent equinus": (4.0, 0.0),
    "crouch gait": (4.0, 3.0),
    "typical posture": (0.0, 0.0),
    "not classed": (0.0, 3.0),
}


@pytest.mark.parametrize(("name", "at"), CONSTRUCTED.items(), ids=CONSTRUCTED)
def test_a_constructed_leg_is_read_as_what_it_was_made(name, at):
    result = assess(at, at)
    assert [side.name for side in result.sides] == [name, name]
    for side in result.sides:
        assert side.y.value == pytest.approx(at[0], abs=0.3)
        assert side.x.value == pytest.approx(at[1], abs=0.3)
        assert "at least 95 of 100 repeats" in side.sentence


BORDERS = {
    "ankle, knee bent, low": (-1.0, 4.0, "jump gait", "apparent equinus"),
    "ankle, knee bent, high": (1.0, 4.0, "apparent equinus", "crouch gait"),
    "ankle, knee straight, low": (-1.0, 0.0, "true equinus", "typical posture"),
    "ankle, knee straight, high": (1.0, 0.0, "typical posture", "not classed"),
    "knee, plantarflexed": (-3.0, 1.0, "jump gait", "true equinus"),
    "knee, ankle typical": (0.0, 1.0, "apparent equinus", "typical posture"),
    "knee, dorsiflexed": (3.0, 1.0, "crouch gait", "not classed"),
}


@pytest.mark.parametrize(("ankle", "knee", "one", "other"), BORDERS.values(), ids=BORDERS)
def test_a_leg_on_a_border_lies_between_the_two_classes(ankle, knee, one, other):
    shares = class_shares(z(ankle), z(knee))
    assert [shares[one], shares[other]] == pytest.approx([0.5, 0.5], abs=1e-4)


def test_a_leg_between_classes_says_so_in_repeats():
    leg = side_class("left", z(0.94, 0.2), z(4.7))
    assert leg.sentence.startswith("between apparent equinus and crouch gait: ")
    assert leg.sentence.endswith("of 100 repeats about 62 would read apparent equinus, 38 crouch gait")


@given(ankle=Z, knee=Z, sd=st.floats(0.01, 3.0))
def test_the_shares_of_a_leg_add_up_to_one(ankle, knee, sd):
    shares = class_shares(z(ankle, sd), z(knee, sd))
    assert sum(shares.values()) == pytest.approx(1.0)
    assert min(shares.values()) >= 0.0


@given(ankle=Z, knee=Z)
def test_a_leg_without_doubt_is_in_the_class_of_its_point(ankle, knee):
    if min(abs(abs(ankle) - 1.0), abs(knee - 1.0)) > 0.01:
        shares = class_shares(z(ankle, 1e-4), z(knee, 1e-4))
        assert max(shares, key=shares.get) == class_of(ankle, knee)


def test_shares_agree_with_drawing_repeats():
    random = np.random.default_rng(0)
    drawn = [class_of(*pair) for pair in random.normal([0.7, 1.2], [0.5, 0.8], size=(20_000, 2))]
    shares = class_shares(z(0.7, 0.5), z(1.2, 0.8))
    for name in CLASSES:
        assert shares[name] == pytest.approx(drawn.count(name) / len(drawn), abs=0.012)


def test_legs_of_different_classes_are_asymmetric():
    result = assess((4.0, -3.0), (4.0, 3.0))
    assert result.sentence == "Left leg jump gait, right leg crouch gait; asymmetric"
    same = {name: float(name == "crouch gait") for name in CLASSES}
    assert asymmetric_share(same, same) == 0.0


def test_crouch_stiff_knee_and_drop_foot_are_named_with_their_norm():
    labels = {driver.key: driver for driver in assess((5.0, 0.0), (-5.0, -5.0)).drivers}
    assert labels["crouch_angle_left"].label.endswith(": crouch")
    assert labels["knee_swing_right"].label.endswith(": stiff knee")
    assert labels["ankle_swing_right"].label.endswith(": drop foot")
    assert "Schwartz 2008" in labels["crouch_angle_left"].norm_name


def test_an_ankle_from_video_is_of_low_confidence_and_wide():
    worn, seen = assess((4.0, 0.0), (4.0, 0.0)), assess((4.0, 0.0), (4.0, 0.0), worn=False)
    assert seen.cautions[0].startswith("Low confidence")
    assert "R2 .57" in seen.cautions[0]
    assert not any("Low confidence" in caution for caution in worn.cautions)
    width = [result.sides[0].x.high - result.sides[0].x.low for result in (worn, seen)]
    assert width[1] > 2.0 * width[0]


def test_another_laboratorys_children_are_warned_about():
    assert any("87.5" in caution for caution in assess((0.0, 0.0), (0.0, 0.0)).cautions)


def test_two_curves_are_not_called_a_gait_profile_score():
    result = assess((4.0, 0.0), (4.0, 0.0))
    assert "2 of 9 curves" in result.scale_name
    assert "GPS" not in result.scale_name
    assert result.score.low <= result.score.value <= result.score.high
    assert not result.companions["Gait Deviation Index, left leg"].is_assessable
    assert result.severity == ""


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"subject": replace(CHILD, leg_length_m=np.nan)}, "leg length"),
        ({"subject": replace(CHILD, age_years=np.nan)}, "age is not given"),
        ({"walking_aid": "orthosis"}, "orthosis"),
        ({"surface": "treadmill"}, "over ground"),
        ({"speed": np.nan}, "walking speed"),
        ({"count": 9}, "9 strides, 15 needed"),
        (
            {"angles": child_angles({("knee_flexion", "left"): 0.0, ("ankle_dorsiflexion", "left"): 0.0})},
            "Right knee",
        ),
    ],
    ids=["leg length", "age", "orthosis", "treadmill", "speed", "nine strides", "half a body"],
)
def test_without_what_it_needs_no_pattern_is_given(changes, reason):
    result = assess((4.0, 0.0), (4.0, 0.0), **changes)
    assert result.status == "no score given"
    assert reason in result.reason
    assert not result.sides


@pytest.mark.parametrize("age", [2.0, 67.0])
def test_it_is_not_meant_for_toddlers_and_adults(age):
    result = assess((4.0, 0.0), (4.0, 0.0), subject=replace(CHILD, age_years=age))
    assert result.status == "does not apply"


def three_planes(shift_deg):
    """Return angles with all nine curves: those of the controls, the knee bent more by ``shift_deg``."""
    cycles = {}
    for curve, mean in control_curves().items():
        row = np.interp(np.arange(101.0), np.arange(0.0, 101.0, 2.0), mean) + shift_deg * (curve == "knee_flexion")
        names = [f"{curve}_deg"] if curve in PELVIS else [f"{curve}_{side}_deg" for side in SIDES]
        cycles |= {name: np.tile(row, (20, 1)) + np.random.default_rng(3).normal(0.0, 1.0, (20, 1)) for name in names}
    empty = np.empty((0, 0))
    return JointAngles((), np.empty(0), empty, empty, np.empty((0, 0), dtype=bool), cycles)


def test_with_three_planes_there_is_an_index_and_its_band_of_levels():
    assert len(CURVES) == 9
    evidence = visit(walk(), subject=CHILD, angles=three_planes(20.0), speed=0.9)
    index = gdi_of(evidence, "left")
    assert index.is_assessable
    assert index.value < gdi_of(visit(walk(), subject=CHILD, angles=three_planes(8.0)), "left").value
    assert "overlap" in gmfcs_band([index])
    assert "level I or II" in gmfcs_band([Estimate(76.0, 69.0, 83.0, "1", 20)])
    assert "not typical" in gmfcs_band([Estimate(99.0, 92.0, 106.0, "1", 20)])
