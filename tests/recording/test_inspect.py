from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fusion.errors import SignalError
from fusion.recording.clean import clean, clean_imu, clean_keypoints
from fusion.recording.folder import save_recording
from fusion.recording.inspect import Problem, describe, inspect, inspect_folder
from fusion.types import Camera, ImuSamples, Keypoints, Recording, Subject
from tests.recording.make_recording import G, make_imu, make_recording

TALL = Subject(height_m=1.7)
LEGS = ("left_hip", "left_knee", "left_ankle")


def inspect_imu(imu):
    return inspect(Recording(subject=TALL, imus=(imu,)))


def texts(found):
    return [str(problem) for problem in found.problems]


def keep_rows(imu, rows):
    arrival = None if imu.arrival_s is None else imu.arrival_s[rows]
    return replace(
        imu,
        time_s=imu.time_s[rows],
        accel_mps2=imu.accel_mps2[rows],
        gyro_radps=imu.gyro_radps[rows],
        arrival_s=arrival,
    )


def make_keypoints(seconds=12.0, rate_hz=30.0, space="camera_m"):
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    shape = (len(time_s), 3, 3 if space == "camera_m" else 2)
    position = np.random.default_rng(0).normal(size=shape)
    return Keypoints("front", time_s, LEGS, position, np.ones(shape[:2]), space)


@pytest.mark.parametrize("arrival", [False, True])
def test_a_good_stream_has_no_problem_and_is_not_changed(arrival):
    imu = make_imu(arrival=arrival, accel_range_mps2=16 * G, gyro_range_radps=35.0)
    found = inspect_imu(imu)
    assert found.problems == ()
    stream = found.streams[0]
    assert (stream.samples, stream.gaps, stream.duplicates, stream.clock_jumps) == (1200, (), 0, 0)
    assert stream.rate_measured_hz == pytest.approx(100.0)
    assert stream.duration_s == pytest.approx(11.99)
    assert stream.saturated_fraction == 0.0
    assert "No problems found." in describe(found)
    cleaned = clean_imu(imu)
    np.testing.assert_array_equal(cleaned.time_s, imu.time_s)
    np.testing.assert_array_equal(cleaned.gyro_radps, imu.gyro_radps)


def test_a_gap_is_told_with_its_place_and_cure():
    imu = make_imu(seconds=20.0)
    found = inspect_imu(keep_rows(imu, (imu.time_s < 14.1) | (imu.time_s > 17.29)))
    assert found.streams[0].gaps == ((pytest.approx(14.09), pytest.approx(3.21)),)
    assert texts(found) == [
        "Stream 'left_shank' has a 3.2 s gap at 14.1 s; angles there are not assessable. "
        "Check the battery or move the receiver."
    ]


def test_a_burst_of_nan_is_a_gap_and_counts():
    imu = make_imu()
    imu.gyro_radps[300:400, 1] = np.nan
    stream = inspect_imu(imu).streams[0]
    assert stream.gaps == ((pytest.approx(2.99), pytest.approx(1.01)),)
    assert stream.nan_fraction == pytest.approx(100 / 7200)
    assert np.isnan(clean_imu(imu).gyro_radps[300:400]).all()
    assert np.isfinite(clean_imu(imu).accel_mps2).all()


def test_many_gaps_are_summed_up_and_scattered_losses_are_a_share():
    imu = make_imu(seconds=30.0)
    rows = np.ones(len(imu.time_s), dtype=bool)
    for start in range(100, 2900, 400):
        rows[start : start + 30] = False
    found = texts(inspect_imu(keep_rows(imu, rows)))
    assert len(found) == 4
    assert "4 further gaps, 1.2 s in all" in found[-1]
    every_tenth = np.arange(len(imu.time_s)) % 10 != 0
    assert "lost 10 % of its samples" in texts(inspect_imu(keep_rows(imu, every_tenth)))[0]


def test_an_empty_stream_and_no_stream_are_not_usable():
    empty = keep_rows(make_imu(arrival=True), slice(0, 0))
    found = inspect_imu(empty)
    assert found.problems[0].severity == "not usable"
    assert "is empty" in str(found.problems[0])
    assert not found.is_usable
    assert len(clean_imu(empty).time_s) == 0
    nothing = inspect(Recording())
    assert "holds no stream" in describe(nothing)
    assert not nothing.is_usable


