"""The simulated walk seen in four ways, and how far each is from the truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from apps.commands._output import Progress
from apps.commands._results import aligned
from fusion.gait.joint_angles import joint_angles
from fusion.gait.numbers import MINUS, format_number
from fusion.pipeline import analyse, estimate, prepare
from fusion.recording.clean import clean
from fusion.report.words import parameter_words
from fusion.simulate import Simulation, Truth
from fusion.types import SIDES, Analysis, Flags, Floats, JointAngles, Recording

JOINTS = (("knee_flexion", "Knee"), ("hip_flexion", "Hip"), ("ankle_dorsiflexion", "Ankle"))

PARAMETERS = (
    ("walking_speed_mps", "m/s", 2),
    ("cadence_spm", "steps/min", 1),
    ("stride_length_m", "m", 2),
    ("stance_percent", "%", 1),
    ("double_support_percent", "%", 1),
)

NOT_KNOWN = "not assessable"
NOT_MADE = "-"


@dataclass(frozen=True, slots=True)
class Seen:
    """One walk from the camera only, from the wearables only, from both, and from both without looking ahead.

    The times of the camera-only analysis are moved from the camera's clock to the reference clock.
    """

    camera: Analysis
    imu: Analysis
    fused: Analysis
    live: JointAngles


def observe(recording: Recording, simulation: Simulation, progress: Progress) -> Seen:
    """Return the recording analysed in the four ways."""
    fused = analyse(recording, progress=progress.part(0.0, 0.3, "fused"))
    camera = analyse(recording, ("camera",), progress=progress.part(0.3, 0.5, "camera only"))
    imu = analyse(recording, ("imu",), progress=progress.part(0.5, 0.6, "wearables only"))
    progress("fused, live", 0.6)
    live = joint_angles(estimate(prepare(clean(recording)), causal=True), ())
    to_reference = simulation.truth.cameras[recording.keypoints[0].camera].clock.to_reference
    return Seen(_on_clock(camera, to_reference), imu, fused, live)


def truth_angles(truth: Truth) -> JointAngles:
    """Return the exact joint angles, for the report."""
    names = tuple(truth.joint_angle_deg)
    angles = np.stack([truth.joint_angle_deg[name] for name in names], axis=1)
    return JointAngles(names, truth.time_s, angles, np.zeros_like(angles), np.zeros(angles.shape, dtype=bool))


def error_lines(seen: Seen, simulation: Simulation) -> list[str]:
    """Return the table of errors against the truth."""
    truth = simulation.truth
    angles = (seen.camera.joint_angles, seen.imu.joint_angles, seen.fused.joint_angles, seen.live)
    head = ("Error against the truth", "Unit", "Truth", "Camera only", "Wearables only", "Fused", "Fused, live")
    rows: list[tuple[str, ...]] = [head]
    for joint, word in JOINTS:
        in_view, hidden = zip(*(_joint_errors(one, joint, simulation) for one in angles), strict=True)
        rows.append((f"{word} angle, legs in view", "deg RMS", "", *in_view))
        rows.append((f"{word} angle, legs hidden", "deg RMS", "", *hidden))
    for name, unit, decimals in PARAMETERS:
        exact = truth.parameters[name, "both"]
        errors = [_error(one, name, exact, decimals + 1) for one in (seen.camera, seen.imu, seen.fused)]
        rows.append((parameter_words(name), unit, format_number(exact, decimals), *errors, NOT_MADE))
    start_s, length_s, _ = simulation.settings.cameras[0].blackouts[0]
    return [
        *aligned(rows, right=range(2, 7)),
        f"Legs hidden: {start_s:.1f} to {start_s + length_s:.1f} s. Live: each moment from what was known by then.",
        "Not assessable: these sensors cannot know it; no number is given instead.",
    ]


def _joint_errors(angles: JointAngles, joint: str, simulation: Simulation) -> tuple[str, str]:
    """Return the root mean square error of both sides, legs in view and hidden."""
    hidden = _hidden(angles.time_s, simulation)
    truth = simulation.truth
    errors = []
    for side in SIDES:
        name = f"{joint}_{side}_deg"
        exact = np.interp(angles.time_s, truth.time_s, truth.joint_angle_deg[name], left=np.nan, right=np.nan)
        errors.append(angles.angle(name) - exact)
    both = np.stack(errors)
    return _rms(both[:, ~hidden]), _rms(both[:, hidden])


def _hidden(time_s: Floats, simulation: Simulation) -> Flags:
    start_s, length_s, _ = simulation.settings.cameras[0].blackouts[0]
    return np.asarray((time_s >= start_s) & (time_s < start_s + length_s))


def _rms(errors: Floats) -> str:
    finite = errors[np.isfinite(errors)]
    return f"{np.sqrt(np.mean(finite**2)):.1f}" if finite.size else NOT_KNOWN


def _error(analysis: Analysis, name: str, exact: float, decimals: int) -> str:
    estimate = analysis.parameters.get(name)
    if not estimate.is_assessable:
        return NOT_KNOWN
    text = format_number(estimate.value - exact, decimals)
    return text if text.startswith(MINUS) else f"+{text}"


def _on_clock(analysis: Analysis, to_reference: Callable[[Floats], Floats]) -> Analysis:
    """Return an analysis with the times of its motion, angles and events on another clock."""
    return replace(
        analysis,
        motion=replace(analysis.motion, time_s=to_reference(analysis.motion.time_s)),
        joint_angles=replace(analysis.joint_angles, time_s=to_reference(analysis.joint_angles.time_s)),
        events=replace(analysis.events, time_s=to_reference(analysis.events.time_s)),
    )
