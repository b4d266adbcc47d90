"""The live demo: the whole live system on a virtual laboratory, and what it made of it against the truth.

1. Switch on five virtual wearables and a virtual camera; connect with the real recorder; check the set-up.
2. Record; one wearable loses its link on the way; all were knocked together once; live angles run beside.
3. Count every sample that was sent against every sample that was recorded.
4. Analyse the recording and compare with the exact truth.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from apps.commands._output import tell
from apps.terminal.status_line import status_line, status_table
from drivers.live_analysis import LiveAnalysis, LiveCounts
from drivers.recorder import StreamStatus
from drivers.session import StreamEvent
from drivers.sim.base import Taken
from drivers.sim.laboratory import CAMERA, CAMERA_LATENCY_S, WORN, VirtualLab
from fusion.recording.folder import load_recording
from fusion.sync.clock import MIN_PINGS, fit_clock, fit_clock_two_sided

if TYPE_CHECKING:
    from drivers.recorder import Recorder
    from fusion.types import Analysis, Floats, ImuSamples, Recording

CONNECT_S = 15.0
CHECK_S = 8.0
SPARE_S = 30.0
TAP_AFTER_S = 2.0
"""After the recording began."""

DROP_AT = 0.4
"""Share of the recording after which a link is lost."""

DROPPED = "left_shank"
LINE_EVERY_S = 5.0
_TAP_WINDOW_S = 0.3


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the live part left.

    Attributes
    ----------
    drop_s
        Host time at which the link was lost.
    """

    folder: Path
    lab: VirtualLab
    statuses: tuple[StreamStatus, ...]
    events: tuple[StreamEvent, ...]
    drop_s: float
    live: LiveCounts


async def record_live(out: Path, seconds: float, *, seed: int, bumble: bool, live: bool = True) -> Recorded:
    """Do steps 1 and 2; real time passes, unless the loop's is virtual. ``live``: also analyse while recording."""
    logging.getLogger("bumble").setLevel(logging.ERROR)  # a lost link, which is part of the story, is a warning there
    lab = VirtualLab(seconds + CHECK_S + SPARE_S, seed=seed, bumble=bumble)
    events: list[StreamEvent] = []

    def happened(event: StreamEvent) -> None:
        events.append(event)
        tell(f"  {event.stream}: {event.state}{f', {event.reason}' if event.reason else ''}")

    await lab.start()
    loop = asyncio.get_running_loop()
    try:
        async with lab.recorder(happened) as recorder:
            tell(f"Connecting to {len(WORN)} virtual wearables and a camera")
            for missing in await recorder.wait_until_streaming(CONNECT_S):
                tell(f"Missing: {missing}")
            tell(f"Check of the set-up, {CHECK_S:g} s of walking")
            report = await recorder.check(CHECK_S)
            for remark in report.remarks:
                tell(f"  {remark.severity}: {remark}")
            tell("  passed" if report.is_good else "  failed")
            folder = recorder.begin(out)
            assert recorder.trial is not None
            lab.tap(TAP_AFTER_S)
            analysis = LiveAnalysis(recorder.trial.declaration, clock=loop.time)
            with ExitStack() as running:
                if live:
                    recorder.add_listener(running.enter_context(analysis))
                drop_s = await _walk(recorder, analysis, lab, seconds)
                counts = analysis.counts()
            recorder.end()
            return Recorded(folder, lab, recorder.status(), tuple(events), drop_s, counts)
    finally:
        lab.stop()


async def _walk(recorder: Recorder, live: LiveAnalysis, lab: VirtualLab, seconds: float) -> float:
    """Record for so long; return when the link was lost."""
    loop = asyncio.get_running_loop()
    began_s = line_s = loop.time()
    drop_s = np.nan
    while (passed_s := loop.time() - began_s) < seconds:
        if np.isnan(drop_s) and passed_s >= DROP_AT * seconds:
            drop_s = loop.time()
            recorder.mark("link of the left shank is taken away")
            await lab.drop(DROPPED)
        if loop.time() - line_s >= LINE_EVERY_S:
            line_s = loop.time()
            tell(status_line(recorder.status(), f"REC {passed_s:.0f} s", 160))
            tell(f"  live: {_live_words(live)}")
        await asyncio.sleep(0.05)
    return drop_s


def _live_words(live: LiveAnalysis) -> str:
    state = live.newest
    if state is None:
        return live.reason
    knees = [f"{side} knee {state.angle_deg[f'knee_flexion_{side}_deg']:.0f} deg" for side in ("left", "right")
             if f"knee_flexion_{side}_deg" in state.angle_deg]  # fmt: skip
    return ", ".join([*knees, *(f"{side} {phase}" for side, phase in state.phase.items() if phase)])


def count_lines(recorded: Recorded) -> list[str]:
    """Return step 3: samples sent, recorded, missing, and how well each clock was found."""
    recording = load_recording(recorded.folder)
    lines = [
        f"{'Wearable':<12} {'sent':>6} {'recorded':>9} {'in gap':>7} {'lost':>5} {'twice':>6} {'clock error':>15}"
    ]
    for segment, _, _ in WORN:
        counts = counted(recorded, recording, segment)
        lines.append(
            f"{segment:<12} {counts.sent:>6} {counts.recorded:>9} {counts.in_gap:>7} {counts.lost:>5} "
            f"{counts.twice:>6} {1e3 * counts.clock_error_s:>12.2f} ms"
        )
    lines.append("In gap: while the link was away. Clock error: largest over the recording, against the true time.")
    return lines


