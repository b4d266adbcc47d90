"""Training: the truth it learns from, and that a few walkers already teach it something."""

import numpy as np
import pytest

from fusion.phase.truth import true_phase, true_walking

torch = pytest.importorskip("torch", reason="training needs PyTorch; install tandem-gait[train]")


def test_the_phase_is_linear_between_contacts_and_unknown_in_long_pauses():
    phase, rate = true_phase(np.array([-0.5, 0.25, 1.0, 2.0, 5.5]), np.array([0.0, 1.0, 5.0, 6.0]))
    np.testing.assert_allclose(phase, [np.nan, 0.25, np.nan, np.nan, 0.5])
    np.testing.assert_allclose(rate, [np.nan, 1.0, np.nan, np.nan, 1.0])


def test_a_pause_is_standing_but_not_before_the_next_step_is_overdue():
    time_s = np.array([0.2, 1.2, 3.0, 4.85])
    walking = true_walking(time_s, np.array([0.0, 0.5, 1.0, 5.0, 5.5]), np.array([0.7, 4.8, 5.2]))
    np.testing.assert_array_equal(walking, [1.0, np.nan, 0.0, 1.0])


def test_training_lowers_the_loss_and_the_written_network_says_what_the_trained_one_says(tmp_path):
    pytest.importorskip("onnxruntime", reason="needs tandem-gait[pose]")
    from fusion.phase._train.fit import FitSettings, export, fit
    from fusion.phase.base import FEATURES
    from fusion.phase.estimators.network import HIDDEN, _session

    told = []
    network = fit(FitSettings(walkers=5, epochs=3, batch=4, seed=1), report=told.append)
    losses = [float(line.split()[-1]) for line in told if "loss" in line]
    assert losses[-1] < losses[0]
    export(network, tmp_path / "small.onnx")
    features = np.random.default_rng(0).standard_normal((30, FEATURES)).astype(np.float32)
    with torch.no_grad():
        expected, _ = network(torch.from_numpy(features)[None], torch.zeros(1, 1, HIDDEN))
    hidden = np.zeros((1, HIDDEN), dtype=np.float32)
    for row, wanted in zip(features, expected[0].numpy(), strict=True):
        output, hidden = _session(tmp_path / "small.onnx").run(None, {"features": row[None], "hidden": hidden})
        np.testing.assert_allclose(output[0], wanted, atol=1e-5)
