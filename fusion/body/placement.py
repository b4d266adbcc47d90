"""How each wearable sits on its segment, found from the walking itself; no pose and no exact strapping needed.

Steps, per wearable
1. Take the straight walking; leave out knocks, stomps and turns.
2. Up: specific force, averaged in the mean attitude over strides. With a standing pose: gravity in the pose.
   A foot: gravity while it is flat on the floor.
3. Mediolateral axis: the axis of most rotation perpendicular to up (thigh, shank, foot). The pelvis and the
   trunk turn about all axes; there the forward direction is the one in which the acceleration repeats with
   every step, while sideways it alternates (Zijlstra & Hof 2003, doi:10.1016/S0966-6362(02)00190-X).
4. Left or right end: see ``placement_sign``.
5. Without a pose a segment's mean inclination in walking is taken from healthy adults (``MEAN_PITCH_RAD``).
6. Compare the sensors with each other and with a camera to find swapped ones: see ``placement_check``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from fusion.body import placement_axes as axes
from fusion.body import placement_check, placement_sign
from fusion.body.mounting import parse_mounting
from fusion.body.skeleton import Skeleton
from fusion.errors import SignalError
from fusion.frames import pitch_matrix
from fusion.types import SIDES, Flags, Floats, ImuSamples, PlacedImu, Placement

MEAN_PITCH_RAD = {"pelvis": 0.0, "trunk": 0.0, "thigh": -0.12, "shank": 0.27, "foot": 0.26}
"""Mean inclination over the gait cycle at free speed: thigh -6.9, shank 16.0, foot 15.3 deg.

From the mean curves of Schwartz et al. 2008 (doi:10.1016/j.jbiomech.2008.03.015): thigh = pelvic tilt - hip
flexion, shank = thigh + knee flexion, foot = shank - dorsiflexion. From slow to fast walking the shank's mean
moves from 13 to 17 deg; people differ by about 5 deg. Pelvis and trunk: as in standing.
"""

PITCH_ZERO_SD_RAD = 0.09
"""Doubt of a pitch zero without a standing pose: 5 deg between people (SD of the same curves, pooled)."""

_MIN_WALKING_S = 3.0
_MIN_GIVEN_S = 0.8
_MIN_POSE_S = 0.5
_STILL_RADPS = 0.25
_FUNCTIONAL_SD_RAD = 0.05
_GIVEN_SD_RAD = 0.10
_HEADING_SD_RAD = 0.15
_UNKNOWN_SD_RAD = float(np.pi)
_WILD_RADPS = 5.0


@dataclass(frozen=True, slots=True)
class _Signal:
    """One wearable's smoothed walking signal and what was found so far."""

    imu: ImuSamples
    accel: Floats
    gyro: Floats
    use: Flags
    pose_up: Floats
    given: Floats | None

    @property
    def part(self) -> str:
        return self.imu.segment.split("_")[-1]

    @property
    def walking_s(self) -> float:
        return float(self.use.sum() / self.imu.rate_hz)


@dataclass(frozen=True, slots=True)
class _Found:
    """Axes of one wearable before the comparison with the others."""

    signal: _Signal
    left: Floats
    up: Floats
    zero_pitch_rad: float
    axis_sd_rad: float
    method: str
    sign_is_sure: bool = True
    issue: str = ""

    @property
    def rate_radps(self) -> Floats:
        """Pitch rate, shape (n,)."""
        return np.asarray(self.signal.gyro @ self.left)

    def flipped(self) -> _Found:
        """Return the same axes seen from the other side."""
        return replace(self, left=-self.left)

    def rotation(self) -> Floats:
        """Return segment_from_sensor: undo the pitch that the segment had when ``up`` was read."""
        forward = np.cross(self.left, self.up)
        upright = np.stack([forward, self.left, self.up])
        return np.asarray(pitch_matrix(-self.zero_pitch_rad) @ upright)


