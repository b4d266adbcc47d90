"""Where the problem is linear, the filter is filterpy's Kalman filter and the smoother is the textbook's."""

import numpy as np
import pytest

from tests.estimator.linear_case import linear_case, run_filterpy, run_ours, textbook_rts

SEEDS = range(3)


def _difference(ours, theirs):
    """Largest difference in units of the state's own size, or of 1 where it is smaller."""
    return float(np.max(np.abs(ours - theirs) / np.maximum(1.0, np.abs(theirs))))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_filter_equals_filterpy_at_every_event(seed):
    case = linear_case(seed)
    ours, (theirs, _) = run_ours(case, smooth=False), run_filterpy(case)
    for name in ("x_prior", "P_prior", "x", "P"):
        assert _difference(getattr(ours, name), getattr(theirs, name)) < 1e-9, name


@pytest.mark.parametrize("seed", SEEDS)
def test_the_smoother_equals_the_textbook_on_filterpys_priors(seed):
    case = linear_case(seed)
    ours, theirs = run_ours(case, smooth=True), textbook_rts(*run_filterpy(case))
    assert _difference(ours.x, theirs.x) < 1e-9
    assert _difference(ours.P, theirs.P) < 1e-9


def test_the_case_is_not_trivial():
    """The smoother must have something to do, and the angles must stay where one angle is one rotation."""
    case = linear_case(0)
    filtered, (_, F) = run_ours(case, smooth=False), run_filterpy(case)
    smoothed = run_ours(case, smooth=True)
    assert _difference(filtered.x, smoothed.x) > 0.01
    assert np.abs(smoothed.x[:, [6, 10, 14, 18]]).max() < np.pi
    assert (np.diff(case.time_s) == 0.0).sum() == 5
    assert len(np.unique(F[:, 0, 2])) > 50
