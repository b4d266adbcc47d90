"""What the figures should reach, what others reach, and what each set is: the published table's fixed half.

A target matches keys by shell pattern. Where ``relative_to`` names another key, the limit is a multiple of that
figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np

SETS = (
    "kam",
    "mea_lab",
    "nikonpic",
    "cmu_mbl",
    "gaitmap",
    "mobgap",
    "voisard",
    "neura",
    "weygers_kok",
    "broad",
    "lbmc",
    "video",
)
"""Names of the sets: of their folder under the data folder, and of the module that evaluates them."""

FROM_CACHE = ("video",)
"""Sets that need no folder: their files come from the user's cache."""


@dataclass(frozen=True, slots=True)
class Target:
    """One limit.

    Attributes
    ----------
    pattern
        Shell pattern of the keys that it holds for.
    compare
        ``"<="``, ``">="`` or ``"=="``; ``"|<=|"`` bounds the size without the sign.
    limit
        In the key's unit, or a multiple of ``relative_to``.
    known
        Known figure of a peer or of quick code on the same data.
    relative_to
        Key of the figure that the limit multiplies; ``""`` for an absolute limit.
    """

    pattern: str
    compare: str
    limit: float
    known: str = ""
    relative_to: str = ""

    @property
    def set_name(self) -> str:
        """The set that it belongs to."""
        return self.pattern.split("/")[0]

    def matches(self, key: str) -> bool:
        """Return whether the target holds for a key."""
        return fnmatchcase(key, self.pattern)

    def limit_in(self, figures: dict[str, float]) -> float:
        """Return the limit in the key's unit; NaN when the figure that it refers to is not there."""
        return self.limit * figures.get(self.relative_to, np.nan) if self.relative_to else self.limit

    def is_met(self, value: float, figures: dict[str, float]) -> bool:
        """Return whether a figure reaches the limit; NaN never does."""
        limit = self.limit_in(figures)
        if self.compare == "|<=|":
            return abs(value) <= limit
        return {"<=": value <= limit, ">=": value >= limit, "==": value == limit}[self.compare]

    def words(self, figures: dict[str, float]) -> str:
        """Return the limit in words, such as ``"<= 1.05 x imu (7.6)"``."""
        sign = "abs <=" if self.compare == "|<=|" else self.compare
        if not self.relative_to:
            return f"{sign} {self.limit:g}"
        return f"{sign} {self.limit:g} x {self.relative_to.split('/')[-1]} ({self.limit_in(figures):.3g})"


def _beside(figure: str, condition: str, compare: str, limit: float, other: str, known: str = "") -> Target:
    """Return a mea_lab target that compares one condition with another."""
    return Target(f"mea_lab/{figure}/{condition}", compare, limit, known, f"mea_lab/{figure}/{other}")


