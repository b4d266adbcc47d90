"""Leg points of a simulated walk as a detector would name them, with faults that are known."""

import numpy as np

from fusion.types import SIDES, Keypoints

LEG_PX = 200.0
HALF = 0.5 * LEG_PX
NAMES = tuple(f"{side}_{part}" for part in ("hip", "knee", "ankle") for side in SIDES)


def walking(seconds=6.0, rate_hz=30.0, stride_s=1.2, noise_px=4.0, seed=0, sense=1.0):
    """Return keypoints of a walker from the side, both pitches (rad, leaning towards +u), and no fault."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(0.0, seconds, 1.0 / rate_hz)
    position = np.zeros((len(time_s), 6, 2))
    pitch = {}
    pelvis = np.stack([300.0 + sense * 220.0 * time_s, np.full(len(time_s), 300.0)], axis=1)
    for leg, side in enumerate(SIDES):
        phase = 2.0 * np.pi * (time_s / stride_s + 0.5 * leg)
        thigh = -sense * (0.05 + 0.42 * np.cos(phase))
        flexion = 0.2 + 0.45 * (1.0 + np.sin(phase - 0.3)) / 2.0 * (np.sin(phase) < 0) + 0.1
        shank = thigh + sense * flexion
        pitch[f"{side}_thigh"], pitch[f"{side}_shank"] = thigh, shank
        knee = pelvis + HALF * np.stack([-np.sin(thigh), np.cos(thigh)], axis=1)
        ankle = knee + HALF * np.stack([-np.sin(shank), np.cos(shank)], axis=1)
        for part, place in enumerate((pelvis, knee, ankle)):
            position[:, 2 * part + leg] = place
    position += rng.normal(0.0, noise_px, position.shape)
    return Keypoints("side", time_s, NAMES, position, np.full(position.shape[:2], 0.9)), pitch


def faulty(keypoints, rng, swapped=0.15, collapsed=0.25, run=4):
    """Return the points with runs of swapped and of collapsed ankles, and what was done: 0 none, 1 swap, 2 or 3."""
    position = keypoints.position.copy()
    done = np.zeros(len(position), dtype=int)
    left, right = NAMES.index("left_ankle"), NAMES.index("right_ankle")
    for start in range(2 * run, len(done) - run, run):
        kind = rng.choice([0, 1, 2, 3], p=[1.0 - swapped - collapsed, swapped, collapsed / 2, collapsed / 2])
        frames = slice(start, start + run)
        one, other = position[frames, left].copy(), position[frames, right].copy()
        done[frames] = kind
        near = rng.normal(0.0, 4.0, one.shape)
        if kind == 1:
            position[frames, left], position[frames, right] = other, one
        elif kind == 2:
            position[frames, right] = one + near
        elif kind == 3:
            position[frames, left] = other + near
    from dataclasses import replace

    return replace(keypoints, position=position), done
