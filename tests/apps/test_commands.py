"""What the commands print and write of a good recording."""

import json
import sys
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from apps import cli
from fusion.export.tables import TABLES
from fusion.recording.folder import load_recording
from fusion.recording.tidy_csv import write_tidy_csv
from tests.apps.told import one_message, rows, without_compiling


@pytest.fixture(scope="module")
def results(folder):
    """Give the results of that recording, report and all."""
    path = folder.parent / "results"
    assert cli.main(["analyse", str(folder), "--out", str(path)]) == 0
    return path


def test_info_shows_the_streams(folder, run):
    code, out, err = run("info", folder)
    assert (code, err) == (0, "")
    for words in ("pelvis", "left_shank", "right_shank", "side", "keypoints", "100.0 Hz", "12.0 s"):
        assert words in out


def test_analyse_writes_every_file_and_they_agree(results):
    assert {item.name for item in results.iterdir()} == {*TABLES, "report.pdf"}
    summary = json.loads((results / "analysis.json").read_text(encoding="utf-8"))
    parameters = rows(results / "parameters.csv")
    assert [(one["name"], one["side"]) for one in parameters] == [
        (one["name"], one["side"]) for one in summary["parameters"]
    ]
    for row, told in zip(parameters, summary["parameters"], strict=True):
        assert (float(row["value"]) if row["value"] else None) == told["value"]
    assert len(rows(results / "events.csv")) == len(summary["events"]) > 20
    assert len(rows(results / "strides.csv")) == len(summary["strides"]) > 10
    assert pq.read_table(results / "motion.parquet").num_rows == summary["motion"]["samples"]
    assert (results / "report.pdf").read_bytes().startswith(b"%PDF")
    provenance = json.loads((results / "provenance.json").read_text(encoding="utf-8"))
    assert "report.pdf" in provenance["files_sha256"]


def test_analyse_prints_the_verdict_first_and_then_every_parameter(folder, tmp_path, run):
    code, out, err = run("analyse", folder, "--out", tmp_path / "out", "--no-report")
    assert code == 0
    assert out.startswith("Recording quality: ")
    assert [line.strip() for line in without_compiling(err)] == [
        "wearables",
        "motion",
        "events",
        "parameters",
        "writing",
    ]
    printed = out.splitlines()
    for row in rows(tmp_path / "out" / "parameters.csv"):
        lines = [line for line in printed if f" {row['side']} " in line and f" {row['grade']}" in line]
        assert lines, row
    assert any(line.startswith("Cadence") and "[" in line and "steps/min" in line for line in printed)
    assert not (tmp_path / "out" / "report.pdf").exists()


def test_what_the_wearables_cannot_know_is_not_assessable_with_its_reason(folder, tmp_path, run):
    code, out, _ = run("analyse", folder, "--out", tmp_path / "out", "--use", "imu", "--no-report")
    assert code == 0
    speed = next(line for line in out.splitlines() if line.startswith("Walking speed"))
    assert "not assessable [" in speed
    note = speed.split("not assessable ")[1]
    assert any(line.startswith(note) and len(line) > 20 for line in out.splitlines())


def test_a_missing_report_library_still_gives_the_tables(folder, tmp_path, run, monkeypatch):
    monkeypatch.setitem(sys.modules, "altair", None)
    code, out, err = run("analyse", folder, "--out", tmp_path / "out")
    assert code == 0
    assert 'pip install "tandem-gait[report]"' in one_message(err)
    assert {item.name for item in (tmp_path / "out").iterdir()} == set(TABLES)
    assert "report.pdf" not in out


def test_a_second_analysis_replaces_the_first_and_its_report(folder, tmp_path, run):
    out = tmp_path / "again"
    assert run("analyse", folder, "--out", out, "--no-report")[0] == 0
    (out / "report.pdf").write_bytes(b"of the first")
    (out / "notes.txt").write_text("mine")
    assert run("analyse", folder, "--out", out, "--use", "camera", "--no-report")[0] == 0
    assert {item.name for item in out.iterdir()} == {*TABLES, "notes.txt"}
    assert json.loads((out / "analysis.json").read_text(encoding="utf-8"))["use"] == ["camera"]


def test_report_writes_only_the_report(folder, tmp_path, run):
    code, out, _ = run("report", folder, "--out", tmp_path / "walk.PDF", "--use", "imu")
    assert code == 0
    assert out.startswith("Recording quality: ")
    assert [item.name for item in tmp_path.iterdir()] == ["walk.PDF"]


def test_export_writes_the_tables(folder, tmp_path, run):
    code, out, _ = run("export", folder, "--out", tmp_path / "out", "--use", "imu")
    assert code == 0
    assert {item.name for item in (tmp_path / "out").iterdir()} == set(TABLES)
    assert "parameters.csv" in out


def test_tidy_csv_becomes_a_recording_and_gives_the_same_numbers(folder, tmp_path, run):
    recording = load_recording(folder)
    tables = write_tidy_csv(replace(recording, keypoints=()), tmp_path / "csv")
    code, out, _ = run("import", tables, "--out", tmp_path / "walk")
    assert code == 0
    assert "left_shank" in out
    assert np.array_equal(
        load_recording(tmp_path / "walk").imu("pelvis").gyro_radps, recording.imu("pelvis").gyro_radps
    )
    for given, name in ((tables, "a"), (tmp_path / "walk", "b"), (tables / "imu.csv", "c")):
        assert run("analyse", given, "--out", tmp_path / name, "--no-report")[0] == 0
    assert (tmp_path / "a" / "events.csv").read_bytes() == (tmp_path / "b" / "events.csv").read_bytes()
    assert (tmp_path / "a" / "parameters.csv").read_bytes() == (tmp_path / "b" / "parameters.csv").read_bytes()
    assert run("info", tables / "imu.csv")[0] == 0
