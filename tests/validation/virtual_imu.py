"""Wearables that never were: what sensors on pelvis, thighs and shanks would have read, from optical markers.

1. Fill: a missing pelvis marker from the other three (rigid body); gaps of any marker by interpolation.
2. Low-pass at 10 Hz; segment frames from the markers: long axis from joint to joint, turn about it from the wand
   marker (interpolated where that is missing, relative to the pelvis).
3. Angular rate from the rotation between neighbours, specific force from positions differentiated twice.
4. Errors of a small inertial sensor: bias, scale, noise, and a mounting that nobody told.

The truth is the sagittal angle between the same segments, so that figures from these sensors are optimistic: they
serve to compare conditions with each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, sosfiltfilt

from fusion.frames import GRAVITY_MPS2, exp_map, log_map, nearest_rotation
from fusion.types import SIDES, Flags, Floats, ImuSamples

CUTOFF_HZ = 10.0
LONGEST_GAP_S = 0.1
WALKING_MPS = 0.2

PELVIS = ("LASI", "RASI", "LPSI", "RPSI")

# Hip joint centre from the ipsilateral anterior superior iliac spine, shares of the distance between both spines:
# backwards, medially, down (Bell et al. 1990, doi:10.1016/0021-9290(90)90054-7).
HIP_BACK, HIP_MEDIAL, HIP_DOWN = 0.22, 0.14, 0.30

# Where a sensor sits: share of the segment below its upper end, and how far out on its side.
SENSOR_DOWN = {"thigh": 0.5, "shank": 0.4}
SENSOR_OUT_M = 0.05

GYRO_BIAS_RADPS = (float(np.deg2rad(0.5)), float(np.deg2rad(1.0)))
GYRO_NOISE_RADPS = np.deg2rad(0.1)
SCALE_SD = 0.01
ACCEL_BIAS_SD_MPS2 = 0.05
ACCEL_NOISE_MPS2 = 0.03
MOUNTING_SD_RAD = np.deg2rad(8.0)


@dataclass(frozen=True, slots=True)
class MarkerBody:
    """The legs as markers show them.

    Attributes
    ----------
    time_s
        Shape (n,).
    origin_m, world_from_segment
        Segment -> place of the sensor in the laboratory, shape (n, 3), and segment axes, shape (n, 3, 3).
    knee_flexion_deg
        Side -> sagittal knee angle, shape (n,); NaN where a marker was missing for long.
    walking
        The pelvis travels.
    """

    time_s: Floats
    origin_m: dict[str, Floats]
    world_from_segment: dict[str, Floats]
    knee_flexion_deg: dict[str, Floats]
    walking: Flags


def marker_body(marker_m: dict[str, Floats], rate_hz: float) -> MarkerBody:
    """Return segments and knee angles of marker tracks, each (n, 3); NaN where not seen."""
    rigid = _rigid_fill(np.stack([marker_m[name] for name in PELVIS], axis=1))
    seen = {**marker_m, **{name: rigid[:, k] for k, name in enumerate(PELVIS)}}
    track = {name: _low_pass(_bridged(values), rate_hz) for name, values in seen.items()}
    pelvis = _pelvis_axes(track)
    origin = {"pelvis": 0.5 * (track["LPSI"] + track["RPSI"])}
    axes = {"pelvis": pelvis}
    flexion: dict[str, Floats] = {}
    forward = _travel_direction(origin["pelvis"])
    for side in SIDES:
        letter, lateral = side[0].upper(), 1.0 if side == "left" else -1.0
        hip, knee, ankle = _hip(track, pelvis, side), track[f"{letter}KNE"], track[f"{letter}ANK"]
        for part, upper, lower, wand in (("thigh", hip, knee, "THI"), ("shank", knee, ankle, "TIB")):
            frame = _long_segment_axes(
                upper, lower, track[letter + wand], _seen(marker_m[letter + wand]), pelvis[:, :, 1], rate_hz
            )
            axes[f"{side}_{part}"] = frame
            down = SENSOR_DOWN[part] * (lower - upper)
            origin[f"{side}_{part}"] = upper + down + lateral * SENSOR_OUT_M * frame[:, :, 1]
        needed = [seen[name] for name in ("LASI", "RASI", f"{letter}KNE", f"{letter}ANK")]
        lost = np.any([_long_gaps(values, rate_hz) for values in needed], axis=0)
        angle = np.rad2deg(_pitch(knee - ankle, forward) - _pitch(hip - knee, forward))
        flexion[side] = np.where(lost, np.nan, angle)
    speed = np.linalg.norm(np.gradient(origin["pelvis"][:, :2], 1.0 / rate_hz, axis=0), axis=1)
    return MarkerBody(np.arange(len(pelvis)) / rate_hz, origin, axes, flexion, speed > WALKING_MPS)


def virtual_imus(body: MarkerBody, rate_hz: float, rng: np.random.Generator) -> tuple[ImuSamples, ...]:
    """Return what sensors on every segment would have read, with errors drawn from ``rng``."""
    return tuple(
        _reading(segment, body.time_s, body.origin_m[segment], axes, rate_hz, rng)
        for segment, axes in body.world_from_segment.items()
    )


def _reading(
    segment: str, time_s: Floats, origin_m: Floats, axes: Floats, rate_hz: float, rng: np.random.Generator
) -> ImuSamples:
    sensor = axes @ exp_map(rng.normal(0.0, MOUNTING_SD_RAD, 3))  # world_from_sensor
    turn = log_map(np.swapaxes(sensor[:-2], 1, 2) @ sensor[2:]) * (0.5 * rate_hz)
    gyro = np.concatenate([turn[:1], turn, turn[-1:]])
    accel = np.gradient(np.gradient(origin_m, time_s, axis=0), time_s, axis=0)
    force = np.einsum("nji,nj->ni", sensor, accel + np.array([0.0, 0.0, GRAVITY_MPS2]))
    bias = rng.uniform(*GYRO_BIAS_RADPS, 3) * rng.choice([-1.0, 1.0], 3)
    return ImuSamples(
        segment=segment,
        time_s=time_s,
        accel_mps2=force * (1.0 + rng.normal(0.0, SCALE_SD, 3))
        + rng.normal(0.0, ACCEL_BIAS_SD_MPS2, 3)
        + rng.normal(0.0, ACCEL_NOISE_MPS2, force.shape),
        gyro_radps=gyro * (1.0 + rng.normal(0.0, SCALE_SD, 3)) + bias + rng.normal(0.0, GYRO_NOISE_RADPS, gyro.shape),
        rate_hz=rate_hz,
        device="virtual",
    )


def _seen(points: Floats) -> Flags:
    return np.asarray(np.isfinite(points).all(axis=-1))


def _rigid_fill(points: Floats) -> Floats:
    """Return points of a rigid body, shape (n, k, 3), with one missing point put back from the others."""
    filled = points.copy()
    seen = _seen(points)
    whole = points[seen.all(axis=1)]
    if not len(whole):
        return filled
    template = np.mean(
        [_moved(frame, whole[0], np.ones(len(frame), dtype=np.bool_)) for frame in whole[::10]], axis=0
    )
    for row in np.flatnonzero(seen.sum(axis=1) == points.shape[1] - 1):
        missing = ~seen[row]
        filled[row, missing] = _moved(template, points[row], seen[row])[missing]
    return filled


def _moved(body: Floats, onto: Floats, known: Flags) -> Floats:
    """Return a rigid body moved onto the known points of another, least squares (Kabsch 1976)."""
    from_centre, to_centre = body[known].mean(axis=0), onto[known].mean(axis=0)
    turn = nearest_rotation((onto[known] - to_centre).T @ (body[known] - from_centre))
    return np.asarray((body - from_centre) @ turn.T + to_centre)


def _bridged(track: Floats) -> Floats:
    index = np.arange(len(track))
    known = _seen(track)
    if not known.any():
        return track
    return np.stack([np.interp(index, index[known], column[known]) for column in track.T], axis=1)


def _low_pass(values: Floats, rate_hz: float) -> Floats:
    sos = butter(2, CUTOFF_HZ, fs=rate_hz, output="sos")
    return np.asarray(sosfiltfilt(sos, values, axis=0))


def _long_gaps(track: Floats, rate_hz: float) -> Flags:
    lost = ~_seen(track)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], lost.astype(np.int8), [0]])))
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        if end - start <= LONGEST_GAP_S * rate_hz:
            lost[start:end] = False
    return np.asarray(lost)


def _unit(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))


def _pelvis_axes(track: dict[str, Floats]) -> Floats:
    left = _unit(track["LASI"] - track["RASI"])
    ahead = 0.5 * (track["LASI"] + track["RASI"]) - 0.5 * (track["LPSI"] + track["RPSI"])
    up = _unit(np.cross(ahead, left))
    return np.stack([np.cross(left, up), left, up], axis=2)


def _hip(track: dict[str, Floats], pelvis: Floats, side: str) -> Floats:
    width_m = float(np.median(np.linalg.norm(track["LASI"] - track["RASI"], axis=1)))
    medial = -1.0 if side == "left" else 1.0
    offset = width_m * np.array([-HIP_BACK, medial * HIP_MEDIAL, -HIP_DOWN])
    return np.asarray(track[f"{side[0].upper()}ASI"] + pelvis @ offset)


def _long_segment_axes(
    upper: Floats, lower: Floats, wand: Floats, wand_seen: Flags, leftward: Floats, rate_hz: float
) -> Floats:
    """Return segment axes, shape (n, 3, 3): z along the segment, turned about it as the wand marker turns."""
    z = _unit(upper - lower)
    y = _unit(leftward - np.sum(leftward * z, axis=1, keepdims=True) * z)
    x = np.cross(y, z)
    arm = wand - upper
    turn = np.arctan2(np.sum(arm * y, axis=1), np.sum(arm * x, axis=1))
    if wand_seen.any():
        index = np.arange(len(turn))
        turn = np.interp(index, index[wand_seen], np.unwrap(turn[wand_seen]))
        turn = _low_pass(turn - np.median(turn), rate_hz)
    else:
        turn = np.zeros(len(z))
    cosine, sine = np.cos(turn)[:, None], np.sin(turn)[:, None]
    return np.stack([cosine * x + sine * y, cosine * y - sine * x, z], axis=2)


def _travel_direction(root_m: Floats) -> Floats:
    travel = (root_m[-1] - root_m[0]) * np.array([1.0, 1.0, 0.0])
    return np.asarray(travel / np.linalg.norm(travel))


def _pitch(upward: Floats, forward: Floats) -> Floats:
    return np.asarray(np.arctan2(upward @ forward, upward[:, 2]))
