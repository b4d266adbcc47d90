"""The score of parkinsonian timing: who gets one, what it says, and that healthy walking is never taken for it."""

import numpy as np
import pytest

from fusion.screening._model import shipped
from fusion.screening._timing import StrideTimes, features, transform
from fusion.screening.base import pool
from fusion.screening.parkinson import FEWEST_STRIDES, Parkinson, event_error_s
from fusion.simulate import SimulationSettings, WalkerSettings, simulate
from fusion.types import Subject
from tests.screening.visits import events, jittered, visit, walk

SHUFFLING = {"stride_s": 1.12, "swing": 0.32, "swing_cv": 0.08, "stride_cv": 0.035, "ratio": 0.53}


def test_healthy_timing_is_told_as_none_with_a_warning_that_this_excludes_nothing():
    result = Parkinson().assess(visit(walk()))
    assert result.band == "none"
    assert result.sentence == "Deviation compatible with parkinsonian gait: none"
    assert any("does not exclude" in caution for caution in result.cautions)
    assert not result.severity


def test_parkinsonian_timing_is_found_explained_and_bounded():
    result = Parkinson().assess(visit(walk(**SHUFFLING), speed=0.8))
    assert result.band == "marked"
    assert result.score.low <= result.score.value <= result.score.high
    assert all(driver.direction == "up" for driver in result.drivers if driver.key != "stride_time_s")
    assert "Hoehn & Yahr" in result.severity
    assert result.performance.n_cases == 58
    assert result.companions["compared at the same walking speed"].value < result.score.value


def test_the_drivers_add_up_to_the_distance_from_healthy_people():
    evidence = visit(walk(**SHUFFLING))
    result = Parkinson().assess(evidence)
    variant = shipped("parkinson").levels[0].overall
    x = np.array(
        [
            np.log(d.estimate.value) if d.key in ("swing_cv_percent", "pci_percent") else d.estimate.value
            for name in shipped("parkinson").features
            for d in result.drivers
            if d.key == name
        ]
    )
    apart = variant.logistic.log_odds(x[None])[0] - variant.logistic.log_odds(variant.healthy.feature_mean[None])[0]
    assert sum(driver.push for driver in result.drivers) == pytest.approx(apart, abs=1e-9)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"strides": walk(6)}, "12 strides"),
        ({"strides": [s for s in walk() if s.side == "left"]}, "right foot"),
        ({"age": np.nan}, "age is not given"),
        ({"surface": "treadmill"}, "belt"),
        ({"walking_aid": "walker"}, "walker"),
        ({"strides": walk(swing=0.5)}, "unlike all"),
        ({"strides": walk(swing_cv=0.30), "contacts": events(0.09, "camera")}, "known to"),
    ],
    ids=["twelve strides", "one foot", "no age", "treadmill", "aid", "far from training", "vague contacts"],
)
def test_bad_input_gets_no_score_but_a_reason_and_a_cure(changes, reason):
    changes = dict(changes)
    result = Parkinson().assess(visit(changes.pop("strides", walk()), **changes))
    assert result.status == "no score given"
    assert reason in result.reason
    assert result.cure
    assert not result.score.is_assessable
    assert not result.drivers


@pytest.mark.parametrize("age", [9.0, 30.0, 95.0])
def test_outside_the_training_ages_it_does_not_apply(age):
    result = Parkinson().assess(visit(walk(), age=age))
    assert result.status == "does not apply"
    assert "45 to 86" in result.reason


def test_fewer_strides_widen_the_interval():
    def width(count):
        score = Parkinson().assess(visit(walk(count, swing_cv=0.04))).score
        return score.high - score.low

    assert width(FEWEST_STRIDES // 2) > 1.15 * width(200)


def test_few_strides_are_told():
    assert any("interval is wide" in caution for caution in Parkinson().assess(visit(walk(18))).cautions)


@pytest.mark.parametrize("jitter_s", [0.010, 0.020, 0.030])
def test_contacts_off_by_tens_of_milliseconds_do_not_make_healthy_people_parkinsonian(jitter_s):
    bands = [
        Parkinson()
        .assess(visit(jittered(walk(80, seed=k), jitter_s, k), contacts=events(np.sqrt(2.0) * jitter_s)))
        .band
        for k in range(20)
    ]
    assert bands.count("none") >= 16


def test_a_model_of_exact_contacts_would_call_them_all_parkinsonian():
    exact = shipped("parkinson").levels[0].overall
    noisy = [StrideTimes.from_strides(jittered(walk(80, seed=k), 0.020, k)) for k in range(20)]
    odds = exact.logistic.log_odds(np.array([transform(features(times)) for times in noisy]))
    assert np.mean(odds > exact.healthy.log_odds_mean + 1.28 * exact.healthy.log_odds_sd) > 0.8


@pytest.mark.parametrize("speed", [0.8, 1.0, 1.2, 1.4, 1.6])
@pytest.mark.parametrize("height", [1.55, 1.85])
def test_no_simulated_healthy_walker_deviates_at_any_speed(speed, height):
    walker = WalkerSettings(height_m=height, speed_mps=speed)
    truth = simulate(SimulationSettings(duration_s=60.0, seed=3, walker=walker, cameras=())).truth
    for sd_s, source in ((0.0, "model"), (0.010, "imu"), (0.015, "camera")):
        found = jittered(truth.strides, sd_s) if sd_s else truth.strides
        result = Parkinson().assess(visit(found, speed=speed, contacts=events(sd_s, source)))
        assert result.band in ("none", "")


def test_fast_symmetric_walking_is_not_festination():
    fast = walk(stride_s=0.92, swing=0.41, swing_cv=0.025, stride_cv=0.015)
    assert Parkinson().assess(visit(fast, speed=1.7)).band == "none"


def test_contacts_are_not_credited_with_more_scatter_than_the_walk_shows():
    calm, wild = (
        visit(walk(), contacts=events(0.05, "camera")),
        visit(walk(swing_cv=0.2), contacts=events(0.03, "imu")),
    )
    assert event_error_s(calm) < 0.008
    assert event_error_s(wild) == pytest.approx(0.03 * np.sqrt(0.5))


def test_a_recording_that_claims_perfect_contacts_is_not_believed():
    assert event_error_s(visit(walk(swing_cv=0.2), contacts=events(0.001, "imu"))) > 0.006


def test_walks_of_one_visit_are_pooled_and_mixed_ones_refused():
    short = [visit(walk(8, seed=k)) for k in range(5)]
    assert Parkinson().assess(short[0]).status == "no score given"
    pooled = pool(short)
    assert Parkinson().assess(pooled).status == "scored"
    assert not pooled.conflict
    mixed = pool([short[0], visit(walk(8), subject=Subject("another", age_years=68.0))])
    assert "people" in mixed.conflict
