import math

import numpy as np
import pytest

from fusion.errors import FormatError, SignalError, StorageError, UsageError
from fusion.recording.tidy_csv import read_tidy_csv, write_tidy_csv
from fusion.types import Recording
from tests.recording.make_recording import G, make_imu, make_recording, same_bits

IMU = """time_s,segment,accel_x_g,accel_y_g,accel_z_g,gyro_x_dps,gyro_y_dps,gyro_z_dps
0.00,pelvis,0,0,1,0,90,0
0.01,pelvis,0,,1,0,180,0

0.00,left_shank,1,0,0,0,0,0
0.01,left_shank,1,0,0,0,0,0
"""

POINTS = """time_s,camera,point,u_px,v_px,confidence
0.0,side,left_knee,10,20,0.9
0.0,side,left_hip,11,21,0.8
0.1,side,left_hip,12,22,0.7
"""


def test_units_are_converted_by_the_names_of_the_columns(tmp_path):
    (tmp_path / "walk.csv").write_text(IMU)
    recording = read_tidy_csv(tmp_path / "walk.csv")
    assert recording.identifier == "walk"
    pelvis = recording.imu("pelvis")
    assert pelvis.rate_hz == pytest.approx(100.0)
    assert pelvis.accel_mps2[0].tolist() == [0.0, 0.0, G]
    assert np.isnan(pelvis.accel_mps2[1, 1])
    np.testing.assert_allclose(pelvis.gyro_radps[:, 1], [math.pi / 2, math.pi])
    assert recording.imu("left_shank").accel_mps2[0, 0] == G


def test_points_without_a_row_are_missing_in_their_frame(tmp_path):
    (tmp_path / "keypoints.csv").write_text(POINTS)
    points = read_tidy_csv(tmp_path / "keypoints.csv").keypoints[0]
    assert (points.camera, points.space, points.names) == ("side", "image_px", ("left_knee", "left_hip"))
    assert points.time_s.tolist() == [0.0, 0.1]
    assert points.position[1, 1].tolist() == [12.0, 22.0]
    assert np.isnan(points.position[1, 0]).all()
    assert points.confidence.tolist() == [[0.9, 0.8], [0.0, 0.7]]


def test_a_folder_with_subject_and_cameras_is_one_recording(tmp_path):
    (tmp_path / "imu.csv").write_text("\ufeff" + IMU, encoding="utf-8")
    (tmp_path / "keypoints.csv").write_text(POINTS)
    (tmp_path / "subject.csv").write_text("identifier,height_m,sex\np7,1.82,male\n")
    (tmp_path / "cameras.json").write_text('[{"name": "side", "rate_hz": 10}]')
    recording = read_tidy_csv(tmp_path)
    assert len(recording.imus) == 2
    assert (recording.subject.identifier, recording.subject.height_m) == ("p7", 1.82)
    assert recording.camera("side").rate_hz == 10.0


def test_what_is_written_is_read_back_exactly(tmp_path):
    recording = make_recording(1.0)
    found = read_tidy_csv(write_tidy_csv(recording, tmp_path / "walk"))
    for mine, other in zip(found.imus, recording.imus, strict=True):
        assert same_bits(mine.time_s, other.time_s)
        assert same_bits(mine.gyro_radps, other.gyro_radps)
        assert (mine.arrival_s is None) == (other.arrival_s is None)
    assert same_bits(found.keypoints[0].position, recording.keypoints[0].position)
    assert found.subject.height_m == recording.subject.height_m
    assert same_bits(found.cameras[0].size_px, recording.cameras[0].size_px)
    with pytest.raises(UsageError, match="not an empty folder"):
        write_tidy_csv(recording, tmp_path / "walk")


def test_semicolons_with_decimal_commas_are_read(tmp_path):
    (tmp_path / "imu.csv").write_text(IMU.replace(",", ";").replace("0.01", "0,01"))
    assert read_tidy_csv(tmp_path).imu("pelvis").time_s.tolist() == [0.0, 0.01]


BROKEN = {
    "text": (IMU.replace("180", "fast"), r"imu\.csv, line 3, column 'gyro_y_dps' must be a number; got 'fast'"),
    "short row": (IMU + "0.02,pelvis,1\n", "line 7 must have 8 cells; got 3"),
    "no time": (IMU.replace("time_s", "time"), "must have a column 'time_s'"),
    "no axis": (IMU.replace("accel_y_g", "accel_q"), "must have a column 'accel_y_g'"),
    "no gyro": (IMU.replace("gyro", "rate"), "must have one of the columns gyro_x_radps, gyro_x_dps"),
    "column twice": (IMU.replace("accel_y_g", "accel_x_g"), "a column occurs twice"),
    "empty file": ("", "must have a column"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_wrong_is_pointed_to_with_file_line_and_column(tmp_path, name):
    text, message = BROKEN[name]
    (tmp_path / "imu.csv").write_text(text)
    with pytest.raises(FormatError, match=message):
        read_tidy_csv(tmp_path)


def test_other_faults_are_told_too(tmp_path):
    with pytest.raises(FormatError, match="it has neither"):
        read_tidy_csv(tmp_path)
    with pytest.raises(StorageError, match="cannot read"):
        read_tidy_csv(tmp_path / "nowhere.csv")
    file = tmp_path / "keypoints.csv"
    file.write_text(POINTS + "0.1,side,left_hip,1,1,1\n")
    with pytest.raises(FormatError, match="line 5 repeats a point"):
        read_tidy_csv(tmp_path)
    file.write_text(POINTS + ",side,left_hip,1,1,1\n")
    with pytest.raises(FormatError, match="line 5 has no time"):
        read_tidy_csv(tmp_path)
    file.write_text(POINTS.replace("left_hip", "tail"))
    with pytest.raises(SignalError, match="tail"):
        read_tidy_csv(tmp_path)
    file.write_bytes(b"time_s\n\xff\xfe\n")
    with pytest.raises(FormatError, match="UTF-8"):
        read_tidy_csv(tmp_path)
    file.write_text(POINTS)
    (tmp_path / "subject.json").write_text('{"height_m": "tall"}')
    with pytest.raises(FormatError, match=r"subject\.json, height_m must be a number.*'tall'"):
        read_tidy_csv(tmp_path)


def test_pixels_and_metres_do_not_go_into_one_file(tmp_path):
    data = {"time_s": [0.0], "names": ("pelvis",)}
    mixed = Recording.from_arrays(
        keypoints={
            "a": {**data, "position": np.ones((1, 1, 2))},
            "b": {**data, "position": np.ones((1, 1, 3))},
        }
    )
    with pytest.raises(UsageError, match="pixels or metres"):
        write_tidy_csv(mixed, tmp_path / "walk")
    assert list(tmp_path.iterdir()) == []
    assert read_tidy_csv(write_tidy_csv(Recording(imus=(make_imu(),)), tmp_path / "w")).keypoints == ()
