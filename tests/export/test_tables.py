import csv
import hashlib
import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from fusion import plugins
from fusion.errors import SignalError, StorageError, UsageError
from fusion.export.tables import TABLES, motion_columns, write_results
from fusion.recording.folder import save_recording
from fusion.types import (
    SEGMENTS,
    Analysis,
    Estimate,
    Finding,
    GaitEvents,
    GaitParameters,
    JointAngles,
    Motion,
    Parameter,
    Placement,
    QualityCheck,
    Recording,
    Stride,
    Subject,
    SyncResult,
)
from tests.recording.make_recording import make_imu
from tests.recording.test_xdf import disk_that_is_full_at

ANGLES = ("knee_flexion_left_deg", "hip_flexion_right_deg", "pelvis_tilt_deg")
POINTS = ("pelvis", "left_ankle")


def make_motion(count):
    rng = np.random.default_rng(0)
    bodies = len(SEGMENTS)
    position = rng.normal(size=(count, 2, 3))
    position[3] = np.nan
    return Motion(
        time_s=np.arange(count) / 60.0,
        world_from_segment=np.tile([1.0, 0, 0, 0], (count, bodies, 1)),
        angular_rate_radps=np.zeros((count, bodies, 3)),
        angular_accel_radps2=np.zeros((count, bodies, 3)),
        root_position_m=position[:, 0],
        root_velocity_mps=np.zeros((count, 3)),
        point_names=POINTS,
        point_position_m=position,
        point_sd_m=np.ones((count, 2, 3)),
        pitch_covariance_rad2=np.zeros((count, bodies, bodies)),
        observed=rng.random((count, 2)) > 0.5,
        measured=np.ones((count, bodies), dtype=bool),
        time_offset_s={"front": 0.01},
        diagnostics={"nis_gyro": 1.0, "nis_accel": np.nan},
    )


def make_analysis(count=50):
    rng = np.random.default_rng(1)
    motion = make_motion(count)
    angles = JointAngles(
        names=ANGLES,
        time_s=motion.time_s,
        angle_deg=rng.normal(size=(count, 3)),
        sd_deg=rng.random((count, 3)),
        predicted=rng.random((count, 3)) > 0.5,
        cycles_deg={ANGLES[0]: np.vstack([np.full(101, 1.0), np.full(101, 3.0), np.full(101, np.nan)])},
        reasons={ANGLES[2]: "no sensor on the pelvis"},
    )
    estimate = Estimate(1.23, 1.1, 1.3, "m/s", 12)
    withheld = Estimate.not_assessable("m", "no height is given", 3)
    return Analysis(
        recording=Recording(subject=Subject("p01"), imus=(make_imu(),), identifier="walk 1"),
        use=("imu",),
        sync=(SyncResult("front", 0.1, 0.05, 0.15, reason="ambiguous"),),
        placements=(Placement("left_shank", np.eye(3), np.zeros(3)),),
        points=(),
        motion=motion,
        events=GaitEvents(
            np.array([1.5, 1.0]),
            np.array(["left", "right"]),
            np.array(["ic", "fc"]),
            np.array([0.01, 0.02]),
            np.array(["imu", "model"]),
        ),
        strides=(Stride("left", 1.0, 2.1, fc_s=1.7), Stride("right", 1.5, 2.6, is_valid=False, reason="turn")),
        parameters=GaitParameters(
            (
                Parameter("walking_speed_mps", "both", estimate),
                Parameter("stride_length_m", "left", withheld),
                Parameter("odd", "both", replace(estimate, reason='=HYPERLINK("http://x")\n"quoted", and more')),
            )
        ),
        joint_angles=angles,
        findings=(Finding("walking_speed", "Walks slower", "speed", {"both": estimate}),),
        quality=(QualityCheck("sync", "limited", "-"),),
        provenance={"settings": {"use": ("imu",), "x": np.nan}, "sha256": {"a": "b"}, "stage_s": np.array([1.0])},
    )


def read_csv(file):
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def strict_json(file):
    def refuse(word):
        raise AssertionError(word)

    return json.loads(file.read_text(encoding="utf-8"), parse_constant=refuse)


def test_all_tables_are_written_and_named(tmp_path):
    paths = write_results(make_analysis(), tmp_path / "deep" / "results")
    assert [path.name for path in paths] == list(TABLES)
    assert sorted(TABLES) == sorted(item.name for item in (tmp_path / "deep" / "results").iterdir())
    assert [item.name for item in (tmp_path / "deep").iterdir()] == ["results"]


