import json
from dataclasses import fields, replace

import numpy as np
import pytest
import pyxdf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fusion.errors import FormatError, StorageError, UsageError
from fusion.recording.folder import RecordingWriter, load_recording, read_folder, save_declaration, save_recording
from fusion.recording.xdf import XdfWriter, read_xdf
from fusion.types import POINTS, SEGMENTS, Camera, ImuSamples, Keypoints, Recording, Subject
from tests.recording.make_recording import make_imu, make_recording, same_bits
from tests.recording.test_xdf import disk_that_is_full_at

ANY_FLOAT = st.floats(width=64)
PLAIN_FLOAT = ANY_FLOAT.map(lambda value: np.nan if np.isnan(value) else value)  # JSON has one kind of NaN
COUNT = st.integers(0, 5)


def same(one, other):
    """True when two data classes agree in every bit."""
    if isinstance(one, np.ndarray):
        return isinstance(other, np.ndarray) and same_bits(one, other)
    if isinstance(one, float):
        return repr(one) == repr(other)
    if isinstance(one, tuple):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    if hasattr(one, "__dataclass_fields__"):
        names = [spec.name for spec in fields(one)]
        return type(one) is type(other) and all(same(getattr(one, n), getattr(other, n)) for n in names)
    return one == other


@st.composite
def imu_streams(draw, segment):
    count = draw(COUNT)
    numbers = {name: draw(ANY_FLOAT) for name in ("accel_range_mps2", "gyro_range_radps")}
    return ImuSamples(
        segment,
        draw(arrays(float, count, elements=ANY_FLOAT)),
        draw(arrays(float, (count, 3), elements=ANY_FLOAT)),
        draw(arrays(float, (count, 3), elements=ANY_FLOAT)),
        draw(st.floats(0.1, 5000)),
        draw(st.none() | arrays(float, count, elements=ANY_FLOAT)),
        device=draw(st.text(max_size=5)),
        mounting=draw(st.text(max_size=5)),
        **numbers,
    )


@st.composite
def keypoint_streams(draw, camera):
    count, space = draw(COUNT), draw(st.sampled_from(["image_px", "camera_m"]))
    names = tuple(draw(st.lists(st.sampled_from(POINTS), unique=True, max_size=4)))
    shape = (count, len(names), 2 if space == "image_px" else 3)
    return Keypoints(
        camera,
        draw(arrays(float, count, elements=ANY_FLOAT)),
        names,
        draw(arrays(float, shape, elements=ANY_FLOAT)),
        draw(arrays(float, shape[:2], elements=ANY_FLOAT)),
        space,
    )


@st.composite
def recordings(draw):
    segments = draw(st.lists(st.sampled_from(SEGMENTS), unique=True, max_size=3))
    names = draw(st.lists(st.text(max_size=4), unique=True, max_size=3))
    return Recording(
        subject=Subject(draw(st.text(max_size=5)), draw(ANY_FLOAT), height_m=draw(ANY_FLOAT)),
        imus=tuple(draw(imu_streams(segment)) for segment in segments),
        keypoints=tuple(draw(keypoint_streams(name)) for name in names),
        cameras=tuple(Camera(name, position_m=draw(arrays(float, 3, elements=PLAIN_FLOAT))) for name in names),
        identifier=draw(st.text(max_size=5)),
        belt_speed_mps=draw(ANY_FLOAT),
        standing_s=(draw(ANY_FLOAT), draw(ANY_FLOAT)),
        software_version=draw(st.text(max_size=5)),
    )


@settings(max_examples=30, deadline=None)
@given(recording=recordings())
def test_what_is_loaded_is_what_was_saved_bit_for_bit(tmp_path_factory, recording):
    folder = save_recording(recording, tmp_path_factory.mktemp("r") / "walk")
    stored = read_folder(folder)
    assert same(stored.recording, recording)
    assert not stored.is_cut
    assert not stored.missing_streams
    assert not stored.ignored_streams


