import resource
import signal
import struct
from contextlib import contextmanager

import numpy as np
import pytest
import pyxdf

from fusion.errors import FormatError, SignalError, StorageError, UsageError
from fusion.recording import _xdf_chunks as chunks
from fusion.recording.xdf import XdfWriter, read_xdf, read_xdf_bytes
from tests.recording.make_recording import same_bits

FORMATS = ("float32", "double64", "int8", "int16", "int32", "int64")


def write_small(path, samples=5, rounds=3):
    """Two number streams and markers, in several chunks, with clock offsets."""
    rng = np.random.default_rng(1)
    with XdfWriter.open(path) as writer:
        imu = writer.add_stream("imu", "IMU", ["x", "y"], 100.0, units=["m", "m"])
        ints = writer.add_stream("ints", "Other", ["n"], 0.0, channel_format="int16")
        marks = writer.add_stream("märks <&>", "Markers", ["word"], channel_format="string")
        for turn in range(rounds):
            time_s = turn + np.arange(samples) / 100.0
            writer.write_samples(imu, time_s, rng.normal(size=(samples, 2)))
            writer.write_samples(ints, time_s, rng.integers(-300, 300, samples))
            writer.write_samples(marks, time_s[:1], [f"step {turn} ä"])
            writer.write_clock_offset(imu, float(turn), 0.25 + turn)


def load_with_pyxdf(path):
    streams, _ = pyxdf.load_xdf(path, synchronize_clocks=False, dejitter_timestamps=False)
    return streams


def assert_equal_to_pyxdf(path):
    ours, theirs = read_xdf(path), load_with_pyxdf(path)
    assert [stream.stream_id for stream in ours.streams] == [s["info"]["stream_id"] for s in theirs]
    for mine, other in zip(ours.streams, theirs, strict=True):
        assert mine.name == other["info"]["name"][0]
        assert same_bits(mine.time_s, np.asarray(other["time_stamps"]))
        assert mine.clock_time_s.tolist() == other["clock_times"]
        assert mine.clock_offset_s.tolist() == other["clock_values"]
        if mine.channel_format == "string":
            assert mine.values.tolist() == other["time_series"]
        else:
            assert same_bits(mine.values, np.asarray(other["time_series"]))


