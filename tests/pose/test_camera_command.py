"""``tandem camera`` and ``tandem analyse --camera``: on made-up videos of a board."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from apps import cli
from fusion.pose.geometry import files
from fusion.pose.sagittal import to_world
from fusion.types import Camera
from tests.body.walker import SKELETON
from tests.pose.test_geometry import (
    BEFORE,
    BOARD,
    CENTRE,
    FLOOR_BOARD,
    FOCAL,
    SIZE,
    camera_at,
    held,
    lying,
    picture_of,
)
from tests.pose.views import image, side_camera


@pytest.fixture
def run(capsys):
    def command(*arguments):
        code = cli.main([str(argument) for argument in arguments])
        told = capsys.readouterr()
        return code, told.out, told.err

    return command


def film(path, pictures):
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=4, options={"crf": "12"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for k, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = k, Fraction(1, 4)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder = tmp_path_factory.mktemp("boards")
    standing = camera_at([0.1, -2.0, 1.2], [0.05, 0.0, 0.0], 4.0)
    empty = np.full((*SIZE[::-1], 3), 120, dtype=np.uint8)
    return {
        "held": film(folder / "held.mp4", [picture_of(BOARD, BEFORE, held(k)) for k in range(20)]),
        "floor": film(folder / "floor.mp4", [picture_of(FLOOR_BOARD, standing, lying)] * 4),
        "empty": film(folder / "empty.mp4", [empty] * 8),
        "standing": standing,
    }


def test_a_camera_is_calibrated_from_two_videos_and_read_back(films, run, tmp_path):
    out = tmp_path / "camera.toml"
    floor = ("--floor", films["floor"], "--floor-square-mm", 1000 * FLOOR_BOARD.square_m)
    code, said, _ = run("camera", "calibrate", films["held"], "--out", out, *floor)
    assert code == 0
    assert "m above the floor" in said
    camera = files.read_cameras(out)[0]
    assert camera.focal_px == pytest.approx([FOCAL, FOCAL], rel=0.01)
    assert camera.centre_px == pytest.approx(CENTRE, abs=4.0)
    assert camera.position_m == pytest.approx(films["standing"].position_m, abs=0.03)


def test_without_the_floor_the_place_stays_unknown_and_that_is_said(films, run, tmp_path):
    code, said, _ = run("camera", "calibrate", films["held"], "--out", tmp_path / "c.toml")
    assert code == 0
    assert "still need the body height" in said
    assert not files.read_cameras(tmp_path / "c.toml")[0].is_calibrated


def test_a_video_without_the_board_gives_one_message_and_no_file(films, run, tmp_path):
    code, _, said = run("camera", "calibrate", films["empty"], "--out", tmp_path / "c.toml")
    assert code == 3
    assert "0 different ways" in said
    assert not list(tmp_path.iterdir())
    code, _, said = run("camera", "calibrate", films["held"], "--floor", films["empty"], "--out", tmp_path / "c.toml")
    assert code == 3
    assert "not seen on the floor" in said
    assert not list(tmp_path.iterdir())


def test_a_walk_needs_its_height_and_excludes_the_floor(films, run, tmp_path):
    held_film, out = films["held"], ("--out", tmp_path / "c.toml")
    code, _, said = run("camera", "calibrate", held_film, *out, "--walk", held_film)
    assert (code, "go together" in said) == (2, True)
    both = ("--walk", held_film, "--height", "1.7", "--floor", held_film)
    code, _, said = run("camera", "calibrate", held_film, *out, *both)
    assert (code, "not from both" in said) == (2, True)


def test_the_board_is_written_as_pdf(run, tmp_path):
    code, said, _ = run("camera", "board", "--pdf", tmp_path / "board.pdf", "--paper", "a1", "--square-mm", "110")
    assert code == 0
    assert "100 %" in said
    assert (tmp_path / "board.pdf").read_bytes().startswith(b"%PDF")


def test_known_distortion_is_taken_out_of_a_camera_without_a_place():
    bent = side_camera(-0.08)
    nowhere = {"camera_from_world": np.full((3, 3), np.nan), "position_m": np.full(3, np.nan)}
    straight = to_world(image(side_camera()), replace(side_camera(), **nowhere), SKELETON).position_m
    seen = image(bent)
    assert to_world(seen, replace(bent, **nowhere), SKELETON).position_m == pytest.approx(
        straight, abs=0.003, nan_ok=True
    )
    ignored = to_world(seen, Camera("c", size_px=bent.size_px), SKELETON).position_m
    assert np.nanmax(np.abs(ignored - straight)) > 0.02
