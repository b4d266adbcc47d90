"""One cell with one seed: simulate, analyse with the product, compare with the truth."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np

from fusion.errors import TandemError
from fusion.frames import exp_map, matrix_from_quaternion
from fusion.pipeline import POSED_ZERO_SD_DEG, Known, Prepared, estimate, prepare
from fusion.recording.clean import clean
from fusion.simulate import Simulation, simulate
from fusion.simulate.truth import flexions_deg
from fusion.types import SAFE, SEGMENTS, SIDES, Floats, Motion, Placement, SyncResult
from tests.validation.simulated import baselines
from tests.validation.simulated.cells import LEVER_ARM_RMS_M, MOUNT_SD_DEG, Cell, dark_spans, settings

JOINTS = {"knee": "knee_flexion", "hip": "hip_flexion", "ankle": "ankle_dorsiflexion"}
DIVERGED_DEG = 20.0
WARM_UP_S, TAIL_S = 3.0, 0.3
TIED_SD_S = 0.010
POINTS = tuple(f"{side}_{part}" for side in SIDES for part in ("hip", "knee", "ankle", "toe"))

Figures = dict[str, float]
"""``<method>/<metric>`` or, for the whole cell, ``<metric>``."""


@dataclass(frozen=True, slots=True)
class Bench:
    """A simulated recording with what is scored where.

    Attributes
    ----------
    time_s
        Times that are scored, shape (n,).
    dark
        Gap of each time, numbered from 1; 0 where the legs are in view. Shape (n,).
    dark_sides
        Sides that the gaps hide.
    """

    cell: Cell
    simulation: Simulation
    time_s: Floats
    dark: Floats
    dark_sides: tuple[str, ...]

    def truth_deg(self, name: str) -> Floats:
        """Return a true joint angle at the scored times."""
        truth = self.simulation.truth
        return np.interp(self.time_s, truth.time_s, truth.joint_angle_deg[name])


def run(cell: Cell, seed: int) -> Figures:
    """Return the figures of one cell and seed; a refusal of the product is a figure too."""
    bench = _bench(cell, seed)
    figures: Figures = {"refused": 0.0}
    if cell.sensors == "none":
        for method, name in (("butterworth", "camera"), ("constant_velocity", "camera_cv")):
            figures |= _scored(bench, name, baselines.camera_angles(bench.simulation, bench.time_s, method))
    try:
        prepared = _prepare(bench)
        figures |= _product(bench, prepared)
        if cell.sensors == "full":
            figures |= _wearables_alone(bench, prepared)
    except TandemError:
        figures["refused"] = 1.0
    return figures


def run_safely(cell: Cell, seed: int) -> Figures:
    """Return the figures of one cell and seed; a crash is a figure and a message, and the others go on."""
    try:
        return run(cell, seed)
    except Exception:  # a crash of the library is what the bench is there to find
        logging.getLogger(__name__).exception("%s seed %d crashed", cell.name, seed)
        return {"crashed": 1.0}


def _bench(cell: Cell, seed: int) -> Bench:
    simulation = simulate(settings(cell, seed))
    end_s = simulation.settings.walking_s
    time_s = np.arange(WARM_UP_S, end_s - TAIL_S, 0.01)
    dark = np.zeros(len(time_s))
    spans = dark_spans(cell, end_s)
    for number, (start_s, length_s, _) in enumerate(spans, start=1):
        dark[(time_s >= start_s) & (time_s < start_s + length_s)] = number
    sides = SIDES if any(side == "both" for _, _, side in spans) else tuple(side for _, _, side in spans[:1])
    return Bench(cell, simulation, time_s, dark, tuple(sides))


def _prepare(bench: Bench, use: tuple[str, ...] = ("camera", "imu")) -> Prepared:
    recording = clean(bench.simulation.recording.with_sources(use))
    return prepare(recording, Known(placements=_placements(bench.simulation), sync=_tied(bench)))


def _tied(bench: Bench) -> dict[str, SyncResult]:
    """Return the clock of a camera that no angle can tie (a wearable on the pelvis alone): hardware, to 10 ms."""
    if bench.cell.sensors != "pelvis":
        return {}
    rng = np.random.default_rng((bench.simulation.settings.seed, 11))
    tied = {}
    for name, truth in bench.simulation.truth.cameras.items():
        offset_s = truth.clock.offset_s + TIED_SD_S * float(rng.standard_normal())
        low_s, high_s = offset_s - 1.96 * TIED_SD_S, offset_s + 1.96 * TIED_SD_S
        tied[name] = SyncResult(name, offset_s, low_s, high_s, method="hardware", verdict=SAFE)
    return tied


def _placements(simulation: Simulation) -> tuple[Placement, ...]:
    """Return the mounting as a calibration leaves it: 2 deg about each axis and 2.5 cm off."""
    rng = np.random.default_rng((simulation.settings.seed, 9))
    error = {segment: (rng.standard_normal(3), rng.standard_normal(3)) for segment in SEGMENTS}
    placements = []
    for segment, mounted in simulation.truth.imus.items():
        turn, shift = error[segment]
        placements.append(
            Placement(
                segment=segment,
                segment_from_sensor=exp_map(np.radians(MOUNT_SD_DEG) * turn) @ mounted.segment_from_sensor,
                lever_arm_m=mounted.lever_arm_m + LEVER_ARM_RMS_M / np.sqrt(3.0) * shift,
                method="standing pose",
                worn_on=segment,
                axis_sd_rad=np.radians(MOUNT_SD_DEG),
            )
        )
    return tuple(placements)


def _product(bench: Bench, prepared: Prepared) -> Figures:
    figures: Figures = {}
    for name, causal in (("smoothed", False), ("online", True)):
        motion = estimate(prepared, causal=causal)
        shift_s = _clock_of(bench, prepared)
        figures |= _scored(bench, name, _angles(motion, bench.time_s - shift_s))
        figures |= _intervals(bench, name, motion, shift_s)
        figures |= _places(bench, name, motion, shift_s)
        if name == "online":
            figures |= _cell_figures(bench, prepared, motion)
    return figures


def _wearables_alone(bench: Bench, prepared: Prepared) -> Figures:
    motion = estimate(_prepare(bench, ("imu",)))
    vqf = baselines.vqf_angles(prepared.wearables.placed, bench.time_s)
    return _scored(bench, "imu", _angles(motion, bench.time_s)) | _scored(bench, "vqf", vqf)


def _clock_of(bench: Bench, prepared: Prepared) -> float:
    """Return what to add to the motion's times: without wearables they are the camera's own."""
    if prepared.wearables.placed or not prepared.views:
        return 0.0
    return float(bench.simulation.truth.cameras[prepared.views[0].name].clock.offset_s)


def _angles(motion: Motion, time_s: Floats) -> dict[str, Floats]:
    flat = motion.world_from_segment.reshape(-1, 4)
    known = np.linalg.norm(flat, axis=1) > 0.5  # NaN and zero are not
    rotation = np.full((len(flat), 3, 3), np.nan)
    rotation[known] = matrix_from_quaternion(flat[known])
    rotation = rotation.reshape(*motion.measured.shape, 3, 3)
    pitch = np.stack([motion.pitch_rad(segment) for segment in SEGMENTS], axis=1)
    angles = flexions_deg(rotation, pitch)
    return {name: np.interp(time_s, motion.time_s, angle) for name, angle in angles.items()}


def _scored(bench: Bench, method: str, angles: dict[str, Floats]) -> Figures:
    """Return RMS errors in view and in the gaps; both sides pooled, gaps only of the sides that they hide."""
    figures: Figures = {}
    for joint, angle in JOINTS.items():
        error = {
            side: angles[f"{angle}_{side}_deg"] - bench.truth_deg(f"{angle}_{side}_deg")
            for side in SIDES
            if f"{angle}_{side}_deg" in angles
        }
        if not error:
            continue
        light = bench.dark == 0
        figures[f"{method}/{joint}_rmse_deg"] = _rms([e[light] for e in error.values()])
        centred = [e[light] - np.mean(e[light]) for e in error.values()]
        figures[f"{method}/{joint}_rmse_centred_deg"] = _rms(centred)
        hidden = [error[side][~light] for side in bench.dark_sides if side in error]
        if hidden and (~light).any():
            figures[f"{method}/{joint}_rmse_gap_deg"] = _rms(hidden)
        if joint == "knee":
            figures[f"{method}/diverged"] = float(_diverges(bench, error))
            if bench.cell.motion == "asymmetry" and "left" in error:
                figures |= _slopes(bench, method, angles["knee_flexion_left_deg"])
    return figures


def _diverges(bench: Bench, error: dict[str, Floats]) -> bool:
    """Return whether any gap of any hidden leg (or the whole recording) is lost; NaN is lost."""
    if not bench.dark.any():
        return not all(_rms([e]) <= DIVERGED_DEG for e in error.values())
    windows = [error[side][bench.dark == gap] for side in bench.dark_sides if side in error for gap in range(1, 4)]
    return not all(_rms([window]) <= DIVERGED_DEG for window in windows if window.size)


def _slopes(bench: Bench, method: str, knee_deg: Floats) -> Figures:
    """Return the slope of the estimate on the truth of the weaker knee; above 1 it is pulled towards normal."""
    truth = bench.truth_deg("knee_flexion_left_deg")
    figures = {}
    for name, chosen in (("", bench.dark == 0), ("_gap", bench.dark > 0)):
        if chosen.any() and np.isfinite(knee_deg[chosen]).all():
            figures[f"{method}/knee_slope{name}"] = float(np.polyfit(truth[chosen], knee_deg[chosen], 1)[0])
    return figures


def _intervals(bench: Bench, method: str, motion: Motion, shift_s: float) -> Figures:
    """Return the share of true angles inside the 95 % intervals, as reported and with the gaps apart."""
    angles, inside = _angles(motion, bench.time_s - shift_s), {}
    P = motion.pitch_covariance_rad2
    figures: Figures = {}
    for joint, angle in JOINTS.items():
        for side in SIDES:
            upper, lower = _segments(joint, side)
            variance = P[:, upper, upper] + P[:, lower, lower] - 2.0 * P[:, upper, lower]
            sd = np.rad2deg(np.sqrt(np.maximum(np.interp(bench.time_s - shift_s, motion.time_s, variance), 0.0)))
            name = f"{angle}_{side}_deg"
            error = np.abs(angles[name] - bench.truth_deg(name))
            inside[joint, side] = error <= 1.96 * np.hypot(sd, POSED_ZERO_SD_DEG)
        figures[f"{method}/{joint}_coverage_95"] = float(np.mean([inside[joint, side] for side in SIDES]))
        if bench.dark.any():
            hidden = [inside[joint, side][bench.dark > 0] for side in bench.dark_sides]
            figures[f"{method}/{joint}_coverage_gap_95"] = float(np.mean(hidden))
    figures[f"{method}/coverage_95"] = float(np.mean(list(inside.values())))
    return figures


def _segments(joint: str, side: str) -> tuple[int, int]:
    names = {
        "knee": (f"{side}_thigh", f"{side}_shank"),
        "hip": ("pelvis", f"{side}_thigh"),
        "ankle": (f"{side}_shank", f"{side}_foot"),
    }[joint]
    return SEGMENTS.index(names[0]), SEGMENTS.index(names[1])


def _places(bench: Bench, method: str, motion: Motion, shift_s: float) -> Figures:
    """Return RMS distances of joints, where the world's origin is taken off in the light, and of orientations."""
    truth = bench.simulation.truth
    if not np.isfinite(motion.root_position_m).all(axis=1).any():
        return {}
    apart = []
    for name in POINTS:
        if name not in motion.point_names:
            continue
        found = _at(bench.time_s - shift_s, motion.time_s, motion.point(name))
        apart.append(found - _at(bench.time_s, truth.time_s, truth.point(name)))
    miss = np.stack(apart, axis=1)
    light = bench.dark == 0
    axes = [0, 1, 2] if bench.cell.motion == "turn" else [0, 2]
    miss = (miss - np.nanmean(miss[light], axis=(0, 1)))[:, :, axes]
    size = np.sqrt(np.sum(miss**2, axis=2))
    figures = {f"{method}/position_m": _rms([size[light].ravel()])}
    if bench.dark.any():
        figures[f"{method}/position_gap_m"] = _rms([size[~light].ravel()])
    if bench.cell.motion == "turn":
        figures[f"{method}/orientation_deg"] = _orientation_deg(bench, motion, shift_s)
    return figures


