"""What a wearable reads: exact kinematics at its place, then soft tissue, mounting, bias, noise, range, loss."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from fusion.frames import GRAVITY_MPS2, exp_map
from fusion.simulate.body import Walk
from fusion.simulate.clocks import Clock, Link, pings
from fusion.simulate.faults import kept_samples, within
from fusion.simulate.settings import ImuSettings
from fusion.simulate.truth import ImuTruth
from fusion.types import SEGMENTS, Floats, ImuSamples

LOCKED_DEG = {"pelvis": 0.8, "trunk": 0.8, "thigh": 2.6, "shank": 1.7, "foot": 0.6}
"""SD over the gait cycle of the sensor's sagittal turn against the bone that repeats with every stride.

Skin and muscle carry a sensor on the thigh 2 to 6 deg, on the shank 1 to 4 deg about the bone, repeatable within a
person and different between people (Leardini et al. 2005, Gait & Posture 21:212; Benoit et al. 2006, Gait & Posture
24:152; Barre et al. 2013, IEEE Trans. Biomed. Eng. 60:3131)."""

LOCKED_HARMONICS = (0.74, 0.52, 0.35, 0.25)
"""Weights of the stride's harmonics: slow with the joints, faster with the impacts."""

LOCKED_PERSON_SD = 0.35
"""Log-normal spread of its size between people and sites."""

LOCKED_STRIDE_SD = 0.2
"""How much its size varies from stride to stride."""

SHAKE_DPS = {"pelvis": 6.0, "trunk": 6.0, "thigh": 18.0, "shank": 16.0, "foot": 8.0}
"""RMS rate of the shaking that does not repeat: the strapped mass on soft tissue after contact and in late swing."""

JOLT_MPS2 = {"pelvis": 0.16, "trunk": 0.16, "thigh": 1.0, "shank": 0.96, "foot": 0.24}
"""RMS of the shaking in specific force: a centimetre at 1.5 to 2 Hz (skin markers: 1 to 3 cm, Leardini 2005)."""

SHAKE_BAND_HZ = (3.0, 12.0)
OUT_OF_PLANE = np.array([0.6, 1.0, 0.8])
"""Size of the turn about the forward and the long axis against the sagittal one (Benoit 2006: alike)."""


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
    lever_m = walk.anatomy.sensor_offset_m(segment) + faulty * settings.lever_arm_sd_m * rng.standard_normal(3)
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
    kept &= ~within(time_s, settings.outages)
    for jump_at_s, jump_s in settings.clock_jumps:
        stream_s = np.where(time_s >= jump_at_s, stream_s + jump_s, stream_s)
    own = settings.clock == "device"
    link = Link.drawn(settings.connection_interval_s, rng) if own else None
    arrival = link.delivered(time_s, rng)[kept] if link else None
    pinged = link is not None and settings.ping_rate_hz > 0.0
    sent, received = pings(link, clock, end_s, settings.ping_rate_hz, rng) if link and pinged else (None, None)
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
        ping_sent_s=sent,
        ping_received_s=received,
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
    turned = walk.turned(index, time_s)
    gyro, accel = (np.einsum("nji,nj->ni", turned.rotation, vector) for vector in (turned.rate_radps, force))
    return gyro, accel


def _with_soft_tissue(
    segment: str,
    gyro: Floats,
    accel: Floats,
    walk: Walk,
    time_s: Floats,
    settings: ImuSettings,
    rng: np.random.Generator,
) -> tuple[Floats, Floats]:
    """Return the readings of a sensor that turns and shakes on the skin.

    1. A turn that repeats with the gait cycle, as large as ``LOCKED_DEG``.
    2. Shaking, strongest after foot contact and in late swing.
    3. The sensor reads the bone's rate and specific force in its own turned axes, its own turning, and jolts.
    """
    part = segment.split("_")[-1]
    angle = np.radians(LOCKED_DEG[part]) * _locked(segment, walk, time_s, rng)
    burst = _burst(segment, walk, time_s)
    shake = np.stack([_band_noise(len(time_s), settings.rate_hz, rng) * burst for _ in range(6)], axis=1)
    rate = np.gradient(shake[:, :3], time_s, axis=0)
    angle += np.radians(SHAKE_DPS[part]) * shake[:, :3] / rate.std(axis=0)
    angle *= settings.soft_tissue * OUT_OF_PLANE
    skin_from_bone = np.swapaxes(exp_map(angle), 1, 2)
    turned_gyro, turned = (np.einsum("nij,nj->ni", skin_from_bone, vector) for vector in (gyro, accel))
    jolt = settings.soft_tissue * JOLT_MPS2[part] * shake[:, 3:] / shake[:, 3:].std(axis=0)
    return turned_gyro + np.gradient(angle, time_s, axis=0), turned + jolt


def _locked(segment: str, walk: Walk, time_s: Floats, rng: np.random.Generator) -> Floats:
    """Return the repeating part about three axes, unit size for a usual person, shape (n, 3)."""
    side = segment.split("_")[0]
    plan = walk.feet[side if side in walk.feet else "left"]
    phase = plan.phase(time_s)
    weights = np.array(LOCKED_HARMONICS)
    weights *= np.sqrt(2.0 / np.sum(weights**2))
    shift = rng.uniform(0.0, 1.0, (len(weights), 3))
    order = np.arange(1, len(weights) + 1)
    waves = np.cos(2.0 * np.pi * (phase[:, None, None] * order[:, None] + shift))
    person = np.exp(LOCKED_PERSON_SD * rng.standard_normal(3))
    stride = 1.0 + LOCKED_STRIDE_SD * rng.standard_normal(len(plan.ic_s) + 1)
    size = np.interp(phase, np.arange(len(stride)), stride)
    return np.asarray(person * size[:, None] * np.einsum("nha,h->na", waves, weights))


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
    low, high = SHAKE_BAND_HZ
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
