"""Made-up visits with known strides, for the tests of the scores."""

import numpy as np

from fusion.gait.norms import curve_norm
from fusion.screening._timing import StrideTimes
from fusion.screening.base import Evidence
from fusion.types import (
    SIDES,
    Estimate,
    GaitEvents,
    GaitParameters,
    JointAngles,
    Parameter,
    Recording,
    Stride,
    Subject,
)

NO_ANGLES = JointAngles((), np.empty(0), np.empty((0, 0)), np.empty((0, 0)), np.empty((0, 0), dtype=bool))


def walk(count=60, *, stride_s=1.1, swing=0.38, stride_cv=0.018, swing_cv=0.025, ratio=0.5, seed=0):
    """Return strides of both feet with independent normal variation; ``ratio`` is where the other foot lands."""
    random = np.random.default_rng(seed)
    step_s = np.tile([ratio, 1.0 - ratio], count + 1) * stride_s
    step_s = step_s * (1.0 + np.sqrt(2.0) * stride_cv * np.clip(random.standard_normal(len(step_s)), -2.5, 2.5))
    contact = {side: np.cumsum(step_s)[k::2] for k, side in enumerate(SIDES)}
    strides = []
    for k, side in enumerate(SIDES):
        other = contact[SIDES[1 - k]]
        for start, end in zip(contact[side][:-1], contact[side][1:], strict=True):
            swing_s = swing * stride_s * (1.0 + swing_cv * np.clip(random.standard_normal(), -2.5, 2.5))
            landed = other[(other > start) & (other < end)]
            strides.append(
                Stride(side, float(start), float(end), fc_s=float(end - swing_s), other_ic_s=float(landed[0]))
            )
    return sorted(strides, key=lambda stride: stride.start_s)[: 2 * count]


def jittered(strides, sd_s, seed=1):
    """Return strides whose contacts are off by normal errors."""
    times = StrideTimes.from_strides(strides).jittered(sd_s, np.random.default_rng(seed))
    return [
        Stride(side, float(row[0]), float(row[1]), fc_s=float(row[2]), other_ic_s=float(row[3]))
        for side, rows in times.by_side.items()
        for row in rows
    ]


def events(sd_s=0.0, source="model", count=8):
    return GaitEvents(
        np.arange(count, dtype=float),
        np.tile(SIDES, count // 2),
        np.full(count, "ic"),
        np.full(count, sd_s),
        np.full(count, source),
    )


def visit(strides, *, age=68.0, speed=1.15, contacts=None, subject=None, angles=NO_ANGLES, **recording):
    fast = [Estimate(speed, speed - 0.03, speed + 0.03, "m/s", 60)] if np.isfinite(speed) else []
    return Evidence(
        Recording(subject=subject or Subject(age_years=age, sex="female"), **({"walking_aid": "none"} | recording)),
        tuple(strides),
        events() if contacts is None else contacts,
        GaitParameters(tuple(Parameter("walking_speed_mps", "both", estimate) for estimate in fast)),
        angles,
    )


CHILD = Subject(age_years=9.0, sex="female", height_m=1.31, leg_length_m=0.68)


def child_angles(shifts, *, count=20, sd_deg=2.0, speed=0.9, subject=CHILD, seed=0):
    """Return knee and ankle curves at a given number of typical standard deviations from typical.

    ``shifts`` is (curve, side) -> standard deviations.
    """
    random = np.random.default_rng(seed)
    names, cycles = [], {}
    for (curve, side), shift in shifts.items():
        norm = curve_norm(curve, subject, speed)
        name = f"{curve}_{side}_deg"
        names.append(name)
        mid = norm.sd_deg[20:46].mean()
        cycles[name] = norm.mean_deg + shift * mid + 0.5 * random.standard_normal((count, 1))
    time_s = np.arange(10) / 10.0
    shape = (10, len(names))
    return JointAngles(
        tuple(names), time_s, np.zeros(shape), np.full(shape, sd_deg), np.zeros(shape, dtype=bool), cycles
    )
