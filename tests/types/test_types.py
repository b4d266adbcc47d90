"""What the data classes refuse, once, so that no algorithm has to."""

import dataclasses

import numpy as np
import pytest

from fusion import types
from fusion.errors import SignalError, UsageError
from fusion.types import (
    POINTS,
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
    PlacedImu,
    Placement,
    QualityCheck,
    Recording,
    Stride,
    Subject,
    SyncResult,
    WorldPoints,
    floats,
    one_of,
    same_length,
)

CLASSES = (
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
    PlacedImu,
    Placement,
    QualityCheck,
    Recording,
    Stride,
    Subject,
    SyncResult,
    WorldPoints,
    *(
        types.Driver,
        types.Meaning,
        types.OtherGroup,
        types.Performance,
        types.ScreeningResult,
        types.SideClass,
        types.Turn,
        types.VisitChange,
        types.WalkingBout,
    ),
)
COUNT = 20
TIME = np.arange(COUNT) / 100.0


def imu(segment="pelvis", **changes):
    data = {"time_s": TIME, "accel_mps2": np.zeros((COUNT, 3)), "gyro_radps": np.zeros((COUNT, 3)), "rate_hz": 100.0}
    return ImuSamples(segment, **(data | changes))


def keypoints(**changes):
    data = {
        "camera": "side",
        "time_s": TIME,
        "names": ("left_knee", "left_ankle"),
        "position": np.zeros((COUNT, 2, 2)),
        "confidence": np.ones((COUNT, 2)),
    }
    return Keypoints(**(data | changes))


def motion(pitch_rad=None, **changes):
    pitch_rad = np.zeros(COUNT) if pitch_rad is None else pitch_rad
    quaternion = np.zeros((COUNT, len(SEGMENTS), 4))
    quaternion[..., 0], quaternion[..., 2] = np.cos(pitch_rad / 2)[:, None], np.sin(pitch_rad / 2)[:, None]
    data = {
        "time_s": TIME,
        "world_from_segment": quaternion,
        "angular_rate_radps": np.zeros((COUNT, len(SEGMENTS), 3)),
        "angular_accel_radps2": np.zeros((COUNT, len(SEGMENTS), 3)),
        "root_position_m": np.zeros((COUNT, 3)),
        "root_velocity_mps": np.zeros((COUNT, 3)),
        "point_names": ("pelvis",),
        "point_position_m": np.zeros((COUNT, 1, 3)),
        "point_sd_m": np.zeros((COUNT, 1, 3)),
        "pitch_covariance_rad2": np.zeros((COUNT, len(SEGMENTS), len(SEGMENTS))),
        "observed": np.zeros((COUNT, 1), dtype=bool),
        "measured": np.zeros((COUNT, len(SEGMENTS)), dtype=bool),
    }
    return Motion(**(data | changes))


@pytest.mark.parametrize("item", CLASSES, ids=lambda item: item.__name__)
def test_every_data_class_is_frozen_and_slotted(item):
    assert item.__dataclass_params__.frozen
    assert "__slots__" in vars(item)


def test_the_list_of_data_classes_is_complete():
    offered = {name for name in types.__all__ if dataclasses.is_dataclass(getattr(types, name))}
    assert offered == {item.__name__ for item in CLASSES}


def test_a_frozen_value_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        imu().rate_hz = 50.0


class TestArrays:
    def test_values_become_contiguous_float64(self):
        array = floats("x", np.asfortranarray(np.ones((4, 3), dtype=np.float32)), (None, 3))
        assert array.dtype == np.float64
        assert array.flags.c_contiguous

    def test_text_where_numbers_belong_is_named(self):
        with pytest.raises(SignalError, match="gyro must be numbers; got"):
            floats("gyro", ["fast", "slow"], (None,))

    @pytest.mark.parametrize("shape", [(3,), (4, 2), (4, 3, 1)])
    def test_a_wrong_shape_is_named(self, shape):
        with pytest.raises(SignalError, match=r"must have shape \(n, 3\); got"):
            floats("gyro", np.zeros(shape), (None, 3))

    def test_unequal_lengths_are_listed(self):
        with pytest.raises(SignalError, match="time 3, gyro 4"):
            same_length("stream", time=np.zeros(3), gyro=np.zeros(4))
        assert same_length("stream", time=np.zeros(3), gyro=np.zeros((3, 3))) == 3

    def test_a_word_outside_the_list_is_refused_with_the_list(self):
        with pytest.raises(SignalError, match="left, right; got 'lefft'"):
            one_of("side", "lefft", ("left", "right"))