@contextmanager
def disk_that_is_full_at(size):
    """No file of this process may grow beyond ``size`` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_pyxdf_reads_what_we_write_identically(tmp_path):
    write_small(tmp_path / "a.xdf", samples=400, rounds=40)
    assert_equal_to_pyxdf(tmp_path / "a.xdf")
    assert read_xdf(tmp_path / "a.xdf").truncated is False


@pytest.mark.parametrize("number_format", FORMATS)
def test_every_number_type_comes_back_exactly(tmp_path, number_format):
    dtype = np.dtype(chunks.NUMBER_FORMATS[number_format])
    if dtype.kind == "f":
        values = np.array([[0.0, -0.0], [np.nan, np.inf], [1.5, -2.25]], dtype)
    else:
        limits = np.iinfo(dtype)
        values = np.array([[limits.min, limits.max], [0, 1], [-1, 2]], dtype)
    time_s = np.array([0.1, 0.2, np.nan])
    with XdfWriter.open(tmp_path / "a.xdf") as writer:
        writer.write_samples(writer.add_stream("s", "t", ["a", "b"], channel_format=number_format), time_s, values)
    stream = read_xdf(tmp_path / "a.xdf").streams[0]
    assert same_bits(stream.values, values)
    assert same_bits(stream.time_s, time_s)
    assert_equal_to_pyxdf(tmp_path / "a.xdf")


def test_samples_without_times_follow_the_nominal_rate_as_in_pyxdf(tmp_path):
    write_small(tmp_path / "a.xdf")
    with (tmp_path / "a.xdf").open("ab") as file:
        for stamps in ((10.0, None, None, 11.0), (None, None)):
            parts = [struct.pack("<I", 1), chunks.encode_length(len(stamps))]
            for stamp in stamps:
                parts.append(b"\x00" if stamp is None else struct.pack("<Bd", 8, stamp))
                parts.append(struct.pack("<dd", 1.0, 2.0))
            file.write(chunks.encode_chunk(chunks.SAMPLES, b"".join(parts)))
    assert_equal_to_pyxdf(tmp_path / "a.xdf")
    found = read_xdf(tmp_path / "a.xdf").streams[0].time_s[-6:]
    np.testing.assert_allclose(found, [10, 10.01, 10.02, 11, 11.01, 11.02])


def test_a_file_cut_at_any_byte_gives_everything_up_to_the_last_whole_chunk(tmp_path):
    write_small(tmp_path / "a.xdf", samples=3, rounds=16)
    data = (tmp_path / "a.xdf").read_bytes()
    assert data.count(chunks.BOUNDARY_MARK) >= 1
    whole = read_xdf_bytes(data)
    ends, position = [], 4
    while position < len(data):
        position = chunks.find_chunk(data, position).end
        ends.append(position)
    before = 0
    for cut in range(4, len(data)):
        part = read_xdf_bytes(data[:cut])
        assert part.truncated is True or not part.streams
        assert part.skipped_bytes == 0
        count = sum(len(stream.time_s) for stream in part.streams)
        assert count >= before
        if count > before:
            assert cut in ends  # the samples of a chunk appear with its last byte, not later
        before = count
        for mine, other in zip(part.streams, whole.streams, strict=False):
            assert same_bits(mine.time_s, other.time_s[: len(mine.time_s)])
            assert mine.values.tolist() == other.values[: len(mine.values)].tolist()
    assert before == sum(len(stream.time_s) for stream in whole.streams)
    assert whole.truncated is False


@pytest.mark.parametrize("cut", [0, 1, 3])
def test_a_file_without_its_first_bytes_is_no_xdf_file(tmp_path, cut):
    (tmp_path / "a.xdf").write_bytes(b"XDF:"[:cut])
    with pytest.raises(FormatError, match="begins with"):
        read_xdf(tmp_path / "a.xdf")


def test_damage_costs_only_the_chunks_up_to_the_next_boundary(tmp_path):
    write_small(tmp_path / "a.xdf", rounds=80)
    data = bytearray((tmp_path / "a.xdf").read_bytes())
    whole = read_xdf_bytes(bytes(data))
    second = chunks.after_boundary(bytes(data), 0)
    data[second : second + 40] = b"\xff" * 40
    damaged = read_xdf_bytes(bytes(data))
    assert damaged.skipped_bytes > 40
    lost = len(whole.streams[0].time_s) - len(damaged.streams[0].time_s)
    assert 0 < lost <= 64 * 5
    assert damaged.streams[0].time_s[-1] == whole.streams[0].time_s[-1]
    assert damaged.truncated is False


def test_any_changed_byte_is_survived(tmp_path):
    write_small(tmp_path / "a.xdf", rounds=1)
    data = (tmp_path / "a.xdf").read_bytes()
    for place in range(4, len(data)):
        for value in (0xFF, data[place] ^ 0x04):
            read_xdf_bytes(data[:place] + bytes([value]) + data[place + 1 :])


def test_a_header_that_defines_entities_is_not_expanded(tmp_path):
    write_small(tmp_path / "a.xdf")
    bomb = b"<!DOCTYPE a [<!ENTITY b 'bb'>]><info><name>&b;</name></info>"
    with (tmp_path / "a.xdf").open("ab") as file:
        file.write(chunks.encode_chunk(chunks.STREAM_HEADER, struct.pack("<I", 9) + bomb))
    assert [stream.stream_id for stream in read_xdf(tmp_path / "a.xdf").streams] == [1, 2, 3]


def test_what_was_written_before_a_crash_can_be_read_while_the_file_is_open(tmp_path):
    writer = XdfWriter.open(tmp_path / "a.xdf", sync=True)
    stream = writer.add_stream("s", "t", ["a"], 10.0)
    writer.write_samples(stream, [0.0, 0.1], [1.0, 2.0])
    found = read_xdf(tmp_path / "a.xdf")
    assert found.truncated is True
    assert found.streams[0].values[:, 0].tolist() == [1.0, 2.0]
    writer.close()
    writer.close()
    assert read_xdf(tmp_path / "a.xdf").truncated is False


def test_a_full_disk_is_told_and_what_was_written_still_opens(tmp_path):
    path = tmp_path / "a.xdf"
    writer = XdfWriter.open(path)
    stream = writer.add_stream("s", "t", ["a"], 10.0)

    def fill():
        for turn in range(100):
            writer.write_samples(stream, turn + np.arange(10) / 10, np.arange(10.0))

    with disk_that_is_full_at(2500), pytest.raises(StorageError, match=r"cannot write .*a\.xdf.*free some"):
        fill()
    with pytest.raises(StorageError, match="closed"):
        writer.write_samples(stream, [0.0], [0.0])
    writer.close()
    data, end = path.read_bytes(), 4
    while (chunk := chunks.find_chunk(data, end)) is not None:
        end = chunk.end
    assert end == len(data)  # the half chunk was taken back
    found = read_xdf(path)
    assert len(found.streams[0].time_s) >= 100
    assert len(found.streams[0].time_s) % 10 == 0
    np.testing.assert_array_equal(load_with_pyxdf(path)[0]["time_stamps"], found.streams[0].time_s)


def test_a_disk_that_is_full_at_once_leaves_no_file(tmp_path):
    with disk_that_is_full_at(0), pytest.raises(StorageError):
        XdfWriter.open(tmp_path / "a.xdf")
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_never_overwritten_and_a_missing_folder_is_told(tmp_path):
    write_small(tmp_path / "a.xdf")
    with pytest.raises(UsageError, match="not overwritten"):
        XdfWriter.open(tmp_path / "a.xdf")
    with pytest.raises(StorageError, match="check the path"):
        XdfWriter.open(tmp_path / "nowhere" / "a.xdf")
    with pytest.raises(StorageError, match="cannot read"):
        read_xdf(tmp_path / "nowhere.xdf")


def test_values_that_do_not_fit_are_refused_and_the_file_stays_good(tmp_path):
    with XdfWriter.open(tmp_path / "a.xdf") as writer:
        small = writer.add_stream("small", "t", ["a"], channel_format="int8")
        words = writer.add_stream("words", "t", ["a"], channel_format="string")
        with pytest.raises(SignalError, match="does not fit"):
            writer.write_samples(small, [0.0], [300])
        with pytest.raises(SignalError, match="shape"):
            writer.write_samples(small, [0.0, 1.0], [[1, 2]])
        with pytest.raises(SignalError, match="texts"):
            writer.write_samples(words, [0.0], [1.0])
        with pytest.raises(UsageError, match="no stream 7"):
            writer.write_samples(7, [0.0], [1.0])
        with pytest.raises(UsageError, match="float16"):
            writer.add_stream("x", "t", ["a"], channel_format="float16")
    assert [len(stream.time_s) for stream in read_xdf(tmp_path / "a.xdf").streams] == [0, 0]


def test_an_error_in_the_block_closes_the_file_and_is_passed_on(tmp_path):
    def fail():
        with XdfWriter.open(tmp_path / "a.xdf") as writer:
            writer.add_stream("s", "t", ["a"])
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert read_xdf(tmp_path / "a.xdf").truncated is False