TARGETS = (
    Target("kam/knee_rms_deg/both/*", "<=", 1.6, "1.60, 1.64 quick code; camera 2.23, 2.15"),
    Target("kam/knee_ratio_to_camera/both/*", "<=", 0.80, "0.72, 0.76 quick code"),
    Target("kam/knee_worst_step_ratio/both/*", "<=", 1.15, "1.10 quick code"),
    Target("kam/knee_ratio_blanked/midstance/*", "<=", 1.25, "1.03-1.12 quick code"),
    Target("kam/knee_ratio_blanked/toe_off/*", "<=", 1.25),
    Target("kam/knee_ratio_blanked/swing/*", "<=", 1.25),
    Target("kam/camera_kept_fraction", "==", 1.0),
    Target("mea_lab/sync_abs_error_ms/median", "<=", 10.0, "6 quick code"),
    Target("mea_lab/sync_abs_error_ms/p90", "<=", 25.0, "18 quick code"),
    Target("mea_lab/sync_abs_error_ms/max", "<=", 50.0, "23 quick code"),
    Target("mea_lab/sync_slips", "==", 0.0),
    Target("mea_lab/sync_coverage_95", ">=", 0.90),
    Target("mea_lab/ic_mae_ms/camera", "<=", 15.0, "14.4 quick code"),
    Target("mea_lab/fc_mae_ms/camera", "<=", 12.0, "11.5 quick code"),
    Target("mea_lab/ic_mae_ms/imu", "<=", 8.0, "7.2 quick code"),
    Target("mea_lab/fc_mae_ms/imu", "<=", 7.0, "6.0 quick code"),
    _beside("ic_mae_ms", "both", "<=", 1.05, "imu"),
    _beside("fc_mae_ms", "both", "<=", 1.05, "imu"),
    _beside("ic_mae_ms", "both_leg_lost", "<=", 1.0, "camera"),
    _beside("fc_mae_ms", "both_leg_lost", "<=", 1.0, "camera"),
    *(
        Target(f"mea_lab/{kind}_f1/{source}", ">=", 0.98)
        for kind in ("ic", "fc")
        for source in ("camera", "imu", "both")
    ),
    Target("mea_lab/double_support_mae_ms/both", "<=", 13.0, "IMU 12-14 quick code"),
    Target("mea_lab/double_support_mae_ms/camera", "<=", 24.0, "24-29 quick code; 26 authors, 295 walks"),
    Target("mea_lab/knee_sd_deg/imu", "<=", 1.5, "1.3 quick code"),
    _beside("knee_sd_deg", "both", "<=", 1.05, "imu"),
    Target("mea_lab/knee_sd_deg/both_3imu", "<=", 3.5),
    _beside("knee_sd_deg", "both_3imu", "<=", 1.0, "camera", "camera 6.1 quick code"),
    _beside("knee_sd_deg", "both_3imu", "<=", 1.0, "imu_3imu"),
    Target("mea_lab/camera_kept_fraction", ">=", 0.95),
    Target("nikonpic/knee_ratio_both_over_imu/*", "<=", 1.05, "naive fusion 25, chi-square gate 2.4-7.1"),
    Target("nikonpic/camera_rejected/*", "==", 1.0),
    Target("video/collapsed_after_fraction/*", "<=", 0.05, "60 of 160 frames PoseNet, as it is usually read"),
    Target("video/swapped_after_fraction/*", "<=", 0.05),
    Target("video/cadence_spread_percent", "<=", 3.0),
    Target("video/speed_spread_percent", "<=", 10.0),
    Target("video/*_change_percent/mirrored", "|<=|", 3.0),
    Target("video/*_change_percent/half_size", "|<=|", 3.0),
    Target("video/*_change_percent/15_fps", "|<=|", 5.0),
    Target("gaitmap/stride_length_mae_m/imu", "<=", 0.030, "0.042 peer (RTS Kalman), 0.023 quick code"),
    Target("gaitmap/stride_length_mae_m/imu_over_1m", "<=", 0.025, "0.038 peer, 0.019 quick code"),
    Target("gaitmap/stride_length_me_m/imu_over_1m", "|<=|", 0.025, "-0.021 peer, all strides"),
    Target("gaitmap/strides_found_fraction", "==", 1.0),
    Target("mobgap/speed_mae_mps/INDIP", "<=", 0.084, "0.084 mobgap 1.2, 5 of 8 periods"),
    Target("mobgap/stride_length_mae_m/INDIP", "<=", 0.111, "0.111 mobgap 1.2"),
    Target("mobgap/cadence_mae_spm/INDIP", "<=", 5.7, "5.7 mobgap 1.2"),
    Target("mobgap/speed_mae_mps/Stereophoto", "<=", 0.057, "0.057 mobgap 1.2, 6 of 8 periods"),
    Target("mobgap/stride_length_mae_m/Stereophoto", "<=", 0.096, "0.096 mobgap 1.2"),
    Target("mobgap/cadence_mae_spm/Stereophoto", "<=", 5.5, "5.5 mobgap 1.2"),
    *(
        Target(f"mobgap/{figure}/shared_{system}", "<=", 1.0, "", f"mobgap/{figure}/shared_peer_{system}")
        for figure in ("speed_mae_mps", "stride_length_mae_m", "cadence_mae_spm")
        for system in ("INDIP", "Stereophoto")
    ),
    Target("voisard/ic_f1/feet", ">=", 0.97),
    Target("voisard/fc_f1/feet", ">=", 0.97),
    Target("voisard/turns_found_fraction", "==", 1.0),
    Target("voisard/straight_strides_inside_turns", "==", 0.0),
)
"""Limits for the developers' part of the data."""

