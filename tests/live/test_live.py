"""Live is the batch estimate without the future: same angles, same contacts, whatever the pieces."""

import numpy as np
import pytest

from fusion.errors import SignalError, UsageError
from fusion.live import SAME_CONTACT_S, TOLERANCE_DEG, LiveEstimator, _Ring
from tests.live.walked import CALIBRATE_S, KNEE, SECONDS, WORN, calibrated, declared, played, walk


@pytest.fixture(scope="module")
def stepped():
    """Return the states of steps every 0.2 s after the calibration."""
    _, recording, _, sync = walk()
    live = calibrated(recording, sync)
    states = [
        live.step() for _ in played(live, recording, sync, since_s=CALIBRATE_S, until_s=SECONDS - 0.2, batch_s=0.2)
    ]
    assert None not in states
    return live, states


def test_every_step_says_what_the_causal_estimate_of_the_whole_walk_says(stepped):
    _, _, batch, _ = walk()
    _, states = stepped
    times = np.array([state.time_s for state in states])
    for name in (KNEE, "knee_flexion_right_deg", "hip_flexion_left_deg", "ankle_dorsiflexion_right_deg"):
        live = np.array([state.angle_deg[name] for state in states])
        expected = np.interp(times, batch.time_s, batch.angle(name))
        assert np.sqrt(np.mean((live - expected) ** 2)) < TOLERANCE_DEG, name


def test_each_state_is_the_newest_moment_and_says_how_sure_it_is(stepped):
    live, states = stepped
    times = [state.time_s for state in states]
    assert np.diff(times) == pytest.approx(0.2, abs=0.03)
    assert all(0.5 < state.sd_deg[KNEE] < 15.0 for state in states)
    assert {"left_knee", "right_ankle"} <= set(states[-1].point_m)
    assert live.calibration.left_out == {}


def test_contacts_are_those_of_the_walker_each_once(stepped):
    simulation, _, _, _ = walk()
    _, states = stepped
    contacts = [contact for state in states for contact in state.contacts]
    truth = simulation.truth.events
    start_s, end_s = states[0].time_s, states[-1].time_s - 0.7
    for side in ("left", "right"):
        found = np.array([c.time_s for c in contacts if (c.side, c.kind) == (side, "ic")])
        assert (np.diff(found) > SAME_CONTACT_S).all()
        for time_s in truth.select(side, "ic"):
            if start_s < time_s < end_s:
                assert np.abs(found - time_s).min() < 0.06, (side, time_s)


def test_the_phase_follows_the_last_contact(stepped):
    _, states = stepped
    assert {state.phase["left"] for state in states[3:]} == {"stance", "swing"}


def test_nothing_is_known_before_the_calibration_and_too_little_is_refused():
    _, recording, _, sync = walk()
    live = LiveEstimator(declared(recording))
    assert live.step() is None
    for _ in played(live, recording, sync, until_s=2.0):
        pass
    assert live.step() is None
    with pytest.raises(SignalError, match="needs 6 s of walking"):
        live.calibrate()


def test_a_sensor_that_dies_and_a_camera_that_stops_do_not_stop_the_rest():
    _, recording, _, sync = walk()
    live = calibrated(recording, sync)
    dead = recording.imus[-1].segment
    state = None
    for _ in played(_Without(live, dead), recording, sync, since_s=CALIBRATE_S, until_s=13.5, camera=False):
        pass
    state = live.step()
    assert KNEE.replace("knee", "hip") in state.angle_deg or "thigh_elevation_left_deg" in state.angle_deg
    assert state.time_s == pytest.approx(recording.imus[0].time_s[0] + 13.5, abs=0.05)


class _Without:
    """Loses one wearable on the way."""

    def __init__(self, live, dead):
        self._live, self._dead = live, dead

    def imu(self, segment, *values):
        if segment != self._dead:
            self._live.imu(segment, *values)

    def keypoints(self, *values):
        self._live.keypoints(*values)


def test_late_and_repeated_samples_are_counted_and_change_nothing():
    _, recording, _, sync = walk()
    live = LiveEstimator(declared(recording))
    for _ in played(live, recording, sync, until_s=3.0):
        pass
    before = live.recent(2.0).imu("pelvis")
    imu = recording.imu("pelvis")
    live.imu("pelvis", imu.time_s[:50], imu.accel_mps2[:50], imu.gyro_radps[:50])
    after = live.recent(2.0).imu("pelvis")
    assert live.late_samples == 50
    np.testing.assert_array_equal(before.accel_mps2, after.accel_mps2)


def test_a_stream_that_was_not_declared_is_refused():
    _, recording, _, _ = walk()
    live = LiveEstimator(declared(recording))
    with pytest.raises(UsageError, match="no wearable 'trunk'"):
        live.imu("trunk", np.zeros(1), np.zeros((1, 3)), np.zeros((1, 3)))
    with pytest.raises(UsageError, match="no camera 'front'"):
        live.keypoints("front", 0.0, np.zeros((1, 2)), np.zeros(1))


@pytest.mark.parametrize("piece", [1, 7, 64, 500])
def test_a_ring_keeps_the_newest_whatever_the_pieces(piece):
    ring = _Ring(2, 200)
    times = np.arange(1000) / 100.0
    values = np.stack([times, -times], axis=1)
    for start in range(0, 1000, piece):
        ring.add(times[start : start + piece], values[start : start + piece])
    kept_s, kept = ring.since(9.2)
    np.testing.assert_array_equal(kept_s, times[times >= 9.2])
    np.testing.assert_array_equal(kept, values[times >= 9.2])
    assert ring.late == 0
    assert set(WORN) == {imu.segment for imu in walk()[1].imus}