def test_the_folder_and_both_files_in_it_load_the_same(tmp_path):
    recording = make_recording()
    folder = save_recording(recording, tmp_path / "deep" / "walk")
    for path in (folder, folder / "recording.json", folder / "streams.xdf", str(folder)):
        assert same(load_recording(path), recording)
    assert sorted(item.name for item in (tmp_path / "deep").iterdir()) == ["walk"]


def test_pyxdf_finds_units_raw_times_and_arrival_times(tmp_path):
    recording = make_recording()
    folder = save_recording(recording, tmp_path / "walk")
    streams, _ = pyxdf.load_xdf(folder / "streams.xdf", synchronize_clocks=False, dejitter_timestamps=False)
    imu = recording.imus[0]
    assert same_bits(streams[0]["time_stamps"], imu.time_s)
    assert same_bits(np.ascontiguousarray(streams[0]["time_series"][:, 6]), imu.arrival_s)
    channels = streams[0]["info"]["desc"][0]["channels"][0]["channel"]
    assert [channel["label"][0] for channel in channels][:2] == ["accel_x_mps2", "accel_y_mps2"]


def test_a_long_recording_of_seven_wearables_keeps_every_sample(tmp_path):
    imus = tuple(make_imu(segment, 60.0, 200.0, seed) for seed, segment in enumerate(SEGMENTS[1:]))
    recording = Recording(imus=imus)
    assert same(load_recording(save_recording(recording, tmp_path / "walk")), recording)


def test_a_folder_that_exists_is_kept_unless_overwriting_is_asked_for(tmp_path):
    first, second = make_recording(seed=1), make_recording(seed=2)
    folder = save_recording(first, tmp_path / "walk")
    (folder / "camera_front.mkv").write_bytes(b"film")
    with pytest.raises(UsageError, match="not overwritten"):
        save_recording(second, folder)
    assert same(load_recording(folder), first)
    save_recording(second, folder, overwrite=True)
    assert same(load_recording(folder), second)
    assert (folder / "camera_front.mkv").read_bytes() == b"film"
    with pytest.raises(UsageError, match="is a file"):
        save_recording(first, folder / "camera_front.mkv", overwrite=True)


def test_a_full_disk_leaves_the_old_recording_and_nothing_else(tmp_path):
    first = make_recording(seed=1)
    folder = save_recording(first, tmp_path / "walk")
    with disk_that_is_full_at(20_000), pytest.raises(StorageError, match="free some space"):
        save_recording(make_recording(seed=2), folder, overwrite=True)
    with disk_that_is_full_at(20_000), pytest.raises(StorageError):
        save_recording(first, tmp_path / "other")
    assert same(load_recording(folder), first)
    assert [item.name for item in tmp_path.iterdir()] == ["walk"]


def write_live(folder):
    recording = make_recording(2.0)
    with RecordingWriter.open(folder, recording) as writer:
        for part in (slice(0, 50), slice(50, 150)):
            for imu in recording.imus:
                arrival = None if imu.arrival_s is None else imu.arrival_s[part]
                writer.write_imu(imu.segment, imu.time_s[part], imu.accel_mps2[part], imu.gyro_radps[part], arrival)
            points = recording.keypoints[0]
            writer.write_keypoints("front", points.time_s[part], points.position[part], points.confidence[part])
        with pytest.raises(UsageError, match="with arrival times"):
            writer.write_imu("left_shank", np.zeros(1), np.zeros((1, 3)), np.zeros((1, 3)))
        with pytest.raises(UsageError, match="right_foot"):
            writer.write_imu("right_foot", np.zeros(1), np.zeros((1, 3)), np.zeros((1, 3)))
    return recording


