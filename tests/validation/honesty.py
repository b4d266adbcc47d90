"""Are the simulator's errors those of real devices? The same figures from real steps and from simulated ones.

Both are steps in the layout of the set kam (``load_kam.Step``): about one second around a right stance, a side
camera, wearables on thigh and shank, an independent knee angle. Of every person (all angles of the right knee):

- ``camera_rms_deg``: plain keypoint angle, zero-phase Butterworth 6 Hz; RMS over steps 2 to last after the mean
  error of step 1 is taken off (the rule of ``kam``).
- ``camera_curve_sd_deg``: what of that error repeats with the gait phase: SD of the mean error curve over the steps,
  each step's mean taken off.
- ``camera_rest_sd_deg``, ``camera_rest_time_s``: SD and 1/e correlation time of what does not repeat, unfiltered.
- ``camera_step_sd_deg``: SD of the steps' mean errors.
- ``imu_sd_deg``: the gyros' integral with its mean refitted in every step.
- ``gyro_error_dps``: RMS of the gyros' knee rate against the derivative of the independent angle, below 10 Hz.
- ``fused_ratio_<g>``: textbook fusion (least squares: camera 3 deg white, gyro rate g deg/s white at 100 Hz) over the
  camera alone, the same rule: above 1 fusion harms.
- ``best_gyro_dps``: the g of the smallest ratio.
- ``rate_correlation``: of camera and gyro, as the camera's validity check sees it (median over the steps).

``python -m tests.validation.honesty --data DIR [--seeds N] [--md FILE]`` prints the table and writes it between the
two marks of a page.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.linalg import solveh_banded
from scipy.signal import butter, sosfiltfilt

from fusion.pose.validity import check_camera
from fusion.types import Floats, Keypoints
from tests.validation import kam, simulated_steps
from tests.validation.load_kam import Step
from tests.validation.load_kam import steps as real_steps
from tests.validation.table import write

CAMERA_SD_DEG = 3.0
GYRO_DPS = (1.0, 5.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 80.0, 120.0)
PHASES = 101


@dataclass(frozen=True, slots=True)
class Knee:
    """One step's right knee as everybody sees it, on a common clock.

    Attributes
    ----------
    camera_deg, truth_deg
        Knee flexion, shape (n,); NaN where not seen.
    rate_dps
        Shank minus thigh rate about the leftward axis, shape (n,).
    track
        Segment -> (times, pitch rad) by the camera and (times, rate rad/s) by the wearables.
    """

    rate_hz: float
    camera_deg: Floats
    rate_dps: Floats
    truth_deg: Floats
    track: tuple[dict[str, tuple[Floats, Floats]], dict[str, tuple[Floats, Floats]]]


def knee_of(step: Step, leftward: Floats) -> Knee:
    """Return a step's knee; ``leftward`` is the leftward direction in the axes of thigh and shank sensors."""
    points = step.recording.keypoints[0]
    thigh, shank = _pitch_rad(points, "hip", "knee"), _pitch_rad(points, "knee", "ankle")
    rates = {}
    for segment in ("right_thigh", "right_shank"):
        imu = step.recording.imu(segment)
        assert imu is not None
        rates[segment] = (imu.time_s, imu.gyro_radps @ leftward)
    rows = points.time_s
    rate = np.interp(rows, *rates["right_shank"]) - np.interp(rows, *rates["right_thigh"])
    camera = {"right_thigh": (rows, thigh), "right_shank": (rows, shank)}
    return Knee(
        rate_hz=float(1.0 / np.median(np.diff(rows))),
        camera_deg=np.rad2deg(shank - thigh),
        rate_dps=np.rad2deg(rate),
        truth_deg=step.knee_flexion_deg,
        track=(camera, rates),
    )


