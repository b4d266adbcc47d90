"""Frames with their true times, whatever the file; one clear message for what is no video."""

import shutil
import subprocess
import sys
import threading

import numpy as np
import pytest

from fusion.errors import FormatError, StorageError, UsageError
from fusion.pose.video.frame import Frame, Square
from fusion.pose.video.reader import ReadLog, frame_at, is_video, probe, read_frames, times_of

UNEVEN_S = np.cumsum([0.0, 0.04, 0.031, 0.05, 0.033, 0.12, 0.033, 0.033, 0.04, 0.2, 0.033, 0.033])


def level(frame):
    return int(frame.picture[-1, -1, 0])


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.mov"])
def test_frames_carry_the_times_of_the_file_and_not_of_a_count(make_video, name):
    path = make_video(name, UNEVEN_S)
    log = ReadLog()
    times = [frame.time_s for frame in read_frames(path, log=log)]
    assert times == pytest.approx(UNEVEN_S, abs=1e-3)
    assert times_of(path) == pytest.approx(UNEVEN_S, abs=1e-3)
    assert any("missing" in remark for remark in log.remarks())


def test_a_time_between_two_frames_shows_the_earlier_one_exactly(make_video):
    times = np.arange(90) / 30.0
    path = make_video("seek.mp4", times)
    straight = [level(frame) for frame in read_frames(path)]
    for k in (0, 1, 37, 44, 89):
        found = frame_at(path, times[k] + 0.012)
        assert found.time_s == pytest.approx(times[k], abs=1e-4)
        assert level(found) == straight[k]


def test_a_part_of_a_video_is_the_frames_of_that_part(make_video):
    path = make_video("part.mp4", np.arange(60) / 30.0)
    times = [frame.time_s for frame in read_frames(path, 0.5, 1.0)]
    assert times == pytest.approx(np.arange(15, 30) / 30.0, abs=1e-3)


def test_before_the_first_frame_there_is_nothing_to_show(make_video):
    with pytest.raises(UsageError, match="shows nothing"):
        frame_at(make_video("late.mp4", [1.0, 1.1, 1.2]), -0.5)


@pytest.mark.parametrize(
    ("name", "codec", "pixels"),
    [("deep.mkv", "ffv1", "yuv420p10le"), ("still.gif", "gif", "rgb8"), ("old.avi", "mjpeg", "yuvj420p")],
    ids=["10-bit", "gif", "mjpeg"],
)
def test_other_codecs_and_pixels_become_eight_bit_rgb(make_video, name, codec, pixels):
    times = np.arange(5) / 10.0
    path = make_video(name, times, codec=codec, pixels=pixels)
    frames = list(read_frames(path))
    assert len(frames) == 5
    assert frames[0].picture.dtype == np.uint8
    assert frames[0].picture.shape == (48, 64, 3)
    assert is_video(path)


def test_a_truncated_file_gives_what_comes_before_the_damage_and_says_so(make_video, tmp_path):
    whole = make_video("whole.mkv", np.arange(300) / 30.0, size=(320, 240))
    cut = tmp_path / "cut.mkv"
    content = bytearray(whole.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 400] = b"\xff" * 400
    cut.write_bytes(bytes(content[: middle + 2000]))
    frames = list(read_frames(cut))
    assert 10 < len(frames) < 300


def test_a_picture_turned_by_a_flag_is_put_upright():
    stored = np.zeros((4, 6, 3), dtype=np.uint8)
    stored[0, 0] = 255

    class Decoded:
        width, height = 6, 4

        def to_ndarray(self, **_):
            return stored

    frame = Frame(0.0, 0, Decoded(), quarter_turns=1)
    assert frame.size_px == (4, 6)
    assert frame.picture.shape == (6, 4, 3)
    assert frame.picture[-1, 0, 0] == 255


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not here")
def test_the_rotation_flag_of_a_phone_is_applied(make_video, tmp_path):
    upright = make_video("upright.mp4", np.arange(5) / 30.0)
    turned = tmp_path / "turned.mp4"
    command = ["ffmpeg", "-loglevel", "error", "-display_rotation", "90", "-i", upright, "-c", "copy", turned]
    subprocess.run(command, check=True)
    info = probe(turned)
    assert info.size_px == (48, 64)
    assert next(iter(read_frames(turned))).picture.shape == (64, 48, 3)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(StorageError, match="not there"):
        probe(tmp_path / "no.mp4")


@pytest.mark.parametrize("content", [b"", b"not a video at all" * 50], ids=["empty", "text"])
def test_what_is_no_video_is_refused_in_one_message(tmp_path, content):
    path = tmp_path / "fake.mp4"
    path.write_bytes(content)
    with pytest.raises(FormatError, match="copy it from the camera again"):
        probe(path)


def test_sound_without_picture_is_refused(tmp_path):
    import av

    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        stream.layout = "mono"
        samples = av.AudioFrame.from_ndarray(np.zeros((1, 1024), dtype=np.float32), format="fltp", layout="mono")
        samples.sample_rate = 8000
        samples.pts = 0
        container.mux(stream.encode(samples))
        container.mux(stream.encode(None))
    with pytest.raises(FormatError, match="sound but no picture"):
        probe(path)


def test_reading_that_is_stopped_early_leaves_no_thread(make_video):
    before = threading.active_count()
    frames = read_frames(make_video("long.mp4", np.arange(200) / 30.0))
    next(frames)
    frames.close()
    assert threading.active_count() == before


def test_a_cut_from_the_colour_planes_is_the_cut_of_the_whole_picture(walk_clip):
    frame = frame_at(walk_clip, 3.0)
    square = Square(900, 400, 512)
    fast = frame.cut(square, 256)
    slow = Frame(0.0, 0, np.array(frame.picture)).cut(square, 256)
    assert np.abs(fast.astype(int) - slow.astype(int)).mean() < 6.0


def test_beyond_the_edge_a_cut_is_black_and_keeps_its_place():
    picture = np.full((60, 80, 3), 200, dtype=np.uint8)
    square = Square(-16, 20, 64)
    cut = Frame(0.0, 0, picture).cut(square, 64)
    assert cut[:, :16].max() == 0
    assert cut[45:].max() == 0
    assert cut[:40, 16:].min() == 200
    assert square.to_frame(np.array([16.0, 0.0]), 64) == pytest.approx([0.0, 20.0])


def test_only_a_repeated_picture_is_called_repeated():
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 255, (64, 64, 3), dtype=np.uint8)
    one, same = Frame(0.0, 0, picture), Frame(0.1, 1, picture.copy())
    other = picture.copy()
    other[32] += 1
    square = Square(0, 0, 64)
    assert same.is_like(one, square)
    assert not Frame(0.1, 1, other).is_like(one, square)


def test_importing_the_pose_code_loads_no_library_that_is_optional():
    code = (
        "import fusion.pose.video.extract, fusion.pose.video.overlay, fusion.pose.sides.repair, "
        "fusion.pose.weights.obtain, sys; "
        "print(sorted({'cv2', 'av', 'onnx', 'onnxruntime', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
