"""The 8-bit variant of a network: smaller, near the original, and its cost is said."""

import numpy as np
import pytest

from apps import cli
from fusion.errors import SignalError
from fusion.pose.models.posenet import PoseNet
from fusion.pose.video.frame import Square
from fusion.pose.video.reader import read_frames
from fusion.pose.weights.obtain import onnx_file
from fusion.pose.weights.quantise import quantise


def test_an_eight_bit_network_is_smaller_and_sees_nearly_the_same(network, walk_clip, tmp_path):
    model = network("posenet", input_px=257)
    frames = list(read_frames(walk_clip, 3.0, 4.0))
    cuts = np.stack([frame.cut(Square(776, 460, 520), 257) for frame in frames])
    target = tmp_path / "int8.onnx"
    quantise(onnx_file("posenet"), model.prepared(cuts[:20]), target)
    assert target.stat().st_size < 0.4 * onnx_file("posenet").stat().st_size
    small = PoseNet(257, weights=target, threads=1)
    moved = np.linalg.norm(small.see(cuts[20:]).position_px - model.see(cuts[20:]).position_px, axis=2)
    assert np.median(moved) < 8.0  # px of 257: 4 % of the body height
    with pytest.raises(SignalError, match="20 are needed"):
        quantise(onnx_file("posenet"), model.prepared(cuts[:5]), target)


def test_quantising_without_a_video_is_called_wrongly(capsys):
    assert cli.main(["models", "quantise", "posenet"]) == 2
    assert "--video" in capsys.readouterr().err
