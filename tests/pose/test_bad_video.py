"""Videos that hold no walk, and walks in videos of an unusual kind: one message, or the same walk."""

from fractions import Fraction

import numpy as np
import pytest

from apps import cli
from fusion.pose.track.people import PeopleFinder
from fusion.pose.video.extract import see_video
from fusion.pose.video.reader import probe, read_frames

BLANK = np.zeros((270, 480, 3), dtype=np.uint8)
START_S, END_S = 2.2, 4.2


def write(path, pictures, rate_hz=30, codec="libx264", pixels="yuv420p"):
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate_hz)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = pixels
        for k, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24").reformat(format=pixels)
            frame.pts, frame.time_base = k, Fraction(1, rate_hz)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture
def refused(network, tmp_path, capsys):
    """Analyse a video that must be refused: what is said; nothing may be left behind."""
    network("posenet")
    network("movenet_lightning")

    def run(path):
        out = tmp_path / "results"
        code = cli.main(["analyse", str(path), "--model", "movenet_lightning", "--height", "1.7", "--out", str(out)])
        said = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("  ")]
        assert code == 3, said
        assert not out.exists()
        assert "Traceback" not in "".join(said)
        return " ".join(said)

    return run


def test_black_frames_are_refused(refused, tmp_path):
    assert "no person was found" in refused(write(tmp_path / "black.mp4", [BLANK] * 30))


def test_a_room_without_a_person_is_refused(refused, tmp_path):
    import cv2

    room = cv2.resize(np.random.default_rng(0).integers(0, 255, (9, 16, 3)).astype(np.uint8), (480, 270))
    assert "no person was found" in refused(write(tmp_path / "room.mp4", [np.roll(room, k, 1) for k in range(30)]))


def test_sound_without_picture_is_refused(refused, tmp_path):
    import av

    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16_000)
        stream.layout = "mono"
        for k in range(8):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), dtype=np.float32), format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 16_000, 1024 * k, Fraction(1, 16_000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert "sound but no picture" in refused(path)


@pytest.fixture(scope="module")
def walk(walk_clip):
    """The pictures of two seconds of the sample walk, a third of its size."""
    import cv2

    frames = list(read_frames(walk_clip, START_S, END_S))
    height, width = frames[0].picture.shape[:2]
    size = (2 * (width // 6), 2 * (height // 6))
    return [cv2.resize(frame.picture, size, interpolation=cv2.INTER_AREA) for frame in frames]


@pytest.fixture(scope="module")
def see(network):
    finder = PeopleFinder(network("posenet"))

    def look(path):
        return see_video(path, network("movenet_lightning"), finder=finder)

    return look


@pytest.fixture(scope="module")
def usual(walk, see, tmp_path_factory):
    return see(write(tmp_path_factory.mktemp("usual") / "walk.mp4", walk))


def test_a_frozen_picture_of_a_person_is_refused(refused, walk, tmp_path):
    path = write(tmp_path / "frozen.mkv", [walk[20]] * 45, codec="ffv1", pixels="bgr0")
    assert "the patient is seen in" in refused(path)


def moved_px(pose, other, shift=(0.0, 0.0)):
    """Median distance of the hips and ankles in two looks at the same pictures."""
    names = [k for k, name in enumerate(pose.points) if name.endswith(("hip", "knee", "ankle"))]
    count = min(len(pose.time_s), len(other.time_s))
    away = other.position_px[:count, names] - np.asarray(shift) - pose.position_px[:count, names]
    return float(np.nanmedian(np.linalg.norm(away, axis=-1)))


def test_ten_bits_show_the_same_walk(usual, walk, see, tmp_path):
    path = write(tmp_path / "deep.mkv", walk, codec="libx265", pixels="yuv420p10le")
    assert probe(path).pixel_format == "yuv420p10le"
    assert moved_px(usual, see(path)) < 2.0


def test_a_gif_shows_the_same_walk_at_its_own_times(usual, walk, see, tmp_path):
    pose = see(write(tmp_path / "walk.gif", walk, rate_hz=25, codec="gif", pixels="rgb8"))
    assert np.diff(pose.time_s) == pytest.approx(0.04, abs=1e-3)
    assert moved_px(usual, pose) < 4.0


def test_a_portrait_shows_the_same_walk_in_its_place(usual, walk, see, tmp_path):
    height, width = walk[0].shape[:2]
    above = 2 * ((width * 4 // 3 - height) // 4)
    tall = [np.pad(picture, ((above, above), (0, 0), (0, 0))) for picture in walk]
    pose = see(write(tmp_path / "tall.mp4", tall))
    assert pose.info.size_px[1] > pose.info.size_px[0]
    assert moved_px(usual, pose, (0.0, above)) < 4.0


def test_seven_frames_a_second_give_times_that_are_right_or_none(walk_clip, network, tmp_path, capsys):
    import cv2

    network("movenet_lightning")
    frames = [frame for k, frame in enumerate(read_frames(walk_clip)) if k % 4 == 0]
    pictures = [cv2.resize(frame.picture, (960, 540), interpolation=cv2.INTER_AREA) for frame in frames]
    clip = write(tmp_path / "slow.mp4", pictures, rate_hz=15)
    # 7.5 frames/s by their times
    import av

    with av.open(str(clip)) as source, av.open(str(tmp_path / "slow_7.mp4"), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.pts, packet.dts, packet.stream = 2 * packet.pts, 2 * packet.dts, stream
                target.mux(packet)
    out = tmp_path / "results"
    words = ["analyse", tmp_path / "slow_7.mp4", "--model", "movenet_lightning", "--height", "1.65", "--out", out]
    code = cli.main([str(word) for word in (*words, "--keypoints-only", "--no-report")])
    told = capsys.readouterr()
    if code == 3:
        assert told.err.strip()
        return
    assert code == 0
    row = next(line for line in (out / "parameters.csv").read_text().splitlines() if line.startswith("cadence_spm"))
    _, _, value, low, high, *_ = row.split(",")
    if value:
        assert float(low) <= 97.7 <= float(high)  # steps/min of the clip at 30 frames/s
