"""An analysis made of smooth curves and invented numbers whose identities hold, for tests of what prints it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fusion.gait.definitions import KEY_ANGLES, PARAMETERS
from fusion.types import (
    SEGMENTS,
    Analysis,
    Camera,
    Estimate,
    Finding,
    GaitEvents,
    GaitParameters,
    ImuSamples,
    JointAngles,
    Keypoints,
    Motion,
    Parameter,
    Placement,
    QualityCheck,
    Recording,
    Stride,
    Subject,
    SyncResult,
    WorldPoints,
)

STRIDE_S = 1.1
RATE_HZ = 60.0
LENGTH_S = 24.0
POINT_NAMES = ("pelvis", *(f"{s}_{p}" for s in ("left", "right") for p in ("hip", "knee", "ankle", "heel", "toe")))
HIDDEN = {"left": ((6.2, 6.55),), "right": ((8.05, 8.47), (9.4, 9.7), (12.0, 12.4))}
ANKLE_REASON = "seen in 9 strides, 15 needed; bright shoe or tape"


def hip_deg(phase):
    return 13.0 + 17.0 * np.cos(2 * np.pi * (phase + 0.08))


def knee_deg(phase):
    loading = 13.0 * np.exp(-((((phase % 1.0) - 0.14) / 0.075) ** 2))
    swing = 50.0 * np.exp(-((((phase % 1.0) - 0.73) / 0.1) ** 2))
    return 6.0 + loading + swing


def ankle_deg(phase):
    return 2.0 + 9.0 * np.sin(2 * np.pi * (phase - 0.2)) * np.exp(-((((phase % 1.0) - 0.45) / 0.35) ** 2))


CURVES = {"hip_flexion": hip_deg, "knee_flexion": knee_deg, "ankle_dorsiflexion": ankle_deg}


def make_analysis(
    *, findings=7, withheld=1, sides=("left", "right"), camera=True, imus=True, ankle=True, subject=None
):
    """Return an analysis; each keyword takes one thing away."""
    time_s = np.arange(0.0, LENGTH_S, 1.0 / RATE_HZ)
    strides = make_strides(sides)
    motion = make_motion(time_s, camera)
    return Analysis(
        recording=make_recording(camera, imus, subject),
        use=(("camera",) if camera else ()) + (("imu",) if imus else ()),
        sync=make_sync() if camera and imus else (),
        placements=make_placements() if imus else (),
        points=(make_points(time_s),) if camera else (),
        motion=motion,
        events=make_events(sides),
        strides=strides,
        parameters=make_parameters(sides),
        joint_angles=make_angles(time_s, sides, ankle),
        findings=make_findings(findings, withheld),
        quality=make_quality(),
        provenance={
            "analysis_id": "7f3a-91c2",
            "software_version": "0.1.0",
            "settings": {"estimator": "default", "events": "fused"},
            "stage_times_s": {"synchronise": 0.4, "estimate": 2.1},
        },
    )


def make_recording(camera, imus, subject):
    time_s = np.arange(0.0, LENGTH_S, 0.01)
    still = np.tile([0.0, 0.0, 9.81], (len(time_s), 1))
    worn = ("pelvis", "left_shank", "right_shank") if imus else ()
    frames = np.arange(0.0, LENGTH_S, 1.0 / RATE_HZ)
    pixels = np.full((len(frames), 1, 2), 100.0)
    return Recording(
        subject=subject or Subject("P-0417", 67.0, "male", 1.74, 0.91, 78.0),
        imus=tuple(ImuSamples(s, time_s, still, 0.0 * still, 100.0, device="Tandem IMU") for s in worn),
        keypoints=(Keypoints("side", frames, ("pelvis",), pixels, np.ones((len(frames), 1))),) if camera else (),
        cameras=(Camera("side", rate_hz=60.0),) if camera else (),
        identifier="P-0417_v3_walk",
        started_at="2026-10-21T10:42:00",
        protocol="walking, comfortable speed",
        operator="op-02",
        software_version="0.1.0",
    )


def phase_of(time_s, side):
    return (time_s / STRIDE_S + (0.5 if side == "right" else 0.0)) % 1.0


def make_strides(sides):
    out = []
    for side in sides:
        shift = 0.5 * STRIDE_S if side == "right" else 0.0
        for k in range(int(LENGTH_S / STRIDE_S) - 2):
            start = shift + k * STRIDE_S
            at = [start + share * STRIDE_S for share in (0.646, 0.139, 0.5)]
            out.append(Stride(side, start, start + STRIDE_S, *at, 1.08, 0.03, 0.01, k != 3, "" if k != 3 else "turn"))
    return tuple(out)


def make_events(sides):
    rows = [(s.start_s, s.side, "ic") for s in make_strides(sides)]
    rows += [(s.fc_s, s.side, "fc") for s in make_strides(sides)]
    time_s, side, kind = zip(*rows, strict=True) if rows else ((), (), ())
    return GaitEvents(
        np.array(time_s),
        np.array(side, dtype=str),
        np.array(kind, dtype=str),
        np.full(len(rows), 0.01),
        np.full(len(rows), "imu+camera"),
    )


def make_positions(time_s):
    """Return points of a walker towards +x whose hip, knee and ankle follow the curves."""
    position = np.zeros((len(time_s), len(POINT_NAMES), 3))
    position[:, 0] = np.c_[1.0 * time_s, 0.0 * time_s, 0.92 + 0.0 * time_s]
    for side, y in (("left", 0.09), ("right", -0.09)):
        phase = phase_of(time_s, side)
        thigh, shank = -np.radians(hip_deg(phase)), np.radians(knee_deg(phase) - hip_deg(phase))
        hip = position[:, 0] + [0.0, y, 0.0]
        knee = hip - 0.43 * np.c_[np.sin(thigh), 0.0 * thigh, np.cos(thigh)]
        ankle = knee - 0.43 * np.c_[np.sin(shank), 0.0 * shank, np.cos(shank)]
        for part, place in (("hip", hip), ("knee", knee), ("ankle", ankle)):
            position[:, POINT_NAMES.index(f"{side}_{part}")] = place
        position[:, POINT_NAMES.index(f"{side}_heel")] = ankle - np.array([0.06, 0.0, 0.06])
        position[:, POINT_NAMES.index(f"{side}_toe")] = ankle + np.array([0.2, 0.0, -0.06])
    return position


def visible(time_s, side):
    seen = np.ones(len(time_s), dtype=bool)
    for begin, end in HIDDEN[side]:
        seen &= (time_s < begin) | (time_s > end)
    return seen


def make_motion(time_s, camera):
    count, bodies, points = len(time_s), len(SEGMENTS), len(POINT_NAMES)
    observed = np.zeros((count, points), dtype=bool)
    if camera:
        observed[:] = True
        for side in ("left", "right"):
            for part in ("hip", "knee", "ankle"):
                observed[:, POINT_NAMES.index(f"{side}_{part}")] = visible(time_s, side)
    position = make_positions(time_s)
    return Motion(
        time_s=time_s,
        world_from_segment=np.tile([1.0, 0.0, 0.0, 0.0], (count, bodies, 1)),
        angular_rate_radps=np.zeros((count, bodies, 3)),
        angular_accel_radps2=np.zeros((count, bodies, 3)),
        root_position_m=position[:, 0],
        root_velocity_mps=np.tile([1.0, 0.0, 0.0], (count, 1)),
        point_names=POINT_NAMES,
        point_position_m=position,
        point_sd_m=np.full((count, points, 3), 0.01),
        pitch_covariance_rad2=np.tile(np.eye(bodies) * 1e-3, (count, 1, 1)),
        observed=observed,
        measured=np.ones((count, bodies), dtype=bool),
    )


def make_points(time_s):
    position = make_positions(time_s) + np.random.default_rng(7).normal(
        0.0, 0.008, (len(time_s), len(POINT_NAMES), 3)
    )
    for side in ("left", "right"):
        for part in ("hip", "knee", "ankle"):
            position[~visible(time_s, side), POINT_NAMES.index(f"{side}_{part}")] = np.nan
    return WorldPoints(
        "side", time_s, POINT_NAMES, position, np.full(position.shape, 0.01), np.ones(position.shape[:2])
    )


def make_angles(time_s, sides, ankle):
    names, columns, sds, cycles, reasons = [], [], [], {}, {}
    rng = np.random.default_rng(3)
    for joint, curve in CURVES.items():
        for side in sides:
            name = f"{joint}_{side}_deg"
            scale = 1.08 if side == "right" else 1.0
            names.append(name)
            columns.append(scale * curve(phase_of(time_s, side)))
            sds.append(1.4 + 1.2 * ~visible(time_s, side))
            if joint == "ankle_dorsiflexion" and (side == "right" or not ankle):
                reasons[name] = ANKLE_REASON
                continue
            wobble = rng.normal(0.0, 2.0, (18, 1))
            cycles[name] = scale * curve(np.arange(101) / 100.0) + wobble
    names.append("pelvis_tilt_deg")
    columns.append(12.0 + 1.5 * np.sin(4 * np.pi * phase_of(time_s, "left")))
    sds.append(np.full(len(time_s), 1.4))
    cycles["pelvis_tilt_deg"] = 12.0 + 1.5 * np.sin(0.04 * np.pi * np.arange(101)) + rng.normal(0.0, 1.0, (18, 1))
    shape = (len(time_s), len(names))
    return JointAngles(
        tuple(names), time_s, np.stack(columns, 1), np.stack(sds, 1), np.zeros(shape, bool), cycles, reasons
    )


def both(value, half, unit, n=104, **grade):
    return {"both": Estimate(value, value - half, value + half, unit, n, **grade)}


def make_findings(count, withheld):
    norm = "healthy men 60 to 74 years, n = 212"
    left_right = {
        "left": Estimate(51.0, 48.0, 54.0, "deg", 51),
        "right": Estimate(56.0, 53.0, 59.0, "deg", 53),
    }
    given = [
        Finding(
            "walking_speed",
            "Walks slower than peers",
            "walking speed",
            both(0.98, 0.03, "m/s"),
            1.02,
            1.54,
            norm,
            "below",
        ),
        Finding(
            "stride_length",
            "Takes shorter strides",
            "stride length",
            both(1.07, 0.03, "m"),
            1.17,
            1.55,
            norm,
            "below",
        ),
        Finding(
            "cadence",
            "Step rate is as in peers",
            "cadence",
            both(109.5, 1.4, "steps/min"),
            98.0,
            126.0,
            norm,
            "within",
        ),
        Finding(
            "double_support",
            "Longer time on both feet",
            "double support, share of the cycle",
            both(29.6, 1.2, "%"),
            18.5,
            27.5,
            norm,
            "above",
        ),
        Finding(
            "stride_time_cv",
            "Stride timing varies more",
            "stride time, coefficient of variation",
            both(3.4, 0.5, "%"),
            1.2,
            2.7,
            norm,
            "above",
        ),
        Finding(
            "peak_knee_flexion",
            "Left knee bend is borderline",
            "peak knee flexion in swing",
            left_right,
            53.0,
            68.0,
            norm,
            "borderline",
        ),
        Finding(
            "turn_time", "Turns slowly", "180 degree turn, 7 turns", both(2.9, 0.3, "s", 7), 1.4, 2.5, norm, "above"
        ),
    ]
    more = [
        Finding(f"more_{k}", f"Further finding number {k}", f"measure {k}", both(10.0 + k, 0.4, "%"))
        for k in range(max(0, count - len(given)))
    ]
    reason = "hidden behind the trunk in 61 % of frames; wear a sensor on each wrist"
    held = [
        Finding(
            f"held_{k}",
            f"Arm swing {k}" if k else "Arm swing",
            "needs a wrist sensor on each side",
            {"both": Estimate.not_assessable("deg", reason)},
            comparison="not assessable",
        )
        for k in range(withheld)
    ]
    return tuple(given[:count] + more + held)


VALUES = {
    "stride_time": (1.096, 0.014),
    "step_time": (0.548, 0.008),
    "stance_time": (0.708, 0.010),
    "swing_time": (0.388, 0.008),
    "single_support_time": (0.388, 0.008),
    "double_support_time": (0.320, 0.014),
    "stance": (64.6, 0.7),
    "swing": (35.4, 0.7),
    "single_support": (35.4, 0.7),
    "double_support": (29.2, 1.2),
    "cadence": (120.0 / 1.096, 1.4),
    "stride_length": (1.08, 0.03),
    "step_length": (0.54, 0.03),
    "walking_speed": (0.98, 0.03),
    "strides_counted": (51.0, 0.0),
    "knee_flexion_swing": (56.0, 3.0),
    "knee_flexion_loading": (19.0, 3.0),
}
FEW = "51 strides; 100 needed for a firm spread"


def make_parameters(sides):
    rows = []
    for item in (*PARAMETERS, *KEY_ANGLES):
        value, half = VALUES.get(item.name.rsplit("_", 1)[0], VALUES.get(item.name, (3.3, 0.6)))
        few = "_cv_" in item.name or "_sd_" in item.name
        for side in item.sides:
            if side not in (*sides, "both"):
                continue
            off = 0.01 * value if side == "right" and item.unit in ("m", "deg") else 0.0
            estimate = Estimate(
                value - off, value - off - half, value - off + half, item.unit, 51, *(("limited", FEW) if few else ())
            )
            if item.name.startswith("ankle") and side == "right":
                estimate = Estimate.not_assessable("deg", ANKLE_REASON, 9)
            rows.append(Parameter(item.name, side, estimate))
    return GaitParameters(tuple(rows))


def make_sync():
    return (
        SyncResult(
            "side",
            0.0124,
            0.0110,
            0.0138,
            18.0,
            0.0,
            0.32,
            "shank and thigh angles compared",
            "safe to fuse",
            "one clear match; both ways agree",
        ),
    )


def make_placements():
    turn = np.diag([1.0, -1.0, -1.0])
    return (
        Placement("pelvis", np.eye(3), np.zeros(3), "standing pose", "", "pelvis", 0.05),
        Placement("left_shank", np.eye(3), np.zeros(3), "functional", "", "left_shank", 0.03),
        Placement(
            "right_shank",
            turn,
            np.zeros(3),
            "functional",
            "worn upside down; turned back in software",
            "right_shank",
            0.04,
        ),
    )


def make_quality():
    return (
        QualityCheck(
            "Legs hidden from camera", "limited", "L 2 %, R 5 %", "longest 0.42 s; bridged by the wearables"
        ),
        QualityCheck(
            "Right shoe", "limited", "seen in 9 of 53 strides", "right ankle withheld; bright shoe or taped toe cap"
        ),
        QualityCheck("Strides used", "good", "104 of 112", "L 51, R 53"),
        QualityCheck("Radio loss", "good", "0.3 %", "longest gap 0.05 s"),
        QualityCheck("Camera and gyroscopes agree", "good", "r = 0.96", "camera accepted for fusion (limit 0.90)"),
    )


def without_findings(analysis):
    return replace(analysis, findings=())
