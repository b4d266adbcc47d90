"""The whole calibration of a virtual wearable: guided, stored on the device, applied by the driver."""

import asyncio
import json

import numpy as np
import pytest

from drivers.calibration import session
from drivers.calibration.fit import fit_accel
from drivers.calibration.guide import FACES
from drivers.calibration.session import Plan, calibrate
from drivers.imu_calibration import ImuCalibration
from drivers.sim.base import StillFeed, TwinHost
from drivers.sim.memory import MemoryTransport
from drivers.sim.twins.tandem_imu import TandemTwin
from drivers.sim.virtual_time import run_virtual
from fusion.errors import DeviceError, SignalError, UsageError
from fusion.frames import GRAVITY_MPS2
from tests.apps.told import one_message
from tests.drivers.calibration.hand import Hand, Sensor
from tests.drivers.rig import ADDRESS, make_rig, run_for

SERIAL = 0xC0FFEE


class Bench:
    """A virtual wearable, and a hand that follows the script once it is connected."""

    def __init__(self, hand, sensor, *, twin=None, transport="serial"):
        self.twin = twin or TandemTwin(SERIAL, transport)
        self.host = TwinHost(self.twin, StillFeed())
        self.air = MemoryTransport({ADDRESS: self.host}, name=transport)
        self.said = []
        self._hand, self._sensor = hand, sensor

    async def calibrate(self, plan):
        self.host.feed = self._hand.feed(self._sensor, asyncio.get_running_loop().time() + 1.0)
        self.host.start()
        try:
            return await calibrate(self.air, ADDRESS, self.said.append, plan)
        finally:
            self.host.stop()


@pytest.fixture(scope="module")
def calibrated():
    rng = np.random.default_rng(11)
    sensor = Sensor.drawn(rng)
    bench = Bench(Hand(rng).whole_calibration(turns=5), sensor)
    return bench, sensor, run_virtual(bench.calibrate(Plan(unix_s=1_764_000_000)))


def test_what_is_found_through_the_protocol_meets_the_figures(calibrated):
    _, sensor, found = calibrated
    for matrix, true in ((found.accel.matrix, sensor.accel_matrix), (found.gyro.matrix, sensor.gyro_matrix)):
        left = np.abs(matrix @ true - np.eye(3))
        assert np.diag(left).max() < 1e-3
        assert (left - np.diag(np.diag(left))).max() < np.radians(0.1)
    assert np.abs(found.accel.bias_mps2 - sensor.accel_bias_mps2).max() < 5e-3 * GRAVITY_MPS2
    assert np.abs(found.gyro.bias_radps - sensor.gyro_bias_radps).max() < np.radians(0.05)


def test_the_device_keeps_it_under_its_serial_number(calibrated):
    bench, _, found = calibrated
    kept = ImuCalibration.from_block(bench.twin.calibration)
    assert found.is_stored
    assert (kept.serial_number, kept.unix_s, kept.temperature_c) == (SERIAL, 1_764_000_000, 25.0)
    assert (kept.has_accel, kept.has_gyro_bias, kept.has_gyro_matrix) == (True, True, True)
    assert kept.accel_matrix == pytest.approx(found.accel.matrix, abs=1e-6)


def test_each_instruction_is_said_once_in_order(calibrated):
    bench, _, _ = calibrated
    numbers = [int(text.split("/")[0]) for text in bench.said]
    assert numbers == sorted(numbers)
    assert numbers[0] == 1
    assert bench.said[-1] == "21/21  All was measured."


def test_a_recording_after_it_is_corrected_by_the_driver_and_one_before_it_is_not(calibrated):
    bench, sensor, _ = calibrated
    rng = np.random.default_rng(12)
    true = np.array([0.3, -0.2, 1.0]) / np.linalg.norm([0.3, -0.2, 1.0]) * GRAVITY_MPS2
    accel, gyro = sensor.read(np.tile(true, (400, 1)), np.zeros((400, 3)), rng)
    for block, is_right in ((bench.twin.calibration, True), (b"", False)):
        twin = TandemTwin(SERIAL)
        twin.calibration = block

        async def recorded(twin=twin):
            rig = make_rig("tandem_imu", twin=twin, feed=StillReadings(accel, gyro))
            return await run_for(rig, 4.0)

        heard = run_virtual(recorded()).heard
        error = np.abs(np.nanmean(heard.imu("accel_mps2"), axis=0) - true).max()
        drift = np.abs(np.nanmean(heard.imu("gyro_radps"), axis=0)).max()
        assert (error < 5e-3 * GRAVITY_MPS2) == is_right
        assert (drift < np.radians(0.05)) == is_right


class StillReadings:
    """Readings at rest, one after the other."""

    def __init__(self, accel, gyro):
        self._accel, self._gyro, self._place = accel, gyro, 0

    def at(self, _):
        self._place += 1
        return self._accel[self._place % 400], self._gyro[self._place % 400]