def test_pandas_and_arrow_read_the_motion_back_exactly(tmp_path):
    analysis = make_analysis()
    write_results(analysis, tmp_path / "r")
    frame = pd.read_parquet(tmp_path / "r" / "motion.parquet")
    assert list(frame.columns) == [
        "time_s",
        *("knee_flexion_left_deg", "knee_flexion_left_sd_deg", "predicted_knee_flexion_left"),
        *("hip_flexion_right_deg", "hip_flexion_right_sd_deg", "predicted_hip_flexion_right"),
        *("pelvis_tilt_deg", "pelvis_tilt_sd_deg", "predicted_pelvis_tilt"),
        *(f"{point}_{axis}_m" for point in POINTS for axis in "xyz"),
        *(f"observed_{point}" for point in POINTS),
    ]
    angles = analysis.joint_angles
    np.testing.assert_array_equal(frame["time_s"], analysis.motion.time_s)
    np.testing.assert_array_equal(frame["hip_flexion_right_deg"], angles.angle_deg[:, 1])
    np.testing.assert_array_equal(frame["hip_flexion_right_sd_deg"], angles.sd_deg[:, 1])
    np.testing.assert_array_equal(frame["predicted_pelvis_tilt"], angles.predicted[:, 2])
    np.testing.assert_array_equal(frame["left_ankle_z_m"], analysis.motion.point_position_m[:, 1, 2])
    np.testing.assert_array_equal(frame["observed_left_ankle"], analysis.motion.observed[:, 1])
    assert frame["observed_pelvis"].dtype == bool
    table = pq.read_table(tmp_path / "r" / "motion.parquet")
    assert table.schema.metadata[b"recording"] == b"walk 1"
    assert table["left_ankle_z_m"].null_count == 0  # missing is NaN, not null


def test_the_csv_files_hold_numbers_exactly_and_nothing_for_missing(tmp_path):
    write_results(make_analysis(), tmp_path / "r")
    events = read_csv(tmp_path / "r" / "events.csv")
    assert events[0] == {"time_s": "1.0", "side": "right", "event": "fc", "sd_s": "0.02", "source": "model"}
    strides = read_csv(tmp_path / "r" / "strides.csv")
    assert (strides[0]["fc_s"], strides[0]["length_m"], strides[0]["is_valid"]) == ("1.7", "", "true")
    assert float(strides[0]["duration_s"]) == 2.1 - 1.0
    assert (strides[1]["is_valid"], strides[1]["reason"]) == ("false", "turn")
    parameters = read_csv(tmp_path / "r" / "parameters.csv")
    assert list(parameters[0]) == ["name", "side", "value", "low", "high", "unit", "n", "grade", "reason"]
    assert [parameters[0][key] for key in ("value", "low", "high", "n")] == ["1.23", "1.1", "1.3", "12"]
    assert (parameters[1]["value"], parameters[1]["grade"]) == ("", "not assessable")
    assert list(pd.read_csv(tmp_path / "r" / "parameters.csv")["value"].isna()) == [False, True, False]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_text_cell_is_run_as_a_formula(tmp_path, start):
    analysis = make_analysis()
    item = Parameter(f"{start}cmd", "both", replace(Estimate(-1.0, -2.0, 0.0, "m"), reason=f"{start}1+1"))
    write_results(replace(analysis, parameters=GaitParameters((item,))), tmp_path / "r")
    row = read_csv(tmp_path / "r" / "parameters.csv")[0]
    kept = "\n" if start == "\r" else start
    assert row["name"] == f"'{kept}cmd"
    assert row["reason"] == f"'{kept}1+1"
    assert float(row["value"]) == -1.0  # numbers stay numbers


def test_quotes_commas_and_line_breaks_in_a_reason_survive(tmp_path):
    analysis = make_analysis()
    write_results(analysis, tmp_path / "r")
    reason = analysis.parameters.items[2].estimate.reason
    assert read_csv(tmp_path / "r" / "parameters.csv")[2]["reason"] == "'" + reason


