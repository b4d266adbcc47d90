"""A walker for the synchronisation tests: angles with known truth, seen by a camera and by wearables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SHAPES = {
    "thigh": (0.02, ((0.36, 0.0), (0.06, 1.1), (0.02, 0.4))),
    "shank": (-0.15, ((0.45, 0.9), (0.22, 2.3), (0.06, 0.5))),
}
"""Mean, and (amplitude, phase) of the first harmonics of pitch, rad: invented, of the size of walking."""


@dataclass(frozen=True)
class Walk:
    camera_time_s: np.ndarray
    camera_pitch_rad: dict[str, np.ndarray]
    imu: dict[str, tuple[np.ndarray, np.ndarray]]
    offset_s: float

    def only(self, *parts: str) -> Walk:
        def kept(values):
            return {name: value for name, value in values.items() if name.split("_")[1] in parts}

        return Walk(self.camera_time_s, kept(self.camera_pitch_rad), kept(self.imu), self.offset_s)


def walk(
    offset_s: float,
    frame_rate_hz: float = 60.0,
    seed: int = 0,
    noise_rad: float = 0.04,
    variability: float = 0.04,
    still_s: float = 3.0,
    walking_s: float = 9.0,
    seen_s: tuple[float, float] = (3.5, 11.5),
) -> Walk:
    """Stand, walk, stand; the camera sees ``seen_s`` (reference time) on a clock that is ``offset_s`` behind."""
    rng = np.random.default_rng(seed)
    total_s = 2.0 * still_s + walking_s
    time_s = np.arange(0.0, total_s, 0.01)
    cycles = rng.normal(1.0, variability, 40)
    phase = np.interp(time_s - still_s, 1.1 * np.concatenate([[0.0], np.cumsum(cycles)]), np.arange(41.0))
    size = np.interp(time_s - still_s, 1.1 * np.arange(40), rng.normal(1.0, 1.5 * variability, 40))
    ramp = np.clip((time_s - still_s) / 0.8, 0.0, 1.0) * np.clip((total_s - still_s - time_s) / 0.8, 0.0, 1.0)
    frames_s = np.arange(seen_s[0], seen_s[1], 1.0 / frame_rate_hz)
    pitch, imu = {}, {}
    for side, shift in (("left", 0.0), ("right", 0.5)):
        for part, (mean, harmonics) in SHAPES.items():
            angle = np.full_like(time_s, mean)
            for k, (amplitude, lead) in enumerate(harmonics, start=1):
                angle += ramp * size * amplitude * np.cos(2 * np.pi * k * (phase + shift) + lead)
            rate = np.gradient(angle, time_s) + 0.01 + rng.normal(0.0, 0.05, len(time_s))
            imu[f"{side}_{part}"] = (time_s, rate)
            seen = 0.8 * np.interp(frames_s, time_s, angle) + 0.1 * np.sin(0.5 * frames_s)
            pitch[f"{side}_{part}"] = seen + _slow_noise(rng, len(frames_s), noise_rad)
    return Walk(frames_s - offset_s, pitch, imu, offset_s)


def periodic(walking_s: float = 20.0) -> Walk:
    """Every stride is the last one again; the camera sees the middle."""
    return walk(0.3, noise_rad=0.01, variability=0.0, still_s=0.0, walking_s=walking_s, seen_s=(6.0, walking_s - 6.0))


def _slow_noise(rng, count: int, sd: float) -> np.ndarray:
    white = rng.normal(0.0, 1.0, count)
    noise = np.empty(count)
    noise[0] = white[0]
    for i in range(1, count):
        noise[i] = 0.8 * noise[i - 1] + 0.6 * white[i]
    return sd * noise
