"""A slow network drops the oldest frames and counts them; a fast one sees them all."""

import threading

import numpy as np
import pytest

from fusion.errors import UsageError
from fusion.pose.live import WAITING_FRAMES, LivePose, model_for_rate
from fusion.pose.models.base import COCO_POINTS, Seen
from fusion.pose.track.people import Body
from fusion.pose.video.frame import Frame

BODY = Body(np.array([60.0, 60.0]), 80.0, 0.9)
HEIGHTS = {"nose": 0.93, "shoulder": 0.818, "hip": 0.53, "knee": 0.285, "ankle": 0.04}


class Network:
    """Sees a standing person in the middle of every picture, when the gate is open."""

    name, points, input_px = "fake", COCO_POINTS, 64

    def __init__(self):
        self.gate = threading.Event()
        self.started = threading.Event()

    def see(self, pictures):
        self.started.set()
        assert self.gate.wait(20.0)
        share = np.array(
            [next((h for part, h in HEIGHTS.items() if name.endswith(part)), 0.7) for name in COCO_POINTS]
        )
        v = 32.0 + (0.5 - share) * 64.0 / 1.3
        position = np.stack([np.full(17, 31.5), v], axis=1)
        return Seen(np.stack([position] * len(pictures)), np.full((len(pictures), 17), 0.9), np.ones(len(pictures)))


class Finder:
    def __init__(self):
        self.calls = 0

    def find(self, _):
        self.calls += 1
        return [BODY]


def frame(time_s):
    return Frame(time_s, 0, np.zeros((120, 120, 3), dtype=np.uint8))


def test_frames_that_come_while_the_network_is_busy_drop_the_oldest():
    network, now = Network(), [0.0]
    with LivePose(network, Finder(), clock=lambda: now[0]) as live:
        live.offer(frame(0.0))
        assert network.started.wait(20.0)
        for k in range(1, 8):
            live.offer(frame(0.03 * k))
        now[0] = 0.3
        network.gate.set()
        live.stop()
        times = [look.time_s for look in live.looks()]
    counts = live.counts()
    assert times == pytest.approx([0.0, 0.18, 0.21])
    assert (counts.offered, counts.looked, counts.dropped) == (8, 1 + WAITING_FRAMES, 7 - WAITING_FRAMES)
    assert counts.latency_median_s == pytest.approx(0.12)
    assert "5 dropped" in counts.words()


def test_a_fast_network_sees_every_frame_and_searches_the_whole_frame_once():
    network, finder = Network(), Finder()
    network.gate.set()
    with LivePose(network, finder, clock=lambda: 0.0) as live:
        looks = live.looks()
        for k in range(20):
            live.offer(frame(k / 30.0))
            assert next(looks).look.square is not None
        live.stop()
        assert list(looks) == []
    assert live.counts().dropped == 0
    assert finder.calls == 1


def test_a_camera_that_is_unplugged_ends_the_looks():
    network = Network()
    with LivePose(network, Finder(), clock=lambda: 0.0) as live:
        live.stop()
        assert list(live.looks()) == []


def test_what_the_network_raises_reaches_the_one_who_looks():
    class Broken(Network):
        def see(self, pictures):
            raise RuntimeError(f"cannot see {len(pictures)}")

    with LivePose(Broken(), Finder(), clock=lambda: 0.0) as live:
        live.offer(frame(0.0))
        with pytest.raises(RuntimeError, match="cannot see 1"):
            next(live.looks())


COSTS = {"best": 0.050, "good": 0.020, "quick": 0.008}
CANDIDATES = [(name, lambda name=name: name) for name in COSTS]


@pytest.mark.parametrize(("rate_hz", "chosen"), [(10.0, "best"), (30.0, "good"), (60.0, "quick"), (7.0, "best")])
def test_the_best_network_that_holds_the_rate_is_chosen(rate_hz, chosen):
    model, why = model_for_rate(CANDIDATES, rate_hz, COSTS.get)
    assert model == chosen
    assert f"{1e3 * COSTS[chosen]:.0f} ms" in why


def test_where_none_holds_the_rate_the_fastest_is_taken_and_it_is_said():
    model, why = model_for_rate(CANDIDATES, 240.0, COSTS.get)
    assert model == "quick"
    assert "dropped" in why


@pytest.mark.parametrize("rate_hz", [0.0, -1.0, np.nan])
def test_a_rate_that_cannot_be_meant_is_refused(rate_hz):
    with pytest.raises(UsageError):
        model_for_rate(CANDIDATES, rate_hz, COSTS.get)
