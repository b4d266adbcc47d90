"""Stage 1: the wearables on one clock and in the axes of their segments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from fusion.body.placement import apply, place, sagittal_rate
from fusion.body.skeleton import Skeleton
from fusion.errors import DataError
from fusion.sync.clock import MIN_PINGS, ClockModel, fit_clock, fit_clock_two_sided
from fusion.sync.shake import residual_offsets
from fusion.types import SAFE, Floats, ImuSamples, PlacedImu, Placement, Recording, SyncResult

Track = tuple[Floats, Floats]
"""Times on the reference clock, s, and values."""

_LEAST_SAMPLES = 20


@dataclass(frozen=True, slots=True)
class Wearables:
    """What the recording's wearables say, ready for the estimator.

    Attributes
    ----------
    imus
        Streams on the reference clock, sensor axes.
    placed
        The same in segment axes.
    placements
        How each sits; same order.
    clocks
        One result per stream that had a clock of its own.
    left_out
        Segment -> why its stream is not used.
    """

    imus: tuple[ImuSamples, ...]
    placed: tuple[PlacedImu, ...]
    placements: tuple[Placement, ...]
    clocks: tuple[SyncResult, ...]
    left_out: Mapping[str, str]

    def rates(self) -> dict[str, Track]:
        """Return segment -> sagittal rate, rad/s."""
        return {imu.segment: (imu.time_s, sagittal_rate(imu)) for imu in self.placed}

    def replaced(
        self,
        skeleton: Skeleton,
        camera_pitch: Mapping[str, Track],
        recording: Recording,
        placements: tuple[Placement, ...] = (),
    ) -> Wearables:
        """Return the same streams, placed again now that a camera tells left from right."""
        again = wear(replace(recording, imus=self.imus), skeleton, camera_pitch=camera_pitch, placements=placements)
        left_out = {**self.left_out, **again.left_out}
        kept = {imu.segment for imu in again.imus}
        earlier = tuple(old for old in self.placements if old.segment not in kept and old.segment in self.left_out)
        return replace(again, clocks=self.clocks, left_out=left_out, placements=(*again.placements, *earlier))


def wear(
    recording: Recording,
    skeleton: Skeleton,
    *,
    camera_pitch: Mapping[str, Track] | None = None,
    placements: tuple[Placement, ...] = (),
    unusable: Mapping[str, str] | None = None,
) -> Wearables:
    """Return the wearables on the host clock, placed on their segments.

    Parameters
    ----------
    recording
        Cleaned recording.
    skeleton
        Lengths, for the lever arms.
    camera_pitch
        Segment -> pitch by a checked camera on the reference clock; settles left and right.
    placements
        Known placements, from an earlier calibration of the same mounting; the others are found.
    unusable
        Segment -> why its stream must not be used, from the inspection of the recording.
    """
    imus, clocks, left_out = [], [], {}
    for imu in recording.imus:
        refusal = (unusable or {}).get(imu.segment) or _nothing_measured(imu)
        if refusal:
            left_out[imu.segment] = refusal
            continue
        try:
            moved, clock = _on_host_clock(imu)
        except DataError as error:
            left_out[imu.segment] = str(error)
            continue
        imus.append(moved)
        clocks += [clock] if clock else []
    imus, left_out_of_time = _at_one_time(imus)
    left_out |= left_out_of_time
    imus = _shaken_together(imus)
    known = {placement.segment: placement for placement in placements}
    found = place(tuple(imus), skeleton, standing_s=recording.standing_s, camera_pitch=camera_pitch)
    chosen = tuple(known.get(placement.segment, placement) for placement in found)
    for placement in chosen:
        if placement.axis_sd_rad > 1.0:
            left_out[placement.segment] = placement.issue or "its axes could not be found"
    kept = [(imu, placement) for imu, placement in zip(imus, chosen, strict=True) if imu.segment not in left_out]
    return Wearables(
        imus=tuple(imu for imu, _ in kept),
        placed=tuple(apply(imu, placement, imu.time_s) for imu, placement in kept),
        placements=chosen,
        clocks=tuple(clocks),
        left_out=left_out,
    )


def _at_one_time(imus: list[ImuSamples]) -> tuple[list[ImuSamples], dict[str, str]]:
    """Return the streams that were worn together, and why each other one was not.

    What fixes the time is the stream that most others overlap; a stream that misses it altogether ran on another
    clock, and a gap of minutes between them would be estimated tick by tick.
    """
    spans = {imu.segment: _span_s(imu) for imu in imus}
    company = {name: sum(_meet(span, other) for other in spans.values()) for name, span in spans.items()}
    centre = max(company, key=lambda name: company[name], default="")
    left_out = {
        name: (
            f"its clock lies {_apart_s(span, spans[centre]):.0f} s from that of {centre.replace('_', ' ')}: they "
            "were never on at one time. Record the samples' arrival times, or set the clocks of the sensors together."
        )
        for name, span in spans.items()
        if not _meet(span, spans[centre])
    }
    return [imu for imu in imus if imu.segment not in left_out], left_out


def _span_s(imu: ImuSamples) -> tuple[float, float]:
    return float(imu.time_s[0]), float(imu.time_s[-1])


def _meet(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _apart_s(one: tuple[float, float], other: tuple[float, float]) -> float:
    return max(one[0] - other[1], other[0] - one[1])


def _shaken_together(imus: list[ImuSamples]) -> list[ImuSamples]:
    """Return the streams with what their clocks left over taken off, if all were shaken in one hand."""
    residuals = residual_offsets({imu.segment: (imu.time_s, imu.gyro_radps) for imu in imus})
    return [
        replace(imu, time_s=imu.time_s + residuals[imu.segment].shift_s) if imu.segment in residuals else imu
        for imu in imus
    ]


def _nothing_measured(imu: ImuSamples) -> str:
    for sensor, values in (("gyroscope", imu.gyro_radps), ("accelerometer", imu.accel_mps2)):
        if np.isfinite(values).all(axis=1).sum() < _LEAST_SAMPLES:
            return f"its {sensor} holds no usable sample; check its battery and connection"
    return ""


def _clock(imu: ImuSamples, arrival_s: Floats) -> ClockModel:
    """Bracketed from both sides where the device was pinged, else from the samples' arrival."""
    sent, received = imu.ping_sent_s, imu.ping_received_s
    if sent is None or received is None or np.isfinite(sent + received).sum() < MIN_PINGS:
        return fit_clock(imu.time_s, arrival_s)
    return fit_clock_two_sided(imu.time_s, arrival_s, sent, received)


def _on_host_clock(imu: ImuSamples) -> tuple[ImuSamples, SyncResult | None]:
    if imu.arrival_s is None:
        return imu, None
    model = _clock(imu, imu.arrival_s)
    sync = model.as_sync(imu.segment)
    if sync.verdict != SAFE:
        raise DataError(f"clock: {sync.reason}")
    return replace(imu, time_s=model.to_host(imu.time_s, imu.arrival_s), arrival_s=None), sync
