"""The command: what is there is evaluated, what is absent is said, what fails does not take the others with it."""

import json
import logging
import math
import os
from pathlib import Path

import pytest

from tests.validation import __main__ as command
from tests.validation.table import SetResult, as_json, as_page, number, rows, unit_of
from tests.validation.targets import SETS, TARGETS, Target, targets_of

DATA = Path(os.environ.get("TANDEM_DATA", "../shared/data"))
QUICK = ("nikonpic", "cmu_mbl", "gaitmap")


@pytest.fixture
def no_data(tmp_path, monkeypatch):
    monkeypatch.setenv("TANDEM_CACHE", str(tmp_path / "cache"))
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def test_a_folder_without_sets_is_reported_and_no_error(no_data, tmp_path, capsys):
    status = command.main(["--data", str(no_data), "--json", str(tmp_path / "out.json")])
    assert status == 0
    assert json.loads((tmp_path / "out.json").read_text()) == {}
    printed = capsys.readouterr().out
    assert all(f"{name}: absent" in printed for name in SETS)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--data", "no/such/folder"],
        ["--data", ".", "--only", "nothing_of_that_name"],
        ["--data", ".", "--json", "no/such/folder/out.json"],
    ],
)
def test_bad_usage_exits_with_two(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        command.main(arguments)
    assert stop.value.code == 2
    assert "error:" in capsys.readouterr().err


def test_a_set_that_fails_exits_with_three_and_the_others_still_run(no_data, tmp_path, monkeypatch, capsys):
    for name in ("kam", "gaitmap"):
        (no_data / name).mkdir()

    def fails(_):
        raise RuntimeError("damaged file")

    def works(_):
        logging.getLogger("tests.validation.gaitmap").warning("gaitmap foot_2 refused: too short")
        return {"gaitmap/n": 3.0, "gaitmap/strides_found_fraction": math.nan}

    monkeypatch.setattr(command, "evaluator", {"kam": fails, "gaitmap": works}.get)
    out, page = tmp_path / "out.json", tmp_path / "page.md"
    assert command.main(["--data", str(no_data), "--json", str(out), "--md", str(page)]) == 3
    assert json.loads(out.read_text()) == {"gaitmap/n": 3.0, "gaitmap/strides_found_fraction": None}
    text = page.read_text()
    assert "Not evaluated: failed: RuntimeError: damaged file" in text
    assert "left out: gaitmap foot_2 refused: too short" in text
    assert "could not be evaluated: kam" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "out.json", "page.md"]


def test_only_the_named_sets_are_evaluated(no_data, monkeypatch, capsys):
    for name in SETS:
        (no_data / name).mkdir()
    monkeypatch.setattr(command, "evaluator", lambda name: lambda _: {f"{name}/n": 1.0})
    assert command.main(["--data", str(no_data), "--only", "kam", "cmu_mbl"]) == 0
    printed = capsys.readouterr().out
    assert "kam/n" in printed
    assert "cmu_mbl/n" in printed
    assert "mea_lab" not in printed


def test_an_empty_folder_of_each_set_gives_no_figure_of_accuracy(tmp_path):
    for name in QUICK:
        (tmp_path / name).mkdir()
        figures = command.evaluator(name)(tmp_path / name)
        assert all(key in (f"{name}/n", f"{name}/refused") and value == 0.0 for key, value in figures.items())


def test_a_limit_beside_another_figure_scales_with_it():
    key = "mea_lab/ic_mae_ms/both"
    (target,) = targets_of(key)
    assert target.is_met(8.3, {key: 8.3, "mea_lab/ic_mae_ms/imu": 8.0})
    assert not target.is_met(8.5, {key: 8.5, "mea_lab/ic_mae_ms/imu": 8.0})
    assert not target.is_met(8.3, {key: 8.3})


@pytest.mark.parametrize(("compare", "good", "bad"), [("<=", 0.9, 1.1), (">=", 1.1, 0.9), ("|<=|", -0.9, -1.1)])
def test_a_figure_that_does_not_exist_meets_no_target(compare, good, bad):
    target = Target("any/figure", compare, 1.0)
    assert target.is_met(good, {})
    assert not target.is_met(bad, {})
    assert not target.is_met(math.nan, {})


def test_a_target_without_a_figure_shows_in_the_table():
    result = SetResult("nikonpic", {"nikonpic/n": 5.0})
    missing = [line[0] for line in rows(result, result.figures) if line[5] == "**no figure**"]
    assert missing == [target.pattern for target in TARGETS if target.set_name == "nikonpic"]


def test_the_page_states_value_unit_target_and_result():
    figures = {"gaitmap/n": 28.0, "gaitmap/stride_length_mae_m/imu": 0.0231}
    page = as_page([SetResult("gaitmap", figures)], "python -m tests.validation --data DIR")
    assert "| `gaitmap/stride_length_mae_m/imu` | 0.0231 | m | ≤ 0.03 |" in page
    assert "| pass |" in page
    assert "n = 28 evaluated" in page
    assert "    python -m tests.validation --data DIR" in page


@pytest.mark.parametrize(
    ("key", "unit"),
    [
        ("mea_lab/sync_abs_error_ms/p90", "ms"),
        ("kam/knee_ratio_blanked/swing/a", "ratio"),
        ("gaitmap/strides_found_fraction", "share"),
        ("kam/knee_rms_deg/both/a", "deg"),
        ("kam/n", ""),
    ],
)
def test_the_unit_is_read_from_the_key(key, unit):
    assert unit_of(key) == unit


def test_numbers_keep_three_digits_and_missing_ones_are_a_dash():
    assert [number(value) for value in (28.0, 0.012345, math.nan, 12.345)] == ["28", "0.0123", "-", "12.3"]


def test_json_is_one_flat_object_of_numbers():
    flat = json.loads(as_json([SetResult("a", {"a/n": 1.0}), SetResult("b", {"b/x": math.inf})]))
    assert flat == {"a/n": 1.0, "b/x": None}


def test_every_target_names_a_known_set():
    assert {target.set_name for target in TARGETS} <= set(SETS)


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("cmu_mbl", [f"cmu_mbl/knee_sd_deg/{condition}" for condition in ("camera", "imu", "both")]),
        ("gaitmap", ["gaitmap/stride_length_mae_m/imu", "gaitmap/strides_found_fraction", "gaitmap/n"]),
    ],
)
def test_the_quick_sets_give_their_keys_on_real_data(name, keys, tmp_path, capsys):
    if not (DATA / name).is_dir():
        pytest.skip(f"the set {name} is not in {DATA}; set TANDEM_DATA to its folder")
    out = tmp_path / "out.json"
    assert command.main(["--data", str(DATA), "--only", name, "--json", str(out)]) == 0
    figures = json.loads(out.read_text())
    assert set(keys) <= set(figures)
    assert all(isinstance(value, float) and key.startswith(f"{name}/") for key, value in figures.items())
    assert "failed" not in capsys.readouterr().out
