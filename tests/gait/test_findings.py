import numpy as np
import pytest

from fusion.gait.findings import MAX_FINDINGS, MAX_WITHHELD, all_findings, compare, findings
from fusion.gait.norms import Norm
from fusion.types import Estimate, GaitParameters, Parameter, Subject

WOMAN = Subject(age_years=65.0, sex="female", height_m=1.62)
NORM = Norm(1.0, 2.0, 1.5, 0.25, "peers")
FORBIDDEN = ("abnormal", "pathological", "diagnosis", "failed", "invalid", "patient is", "_")


def number(value, half=0.01, unit="m"):
    return Estimate(value, value - half, value + half, unit, 30)


def walker(**values):
    usual = {
        "walking_speed_mps": number(1.25),
        "stride_length_m": number(1.33),
        "cadence_spm": number(114.0, 1.0),
        "double_support_percent": number(25.0, 0.5),
        "stride_time_cv_percent": number(2.5, 0.4),
        "step_time_asymmetry_percent": number(0.5, 1.0),
    }
    usual.update(values)
    return GaitParameters(tuple(Parameter(name, "both", estimate) for name, estimate in usual.items()))


def keys(left=59.0, right=59.0, half=2.0):
    missing = Estimate.not_assessable("deg", "right foot · seen in 2 strides, 3 needed · walk longer", 2)
    return (
        Parameter("knee_flexion_swing_deg", "left", number(left, half, "deg")),
        Parameter("knee_flexion_swing_deg", "right", number(right, half, "deg")),
        Parameter("hip_flexion_range_deg", "left", number(42.0, 2.0, "deg")),
        Parameter("hip_flexion_range_deg", "right", number(42.0, 2.0, "deg")),
        Parameter("ankle_dorsiflexion_range_deg", "left", missing),
        Parameter("ankle_dorsiflexion_range_deg", "right", missing),
    )


def by_key(found, key):
    return next(finding for finding in found if finding.key == key)


@pytest.mark.parametrize(
    ("value", "half", "word"),
    [
        (0.5, 0.1, "below"),
        (0.95, 0.1, "borderline"),
        (1.5, 0.1, "within"),
        (1.95, 0.1, "borderline"),
        (2.5, 0.1, "above"),
        (1.5, 5.0, "borderline"),
    ],
)
def test_a_value_is_compared_by_its_whole_interval(value, half, word):
    assert compare(number(value, half), NORM) == word


def test_without_norm_or_number_there_is_no_judgement():
    assert compare(number(1.0), Norm.none("no norm: age not given")) == "no norm"
    assert compare(Estimate.not_assessable("m", "no scale"), NORM) == "not assessable"


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("walking_speed_mps", 0.5, "Walks slower than peers"),
        ("walking_speed_mps", 2.2, "Walks faster than peers"),
        ("walking_speed_mps", 1.25, "Walking speed is as in peers"),
        ("stride_length_m", 0.6, "Takes shorter strides than peers"),
        ("cadence_spm", 114.0, "Step rate is as in peers"),
        ("double_support_percent", 45.0, "Longer time on both feet than peers"),
    ],
)
def test_sentences_are_what_a_physiotherapist_would_say(name, value, sentence):
    found = findings(walker(**{name: number(value)}), keys(), WOMAN)
    assert sentence in [finding.sentence for finding in found]


def test_a_crossing_interval_is_borderline():
    found = findings(walker(walking_speed_mps=number(0.93, 0.1)), keys(), WOMAN)
    assert by_key(found, "walking_speed").sentence == "Walking speed is borderline"


@pytest.mark.parametrize(
    ("left", "right", "sentence"),
    [
        (30.0, 59.0, "Left knee bends less in swing than in peers"),
        (59.0, 30.0, "Right knee bends less in swing than in peers"),
        (30.0, 30.0, "Both knees bend less in swing than in peers"),
        (90.0, 90.0, "Both knees bend more in swing than in peers"),
        (48.0, 59.0, "Left knee bend is borderline"),
        (59.0, 59.0, "Knee bend is as in peers"),
    ],
)
def test_two_sided_findings_name_the_side(left, right, sentence):
    found = all_findings(walker(), keys(left, right), WOMAN)
    assert by_key(found, "knee_flexion_swing").sentence == sentence


def test_what_lies_outside_its_norm_comes_first_and_what_is_missing_last():
    found = findings(walker(cadence_spm=number(60.0)), keys(), WOMAN)
    assert found[0].sentence == "Steps less often than peers"
    assert found[-1].comparison == "not assessable"
    assert "3 needed" in found[-1].detail


def test_findings_fit_the_page():
    nothing = all_findings(GaitParameters(), (), WOMAN)
    assert {finding.comparison for finding in nothing} == {"not assessable"}
    assert len(findings(GaitParameters(), (), WOMAN)) == MAX_WITHHELD
    found = findings(walker(), keys(), WOMAN)
    assert sum(finding.comparison != "not assessable" for finding in found) <= MAX_FINDINGS


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (0.0, "Left and right steps take equally long"),
        (6.0, "Left steps take longer than right steps"),
        (-6.0, "Left steps are quicker than right steps"),
    ],
)
def test_asymmetry_compares_the_sides_with_each_other(value, sentence):
    found = all_findings(walker(step_time_asymmetry_percent=number(value, 1.0)), keys(), WOMAN)
    assert by_key(found, "step_time_asymmetry").sentence == sentence


def test_a_finding_carries_its_norm_with_the_name_of_the_peers():
    finding = by_key(findings(walker(), keys(), WOMAN), "stride_length")
    assert finding.norm_low < 1.33 < finding.norm_high
    assert "women, 60-69" in finding.norm_name
    assert finding.detail == "stride length"


def test_without_age_nobody_is_compared():
    found = all_findings(walker(), keys(), Subject())
    assert not {finding.comparison for finding in found} & {"below", "above", "within", "borderline"}
    assert by_key(found, "walking_speed").sentence == "Walking speed is given without a norm"
    assert np.isnan(by_key(found, "walking_speed").norm_low)


def test_no_sentence_uses_a_forbidden_word():
    for value in (0.1, 1.25, 500.0):
        settings = {item.name: number(value) for item in walker().items}
        for finding in all_findings(walker(**settings), keys(value, value), WOMAN):
            assert not any(word in finding.sentence for word in FORBIDDEN)
