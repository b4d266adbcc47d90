import os
from pathlib import Path

import numpy as np
import pytest

from fusion.pose.validity import check_camera
from tests.body.walker import SKELETON, pitch

LEGS = ("left_thigh", "left_shank", "right_thigh", "right_shank")
TIME_S = np.arange(0.0, 6.0, 1 / 30)
FINE_S = np.arange(0.0, 6.0, 0.01)


def camera(gain=1.0, noise_deg=0.0, delay_s=0.0, names=LEGS):
    noise = np.random.default_rng(3)
    return {
        name: (TIME_S, gain * pitch(name, TIME_S - delay_s) + np.deg2rad(noise.normal(0, noise_deg, TIME_S.size)))
        for name in names
    }


def wearables(names=LEGS):
    return {name: (FINE_S, np.gradient(pitch(name, FINE_S), FINE_S)) for name in names}


def test_good_camera_is_kept_with_its_figures():
    verdict = check_camera(camera(0.8, noise_deg=1.0), wearables())
    assert verdict.keep
    assert verdict.correlation > 0.95
    assert verdict.amplitude_ratio == pytest.approx(0.8, abs=0.05)


@pytest.mark.parametrize("bad", [{"delay_s": 0.3}, {"noise_deg": 12.0}, {"gain": -1.0}])
def test_camera_that_moves_otherwise_is_rejected_in_words(bad):
    verdict = check_camera(camera(**bad), wearables())
    assert not verdict.keep
    assert "rejected" in verdict.reason
    assert "Check" in verdict.reason


@pytest.mark.parametrize("gain", [0.4, 2.5])
def test_camera_with_a_wrong_amount_of_motion_is_rejected(gain):
    verdict = check_camera(camera(gain), wearables())
    assert verdict.correlation > 0.9
    assert not verdict.keep


def test_heading_error_of_both_segments_does_not_touch_the_knee():
    seen = camera()
    sway = 0.5 * np.sin(2 * np.pi * 1.5 * TIME_S)
    swayed = {name: (when, angle + sway) for name, (when, angle) in seen.items()}
    assert check_camera(swayed, wearables()).keep
    assert not check_camera({"left_thigh": swayed["left_thigh"]}, wearables()).keep


def test_single_segments_are_compared_where_no_knee_is_measured():
    assert check_camera(camera(), wearables(("left_shank", "right_shank"))).keep


def test_missing_frames_are_left_out():
    seen = camera()
    for _, angle in seen.values():
        angle[40:80] = np.nan
    assert check_camera(seen, wearables()).keep


def test_camera_without_a_wearable_beside_it_is_used_unchecked():
    verdict = check_camera(camera(), {})
    assert verdict.keep
    assert np.isnan(verdict.correlation)
    assert "unchecked" in verdict.reason


def test_recorded_cameras_are_kept():
    folder = Path(os.environ.get("TANDEM_DATA", "../shared/data")) / "mea_lab"
    if not (folder / "index.json").exists():
        pytest.skip(f"no recorded walks in {folder}; set TANDEM_DATA")
    from fusion.body.placement import apply, place, sagittal_rate
    from fusion.pose.sagittal import to_world
    from fusion.pose.segments import segment_pitch
    from tests.validation.load_mea_lab import load_walk, trials

    for entry in trials(folder)[::8]:
        walk = load_walk(folder, entry)
        keypoints = walk.recording.keypoints[0]
        points = to_world(
            keypoints,
            walk.recording.camera("front"),
            SKELETON,
            time_s=keypoints.time_s + walk.true_offset_s,
        )
        streams = walk.recording.imus
        rates = {
            p.segment: (s.time_s, sagittal_rate(apply(s, p, s.time_s)))
            for s, p in zip(streams, place(streams, SKELETON), strict=True)
        }
        seen = {name: (points.time_s, track) for name, track in segment_pitch(points).items()}
        assert check_camera(seen, rates).keep


@pytest.mark.parametrize(("names", "kept"), [(LEGS, False), (("left_shank", "right_shank"), True)])
def test_more_is_asked_of_a_camera_where_wearables_measure_the_knee_themselves(names, kept):
    noisy = camera(noise_deg=7.0, names=names)
    verdict = check_camera(noisy, wearables(names))
    assert verdict.correlation > 0.8
    assert verdict.keep == kept
