"""Virtual wearables are what their markers say, and a bad camera of the set nikonpic is refused aloud."""

import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from fusion.types import SIDES
from tests.validation.load_nikonpic import load_walk, names
from tests.validation.nikonpic import evaluate
from tests.validation.virtual_imu import marker_body, virtual_imus

DATA = Path(os.environ.get("TANDEM_DATA", "../shared/data")) / "nikonpic"
RATE_HZ = 200.0
KNEE_HZ, KNEE_DEG = 0.8, 25.0


def walker(seconds: float = 8.0) -> dict[str, np.ndarray]:
    """Markers of a body that travels along -y of the laboratory and bends its knees by 0 to 50 degrees."""
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    start = np.stack([0 * time_s, -0.8 * time_s, 1.0 + 0 * time_s], axis=1)
    places = {
        "LASI": (0.12, -0.1, 0.0),
        "RASI": (-0.12, -0.1, 0.0),
        "LPSI": (0.05, 0.1, 0.0),
        "RPSI": (-0.05, 0.1, 0.0),
    }
    markers = {name: start + np.array(place) for name, place in places.items()}
    bend = np.deg2rad(KNEE_DEG * (1.0 - np.cos(2.0 * np.pi * KNEE_HZ * time_s)))
    for side, x in (("L", 0.12), ("R", -0.12)):
        knee = start + np.array([x, 0.0, -0.5])
        lower = 0.4 * np.stack([0 * bend, np.sin(bend), -np.cos(bend)], axis=1)  # the ankle goes backwards
        outward = np.array([0.05 * np.sign(x), 0.0, 0.0])
        markers |= {f"{side}KNE": knee, f"{side}ANK": knee + lower}
        markers |= {f"{side}THI": knee + outward + np.array([0, 0, 0.25]), f"{side}TIB": knee + 0.5 * lower + outward}
    return markers


def test_the_knee_angle_of_the_markers_bends_backwards():
    body = marker_body(walker(), RATE_HZ)
    for side in SIDES:
        angle = body.knee_flexion_deg[side][200:-200]
        assert np.ptp(angle) == pytest.approx(2 * KNEE_DEG, abs=1.0)
        assert np.corrcoef(angle, 1.0 - np.cos(2.0 * np.pi * KNEE_HZ * body.time_s[200:-200]))[0, 1] > 0.999
    assert body.walking.all()


def test_a_virtual_wearable_turns_as_its_segment_and_feels_gravity():
    body = marker_body(walker(), RATE_HZ)
    imus = {imu.segment: imu for imu in virtual_imus(body, RATE_HZ, np.random.default_rng(1))}
    assert set(imus) == {"pelvis", *(f"{side}_{part}" for side in SIDES for part in ("thigh", "shank"))}
    peak = np.linalg.norm(imus["left_shank"].gyro_radps[400:-400], axis=1).max()
    assert peak == pytest.approx(np.deg2rad(KNEE_DEG) * 2.0 * np.pi * KNEE_HZ, rel=0.1)
    assert np.linalg.norm(imus["left_thigh"].gyro_radps[400:-400], axis=1).max() < np.deg2rad(3.0)
    assert np.linalg.norm(imus["pelvis"].accel_mps2[400:-400].mean(axis=0)) == pytest.approx(9.81, abs=0.4)


def test_the_same_seed_gives_the_same_wearables():
    body = marker_body(walker(2.0), RATE_HZ)
    first, second = (virtual_imus(body, RATE_HZ, np.random.default_rng(3)) for _ in range(2))
    assert all(np.array_equal(a.gyro_radps, b.gyro_radps) for a, b in zip(first, second, strict=True))


def test_a_lost_pelvis_marker_is_put_back_and_a_lost_wand_does_no_harm():
    whole = walker()
    holed = {name: track.copy() for name, track in whole.items()}
    holed["RPSI"][300:1200] = np.nan
    holed["LTHI"][500:1400] = np.nan
    before, after = marker_body(whole, RATE_HZ), marker_body(holed, RATE_HZ)
    for side in SIDES:
        assert np.allclose(before.knee_flexion_deg[side], after.knee_flexion_deg[side], atol=0.1)
    assert np.allclose(before.world_from_segment["left_thigh"], after.world_from_segment["left_thigh"], atol=0.01)


def test_a_knee_marker_lost_for_long_leaves_no_truth_there():
    holed = walker()
    holed["LKNE"][400:500] = np.nan
    holed["RKNE"][400:410] = np.nan
    flexion = marker_body(holed, RATE_HZ).knee_flexion_deg
    assert np.isnan(flexion["left"][400:500]).all()
    assert np.isfinite(flexion["right"]).all()


def test_a_damaged_walk_is_refused_with_its_reason(tmp_path, caplog):
    for name in ("walk.csv.gz", "walk.json.gz"):
        with gzip.open(tmp_path / name, "wt") as file:
            file.write("Trajectories\n200\n,,A:LASI,,\n\n\n1,0,1,2,3\n")
    assert evaluate(tmp_path) == {"nikonpic/n": 0.0, "nikonpic/refused": 1.0}
    assert "nikonpic walk refused" in caplog.text


@pytest.mark.skipif(not DATA.is_dir(), reason=f"the set nikonpic is not at {DATA}; set TANDEM_DATA")
def test_every_real_camera_of_the_set_is_refused_aloud_and_does_no_harm(tmp_path):
    trial = names(DATA)[0]
    assert load_walk(DATA, trial).video_position.shape[1:] == (16, 3)
    for suffix in ("csv.gz", "json.gz"):
        (tmp_path / f"{trial}.{suffix}").symlink_to((DATA / f"{trial}.{suffix}").resolve())
    figures = evaluate(tmp_path)
    assert figures[f"nikonpic/camera_rejected/{trial}"] == 1.0
    assert figures[f"nikonpic/camera_rejected_own_sync/{trial}"] == 1.0
    assert figures[f"nikonpic/knee_ratio_both_over_imu/{trial}"] <= 1.05
    assert figures[f"nikonpic/knee_rms_deg/imu/{trial}"] < 5.0
    assert figures["nikonpic/n"] == 1.0
