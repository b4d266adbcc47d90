"""What a wearable reads: exact kinematics at its place, then soft tissue, mounting, bias, noise, range, loss."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from fusion.frames import GRAVITY_MPS2, exp_map
from fusion.simulate.body import Walk
from fusion.simulate.clocks import Clock, arrival_s
from fusion.simulate.faults import kept_samples
from fusion.simulate.settings import ImuSettings
from fusion.simulate.truth import ImuTruth, joint_angles_deg
from fusion.types import SEGMENTS, Floats, ImuSamples

SOFT_TISSUE_DPS = {"pelvis": 8.0, "trunk": 8.0, "thigh": 50.0, "shank": 48.0, "foot": 12.0}
"""RMS rate of the skin-mounted sensor against the bone, deg/s. A gyro on thigh or shank is worth 40 to 60
deg/s against an optical reference of the knee, two orders above its data sheet."""

SOFT_TISSUE_BAND_HZ = (3.0, 12.0)
SLOW_SHIFT_DEG = 1.5
"""Slow rotation of thigh and shank sensors with the knee's flexion, deg per 60 deg."""

LEVER_ARM_SD_M = 0.01
"""How far from its usual place a sensor is strapped on, per axis."""


def record_imu(
    segment: str, walk: Walk, settings: ImuSettings, end_s: float, rng: np.random.Generator
) -> tuple[ImuSamples, ImuTruth]:
    """Return what the wearable on ``segment`` records, and what is true of it.

    1. Sample instants on the device's clock.
    2. Angular rate and specific force of the strapped-on place, in segment axes.
    3. Soft tissue: the sensor turns and shakes against the bone.
    4. Mounting, bias, noise, range.
    5. Loss and late arrival.
    """
    faulty = settings.errors
    clock = _clock(settings, rng)
    stream_s, time_s = clock.ticks(rng.uniform(0.0, 0.01), end_s, settings.rate_hz)
    lever_m = walk.anatomy.sensor_offset_m(segment) + faulty * LEVER_ARM_SD_M * rng.standard_normal(3)
    gyro, accel = _ideal(segment, lever_m, walk, time_s)
    bone = gyro
    if faulty and settings.soft_tissue > 0.0:
        gyro, accel = _with_soft_tissue(segment, gyro, accel, walk, time_s, settings, rng)
    mount = _mounting(segment, settings, rng)
    bias = faulty * np.radians(settings.gyro_bias_dps) * rng.standard_normal(3)
    accel_bias = faulty * settings.accel_bias_mps2 * rng.standard_normal(3)
    noise, accel_noise = rng.standard_normal((2, *gyro.shape))
    gyro = gyro @ mount + bias + faulty * np.radians(settings.gyro_noise_dps) * noise
    accel = accel @ mount + accel_bias + faulty * settings.accel_noise_mps2 * accel_noise
    gyro_range, accel_range = np.radians(settings.gyro_range_dps), settings.accel_range_mps2
    if faulty:
        gyro, accel = np.clip(gyro, -gyro_range, gyro_range), np.clip(accel, -accel_range, accel_range)
    kept = kept_samples(len(time_s), settings.loss_fraction if faulty else 0.0, rng)
    own = settings.clock == "device"
    arrival = arrival_s(time_s, settings.connection_interval_s, rng)[kept] if own else None
    samples = ImuSamples(
        segment=segment,
        time_s=stream_s[kept],
        accel_mps2=accel[kept],
        gyro_radps=gyro[kept],
        rate_hz=settings.rate_hz,
        arrival_s=arrival,
        accel_range_mps2=accel_range,
        gyro_range_radps=gyro_range,
        device="simulated",
    )
    truth = ImuTruth(segment, clock, time_s[kept], mount, lever_m, bias, accel_bias, np.asarray((bone @ mount)[kept]))
    return samples, truth


def _clock(settings: ImuSettings, rng: np.random.Generator) -> Clock:
    offset_s, skew_ppm = rng.uniform(-5.0, 5.0), rng.uniform(-settings.skew_ppm, settings.skew_ppm)
    return Clock(offset_s, skew_ppm) if settings.clock == "device" else Clock()


