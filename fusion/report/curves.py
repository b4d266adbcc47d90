"""The numbers behind the figures: mean curves with their interval, toe-off, hidden spans, contacts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from fusion.types import SIDES, Analysis, Floats, Stride, WorldPoints

PHASE_PERCENT = np.arange(101.0)

SHORTEST_HIDDEN_S = 0.05
"""Shorter spans are single lost frames, not a leg behind another."""

WINDOW_S = 6.0
"""Length of the timeline: five to six strides, so that one stride is about an inch wide."""


_TIMELINE_DEG = (-10.0, 75.0)


@dataclass(frozen=True, slots=True)
class MeanCurve:
    """One side's mean curve over the gait cycle.

    Attributes
    ----------
    mean_deg, half_width_deg
        Mean over strides and half of its 95 % interval, shape (101,).
    toe_off_percent
        Mean final contact of that side, % of the cycle; NaN when unknown.
    strides
        Strides behind it.
    """

    side: str
    mean_deg: Floats
    half_width_deg: Floats
    toe_off_percent: float
    strides: int


@dataclass(frozen=True, slots=True)
class KneeTrack:
    """One knee over time, fused and from keypoints alone, deg.

    Attributes
    ----------
    time_s, angle_deg, sd_deg
        Fused curve, shape (n,).
    camera_time_s, camera_deg
        Flexion from the keypoints of one camera, shape (m,); empty when no camera was used.
    hidden_s
        Spans in which no camera saw the leg.
    """

    side: str
    time_s: Floats
    angle_deg: Floats
    sd_deg: Floats
    camera_time_s: Floats
    camera_deg: Floats
    hidden_s: tuple[tuple[float, float], ...]


def angle_name(joint: str, side: str) -> str:
    """Return the angle's name: ``knee_flexion`` and ``left`` give ``knee_flexion_left_deg``."""
    return f"{joint}_deg" if side == "both" else f"{joint}_{side}_deg"


def mean_curve(analysis: Analysis, joint: str, side: str) -> MeanCurve | None:
    """Return the mean curve of one side with its 95 % interval, or None when not assessable.

    The half-width joins the scatter of the strides (Student-t interval of their mean) with the error
    that all strides share (1.96 times the median standard deviation of the fused angle), as
    independent errors.
    """
    angles = analysis.joint_angles
    name = angle_name(joint, side)
    cycles = angles.cycles_deg.get(name)
    if cycles is None or name in angles.reasons:
        return None
    whole = cycles[np.isfinite(cycles).all(axis=1)]
    count = len(whole)
    if count == 0:
        return None
    spread = np.zeros(whole.shape[1])
    if count > 1:
        spread = stats.t.ppf(0.975, count - 1) * whole.std(axis=0, ddof=1) / np.sqrt(count)
    shared = 1.96 * _median(angles.sd(name)) if name in angles.names else 0.0
    half_width = np.sqrt(spread**2 + (shared if np.isfinite(shared) else 0.0) ** 2)
    return MeanCurve(side, whole.mean(axis=0), half_width, toe_off_percent(analysis, side), count)


def toe_off_percent(analysis: Analysis, side: str) -> float:
    """Return the mean final contact of a side, % of its cycle; NaN when unknown."""
    phases = [
        100.0 * (stride.fc_s - stride.start_s) / stride.duration_s
        for stride in analysis.strides
        if stride.is_valid and stride.side == side and np.isfinite(stride.fc_s)
    ]
    return float(np.mean(phases)) if phases else np.nan


def mean_contacts(strides: tuple[Stride, ...], side: str) -> tuple[float, float, float, int] | None:
    """Return the average cycle of one side, % of the cycle, with its count of strides.

    Returns
    -------
    tuple or None
        Final contact of the other foot, initial contact of the other foot, final contact of this
        foot, number of strides; None without one complete stride.
    """
    rows = [
        [(moment - stride.start_s) / stride.duration_s for moment in moments]
        for stride in strides
        if stride.is_valid and stride.side == side
        for moments in [(stride.other_fc_s, stride.other_ic_s, stride.fc_s)]
        if np.isfinite(moments).all()
    ]
    if not rows:
        return None
    other_fc, other_ic, own_fc = 100.0 * np.mean(rows, axis=0)
    return float(other_fc), float(other_ic), float(own_fc), len(rows)


