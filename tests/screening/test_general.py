"""The general deviation and the change between two visits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion.gait.norms import norm_for
from fusion.screening.general import DOMAINS, GeneralDeviation, percent_of_peers
from fusion.simulate import SimulationSettings, WalkerSettings, simulate
from fusion.types import Estimate, GaitParameters, Parameter, Subject
from tests.screening.visits import visit, walk

ADULT = Subject(age_years=45.0, sex="female", height_m=1.68)


def assess(shifts, *, subject=ADULT, speed=1.3, **changes):
    """Return the score of an adult whose measures are so many standard deviations from peers."""
    evidence = visit(walk(), subject=subject, **changes)
    items = [Parameter("walking_speed_mps", "both", Estimate(speed, speed - 0.03, speed + 0.03, "m/s", 50))]
    for name in DOMAINS:
        norm = norm_for(name, ADULT, 1.3, same_pace=True)
        value = norm.mean + shifts.get(name, 0.0) * norm.sd
        if norm.is_known:
            items.append(
                Parameter(name, "both", Estimate(value, value - 0.2 * norm.sd, value + 0.2 * norm.sd, "1", 50))
            )
    object.__setattr__(evidence, "parameters", GaitParameters(tuple(items)))
    return GeneralDeviation().assess(evidence)


def test_an_average_adult_does_not_deviate():
    result = assess({})
    assert result.band == "none"
    assert result.sentence == "Deviation from healthy walking: within the range of healthy peers"


def test_short_strides_at_the_same_pace_deviate_and_are_named():
    result = assess({"stride_length_m": -4.0})
    assert result.band == "marked"
    assert result.drivers[0].key == "stride_length_m"
    assert "stride length" in result.sentence
    assert any("not why" in caution for caution in result.cautions)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.95])
def test_at_most_one_healthy_person_in_ten_passes_the_slight_line(correlation):
    random = np.random.default_rng(0)
    covariance = correlation + (1.0 - correlation) * np.eye(4)
    z = random.multivariate_normal(np.zeros(4), covariance, size=20_000)
    assert np.mean(percent_of_peers(z) > 90.0) <= 0.105


@given(z=st.lists(st.floats(-8.0, 8.0), min_size=2, max_size=4), more=st.floats(0.0, 3.0))
def test_going_further_away_never_lowers_the_score(z, more):
    near = np.array(z)
    far = near + np.sign(near) * more
    assert percent_of_peers(far) >= percent_of_peers(near) - 1e-9


@pytest.mark.parametrize(
    ("changes", "status", "reason"),
    [
        ({"subject": Subject(age_years=np.nan)}, "no score given", "age"),
        ({"subject": Subject(age_years=8.0)}, "does not apply", "adults"),
        ({"subject": Subject(age_years=45.0)}, "no score given", "norm"),
        ({"surface": "treadmill"}, "no score given", "belt"),
    ],
    ids=["no age", "child", "no sex", "treadmill"],
)
def test_without_norms_there_is_no_score(changes, status, reason):
    result = assess({}, **changes)
    assert result.status == status
    assert reason in result.reason


@pytest.mark.parametrize("age", [30.0, 50.0, 65.0])
@pytest.mark.parametrize("speed", [0.8, 1.0, 1.2, 1.4, 1.6])
def test_no_simulated_healthy_pace_deviates_when_every_measure_fits_it(age, speed):
    """The simulator's cadence follows the speed as that of healthy people does; a chosen pace is no deviation."""
    subject = Subject(age_years=age, sex="female", height_m=1.65)
    truth = simulate(
        SimulationSettings(duration_s=30.0, seed=4, walker=WalkerSettings(height_m=1.65, speed_mps=speed), cameras=())
    )
    step_s = np.diff(np.sort([stride.start_s for stride in truth.truth.strides])).mean()
    evidence = visit(walk(), subject=subject, speed=speed)
    values = {"walking_speed_mps": speed, "cadence_spm": 60.0 / step_s, "stride_length_m": 2.0 * speed * step_s}
    items = [
        Parameter(name, "both", Estimate(value, 0.97 * value, 1.03 * value, "1", 50))
        for name, value in values.items()
    ]
    object.__setattr__(evidence, "parameters", GaitParameters(tuple(items)))
    assert GeneralDeviation().assess(evidence).band == "none"


def test_walking_speed_is_told_beside_the_score_and_moves_nothing():
    result = assess({})
    beside = result.companions["healthy peers who walk faster at their usual pace"]
    assert 0.0 < beside.low < beside.value < beside.high < 100.0
    assert "walking_speed_mps" not in {driver.key for driver in result.drivers}


def test_a_pace_at_which_nobody_of_that_age_was_measured_gets_no_score():
    old = Subject(age_years=78.0, sex="female", height_m=1.60)
    result = assess({}, subject=old, speed=1.7)
    assert result.status == "no score given"
    assert "usual pace only" in result.reason
