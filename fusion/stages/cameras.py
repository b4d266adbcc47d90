"""Stage 2: each camera's keypoints in the plane of the walk, on the reference clock, and whether they are used.

A camera is used with wearables when its clock could be tied to theirs and when its joints move as the wearables
say; each refusal is kept in words. Segment lengths seen by a camera vary with every turn out of the plane; a planar
body has rigid segments, so that only the directions between joints are taken (``straighten``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from fusion.body.lengths import measured_lengths
from fusion.body.skeleton import Skeleton
from fusion.errors import DataError
from fusion.pose.moved import held_still, in_words
from fusion.pose.sagittal import to_world
from fusion.pose.segments import depth_gain, segment_pitch
from fusion.pose.sides.repair import repair
from fusion.pose.validity import CameraValidity, check_camera
from fusion.stages.wearables import Track, Wearables
from fusion.sync.align import align
from fusion.types import SAFE, SIDES, Camera, Floats, Keypoints, Recording, SyncResult, WorldPoints

_LEG = ("hip", "knee", "ankle", "heel", "toe")

MOST_LATENCY_S = 0.5
"""Exposure, transfer and decoding of a host-stamped camera stay below half a second, which is half a stride."""

LIFTED_ERROR_S = 1.0
"""How long the error of a lifted skeleton stays the same: it repeats with every stride, about a second.
Beside wearables its frames count for as much less; its wrong amplitudes then pull nothing."""

UNKNOWN_CONFIDENCE = 0.5
"""Of a point that was found but not graded: neither sure nor unsure."""

LENGTH_RANGE = (0.7, 1.3)
"""A segment that looks shorter or longer than this share of its length has a misplaced end; it is left as seen."""


@dataclass(frozen=True, slots=True)
class CameraView:
    """One camera and what became of it.

    Attributes
    ----------
    name
        Camera name.
    points
        World points on the camera's own clock; None when the view is unusable.
    sync
        How its clock relates to the wearables'; None without wearables.
    validity
        Agreement with the wearables over the walk; None without wearables.
    is_lifted
        Its depth is a network's guess (3-D keypoints of one camera), not geometry.
    on_host_clock
        Its frames carry the host's time, so that no more than its latency is to be found.
    refusal
        Why the camera is not used; ``""`` when it is.
    bridged
        ``points`` with short holes of a leg filled by its track, for finding contacts; None when nothing was filled.
    moved
        How the camera was moved during the walk, in words; ``""`` when it stood still.
    """

    name: str
    points: WorldPoints | None
    sync: SyncResult | None = None
    validity: CameraValidity | None = None
    is_lifted: bool = False
    on_host_clock: bool = False
    refusal: str = ""
    bridged: WorldPoints | None = None
    moved: str = ""

    @property
    def is_used(self) -> bool:
        """The estimator takes its keypoints."""
        return self.points is not None and not self.refusal

    def on_reference_clock(self) -> WorldPoints:
        """Return the points at reference times."""
        assert self.points is not None
        if self.sync is None:
            return self.points
        return replace(self.points, time_s=self.sync.to_reference(self.points.time_s))

    def for_contacts(self) -> WorldPoints:
        """Return the points at reference times as contacts are looked for in them: short holes filled."""
        return (self if self.bridged is None else replace(self, points=self.bridged)).on_reference_clock()

    def pitches(self) -> dict[str, Track]:
        """Return segment -> (reference times, pitch), rad; empty when there is no view."""
        if self.points is None:
            return {}
        points = self.on_reference_clock()
        return {segment: (points.time_s, pitch) for segment, pitch in segment_pitch(points).items()}


def look(
    recording: Recording, skeleton: Skeleton, unusable: Mapping[str, str] | None = None
) -> tuple[CameraView, ...]:
    """Return every camera's view of the walk on its own clock.

    Parameters
    ----------
    unusable
        Camera name -> why its stream must not be used, from the inspection of the recording.
    """
    return tuple(
        _look(recording, keypoints, skeleton, (unusable or {}).get(keypoints.camera, ""))
        for keypoints in recording.keypoints
    )


def _look(recording: Recording, keypoints: Keypoints, skeleton: Skeleton, refusal: str) -> CameraView:
    lifted = keypoints.space == "camera_m"
    if refusal:
        return CameraView(keypoints.camera, None, is_lifted=lifted, refusal=refusal)
    keypoints, jumps = held_still(keypoints)
    unknown = np.isnan(keypoints.confidence)
    keypoints = replace(keypoints, confidence=np.where(unknown, UNKNOWN_CONFIDENCE, keypoints.confidence))
    try:
        points, bridged = _in_world(keypoints, recording.camera(keypoints.camera), skeleton)
    except DataError as error:
        return CameraView(keypoints.camera, None, is_lifted=lifted, refusal=str(error))
    if not segment_pitch(points):
        return CameraView(keypoints.camera, None, is_lifted=lifted, refusal="the camera shows no body segment")
    on_host_clock = keypoints.clock == "host"
    return CameraView(
        keypoints.camera,
        points,
        is_lifted=lifted,
        on_host_clock=on_host_clock,
        bridged=bridged,
        moved=in_words(jumps),
    )


def with_sides_by_wearables(
    view: CameraView, recording: Recording, skeleton: Skeleton, pitches: Mapping[str, Track]
) -> CameraView:
    """Return the view with each leg point on the leg that the wearables say it lies on.

    Only for a used camera whose detector doubts its sides, and where a thigh or a shank carries a wearable.

    Parameters
    ----------
    pitches
        Segment -> (reference times, pitch, rad) by the wearables.
    """
    keypoints, _ = held_still(next(points for points in recording.keypoints if points.camera == view.name))
    legs = {segment: track for segment, track in pitches.items() if segment.endswith(("thigh", "shank"))}
    if not legs or not view.is_used or view.points is None or keypoints.other_side is None:
        return view
    time_s = view.on_reference_clock().time_s
    sense = _image_sense(keypoints, view.points)
    held = {name: sense * np.interp(time_s, *track, left=np.nan, right=np.nan) for name, track in legs.items()}
    points, bridged = _in_world(keypoints, recording.camera(view.name), skeleton, held)
    return replace(view, points=points, bridged=bridged)


def _in_world(
    keypoints: Keypoints, camera: Camera, skeleton: Skeleton, pitch_rad: Mapping[str, Floats] | None = None
) -> tuple[WorldPoints, WorldPoints | None]:
    """Return the world points and, where sides are in doubt, those with short holes filled."""
    if keypoints.other_side is None or keypoints.space != "image_px":
        return to_world(keypoints, camera, skeleton), None
    found = repair(keypoints, pitch_rad)
    bridged = to_world(found.bridged, camera, skeleton)
    # one scale and one floor for both: what was filled is taken out again
    filled = np.isnan(found.keypoints.position).any(axis=2, keepdims=True)
    position = np.where(filled, np.nan, bridged.position_m)
    confidence = found.keypoints.confidence
    return replace(bridged, position_m=position, confidence=confidence), bridged


def _image_sense(keypoints: Keypoints, points: WorldPoints) -> float:
    """Return +1 when forward in the world is +u in the image, else -1."""
    u, x = keypoints.position[:, :, 0], points.position_m[:, :, 0]
    both = np.isfinite(u) & np.isfinite(x)
    seen = both.sum(axis=1) > 1
    u, x = u[seen], x[seen]
    u, x = u - np.nanmean(u, axis=1, keepdims=True), x - np.nanmean(x, axis=1, keepdims=True)
    return float(np.sign(np.nansum(u * x))) or 1.0


def synchronise(view: CameraView, wearables: Wearables, known: SyncResult | None = None) -> CameraView:
    """Return the view with its synchronisation and its validity against the wearables."""
    if view.points is None:
        return view
    if known is not None:
        sync = known
    else:
        try:
            sync = align(
                view.points.time_s,
                segment_pitch(view.points),
                wearables.rates(),
                search_s=(-MOST_LATENCY_S, MOST_LATENCY_S) if view.on_host_clock else None,
                stream=view.name,
            )
        except DataError as error:
            return replace(view, refusal=str(error))
    tied = replace(view, sync=sync)
    if sync.verdict != SAFE:
        return replace(tied, refusal=f"not fused: {sync.reason}")
    validity = check_camera(tied.pitches(), wearables.rates())
    return replace(tied, validity=validity, refusal="" if validity.keep else validity.reason)


def without_common_clock(views: tuple[CameraView, ...]) -> tuple[CameraView, ...]:
    """Return the views of a recording without wearables: the first that can be used, and those of its clock.

    Only frames with the host's time share a clock; nothing else tells how two cameras' times relate.
    """
    first = next((view for view in views if view.is_used), None)
    if first is None:
        return views
    reason = f"no wearable ties its clock to that of camera {first.name!r}; time both by the host or add a wearable"
    return tuple(
        replace(view, refusal=reason)
        if view.is_used and view is not first and not (view.on_host_clock and first.on_host_clock)
        else view
        for view in views
    )


def refined_skeleton(skeleton: Skeleton, views: tuple[CameraView, ...]) -> Skeleton:
    """Return the skeleton with the leg lengths that the used cameras measure, if they do."""
    for view in views:
        if view.is_used and view.points is not None:
            return skeleton.refined(*measured_lengths(view.points, skeleton))
    return skeleton


def straighten(points: WorldPoints, skeleton: Skeleton, gain: float = 1.0) -> WorldPoints:
    """Return the points with legs of the skeleton's lengths and the directions that the camera saw.

    Parameters
    ----------
    gain
        Factor on forward extents of a lifted camera, which shrinks depth (``depth_gain``).
    """
    position = points.position_m.copy()
    for side in SIDES:
        if not all(f"{side}_{part}" in points.names for part in _LEG[:3]):
            continue
        hip, knee, ankle = (points.names.index(f"{side}_{part}") for part in _LEG[:3])
        feet = [points.names.index(f"{side}_{part}") for part in _LEG[3:] if f"{side}_{part}" in points.names]
        from_ankle = [position[:, foot] - position[:, ankle] for foot in feet]
        thigh = _along(position[:, knee] - position[:, hip], skeleton.thigh_m, gain)
        shank = _along(position[:, ankle] - position[:, knee], skeleton.shank_m, gain)
        seen_knee = np.isfinite(thigh[:, 0])
        position[seen_knee, knee] = (position[:, hip] + thigh)[seen_knee]
        seen_ankle = np.isfinite(shank[:, 0])
        position[seen_ankle, ankle] = (position[:, knee] + shank)[seen_ankle]
        for foot, offset in zip(feet, from_ankle, strict=True):
            position[:, foot] = position[:, ankle] + offset
    position[:, :, 1] = np.nan
    return replace(points, position_m=position)


def _along(vector: Floats, length_m: float, gain: float) -> Floats:
    flat = vector * np.array([gain, 0.0, 1.0])
    flat[:, 1] = 0.0
    size = np.linalg.norm(flat, axis=1, keepdims=True)
    fits = (size > LENGTH_RANGE[0] * length_m) & (size < LENGTH_RANGE[1] * length_m)
    return np.asarray(length_m * flat / np.where(fits, size, np.nan))


def beside_wearables(view: CameraView, points: WorldPoints) -> WorldPoints:
    """Return the points with the weight that they deserve where wearables measure the same segments."""
    if not view.is_lifted or len(points.time_s) < 2:
        return points
    rate_hz = 1.0 / float(np.median(np.diff(points.time_s)))
    return replace(points, sd_m=points.sd_m * np.sqrt(1.0 + 2.0 * LIFTED_ERROR_S * rate_hz))


def forward_gain(view: CameraView, wearable_pitch: Mapping[str, Track]) -> float:
    """Return the factor on a lifted camera's forward extents; 1 for a camera that measures the plane."""
    if not view.is_lifted or view.points is None:
        return 1.0
    return depth_gain(view.on_reference_clock(), wearable_pitch)