ABOUT = {
    "lbmc": (
        "Joint angles of video pipelines with two and nine cameras against markers, split into definition, lag, what "
        "every stride repeats and what is random; and the simulator's camera beside them. One participant, 20 s. "
        "Source: lbmc-lyon/Benchmarking_markerless (MIT)."
    ),
    "video": (
        "One walker from the side and a bystander, 30 frames/s, by every pose network of the product; no ground "
        "truth: the networks are compared with each other. n = 1 person, 7 strides. Source: sample clip of Sports2D "
        "(BSD-3)."
    ),
    "kam": (
        "Steps on an instrumented treadmill: 2-D keypoints of a side view, raw wearables, optical markers as the "
        "independent reference. Source: TheOne-1/KAM_and_KFM_Estimation; licence unstated, figures only."
    ),
    "mea_lab": (
        "Walks towards and away from one camera: 3-D keypoints and seven raw wearables. The reference is the "
        "maker's own output from the wearables: **agreement, not accuracy**. Source: mea-lab/GaitValidation; licence "
        "unstated, figures only."
    ),
    "nikonpic": (
        "Walks with a video reconstruction that is nearly useless at the knee; wearables are made virtual from the "
        "optical markers, which are also the reference, so that only the ratio counts. Source: "
        "NikonPic/imu_gait_analysis; licence unstated, figures only."
    ),
    "cmu_mbl": (
        "Single planar strides: keypoints and rates of wearables against optical markers; a regression test. Source: "
        "CMU-MBL/IMUVisionBiomechanics (signals adapted from TotalCapture, non-commercial research), figures only."
    ),
    "gaitmap": (
        "Foot sensor alone against a heel marker. Source: mad-lab-fau/gaitmap example data (repository MIT, data not "
        "stated), figures only."
    ),
    "mobgap": (
        "One lower-back sensor against insoles with foot IMUs (INDIP) and stereophotogrammetry, straight walks and "
        "simulated daily life; the two references differ by up to 0.09 m/s. Source: mobilise-d/mobgap example data "
        "(repository Apache-2.0, data not stated), figures only."
    ),
    "voisard": (
        "Feet and lower back of walkers who turn once; the labels come from an algorithm and were checked by hand. "
        "Source: CyrilVoisard/ipol_dataset_1 (repository AGPL-3, data terms unclear), figures only."
    ),
    "neura": (
        "Seven wearables against optical joint centres, alone and with a camera simulated from those centres. "
        "Source: gait-tech/gaittoolbox (repository GPL-3, data terms not read), figures only."
    ),
    "weygers_kok": (
        "Two wearables on a mechanical linkage against an optical reference: attitude only, beside VQF. Source: "
        "daniel-om-weber/dfjimu (repository MIT); Weygers & Kok 2020."
    ),
    "broad": (
        "One wearable in the hand against an optical reference: inclination only, beside VQF. Source: BROAD (Laidig "
        "et al. 2021, CC BY 4.0)."
    ),
}
"""What each set is, for the published table."""


def targets_of(key: str) -> list[Target]:
    """Return the targets that hold for a key."""
    return [target for target in TARGETS if target.matches(key)]
