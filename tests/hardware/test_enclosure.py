"""The printed parts: closed surfaces, the measures of the parameters, and room for what goes in."""

import hashlib
import sys
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).parents[2] / "hardware" / "enclosure"
NAMES = ("base", "lid", "strap_mount", "clip_mount")


@pytest.fixture(scope="module")
def measures():
    sys.path.insert(0, str(FOLDER))
    try:
        from parameters import ENCLOSURE
    finally:
        sys.path.remove(str(FOLDER))
    return ENCLOSURE


def triangles(name):
    """Return corners, mm, shape (n, 3, 3)."""
    data = (FOLDER / f"{name}.stl").read_bytes()
    kind = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("more", "<u2")])
    read = np.frombuffer(data, kind, offset=84)
    assert len(read) == int.from_bytes(data[80:84], "little")
    return read["corners"].astype(float)


def is_inside(shape, points):
    """Say which points lie in a solid: solid angles of its triangles sum to 4 pi (van Oosterom & Strackee 1983)."""
    a, b, c = (shape[None, :, corner] - points[:, None] for corner in range(3))
    la, lb, lc = (np.linalg.norm(v, axis=2) for v in (a, b, c))
    top = np.einsum("pti,pti->pt", a, np.cross(b, c))
    dot = [np.einsum("pti,pti->pt", u, v) for u, v in ((a, b), (b, c), (a, c))]
    bottom = la * lb * lc + dot[0] * lc + dot[1] * la + dot[2] * lb
    return 2.0 * np.arctan2(top, bottom).sum(axis=1) > 2.0 * np.pi


def block(low, high, count=(9, 7, 4)):
    axes = [np.linspace(a, b, n) for a, b, n in zip(low, high, count, strict=True)]
    return np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 3)


@pytest.mark.parametrize("name", NAMES)
def test_a_part_is_small_closed_and_comes_from_these_sources(name):
    path = FOLDER / f"{name}.stl"
    data = path.read_bytes()
    assert len(data) < 300_000
    sources = b"".join((FOLDER / source).read_bytes() for source in ("parameters.py", "model.py"))
    digest = hashlib.sha256(sources).hexdigest()[:16]
    assert data[:80].decode().split() == ["tandem", digest], "run hardware/enclosure/model.py"
    corners = np.round(triangles(name), 4)
    edges = np.concatenate([corners[:, [i, (i + 1) % 3]] for i in range(3)])
    _, index = np.unique(edges.reshape(-1, 3), axis=0, return_inverse=True)
    directed = index.reshape(-1, 2)
    directed = directed[directed[:, 0] != directed[:, 1]]
    forth, n_forth = np.unique(directed, axis=0, return_counts=True)
    back, n_back = np.unique(directed[:, ::-1], axis=0, return_counts=True)
    assert np.array_equal(forth, back)
    assert np.array_equal(n_forth, n_back)
    volume = np.einsum("ni,ni->n", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6
    assert volume > 1000.0  # outward normals


def test_the_box_has_the_measures_of_the_parameters(measures):
    base = triangles("base").reshape(-1, 3)
    assert np.ptp(base, axis=0) == pytest.approx([measures.outer_x, measures.outer_y, measures.base_z], abs=0.01)
    lid = triangles("lid").reshape(-1, 3)
    assert np.ptp(lid[:, 0]) == pytest.approx(measures.outer_x, abs=0.01)
    assert lid[:, 2].min() == pytest.approx(-measures.parts_z, abs=0.01)


def test_cell_and_sensor_lie_side_by_side_under_the_board(measures):
    m = measures
    free = m.inner_x - 2 * m.ledge
    assert m.cell_x + m.sensor_x <= free
    assert max(m.cell_y, m.sensor_y) <= m.inner_y
    base = triangles("base")
    low, high = -free / 2, free / 2
    room = block((low + 0.1, -14.7, m.floor + 0.1), (low + m.cell_x, 14.7, m.floor + m.cell_z))
    assert not is_inside(base, room).any()
    # the sensor's board, away from the cut corner
    room = block((high - m.sensor_x, -14.0, m.floor + 0.1), (high - 0.1, -14.0 + m.sensor_y - 3.5, m.floor + 4.0))
    assert not is_inside(base, room).any()


def test_the_board_lies_on_its_ledges_and_clears_the_cut_corner(measures):
    m = measures
    base, under = triangles("base"), m.floor + m.cell_z + 0.5
    board = block((-35, -15, under + 0.1), (35, 15, under + m.board_z + m.parts_z - 0.5), (29, 13, 3))
    sawn = board[:, 0] + board[:, 1] > 35 + 15 - m.board_cut
    assert not is_inside(base, board[~sawn]).any()
    assert is_inside(base, board[sawn]).any()
    ledge = block((-34.9, -10, under - 1.0), (-34.0, 10, under - 0.2), (3, 5, 2))
    assert is_inside(base, ledge).all()


def test_the_groove_has_one_open_end_and_the_tongue_fits(measures):
    m = measures
    base = triangles("base")
    depth = m.groove_z / 2
    along = block((-m.outer_x / 2 + 1, 0, depth), (m.outer_x / 2 - m.groove_stop - 1, 0, depth), (9, 1, 1))
    assert not is_inside(base, along).any()
    stop = block((m.outer_x / 2 - m.groove_stop + 1, 0, depth), (m.outer_x / 2 - 1, 0, depth), (5, 1, 1))
    assert is_inside(base, stop).all()
    for name in ("strap_mount", "clip_mount"):
        mount = triangles(name)
        tongue = mount.reshape(-1, 3)[mount.reshape(-1, 3)[:, 2] > 0.01]
        assert tongue[:, 2].max() < m.groove_z
        assert np.abs(tongue[:, 1]).max() < m.groove_y / 2
        assert not is_inside(
            base, tongue[np.abs(tongue[:, 0]) < m.outer_x / 2 - m.groove_stop] * [1, 0.99, 0.99]
        ).any()


def test_the_lid_is_not_symmetric_so_up_is_felt(measures):
    corners = triangles("lid").reshape(-1, 3)
    reach = {(sx, sy): (corners @ [sx, sy, 0]).max() for sx in (-1, 1) for sy in (-1, 1)}
    cut = reach.pop((1, 1))
    assert all(other - cut > 5.0 for other in reach.values())


def test_the_picture_of_the_body_is_the_one_that_the_script_draws():
    sys.path.insert(0, str(FOLDER))
    try:
        import placement
    finally:
        sys.path.remove(str(FOLDER))
    assert (FOLDER / "placement.svg").read_text(encoding="utf-8") == placement.drawing()