def test_a_live_recording_loads_whole_and_cut_anywhere(tmp_path):
    recording = write_live(tmp_path / "walk")
    whole = load_recording(tmp_path / "walk")
    assert same_bits(whole.imus[0].time_s, recording.imus[0].time_s[:150])
    file = tmp_path / "walk" / "streams.xdf"
    data = file.read_bytes()
    for cut in [*range(4, 3000, 97), *range(3000, len(data), 1931)]:
        file.write_bytes(data[:cut])
        stored = read_folder(tmp_path / "walk")
        assert stored.is_cut or stored.missing_streams
        for mine, other in zip(stored.recording.imus, whole.imus, strict=True):
            assert same_bits(mine.accel_mps2, other.accel_mps2[: len(mine.time_s)])
    with pytest.raises(UsageError, match="holds a recording"):
        RecordingWriter.open(tmp_path / "walk", recording)


def test_what_becomes_known_during_a_walk_is_added_to_the_declaration(tmp_path):
    recording = make_recording(1.0)
    folder = save_recording(recording, tmp_path / "walk")
    later = replace(recording, standing_s=(0.1, 0.9))
    save_declaration(later, folder)
    assert same(load_recording(folder), later)
    assert [item.name for item in tmp_path.iterdir()] == ["walk"]


def test_a_live_recording_on_a_full_disk_leaves_nothing_that_blocks_the_next(tmp_path):
    recording = make_recording(1.0)
    with disk_that_is_full_at(2_500), pytest.raises(StorageError):
        RecordingWriter.open(tmp_path / "walk", recording)
    RecordingWriter.open(tmp_path / "walk", recording).close()


def test_extra_streams_are_ignored_and_missing_ones_are_empty(tmp_path):
    recording = Recording(imus=(make_imu(),))
    folder = save_recording(recording, tmp_path / "walk")
    (folder / "streams.xdf").unlink()
    with XdfWriter.open(folder / "streams.xdf") as writer:
        writer.add_stream("EEG", "EEG", ["Cz"], 100.0)
    stored = read_folder(folder)
    assert stored.ignored_streams == ("EEG",)
    assert stored.missing_streams == ("imu_left_shank",)
    assert len(stored.recording.imus[0].time_s) == 0


def test_clock_offsets_of_a_recording_network_lead_to_the_host_clock(tmp_path):
    recording = Recording(imus=(make_imu(seconds=60.0),))
    with RecordingWriter.open(tmp_path / "walk", recording) as writer:
        imu = recording.imus[0]
        writer.write_imu("left_shank", imu.time_s, imu.accel_mps2, imu.gyro_radps)
        for ping_s in range(0, 60, 5):
            late_s = 0.2 if ping_s == 30 else 0.0
            writer.write_clock_offset("left_shank", float(ping_s), 7.0 + 50e-6 * ping_s + late_s)
    raw = read_xdf(tmp_path / "walk" / "streams.xdf").streams[0].time_s
    assert same_bits(raw, imu.time_s)
    np.testing.assert_allclose(
        load_recording(tmp_path / "walk").imus[0].time_s, 7.0 + imu.time_s * (1 + 50e-6), atol=1e-4
    )


def test_a_stream_without_the_channels_is_told(tmp_path):
    folder = save_recording(Recording(imus=(make_imu(),)), tmp_path / "walk")
    (folder / "streams.xdf").unlink()
    with XdfWriter.open(folder / "streams.xdf") as writer:
        writer.add_stream("imu_left_shank", "IMU", ["a", "b", "c"], 100.0)
    with pytest.raises(FormatError, match=r"imu_left_shank.*accel_x_mps2.*a, b, c"):
        load_recording(folder)


def break_json(folder, change):
    file = folder / "recording.json"
    data = json.loads(file.read_text())
    change(data)
    file.write_text(json.dumps(data))


