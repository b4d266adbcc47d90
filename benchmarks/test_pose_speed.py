"""What a frame of video costs beside the bare network, in one run. Reported, never a gate.

The sample clip is brought to 720p; two threads, as on a laptop. The time in ONNX Runtime is counted within the same
run, so that a busy machine slows both alike. Weights and clip come from ``python -m tests.pose.fetch``.
"""

import time

import pytest

from fusion import plugins
from fusion.pose.models.posenet import PoseNet
from fusion.pose.track.people import PeopleFinder
from fusion.pose.video.extract import find_subject, see_video
from fusion.pose.video.reader import read_frames
from fusion.pose.weights import catalogue, obtain, samples

NETWORKS = {
    "posenet_257": ("posenet", {"input_px": 257}),
    "posenet": ("posenet", {}),
    **{name: (name, {}) for name in ("movenet_lightning", "movenet_thunder", "blazepose_full", "blazepose_heavy")},
}
THREADS = 2
ROUNDS = 3

each_network = pytest.mark.parametrize("name", NETWORKS)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """The sample clip at 720p."""
    if not samples.is_ready("walk"):
        pytest.skip("sample walk is not here; run 'python -m tests.pose.fetch'")
    import av
    import cv2

    target = tmp_path_factory.mktemp("clip") / "walk_720p.mp4"
    with av.open(str(target), "w") as container:
        stream = None
        for frame in read_frames(samples.sample_folder("walk") / "demo.mp4", 1.5, 4.5):
            height, width = frame.picture.shape[:2]
            small = cv2.resize(frame.picture, (2 * round(360 * width / height), 720), interpolation=cv2.INTER_AREA)
            if stream is None:
                stream = container.add_stream("libx264", rate=30, options={"preset": "veryfast"})
                stream.width, stream.height, stream.pix_fmt = small.shape[1], 720, "yuv420p"
            container.mux(stream.encode(av.VideoFrame.from_ndarray(small, format="rgb24")))
        container.mux(stream.encode(None))
    return target


@pytest.fixture(scope="module")
def subject(clip):
    return find_subject(clip, PeopleFinder(PoseNet(threads=THREADS)))


@pytest.fixture(scope="module")
def models():
    loaded = {}

    def load(name):
        module, settings = NETWORKS[name]
        if not obtain.is_ready(catalogue.network(module)):
            pytest.skip(f"the weights of {module} are not here; run 'python -m tests.pose.fetch'")
        if name not in loaded:
            loaded[name] = plugins.load("fusion.pose.models", module, threads=THREADS, **settings)
        return loaded[name]

    return load


class Timed:
    """A network that counts the time it spends in ONNX Runtime."""

    def __init__(self, model):
        self._model = model
        self.bare_s = 0.0

    def __getattr__(self, name):
        return getattr(self._model, name)

    def see(self, pictures):
        inner, bare = self._model.see_prepared, self

        def timed(inputs):
            start = time.perf_counter()
            try:
                return inner(inputs)
            finally:
                bare.bare_s += time.perf_counter() - start

        self._model.see_prepared = timed
        try:
            return self._model.see(pictures)
        finally:
            del self._model.see_prepared


@each_network
def test_pose(benchmark, models, clip, subject, name):
    """Decode, cut, run, decode the points, follow; and how much of it is the bare network."""
    model = Timed(models(name))
    seen = see_video(clip, model, subject)
    model.bare_s = 0.0
    benchmark.pedantic(lambda: see_video(clip, model, subject), rounds=ROUNDS, iterations=1)
    benchmark.extra_info["frames"] = int(seen.seen.sum())
    benchmark.extra_info["bare_s"] = model.bare_s / ROUNDS
