"""What the emulated wearables send gives the joint angles of the recording that they replay (SPEC section 9)."""

import numpy as np
import pytest

from fusion.pipeline import analyse
from fusion.simulate import ImuSettings, SimulationSettings, simulate
from tests.hardware.emulated_walk import through_the_emulator

STATED_DEG = 0.05
SEGMENTS = ("pelvis", "left_thigh", "left_shank")


@pytest.fixture(scope="module")
def walks(firmware_image, tmp_path_factory):
    """Return a simulated recording and the same through three emulated wearables."""
    settings = SimulationSettings(duration_s=10.0, seed=4, imu=ImuSettings(segments=SEGMENTS, loss_fraction=0.0))
    recording = simulate(settings).recording
    return recording, through_the_emulator(recording, tmp_path_factory.mktemp("emulated"))


def test_readings_differ_by_their_rounding_only(walks):
    original, sent = walks
    for before, after in zip(original.imus, sent.imus, strict=True):
        np.testing.assert_allclose(after.time_s, before.time_s, atol=1.1e-6)
        assert np.abs(after.accel_mps2 - before.accel_mps2).max() <= 0.00240
        assert np.degrees(np.abs(after.gyro_radps - before.gyro_radps).max()) <= 0.0306


@pytest.mark.parametrize("use", [("imu",), ("camera", "imu")])
def test_joint_angles_are_those_of_the_recording(walks, use):
    before, after = (analyse(recording, use=use).joint_angles for recording in walks)
    assert before.names == after.names
    np.testing.assert_allclose(after.time_s, before.time_s, atol=1e-3)
    both = np.isfinite(before.angle_deg) & np.isfinite(after.angle_deg)
    assert both.any(axis=0).sum() >= 3, "pelvis, hip and knee"
    np.testing.assert_array_equal(np.isfinite(before.angle_deg), np.isfinite(after.angle_deg))
    difference = np.where(both, after.angle_deg - before.angle_deg, 0.0)
    rms_deg = np.sqrt((difference**2).sum(axis=0) / np.maximum(both.sum(axis=0), 1))
    assert rms_deg.max() <= STATED_DEG, dict(zip(before.names, rms_deg.round(4), strict=True))