def _orientation_deg(bench: Bench, motion: Motion, shift_s: float) -> float:
    """Return the RMS angle between true and found orientation of pelvis, thighs and shanks."""
    truth = bench.simulation.truth
    found_rows = _nearest(bench.time_s - shift_s, motion.time_s)
    true_rows = _nearest(bench.time_s, truth.time_s)
    squares = []
    for segment in ("pelvis", "left_thigh", "right_thigh", "left_shank", "right_shank"):
        index = SEGMENTS.index(segment)
        found = matrix_from_quaternion(motion.world_from_segment[found_rows, index])
        turn = np.swapaxes(found, 1, 2) @ truth.world_from_segment[true_rows, index]
        squares.append(np.arccos(np.clip(0.5 * (np.trace(turn, axis1=1, axis2=2) - 1.0), -1.0, 1.0)) ** 2)
    return float(np.rad2deg(np.sqrt(np.mean(squares))))


def _cell_figures(bench: Bench, prepared: Prepared, motion: Motion) -> Figures:
    """Return what belongs to the cell and no method: synchronisation, innovations, whether the camera was used."""
    figures: Figures = {"camera_used": float(all(view.is_used for view in prepared.views))}
    for kind in ("camera", "gyro", "accel"):
        value = motion.diagnostics.get(f"nis_{kind}", np.nan)
        if np.isfinite(value):
            figures[f"nis_{kind}"] = float(value)
    for view in prepared.views:
        if view.sync is None or not prepared.wearables.placed or bench.cell.sensors == "pelvis":
            continue
        clock = bench.simulation.truth.cameras[view.name].clock
        middle_s = float(bench.time_s.mean())
        found_s = view.sync.to_reference(clock.to_stream(np.array([middle_s])))[0] - middle_s
        figures["sync_error_ms"] = 1e3 * abs(float(found_s))
        refined = motion.time_offset_s.get(view.name, 0.0)
        figures["sync_refined_error_ms"] = 1e3 * abs(float(found_s) + refined)
    return figures


def _at(time_s: Floats, from_s: Floats, values: Floats) -> Floats:
    return np.column_stack([np.interp(time_s, from_s, column) for column in values.T])


def _nearest(time_s: Floats, from_s: Floats) -> Floats:
    after = np.clip(np.searchsorted(from_s, time_s), 1, len(from_s) - 1)
    earlier = time_s - from_s[after - 1] < from_s[after] - time_s
    return np.where(earlier, after - 1, after)


def _rms(errors: list[Floats]) -> float:
    values = np.concatenate(errors) if errors else np.empty(0)
    return float(np.sqrt(np.mean(values**2))) if values.size else np.nan
