"""What others do with the same recording: keypoints filtered by themselves, attitude filters by themselves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from filterpy.kalman import KalmanFilter
from scipy.signal import butter, sosfiltfilt
from vqf import offlineVQF

from fusion.frames import matrix_from_quaternion
from fusion.simulate import Simulation
from fusion.types import SIDES, Floats, Keypoints, PlacedImu

LEAST_CONFIDENCE = 0.3
BUTTERWORTH_HZ = 6.0
CV_ACCEL_MPS2 = 30.0
"""Spread of a keypoint's acceleration, which the constant-velocity filter takes for noise (feet reach 30 m/s^2)."""

CV_NOISE_M = 0.01

_ENDS = {"thigh": ("hip", "knee"), "shank": ("knee", "ankle"), "foot": ("heel", "toe")}

Angles = dict[str, Floats]
"""Joint angle -> degrees on the times asked for."""


def camera_angles(simulation: Simulation, time_s: Floats, method: str) -> Angles:
    """Return joint angles of the camera alone; its clock is taken as known, the pelvis as level.

    Parameters
    ----------
    method
        ``"butterworth"``: gaps bridged by lines, zero-phase 6 Hz; ``"constant_velocity"``: one filterpy filter per
        coordinate, causal, gaps predicted.
    """
    keypoints = simulation.recording.keypoints[0]
    frame_s = simulation.truth.cameras[keypoints.camera].frame_s
    scale = _metres_per_pixel(simulation)
    smooth: dict[str, Callable[[Floats], Floats]] = {
        "butterworth": lambda track: _butterworth(track, frame_s),
        "constant_velocity": lambda track: _constant_velocity(track * scale, frame_s),
    }
    pitch = {}
    for side in SIDES:
        for part, (upper, lower) in _ENDS.items():
            first, second = (smooth[method](_seen(keypoints, f"{side}_{name}")) for name in (upper, lower))
            pitch[f"{side}_{part}"] = _pitch_rad(first - second, is_foot=part == "foot")
    return {name: np.interp(time_s, frame_s, angle) for name, angle in _joint_angles(pitch).items()}


def vqf_angles(placed: tuple[PlacedImu, ...], time_s: Floats) -> Angles:
    """Return joint angles of the wearables alone, by the inclination that VQF (offline, 6D) gives each."""
    pitch = {}
    for imu in placed:
        grid = np.arange(imu.time_s[0], imu.time_s[-1], 0.01)
        gyro, accel = (_on(grid, imu.time_s, values) for values in (imu.gyro_radps, imu.accel_mps2))
        quaternion = offlineVQF(np.ascontiguousarray(gyro), np.ascontiguousarray(accel), None, 0.01)["quat6D"]
        up = np.swapaxes(matrix_from_quaternion(quaternion), 1, 2)[:, :, 2]
        pitch[imu.segment] = np.interp(time_s, grid, np.unwrap(np.arctan2(-up[:, 0], up[:, 2])))
    return _joint_angles(pitch)


def _joint_angles(pitch: dict[str, Floats]) -> Angles:
    angles = {}
    for side in SIDES:
        thigh, shank, foot = (pitch.get(f"{side}_{part}") for part in ("thigh", "shank", "foot"))
        if thigh is not None:
            angles[f"hip_flexion_{side}_deg"] = np.rad2deg(pitch.get("pelvis", 0.0) - thigh)
        if thigh is not None and shank is not None:
            angles[f"knee_flexion_{side}_deg"] = np.rad2deg(shank - thigh)
        if shank is not None and foot is not None:
            angles[f"ankle_dorsiflexion_{side}_deg"] = np.rad2deg(shank - foot)
    return angles


def _seen(keypoints: Keypoints, name: str) -> Floats:
    index = keypoints.names.index(name)
    track = keypoints.position[:, index].copy()
    track[keypoints.confidence[:, index] < LEAST_CONFIDENCE] = np.nan
    return np.asarray(track)


def _butterworth(track: Floats, frame_s: Floats) -> Floats:
    rows = np.arange(len(track))
    known = np.isfinite(track).all(axis=1)
    bridged = np.column_stack([np.interp(rows, rows[known], column[known]) for column in track.T])
    rate_hz = 1.0 / float(np.median(np.diff(frame_s)))
    return np.asarray(sosfiltfilt(butter(2, BUTTERWORTH_HZ, fs=rate_hz, output="sos"), bridged, axis=0))


def _constant_velocity(track: Floats, frame_s: Floats) -> Floats:
    step_s = float(np.median(np.diff(frame_s)))
    filtered = np.empty_like(track)
    for axis in range(track.shape[1]):
        cv = KalmanFilter(dim_x=2, dim_z=1)
        cv.x = np.array([track[np.isfinite(track[:, axis]), axis][0], 0.0])
        cv.P = np.diag([0.1**2, 1.0])
        cv.F = np.array([[1.0, step_s], [0.0, 1.0]])
        cv.H = np.array([[1.0, 0.0]])
        cv.R = np.array([[CV_NOISE_M**2]])
        gain = np.array([0.5 * step_s**2, step_s])
        cv.Q = CV_ACCEL_MPS2**2 * np.outer(gain, gain)
        for row, value in enumerate(track[:, axis]):
            cv.predict()
            if np.isfinite(value):
                cv.update(value)
            filtered[row, axis] = cv.x[0]
    return filtered


def _metres_per_pixel(simulation: Simulation) -> float:
    camera = simulation.recording.cameras[0]
    assert camera.focal_px is not None
    assert camera.position_m is not None
    return float(abs(camera.position_m[1]) / camera.focal_px[0])


def _pitch_rad(up: Floats, *, is_foot: bool) -> Floats:
    """Pitch of a segment seen from the right (image x forward, y down); of a foot from its toe-heel line."""
    if is_foot:
        forward = -up
        return np.asarray(np.unwrap(np.arctan2(forward[:, 1], forward[:, 0])))
    return np.asarray(np.unwrap(np.arctan2(up[:, 0], -up[:, 1])))


def _on(grid: Floats, time_s: Floats, values: Floats) -> Floats:
    known = np.isfinite(values).all(axis=1)
    return np.column_stack([np.interp(grid, time_s[known], column[known]) for column in values.T])
