import json
import os
from pathlib import Path

import numpy as np
import pytest

from fusion.gait.norms import (
    CurveNorm,
    _curves,
    _walkway,
    curve_norm,
    leg_length_m,
    norm_for,
    normalised_speed,
    speed_class,
)
from fusion.types import Subject

DATA = Path(os.environ.get("TANDEM_DATA", "../shared/data")) / "normative"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"published norm files are not in {DATA}; set TANDEM_DATA")
WOMAN = Subject(age_years=65.0, sex="female", height_m=1.62)
PLACES = {
    "walking_speed_mps": (4, 0.01),
    "cadence_spm": (6, 1.0),
    "stride_time_s": (8, 1.0),
    "step_time_s": (10, 1.0),
    "stride_length_m": (12, 0.01),
    "step_length_m": (14, 0.01),
    "swing_percent": (18, 1.0),
    "stance_percent": (20, 1.0),
    "single_support_percent": (22, 1.0),
    "double_support_percent": (24, 1.0),
}


def published_rows():
    lines = (DATA / "stp__Normals.txt").read_text(encoding="utf-8", errors="replace").splitlines()[2:]
    rows = [line.split(";") for line in lines if line.startswith(("Male;", "Female;"))]
    return {(row[0].lower(), row[1], row[2], row[3].lower()): row for row in rows}


@needs_data
def test_every_walkway_norm_is_the_published_one():
    published = published_rows()
    assert len(published) == len(_walkway())
    compared = 0
    for row in _walkway():
        source = published[(row["sex"], row["age_from"], row["age_to"], row["pace"])]
        if row["pace_from_mps"]:
            limits = [float(row["pace_from_mps"]), float(row["pace_to_mps"])]
            assert limits == pytest.approx([0.01 * float(source[4]), 0.01 * float(source[5])], abs=2e-3)
        for name, (column, factor) in PLACES.items():
            if row[name]:
                mean, sd = float(row[name]), float(row[f"{name}_sd"])
                limits = [factor * float(source[column]), factor * float(source[column + 1])]
                assert [mean - sd, mean + sd] == pytest.approx(limits, rel=1e-3, abs=1e-4), (name, row)
                compared += 1
            elif name != "walking_speed_mps" and source[column]:
                assert source[column] == source[column + 1], "only a row without spread may be left out"
    assert compared > 800


@needs_data
def test_every_joint_curve_norm_is_the_published_one():
    published = json.loads((DATA / "normativeData__Schwartz2008.json").read_text())["Schwartz2008"]
    variables = {
        "pelvis_tilt": "PelvisAngles",
        "hip_flexion": "HipAngles",
        "knee_flexion": "KneeAngles",
        "ankle_dorsiflexion": "AnkleAngles",
    }
    assert len(_curves()) == 2 * 5 * len(variables)
    for (angle, speed, statistic), values in _curves().items():
        rows = np.array(published[speed.title().replace(" ", "")][variables[angle]]["X"])
        expected = 0.5 * (rows[:, 2] + rows[:, 1]) if statistic == "mean_deg" else 0.5 * (rows[:, 2] - rows[:, 1])
        np.testing.assert_allclose(values, expected, atol=0.006)


def test_ranges_are_mean_plus_minus_1_96_sd_in_si_units():
    norm = norm_for("stride_length_m", WOMAN)
    assert (norm.mean, norm.sd) == (pytest.approx(1.3345), pytest.approx(0.1535))
    assert (norm.low, norm.high) == (pytest.approx(1.3345 - 1.96 * 0.1535), pytest.approx(1.3345 + 1.96 * 0.1535))
    assert norm.name == "healthy women, 60-69 years, at usual pace (GAITRite normals)"


def test_shares_of_the_cycle_are_compared_at_the_pace_walked_and_cadence_at_the_usual_pace():
    slow, usual = (norm_for("double_support_percent", WOMAN, speed) for speed in (0.8, 1.3))
    assert slow.mean > usual.mean
    assert "slow pace" in slow.name
    assert norm_for("cadence_spm", WOMAN, 0.8) == norm_for("cadence_spm", WOMAN, 1.3)


@pytest.mark.parametrize(("speed", "pace"), [(0.2, "slow"), (1.0999, "slow"), (1.1, "usual"), (3.0, "fast")])
def test_every_speed_has_exactly_one_pace(speed, pace):
    assert f"at {pace} pace" in norm_for("stance_percent", WOMAN, speed).name


@pytest.mark.parametrize("age", [20, 45, 65, 72, 88])
@pytest.mark.parametrize("sex", ["male", "female"])
def test_speed_norms_of_adults_are_plausible(age, sex):
    norm = norm_for("walking_speed_mps", Subject(age_years=age, sex=sex))
    assert 0.4 < norm.low < 1.1 < norm.high < 1.8 or (age > 80 and norm.mean < 1.1)


@pytest.mark.parametrize(
    ("subject", "why"),
    [
        (Subject(), "age"),
        (Subject(age_years=40.0), "sex"),
        (Subject(age_years=104.0, sex="male"), "this age"),
        (Subject(age_years=0.5), "this age"),
    ],
)
def test_no_norm_says_why(subject, why):
    norm = norm_for("cadence_spm", subject)
    assert not norm.is_known
    assert np.isnan(norm.low)
    assert why in norm.name


def test_a_row_without_spread_in_the_source_gives_no_norm():
    assert not norm_for("cadence_spm", Subject(age_years=4.0)).is_known


def test_an_unknown_parameter_has_no_norm():
    assert not norm_for("step_time_asymmetry_percent", WOMAN).is_known


def test_children_of_both_sexes_share_a_norm_and_need_no_sex():
    norm = norm_for("stride_length_m", Subject(age_years=8.5))
    assert norm.name.startswith("healthy children, 8 years")
    assert norm == norm_for("stride_length_m", Subject(age_years=8.0, sex="female"))


def test_joint_curves_follow_the_normalised_speed():
    peaks = []
    for speed in (0.5, 0.9, 1.3, 1.7, 2.1):
        curve = curve_norm("knee_flexion", WOMAN, speed)
        assert isinstance(curve, CurveNorm)
        assert curve.mean_deg.shape == curve.sd_deg.shape == (101,)
        peaks.append(curve.mean_deg.max())
    assert peaks == pytest.approx([44.7, 55.2, 59.1, 61.0, 61.9], abs=0.1)


def test_joint_curves_need_speed_and_height():
    assert curve_norm("knee_flexion", Subject(age_years=30.0), 1.3) is None
    assert curve_norm("knee_flexion", WOMAN, np.nan) is None
    assert not norm_for("knee_flexion_swing_deg", WOMAN).is_known
    assert norm_for("knee_flexion_swing_deg", WOMAN, 1.3).n == 82


def test_hof_speed_and_leg_length_are_as_worked_out_by_hand():
    assert normalised_speed(1.4, 0.9) == pytest.approx(1.4 / np.sqrt(9.80665 * 0.9))
    assert leg_length_m(Subject(height_m=1.8)) == pytest.approx(0.954)
    assert leg_length_m(Subject(height_m=1.8, leg_length_m=0.9)) == 0.9
    assert [speed_class(v) for v in (0.1, 0.3, 0.43, 0.55, 0.8)] == ["very slow", "slow", "free", "fast", "very fast"]