@dataclass(frozen=True, slots=True)
class Counts:
    """Samples of one wearable between its first and its last recorded one; ``clock_error_s`` is the largest."""

    sent: int
    recorded: int
    in_gap: int
    lost: int
    twice: int
    clock_error_s: float


def counted(recorded: Recorded, recording: Recording, segment: str) -> Counts:
    """Compare what a virtual device measured with what the recording holds."""
    imu = recording.imu(segment)
    assert imu is not None
    taken = recorded.lab.host(segment).taken
    device_s = np.array([reading.device_s for reading in taken])
    host_s = np.array([reading.host_s for reading in taken])
    # the recorded clock may begin elsewhere than the twin's own, by a constant
    first = int(np.argmin(np.abs(_signature(taken) - np.hstack([imu.accel_mps2, imu.gyro_radps])[0]).sum(axis=1)))
    own_s = imu.time_s - imu.time_s[0] + device_s[first]
    period_s = 1.0 / imu.rate_hz
    place = first + np.rint((own_s - device_s[first]) / period_s).astype(int)
    span = np.arange(place[0], place[-1] + 1)
    missing = np.setdiff1d(span, place)
    gap = (host_s[missing] >= recorded.drop_s - 0.5) & (host_s[missing] <= recorded.drop_s + 10.0)
    in_gap = int(gap.sum()) if segment == DROPPED else 0
    error_s = _host_times(imu) - host_s[place]
    return Counts(
        sent=span.size,
        recorded=place.size,
        in_gap=in_gap,
        lost=int(missing.size) - in_gap,
        twice=int(place.size - np.unique(place).size),
        clock_error_s=float(np.abs(error_s).max()),
    )


def _signature(taken: Sequence[Taken]) -> Floats:
    return np.array([np.concatenate([one.accel_mps2, one.gyro_radps]) for one in taken])


def _host_times(imu: ImuSamples) -> Floats:
    """Return host times by the same clock model as the analysis."""
    sent, received = imu.ping_sent_s, imu.ping_received_s
    assert imu.arrival_s is not None
    if sent is None or received is None or len(sent) < MIN_PINGS:
        return fit_clock(imu.time_s, imu.arrival_s).to_host(imu.time_s, imu.arrival_s)
    return fit_clock_two_sided(imu.time_s, imu.arrival_s, sent, received).to_host(imu.time_s, imu.arrival_s)


def tap_line(recorded: Recorded) -> str:
    """Return how far apart the wearables' clocks put the knock that all felt at once."""
    recording = load_recording(recorded.folder)
    found = []
    for imu in recording.imus:
        host_s = _host_times(imu)
        near = np.abs(host_s - recorded.lab.tap_s) < _TAP_WINDOW_S
        push = imu.accel_mps2[near, 0] - np.median(imu.accel_mps2[near, 0])
        strong = np.clip(push - 0.5 * push.max(), 0.0, None)
        found.append(float((strong * host_s[near]).sum() / strong.sum()))
    times = np.array(found) - recorded.lab.tap_s
    return (
        f"Sync tap: the {len(found)} wearables put it {1e3 * np.ptp(times):.1f} ms apart, on average "
        f"{1e3 * times.mean():+.1f} ms from the truth"
    )


def camera_line(analysis: Analysis) -> str:
    """Return how well the camera's latency was found."""
    sync = next((one for one in analysis.sync if one.stream == CAMERA), None)
    if sync is None:
        return "Camera: not synchronised"
    half_ms = 500.0 * (sync.high_s - sync.low_s)
    return (
        f"Camera latency found: {-1e3 * sync.offset_s:.0f} +-{half_ms:.0f} ms, true "
        f"{1e3 * CAMERA_LATENCY_S:.0f} ms; {sync.verdict}"
    )


def angle_lines(analysis: Analysis, recorded: Recorded) -> list[str]:
    """Return the error of the joint angles against the truth of the walk."""
    truth, angles = recorded.lab.simulation.truth, analysis.joint_angles
    at_s = recorded.lab.to_truth(angles.time_s)
    lines = []
    for joint in ("knee_flexion", "hip_flexion", "ankle_dorsiflexion"):
        errors = []
        for side in ("left", "right"):
            name = f"{joint}_{side}_deg"
            exact = np.interp(at_s, truth.time_s, truth.joint_angle_deg[name], left=np.nan, right=np.nan)
            errors.append(angles.angle(name) - exact)
        known = np.concatenate(errors)
        known = known[np.isfinite(known)]
        told = f"{np.sqrt(np.mean(known**2)):.1f} deg RMS" if known.size else "not assessable"
        lines.append(f"{joint.replace('_', ' '):<20} {told}")
    return ["Error of the joint angles against the truth", *lines]


def live_line(counts: LiveCounts) -> str:
    """Return how the live analysis went on this machine."""
    if not counts.steps:
        return "Live: no state was published; the recording was too short for the calibration."
    p50, p95 = (1e3 * np.quantile(counts.latency_s, share) for share in (0.5, 0.95))
    return (
        f"Live: {counts.steps} states from {counts.taken} samples and frames; packet to estimate "
        f"{p50:.0f} ms (95 %: {p95:.0f} ms) on this machine"
    )


def stream_lines(recorded: Recorded) -> list[str]:
    """Return the table of the recorder."""
    return status_table(recorded.statuses)
