"""Step width, clearance, foot angle at contact, toe-out.

References
----------
.. [1] Huxham, Gong, Baker, Morris, Iansek (2006), Gait Posture 23:159, doi:10.1016/j.gaitpost.2005.01.001
.. [2] Mariani, Rochat, Buela, Aminian (2012), IEEE Trans Biomed Eng 59:3162, doi:10.1109/TBME.2012.2216263
.. [3] Winter (1992), Phys Ther 72:45, doi:10.1093/ptj/72.1.45
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.spatial.transform import Rotation

from fusion.errors import DataError
from fusion.estimator.foot_inertial import FootTrajectory, foot_trajectory
from fusion.gait.further.evidence import Walk, mean_of, per_side_and_both, withheld
from fusion.types import SEGMENTS, SIDES, Floats, Parameter, PlacedImu, Stride, WorldPoints

WIDTH_SHARED_M = 0.02
"""Keypoints of the two ankles lie beside the joints by 8 to 11 mm each, and more where the front lifter guesses."""

HEIGHT_SHARED_M = 0.012
"""Where toe and heel lie seen from the sensor comes from the body height; a toe 1 cm off moves by its share."""

TOE_OUT_SHARED_DEG = 3.5
"""Keypoints of heel and toe 8 mm beside their points, 0.25 m apart, and a lifter's depth of 0.85 to 1."""

CONTACT_ANGLE_SHARED_DEG = 3.0
"""Scale of the gyro over a swing, soft shoe, and a landing that the smoother rounds off."""

SWING_PART = (0.25, 0.80)
"""Share of swing in which the toe passes its lowest point: at about half of it [3]_."""

FLAT_PART = (0.25, 0.60)
"""Share of stance in which the foot is flat."""

SHORT_M = 0.3
"""A shorter way between two contacts (a treadmill) has no direction of its own; x is forward there."""

_NO_DEPTH = "no camera gives three dimensions: film from the front with a 3-D camera model"
_NO_FOOT = "no sensor on the {side} foot: put one on it"


def feet(walk: Walk) -> tuple[Parameter, ...]:
    """Return the parameters of this file."""
    return (*_width(walk), *_heights(walk), *_contact_angle(walk), *_toe_out(walk))


def _spatial(walk: Walk, *points: str) -> WorldPoints | None:
    """Return the first camera that sees these points in three dimensions, else None."""
    for view in walk.points:
        if set(points) <= set(view.names) and all(np.isfinite(view.point(point)).any() for point in points):
            return view
    return None


def _width(walk: Walk) -> tuple[Parameter, ...]:
    name = "step_width_m"
    view = _spatial(walk, "left_ankle", "right_ankle")
    reason = _NO_DEPTH if view is None else walk.length_reason
    if view is None or reason:
        return tuple(withheld(name, side, reason) for side in (*SIDES, "both"))
    values = {side: np.array([_stride_width(view, stride) for stride in walk.of_side(side)]) for side in SIDES}
    return per_side_and_both(name, values, WIDTH_SHARED_M)


def _stride_width(view: WorldPoints, stride: Stride) -> float:
    """Return how far to its own side the other ankle lands from the line of this foot, m [1]_."""
    other = SIDES[1 - SIDES.index(stride.side)]
    first, last = (_at(view, f"{stride.side}_ankle", time) for time in (stride.start_s, stride.end_s))
    middle = _at(view, f"{other}_ankle", stride.other_ic_s)
    ahead = _ahead(last - first)
    # On a treadmill both ends are one place, told twice.
    start = first if np.hypot(*(last - first)) >= SHORT_M else 0.5 * (first + last)
    way = middle - start
    left = float(ahead[0] * way[1] - ahead[1] * way[0])
    return left if other == "left" else -left


def _ahead(way: Floats) -> Floats:
    size = float(np.hypot(*way))
    return way / size if size >= SHORT_M else np.array([1.0, 0.0])


def _at(view: WorldPoints, point: str, time_s: float) -> Floats:
    """Return x and y of a point at one time, shape (2,); NaN where it is not seen."""
    track = view.point(point)
    return np.array([np.interp(time_s, view.time_s, track[:, k], left=np.nan, right=np.nan) for k in (0, 1)])


