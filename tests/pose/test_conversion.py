"""The converted networks are the original ones: the graphs as they were published, run by their own runtime."""

import json
import subprocess

import numpy as np
import pytest

from fusion.errors import FormatError
from fusion.pose.models._session import Session
from fusion.pose.video.frame import Square
from fusion.pose.video.reader import frame_at
from fusion.pose.weights.catalogue import NETWORKS, Network
from fusion.pose.weights.convert import Converter
from fusion.pose.weights.graph import Graph, Node, read_graph
from fusion.pose.weights.obtain import models_folder

TIMES_S = (1.9, 3.3, 5.1)
SIZES = {"posenet": (257, 353), "movenet_lightning": (192,)}
TOLERANCE = 1e-3
"""Of the range of each output."""


@pytest.fixture(scope="module")
def pictures(walk_clip):
    """Cuts about the walker, RGB, by network and size."""
    frames = [frame_at(walk_clip, time_s) for time_s in TIMES_S]
    squares = [Square(left, 460, 520) for left in (1156, 776, 276)]

    def cuts(size):
        return np.stack([frame.cut(square, size) for frame, square in zip(frames, squares, strict=True)])

    return cuts


def jobs_for(network, size, cuts, folder, prepared):
    jobs, names = [], list(network.outputs)
    for k, one in enumerate(prepared(cuts)):
        source = folder / f"{network.name}_{size}_{k}.bin"
        one.tofile(source)
        results = {name: folder / f"{source.stem}_{name}.out" for name in names}
        jobs.append(
            {
                "model": str(models_folder() / "source" / f"{network.stem}.json"),
                "input": str(source),
                "dtype": "int32" if one.dtype == np.int32 else "float32",
                "shape": [1, *one.shape],
                "outputs": {network.outputs[name]: str(results[name]) for name in names},
            }
        )
    return jobs


def test_each_network_gives_what_its_original_graph_gives(network, pictures, tfjs, tmp_path):
    node, modules = tfjs
    jobs, ours = [], []
    for each in NETWORKS:
        for size in SIZES.get(each.name, (256,)):
            model = network(each.name) if each.name != "posenet" else network("posenet", input_px=size)
            cuts = pictures(size)
            jobs += jobs_for(each, size, cuts, tmp_path, model.prepared)
            outputs = Session(each.name, tuple(each.outputs), threads=1).run(model.prepared(cuts))
            ours += [[output[k] for output in outputs] for k in range(len(cuts))]
    (tmp_path / "job.json").write_text(json.dumps(jobs))
    script = "tests/pose/tfjs/run_graph.mjs"
    done = subprocess.run([node, script, modules, tmp_path / "job.json"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for job, outputs in zip(jobs, ours, strict=True):
        for file, mine in zip(job["outputs"].values(), outputs, strict=True):
            theirs = np.fromfile(file, "<f4").reshape(mine.shape)
            span = max(float(np.ptp(theirs)), 1.0 if theirs.size == 1 else 0.0)
            assert np.abs(mine - theirs).max() <= TOLERANCE * span, file


def test_batches_give_what_single_pictures_give(network, pictures):
    for name in ("posenet", "movenet_lightning", "blazepose_full"):
        model = network(name)
        cuts = pictures(model.input_px)
        together = model.see(cuts)
        for k in range(len(cuts)):
            alone = model.see(cuts[k : k + 1])
            assert together.position_px[k] == pytest.approx(alone.position_px[0], abs=0.01)


def small(kind, **attributes):
    node = Node("out", kind, ("image",), attributes)
    placeholder = Node(
        "image", "Placeholder", (), {"dtype": {"type": "DT_FLOAT"}, "shape": {"shape": {"dim": [{"size": 1}] * 4}}}
    )
    return Graph({"image": placeholder, "out": node}, {}), Network("x", "x", "", "", 0, {"out": "out"})


def test_an_operation_that_is_not_known_is_refused_by_name():
    with pytest.raises(FormatError, match="Conv3D"):
        Converter(*small("Conv3D")).model()


def test_a_known_operation_is_converted():
    assert Converter(*small("Sigmoid")).model().graph.node[0].op_type == "Sigmoid"


def test_a_graph_that_does_not_fit_its_weights_is_refused(tmp_path):
    entry = {"name": "w", "shape": [2, 2], "dtype": "float32"}
    model = {"modelTopology": {"node": []}, "weightsManifest": [{"paths": ["x.bin"], "weights": [entry]}]}
    (tmp_path / "x.json").write_text(json.dumps(model))
    (tmp_path / "x.bin").write_bytes(b"\0" * 20)
    with pytest.raises(FormatError, match="16"):
        read_graph(tmp_path / "x.json")
