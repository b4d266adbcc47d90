"""The truth bench: a small fixed part of it, and that it counts, keeps and goes on as it says."""

import json
import math
from functools import cache

import pytest

from tests.validation.simulated import __main__ as command
from tests.validation.simulated.cells import DESIGN, FAULTS, MOTIONS, QUICK, SENSORS, Cell, cells, settings
from tests.validation.simulated.run import run
from tests.validation.simulated.summary import summary


@cache
def figures(motion, fault, sensors, seed=1):
    return run(Cell(motion, fault, sensors), seed)


def test_the_design_asks_for_every_motion_fault_and_sensor_set():
    chosen = cells(DESIGN)
    assert {cell.motion for cell in chosen} == set(MOTIONS)
    assert {cell.fault for cell in chosen} == set(FAULTS)
    assert {cell.sensors for cell in chosen} == set(SENSORS)
    assert len({cell.name for cell in chosen}) == len(chosen)
    assert {cell.name for cell in cells(QUICK)} <= {cell.name for cell in chosen}


def test_one_seed_is_the_same_person_in_all_cells():
    walkers = [settings(Cell("treadmill", fault, "full"), 4).walker for fault in FAULTS]
    heights = {settings(cell, 4).walker.height_m for cell in cells(DESIGN)}
    assert all(walker == walkers[0] for walker in walkers)
    assert len(heights) == 1
    assert heights != {settings(Cell("walk", "clean", "full"), 5).walker.height_m}


def test_in_the_dark_wearables_keep_the_knee_and_a_filtered_camera_does_not():
    camera = figures("treadmill", "dark_1", "none")
    fused = figures("treadmill", "dark_1", "full")
    assert camera["camera/knee_rmse_gap_deg"] > 20.0
    assert fused["smoothed/knee_rmse_gap_deg"] < 0.3 * camera["camera/knee_rmse_gap_deg"]
    assert fused["smoothed/knee_rmse_gap_deg"] < 1.5 * fused["smoothed/knee_rmse_deg"]
    assert fused["smoothed/diverged"] == 0.0


def test_a_full_cell_has_every_figure():
    full = figures("treadmill", "dark_1", "full")
    for method in ("online", "smoothed"):
        for joint in ("knee", "hip", "ankle"):
            assert math.isfinite(full[f"{method}/{joint}_rmse_deg"])
            assert math.isfinite(full[f"{method}/{joint}_rmse_gap_deg"])
        assert 0.0 <= full[f"{method}/coverage_95"] <= 1.0
        assert full[f"{method}/position_gap_m"] > 0.0
    assert {"camera_used", "refused", "sync_error_ms", "nis_camera", "nis_gyro"} <= set(full)
    assert all(math.isfinite(full[f"{method}/knee_rmse_deg"]) for method in ("imu", "vqf"))


def test_the_truth_scores_as_perfect():
    from tests.validation.simulated.run import _bench, _scored

    bench = _bench(Cell("asymmetry", "dark_1", "none"), 2)
    perfect = {name: bench.truth_deg(name) for name in bench.simulation.truth.joint_angle_deg}
    scored = _scored(bench, "any", perfect)
    assert scored["any/knee_rmse_deg"] == scored["any/hip_rmse_gap_deg"] == scored["any/diverged"] == 0.0
    assert scored["any/knee_slope_gap"] == pytest.approx(1.0)
    lost = {**perfect, "knee_flexion_left_deg": perfect["knee_flexion_left_deg"] + 30.0 * (bench.dark == 2)}
    assert _scored(bench, "any", lost)["any/diverged"] == 1.0
    assert _scored(bench, "any", lost)["any/knee_rmse_deg"] == 0.0


def test_seeds_are_summed_up_by_median_percentile_and_count():
    cell = Cell("walk", "clean", "none")
    runs = {
        (cell.name, seed): {"online/knee_rmse_deg": float(seed), "online/diverged": float(seed > 2), "refused": 0.0}
        for seed in range(5)
    }
    flat = summary(runs, [cell])
    assert flat["sim/walk/clean/none/online/knee_rmse_deg"] == 2.0
    assert flat["sim/walk/clean/none/online/knee_rmse_deg_p95"] == pytest.approx(3.8)
    assert flat["sim/walk/clean/none/online/divergences"] == 2.0
    assert flat["sim/walk/clean/none/runs"] == 5.0
    assert flat["sim/walk/clean/none/refusals"] == 0.0


def test_the_command_writes_flat_keys_and_goes_on_where_it_was(tmp_path, monkeypatch, capsys):
    calls = []

    def counted(cell, seed):
        calls.append((cell.name, seed))
        return {"online/knee_rmse_deg": 1.0 + seed, "refused": 0.0, "sync_error_ms": math.nan}

    monkeypatch.setattr(command, "run_safely", counted)
    out = tmp_path / "bench.json"
    arguments = ["--only", "treadmill/dark_1/full", "--json", str(out), "--workers", "1"]
    assert command.main([*arguments, "--seeds", "2"]) == 0
    assert command.main([*arguments, "--seeds", "3"]) == 0
    assert calls == [("treadmill/dark_1/full", seed) for seed in (0, 1, 2)]
    flat = json.loads(out.read_text())
    assert flat["sim/treadmill/dark_1/full/online/knee_rmse_deg"] == 2.0
    assert flat["sim/treadmill/dark_1/full/sync_p95_ms"] is None
    assert all(key.startswith("sim/") for key in flat)
    assert "treadmill/dark_1/full" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["--seeds", "0"], ["--workers", "0"], ["--json", "no/such/folder/x.json"]])
def test_bad_usage_exits_with_two(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        command.main(arguments)
    assert stop.value.code == 2
    assert "error:" in capsys.readouterr().err