def test_the_analysis_is_strict_json_with_a_version(tmp_path):
    write_results(make_analysis(), tmp_path / "r")
    data = strict_json(tmp_path / "r" / "analysis.json")
    assert (data["schema"], data["schema_version"]) == ("tandem-gait analysis", 1)
    assert data["recording"]["subject"]["identifier"] == "p01"
    assert data["recording"]["subject"]["height_m"] is None
    assert data["recording"]["imus"] == [{"segment": "left_shank", "samples": 1200, "rate_hz": 100.0}]
    assert data["parameters"][0]["value"] == 1.23
    assert data["parameters"][1]["value"] is None
    assert data["parameters"][1]["reason"] == "no height is given"
    assert data["findings"][0]["estimates"]["both"]["low"] == 1.1
    assert data["sync"][0]["verdict"] == "not fused"
    knee, hip, pelvis = data["joint_angles"]
    assert (knee["strides"], knee["cycle_mean_deg"][50], len(knee["cycle_sd_deg"])) == (2, 2.0, 101)
    assert (hip["strides"], hip["cycle_mean_deg"]) == (0, None)
    assert pelvis["reason"] == "no sensor on the pelvis"
    assert data["motion"]["diagnostics"] == {"nis_gyro": 1.0, "nis_accel": None}


def test_the_provenance_has_the_fingerprint_of_each_file(tmp_path):
    write_results(make_analysis(), tmp_path / "r")
    data = strict_json(tmp_path / "r" / "provenance.json")
    assert data["settings"] == {"use": ["imu"], "x": None}
    assert sorted(data["files_sha256"]) == sorted(set(TABLES) - {"provenance.json"})
    for name, known in data["files_sha256"].items():
        assert hashlib.sha256((tmp_path / "r" / name).read_bytes()).hexdigest() == known


def test_an_analysis_without_anything_found_is_written_too(tmp_path):
    analysis = make_analysis(count=5)
    empty = replace(analysis, events=GaitEvents.none(), strides=(), parameters=GaitParameters(), findings=())
    write_results(empty, tmp_path / "r")
    assert read_csv(tmp_path / "r" / "events.csv") == []
    assert (tmp_path / "r" / "strides.csv").read_text().startswith("side,start_s,")


def test_earlier_results_are_replaced_and_files_of_others_stay(tmp_path):
    folder = tmp_path / "r"
    write_results(make_analysis(count=50), folder)
    (folder / "report.pdf").write_bytes(b"of the earlier analysis")
    (folder / "notes.txt").write_text("mine")
    write_results(make_analysis(count=20), folder)
    assert len(pd.read_parquet(folder / "motion.parquet")) == 20
    assert (folder / "notes.txt").read_text() == "mine"
    assert not (folder / "report.pdf").exists()


def test_a_folder_with_something_else_is_refused(tmp_path):
    folder = save_recording(Recording(imus=(make_imu(),)), tmp_path / "walk")
    with pytest.raises(UsageError, match=r"it holds 'recording\.json'"):
        write_results(make_analysis(), folder)
    with pytest.raises(UsageError, match="is a file"):
        write_results(make_analysis(), folder / "recording.json")
    assert sorted(item.name for item in folder.iterdir()) == ["recording.json", "streams.xdf"]
    (tmp_path / "empty").mkdir()
    write_results(make_analysis(), tmp_path / "empty")


def test_a_full_disk_changes_nothing(tmp_path):
    write_results(make_analysis(count=50), tmp_path / "r")
    before = {item.name: item.read_bytes() for item in (tmp_path / "r").iterdir()}
    with disk_that_is_full_at(10_000), pytest.raises(StorageError, match="free some space"):
        write_results(make_analysis(count=5000), tmp_path / "r")
    with disk_that_is_full_at(10_000), pytest.raises(StorageError):
        write_results(make_analysis(count=5000), tmp_path / "new")
    assert {item.name: item.read_bytes() for item in (tmp_path / "r").iterdir()} == before
    assert [item.name for item in tmp_path.iterdir()] == ["r"]


def test_angles_of_another_motion_are_refused_and_nothing_is_written(tmp_path):
    analysis = make_analysis()
    other = replace(analysis, motion=make_motion(49))
    with pytest.raises(SignalError, match="share their times; got 50 and 49"):
        motion_columns(other)
    with pytest.raises(SignalError):
        write_results(other, tmp_path / "r")
    assert list(tmp_path.iterdir()) == []


def test_the_exporter_is_found_by_its_name(tmp_path):
    assert "tables" in plugins.names("fusion.export")
    paths = plugins.load("fusion.export", "tables").write(make_analysis(), tmp_path / "r")
    assert all(path.exists() for path in paths)


def test_arrow_is_not_imported_before_a_table_is_written():
    code = "import sys, fusion.export.tables; sys.exit('pyarrow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
