"""The fused detector carries a leg through the loss of its wearables or of the camera."""

from dataclasses import replace

import numpy as np
import pytest

from fusion.events.fused import FusedEvents
from fusion.types import SEGMENTS, SIDES, Motion
from tests.events import walker

DURATION_S, STRIDE_S = 14.0, 1.1
LOST = (5.0, 7.5)


def detect(imus=(), points=(), motion=None):
    return FusedEvents().detect(motion, tuple(imus), tuple(points))


def between(events, side, kind, span=LOST):
    time_s = events.select(side, kind)
    return time_s[(time_s > span[0]) & (time_s < span[1])]


def silent(imu, side):
    gone = (imu.time_s > LOST[0]) & (imu.time_s < LOST[1]) & imu.segment.startswith(side)
    return replace(imu, gyro_radps=np.where(gone[:, None], np.nan, imu.gyro_radps))


def truth_in_gap(side, kind):
    margin = (LOST[0] + 0.2, LOST[1] - 0.2)
    return between(walker.contacts(DURATION_S, STRIDE_S), side, kind, margin)


@pytest.fixture(scope="module")
def imus():
    return walker.imus(DURATION_S, STRIDE_S)


@pytest.fixture(scope="module")
def points():
    return walker.camera(DURATION_S, STRIDE_S)


def test_both_sources_together_say_so(imus, points):
    source = detect(imus, (points,)).source
    assert np.mean(source == "imu+camera") > 0.8


def test_a_lost_leg_is_carried_by_the_camera_with_the_wearables_definition(imus, points):
    whole = detect(imus, (points,))
    gappy = detect([silent(imu, "left") for imu in imus], (points,))
    for kind in ("ic", "fc"):
        kept = between(gappy, "left", kind)
        assert len(kept) >= len(truth_in_gap("left", kind))
        error_s = np.abs(kept[:, None] - whole.select("left", kind)[None, :]).min(axis=1)
        assert error_s.max() < 0.02
    middle = (gappy.time_s > LOST[0] + 0.1) & (gappy.time_s < LOST[1] - 0.1) & (gappy.side == "left")
    assert set(gappy.source[middle]) == {"camera"}


def test_a_lost_leg_leaves_the_other_leg_as_it_was(imus, points):
    whole = detect(imus, (points,))
    gappy = detect([silent(imu, "left") for imu in imus], (points,))
    for kind in ("ic", "fc"):
        np.testing.assert_allclose(gappy.select("right", kind), whole.select("right", kind), atol=0.005)


def test_dropped_samples_are_a_gap_as_much_as_missing_values(imus):
    holed = [silent(imu, "left") for imu in imus]
    dropped = []
    for imu in holed:
        keep = np.isfinite(imu.gyro_radps[:, 1])
        dropped.append(
            replace(imu, time_s=imu.time_s[keep], accel_mps2=imu.accel_mps2[keep], gyro_radps=imu.gyro_radps[keep])
        )
    np.testing.assert_allclose(detect(holed).time_s, detect(dropped).time_s, atol=1e-6)


def test_without_a_camera_a_lost_leg_has_no_events_rather_than_invented_ones(imus):
    events = detect([silent(imu, "left") for imu in imus])
    assert len(between(events, "left", "ic")) == 0
    assert len(between(events, "right", "ic")) >= 2


def test_a_lost_camera_is_carried_by_the_wearables(imus, points):
    blind = (points.time_s > LOST[0]) & (points.time_s < LOST[1])
    gappy = replace(points, position_m=np.where(blind[:, None, None], np.nan, points.position_m))
    events = detect(imus, (gappy,))
    for side in SIDES:
        for kind in ("ic", "fc"):
            assert len(between(events, side, kind)) >= len(truth_in_gap(side, kind))
    inner = (events.time_s > LOST[0] + 0.1) & (events.time_s < LOST[1] - 0.1)
    assert set(events.source[inner]) == {"imu"}


