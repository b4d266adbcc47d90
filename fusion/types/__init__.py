"""The data that crosses modules: frozen, checked once, SI units, first axis time, NaN for missing."""

from fusion.types.alignment import NOT_FUSED, SAFE, PlacedImu, Placement, SyncResult, WorldPoints
from fusion.types.arrays import (
    POINTS,
    SEGMENTS,
    SIDES,
    Flags,
    Floats,
    Samples,
    Words,
    floats,
    one_of,
    same_length,
)
from fusion.types.gait import (
    GRADES,
    Estimate,
    GaitEvents,
    GaitParameters,
    JointAngles,
    Parameter,
    Stride,
    Turn,
    WalkingBout,
)
from fusion.types.motion import Motion
from fusion.types.recording import Camera, ImuSamples, Keypoints, Recording, Subject
from fusion.types.result import Analysis, Finding, QualityCheck

__all__ = [
    "GRADES",
    "NOT_FUSED",
    "POINTS",
    "SAFE",
    "SEGMENTS",
    "SIDES",
    "Analysis",
    "Camera",
    "Estimate",
    "Finding",
    "Flags",
    "Floats",
    "GaitEvents",
    "GaitParameters",
    "ImuSamples",
    "JointAngles",
    "Keypoints",
    "Motion",
    "Parameter",
    "PlacedImu",
    "Placement",
    "QualityCheck",
    "Recording",
    "Samples",
    "Stride",
    "Subject",
    "SyncResult",
    "Turn",
    "WalkingBout",
    "Words",
    "WorldPoints",
    "floats",
    "one_of",
    "same_length",
]