def test_a_stream_of_one_sample_or_of_nan_is_not_usable():
    assert "only 1 samples" in texts(inspect_imu(keep_rows(make_imu(), slice(0, 1))))[0]
    imu = make_imu()
    imu.accel_mps2[:] = np.nan
    imu.gyro_radps[:] = np.nan
    assert "holds no number" in texts(inspect_imu(imu))[0]


def test_packets_that_come_twice_are_dropped():
    imu = make_imu()
    doubled = keep_rows(imu, np.sort(np.concatenate([np.arange(1200), [5, 6, 7, 900]])))
    found = inspect_imu(doubled)
    assert found.streams[0].duplicates == 4
    assert "repeats 4 samples" in texts(found)[0]
    np.testing.assert_array_equal(clean_imu(doubled).accel_mps2, imu.accel_mps2)


def test_a_packet_sent_again_later_is_a_copy_and_no_clock_jump():
    imu = make_imu()
    late = keep_rows(imu, np.concatenate([np.arange(500), np.arange(470, 480), np.arange(500, 1200)]))
    stream = inspect_imu(late).streams[0]
    assert (stream.duplicates, stream.clock_jumps) == (10, 0)
    np.testing.assert_array_equal(clean_imu(late).time_s, imu.time_s)


@pytest.mark.parametrize("arrival", [False, True])
def test_late_packets_are_sorted_in(arrival):
    imu = make_imu(arrival=arrival)
    order = np.arange(1200)
    order[600:620] = np.concatenate([np.arange(610, 620), np.arange(600, 610)])
    mixed = keep_rows(imu, order)
    found = inspect_imu(mixed)
    assert (found.streams[0].non_monotonic, found.streams[0].clock_jumps) == (1, 0)
    assert "steps back in time" in texts(found)[0]
    np.testing.assert_array_equal(clean_imu(mixed).accel_mps2, imu.accel_mps2)


@pytest.mark.parametrize("jump_s", [-400.0, -5.0, -0.4, -0.05, 100.0])
def test_without_arrival_only_the_longest_piece_around_a_clock_jump_is_kept(jump_s):
    imu = make_imu(seconds=20.0)
    time_s = imu.time_s + np.where(np.arange(2000) >= 1500, jump_s, 0.0)
    jumped = replace(imu, time_s=time_s)
    found = inspect_imu(jumped)
    assert found.streams[0].clock_jumps == 1
    assert "the clock of stream 'left_shank' jumps" in texts(found)[0].lower()
    np.testing.assert_array_equal(clean_imu(jumped).time_s, imu.time_s[:1500])


@pytest.mark.parametrize("jump_s", [-400.0, -5.0, -0.8, 0.8, 30.0, 100.0])
def test_with_arrival_the_pieces_are_put_where_they_arrived(jump_s):
    imu = make_imu(seconds=20.0, arrival=True)
    time_s = imu.time_s + np.where(np.arange(2000) >= 500, jump_s, 0.0)
    jumped = replace(imu, time_s=time_s)
    assert inspect_imu(jumped).streams[0].clock_jumps == 1
    cleaned = clean_imu(jumped)
    assert len(cleaned.time_s) >= 1998
    np.testing.assert_allclose(np.median(np.diff(cleaned.time_s)), 0.01)
    assert cleaned.time_s[-1] - cleaned.time_s[0] == pytest.approx(19.99, abs=0.005)
    assert cleaned.time_s[-1] == pytest.approx(19.99 + jump_s)


def test_a_radio_that_stalls_and_catches_up_is_no_clock_jump():
    imu = make_imu(seconds=20.0, arrival=True)
    arrival = imu.arrival_s.copy()
    arrival[700:950] = np.maximum(arrival[700:950], arrival[950] - 0.3)
    stalled = replace(imu, arrival_s=arrival)
    assert inspect_imu(stalled).streams[0].clock_jumps == 0
    np.testing.assert_array_equal(clean_imu(stalled).time_s, imu.time_s)


