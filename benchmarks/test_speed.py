"""How long the main jobs take. Measured and reported (docs/performance.md), never a gate."""

import subprocess
import sys
import time

import numpy as np
import pytest
from filterpy.kalman import ExtendedKalmanFilter

from fusion.estimator.estimate import filter_model, first_belief, measured_segments, run_filter
from fusion.estimator.inputs import Inputs, Settings
from fusion.estimator.online import FrameReading, OnlineEstimator, TickReading, readings_in
from fusion.estimator.schedule import Schedule
from fusion.pipeline import analyse, prepare
from fusion.recording.clean import clean
from fusion.simulate import CameraSettings, ImuSettings, SimulationSettings, simulate
from fusion.types import SEGMENTS

SECONDS = 60.0
WORN = tuple(segment for segment in SEGMENTS if segment != "trunk")


@pytest.fixture(scope="module")
def recording():
    """One minute, one camera at 30 frames/s, seven wearables at 200 Hz."""
    worn = ImuSettings(segments=WORN, rate_hz=200.0)
    camera = CameraSettings(outlier_fraction=0.0)  # a camera that is refused would cost nothing
    return simulate(SimulationSettings(duration_s=SECONDS, seed=1, imu=worn, cameras=(camera,))).recording


@pytest.fixture(scope="module")
def inputs(recording):
    prepared = prepare(clean(recording))
    assert prepared.points, "the camera must take part"
    offsets = {view.name: 0.01 for view in prepared.views}
    return Inputs(prepared.skeleton, prepared.wearables.placed, points=prepared.points, time_offset_sd_s=offsets)


@pytest.fixture(scope="module")
def run(inputs):
    """The filter's forward pass, run once, so that what is timed is compiled."""
    return run_filter(inputs, Settings(), causal=True)


def measure(benchmark, job, rounds):
    """Time a job that is warm already."""
    job()
    return benchmark.pedantic(job, rounds=rounds, iterations=1)


def test_analyse_one_minute(benchmark, recording):
    benchmark.extra_info["work_s"] = SECONDS
    analysis = measure(benchmark, lambda: analyse(recording), rounds=3)
    assert analysis.strides


def test_filter_forward(benchmark, inputs, run):
    """Everything that a live system does per tick, wearables' own attitude and schedule included."""
    benchmark.extra_info["ticks"] = int(run.schedule.tick_time_s.size)
    benchmark.extra_info["states"] = int(run.active.size)
    measure(benchmark, lambda: run_filter(inputs, Settings(), causal=True), rounds=5)


def test_online_take(benchmark, inputs, run):
    """One reading at a time as a stream brings it, frames 60 ms late, so that each one rewinds the filter."""
    segments, settings = measured_segments(inputs), Settings()
    model = filter_model(run.schedule, run.active, segments, settings)
    belief = first_belief(run.schedule, model, segments, inputs, settings)
    readings = sorted(readings_in(run.schedule)[:2600], key=lambda r: r.time_s + 0.06 * isinstance(r, FrameReading))
    took_s = {TickReading: [], FrameReading: []}

    def job():
        online = OnlineEstimator(model, belief)
        for reading in readings:
            begin = time.perf_counter()
            online.take(reading)
            took_s[type(reading)].append(time.perf_counter() - begin)

    measure(benchmark, job, rounds=2)
    for kind, name in ((TickReading, "tick"), (FrameReading, "frame")):
        later = took_s[kind][len(took_s[kind]) // 3 :]  # the first of three turns may compile
        benchmark.extra_info[f"{name}_p50_s"], benchmark.extra_info[f"{name}_p99_s"] = np.percentile(later, (50, 99))


def filterpy_twin(states):
    """Return an EKF with as many states, in the usual form: dense F, Q and P."""
    twin = ExtendedKalmanFilter(dim_x=states, dim_z=3)
    twin.F = np.eye(states) + 0.01 * np.eye(states, k=1)
    twin.Q = np.eye(states) * 1e-3
    return twin


def test_filterpy_forward(benchmark, run):
    """The same blocks of the same sizes at the same times through ``filterpy``; the Jacobians are free of charge."""
    schedule, states = run.schedule, run.active.size
    ticks = min(500, schedule.tick_time_s.size)
    benchmark.extra_info["ticks"] = ticks
    benchmark.extra_info["states"] = int(states)
    blocks = blocks_of(schedule, ticks)
    jacobians = {rows: np.random.default_rng(0).normal(size=(rows, states)) for rows in (1, 2)}

    def job():
        twin = filterpy_twin(states)
        for rows in blocks:
            if rows == 0:
                twin.predict()
                continue
            H = jacobians[rows]
            twin.update(np.zeros((rows, 1)), lambda _, H=H: H, lambda x, H=H: H @ x, R=np.eye(rows))
        return twin

    measure(benchmark, job, rounds=3)


def blocks_of(schedule: Schedule, ticks: int) -> list[int]:
    """Return the rows of each measurement block in order; 0 stands for a prediction."""
    blocks = []
    joints = len(WORN) + 1
    for is_frame, index in zip(schedule.event_is_frame, schedule.event_index, strict=True):
        if not is_frame and index >= ticks:
            break
        blocks.append(0)
        if is_frame:
            seen = np.isfinite(schedule.frame_values[index, :, 0])
            blocks += [2] * int(seen.sum())
        else:
            worn = int(np.isfinite(schedule.gyro_radps[index, :, 0]).sum())
            blocks += [1, 2, 2] * worn + [1, 1] * joints
    return blocks


def test_import_fusion(benchmark):
    """A fresh interpreter, its own start included."""
    measure(benchmark, lambda: subprocess.run([sys.executable, "-c", "import fusion"], check=True), rounds=5)


def test_import_nothing(benchmark):
    """The interpreter's own start, to subtract."""
    measure(benchmark, lambda: subprocess.run([sys.executable, "-c", ""], check=True), rounds=5)