def _heights(walk: Walk) -> tuple[Parameter, ...]:
    """Return toe clearance and heel lift of the feet that carry a sensor."""
    lows: dict[str, Floats] = {}
    highs: dict[str, Floats] = {}
    for side in SIDES:
        imu = walk.imu(f"{side}_foot")
        strides = walk.of_side(side)
        toe_and_heel = _sole_heights(imu, walk) if imu else None
        if imu is None or toe_and_heel is None:
            continue
        toe, heel = toe_and_heel
        lows[side] = np.array([_lift(imu.time_s, toe, s, SWING_PART, np.min) for s in strides])
        highs[side] = np.array([_lift(imu.time_s, heel, s, (0.0, 1.0), np.max) for s in strides])
    found: list[Parameter] = []
    for name, values in (("toe_clearance_m", lows), ("foot_lift_m", highs)):
        if len(values) == len(SIDES):
            found += per_side_and_both(name, values, HEIGHT_SHARED_M)
            continue
        for side in (*SIDES, "both"):
            missing = next((each for each in SIDES if each not in values), side) if side == "both" else side
            if side in values:
                found.append(mean_of(name, side, values[side], HEIGHT_SHARED_M))
            else:
                found.append(withheld(name, side, _NO_FOOT.format(side=missing)))
    return tuple(found)


def _sole_heights(imu: PlacedImu, walk: Walk) -> tuple[Floats, Floats] | None:
    """Return the heights of toe and heel over time, m, shapes (n,); None when the foot never stands."""
    path = _path(imu)
    if path is None:
        return None
    body = walk.skeleton
    return (
        _height(path, np.array([body.toe_m, 0.0, -body.ankle_height_m]) - imu.lever_arm_m),
        _height(path, np.array([-body.heel_m, 0.0, -body.ankle_height_m]) - imu.lever_arm_m),
    )


def _height(path: FootTrajectory, offset_m: Floats) -> Floats:
    """Return the height of a point of the foot that lies so far from the sensor, segment axes."""
    turned = Rotation.from_quat(path.world_from_sensor, scalar_first=True).apply(offset_m)
    return np.asarray(path.position_m[:, 2] + turned[:, 2])


def _lift(
    time_s: Floats, height_m: Floats, stride: Stride, part: tuple[float, float], pick: Callable[[Floats], Floats]
) -> float:
    """Return the least or largest height in a part of swing above the line between the stances around it, m."""
    half_stance_s = 0.5 * (stride.fc_s - stride.start_s)
    swing_s = stride.end_s - stride.fc_s
    stands_s = np.array([stride.start_s, stride.end_s]) + half_stance_s
    if not (np.isfinite(stands_s).all() and time_s[0] <= stands_s[0] and stands_s[1] <= time_s[-1]):
        return np.nan
    inside = (time_s >= stride.fc_s + part[0] * swing_s) & (time_s <= stride.fc_s + part[1] * swing_s)
    if not inside.any():
        return np.nan
    floor = np.interp(time_s[inside], stands_s, np.interp(stands_s, time_s, height_m))
    return float(pick(height_m[inside] - floor))


def _contact_angle(walk: Walk) -> tuple[Parameter, ...]:
    """Return the pitch of the foot at initial contact [2]_, toe up positive."""
    name = "foot_angle_at_contact_deg"
    found = []
    for side in SIDES:
        track = _foot_pitch(walk, side)
        if track is None:
            found.append(withheld(name, side, f"the {side} foot was never measured: put a sensor on it or film it"))
            continue
        strides = walk.of_side(side)
        values = np.array([_above_flat(*track, stride) for stride in strides])
        found.append(mean_of(name, side, values, _contact_angle_sd_deg(*track, strides)))
    return tuple(found)


