"""Networks, sample videos and a made-up video, for the tests of pose."""

import shutil

import numpy as np
import pytest

from fusion import plugins
from fusion.pose.weights import catalogue, obtain, samples
from tests.pose.fetch import tfjs_modules

HOW = "run 'python -m tests.pose.fetch' (TANDEM_REQUIRE_MODELS=1 makes this a failure)"


@pytest.fixture(scope="session")
def network():
    """Return a function that loads a pose network, or skips the test."""
    loaded = {}

    def load(name, **settings):
        if not obtain.is_ready(catalogue.network(name)):
            pytest.skip(f"the weights of {name} are not here; {HOW}")
        key = (name, *sorted(settings.items()))
        if key not in loaded:
            loaded[key] = plugins.load("fusion.pose.models", name, threads=1, **settings)
        return loaded[key]

    return load


@pytest.fixture(scope="session")
def sample():
    """Return a function that gives the folder of a sample, or skips the test."""

    def folder(name):
        if not samples.is_ready(name):
            pytest.skip(f"sample {name} is not here; {HOW}")
        return samples.sample_folder(name)

    return folder


@pytest.fixture(scope="session")
def walk_clip(sample):
    return sample("walk") / "demo.mp4"


@pytest.fixture(scope="session")
def tfjs():
    """Return node and the folder of the original runtime, or skip the test."""
    node = shutil.which("node")
    if node is None or not (tfjs_modules() / "@tensorflow" / "tfjs-backend-wasm").is_dir():
        pytest.skip(f"node or TensorFlow.js is not here; {HOW}")
    return node, tfjs_modules()


@pytest.fixture(scope="session")
def poses(network, walk_clip):
    """Return a function: network -> what it sees of the walker in the sample clip; each is computed once."""
    from fusion.pose.track.people import PeopleFinder
    from fusion.pose.video.extract import find_subject, see_video

    seen = {}

    def see(name, **settings):
        if "subject" not in seen:
            seen["subject"] = find_subject(walk_clip, PeopleFinder(network("posenet")))
        key = (name, *sorted(settings.items()))
        if key not in seen:
            seen[key] = see_video(walk_clip, network(name, **settings), seen["subject"])
        return seen[key]

    return see


@pytest.fixture(scope="session")
def make_video(tmp_path_factory):
    """Return a function that writes a small video whose frames count in grey, at given times."""
    import av

    folder = tmp_path_factory.mktemp("videos")

    def make(name, times_s, size=(64, 48), codec="libx264", pixels="yuv420p"):
        path = folder / name
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, rate=30)
            stream.width, stream.height, stream.pix_fmt = *size, pixels
            from fractions import Fraction

            stream.time_base = stream.codec_context.time_base = Fraction(1, 90_000)
            for k, time_s in enumerate(times_s):
                grey = np.full((size[1], size[0], 3), 20 + 4 * (k % 50), dtype=np.uint8)
                grey[: size[1] // 4, : size[0] // 4] = 255  # says which corner is up
                frame = av.VideoFrame.from_ndarray(grey, format="rgb24").reformat(format=pixels)
                frame.pts, frame.time_base = round(time_s * 90_000), Fraction(1, 90_000)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path

    return make
