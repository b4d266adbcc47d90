"""A simulated walk, handed out as it would arrive."""

from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np

from fusion.gait.joint_angles import joint_angles
from fusion.live import LiveEstimator
from fusion.pipeline import estimate, prepare
from fusion.recording.clean import clean
from fusion.simulate import ImuSettings, SimulationSettings, simulate

WORN = ("pelvis", "left_shank", "right_shank", "left_foot", "right_foot")
KNEE = "knee_flexion_left_deg"
SECONDS = 14.0
CALIBRATE_S = 9.0


@cache
def walk():
    """Return the simulation, its recording on the host's clock, and the causal angles of the whole."""
    simulation = simulate(SimulationSettings(duration_s=SECONDS, seed=3, imu=ImuSettings(segments=WORN)))
    prepared = prepare(clean(simulation.recording))
    recording = replace(simulation.recording, imus=prepared.wearables.imus)
    return simulation, recording, joint_angles(estimate(prepared, causal=True), ()), prepared.views[0].sync


def declared(recording):
    """Return the streams without their samples."""
    nothing = np.empty((0, 3))
    return replace(
        recording,
        imus=tuple(
            replace(imu, time_s=np.empty(0), accel_mps2=nothing, gyro_radps=nothing) for imu in recording.imus
        ),
    )


def played(live, recording, sync, *, until_s, since_s=-np.inf, batch_s=0.1, camera=True):
    """Feed a stretch of the walk, seconds after its start, in batches; yield after each."""
    origin_s = recording.imus[0].time_s[0]
    (points,) = recording.keypoints
    frame_s = sync.to_reference(points.time_s)
    edges = np.arange(max(since_s, 0.0), until_s + 1e-9, batch_s) + origin_s
    for start_s, end_s in pairwise(edges):
        for imu in recording.imus:
            new = (imu.time_s >= start_s) & (imu.time_s < end_s)
            live.imu(imu.segment, imu.time_s[new], imu.accel_mps2[new], imu.gyro_radps[new])
        for row in np.flatnonzero((frame_s >= start_s) & (frame_s < end_s)) if camera else ():
            live.keypoints(points.camera, points.time_s[row], points.position[row], points.confidence[row])
        yield end_s - origin_s


def calibrated(recording, sync):
    """Return an estimator after the first seconds."""
    live = LiveEstimator(declared(recording))
    for _ in played(live, recording, sync, until_s=CALIBRATE_S):
        pass
    live.calibrate()
    return live