def hidden_spans(analysis: Analysis, side: str) -> tuple[tuple[float, float], ...]:
    """Return the spans in which cameras filmed but none saw this leg's hip, knee and ankle together, s.

    Empty when no camera was used.
    """
    motion = analysis.motion
    leg = [motion.point_names.index(f"{side}_{part}") for part in ("hip", "knee", "ankle")]
    filmed = filmed_span(analysis)
    if filmed is None:
        return ()
    inside = (motion.time_s >= filmed[0]) & (motion.time_s <= filmed[1])
    hidden = inside & ~motion.observed[:, leg].all(axis=1)
    edges = np.flatnonzero(np.diff(np.r_[False, hidden, False].astype(np.int8)))
    spans = zip(edges[::2], edges[1::2] - 1, strict=True)
    times = ((float(motion.time_s[a]), float(motion.time_s[b])) for a, b in spans)
    return tuple((a, b) for a, b in times if b - a >= SHORTEST_HIDDEN_S)


def filmed_span(analysis: Analysis) -> tuple[float, float] | None:
    """Return when the cameras that were used began and ended to film, s; None when none was used."""
    times = [view.time_s for view in analysis.points if len(view.time_s)]
    if not times or not np.any(analysis.motion.observed):
        return None
    return min(float(one[0]) for one in times), max(float(one[-1]) for one in times)


def knee_track(analysis: Analysis, side: str) -> KneeTrack | None:
    """Return one knee over time, or None when its angle is not assessable."""
    angles = analysis.joint_angles
    name = angle_name("knee_flexion", side)
    if name not in angles.names or not np.isfinite(angles.angle(name)).any():
        return None
    camera = _best_camera(analysis.points, side)
    camera_time, camera_deg = np.empty(0), np.empty(0)
    if camera is not None:
        camera_time = camera.time_s
        camera_deg = keypoint_knee_deg(camera, side) * _heading(analysis, camera_time)
    return KneeTrack(
        side,
        angles.time_s,
        angles.angle(name),
        angles.sd(name),
        camera_time,
        camera_deg,
        hidden_spans(analysis, side),
    )


def keypoint_knee_deg(points: WorldPoints, side: str) -> Floats:
    """Return knee flexion from keypoints alone for a walk towards +x, deg, shape (n,).

    Flexion = pitch of the shank minus pitch of the thigh; the pitch of a segment is the angle of its
    upper end over its lower end in the x-z plane, positive when the upper end leans forward.
    """
    hip, knee, ankle = (points.point(f"{side}_{part}") for part in ("hip", "knee", "ankle"))
    thigh = np.arctan2(hip[:, 0] - knee[:, 0], hip[:, 2] - knee[:, 2])
    shank = np.arctan2(knee[:, 0] - ankle[:, 0], knee[:, 2] - ankle[:, 2])
    return np.degrees((shank - thigh + np.pi) % (2.0 * np.pi) - np.pi)


def keypoint_ankle_deg(analysis: Analysis, points: WorldPoints, side: str) -> Floats:
    """Return ankle dorsiflexion from keypoints alone, deg, shape (n,).

    Angle of the foot (heel to toe) above the plane at right angles to the shank; zero when they are at right
    angles. Forward is where the toes of the fused motion point, so that the way back counts alike.
    """
    forward = _heading(analysis, points.time_s)
    knee, ankle, heel, toe = (points.point(f"{side}_{part}") for part in ("knee", "ankle", "heel", "toe"))
    shank = np.arctan2(forward * (knee[:, 0] - ankle[:, 0]), knee[:, 2] - ankle[:, 2])
    foot = np.arctan2(toe[:, 2] - heel[:, 2], forward * (toe[:, 0] - heel[:, 0]))
    return np.degrees((shank + foot + np.pi) % (2.0 * np.pi) - np.pi)


