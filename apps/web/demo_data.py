"""Recordings of the demo: simulated people, made once, small, and named as what they are."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from apps.index.library import RECORDINGS, Library
from fusion.types import Recording, Subject

PROTOCOL = "simulated walk, 80 m"

_THREE = ("pelvis", "left_shank", "right_shank")
_FIVE = (*_THREE, "left_foot", "right_foot")
_SEVEN = (*_FIVE, "left_thigh", "right_thigh")


@dataclass(frozen=True, slots=True)
class DemoWalk:
    """One simulated visit."""

    folder: str
    subject: Subject
    day: str
    seed: int
    seconds: float = 60.0
    speed_mps: float = 1.25
    pattern: str = "normal"
    condition: str = ""
    blackout_s: float = 1.0
    step_time_ratio: float = 1.0
    stride_time_cv: float = 0.018
    wearables: tuple[str, ...] = _THREE


_HEALTHY = Subject("DEMO-healthy", 30.0, "male", 1.75, 0.93, 74.0, "simulated", "Simulated, healthy.")
_SLOW = Subject("DEMO-slow", 67.0, "male", 1.74, 0.91, 80.0, "simulated", "Simulated, short and slow steps.")
_CHILD = Subject("DEMO-child", 9.0, "female", 1.31, 0.68, 28.0, "simulated", "Simulated child who walks in crouch.")

WALKS = (
    DemoWalk("demo_healthy_1", _HEALTHY, "2026-10-05T09:30:00", 11, speed_mps=1.30, blackout_s=0.0, wearables=_FIVE),
    DemoWalk(
        "demo_slow_1",
        _SLOW,
        "2026-04-15T10:40:00",
        21,
        speed_mps=1.05,
        condition="60 min after dose",
        wearables=_FIVE,
    ),
    DemoWalk(
        "demo_slow_2",
        _SLOW,
        "2026-10-21T10:42:00",
        22,
        speed_mps=0.8,
        condition="60 min after dose",
        pattern="shuffling",
        stride_time_cv=0.04,
        wearables=_FIVE,
    ),
    DemoWalk(
        "demo_child_1",
        _CHILD,
        "2026-09-04T14:20:00",
        31,
        seconds=40.0,
        speed_mps=1.0,
        pattern="crouch",
        condition="barefoot",
        wearables=_SEVEN,
    ),
)


def demo_folder() -> Path:
    """Return where the demo keeps its data: the user's cache folder."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "tandem-gait" / "app-demo"


def make_demo(
    library: Library, tell: Callable[[str], None] | None = None, walks: tuple[DemoWalk, ...] = WALKS
) -> int:
    """Simulate the demo's walks that are not there yet, take them up, and return how many were made."""
    from fusion.recording.folder import save_recording

    made = 0
    for walk in walks:
        folder = library.folder / RECORDINGS / walk.folder
        if folder.exists():
            continue
        if tell is not None:
            tell(f"simulating {walk.subject.identifier}, {walk.day[:10]}")
        save_recording(simulated(walk), folder)
        library.add_folder(walk.folder, source="simulated", by="demo", condition=walk.condition)
        made += 1
    return made


def simulated(walk: DemoWalk) -> Recording:
    """Return the recording of one simulated visit."""
    from fusion.simulate import CameraSettings, ImuSettings, SimulationSettings, WalkerSettings, simulate

    darkness = ((0.4 * walk.seconds, walk.blackout_s, "both"),) if walk.blackout_s else ()
    settings = SimulationSettings(
        duration_s=walk.seconds,
        seed=walk.seed,
        surface="overground",
        walkway_m=80.0,
        walker=WalkerSettings(
            height_m=walk.subject.height_m,
            leg_length_m=walk.subject.leg_length_m,
            speed_mps=walk.speed_mps,
            pattern=walk.pattern,
            step_time_ratio=walk.step_time_ratio,
            stride_time_cv=walk.stride_time_cv,
        ),
        imu=ImuSettings(segments=walk.wearables),
        cameras=(CameraSettings(rate_hz=60.0, distance_m=70.0, blackouts=darkness),),
    )
    recording = simulate(settings).recording
    return replace(
        recording,
        subject=walk.subject,
        started_at=walk.day,
        protocol=PROTOCOL,
        operator="demo",
        identifier=walk.folder,
    )
