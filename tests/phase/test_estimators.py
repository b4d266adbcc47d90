"""Every estimator of the live phase, on walks that it never saw."""

import numpy as np
import pytest

from fusion import plugins
from fusion.errors import UsageError
from fusion.phase.base import FEATURES, wrapped
from fusion.phase.estimators.network import NetworkPhase, von_mises_sd_turn
from tests.phase.walked import STANDS_S, STOP_S, followed, mirrored, placed, walk

FAMILY = "fusion.phase.estimators"
RMSE_PERCENT = {"network": 3.0, "oscillator": 6.0}
each_estimator = pytest.mark.parametrize("name", plugins.names(FAMILY))
pytest.importorskip("onnxruntime", reason="the learned phase runs on ONNX Runtime; install tandem-gait[pose]")


@each_estimator
@pytest.mark.parametrize("side", ["left", "right"])
def test_the_phase_of_steady_walking_is_followed(name, side):
    simulation = walk()
    states, time_s, truth = followed(plugins.load(FAMILY, name), placed(simulation), side, simulation)
    phase = np.array([state.phase_percent for state in states])
    scored = np.isfinite(truth) & (time_s > 4.0)
    error = 100.0 * wrapped(phase[scored] / 100.0 - truth[scored])
    assert np.isfinite(error).all()
    assert np.sqrt(np.mean(error**2)) < RMSE_PERCENT[name]


@each_estimator
def test_left_and_right_exchange_exactly_in_the_mirror(name):
    simulation = walk()
    imus = placed(simulation)
    ours, _, _ = followed(plugins.load(FAMILY, name), imus, "left", simulation)
    theirs, _, _ = followed(plugins.load(FAMILY, name), mirrored(imus), "right", simulation)
    np.testing.assert_array_equal([s.phase_percent for s in ours], [s.phase_percent for s in theirs])


@each_estimator
def test_somebody_who_stands_has_no_phase(name):
    estimator = plugins.load(FAMILY, name)
    still = np.zeros(FEATURES)
    still[8], still[25] = 0.98, 1.0  # a shank at rest: specific force up, and heard
    states = [estimator.step(0.01 * k, still) for k in range(500)]
    assert not states[-1].is_walking
    assert np.isnan(states[-1].next_ic_s)


def test_a_stop_is_seen_within_one_step_and_walking_on_within_one_stride():
    simulation = walk(stops=((STOP_S, STANDS_S),))
    events = simulation.truth.events
    ic_s = np.sort(np.concatenate([events.select(side, "ic") for side in ("left", "right")]))
    last_s = ic_s[: np.argmax(np.diff(ic_s)) + 1][-1]
    step_s = np.median(np.diff(ic_s))
    first_s = ic_s[np.argmax(np.diff(ic_s)) + 1]
    for side in ("left", "right"):
        states, time_s, _ = followed(NetworkPhase(), placed(simulation), side, simulation)
        walking = np.array([state.is_walking for state in states])
        # the next step is due one step after the last contact; known one step later at the latest
        assert not walking[(time_s > last_s + 2.0 * step_s) & (time_s < first_s - step_s)].any()
        assert walking[(time_s > first_s + 2.0 * step_s) & (time_s < first_s + 2.0)].all()


def test_the_next_contact_is_predicted_and_its_doubt_shrinks_on_the_way():
    simulation = walk()
    states, time_s, truth = followed(NetworkPhase(), placed(simulation), "left", simulation)
    ic_s = simulation.truth.events.select("left", "ic")
    scored = np.isfinite(truth) & (time_s > 4.0)
    following = ic_s[np.searchsorted(ic_s, time_s[scored], side="right")]
    error_s = np.array([state.next_ic_s for state in states])[scored] - following
    late = truth[scored] > 0.6
    assert np.mean(np.abs(error_s[late & (truth[scored] < 0.95)])) < 0.05
    sd_s = np.array([state.next_ic_sd_s for state in states])[scored]
    assert np.median(sd_s[late]) < np.median(sd_s[truth[scored] < 0.3])


def test_ticks_of_the_wrong_shape_are_refused():
    with pytest.raises(UsageError, match=str(FEATURES)):
        NetworkPhase().step(0.0, np.zeros(3))


def test_missing_weights_say_how_to_make_them(tmp_path):
    with pytest.raises(UsageError, match="tandem train gait-phase"):
        NetworkPhase(weights=tmp_path / "none.onnx").step(0.0, np.zeros(FEATURES))


def test_the_doubt_of_a_concentrated_angle_is_that_of_a_normal_one():
    assert von_mises_sd_turn(400.0) == pytest.approx(1.0 / np.sqrt(400.0) / (2.0 * np.pi), rel=2e-3)
