"""From packet to estimate, live: five wearables at 100 Hz and a camera at 30 frames/s."""

import time

import numpy as np

from tests.live.walked import CALIBRATE_S, calibrated, played, walk


def test_live_step(benchmark):
    """Each batch of 0.1 s is taken and estimated; the time of a step is the latency of its newest packet."""
    _, recording, _, sync = walk()
    live = calibrated(recording, sync)
    spent = []

    def job():
        for _ in played(live, recording, sync, since_s=CALIBRATE_S, until_s=CALIBRATE_S + 4.0):
            began = time.perf_counter()
            live.step()
            spent.append(time.perf_counter() - began)

    live.step()
    benchmark.pedantic(job, rounds=1, iterations=1)
    benchmark.extra_info["latency_s"] = [float(np.quantile(spent, share)) for share in (0.5, 0.95, 0.99)]
    benchmark.extra_info["share"] = float(np.sum(spent)) / 4.0
