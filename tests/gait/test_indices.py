"""Gait profile score and gait deviation index against the published golden vector, and their refusals."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion.errors import SignalError
from fusion.gait.indices import (
    CURVES,
    SAGITTAL,
    at_points,
    control_curves,
    gait_deviation_index,
    gait_features,
    gait_variable_score,
    movement_profile,
    profile_name,
)

offsets = st.floats(-30.0, 30.0).filter(lambda value: abs(value) > 1e-3)


def shifted(by_deg):
    return {name: curve + by_deg for name, curve in control_curves().items()}


@pytest.fixture
def golden(data_folder):
    told = json.loads((data_folder("gdi") / "golden_vector.json").read_text(encoding="utf-8"))
    legs = {side: dict(zip(CURVES, np.array(told[side]).reshape(9, 51), strict=True)) for side in ("left", "right")}
    return told, legs


def test_the_golden_legs_have_their_published_index(golden):
    told, legs = golden
    for side in ("left", "right"):
        assert gait_deviation_index(legs[side]) == pytest.approx(told[f"GDI_{side}"], abs=1e-3)


def test_the_golden_legs_have_their_published_profile_score(golden):
    told, legs = golden
    profile = movement_profile(legs)
    assert profile.name == "GPS"
    assert profile.missing == ()
    for side in ("left", "right"):
        assert profile.score_deg[side] == pytest.approx(told[f"GPS_{side}"], abs=1e-3)
    assert profile.score_deg["both"] == pytest.approx(told["GPS_overall"], abs=1e-3)


def test_the_basis_is_orthonormal():
    basis = gait_features().basis
    np.testing.assert_allclose(basis.T @ basis, np.eye(15), atol=1e-4)


def test_controls_scatter_around_a_hundred_with_ten(data_folder):
    from scipy.io import loadmat

    vectors = loadmat(data_folder("gdi") / "GDI_Calc_Fast_Data.mat")["all_ctrl_gait_vectors"].T
    legs = [dict(zip(CURVES, vector.reshape(9, 51), strict=True)) for vector in vectors]
    index = [gait_deviation_index(leg) for leg in legs]
    assert np.mean(index) == pytest.approx(100.0, abs=0.01)
    assert np.std(index, ddof=1) == pytest.approx(10.0, abs=0.01)
    scores = [movement_profile({"left": leg}).score_deg["left"] for leg in legs]
    assert 4.5 <= np.median(scores) <= 7.0


@given(offsets)
def test_a_curve_shifted_by_a_constant_scores_that_constant(by_deg):
    profile = movement_profile({"left": shifted(by_deg), "right": control_curves()})
    assert profile.score_deg["left"] == pytest.approx(abs(by_deg))
    assert profile.score_deg["right"] == pytest.approx(0.0, abs=1e-12)
    # The pelvis enters once, from the left leg: 9 of 15 scores are not zero.
    assert profile.score_deg["both"] == pytest.approx(abs(by_deg) * np.sqrt(9.0 / 15.0))


@given(offsets)
def test_a_hundred_and_one_points_score_as_fifty_one(by_deg):
    percent = np.linspace(0.0, 100.0, 101)
    fine = by_deg * np.sin(0.04 * np.pi * percent)
    reference = np.zeros(51)
    assert gait_variable_score(fine, reference) == pytest.approx(gait_variable_score(fine[::2], reference))
    np.testing.assert_allclose(at_points(np.interp(np.linspace(0, 100, 73), percent, percent)), percent[::2])


def test_a_missing_plane_is_never_called_gps_and_has_no_index():
    seen = {name: curve for name, curve in shifted(3.0).items() if name in SAGITTAL}
    profile = movement_profile({"left": seen, "right": seen})
    assert profile.name == "sagittal profile score (4 of 9 curves)"
    assert set(profile.missing) == set(CURVES) - set(SAGITTAL)
    assert "GPS" not in profile_name(CURVES[:8])
    with pytest.raises(SignalError, match=r"pelvis_obliquity.*missing"):
        gait_deviation_index(seen)


def test_a_curve_with_a_hole_counts_as_missing():
    holed = shifted(1.0)
    holed["knee_flexion"] = holed["knee_flexion"].copy()
    holed["knee_flexion"][3] = np.nan
    profile = movement_profile({"left": holed})
    assert profile.missing == ("knee_flexion",)
    with pytest.raises(SignalError, match="knee_flexion"):
        gait_deviation_index(holed)


def test_a_side_that_lacks_a_curve_of_the_other_has_no_score():
    partial = {name: curve for name, curve in shifted(2.0).items() if name != "hip_rotation"}
    profile = movement_profile({"left": shifted(2.0), "right": partial})
    assert set(profile.score_deg) == {"left"}
    with pytest.raises(SignalError, match="at least one joint curve"):
        movement_profile({"left": {}, "right": {}})
