"""The coverage command: its truth is the truth, and its intervals hold most of it."""

import numpy as np
import pytest

from fusion.simulate import simulate
from tests.validation.coverage import MARKS, SETS, Held, as_table, main, person, settings
from tests.validation.coverage_truth import true_parameters


def test_the_truth_agrees_with_what_the_simulator_itself_says():
    _, segments, camera = SETS["side camera"]
    made = simulate(settings(3, 12.0, segments, camera))
    ideal = simulate(settings(3, 12.0, segments, camera))
    truth = true_parameters(made, ideal)
    for key, value in made.truth.parameters.items():
        if key in truth and key[0] != "step_time_s":
            assert truth[key] == pytest.approx(value, rel=0.01), key
    wanted = {"step_width_m", "toe_clearance_m", "knee_flexion_swing_deg", "walk_ratio_mm_per_spm"}
    assert wanted <= {name for name, _ in truth}


def test_most_numbers_of_a_person_lie_in_their_intervals():
    found = person(0, 15.0, "feet, shanks, pelvis, trunk")
    assert len(found) > 60
    assert np.mean([one.inside for one in found]) >= 0.75


def test_the_table_counts_what_is_held():
    rows = [Held("stride_time_s", "side camera", 0.02, error, abs(error) < 0.02) for error in (0.01, -0.03)]
    assert "| `stride_time_s` | side camera | 2 | 50 % | 0.02 | 0.02 | -0.01 |" in as_table(rows)


def test_the_command_rewrites_only_what_lies_between_its_marks(tmp_path, capsys):
    page = tmp_path / "page.md"
    page.write_text(f"before\n{MARKS[0]}\nold\n{MARKS[1]}\nafter\n", encoding="utf-8")
    assert main(["--people", "1", "--seconds", "12", "--only", "side camera", "--md", str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before")
    assert text.endswith("after\n")
    assert "old" not in text
    assert "% held" in capsys.readouterr().out