class TestImuSamples:
    def test_an_unknown_segment_is_refused(self):
        with pytest.raises(SignalError, match="left_hand"):
            imu("left_hand")

    @pytest.mark.parametrize("name", ["accel_mps2", "gyro_radps"])
    def test_two_axes_are_refused(self, name):
        with pytest.raises(SignalError, match=name):
            imu(**{name: np.zeros((COUNT, 2))})

    def test_a_dropped_row_is_refused(self):
        with pytest.raises(SignalError, match="equally long"):
            imu(gyro_radps=np.zeros((COUNT - 1, 3)))

    def test_arrival_times_must_match_the_samples(self):
        assert imu(arrival_s=TIME).arrival_s is not None
        with pytest.raises(SignalError, match="arrival_s"):
            imu(arrival_s=TIME[:-1])

    @pytest.mark.parametrize("rate_hz", [0.0, -100.0, np.nan, np.inf])
    def test_a_rate_that_cannot_be_is_refused(self, rate_hz):
        with pytest.raises(SignalError, match="rate_hz"):
            imu(rate_hz=rate_hz)

    def test_missing_samples_stay_missing(self):
        gyro = np.zeros((COUNT, 3))
        gyro[5] = np.nan
        assert np.isnan(imu(gyro_radps=gyro).gyro_radps[5]).all()


class TestKeypoints:
    def test_an_unknown_point_is_refused(self):
        with pytest.raises(SignalError, match="tail"):
            keypoints(names=("left_knee", "tail"))

    def test_a_point_that_occurs_twice_is_refused(self):
        with pytest.raises(SignalError, match="twice"):
            keypoints(names=("left_knee", "left_knee"))

    def test_the_space_decides_the_number_of_axes(self):
        assert keypoints(position=np.zeros((COUNT, 2, 3)), space="camera_m").position.shape[2] == 3
        with pytest.raises(SignalError, match="shape"):
            keypoints(position=np.zeros((COUNT, 2, 3)))

    def test_a_point_that_the_camera_does_not_have_is_missing(self):
        assert keypoints().point("left_knee").shape == (COUNT, 2)
        assert np.isnan(keypoints().point("right_knee")).all()


class TestRecording:
    def test_a_segment_twice_is_refused(self):
        with pytest.raises(UsageError, match="'pelvis' occurs twice"):
            Recording(imus=(imu(), imu()))

    def test_a_camera_twice_is_refused(self):
        with pytest.raises(UsageError, match="'side' occurs twice"):
            Recording(keypoints=(keypoints(), keypoints()))

    def test_an_unknown_surface_is_refused(self):
        with pytest.raises(SignalError, match="treadmill"):
            Recording(surface="ice")

    def test_arrays_of_a_lab_become_a_recording(self):
        recording = Recording.from_arrays(
            imus={
                "left_shank": {"time_s": TIME, "accel_mps2": np.zeros((COUNT, 3)), "gyro_radps": np.ones((COUNT, 3))}
            },
            keypoints={"front": {"time_s": TIME, "names": ["left_knee"], "position": np.zeros((COUNT, 1, 3))}},
            subject=Subject("P-1", height_m=1.7),
        )
        assert recording.imu("left_shank").rate_hz == pytest.approx(100.0)
        assert recording.keypoints[0].space == "camera_m"
        assert (recording.keypoints[0].confidence == 1.0).all()
        assert recording.subject.height_m == 1.7

    def test_a_point_that_was_not_found_has_no_confidence(self):
        position = np.zeros((COUNT, 1, 2))
        position[3] = np.nan
        made = Recording.from_arrays(keypoints={"a": {"time_s": TIME, "names": ("nose",), "position": position}})
        assert made.keypoints[0].confidence[:, 0].tolist() == [float(row != 3) for row in range(COUNT)]

    def test_one_sample_has_no_rate(self):
        one = {"time_s": [0.0], "accel_mps2": np.zeros((1, 3)), "gyro_radps": np.zeros((1, 3))}
        with pytest.raises(SignalError, match="rate"):
            Recording.from_arrays(imus={"pelvis": one})

    def test_sources_can_be_left_out(self):
        both = Recording(imus=(imu(),), keypoints=(keypoints(),))
        assert both.with_sources(("imu",)).keypoints == ()
        assert both.with_sources(("camera",)).imus == ()
        assert both.with_sources(("camera", "imu")) == both

    @pytest.mark.parametrize("use", [(), ("sonar",), ("imu", "sonar")])
    def test_a_source_that_is_unknown_is_refused(self, use):
        with pytest.raises(UsageError, match="'camera', 'imu' or both"):
            Recording().with_sources(use)

    def test_a_camera_without_geometry_is_uncalibrated(self):
        assert not Recording().camera("side").is_calibrated
        known = Camera("side", focal_px=[9, 9], centre_px=[1, 1], camera_from_world=np.eye(3), position_m=[0, 0, 0])
        assert Recording(cameras=(known,)).camera("side").is_calibrated