def place(
    recording_imus: tuple[ImuSamples, ...],
    skeleton: Skeleton,
    *,
    standing_s: tuple[float, float] = (np.nan, np.nan),
    camera_pitch: Mapping[str, tuple[Floats, Floats]] | None = None,
) -> tuple[Placement, ...]:
    """Return how each wearable sits on its segment, in the order given.

    Parameters
    ----------
    recording_imus
        Streams of one person; their ``time_s`` on one clock.
    skeleton
        Lengths of the person; they give the lever arms.
    standing_s
        Start and end of a standing pose on the same clock; NaN without one. A sensor that moves in it
        (above 0.25 rad/s) does without; its ``method`` then says ``"functional"``.
    camera_pitch
        Segment -> (times on the same clock, pitch, rad) as a checked camera saw it. Decides left and right;
        without it, sensors swapped between the sides as whole legs cannot be noticed.

    Notes
    -----
    A stream that neither walks long enough nor has a mounting gets the identity with a standard deviation of
    pi and says so in ``issue``. A sensor that moves like another segment keeps its label; ``worn_on`` and
    ``issue`` say what to do.
    """
    found = {imu.segment: _axes(_signal(imu, standing_s)) for imu in recording_imus}
    alone = placement_check.compare(_tracks(found), {})
    found.update(_with_thigh_signs(found, alone))
    verdicts = placement_check.compare(_tracks(found), camera_pitch or {})
    return tuple(_placement(found[imu.segment], verdicts.get(imu.segment), skeleton) for imu in recording_imus)


def apply(imu: ImuSamples, placement: Placement, time_s: Floats) -> PlacedImu:
    """Return a stream in the axes of its segment; samples at full scale become NaN.

    Parameters
    ----------
    time_s
        Sample times on the reference clock, shape (n,).
    """
    rotation = placement.segment_from_sensor
    return PlacedImu(
        segment=placement.segment,
        time_s=time_s,
        accel_mps2=_within_range(imu.accel_mps2, imu.accel_range_mps2) @ rotation.T,
        gyro_radps=_within_range(imu.gyro_radps, imu.gyro_range_radps) @ rotation.T,
        rate_hz=imu.rate_hz,
        lever_arm_m=placement.lever_arm_m,
    )


def sagittal_rate(placed: PlacedImu) -> Floats:
    """Return the pitch rate of a segment, rad/s, shape (n,); positive while the upper end falls forward."""
    return np.asarray(placed.gyro_radps[:, 1])


def _within_range(values: Floats, full_scale: float) -> Floats:
    # Within 0.5 % of full scale a sample says no more than "at least this".
    if not np.isfinite(full_scale):
        return values
    clipped = np.asarray((np.abs(values) >= 0.995 * full_scale).any(axis=1))
    return np.where(clipped[:, None], np.nan, values)


def _signal(imu: ImuSamples, standing_s: tuple[float, float]) -> _Signal:
    accel = _within_range(imu.accel_mps2, imu.accel_range_mps2)
    gyro = _within_range(imu.gyro_radps, imu.gyro_range_radps)
    if not np.isfinite(accel).any() or not np.isfinite(gyro).any():
        raise SignalError(f"stream {imu.segment!r} has no finite sample. Check the sensor or leave it out.")
    clean = replace(imu, accel_mps2=accel, gyro_radps=gyro)
    return _Signal(
        imu=imu,
        accel=axes.smoothed(accel, imu.rate_hz),
        gyro=axes.smoothed(gyro, imu.rate_hz),
        use=axes.walking(clean),
        pose_up=_pose_up(clean, standing_s),
        given=parse_mounting(imu.mounting),
    )


def _pose_up(imu: ImuSamples, standing_s: tuple[float, float]) -> Floats:
    """Up in sensor axes from the standing pose; NaN without a still one, shape (3,)."""
    start_s, end_s = standing_s
    inside = (imu.time_s >= start_s) & (imu.time_s <= end_s)
    known = np.isfinite(imu.accel_mps2).all(axis=1) & np.isfinite(imu.gyro_radps).all(axis=1)
    use = np.asarray(inside & known)
    if use.sum() < _MIN_POSE_S * imu.rate_hz:
        return np.full(3, np.nan)
    if float(np.quantile(np.linalg.norm(imu.gyro_radps[use], axis=1), 0.9)) > _STILL_RADPS:
        return np.full(3, np.nan)
    mean = np.median(imu.accel_mps2[use], axis=0)
    return np.asarray(mean / np.linalg.norm(mean))


