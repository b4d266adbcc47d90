"""One real walker from the side, and a bystander: from the video to gait, by every network."""

from dataclasses import replace

import numpy as np
import pytest

from fusion.pipeline import analyse
from fusion.pose.video.keypoints import cut_off, keypoints_of, recording_of
from fusion.types import Subject
from tests.validation.video import NETWORKS, ankle_faults, reference_ankles

WALKER = Subject(height_m=1.65)


@pytest.fixture(scope="module")
def reference(poses):
    return reference_ankles([poses("movenet_thunder"), poses("blazepose_heavy")])


@pytest.fixture(scope="module")
def analyses(poses):
    return {name: analyse(recording_of(poses(name), WALKER)) for name in NETWORKS}


def test_the_walker_is_the_patient_and_not_the_bystander(poses):
    pose = poses("movenet_lightning")
    assert len(pose.time_s) == 230
    assert pose.subject.path.travel_heights > 3.0
    assert 150 <= pose.seen.sum() <= 190
    hips = keypoints_of(pose).point("left_hip")
    hips = hips[np.isfinite(hips).all(axis=1)]
    assert np.ptp(hips[:, 0]) > 1200
    assert hips[:, 1].min() > 600


def test_no_point_is_given_beyond_the_edge_or_of_a_body_that_the_edge_cuts(poses):
    pose = poses("movenet_lightning")
    keypoints = keypoints_of(pose)
    places = keypoints.position[np.isfinite(keypoints.position).all(axis=2)]
    assert places.min() >= -0.5
    assert (places.max(axis=0) <= np.array([1767.5, 993.5])).all()
    assert np.isnan(keypoints.point("left_ankle")[cut_off(pose)]).all()


@pytest.mark.parametrize("name", NETWORKS)
def test_after_repair_hardly_a_foot_is_on_the_wrong_leg(poses, reference, name):
    faults = ankle_faults(poses(name), reference)
    assert faults["frames"] > 100
    assert faults["collapsed_after"] + faults["swapped_after"] <= 0.05 * faults["frames"]


def test_posenet_as_it_is_usually_read_has_the_faults_that_the_repair_is_for(poses, reference):
    faults = ankle_faults(poses("posenet", input_px=257, decoding="peak"), reference)
    assert faults["collapsed_before"] > 0.15 * faults["frames"]
    assert faults["collapsed_after"] + faults["swapped_after"] <= 0.05 * faults["frames"]


def test_networks_agree_on_cadence_and_speed(analyses):
    cadence = [analyses[name].parameters.get("cadence_spm").value for name in NETWORKS]
    speed = [analyses[name].parameters.get("walking_speed_mps").value for name in NETWORKS]
    assert np.ptp(cadence) <= 0.03 * np.median(cadence)
    assert np.ptp(speed) <= 0.10 * np.median(speed)


def test_a_mirrored_recording_gives_the_same_walk(poses, analyses):
    recording = recording_of(poses("movenet_thunder"), WALKER)
    points = recording.keypoints[0]
    twin = [points.names.index(_twin(name)) for name in points.names]
    mirrored = replace(
        points,
        position=(points.position * [-1.0, 1.0] + [1767.0, 0.0])[:, twin],
        confidence=points.confidence[:, twin],
        sd_px=points.sd_px[:, twin],
        other_side=points.other_side[:, twin],
    )
    found = analyse(replace(recording, keypoints=(mirrored,))).parameters
    for name in ("cadence_spm", "walking_speed_mps"):
        assert found.get(name).value == pytest.approx(
            analyses["movenet_thunder"].parameters.get(name).value, rel=0.01
        )


def _twin(name):
    side, _, part = name.partition("_")
    return {"left": f"right_{part}", "right": f"left_{part}"}.get(side, name)
