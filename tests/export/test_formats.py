"""Each format read back with the reader of its own ecosystem: nothing is lost, moved or made up."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from fusion.errors import SignalError
from fusion.export._folder import MissingLibrary, rate_hz, require
from fusion.export.c3d import C3d
from fusion.export.excel import Excel
from fusion.export.fhir import UCUM_OF, Fhir
from fusion.export.matlab import Matlab
from fusion.export.motion_bids import MotionBids
from fusion.export.opensim import OpenSim
from fusion.export.tidy_csv import TidyCsv
from fusion.export.xdf import Xdf
from fusion.gait.definitions import KEY_ANGLES, PARAMETERS
from fusion.types import SEGMENTS, Estimate, GaitParameters, Parameter


@pytest.fixture(scope="module")
def analysis(simulated_analysis):
    """The shared analysis with one number withheld and one knee missing for a while."""
    items = list(simulated_analysis.parameters.items)
    items[3] = Parameter(items[3].name, items[3].side, Estimate.not_assessable("s", "the sensor fell off"))
    position = simulated_analysis.motion.point_position_m.copy()
    position[100:120, simulated_analysis.motion.point_names.index("left_knee")] = np.nan
    motion = replace(simulated_analysis.motion, point_position_m=position)
    return replace(simulated_analysis, motion=motion, parameters=GaitParameters(tuple(items)))


@pytest.fixture(scope="module")
def c3d(analysis, tmp_path_factory):
    import ezc3d

    folder = tmp_path_factory.mktemp("c3d") / "x"
    C3d().write(analysis, folder)
    return ezc3d.c3d(str(folder / "walk.c3d"))


def test_points_are_millimetres_and_a_missing_point_stays_missing(c3d, analysis):
    labels = c3d["parameters"]["POINT"]["LABELS"]["value"]
    knee = c3d["data"]["points"][:3, labels.index("LKnee")].T
    np.testing.assert_allclose(knee, 1e3 * analysis.motion.point("left_knee"), atol=1e-2)
    assert np.isnan(knee[100:120]).all()
    assert c3d["parameters"]["POINT"]["UNITS"]["value"] == ["mm"]
    assert c3d["parameters"]["POINT"]["RATE"]["value"][0] == pytest.approx(100.0)


def test_angles_carry_the_laboratories_names_and_no_plane_that_was_not_seen(c3d, analysis):
    labels = c3d["parameters"]["POINT"]["LABELS"]["value"]
    assert "LKneeAngles" in c3d["parameters"]["POINT"]["ANGLES"]["value"]
    knee = c3d["data"]["points"][:3, labels.index("RKneeAngles")]
    np.testing.assert_allclose(knee[0], analysis.joint_angles.angle("knee_flexion_right_deg"), atol=1e-3)
    assert np.isnan(knee[1:]).all()


def test_events_have_context_label_and_time_from_the_first_frame(c3d, analysis):
    event = c3d["parameters"]["EVENT"]
    times = event["TIMES"]["value"]
    seconds = 60.0 * times[0] + times[1]
    rows = zip(event["CONTEXTS"]["value"], event["LABELS"]["value"], seconds, strict=True)
    strikes = sorted(time for side, label, time in rows if (side, label) == ("Left", "Foot Strike"))
    expected = analysis.events.select("left", "ic") - analysis.motion.time_s[0]
    np.testing.assert_allclose(strikes, expected[expected >= 0.0], atol=1e-3)
    assert event["USED"]["value"][0] == len(seconds)


def test_parameters_are_in_the_analysis_group_and_what_is_withheld_is_not(c3d, analysis):
    group = c3d["parameters"]["ANALYSIS"]
    names = list(zip(group["NAMES"]["value"], group["CONTEXTS"]["value"], strict=True))
    speed = group["VALUES"]["value"][names.index(("walking_speed_mps", "General"))]
    assert speed == pytest.approx(analysis.parameters.get("walking_speed_mps").value, rel=1e-5)
    assert len(names) == sum(item.estimate.is_assessable for item in analysis.parameters.items)


@pytest.fixture(scope="module")
def opensim(analysis, tmp_path_factory):
    opensim = tmp_path_factory.mktemp("opensim") / "x"
    OpenSim().write(analysis, opensim)
    return opensim


def test_markers_have_y_up_and_z_right(opensim, analysis):
    lines = (opensim / "markers.trc").read_text(encoding="ascii").splitlines()
    assert lines[2].split("\t")[2:5] == ["1000", str(len(analysis.motion.point_names)), "mm"]
    names = [name for name in lines[3].split("\t")[2:] if name]
    assert tuple(names) == analysis.motion.point_names
    first = lines[6].split("\t")
    ankle = 2 + 3 * names.index("right_ankle")
    x, y, z = (float(cell) / 1e3 for cell in first[ankle : ankle + 3])
    np.testing.assert_allclose([x, -z, y], analysis.motion.point("right_ankle")[0], atol=1e-6)
    assert z > 0.0
    knee = 2 + 3 * names.index("left_knee")
    assert lines[6 + 110].split("\t")[knee : knee + 3] == ["", "", ""]


def test_coordinates_hold_the_angles_in_degrees_under_a_whole_header(opensim, analysis):
    lines = (opensim / "coordinates.mot").read_text(encoding="ascii").splitlines()
    head = lines[: lines.index("endheader")]
    assert "inDegrees=yes" in head
    table = np.loadtxt(lines[lines.index("endheader") + 2 :])
    names = lines[lines.index("endheader") + 1].split("\t")
    assert f"nRows={len(table)}" in head
    assert f"nColumns={len(names)}" in head
    np.testing.assert_allclose(
        table[:, names.index("knee_angle_r")], analysis.joint_angles.angle("knee_flexion_right_deg"), atol=1e-6
    )
    assert "hip_adduction_r" not in names


def test_orientations_are_unit_quaternions_of_the_measured_segments(opensim, analysis):
    lines = (opensim / "orientations.sto").read_text(encoding="ascii").splitlines()
    assert "DataType=Quaternion" in lines
    names = lines[lines.index("endheader") + 1].split("\t")[1:]
    assert len(names) == sum(analysis.motion.measured.any(axis=0))
    row = lines[lines.index("endheader") + 2].split("\t")[1:]
    first = np.array([[float(part) for part in cell.split(",")] for cell in row])
    np.testing.assert_allclose(np.linalg.norm(first, axis=1), 1.0, atol=1e-6)
    # A turn about the leftward axis is one about -z of OpenSim.
    thigh = analysis.motion.world_from_segment[0, SEGMENTS.index("left_thigh")]
    w, x, y, z = first[names.index("femur_l_imu")]
    np.testing.assert_allclose([w, x, -z, y], thigh * np.sign(thigh[0] * w), atol=1e-6)


@pytest.fixture(scope="module")
def bids(analysis, tmp_path_factory):
    bids = tmp_path_factory.mktemp("bids") / "x"
    MotionBids().write(analysis, bids)
    return bids


def test_every_path_is_one_that_the_published_schema_knows(bids):
    from bidsschematools.validator import validate_bids

    told = validate_bids(str(bids), report_path=False)
    assert told["path_tracking"] == []
    assert len(told["match_listing"]) >= 9


def test_the_motion_table_has_no_header_and_a_column_for_each_channel(bids, analysis):
    (motion,) = bids.rglob("*_motion.tsv")
    (channels,) = bids.rglob("*_channels.tsv")
    with channels.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    table = np.genfromtxt(motion, delimiter="\t", missing_values="n/a", filling_values=np.nan)
    assert table.shape == (len(analysis.motion.time_s), len(rows))
    assert list(rows[0])[:5] == ["name", "component", "type", "tracked_point", "units"]
    column = [row["name"] for row in rows].index("left_knee_x")
    np.testing.assert_allclose(table[:, column], analysis.motion.point("left_knee")[:, 0], atol=1e-4, rtol=1e-5)
    assert {row["type"] for row in rows} <= {"POS", "ORNT", "JNTANG"}
    assert len({row["name"] for row in rows}) == len(rows)


def test_the_sidecar_says_what_the_standard_requires(bids, analysis):
    (sidecar,) = bids.rglob("*_motion.json")
    told = json.loads(sidecar.read_text(encoding="utf-8"))
    assert told["SamplingFrequency"] == pytest.approx(100.0)
    assert {"TaskName", "TrackingSystemName", "MotionChannelCount"} <= set(told)
    assert told["POSChannelCount"] == 3 * len(analysis.motion.point_names)
    description = json.loads((bids / "dataset_description.json").read_text(encoding="utf-8"))
    assert {"Name", "BIDSVersion"} <= set(description)


def test_events_start_at_the_first_sample(bids, analysis):
    (file,) = bids.rglob("*_events.tsv")
    with file.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    assert len(rows) == len(analysis.events.time_s)
    onset = float(rows[0]["onset"])
    assert onset == pytest.approx(analysis.events.time_s[0] - analysis.motion.time_s[0], abs=1e-4)


@pytest.fixture(scope="module")
def bundle(analysis, tmp_path_factory):
    folder = tmp_path_factory.mktemp("fhir") / "x"
    Fhir().write(analysis, folder)
    return json.loads((folder / "observations.fhir.json").read_text(encoding="utf-8"))


def test_the_published_model_of_r4_accepts_the_bundle(bundle):
    from fhir.resources.R4B.bundle import Bundle

    bundle = Bundle.model_validate(bundle)
    assert bundle.type == "collection"
    assert {entry.resource.get_resource_type() for entry in bundle.entry} == {"Patient", "Device", "Observation"}


def test_each_observation_has_a_value_with_its_interval_or_says_why_not(bundle, analysis):
    found = [e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Observation"]
    assert len(found) == len(analysis.parameters.items)
    for item, seen in zip(analysis.parameters.items, found, strict=True):
        assert "coding" not in seen["code"]
        assert seen["status"] == "preliminary"
        if item.estimate.is_assessable:
            assert seen["valueQuantity"]["value"] == pytest.approx(item.estimate.value, rel=1e-5)
            assert seen["valueQuantity"]["code"] == UCUM_OF[item.estimate.unit]
            assert [part["code"]["text"][-4:] for part in seen["component"]] == [" low", "high"]
        else:
            assert "valueQuantity" not in seen
            assert seen["dataAbsentReason"]["text"] == item.estimate.reason


def test_every_unit_of_the_data_dictionary_has_a_ucum_code():
    assert {entry.unit for entry in (*PARAMETERS, *KEY_ANGLES)} <= set(UCUM_OF)


def test_nothing_about_the_person_leaves_but_the_pseudonym_and_the_sex(bundle):
    (patient,) = [e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Patient"]
    assert set(patient) <= {"resourceType", "identifier", "gender"}


def test_matlab_reads_points_angles_events_and_reasons(analysis, tmp_path):
    from scipy.io import loadmat

    Matlab().write(analysis, tmp_path / "x")
    read = loadmat(tmp_path / "x" / "walk.mat", squeeze_me=True, struct_as_record=False)["tandem"]
    np.testing.assert_array_equal(read.points_m.left_knee, analysis.motion.point("left_knee"))
    np.testing.assert_array_equal(
        read.angles_deg.knee_flexion_left, analysis.joint_angles.angle("knee_flexion_left_deg")
    )
    assert list(read.events.side) == analysis.events.side.tolist()
    values = np.array([item.estimate.value for item in analysis.parameters.items])
    np.testing.assert_array_equal(read.parameters.value, values)
    assert read.parameters.reason[3] == "the sensor fell off"


def test_xdf_is_read_by_pyxdf(analysis, tmp_path):
    import pyxdf

    Xdf().write(analysis, tmp_path / "x")
    streams, _ = pyxdf.load_xdf(str(tmp_path / "x" / "walk.xdf"), dejitter_timestamps=False)
    named = {stream["info"]["name"][0]: stream for stream in streams}
    assert set(named) == {"tandem_points", "tandem_angles", "tandem_events"}
    np.testing.assert_allclose(named["tandem_points"]["time_stamps"], analysis.motion.time_s)
    np.testing.assert_allclose(named["tandem_angles"]["time_series"], analysis.joint_angles.angle_deg)
    assert len(named["tandem_events"]["time_series"]) == len(analysis.events.time_s)


def test_excel_keeps_numbers_as_numbers_and_text_as_text(analysis, tmp_path):
    import openpyxl

    risky = replace(analysis, recording=replace(analysis.recording, identifier="=1+1"))
    Excel().write(risky, tmp_path / "x")
    book = openpyxl.load_workbook(tmp_path / "x" / "walk.xlsx")
    assert set(book.sheetnames) >= {"parameters", "strides", "events", "bouts", "turns"}
    rows = list(book["parameters"].values)
    assert rows[1][0] == "'=1+1"
    value = rows[0].index("value")
    assert rows[1][value] == pytest.approx(analysis.parameters.items[0].estimate.value)
    assert rows[4][value] is None
    assert rows[4][rows[0].index("reason")] == "the sensor fell off"


def test_tidy_tables_of_two_recordings_can_be_put_below_each_other(analysis, tmp_path):
    import pandas as pd

    TidyCsv().write(analysis, tmp_path / "x")
    parameters = pd.read_csv(tmp_path / "x" / "tidy_parameters.csv")
    assert set(parameters["recording"]) == {analysis.recording.identifier}
    assert len(parameters) == len(analysis.parameters.items)
    curves = pd.read_csv(tmp_path / "x" / "tidy_curves.csv")
    knee = curves[(curves["name"] == "knee_flexion_left_deg") & (curves["stride"] == 1)]
    np.testing.assert_allclose(knee["value_deg"], analysis.joint_angles.cycles_deg["knee_flexion_left_deg"][0])


def test_each_export_says_where_it_comes_from(analysis, tmp_path):
    Matlab().write(analysis, tmp_path / "x")
    told = json.loads((tmp_path / "x" / "provenance_matlab.json").read_text(encoding="utf-8"))
    assert {"written_by", "input_sha256", "configuration_sha256", "files_sha256", "numpy"} <= set(told)
    assert set(told["files_sha256"]) == {"walk.mat"}


def test_uneven_times_are_refused_where_the_format_has_only_a_rate(analysis, tmp_path):
    time_s = analysis.motion.time_s.copy()
    time_s[500:] += 0.5
    uneven = replace(analysis, motion=replace(analysis.motion, time_s=time_s))
    with pytest.raises(SignalError, match="uneven"):
        C3d().write(uneven, tmp_path / "x")
    assert not (tmp_path / "x").exists()
    with pytest.raises(SignalError, match="two samples"):
        rate_hz(np.array([1.0]))


def test_a_missing_library_is_named_with_its_cure():
    with pytest.raises(MissingLibrary, match=r"tandem-gait\[export\]"):
        require("no_such_library_here")
