"""What a person is told: findings, the quality of the recording, the whole analysis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from fusion.types.alignment import Placement, SyncResult, WorldPoints
from fusion.types.arrays import one_of
from fusion.types.gait import Estimate, GaitEvents, GaitParameters, JointAngles, Stride, Turn, WalkingBout
from fusion.types.motion import Motion
from fusion.types.recording import Recording
from fusion.types.screening import ScreeningResult


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about the walk with the numbers behind it; screen and report print the same.

    Attributes
    ----------
    key
        Stable name, such as ``"walking_speed"``.
    sentence
        What a physiotherapist would say: "Walks slower than peers".
    detail
        What was measured, in words: "walking speed".
    estimates
        Side (``"both"``, ``"left"``, ``"right"``) -> estimate.
    norm_low, norm_high
        Limits of the reference range in the estimate's unit; NaN when there is none.
    norm_name
        Who the reference people are, with their number and source.
    comparison
        ``"below"``, ``"borderline"``, ``"within"``, ``"above"``, ``"no norm"`` or ``"not assessable"``.
    """

    key: str
    sentence: str
    detail: str
    estimates: Mapping[str, Estimate]
    norm_low: float = np.nan
    norm_high: float = np.nan
    norm_name: str = ""
    comparison: str = "no norm"

    def __post_init__(self) -> None:
        """Check the comparison word."""
        allowed = ("below", "borderline", "within", "above", "no norm", "not assessable")
        one_of("comparison", self.comparison, allowed)


@dataclass(frozen=True, slots=True)
class QualityCheck:
    """One check of the recording: what was looked at, how it came out, what to do.

    ``status`` is ``"good"``, ``"limited"`` or ``"not usable"``.
    """

    name: str
    status: str
    value: str
    remark: str = ""

    def __post_init__(self) -> None:
        """Check the status word."""
        one_of("status of a quality check", self.status, ("good", "limited", "not usable"))


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything that was found in one recording.

    Attributes
    ----------
    recording
        What was analysed.
    use
        Sources used: ``("camera",)``, ``("imu",)`` or ``("camera", "imu")``.
    sync
        One result per camera.
    placements
        One per wearable.
    points
        The cameras' keypoints in world coordinates on the reference clock.
    quality
        Checks, worst first; the verdict is the worst of them.
    provenance
        Software version, settings, input hashes, stage times.
    screening
        Every score of ``fusion.screening``, given or withheld; report and app print this list and no other.
    """

    recording: Recording
    use: tuple[str, ...]
    sync: tuple[SyncResult, ...]
    placements: tuple[Placement, ...]
    points: tuple[WorldPoints, ...]
    motion: Motion
    events: GaitEvents
    strides: tuple[Stride, ...]
    parameters: GaitParameters
    joint_angles: JointAngles
    findings: tuple[Finding, ...] = ()
    quality: tuple[QualityCheck, ...] = ()
    provenance: Mapping[str, object] = field(default_factory=dict)
    screening: tuple[ScreeningResult, ...] = ()
    turns: tuple[Turn, ...] = ()
    bouts: tuple[WalkingBout, ...] = ()
