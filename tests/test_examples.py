"""The examples run as they stand, and their numbers are believable."""

import runpy
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"


def run(name):
    return runpy.run_path(str(EXAMPLES / f"{name}.py"))["main"]()


def test_every_example_is_run_here():
    assert {file.stem for file in EXAMPLES.glob("*.py")} == {"analyse_arrays", "simulate_and_compare"}


def test_arrays_of_a_lab_give_the_speed_that_was_simulated(capsys):
    analysis = run("analyse_arrays")
    assert analysis.parameters.get("walking_speed_mps").value == pytest.approx(1.30, abs=0.03)
    assert "walking_speed_mps" in capsys.readouterr().out


def test_wearables_carry_the_knee_while_the_camera_is_blind(capsys):
    errors = run("simulate_and_compare")
    assert errors["both"][0] < 5.5
    assert errors["both"][0] < 0.5 * errors["camera"][0]
    assert "hidden" in capsys.readouterr().out