def _ideal(segment: str, lever_m: Floats, walk: Walk, time_s: Floats) -> tuple[Floats, Floats]:
    """Return angular rate and specific force in segment axes, shapes (n, 3)."""
    index = SEGMENTS.index(segment)
    chain = (*walk.anatomy.joint(segment), (index, lever_m))
    _, _, acceleration = walk.point_motion(chain, time_s)
    force = acceleration + np.array([0.0, 0.0, GRAVITY_MPS2])
    pitch, rate = walk.pitch_rad(time_s)[:, index], walk.pitch_rad(time_s, order=1)[:, index]
    gyro = np.zeros_like(force)
    gyro[:, 1] = rate
    return gyro, _turned(force, pitch)


def _turned(vector: Floats, pitch: Floats) -> Floats:
    """Return world vectors in a frame pitched by ``pitch``: R_y(pitch)^T v."""
    sine, cosine = np.sin(pitch), np.cos(pitch)
    x, y, z = vector.T
    return np.column_stack((cosine * x - sine * z, y, sine * x + cosine * z))


def _with_soft_tissue(
    segment: str,
    gyro: Floats,
    accel: Floats,
    walk: Walk,
    time_s: Floats,
    settings: ImuSettings,
    rng: np.random.Generator,
) -> tuple[Floats, Floats]:
    """Return the readings of a sensor that rotates and shakes on the skin, strongest after foot contact."""
    part = segment.split("_")[-1]
    size = SOFT_TISSUE_DPS[part] * settings.soft_tissue
    burst = _burst(segment, walk, time_s)
    shake = np.stack([_band_noise(len(time_s), settings.rate_hz, rng) * burst for _ in range(6)], axis=1)
    rate = np.gradient(shake[:, :3], time_s, axis=0)
    angle = np.radians(size) * shake[:, :3] / rate.std(axis=0) * np.array([0.5, 1.0, 0.5])
    if part in ("thigh", "shank"):
        side = segment.split("_")[0]
        knee = joint_angles_deg(walk.pitch_rad(time_s))[f"knee_flexion_{side}_deg"]
        shift = settings.soft_tissue * SLOW_SHIFT_DEG * rng.choice([-1.0, 1.0])
        angle[:, 1] += np.radians(shift) * (knee - knee.mean()) / 60.0
    skin_from_bone = np.swapaxes(exp_map(angle), 1, 2)
    turned_gyro, turned = (np.einsum("nij,nj->ni", skin_from_bone, vector) for vector in (gyro, accel))
    jolt = 0.02 * size * shake[:, 3:] / shake[:, 3:].std(axis=0)
    return turned_gyro + np.gradient(angle, time_s, axis=0), turned + jolt


def _burst(segment: str, walk: Walk, time_s: Floats) -> Floats:
    """Return the loudness of the shaking over the gait cycle, about 0.5 to 1.5, shape (n,)."""
    sides = [side for side in walk.feet if side in segment] or list(walk.feet)
    loud = np.full(len(time_s), 0.5)
    for side in sides:
        phase = walk.feet[side].phase(time_s) % 1.0
        loud += np.exp(-phase / 0.12) + np.exp(-(((phase - 0.72) / 0.1) ** 2))
    return loud


def _band_noise(count: int, rate_hz: float, rng: np.random.Generator) -> Floats:
    """Return band-limited noise of unit variance, shape (n,)."""
    spectrum = np.fft.rfft(rng.standard_normal(count))
    frequency = np.fft.rfftfreq(count, 1.0 / rate_hz)
    low, high = SOFT_TISSUE_BAND_HZ
    spectrum[(frequency < low) | (frequency > high)] = 0.0
    noise = np.fft.irfft(spectrum, count)
    return np.asarray(noise / noise.std())


def _mounting(segment: str, settings: ImuSettings, rng: np.random.Generator) -> Floats:
    """Return segment_from_sensor: one of the 24 axis conventions and a small misalignment."""
    conventions = Rotation.create_group("O").as_matrix()
    convention = conventions[int(rng.integers(24))]
    if settings.aligned:
        convention = np.eye(3)
    if segment in settings.upside_down:
        convention = np.diag([-1.0, 1.0, -1.0]) @ convention
    error = np.radians(settings.misalignment_deg) * rng.standard_normal(3)
    return np.asarray(exp_map(error if settings.errors else np.zeros(3)) @ convention)