def _foot_pitch(walk: Walk, side: str) -> tuple[Floats, Floats] | None:
    """Return times and pitch of a foot, deg, toe up positive; of its own sensor, else of the motion.

    The sensor's own attitude is preferred: the smoother of the whole body rounds the landing off.
    """
    imu = walk.imu(f"{side}_foot")
    path = _path(imu) if imu else None
    if imu is not None and path is not None:
        return imu.time_s, _pitch_deg(path.world_from_sensor)
    place, motion = SEGMENTS.index(f"{side}_foot"), walk.motion
    if motion is None or not motion.measured[:, place].any():
        return None
    pitch = _pitch_deg(motion.world_from_segment[:, place])
    return motion.time_s, np.where(motion.measured[:, place], pitch, np.nan)


def _path(imu: PlacedImu) -> FootTrajectory | None:
    try:
        return foot_trajectory(imu.time_s, imu.accel_mps2, imu.gyro_radps)
    except DataError:
        return None  # the foot never stood, or the stream is empty


def _above_flat(time_s: Floats, pitch_deg: Floats, stride: Stride) -> float:
    """Return the pitch at contact against that in flat stance, deg; the ground is a better zero than standing."""
    stance_s = stride.fc_s - stride.start_s
    flat_s = [stride.start_s + share * stance_s for share in FLAT_PART]
    flat = (time_s >= flat_s[0]) & (time_s <= flat_s[1])
    if not flat.any():
        return np.nan
    at_contact = float(np.interp(stride.start_s, time_s, pitch_deg, left=np.nan, right=np.nan))
    return at_contact - float(np.median(pitch_deg[flat]))


def _contact_angle_sd_deg(time_s: Floats, pitch_deg: Floats, strides: list[Stride]) -> float:
    """Return what all strides share: the landing's edge, and contacts that all come late on a turning foot."""
    if not strides:
        return CONTACT_ANGLE_SHARED_DEG
    rate_dps = np.gradient(pitch_deg, time_s)
    # The foot turns fastest just before it lands.
    speed = [abs(float(np.interp(stride.start_s - 0.02, time_s, rate_dps))) for stride in strides]
    late_s = np.array([stride.timing_sd_s for stride in strides]) / np.sqrt(2.0)
    late_deg = np.nan_to_num(np.array(speed) * late_s)
    return float(np.hypot(CONTACT_ANGLE_SHARED_DEG, np.median(late_deg)))


def _pitch_deg(quaternion: Floats) -> Floats:
    """Return how far the forward axis points up, deg, shape (n,); NaN where unknown."""
    w, x, y, z = quaternion.T
    return np.asarray(np.degrees(np.arcsin(np.clip(2.0 * (x * z - w * y), -1.0, 1.0))))


def _toe_out(walk: Walk) -> tuple[Parameter, ...]:
    name = "toe_out_deg"
    found = []
    for side in SIDES:
        view = _spatial(walk, f"{side}_heel", f"{side}_toe", f"{side}_ankle")
        if view is None:
            found.append(withheld(name, side, _NO_DEPTH))
            continue
        values = np.array([_stride_toe_out(view, stride) for stride in walk.of_side(side)])
        found.append(mean_of(name, side, values, TOE_OUT_SHARED_DEG))
    return tuple(found)


def _stride_toe_out(view: WorldPoints, stride: Stride) -> float:
    """Return the angle of the foot in flat stance against the way of its stride, outwards positive, deg [1]_."""
    stance_s = stride.fc_s - stride.start_s
    flat = [stride.start_s + share * stance_s for share in FLAT_PART]
    inside = (view.time_s >= flat[0]) & (view.time_s <= flat[1])
    foot = (view.point(f"{stride.side}_toe") - view.point(f"{stride.side}_heel"))[inside]
    known = foot[np.isfinite(foot).all(axis=1)]
    if not len(known):
        return np.nan
    along = known.mean(axis=0)
    ankle = f"{stride.side}_ankle"
    ahead = _ahead(_at(view, ankle, stride.end_s) - _at(view, ankle, stride.start_s))
    left = np.degrees(np.arctan2(ahead[0] * along[1] - ahead[1] * along[0], ahead @ along[:2]))
    return float(left if stride.side == "left" else -left)
