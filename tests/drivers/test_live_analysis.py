"""The thread beside the recorder: it takes everything, and nobody waits for it."""

import numpy as np

from drivers.base import ImuPacket
from drivers.live_analysis import LiveAnalysis
from tests.live.walked import CALIBRATE_S, declared, played, walk


class AsPackets:
    """Hands a walk to the analysis as the recorder would."""

    def __init__(self, analysis):
        self._analysis = analysis
        self.sent = 0

    def imu(self, segment, time_s, accel, gyro):
        none = np.full(len(time_s), -1, dtype=np.int64)
        packet = ImuPacket(time_s, accel, gyro, time_s, none, np.zeros(len(time_s), dtype=bool))
        self._analysis.imu(segment, time_s, packet)
        self.sent += len(time_s)

    def keypoints(self, camera, time_s, position, confidence):
        self._analysis.keypoints(camera, time_s, position, confidence)
        self.sent += 1


def analysed(seconds, *, work_every_s):
    """Return the analysis, what it published and how much was sent; its clock is that of the walk."""
    _, recording, _, sync = walk()
    now = [0.0]
    published = []
    analysis = LiveAnalysis(declared(recording), published.append, clock=lambda: now[0])
    packets = AsPackets(analysis)
    worked_s = 0.0
    for at_s in played(packets, recording, sync, until_s=seconds):
        now[0] = at_s
        if at_s - worked_s >= work_every_s - 1e-9:
            worked_s = at_s
            analysis.work()
    analysis.work()
    return analysis, published, packets.sent


def test_it_calibrates_by_itself_and_publishes_the_newest_state():
    analysis, published, _ = analysed(CALIBRATE_S + 1.0, work_every_s=0.5)
    assert analysis.estimator.calibration is not None
    assert analysis.reason == ""
    assert len(published) >= 4
    assert analysis.newest is published[-1]


def test_a_slow_display_loses_pictures_and_no_sample():
    slow, few, sent = analysed(CALIBRATE_S + 1.0, work_every_s=4.0)
    assert slow.counts().taken == sent
    assert slow.counts().waiting == 0
    assert slow.estimator.late_samples == 0
    assert 1 <= len(few) <= 3


def test_until_somebody_walks_it_says_what_it_waits_for():
    analysis, published, _ = analysed(3.0, work_every_s=0.5)
    assert published == []
    assert analysis.reason.startswith("walk 6 s")


def test_the_thread_ends_when_it_is_left():
    _, recording, _, _ = walk()
    with LiveAnalysis(declared(recording)) as analysis:
        assert analysis._thread.is_alive()
    assert not analysis._thread.is_alive()