def _axes(signal: _Signal) -> _Found:
    """Take steps 2 to 5 for one wearable."""
    is_trunk = signal.part in ("pelvis", "trunk")
    if signal.walking_s >= _MIN_WALKING_S:
        return _checked_against_mounting(_trunk_axes(signal) if is_trunk else _leg_axes(signal))
    if signal.given is not None:
        return _given_axes(signal)
    issue = _no_walking(signal)
    return _Found(signal, np.eye(3)[1], np.eye(3)[2], 0.0, _UNKNOWN_SD_RAD, "given", False, issue)


def _no_walking(signal: _Signal) -> str:
    who = f"The sensor labelled {signal.imu.segment!r}"
    usual_radps = float(np.median(np.linalg.norm(signal.gyro, axis=1)))
    if usual_radps > _WILD_RADPS:
        return (
            f"{who} turns at {usual_radps:.0f} rad/s half of the time; nobody walks like that. "
            "It looks like deg/s; convert it to rad/s."
        )
    return (
        f"{who} walks for {signal.walking_s:.1f} s only and has no mounting; record at least "
        f"{_MIN_WALKING_S:.0f} s of walking or state the mounting."
    )


def _leg_axes(signal: _Signal) -> _Found:
    rate_hz, use = signal.imu.rate_hz, signal.use
    left, _ = axes.principal_axis(signal.gyro[use], rate_hz)
    up, zero_rad, method = _up(signal, left)
    left, sd_rad = axes.principal_axis(signal.gyro[use], rate_hz, across=up)
    found = _Found(signal, left, up, zero_rad, float(np.hypot(sd_rad, _FUNCTIONAL_SD_RAD)), method)
    angle = axes.swing_angle(found.rate_radps, rate_hz)
    if signal.part == "foot":
        forward = np.cross(left, up)
        sign, sure = placement_sign.of_foot(signal.accel, found.rate_radps, angle, (forward, up), rate_hz)
    else:
        sign, sure = placement_sign.of_swing(found.rate_radps[use])
    return replace(found, left=sign * left, sign_is_sure=sure, zero_pitch_rad=zero_rad)


def _up(signal: _Signal, left: Floats) -> tuple[Floats, float, str]:
    """Up in sensor axes, the pitch of the segment when it was read, and the method's name."""
    if np.isfinite(signal.pose_up).all():
        return signal.pose_up, 0.0, "standing pose"
    rate_hz = signal.imu.rate_hz
    if signal.part == "foot":
        flat = axes.quiet(signal.accel, signal.gyro) & signal.use
        if flat.sum() > 0.3 * rate_hz:
            up = np.median(signal.accel[flat], axis=0)
            return up / np.linalg.norm(up), 0.0, "functional"
    up = axes.mean_up(signal.accel, signal.gyro, left, signal.use, rate_hz)
    return up, MEAN_PITCH_RAD[signal.part], "functional"


def _trunk_axes(signal: _Signal) -> _Found:
    use = signal.use
    method = "functional"
    up = signal.accel[use].mean(axis=0)
    up = up / np.linalg.norm(up)
    if np.isfinite(signal.pose_up).all():
        up, method = signal.pose_up, "standing pose"
    forward, sure = placement_sign.forward_of_trunk(signal.accel, signal.gyro, use, up, signal.imu.rate_hz)
    if not sure and signal.given is not None:
        forward = signal.given[0]
    left = np.cross(up, forward)
    left = left / np.linalg.norm(left)
    issue = ""
    if not sure and signal.given is None:
        issue = (
            f"The heading of the sensor labelled {signal.imu.segment!r} is uncertain; its steps are too "
            "irregular. State the mounting or walk longer."
        )
    sd_rad = _HEADING_SD_RAD if sure else 4.0 * _HEADING_SD_RAD
    return _Found(signal, left, up, 0.0, sd_rad, method, sure, issue)


