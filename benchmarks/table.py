"""From the figures of ``pytest-benchmark`` to the table that people read.

python -m benchmarks.table out/benchmark.json docs/performance.md
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

HEAD = """# Speed

Written by `make bench`; do not edit by hand. One thread, compiled code warm, median of the rounds. Reported, never a
gate: the figures are those of the machine named below.

| what | figure |
|---|---|
"""


def main(source: str, target: str) -> None:
    """Print the table and write it."""
    report = json.loads(Path(source).read_text(encoding="utf-8"))
    rows = table(report)
    for what, figure in rows:
        print(f"{what:<86} {figure:>14}")
    text = HEAD + "".join(f"| {what} | {figure} |\n" for what, figure in rows)
    Path(target).write_text(text + "\n" + machine(report), encoding="utf-8")


def table(report: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what was measured, in words, and the figure."""
    runs = {item["name"].removeprefix("test_"): item for item in report["benchmarks"]}
    median = {name: float(item["stats"]["median"]) for name, item in runs.items()}
    info = {name: item["extra_info"] for name, item in runs.items()}
    work_s = info["analyse_one_minute"]["work_s"]
    ours = median["filter_forward"] / info["filter_forward"]["ticks"]
    theirs = median["filterpy_forward"] / info["filterpy_forward"]["ticks"]
    states = info["filter_forward"]["states"]
    return [
        ("analyse 60 s, one camera at 30 Hz and seven wearables at 200 Hz", f"{median['analyse_one_minute']:.2f} s"),
        ("the same, times faster than real time", f"{work_s / median['analyse_one_minute']:.0f} x"),
        (f"one tick of the forward filter (100 Hz, {states} states, frames and input preparation shared out)",
         f"{1e6 * ours:.0f} us"),
        (f"one tick of a filterpy EKF with {states} states and the same blocks, Jacobians not counted",
         f"{1e6 * theirs:.0f} us"),
        ("filterpy over ours", f"{theirs / ours:.1f} x"),
        *online(info["online_take"]),
        ("`import fusion`, start of the interpreter subtracted",
         f"{1e3 * (median['import_fusion'] - median['import_nothing']):.0f} ms"),
        *live_rows(info),
        *pose_rows(runs),
    ]  # fmt: skip


def online(info: dict[str, float]) -> list[tuple[str, str]]:
    """Return what one reading of a stream costs."""
    return [
        (f"one {kind} of a stream, {note}, p50 / p99", _both(info, kind))
        for kind, note in (("tick", "taken in turn"), ("frame", "60 ms late, with its rewind"))
    ]


def _both(info: dict[str, float], kind: str) -> str:
    return f"{1e6 * info[f'{kind}_p50_s']:.0f} / {1e6 * info[f'{kind}_p99_s']:.0f} us"


def live_rows(info: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what a live step costs: five wearables at 100 Hz, a camera at 30 Hz, ten steps a second."""
    told = info.get("live_step")
    if told is None:
        return []
    words = ", ".join(f"{1e3 * latency_s:.0f}" for latency_s in told["latency_s"])
    what = "live, packet to estimate, five wearables and a camera: median, 95 %, 99 %"
    return [(what, f"{words} ms"), ("live, share of one core at ten steps a second", f"{100 * told['share']:.0f} %")]


def pose_rows(runs: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what a frame of 720p video costs by network, and how much of it is the network itself."""
    rows = []
    for name, item in runs.items():
        if not name.startswith("pose["):
            continue
        info, stats = item["extra_info"], item["stats"]
        whole_s, bare_s = float(stats["median"]) / info["frames"], float(info["bare_s"]) / info["frames"]
        share = float(stats["mean"]) / float(info["bare_s"])
        what = f"a frame of 720p video by `{name[5:-1]}`, two threads: decode, cut, run, points, follow"
        rows.append((what, f"{1e3 * whole_s:.1f} ms, {1.0 / whole_s:.0f} frames/s"))
        over = "the same over the network in ONNX Runtime, in the same run"
        rows.append((over, f"{share:.2f} x of {1e3 * bare_s:.1f} ms"))
    return rows


def machine(report: dict[str, Any]) -> str:
    """Return the machine in one line, without its name."""
    info = report["machine_info"]
    brand = info.get("cpu", {}).get("brand_raw", info.get("machine", "unknown processor"))
    return f"Machine: {brand}, {info['system']}, Python {info['python_version']}.\n"


if __name__ == "__main__":
    main(*sys.argv[1:])
