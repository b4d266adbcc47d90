"""The fit and its figures against independent truths."""

import numpy as np
import pytest
from scipy.optimize import minimize

from fusion.errors import SignalError
from fusion.screening._logistic import auc, brier, calibration, fit, log_loss, sensitivity_at


@pytest.fixture(scope="module")
def people():
    random = np.random.default_rng(0)
    x = random.standard_normal((4000, 3)) * [1.0, 2.0, 0.5] + [0.0, 5.0, 1.0]
    odds = 0.5 + x @ [0.8, -0.3, 0.0] + 1.5
    return x, random.random(4000) < 1.0 / (1.0 + np.exp(-odds)), odds


def test_the_fit_is_the_minimum_that_a_general_optimiser_finds(people):
    x, is_case, _ = people
    x, is_case = x[:200], is_case[:200]
    z = (x - x.mean(axis=0)) / x.std(axis=0)

    def cost(beta):
        odds = beta[0] + z @ beta[1:]
        return len(z) * log_loss(odds, is_case) + 0.5 * 3.0 * np.sum(beta[1:] ** 2)

    found = minimize(cost, np.zeros(4), method="BFGS", options={"gtol": 1e-8})
    np.testing.assert_allclose(fit(x, is_case, 3.0).coefficients, found.x, atol=1e-5)


def test_true_coefficients_are_found_and_calibrated(people):
    x, is_case, odds = people
    model = fit(x, is_case, 1e-3)
    np.testing.assert_allclose(model.coefficients[1:] / model.sd, [0.8, -0.3, 0.0], atol=0.15)
    slope, offset = calibration(model.log_odds(x), is_case)
    assert slope == pytest.approx(1.0, abs=0.02)
    assert offset == pytest.approx(0.0, abs=0.02)
    assert brier(model.log_odds(x), is_case) <= brier(odds, is_case) + 1e-3


def test_overconfidence_shows_as_a_slope_below_one(people):
    _, is_case, odds = people
    assert calibration(2.0 * odds, is_case)[0] == pytest.approx(0.5, abs=0.05)


def test_rows_of_one_person_weigh_as_one(people):
    x, is_case, _ = people
    once = fit(x[:100], is_case[:100], 1.0)
    thrice = fit(np.tile(x[:100], (3, 1)), np.tile(is_case[:100], 3), 1.0, np.full(300, 1.0 / 3.0))
    np.testing.assert_allclose(once.coefficients, thrice.coefficients, atol=1e-9)


def test_auc_counts_pairs_with_ties_half():
    assert auc(np.array([1.0, 2.0, 2.0, 3.0]), np.array([False, True, False, True])) == pytest.approx(3.5 / 4.0)
    assert np.isnan(auc(np.array([1.0, 2.0]), np.array([True, True])))


def test_pushes_add_up_to_the_difference_of_the_log_odds(people):
    x, is_case, _ = people
    model = fit(x, is_case, 1.0)
    pushes = model.pushes(x[:1], x[1])
    assert pushes.sum() == pytest.approx(float(model.log_odds(x[:1])[0] - model.log_odds(x[1:2])[0]))


def test_one_group_alone_is_refused():
    with pytest.raises(SignalError, match="cases and controls"):
        fit(np.ones((4, 1)), np.ones(4, dtype=bool), 1.0)


def test_sensitivity_is_read_at_the_controls_quantile():
    odds = np.concatenate([np.arange(100.0), np.arange(50.0, 150.0)])
    is_case = np.repeat([False, True], 100)
    assert sensitivity_at(odds, is_case, 0.9) == pytest.approx(0.60)


def test_calibration_of_groups_that_do_not_overlap_is_finite():
    is_case = np.arange(12) < 6
    slope, intercept = calibration(np.where(is_case, 40.0, -35.0), is_case)
    assert slope > 0.0
    assert np.isfinite(intercept)