def figures(knees: list[Knee]) -> dict[str, float]:
    """Return the figures of one person's steps; see the module."""
    smooth = [_low_pass(_filled(knee.camera_deg), knee.rate_hz, 6.0) for knee in knees]
    camera = _rms(_referred([value - knee.truth_deg for value, knee in zip(smooth, knees, strict=True)]))
    curve, rest = _parts([_filled(knee.camera_deg) - knee.truth_deg for knee in knees])
    raw_rate = [knee.rate_dps - np.gradient(_filled(knee.truth_deg), 1.0 / knee.rate_hz) for knee in knees]
    ratios = {g: _rms(_referred([_fused(knee, g) - knee.truth_deg for knee in knees])) / camera for g in GYRO_DPS}
    checks = [check_camera(*knee.track).correlation for knee in knees]
    return {
        "camera_rms_deg": camera,
        "camera_curve_sd_deg": float(np.nanstd(curve)),
        "camera_rest_sd_deg": _rms(rest),
        "camera_rest_time_s": _correlation_time_s(rest, knees[0].rate_hz),
        "camera_step_sd_deg": float(
            np.std([np.nanmean(v - k.truth_deg) for v, k in zip(smooth, knees, strict=True)])
        ),
        "imu_sd_deg": _rms([_centred(_integral(knee) - knee.truth_deg) for knee in knees]),
        "gyro_error_dps": _rms(
            [_low_pass(_filled(r), k.rate_hz, 10.0) for r, k in zip(raw_rate, knees, strict=True)]
        ),
        **{f"fused_ratio_{g:g}": ratio for g, ratio in ratios.items()},
        "best_gyro_dps": min(ratios, key=lambda g: ratios[g]),
        "rate_correlation": float(np.median(checks)),
        "rate_correlation_least": float(np.min(checks)),
    }


def _pitch_rad(points: Keypoints, upper: str, lower: str) -> Floats:
    """Pitch about the leftward axis of a segment seen from the right: image x forward, y down."""
    up = points.point(f"right_{upper}") - points.point(f"right_{lower}")
    return np.asarray(np.arctan2(up[:, 0], -up[:, 1]))


def _fused(knee: Knee, gyro_dps: float) -> Floats:
    """Least squares over a step: camera angles with 3 deg, gyro increments with ``gyro_dps`` per sample."""
    seen = np.isfinite(knee.camera_deg)
    camera = np.where(seen, knee.camera_deg, 0.0)
    count = len(camera)
    step = 0.5 * (knee.rate_dps[1:] + knee.rate_dps[:-1]) / knee.rate_hz
    tight = (knee.rate_hz / gyro_dps) ** 2
    diagonal = np.where(seen, CAMERA_SD_DEG**-2, 0.0)
    right = diagonal * camera
    diagonal[:-1] += tight
    diagonal[1:] += tight
    right[:-1] -= tight * step
    right[1:] += tight * step
    beside = np.concatenate([np.full(count - 1, -tight), [0.0]])
    return np.asarray(solveh_banded(np.stack([diagonal, beside]), right, lower=True))


def _parts(errors: list[Floats]) -> tuple[Floats, list[Floats]]:
    """Return the error curve that the steps share, shape (PHASES,), and each step's rest."""
    phase = np.linspace(0.0, 1.0, PHASES)
    rows = [np.linspace(0.0, 1.0, len(error)) for error in errors]
    curve = np.nanmean([np.interp(phase, at, _centred(e)) for at, e in zip(rows, errors, strict=True)], axis=0)
    rest = [_centred(e) - np.interp(at, phase, curve) for at, e in zip(rows, errors, strict=True)]
    return curve, rest


def _correlation_time_s(rest: list[Floats], rate_hz: float) -> float:
    """Return the lag at which the pooled autocorrelation falls below 1/e, s."""
    longest = min(len(values) for values in rest) // 2
    known = [np.nan_to_num(values) for values in rest]
    products = np.array([np.mean([np.mean(v[lag:] * v[: len(v) - lag]) for v in known]) for lag in range(longest)])
    below = np.flatnonzero(products < products[0] / np.e)
    return float(below[0] / rate_hz) if below.size else float(longest / rate_hz)


def _integral(knee: Knee) -> Floats:
    steps = 0.5 * (knee.rate_dps[1:] + knee.rate_dps[:-1]) / knee.rate_hz
    return np.concatenate([[0.0], np.cumsum(steps)])


def _referred(errors: list[Floats]) -> list[Floats]:
    return [error - np.nanmean(errors[0]) for error in errors[1:]]


def _centred(values: Floats) -> Floats:
    return np.asarray(values - np.nanmean(values))


def _rms(errors: list[Floats]) -> float:
    return float(np.sqrt(np.nanmean(np.concatenate(errors) ** 2)))


def _filled(values: Floats) -> Floats:
    known = np.isfinite(values)
    rows = np.arange(len(values))
    return np.asarray(np.interp(rows, rows[known], values[known]))


