"""Simulated walks made ready for the estimator, and how far an estimate is from their truth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from fusion.estimator.estimate import estimate_motion
from fusion.estimator.inputs import Inputs, time_offset_sd
from fusion.pipeline import Known, prepare
from fusion.simulate import CameraSettings, ImuSettings, SimulationSettings, Truth, WalkerSettings, simulate
from fusion.stages.cameras import refined_skeleton, straighten
from fusion.types import SAFE, SIDES, Floats, Motion, SyncResult

THREE = ("pelvis", "left_shank", "right_shank")
SEVEN = ("pelvis", *(f"{side}_{part}" for side in SIDES for part in ("thigh", "shank", "foot")))
DARK_S = (8.0, 9.0)
"""Where ``walk(..., dark=True)`` hides both legs."""


@dataclass(frozen=True, eq=False)
class Walked:
    inputs: Inputs
    truth: Truth

    def camera_only(self) -> Inputs:
        return replace(self.inputs, imus=(), levelled=(), time_offset_sd_s={})

    def motion(self, *, causal: bool = False) -> Motion:
        return _motion(self, causal)

    def knee_error_deg(self, motion: Motion, side: str, span_s: tuple[float, float] = (2.0, 14.0)) -> Floats:
        """Return estimated minus true knee flexion within a span."""
        chosen = within(motion, span_s)
        truth = np.interp(motion.time_s, self.truth.time_s, self.truth.joint_angle_deg[f"knee_flexion_{side}_deg"])
        return (knee_deg(motion, side) - truth)[chosen]

    def knee_rms_deg(self, motion: Motion, span_s: tuple[float, float] = (2.0, 14.0)) -> float:
        """Return the RMS error of both knees within a span."""
        return rms(np.concatenate([self.knee_error_deg(motion, side, span_s) for side in SIDES]))


@cache
def _motion(walked: Walked, causal: bool) -> Motion:
    return estimate_motion(walked.inputs, causal=causal)


@cache
def walk(
    seed: int = 1,
    *,
    imus: tuple[str, ...] = THREE,
    seconds: float = 15.0,
    dark: bool = False,
    stiff_left_knee: bool = False,
) -> Walked:
    """Return a treadmill walk before a side camera; every clock is the reference clock."""
    settings = SimulationSettings(
        duration_s=seconds,
        seed=seed,
        walker=WalkerSettings(amplitude={"knee_flexion_left": 0.6} if stiff_left_knee else {}),
        imu=ImuSettings(segments=imus, clock="host"),
        cameras=(
            CameraSettings(
                clock_offset_s=0.0,
                skew_ppm=0.0,
                blackouts=((DARK_S[0], DARK_S[1] - DARK_S[0], "both"),) if dark else (),
            ),
        ),
    )
    return _made_ready(settings)


@cache
def ideal_inputs() -> Inputs:
    """Return a walk whose sensors and camera make no error."""
    settings = SimulationSettings(
        duration_s=8.0,
        seed=1,
        imu=ImuSettings(segments=THREE, clock="host", errors=False, aligned=True),
        cameras=(CameraSettings(clock_offset_s=0.0, skew_ppm=0.0, errors=False, self_occlusion=False),),
    )
    return _made_ready(settings).inputs


def _made_ready(settings: SimulationSettings) -> Walked:
    simulation = simulate(settings)
    hardware = SyncResult("side", 0.0, -0.005, 0.005, method="hardware", verdict=SAFE)
    prepared = prepare(simulation.recording, Known(sync={"side": hardware}))
    views = tuple(replace(view, refusal="") for view in prepared.views)  # its check has its own tests
    skeleton = refined_skeleton(prepared.skeleton, views)
    inputs = Inputs(
        skeleton=skeleton,
        imus=prepared.wearables.placed,
        levelled=prepared.levelled,
        points=tuple(straighten(view.on_reference_clock(), skeleton) for view in views),
        time_offset_sd_s={"side": time_offset_sd(hardware)},
    )
    return Walked(inputs, simulation.truth)


def knee_deg(motion: Motion, side: str) -> Floats:
    return np.rad2deg(motion.pitch_rad(f"{side}_shank") - motion.pitch_rad(f"{side}_thigh"))


def within(motion: Motion, span_s: tuple[float, float]):
    return (motion.time_s >= span_s[0]) & (motion.time_s < span_s[1])


def rms(values: Floats) -> float:
    return float(np.sqrt(np.mean(np.square(values))))
