"""PoseNet in PyTorch is PoseNet, and it learns a laboratory's frames."""

import json

import numpy as np
import pytest

from apps import cli
from fusion.errors import FormatError, StorageError
from fusion.pose.models.base import COCO_POINTS

torch = pytest.importorskip("torch", reason="fine-tuning needs PyTorch; install tandem-gait[train]")

from fusion.pose._train import finetune as tuning  # noqa: E402
from fusion.pose._train import labels  # noqa: E402
from fusion.pose._train.network import export, published  # noqa: E402
from fusion.pose.models import _posenet_decode as decode  # noqa: E402
from fusion.pose.models._session import Session  # noqa: E402
from fusion.pose.models.posenet import HEADS, PoseNet  # noqa: E402

LINES = ((5, 6), (5, 7), (7, 9), (6, 8), (8, 10), (5, 11), (6, 12), (11, 12), (11, 13), (13, 15), (12, 14), (14, 16))
BODY = np.array(
    [[0, -88], [4, -92], [-4, -92], [9, -90], [-9, -90], [16, -70], [-16, -70], [26, -45], [-24, -44], [34, -22],
     [-30, -20], [10, -10], [-10, -10], [22, 30], [-12, 32], [40, 66], [-16, 72]], dtype=float,
)  # fmt: skip
"""A stick figure: left limbs to the right of the picture."""


@pytest.fixture
def frames(tmp_path):
    """Three drawn people with exact labels, as COCO keypoint JSON."""
    import cv2

    random = np.random.default_rng(3)
    content = {"images": [], "annotations": [], "categories": [{"id": 1, "keypoints": list(COCO_POINTS)}]}
    for k in range(3):
        points = BODY * (1.0 + 0.1 * k) + [150, 160] + random.normal(0.0, 4.0, BODY.shape)
        picture = random.integers(90, 130, (320, 300, 3)).astype(np.uint8)
        for a, b in LINES:
            ends = (tuple(int(v) for v in points[a].round()), tuple(int(v) for v in points[b].round()))
            cv2.line(picture, *ends, (30, 40, 200) if a % 2 else (200, 60, 30), 7)
        cv2.circle(picture, tuple(int(v) for v in points[0].round()), 12, (180, 190, 220), -1)
        cv2.imwrite(str(tmp_path / f"{k}.png"), picture)
        content["images"].append({"id": k, "file_name": f"{k}.png", "width": 300, "height": 320})
        flat = np.column_stack([points, np.full(17, 2.0)])
        content["annotations"].append({"image_id": k, "category_id": 1, "keypoints": flat.ravel().tolist()})
    (tmp_path / "labels.json").write_text(json.dumps(content), encoding="utf-8")
    return tmp_path