class TestEstimate:
    def test_not_assessable_must_say_why(self):
        with pytest.raises(SignalError, match="reason"):
            Estimate(np.nan, np.nan, np.nan, "m", grade="not assessable")
        assert Estimate.not_assessable("m", "no height given").reason == "no height given"
        assert not Estimate.not_assessable("m", "no height given").is_assessable

    @pytest.mark.parametrize("value", [np.nan, np.inf])
    def test_an_assessable_value_is_finite(self, value):
        with pytest.raises(SignalError, match="finite"):
            Estimate(value, 0.0, 1.0, "m")

    def test_an_unknown_grade_is_refused(self):
        with pytest.raises(SignalError, match="grade"):
            Estimate(1.0, 0.0, 2.0, "m", grade="fine")

    def test_a_parameter_that_was_not_computed_is_not_a_number(self):
        given = GaitParameters((Parameter("cadence_spm", "both", Estimate(110.0, 108.0, 112.0, "steps/min", 40)),))
        assert given.get("cadence_spm").value == 110.0
        missing = given.get("cadence_spm", "left")
        assert not missing.is_assessable
        assert "cadence_spm" in missing.reason


class TestEventsAndStrides:
    def test_events_are_sorted_together(self):
        words = np.array(["left", "right", "left"])
        events = GaitEvents([2.0, 1.0, 3.0], words, ["ic", "fc", "ic"], [0.02, 0.01, 0.03], ["imu"] * 3)
        assert events.time_s.tolist() == [1.0, 2.0, 3.0]
        assert events.side.tolist() == ["right", "left", "left"]
        assert events.select("left", "ic").tolist() == [2.0, 3.0]
        assert events.select_sd("left", "ic").tolist() == [0.02, 0.03]

    @pytest.mark.parametrize(("side", "kind"), [("middle", "ic"), ("left", "hs")])
    def test_unknown_sides_and_kinds_are_refused(self, side, kind):
        with pytest.raises(SignalError):
            GaitEvents([1.0], [side], [kind], [0.01], ["imu"])

    def test_no_events_have_no_times(self):
        assert GaitEvents.none().select("left", "ic").shape == (0,)

    @pytest.mark.parametrize("end_s", [1.0, 0.5, np.nan])
    def test_a_stride_ends_after_it_starts(self, end_s):
        with pytest.raises(SignalError, match="end after"):
            Stride("left", 1.0, end_s)


class TestMotion:
    def test_a_wrong_shape_is_refused(self):
        with pytest.raises(SignalError, match="world_from_segment"):
            motion(world_from_segment=np.zeros((COUNT, 7, 4)))

    def test_unequal_lengths_are_refused(self):
        with pytest.raises(SignalError, match="observed"):
            motion(observed=np.zeros((COUNT - 1, 1), dtype=bool))

    def test_pitch_is_read_with_its_sign_within_half_a_turn(self):
        pitch = np.linspace(-3.0, 3.0, COUNT)
        np.testing.assert_allclose(motion(pitch).pitch_rad("left_thigh"), pitch, atol=1e-12)

    def test_a_segment_that_is_not_known_has_no_pitch(self):
        held = motion()
        quaternion = held.world_from_segment.copy()
        quaternion[:, SEGMENTS.index("trunk")] = np.nan
        assert np.isnan(motion(world_from_segment=quaternion).pitch_rad("trunk")).all()


class TestAlignment:
    def test_an_unknown_verdict_is_refused(self):
        with pytest.raises(SignalError, match="verdict"):
            SyncResult("side", 0.0, 0.0, 0.0, verdict="probably")

    def test_a_clock_that_nobody_vouched_for_is_not_fused(self):
        assert SyncResult("side", 0.0, 0.0, 0.0).verdict == types.NOT_FUSED

    def test_the_skew_grows_from_the_epoch(self):
        sync = SyncResult("side", 0.5, 0.4, 0.6, skew_ppm=100.0, epoch_s=10.0)
        np.testing.assert_allclose(sync.to_reference(np.array([10.0, 1010.0])), [10.5, 1010.6])

    def test_a_rotation_must_be_three_by_three(self):
        with pytest.raises(SignalError, match="rotation"):
            Placement("pelvis", np.eye(2), np.zeros(3))

    def test_world_points_know_their_names(self):
        points = WorldPoints(
            "a", TIME, ("nose",), np.zeros((COUNT, 1, 3)), np.ones((COUNT, 1, 3)), np.ones((COUNT, 1))
        )
        assert points.point("nose").shape == (COUNT, 3)
        assert np.isnan(points.point("head")).all()
        with pytest.raises(SignalError, match="point"):
            dataclasses.replace(points, names=("beak",))


def test_points_and_segments_name_both_sides_alike():
    for names in (POINTS, SEGMENTS):
        left = {name.removeprefix("left_") for name in names if name.startswith("left_")}
        right = {name.removeprefix("right_") for name in names if name.startswith("right_")}
        assert left == right


@pytest.mark.parametrize(
    "make",
    [
        lambda: Finding("k", "s", "d", {}, comparison="somewhat"),
        lambda: QualityCheck("n", "fine", ""),
    ],
)
def test_words_that_people_read_come_from_a_list(make):
    with pytest.raises(SignalError, match="must be one of"):
        make()
