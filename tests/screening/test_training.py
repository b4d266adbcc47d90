"""Where the coefficients come from; what needs the sets skips without them."""

import json
from importlib.resources import files

import numpy as np
import pytest

from apps.cli import main
from fusion.errors import FormatError
from fusion.screening._logistic import auc
from fusion.screening._model import shipped, timing_model, to_json
from fusion.screening._train.files import MAKERS, largest_difference
from fusion.screening._train.forces import contacts
from fusion.screening._train.gaitpdb import read_walkers
from fusion.screening._train.parkinson import train_level
from fusion.screening._train.people import fit_people, folds, left_out, out_of_fold


def shipped_json(name):
    return json.loads(files("fusion.screening").joinpath(f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("number", [0, 2])
def test_the_shipped_parkinson_coefficients_are_reproduced(data_folder, number):
    walkers = read_walkers(data_folder("gaitpdb"))
    level = shipped_json("parkinson")["levels"][number]
    made = json.loads(json.dumps(to_json(train_level(walkers, level["event_sd_s"]))))
    assert largest_difference(made, level) < 1e-6


def test_the_shipped_freezing_coefficients_are_reproduced(data_folder):
    made = MAKERS["freezing"][1](data_folder("daphnet").parent)
    assert largest_difference(json.loads(json.dumps(made)), shipped_json("freezing")) < 1e-6


def test_train_without_data_says_what_is_missing(tmp_path, capsys):
    assert main(["train", "screening", "--data", str(tmp_path)]) == 0
    assert "gaitpdb is not in" in capsys.readouterr().out
    assert main(["train", "screening", "--data", str(tmp_path / "nowhere")]) == 3


def test_a_folder_without_forces_is_refused(tmp_path):
    with pytest.raises(FormatError, match="vgrf"):
        read_walkers(tmp_path)


def test_coefficients_survive_the_file():
    data = shipped_json("parkinson")
    assert largest_difference(json.loads(json.dumps(to_json(timing_model(data)))), data) < 1e-9
    with pytest.raises(FormatError, match="lack"):
        timing_model({"about": {}})


def test_no_row_of_a_person_is_in_the_files():
    for name in MAKERS:
        text = files("fusion.screening").joinpath(f"{name}.json").read_text(encoding="utf-8")
        assert "GaPt" not in text
        assert "S01R" not in text
    assert all(len(level.stages) <= 3 for level in shipped("parkinson").levels)
    assert all(people >= 10 for level in shipped("parkinson").levels for _, _, people in level.stages.values())


def test_contacts_are_found_where_the_force_was_put():
    time_s = np.arange(0.0, 30.0, 0.01)
    phase = (time_s % 1.1) / 1.1
    load = np.where(phase < 0.62, 800.0 * np.clip(np.minimum(phase / 0.05, (0.62 - phase) / 0.05), 0.0, 1.0), 0.0)
    drag = np.where((phase > 0.75) & (phase < 0.80), 30.0, 0.0)
    found = contacts({"left": load + drag + 12.0}, 100.0)
    start_s, end_s = found.select("left", "ic"), found.select("left", "fc")
    np.testing.assert_allclose(np.diff(start_s), 1.1, atol=1e-3)
    # 5 % of the peak is reached after a twentieth of the rise.
    np.testing.assert_allclose((start_s % 1.1)[1:], 0.05 * 0.05 * 1.1, atol=0.011)
    assert end_s[0] - start_s[0] == pytest.approx(0.62 * 1.1, abs=0.02) or len(end_s) == len(start_s)


def test_a_silent_foot_has_no_contacts():
    assert len(contacts({"left": np.zeros(1000), "right": np.empty(0)}, 100.0).time_s) == 0


@pytest.fixture(scope="module")
def crowd():
    """Return a sample of people who come with a personal mark that tells nothing about their group."""
    random = np.random.default_rng(0)
    is_case = np.arange(80) % 2 == 0
    mark = random.standard_normal((80, 6))
    x = np.array([mark + 0.05 * random.standard_normal((80, 6)) for _ in range(4)])
    return x, is_case


def test_people_are_never_on_both_sides(crowd):
    _, is_case = crowd
    tested = np.array(list(folds(is_case, 10, 3)))
    np.testing.assert_array_equal(tested.sum(axis=0), 1)
    assert all(abs(int(is_case[fold].sum()) - 4) <= 1 for fold in tested)


def test_marks_of_persons_help_a_leaky_split_and_not_ours(crowd):
    x, is_case = crowd
    honest = out_of_fold(x, x, is_case, repeats=2, seed=0, penalty=1.0)
    assert auc(honest.mean(axis=0), is_case) < 0.65
    leaky = fit_people(x[:3], is_case, 1.0).log_odds(x[3])
    assert auc(leaky, is_case) > auc(honest.mean(axis=0), is_case) + 0.1


def test_a_group_left_out_is_scored_by_the_others(crowd):
    x, is_case = crowd
    group = np.where(np.arange(80) < 40, "a", "b")
    odds = left_out(x, x[:1], is_case, group)[0]
    moved = x.copy()
    moved[:, :40] += 100.0
    changed = left_out(moved, x[:1], is_case, group)[0]
    np.testing.assert_allclose(changed[:40], odds[:40])
    assert not np.allclose(changed[40:], odds[40:])