def test_the_export_of_the_module_gives_what_the_converted_graph_gives(network, tmp_path):
    network("posenet")
    export(published(), tmp_path / "torch.onnx")
    random = np.random.default_rng(0)
    for size in (257, 353):
        coarse = random.uniform(-1.0, 1.0, (2, size // 16 + 1, size // 16 + 1, 3))
        inputs = np.repeat(np.repeat(coarse, 16, axis=1), 16, axis=2)[:, :size, :size].astype(np.float32)
        ours = Session("posenet", HEADS, tmp_path / "torch.onnx", threads=1).run(inputs)
        converted = Session("posenet", HEADS, threads=1).run(inputs)
        with torch.no_grad():
            module = [head.numpy() for head in published()(torch.from_numpy(inputs))]
        for name, one, two, three in zip(HEADS, ours, converted, module, strict=True):
            span = float(np.ptp(two))
            assert np.abs(one - two).max() <= 1e-3 * span, name
            assert np.abs(three - two).max() <= 1e-3 * span, name


def test_targets_read_by_the_decoders_are_the_labels():
    random = np.random.default_rng(1)
    person = random.uniform(30.0, 226.0, (1, 17, 2))
    hot, counts, short, forward, backward = tuning.targets_of(person, 17)
    logits = np.where(hot > 0, 6.0, -6.0)
    heads = [np.nan_to_num(head) for head in (logits, short, forward, backward)]
    position, score = decode.peaks(*heads)
    assert position == pytest.approx(person[0], abs=1e-9)
    assert (score > 0.9).all()
    assert (counts == 1.0).all()
    assert decode.chain(*heads)[0] == pytest.approx(person[0], abs=1e-9)


def test_a_point_that_is_not_labelled_teaches_nothing():
    person = np.random.default_rng(1).uniform(30.0, 226.0, (1, 17, 2))
    person[0, 15] = np.nan
    hot, counts, short, forward, _ = tuning.targets_of(person, 17)
    assert not counts[..., 15].any()
    assert not hot[..., 15].any()
    assert np.isnan(short[..., 15]).all()
    assert np.isnan(forward[..., decode.EDGES.index((13, 15))]).all()


def test_the_mirror_image_has_left_for_right():
    people = np.stack([BODY + 120.0])
    back = labels.mirrored(labels.mirrored(people, 257), 257)
    assert back == pytest.approx(people)
    flipped = labels.mirrored(people, 257)
    left, right = COCO_POINTS.index("left_ankle"), COCO_POINTS.index("right_ankle")
    assert flipped[0, left] == pytest.approx([256.0 - people[0, right, 0], people[0, right, 1]])


def test_a_few_frames_are_learned_by_heart(network, frames):
    network("posenet")
    images = labels.read_labels(frames / "labels.json", frames)
    settings = tuning.FinetuneSettings(epochs=32, batch=3, learning_rate=1e-3, input_px=193, vary=False)
    examples = [labels.example(image, 0, settings.input_px) for image in images]
    module = published()
    before = tuning.error_of(module, examples)
    outcome = tuning.finetune(module, images, settings)
    after = tuning.error_of(outcome.network, examples)
    assert (outcome.frames, outcome.held) == (3, 0)
    assert before > 0.03
    assert after < 0.015  # 3 px of 193
    export(outcome.network, frames / "own.onnx")
    seen = PoseNet(193, "peak", frames / "own.onnx", threads=1).see(np.stack([one.picture for one in examples]))
    truth = np.stack([one.people_px[0] for one in examples])
    assert np.median(np.linalg.norm(seen.position_px - truth, axis=2)) < 3.0


def test_the_command_writes_a_network_that_can_be_used(network, frames, capsys):
    network("posenet")
    out = frames / "lab.onnx"
    command = ["models", "finetune", "posenet", "--labels", frames / "labels.json", "--images", frames, "--out", out]
    assert cli.main([str(word) for word in (*command, "--epochs", "1")]) == 0
    assert "none was held back" in capsys.readouterr().out
    assert PoseNet(257, weights=out, threads=1).see(np.zeros((1, 257, 257, 3), np.uint8)).score.shape == (1, 17)
    assert cli.main(["models", "finetune", "posenet"]) == 2
    assert "--labels" in capsys.readouterr().err


def test_labels_that_are_none_are_refused(frames):
    with pytest.raises(StorageError, match="not there"):
        labels.read_labels(frames / "none.json", frames)
    content = json.loads((frames / "labels.json").read_text())
    (frames / "0.png").rename(frames / "moved.png")
    with pytest.raises(StorageError, match="1 pictures"):
        labels.read_labels(frames / "labels.json", frames)
    for key, value, said in (
        ("categories", [{"keypoints": ["nose", "tail"]}], "not COCO's 17"),
        ("annotations", [{"image_id": 1, "keypoints": [1, 2]}], "no COCO"),
        ("annotations", [], "nobody"),
    ):
        (frames / "bad.json").write_text(json.dumps({**content, key: value}))
        with pytest.raises(FormatError, match=said):
            labels.read_labels(frames / "bad.json", frames)
