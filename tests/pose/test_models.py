"""Every network keeps the contract; PoseNet's decodings do what they say."""

import numpy as np
import pytest

from fusion import plugins
from fusion.errors import FormatError, StorageError, UsageError
from fusion.pose.confidence import MEANINGS, in_place, scatter
from fusion.pose.models import _posenet_decode as decode
from fusion.pose.models._session import default_threads
from fusion.pose.models.posenet import PoseNet
from fusion.pose.track.people import body_of
from fusion.pose.video.frame import Square
from fusion.pose.video.reader import frame_at
from fusion.types import SIDES

NAMES = plugins.names("fusion.pose.models")
SQUARE = Square(776, 460, 520)
"""About the walker of the sample clip at 3.3 s."""

each_network = pytest.mark.parametrize("name", NAMES)


@each_network
def test_a_network_sees_the_walker_in_the_picture(network, walk_clip, name):
    model = network(name)
    cut = frame_at(walk_clip, 3.3).cut(SQUARE, model.input_px)
    seen = model.see(np.stack([cut, cut]))
    assert seen.position_px.shape == (2, len(model.points), 2)
    assert seen.score.shape == (2, len(model.points))
    assert ((seen.score >= 0.0) & (seen.score <= 1.0)).all()
    assert seen.present.shape == (2,)
    assert seen.position_px[0] == pytest.approx(seen.position_px[1])
    place = {point: seen.position_px[0, k] for k, point in enumerate(model.points)}
    for side in SIDES:
        assert place["nose"][1] < place[f"{side}_hip"][1] < place[f"{side}_knee"][1] < place[f"{side}_ankle"][1]
    body = body_of(SQUARE.to_frame(seen.position_px[0], model.input_px), seen.score[0], model.points, 1.0)
    assert 330 < body.height_px < 450


@each_network
def test_a_picture_of_nothing_scores_low(network, name):
    model = network(name)
    grey = np.full((1, model.input_px, model.input_px, 3), 90, dtype=np.uint8)
    assert model.see(grey).score.mean() < 0.45


@each_network
def test_a_mirrored_picture_gives_the_mirrored_person(network, walk_clip, name):
    """Feet apart, so that sides are clear; joints may differ by what the network scatters."""
    model = network(name)
    cut = frame_at(walk_clip, 3.3).cut(SQUARE, model.input_px)
    one, other = (model.see(np.ascontiguousarray(picture)[None]) for picture in (cut, cut[:, ::-1]))
    twin = [model.points.index(_twin(point)) for point in model.points]
    mirrored = other.position_px[0, twin] * [-1.0, 1.0] + [model.input_px - 1.0, 0.0]
    far = np.linalg.norm(one.position_px[0] - mirrored, axis=1) / model.input_px
    assert np.median(far) < 0.02


def _twin(point):
    side, _, part = point.partition("_")
    return {"left": f"right_{part}", "right": f"left_{part}"}.get(side, point)


@pytest.mark.parametrize("settings", [{"input_px": 256}, {"input_px": 17}, {"decoding": "best"}])
def test_posenet_refuses_what_it_cannot_be(settings):
    with pytest.raises(UsageError):
        plugins.load("fusion.pose.models", "posenet", **settings)


@pytest.mark.parametrize("given", ["0", "two", "-1"])
def test_a_wrong_number_of_threads_is_refused(monkeypatch, given):
    monkeypatch.setenv("TANDEM_POSE_THREADS", given)
    with pytest.raises(UsageError, match="TANDEM_POSE_THREADS"):
        default_threads()


def heads(cells=17, people=((3, 5),), spread=2):
    """Heads in which each person's points lie on a line of cells, all offsets 0 and displacements exact."""
    heatmap = np.full((cells, cells, 17), -6.0)
    offset = np.zeros((cells, cells, 34))
    forward, backward = np.zeros((cells, cells, 32)), np.zeros((cells, cells, 32))
    for row, column in people:
        for point in range(17):
            heatmap[row + spread * (point % 3), column, point] = 4.0
        for edge, (parent, child) in enumerate(decode.EDGES):
            down = spread * (child % 3 - parent % 3) * decode.STRIDE
            forward[row + spread * (parent % 3), column, edge] = down
            backward[row + spread * (child % 3), column, edge] = -down
    return heatmap, offset, forward, backward


def test_every_decoding_finds_one_person_exactly():
    one = heads()
    for how in (decode.peaks, decode.pairs, decode.chain):
        position, score = how(*one)
        assert position[:, 0] == pytest.approx(5 * decode.STRIDE)
        assert position[:, 1] == pytest.approx([(3 + 2 * (k % 3)) * decode.STRIDE for k in range(17)])
        assert score == pytest.approx(1.0 / (1.0 + np.exp(-4.0)))


def test_two_people_are_told_apart():
    found = decode.people(*heads(people=((3, 3), (5, 12))))
    assert sorted(float(person.position_px[0, 0]) for person in found) == [48.0, 192.0]
    assert all(person.total > 0.9 for person in found)


def test_ankles_that_meet_are_told_apart_by_the_second_place():
    heatmap, offset, *rest = heads()
    heatmap[:, :, 15:17] = -6.0
    heatmap[12, 4, 15], heatmap[12, 9, 15] = 3.0, 1.0  # left: best on the one foot, second on the other
    heatmap[12, 4, 16] = 4.0
    together, _ = decode.peaks(heatmap, offset, *rest)
    assert together[15] == pytest.approx(together[16])
    position, score = decode.pairs(heatmap, offset, *rest)
    assert position[15] == pytest.approx([9 * decode.STRIDE, 12 * decode.STRIDE])
    assert position[16] == pytest.approx([4 * decode.STRIDE, 12 * decode.STRIDE])
    assert score[15] < score[16]


def test_ankles_without_a_second_place_stay_together():
    heatmap, offset, *rest = heads()
    heatmap[:, :, 15:17] = -6.0
    heatmap[12, 4, 15:17] = 3.0
    position, _ = decode.pairs(heatmap, offset, *rest)
    assert position[15] == pytest.approx(position[16])


@pytest.mark.parametrize("name", [*MEANINGS, "some_other_network"])
def test_a_higher_score_never_means_less(name):
    score = np.linspace(0.0, 1.0, 101)
    assert (np.diff(in_place(name, score)) >= 0.0).all()
    assert (np.diff(scatter(name, score)) <= 1e-12).all()
    assert (scatter(name, score) > 0.005).all()
    assert ((in_place(name, score) >= 0.0) & (in_place(name, score) <= 1.0)).all()


def test_every_network_has_a_meaning():
    assert set(MEANINGS) == set(NAMES)


def test_weights_that_are_no_network_are_refused(tmp_path):
    with pytest.raises(StorageError, match="not there"):
        PoseNet(weights=tmp_path / "none.onnx")
    (tmp_path / "bad.onnx").write_bytes(b"no network at all")
    with pytest.raises(FormatError, match="no network"):
        PoseNet(weights=tmp_path / "bad.onnx")