def _given_axes(signal: _Signal) -> _Found:
    """Axes as stated; the pitch zero still comes from the signal when there is about a stride of it."""
    given = signal.given
    if given is None:  # pragma: no cover - the caller has checked
        raise SignalError(f"stream {signal.imu.segment!r} has no mounting.")
    left, up, zero_rad, method = given[1], given[2], 0.0, "given"
    if np.isfinite(signal.pose_up).all():
        up, method = signal.pose_up, "standing pose"
    elif len(signal.accel) >= _MIN_GIVEN_S * signal.imu.rate_hz and signal.gyro.std(axis=0).max() > 0.3:
        everything = replace(signal, use=np.asarray(np.isfinite(signal.imu.accel_mps2).all(axis=1)))
        up, zero_rad, _ = _up(everything, left)
    up = up - (up @ left) * left
    return _Found(signal, left, up / np.linalg.norm(up), zero_rad, _GIVEN_SD_RAD, method)


def _checked_against_mounting(found: _Found) -> _Found:
    given = found.signal.given
    if given is None or found.issue:
        return found
    name = found.signal.imu.segment
    if float(given[2] @ found.up) < -0.5:
        return replace(found, issue=f"The sensor labelled {name!r} is mounted upside down; its axes were corrected.")
    if float(given[1] @ found.left) < -0.5:
        if not found.sign_is_sure:
            return replace(found.flipped(), sign_is_sure=True)
        return replace(found, issue=f"The sensor labelled {name!r} faces the other way; its axes were corrected.")
    return found


def _tracks(found: Mapping[str, _Found]) -> dict[str, placement_check.Track]:
    return {
        name: placement_check.Track(each.signal.imu.time_s, each.rate_radps, each.signal.use)
        for name, each in found.items()
        if each.axis_sd_rad < _UNKNOWN_SD_RAD
    }


def _with_thigh_signs(
    found: Mapping[str, _Found], verdicts: Mapping[str, placement_check.Verdict]
) -> dict[str, _Found]:
    """Return the thighs with the sign that lets them swing ahead of the shank below.

    Where thigh or shank moves like another segment, the thigh keeps the sign of its own shape.
    """
    decided: dict[str, _Found] = {}
    for side in SIDES:
        thigh, shank = found.get(f"{side}_thigh"), found.get(f"{side}_shank")
        if thigh is None or shank is None or _is_stated(thigh) or _is_stated(shank):
            continue
        if any(verdicts[f"{side}_{part}"].issue for part in ("thigh", "shank")):
            continue
        time_s = thigh.signal.imu.time_s
        shank_rate = np.interp(time_s, shank.signal.imu.time_s, shank.rate_radps)
        sign, sure = placement_sign.of_thigh(thigh.rate_radps, shank_rate, thigh.signal.use, thigh.signal.imu.rate_hz)
        decided[f"{side}_thigh"] = replace(thigh, left=sign * thigh.left, sign_is_sure=sure)
    return decided


def _is_stated(found: _Found) -> bool:
    return found.method == "given" or found.signal.walking_s < _MIN_WALKING_S


def _placement(found: _Found, verdict: placement_check.Verdict | None, skeleton: Skeleton) -> Placement:
    name = found.signal.imu.segment
    if verdict is not None and verdict.flip:
        found = found.flipped()
    issue = verdict.issue if verdict is not None and verdict.issue else found.issue
    return Placement(
        segment=name,
        segment_from_sensor=found.rotation(),
        lever_arm_m=skeleton.sensor_position_m(name),
        method=found.method,
        issue=issue,
        worn_on=verdict.worn_on if verdict is not None else name,
        axis_sd_rad=found.axis_sd_rad,
    )