def test_without_any_sensor_the_estimators_motion_fills_in_with_more_doubt():
    motion = _motion()
    events = detect(motion=motion)
    truth = walker.contacts(DURATION_S, STRIDE_S)
    wanted = truth.select("left", "ic")
    wanted = wanted[(wanted > 1.0) & (wanted < DURATION_S - 1.0)]
    assert np.abs(wanted[:, None] - events.select("left", "ic")[None, :]).min(axis=1).max() < 0.05
    assert set(events.source) == {"model"}
    assert events.sd_s.min() > 0.03


def test_the_model_adds_nothing_where_sensors_saw_the_contact(imus):
    assert "model" not in set(detect(imus, motion=_motion()).source[2:-2])


@pytest.mark.parametrize(
    ("stride_s", "scale"), [(1.6, 0.75), (1.1, 0.4), (0.85, 1.2)], ids=["slow", "shuffling", "fast"]
)
@pytest.mark.parametrize("use", ["imu", "camera"])
def test_slow_shuffling_and_fast_walkers_are_found(stride_s, scale, use):
    if use == "imu":
        events = detect(walker.imus(DURATION_S, stride_s, scale=scale))
    else:
        events = detect(points=(walker.camera(DURATION_S, stride_s, scale=scale),))
    truth = walker.contacts(DURATION_S, stride_s)
    for side in SIDES:
        for kind in ("ic", "fc"):
            wanted = truth.select(side, kind)
            wanted = wanted[(wanted > 1.0) & (wanted < DURATION_S - 1.0)]
            assert np.abs(wanted[:, None] - events.select(side, kind)[None, :]).min(axis=1).max() < 0.1


def test_walking_back_towards_the_start_is_found_as_well(points):
    back = replace(points, position_m=points.position_m * [-1.0, -1.0, 1.0])
    np.testing.assert_allclose(detect(points=(back,)).time_s, detect(points=(points,)).time_s, atol=1e-6)


def test_a_single_side_camera_without_lateral_positions_suffices(points):
    flat = replace(points, position_m=points.position_m * [1.0, np.nan, 1.0])
    events = detect(points=(flat,))
    assert len(events.time_s) == len(detect(points=(points,)).time_s)


@pytest.mark.parametrize("parts", [("shank",), ("foot",)])
def test_one_wearable_per_leg_suffices(parts):
    events = detect(walker.imus(DURATION_S, STRIDE_S, parts))
    for side in SIDES:
        assert len(events.select(side, "ic")) >= 10
        assert len(events.select(side, "fc")) >= 10


def test_standing_before_and_after_a_walk_stays_empty(imus):
    walked = []
    for imu in imus:
        stands = (imu.time_s < 4.0) | (imu.time_s > 10.0)
        walked.append(replace(imu, gyro_radps=np.where(stands[:, None], 0.01, imu.gyro_radps)))
    events = detect(walked)
    assert events.time_s.min() > 3.6
    assert events.time_s.max() < 10.4
    assert len(events.time_s) > 15


def _motion():
    time_s = np.arange(0.0, DURATION_S, 0.01)
    count = len(time_s)
    rate = np.zeros((count, 8, 3))
    for imu in walker.imus(DURATION_S, STRIDE_S):
        rate[:, SEGMENTS.index(imu.segment)] = np.stack(
            [np.interp(time_s, imu.time_s, imu.gyro_radps[:, axis]) for axis in range(3)], axis=1
        )
    return Motion(
        time_s=time_s,
        world_from_segment=np.tile([1.0, 0.0, 0.0, 0.0], (count, 8, 1)),
        angular_rate_radps=rate,
        angular_accel_radps2=np.zeros((count, 8, 3)),
        root_position_m=np.zeros((count, 3)),
        root_velocity_mps=np.zeros((count, 3)),
        point_names=(),
        point_position_m=np.zeros((count, 0, 3)),
        point_sd_m=np.zeros((count, 0, 3)),
        pitch_covariance_rad2=np.zeros((count, 8, 8)),
        observed=np.zeros((count, 0), dtype=bool),
        measured=np.zeros((count, 8), dtype=bool),
    )