@pytest.fixture
def nothing_to_do(calibrated, monkeypatch):
    """Leave out the steps: the fits find what was found before."""
    monkeypatch.setattr(session, "steps", lambda **_: ())
    monkeypatch.setattr(session, "fit_accel", lambda *_, **__: calibrated[2].accel)
    monkeypatch.setattr(session, "fit_gyro", lambda *_: calibrated[2].gyro)
    hand = Hand(np.random.default_rng(1))
    hand.up(FACES[0])
    return Bench(hand, Sensor.drawn(np.random.default_rng(1)))


def test_what_cannot_be_right_is_not_stored(nothing_to_do, monkeypatch):
    monkeypatch.setattr(session, "fit_accel", fit_accel)  # without rests
    with pytest.raises(SignalError, match="all six faces"):
        run_virtual(nothing_to_do.calibrate(Plan()))
    assert nothing_to_do.twin.calibration == b""


def test_without_store_nothing_is_stored(nothing_to_do):
    assert not run_virtual(nothing_to_do.calibrate(Plan(store=False))).is_stored
    assert nothing_to_do.twin.calibration == b""


def test_a_device_that_reads_back_another_block_is_not_trusted(nothing_to_do):
    class Forgetful(TandemTwin):
        def _store(self, body, device_s):
            result = super()._store(body, device_s)
            self.calibration = body[:-5] + b"\x01" + body[-4:]
            return result

    nothing_to_do.host.twin = Forgetful(SERIAL, "serial")
    with pytest.raises(DeviceError, match="read back"):
        run_virtual(nothing_to_do.calibrate(Plan()))


def test_a_step_that_nobody_does_ends_with_the_reason(monkeypatch):
    monkeypatch.setattr(session, "STEP_LIMIT_S", 10.0)
    bench = Bench(Hand(np.random.default_rng(1)), Sensor.drawn(np.random.default_rng(1)))
    bench._hand.rest(FACES[1], 20.0)  # the wrong face, for ever
    with pytest.raises(DeviceError, match=r"step 1 was not done.*it lies with -z up"):
        run_virtual(bench.calibrate(Plan()))


def test_a_wearable_that_is_not_there_is_told():
    with pytest.raises(DeviceError, match="no wearable answers"):
        run_virtual(calibrate(MemoryTransport({}, name="serial"), ADDRESS, print, Plan()))


class FaultyTwin(TandemTwin):
    """Its gyroscope does not answer the stimulus, and it did not lie still."""

    def _command(self, sealed, now_s):
        outs = super()._command(sealed, now_s)
        if sealed[0] == 0x1C:
            return [self._reply(0x1C, int.from_bytes(sealed[2:4], "little"), 0, b"\x18\x00")]
        return outs


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        (TandemTwin, ()),
        (FaultyTwin, ("the gyroscope does not answer its test", "it did not lie still, or does not read 1 g")),
    ],
)
@pytest.mark.parametrize("transport", ["serial", "ble"])
def test_the_self_test_tells_what_failed_in_words(kind, found, transport):
    async def tested():
        host = TwinHost(kind(SERIAL, transport), StillFeed())
        host.start()
        try:
            return await session.self_test(MemoryTransport({ADDRESS: host}, name=transport), ADDRESS)
        finally:
            host.stop()

    assert run_virtual(tested()) == found


def test_the_self_test_command_ends_with_3_when_something_failed(monkeypatch, capsys):
    from apps import cli

    monkeypatch.setattr("drivers.calibration.session.self_test", lambda *_: answer(()))
    assert cli.main(["self-test", "serial:/dev/null"]) == 0
    assert "passed" in capsys.readouterr().out
    monkeypatch.setattr("drivers.calibration.session.self_test", lambda *_: answer(("no data-ready signal",)))
    assert cli.main(["self-test", "serial:/dev/null"]) == 3
    assert "no data-ready signal" in one_message(capsys.readouterr().err)


def test_only_transports_of_the_wearable_are_taken():
    with pytest.raises(UsageError, match="ble, serial, tcp"):
        run_virtual(calibrate(MemoryTransport({}, name="udp"), ADDRESS, print, Plan()))


def test_the_command_prints_intervals_and_writes_a_record(calibrated, tmp_path, monkeypatch, capsys):
    from apps import cli

    monkeypatch.setattr("drivers.calibration.session.calibrate", lambda *_: answer(calibrated[2]))
    path = tmp_path / "record.json"
    assert cli.main(["calibrate-imu", "serial:/dev/null", "--out", str(path)]) == 0
    out = capsys.readouterr().out
    assert "wearable 0000000000c0ffee, 25.0 degC" in out
    assert "accelerometer bias, mg" in out
    assert out.count("+-") == 12
    assert "stored on the wearable" in out
    told = json.loads(path.read_text())
    assert told["serial_number"] == "0000000000c0ffee"
    assert told["accel_matrix"] == calibrated[2].accel.matrix.tolist()


async def answer(found):
    return found


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "ADDRESS"),
        (["nowhere"], "transport:device:target"),
        (["ble:xsens_dot:C0"], "only a Tandem wearable"),
        (["serial:x", "--turns", "2"], "from 3 to 20"),
    ],
)
def test_a_wrong_call_is_told(arguments, words, capsys):
    from apps import cli

    assert cli.main(["calibrate-imu", *arguments]) == 2
    assert words in one_message(capsys.readouterr().err)