def _low_pass(values: Floats, rate_hz: float, cutoff_hz: float) -> Floats:
    sos = butter(2, cutoff_hz, fs=rate_hz, output="sos")
    return np.asarray(sosfiltfilt(sos, values))


SHOWN = {
    "camera_rms_deg": "camera alone, 6 Hz, deg",
    "camera_curve_sd_deg": "... of which repeats with the gait phase, SD deg",
    "camera_rest_sd_deg": "camera, what does not repeat, unfiltered, SD deg",
    "camera_rest_time_s": "... its correlation time, s",
    "camera_step_sd_deg": "steps' mean errors, SD deg",
    "imu_sd_deg": "gyros' integral, mean refitted each step, deg",
    "gyro_error_dps": "gyros' knee rate against the bone, below 10 Hz, deg/s",
    "fused_ratio_1": "textbook fusion over camera, gyro taken as 1 deg/s",
    "fused_ratio_10": "... 10 deg/s",
    "fused_ratio_30": "... 30 deg/s",
    "fused_ratio_60": "... 60 deg/s",
    "best_gyro_dps": "gyro noise that fuses best, deg/s",
    "rate_correlation": "camera and gyro rates, correlation",
}

PRODUCT = {
    "knee_rms_deg/camera": "product, camera, deg",
    "knee_rms_deg/imu": "product, wearables, deg",
    "knee_rms_deg/both": "product, both, deg",
    "knee_ratio_to_camera/both": "... over the camera",
    "knee_ratio_blanked/midstance": "camera blanked 300 ms at mid-stance, ratio",
    "knee_ratio_blanked/toe_off": "... at toe-off",
    "knee_ratio_blanked/swing": "... in swing",
    "knee_shape_coverage_95/both": "shape inside its 95 % interval",
}
"""Of those the product's own figures (``kam``), on both kinds of steps."""

MARKS = ("<!-- honesty: begin -->", "<!-- honesty: end -->")
LEFT_IN_KAM = np.array([1.0, 0.0, 0.0])
PRODUCT_PEOPLE = 4
"""The product is run on so many simulated people; each costs about a hundred estimates."""


def main(arguments: list[str] | None = None) -> int:
    """Print the table; write it between the marks of a page."""
    parser = argparse.ArgumentParser(prog="python -m tests.validation.honesty")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder that holds the set kam")
    parser.add_argument("--seeds", type=int, default=20, metavar="N", help="simulated people")
    parser.add_argument("--md", type=Path, metavar="FILE", help="page whose table is rewritten")
    options = parser.parse_args(arguments)
    real: dict[str, list[Step]] = {}
    for step in real_steps(options.data / "kam"):
        real.setdefault(step.subject, []).append(step)
    made = simulated_steps.people(range(options.seeds))
    few = dict(list(made.items())[:PRODUCT_PEOPLE])
    rows = [
        *_rows(SHOWN, _people(real, LEFT_IN_KAM), _people(made, simulated_steps.LEFTWARD)),
        *_rows(PRODUCT, _product(real), _product(few)),
    ]
    head = [
        f"| figure | real: {len(real)} people | simulated: median of {options.seeds} people | their range |",
        "|---|---:|---:|---:|",
    ]
    table = "\n".join([*head, *rows])
    print(table)
    if options.md:
        text = options.md.read_text(encoding="utf-8")
        before, _, rest = text.partition(MARKS[0])
        _, _, after = rest.partition(MARKS[1])
        write(options.md, f"{before}{MARKS[0]}\n{table}\n{MARKS[1]}{after}")
    return 0


def _people(people: dict[str, list[Step]], leftward: Floats) -> list[dict[str, float]]:
    return [figures([knee_of(step, leftward) for step in walked]) for walked in people.values()]


def _product(people: dict[str, list[Step]]) -> list[dict[str, float]]:
    found = kam.figures_of(people)
    return [{name: found[f"kam/{name}/{person}"] for name in PRODUCT} for person in people]


def _rows(shown: dict[str, str], real: list[dict[str, float]], made: list[dict[str, float]]) -> list[str]:
    rows = []
    for name, words in shown.items():
        values = [person[name] for person in made]
        seen = ", ".join(f"{person[name]:.3g}" for person in real)
        rows.append(f"| {words} | {seen} | {np.median(values):.3g} | {min(values):.3g} to {max(values):.3g} |")
    return rows


if __name__ == "__main__":
    sys.exit(main())