def test_a_single_impossible_time_costs_one_sample():
    imu = make_imu()
    imu.time_s[600] = 1e7
    imu.time_s[700] = np.nan
    found = inspect_imu(imu)
    assert (found.streams[0].stray_times, found.streams[0].clock_jumps) == (2, 0)
    assert len(clean_imu(imu).time_s) == 1198


def test_saturated_samples_become_missing():
    imu = make_imu(accel_range_mps2=10.5, gyro_range_radps=35.0)
    np.clip(imu.accel_mps2, -10.5, 10.5, out=imu.accel_mps2)
    found = inspect_imu(imu)
    at_limit = (imu.accel_mps2 >= 0.999 * 10.5).any(axis=1)
    assert at_limit.any()
    assert found.streams[0].saturated_fraction == pytest.approx(at_limit.mean())
    assert "is saturated" in texts(found)[0]
    cleaned = clean_imu(imu)
    np.testing.assert_array_equal(np.isnan(cleaned.accel_mps2).all(axis=1), at_limit)
    assert np.isfinite(cleaned.gyro_radps).all()


@pytest.mark.parametrize(
    ("accel_scale", "gyro_scale", "sentence"),
    [(1 / G, 1.0, "looks like g;"), (1000 / G, 1.0, "milli-g"), (1.0, 57.3, "deg/s"), (5.0, 1.0, "its scale")],
)
def test_values_in_other_units_are_noticed(accel_scale, gyro_scale, sentence):
    imu = make_imu()
    imu = replace(imu, accel_mps2=imu.accel_mps2 * accel_scale, gyro_radps=imu.gyro_radps * gyro_scale)
    found = inspect_imu(imu)
    assert sentence in texts(found)[0]
    assert not found.is_usable


def test_a_wrong_rate_a_frozen_sensor_and_a_wrong_height_are_noticed():
    assert "declares 50.0 Hz but delivers 100.0 Hz" in texts(inspect_imu(replace(make_imu(), rate_hz=50.0)))[0]
    imu = make_imu()
    imu.accel_mps2[200:300], imu.gyro_radps[200:300] = imu.accel_mps2[200], imu.gyro_radps[200]
    assert "repeats the same values for 1.0 s" in texts(inspect_imu(imu))[0]
    cm = inspect(Recording(subject=Subject(height_m=170.0), imus=(make_imu(),)))
    assert "height is 170 m" in texts(cm)[0]
    assert not cm.is_usable
    assert "height is not given" in texts(inspect(Recording(imus=(make_imu(),))))[0]


def test_a_short_stream_and_a_two_second_recording_are_told():
    pair = (make_imu(seconds=20.0), make_imu("pelvis", seconds=3.0))
    assert "'pelvis' covers 3.0 s of 20.0 s" in texts(inspect(Recording(subject=TALL, imus=pair)))[0]
    walk = Recording(subject=TALL, imus=(make_imu(seconds=20.0),), keypoints=(make_keypoints(9.0),))
    assert inspect(walk).problems == ()
    glimpse = replace(walk, keypoints=(make_keypoints(3.0),))
    assert "'front' covers 3.0 s of 20.0 s. Let the whole body" in texts(inspect(glimpse))[0]
    assert "lasts only 2.0 s" in texts(inspect_imu(make_imu(seconds=2.0)))[0]


def test_a_camera_without_the_subject_is_told():
    cameras = (Camera("front", rate_hz=30.0),)
    points = make_keypoints()
    good = Recording(subject=TALL, keypoints=(points,), cameras=cameras)
    assert inspect(good).problems == ()
    points.confidence[:] = 0.1
    assert "sees a leg in 0 %" in texts(inspect(good))[0]
    assert not inspect(good).is_usable
    points.position[:] = np.nan
    assert "holds no number" in texts(inspect(good))[0]
    half = make_keypoints()
    half.confidence[: int(0.7 * len(half.time_s))] = 0.0
    found = inspect(replace(good, keypoints=(half,)))
    assert "sees a leg in 30 %" in texts(found)[0]
    assert found.problems[0].severity == "limited"


