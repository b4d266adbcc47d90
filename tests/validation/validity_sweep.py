"""Where does a camera stop helping? Cameras of every quality, fused regardless, against wearables alone.

``python -m tests.validation.validity_sweep [--seeds N] [--svg FILE]``. Each simulated walk (treadmill, wearables on
pelvis, thighs and shanks) is seen by cameras that get worse in three ways:

- ``noise``: every error of the detector times k;
- ``locked``: only the part that repeats with the gait phase, the kind that innovations cannot show;
- ``other_leg``: a share of each leg's points is taken from the other leg, as detectors do that copy the near leg.

Printed: the agreement that ``fusion.pose.validity`` measures, and the knee error of the fusion over that of the
wearables alone, means removed. The threshold belongs where the ratio crosses 1.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fusion.pipeline import Known, Prepared, estimate, prepare
from fusion.pose.validity import LEAST_KNEE_CORRELATION
from fusion.recording.clean import clean
from fusion.simulate import CameraSettings, ImuSettings, Simulation, SimulationSettings, WalkerSettings, simulate
from fusion.simulate.faults import other_side
from fusion.types import SAFE, SIDES, Motion, Recording, SyncResult

WORN = ("pelvis", "left_thigh", "right_thigh", "left_shank", "right_shank")
LEVELS: dict[str, tuple[float, ...]] = {
    "noise": (0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 9.0, 14.0),
    "locked": (2.0, 4.0, 6.0, 9.0, 14.0, 20.0),
    "other_leg": (0.1, 0.2, 0.3, 0.4, 0.5, 0.6),
}
BANDS = (
    (-1.0, 0.80, "below 0.80"),
    (0.80, 0.87, "0.80 to 0.87"),
    (0.87, 0.94, "0.87 to 0.94"),
    (0.94, 1.01, "above 0.94"),
)
EXACT = SyncResult("side", 0.0, -0.002, 0.002, method="given", verdict=SAFE)


@dataclass(frozen=True, slots=True)
class Seen:
    """One camera on one walk."""

    kind: str
    level: float
    correlation: float
    amplitude: float
    ratio: float


def sweep(seeds: range, levels: dict[str, tuple[float, ...]] | None = None) -> list[Seen]:
    """Return every camera on every walk."""
    found = []
    for seed in seeds:
        alone = None
        for kind, steps in (levels or LEVELS).items():
            for level in steps:
                simulation = simulate(_settings(kind, level, seed))
                recording = _spoiled(clean(simulation.recording), kind, level)
                if alone is None:
                    alone = _error_deg(estimate(prepare(recording.with_sources(("imu",)))), simulation)
                found.append(_seen(recording, simulation, kind, level, alone))
    return found


def _settings(kind: str, level: float, seed: int) -> SimulationSettings:
    usual = CameraSettings()
    worse = level if kind == "noise" else 1.0
    camera = replace(
        usual,
        noise_m=worse * usual.noise_m,
        drift_m=worse * usual.drift_m,
        curve_m=(level if kind == "locked" else worse) * usual.curve_m,
        offset_m=worse * usual.offset_m,
        outlier_fraction=0.0,
        swap_fraction=0.0,
        clock_offset_s=0.0,
        skew_ppm=0.0,
    )
    return SimulationSettings(
        duration_s=12.0,
        seed=seed,
        walker=WalkerSettings(out_of_plane=1.0),
        imu=ImuSettings(segments=WORN, clock="host"),
        cameras=(camera,),
    )


def _spoiled(recording: Recording, kind: str, level: float) -> Recording:
    points = recording.keypoints[0]
    confidence = np.full_like(points.confidence, 0.9)  # a camera that is wrong and sure of it
    confidence[~np.isfinite(points.position).all(axis=2)] = 0.0
    position = points.position
    if kind == "other_leg":
        twin = other_side(points.names, ("hip", "knee", "ankle", "heel", "toe"))
        position = (1.0 - level) * position + level * position[:, twin]
    return replace(recording, keypoints=(replace(points, position=position, confidence=confidence),))


def _seen(recording: Recording, simulation: Simulation, kind: str, level: float, alone_deg: float) -> Seen:
    prepared = prepare(recording, Known(sync={"side": EXACT}))
    validity = prepared.views[0].validity
    assert validity is not None
    forced = _forced(recording)
    ratio = _error_deg(estimate(forced), simulation) / alone_deg
    return Seen(kind, level, validity.correlation, validity.amplitude_ratio, ratio)


def _forced(recording: Recording) -> Prepared:
    """Return the recording prepared as if every camera were valid."""
    from fusion.stages import cameras

    def trusted(*tracks: object) -> object:
        return replace(check(*tracks), keep=True)  # type: ignore[arg-type]

    check: Callable[..., object] = cameras.check_camera
    cameras.check_camera = trusted  # type: ignore[assignment]
    try:
        return prepare(recording, Known(sync={"side": EXACT}))
    finally:
        cameras.check_camera = check  # type: ignore[assignment]


def _error_deg(motion: Motion, simulation: Simulation) -> float:
    truth, errors = simulation.truth, []
    inside = (motion.time_s > 1.0) & (motion.time_s < truth.time_s[-1] - 0.5)
    for side in SIDES:
        knee = np.rad2deg(motion.pitch_rad(f"{side}_shank") - motion.pitch_rad(f"{side}_thigh"))
        true = np.interp(motion.time_s, truth.time_s, truth.joint_angle_deg[f"knee_flexion_{side}_deg"])
        errors.append((knee - true)[inside] - np.mean((knee - true)[inside]))
    return float(np.sqrt(np.mean(np.concatenate(errors) ** 2)))


def crossing(found: list[Seen]) -> float:
    """Return the correlation at which the running median of the ratio crosses 1, from the good side."""
    order = sorted(found, key=lambda one: -one.correlation)
    correlation, ratio = (np.array([getattr(one, name) for one in order]) for name in ("correlation", "ratio"))
    window = max(3, len(order) // 8)
    middle = np.array([np.median(ratio[max(0, k - window) : k + window + 1]) for k in range(len(ratio))])
    harmful = np.flatnonzero(middle > 1.0)
    return float(correlation[harmful[0]]) if harmful.size else float(correlation[-1])


def table(found: list[Seen]) -> str:
    """Return medians per kind and level as a table."""
    lines = ["| camera | level | correlation | amplitude | fused over wearables |", "|---|---:|---:|---:|---:|"]
    for kind, level in dict.fromkeys((one.kind, one.level) for one in found):
        mine = [one for one in found if (one.kind, one.level) == (kind, level)]
        r, a = (float(np.median([getattr(one, name) for one in mine])) for name in ("correlation", "amplitude"))
        worst = max(one.ratio for one in mine)
        ratio = float(np.median([one.ratio for one in mine]))
        lines.append(f"| {kind} | {level:g} | {r:.2f} | {a:.2f} | {ratio:.2f} (worst {worst:.2f}) |")
    return "\n".join(lines)


def bands(found: list[Seen]) -> str:
    """Return the ratio by bands of the correlation as a table."""
    lines = [
        "| correlation | cameras | median of the ratio | range | that harm the knee |",
        "|---|---:|---:|---:|---:|",
    ]
    for low, high, words in BANDS:
        ratios = np.array([one.ratio for one in found if low <= one.correlation < high])
        if ratios.size:
            lines.append(
                f"| {words} | {ratios.size} | {np.median(ratios):.2f} | {ratios.min():.2f} to {ratios.max():.2f} | "
                f"{np.sum(ratios > 1.0)} |"
            )
    return "\n".join(lines)


def draw(found: list[Seen], path: Path) -> None:
    """Write the picture: ratio over correlation, one mark per camera and walk, the threshold as a line."""
    import altair as alt
    import vl_convert

    rows = [{"correlation": s.correlation, "ratio": min(s.ratio, 6.0), "camera": s.kind} for s in found]
    axis_x = alt.X("correlation:Q", title="correlation of camera and gyro rates", scale=alt.Scale(domain=[0.0, 1.0]))
    axis_y = alt.Y(
        "ratio:Q",
        title="knee error, fused over wearables alone",
        scale=alt.Scale(type="log", domain=[0.5, 6.0], nice=False),
    )
    marks = (
        alt.Chart(alt.Data(values=rows))
        .mark_point(filled=True, size=50)
        .encode(x=axis_x, y=axis_y, color=alt.Color("camera:N", title="made worse by"), shape="camera:N")
    )
    limit = alt.Chart(alt.Data(values=[{"x": LEAST_KNEE_CORRELATION}])).mark_rule(strokeDash=[6, 4]).encode(x="x:Q")
    one = alt.Chart(alt.Data(values=[{"y": 1.0}])).mark_rule(color="grey").encode(y="y:Q")
    chart = (marks + limit + one).properties(width=520, height=320, background="white")
    path.write_text(vl_convert.vegalite_to_svg(chart.to_json()), encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Print the table and the crossing; draw the picture."""
    parser = argparse.ArgumentParser(prog="python -m tests.validation.validity_sweep")
    parser.add_argument("--seeds", type=int, default=6, metavar="N")
    parser.add_argument("--svg", type=Path, metavar="FILE")
    options = parser.parse_args(arguments)
    found = sweep(range(options.seeds))
    print(table(found))
    print(bands(found))
    print(f"median ratio crosses 1 at correlation {crossing(found):.2f}; threshold {LEAST_KNEE_CORRELATION:g}")
    if options.svg:
        draw(found, options.svg)
    return 0


if __name__ == "__main__":
    sys.exit(main())
