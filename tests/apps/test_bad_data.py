"""What is wrong with data, disk or program is told in one message, and nothing half-written stays."""

import json
from dataclasses import replace

import numpy as np
import pytest

from apps import cli
from fusion import pipeline
from fusion.export.tables import TABLES
from fusion.recording.folder import load_recording, save_recording
from fusion.recording.tidy_csv import write_tidy_csv
from tests.apps.told import one_message


def no_recording(name, place):
    """Spoil a path that never was a recording."""
    if name == "not a recording":
        (place / "photo.jpg").write_bytes(b"\xff\xd8")
    if name == "a file":
        (place / "walk.docx").write_bytes(b"\x00")
    return place / {"missing": "not_there", "a file": "walk.docx"}.get(name, "")


def spoiled_table(name, folder, copy):
    """Spoil a cell or the head of tidy CSV."""
    write_tidy_csv(replace(load_recording(folder), keypoints=()), copy)
    table = copy / "imu.csv"
    text = table.read_text(encoding="utf-8")
    if name == "text":
        lines = text.splitlines()
        lines[3] = "about a second" + lines[3][lines[3].index(",") :]
        text = "\n".join(lines)
    changed = {"unknown segment": (",pelvis,", ",left_wing,"), "no columns": ("gyro_", "turn_")}
    table.write_text(text.replace(*changed.get(name, ("", ""))), encoding="utf-8")
    return copy


def spoiled_recording(name, folder, copy):
    """Spoil a file of a recording."""
    save_recording(load_recording(folder), copy)
    declaration = copy / "recording.json"
    data = json.loads(declaration.read_text(encoding="utf-8"))
    if name == "schema":
        declaration.write_text(json.dumps(data | {"schema_version": 99}), encoding="utf-8")
    elif name == "damaged":
        declaration.write_text("{", encoding="utf-8")
    elif name == "streams":
        (copy / "streams.xdf").write_bytes(b"no XDF at all")
    else:
        (copy / "streams.xdf").unlink()
    return copy


def spoiled(name, folder, place):
    """Return a path that is spoiled in one way."""
    place.mkdir()
    if name in ("missing", "not a recording", "a file", "empty"):
        return no_recording(name, place)
    if name in ("text", "unknown segment", "no columns"):
        return spoiled_table(name, folder, place / "walk")
    return spoiled_recording(name, folder, place / "walk")


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
    assert "choose another folder" in one_message(err).lower()
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
