"""The command line: what it prints, what it writes, and how it says that something is wrong."""

import csv
import io
import json
import sys
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from apps import cli
from apps.commands import _output, demo
from fusion import __version__, pipeline
from fusion.export.tables import TABLES
from fusion.plugins import names
from fusion.recording.folder import load_recording, save_recording
from fusion.recording.tidy_csv import write_tidy_csv

COMMANDS = [cli.command_name(module) for module in names(cli.FAMILY)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Give a folder with a simulated recording of 12 s."""
    path = tmp_path_factory.mktemp("walks") / "walk"
    assert cli.main(["simulate", "--out", str(path), "--seconds", "12", "--seed", "1"]) == 0
    return path


@pytest.fixture(scope="module")
def results(folder):
    """Give the results of that recording, report and all."""
    path = folder.parent / "results"
    assert cli.main(["analyse", str(folder), "--out", str(path)]) == 0
    return path


@pytest.fixture
def run(capsys):
    """Run a command and return exit code, output and error output."""

    def command(*arguments):
        code = cli.main([str(argument) for argument in arguments])
        told = capsys.readouterr()
        return code, told.out, told.err

    return command


def one_message(err):
    """Return the error message, the only line that is not the name of a stage."""
    lines = [line for line in err.splitlines() if not line.startswith("  ")]
    assert len(lines) == 1, err
    assert "Traceback" not in err
    return lines[0]


def rows(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


# Help, versions, wrong calls


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command, run):
    code, out, err = run(command, "--help")
    assert (code, err) == (0, "")
    assert f"usage: tandem {command}" in out
    assert len(out) > 150


def test_the_list_of_commands_names_each_with_a_line(run):
    _, out, _ = run("--help")
    assert {"demo", "analyse", "info", "report", "export", "import", "simulate", "check"} <= set(COMMANDS)
    assert all(f"    {command} " in out for command in COMMANDS)


def test_the_version_is_printed(run):
    assert run("--version") == (0, f"tandem {__version__}\n", "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "COMMAND"),
        (["analize", "x"], "invalid choice: 'analize'"),
        (["analyse"], "RECORDING, --out"),
        (["analyse", "x", "--out", "y", "--fast"], "--fast"),
        (["analyse", "x", "--out", "y", "--use", "radar"], "invalid choice: 'radar'"),
        (["export", "x", "--out", "y", "--format", "base"], "invalid choice: 'base'"),
        (["demo", "--seconds", "long"], "invalid float value: 'long'"),
        (["demo", "--seconds", "3"], "at least 8"),
        (["demo", "--seconds", "nan"], "at least 8"),
        (["demo", "--seed", "-1"], "whole number"),
        (["simulate", "--out", "y", "--speed", "9"], "between 0.1 and 3"),
        (["report", "x", "--out", "report.txt"], "End the name with .pdf"),
    ],
)
def test_a_wrong_call_is_told_in_one_line_with_exit_code_2(arguments, words, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert words in one_message(err)
    assert list(tmp_path.iterdir()) == []


def test_check_lists_versions_and_optional_parts(run):
    code, out, err = run("check")
    assert (code, err) == (0, "")
    assert f"Tandem Gait {__version__}" in out
    assert f"numpy                {np.__version__}" in out
    assert "part 'report'" in out


def test_a_terminal_that_lacks_a_sign_gets_a_question_mark(results, folder, monkeypatch):
    buffer = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(buffer, encoding="ascii"))
    assert cli.main(["analyse", str(folder), "--out", str(results.parent / "ascii"), "--no-report"]) == 0
    assert b"95 % interval" in buffer.getvalue()


# A recording: info, analyse, report, export, import


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
    assert [line.strip() for line in err.splitlines()] == ["wearables", "motion", "events", "parameters", "writing"]
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


def test_a_second_analysis_replaces_the_first_and_its_report(folder, results, tmp_path, run):
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


# Bad data


def spoiled(name, folder, place):
    """Return a path that is spoiled in one way."""
    place.mkdir()
    copy = place / "walk"
    if name == "missing":
        return place / "not_there"
    if name == "not a recording":
        (place / "photo.jpg").write_bytes(b"\xff\xd8")
        return place
    if name == "a file":
        (place / "walk.mp4").write_bytes(b"\x00")
        return place / "walk.mp4"
    if name == "empty":
        return place
    if name in ("text", "unknown segment", "no columns"):
        write_tidy_csv(replace(load_recording(folder), keypoints=()), copy)
        table = copy / "imu.csv"
        lines = table.read_text(encoding="utf-8").splitlines()
        if name == "text":
            lines[3] = "about a second" + lines[3][lines[3].index(",") :]
        elif name == "unknown segment":
            lines[1] = lines[1].replace(",pelvis,", ",left_wing,")
        else:
            lines[0] = lines[0].replace("gyro_", "turn_")
        table.write_text("\n".join(lines), encoding="utf-8")
        return copy
    save_recording(load_recording(folder), copy)
    declaration = copy / "recording.json"
    data = json.loads(declaration.read_text(encoding="utf-8"))
    if name == "schema":
        data["schema_version"] = 99
        declaration.write_text(json.dumps(data), encoding="utf-8")
    elif name == "damaged":
        declaration.write_text("{", encoding="utf-8")
    elif name == "streams":
        (copy / "streams.xdf").write_bytes(b"no XDF at all")
    elif name == "no streams":
        (copy / "streams.xdf").unlink()
    return copy


BAD = {
    "missing": "is not there. Check the path",
    "not a recording": "has neither. Choose the folder",
    "a file": "must be a recording folder or a CSV file",
    "empty": "is empty. Choose the folder",
    "schema": "99",
    "damaged": "must be JSON",
    "streams": "streams.xdf",
    "no streams": "streams.xdf",
    "text": "line 4, column 'time_s' must be a number; got 'about a second'",
    "unknown segment": "left_wing",
    "no columns": "gyro_x_radps",
}


@pytest.mark.parametrize("command", ["analyse", "info"])
@pytest.mark.parametrize(("name", "words"), BAD.items())
def test_bad_data_is_told_in_one_message_with_exit_code_3(command, name, words, folder, tmp_path, run):
    path = spoiled(name, folder, tmp_path / "bad")
    before = sorted(tmp_path.rglob("*"))
    extra = () if command == "info" else ("--out", tmp_path / "out")
    code, out, err = run(command, path, *extra)
    assert (code, out) == (3, "")
    assert words in one_message(err)
    assert sorted(tmp_path.rglob("*")) == before


def test_import_tells_bad_cells_and_writes_nothing(folder, tmp_path, run):
    code, _, err = run("import", spoiled("text", folder, tmp_path / "bad"), "--out", tmp_path / "walk")
    assert code == 3
    assert "about a second" in one_message(err)
    assert not (tmp_path / "walk").exists()


@pytest.mark.parametrize("use", ["both", "camera", "imu"])
def test_a_recording_of_two_seconds_gives_a_result_or_one_message(use, folder, tmp_path, run):
    recording = load_recording(folder)
    imus = [
        replace(
            imu,
            time_s=imu.time_s[:200],
            accel_mps2=imu.accel_mps2[:200],
            gyro_radps=imu.gyro_radps[:200],
            arrival_s=imu.arrival_s[:200],
        )
        for imu in recording.imus
    ]
    keypoints = [
        replace(one, time_s=one.time_s[:60], position=one.position[:60], confidence=one.confidence[:60])
        for one in recording.keypoints
    ]
    save_recording(replace(recording, imus=tuple(imus), keypoints=tuple(keypoints)), tmp_path / "short")
    code, out, err = run("analyse", tmp_path / "short", "--out", tmp_path / "out", "--use", use)
    assert code in (0, 3)
    if code == 0:
        assert out.startswith("Recording quality: ")
        assert {item.name for item in (tmp_path / "out").iterdir()} == {*TABLES, "report.pdf"}
    else:
        one_message(err)
        assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("use", "drop", "words"), [("imu", "imus", "(imu)"), ("camera", "keypoints", "(camera)")])
def test_sensors_that_were_not_recorded_are_told(use, drop, words, folder, tmp_path, run):
    save_recording(replace(load_recording(folder), **{drop: ()}), tmp_path / "walk")
    code, out, err = run("analyse", tmp_path / "walk", "--out", tmp_path / "out", "--use", use)
    assert (code, out) == (3, "")
    assert words in one_message(err)
    assert not (tmp_path / "out").exists()


def test_info_tells_when_nothing_can_be_used(folder, tmp_path, run):
    recording = load_recording(folder)
    silent = [
        replace(imu, accel_mps2=np.full_like(imu.accel_mps2, np.nan), gyro_radps=np.full_like(imu.gyro_radps, np.nan))
        for imu in recording.imus
    ]
    save_recording(replace(recording, imus=tuple(silent), keypoints=()), tmp_path / "silent")
    code, out, err = run("info", tmp_path / "silent")
    assert code == 3
    assert "not usable" in out
    assert "Record again" in one_message(err)


# The disk, and stops


def test_a_folder_with_other_files_is_refused_before_any_work(folder, tmp_path, run):
    (tmp_path / "thesis.docx").write_text("mine")
    code, out, err = run("analyse", folder, "--out", tmp_path)
    assert (code, out) == (2, "")
    assert "holds 'thesis.docx'" in one_message(err)
    assert [item.name for item in tmp_path.iterdir()] == ["thesis.docx"]


def test_results_never_go_into_the_recording(folder, run):
    before = sorted(item.name for item in folder.iterdir())
    code, _, err = run("analyse", folder, "--out", folder)
    assert code == 2
    assert "Choose another folder" in one_message(err)
    assert sorted(item.name for item in folder.iterdir()) == before


@pytest.mark.parametrize("command", ["analyse", "report"])
def test_a_place_that_cannot_be_written_is_told(command, folder, tmp_path, run):
    (tmp_path / "file").write_text("in the way")
    target = tmp_path / "file" / ("out" if command == "analyse" else "out.pdf")
    extra = ("--use", "imu", *(("--no-report",) if command == "analyse" else ()))
    code, out, err = run(command, folder, "--out", target, *extra)
    assert (code, out) == (3, "")
    assert "Choose another folder" in one_message(err) or "choose another folder" in err
    assert [item.name for item in tmp_path.iterdir()] == ["file"]


def test_a_disk_that_fills_up_leaves_nothing(folder, tmp_path, run, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pyarrow.parquet.write_table", full)
    code, _, err = run("analyse", folder, "--out", tmp_path / "out", "--use", "imu", "--no-report")
    assert code == 3
    assert "The disk is full" in one_message(err)
    assert list(tmp_path.iterdir()) == []


def test_control_c_stops_cleanly(folder, tmp_path, run, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "prepare", interrupted)
    code, out, err = run("analyse", folder, "--out", tmp_path / "out")
    assert (code, out) == (130, "")
    assert "stopped" in one_message(err)
    assert list(tmp_path.iterdir()) == []


def test_a_defect_is_one_line_unless_a_developer_asks(folder, tmp_path, run, monkeypatch):
    def broken(*_, **__):
        raise KeyError("pelvis")

    monkeypatch.setattr(pipeline, "prepare", broken)
    monkeypatch.delenv(cli.SHOW_TRACEBACK, raising=False)
    code, _, err = run("analyse", folder, "--out", tmp_path / "out")
    assert code == 1
    assert "KeyError: 'pelvis'" in one_message(err)
    monkeypatch.setenv(cli.SHOW_TRACEBACK, "1")
    with pytest.raises(KeyError):
        run("analyse", folder, "--out", tmp_path / "out")


def test_a_terminal_gets_a_bar_and_a_file_gets_lines(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    with _output.Progress() as progress:
        progress.part(0.0, 0.5, "fused")("motion", 0.5)
    assert "fused: motion" in sys.stderr.getvalue()
    assert "25 %" in sys.stderr.getvalue()
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with _output.Progress() as progress:
        progress("motion", 0.1)
        progress("motion", 0.2)
    assert sys.stderr.getvalue().count("  motion\n") == 1


# The demo


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """Give a short demo: its folder and what it printed."""
    out = tmp_path_factory.mktemp("demo") / "demo"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", io.StringIO())
        code = cli.main(["demo", "--out", str(out), "--seconds", "12", "--seed", "3"])
        told = sys.stdout.getvalue()
    assert code == 0
    return out, told


def test_the_demo_writes_recording_results_and_report(shown):
    out, told = shown
    assert {item.name for item in out.iterdir()} == {"recording", "results", "report.pdf"}
    assert {item.name for item in (out / "results").iterdir()} == set(TABLES)
    assert len(load_recording(out / "recording").imus) == 3
    assert told.startswith("Recording quality: ")
    assert str(out) in told.splitlines()[-1]


def test_the_demo_compares_each_way_with_the_truth(shown):
    _, told = shown
    lines = told.splitlines()
    head = next(line for line in lines if line.startswith("Error against the truth"))
    columns = ("Camera only", "Wearables only", "Fused", "Fused, live")
    assert all(name in head for name in columns)
    for joint in ("Knee", "Hip", "Ankle"):
        for place in ("legs in view", "legs hidden"):
            assert any(line.startswith(f"{joint} angle, {place}") and "deg RMS" in line for line in lines)
    for name in ("Walking speed", "Cadence", "Stride length", "Stance", "Double support"):
        assert any(line.startswith(name) for line in lines)
    knee = next(line for line in lines if line.startswith("Knee angle, legs in view"))
    assert knee[head.index("Camera only") : head.index("Camera only") + 30].count("not assessable") == 1


def test_the_demo_replaces_an_earlier_demo_but_nothing_else(shown, run, tmp_path, folder):
    out, _ = shown
    demo._check_folder(out)
    mine = tmp_path / "mine"
    save_recording(replace(load_recording(folder), protocol="patient"), mine / "recording")
    before = (mine / "recording" / "recording.json").read_bytes()
    code, _, err = run("demo", "--out", mine, "--seconds", "8")
    assert code == 2
    assert "holds 'recording'" in one_message(err)
    assert (mine / "recording" / "recording.json").read_bytes() == before