BROKEN = {
    "another schema": (lambda d: d.update(schema_version=99), "schema_version 1; got 99"),
    "no schema": (lambda d: d.pop("schema_version"), "got None"),
    "text for a number": (
        lambda d: d["imus"][1].update(rate_hz="fast"),
        r"imus\[1\], rate_hz must be a number.*'fast'",
    ),
    "text in an array": (
        lambda d: d["cameras"][0].update(size_px=[1, "x"]),
        r"cameras\[0\], size_px\[1\].*'x'",
    ),
    "wrong shape": (lambda d: d["cameras"][0].update(size_px=[1, 2, 3]), r"cameras\[0\].*shape"),
    "number for text": (lambda d: d["subject"].update(sex=1), "subject, sex must be text"),
    "misspelt key": (lambda d: d["subject"].update(hieght_m=1.7), "unknown key 'hieght_m'"),
    "unknown segment": (lambda d: d["imus"][0].update(segment="tail"), r"imus\[0\].*'tail'"),
    "no segment": (lambda d: d["imus"][0].pop("segment"), r"imus\[0\] must have the key 'segment'"),
    "twice": (lambda d: d["imus"].append(d["imus"][0]), "occurs twice"),
    "unknown point": (lambda d: d["keypoints"][0].update(names=["tail"] * 4), "'tail'"),
    "names no list": (lambda d: d["keypoints"][0].update(names="knee"), "names must be a list"),
    "no list": (lambda d: d.update(imus={}), "imus must be a list; got an object"),
    "no object": (lambda d: d.update(imus=[3]), r"imus\[0\] must be a JSON object"),
    "three times": (lambda d: d.update(standing_s=[1, 2, 3]), "standing_s must be a list of two"),
    "huge number": (lambda d: d.update(belt_speed_mps=10**400), "too large"),
    "true": (lambda d: d.update(belt_speed_mps=True), "belt_speed_mps must be a number"),
    "surface": (lambda d: d.update(surface="ice"), "ice"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_wrong_value_in_the_declaration_is_pointed_to(tmp_path, name):
    folder = save_recording(make_recording(1.0), tmp_path / "walk")
    change, message = BROKEN[name]
    break_json(folder, change)
    with pytest.raises(FormatError, match=message):
        load_recording(folder)


def test_own_keys_and_missing_optional_ones_are_fine(tmp_path):
    recording = replace(make_recording(1.0), protocol="")
    folder = save_recording(recording, tmp_path / "walk")
    break_json(folder, lambda d: (d.update(x_lab="ours"), d.pop("protocol")))
    assert same(load_recording(folder), recording)


def test_folders_that_are_no_recording_are_told(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(FormatError, match=r"has no recording\.json"):
        load_recording(tmp_path / "empty")
    with pytest.raises(StorageError, match="cannot read"):
        load_recording(tmp_path / "nowhere")
    folder = save_recording(make_recording(1.0), tmp_path / "walk")
    (folder / "streams.xdf").write_bytes(b"PK\x03\x04")
    with pytest.raises(FormatError, match="XDF"):
        load_recording(folder)
    (folder / "streams.xdf").unlink()
    with pytest.raises(StorageError, match=r"streams\.xdf"):
        load_recording(folder)
    for garbled in (b"", b"{", b"\xff\xfe", b"[" * 100_000, b"[]"):
        (folder / "recording.json").write_bytes(garbled)
        with pytest.raises(FormatError, match="JSON"):
            load_recording(folder)


def test_pings_are_stored_beside_the_samples(tmp_path):
    sent_s = np.array([1.0, 2.5, 4.0])
    received_s = sent_s - 900.0
    recording = make_recording()
    pinged = replace(recording.imus[0], ping_sent_s=sent_s, ping_received_s=received_s)
    save_recording(replace(recording, imus=(pinged, *recording.imus[1:])), tmp_path / "walk")
    stored = read_folder(tmp_path / "walk")
    assert same_bits(stored.recording.imus[0].ping_sent_s, sent_s)
    assert same_bits(stored.recording.imus[0].ping_received_s, received_s)
    assert stored.recording.imus[1].ping_sent_s is None
    assert stored.ignored_streams == ()
