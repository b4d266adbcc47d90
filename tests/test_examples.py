"""The examples run as they stand, and their numbers are believable."""

import runpy
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"


def run(name):
    return runpy.run_path(str(EXAMPLES / f"{name}.py"))["main"]()


def test_every_example_is_run_here():
    assert {file.stem for file in EXAMPLES.glob("*.py")} == {
        "analyse_arrays",
        "exoskeleton_loop",
        "lab_study",
        "simulate_and_compare",
    }


def test_arrays_of_a_lab_give_the_speed_that_was_simulated(capsys):
    analysis = run("analyse_arrays")
    assert analysis.parameters.get("walking_speed_mps").value == pytest.approx(1.30, abs=0.03)
    assert "walking_speed_mps" in capsys.readouterr().out


def test_wearables_carry_the_knee_while_the_camera_is_blind(capsys):
    errors = run("simulate_and_compare")
    assert errors["both"][0] < 5.5
    assert errors["both"][0] < 0.5 * errors["camera"][0]
    assert "hidden" in capsys.readouterr().out


def test_a_study_of_two_systems_prints_bias_limits_and_icc(capsys):
    results = run("lab_study")
    assert abs(results["walking_speed_mps"][0]) < 0.03
    assert results["cadence_spm"][2] > 0.97
    assert "ICC(2,1)" in capsys.readouterr().out


def test_an_exoskeleton_pushes_off_when_it_should(capsys):
    share, late_percent = run("exoskeleton_loop")
    assert 0.08 < share < 0.25
    assert abs(late_percent) < 8.0
    assert "assisted" in capsys.readouterr().out