def test_hidden_points_are_no_gap_but_empty_frames_are():
    points = make_keypoints()
    points.position[:, 0] = np.nan
    points.position[100:130] = np.nan
    found = inspect(Recording(subject=TALL, keypoints=(points,)))
    assert len(found.streams[0].gaps) == 1
    assert "1.0 s gap at 3.3 s" in texts(found)[0]


def test_an_uncalibrated_camera_in_pixels_is_a_note():
    found = inspect(Recording(subject=TALL, keypoints=(make_keypoints(space="image_px"),)))
    assert [problem.severity for problem in found.problems] == ["note"]
    assert "'front' is not calibrated" in str(found.problems[0])


def test_keypoints_are_ordered_and_missing_points_are_missing_in_all_axes():
    points = make_keypoints()
    points.position[10, 1, 0] = np.inf
    points.confidence[10, 1] = np.nan
    points.confidence[11, 0] = 1.5
    order = np.concatenate([[1, 0], np.arange(2, len(points.time_s)), [50]])
    mixed = replace(
        points,
        time_s=points.time_s[order],
        position=points.position[order],
        confidence=points.confidence[order],
    )
    cleaned = clean_keypoints(mixed)
    np.testing.assert_array_equal(cleaned.time_s, points.time_s)
    assert np.isnan(cleaned.position[10, 1]).all()
    assert cleaned.confidence[10, 1] == 0.0
    assert cleaned.confidence[11, 0] == 1.0
    assert np.isfinite(cleaned.position[11]).all()


def test_a_whole_recording_is_cleaned_and_its_inspection_reads_well():
    recording = make_recording()
    cleaned = clean(recording)
    assert [imu.segment for imu in cleaned.imus] == ["left_shank", "pelvis"]
    text = describe(inspect(recording))
    assert "left_shank  imu           1200   100.0 Hz    12.0 s     0    0.0 %" in text
    assert text.endswith("\n")


def test_the_files_of_a_recording_are_inspected_too(tmp_path):
    folder = save_recording(make_recording(), tmp_path / "walk")
    whole = inspect_folder(folder)
    file = folder / "streams.xdf"
    file.write_bytes(file.read_bytes()[:-10])
    cut = inspect_folder(folder)
    assert len(cut.problems) == len(whole.problems) + 1
    assert any("was not closed" in text for text in texts(cut))


def test_a_problem_needs_a_known_severity():
    with pytest.raises(SignalError, match="severity"):
        Problem("", "bad", "what", "cure")


@st.composite
def broken_streams(draw):
    """A stream whose rows were thrown about, with odd times and values."""
    count = draw(st.integers(0, 40))
    rows = np.array(draw(st.lists(st.integers(0, max(count - 1, 0)), max_size=60 if count else 0)), dtype=int)
    imu = keep_rows(make_imu(seconds=0.4, arrival=draw(st.booleans())), rows)
    shift_s = draw(arrays(float, len(rows), elements=st.sampled_from([0.0] * 6 + [np.nan, 1e6, -3.0, 0.01])))
    values = draw(arrays(float, (len(rows), 3), elements=st.sampled_from([0.0, 1.0, np.nan, np.inf, 20.0])))
    return replace(imu, time_s=imu.time_s + shift_s, accel_mps2=values, accel_range_mps2=20.0)


@settings(max_examples=150, deadline=None)
@given(imu=broken_streams())
def test_whatever_comes_in_times_strictly_increase_and_nothing_is_invented(imu):
    cleaned = clean_imu(imu)
    assert (np.diff(cleaned.time_s) > 0).all()
    assert len(cleaned.time_s) <= len(imu.time_s)
    known = {tuple(row) for row in imu.gyro_radps.tolist()}
    assert all(tuple(row) in known for row in cleaned.gyro_radps.tolist())
    assert not (np.abs(cleaned.accel_mps2) >= 19.99).any()
    found = inspect_imu(imu)
    assert describe(found)
    if imu.arrival_s is None:
        again: ImuSamples = clean_imu(cleaned)
        np.testing.assert_array_equal(again.time_s, cleaned.time_s)
