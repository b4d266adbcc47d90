"""What goes wrong with recordings: one member per fault, with what a person must then be told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from fusion.types import ImuSamples, Keypoints, Recording
from tests.pipeline.walks import CAMERA, FUSED, IMU, between, blanked, cameras, rows, streams, wearables, without

LEFT = "left_shank"
NOTHING = slice(0, 0)


@dataclass(frozen=True)
class Case:
    """One fault.

    Attributes
    ----------
    what
        What happened in the lab.
    spoil
        Makes it happen to a recording.
    says
        Use -> regular expression that must occur in the error or in what the analysis tells; a use that is
        left out must be as good as without the fault.
    """

    what: str
    spoil: Callable[[Recording], Recording]
    says: dict[tuple[str, ...], str]


def _same(words: str, *uses: tuple[str, ...]) -> dict[tuple[str, ...], str]:
    return dict.fromkeys(uses, words)


def _some(stream, count: int, length: int):
    """Mark ``count`` bursts of ``length`` rows, spread over the stream."""
    marked = np.zeros(len(stream.time_s), dtype=bool)
    for start in np.linspace(0.05, 0.9, count) * len(stream.time_s):
        marked[int(start) : int(start) + length] = True
    return marked


def _moved(stream, by_s: float):
    """Let the clock jump in the middle."""
    time_s = stream.time_s.copy()
    time_s[len(time_s) // 2 :] += by_s
    return replace(stream, time_s=time_s)


def _late_packets(stream):
    """Deliver rows up to three places late."""
    late = np.argsort(np.arange(len(stream.time_s)) + np.random.default_rng(1).uniform(0.0, 3.0, len(stream.time_s)))
    return rows(stream, late)


def _twice(stream):
    """Send every seventh row twice."""
    every = np.arange(len(stream.time_s))
    return rows(stream, np.sort(np.concatenate([every, every[::7]])))


def _clipped(imu: ImuSamples) -> ImuSamples:
    return replace(imu, gyro_radps=np.clip(imu.gyro_radps, -2.5, 2.5), gyro_range_radps=2.5)


def _standing_imu(imu: ImuSamples) -> ImuSamples:
    random = np.random.default_rng(1)
    up = np.nanmean(imu.accel_mps2, axis=0)
    shape = imu.accel_mps2.shape
    still = 9.81 * up / np.linalg.norm(up) + 0.03 * random.standard_normal(shape)
    return replace(imu, accel_mps2=still, gyro_radps=0.005 * random.standard_normal(shape))


def _standing_camera(points: Keypoints) -> Keypoints:
    noise = 0.7 * np.random.default_rng(2).standard_normal(points.position.shape)
    return replace(points, position=np.nanmedian(points.position, axis=0) + noise)


def _restarted(imu: ImuSamples) -> ImuSamples:
    """Switch off for two seconds; the clock then starts at zero."""
    stopped = without(imu, 4.0, 6.0)
    again = stopped.time_s - stopped.time_s[0] >= 6.0
    time_s = np.where(again, stopped.time_s - stopped.time_s[again][0], stopped.time_s)
    return replace(stopped, time_s=time_s)


def _relabelled(recording: Recording, **labels: str) -> Recording:
    return wearables(recording, lambda imu: replace(imu, segment=labels.get(imu.segment, imu.segment)))


def _upside_down(imu: ImuSamples) -> ImuSamples:
    """Turn the sensor by 180 degrees about the axis out of the skin."""
    turn = np.array([-1.0, -1.0, 1.0])
    return replace(imu, accel_mps2=imu.accel_mps2 * turn, gyro_radps=imu.gyro_radps * turn)


def _clocks_apart(recording: Recording, *, arrivals: bool) -> Recording:
    ahead_s = {"pelvis": 0.0, "left_shank": 300.0, "right_shank": -450.0}
    return wearables(
        recording,
        lambda imu: replace(
            imu, time_s=imu.time_s + ahead_s[imu.segment], arrival_s=imu.arrival_s if arrivals else None
        ),
    )


def _pushed(points: Keypoints, shift_px: tuple[float, float]) -> Keypoints:
    later = points.time_s - points.time_s[0] >= 5.0
    return replace(points, position=points.position + later[:, None, None] * np.array(shift_px))


def _away(points: Keypoints, start_s: float, end_s: float) -> Keypoints:
    elapsed_s = points.time_s - points.time_s[0]
    return blanked(points, (elapsed_s > start_s) & (elapsed_s < end_s))


def _absurd(value: float, *names: str):
    """Let one row in fifty hold an absurd value."""

    def spoil(stream):
        found = {}
        for name in names:
            if hasattr(stream, name):
                found[name] = getattr(stream, name).copy()
                found[name][3::50] = value
        return replace(stream, **found)

    return spoil


def _unsure(points: Keypoints) -> Keypoints:
    return replace(points, confidence=np.full_like(points.confidence, 0.05))


def _person(recording: Recording, **known: float) -> Recording:
    return replace(recording, subject=replace(recording.subject, **known))


def _infinite(stream):
    """Let one value in fifty be infinite."""
    name = "position" if isinstance(stream, Keypoints) else "accel_mps2"
    values = getattr(stream, name).copy()
    values[3::50, ..., 0] = np.inf
    return replace(stream, **{name: values})


class Fault(Enum):
    """Each value says what happened; the test runs over all of them."""

    EMPTY_WEARABLE = Case(
        "the left shank's sensor was off: its stream has no sample",
        lambda r: wearables(r, lambda imu: rows(imu, NOTHING), LEFT),
        _same(r"left shank.*not used.*empty", IMU, FUSED),
    )
    EMPTY_WEARABLES = Case(
        "the receiver was off: no wearable delivered a sample",
        lambda r: wearables(r, lambda imu: rows(imu, NOTHING)),
        {IMU: "left_shank.*empty", FUSED: "pelvis: not used.*empty"},
    )
    NO_STREAM = Case(
        "the recording holds nothing at all",
        lambda r: replace(r, imus=(), keypoints=()),
        _same("no stream", CAMERA, IMU, FUSED),
    )
    NAN_BURSTS = Case(
        "radio and keypoint detector drop out for a moment, again and again",
        lambda r: streams(r, lambda stream: blanked(stream, _some(stream, 6, 25 if len(stream.time_s) > 500 else 9))),
        _same("gap", CAMERA, IMU, FUSED),
    )
    WEARABLE_WITHOUT_NUMBERS = Case(
        "the left shank's sensor sent packets without content",
        lambda r: wearables(r, lambda imu: blanked(imu, slice(None)), LEFT),
        _same("left shank.*not used.*no number", IMU, FUSED),
    )
    DEAD_ACCELEROMETER = Case(
        "the left shank's gyroscope works, its accelerometer does not",
        lambda r: wearables(r, lambda imu: replace(imu, accel_mps2=np.full_like(imu.accel_mps2, np.nan)), LEFT),
        _same("left shank.*not used.*accelerometer", IMU, FUSED),
    )
    DEAD_GYROSCOPE = Case(
        "the left shank's accelerometer works, its gyroscope does not",
        lambda r: wearables(r, lambda imu: replace(imu, gyro_radps=np.full_like(imu.gyro_radps, np.nan)), LEFT),
        _same("left shank.*not used.*gyroscope", IMU, FUSED),
    )
    INFINITE_VALUES = Case(
        "a converter wrote infinity for one value in fifty",
        lambda r: streams(r, _infinite),
        {},
    )
    TIMES_MISSING = Case(
        "the left shank's times were lost",
        lambda r: wearables(r, lambda imu: replace(imu, time_s=np.full_like(imu.time_s, np.nan)), LEFT),
        _same("left shank.*not used", IMU, FUSED),
    )
    CLOCK_STANDS_STILL = Case(
        "the camera wrote the same time on every frame",
        lambda r: cameras(r, lambda points: replace(points, time_s=np.full_like(points.time_s, 3.0))),
        _same("within 0.00 s", CAMERA, FUSED),
    )
    LATE_PACKETS = Case(
        "packets arrive out of order",
        lambda r: streams(r, _late_packets),
        {},
    )
    REPEATED_PACKETS = Case(
        "packets are sent twice",
        lambda r: streams(r, _twice),
        {},
    )
    CLOCK_JUMPS_FORWARD = Case(
        "the wearables' clocks jump ahead by five seconds; the host's arrival times do not",
        lambda r: wearables(r, lambda imu: _moved(imu, 5.0)),
        _same("clock.*jumps", IMU, FUSED),
    )
    CLOCK_SET_BACK = Case(
        "the wearables' clocks are set back by four seconds",
        lambda r: wearables(r, lambda imu: _moved(imu, -4.0)),
        _same("clock.*jumps", IMU, FUSED),
    )
    CLOCK_JUMPS_UNSEEN = Case(
        "the wearables' clocks jump by a minute and nothing says when the samples arrived",
        lambda r: wearables(r, lambda imu: replace(_moved(imu, 70.0), arrival_s=None)),
        _same("clock.*jumps", IMU, FUSED),
    )
    CAMERA_CLOCK_JUMPS = Case(
        "the camera's clock jumps ahead by two seconds",
        lambda r: cameras(r, lambda points: _moved(points, 2.0)),
        {CAMERA: "2.0 s gap", FUSED: "not fused"},
    )
    GAPS = Case(
        "every stream loses one second, and later six tenths",
        lambda r: streams(r, lambda stream: without(without(stream, 3.0, 4.0), 7.0, 7.6)),
        _same("1.0 s gap at 3.0 s", CAMERA, IMU, FUSED),
    )
    SATURATED = Case(
        "the left shank's gyroscope was set to a range of 2.5 rad/s",
        lambda r: wearables(r, _clipped, LEFT),
        _same("left shank.*saturated", IMU, FUSED),
    )
    WITHOUT_PELVIS = Case(
        "the pelvis carries no sensor",
        lambda r: replace(r, imus=tuple(imu for imu in r.imus if imu.segment != "pelvis")),
        _same("pelvis was never measured", IMU),
    )
    WITHOUT_LEFT_SHANK = Case(
        "the left shank carries no sensor",
        lambda r: replace(r, imus=tuple(imu for imu in r.imus if imu.segment != LEFT)),
        {IMU: "left foot: put a sensor on it or film it|left shank was never measured"},
    )
    NOBODY_IN_VIEW = Case(
        "the camera looks past the subject",
        lambda r: cameras(r, lambda points: blanked(points, slice(None))),
        _same("no number|sees a leg in 0 %", CAMERA, FUSED),
    )
    DARK_VIEW = Case(
        "the detector is never sure of any point",
        lambda r: cameras(r, _unsure),
        _same("sees a leg in 0 %", CAMERA, FUSED),
    )
    UNGRADED_POINTS = Case(
        "the detector gives no confidence",
        lambda r: cameras(r, lambda p: replace(p, confidence=np.full_like(p.confidence, np.nan))),
        {},
    )
    TWO_SECONDS = Case(
        "the recording was stopped after two seconds",
        lambda r: streams(r, lambda stream: between(stream, 2.0, 4.0)),
        {CAMERA: "lasts only 2.0 s", IMU: "walks for .* s only", FUSED: "lasts only 2.0 s"},
    )
    A_THIRD_OF_A_SECOND = Case(
        "the recording was stopped at once",
        lambda r: streams(r, lambda stream: between(stream, 2.0, 2.3)),
        {CAMERA: "lasts only 0.3 s", IMU: "walks for .* s only", FUSED: "lasts only 0.3 s"},
    )
    ONE_FRAME = Case(
        "the camera delivered one frame",
        lambda r: cameras(r, lambda points: rows(points, slice(0, 1))),
        _same("only 1 samples", CAMERA, FUSED),
    )
    STANDING = Case(
        "the subject stood still all the time",
        lambda r: cameras(wearables(r, _standing_imu), _standing_camera),
        {CAMERA: "no complete stride", IMU: "walks for 0.0 s only", FUSED: "no complete stride"},
    )
    IN_G = Case(
        "the driver gave acceleration in g",
        lambda r: wearables(r, lambda imu: replace(imu, accel_mps2=imu.accel_mps2 / 9.80665)),
        _same("looks like g; convert it to m/s", IMU, FUSED),
    )
    ONE_IN_G = Case(
        "one sensor of three gave acceleration in g",
        lambda r: wearables(r, lambda imu: replace(imu, accel_mps2=imu.accel_mps2 / 9.80665), LEFT),
        _same("left shank.*not used.*looks like g", IMU, FUSED),
    )
    IN_DEGREES = Case(
        "the driver gave angular rate in deg/s",
        lambda r: wearables(r, lambda imu: replace(imu, gyro_radps=np.degrees(imu.gyro_radps))),
        _same("looks like deg/s; convert it to rad/s", IMU, FUSED),
    )
    PELVIS_IN_DEGREES = Case(
        "the pelvis sensor gave angular rate in deg/s; a pelvis turns so little that the numbers look possible",
        lambda r: wearables(r, lambda imu: replace(imu, gyro_radps=np.degrees(imu.gyro_radps)), "pelvis"),
        _same("pelvis.*not used.*looks like deg/s", IMU, FUSED),
    )
    NO_HEIGHT = Case(
        "nobody entered the height and the camera is not calibrated",
        lambda r: replace(_person(r, height_m=np.nan), cameras=()),
        _same("no scale: enter the height", CAMERA, FUSED),
    )
    HEIGHT_IN_CENTIMETRES = Case(
        "the height was entered in centimetres",
        lambda r: _person(r, height_m=175.0),
        _same("height must lie between 0.5 and 2.5 m; got 175", CAMERA, IMU, FUSED),
    )
    LEG_IN_CENTIMETRES = Case(
        "the leg length was entered in centimetres",
        lambda r: _person(r, leg_length_m=92.0),
        _same("leg length must be 30 to 70 %.*got 92", CAMERA, IMU, FUSED),
    )
    NO_BELT_SPEED = Case(
        "nobody entered the speed of the treadmill",
        lambda r: replace(r, belt_speed_mps=np.nan),
        _same("enter the belt speed", CAMERA, FUSED),
    )
    BELT_IN_KILOMETRES_PER_HOUR = Case(
        "the belt speed was entered in km/h with a sign",
        lambda r: replace(r, belt_speed_mps=-4.7),
        _same("belt speed must lie between", CAMERA, IMU, FUSED),
    )
    NO_OVERLAP = Case(
        "the camera was started ten seconds after the wearables were stopped",
        lambda r: cameras(r, lambda points: replace(points, time_s=points.time_s + 20.0)),
        _same("not fused", FUSED),
    )
    CAMERA_OUTAGE = Case(
        "the camera delivered no frame for three seconds of the walk",
        lambda r: cameras(r, lambda points: without(points, 4.0, 7.0)),
        _same("3.[01] s gap at (3.9|4.0) s", CAMERA, FUSED),
    )
    CAMERA_STOPS_EARLY = Case(
        "the camera sees the first half of the walk only",
        lambda r: cameras(r, lambda points: between(points, 0.0, 6.0)),
        _same("strides on one foot", FUSED),
    )
    ONE_POINT = Case(
        "the detector finds the nose and nothing else",
        lambda r: cameras(
            r,
            lambda points: replace(
                points,
                names=points.names[:1],
                position=points.position[:, :1],
                confidence=points.confidence[:, :1],
            ),
        ),
        _same("sees a leg in 0 %", CAMERA, FUSED),
    )
    WRONG_RATE = Case(
        "the wearables declare twice the rate that they deliver",
        lambda r: wearables(r, lambda imu: replace(imu, rate_hz=2.0 * imu.rate_hz)),
        _same("declares 200.0 Hz but delivers 100.0 Hz", IMU, FUSED),
    )
    POSE_ELSEWHERE = Case(
        "the standing pose is noted at a time that was not recorded",
        lambda r: replace(r, standing_s=(100.0, 105.0)),
        {},
    )
    SENSOR_STOPS_AND_RETURNS = Case(
        "the left shank's sensor is silent for two seconds",
        lambda r: wearables(r, lambda imu: without(imu, 4.0, 6.0), LEFT),
        _same("left_shank.*2.0 s gap at 4.0 s", IMU, FUSED),
    )
    SENSOR_RESTARTS = Case(
        "the left shank's sensor is off for two seconds and counts from zero afterwards",
        lambda r: wearables(r, _restarted, LEFT),
        _same("clock of stream 'left_shank' jumps", IMU, FUSED),
    )
    ALL_SENSORS_RESTART = Case(
        "every sensor is off for two seconds and counts from zero afterwards",
        lambda r: wearables(r, _restarted),
        _same("clock of stream 'pelvis' jumps", IMU, FUSED),
    )
    SHANKS_SWAPPED = Case(
        "the sensors of the shanks were exchanged; without a camera nothing shows it, and no number hangs on it",
        lambda r: _relabelled(r, left_shank="right_shank", right_shank="left_shank"),
        {FUSED: "left and right are swapped"},
    )
    PELVIS_AND_SHANK_SWAPPED = Case(
        "the sensors of pelvis and left shank were exchanged",
        lambda r: _relabelled(r, left_shank="pelvis", pelvis="left_shank"),
        _same("left shank.*not used", IMU, FUSED),
    )
    SHANKS_LABELLED_THIGHS = Case(
        "the sensors of the shanks were labelled as those of the thighs",
        lambda r: _relabelled(r, left_shank="left_thigh", right_shank="right_thigh"),
        _same("left_thigh' swings as far as a shank does", IMU, FUSED),
    )
    UPSIDE_DOWN = Case(
        "the left shank's sensor was worn upside down",
        lambda r: wearables(r, _upside_down, LEFT),
        {},
    )
    PELVIS_UPSIDE_DOWN = Case(
        "the pelvis' sensor was worn upside down",
        lambda r: wearables(r, _upside_down, "pelvis"),
        {},
    )
    CAMERA_NUDGED = Case(
        "somebody touched the camera",
        lambda r: cameras(r, lambda points: _pushed(points, (25.0, -18.0))),
        _same("whole picture jumps by 3[0-9] px at", CAMERA, FUSED),
    )
    CAMERA_KNOCKED = Case(
        "somebody knocked against the camera",
        lambda r: cameras(r, lambda points: _pushed(points, (-190.0, 85.0))),
        _same("whole picture jumps by 2[01][0-9] px at", CAMERA, FUSED),
    )
    LEAVES_AND_REENTERS = Case(
        "the subject leaves the view for two seconds and comes back",
        lambda r: cameras(r, lambda points: _away(points, 4.0, 6.0)),
        _same("2.[01] s gap at (3.9|4.0) s", CAMERA, FUSED),
    )
    ABSURD_VALUES = Case(
        "one value in fifty is 1e300",
        lambda r: streams(r, _absurd(1e300, "accel_mps2", "gyro_radps", "position")),
        {},
    )
    ABSURD_NEGATIVE_VALUES = Case(
        "one value in fifty is -1e9",
        lambda r: streams(r, _absurd(-1e9, "accel_mps2", "gyro_radps", "position")),
        {},
    )
    ABSURD_TIMES = Case(
        "one time in fifty is 1e300",
        lambda r: streams(r, _absurd(1e300, "time_s")),
        {},
    )
    ABSURD_ARRIVALS = Case(
        "one arrival in fifty is 1e300",
        lambda r: wearables(r, _absurd(1e300, "arrival_s")),
        {},
    )
    ABSURD_CONFIDENCE = Case(
        "one confidence in fifty is 1e300",
        lambda r: cameras(r, _absurd(1e300, "confidence")),
        {},
    )
    GYROSCOPE_OVERFLOWS = Case(
        "the left shank's angular rate was scaled by 1e150",
        lambda r: wearables(r, lambda imu: replace(imu, gyro_radps=1e150 * imu.gyro_radps), LEFT),
        _same("left shank.*not used.*gyroscope", IMU, FUSED),
    )
    CLOCKS_HUNDREDS_OF_SECONDS_APART = Case(
        "the wearables' clocks are hundreds of seconds apart; the samples' arrival ties them",
        lambda r: _clocks_apart(r, arrivals=True),
        {},
    )
    CLOCKS_APART_UNTIED = Case(
        "the wearables' clocks are hundreds of seconds apart and nothing ties them",
        lambda r: _clocks_apart(r, arrivals=False),
        _same("left shank.*not used.*clock lies 29[0-9] s from that of pelvis", IMU, FUSED),
    )


EMPTY_CAMERA = Case(
    "the camera was never started: its stream has no frame",
    lambda r: cameras(r, lambda points: rows(points, NOTHING)),
    _same("empty", CAMERA, FUSED),
)