def timeline_window(track: KneeTrack) -> tuple[float, float]:
    """Return the ``WINDOW_S`` of the track with most hidden time in it; the middle when none is hidden."""
    known = track.time_s[np.isfinite(track.angle_deg)]
    first, last = float(known[0]), float(known[-1])
    if last - first <= WINDOW_S:
        return first, last
    starts = np.arange(first, last - WINDOW_S + 1e-9, 0.25)
    covered = np.zeros(len(starts))
    for begin, end in track.hidden_s:
        covered += np.clip(np.minimum(end, starts + WINDOW_S) - np.maximum(begin, starts), 0.0, None)
    # A span that fills the window shows nothing to compare with: prefer half hidden at most.
    covered[covered > 0.5 * WINDOW_S] = 0.0
    middle = 0.5 * (first + last - WINDOW_S)
    most = starts[covered > covered.max() - 1e-6]
    start = float(most[len(most) // 2]) if covered.any() else middle
    return start, start + WINDOW_S


def timeline_domain(track: KneeTrack, window_s: tuple[float, float]) -> tuple[float, float]:
    """Return the limits of the timeline's axis, deg: all of the fused curve, and of the keypoints all but outliers.

    A single stray point, such as a swapped leg, would flatten the curve that the figure is there to show.
    """
    fused = track.angle_deg[(track.time_s >= window_s[0]) & (track.time_s <= window_s[1])]
    camera = track.camera_deg[(track.camera_time_s >= window_s[0]) & (track.camera_time_s <= window_s[1])]
    camera = camera[np.isfinite(camera)]
    usual = np.percentile(camera, (5.0, 95.0)) if camera.size else np.empty(0)
    reach = np.concatenate([fused[np.isfinite(fused)], usual, _TIMELINE_DEG])
    return 5.0 * float(np.floor(reach.min() / 5.0)), 5.0 * float(np.ceil(reach.max() / 5.0))


def strays(track: KneeTrack, window_s: tuple[float, float]) -> int:
    """Return how many keypoint angles of the window lie outside of the timeline's axis."""
    low, high = timeline_domain(track, window_s)
    inside = (track.camera_time_s >= window_s[0]) & (track.camera_time_s <= window_s[1])
    camera = track.camera_deg[inside]
    return int(np.sum((camera < low) | (camera > high)))


def more_hidden_side(analysis: Analysis) -> str:
    """Return the side whose leg was hidden longer."""
    total = {side: sum(end - begin for begin, end in hidden_spans(analysis, side)) for side in SIDES}
    return max(SIDES, key=lambda side: total[side])


def knee_error_deg(analysis: Analysis, truth_time_s: Floats, truth_deg: Floats, side: str) -> Floats:
    """Return estimated minus true knee flexion on the analysis' own times, deg, shape (n,)."""
    angles = analysis.joint_angles
    name = angle_name("knee_flexion", side)
    if name not in angles.names:
        return np.full(len(angles.time_s), np.nan)
    exact = np.interp(angles.time_s, truth_time_s, truth_deg, left=np.nan, right=np.nan)
    return np.asarray(angles.angle(name) - exact, dtype=np.float64)


def _heading(analysis: Analysis, time_s: Floats) -> Floats:
    """Return +1 where the toes point along +x and -1 where they point back, shape (n,)."""
    motion = analysis.motion
    forward = np.zeros(len(motion.time_s))
    for side in SIDES:
        if f"{side}_toe" in motion.point_names and f"{side}_heel" in motion.point_names:
            length = motion.point(f"{side}_toe")[:, 0] - motion.point(f"{side}_heel")[:, 0]
            forward += np.nan_to_num(length)
    if len(forward) == 0:
        return np.ones(len(time_s))
    # The sum over both feet keeps its sign through a swing; 0.5 s bridges the moment of turning.
    width = max(1, round(0.5 / max(_median(np.diff(motion.time_s)), 1e-3)))
    smooth = np.convolve(forward, np.ones(width) / width, mode="same")
    return np.where(np.interp(time_s, motion.time_s, smooth) < 0.0, -1.0, 1.0)


def _best_camera(points: tuple[WorldPoints, ...], side: str) -> WorldPoints | None:
    seen = {view.camera: int(np.isfinite(keypoint_knee_deg(view, side)).sum()) for view in points}
    best = max(points, key=lambda view: seen[view.camera], default=None)
    return best if best is not None and seen[best.camera] else None


def _median(values: Floats) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else np.nan
