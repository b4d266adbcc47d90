"""Boards, calibration files, place of the camera, rays: against virtual cameras and a real set of four."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from fusion.errors import FormatError, SignalError, UsageError
from fusion.pose.calibrate import normalised, on_plane
from fusion.pose.geometry import board as boards
from fusion.pose.geometry import files, intrinsics, place, rays
from fusion.pose.video.frame import Frame
from fusion.types import Camera

SIZE = (640, 480)
FOCAL, CENTRE = 610.0, (322.0, 236.0)
BOARD = boards.Board()
FLOOR_BOARD = boards.Board(square_m=0.11)
"""Printed on A1."""


def camera_at(position, look_at, roll_deg=0.0, distortion=(0.0,) * 5, name="c"):
    """A camera that looks at a point of a world with z up."""
    position = np.asarray(position, dtype=float)
    ahead = np.asarray(look_at, dtype=float) - position
    ahead /= np.linalg.norm(ahead)
    right = np.cross(ahead, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    level = np.stack([right, np.cross(ahead, right), ahead])
    return Camera(
        name,
        size_px=np.array(SIZE, dtype=float),
        focal_px=np.full(2, FOCAL),
        centre_px=np.array(CENTRE),
        distortion=np.array(distortion),
        camera_from_world=Rotation.from_euler("z", roll_deg, degrees=True).as_matrix() @ level,
        position_m=position,
    )


def picture_of(board, camera, board_to_world):
    """What an ideal camera sees of a board: its cells drawn through the homography of its plane."""
    import cv2

    fine = 8
    cells = np.repeat(np.repeat(np.where(board.cells(), 0, 255).astype(np.uint8), fine, 0), fine, 1)
    cells = cv2.copyMakeBorder(cells, 24, 24, 24, 24, cv2.BORDER_CONSTANT, value=255)
    cell_m = board.square_m / 8 / fine
    height, width = cells.shape
    ends = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=float) - 0.5
    plane = np.column_stack([(ends - 23.5) * cell_m, np.zeros(4)])
    seen = rays.project(board_to_world(plane), camera)
    # four by four rays a pixel
    seen = (seen + 0.5) * 4.0 - 0.5
    warp = cv2.getPerspectiveTransform(ends.astype(np.float32), seen.astype(np.float32))
    grey = cv2.warpPerspective(cells, warp, (4 * SIZE[0], 4 * SIZE[1]), borderValue=128)
    return np.repeat(cv2.resize(grey, SIZE, interpolation=cv2.INTER_AREA)[..., None], 3, axis=2)


def held(k):
    """The board before a camera at the origin, turned and moved differently for each k."""
    random = np.random.default_rng(k)
    turn = Rotation.from_euler("xyz", random.uniform([-35, -35, -15], [35, 35, 15]), degrees=True).as_matrix()
    middle = 0.5 * BOARD.square_m * np.array([BOARD.columns, BOARD.rows, 0.0])
    shift = np.array([*random.uniform([-0.08, -0.06], [0.08, 0.06]), random.uniform(0.3, 0.5)])
    return lambda points: (points - middle) @ turn.T + shift


BEFORE = Camera(
    "c",
    size_px=np.array(SIZE, dtype=float),
    focal_px=np.full(2, FOCAL),
    centre_px=np.array(CENTRE),
    camera_from_world=np.eye(3),
    position_m=np.zeros(3),
)


def lying(points):
    """The board on the floor as the instructions say: middle at the origin, x along the walk, y to the camera."""
    middle = 0.5 * FLOOR_BOARD.square_m * np.array([BOARD.columns, BOARD.rows, 0.0])
    return (points - middle) * [1.0, -1.0, -1.0]


# --- the board


def test_the_printed_page_is_a_board_to_scale():
    from io import BytesIO

    from pypdf import PdfReader

    page = PdfReader(BytesIO(BOARD.pdf("a4"))).pages[0]
    assert [float(side) / 72 * 25.4 for side in page.mediabox[2:]] == pytest.approx([297.0, 210.0], abs=0.01)
    per_mm = 4.0
    sheet = np.full((int(210 * per_mm), int(297 * per_mm), 3), 255, dtype=np.uint8)
    boxes = re.findall(r"([-\d.]+) ([-\d.]+) ([-\d.]+) ([-\d.]+) re", page.get_contents().get_data().decode())
    for left, bottom, width, height in (np.array(boxes, dtype=float) / 72 * 25.4 * per_mm).round().astype(int):
        sheet[len(sheet) - bottom - height : len(sheet) - bottom, left : left + width] = 0
    corner_m, corner_px = BOARD.find(sheet)
    assert len(corner_m) == (BOARD.columns - 1) * (BOARD.rows - 1)
    for axis in (0, 1):
        mm_per_m = np.polyfit(corner_m[:, axis], corner_px[:, axis], 1)[0] / per_mm
        assert mm_per_m == pytest.approx(1000.0, rel=2e-3)
    bar = np.array(boxes[-1], dtype=float)
    assert bar[2] / 72 * 25.4 == pytest.approx(100.0, abs=0.01)
    assert "100 %" in page.extract_text()


def test_a_board_that_does_not_fit_or_cannot_be_is_refused():
    with pytest.raises(UsageError, match="larger paper"):
        boards.Board(square_m=0.1).pdf("a4")
    with pytest.raises(UsageError, match="metres"):
        boards.Board(square_m=36.0)
    with pytest.raises(UsageError, match="3 x 3"):
        boards.Board(columns=2)


# --- intrinsics


@pytest.fixture(scope="module")
def found():
    frames = [Frame(0.3 * k, k, picture_of(BOARD, BEFORE, held(k))) for k in range(24)]
    return intrinsics.sightings(frames, BOARD)


def test_intrinsics_come_back_from_a_board_that_is_held_in_many_ways(found):
    calibration = intrinsics.calibrated(*found)
    assert calibration.views >= 12
    assert calibration.camera.focal_px == pytest.approx([FOCAL, FOCAL], rel=0.005)
    assert calibration.camera.centre_px == pytest.approx(CENTRE, abs=3.0)
    assert calibration.error_px < 0.3
    assert abs(calibration.camera.focal_px[0] - FOCAL) < 4.0 * calibration.focal_sd_px + 0.5


def test_corners_are_found_where_they_were_drawn():
    corner_m, corner_px = BOARD.find(picture_of(BOARD, BEFORE, held(3)))
    off = np.linalg.norm(rays.project(held(3)(corner_m), BEFORE) - corner_px, axis=1)
    assert np.sqrt(np.mean(off**2)) < 0.25  # px


def test_distortion_comes_back_from_corners():
    bent = replace(BEFORE, distortion=np.array([-0.2, 0.08, 0.001, -0.002, 0.0]))
    corner = np.array([[c, r, 0.0] for r in range(1, BOARD.rows) for c in range(1, BOARD.columns)]) * BOARD.square_m
    looks = [(corner, rays.project(held(k)(corner), bent)) for k in range(20)]
    camera = intrinsics.calibrated(looks, SIZE).camera
    grid = np.stack(np.meshgrid(np.linspace(60, 580, 9), np.linspace(60, 420, 7)), axis=-1).reshape(-1, 2)
    off = rays.project(np.column_stack([normalised(grid, camera), np.ones(len(grid))]), bent) - grid
    assert np.linalg.norm(off, axis=1).max() < 1.0  # px


def test_a_plain_chessboard_serves_for_intrinsics_but_not_on_the_floor():
    plain = boards.Board(markers=False)
    frames = [Frame(0.3 * k, k, picture_of(plain, BEFORE, held(k))) for k in range(16)]
    looks, size = intrinsics.sightings(frames, plain)
    assert intrinsics.calibrated(looks, size).camera.focal_px == pytest.approx([FOCAL, FOCAL], rel=0.01)
    with pytest.raises(SignalError, match="markers"):
        place.from_board(BEFORE, looks, plain)


def test_the_same_sighting_again_does_not_count():
    frames = [Frame(0.3 * k, k, picture_of(BOARD, BEFORE, held(1))) for k in range(10)]
    looks, size = intrinsics.sightings(frames, BOARD)
    assert len(looks) == 1
    with pytest.raises(SignalError, match="1 different way"):
        intrinsics.calibrated(looks, size)


def test_a_poor_calibration_says_what_to_do(found):
    calibration = intrinsics.calibrated(*found)
    assert not replace(calibration, coverage=0.9).remarks()
    poor = replace(calibration, error_px=3.0, coverage=0.2).remarks()
    assert len(poor) == 2
    assert "flat" in poor[0]
    assert "corners" in poor[1]


# --- place


@pytest.mark.parametrize("roll_deg", [0.0, 12.0])
def test_the_board_on_the_floor_gives_place_direction_and_gravity(roll_deg):
    truth = camera_at([0.1, -2.0, 1.2], [0.05, 0.0, 0.0], roll_deg)
    frames = [Frame(0.3 * k, k, picture_of(FLOOR_BOARD, truth, lying)) for k in range(3)]
    unplaced = replace(truth, camera_from_world=np.full((3, 3), np.nan), position_m=np.full(3, np.nan))
    placed = place.from_board(unplaced, place.floor_looks(frames, FLOOR_BOARD), FLOOR_BOARD)
    assert placed.camera.position_m == pytest.approx(truth.position_m, abs=0.01)
    turned = Rotation.from_matrix(placed.camera.camera_from_world @ truth.camera_from_world.T)
    assert np.rad2deg(turned.magnitude()) < 0.5
    assert placed.error_px < 0.5
    assert f"{truth.position_m[2]:.1f}" in placed.words()


def test_a_board_that_moved_or_hangs_upside_down_is_refused():
    truth = camera_at([0.1, -2.0, 1.2], [0.05, 0.0, 0.0])
    corner = (
        np.array([[c, r, 0.0] for r in range(1, BOARD.rows) for c in range(1, BOARD.columns)]) * FLOOR_BOARD.square_m
    )
    still = (corner, rays.project(lying(corner), truth))
    moved = (corner, rays.project(lying(corner) + np.array([0.08, 0.0, 0.0]), truth))
    assert place.from_board(truth, [still, still], FLOOR_BOARD).error_px < 1e-3
    with pytest.raises(SignalError, match="still"):
        place.from_board(truth, [still, moved], FLOOR_BOARD)
    ceiling = (corner, rays.project(lying(corner) + np.array([0.0, 0.0, 3.0]), truth))
    with pytest.raises(SignalError, match="above"):
        place.from_board(camera_at([0.1, -2.0, 1.2], [0, 0, 3.0]), [ceiling], FLOOR_BOARD)


@settings(max_examples=12, deadline=None)
@given(st.floats(0.6, 2.0), st.floats(3.5, 7.0), st.floats(-6.0, 6.0), st.floats(-0.4, 0.4))
def test_a_walker_of_known_height_gives_the_place_more_weakly(up_m, beside_m, roll_deg, slant_m):
    truth = camera_at([0.0, -beside_m, up_m], [0.0, 0.0, 0.8], roll_deg)
    along = np.linspace(-1.8, 1.8, 60)
    random = np.random.default_rng(0)
    ankles = np.stack([along, slant_m * along, np.full(60, place.ANKLE_SHARE * 1.7)], axis=1)
    nose = ankles + np.array([0.0, 0.0, (place.NOSE_SHARE - place.ANKLE_SHARE) * 1.7])
    seen = [rays.project(points, truth) + random.normal(0.0, 1.0, (60, 2)) for points in (ankles, nose)]
    placed = place.from_walker(truth, *seen, 1.7)
    assert placed.camera.position_m[2] == pytest.approx(up_m, abs=0.25)
    # what counts: lengths along the walk
    on_walk = on_plane(seen[0][:, None], placed.camera, np.zeros(1))[:, 0, 0]
    assert on_walk[-1] - on_walk[0] == pytest.approx(3.6 * np.hypot(1.0, slant_m), rel=0.06)


def test_a_walker_who_stands_or_is_hardly_seen_gives_no_place():
    truth = camera_at([0.0, -4.0, 1.0], [0.0, 0.0, 0.8])
    ankles = np.tile([0.1, 0.0, 0.07], (40, 1))
    feet, nose = rays.project(ankles, truth), rays.project(ankles + np.array([0, 0, 1.49]), truth)
    with pytest.raises(SignalError, match="longer way"):
        place.from_walker(truth, feet, nose, 1.7)
    feet[15:] = np.nan
    with pytest.raises(SignalError, match="15 frames"):
        place.from_walker(truth, feet, nose, 1.7)


# --- files


def test_calibration_files_are_written_and_read_back(tmp_path):
    cameras = (
        camera_at([1.0, -3.0, 1.2], [0, 0, 0.9], 3.0, (-0.1, 0.02, 1e-3, -1e-3, 0.0), "near"),
        camera_at([-2.0, 3.0, 1.5], [0, 0, 0.9], 0.0, name="far"),
    )
    files.write_cameras(tmp_path / "cameras.toml", cameras, 0.4)
    for ours, back in zip(cameras, files.read_cameras(tmp_path / "cameras.toml"), strict=True):
        assert back.name == ours.name
        for name in ("size_px", "focal_px", "centre_px", "distortion", "camera_from_world", "position_m"):
            assert getattr(back, name) == pytest.approx(getattr(ours, name), abs=1e-8), name


def test_a_camera_without_a_place_comes_back_without_one(tmp_path):
    nowhere = replace(BEFORE, camera_from_world=np.full((3, 3), np.nan), position_m=np.full(3, np.nan))
    files.write_cameras(tmp_path / "c.toml", (nowhere,))
    back = files.read_cameras(tmp_path / "c.toml")[0]
    assert not back.is_calibrated
    assert back.focal_px == pytest.approx(nowhere.focal_px)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.toml", "size = [", "no calibration"),
        ("b.toml", "[metadata]\nerror = 0.0\n", "no camera"),
        ("c.toml", "[one]\nsize = [10, 10]\n", "no calibration"),
        ("d.toml", "[one]\nfisheye = true\n", "fisheye"),
        ("e.qca.txt", "not xml", "no calibration"),
        ("f.qca.txt", "<calibration><cameras><camera serial='1'/></cameras></calibration>", "no calibration"),
    ],
)
def test_a_file_that_is_no_calibration_is_refused(tmp_path, name, text, said):
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(FormatError, match=said):
        files.read_cameras(tmp_path / name)


def test_intrinsics_follow_the_size_of_the_picture_but_not_its_shape():
    half = files.fitted(BEFORE, (320, 240))
    point = np.array([[0.1, -0.05, 1.0]])
    whole_px, half_px = rays.project(point, BEFORE), rays.project(point, half)
    assert (half_px + 0.5) * 2.0 - 0.5 == pytest.approx(whole_px)
    with pytest.raises(FormatError, match="mode"):
        files.fitted(BEFORE, (480, 640))


# --- rays

RIG = tuple(
    camera_at(position, [0, 0, 0.9], roll, (-0.1, 0.03, 1e-3, 1e-3, 0.0))
    for position, roll in (([3, -3, 1.2], 0), ([-3, -3, 1.6], 20), ([0, 4, 1.0], -10))
)


@settings(max_examples=25, deadline=None)
@given(st.floats(-0.6, 0.6), st.floats(-0.6, 0.6), st.floats(0.3, 1.6))
def test_a_point_comes_back_from_what_the_cameras_see(x, y, z):
    point = np.array([[x, y, z]])
    seen = np.stack([rays.project(point, camera) for camera in RIG])
    back, error = rays.triangulate(seen, RIG)
    assert back == pytest.approx(point, abs=1e-6)
    assert error.max() < 1e-4


def test_a_point_needs_two_cameras_and_its_noise_is_the_rays():
    random = np.random.default_rng(1)
    point = np.array([[0.1, -0.2, 0.9]] * 200)
    seen = np.stack([rays.project(point, camera) for camera in RIG]) + random.normal(0.0, 1.0, (3, 200, 2))
    back, error = rays.triangulate(seen, RIG)
    # 1 px at 4.3 m and 610 px is 7 mm; three cameras share it
    assert np.sqrt(np.mean((back - point) ** 2)) < 0.008
    assert 0.5 < np.sqrt(np.mean(error**2)) < 1.4
    seen[1:, 0] = np.nan
    back, error = rays.triangulate(seen, RIG)
    assert np.isnan(back[0]).all()
    assert np.isnan(error[:, 0]).all()
    with pytest.raises(UsageError, match="two calibrated"):
        rays.triangulate(seen[:1], RIG[:1])


def test_four_real_cameras_agree_by_their_qualisys_file(sample, network):
    """One person, four cameras that are rolled by up to 25 deg; a network that errs by centimetres."""
    from fusion.pose.track.follow import Follower
    from fusion.pose.track.people import Body
    from fusion.pose.video.reader import read_frames

    folder = sample("four_cameras")
    cameras = files.read_cameras(folder / "Calib.qca.txt")
    assert [camera.name for camera in cameras] == ["cam01", "cam02", "cam03", "cam04"]
    about = ((453, 773, 1013), (547, 760, 907), (560, 880, 933), (453, 933, 1013))  # u, v, height of the person, px
    model, seen = network("movenet_thunder"), []
    for camera, (u, v, height) in zip(cameras, about, strict=True):
        follower = Follower(model)
        body = Body(np.array([u, v], dtype=float), height, 1.0)
        frames = read_frames(folder / f"{camera.name}.mp4", 0.0, 0.5)
        seen.append(np.stack([follower.look(f, body).position_px for k, f in enumerate(frames) if k % 6 == 0]))
    points = [model.points.index(f"{side}_{part}") for part in ("hip", "knee", "ankle") for side in ("left", "right")]
    pixels = np.stack(seen)[:, :, points]
    shape = pixels.shape[1:3]
    place_m, error = rays.triangulate(pixels.reshape(4, -1, 2), cameras)
    assert np.median(error) < 25.0  # px of 1920; Pose2Sim's own limit is 15 px for a frame to be kept
    legs = place_m.reshape(*shape, 3)
    thigh = np.linalg.norm(legs[:, :2] - legs[:, 2:4], axis=2)
    assert np.median(thigh) == pytest.approx(0.42, abs=0.06)
    # with the wrong cameras the rays miss each other
    _, wrong = rays.triangulate(pixels[[1, 0, 2, 3]].reshape(4, -1, 2), cameras)
    assert np.nanmedian(wrong) > 4.0 * np.median(error)
